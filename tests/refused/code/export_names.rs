//! Names that are there twice, or are missing.
#![allow(dead_code, unused)]

struct Twice;

#[wherever::export]
impl Twice {
    pub fn one(&self) {}

    #[wherever(name = "one")]
    pub fn other(&self) {}
}

struct Written;

#[wherever::export]
impl Written {
    #[wherever(attribute)]
    pub fn set_speed(&self, speed: f64) {}
}

struct Made;

#[wherever::export]
impl Made {
    #[wherever(constructor)]
    pub fn new() -> Self {
        Self
    }

    #[wherever(constructor)]
    pub fn with(number: i64) -> Self {
        Self
    }
}

struct Later;

#[wherever::export]
impl Later {
    #[wherever(constructor)]
    pub async fn new() -> Self {
        Self
    }
}

struct Nameless;

#[wherever::export]
impl Nameless {
    #[wherever(name = "")]
    pub fn one(&self) {}
}

fn main() {}
