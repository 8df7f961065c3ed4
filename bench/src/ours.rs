//! Our side of the comparison: the session, by the public API alone, and what the server exports.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use wherever::context::CallContext;
use wherever::hosts::{Class, stream};
use wherever::{Arguments, Error, Node, Own, Peer, Proxy, Transport, Value};
use wherever_transports::Socket;

use crate::figures::Failure;

/// A session over a connected socket: the one place that chooses driver and carrier.
pub(crate) fn connect(node: &Node, socket: UnixStream) -> io::Result<Peer> {
    Ok(wherever::connect(node, Socket::unix(socket)?))
}

/// Answers each frame with one of the length that the first of them says, by our carrier and nothing above it.
pub(crate) fn echo_frames(socket: UnixStream) -> Result<(), Failure> {
    let carrier = Socket::unix(socket)?;
    let mut frame = Vec::new();
    carrier.recv(&mut frame)?;
    let reply = vec![0; frame.len()];
    loop {
        match carrier.recv(&mut frame) {
            Ok(()) => carrier.send(&reply)?,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// What is behind the name `subject`.
struct Subject;

/// What references are made to.
struct Leaf;

/// What is called through a trait and by hand.
#[wherever::interface("rust:bench.Adder")]
pub(crate) trait Adder {
    /// The sum of two numbers.
    fn add(&self, one: i64, other: i64) -> Result<i64, Error>;
}

/// By the attribute.
struct Written;

#[wherever::export(name = "rust:bench.Written")]
impl Adder for Written {
    fn add(&self, one: i64, other: i64) -> Result<i64, Error> {
        Ok(one + other)
    }
}

/// The same, described by hand.
fn by_hand() -> Own {
    let add = |_: &(), mut arguments: Arguments, _: &CallContext| {
        let (one, other): (i64, i64) = (arguments.take(0, "one")?, arguments.take(1, "other")?);
        arguments.finish(2)?;
        Ok((one + other).into())
    };
    Class::<()>::builder("rust:bench.ByHand").method("add", add).build().instance(())
}

/// Serves one session until it is over.
pub(crate) fn serve(socket: UnixStream) -> Result<(), Failure> {
    let peer = connect(&node(), socket)?;
    Ok(peer.serve()?)
}

/// A node that exports all that the rows ask for.
pub(crate) fn node() -> Node {
    let leaf =
        Class::<Leaf>::builder("rust:bench.Leaf").method("null", |_: &Leaf, _: Arguments, _| Ok(Value::None)).build();
    let leaves = leaf.clone();
    let class = Class::<Subject>::builder("rust:bench.Subject")
        .method("null", |_: &Subject, _: Arguments, _| Ok(Value::None))
        .method("make", move |_: &Subject, _: Arguments, _| Ok(leaf.instance(Leaf).into()))
        .method("make_many", move |_: &Subject, mut arguments: Arguments, _| {
            let count: u64 = arguments.take(0, "count")?;
            Ok(Value::tuple((0..count).map(|_| leaves.instance(Leaf).into())))
        })
        .method("call", |_: &Subject, mut arguments: Arguments, _| arguments.take::<Proxy>(0, "function")?.invoke(()))
        .method("echo", |_: &Subject, mut arguments: Arguments, _| arguments.take(0, "value"))
        .stream("count", |_: &Subject, mut arguments: Arguments, _| {
            let count: i64 = arguments.take(0, "count")?;
            Ok(stream((0..count).map(Value::Int)))
        });
    // Each gives one more of its kind, for chains.
    let next: Arc<std::sync::OnceLock<Class<Subject>>> = Arc::default();
    let again = next.clone();
    let class = class
        .method("next", move |_: &Subject, _: Arguments, _| {
            again.get().map(|class| class.instance(Subject).into()).ok_or(Error::Stopped)
        })
        .build();
    let subject = class.instance(Subject);
    // The class is set before anybody can ask.
    let _ = next.set(class);
    let node = Node::new();
    node.export("subject", subject);
    node.export("written", Written);
    node.export("by_hand", by_hand());
    node
}
