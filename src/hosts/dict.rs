//! Dicts: values under keys, shared and changeable, in the order in which the keys came.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use crate::context::CallContext;
use crate::error::Error;
use crate::host::{Arguments, Host, Identity, Operation, Outcome, Own, Request};
use crate::hosts::arguments::{exact, items_of, may_grow, one_or_two, type_error};
use crate::hosts::container::{self, Container, LEN_MAX, method};
use crate::hosts::contents::contents_of;
use crate::hosts::copy::{adopt, adopt_all};
use crate::hosts::key::{Key, Table};
use crate::hosts::release::release;
use crate::shape::{Category, Shape};
use crate::value::{Entries, Ref, Value};

/// A dict of values under values, shared: a clone is the same dict. Peers use it by reference.
///
/// Keys are immutable values and references to other objects than containers; they are equal as values are, so that
/// 1, 1.0 and true are three keys. A dict that holds itself is never freed; `clear` it before it is dropped.
#[derive(Clone, Default)]
pub struct Dict(Arc<Storage>);

#[derive(Default)]
struct Storage(Mutex<Table<Value>>);

impl Drop for Storage {
    fn drop(&mut self) {
        release(std::mem::take(self.0.get_mut()));
    }
}

/// A key with its value, ready to be put in without running anyone's code.
struct Put {
    key: Key,
    name: Value,
    value: Value,
}

/// One shape for the process: it is constant, as the code that does what it says.
static SHAPE: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    let doc = "Values under keys, shared and changeable, in the order in which the keys came.";
    let operations = [Operation::Index, Operation::SetIndex, Operation::DeleteIndex, Operation::Binary];
    let members = [
        method("get", "(key, default=None)", "The value under the key, or the default.").reads(),
        method("keys", "()", "The keys, as a tuple.").reads(),
        method("values", "()", "The values, as a tuple.").reads(),
        method("items", "()", "The pairs of key and value, as a tuple.").reads(),
        method("pop", "(key[, default])", "Takes out the value under the key."),
        method("update", "([entries], **named)", "Puts in the entries of another dict, or pairs."),
        method("clear", "()", "Takes out all entries."),
        method("setdefault", "(key, default=None)", "The value under the key, put in first if missing."),
    ];
    let shape = container::shape("wherever:dict", Category::Dict, doc, &operations);
    Arc::new(members.into_iter().fold(shape, Shape::member))
});

impl Dict {
    /// An empty dict.
    pub fn new() -> Self {
        Self::default()
    }

