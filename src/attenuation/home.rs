//! An attenuated reference that came home: the object itself on this side, and what it was for all others.

use std::any::Any;
use std::sync::Arc;

use super::caretaker::Caretaker;
use crate::context::CallContext;
use crate::error::Error;
use crate::host::{Host, Identity, Outcome, Own, Request};
use crate::shape::Shape;
use crate::value::{Ref, Value};

/// An object of this side that came home by an attenuated reference.
///
/// It is the object, in all that this side can ask, and holds it like one. If it were the bare object for peers too, a
/// method that gives back what it was given would widen whatever it is given.
pub(super) struct AtHome {
    pub(super) object: Own,
    pub(super) caretaker: Arc<Caretaker>,
}

impl Host for AtHome {
    fn shape(&self) -> Arc<Shape> {
        self.object.shape()
    }

    fn operate(&self, request: Request, context: &CallContext) -> Outcome {
        self.object.host().operate(request, context)
    }

    fn whole(&self) -> Result<Value, Error> {
        self.object.host().whole()
    }

    fn whole_for(&self, context: &CallContext) -> Outcome {
        self.object.host().whole_for(context)
    }

    fn identity(&self) -> Identity {
        self.object.host().identity()
    }

    fn describes(&self) -> Option<Arc<Shape>> {
        self.object.host().describes()
    }

    fn stands_for(&self) -> Option<Value> {
        Some(Value::Ref(Ref::Own(self.object.clone())))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        self.object.host().as_any()
    }

    fn attenuated(&self) -> Option<Arc<Caretaker>> {
        Some(self.caretaker.clone())
    }
}
