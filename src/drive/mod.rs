//! Drivers: what runs a session. The simple one blocks; the manual one is turned by hand.

mod dispatching;
mod forward;
mod held;
mod hub;
mod lanes;
mod manual;
mod relay;
mod run;
mod serve_stream;
mod simple;
mod ticker;
mod work;
mod workers;

pub(crate) use hub::{Awaited, Hub};
pub use lanes::Lane;
pub(crate) use lanes::{Serving, serving, thread_lane};
pub use manual::Manual;
pub(crate) use run::{IDENTITY, perform_here};
pub use simple::connect;
pub(crate) use ticker::Ticker;
pub(crate) use workers::Workers;
