//! Data as arguments and results of calls between two nodes.

use std::collections::BTreeMap;

use super::*;
use crate::Node;
use crate::convert::Serde;
use crate::host::Own;
use crate::hosts::Function;
use crate::transport::memory_pair;

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum Shape {
    Point,
    Circle { radius: f64 },
    Line((i8, i8), (i8, i8)),
    Group(BTreeMap<u8, Shape>),
}

#[test]
fn data_crosses_and_is_refused_over_there_with_its_place() {
    let server = Node::new();
    let group = Function::new("group", |mut arguments, _| {
        let shapes: Serde<Vec<Shape>> = arguments.take(0, "shapes")?;
        Serde(Shape::Group((1..).zip(shapes.into_inner()).collect())).try_into()
    });
    server.export("group", Own::new(group));
    let (near, far) = memory_pair();
    let other = crate::connect(&server, far);
    let peer = crate::connect(&Node::new(), near);
    let group = peer.get("group").unwrap();

    let shapes = vec![Shape::Point, Shape::Circle { radius: 0.5 }, Shape::Line((1, -1), (2, -2))];
    let made: Serde<Shape> = group.invoke((serialize(&shapes).unwrap(),)).unwrap().to().unwrap();
    assert_eq!(*made, Shape::Group((1..).zip(shapes).collect()));

    let odd = list(["Point".into(), dict([("Circle", dict([("radius", "wide".into())]))])]);
    let error = group.invoke((odd,)).unwrap_err().to_string();
    assert!(error.contains("shapes.[1].Circle.radius: wanted f64, found text"), "{error}");

    peer.close("done");
    other.serve().unwrap();
}

/// A list that holds two more like it, as long as anybody asks.
struct Endless;

impl crate::Host for Endless {
    fn shape(&self) -> std::sync::Arc<crate::shape::Shape> {
        static SHAPE: std::sync::LazyLock<std::sync::Arc<crate::shape::Shape>> = std::sync::LazyLock::new(|| {
            let shape = crate::shape::Shape::new("rust:test.Endless", crate::shape::Category::List);
            std::sync::Arc::new(shape.operations(&[crate::Operation::Whole]))
        });
        SHAPE.clone()
    }

    fn operate(&self, request: crate::Request, _: &crate::context::CallContext) -> crate::Outcome {
        crate::Outcome::Error(Error::not_supported(&self.shape(), request.operation))
    }

    fn whole(&self) -> Result<Value, Error> {
        Ok(list([Own::new(Endless).into(), Own::new(Endless).into()]))
    }
}

#[test]
fn remote_containers_are_copied_whole_and_not_without_end() {
    #[derive(Deserialize, Debug)]
    #[serde(transparent)]
    struct Lists {
        #[expect(dead_code, reason = "nobody gets that far")]
        lists: Vec<Lists>,
    }

    let server = Node::new();
    let inner = crate::hosts::List::from(vec![Value::Int(2)]);
    let outer = crate::hosts::List::from(vec![Value::from(inner), Value::from(crate::hosts::List::new())]);
    server.export("list", outer.to_own());
    server.export("endless", Own::new(Endless));
    let (near, far) = memory_pair();
    let other = crate::connect(&server, far);
    let peer = crate::connect(&Node::new(), near);
    let data: Serde<Vec<Vec<u8>>> = Value::from(peer.get("list").unwrap()).to().unwrap();
    assert_eq!(*data, [vec![2], vec![]]);
    let error = deserialize::<Lists>(peer.get("endless").unwrap().into()).unwrap_err().to_string();
    assert!(error.contains("levels of containers") || error.contains("remote containers"), "{error}");
    peer.close("done");
    other.serve().unwrap();
}
