//! Values of the toy language as objects for peers.

use std::any::Any;
use std::sync::{Arc, LazyLock};

use super::{Done, Toy, ToyValue};
use wherever::context::CallContext;
use wherever::host::{Identity, Step, ValueStream};
use wherever::shape::{Category, Member, Shape};
use wherever::{Error, Host, Operation, Outcome, Request, Runtime, Value};

/// A toy value that a peer may use.
pub(super) struct ToyHost {
    pub(super) toy: Toy,
    pub(super) what: ToyValue,
}

fn builtin(name: &str, category: Category, operations: &[Operation]) -> Arc<Shape> {
    let shape = Shape::new(name, category).operations(operations).operations(&[Operation::Text, Operation::Dir]);
    Arc::new(if category == Category::List { shape.member(Member::method("append")) } else { shape })
}

// Constant data: the shapes of what is built in.
static LIST: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    use Operation::{Compare, Index, Iterate, Length, SetIndex, Whole};
    builtin("toy:list", Category::List, &[Compare, Index, Iterate, Length, SetIndex, Whole])
});
static DICT: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    use Operation::{Index, Length, SetIndex, Whole};
    builtin("toy:dict", Category::Dict, &[Index, Length, SetIndex, Whole])
});
static FUNCTION: LazyLock<Arc<Shape>> =
    LazyLock::new(|| builtin("toy:function", Category::Function, &[Operation::Call]));
static GENERATOR: LazyLock<Arc<Shape>> =
    LazyLock::new(|| builtin("toy:generator", Category::Iterator, &[Operation::Iterate]));

/// A generator that is stepped for a peer.
struct Steps(Toy, ToyValue);

impl ValueStream for Steps {
    fn next(&mut self) -> Step {
        let step = self.0.iterate(&self.1).next();
        match step {
            None => Step::End,
            Some(Ok(item)) => self.0.outgoing(&item).map_or_else(Step::Failed, Step::Item),
            Some(Err(raised)) => Step::Failed(self.0.outgoing_error(&raised)),
        }
    }
}

impl ToyHost {
    fn perform(&self, request: &Request, mut arguments: Vec<ToyValue>) -> Done {
        let (toy, what, name) = (&self.toy, &self.what, request.member_name());
        let mut next = || if arguments.is_empty() { ().into() } else { arguments.remove(0) };
        match (request.operation, what) {
            (Operation::Call, ToyValue::Class(class)) if name == "__init_subclass__" => match class.is_final() {
                true => Err(toy.raise("TypeError", &format!("{} is final", class.name()))),
                false => Ok(().into()),
            },
            (Operation::Call, _) if request.member.is_none() => toy.call(what, arguments),
            (Operation::Call, _) => toy.call_method(what, name, arguments),
            (Operation::Get, _) => toy.get(what, name),
            (Operation::Set, _) => toy.set(what, name, next()),
            (Operation::Length, ToyValue::List(items)) => Ok(items.lock().len().into()),
            (Operation::Length, ToyValue::Dict(entries)) => Ok(entries.lock().len().into()),
            (Operation::Index, _) => self.index(&next()),
            (Operation::SetIndex, ToyValue::List(items)) => {
                let (at, value) = (next(), next());
                let missing = || toy.raise("IndexError", "no such item");
                let mut items = items.lock();
                let item = number(&at).and_then(|at| items.get_mut(at)).ok_or_else(missing)?;
                *item = value;
                Ok(().into())
            }
            (Operation::SetIndex, ToyValue::Dict(entries)) => {
                let (key, value) = (next(), next());
                let mut entries = entries.lock();
                entries.retain(|(own, _)| !own.is(&key));
                entries.push((key, value));
                Ok(().into())
            }
            (Operation::Compare, ToyValue::List(items)) => match next() {
                ToyValue::List(others) => {
                    let (items, others) = (items.lock().clone(), others.lock().clone());
                    let same = items.len() == others.len() && items.iter().zip(&others).all(|(a, b)| a.is(b));
                    Ok((same == (name == "eq")).into())
                }
                _ => Ok((name != "eq").into()),
            },
            (Operation::Text, _) => Ok(toy.text(what).into()),
            (Operation::Dir, _) => Ok(ToyValue::Tuple(toy.dir(what).into_iter().map(ToyValue::from).collect())),
            (operation, _) => {
                Err(toy.exception_of(Error::NotSupported { shape: self.shape().name().clone(), operation }))
            }
        }
    }

    fn index(&self, key: &ToyValue) -> Done {
        let found = match &self.what {
            ToyValue::List(items) => number(key).and_then(|at| items.lock().get(at).cloned()),
            ToyValue::Dict(entries) => {
                entries.lock().iter().find(|(own, _)| own.is(key)).map(|(_, value)| value.clone())
            }
            _ => None,
        };
        found.ok_or_else(|| self.toy.raise("KeyError", "no such item"))
    }
}

fn number(value: &ToyValue) -> Option<usize> {
    match value {
        ToyValue::Copy(value) => value.clone().to().ok(),
        _ => None,
    }
}

impl Host for ToyHost {
    fn shape(&self) -> Arc<Shape> {
        match &self.what {
            ToyValue::List(_) => LIST.clone(),
            ToyValue::Dict(_) => DICT.clone(),
            ToyValue::Generator(_) => GENERATOR.clone(),
            ToyValue::Class(class) => class.own_shape(),
            ToyValue::Object(object) => object.class.shape(),
            ToyValue::Function(_) | ToyValue::Copy(_) | ToyValue::Tuple(_) => FUNCTION.clone(),
        }
    }

    fn operate(&self, request: Request, _: &CallContext) -> Outcome {
        if request.operation == Operation::Iterate {
            return Outcome::Stream(Box::new(Steps(self.toy.clone(), self.what.clone())));
        }
        let arguments = request.arguments.positional.iter().map(|value| self.toy.incoming(value.clone()));
        let done = arguments.collect::<Result<_, _>>().map(|arguments| self.perform(&request, arguments));
        match done {
            Ok(Ok(value)) => self.toy.outgoing(&value).into(),
            Ok(Err(raised)) => Outcome::Error(self.toy.outgoing_error(&raised)),
            Err(error) => Outcome::Error(error),
        }
    }

    fn whole(&self) -> Result<Value, Error> {
        let out = |value: &ToyValue| self.toy.outgoing(value);
        match &self.what {
            ToyValue::List(items) => {
                let items = items.lock().clone();
                Ok(Value::List(items.iter().map(out).collect::<Result<_, _>>()?))
            }
            ToyValue::Dict(entries) => {
                let entries = entries.lock().clone();
                let entries = entries.iter().map(|(key, value)| Ok::<_, Error>((out(key)?, out(value)?)));
                Ok(Value::Dict(entries.collect::<Result<_, _>>()?))
            }
            _ => Err(Error::NotSupported { shape: self.shape().name().clone(), operation: Operation::Whole }),
        }
    }

    fn identity(&self) -> Identity {
        Identity::keyed::<Self>(self.what.key().unwrap_or_default())
    }

    fn describes(&self) -> Option<Arc<Shape>> {
        match &self.what {
            ToyValue::Class(class) => Some(class.shape()),
            _ => None,
        }
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}
