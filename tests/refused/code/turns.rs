//! A method on `&mut self` that no method in the block tells of.
#![allow(dead_code, unused)]
use wherever::Error;

#[wherever::interface]
trait Motor {
    fn speed(&self) -> Result<f64, Error>;

    fn stop(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

struct Stepper;

#[wherever::export]
impl Motor for Stepper {
    fn speed(&self) -> Result<f64, Error> {
        Ok(0.0)
    }
}

#[wherever::interface]
trait Servo: Motor {}

struct Both;

impl Motor for Both {
    fn speed(&self) -> Result<f64, Error> {
        Ok(0.0)
    }
}

#[wherever::export]
impl Servo for Both {}

fn main() {}
