//! Sets: values that are in or not, shared and changeable.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use crate::context::CallContext;
use crate::error::Error;
use crate::host::{Host, Identity, Operation, Outcome, Own, Request};
use crate::hosts::arguments::{exact, items_of, may_grow};
use crate::hosts::container::{self, Container, LEN_MAX, method};
use crate::hosts::key::{Key, Table};
use crate::hosts::release::release;
use crate::shape::{Category, Shape};
use crate::value::{Ref, Value};

/// A set of values, shared: a clone is the same set. Peers use it by reference.
///
/// What can be in it, and what is equal, is as for the keys of a [`crate::hosts::Dict`]. It keeps the order in which
/// values came.
#[derive(Clone, Default)]
pub struct Set(Arc<Storage>);

#[derive(Default)]
struct Storage(Mutex<Table<()>>);

impl Drop for Storage {
    fn drop(&mut self) {
        release(std::mem::take(self.0.get_mut()));
    }
}

/// Values with their keys, ready to be put in without running anyone's code.
type Keyed = Vec<(Key, Value)>;

/// One shape for the process: it is constant, as the code that does what it says.
static SHAPE: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    let doc = "Values that are in or not, shared and changeable.";
    let members = [
        method("add", "(value)", "Puts a value in."),
        method("discard", "(value)", "Takes a value out, if it is in."),
        method("remove", "(value)", "Takes a value out, which must be in."),
        method("pop", "()", "Takes out one of the values."),
        method("clear", "()", "Takes out all values."),
        method("update", "(values)", "Puts in all these values."),
        method("union", "(values)", "A new set of the values here and these.").reads(),
        method("intersection", "(values)", "A new set of those here that are among these.").reads(),
        method("difference", "(values)", "A new set of those here that are not among these.").reads(),
        method("symmetric_difference", "(values)", "A new set of those in one alone.").reads(),
        method("issubset", "(values)", "Whether all values here are among these.").reads(),
        method("issuperset", "(values)", "Whether all these values are here.").reads(),
        method("isdisjoint", "(values)", "Whether none of these values is here.").reads(),
    ];
    let shape = container::shape("wherever:set", Category::Set, doc, &[Operation::Binary]);
    Arc::new(members.into_iter().fold(shape, Shape::member))
});

impl Set {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// A set of these values. Fails if one of them cannot be in a set.
    pub fn try_from_values(values: impl IntoIterator<Item = Value>) -> Result<Self, Error> {
        let set = Self::new();
        for value in values {
            set.insert(value)?;
        }
        Ok(set)
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        self.0.0.lock().len()
    }

    /// Whether it has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value is in; never so for what cannot be in a set.
    pub fn contains(&self, value: &Value) -> bool {
        Key::of(value).is_ok_and(|key| self.0.0.lock().contains(&key))
    }

    /// Puts a value in; whether it was not in before. Fails if it cannot be in a set.
    pub fn insert(&self, value: Value) -> Result<bool, Error> {
        let key = Key::of(&value)?;
        let old = self.0.0.lock().insert(key, value, ());
        Ok(old.is_none())
    }

    /// Takes a value out; whether it was in.
    pub fn remove(&self, value: &Value) -> bool {
        Key::of(value).is_ok_and(|key| self.take(&key))
    }

    /// Takes out the value that came last.
    pub fn pop(&self) -> Option<Value> {
        let old = self.0.0.lock().pop();
        old.map(|(value, ())| value)
    }

    /// Takes out all values.
    pub fn clear(&self) {
        let old = std::mem::take(&mut *self.0.0.lock());
        drop(old);
    }

    /// The values as they are now.
    pub fn snapshot(&self) -> Vec<Value> {
        let table = self.0.0.lock();
        table.iter().map(|(_, value, ())| value.clone()).collect()
    }

    /// A reference to this set, as a value holds it.
    pub fn to_own(&self) -> Own {
        Own::new(self.clone())
    }

