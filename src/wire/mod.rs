//! The protocol as bytes: see `docs/protocol.md`, which governs this module.

pub mod describe;
pub mod frame;
pub mod message;
pub mod payload;
pub mod preface;
pub mod primitive;
pub mod shape;

pub use primitive::Malformed;
