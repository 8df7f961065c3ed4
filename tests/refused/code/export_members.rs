//! Methods that cannot be members.
#![allow(dead_code, unused)]

struct Counter {
    count: i64,
}

#[wherever::export]
impl Counter {
    #[wherever(attribute)]
    fn private(&self) -> i64 {
        self.count
    }
}

struct Methods;

#[wherever::export]
impl Methods {
    pub fn by_value(self) -> i64 {
        1
    }

    pub fn in_an_arc(self: std::sync::Arc<Self>) -> i64 {
        1
    }

    pub fn without_self(a: i64) -> i64 {
        a
    }

    pub fn generic<T>(&self, a: T) {}

    pub fn sized<const N: usize>(&self, a: [u8; N]) {}

    pub unsafe fn careful(&self) {}

    pub unsafe extern "C" fn variadic(&self, args: ...) {}

    pub fn pattern(&self, (a, b): (i64, i64)) {}

    pub fn callback(&self, call: impl Fn(i64)) {}

    pub fn borrowed_callback(&self, call: &impl Fn(i64)) {}

    pub fn in_place(&self, list: &mut Vec<i64>) {}

    pub fn object(&self, object: &dyn std::fmt::Debug) {}

    pub fn iterate(&self) -> impl Iterator<Item = i64> {
        0..1
    }

    pub fn try_to_iterate(&self) -> Result<impl Iterator<Item = i64>, wherever::Error> {
        Ok(0..1)
    }

    pub fn in_context(&self, #[wherever(default)] context: &wherever::context::CallContext) {}
}

struct Variadic;

#[wherever::export]
impl Variadic {
    pub extern "C" fn variadic(&self, args: ...) {}
}

fn main() {}
