//! The tables of a session: small, and ignorant of the protocol.

mod handle;
mod offer;
mod recent;
mod references;
mod types;

pub use handle::{Handle, Id, Origin};
pub(crate) use handle::{ShapeCell, WeakHandle};
pub use offer::Offer;
pub(crate) use recent::Recent;
pub(crate) use references::{Exports, Imports};
pub(crate) use types::{TypesIn, TypesOut};
