//! What `#[wherever::export]` cannot stand above.
#![allow(dead_code, unused)]

#[wherever::export]
struct Plain {
    number: i64,
}

#[wherever::export]
trait Motor {}

fn main() {}
