//! What a describer has seen: names of types, objects and calls, as many as are of use.

use std::collections::BTreeMap;

use super::escape::name;
use super::{Way, shown};
use crate::limits::Limits;
use crate::table::Id;

/// Objects and calls whose names are kept; those with the lowest ids are forgotten first.
const NAMES_MAX: usize = 4096;

/// Names seen so far, by the ids of the describing side.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Types that this side described, by number.
    sent: BTreeMap<u64, String>,
    /// Types that the other side described.
    received: BTreeMap<u64, String>,
    objects: BTreeMap<Id, String>,
    calls: BTreeMap<Id, String>,
}

impl Memory {
    pub(super) fn note_shape(&mut self, way: Way, id: u64, told: &str, limits: &Limits) {
        let shapes = if way == Way::Sent { &mut self.sent } else { &mut self.received };
        if shapes.len() < limits.shapes_max as usize || shapes.contains_key(&id) {
            shapes.insert(id, name(told));
        }
    }

    /// The name of a type, or its number.
    pub(super) fn shape(&self, way: Way, id: u64) -> String {
        let shapes = if way == Way::Sent { &self.sent } else { &self.received };
        shapes.get(&id).cloned().unwrap_or_else(|| format!("shape {id}"))
    }

    /// The name of a type that another is based on, by its id as the receiver of the unit sees it: the unit's sender
    /// described its own types the same way, the receiver its own the other way.
    pub(super) fn base(&self, way: Way, id: Id) -> String {
        let of_this_side = (way == Way::Sent) != id.is_ours();
        self.shape(if of_this_side { Way::Sent } else { Way::Received }, id.number())
    }

    pub(super) fn note_object(&mut self, id: Id, told: String) {
        note(&mut self.objects, id, told);
    }

    /// An object with the name of its type, where that is known.
    pub(super) fn object(&self, id: Id) -> String {
        with_name(&self.objects, id)
    }

    pub(super) fn note_call(&mut self, id: Id, told: String) {
        note(&mut self.calls, id, told);
    }

    /// An answer with what was asked, where that is known.
    pub(super) fn answer(&self, id: Id) -> String {
        with_name(&self.calls, id)
    }
}

fn note(names: &mut BTreeMap<Id, String>, id: Id, told: String) {
    names.insert(id, told);
    if names.len() > NAMES_MAX {
        names.pop_first();
    }
}

fn with_name(names: &BTreeMap<Id, String>, id: Id) -> String {
    match names.get(&id) {
        Some(told) => format!("{} ({told})", shown(id)),
        None => shown(id),
    }
}
