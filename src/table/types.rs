//! Types: which of ours a peer knows, and which of its own it has described.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::shape::Shape;
use crate::table::ShapeCell;

/// Our types that the peer knows, by the numbers it knows them by.
#[derive(Default)]
pub(crate) struct TypesOut {
    by_tag: HashMap<usize, KnownType>,
    /// The same types, by number. Held, so that no other type can get the address of one.
    shapes: Vec<Arc<Shape>>,
    /// Bytes of all descriptions sent, former ones among them.
    bytes: u64,
}

struct KnownType {
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
    pub(crate) fn describe(&mut self, shape: &Arc<Shape>) -> u64 {
        let shapes = &mut self.shapes;
        let known = self.by_tag.entry(shape.tag().address()).or_insert_with(|| {
            shapes.push(shape.clone());
            KnownType { id: shapes.len() as u64 - 1, revision: 0 }
        });
        known.revision = shape.revision();
        if let Some(described) = shapes.get_mut(known.id as usize) {
            *described = shape.clone();
        }
        known.id
    }

    /// Charges descriptions of this length.
    pub(crate) fn charge(&mut self, len: usize) {
        self.bytes += len as u64;
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The type of a number, as it was last described.
    pub(crate) fn shape(&self, id: u64) -> Option<Arc<Shape>> {
        self.shapes.get(usize::try_from(id).ok()?).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_tag.len()
    }
}

/// Types that the peer described, by its numbers.
#[derive(Default)]
pub(crate) struct TypesIn {
    types: Vec<ShapeCell>,
    by_tag: HashMap<usize, u64>,
    /// Bytes of all descriptions taken, former ones among them.
    bytes: u64,
}

impl TypesIn {
    pub(crate) fn get(&self, id: u64) -> Option<&ShapeCell> {
        self.types.get(usize::try_from(id).ok()?)
    }

    /// The peer's number of a type, if the type is one of its own.
    pub(crate) fn number(&self, shape: &Shape) -> Option<u64> {
        self.by_tag.get(&shape.tag().address()).copied()
    }

    /// Charges a description of this length; what all of them come to.
    pub(crate) fn charge(&mut self, len: usize) -> u64 {
        self.bytes += len as u64;
        self.bytes
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
                self.by_tag.insert(shape.tag().address(), id);
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
