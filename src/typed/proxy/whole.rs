//! Remote containers copied, as deep as a type wants them whole, without blocking.

use std::pin::Pin;

use crate::convert::copied::Copied;
use crate::error::Error;
use crate::host::Arguments;
use crate::proxy::Proxy;
use crate::value::{Entries, Items, Ref, Value};

type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send + 'a>>;

/// The value, remote containers in its first `levels` levels replaced by their contents.
pub(super) async fn fetched(value: Value, levels: usize) -> Result<Value, Error> {
    if is_whole(&value, levels) { Ok(value) } else { fetching(value, levels, &mut Copied::default()).await }
}

fn is_whole(value: &Value, levels: usize) -> bool {
    if levels == 0 {
        return true;
    }
    match value {
        Value::Ref(Ref::Remote(handle)) => handle.is_promise() || !handle.shape().category().is_container(),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
            items.iter().all(|item| is_whole(item, levels - 1))
        }
        Value::Dict(entries) => entries.iter().all(|(_, value)| is_whole(value, levels - 1)),
        _ => true,
    }
}

fn fetching(value: Value, levels: usize, copied: &mut Copied) -> Fetching<'_> {
    Box::pin(async move {
        if is_whole(&value, levels) {
            return Ok(value);
        }
        Ok(match value {
            Value::Ref(reference) => {
                let contents = Proxy::from(reference).fetch_within_later(copied).await?;
                return fetching(contents, levels, copied).await;
            }
            Value::List(items) => Value::List(each(items, levels - 1, copied).await?),
            Value::Tuple(items) => Value::Tuple(each(items, levels - 1, copied).await?),
            Value::Set(items) => Value::Set(each(items, levels - 1, copied).await?),
            Value::FrozenSet(items) => Value::FrozenSet(each(items, levels - 1, copied).await?),
            Value::Dict(entries) => {
                let mut made = Vec::with_capacity(entries.len());
                for (key, value) in &entries {
                    made.push((key.clone(), fetching(value.clone(), levels - 1, copied).await?));
                }
                Value::Dict(Entries::new(made))
            }
            other => other,
        })
    })
}

async fn each(items: Items, levels: usize, copied: &mut Copied) -> Result<Items, Error> {
    let mut made = Vec::with_capacity(items.len());
    for item in &items {
        made.push(fetching(item.clone(), levels, copied).await?);
    }
    Ok(Items::new(made))
}

impl Arguments {
    /// Before [`Self::take`] in a task: copies the remote containers of an argument, as deep as its type wants them.
    ///
    /// # Errors
    /// Why one could not be copied.
    #[doc(hidden)]
    pub async fn fetch_whole(&mut self, position: usize, name: &str, levels: usize) -> Result<(), Error> {
        let value = match self.positional.get_mut(position) {
            Some(value) => value,
            None => match self.named.iter_mut().find(|(given, _)| &**given == name) {
                Some((_, value)) => value,
                None => return Ok(()),
            },
        };
        let whole = fetched(std::mem::take(value), levels).await.map_err(|error| error.within(name))?;
        *value = whole;
        Ok(())
    }
}
