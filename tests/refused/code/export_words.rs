//! Words within the parentheses of `#[wherever::export]`, and what a block cannot be.
#![allow(dead_code, unused)]

struct Plain;

#[wherever::export(names = "example.Plain")]
impl Plain {}

struct Other;

#[wherever::export(name = 3)]
impl Other {}

struct Unsafe;

unsafe trait Promise {}

#[wherever::export]
unsafe impl Promise for Unsafe {}

struct Borrowed<'a>(&'a str);

#[wherever::export]
impl<'a> Borrowed<'a> {
    pub fn text(&self) -> String {
        self.0.to_owned()
    }
}

macro_rules! method {
    () => {
        pub fn method(&self) -> i64 {
            1
        }
    };
}

struct Written;

#[wherever::export]
impl Written {
    method!();
}

#[wherever::export(name = "sum")]
fn sum(a: i64) -> i64 {
    a
}

#[wherever::export]
async fn all<T>(items: Vec<T>) -> i64 {
    items.len() as i64
}

fn main() {}
