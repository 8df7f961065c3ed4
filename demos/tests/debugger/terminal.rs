//! The terminal, and the story that it tells.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::Stdio;

use rustix::fs::{Mode, OFlags};
use rustix::pty;

use crate::process::{Script, program, read_until};

#[test]
fn the_story_is_told_by_each_carrier_and_every_check_holds() {
    let output = program().stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*errors), (Some(0), ""), "{told}");
    for claim in [
        "every frame is there",
        "a variable is changed",
        "its own process says: all orders: 495; the script has ended: 495",
        "its variables are changed in the running loop",
        "the source came once",
        "orders by TCP",
        "stock by TCP",
        "count by the standard input and output of a child process",
        "orders by a serial line: two terminals' device files, with a cable between them",
        "count by a serial line: two terminals' device files, with a cable between them",
        "stock by a serial line: two terminals' device files, with a cable between them",
    ] {
        assert!(told.contains(&format!("✓ {claim}")), "{claim:?} is missing in\n{told}");
    }
}

#[test]
fn what_a_script_says_gives_the_terminal_no_orders() {
    let script = Script::start("throw \"\\x1b]0;owned\\x07\";", &["--wait"]);
    let told = script.debug("wait\ncontinue\n");
    assert!(told.contains(r"error: Runtime error: \u{1b}]0;owned\u{7}"), "{told}");
    assert!(told.chars().all(|one| one == '\n' || !one.is_control()), "{told:?}");
}

/// A loop that calls, with something of each kind to look at.
const CALLS: &str = "\
fn add(a, b) {
    let sum = a + b;
    sum
}
let items = [1, 2, #{ deep: [7, 8] }];
let total = 0;
for number in 0..10 {
    total = add(total, number);
}
total";

/// What is typed, and the messages that it takes. The table in docs/debugging.md is this one.
const COSTS: [(&str, u64); 30] = [
    // Two greetings, three calls with their answers, and the first stop.
    ("wait", 9),
    ("break 8 if number == 3", 2),
    ("tbreak add", 2),
    ("ignore 2 6", 2),
    ("breakpoints", 2),
    ("clear 3", 2),
    ("continue", 2),
    ("where", 0),
    ("list", 2),
    ("list 3", 0),
    ("locals", 2),
    ("up", 0),
    ("locals", 2),
    ("list", 0),
    ("down", 0),
    ("p a + b", 2),
    ("p nonsense", 2),
    ("next", 2),
    ("set sum = 40", 2),
    ("return", 2),
    ("step", 2),
    ("until 8", 2),
    ("show items", 4),
    ("show items 1 1", 4),
    ("show items.2.deep", 8),
    ("set items.2.deep.1 = 9", 8),
    ("jump 5", 2),
    ("threads", 2),
    ("failures", 2),
    ("clear 1", 2),
];

#[test]
fn each_command_takes_so_many_messages() {
    let mut script = Script::start(CALLS, &["--wait"]);
    let commands: String = COSTS.iter().map(|(command, _)| format!("{command}\n")).collect();
    let told = script.debug(&(commands + "show items.2\ncontinue\n"));
    let mut costs = Vec::new();
    for line in told.lines() {
        if let Some(command) = line.strip_prefix("(debug) ") {
            costs.push((command, 0));
        } else if let Some(count) = line.strip_prefix('[').and_then(|line| line.strip_suffix(" messages]")) {
            costs.last_mut().unwrap().1 = count.parse().unwrap();
        }
    }
    assert_eq!(costs[..COSTS.len()], COSTS, "{told}");
    // The answer, and the end of the session.
    assert_eq!(costs.last(), Some(&("continue", 2)), "{told}");
    assert!(told.contains("returns 40\n"), "{told}");
    assert!(told.contains("*** Rhai cannot jump"), "{told}");
    assert!(
        told.contains("\n1 = 8 (i64)\n") && told.contains("deep = [7, 9]") && told.contains("items.2.deep.1 = 9\n"),
        "{told}"
    );
    assert_eq!(script.end(), ("the script has ended: 85".into(), Some(0)));
}

#[test]
fn the_docs_have_that_table() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/debugging.md")).unwrap();
    for (command, messages) in COSTS {
        let word = command.split_whitespace().next().unwrap();
        if word == "wait" {
            continue;
        }
        let names = |row: &&str| row.contains(&format!("`{word}`")) || row.contains(&format!("`{word} "));
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).filter(names).collect();
        let count = messages.to_string();
        let told = |row: &&str| row.split('|').any(|cell| cell.split([' ', ';']).any(|word| word == count));
        assert!(rows.iter().any(told), "{command}: {messages}, not {rows:?}");
    }
}

