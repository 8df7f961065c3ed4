//! The typed face: Rust types exported member by member, and remote objects used through Rust's own traits.
//!
//! An [`Exported`] type describes its class; a [`TypedProxy`] is a [`Proxy`](crate::Proxy) that wears an interface, and
//! implements its trait. A [`ValueType`] travels by copy. [`Items`] come one by one, a [`ListProxy`] and a [`DictProxy`]
//! are changed where they are. The attributes and derives write the code; a type may also implement these traits by hand.
//!
#![cfg_attr(
    feature = "macros",
    doc = r#"
```
use wherever::transport::memory_pair;
use wherever::{Error, Node};

// What both sides share.
#[wherever::interface("org.example.Motor/1")]
trait Motor {
    /// Moves by some steps, and gives the new position.
    fn step(&mut self, steps: i64) -> Result<i64, Error>;
}

// The one that has the object.
struct Stepper(i64);

#[wherever::export]
impl Motor for Stepper {
    fn step(&mut self, steps: i64) -> Result<i64, Error> {
        self.0 += steps;
        Ok(self.0)
    }
}

let server = Node::new();
server.export("motor", Stepper(0));
let (near, far) = memory_pair();
let other = wherever::connect(&server, far);

// The one that uses it.
let peer = wherever::connect(&Node::new(), near);
let mut motor: MotorProxy = peer.get_as("motor")?;
assert_eq!(motor.step(5)?, 5);
# peer.close("done");
# other.serve()?;
# Ok::<(), Error>(())
```
"#
)]

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
pub use proxy::{Extends, Promised, TypedProxy};
pub use value_type::{ValueType, value_into, value_of};

/// The name under which a node exports the object that it is for, where it is for one; see
/// [`Node::export_root`](crate::Node::export_root).
pub const ROOT: &str = "root";
