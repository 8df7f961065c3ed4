//! What encoding and decoding share: going through a value without recursion, telling one container from another, and
//! counting towards the limits.

use std::sync::Arc;

use crate::error::Error;
use crate::limits::Limits;
use crate::value::{Entries, Items, Typed, Value};

use super::tag;

/// No value is nested deeper than this, whatever the limits say: values are dropped, compared and printed by
/// recursion, and a thread's stack must hold that.
const DEPTH_CEILING: u32 = 1024;

/// What tells a container with items from all others alive. The tag is part of it: a tuple and a list may share items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    address: usize,
    tag: u8,
}

impl Key {
    /// The key of this container; `None` for one without items, which is like any other, and for what is none.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let tag = container_tag(value)?;
        let address = match value {
            Value::Dict(entries) => entries.address(),
            Value::Tuple(items) | Value::FrozenSet(items) | Value::List(items) | Value::Set(items) => items.address(),
            _ => None,
        };
        address.map(|address| Self { address, tag })
    }

    /// The key of this container, if it may be met twice.
    pub(super) fn of_shared(value: &Value) -> Option<Self> {
        let shared = match value {
            Value::Dict(entries) => entries.is_shared(),
            Value::Tuple(items) | Value::FrozenSet(items) | Value::List(items) | Value::Set(items) => items.is_shared(),
            _ => false,
        };
        if shared { Self::of(value) } else { None }
    }
}

/// The tag of a container that can be marked.
pub(super) fn container_tag(value: &Value) -> Option<u8> {
    match value {
        Value::Tuple(_) => Some(tag::TUPLE),
        Value::FrozenSet(_) => Some(tag::FROZEN_SET),
        Value::List(_) => Some(tag::LIST),
        Value::Dict(_) => Some(tag::DICT),
        Value::Set(_) => Some(tag::SET),
        _ => None,
    }
}

/// A place in a container or a typed value, and the values still to come there. It holds the container.
pub(super) struct Cursor {
    over: Over,
    at: usize,
}

enum Over {
    Items(Items),
    Entries(Entries),
    Typed(Arc<Typed>),
}

impl Cursor {
    /// At the first value that this one holds; `None` if it is of no kind that holds values.
    pub(super) fn over(value: &Value) -> Option<Self> {
        let over = match value {
            Value::Tuple(items) | Value::FrozenSet(items) | Value::List(items) | Value::Set(items) => {
                Over::Items(items.clone())
            }
            Value::Dict(entries) => Over::Entries(entries.clone()),
            Value::Typed(typed) => Over::Typed(typed.clone()),
            _ => return None,
        };
        Some(Self { over, at: 0 })
    }

    /// The next value; of a dict, keys and values by turns.
    pub(super) fn step(&mut self) -> Option<&Value> {
        let at = self.at;
        self.at += 1;
        match &self.over {
            Over::Items(items) => items.get(at),
            Over::Entries(entries) => {
                entries.get(at / 2).map(|(key, value)| if at.is_multiple_of(2) { key } else { value })
            }
            Over::Typed(typed) => (at == 0).then_some(&typed.data),
        }
    }

    /// How many elements it announces: of a dict, entries.
    pub(super) fn count(&self) -> usize {
        match &self.over {
            Over::Items(items) => items.len(),
            Over::Entries(entries) => entries.len(),
            Over::Typed(_) => 1,
        }
    }
}

/// What a value is to the container that holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure {
    /// Levels of containers, the value's own included; 0 if it is none.
    pub(super) height: u32,
    /// Whether it consists of immutable copies only, so that it may be in the data of a value type.
    pub(super) pure: bool,
}

impl Measure {
    /// A value that holds none.
    pub(super) const LEAF: Self = Self { height: 0, pure: true };

    /// A reference, or a cycle, or something that can be changed.
    pub(super) const IMPURE: Self = Self { height: 0, pure: false };

    /// Notes one more value that this one holds.
    pub(super) fn absorb(&mut self, child: Self) {
        self.height = self.height.max(child.height);
        self.pure &= child.pure;
    }

    /// The container whose values were all noted.
    pub(super) fn closed(self) -> Self {
        Self { height: self.height.saturating_add(1), pure: self.pure }
    }
}

