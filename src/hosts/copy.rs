//! Deep copies of containers, for operands, and the way back: containers made of copied contents.

use std::collections::HashMap;

use crate::error::Error;
use crate::host::Identity;
use crate::hosts::contents::contents_of;
use crate::hosts::{ByteArray, Dict, List, Set};
use crate::value::{Cycle, Entries, Items, Ref, Value};

/// Levels of containers in one operand.
const OPERAND_DEPTH_MAX: usize = 64;

/// The value as an operand: containers of this side become their contents, and so on inside them, whichever runtime
/// they are of. Shared containers stay shared, a container within itself becomes a [`Value::Cycle`]; everything else
/// stays as it is.
pub fn copy_operand(value: &Value) -> Result<Value, Error> {
    let copied = Copier::default().copy(value, 0)?;
    Ok(copied.value)
}

#[derive(Default)]
struct Copier {
    met: HashMap<Place, Met>,
}

/// What tells a container from all others that were met.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Object(Identity),
    Contents(usize),
}

struct Met {
    /// Held so that the place means nothing else meanwhile.
    _original: Value,
    copied: Copied,
    open: bool,
}

#[derive(Clone)]
struct Copied {
    value: Value,
    /// Levels of containers in it: a shared copy counts wherever it stands.
    height: usize,
}

impl Copied {
    fn leaf(value: &Value) -> Self {
        Self { value: value.clone(), height: 0 }
    }
}

impl Copier {
    /// Copies a value that stands `depth` levels inside the operand.
    fn copy(&mut self, value: &Value, depth: usize) -> Result<Copied, Error> {
        match value {
            Value::Ref(Ref::Own(own)) if own.shape().category().is_container() => {
                let place = Place::Object(own.host().identity());
                if let Some(known) = self.known(place, depth)? {
                    return Ok(known);
                }
                match contents_of(own)? {
                    Some(contents) => self.container(place, value, &contents, depth),
                    None => Ok(Copied::leaf(value)),
                }
            }
            Value::Cycle(cycle) => match cycle.follow() {
                Some(container) => self.copy(&container, depth),
                None => Ok(Copied::leaf(value)),
            },
            _ => match address(value) {
                Some(address) => {
                    let place = Place::Contents(address);
                    match self.known(place, depth)? {
                        Some(known) => Ok(known),
                        None => self.container(place, value, value, depth),
                    }
                }
                None => Ok(Copied::leaf(value)),
            },
        }
    }

    fn known(&self, place: Place, depth: usize) -> Result<Option<Copied>, Error> {
        let Some(met) = self.met.get(&place) else {
            return Ok(None);
        };
        if !met.open {
            in_depth(depth + met.copied.height)?;
            return Ok(Some(met.copied.clone()));
        }
        let value = Cycle::to(&met.copied.value).map_or(Value::None, Value::Cycle);
        Ok(Some(Copied { value, height: 0 }))
    }

    fn container(&mut self, place: Place, original: &Value, contents: &Value, depth: usize) -> Result<Copied, Error> {
        in_depth(depth + 1)?;
        if address(contents).is_none() {
            return Ok(Copied { value: contents.clone(), height: 1 });
        }
        let hollow = hollow(contents);
        self.met.insert(place, Met { _original: original.clone(), copied: Copied::leaf(&hollow), open: true });
        let mut inside = 0;
        let mut copy = |value: &Value| -> Result<Value, Error> {
            let copied = self.copy(value, depth + 1)?;
            inside = inside.max(copied.height);
            Ok(copied.value)
        };
        fill(&hollow, contents, &mut copy)?;
        let copied = Copied { value: hollow, height: inside + 1 };
        if let Some(met) = self.met.get_mut(&place) {
            met.copied = copied.clone();
            met.open = false;
        }
        Ok(copied)
    }
}

fn in_depth(depth: usize) -> Result<(), Error> {
    if depth <= OPERAND_DEPTH_MAX {
        return Ok(());
    }
    let text =
        format!("an operand holds containers more than {OPERAND_DEPTH_MAX} deep; pass it as an argument, by reference");
    Err(Error::Misuse(text.into()))
}

