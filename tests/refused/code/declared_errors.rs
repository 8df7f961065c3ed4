//! What `#[derive(DeclaredError)]` cannot stand above.
#![allow(dead_code, unused)]
use wherever::{DeclaredError, Error};

#[derive(Debug, DeclaredError)]
struct Plain;

#[derive(Debug, DeclaredError)]
enum Generic<T> {
    Of(T),
}

#[derive(Debug, DeclaredError)]
enum Two {
    #[wherever(remote)]
    One(Error),
    #[wherever(remote)]
    Other(Error),
}

#[derive(Debug, DeclaredError)]
enum None {
    Stalled,
}

#[derive(Debug, DeclaredError)]
enum Filled {
    #[wherever(remote)]
    Remote(Error, i64),
}

#[derive(Debug, DeclaredError)]
enum Silent {
    Stalled,
    #[wherever(remote)]
    Remote(Error),
}

fn main() {}
