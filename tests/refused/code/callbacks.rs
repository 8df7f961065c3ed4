//! An interface that cannot be a trait object, as one.
#![allow(dead_code, unused)]
use std::sync::Arc;

use wherever::Error;

#[wherever::interface]
trait Exclusive {
    fn stop(&mut self) -> Result<i64, Error>;
}

#[wherever::interface]
trait Listener {
    fn heard(&self, whom: Arc<dyn Exclusive>) -> Result<i64, Error>;
}

fn main() {}
