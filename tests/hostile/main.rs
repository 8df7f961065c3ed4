//! Hostile peers, limits, streams and endings: what a peer may do without harm, and how a session ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod attenuation;
mod copies;
mod crossings;
mod deeds;
mod endings;
mod exhaustive;
mod floods;
mod limits;
mod parts;
mod policy;
mod protocol;
mod references;
mod review;
mod streams;
mod threads;
mod told;
