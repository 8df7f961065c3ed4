//! What `#[wherever::interface]` cannot stand above, and what an interface cannot have.
#![allow(dead_code, unused)]
use wherever::Error;

#[wherever::interface]
struct Plain;

#[wherever::interface(org.example)]
trait Named {}

#[wherever::interface("")]
trait Nameless {}

#[wherever::interface]
unsafe trait Promise {}

#[wherever::interface]
trait Borrows<'a> {}

#[wherever::interface]
trait Sized<const N: usize> {}

#[wherever::interface]
trait Associated {
    type Item;
}

#[wherever::interface]
trait Constant {
    const NUMBER: i64;
}

#[wherever::interface]
trait Shown: std::fmt::Display {
    fn show(&self) -> Result<(), Error>;
}

fn main() {}
