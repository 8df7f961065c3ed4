//! Remote containers copied, as deep as a type wants them whole, without blocking.

use std::pin::Pin;
use std::sync::Arc;

use crate::convert::Whole;
use crate::convert::copied::Copied;
use crate::error::Error;
use crate::host::{Arguments, Operation, Own};
use crate::proxy::Proxy;
use crate::shape::{Category, Shape};
use crate::table::Handle;
use crate::value::{Entries, Items, Ref, Typed, Value};
use crate::wire::payload::TypedHost;

type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send + 'a>>;

/// The value, what is wanted whole of it replaced by its contents.
pub(super) async fn fetched(value: Value, wanted: Whole) -> Result<Value, Error> {
    if is_whole(&value, wanted) { Ok(value) } else { fetching(value, wanted, &mut Copied::default()).await }
}

fn is_whole(value: &Value, wanted: Whole) -> bool {
    if matches!(wanted, Whole::AsItIs | Whole::Levels(0) | Whole::Values(0)) {
        return true;
    }
    match value {
        Value::Ref(Ref::Remote(handle)) => !wants(handle, wanted),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
            items.iter().zip(of_parts(wanted, items.len())).all(|(item, wanted)| is_whole(item, wanted))
        }
        Value::Dict(entries) => {
            let wanted = of_parts(wanted, entries.len());
            entries.iter().zip(wanted).all(|((_, value), wanted)| is_whole(value, wanted))
        }
        _ => true,
    }
}

/// Whether this object is to be copied.
fn wants(handle: &Handle, wanted: Whole) -> bool {
    if handle.is_promise() {
        return false;
    }
    let shape = handle.shape();
    shape.category().is_container() || matches!(wanted, Whole::Values(_)) && is_value(&shape)
}

/// Whether an object is a value of a value type that this side did not announce: it has its data, and nothing else.
fn is_value(shape: &Shape) -> bool {
    shape.category() == Category::Instance
        && shape.operations.contains(Operation::Whole)
        && shape.member_names().is_empty()
}

/// What is wanted of each part of a container of which this is wanted.
fn of_parts(wanted: Whole, count: usize) -> Vec<Whole> {
    let one = match wanted {
        Whole::Each(of) => of(),
        Whole::Parts(parts) => {
            let mut parts = parts();
            parts.resize(count, Whole::AsItIs);
            return parts;
        }
        Whole::Levels(levels) => Whole::Levels(levels.saturating_sub(1)),
        Whole::Values(levels) => Whole::Values(levels.saturating_sub(1)),
        Whole::AsItIs => Whole::AsItIs,
    };
    vec![one; count]
}

fn fetching(value: Value, wanted: Whole, copied: &mut Copied) -> Fetching<'_> {
    Box::pin(async move {
        if is_whole(&value, wanted) {
            return Ok(value);
        }
        Ok(match value {
            Value::Ref(Ref::Remote(handle)) => {
                let shape = handle.shape();
                let is_container = shape.category().is_container();
                let contents = Proxy::from(Ref::Remote(handle)).fetch_within_later(copied).await?;
                let whole = fetching(contents, wanted, copied).await?;
                if is_container { whole } else { value_with(&shape, whole)? }
            }
            Value::List(items) => Value::List(each(items, wanted, copied).await?),
            Value::Tuple(items) => Value::Tuple(each(items, wanted, copied).await?),
            Value::Set(items) => Value::Set(each(items, wanted, copied).await?),
            Value::FrozenSet(items) => Value::FrozenSet(each(items, wanted, copied).await?),
            Value::Dict(entries) => {
                let mut made = Vec::with_capacity(entries.len());
                for ((key, value), wanted) in entries.iter().zip(of_parts(wanted, entries.len())) {
                    made.push((key.clone(), fetching(value.clone(), wanted, copied).await?));
                }
                Value::Dict(Entries::new(made))
            }
            other => other,
        })
    })
}

/// What a reference to a value led to, as an object of this side that has the same data: its version was not told.
fn value_with(shape: &Shape, contents: Value) -> Result<Value, Error> {
    match contents {
        Value::List(items) if items.len() == 1 => {
            let typed = Typed { type_name: shape.name().clone(), version: 0, data: items[0].clone() };
            Ok(Value::Ref(Ref::Own(Own::new(TypedHost::new(Arc::new(typed))))))
        }
        other => Err(Error::convert(shape.name().clone(), other.kind())),
    }
}

async fn each(items: Items, wanted: Whole, copied: &mut Copied) -> Result<Items, Error> {
    let mut made = Vec::with_capacity(items.len());
    for (item, wanted) in items.iter().zip(of_parts(wanted, items.len())) {
        made.push(fetching(item.clone(), wanted, copied).await?);
    }
    Ok(Items::new(made))
}

impl Arguments {
    /// Before [`Self::take`] in a task: copies the remote containers of an argument, as deep as its type wants them.
    ///
    /// # Errors
    /// Why one could not be copied.
    #[doc(hidden)]
    pub async fn fetch_whole(&mut self, position: usize, name: &str, wanted: Whole) -> Result<(), Error> {
        let value = match self.positional.get_mut(position) {
            Some(value) => value,
            None => match self.named.iter_mut().find(|(given, _)| &**given == name) {
                Some((_, value)) => value,
                None => return Ok(()),
            },
        };
        let whole = fetched(std::mem::take(value), wanted).await.map_err(|error| error.within(name))?;
        *value = whole;
        Ok(())
    }
}
