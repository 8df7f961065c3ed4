//! The other process: it exports one object, and serves it until the session is over.

use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;

use wherever::context::Reply;
use wherever::hosts::{Class, stream};
use wherever::{Arguments, Node, Own, Proxy, Value};

use crate::carrier::Pipes;

/// The object that is used from here.
struct Workshop {
    door: Barrier,
    /// The call that is never answered.
    kept: OnceLock<Reply>,
}

pub(crate) fn run(folder: &Path) -> Result<(), Box<dyn Error>> {
    let carrier = Pipes::open(&folder.join("there"), &folder.join("back"), false)?;
    let node = Node::new();
    node.export("workshop", workshop());
    wherever::connect(&node, carrier).serve()?;
    Ok(())
}

fn workshop() -> Own {
    let class = Class::<Workshop>::builder("rust:custom_transport.Workshop")
        .method("add", |_, mut arguments: Arguments, _| {
            let (a, b): (i64, i64) = (arguments.take(0, "a")?, arguments.take(1, "b")?);
            Ok(Value::Int(a + b))
        })
        .method("apply", |_, mut arguments: Arguments, _| {
            let function: Proxy = arguments.take(0, "function")?;
            function.invoke((arguments.take::<Value>(1, "value")?,))
        })
        .stream("count", |_, mut arguments: Arguments, _| {
            let count: i64 = arguments.take(0, "count")?;
            Ok(stream((0..count).map(Value::Int)))
        })
        .method("echo", |_, mut arguments: Arguments, _| arguments.take(0, "value"))
        // Comes back when two calls are in it at once.
        .method("meet", |this: &Workshop, _, _| {
            this.door.wait();
            Ok(Value::None)
        })
        // Comes back at once, and calls a little later, when nobody over there expects it.
        .method("ring", |_, mut arguments: Arguments, _| {
            let bell: Proxy = arguments.take(0, "bell")?;
            thread::spawn(move || bell.invoke(()));
            Ok(Value::None)
        })
        // Says that it is there, by a callback, and is never answered.
        .later("never", |this: &Arc<Workshop>, mut arguments: Arguments, context| {
            let reply = context.reply();
            match arguments.take::<Proxy>(0, "there").and_then(|there| there.invoke(())) {
                Ok(_) => _ = this.kept.set(reply),
                Err(error) => reply.settle(Err(error)),
            }
        })
        .build();
    class.instance(Workshop { door: Barrier::new(2), kept: OnceLock::new() })
}
