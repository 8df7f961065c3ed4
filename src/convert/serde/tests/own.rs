//! Containers of this side are read, remote ones are to be fetched.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::*;
use crate::context::CallContext;
use crate::host::{Host, Outcome, Own, Request};
use crate::shape::{Category, Shape};
use crate::table::{Handle, Id, Origin};

/// An own container whose contents, or failure, a test sets.
struct Container(Category, Mutex<Result<Value, Error>>);

impl Host for Container {
    fn shape(&self) -> Arc<Shape> {
        Arc::new(Shape::new("rust:Container", self.0))
    }

    fn operate(&self, _request: Request, _context: &CallContext) -> Outcome {
        Outcome::Value(Value::None)
    }

    fn whole(&self) -> Result<Value, Error> {
        self.1.lock().clone()
    }
}

fn own(category: Category, contents: Result<Value, Error>) -> Value {
    Own::new(Container(category, Mutex::new(contents))).into()
}

struct Nowhere;

impl Origin for Nowhere {
    fn let_go(&self, _id: Id) {}

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn session_number(&self) -> u64 {
        7
    }
}

/// Lists within lists, and a number at the end.
#[derive(Deserialize, Serialize, Debug, PartialEq)]
#[serde(untagged)]
enum Tree {
    Leaf(i64),
    Node(Vec<Tree>),
}

#[derive(Deserialize, Debug, PartialEq)]
struct Nested(Vec<Nested>);

#[test]
fn own_containers_are_read_wherever_they_stand() {
    let numbers = || own(Category::List, Ok(list([1.into(), 2.into()])));
    assert_eq!(made::<Vec<u8>>(numbers()), [1, 2]);
    assert_eq!(made::<(u8, u8)>(numbers()), (1, 2));
    assert_eq!(made::<Option<Vec<u8>>>(numbers()), Some(vec![1, 2]));
    let map = own(Category::Dict, Ok(dict([("a", numbers()), ("b", numbers())])));
    assert_eq!(made::<BTreeMap<String, Vec<i64>>>(map.clone())["b"], [1, 2]);
    #[derive(Deserialize)]
    struct Fields {
        a: Vec<u8>,
    }
    assert_eq!(made::<Fields>(map).a, [1, 2]);
    let variant = own(Category::Dict, Ok(dict([("Ok", numbers())])));
    assert_eq!(made::<Result<Vec<u8>, ()>>(variant), Ok(vec![1, 2]));
    let bytes = own(Category::ByteArray, Ok(Value::ByteArray([1, 2][..].into())));
    assert_eq!(made::<(Buffer, Vec<u8>)>((bytes.clone(), bytes)), (Buffer(vec![1, 2]), vec![1, 2]));
    let tree = own(Category::List, Ok(list([1.into(), numbers()])));
    assert_eq!(made::<Tree>(tree), Tree::Node(vec![Tree::Leaf(1), Tree::Node(vec![Tree::Leaf(1), Tree::Leaf(2)])]));
}

#[test]
fn objects_that_are_no_containers_are_refused() {
    let instance = own(Category::Instance, Ok(Value::None));
    assert_eq!(message::<u8>(instance.clone()), "wanted u8, found own object rust:Container");
    assert_eq!(message::<Vec<u8>>((instance,)), "[0]: wanted u8, found own object rust:Container");
    let list = own(Category::List, Ok(list([])));
    assert_eq!(message::<Vec<u8>>((list.clone(),)), "[0]: wanted u8, found sequence");
    let odd = own(Category::List, Ok(list));
    assert_eq!(message::<u8>(odd), "wanted u8, found sequence");
    let shape = Arc::new(RwLock::new(Arc::new(Shape::new("py:list", Category::List))));
    let promise = Handle::new(Id::ours(1), Arc::new(Nowhere), shape, None);
    assert!(message::<(u8, Buffer)>((1, Value::from(&promise))).contains("wait"));
    let shape = Arc::new(RwLock::new(Arc::new(Shape::new("py:Motor", Category::Instance))));
    let remote = Handle::new(Id::theirs(2), Arc::new(Nowhere), shape, None);
    assert_eq!(message::<Tree>(remote), "wanted any value, found remote object py:Motor");
}

#[test]
fn the_error_of_a_container_arrives_as_it_is() {
    let busy = own(Category::List, Err(Error::Busy("in use".into())));
    assert!(matches!(deserialize::<Vec<Vec<u8>>>((busy,).into()), Err(Error::Busy(_))));
}

#[test]
fn an_own_list_that_holds_itself_is_refused() {
    let host = Arc::new(Container(Category::List, Mutex::new(Ok(Value::None))));
    let itself = Value::from(Own::from_arc(host.clone()));
    *host.1.lock() = Ok(list([itself.clone(), itself.clone()]));
    let end = "wanted at most 64 levels of containers, found more";
    assert!(message::<Nested>(itself.clone()).ends_with(end));
    assert!(message::<Tree>(itself).ends_with(end));
    *host.1.lock() = Ok(Value::None);
}

#[test]
fn a_few_own_lists_do_not_unfold_into_a_giant_tree() {
    let mut level = own(Category::List, Ok(list([])));
    for _ in 0..60 {
        level = own(Category::List, Ok(list([level.clone(), level])));
    }
    let text = message::<Nested>(level);
    assert!(text.ends_with("wanted at most 1048576 values in containers that stand in several places, found more"));
}
