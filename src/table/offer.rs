//! An object as it is offered: what a table must know of it, asked for before any lock is taken.

use std::sync::Arc;

use crate::host::{Identity, Own};
use crate::shape::Shape;
use crate::value::{Ref, Value};

/// An object of ours as it is offered to a peer: asked for its identity and shape before any lock is taken.
#[derive(Clone, Debug)]
pub struct Offer {
    pub(crate) own: Own,
    pub(crate) identity: Identity,
    pub(crate) shape: Arc<Shape>,
    pub(crate) describes: Option<Arc<Shape>>,
    /// What it is when it comes home: a host that only stands for something is that.
    pub(crate) home: Value,
}

impl Offer {
    /// Asks the object what a peer must know of it.
    pub fn new(own: Own) -> Self {
        let host = own.host();
        let (identity, shape, describes) = (host.identity(), host.shape(), host.describes());
        let home = host.stands_for().unwrap_or_else(|| Value::Ref(Ref::Own(own.clone())));
        Self { own, identity, shape, describes, home }
    }
}
