//! Dropping what containers hold without growing the stack, however deep they hold each other.

use std::any::Any;
use std::cell::RefCell;

thread_local! {
    /// What waits to be dropped by the drop that is under way on this thread, if one is.
    static WAITING: RefCell<Option<Vec<Box<dyn Any>>>> = const { RefCell::new(None) };
}

/// Drops the contents of a container, from its `Drop`.
///
/// A peer can put a list into a list as often as it likes; a drop that calls the drop of what is inside would then
/// overflow the stack. So only the outermost one drops, and those inside hand it their contents.
pub(super) fn release(contents: impl Any) {
    let contents: Box<dyn Any> = Box::new(contents);
    let outermost = WAITING.try_with(|waiting| match &mut *waiting.borrow_mut() {
        Some(waiting) => {
            waiting.push(contents);
            false
        }
        none => {
            *none = Some(vec![contents]);
            true
        }
    });
    // A thread that is ending has no place to wait in: there the contents were dropped with the closure.
    if outermost == Ok(true) {
        let _reset = Reset;
        while let Some(next) = next() {
            drop(next);
        }
    }
}

fn next() -> Option<Box<dyn Any>> {
    WAITING.with(|waiting| waiting.borrow_mut().as_mut().and_then(Vec::pop))
}

/// Ends the drop under way, also if a drop panicked.
struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        let rest = WAITING.with(RefCell::take);
        drop(rest);
    }
}

#[cfg(test)]
mod tests {
    use crate::hosts::{Dict, List};
    use crate::value::Value;

    #[test]
    fn deep_containers_drop_on_a_small_stack() {
        let deep = (0..20_000).fold(List::new(), |inner, _| {
            let dict = Dict::new();
            dict.insert(Value::Int(0), inner.into()).unwrap();
            List::from(vec![Value::tuple([dict.into()])])
        });
        let thread = std::thread::Builder::new().stack_size(64 << 10);
        thread.spawn(move || drop(deep)).unwrap().join().unwrap();
    }
}
