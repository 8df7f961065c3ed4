//! Values and Rust's types, both ways.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::sync::Arc;

use parking_lot::RwLock;

use super::*;
use crate::context::CallContext;
use crate::host::{Arguments, Host, Outcome, Own, Request};
use crate::shape::{Category, Shape};
use crate::table::{Handle, Id, Origin};
use crate::value::BigInt;

fn comes_back<T: Into<Value> + FromValue + PartialEq + Debug + Clone>(value: T) {
    let back = value.clone().into().to::<T>();
    assert_eq!(back.expect("it converts"), value);
}

fn message<T: FromValue + Debug>(value: impl Into<Value>) -> String {
    value.into().to::<T>().expect_err("refused").to_string()
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().collect())
}

fn dict(entries: impl IntoIterator<Item = (Value, Value)>) -> Value {
    Value::Dict(entries.into_iter().collect())
}

#[test]
fn rusts_types_come_back() {
    comes_back(());
    comes_back(true);
    comes_back((i8::MIN, i16::MIN, i32::MIN, i64::MIN, isize::MIN));
    comes_back((u8::MAX, u16::MAX, u32::MAX, u64::MAX, usize::MAX));
    comes_back((i128::MIN, i128::MAX, u128::MAX, u128::from(u64::MAX), 0_u128));
    comes_back(BigInt::new(true, &[1; 40]));
    comes_back(BigInt::new(true, &[1]));
    comes_back((1.5_f32, f64::MIN_POSITIVE, 'x', "text".to_owned()));
    comes_back(Arc::<str>::from("text"));
    comes_back((Some(1_u8), None::<u8>, vec![1_u8, 2]));
    assert_eq!(Value::from(b"ab"), Value::bytes(&b"ab"[..]));
    assert_eq!(Value::from((1, "a")), Value::tuple([Value::Int(1), Value::text("a")]));
    assert_eq!(Value::from(&Value::None), Value::None);
}

#[test]
fn numbers_convert_only_without_loss() {
    assert_eq!(message::<u8>(300), "wanted u8, found int 300");
    assert_eq!(message::<u64>(-1), "wanted u64, found int -1");
    assert_eq!(message::<u128>(-1), "wanted u128, found int -1");
    assert!(message::<i64>(u64::MAX).ends_with("found int 18446744073709551615"));
    assert_eq!(message::<i64>(true), "wanted i64, found bool");
    assert_eq!(message::<bool>(1), "wanted bool, found int 1");
    assert_eq!(message::<i64>(1.0), "wanted i64, found float");
    assert_eq!(Value::from(3).to::<f64>().expect("exact"), 3.0);
    assert!(Value::from(i64::MAX).to::<f64>().is_err());
    assert!(Value::from(i64::MIN).to::<f64>().is_ok());
    assert!(Value::from(1e300).to::<f32>().is_err());
    assert!(Value::from(f64::INFINITY).to::<f32>().is_ok());
    assert!(message::<char>("ab").contains("2 characters"));
    assert!(Value::BigInt(Arc::new(BigInt::new(false, &[1; 17]))).to::<u128>().is_err());
}

#[test]
fn containers_convert_with_the_place_of_what_does_not() {
    let numbers = || [Value::Int(1), Value::Int(2)];
    assert_eq!(list(numbers()).to::<Vec<u8>>().expect("u8"), [1, 2]);
    assert_eq!(Value::tuple(numbers()).to::<Vec<i64>>().expect("i64"), [1, 2]);
    assert_eq!(list(numbers()).to::<(u8, i64)>().expect("a pair"), (1, 2));
    let set = Value::Set(numbers().into_iter().collect());
    assert_eq!(set.clone().to::<BTreeSet<u8>>().expect("a set").len(), 2);
    assert_eq!(set.to::<HashSet<u8>>().expect("a set").len(), 2);
    assert_eq!(Value::ByteArray([1, 2][..].into()).to::<Vec<u8>>().expect("bytes"), [1, 2]);
    let map = || dict([(Value::text("a"), Value::Int(1))]);
    assert_eq!(map().to::<BTreeMap<String, u8>>().expect("a map")["a"], 1);
    assert_eq!(map().to::<HashMap<String, u8>>().expect("a map")["a"], 1);

    let deep = dict([(Value::text("speeds"), list([Value::Int(1), Value::text("2")]))]);
    assert_eq!(message::<HashMap<String, Vec<u8>>>(deep), "[\"speeds\"].[1]: wanted u8, found text");
    assert_eq!(message::<HashMap<u8, u8>>(map()), "key \"a\": wanted u8, found text");
    assert_eq!(message::<(u8, u8)>((1, 2, 3)), "wanted tuple of 2, found 3 items");
    assert_eq!(message::<(u8, u8)>((1, "2")), "[1]: wanted u8, found text");
    assert_eq!(message::<Vec<u8>>("text"), "wanted list, tuple or set, found text");
    assert_eq!(message::<Vec<String>>(&b"ab"[..]), "wanted list, tuple or set, found bytes");
    let key = dict([(Value::text("k".repeat(1000)), Value::None)]);
    assert!(message::<HashMap<String, u8>>(key).len() < 120);
}