    /// A dict of these entries; of equal keys the first keeps its place, and the last its value. Fails if a key cannot
    /// be one.
    pub fn try_from_entries(entries: impl IntoIterator<Item = (Value, Value)>) -> Result<Self, Error> {
        let dict = Self::new();
        for (key, value) in entries {
            dict.insert(key, value)?;
        }
        Ok(dict)
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.0.0.lock().len()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value under this key; `None` also for what cannot be a key.
    pub fn get(&self, key: &Value) -> Option<Value> {
        self.find(&Key::of(key).ok()?)
    }

    /// Puts a value under a key, and gives back the former one. Fails if the key cannot be one.
    pub fn insert(&self, key: Value, value: Value) -> Result<Option<Value>, Error> {
        let put = Put::new(key, value)?;
        let old = self.0.0.lock().insert(put.key, put.name, put.value);
        Ok(old.map(|(_, value)| value))
    }

    /// Takes out the value under this key.
    pub fn remove(&self, key: &Value) -> Option<Value> {
        self.take(&Key::of(key).ok()?)
    }

    /// Takes out all entries.
    pub fn clear(&self) {
        let old = std::mem::take(&mut *self.0.0.lock());
        drop(old);
    }

    /// The entries as they are now.
    pub fn snapshot(&self) -> Vec<(Value, Value)> {
        self.map(|name, value| (name.clone(), value.clone()))
    }

    /// A reference to this dict, as a value holds it.
    pub fn to_own(&self) -> Own {
        Own::new(self.clone())
    }

    /// The dict that a reference leads to, if it is one.
    pub fn from_own(own: &Own) -> Option<Self> {
        own.downcast::<Self>().cloned()
    }

    fn map<R>(&self, each: impl Fn(&Value, &Value) -> R) -> Vec<R> {
        let table = self.0.0.lock();
        table.iter().map(|(_, name, value)| each(name, value)).collect()
    }

    fn find(&self, key: &Key) -> Option<Value> {
        self.0.0.lock().get(key).cloned()
    }

    fn take(&self, key: &Key) -> Option<Value> {
        let old = self.0.0.lock().remove(key);
        old.map(|(_, value)| value)
    }

    fn put_all(&self, puts: Vec<Put>) -> Result<(), Error> {
        // What gives way is dropped after the lock, and so is what finds no room.
        let mut spare = Vec::new();
        let mut puts = puts.into_iter();
        let mut table = self.0.0.lock();
        for put in puts.by_ref() {
            if !table.contains(&put.key)
                && let Err(full) = may_grow(table.len() + 1, LEN_MAX)
            {
                drop(table);
                drop(put);
                return Err(full);
            }
            spare.extend(table.insert(put.key, put.name, put.value));
        }
        drop(table);
        Ok(())
    }

    fn update(&self, arguments: Arguments) -> Result<(), Error> {
        let mut puts = match &*arguments.positional {
            [] => Vec::new(),
            [entries] => entries_of(entries)?,
            more => {
                let text = format!("update takes 1 argument at most, {} were given", more.len());
                return Err(type_error(text));
            }
        };
        for (name, value) in arguments.named {
            puts.push(Put::new(Value::Text(name), adopt(value)?)?);
        }
        self.put_all(puts)
    }

    fn set_default(&self, name: Value, default: Value) -> Result<Value, Error> {
        let key = Key::of(&name)?;
        let mut default = Some((name, adopt(default)?));
        let mut table = self.0.0.lock();
        if let Some(value) = table.get(&key) {
            let value = value.clone();
            drop(table);
            drop(default);
            return Ok(value);
        }
        may_grow(table.len() + 1, LEN_MAX)?;
        let Some((name, value)) = default.take() else {
            return Ok(Value::None);
        };
        table.insert(key, name, value.clone());
        Ok(value)
    }

    fn binary(&self, request: Request) -> Result<Value, Error> {
        let unsupported = || Error::not_supported(&SHAPE, Operation::Binary);
        let member = request.member_name().trim_end_matches('_').to_owned();
        let [operand] = exact(request.arguments, &member)?;
        let others = match entries_of_dict(&operand)? {
            Some(entries) => puts_of(&entries)?,
            None => return Err(unsupported()),
        };
        let own = || -> Result<Vec<Put>, Error> {
            let entries = self.snapshot().into_iter();
            entries.map(|(key, value)| Put::new(key, value)).collect()
        };
        let joined = Dict::new();
        match &*member {
            "or" => {
                joined.put_all(own()?)?;
                joined.put_all(others)?;
            }
            "ror" => {
                joined.put_all(others)?;
                joined.put_all(own()?)?;
            }
            "ior" => {
                self.put_all(others)?;
                return Ok(self.clone().into());
            }
            _ => return Err(unsupported()),
        }
        Ok(joined.into())
    }
}

impl Put {
    fn new(name: Value, value: Value) -> Result<Self, Error> {
        let key = Key::of(&name)?;
        Ok(Self { key, name, value })
    }
}

fn missing(key: &Value) -> Error {
    let key = match key {
        Value::None | Value::Bool(_) | Value::Int(_) => format!("{key:?}"),
        // A text may be long, and anything else may be large.
        Value::Text(text) => format!("{:?}", &text[..text.floor_char_boundary(200)]),
        other => format!("that is this {}", other.kind()),
    };
    Error::raise("wherever:key_error", format!("there is no key {key}"))
}

/// The contents of a dict, here or copied; `None` if it is no dict.
fn entries_of_dict(value: &Value) -> Result<Option<Entries>, Error> {
    match value {
        Value::Dict(entries) => Ok(Some(entries.clone())),
        Value::Ref(Ref::Own(own)) if own.shape().category() == Category::Dict => match contents_of(own)? {
            Some(Value::Dict(entries)) => Ok(Some(entries)),
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}

fn entries_of(value: &Value) -> Result<Vec<Put>, Error> {
    if let Some(entries) = entries_of_dict(value)? {
        return puts_of(&entries);
    }
    let pairs = items_of(value)?.into_iter().map(|item| match &*items_of(&item)? {
        [key, value] => Ok((key.clone(), value.clone())),
        _ => Err(type_error("an entry is a pair of key and value".into())),
    });
    puts_of(&pairs.collect::<Result<Vec<_>, Error>>()?)
}

fn puts_of(entries: &[(Value, Value)]) -> Result<Vec<Put>, Error> {
    let values: Vec<Value> = entries.iter().map(|(_, value)| value.clone()).collect();
    let keys = entries.iter().map(|(key, _)| key.clone());
    keys.zip(adopt_all(&values)?).map(|(key, value)| Put::new(key, value)).collect()
}

impl Container for Dict {
    fn container_shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn length(&self) -> usize {
        self.len()
    }

    fn contents(&self) -> Value {
        Value::Dict(self.snapshot().into_iter().collect())
    }

    /// As most languages have it: the keys.
    fn steps(&self) -> Vec<Value> {
        self.map(|name, _| name.clone())
    }

    fn call(&self, name: &str, request: Request) -> Result<Value, Error> {
        let arguments = request.arguments;
        match name {
            "get" => {
                let (key, default) = one_or_two(arguments, name)?;
                let found = self.find(&Key::of(&key)?);
                Ok(found.or(default).unwrap_or_default())
            }
            "keys" => exact(arguments, name).map(|[]| Value::tuple(self.steps())),
            "values" => exact(arguments, name).map(|[]| Value::tuple(self.map(|_, value| value.clone()))),
            "items" => {
                let [] = exact(arguments, name)?;
                let pair = |(key, value)| Value::tuple([key, value]);
                Ok(Value::tuple(self.snapshot().into_iter().map(pair)))
            }
            "pop" => {
                let (key, default) = one_or_two(arguments, name)?;
                let taken = self.take(&Key::of(&key)?);
                taken.or(default).ok_or_else(|| missing(&key))
            }
            "update" => self.update(arguments).map(|()| Value::None),
            "clear" => {
                let [] = exact(arguments, name)?;
                self.clear();
                Ok(Value::None)
            }
            "setdefault" => {
                let (key, default) = one_or_two(arguments, name)?;
                self.set_default(key, default.unwrap_or_default())
            }
            _ => Err(Error::no_member(&SHAPE, name)),
        }
    }

    fn own_operation(&self, request: Request) -> Result<Value, Error> {
        match request.operation {
            Operation::Index => {
                let [key] = exact(request.arguments, "reading an item")?;
                self.find(&Key::of(&key)?).ok_or_else(|| missing(&key))
            }
            Operation::SetIndex => {
                let [key, value] = exact(request.arguments, "writing an item")?;
                self.put_all(vec![Put::new(key, adopt(value)?)?])?;
                Ok(Value::None)
            }
            Operation::DeleteIndex => {
                let [key] = exact(request.arguments, "deleting an item")?;
                self.take(&Key::of(&key)?).ok_or_else(|| missing(&key))?;
                Ok(Value::None)
            }
            Operation::Contains => {
                let [key] = exact(request.arguments, "asking for a key")?;
                let key = Key::of(&key)?;
                Ok(Value::Bool(self.0.0.lock().contains(&key)))
            }
            Operation::Binary => self.binary(request),
            operation => Err(Error::not_supported(&SHAPE, operation)),
        }
    }
}

impl Host for Dict {
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

impl From<Dict> for Value {
    fn from(dict: Dict) -> Self {
        Value::Ref(Ref::Own(dict.to_own()))
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dict({} entries)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::List;
    use crate::hosts::testing::{ask, binary, call, error_name, items, own};

    fn numbers(of: std::ops::Range<i64>) -> Dict {
        Dict::try_from_entries(of.map(|number| (Value::Int(number), Value::Int(-number)))).unwrap()
    }

    #[test]
    fn keys_keep_their_order_and_their_first_form() {
        let dict = numbers(0..3);
        assert_eq!(dict.insert(Value::Int(0), Value::None).unwrap(), Some(Value::Int(0)));
        assert_eq!(dict.remove(&Value::Int(1)), Some(Value::Int(-1)));
        dict.insert(Value::Int(1), Value::None).unwrap();
        assert_eq!(dict.steps(), [Value::Int(0), Value::Int(2), Value::Int(1)]);
        assert_eq!(ask(&dict, Operation::Iterate, vec![]).unwrap(), Value::tuple(dict.steps()));
        assert!(dict.insert(List::new().into(), Value::None).is_err());
        assert_eq!(dict.get(&List::new().into()), None);
    }

    #[test]
    fn items_are_read_and_written_by_key() {
        let dict = Dict::new();
        let key = || Value::tuple([Value::text("a"), Value::Int(1)]);
        ask(&dict, Operation::SetIndex, vec![key(), Value::Int(5)]).unwrap();
        assert_eq!(ask(&dict, Operation::Index, vec![key()]).unwrap(), Value::Int(5));
        assert_eq!(ask(&dict, Operation::Contains, vec![key()]).unwrap(), Value::Bool(true));
        ask(&dict, Operation::DeleteIndex, vec![key()]).unwrap();
        for operation in [Operation::Index, Operation::DeleteIndex] {
            assert_eq!(error_name(ask(&dict, operation, vec![key()])), "wherever:key_error");
        }
        let unhashable = vec![Value::List(Default::default()), Value::None];
        assert_eq!(error_name(ask(&dict, Operation::SetIndex, unhashable)), "wherever:type_error");
        assert_eq!(ask(&dict, Operation::Truth, vec![]).unwrap(), Value::Bool(false));
    }

    #[test]
    fn methods_do_what_their_names_say() {
        let dict = numbers(0..2);
        let one = || Value::Int(1);
        assert_eq!(call(&dict, "get", vec![one()]).unwrap(), Value::Int(-1));
        assert_eq!(call(&dict, "get", vec![Value::Int(9)]).unwrap(), Value::None);
        assert_eq!(call(&dict, "get", vec![Value::Int(9), one()]).unwrap(), one());
        assert_eq!(items(&call(&dict, "keys", vec![]).unwrap()).len(), 2);
        assert_eq!(items(&call(&dict, "values", vec![]).unwrap())[1], Value::Int(-1));
        assert_eq!(items(&call(&dict, "items", vec![]).unwrap())[1], Value::tuple([one(), Value::Int(-1)]));
        assert_eq!(call(&dict, "setdefault", vec![one(), Value::None]).unwrap(), Value::Int(-1));
        assert_eq!(call(&dict, "setdefault", vec![Value::text("n")]).unwrap(), Value::None);
        assert_eq!(call(&dict, "pop", vec![one()]).unwrap(), Value::Int(-1));
        assert_eq!(call(&dict, "pop", vec![one(), one()]).unwrap(), one());
        assert_eq!(error_name(call(&dict, "pop", vec![one()])), "wherever:key_error");
        call(&dict, "clear", vec![]).unwrap();
        assert!(dict.is_empty());
    }

    #[test]
    fn updates_come_from_dicts_pairs_and_names() {
        let dict = Dict::new();
        call(&dict, "update", vec![numbers(0..2).into()]).unwrap();
        call(&dict, "update", vec![Value::tuple([Value::tuple([Value::Int(5), Value::Int(6)])])]).unwrap();
        let request = Request::member(Operation::Call, "update")
            .with(Arguments { positional: vec![], named: vec![("name".into(), Value::Int(7))] });
        crate::hosts::testing::request(&dict, request).unwrap();
        assert_eq!(dict.len(), 4);
        assert_eq!(dict.get(&Value::text("name")), Some(Value::Int(7)));
        assert!(call(&dict, "update", vec![Value::tuple([Value::Int(5)])]).is_err());
    }

    #[test]
    fn dicts_join() {
        let (one, two) = (numbers(0..2), Value::Dict(Entries::new([(Value::Int(1), Value::None)])));
        let joined = |member| Dict::from_own(&own(binary(&one, member, two.clone()).unwrap())).unwrap();
        assert_eq!(joined("or").get(&Value::Int(1)), Some(Value::None));
        assert_eq!(joined("ror").get(&Value::Int(1)), Some(Value::Int(-1)));
        assert!(joined("ior").to_own().same(&one.to_own()));
        assert_eq!(one.get(&Value::Int(1)), Some(Value::None));
        assert!(matches!(binary(&one, "or", Value::Int(1)), Err(Error::NotSupported { .. })));
    }

    #[test]
    fn objects_are_keys_by_who_they_are() {
        let function = || Value::from(crate::hosts::Function::new("f", |_, _| Ok(Value::None)));
        let (one, two) = (function(), function());
        let dict = Dict::try_from_entries([(one.clone(), Value::Int(1))]).unwrap();
        assert_eq!((dict.get(&one), dict.get(&two)), (Some(Value::Int(1)), None));
    }
}
