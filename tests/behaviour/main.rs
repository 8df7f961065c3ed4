//! Behaviours: what a user may count on, a file for each kind.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod attenuation;
mod attenuation_middle;
mod budgets;
mod copying;
mod cycles;
mod depth;
mod dynamic_face;
mod errors;
mod idle;
mod interrupts;
mod loop_back;
mod middle;
mod order;
mod peers;
mod places;
mod promises;
mod references;
mod review;
mod rude;
mod same;
mod shapes;
mod stops;
mod toy;
mod turns;
