//! The core's own form of a value on its way between two runtimes: what is copied, and references to what is not.
//!
//! A [`Value`] is immutable and cheap to clone: compound values share their items by reference count, and that
//! sharing (cycles included) survives a crossing.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock, Weak};

use crate::host::Own;
use crate::table::Handle;

/// A value as the core sees it: a copy, or a reference to an object of either side.
///
/// The variants up to [`Value::Typed`] are the immutable values, which are always copied. [`Value::List`],
/// [`Value::Dict`], [`Value::Set`] and [`Value::ByteArray`] are *contents* of mutable containers, as a whole fetch or
/// an operand carries them; the containers themselves are [`Value::Ref`].
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Value {
    /// The absence of a value.
    #[default]
    None,
    /// A truth value.
    Bool(bool),
    /// An integer that fits 64 bits; every such integer is in this form.
    Int(i64),
    /// An integer that does not fit [`Value::Int`].
    BigInt(Arc<BigInt>),
    /// A double; all bit patterns survive.
    Float(f64),
    /// A complex number: real part, imaginary part.
    Complex(f64, f64),
    /// Text.
    Text(Arc<str>),
    /// Immutable bytes.
    Bytes(Arc<[u8]>),
    /// A tuple.
    Tuple(Items),
    /// A frozen set; the order of its items means nothing.
    FrozenSet(Items),
    /// A value of a registered value type: a date, an enum member, a named tuple.
    Typed(Arc<Typed>),
    /// The contents of a list, copied.
    List(Items),
    /// The contents of a dict, copied, in its order.
    Dict(Entries),
    /// The contents of a set, copied.
    Set(Items),
    /// The contents of a byte array, copied.
    ByteArray(Arc<[u8]>),
    /// A place where a copied container holds itself, directly or further down.
    Cycle(Cycle),
    /// A reference to an object that stays where it is.
    Ref(Ref),
}

/// A reference: to an object of this side, or to one of a peer's.
#[derive(Clone)]
pub enum Ref {
    /// An object that lives here.
    Own(Own),
    /// A claim on an object, or on an answer still to come, of a peer.
    Remote(Handle),
}

/// A value of a registered value type, as its codec wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    /// Name of the value type, `runtime:module.path` or an interface-like name of its author.
    pub type_name: Arc<str>,
    /// Version of the type's codec.
    pub version: u32,
    /// What the codec made of the value: copied values only.
    pub data: Value,
}

/// An integer of any size: sign and magnitude.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BigInt {
    negative: bool,
    magnitude: Box<[u8]>,
}

impl BigInt {
    /// Makes an integer from its sign and its magnitude in bytes, least significant first.
    pub fn new(negative: bool, magnitude: &[u8]) -> Self {
        let len = magnitude.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        Self { negative: negative && len > 0, magnitude: magnitude[..len].into() }
    }

    /// Whether the integer is below zero.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// The magnitude, least significant byte first, without leading zeros.
    pub fn magnitude(&self) -> &[u8] {
        &self.magnitude
    }

    /// The integer as an `i128`, if it fits.
    pub fn to_i128(&self) -> Option<i128> {
        if self.magnitude.len() > 16 {
            return None;
        }
        let mut bytes = [0; 16];
        bytes[..self.magnitude.len()].copy_from_slice(&self.magnitude);
        let magnitude = u128::from_le_bytes(bytes);
        if self.negative { 0_i128.checked_sub_unsigned(magnitude) } else { i128::try_from(magnitude).ok() }
    }
}

impl From<i128> for Value {
    fn from(number: i128) -> Self {
        match i64::try_from(number) {
            Ok(small) => Value::Int(small),
            Err(_) => Value::BigInt(Arc::new(BigInt::new(number < 0, &number.unsigned_abs().to_le_bytes()))),
        }
    }
}

type Cell<T> = OnceLock<Box<[T]>>;

/// The items of a copied container: dereferences to a slice; a clone is the same container.
#[derive(Clone, Default)]
pub struct Items(Option<Arc<Cell<Value>>>);

/// The entries of a copied dict: dereferences to a slice of pairs; a clone is the same container.
#[derive(Clone, Default)]
pub struct Entries(Option<Arc<Cell<(Value, Value)>>>);

