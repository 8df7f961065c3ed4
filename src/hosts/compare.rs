//! Equality and order of containers, by what they hold.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use crate::error::Error;
use crate::host::Request;
use crate::hosts::arguments::exact;
use crate::hosts::copy_operand;
use crate::hosts::key::Key;
use crate::shape::Shape;
use crate::value::{BigInt, Value};

/// Compares a container of ours with the operand of the request, deeply. Another kind of value is unequal; of another
/// object nothing can be said here.
pub(super) fn compare(own: &Value, shape: &Shape, request: Request) -> Result<Value, Error> {
    let unsupported = || Error::not_supported(shape, request.operation);
    let [operand] = exact(request.arguments, "compare")?;
    let (mut left, mut right) = (copy_operand(own)?, copy_operand(&operand)?);
    if matches!(right, Value::Ref(_)) {
        return Err(unsupported());
    }
    match (&left, &right) {
        (Value::ByteArray(_), Value::Bytes(bytes)) => right = Value::ByteArray(bytes.clone()),
        (Value::Set(_), Value::FrozenSet(items)) => right = Value::Set(items.clone()),
        _ => {}
    }
    let member = request.member.as_deref().unwrap_or_default();
    let mut compared = Compared::default();
    let answer = match (member, &mut left, &mut right) {
        ("eq", left, right) => compared.equal(left, right),
        ("ne", left, right) => !compared.equal(left, right),
        (_, Value::Set(left), Value::Set(right)) => {
            let keys = Key::set_of(left).zip(Key::set_of(right));
            let (left, right) = keys.ok_or_else(unsupported)?;
            match member {
                "lt" => left.is_subset(&right) && left.len() < right.len(),
                "le" => left.is_subset(&right),
                "gt" => left.is_superset(&right) && left.len() > right.len(),
                "ge" => left.is_superset(&right),
                _ => return Err(unsupported()),
            }
        }
        (_, Value::List(_), Value::List(_)) | (_, Value::ByteArray(_), Value::ByteArray(_)) => {
            let order = compared.order(&left, &right).ok_or_else(unsupported)?;
            match member {
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                "gt" => order.is_gt(),
                "ge" => order.is_ge(),
                _ => return Err(unsupported()),
            }
        }
        _ => return Err(unsupported()),
    };
    Ok(Value::Bool(answer))
}

/// One comparison. Both sides were copied by [`copy_operand`], which bounds their depth.
#[derive(Default)]
struct Compared {
    /// Pairs of containers found equal: what is shared is compared once.
    equal: HashSet<(usize, usize)>,
}

impl Compared {
    fn equal(&mut self, left: &Value, right: &Value) -> bool {
        let pair = match (left, right) {
            (Value::List(left), Value::List(right)) | (Value::Tuple(left), Value::Tuple(right)) => {
                left.address().zip(right.address())
            }
            (Value::Dict(left), Value::Dict(right)) => left.address().zip(right.address()),
            _ => None,
        };
        if pair.is_some_and(|pair| self.equal.contains(&pair)) {
            return true;
        }
        let equal = match (left, right) {
            (Value::List(left), Value::List(right)) | (Value::Tuple(left), Value::Tuple(right)) => {
                left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| self.equal(left, right))
            }
            (Value::Dict(left), Value::Dict(right)) => left.len() == right.len() && self.equal_entries(left, right),
            (Value::Set(left), Value::Set(right)) | (Value::FrozenSet(left), Value::FrozenSet(right)) => {
                match (Key::set_of(left), Key::set_of(right)) {
                    (Some(left), Some(right)) => left == right,
                    _ => false,
                }
            }
            _ => left == right,
        };
        if let (true, Some(pair)) = (equal, pair) {
            self.equal.insert(pair);
        }
        equal
    }

    fn equal_entries(&mut self, left: &[(Value, Value)], right: &[(Value, Value)]) -> bool {
        let keyed: Option<HashMap<Key, &Value>> =
            right.iter().map(|(key, value)| Some((Key::of(key).ok()?, value))).collect();
        let Some(mut keyed) = keyed else {
            return false;
        };
        left.iter().all(|(key, value)| {
            let other = Key::of(key).ok().and_then(|key| keyed.remove(&key));
            other.is_some_and(|other| self.equal(value, other))
        })
    }

    fn order(&mut self, left: &Value, right: &Value) -> Option<Ordering> {
        match (left, right) {
            (Value::List(left), Value::List(right)) | (Value::Tuple(left), Value::Tuple(right)) => {
                for (left, right) in left.iter().zip(right.iter()) {
                    if self.equal(left, right) {
                        continue;
                    }
                    let order = self.order(left, right)?;
                    if order.is_ne() {
                        return Some(order);
                    }
                }
                Some(left.len().cmp(&right.len()))
            }
            (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
            (Value::Bytes(left), Value::Bytes(right)) | (Value::ByteArray(left), Value::ByteArray(right)) => {
                Some(left.cmp(right))
            }
            (Value::BigInt(left), Value::BigInt(right)) => Some(order_big(left, right)),
            (Value::BigInt(left), Value::Int(_) | Value::Bool(_)) => Some(sign(left)),
            (Value::Int(_) | Value::Bool(_), Value::BigInt(right)) => Some(sign(right).reverse()),
            _ => match (whole(left), whole(right)) {
                (Some(left), Some(right)) => Some(left.cmp(&right)),
                _ => float(left)?.partial_cmp(&float(right)?),
            },
        }
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Bool(value) => Some(i64::from(*value)),
        _ => None,
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        _ => whole(value).map(|number| number as f64),
    }
}

