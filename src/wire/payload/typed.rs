//! Values of a value type that the peer does not know: they stay here, and the peer gets a reference.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::context::CallContext;
use crate::error::Error;
use crate::host::{Host, Identity, Operation, Outcome, Request};
use crate::shape::{Category, Shape};
use crate::value::{Typed, Value};

/// The host of a value whose type the peer has not announced. It can be told as text; its contents are a list with
/// one element: what the type's codec made of the value.
pub struct TypedHost {
    value: Arc<Typed>,
    shape: Arc<Shape>,
}

impl TypedHost {
    /// The host of this value. Two hosts of one value are one object to the peer.
    pub fn new(value: Arc<Typed>) -> Self {
        let shape = shape_of(&value.type_name);
        Self { value, shape }
    }

    /// The value itself, for when the reference comes home.
    pub fn value(&self) -> &Arc<Typed> {
        &self.value
    }
}

/// Shapes by type name, so that all values of a type have one shape, which a peer is told once.
static SHAPES: Mutex<BTreeMap<Arc<str>, Arc<Shape>>> = Mutex::new(BTreeMap::new());

/// Names that have a shape of their own, and their length. A middle passes on values whose types its peers named, so
/// the names must not add up; what goes beyond shares one shape.
const NAMES_MAX: usize = 256;
const NAME_LEN_MAX: usize = 255;
const NAMELESS: &str = "wherever:value";

fn shape_of(name: &Arc<str>) -> Arc<Shape> {
    let mut shapes = SHAPES.lock();
    let has_own = shapes.contains_key(name) || shapes.len() < NAMES_MAX;
    let name = if has_own && name.len() <= NAME_LEN_MAX { name.clone() } else { NAMELESS.into() };
    let make = || {
        let shape = Shape::new(name.clone(), Category::Instance);
        Arc::new(shape.operations(&[Operation::Whole, Operation::Text]))
    };
    shapes.entry(name.clone()).or_insert_with(make).clone()
}

impl fmt::Debug for TypedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedHost").field(&self.value).finish()
    }
}

impl Host for TypedHost {
    fn shape(&self) -> Arc<Shape> {
        self.shape.clone()
    }

    fn operate(&self, request: Request, _context: &CallContext) -> Outcome {
        match request.operation {
            Operation::Whole => self.whole().into(),
            Operation::Text => Outcome::Value(Value::text(format!("{:?}", Value::Typed(self.value.clone())))),
            other => Outcome::Error(Error::not_supported(&self.shape, other)),
        }
    }

    fn whole(&self) -> Result<Value, Error> {
        Ok(Value::List([self.value.data.clone()].into_iter().collect()))
    }

    fn identity(&self) -> Identity {
        Identity::keyed::<Typed>(Arc::as_ptr(&self.value) as usize)
    }

    fn stands_for(&self) -> Option<Value> {
        Some(Value::Typed(self.value.clone()))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}