/// A number for contents that other values can be inside.
fn address(value: &Value) -> Option<usize> {
    match value {
        Value::Tuple(items) | Value::FrozenSet(items) | Value::List(items) | Value::Set(items) => items.address(),
        Value::Dict(entries) => entries.address(),
        _ => None,
    }
}

/// A container of the same kind whose items come later.
fn hollow(contents: &Value) -> Value {
    match contents {
        Value::Tuple(_) => Value::Tuple(Items::unfilled()),
        Value::FrozenSet(_) => Value::FrozenSet(Items::unfilled()),
        Value::List(_) => Value::List(Items::unfilled()),
        Value::Set(_) => Value::Set(Items::unfilled()),
        Value::Dict(_) => Value::Dict(Entries::unfilled()),
        other => other.clone(),
    }
}

/// Fills a container made by [`hollow`] with what `each` makes of the items of the other.
fn fill(hollow: &Value, contents: &Value, each: &mut dyn FnMut(&Value) -> Result<Value, Error>) -> Result<(), Error> {
    match (hollow, contents) {
        (Value::Tuple(new), Value::Tuple(old))
        | (Value::FrozenSet(new), Value::FrozenSet(old))
        | (Value::List(new), Value::List(old))
        | (Value::Set(new), Value::Set(old)) => {
            let items: Result<Vec<Value>, Error> = old.iter().map(each).collect();
            new.fill(items?.into());
        }
        (Value::Dict(new), Value::Dict(old)) => {
            let entries: Result<Vec<(Value, Value)>, Error> =
                old.iter().map(|(key, value)| Ok((each(key)?, each(value)?))).collect();
            new.fill(entries?.into());
        }
        _ => {}
    }
    Ok(())
}

/// The value with containers in place of all copied contents in it, shared where those were: what is kept of an
/// operand must be changeable again.
pub(super) fn adopt(value: Value) -> Result<Value, Error> {
    Adopter::default().adopt(&value, 0)
}

/// As [`adopt`], for each of these; what they share stays shared.
pub(super) fn adopt_all(values: &[Value]) -> Result<Vec<Value>, Error> {
    let mut adopter = Adopter::default();
    values.iter().map(|value| adopter.adopt(value, 0)).collect()
}

/// Works on values that their caller holds, so that addresses stay what they are.
#[derive(Default)]
struct Adopter {
    met: HashMap<usize, Value>,
}

impl Adopter {
    fn adopt(&mut self, value: &Value, depth: usize) -> Result<Value, Error> {
        in_depth(depth)?;
        let container = match value {
            Value::Cycle(cycle) => cycle.follow(),
            _ => Some(value.clone()),
        };
        let Some(container) = container else {
            return Ok(value.clone());
        };
        let known = address(&container).and_then(|address| self.met.get(&address));
        match (known, value) {
            (Some(tuple), Value::Cycle(_)) if address(tuple).is_some() => {
                Ok(Cycle::to(tuple).map_or(Value::None, Value::Cycle))
            }
            (Some(known), _) => Ok(known.clone()),
            (None, _) => self.make(&container, depth),
        }
    }

