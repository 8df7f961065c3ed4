//! Methods that a type may have, but an interface may not.
#![allow(dead_code, unused)]
use wherever::Error;
use wherever::context::CallContext;

#[wherever::interface]
trait Motor {
    #[wherever(constructor)]
    fn make() -> Result<i64, Error>;

    #[wherever(skip)]
    fn skipped(&self);

    fn certain(&self) -> i64;

    fn nothing(&self);

    fn many(&self) -> Vec<(i64, String)>;

    fn in_context(&self, context: &CallContext) -> Result<(), Error>;

    fn items(&self) -> Result<impl Iterator<Item = i64>, Error>;

    fn by_value(self) -> Result<(), Error>;

    fn one(&self) -> Result<(), Error>;
}

#[wherever::interface]
trait Twice {
    fn one(&self) -> Result<(), Error>;

    #[wherever(name = "one")]
    fn other(&self) -> Result<(), Error>;
}

fn main() {}