/// A limit that was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    Depth,
    Nodes,
    Weight,
}

/// The error of a sender whose value passes a limit.
pub(super) fn over(passed: Passed, limits: &Limits) -> Error {
    let text = match passed {
        Passed::Depth => {
            format!("a value is nested more than {} levels deep (`value_depth_max`)", limits.value_depth_max)
        }
        Passed::Nodes => {
            format!("a message would hold more than {} values (`value_nodes_max`)", limits.value_nodes_max)
        }
        Passed::Weight => format!(
            "a message would hold more than {} values, shared ones counted wherever they stand (`value_weight_max`)",
            limits.value_weight_max
        ),
    };
    Error::Misuse(text.into())
}

/// Bytes of a text or of bytes that weigh as much as a value, where they stand once more.
const BYTES_A_VALUE: usize = 64;

/// What was counted of one payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    /// Containers now open.
    pub(super) open: u32,
    nodes: u64,
    weight: u64,
    /// Of that, texts and bytes where they stand first, which is as long as the payload is.
    free: u64,
    depth_max: u32,
    nodes_max: u64,
    weight_max: u64,
}

impl Tally {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            open: 0,
            nodes: 0,
            weight: 0,
            free: 0,
            depth_max: limits.value_depth_max.min(DEPTH_CEILING),
            nodes_max: u64::from(limits.value_nodes_max),
            weight_max: u64::from(limits.value_weight_max),
        }
    }

    /// The weight of all so far: values, shared ones wherever they stand.
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    /// Counts one value.
    pub(super) fn node(&mut self) -> Result<(), Passed> {
        self.nodes += 1;
        if self.nodes > self.nodes_max {
            return Err(Passed::Nodes);
        }
        self.weigh(1)
    }

    /// Counts weight beyond that of the values themselves.
    pub(super) fn weigh(&mut self, weight: u64) -> Result<(), Passed> {
        self.weight = self.weight.saturating_add(weight);
        if self.weight - self.free > self.weight_max {
            return Err(Passed::Weight);
        }
        Ok(())
    }

    /// Counts a value that holds no others, where it stands first: nothing, until what holds it stands once more.
    pub(super) fn leaf(&mut self, value: &Value) {
        let weight = weight_of_bytes(value);
        self.weight = self.weight.saturating_add(weight);
        self.free = self.free.saturating_add(weight);
    }

    /// Counts a complete container that stands here once more; the node that names it was counted.
    pub(super) fn again(&mut self, height: u32, weight: u64) -> Result<(), Passed> {
        if self.open.saturating_add(height) > self.depth_max {
            return Err(Passed::Depth);
        }
        self.weigh(weight.saturating_sub(1))
    }

    /// Goes one level down.
    pub(super) fn open(&mut self) -> Result<(), Passed> {
        self.open += 1;
        if self.open > self.depth_max {
            return Err(Passed::Depth);
        }
        Ok(())
    }

    /// Comes one level up.
    pub(super) fn close(&mut self) {
        self.open -= 1;
    }
}

/// What texts and bytes weigh beyond a value: so that a long one cannot be made to stand in a million places.
fn weight_of_bytes(value: &Value) -> u64 {
    let len = match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) | Value::ByteArray(bytes) => bytes.len(),
        _ => 0,
    };
    (len / BYTES_A_VALUE) as u64
}

/// Counts what a value that was here before weighs, the value itself being counted already, and tells its measure.
/// The walk is no longer than what is left of the weight.
pub(super) fn weigh(value: &Value, tally: &mut Tally) -> Result<Measure, Passed> {
    let Some(first) = Cursor::over(value) else {
        tally.weigh(weight_of_bytes(value))?;
        return Ok(Measure::IMPURE);
    };
    let outside = tally.open;
    let mut height = 1;
    tally.open()?;
    let mut stack = vec![first];
    while let Some(top) = stack.last_mut() {
        let Some(next) = top.step() else {
            stack.pop();
            tally.close();
            continue;
        };
        tally.weigh(1 + weight_of_bytes(next))?;
        if let Some(inner) = Cursor::over(next) {
            tally.open()?;
            height = height.max(tally.open - outside);
            stack.push(inner);
        }
    }
    Ok(Measure { height, pure: false })
}