    fn make(&mut self, contents: &Value, depth: usize) -> Result<Value, Error> {
        let mut note = |made: Value| {
            if let Some(address) = address(contents) {
                self.met.insert(address, made);
            }
        };
        match contents {
            Value::List(items) => {
                let list = List::new();
                note(list.clone().into());
                for item in items {
                    list.push(self.adopt(item, depth + 1)?);
                }
                Ok(list.into())
            }
            Value::Dict(entries) => {
                let dict = Dict::new();
                note(dict.clone().into());
                for (key, value) in entries {
                    dict.insert(key.clone(), self.adopt(value, depth + 1)?)?;
                }
                Ok(dict.into())
            }
            Value::Set(items) => Ok(Set::try_from_values(items.iter().cloned())?.into()),
            Value::ByteArray(bytes) => Ok(ByteArray::from(bytes.to_vec()).into()),
            Value::Tuple(_) if address(contents).is_some() => {
                let tuple = hollow(contents);
                note(tuple.clone());
                fill(&tuple, contents, &mut |item| self.adopt(item, depth + 1))?;
                Ok(tuple)
            }
            other => Ok(other.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(value: &Value) -> &[Value] {
        match value {
            Value::List(items) | Value::Tuple(items) => items,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn containers_become_contents_all_the_way() {
        let dict = Dict::new();
        dict.insert(Value::text("k"), List::from(vec![Value::Int(1)]).into()).unwrap();
        let bytes = ByteArray::from(vec![1, 2]);
        let list = List::from(vec![Value::tuple([dict.into()]), bytes.into(), Value::Int(3)]);
        let copy = copy_operand(&list.into()).unwrap();
        let text = r#"[({"k": [1]},), bytearray(b"\x01\x02"), 3]"#;
        assert_eq!(format!("{copy:?}"), text);
    }

    #[test]
    fn what_is_shared_stays_shared() {
        let inner = List::from(vec![Value::Int(1)]);
        let outer = List::from(vec![inner.clone().into(), inner.into()]);
        let copy = copy_operand(&outer.into()).unwrap();
        let (Value::List(one), Value::List(two)) = (&items(&copy)[0], &items(&copy)[1]) else {
            panic!("{copy:?}");
        };
        assert!(one.same(two));
    }

    #[test]
    fn a_cycle_becomes_a_back_edge_and_a_cycle_again() {
        let list = List::new();
        list.push(Value::tuple([list.clone().into()]));
        let copy = copy_operand(&list.clone().into()).unwrap();
        let Value::Cycle(cycle) = &items(&items(&copy)[0])[0] else {
            panic!("{copy:?}");
        };
        assert_eq!(cycle.follow(), Some(copy.clone()));

        let again = adopt(copy).unwrap();
        let Value::Ref(Ref::Own(own)) = &again else {
            panic!("{again:?}");
        };
        let list_again = List::from_own(own).unwrap();
        assert_eq!(items(&list_again.get(0).unwrap())[0], again);
        list.clear();
        list_again.clear();
    }

    #[test]
    fn depth_is_bounded_also_through_what_is_shared() {
        let chain = |end: Value, len: usize| -> Value { (0..len).fold(end, |inner, _| List::from(vec![inner]).into()) };
        assert!(copy_operand(&chain(Value::None, 64)).is_ok());
        assert!(copy_operand(&chain(Value::None, 65)).is_err());
        let one = chain(Value::None, 40);
        let two = chain(one.clone(), 40);
        let both = List::from(vec![one, two]);
        assert!(matches!(copy_operand(&both.into()), Err(Error::Misuse(_))));
    }

    #[test]
    fn a_lattice_is_copied_in_no_time() {
        let lattice = (0..60).fold(List::new(), |inner, _| List::from(vec![inner.clone().into(), inner.into()]));
        let copy = copy_operand(&lattice.into()).unwrap();
        assert!(adopt(copy).is_ok());
    }

    #[test]
    fn what_is_kept_of_an_operand_can_be_changed() {
        let contents = Value::List(Items::new([Value::tuple([Value::Set(Items::new([Value::Int(1)]))])]));
        let Value::Ref(Ref::Own(own)) = adopt(contents).unwrap() else {
            panic!("not a container");
        };
        let tuple = List::from_own(&own).unwrap().get(0).unwrap();
        let Value::Ref(Ref::Own(inner)) = &items(&tuple)[0] else {
            panic!("{tuple:?}");
        };
        assert_eq!(Set::from_own(inner).unwrap().len(), 1);
    }

    /// A list of another runtime, of a type that gives no peer its whole.
    struct Private;

    impl crate::host::Host for Private {
        fn shape(&self) -> std::sync::Arc<crate::shape::Shape> {
            std::sync::Arc::new(crate::shape::Shape::new("t:private", crate::shape::Category::List))
        }
        fn operate(&self, _: crate::host::Request, _: &crate::context::CallContext) -> crate::host::Outcome {
            crate::host::Outcome::Value(Value::None)
        }
        fn whole(&self) -> Result<Value, Error> {
            Ok(Value::List(Items::new([Value::text("secret")])))
        }
    }

    #[test]
    fn what_a_peer_cannot_read_is_not_read_on_its_behalf() {
        let private = Value::Ref(Ref::Own(crate::host::Own::new(Private)));
        assert_eq!(copy_operand(&private).unwrap(), private);
        let list = List::new();
        assert!(crate::hosts::testing::call(&list, "extend", vec![private]).is_err());
        assert!(list.is_empty());
    }
}
