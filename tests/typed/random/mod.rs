//! Random values, data and references through a typed proxy and back: what comes back is what went.
//!
//! A failure names its seed and case; the same seed is the same run.

mod make;
mod objects;
mod values;
