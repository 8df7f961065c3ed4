//! What the generated code of the attributes and derives calls. Not for use by hand: it changes with them.

pub use super::crossing::{
    CanCross, ComesBack, Crossing, Returned, ViaDeref, ViaDisplay, ViaError, ViaInto, ViaNothing,
};
pub use super::object::bare;
pub use super::proxy::{
    Worn, call, call_later, get, get_later, one_way, one_way_later, promise, promise_get, set, set_later,
};
pub use super::signature::{Parameter, signature};
pub use super::value_type::{
    DataFields, fields_of, misfit, raised_of, read_raised, value_into, value_of, variant_of, whole_value,
};
/// An interface, by its typed proxy: what describes its members of an object's type to a builder that can take them.
pub trait Describes<Object, Builder> {
    /// Describes them.
    fn describe(builder: Builder) -> Builder;
}

pub use crate::hosts::CodePlace;
pub use crate::hosts::class::{Describe, DescribeMut, Places};
