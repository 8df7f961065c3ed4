//! Which containers of a payload are named again, found before it is encoded.

use std::collections::HashSet;

use crate::error::Error;
use crate::limits::Limits;
use crate::value::{Typed, Value};

use super::KnownTypes;
use super::walk::{Cursor, Key, Tally, over};

/// Which containers get a mark when they are met first.
pub(super) enum Marking {
    /// These: it was found that they are met again.
    Of(HashSet<Key>),
    /// Those that something else holds too, so that they may be met again.
    Shared,
    /// None; a container is encoded wherever it is met, and a cycle runs into the limit of levels.
    Never,
}

impl Marking {
    /// Finds the containers that are met more than once in these values.
    pub(super) fn met_again<'v>(
        values: impl Iterator<Item = &'v Value>,
        known: &dyn KnownTypes,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let mut search =
            Search { met: HashSet::new(), again: HashSet::new(), stack: Vec::new(), tally: Tally::new(limits) };
        for value in values {
            search.value(value, known, limits)?;
        }
        Ok(Self::Of(search.again))
    }

    /// How many were found to be met again.
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Of(keys) => keys.len() as u64,
            Self::Shared | Self::Never => 0,
        }
    }

    /// Whether this container, met for the first time, gets one.
    pub(super) fn wants(&self, value: &Value) -> bool {
        match self {
            Self::Of(keys) => Key::of(value).is_some_and(|key| keys.contains(&key)),
            Self::Shared => Key::of_shared(value).is_some(),
            Self::Never => false,
        }
    }
}

/// The search for containers that are met again. It goes where the encoder will go.
struct Search {
    met: HashSet<Key>,
    again: HashSet<Key>,
    stack: Vec<Cursor>,
    tally: Tally,
}

impl Search {
    fn value(&mut self, root: &Value, known: &dyn KnownTypes, limits: &Limits) -> Result<(), Error> {
        let passed = |passed| over(passed, limits);
        self.tally.node().map_err(passed)?;
        let Some(mut top) = self.enter(root, known, limits) else {
            return Ok(());
        };
        loop {
            self.tally.open = self.stack.len() as u32;
            self.tally.open().map_err(passed)?;
            while let Some(value) = top.step() {
                self.tally.node().map_err(passed)?;
                if let Some(inner) = self.enter(value, known, limits) {
                    self.stack.push(std::mem::replace(&mut top, inner));
                    self.tally.open().map_err(passed)?;
                }
            }
            match self.stack.pop() {
                Some(outer) => top = outer,
                None => return Ok(()),
            }
        }
    }

    /// A cursor over the value, if it is a container that has not been met.
    fn enter(&mut self, value: &Value, known: &dyn KnownTypes, limits: &Limits) -> Option<Cursor> {
        let followed = match value {
            Value::Cycle(cycle) => Some(cycle.follow()?),
            Value::Typed(typed) if !is_known(typed, known, limits) => return None,
            _ => None,
        };
        let value = followed.as_ref().unwrap_or(value);
        if let Some(key) = Key::of_shared(value)
            && !self.met.insert(key)
        {
            self.again.insert(key);
            return None;
        }
        Cursor::over(value)
    }
}

/// Whether the receiver knows this value type, and those of all values in its data: a value of a type that it does not
/// know goes by reference, and data must hold none.
pub(super) fn is_known(typed: &Typed, known: &dyn KnownTypes, limits: &Limits) -> bool {
    if !known.knows(&typed.type_name, typed.version) {
        return false;
    }
    let Some(first) = Cursor::over(&typed.data) else {
        return true;
    };
    let mut stack = vec![first];
    let mut steps_left = limits.value_nodes_max;
    while let Some(top) = stack.last_mut() {
        // Data that shares so much that it goes on for longer is not looked through: a reference is always right.
        if steps_left == 0 {
            return false;
        }
        steps_left -= 1;
        let inner = match top.step() {
            None => {
                stack.pop();
                continue;
            }
            Some(Value::Typed(inner)) if !known.knows(&inner.type_name, inner.version) => {
                return false;
            }
            Some(value) => Cursor::over(value),
        };
        stack.extend(inner);
    }
    true
}
