//! Tests of the policy: what each one lets through, over operations and categories.

#![allow(clippy::panic, reason = "a test that finds something else has failed")]

use super::*;
use crate::host::Host;
use crate::hosts::{ByteArray, Dict, Function, List, Set, iterator};
use crate::shape::Member;

const POLICIES: [Policy; 3] = [Policy::Closed, Policy::Public, Policy::Open];
const OPERATORS: [(Operation, &str); 4] =
    [(Operation::Compare, "eq"), (Operation::Binary, "add"), (Operation::Unary, "neg"), (Operation::Text, "repr")];

fn ask(operation: Operation) -> Request {
    match OPERATORS.iter().find(|(known, _)| *known == operation) {
        Some((_, member)) => Request::member(operation, *member),
        None => Request::new(operation),
    }
}

fn of(operation: Operation, member: &'static str) -> Request {
    Request::member(operation, member)
}

/// Which of closed, public and open let the request pass.
fn passes(shape: &Shape, request: &Request) -> [bool; 3] {
    POLICIES.map(|policy| policy.check(shape, Grant::Passed, request).is_ok())
}

fn reads_only(shape: &Shape, request: &Request) -> bool {
    let passed = POLICIES.map(|policy| policy.check(shape, Grant::ReadOnly, request).is_ok());
    assert!(!passed[1] || passed[2], "{request:?}");
    passed[2]
}

const NOBODY: [bool; 3] = [false, false, false];
const OPEN: [bool; 3] = [false, false, true];
const PUBLIC: [bool; 3] = [false, true, true];
const ALL: [bool; 3] = [true, true, true];

/// A user's type with a member of each sort and no operations.
fn motor() -> Shape {
    Shape::new("t:Motor", Category::Instance)
        .member(Member::method("run"))
        .member(Member::method("peek").reads())
        .member(Member::method("hidden").hidden())
        .member(Member::method("_run"))
        .member(Member::method("_hidden").hidden())
        .member(Member::attribute("speed"))
        .member(Member::attribute("limit").writable())
        .member(Member::attribute("tuned").writable().hidden())
        .member(Member::attribute("secret").hidden())
        .member(Member::attribute("_tuned").writable().hidden())
        .member(Member::method("odd").writable())
}

#[test]
fn members_pass_by_their_marks() {
    use Operation::{Call, Delete, Get, Set};
    for (operation, member, passed) in [
        (Call, "run", ALL),
        (Call, "hidden", PUBLIC),
        (Call, "_run", ALL),
        (Call, "_hidden", OPEN),
        (Call, "unknown", PUBLIC),
        (Call, "_unknown", OPEN),
        (Call, "speed", PUBLIC),
        (Call, "secret", PUBLIC),
        (Get, "run", ALL),
        (Get, "hidden", PUBLIC),
        (Get, "speed", ALL),
        (Get, "secret", PUBLIC),
        (Get, "_run", ALL),
        (Get, "_hidden", OPEN),
        (Get, "__class__", OPEN),
        (Set, "limit", ALL),
        (Set, "tuned", PUBLIC),
        (Set, "_tuned", OPEN),
        (Set, "speed", OPEN),
        (Set, "run", OPEN),
        (Set, "odd", OPEN),
        (Set, "unknown", OPEN),
        (Delete, "limit", ALL),
        (Delete, "speed", OPEN),
        (Delete, "unknown", OPEN),
    ] {
        for shape in [motor(), motor().open()] {
            assert_eq!(passes(&shape, &of(operation, member)), passed, "{operation:?} {member}");
        }
    }
}

#[test]
fn operations_pass_closed_if_the_shape_has_them() {
    for operation in Operation::ALL {
        let (bare, able) = (motor(), motor().operations(&[operation]));
        let passed = match operation {
            Operation::Noop | Operation::Dir => ALL,
            Operation::Fence | Operation::Get | Operation::Set | Operation::Delete => NOBODY,
            _ => PUBLIC,
        };
        assert_eq!(passes(&bare, &ask(operation)), passed, "{operation:?}");
        let passed = if passed == NOBODY { NOBODY } else { ALL };
        assert_eq!(passes(&able, &ask(operation)), passed, "{operation:?}");
        let derived = Shape::new("t:D", Category::Instance).base(Arc::new(able));
        assert_eq!(passes(&derived, &ask(operation)), passed, "{operation:?} by a base");
    }
}

#[test]
fn names_of_instance_attributes_are_not_told_by_the_closed_policy() {
    let open = motor().open();
    assert_eq!(passes(&motor(), &ask(Operation::Dir)), ALL);
    assert_eq!(passes(&open, &ask(Operation::Dir)), PUBLIC);
    let derived = Shape::new("t:D", Category::Instance).base(Arc::new(open));
    assert_eq!(passes(&derived, &ask(Operation::Dir)), PUBLIC);
}