#[test]
fn a_terminal_that_dies_while_the_script_is_stopped_lets_it_go_on() {
    let mut script = Script::start(CALLS, &["--wait"]);
    // The second wait is for a stop that does not come.
    let mut terminal = script.terminal("wait\nbreak 8\ncontinue\nwait\n");
    read_until(&mut terminal, "stopped: breakpoint");
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    assert_eq!(script.end(), ("the script has ended: 45".into(), Some(0)));
}

#[test]
fn what_ends_while_the_terminal_waits_is_told_with_its_result() {
    let mut script = Script::start(CALLS, &["--wait"]);
    let told = script.debug("wait\nbreak add if a > 100\ncontinue\n");
    assert!(told.contains("it is over: the peer closed the session: the script has ended: 45\n"), "{told}");
    assert_eq!(script.end().1, Some(0));
    let mut script = Script::start(CALLS, &["--wait"]);
    let told = script.debug("wait\nquit\n");
    assert!(told.contains("it is over: the peer closed the session: the script has failed: "), "{told}");
    assert_eq!(script.end().1, Some(1));
}

#[test]
fn what_makes_no_sense_is_told_and_the_session_goes_on() {
    let mut script = Script::start(CALLS, &["--wait"]);
    let told = script.debug(
        "pause\nfly\nup\nbreak 99\nbreak nobody\nclear 4\nset x\nset x = 1\nshow y\nuntil x\npost\np 1 +\ndetach\n",
    );
    for wanted in [
        "there is no command \"fly\"",
        "this is the outermost frame",
        "there is nothing to stop at in line 99",
        "there is no function \"nobody\"",
        "there is no breakpoint 4",
        "that is `set NAME = EXPRESSION`",
        "there is no local variable \"x\"",
        "there is no \"y\"",
        "\"x\" is no number",
        "there is no such failure",
        "Syntax error",
    ] {
        assert!(told.contains(wanted), "{wanted:?} is missing in\n{told}");
    }
    assert_eq!(script.end().1, Some(0));
    for arguments in
        [&["fly"][..], &["run"], &["attach"], &["run", "a", "b"], &["run", "/nowhere/at/all"], &["attach", "x:"]]
    {
        let output = program().args(arguments).stdin(Stdio::null()).output().unwrap();
        assert_ne!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

/// What is typed at a terminal, and what appears there.
struct Typist {
    terminal: File,
    seen: String,
}

impl Typist {
    /// A terminal, and the end of it that a program has.
    fn sit_down() -> (Self, File) {
        let terminal = File::from(pty::openpt(pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY).unwrap());
        pty::grantpt(&terminal).unwrap();
        pty::unlockpt(&terminal).unwrap();
        let path = pty::ptsname(&terminal, Vec::new()).unwrap();
        let end = File::from(rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap());
        (Self { terminal, seen: String::new() }, end)
    }

    fn wait(&mut self, wanted: &str) {
        while !self.seen.contains(wanted) {
            let mut bytes = [0; 4096];
            let count = self.terminal.read(&mut bytes).unwrap_or(0);
            assert!(count > 0, "{wanted:?} has not come:\n{}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        let end = self.seen.find(wanted).unwrap() + wanted.len();
        self.seen.drain(..end);
    }

    fn type_line(&mut self, line: &str) {
        self.terminal.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

#[test]
fn at_a_terminal_the_demo_lets_one_try() {
    let (mut typist, end) = Typist::sit_down();
    let mut command = program();
    command.stdin(end.try_clone().unwrap()).stdout(end.try_clone().unwrap()).stderr(end);
    let mut demo = command.spawn().unwrap();
    // It holds the end of the terminal too.
    drop(command);
    typist.wait("stopped: entry");
    typist.wait("(debug) ");
    for (typed, told) in [
        ("break price if item.count == 3", "breakpoint 1 at orders.rhai:4"),
        ("continue", "stopped: breakpoint 1"),
        ("set item.price = 1000", "item.price = 1000"),
        ("clear 1", "(debug) "),
        ("go", "it is over: the peer closed the session: the script has ended: 3105"),
    ] {
        typist.type_line(typed);
        typist.wait(told);
    }
    assert!(demo.wait().unwrap().success());
}