macro_rules! shared_items {
    ($name:ident, $item:ty) => {
        impl $name {
            /// Makes a container of these items. One without items allocates nothing.
            pub fn new(items: impl IntoIterator<Item = $item>) -> Self {
                let items: Box<[$item]> = items.into_iter().collect();
                if items.is_empty() { Self(None) } else { Self(Some(Arc::new(OnceLock::from(items)))) }
            }

            /// Whether both are the very same container. Empty ones are all alike.
            pub fn same(&self, other: &Self) -> bool {
                match (&self.0, &other.0) {
                    (Some(one), Some(two)) => Arc::ptr_eq(one, two),
                    (None, None) => true,
                    _ => false,
                }
            }

            /// A number that tells this container from all others alive, if it has items.
            pub(crate) fn address(&self) -> Option<usize> {
                self.0.as_ref().map(|cell| Arc::as_ptr(cell) as usize)
            }

            /// Whether anything else holds this container, so that it may be met twice in one message.
            pub(crate) fn is_shared(&self) -> bool {
                self.0.as_ref().is_some_and(|cell| Arc::strong_count(cell) > 1 || Arc::weak_count(cell) > 0)
            }

            /// A container whose items come later, by [`Self::fill`]; until then it is empty.
            pub(crate) fn unfilled() -> Self {
                Self(Some(Arc::new(OnceLock::new())))
            }

            /// Gives the items to a container made by [`Self::unfilled`]; a second call changes nothing.
            pub(crate) fn fill(&self, items: Box<[$item]>) {
                if let Some(cell) = &self.0 {
                    // A second fill is the decoder's error and cannot come from a peer: it fills what it opened.
                    let _ = cell.set(items);
                }
            }
        }

        impl Deref for $name {
            type Target = [$item];
            fn deref(&self) -> &[$item] {
                self.0.as_ref().and_then(|cell| cell.get()).map_or(&[], |items| items)
            }
        }

        impl FromIterator<$item> for $name {
            fn from_iter<I: IntoIterator<Item = $item>>(items: I) -> Self {
                Self::new(items)
            }
        }

        impl<'a> IntoIterator for &'a $name {
            type Item = &'a $item;
            type IntoIter = std::slice::Iter<'a, $item>;
            fn into_iter(self) -> Self::IntoIter {
                self.iter()
            }
        }
    };
}

shared_items!(Items, Value);
shared_items!(Entries, (Value, Value));

/// A back edge: the container that holds this place holds itself. Weak, so that a cycle cannot leak; it can be
/// followed for as long as the outermost container of the cycle lives.
#[derive(Clone)]
pub struct Cycle(CycleKind);

#[derive(Clone)]
enum CycleKind {
    Tuple(Weak<Cell<Value>>),
    List(Weak<Cell<Value>>),
    Dict(Weak<Cell<(Value, Value)>>),
    FrozenSet(Weak<Cell<Value>>),
    Set(Weak<Cell<Value>>),
}

impl Cycle {
    /// A back edge to `container`; `None` if that is no container with items.
    pub fn to(container: &Value) -> Option<Self> {
        let weak = |items: &Items| items.0.as_ref().map(Arc::downgrade);
        Some(Self(match container {
            Value::Tuple(items) => CycleKind::Tuple(weak(items)?),
            Value::List(items) => CycleKind::List(weak(items)?),
            Value::FrozenSet(items) => CycleKind::FrozenSet(weak(items)?),
            Value::Set(items) => CycleKind::Set(weak(items)?),
            Value::Dict(entries) => CycleKind::Dict(Arc::downgrade(entries.0.as_ref()?)),
            _ => return None,
        }))
    }

    /// The container that the edge leads to, while it lives.
    pub fn follow(&self) -> Option<Value> {
        let items = |weak: &Weak<Cell<Value>>| weak.upgrade().map(|cell| Items(Some(cell)));
        Some(match &self.0 {
            CycleKind::Tuple(weak) => Value::Tuple(items(weak)?),
            CycleKind::List(weak) => Value::List(items(weak)?),
            CycleKind::FrozenSet(weak) => Value::FrozenSet(items(weak)?),
            CycleKind::Set(weak) => Value::Set(items(weak)?),
            CycleKind::Dict(weak) => Value::Dict(Entries(Some(weak.upgrade()?))),
        })
    }
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Value::Text(text.into())
    }

    /// A value of immutable bytes.
    pub fn bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Value::Bytes(bytes.into())
    }

    /// A tuple of these values.
    pub fn tuple(items: impl IntoIterator<Item = Value>) -> Self {
        Value::Tuple(Items::new(items))
    }

    /// The kind of the value in one word, for messages to people.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::None => "none",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::BigInt(_) => "int",
            Value::Float(_) => "float",
            Value::Complex(..) => "complex",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
            Value::Tuple(_) => "tuple",
            Value::FrozenSet(_) => "frozen set",
            Value::Typed(_) => "typed value",
            Value::List(_) => "list contents",
            Value::Dict(_) => "dict contents",
            Value::Set(_) => "set contents",
            Value::ByteArray(_) => "byte array contents",
            Value::Cycle(_) => "back edge",
            Value::Ref(Ref::Own(_)) => "own object",
            Value::Ref(Ref::Remote(handle)) if handle.is_promise() => "promise",
            Value::Ref(Ref::Remote(_)) => "remote object",
        }
    }
}