/// How an integer too long for 64 bits compares with one that is not.
fn sign(number: &BigInt) -> Ordering {
    if number.is_negative() { Ordering::Less } else { Ordering::Greater }
}

fn order_big(left: &BigInt, right: &BigInt) -> Ordering {
    let sized = |number: &BigInt| number.magnitude().len();
    let by_size = || {
        let (one, two) = (left.magnitude(), right.magnitude());
        sized(left).cmp(&sized(right)).then_with(|| one.iter().rev().cmp(two.iter().rev()))
    };
    match (left.is_negative(), right.is_negative()) {
        (false, false) => by_size(),
        (true, true) => by_size().reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Operation, Own};
    use crate::hosts::{ByteArray, Dict, Function, List, Set};
    use crate::value::{Entries, Items};

    fn ask(own: impl Into<Value>, member: &str, other: impl Into<Value>) -> Result<bool, Error> {
        let own = own.into();
        let Value::Ref(crate::value::Ref::Own(object)) = &own else {
            panic!("{own:?}");
        };
        let request = Request::member(Operation::Compare, member).with(vec![other.into()]);
        match compare(&own, &object.shape(), request)? {
            Value::Bool(answer) => Ok(answer),
            other => panic!("{other:?}"),
        }
    }

    fn ints(numbers: &[i64]) -> List {
        numbers.iter().map(|number| Value::Int(*number)).collect()
    }

    #[test]
    fn lists_compare_by_items_deeply() {
        let contents = Value::List(Items::new([Value::List(Items::new([Value::Int(1)]))]));
        let nested = List::from(vec![ints(&[1]).into()]);
        assert!(ask(nested.clone(), "eq", contents.clone()).unwrap());
        assert!(!ask(nested.clone(), "ne", contents).unwrap());
        assert!(ask(nested, "lt", List::from(vec![ints(&[1, 0]).into()])).unwrap());
        for (member, answer) in [("lt", true), ("le", true), ("gt", false), ("ge", false)] {
            assert_eq!(ask(ints(&[1, 2]), member, ints(&[1, 3])).unwrap(), answer);
            assert_eq!(ask(ints(&[1]), member, ints(&[1, 3])).unwrap(), answer);
        }
    }

    #[test]
    fn numbers_have_one_order() {
        let list = |value: Value| List::from(vec![value]);
        let big = |number: i128| list(Value::from(number));
        let rising = [
            big(-(1 << 80)),
            big(-(1 << 70)),
            big(-5),
            list(Value::Float(-4.5)),
            list(Value::Bool(true)),
            big(2),
            big(1 << 70),
            big((1 << 70) + 1),
        ];
        for pair in rising.windows(2) {
            if pair[0].get(0).is_some_and(|value| matches!(value, Value::BigInt(_)))
                && matches!(pair[1].get(0), Some(Value::Float(_)))
            {
                continue;
            }
            assert!(ask(pair[0].clone(), "lt", pair[1].clone()).unwrap(), "{pair:?}");
        }
    }

    #[test]
    fn sets_and_dicts_compare_in_any_order() {
        let set = |numbers: &[i64]| Set::try_from_values(numbers.iter().map(|number| Value::Int(*number))).unwrap();
        assert!(ask(set(&[1, 2]), "eq", set(&[2, 1])).unwrap());
        assert!(ask(set(&[1, 2]), "eq", Value::FrozenSet(Items::new([Value::Int(2), Value::Int(1)]))).unwrap());
        assert!(ask(set(&[1]), "lt", set(&[2, 1])).unwrap());
        assert!(!ask(set(&[1, 3]), "lt", set(&[2, 1])).unwrap());
        assert!(ask(set(&[1, 2]), "ge", set(&[2])).unwrap());
        let pair = |number: i64| (Value::Int(number), Value::Int(-number));
        let dict = Dict::try_from_entries([pair(1), pair(2)]).unwrap();
        assert!(ask(dict.clone(), "eq", Value::Dict(Entries::new([pair(2), pair(1)]))).unwrap());
        assert!(!ask(dict.clone(), "eq", Value::Dict(Entries::new([pair(2), pair(3)]))).unwrap());
        assert!(ask(dict.clone(), "lt", dict).is_err());
    }

    #[test]
    fn other_kinds_are_unequal_and_without_order() {
        assert!(!ask(List::new(), "eq", Value::Int(1)).unwrap());
        assert!(ask(ByteArray::from(vec![1]), "eq", Value::bytes([1])).unwrap());
        assert!(ask(ByteArray::from(vec![1]), "lt", Value::bytes([1, 0])).unwrap());
        assert!(matches!(ask(List::new(), "lt", Value::Int(1)), Err(Error::NotSupported { .. })));
        assert!(ask(List::from(vec![Value::None]), "lt", ints(&[1])).is_err());
        let function = Own::new(Function::new("f", |_, _| Ok(Value::None)));
        let other = Value::Ref(crate::value::Ref::Own(function));
        assert!(matches!(ask(List::new(), "eq", other), Err(Error::NotSupported { .. })));
    }

    #[test]
    fn lattices_compare_in_no_time() {
        let lattice = || (0..60).fold(List::new(), |inner, _| List::from(vec![inner.clone().into(), inner.into()]));
        assert!(ask(lattice(), "eq", lattice()).unwrap());
        assert!(ask(lattice(), "le", lattice()).unwrap());
    }
}
