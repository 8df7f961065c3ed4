//! Types: which of ours a peer knows, and which of its own it has described.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::shape::{Shape, TypeTag};
use crate::table::ShapeCell;

/// Our types that the peer knows, by the numbers it knows them by.
#[derive(Default)]
pub(crate) struct TypesOut {
    by_tag: HashMap<usize, KnownType>,
}

struct KnownType {
    /// Held so that no other type can get the same address.
    _tag: TypeTag,
    id: u64,
    revision: u32,
}

impl TypesOut {
    /// The number of a type, if the peer knows it in this revision or a later one.
    pub(crate) fn current(&self, shape: &Shape) -> Option<u64> {
        let known = self.by_tag.get(&shape.tag().address())?;
        (known.revision >= shape.revision()).then_some(known.id)
    }

    /// The number of a type, if the peer knows it in any revision.
    pub(crate) fn number(&self, shape: &Shape) -> Option<u64> {
        self.by_tag.get(&shape.tag().address()).map(|known| known.id)
    }

    /// The number that a type has or will get when it is described now, and remembers that it was.
    pub(crate) fn describe(&mut self, shape: &Shape) -> u64 {
        let next = self.by_tag.len() as u64;
        let known = self.by_tag.entry(shape.tag().address()).or_insert_with(|| KnownType {
            _tag: shape.tag().clone(),
            id: next,
            revision: 0,
        });
        known.revision = shape.revision();
        known.id
    }

    pub(crate) fn len(&self) -> usize {
        self.by_tag.len()
    }
}

/// Types that the peer described, by its numbers.
#[derive(Default)]
pub(crate) struct TypesIn {
    types: Vec<ShapeCell>,
}

impl TypesIn {
    pub(crate) fn get(&self, id: u64) -> Option<&ShapeCell> {
        self.types.get(usize::try_from(id).ok()?)
    }

    /// Books a new type, or a later revision of a known one; whether the number was in order.
    pub(crate) fn book(&mut self, id: u64, shape: Shape) -> bool {
        match self.get(id) {
            Some(cell) => {
                let former = cell.read().clone();
                let later = shape.revision() > former.revision();
                if later {
                    *cell.write() = Arc::new(shape.succeeding(&former));
                }
                later
            }
            None if id == self.types.len() as u64 => {
                self.types.push(Arc::new(RwLock::new(Arc::new(shape))));
                true
            }
            None => false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.types.len()
    }
}