#[test]
fn a_hidden_override_hides_what_the_base_exposed() {
    let derived = Shape::new("t:D", Category::Instance).base(Arc::new(motor())).member(Member::method("run").hidden());
    assert_eq!(passes(&derived, &of(Operation::Call, "run")), PUBLIC);
    assert_eq!(passes(&derived, &of(Operation::Call, "peek")), ALL);
}

#[test]
fn passing_grants_what_the_category_says() {
    let bare = |category| Shape::new("t:bare", category);
    let call = ask(Operation::Call);
    assert_eq!(passes(&bare(Category::Function), &call), ALL);
    assert_eq!(passes(&bare(Category::Class), &call), PUBLIC);
    assert_eq!(passes(&bare(Category::Instance), &call), PUBLIC);
    let making = bare(Category::Class).operations(&[Operation::Call]);
    assert_eq!(passes(&making, &call), ALL);
    assert_eq!(passes(&bare(Category::Iterator), &ask(Operation::Iterate)), ALL);
    assert_eq!(passes(&bare(Category::Instance), &ask(Operation::Iterate)), PUBLIC);
    // Nothing of a function or class but that: their attributes lead to the code behind them.
    for category in [Category::Function, Category::Class] {
        for name in ["__globals__", "__subclasses__", "_x"] {
            assert_eq!(passes(&bare(category), &of(Operation::Get, name)), OPEN);
            assert_eq!(passes(&bare(category), &of(Operation::Call, name)), OPEN);
        }
        assert_eq!(passes(&bare(category), &of(Operation::Get, "x")), PUBLIC);
    }
}