impl PartialEq for Value {
    /// Equal values of the same kind; references are equal if they lead to the same object by the same session.
    /// Floats compare by bits, so that a value equals itself; sets compare in the order they are held.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::None, Value::None) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::BigInt(a), Value::BigInt(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            (Value::Complex(a, b), Value::Complex(c, d)) => a.to_bits() == c.to_bits() && b.to_bits() == d.to_bits(),
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Bytes(a), Value::Bytes(b)) | (Value::ByteArray(a), Value::ByteArray(b)) => a == b,
            (Value::Tuple(a), Value::Tuple(b))
            | (Value::FrozenSet(a), Value::FrozenSet(b))
            | (Value::List(a), Value::List(b))
            | (Value::Set(a), Value::Set(b)) => a.same(b) || **a == **b,
            (Value::Dict(a), Value::Dict(b)) => a.same(b) || **a == **b,
            (Value::Typed(a), Value::Typed(b)) => a == b,
            (Value::Cycle(a), Value::Cycle(b)) => a.same(b),
            (Value::Ref(Ref::Own(a)), Value::Ref(Ref::Own(b))) => a.same(b),
            (Value::Ref(Ref::Remote(a)), Value::Ref(Ref::Remote(b))) => a.same(b),
            _ => false,
        }
    }
}

impl Cycle {
    fn same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (CycleKind::Tuple(a), CycleKind::Tuple(b))
            | (CycleKind::List(a), CycleKind::List(b))
            | (CycleKind::FrozenSet(a), CycleKind::FrozenSet(b))
            | (CycleKind::Set(a), CycleKind::Set(b)) => Weak::ptr_eq(a, b),
            (CycleKind::Dict(a), CycleKind::Dict(b)) => Weak::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => f.write_str("None"),
            Value::Bool(value) => fmt::Debug::fmt(value, f),
            Value::Int(value) => fmt::Debug::fmt(value, f),
            Value::BigInt(value) => match value.to_i128() {
                Some(number) => fmt::Debug::fmt(&number, f),
                None => write!(f, "BigInt({} bytes)", value.magnitude().len()),
            },
            Value::Float(value) => fmt::Debug::fmt(value, f),
            Value::Complex(re, im) => write!(f, "({re}{im:+}i)"),
            Value::Text(text) => fmt::Debug::fmt(text, f),
            Value::Bytes(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
            Value::ByteArray(bytes) => write!(f, "bytearray(b\"{}\")", bytes.escape_ascii()),
            Value::Tuple(items) => {
                let mut tuple = f.debug_tuple("");
                items.iter().for_each(|item| {
                    tuple.field(item);
                });
                if items.is_empty() { f.write_str("()") } else { tuple.finish() }
            }
            Value::FrozenSet(items) => {
                f.write_str("frozen ")?;
                f.debug_set().entries(items.iter()).finish()
            }
            Value::Set(items) => f.debug_set().entries(items.iter()).finish(),
            Value::List(items) => f.debug_list().entries(items.iter()).finish(),
            Value::Dict(entries) => f.debug_map().entries(entries.iter().map(|(k, v)| (k, v))).finish(),
            Value::Typed(typed) => {
                write!(f, "{}/{}({:?})", typed.type_name, typed.version, typed.data)
            }
            Value::Cycle(_) => f.write_str("<cycle>"),
            Value::Ref(Ref::Own(own)) => write!(f, "<own {}>", own.shape().name()),
            Value::Ref(Ref::Remote(handle)) => fmt::Debug::fmt(handle, f),
        }
    }
}

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(k, v)| (k, v))).finish()
    }
}
