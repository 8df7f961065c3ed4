//! Any units as lines for people: no panic, no line that does more than stand there, no heap beyond a bound.
//!
//! The input is a run of units as for the target `session`; every other one goes the other way.
#![cfg_attr(fuzzing, no_main)]

use wherever::limits::Limits;
use wherever::wire::describe::Describer;
use wherever_fuzz::{heap_bound, target};

/// Heap for each byte of input, as a multiple of what decoding alone may take: the text of it, names that are kept, and
/// the decoded whole at the same time.
const FACTOR: usize = 4;

fn run(bytes: &[u8]) {
    heap_bound(bytes.len() * FACTOR, || {
        let mut describer = Describer::new(Limits::default());
        let (mut rest, mut ours) = (bytes, true);
        while let Some((&head, after)) = rest.split_first() {
            let (unit, after) = unit(head, after);
            let lines = if ours { describer.sent(unit) } else { describer.received(unit) };
            for line in lines {
                assert!(!line.contains(|c: char| c.is_control()), "a line that is none: {line:?}");
            }
            (rest, ours) = (after, !ours);
        }
    });
}

/// The next unit, and what is behind it: its length is one byte, or the two after 0xF0.
fn unit(head: u8, rest: &[u8]) -> (&[u8], &[u8]) {
    let (len, rest) = match rest.split_first_chunk::<2>() {
        Some((len, rest)) if head == 0xf0 => (u16::from_le_bytes(*len).into(), rest),
        _ => (usize::from(head), rest),
    };
    rest.split_at(len.min(rest.len()))
}

target!(run);
