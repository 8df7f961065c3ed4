//! Objects whose end is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use wherever::Own;
use wherever::hosts::Class;

/// Counts how many objects were made by it, and how often they were dropped.
#[derive(Clone, Default)]
pub struct Graves(Arc<Counts>);

#[derive(Default)]
struct Counts {
    made: AtomicU32,
    dropped: AtomicU32,
}

/// An object whose end is counted.
pub struct Mortal(Graves);

impl Drop for Mortal {
    fn drop(&mut self) {
        self.0.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Graves {
    /// What counts for whoever holds it.
    pub fn mortal(&self) -> Mortal {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        Mortal(self.clone())
    }

    /// An object to be passed on.
    pub fn own(&self) -> Own {
        Class::<Mortal>::builder("test:Mortal").build().instance(self.mortal())
    }

    /// How many were made.
    pub fn made(&self) -> u32 {
        self.0.made.load(Ordering::SeqCst)
    }

    /// How many were dropped.
    pub fn dropped(&self) -> u32 {
        self.0.dropped.load(Ordering::SeqCst)
    }
}
