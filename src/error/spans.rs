//! The spans of `tracing` that code is in, so that an error tells of them.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::{self, Write};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber, dispatcher};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::error::origin::Span;
use crate::value::Value;

/// What keeps the spans of a program for its errors, as a layer beside others: an error, or a panic, tells then which
/// spans its code was in, with what their fields are to whoever may ask. Of a subscriber without it, errors tell none.
///
/// It is added as any other: `tracing_subscriber::registry().with(SpanLayer::default())`.
///
/// What a field is, is written down when it is recorded. The errors that know are those of [`Error`](crate::Error), where
/// it is made, and panics; an error of another type becomes one of these only when the method gives it back, and is in
/// no span any more that the method had entered.
///
/// It is for all spans: where a filter of its own (`with_filter`) leaves one out, errors within that one tell none of those
/// around it either.
#[derive(Default)]
pub struct SpanLayer {
    /// By the number of the span, in several tables: spans come and go on all threads at once.
    open: [RwLock<HashMap<u64, Arc<Open>>>; TABLES],
}

const TABLES: usize = 16;

/// Characters of a field that are kept, and fields of a span.
const TEXT_MAX: usize = 1_000;
const FIELDS_MAX: usize = 64;

/// Spans within each other that an error tells of, the innermost.
const DEPTH_MAX: usize = 64;

/// A span that is not closed yet.
struct Open {
    id: u64,
    metadata: &'static Metadata<'static>,
    parent: Option<Arc<Open>>,
    fields: Mutex<Vec<(&'static str, Value)>>,
}

thread_local! {
    /// The innermost span around the call that the present thread serves: it is none of the called code's.
    static AROUND: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The span around the present call, for one that goes on later.
#[derive(Clone, Copy)]
pub(crate) struct Around(Option<u64>);

impl Around {
    pub(crate) fn now() -> Self {
        Self(AROUND.get())
    }

    /// What runs now, within a guard, goes on with that call.
    pub(crate) fn restore(self) {
        AROUND.set(self.0);
    }
}

/// Within code of a call, while it lives.
pub(crate) struct Within(Option<u64>);

impl Within {
    pub(crate) fn enter() -> Self {
        let now = match dispatcher::has_been_set() {
            true => with_layer(|_, id| id).flatten(),
            false => None,
        };
        Self(AROUND.replace(now))
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        AROUND.set(self.0);
    }
}

/// With the layer of the present subscriber, if it has one, and the present span.
fn with_layer<R>(run: impl Fn(&SpanLayer, Option<u64>) -> R) -> Option<R> {
    dispatcher::get_default(|dispatch| {
        let layer = dispatch.downcast_ref::<SpanLayer>()?;
        Some(run(layer, dispatch.current_span().id().map(Id::into_u64)))
    })
}

/// The spans that the present code is in, within its call, the outermost first.
pub(super) fn current() -> Vec<Span> {
    if !dispatcher::has_been_set() {
        return Vec::new();
    }
    let around = AROUND.get();
    let innermost = with_layer(|layer, id| layer.find(id?)).flatten();
    let all = std::iter::successors(innermost.as_ref(), |span| span.parent.as_ref());
    let mut spans: Vec<Span> =
        all.take_while(|span| Some(span.id) != around).take(DEPTH_MAX).map(|span| span.told()).collect();
    spans.reverse();
    spans
}

impl Open {
    fn told(&self) -> Span {
        Span {
            name: self.metadata.name(),
            file: self.metadata.file().unwrap_or_default(),
            line: self.metadata.line().unwrap_or_default(),
            fields: self.fields.lock().clone(),
        }
    }
}

impl SpanLayer {
    fn table(&self, id: u64) -> &RwLock<HashMap<u64, Arc<Open>>> {
        &self.open[(id % TABLES as u64) as usize]
    }

    fn find(&self, id: u64) -> Option<Arc<Open>> {
        self.table(id).read().get(&id).cloned()
    }
}

impl<S: Subscriber> Layer<S> for SpanLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = match attributes.parent() {
            Some(parent) => Some(parent.into_u64()),
            None if attributes.is_contextual() => context.current_span().id().map(Id::into_u64),
            None => None,
        };
        // No lock is held while a field's own code shows it.
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let id = id.into_u64();
        let parent = parent.and_then(|parent| self.find(parent));
        let open = Open { id, metadata: attributes.metadata(), parent, fields: Mutex::new(fields.0) };
        self.table(id).write().insert(id, Arc::new(open));
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        record.record(&mut fields);
        let Some(open) = self.find(id.into_u64()) else { return };
        let mut known = open.fields.lock();
        for (name, value) in fields.0 {
            known.retain(|(other, _)| *other != name);
            known.push((name, value));
        }
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        let id = id.into_u64();
        let closed = self.table(id).write().remove(&id);
        drop(closed);
    }
}

impl fmt::Debug for SpanLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpanLayer")
    }
}

/// Fields as values.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        if self.0.len() < FIELDS_MAX {
            self.0.push((field.name(), value.into()));
        }
    }

    fn add_text(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        let mut bounded = Bounded { text: String::new(), left: TEXT_MAX };
        // What is too long is cut, and what fails to show itself is shown as far as it came.
        let _ = bounded.write_fmt(text);
        self.add(field, bounded.text);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add_text(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field, format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.add(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }
}

/// A text that takes so many characters and no more.
struct Bounded {
    text: String,
    left: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        for char in piece.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(char);
        }
        Ok(())
    }
}
