//! The Rust side of the page on Python (`docs/python.md`): a counter, which a Python program uses and is called back by.
//!
//! Started by that program, it serves it by standard input and output, and ends with it.
#![allow(unreachable_pub, reason = "what is `pub` is so to the peer")]

use std::sync::atomic::{AtomicI64, Ordering};

use wherever::{Error, Node, Proxy};

struct Counter(AtomicI64);

/// Counts, in Rust.
#[wherever::export]
impl Counter {
    /// Adds this many, and tells whoever wants to know.
    pub fn add(&self, steps: i64, tell: &Proxy) -> Result<i64, Error> {
        let now = self.0.fetch_add(steps, Ordering::Relaxed) + steps;
        tell.invoke((now,))?.to()
    }

    /// How many there are by now.
    pub fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let node = Node::new();
    node.export("counter", Counter(AtomicI64::new(0)));
    wherever_transports::serve(&node, "stdio:")?.wait();
    Ok(())
}
