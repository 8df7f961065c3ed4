//! An object that does what an attack needs: answers, keeps, waits, makes, calls back, streams.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use wherever::context::Reply;
use wherever::hosts::{Class, stream};
use wherever::limits::Limits;
use wherever::{Arguments, Error, Own, Promise, Proxy, Value};
use wherever_tests::hostile::Hostile;

/// What the object has done, as the test sees it.
#[derive(Default)]
pub(crate) struct Deeds {
    /// Calls that ran.
    pub(crate) ran: AtomicU64,
    /// Values that it was given to keep.
    pub(crate) kept: Mutex<Vec<Value>>,
    /// Calls that wait until the test settles them.
    pub(crate) waiting: Mutex<Vec<Reply>>,
    /// Calls that it made and holds.
    pub(crate) made: Mutex<Vec<Promise>>,
    /// Items that its stream has made.
    pub(crate) stepped: Arc<AtomicU64>,
    /// What tells that a stream was dropped: its count.
    pub(crate) streams: Arc<()>,
}

impl Deeds {
    pub(crate) fn ran(&self) -> u64 {
        self.ran.load(Ordering::Relaxed)
    }

    pub(crate) fn stepped(&self) -> u64 {
        self.stepped.load(Ordering::Relaxed)
    }

    /// Streams that are open.
    pub(crate) fn streams(&self) -> usize {
        Arc::strong_count(&self.streams) - 1
    }

    /// Settles every call that waits.
    pub(crate) fn settle_all(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        waiting.into_iter().for_each(|reply| reply.settle(Ok(Value::None)));
    }

    /// Drops what it keeps, and the calls it made.
    pub(crate) fn let_go(&self) {
        let kept = std::mem::take(&mut *self.kept.lock());
        let made = std::mem::take(&mut *self.made.lock());
        drop((kept, made));
    }
}

type Shared = Arc<Deeds>;

/// The class of the object.
static CLASS: LazyLock<Class<Shared>> = LazyLock::new(|| {
    Class::<Shared>::builder("rust:test.Deeds")
        .method("touch", |this: &Shared, _, _| Ok(Value::from(this.ran.fetch_add(1, Ordering::Relaxed) + 1)))
        .method("echo", |this: &Shared, args: Arguments, _| {
            this.ran.fetch_add(1, Ordering::Relaxed);
            Ok(args.positional.into_iter().next().unwrap_or_default())
        })
        .method("keep", |this: &Shared, args: Arguments, _| {
            this.ran.fetch_add(1, Ordering::Relaxed);
            this.kept.lock().extend(args.positional);
            Ok(Value::None)
        })
        .later("wait", |this: &Arc<Shared>, _, context| {
            this.ran.fetch_add(1, Ordering::Relaxed);
            this.waiting.lock().push(context.reply());
        })
        .method("make", |_: &Shared, _, _| Ok(Value::from(thing().0)))
        .method("text", |_: &Shared, mut args: Arguments, _| {
            let len: u32 = args.take(0, "len")?;
            Ok(Value::text("x".repeat(len as usize)))
        })
        .method("fail", |_: &Shared, _, _| Err(Error::raise("test:failure", "as asked")))
        .method("call", |this: &Shared, mut args: Arguments, _| {
            let target: Proxy = args.take(0, "target")?;
            let made = target.request(wherever::Operation::Call).promise()?;
            this.made.lock().push(made);
            Ok(Value::None)
        })
        .method("delegate", |_: &Shared, mut args: Arguments, _| {
            let target: Proxy = args.take(0, "target")?;
            Ok(target.request(wherever::Operation::Call).promise()?.into())
        })
        .attribute("next", |_: &Shared| Ok(Value::from(thing().0)))
        .operation(wherever::Operation::Iterate, |this: &Shared, _, _| {
            let (stepped, open) = (this.stepped.clone(), this.streams.clone());
            let items = (0_u64..).map(move |number| {
                let _open = &open;
                stepped.fetch_add(1, Ordering::Relaxed);
                Value::from(number)
            });
            wherever::Outcome::Stream(stream(items))
        })
        .build()
});

/// A new object, and what it has done.
pub(crate) fn thing() -> (Own, Shared) {
    let deeds = Shared::default();
    (CLASS.instance(deeds.clone()), deeds)
}

/// An attack on a node with these limits that exports such an object as `thing`; it has number 1.
pub(crate) fn attack(limits: &Limits) -> (Hostile, Shared) {
    let mut hostile = Hostile::on(limits);
    let (own, deeds) = thing();
    hostile.node.export("thing", own);
    assert_eq!(hostile.obtain(1, "thing"), 1);
    (hostile, deeds)
}

/// The default limits, changed.
pub(crate) fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}
