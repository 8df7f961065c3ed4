//! How much of containers that are held by reference one conversion copies: a peer can make each of them hold others
//! without end.

use std::cell::Cell;

use crate::drive::Hub;
use crate::error::Error;
use crate::limits::{COPIED_BYTES_MAX, Limits};
use crate::proxy::Proxy;
use crate::table::Handle;
use crate::value::{Ref, Value};

/// What a remote container costs beside what it holds: each is a call, and what keeps it.
const CONTAINER_BYTES: u64 = 16 << 10;

/// Bytes that were copied of containers, for one value that is made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Copied(u64);

thread_local! {
    /// That of the conversion which the present thread is at.
    static PRESENT: Cell<Option<Copied>> = const { Cell::new(None) };
    /// Whether the present thread converts for a task.
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
}

impl Copied {
    /// One more remote container.
    pub(crate) fn container(&mut self, max: u64) -> Result<(), Error> {
        self.more(CONTAINER_BYTES, max)
    }

    /// One more value in it, with all that it holds.
    pub(crate) fn value(&mut self, value: &Value, max: u64) -> Result<(), Error> {
        self.more(bytes(value), max)
    }

    fn more(&mut self, bytes: u64, max: u64) -> Result<(), Error> {
        self.0 = self.0.saturating_add(bytes);
        if self.0 <= max {
            return Ok(());
        }
        let wanted = format!("at most {max} bytes of containers held by reference (`copied_bytes_max`)");
        Err(Error::convert(wanted, "more; a `Proxy` or a `ListProxy` is not copied"))
    }
}

/// What the limits say of one conversion; for a container of this side, the default.
pub(crate) fn max(limits: Option<&Limits>) -> u64 {
    limits.map_or(COPIED_BYTES_MAX, |limits| limits.copied_bytes_max)
}

/// About how much memory a value takes once all that it shares stands by itself. No message, and so no value that came
/// in one, has more values in it than the limits say, wherever they stand.
fn bytes(value: &Value) -> u64 {
    let held = match value {
        Value::Text(text) => text.len() as u64,
        Value::Bytes(all) | Value::ByteArray(all) => all.len() as u64,
        Value::Tuple(items) | Value::FrozenSet(items) | Value::List(items) | Value::Set(items) => {
            items.iter().map(bytes).sum()
        }
        Value::Dict(entries) => entries.iter().map(|(key, value)| bytes(key) + bytes(value)).sum(),
        Value::Typed(typed) => bytes(&typed.data),
        _ => 0,
    };
    size_of::<Value>() as u64 + held
}

/// Runs a conversion, or a part of one: what is copied in all of its parts counts together.
pub(crate) fn together<R>(make: impl FnOnce() -> R) -> R {
    struct Outermost;
    impl Drop for Outermost {
        fn drop(&mut self) {
            PRESENT.set(None);
        }
    }
    if PRESENT.get().is_some() {
        return make();
    }
    PRESENT.set(Some(Copied::default()));
    let _outermost = Outermost;
    make()
}

/// Runs a conversion in a task, whose thread may be the one that moves the frames: what was not copied before is not
/// waited for.
pub(crate) fn in_task<R>(make: impl FnOnce() -> R) -> R {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            IN_TASK.set(self.0);
        }
    }
    let _before = Before(IN_TASK.replace(true));
    make()
}

/// Refuses to wait for this object of a peer's, if that might be for ever.
fn check_waits(handle: &Handle) -> Result<(), Error> {
    if IN_TASK.get() && Hub::of(handle).is_some_and(|hub| hub.driver().moves_in_tasks()) {
        let found = format!("remote object {}; in a task, take a `Proxy` and fetch it", handle.shape().name());
        return Err(Error::convert("what was copied", found));
    }
    Ok(())
}

/// Reads a container of this side for the conversion that the thread is at.
pub(super) fn read(read: impl FnOnce() -> Result<Value, Error>) -> Result<Value, Error> {
    apart(|copied| {
        let contents = read()?;
        copied.value(&contents, max(None)).map(|()| contents)
    })
}

/// Copies an object of a peer's for the conversion that the thread is at.
pub(crate) fn fetched(handle: Handle) -> Result<Value, Error> {
    check_waits(&handle)?;
    apart(|copied| Proxy::of(Ref::Remote(handle)).fetch_within(copied))
}

/// Copies a container for the conversion that the thread is at. Calls that the thread serves meanwhile count by
/// themselves.
fn apart(copy: impl FnOnce(&mut Copied) -> Result<Value, Error>) -> Result<Value, Error> {
    struct Back(Option<Copied>);
    impl Drop for Back {
        fn drop(&mut self) {
            PRESENT.set(self.0);
        }
    }
    let mut back = Back(PRESENT.take());
    let mut copied = back.0.unwrap_or_default();
    let value = copy(&mut copied);
    back.0 = back.0.map(|_| copied);
    value
}