struct OwnList;

impl Host for OwnList {
    fn shape(&self) -> Arc<Shape> {
        Arc::new(Shape::new("rust:List", Category::List))
    }

    fn operate(&self, _request: Request, _context: &CallContext) -> Outcome {
        Outcome::Value(Value::None)
    }

    fn whole(&self) -> Result<Value, Error> {
        Ok(list([Value::Int(5)]))
    }
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

#[test]
fn an_own_list_is_read_and_references_stay_what_they_are() {
    let own = Own::new(OwnList);
    assert_eq!(Value::from(&own).to::<Vec<i64>>().expect("its items"), [5]);
    assert_eq!(Value::from(&own).to::<Vec<u8>>().expect("its items"), [5]);
    assert!(Value::from(&own).to::<Own>().expect("itself").same(&own));
    assert_eq!(message::<Handle>(own), "wanted remote object, found own object rust:List");
    let shape = Arc::new(RwLock::new(Arc::new(Shape::new("py:list", Category::List))));
    let remote = Handle::new(Id::theirs(1), Arc::new(Nowhere), shape.clone(), None);
    assert!(Value::from(&remote).to::<Handle>().expect("itself").same(&remote));
    let promise = Handle::new(Id::ours(1), Arc::new(Nowhere), shape, None);
    assert!(message::<Vec<u8>>(promise).contains("wait"));
}

#[test]
fn arguments_are_made_and_read() {
    let mut arguments = (1, "two", None::<u8>).into_arguments().unwrap().named("speed", 1.5).named("late", 1);
    assert_eq!(arguments.take::<u8>(0, "first").expect("by position"), 1);
    assert_eq!(arguments.take::<String>(1, "second").expect("by position"), "two");
    assert_eq!(arguments.optional::<u8>(2, "third").expect("none"), None);
    assert_eq!(arguments.take::<f64>(3, "speed").expect("by name"), 1.5);
    assert_eq!(arguments.optional::<u8>(4, "absent").expect("missing"), None);
    let error = |result: Result<u8, Error>| result.expect_err("refused").to_string();
    assert_eq!(error(arguments.take(4, "absent")), "absent: wanted an argument of this name, found nothing");
    assert_eq!(error(arguments.take(1, "second")), "second: wanted u8, found text");
    let refused = arguments.clone().finish(3).expect_err("refused").to_string();
    assert!(refused.starts_with("late: "), "{refused}");
    assert_eq!(arguments.take::<u8>(4, "late").expect("by name"), 1);
    assert!(arguments.clone().finish(3).is_ok());
    let refused = arguments.finish(2).expect_err("refused").to_string();
    assert_eq!(refused, "wanted at most 2 arguments by position, found 3");
    assert_eq!(().into_arguments().unwrap(), Arguments::default());
}

#[test]
fn fields_name_themselves_in_errors() {
    let value = dict([
        (Value::text("name"), Value::text("m")),
        (Value::text("speeds"), list([Value::text("fast")])),
        (Value::text("none"), Value::None),
    ]);
    let mut fields = fields(value).expect("a struct");
    assert_eq!(fields.take::<String>("name").expect("it is there"), "m");
    let error = |result: Result<Vec<u8>, Error>| result.expect_err("refused").to_string();
    assert_eq!(error(fields.take("speeds")), "speeds.[0]: wanted u8, found text");
    assert_eq!(error(fields.take("absent")), "absent: wanted a field of this name, found nothing");
    let refused = fields.clone().finish().expect_err("refused").to_string();
    assert!(refused.starts_with("none: "), "{refused}");
    assert_eq!(fields.take::<Option<u8>>("none").expect("none"), None);
    assert!(fields.finish().is_ok());
    assert!(super::fields(Value::Int(1)).is_err());
    assert!(super::fields(dict([(Value::Int(1), Value::None)])).is_err());
}

/// A type that can hold itself.
#[derive(Debug)]
struct Tree(Vec<Tree>);

impl FromValue for Tree {
    fn from_value(value: Value) -> Result<Self, Error> {
        Vec::from_value(value).map(Self)
    }
}

#[test]
fn a_list_that_holds_itself_is_not_read_without_end() {
    let shared = crate::hosts::List::new();
    shared.push(shared.to_own().into());
    let contents = crate::hosts::copy_operand(&shared.to_own().into()).expect("a copy");
    let refused = Tree::from_value(contents.clone()).expect_err("refused").to_string();
    assert_eq!(refused, "[0]: wanted list, tuple or set, found a container that holds itself");
    // Read as values it keeps its back edge.
    assert!(matches!(Vec::<Value>::from_value(contents).as_deref(), Ok([Value::Cycle(_)])));
    shared.clear();
    assert_eq!(Tree::from_value(list([list([])])).expect("a tree").0.len(), 1);
}
