//! An editor debugs a script, by the adapter that knows nothing of scripts.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::process::Script;

/// Two functions; an editor makes the price another one.
const PRICES: &str = "\
fn price(item) {
    let price = item.count * 10;
    price
}
let all = 0;
for count in 1..4 {
    all += price(#{ count: count, tags: [\"a\", \"b\"] });
}
all";

/// An editor, as far as it is needed: what it sends is written out, and looked for in what comes are texts.
struct Editor {
    adapter: Child,
    output: BufReader<ChildStdout>,
    sent: u32,
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.adapter.kill();
        let _ = self.adapter.wait();
    }
}

impl Editor {
    /// Starts the adapter, which cargo builds if it is not there.
    fn start() -> Self {
        let mut build = Command::new(env!("CARGO"));
        let built = build.args(["build", "--quiet", "--locked", "--package", "wherever-dap"]).status().unwrap();
        assert!(built.success());
        let program = Path::new(env!("CARGO_BIN_EXE_debugger")).with_file_name("wherever-dap");
        let mut adapter = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(adapter.stdout.take().unwrap());
        Self { adapter, output, sent: 0 }
    }

    fn send(&mut self, command: &str, arguments: &str) -> u32 {
        self.sent += 1;
        let head = format!("{{\"seq\":{},\"type\":\"request\",\"command\":{command:?}", self.sent);
        let body = format!("{head},\"arguments\":{arguments}}}");
        write!(self.adapter.stdin.as_mut().unwrap(), "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.sent
    }

    /// The next message in which there is this text.
    fn wait(&mut self, wanted: &str) -> String {
        loop {
            let mut length = 0;
            for line in self.output.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()) {
                length = line.strip_prefix("Content-Length: ").map_or(length, |number| number.parse().unwrap());
            }
            let mut body = vec![0; length];
            self.output.read_exact(&mut body).unwrap();
            let body = String::from_utf8(body).unwrap();
            assert!(length > 0, "{wanted:?} has not come");
            if body.contains(wanted) {
                return body;
            }
        }
    }

    fn ask(&mut self, command: &str, arguments: &str) -> String {
        let number = self.send(command, arguments);
        self.wait(&format!("\"request_seq\":{number},"))
    }

    /// Goes on, and waits for the next stop.
    fn go(&mut self, command: &str) -> String {
        self.send(command, "{\"threadId\":1}");
        self.wait("\"event\":\"stopped\"")
    }
}

/// The number after the first of these names, from this text on.
fn number(message: &str, from: &str, name: &str) -> u32 {
    let rest = &message[message.find(from).unwrap_or_else(|| panic!("{from:?} is not in {message}"))..];
    let rest = &rest[rest.find(&format!("\"{name}\":")).unwrap() + name.len() + 3..];
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

#[test]
fn an_editor_stops_a_script_looks_into_it_and_changes_it() {
    let mut script = Script::start(PRICES, &["--wait"]);
    let mut editor = Editor::start();
    editor.ask("initialize", "{\"adapterID\":\"test\"}");
    editor.send("attach", &format!("{{\"url\":{:?},\"postMortem\":false}}", script.url));
    editor.wait("\"event\":\"initialized\"");
    let file = format!("{}/test.rhai", script.url.strip_prefix("unix://").unwrap().strip_suffix("/socket").unwrap());
    let breakpoint = "\"breakpoints\":[{\"line\":3,\"condition\":\"item.count == 2\"}]";
    let set = editor.ask("setBreakpoints", &format!("{{\"source\":{{\"path\":{file:?}}},{breakpoint}}}"));
    assert!(set.contains("\"verified\":true") && set.contains("\"line\":3"), "{set}");
    editor.send("configurationDone", "{}");
    let entry = editor.wait("\"event\":\"stopped\"");
    assert!(entry.contains("\"reason\":\"entry\""), "{entry}");
    let stopped = editor.go("continue");
    assert!(stopped.contains("\"reason\":\"breakpoint\""), "{stopped}");
    let frames = editor.ask("stackTrace", "{\"threadId\":1}");
    assert!(frames.contains("\"name\":\"price\"") && frames.contains("\"totalFrames\":2"), "{frames}");
    let frame = number(&frames, "\"stackFrames\"", "id");
    let scopes = editor.ask("scopes", &format!("{{\"frameId\":{frame}}}"));
    let locals = number(&scopes, "\"name\":\"Locals\"", "variablesReference");
    let variables = editor.ask("variables", &format!("{{\"variablesReference\":{locals}}}"));
    assert!(variables.contains("\"name\":\"price\"") && variables.contains("\"value\":\"20\""), "{variables}");
    let item = number(&variables, "\"name\":\"item\"", "variablesReference");
    let parts = editor.ask("variables", &format!("{{\"variablesReference\":{item}}}"));
    assert!(parts.contains("\"name\":\"count\"") && parts.contains("[\\\"a\\\", \\\"b\\\"]"), "{parts}");
    let value = editor.ask("evaluate", &format!("{{\"expression\":\"price + item.count\",\"frameId\":{frame}}}"));
    assert!(value.contains("\"result\":\"22\""), "{value}");
    let wrong = editor.ask("evaluate", &format!("{{\"expression\":\"nobody\",\"frameId\":{frame}}}"));
    assert!(wrong.contains("\"success\":false") && wrong.contains("Variable not found: nobody"), "{wrong}");
    let set = format!("{{\"variablesReference\":{locals},\"name\":\"price\",\"value\":\"500\"}}");
    let set = editor.ask("setVariable", &set);
    assert!(set.contains("\"value\":\"500\""), "{set}");
    let stopped = editor.go("stepOut");
    assert!(stopped.contains("\"reason\":\"step\""), "{stopped}");
    let frames = editor.ask("stackTrace", "{\"threadId\":1}");
    assert!(frames.contains("\"totalFrames\":1"), "{frames}");
    editor.ask("disconnect", "{}");
    assert_eq!(script.end(), ("the script has ended: 540".into(), Some(0)));
}