    /// The set that a reference leads to, if it is one.
    pub fn from_own(own: &Own) -> Option<Self> {
        own.downcast::<Self>().cloned()
    }

    fn take(&self, key: &Key) -> bool {
        let old = self.0.0.lock().remove(key);
        old.is_some()
    }

    fn keyed(&self) -> Keyed {
        let table = self.0.0.lock();
        table.iter().map(|(key, value, ())| (key.clone(), value.clone())).collect()
    }

    /// Takes these out and puts those in, as one change.
    fn change(&self, out: &[Key], into: Keyed) -> Result<(), Error> {
        // What gives way is dropped after the lock, and so is what finds no room.
        let mut spare = Vec::new();
        let mut into = into.into_iter();
        let mut table = self.0.0.lock();
        spare.extend(out.iter().filter_map(|key| table.remove(key)));
        for (key, value) in into.by_ref() {
            if !table.contains(&key)
                && let Err(full) = may_grow(table.len() + 1, LEN_MAX)
            {
                drop(table);
                drop(value);
                return Err(full);
            }
            spare.extend(table.insert(key, value, ()));
        }
        drop(table);
        Ok(())
    }

    /// A new set, as this operator makes it of these two; `None` if there is no such operator.
    fn combined(left: Keyed, operator: &str, right: Keyed) -> Result<Option<Self>, Error> {
        let (left_keys, right_keys) = (table(&left), table(&right));
        let (in_left, in_right) =
            (|(key, _): &(Key, Value)| left_keys.contains(key), |(key, _): &(Key, Value)| right_keys.contains(key));
        let kept: Keyed = match operator {
            "or" => left.into_iter().chain(right).collect(),
            "and" => left.into_iter().filter(in_right).collect(),
            "sub" => left.into_iter().filter(|item| !in_right(item)).collect(),
            "xor" => {
                let only_right = right.into_iter().filter(|item| !in_left(item));
                left.into_iter().filter(|item| !in_right(item)).chain(only_right).collect()
            }
            _ => return Ok(None),
        };
        let set = Self::new();
        set.change(&[], kept)?;
        Ok(Some(set))
    }

    /// Changes this set as an operator in place does; whether there is such an operator.
    fn combine(&self, operator: &str, others: Keyed) -> Result<bool, Error> {
        let other_keys = table(&others);
        let own = self.keyed();
        let unlike = |in_other: bool| -> Vec<Key> {
            let keys = own.iter().map(|(key, _)| key.clone());
            keys.filter(|key| other_keys.contains(key) == in_other).collect()
        };
        let (out, into) = match operator {
            "or" => (Vec::new(), others),
            "and" => (unlike(false), Vec::new()),
            "sub" => (unlike(true), Vec::new()),
            "xor" => {
                let own_keys = table(&own);
                let new = others.iter().filter(|(key, _)| !own_keys.contains(key));
                (unlike(true), new.cloned().collect())
            }
            _ => return Ok(false),
        };
        self.change(&out, into)?;
        Ok(true)
    }

    fn binary(&self, request: Request) -> Result<Value, Error> {
        let unsupported = || Error::not_supported(&SHAPE, Operation::Binary);
        let member = request.member_name().trim_end_matches('_').to_owned();
        let [operand] = exact(request.arguments, &member)?;
        let is_set = match &operand {
            Value::Set(_) | Value::FrozenSet(_) => true,
            Value::Ref(Ref::Own(own)) => own.shape().category() == Category::Set,
            _ => false,
        };
        if !is_set {
            return Err(unsupported());
        }
        let others = keyed(&operand)?;
        if let Some(operator) = member.strip_prefix('i') {
            return match self.combine(operator, others)? {
                true => Ok(self.clone().into()),
                false => Err(unsupported()),
            };
        }
        let set = match member.strip_prefix('r') {
            Some(operator) => Self::combined(others, operator, self.keyed())?,
            None => Self::combined(self.keyed(), &member, others)?,
        };
        set.map(Value::from).ok_or_else(unsupported)
    }
}

