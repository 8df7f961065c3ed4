//! Any bytes as a preface: no panic, no heap beyond the bound, and one of our version can be told again.
#![cfg_attr(fuzzing, no_main)]

use wherever::wire::preface::{MAJOR, Preface};
use wherever_fuzz::{heap_bound, target};

fn run(bytes: &[u8]) {
    let Ok(preface) = heap_bound(bytes.len(), || Preface::decode(bytes)) else { return };
    if preface.major == MAJOR {
        assert_eq!(Preface::decode(&preface.encode()), Ok(preface), "another preface came back");
    }
}

target!(run);
