//! What is in a script's variables, and how they are changed.

use wherever::Value;
use wherever_debug::{Command as Go, Debugger as _, Scope};

use crate::process::{Script, locals, shown};

const LARGE: &str = "\
fn look(items) {
    let first = items[0];
    first
}
const LIMIT = 5;
let items = [];
items.pad(100000, 0);
items[99999] = #{ number: 99999, twice: [99999, 99999] };

let map = #{ b: 1, a: [1, 2, 3] };
let common = 1;
let add = || common += 1;
let letters = \"aé\";
let end = look(items);
`${items[99999].twice[1]} ${common} ${map.a[1]} ${letters}`";

/// Bytes of a page of ten variables, and its call.
const PAGE_MAX: u64 = 1_000;

#[test]
fn only_what_is_looked_at_travels() {
    let mut script = Script::start(LARGE, &["--wait"]);
    let client = script.attach();
    let at = client.stop();
    client.break_at(14);
    at.go(Go::Continue);
    let at = client.stop();
    let items = at.variable("items");
    assert_eq!((items.parts, &*items.kind, items.text.chars().count()), (100_000, "array", 1_000));
    let before = client.peer.stats();
    let page = at.stack().parts(items.value.clone(), 99_990, 10).unwrap();
    let after = client.peer.stats();
    assert_eq!((page.len(), &*page[9].name, page[9].parts), (10, "99999", 2));
    assert_eq!(page[9].text, "#{\"number\": 99999, \"twice\": [99999, 99999]}");
    assert_eq!(after.messages() - before.messages(), 2);
    assert!(after.bytes_received - before.bytes_received < PAGE_MAX);
    assert!(at.stack().parts(items.value.clone(), 100_000, 10).unwrap().is_empty());
    // Level by level.
    let fields = at.stack().parts(page[9].value.clone(), 0, 10).unwrap();
    let names: Vec<_> = fields.iter().map(|field| (&*field.name, field.value.clone())).collect();
    assert_eq!(names[0], ("number", Value::Int(99_999)));
    let twice = fields[1].value.clone();
    at.stack().assign_part(twice, at.innermost(), "1", "LIMIT * 2").unwrap();
    at.stack().assign_part(at.variable("map").value, at.innermost(), "a", "[0, 7]").unwrap();
    at.stack().assign_text(at.innermost(), "common", "41").unwrap();
    at.stack().assign(at.innermost(), "letters", Value::text("zoë")).unwrap();
    let constant = at.stack().assign_text(0, "LIMIT", "6").unwrap_err().to_string();
    assert!(constant.contains("\"LIMIT\" is a constant"), "{constant}");
    assert_eq!(at.value("add.call(); common"), "done");
    assert_eq!(at.value("common"), "42");
    at.go(Go::Continue);
    assert_eq!(script.end(), ("the script has ended: 10 42 7 zoë".into(), Some(0)));
}

#[test]
fn a_large_variable_of_a_frame_that_has_called_is_said_to_be_that() {
    let script = Script::start(LARGE, &["--wait"]);
    let client = script.attach();
    let at = client.stop();
    client.break_at(2);
    at.go(Go::Continue);
    let at = client.stop();
    // That of the innermost frame is there as it is.
    assert_eq!((at.variable("items").parts, at.value("items.len()")), (100_000, "100000".into()));
    let told = at.locals(0);
    assert!(told.contains(&"items = (too large to be copied when its frame went on)".into()), "{told:?}");
    assert!(told.contains(&"map = #{\"a\": [1, 2, 3], \"b\": 1}".into()), "{told:?}");
    let refused = at.stack().evaluate(0, "items.len()").unwrap_err().to_string();
    assert!(refused.contains("was too large to be copied"), "{refused}");
    let refused = at.stack().assign_text(0, "common", "2").unwrap_err().to_string();
    assert!(refused.contains("only those of the innermost frame"), "{refused}");
    // Neither does a statement change a copy, and say nothing.
    let refused = at.stack().evaluate(0, "letters = 2").unwrap_err().to_string();
    assert!(refused.contains("constant"), "{refused}");
    assert!(at.stack().evaluate(7, "1").unwrap_err().to_string().contains("there is no frame 7 of 2"));
}

