//! Hazard 5: both sides flood, nested calls on, over a carrier that holds one byte.

use std::thread;

use super::super::carrier::Kind;
use super::super::lab::flood_with;
use super::Stage;

/// Threads of each side, calls of each thread, bytes of each argument and result.
fn size(kind: Kind) -> (u32, u32, usize) {
    match kind {
        Kind::Bytes => (4, 6, 500),
        Kind::Socket | Kind::Pipes => (6, 60, 40_000),
    }
}

pub(super) fn both_sides(kind: Kind) {
    let stage = Stage::new(kind);
    let (threads, calls, len) = size(kind);
    let wanted = i64::from(threads * calls) * len as i64;
    thread::scope(|scope| {
        let (theirs, own) = (stage.theirs(), stage.own_lab());
        let there = scope.spawn(move || theirs.call("flood", (own, threads, calls, len)).unwrap());
        let here = flood_with(&stage.theirs(), threads, calls, len).unwrap();
        assert_eq!(here.to::<i64>().unwrap(), wanted);
        assert_eq!(there.join().unwrap().to::<i64>().unwrap(), wanted);
    });
    // One result and one argument longer than all that the carrier and many frames hold, both ways at once.
    let long = if kind == Kind::Bytes { 25_000 } else { 8 << 20 };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let bytes = wherever::Value::bytes(vec![9; long]);
                assert_eq!(stage.theirs().call("echo", (bytes.clone(),)).unwrap(), bytes);
            });
        }
    });
    stage.end();
}
