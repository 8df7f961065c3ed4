//! A peer that sends anything at all after a proper beginning: no panic, no heap beyond a bound, nothing left over.
//!
//! The input is a run of units. A unit begins with a byte: below 0xF0 it is the length of a frame that follows; 0xF0 is
//! a frame behind a length of two bytes, low one first; the others run a job, take what is ready to leave, or turn the
//! clock. Jobs that are left run at the end, and then the carrier is cut.
#![cfg_attr(fuzzing, no_main)]

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use wherever::clock::ManualClock;
use wherever::drive::Manual;
use wherever::hosts::{Class, Function, List};
use wherever::limits::{Limits, Told};
use wherever::wire::frame::{List as Entries, encode_message, encode_session};
use wherever::wire::message::{Hello, MessageKind, encode_record};
use wherever::wire::preface::Preface;
use wherever::{Arguments, Node, Proxy, Value};
use wherever_fuzz::{heap_bound, target};

/// Heap that an honest, short session takes beside what its input pays for: tables when they are first used, frames on
/// their way out, and what sessions share, which the first of a process makes. Measured: 20 KiB for a session that is
/// greeted and called once.
const SET_UP: usize = 64 * 1024;

/// Heap for each byte of input, as a multiple of what decoding alone may take. The least CALL is 16 bytes long; while it
/// runs, it is an answer, an order, a job with its chain, and a RETURN.
const FACTOR: usize = 6;

/// Jobs run at the end: a peer can ask for no more in its few bytes, and what calls on has an end.
const JOBS_MAX: usize = 10_000;

fn run(bytes: &[u8]) {
    // What the process makes once is no matter of this input.
    static WARM: OnceLock<()> = OnceLock::new();
    WARM.get_or_init(|| play(&[0xf1]));
    heap_bound((bytes.len() * FACTOR).saturating_add(SET_UP / 32), || play(bytes));
}

/// One session from beginning to end.
fn play(bytes: &[u8]) {
    let clock = Arc::new(ManualClock::default());
    let node = node(&clock);
    let session = Manual::new(&node, 1 << 20);
    session.put_frame(&Preface::default().encode());
    session.put_frame(&hello());
    let mut rest = bytes;
    while let Some((&head, after)) = rest.split_first() {
        rest = after;
        match head {
            0..=0xf0 => session.put_frame(frame(head, &mut rest)),
            0xf1..=0xf4 => {
                session.run_job(0);
            }
            0xf5..=0xf7 => {
                session.run_job(session.jobs().saturating_sub(1));
            }
            0xf8..=0xfb => while session.take_frame().is_some() {},
            0xfc..=0xfe => turn(&clock, &session, Duration::from_millis(5)),
            0xff => turn(&clock, &session, Duration::from_secs(3600)),
        }
    }
    for _ in 0..JOBS_MAX {
        if !session.run_job(0) && session.take_frame().is_none() {
            break;
        }
    }
    session.cut("the input has ended");
    assert_eq!(session.jobs(), 0, "a job outlived its session");
    assert!(session.peer().stats().is_idle(), "left over: {:?}", session.peer().stats());
}

/// The next frame of the input; what is missing at its end is left out.
fn frame<'a>(head: u8, rest: &mut &'a [u8]) -> &'a [u8] {
    let mut len = usize::from(head);
    if let (0xf0, Some((size, after))) = (head, rest.split_first_chunk::<2>()) {
        len = usize::from(u16::from_le_bytes(*size));
        *rest = after;
    }
    let (frame, after) = rest.split_at(len.min(rest.len()));
    *rest = after;
    frame
}

fn turn(clock: &ManualClock, session: &Manual, step: Duration) {
    clock.advance(step);
    session.tick();
}

/// A node with a list, an instance with members of several kinds, and functions that call back and answer later.
fn node(clock: &Arc<ManualClock>) -> Node {
    let mut limits = Limits::default();
    limits.told.calls_max = 64;
    let node = Node::builder().clock(clock.clone()).limits(limits).build();
    node.export("l", List::from_iter([Value::Int(1), Value::text("two"), Value::tuple([])]).to_own().read_only());
    let class = Class::<()>::builder("rust:fuzz.Thing")
        .method("echo", |_: &(), mut arguments: Arguments, _| arguments.take::<Value>(0, "value"))
        .later("never", |_: &Arc<()>, _, _| {})
        .attribute("a", |_: &()| Ok(Value::Int(1)))
        .writable("w", |_: &()| Ok(Value::None), |_: &(), _| Ok(()))
        .build();
    node.export("i", class.instance(()));
    node.export("c", class.own());
    let back = Function::new("back", |mut arguments: Arguments, _| {
        let back: Proxy = arguments.take(0, "back")?;
        Ok(back.request(wherever::Operation::Call).promise()?.into())
    });
    node.export("f", back.into_own());
    node
}

/// The first frame of an honest peer, with nothing but its HELLO.
fn hello() -> Vec<u8> {
    let (told, runtime) = (Told::default(), "fuzz".to_owned());
    let hello = Hello { features: 0, nonce: [7; 16], told, runtime, value_types: vec![("t".into(), 1)] };
    let mut body = Vec::new();
    encode_record(&hello, &mut body);
    let mut messages = Entries::default();
    messages.push(|out| encode_message(MessageKind::Hello, 0, &[&body], out));
    let none = Entries::default();
    encode_session(false, &none, &none, &messages, &none)
}

target!(run);
