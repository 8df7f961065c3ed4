//! What does not fit above `impl Trait for Type`.
#![allow(dead_code, unused)]
use wherever::Error;

#[wherever::interface]
trait Motor {
    fn speed(&self) -> Result<f64, Error>;

    fn stop(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

#[wherever::interface]
trait Lamp {
    fn light(&self, level: f64) -> Result<(), Error>;
}

struct Words;

#[wherever::export]
impl Lamp for Words {
    #[wherever(hidden)]
    fn light(&self, level: f64) -> Result<(), Error> {
        Ok(())
    }
}

struct Parameters;

#[wherever::export]
impl Lamp for Parameters {
    fn light(&self, #[wherever(default)] level: f64) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
