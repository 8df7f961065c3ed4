//! The demo as a user runs it: a process of its own, which starts another.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::process::Command;

/// Runs the demo: exit status, standard output, standard error.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_main_job")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs the demo, which must end well, and looks for these sentences.
fn tells(arguments: &[&str], sentences: &[&str]) -> String {
    let (status, told, errors) = run(arguments);
    assert_eq!((status, &*errors), (Some(0), ""), "{told}");
    for sentence in sentences {
        assert!(told.contains(sentence), "{sentence:?} is missing in\n{told}");
    }
    let too_long = told.lines().find(|line| line.chars().count() > 100);
    assert_eq!(too_long, None, "no line is too long for a terminal");
    assert!(!told.contains('\u{1b}'), "no colours where there is no terminal");
    assert!(!told.contains('✗'), "{told}");
    told
}

#[test]
fn the_story_is_told_and_every_check_holds() {
    let told = tells(
        &[],
        &[
            "2. x.foo(1, [1, 2, 3], y)",
            "there |     foo(n, values, y) runs, in this process.",
            "there |     I need what is in it, so I ask: it is [1, 2, 3].",
            " here |         hear(7) runs here, on the real y",
            " here | ✓ total is 7",
            "✓ who is y",
            "✓ 2 messages in all, and what is in the list stayed here.",
            "✓ again and x are the same proxy.",
            "there.rs:",
            "in count_of",
            "caused by rust:error: invalid digit found in string",
            "The bell rings here: the lamp is gone.",
            "✓ The other process has ended by itself: exit status: 0.",
            "✓ Nothing is left in any table of the session.",
        ],
    );
    let (_, table) = told.split_once("budget").unwrap();
    assert_eq!(table.lines().filter(|line| line.ends_with('✓') && !line.contains('|')).count(), 15, "{table}");
}

#[test]
fn values_can_be_given() {
    tells(&["7", "10", "20", "30"], &["x.foo(7, [10, 20, 30], y)", "it is [10, 20, 30].", "hear(67) runs here"]);
    tells(&["5"], &["x.foo(5, [], y)", "hear(5) runs here"]);
    let extreme = i64::MAX.to_string();
    tells(&[&*extreme; 20], &["total is 184467440737095516140"]);
    tells(&["-1", "-2"], &["hear(-3) runs here"]);
}

#[test]
fn a_trace_shows_every_message() {
    let told = tells(
        &["--trace"],
        &[
            "-> preface: version 1.0",
            "CALL our 1: get x on their names",
            "shape 2 is rust:here.Listener: instance, closed, based on rust:here.Animal",
            "foo(1, <our 3 (wherever:list)>, <our 4 (rust:here.Listener)>)",
            "CALL their 2: whole on our 3 (wherever:list), within our 2 (foo)",
            "(order) failed: rust:main_job::there::BadOrder",
            "BYE the story is told",
        ],
    );
    assert!(!told.contains("malformed") && !told.contains("cannot be decoded"), "{told}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for arguments in [&["1", "two"][..], &["1e3"], &["--no-such-option"]] {
        let (status, told, errors) = run(arguments);
        assert_eq!((status, &*told), (Some(2), ""));
        assert!(errors.contains("usage: cargo xtask demo"), "{errors}");
        assert!(errors.contains(arguments.last().unwrap()), "{errors}");
    }
    let (status, told, _) = run(&["--help"]);
    assert_eq!(status, Some(0));
    assert!(told.starts_with("usage:"), "{told}");
}
