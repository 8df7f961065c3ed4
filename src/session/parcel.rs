//! What is made ready outside the session's lock before it goes in, and what comes out to be opened outside it.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::Error;
use crate::guard::guarded;
use crate::host::{Arguments, Own};
use crate::limits::{Limits, Told};
use crate::table::{Handle, Offer};
use crate::value::{Ref, Value};
use crate::wire::Malformed;
use crate::wire::frame::Body;
use crate::wire::payload::{
    self, Items, KnownTypes, Payload, decode_arguments, decode_error, decode_items, decode_result, encode_arguments,
    encode_error, encode_result,
};

/// A reference that a payload names, before it has an id.
#[derive(Clone, Debug)]
pub enum OutRef {
    /// An object of ours.
    Object(Offer),
    /// An object of the peer's, going home.
    Home(Handle),
    /// An answer that the peer owes.
    Answer(Handle),
}

/// An encoded payload and what it names, ready to be committed.
#[derive(Clone, Debug, Default)]
pub struct Parcel {
    pub(crate) bytes: Vec<u8>,
    pub(crate) refs: Vec<OutRef>,
}

impl Parcel {
    /// Whether it takes more than these limits allow.
    pub(crate) fn is_beyond(&self, told: &Told) -> bool {
        self.bytes.len() + MESSAGE_OVERHEAD > told.message_len_max as usize
            || self.refs.len() > told.frame_refs_max as usize
    }
}

/// What a message takes beside its payload and the names in it, at most. So short that an error of the session's own fits
/// the shortest message that a peer may tell: whatever cannot be sent can be answered for.
pub(crate) const MESSAGE_OVERHEAD: usize = 128;

/// What a reference is charged beside its bytes, about: it holds an entry, or what it leads to.
const REFERENCE_COST: u64 = 64;

/// What a payload of this length with so many references is charged to a peer's account.
pub(crate) fn charge_of(bytes: usize, refs: usize) -> u64 {
    bytes as u64 + refs as u64 * REFERENCE_COST
}

/// The arguments of a call that has none: no marks, none by position, none by name. A parcel without bytes is these.
pub(crate) const NO_ARGUMENTS: &[u8] = &[0; 3];

/// The result of a call that has none: no marks, and the value none. A settlement without bytes is this.
pub(crate) const NO_RESULT: &[u8] = &[0; 2];

/// Makes values ready for one peer. What an object's own code fails with on the way is the error of the whole.
pub struct Packer<'a> {
    /// The number of the session that they will leave by.
    pub session: u64,
    /// What the peer can take.
    pub terms: &'a Terms,
    /// Our own limits: nothing is sent that we would refuse ourselves.
    pub limits: &'a Limits,
    /// Makes an object of ours that stands for what another session's handle leads to.
    pub adopt: &'a dyn Fn(&Handle) -> Own,
}

/// What a peer has told in its HELLO, or the floor that holds before.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Its limits.
    pub told: Told,
    /// Its runtime; empty before its HELLO.
    pub runtime: Arc<str>,
    /// The value types that it can take.
    pub value_types: HashSet<(Arc<str>, u32)>,
}

impl Default for Terms {
    fn default() -> Self {
        Self { told: Told::FLOOR, runtime: "".into(), value_types: HashSet::new() }
    }
}

impl KnownTypes for Terms {
    fn knows(&self, name: &str, version: u32) -> bool {
        !self.value_types.is_empty() && self.value_types.contains(&(name.into(), version))
    }
}

