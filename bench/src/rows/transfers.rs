//! Much at once: one large value, and many small ones.

use wherever::{Proxy, Value};

use super::{BareOne, Ours};
use crate::arguments::Effort;
use crate::bare::Replies;
use crate::figures::{Failure, Figures};
use crate::measure::compare;

/// Bytes of the large value.
const LARGE: usize = 1 << 20;

/// Items of the stream.
const ITEMS: i64 = 100_000;

pub(super) fn echo(effort: Effort) -> Result<Figures, Failure> {
    let ours = Ours::start()?;
    let large = Value::bytes(vec![0x5A; LARGE]);
    let act = || match ours.subject.call("echo", (large.clone(),))? {
        Value::Bytes(back) if back.len() == LARGE => Ok(()),
        other => Err(Failure::Wrong(format!("{LARGE} bytes came back as {}", other.kind()))),
    };
    let cost = ours.cost(4, &mut || act())?;
    let mut bare = BareOne::of(cost, 1)?;
    let figures = compare(effort, 1, &mut |times| Ok(bare.bare.round_trips(times)?), &mut |times| {
        (0..times).try_for_each(|_| act())
    })?;
    bare.end()?;
    ours.end()?;
    Ok(figures)
}

pub(super) fn stream(effort: Effort) -> Result<Figures, Failure> {
    let ours = Ours::start()?;
    let act = || -> Result<(), Failure> {
        let numbers: Proxy = ours.subject.call("count", (ITEMS,))?.to()?;
        let mut next = 0;
        for item in numbers.buffered(ITEMS as u64)? {
            if item? != Value::Int(next) {
                return Err(Failure::Wrong(format!("the stream's item {next} is another")));
            }
            next += 1;
        }
        match next {
            ITEMS => Ok(()),
            _ => Err(Failure::Wrong(format!("the stream ended after {next} items"))),
        }
    };
    let cost = ours.cost(4, &mut || act())?;
    let count = cost.frames_received.max(1);
    let mut bare = BareOne::start(cost.sent, Replies { len: cost.received.div_ceil(count), count })?;
    let figures = compare(effort, 1, &mut |times| Ok(bare.bare.round_trips(times)?), &mut |times| {
        (0..times).try_for_each(|_| act())
    })?;
    bare.end()?;
    ours.end()?;
    Ok(figures)
}
