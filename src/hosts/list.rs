//! Lists: sequences of values that are shared and can be changed.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use crate::context::CallContext;
use crate::error::Error;
use crate::host::{Host, Identity, Operation, Outcome, Own, Request};
use crate::hosts::arguments::{exact, gap, items_of, may_grow, place};
use crate::hosts::container::{self, Container, LEN_MAX, method};
use crate::hosts::copy::{adopt, adopt_all};
use crate::hosts::release::release;
use crate::shape::{Category, Shape};
use crate::value::{Ref, Value};

/// A list of values, shared: a clone is the same list. Peers use it by reference.
///
/// A list that holds itself is never freed, as with any reference count; `clear` it before it is dropped.
#[derive(Clone, Default)]
pub struct List(Arc<Storage>);

/// The items are behind a count of their own, so that a snapshot costs nothing; a change while one is held copies.
#[derive(Default)]
struct Storage(Mutex<Arc<Vec<Value>>>);

impl Drop for Storage {
    fn drop(&mut self) {
        release(std::mem::take(self.0.get_mut()));
    }
}

/// One shape for the process: it is constant, as the code that does what it says.
static SHAPE: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    let doc = "A list of values that are shared and can be changed.";
    let operations = [Operation::Index, Operation::SetIndex, Operation::DeleteIndex, Operation::Binary];
    let members = [
        method("append", "(value)", "Adds a value at the end."),
        method("extend", "(values)", "Adds the items of values at the end."),
        method("insert", "(index, value)", "Puts a value before the one at the index."),
        method("pop", "(index=-1)", "Takes out the value at the index."),
        method("remove", "(value)", "Takes out the first item that equals the value."),
        method("clear", "()", "Takes out all values."),
        method("index", "(value)", "The index of the first item that equals the value.").reads(),
        method("count", "(value)", "How many items equal the value.").reads(),
        method("reverse", "()", "Turns the order round."),
    ];
    let shape = container::shape("wherever:list", Category::List, doc, &operations);
    Arc::new(members.into_iter().fold(shape, Shape::member))
});

impl List {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        self.0.0.lock().len()
    }

    /// Whether it has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at this index.
    pub fn get(&self, index: usize) -> Option<Value> {
        self.0.0.lock().get(index).cloned()
    }

    /// Adds a value at the end.
    pub fn push(&self, value: Value) {
        self.change(|items| items.push(value));
    }

    /// Adds values at the end, all at once.
    pub fn extend(&self, values: impl IntoIterator<Item = Value>) {
        let values: Vec<Value> = values.into_iter().collect();
        self.change(|items| items.extend(values));
    }

    /// Puts a value in the place of the one at this index, and gives that back; past the end, gives back `value`.
    pub fn set(&self, index: usize, value: Value) -> Result<Value, Value> {
        self.change(|items| match items.get_mut(index) {
            Some(item) => Ok(std::mem::replace(item, value)),
            None => Err(value),
        })
    }

    /// Puts a value before the one at this index, or at the end if there is none.
    pub fn insert(&self, index: usize, value: Value) {
        self.change(|items| items.insert(index.min(items.len()), value));
    }

    /// Takes out the value at this index.
    pub fn remove(&self, index: usize) -> Option<Value> {
        self.change(|items| (index < items.len()).then(|| items.remove(index)))
    }

    /// Takes out the last value.
    pub fn pop(&self) -> Option<Value> {
        self.change(Vec::pop)
    }

    /// Takes out all values.
    pub fn clear(&self) {
        let old = std::mem::take(&mut *self.0.0.lock());
        drop(old);
    }

    /// The values as they are now. Later changes do not show in it.
    pub fn snapshot(&self) -> Arc<Vec<Value>> {
        self.0.0.lock().clone()
    }

    /// A reference to this list, as a value holds it.
    pub fn to_own(&self) -> Own {
        Own::new(self.clone())
    }

    /// The list that a reference leads to, if it is one.
    pub fn from_own(own: &Own) -> Option<Self> {
        own.downcast::<Self>().cloned()
    }

    /// Changes the items under the lock. `change` moves values in and out, and drops none: what it would leave unused
    /// stays with its caller.
    fn change<R>(&self, change: impl FnOnce(&mut Vec<Value>) -> R) -> R {
        change(Arc::make_mut(&mut self.0.0.lock()))
    }

    fn append_all(&self, mut values: Vec<Value>) -> Result<(), Error> {
        self.change(|items| {
            may_grow(items.len() + values.len(), LEN_MAX)?;
            items.append(&mut values);
            Ok(())
        })
    }

    fn insert_before(&self, index: &Value, value: Value) -> Result<(), Error> {
        let mut value = Some(value);
        self.change(|items| {
            may_grow(items.len() + 1, LEN_MAX)?;
            let gap = gap(index, items.len())?;
            items.splice(gap..gap, value.take());
            Ok(())
        })
    }

    fn position(&self, value: &Value) -> Result<usize, Error> {
        let found = self.snapshot().iter().position(|item| item == value);
        found.ok_or_else(|| missing(value))
    }

    /// Takes out the first item that equals the value. Items are compared without the lock; if the list was changed
    /// meanwhile, the search begins again.
    fn remove_value(&self, value: &Value) -> Result<(), Error> {
        loop {
            let searched = self.snapshot();
            let found = searched.iter().position(|item| item == value);
            let place = found.ok_or_else(|| missing(value))?;
            let mut items = self.0.0.lock();
            if Arc::ptr_eq(&items, &searched) {
                // The list holds these items too, so that nothing is dropped here, and nothing need be copied.
                drop(searched);
                let old = Arc::make_mut(&mut items).remove(place);
                drop(items);
                drop(old);
                return Ok(());
            }
            drop(items);
        }
    }

    fn binary(&self, request: Request) -> Result<Value, Error> {
        let unsupported = || Error::not_supported(&SHAPE, Operation::Binary);
        let member = request.member_name().to_owned();
        let [operand] = exact(request.arguments, &member)?;
        let is_list = match &operand {
            Value::List(_) => true,
            Value::Ref(Ref::Own(own)) => own.shape().category() == Category::List,
            _ => false,
        };
        if !is_list && member != "iadd" {
            return Err(unsupported());
        }
        let others = adopt_all(&items_of(&operand)?)?;
        let own = self.snapshot();
        match &*member {
            "iadd" => {
                drop(own);
                self.append_all(others)?;
                return Ok(self.clone().into());
            }
            "add" | "radd" => may_grow(own.len() + others.len(), LEN_MAX)?,
            _ => return Err(unsupported()),
        }
        let own = own.iter().cloned();
        let joined: List = match &*member {
            "add" => own.chain(others).collect(),
            _ => others.into_iter().chain(own).collect(),
        };
        Ok(joined.into())
    }
}

