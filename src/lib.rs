//! Use objects that live in another process as if they were your own.
#![forbid(unsafe_code)]

mod batch;
mod call;
pub mod clock;
pub mod context;
pub mod convert;
pub mod drive;
pub mod error;
pub mod host;
pub mod hosts;
pub mod limits;
mod node;
mod peer;
pub mod policy;
mod promise;
mod proxy;
mod rust_runtime;
pub mod session;
pub mod shape;
mod stream;
mod table;
pub mod transport;
pub mod value;
pub mod wire;

pub use batch::Batch;
pub use call::CallBuilder;
pub use convert::{FromValue, IntoArguments};
pub use error::Error;
pub use host::{Arguments, Host, Operation, Outcome, Own, Request, Runtime};
pub use node::{Node, NodeBuilder};
pub use peer::Peer;
pub use promise::Promise;
pub use proxy::Proxy;
pub use rust_runtime::RustRuntime;
pub use session::Stats;
pub use stream::{Fetched, ItemStream};
pub use table::{Handle, Id, Offer, Origin};
pub use transport::{Framed, Transport};
pub use value::Value;
