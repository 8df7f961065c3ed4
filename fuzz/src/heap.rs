//! Counts live heap bytes, so that a target can bound what one input costs.
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait; each method only counts and forwards to System")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Heap bytes allowed for each byte of input.
const PER_BYTE: usize = 32;

/// Heap bytes allowed whatever the input: room for tables and first buffers.
const FLAT: usize = 64 * 1024;

/// Bytes allocated through Rust and not yet freed, in the whole process.
/// libFuzzer's own C++ heap is not in it.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The highest value of [`LIVE`] since [`heap_bound`] last set it back.
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The system allocator with a count of what is live.
struct Counting;

/// Books `bytes` more and moves the peak up if need be.
fn grew(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed).wrapping_add(bytes);
    PEAK.fetch_max(live, Ordering::Relaxed);
}

/// Books `bytes` fewer.
fn shrank(bytes: usize) {
    LIVE.fetch_sub(bytes, Ordering::Relaxed);
}

// SAFETY: every method hands its arguments on to `System` unchanged and returns
// its answer unchanged; the counting touches two atomics and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            grew(layout.size());
        }
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // Forwarded and not left to the default, which would write to every
        // page: a huge zeroed buffer must be caught by the count, not by swap.
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        let block = unsafe { System.alloc_zeroed(layout) };
        if !block.is_null() {
            grew(layout.size());
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(block, layout) };
        shrank(layout.size());
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `realloc`.
        let moved = unsafe { System.realloc(block, layout, new_size) };
        if !moved.is_null() {
            // By the difference, not as a second block: whether both live for a
            // moment is the system's doing, and not what the peer made us ask for.
            match new_size.checked_sub(layout.size()) {
                Some(more) => grew(more),
                None => shrank(layout.size() - new_size),
            }
        }
        moved
    }
}

/// Runs `f` and returns what it returns.
///
/// The count is of the whole process, so `f` may use threads, but two calls
/// must not run at once.
///
/// # Panics
///
/// If the heap grew at any moment during `f` by more than 32 bytes for each of
/// the `input_len` bytes of input plus 64 KiB: a peer has then found a way to
/// make us pay for bytes that it did not send.
#[allow(clippy::panic, reason = "a panic is how a fuzz target reports a finding")]
pub fn heap_bound<R>(input_len: usize, f: impl FnOnce() -> R) -> R {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = f();
    let grown = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    let bound = input_len.saturating_mul(PER_BYTE).saturating_add(FLAT);
    if grown > bound {
        panic!("heap grew by {grown} bytes for {input_len} bytes of input; the bound is {bound}");
    }
    result
}

#[cfg(test)]
mod tests {
    use super::heap_bound;
    use std::hint::black_box;
    use std::panic::catch_unwind;

    /// One test, not several: the count is of the whole process.
    #[test]
    fn bounds_the_peak_and_not_the_remainder() {
        let kept = heap_bound(0, || black_box(vec![1_u8; 60 * 1024]));
        assert_eq!(kept.len(), 60 * 1024);
        heap_bound(1024, || drop(black_box(vec![1_u8; 90 * 1024])));

        let over = catch_unwind(|| heap_bound(0, || drop(black_box(vec![1_u8; 90 * 1024]))));
        assert!(over.is_err(), "a freed buffer over the bound went unseen");

        let zeroed = catch_unwind(|| heap_bound(0, || drop(black_box(vec![0_u8; 90 * 1024]))));
        assert!(zeroed.is_err(), "a zeroed buffer over the bound went unseen");

        let grown = catch_unwind(|| {
            heap_bound(0, || {
                let mut buffer = Vec::new();
                (0..90 * 1024).for_each(|_| buffer.push(black_box(1_u8)));
                drop(buffer);
            });
        });
        assert!(grown.is_err(), "a growing buffer over the bound went unseen");
    }
}
