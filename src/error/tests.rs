//! Tests of where errors say that they come from, and of what they are made of.

use std::backtrace::Backtrace;
use std::error::Error as StdError;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::*;
use crate::context::CallContext;
use crate::guard::{guarded, note_panics};
use crate::host::{Outcome, Request};
use crate::policy::{Grant, Policy};

#[track_caller]
fn raised_by(run: impl FnOnce() -> Result<(), Error>) -> Arc<Raised> {
    match run() {
        Err(Error::Raised(raised)) => raised,
        other => panic!("{other:?}"),
    }
}

fn closed_channel() -> std::sync::mpsc::Receiver<()> {
    std::sync::mpsc::channel().1
}

#[test]
fn errors_of_the_standard_library_are_raised_where_they_are_passed_on() {
    type Case = (fn() -> Result<(), Error>, &'static str, &'static str);
    macro_rules! passed_on {
        ($failing:expr) => {
            || {
                let _ = $failing?;
                Ok(())
            }
        };
    }
    let cases: [Case; 10] = [
        (passed_on!("x".parse::<i64>()), "ParseIntError", "invalid digit found in string"),
        (passed_on!("x".parse::<f64>()), "ParseFloatError", "invalid float literal"),
        (passed_on!(u8::try_from(300)), "TryFromIntError", "out of range integral type conversion attempted"),
        (
            passed_on!(std::str::from_utf8(std::hint::black_box(&[255]))),
            "Utf8Error",
            "invalid utf-8 sequence of 1 bytes from index 0",
        ),
        (passed_on!(String::from_utf8(vec![255])), "FromUtf8Error", "invalid utf-8 sequence of 1 bytes from index 0"),
        (passed_on!("x".parse::<bool>()), "ParseBoolError", "provided string was not `true` or `false`"),
        (passed_on!("xy".parse::<char>()), "ParseCharError", "too many characters in string"),
        (passed_on!(Err::<(), _>(fmt::Error)), "fmt::Error", "an error occurred when formatting an argument"),
        (passed_on!(closed_channel().recv()), "RecvError", "receiving on a closed channel"),
        (passed_on!(Err::<(), _>(std::io::Error::other("no room"))), "io::error::Error", "no room"),
    ];
    for (run, type_name, message) in cases {
        let raised = raised_by(run);
        assert!(raised.type_name.starts_with("rust:") && raised.type_name.ends_with(type_name), "{raised:?}");
        assert_eq!(&*raised.message, message);
        let [place] = &raised.frames[..] else { panic!("{raised:?}") };
        assert!(place.file.ends_with("error/tests.rs") && place.line > 20 && place.column > 1, "{place:?}");
    }
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sum is no number")
    }
}

impl StdError for Outer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

#[derive(Debug)]
struct Around(Error);

impl fmt::Display for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the till is closed")
    }
}

