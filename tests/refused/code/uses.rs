//! What does not fit where the code is used.
#![allow(dead_code, unused)]
use wherever::typed::{Exported, Items, TypedProxy};
use wherever::{Error, Node};

struct Opaque;

#[wherever::interface]
trait Root {
    fn root(&self) -> Result<i64, Error>;
}

#[wherever::interface]
trait Left: Root {}

#[wherever::interface]
trait Right: Root {}

#[wherever::interface]
trait Both: Left + Right {}

fn uses(node: &Node, proxy: BothProxy) {
    node.export("opaque", Opaque);
    let _ = Opaque::class();
    let _ = proxy.root();
    let _ = wherever::hosts::Function::typed("f", |_: Opaque| 1);
    let _ = wherever::Value::None.to::<Opaque>();
    let _ = Items::new([Opaque]);
    let _ = wherever::Proxy::call(proxy.proxy(), "name", Opaque);
    let _ = wherever::Node::builder().value_type::<Opaque>();
}

fn main() {}