#[test]
fn what_is_evaluated_may_fail_in_every_way() {
    let script = Script::start(LARGE, &["--wait"]);
    let client = script.attach();
    let at = client.stop();
    client.break_at(14);
    at.go(Go::Continue);
    let at = client.stop();
    assert!(at.value("1 +").contains("Syntax error"));
    assert!(at.value("nobody").contains("Variable not found: nobody"));
    assert!(at.value("throw 3").contains("Runtime error: 3"));
    assert!(at.value("loop { }").contains("the evaluation was ended after"));
    assert_eq!((at.value("let fresh = 3; common = fresh"), at.value("common")), ("done".into(), "3".into()));
    assert!(at.value("fresh").contains("Variable not found"), "what an evaluation declares is its own");
    assert_eq!(at.value("look([#{ a: 1 }])"), "#{\"a\": 1}");
    // A result is a copy, and says so when it is to be changed.
    let found = at.stack().evaluate(0, "map").unwrap().unwrap();
    let refused = at.stack().assign_part(found.value, 0, "b", "2").unwrap_err().to_string();
    assert!(refused.contains("change the variable"), "{refused}");
    assert_eq!(at.value("`${\"x\".len()}`"), "\"1\"");
}

#[test]
fn a_failed_script_keeps_the_variables_of_every_frame_if_it_was_told_to() {
    let text = "fn inner(a) {\n    let b = a * 2;\n    b / 0\n}\nlet outer = 21;\ninner(outer)";
    for (options, kept) in [(&["--hold", "--record"][..], true), (&["--hold"], false)] {
        let mut script = Script::start(text, options);
        assert!(script.line().starts_with("the script has failed: "));
        let client = script.connect();
        let failures = client.debugger.failures().unwrap();
        assert_eq!(failures[0].title, "Division by zero: 42 / 0 (line 3, position 7)");
        let stack = &failures[0].stack;
        assert_eq!(shown(&stack.places().unwrap()), ["(script):6", "inner:3"]);
        if kept {
            assert_eq!(
                (locals(&**stack, 0), locals(&**stack, 1)),
                (vec!["outer = 21".to_owned()], vec!["a = 21".to_owned(), "b = 42".to_owned()],)
            );
            let contents = stack.contents(1).unwrap();
            assert_eq!(contents.bound[1], ("b".into(), Value::Int(42)));
            let refused = stack.assign_text(1, "b", "1").unwrap_err().to_string();
            assert!(refused.contains("a frame that has called or is over"), "{refused}");
            assert_eq!(stack.evaluate(1, "a + b").unwrap().unwrap().value, Value::Int(63));
        } else {
            let unknown = stack.variables(1, Scope::Locals, 0, 9).unwrap_err().to_string();
            assert!(unknown.contains("run it with --record"), "{unknown}");
        }
        assert!(stack.source("test.rhai").unwrap().starts_with("fn inner"));
        assert!(stack.source("other.rhai").is_err());
        assert!(client.debugger.threads().unwrap().is_empty());
        client.peer.close("seen");
        assert_eq!(script.end().1, Some(1));
    }
}

#[test]
fn the_latest_of_two_variables_of_a_name_is_the_one_that_is_seen_and_changed() {
    let text = "let a = 1;\nlet b = 2;\nif b == 2 {\n    let a = \"x\";\n    b = a;\n}\n`${a} ${b}`";
    let mut script = Script::start(text, &["--wait"]);
    let client = script.attach();
    client.stop().go(Go::Until(5));
    let at = client.stop();
    assert_eq!(at.locals(0), ["b = 2", "a = \"x\""]);
    at.stack().assign_text(0, "a", "a + \"y\"").unwrap();
    at.go(Go::Continue);
    assert_eq!(script.end(), ("the script has ended: 1 xy".into(), Some(0)));
}
