//! Types that are no values, where values are wanted.
#![allow(dead_code, unused)]
use std::borrow::Cow;
use std::sync::{Arc, Mutex};

struct Opaque;

struct Counter;

#[wherever::export]
impl Counter {
    pub fn parameter(&self, opaque: Opaque) {}

    pub fn borrowed(&self, opaque: &[Opaque]) {}

    pub fn text(&self, text: Option<&str>) {}

    pub fn result(&self) -> Opaque {
        Opaque
    }

    pub fn results(&self) -> Result<Vec<Opaque>, String> {
        Ok(Vec::new())
    }

    #[wherever(attribute)]
    pub fn shared(&self) -> Arc<Opaque> {
        Arc::new(Opaque)
    }
}

#[derive(wherever::ValueType)]
struct Fields {
    number: i64,
    opaque: Opaque,
}

#[derive(wherever::ValueType)]
enum Variants {
    One(i64),
    Other { locked: Mutex<i64> },
}

#[derive(wherever::ValueType)]
struct Borrows<'a> {
    text: Cow<'a, str>,
}

#[derive(wherever::ValueType)]
union Either {
    one: i64,
    other: f64,
}

fn main() {}
