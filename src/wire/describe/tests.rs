//! Tests of descriptions: of a recorded session, and of everything that it is not.

use super::*;
use crate::drive::Manual;
use crate::hosts::{Class, List};
use crate::{Arguments, Error, Node, Proxy, Value};

struct Motor;

fn node() -> Node {
    let node = Node::new();
    let class = Class::<Motor>::builder("test:Motor")
        .doc("Turns.")
        .method("run", |_, mut arguments: Arguments, _| arguments.take::<Proxy>(1, "what").map(Value::from))
        .method("fail", |_, _, _| Err(Error::raise("test:Stuck", "it \u{202e}is\n stuck")))
        .attribute("speed", |_| Ok(Value::Int(7)))
        .build();
    node.export("motor", class.instance(Motor));
    node
}

/// The units of a small session, as the left side sends and receives them: whether it sent it, and the unit.
fn recorded() -> Vec<(bool, Vec<u8>)> {
    let (left, right) = (Manual::new(&Node::new(), 1 << 20), Manual::new(&node(), 1 << 20));
    let mut units = Vec::new();
    let mut settle = || {
        loop {
            let before = units.len();
            while let Some(unit) = left.take_frame() {
                right.put_frame(&unit);
                units.push((true, unit));
            }
            while right.run_job(0) {}
            while let Some(unit) = right.take_frame() {
                left.put_frame(&unit);
                units.push((false, unit));
            }
            if units.len() == before {
                break;
            }
        }
    };
    let motor = left.peer().promise("motor").unwrap();
    settle();
    let list = List::from(vec![Value::Int(1), Value::text("two")]);
    let home = motor.call("run", (1, list, "a\u{1b}[31m \"quoted\"")).unwrap();
    settle();
    assert_eq!(home.result().unwrap().kind(), "own object");
    let failed = motor.call("fail", Arguments::default().named("why", Value::tuple([Value::None]))).unwrap();
    let speed = motor.get("speed").unwrap();
    settle();
    assert!(failed.result().is_err());
    drop((home, failed, speed, motor));
    drop(left.peer().promise("none").unwrap());
    settle();
    left.peer().close("enough");
    settle();
    units
}

fn told() -> String {
    let mut describer = Describer::new(Limits::default());
    let lines = recorded().into_iter().flat_map(|(sent, unit)| match sent {
        true => describer.sent(&unit),
        false => describer.received(&unit),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_session_reads_as_what_happened() {
    let told = told();
    for part in [
        "preface: version 1.0, no link",
        "HELLO runtime rust, takes frames of 262144 bytes",
        "CALL our 1: get motor on their names, keep, lane",
        "shape 0 is test:Motor: instance, closed",
        "    Turns.",
        "    method run",
        "    attribute speed",
        "ref 0 is their 1, a test:Motor",
        "RETURN our 1 (get motor) = <their 1 (test:Motor)>",
        "run(1, <our 3 (wherever:list)>, \"a\\u{1b}[31m \\\"quoted\\\"\") on their 1 (test:Motor)",
        "(run) = <our 3 (wherever:list)>",
        "fail(why=(None,)) on their 1",
        "(fail) failed: test:Stuck: it \\u{202e}is\\n stuck, at ",
        "(get speed) = 7",
        "RELEASE answer our 2 (run)",
        "BYE enough",
    ] {
        assert!(told.contains(part), "{part:?} is missing in\n{told}");
    }
    assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told}");
}

#[test]
fn every_truncation_is_told_as_what_it_is() {
    let limits = Limits::default();
    for (_, unit) in recorded() {
        assert!(!describe(&unit, &limits).contains("malformed"), "{}", describe(&unit, &limits));
        for len in 0..unit.len() {
            let told = describe(&unit[..len], &limits);
            assert!(told.contains("malformed") || told.contains("a ping"), "cut at {len}: {told}");
        }
    }
}

#[test]
fn no_changed_byte_breaks_a_description() {
    for (_, unit) in recorded() {
        for place in 0..unit.len() {
            for change in [1, 0x10, 0x7f, 0x80, 0xff] {
                let mut changed = unit.clone();
                changed[place] ^= change;
                let told = describe(&changed, &Limits::default());
                assert!(!told.is_empty());
                assert!(!told.contains(|c: char| c.is_control() && c != '\n'), "{told:?}");
            }
        }
    }
}

#[test]
fn long_values_and_long_lists_are_cut() {
    let left = Manual::new(&Node::new(), 1 << 20);
    left.take_frame();
    let text = Value::text("x".repeat(10_000));
    let many = Value::tuple(vec![text; 3].into_iter().chain((0..5000).map(Value::Int)));
    let first = left.peer().promise("n").unwrap();
    let taken = first.call("take", (many,)).unwrap();
    let promises: Vec<_> = (0..60).map(|_| left.peer().promise("n").unwrap()).collect();
    let unit = left.take_frame().unwrap();
    drop((first, taken, promises));
    let told = describe(&unit, &Limits::default());
    assert!(told.lines().all(|line| line.chars().count() < 700), "{told}");
    assert!(told.lines().count() <= ENTRIES_MAX + 2);
    assert!(told.contains("5003 in all") && told.contains("... and 39 more"), "{told}");
}

#[test]
fn what_is_no_frame_is_shown_by_its_start() {
    let limits = Limits::default();
    assert_eq!(describe(&[0], &limits), "frame, 1 byte: a ping");
    let told = describe(b"HTTP/1.1 400 Bad\r\n", &limits);
    assert_eq!(told, "malformed frame, 18 bytes: unknown kind of frame at byte 1; it begins with \"HTTP/1.1 400 Bad\"");
    assert!(describe(b"wherever\x07\0\0\0\0\0", &limits).contains("version 7.0"));
}

#[test]
fn parts_are_told_without_their_bytes() {
    let limits = Limits::default();
    let first = crate::wire::frame::encode_first_part(
        3,
        (false, false),
        &Default::default(),
        &Default::default(),
        MessageKind::Return,
    );
    assert_eq!(describe(&first, &limits), "first part of transfer 3, 6 bytes: RETURN");
    let last = crate::wire::frame::encode_next_part(3, true);
    assert_eq!(describe(&last, &limits), "last part of transfer 3, 3 bytes");
}

#[test]
fn escaping_leaves_nothing_active() {
    assert_eq!(escape("plain \u{e9} \u{65e5}\\"), "plain \u{e9} \u{65e5}\\");
    assert_eq!(escape("a\tb\r\n\u{7f}\u{9b}"), "a\\tb\\r\\n\\u{7f}\\u{9b}");
    for active in ['\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{2028}'] {
        assert_eq!(escape(&active.to_string()), format!("\\u{{{:x}}}", u32::from(active)));
    }
}