impl Packer<'_> {
    /// Encodes arguments.
    pub fn arguments(&self, arguments: &Arguments) -> Result<Parcel, Error> {
        if arguments.positional.is_empty() && arguments.named.is_empty() {
            return Ok(Parcel::default());
        }
        let packed = || encode_arguments(arguments, self.terms, self.limits).map(|payload| self.pack(payload));
        guarded(packed).flatten()
    }

    /// Encodes items, each with the attributes asked for.
    pub fn items(&self, items: payload::ItemsEncoder<'_>) -> Result<Parcel, Error> {
        guarded(|| self.pack(items.finish()))
    }

    /// Encodes the result of a call; one that cannot be encoded becomes an error.
    pub fn settlement(&self, result: Result<Value, Error>) -> Settlement {
        if let Ok(Value::None) = result {
            return Settlement::nothing();
        }
        // What an object says of itself is the user's code, too.
        let packed = guarded(|| {
            let payload = match &result {
                Ok(value) => encode_result(value, self.terms, self.limits)?,
                Err(error) => encode_error(error, self.terms, self.limits),
            };
            Ok(self.pack(payload))
        });
        match packed.flatten() {
            Ok(parcel) => {
                let root = match (&result, parcel.refs.first()) {
                    // A value of a type that the peer does not know is an object for it.
                    (Ok(Value::Ref(_) | Value::Typed(_)), Some(OutRef::Object(offer))) => Root::Object(offer.clone()),
                    (Ok(Value::Ref(_)), Some(OutRef::Home(handle) | OutRef::Answer(handle))) => {
                        Root::Remote(handle.clone())
                    }
                    _ => Root::Value,
                };
                Settlement { result, root, parcel }
            }
            Err(error) => self.settlement_of_error(error),
        }
    }

    fn settlement_of_error(&self, error: Error) -> Settlement {
        let parcel = self.pack(encode_error(&error, self.terms, self.limits));
        Settlement { result: Err(error), root: Root::Value, parcel }
    }

    fn pack(&self, payload: Payload) -> Parcel {
        let refs = payload.refs.into_iter().map(|reference| match reference {
            // Attenuated, to the object's own side too: what is reached through that side must get no more of the object.
            Ref::Own(own) => OutRef::Object(Offer::new(own)),
            // What came home attenuated goes on as it was, to the object's own side too: whoever passed it has no more of
            // the object for having passed it through us.
            Ref::Remote(handle) if handle.session_number() != self.session || handle.passed_on_as().is_some() => {
                OutRef::Object(Offer::new((self.adopt)(&handle)))
            }
            Ref::Remote(handle) if handle.is_promise() => OutRef::Answer(handle),
            Ref::Remote(handle) => OutRef::Home(handle),
        });
        Parcel { refs: refs.collect(), bytes: payload.bytes }
    }
}

/// The result of a call that we served, ready to be returned and to be called upon.
#[derive(Debug)]
pub struct Settlement {
    pub(crate) result: Result<Value, Error>,
    pub(crate) root: Root,
    pub(crate) parcel: Parcel,
}

/// What calls on a result go to.
#[derive(Debug)]
pub(crate) enum Root {
    /// An object of ours.
    Object(Offer),
    /// An object of a peer's.
    Remote(Handle),
    /// Nothing that can be called.
    Value,
}

impl Settlement {
    /// The result of a call that has none.
    pub(crate) fn nothing() -> Self {
        Self { result: Ok(Value::None), root: Root::Value, parcel: Parcel::default() }
    }

    /// An error of the session's own: it names no objects.
    pub(crate) fn internal(error: Error, limits: &Limits) -> Self {
        let payload = encode_error(&error, &(), limits);
        Self { result: Err(error), root: Root::Value, parcel: Parcel { bytes: payload.bytes, refs: Vec::new() } }
    }
}

/// A payload that arrived, its references booked, not decoded yet.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    pub(crate) body: Body,
    pub(crate) start: usize,
    pub(crate) slots: Vec<Value>,
}

impl Arrival {
    pub(crate) fn payload(&self) -> &[u8] {
        self.body.get(self.start..).unwrap_or_default()
    }

    /// The arguments of a call.
    pub fn arguments(&self, limits: &Limits) -> Result<Arguments, Error> {
        if self.payload() == NO_ARGUMENTS {
            return Ok(Arguments::default());
        }
        decode_arguments(self.payload(), &self.slots, limits).map_err(undecodable)
    }

    pub(crate) fn result(&self, limits: &Limits) -> Result<Value, Error> {
        if self.payload() == NO_RESULT && self.slots.is_empty() {
            return Ok(Value::None);
        }
        decode_result(self.payload(), &self.slots, limits).map_err(undecodable)
    }

    pub(crate) fn error(&self, limits: &Limits) -> Error {
        decode_error(self.payload(), &self.slots, limits).unwrap_or_else(undecodable)
    }

    pub(crate) fn items(&self, limits: &Limits) -> Result<Items, Error> {
        decode_items(self.payload(), &self.slots, limits).map_err(undecodable)
    }

    /// The value that the payload of a result is, if that is one reference and nothing more.
    pub(crate) fn sole_reference(&self) -> Option<&Value> {
        let index = payload::sole_reference(self.payload())?;
        self.slots.get(usize::try_from(index).ok()?)
    }
}

fn undecodable(malformed: Malformed) -> Error {
    Error::Protocol(format!("the peer sent a payload that cannot be decoded: {malformed}").into())
}
