//! Drivers: what runs a session. The simple one blocks; the manual one is turned by hand.

mod backlog;
mod contract;
mod dispatching;
mod events;
mod forward;
mod held;
mod hub;
mod lanes;
mod let_go;
mod manual;
mod relay;
mod replies;
mod run;
mod sending;
mod serve_stream;
mod simple;
mod spring;
mod tasks;
mod threads;
mod ticker;
mod wakers;
mod work;
mod workers;

pub(crate) use backlog::{Place, Wanted};
pub(crate) use hub::{Awaited, Hub};
pub use lanes::Lane;
pub(crate) use lanes::{Serving, TaskLane, serving};
pub use manual::Manual;
pub(crate) use run::{IDENTITY, one_way_here, operate_here, perform_here};
pub use simple::connect as connect_simple;
pub use tasks::{Spawn, Task, Tasks};
pub use threads::connect as connect_threads;
pub(crate) use ticker::Ticker;
pub(crate) use wakers::News;
pub(crate) use workers::Workers;