fn keyed(values: &Value) -> Result<Keyed, Error> {
    let values = items_of(values)?.into_iter();
    values.map(|value| Ok((Key::of(&value)?, value))).collect()
}

fn table(keyed: &Keyed) -> std::collections::HashSet<Key> {
    keyed.iter().map(|(key, _)| key.clone()).collect()
}

impl Container for Set {
    fn container_shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn length(&self) -> usize {
        self.len()
    }

    fn contents(&self) -> Value {
        Value::Set(self.snapshot().into_iter().collect())
    }

    fn steps(&self) -> Vec<Value> {
        self.snapshot()
    }

    fn call(&self, name: &str, request: Request) -> Result<Value, Error> {
        let arguments = request.arguments;
        if let "pop" | "clear" = name {
            let [] = exact(arguments, name)?;
            if name == "clear" {
                self.clear();
                return Ok(Value::None);
            }
            let empty = || Error::raise("wherever:key_error", "the set is empty");
            return self.pop().ok_or_else(empty);
        }
        let [argument] = exact(arguments, name)?;
        let operator = match name {
            "add" => {
                self.change(&[], vec![(Key::of(&argument)?, argument)])?;
                return Ok(Value::None);
            }
            "discard" => {
                self.take(&Key::of(&argument)?);
                return Ok(Value::None);
            }
            "remove" => {
                return match self.take(&Key::of(&argument)?) {
                    true => Ok(Value::None),
                    false => Err(Error::raise("wherever:key_error", "the value is not in the set")),
                };
            }
            "update" => {
                self.change(&[], keyed(&argument)?)?;
                return Ok(Value::None);
            }
            "union" => "or",
            "intersection" => "and",
            "difference" => "sub",
            "symmetric_difference" => "xor",
            _ => {
                let (own, others) = (table(&self.keyed()), table(&keyed(&argument)?));
                return match name {
                    "issubset" => Ok(Value::Bool(own.is_subset(&others))),
                    "issuperset" => Ok(Value::Bool(own.is_superset(&others))),
                    "isdisjoint" => Ok(Value::Bool(own.is_disjoint(&others))),
                    _ => Err(Error::no_member(&SHAPE, name)),
                };
            }
        };
        let set = Self::combined(self.keyed(), operator, keyed(&argument)?)?;
        Ok(set.map_or(Value::None, Value::from))
    }

    fn own_operation(&self, request: Request) -> Result<Value, Error> {
        match request.operation {
            Operation::Contains => {
                let [value] = exact(request.arguments, "asking for a value")?;
                let key = Key::of(&value)?;
                Ok(Value::Bool(self.0.0.lock().contains(&key)))
            }
            Operation::Binary => self.binary(request),
            operation => Err(Error::not_supported(&SHAPE, operation)),
        }
    }
}

impl Host for Set {
    fn shape(&self) -> Arc<Shape> {
        SHAPE.clone()
    }

    fn operate(&self, request: Request, _: &CallContext) -> Outcome {
        container::operate(self, request)
    }

    fn whole(&self) -> Result<Value, Error> {
        Ok(self.contents())
    }

