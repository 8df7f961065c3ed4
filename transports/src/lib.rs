//! Carriers for `wherever`: what moves frames from one process to another, and what connects and serves by URL.
#![cfg_attr(
    unix,
    doc = r#"
```
use wherever::{Node, Value};
use wherever::hosts::List;

let server = Node::new();
server.export("list", List::from(vec![Value::Int(5)]).to_own());
let serving = wherever_transports::serve(&server, "tcp://127.0.0.1:0")?;

let peer = wherever_transports::connect(&Node::new(), serving.url())?;
assert_eq!(peer.get("list")?.index(0)?, Value::Int(5));
# Ok::<(), Box<dyn std::error::Error>>(())
```
"#
)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, reason = "a test that finds something else has failed"))]

mod child;
mod closable;
#[cfg(unix)]
mod connect;
#[cfg(feature = "futures-io")]
pub mod futures_io;
#[cfg(unix)]
mod greeting;
#[cfg(unix)]
mod inherited;
mod inlet;
mod outlet;
#[cfg(any(feature = "futures-io", feature = "tokio"))]
mod pump;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod socket;
mod stdio;
#[cfg(feature = "tokio")]
pub mod tokio;
mod traced;
#[cfg(unix)]
mod url;
mod wake;

pub use child::Child;
#[cfg(unix)]
pub use connect::{ConnectError, connect, connect_command};
#[cfg(unix)]
pub use inherited::close_inherited;
#[cfg(unix)]
pub use server::{ServeError, Server, ServerLimits, ServerStats, serve, serve_with};
#[cfg(unix)]
pub use socket::{KEEP_ALIVE_IDLE, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_PROBES, Socket};
pub use stdio::{Stdio, stdio};
pub use traced::{Traced, Way};
#[cfg(unix)]
pub use url::UrlError;