fn missing(value: &Value) -> Error {
    Error::raise("wherever:value_error", format!("the list has no item that equals {}", value.kind()))
}

impl Container for List {
    fn container_shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn length(&self) -> usize {
        self.len()
    }

    fn contents(&self) -> Value {
        Value::List(self.snapshot().iter().cloned().collect())
    }

    fn steps(&self) -> Vec<Value> {
        self.snapshot().to_vec()
    }

    fn call(&self, name: &str, request: Request) -> Result<Value, Error> {
        let arguments = request.arguments;
        match name {
            "append" => {
                let [value] = exact(arguments, name)?;
                self.append_all(vec![adopt(value)?])?;
            }
            "extend" => {
                let [values] = exact(arguments, name)?;
                self.append_all(adopt_all(&items_of(&values)?)?)?;
            }
            "insert" => {
                let [index, value] = exact(arguments, name)?;
                self.insert_before(&index, adopt(value)?)?;
            }
            "pop" => {
                let index = match arguments.positional.is_empty() && arguments.named.is_empty() {
                    true => Value::Int(-1),
                    false => exact::<1>(arguments, name).map(|[index]| index)?,
                };
                return self.change(|items| Ok(items.remove(place(&index, items.len())?)));
            }
            "remove" => {
                let [value] = exact(arguments, name)?;
                self.remove_value(&value)?;
            }
            "clear" => {
                let [] = exact(arguments, name)?;
                self.clear();
            }
            "index" => {
                let [value] = exact(arguments, name)?;
                return Ok(Value::from(self.position(&value)? as i128));
            }
            "count" => {
                let [value] = exact(arguments, name)?;
                let equal = self.snapshot().iter().filter(|item| **item == value).count();
                return Ok(Value::from(equal as i128));
            }
            "reverse" => {
                let [] = exact(arguments, name)?;
                self.change(|items| items.reverse());
            }
            _ => return Err(Error::no_member(&SHAPE, name)),
        }
        Ok(Value::None)
    }

    fn own_operation(&self, request: Request) -> Result<Value, Error> {
        match request.operation {
            Operation::Index => {
                let [index] = exact(request.arguments, "reading an item")?;
                let items = self.snapshot();
                let place = place(&index, items.len())?;
                Ok(items[place].clone())
            }
            Operation::SetIndex => {
                let [index, value] = exact(request.arguments, "writing an item")?;
                let mut value = adopt(value)?;
                self.change(|items| {
                    let place = place(&index, items.len())?;
                    std::mem::swap(&mut items[place], &mut value);
                    Ok(Value::None)
                })
            }
            Operation::DeleteIndex => {
                let [index] = exact(request.arguments, "deleting an item")?;
                let old = self.change(|items| {
                    let place = place(&index, items.len())?;
                    Ok::<_, Error>(items.remove(place))
                })?;
                drop(old);
                Ok(Value::None)
            }
            Operation::Contains => {
                let [value] = exact(request.arguments, "asking for an item")?;
                Ok(Value::Bool(self.snapshot().contains(&value)))
            }
            Operation::Binary => self.binary(request),
            operation => Err(Error::not_supported(&SHAPE, operation)),
        }
    }
}

impl Host for List {
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

impl From<List> for Value {
    fn from(list: List) -> Self {
        Value::Ref(Ref::Own(list.to_own()))
    }
}

impl From<Vec<Value>> for List {
    fn from(values: Vec<Value>) -> Self {
        Self(Arc::new(Storage(Mutex::new(Arc::new(values)))))
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        values.into_iter().collect::<Vec<Value>>().into()
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({} values)", self.len())
    }
}

#[cfg(test)]
mod tests;
