//! What a type of Rust wants whole is copied by tasks without holding up their thread.

use std::sync::Arc;

use wherever::error::Raised;
use wherever::hosts::{Class, List};
use wherever::typed::{TypedProxy, ValueType as _};
use wherever::{DeclaredError, Error, Node, Peer, Proxy, Value, ValueType};
use wherever_transports::tokio::connect;

#[derive(ValueType, Debug, PartialEq, Clone)]
struct Point {
    x: i64,
    y: i64,
}

/// Takes and gives what is copied.
#[wherever::interface]
trait Whole {
    async fn pair(&self, pair: (Vec<i64>, Option<i64>)) -> Result<i64, Error>;
    async fn points(&self, first: Point, more: Vec<Point>) -> Result<(Point, i64), Error>;
    async fn kept(&self, proxy: Proxy, point: Point) -> Result<i64, Error>;
}

struct Taking;

#[wherever::export]
impl Whole for Taking {
    async fn pair(&self, (numbers, one): (Vec<i64>, Option<i64>)) -> Result<i64, Error> {
        Ok(numbers.iter().sum::<i64>() + one.unwrap_or_default())
    }

    async fn points(&self, first: Point, more: Vec<Point>) -> Result<(Point, i64), Error> {
        let x = more.iter().map(|point| point.x).sum();
        Ok((first, x))
    }

    async fn kept(&self, proxy: Proxy, point: Point) -> Result<i64, Error> {
        Ok(point.x + i64::from(proxy.is_own()))
    }
}

fn joined() -> (Peer, Peer) {
    // Neither knows the value type: its values go by reference.
    let (one, other) = (Node::new(), Node::new());
    other.export("taking", Arc::new(Taking));
    let (near, far) = tokio::io::duplex(4096);
    (connect(&one, near), connect(&other, far))
}

#[tokio::test]
async fn containers_in_a_tuple_are_copied_by_a_task() {
    let (peer, far) = joined();
    let taking = peer.get_later("taking").await.unwrap();
    let list = List::from_iter([1, 2, 3].map(Value::Int));
    let sum = taking.method("pair").args((Value::tuple([list.into(), Value::Int(4)]),)).await.unwrap();
    assert_eq!(sum, Value::Int(10));
    drop(far);
}

#[tokio::test]
async fn a_value_of_a_type_that_is_not_registered_is_read_by_a_task() {
    let (peer, far) = joined();
    let taking = WholeProxy::of(peer.get_later("taking").await.unwrap());
    let point = |x| Point { x, y: 0 };
    assert_eq!(taking.points(point(1), vec![point(2), point(3)]).await.unwrap(), (point(1), 5));
    let proxy: Proxy = List::from_iter([]).to_own().into();
    assert_eq!(taking.kept(proxy, point(7)).await.unwrap(), 7);
    drop(far);
}

#[derive(DeclaredError, Debug)]
enum Failure {
    Many(Vec<i64>),
    #[wherever(remote)]
    Remote(Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Many(many) => write!(f, "{} of them", many.len()),
            Self::Remote(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Failure {}

#[derive(ValueType, Debug)]
struct Line {
    places: Vec<i64>,
}

/// Gives what has a container in it, where copies were declared.
#[wherever::interface]
trait Sly {
    async fn fail(&self) -> Result<(), Failure>;
    async fn line(&self) -> Result<Line, Failure>;
}

#[tokio::test]
async fn a_peer_cannot_have_a_task_wait_within_a_conversion() {
    let list = || Value::from(List::from_iter([1, 2, 3].map(Value::Int)));
    let sly = Class::<()>::builder("t:sly")
        .method("fail", move |_, _, _| {
            let mut raised = Raised::new(Failure::NAME, "it failed");
            raised.arguments = vec![Value::tuple([Value::text("Many"), list()])];
            Err(Error::Raised(Arc::new(raised)))
        })
        .method("line", move |_, _, _| Ok(Value::tuple([list()])))
        .build();
    let (one, other) = (Node::new(), Node::new());
    other.export("sly", sly.instance(()));
    let (near, far) = tokio::io::duplex(4096);
    let (peer, far) = (connect(&one, near), connect(&other, far));
    let sly = SlyProxy::of(peer.get_later("sly").await.unwrap());
    let failed = sly.fail().await.unwrap_err();
    assert!(matches!(failed, Failure::Remote(Error::Raised(_))), "{failed:?}");
    // What a value is made of is copied before, without waiting on the thread.
    assert_eq!(sly.line().await.unwrap().places, [1, 2, 3]);
    drop(far);
}