    fn identity(&self) -> Identity {
        Identity::of(&*self.0)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl From<Set> for Value {
    fn from(set: Set) -> Self {
        Value::Ref(Ref::Own(set.to_own()))
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Set({} values)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::testing::{ask, binary, call, error_name, own};
    use crate::value::Items;

    fn ints(numbers: &[i64]) -> Set {
        Set::try_from_values(numbers.iter().map(|number| Value::Int(*number))).unwrap()
    }

    fn tuple(numbers: &[i64]) -> Value {
        Value::tuple(numbers.iter().map(|number| Value::Int(*number)))
    }

    fn sorted(value: Value) -> Vec<i64> {
        let set = Set::from_own(&own(value)).unwrap();
        let number = |value: &Value| match value {
            Value::Int(number) => *number,
            other => panic!("{other:?}"),
        };
        let mut numbers: Vec<i64> = set.snapshot().iter().map(number).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn a_value_is_in_once() {
        let set = ints(&[1, 2, 1]);
        assert_eq!(set.len(), 2);
        assert!(!set.insert(Value::Int(1)).unwrap());
        assert!(set.contains(&Value::Int(1)) && !set.contains(&Value::Float(1.0)));
        assert!(set.remove(&Value::Int(1)) && !set.remove(&Value::Int(1)));
        assert!(set.insert(crate::hosts::List::new().into()).is_err());
        assert_eq!(ask(&set, Operation::Iterate, vec![]).unwrap(), tuple(&[2]));
        assert_eq!(set.pop(), Some(Value::Int(2)));
        assert!(set.is_empty());
    }

    #[test]
    fn methods_do_what_their_names_say() {
        let set = ints(&[1, 2]);
        let one = || vec![Value::Int(1)];
        call(&set, "add", vec![Value::Int(3)]).unwrap();
        call(&set, "update", vec![tuple(&[4, 5])]).unwrap();
        call(&set, "discard", one()).unwrap();
        call(&set, "discard", one()).unwrap();
        assert_eq!(error_name(call(&set, "remove", one())), "wherever:key_error");
        assert_eq!(ask(&set, Operation::Contains, one()).unwrap(), Value::Bool(false));
        assert_eq!(sorted(set.clone().into()), [2, 3, 4, 5]);
        let other = || vec![tuple(&[2, 9])];
        assert_eq!(sorted(call(&set, "union", other()).unwrap()), [2, 3, 4, 5, 9]);
        assert_eq!(sorted(call(&set, "intersection", other()).unwrap()), [2]);
        assert_eq!(sorted(call(&set, "difference", other()).unwrap()), [3, 4, 5]);
        assert_eq!(sorted(call(&set, "symmetric_difference", other()).unwrap()), [3, 4, 5, 9]);
        assert_eq!(call(&set, "issuperset", vec![tuple(&[2, 3])]).unwrap(), Value::Bool(true));
        assert_eq!(call(&set, "issubset", vec![tuple(&[2, 3])]).unwrap(), Value::Bool(false));
        assert_eq!(call(&set, "isdisjoint", vec![tuple(&[7])]).unwrap(), Value::Bool(true));
        assert_eq!(call(&set, "pop", vec![]).unwrap(), Value::Int(5));
        call(&set, "clear", vec![]).unwrap();
        assert_eq!(error_name(call(&set, "pop", vec![])), "wherever:key_error");
        assert!(matches!(call(&set, "map", one()), Err(Error::NoMember { .. })));
    }

    #[test]
    fn operators_make_new_sets_and_change_in_place() {
        let operand = || Value::Set(Items::new([Value::Int(2), Value::Int(3)]));
        for (operator, made) in [
            ("or_", vec![1, 2, 3]),
            ("ror", vec![1, 2, 3]),
            ("and", vec![2]),
            ("rand", vec![2]),
            ("sub", vec![1]),
            ("rsub", vec![3]),
            ("xor", vec![1, 3]),
            ("rxor", vec![1, 3]),
        ] {
            let set = ints(&[1, 2]);
            assert_eq!(sorted(binary(&set, operator, operand()).unwrap()), made, "{operator}");
            assert_eq!(sorted(set.into()), [1, 2], "{operator}");
        }
        for (operator, left) in [("ior", vec![1, 2, 3]), ("iand", vec![2]), ("isub", vec![1]), ("ixor", vec![1, 3])] {
            let set = ints(&[1, 2]);
            let same = binary(&set, operator, operand()).unwrap();
            assert!(own(same).same(&set.to_own()));
            assert_eq!(sorted(set.into()), left, "{operator}");
        }
        let set = ints(&[1]);
        assert!(sorted(binary(&set, "ixor", set.clone().into()).unwrap()).is_empty());
        for (operator, operand) in [("or", tuple(&[1])), ("add", operand()), ("iadd", operand())] {
            assert!(matches!(binary(&set, operator, operand), Err(Error::NotSupported { .. })));
        }
    }
}
