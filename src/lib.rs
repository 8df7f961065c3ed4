//! Use objects that live in another process as if they were your own.
//!
//! A [`Node`] is a process's own side: it exports objects under names, by a [policy] and [limits]. Connected by a
//! [`Transport`], which is anything that moves frames one way and back, two nodes become each other's [`Peer`]. What a
//! peer exports, and all that is passed or returned, is held as a [`Proxy`]: immutable values are copied, all else
//! stays where it is, and each use is a message there and one back. Callbacks come home, calls can be made on results
//! that have not arrived ([`Promise`]), calls can leave together ([`Batch`]), and containers come whole
//! ([`Proxy::fetch`], [`Proxy::iterate`]).
//!
//! ```
//! use std::sync::atomic::{AtomicI64, Ordering};
//!
//! use wherever::hosts::Function;
//! use wherever::transport::memory_pair;
//! use wherever::{Error, Node, Proxy};
//!
//! // A Rust type as peers see it: its `pub` methods.
//! struct Counter(AtomicI64);
//!
//! #[wherever::export]
//! impl Counter {
//!     pub fn add(&self, step: i64) -> i64 {
//!         self.0.fetch_add(step, Ordering::Relaxed) + step
//!     }
//!
//!     pub fn tell(&self, whom: Proxy) -> Result<i64, Error> {
//!         whom.invoke((self.0.load(Ordering::Relaxed),))?.to()
//!     }
//! }
//!
//! let server = Node::new();
//! server.export("counter", Counter(AtomicI64::new(40)));
//!
//! // Two ends of a carrier; a pipe or a socket does as well, and leads to another process.
//! let (near, far) = memory_pair();
//! let other = wherever::connect(&server, far);
//!
//! let peer = wherever::connect(&Node::new(), near);
//! let counter = peer.get("counter")?;
//! assert_eq!(counter.call("add", (2,))?.to::<i64>()?, 42);
//!
//! // A function of ours, called from over there while we wait.
//! let double = Function::typed("double", |n: i64| n * 2);
//! assert_eq!(counter.call("tell", (double,))?.to::<i64>()?, 84);
//!
//! peer.close("done");
//! other.serve()?;
//! # Ok::<(), Error>(())
//! ```
//!
//! A trait shared by both sides does the same with types: [`macro@interface`].
//!
//! Where to go from here:
//!
//! - [`macro@export`] and [`macro@interface`] make types and traits of yours part of it, and [`typed`] is what they stand
//!   on. `docs/guide.md` goes through it all, step by step.
//! - [`hosts`] makes objects by hand: classes of Rust types, functions, shared lists, dicts, sets; [`host::Host`] is what they
//!   all are, and what another language's [`Runtime`] brings its own of.
//! - [`hosts::Turned`] is for types with methods on `&mut`; [`NodeBuilder::on_notice`] tells what happens in a node's
//!   sessions; [`Interrupt`] ends waits, for Ctrl-C.
//! - [`Proxy`] and [`CallBuilder`] use them; [`convert`] turns values into Rust types; [`error::Error`] says what can
//!   go wrong.
//! - [`connect`] drives a session with threads: any number of them use the peer, and its calls are served beside them.
//!   [`drive`] has other drivers: for tasks, for one thread, by hand; [`session`] is the protocol without any I/O, for
//!   drivers of your own;
//!   [`wire`] is its bytes.
//!
//! The guide, `docs/guide.md`, leads from the first line to a carrier of your own. The other pages in `docs` tell the
//! protocol byte by byte, the architecture, the words, and where a remote object differs from a local one.
#![forbid(unsafe_code)]

pub mod attenuation;
mod batch;
mod call;
pub mod clock;
pub mod context;
pub mod convert;
pub mod drive;
pub mod error;
mod forked;
mod future;
mod guard;
pub mod host;
pub mod hosts;
mod interrupt;
pub mod limits;
mod node;
mod notice;
mod peer;
pub mod policy;
mod promise;
mod proxy;
mod rust_runtime;
pub mod session;
pub mod shape;
mod stream;
mod sync;
mod table;
pub mod transport;
pub mod typed;
pub mod value;
pub mod wire;

pub use attenuation::{Attenuation, Revoker};
pub use batch::Batch;
pub use call::CallBuilder;
pub use convert::{FromValue, IntoArguments, IntoValue, Serde};
pub use drive::connect_threads as connect;
pub use error::Error;
pub use future::{CallFuture, PromiseFuture};
pub use host::{Arguments, Host, Operation, Outcome, Own, Request, Runtime};
pub use interrupt::Interrupt;
pub use node::{Node, NodeBuilder};
pub use notice::{Notice, ServedCall};
pub use peer::{Peer, WeakPeer};
pub use promise::Promise;
pub use proxy::{Proxy, same};
pub use rust_runtime::RustRuntime;
pub use session::Stats;
pub use stream::{Fetched, ItemStream};
pub use table::{Handle, Id, Offer, Origin};
pub use transport::{Framed, Transport};
pub use value::Value;
#[cfg(feature = "macros")]
pub use wherever_macros::{DeclaredError, ValueType, export, interface};