#[test]
fn containers_pass_their_operations() {
    let hosts: [&dyn Host; 4] = [&List::new(), &Dict::new(), &Set::new(), &ByteArray::new()];
    for host in hosts {
        let shape = host.shape();
        for operation in [
            Operation::Contains,
            Operation::Length,
            Operation::Iterate,
            Operation::Whole,
            Operation::Compare,
            Operation::Text,
            Operation::Truth,
            Operation::Dir,
        ] {
            assert_eq!(passes(&shape, &ask(operation)), ALL, "{shape:?} {operation:?}");
            assert!(reads_only(&shape, &ask(operation)), "{shape:?} {operation:?}");
        }
        assert_eq!(passes(&shape, &ask(Operation::Hash)), PUBLIC, "{shape:?}");
        assert_eq!(passes(&shape, &of(Operation::Call, "clear")), ALL);
        assert!(!reads_only(&shape, &of(Operation::Call, "clear")));
        assert!(!reads_only(&shape, &of(Operation::Get, "clear")));
        for operation in [Operation::SetIndex, Operation::DeleteIndex] {
            assert!(!reads_only(&shape, &ask(operation)));
        }
        assert!(reads_only(&shape, &of(Operation::Binary, "add")));
        assert!(reads_only(&shape, &of(Operation::Binary, "ror")));
        assert!(!reads_only(&shape, &of(Operation::Binary, "iadd")));
        assert!(!reads_only(&shape, &of(Operation::Binary, "ior_")));
    }
    let reading: [(Arc<Shape>, &[&'static str]); 3] = [
        (List::new().shape(), &["index", "count"]),
        (Dict::new().shape(), &["get", "keys", "values", "items"]),
        (Set::new().shape(), &["union", "issubset"]),
    ];
    for (shape, members) in reading {
        members.iter().for_each(|name| assert!(reads_only(&shape, &of(Operation::Call, name))));
    }
}

#[test]
fn a_read_only_reference_refuses_under_every_policy() {
    for shape in [motor(), motor().open()] {
        for member in ["run", "hidden", "_run", "unknown", "speed"] {
            assert!(!reads_only(&shape, &of(Operation::Call, member)), "{member}");
        }
        for operation in [Operation::Set, Operation::Delete] {
            assert!(!reads_only(&shape, &of(operation, "limit")));
        }
        for operation in [Operation::Call, Operation::SetIndex, Operation::DeleteIndex, Operation::Binary] {
            assert!(!reads_only(&shape, &ask(operation)), "{operation:?}");
        }
        for operation in [Operation::Noop, Operation::Index, Operation::Iterate, Operation::Text] {
            assert!(reads_only(&shape, &ask(operation)), "{operation:?}");
        }
        assert!(reads_only(&shape, &of(Operation::Call, "peek")));
        assert!(reads_only(&shape, &of(Operation::Get, "peek")));
        assert!(reads_only(&shape, &of(Operation::Get, "speed")));
        // A bound method could be called without this reference, and a hook leads round it.
        assert!(!reads_only(&shape, &of(Operation::Get, "run")));
        assert!(!reads_only(&shape, &of(Operation::Get, "__dict__")));
        // Instance attributes are in no shape.
        assert_eq!(reads_only(&shape, &of(Operation::Get, "own")), !shape.is_closed());
    }
    let read_only = |request: &Request| Policy::Closed.check(&motor(), Grant::ReadOnly, request);
    assert!(read_only(&of(Operation::Call, "peek")).is_ok());
    assert!(read_only(&of(Operation::Get, "secret")).is_err(), "closed, also for reading");
}

#[test]
fn stepping_an_iterator_changes_it() {
    let shape = iterator(std::iter::empty()).shape();
    assert_eq!(passes(&shape, &ask(Operation::Iterate)), ALL);
    assert_eq!(passes(&shape, &of(Operation::Call, "next")), ALL);
    for request in [
        ask(Operation::Iterate),
        ask(Operation::Whole),
        ask(Operation::Contains),
        of(Operation::Call, "next"),
        of(Operation::Get, "next"),
    ] {
        assert!(!reads_only(&shape, &request), "{request:?}");
    }
    let function = Function::new("f", |_, _| Ok(crate::value::Value::None)).shape();
    assert!(!reads_only(&function, &ask(Operation::Call)));
}

#[test]
fn operators_are_a_closed_list() {
    let able = motor().operations(&Operation::ALL);
    let known = |operation, member| match passes(&able, &of(operation, member)) {
        ALL => true,
        NOBODY => false,
        other => panic!("{operation:?} {member}: {other:?}"),
    };
    for name in BINARY {
        for prefix in ["", "r", "i"] {
            assert!(known(Operation::Binary, format!("{prefix}{name}").leak()), "{prefix}{name}");
        }
    }
    for (operation, names) in
        [(Operation::Unary, &UNARY[..]), (Operation::Compare, &COMPARE[..]), (Operation::Text, &TEXT[..])]
    {
        names.iter().for_each(|name| assert!(known(operation, name), "{name}"));
        ["setattr", "reduce_ex", "__eq__", "", "add"]
            .iter()
            .filter(|name| !names.contains(name))
            .for_each(|name| assert!(!known(operation, name), "{operation:?} {name}"));
    }
    for name in ["setattr", "__add__", "rradd", "", "r", "init_subclass", "index"] {
        assert!(!known(Operation::Binary, name), "{name}");
    }
    let error = Policy::Open.check(&able, Grant::Passed, &of(Operation::Binary, "setattr"));
    assert!(matches!(error, Err(Error::NotSupported { .. })));
}

#[test]
fn a_wider_policy_allows_all_that_a_narrower_one_does() {
    let members = ["run", "_run", "hidden", "speed", "limit", "_tuned", "eq", "add", "x", "_x", ""];
    let categories = (0..).map_while(Category::from_code);
    for category in categories {
        for (open, operations) in [(false, &[][..]), (true, &[][..]), (false, &Operation::ALL[..])] {
            let mut shape = Shape::new("t:x", category).base(Arc::new(motor())).operations(operations);
            shape = if open { shape.open() } else { shape };
            for operation in Operation::ALL {
                let named = members.iter().map(|member| of(operation, member));
                for request in named.chain([Request::new(operation)]) {
                    let [closed, public, open] = passes(&shape, &request);
                    assert!(!closed || public, "{category:?} {request:?}");
                    assert!(!public || open, "{category:?} {request:?}");
                    for policy in POLICIES {
                        let narrower = policy.check(&shape, Grant::ReadOnly, &request).is_ok();
                        let wider = policy.check(&shape, Grant::Passed, &request).is_ok();
                        assert!(!narrower || wider, "{category:?} {request:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_member_that_cannot_be_is_missing_and_one_that_may_be_is_refused() {
    let ask = |shape: Shape| Policy::Closed.check(&shape, Grant::Passed, &of(Operation::Get, "x"));
    assert!(matches!(ask(motor()), Err(Error::NoMember { .. })));
    assert!(matches!(ask(motor().open()), Err(Error::Denied(_))));
}

#[test]
fn a_refusal_names_the_rule_and_the_way_out() {
    let tell = |policy: Policy, grant, request: &Request| match policy.check(&motor(), grant, request) {
        Err(Error::Denied(denied)) => denied.to_string(),
        other => panic!("{other:?}"),
    };
    for (policy, grant, request, text) in [
        (
            Policy::Closed,
            Grant::Passed,
            of(Operation::Call, "hidden"),
            "denied: Call of member \"hidden\" on t:Motor by the policy `closed`; \
             marking it exposed, or the policy `public`, would allow it",
        ),
        (
            Policy::Closed,
            Grant::Passed,
            of(Operation::Call, "speed"),
            "denied: Call of member \"speed\" on t:Motor by the policy `closed`; \
             reading it and calling what that gives, or the policy `public`, would allow it",
        ),
        (
            Policy::Public,
            Grant::Passed,
            of(Operation::Set, "speed"),
            "denied: Set of member \"speed\" on t:Motor by the policy `public`; \
             declaring it writable under a public name, or the policy `open`, would allow it",
        ),
        (
            Policy::Open,
            Grant::ReadOnly,
            of(Operation::Call, "run"),
            "denied: Call of member \"run\" on t:Motor by the policy `read-only`; \
             a reference that is not read-only would allow it",
        ),
    ] {
        assert_eq!(tell(policy, grant, &request), text);
    }
}
