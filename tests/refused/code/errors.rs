//! Errors that cannot cross, or cannot come back.
#![allow(dead_code, unused)]
use wherever::{DeclaredError, Error};

struct Opaque;

struct Counter;

#[wherever::export]
impl Counter {
    pub fn count(&self) -> Result<i64, Opaque> {
        Err(Opaque)
    }
}

#[derive(Debug)]
enum MotorError {
    Stalled,
}

impl std::fmt::Display for MotorError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stalled")
    }
}

impl std::error::Error for MotorError {}

#[wherever::interface]
trait Motor {
    fn move_to(&mut self, position: i64) -> Result<(), MotorError>;
}

fn main() {}