impl StdError for Around {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_source_that_is_one_of_ours_stays_what_it_is() {
    let inner = raised_by(|| Err(Error::raise("t:Inner", "no key")));
    let outer = Error::from_std(&std::io::Error::other(Around(Error::Raised(inner.clone()))));
    let outer = outer.raised().unwrap();
    assert_eq!(&*outer.message, "the till is closed");
    assert_eq!(**outer.cause.as_ref().unwrap(), *inner);
    assert_eq!(outer.cause.as_ref().unwrap().frames.len(), 1);
}

#[test]
fn out_of_a_box_comes_what_is_in_it() {
    type Boxed = Box<dyn StdError + Send + Sync>;
    let own = || -> Result<(), Error> { Err(Boxed::from(Error::NotFound("it".into())))? };
    assert!(matches!(own(), Err(Error::NotFound(name)) if &*name == "it"));
    let in_io = || -> Result<(), Error> { Err(std::io::Error::other(Error::Stopped))? };
    assert!(matches!(in_io(), Err(Error::Stopped)));
    let in_both = || -> Result<(), Error> { Err(Boxed::from(std::io::Error::other(Error::Stopped)))? };
    assert!(matches!(in_both(), Err(Error::Stopped)));
    let raised = raised_by(|| Err(Boxed::from(Raised::new("t:Own", "own")))?);
    assert_eq!((&*raised.type_name, &*raised.message), ("t:Own", "own"));
    let known = raised_by(|| Err(Boxed::from("x".parse::<i64>().unwrap_err()))?);
    assert!(known.type_name.ends_with("ParseIntError"), "{known:?}");
    let unknown = raised_by(|| Err(Boxed::from(Outer("x".parse::<i64>().unwrap_err())))?);
    assert_eq!((&*unknown.type_name, &*unknown.message), ("rust:error", "the sum is no number"));
    assert_eq!(&*unknown.cause.as_ref().unwrap().message, "invalid digit found in string");
    let text = raised_by(|| Err(Boxed::from("only a text"))?);
    assert_eq!((&*text.type_name, &*text.message), ("rust:error", "only a text"));
    for raised in [known, unknown, text] {
        assert!(raised.frames[0].file.ends_with("error/tests.rs"), "{raised:?}");
    }
}

#[test]
fn a_panic_says_where_it_came_about() {
    note_panics();
    let line = line!() + 1;
    let Err(Error::Raised(raised)) = guarded(|| panic!("as {}", "asked")) else { panic!("no panic") };
    let [place] = &raised.frames[..] else { panic!("{raised:?}") };
    assert_eq!((&*raised.message, place.line, &*place.name), ("as asked", line, ""));
    assert!(place.file.ends_with("error/tests.rs") && place.column > 1, "{place:?}");
}

#[test]
fn a_panic_that_is_gone_on_with_does_not_take_the_place_of_another() {
    note_panics();
    let Err(Error::Raised(raised)) = guarded(|| {
        let first = catch_unwind(|| panic!("first")).unwrap_err();
        let _second = catch_unwind(|| panic!("second"));
        resume_unwind(first);
    }) else {
        panic!("no panic")
    };
    assert_eq!((&*raised.message, raised.frames[0].line), ("first", 0), "not known");
    // One that came about on another thread was not noted here, nor one outside of exported code.
    let elsewhere = std::thread::spawn(|| panic!("elsewhere")).join().unwrap_err();
    let Err(Error::Raised(raised)) = guarded(|| resume_unwind(elsewhere)) else { panic!("no panic") };
    assert_eq!((&*raised.message, raised.frames[0].line), ("elsewhere", 0));
    let outside = catch_unwind(AssertUnwindSafe(|| panic!("outside"))).unwrap_err();
    let Err(Error::Raised(raised)) = guarded(|| resume_unwind(outside)) else { panic!("no panic") };
    assert_eq!((&*raised.message, raised.frames[0].line), ("outside", 0));
}

#[test]
fn a_backtrace_is_an_attribute_of_the_errors_object_behind_the_gate() {
    assert_eq!(Raised::new("t:E", "").at(Location::caller(), "").raised_here(Backtrace::disabled()).object, None);
    let raised = Raised::new("t:E", "").at(Location::caller(), "").raised_here(Backtrace::force_capture());
    let text = raised.backtrace().unwrap().unwrap();
    assert!(text.contains("a_backtrace_is_an_attribute"), "{text}");
    let own = raised.object_own().unwrap();
    let get = Request::member(Operation::Get, "backtrace");
    let check = |policy: Policy| policy.check(&own.shape(), Grant::Passed, &get);
    assert!(matches!(check(Policy::Closed), Err(Error::Denied(_))));
    assert!(check(Policy::Public).is_ok() && check(Policy::Open).is_ok());
    let other = own.host().operate(Request::member(Operation::Get, "other"), &CallContext::local());
    assert!(matches!(other, Outcome::Error(Error::NoMember { .. })));
    // What a runtime's own error object is stays it.
    let with_own = Raised { object: Some(Value::Int(1)), ..Raised::new("t:E", "").at(Location::caller(), "") };
    assert_eq!(with_own.raised_here(Backtrace::force_capture()).object, Some(Value::Int(1)));
    assert_eq!(Raised::new("t:E", "").backtrace().unwrap(), None);
}
