//! References: the objects that we offered to a peer, and the objects that a peer offered to us.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::host::{Identity, Own};
use crate::policy::Grant;
use crate::table::{Handle, Id, Offer, Origin, ShapeCell, WeakHandle};

/// The objects that we offered, by number.
#[derive(Default)]
pub(crate) struct Exports {
    entries: BTreeMap<u64, Export>,
    by_object: HashMap<(Identity, Grant), u64>,
}

struct Export {
    /// Shared with the calls on it, and with nobody outside the session: whoever lets go last has the object to drop.
    offer: Arc<Offer>,
    /// Number of the last frame of ours that mentioned it.
    last_mention: u64,
}

impl Exports {
    /// The number of an object that is offered already.
    pub(crate) fn find(&self, offer: &Offer) -> Option<u64> {
        self.by_object.get(&offer.entry()).copied()
    }

    /// Notes that frame `frame` mentions the object, under the number it has or else under `number`.
    pub(crate) fn mention(&mut self, number: u64, offer: &Offer, frame: u64) {
        self.by_object.insert(offer.entry(), number);
        self.entries
            .entry(number)
            .or_insert_with(|| Export { offer: Arc::new(offer.clone()), last_mention: frame })
            .last_mention = frame;
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Arc<Offer>> {
        self.entries.get(&number).map(|export| &export.offer)
    }

    /// Takes the entry out if no frame after `stamp` mentioned it. The object, unless a call on it holds it still, must be
    /// dropped without any lock.
    pub(crate) fn release(&mut self, number: u64, stamp: u64) -> Option<Own> {
        if self.entries.get(&number)?.last_mention > stamp {
            return None;
        }
        let export = self.entries.remove(&number)?;
        self.by_object.remove(&export.offer.entry());
        Arc::into_inner(export.offer).map(|offer| offer.own)
    }

    /// Takes all entries out, in the order of their numbers: the objects that nothing else here holds.
    pub(crate) fn release_all(&mut self) -> Vec<Own> {
        self.by_object.clear();
        let entries = std::mem::take(&mut self.entries).into_values();
        entries.filter_map(|export| Arc::into_inner(export.offer)).map(|offer| offer.own).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// The objects that a peer offered, by its numbers.
#[derive(Default)]
pub(crate) struct Imports {
    entries: BTreeMap<u64, Import>,
}

struct Import {
    handle: WeakHandle,
    /// It is among those waiting to be released.
    let_go: bool,
}

impl Imports {
    /// A handle on the object: the one that is held already, or a new one.
    pub(crate) fn book(
        &mut self,
        number: u64,
        origin: &Arc<dyn Origin>,
        shape: &ShapeCell,
        describes: Option<&ShapeCell>,
    ) -> Handle {
        if let Some(held) = self.entries.get(&number).and_then(|import| import.handle.upgrade()) {
            return held;
        }
        let handle = Handle::new(Id::theirs(number), origin.clone(), shape.clone(), describes.cloned());
        // One that was let go, and waits to be released, goes on waiting.
        let let_go = self.entries.get(&number).is_some_and(|import| import.let_go);
        self.entries.insert(number, Import { handle: handle.downgrade(), let_go });
        handle
    }

    /// Notes that an entry is to be looked at for release; `false` if it was noted before, or is gone.
    pub(crate) fn note_let_go(&mut self, number: u64) -> bool {
        self.entries.get_mut(&number).is_some_and(|import| !std::mem::replace(&mut import.let_go, true))
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        self.entries.contains_key(&number)
    }

    /// Takes the entry out if nobody holds a handle on it; whether it was.
    pub(crate) fn forget_unheld(&mut self, number: u64) -> bool {
        let Some(import) = self.entries.get_mut(&number) else { return false };
        import.let_go = false;
        import.handle.is_dead() && self.entries.remove(&number).is_some()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
