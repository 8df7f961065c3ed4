//! The typed face: Rust types exported member by member, and remote objects used through Rust's own traits.
//!
//! The attributes `#[export]` and `#[interface]` and the derives write code against what is here; all of it can be used
//! by hand. An [`Exported`] type describes its class; a [`TypedProxy`] is a [`Proxy`](crate::Proxy) that wears an
//! interface, and implements its trait.

mod check;
#[doc(hidden)]
pub mod code;
mod containers;
mod crossing;
mod function;
mod items;
mod object;
mod proxy;
mod signature;
mod value_type;

pub use containers::{DictProxy, ListProxy};
pub use function::{IntoResult, TypedFunction};
pub use items::Items;
pub use object::{Exported, Object};
pub use proxy::{Extends, Promised, TypedProxy, own_as_proxy};
pub use value_type::{ValueType, value_into, value_of};

/// The name under which a node exports the object that it is for, where it is for one; see
/// [`Node::export_root`](crate::Node::export_root).
pub const ROOT: &str = "root";
