//! Byte arrays: bytes that are shared and can be changed.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use crate::context::CallContext;
use crate::error::Error;
use crate::host::{Host, Identity, Operation, Outcome, Own, Request};
use crate::hosts::arguments::{exact, items_of, may_grow, place, type_error};
use crate::hosts::container::{self, BYTES_MAX, Container, method};
use crate::hosts::contents::contents_of;
use crate::shape::{Category, Shape};
use crate::value::{Ref, Value};

/// An array of bytes, shared: a clone is the same array. Peers use it by reference.
#[derive(Clone, Default)]
pub struct ByteArray(Arc<Storage>);

#[derive(Default)]
struct Storage(Mutex<Vec<u8>>);

/// One shape for the process: it is constant, as the code that does what it says.
static SHAPE: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    let doc = "Bytes that are shared and can be changed.";
    let operations = [Operation::Index, Operation::SetIndex, Operation::DeleteIndex, Operation::Binary];
    let members = [
        method("append", "(byte)", "Adds a byte at the end."),
        method("extend", "(bytes)", "Adds bytes at the end."),
        method("clear", "()", "Takes out all bytes."),
    ];
    let shape = container::shape("wherever:bytearray", Category::ByteArray, doc, &operations);
    Arc::new(members.into_iter().fold(shape, Shape::member))
});

impl ByteArray {
    /// An empty array.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.bytes().len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The byte at this index.
    pub fn get(&self, index: usize) -> Option<u8> {
        self.bytes().get(index).copied()
    }

    /// Adds a byte at the end.
    pub fn push(&self, byte: u8) {
        self.bytes().push(byte);
    }

    /// Adds bytes at the end.
    pub fn extend(&self, bytes: &[u8]) {
        self.bytes().extend_from_slice(bytes);
    }

    /// Takes out all bytes.
    pub fn clear(&self) {
        self.bytes().clear();
    }

    /// The bytes as they are now.
    pub fn snapshot(&self) -> Vec<u8> {
        self.bytes().clone()
    }

    /// A reference to this array, as a value holds it.
    pub fn to_own(&self) -> Own {
        Own::new(self.clone())
    }

    /// The array that a reference leads to, if it is one.
    pub fn from_own(own: &Own) -> Option<Self> {
        own.downcast::<Self>().cloned()
    }

    fn bytes(&self) -> parking_lot::MutexGuard<'_, Vec<u8>> {
        self.0.0.lock()
    }

    fn append_all(&self, more: &[u8]) -> Result<(), Error> {
        let mut bytes = self.bytes();
        may_grow(bytes.len() + more.len(), BYTES_MAX)?;
        bytes.extend_from_slice(more);
        Ok(())
    }

    fn binary(&self, request: Request) -> Result<Value, Error> {
        let unsupported = || Error::not_supported(&SHAPE, Operation::Binary);
        let member = request.member_name().to_owned();
        let [operand] = exact(request.arguments, &member)?;
        let other = match &operand {
            Value::Bytes(bytes) | Value::ByteArray(bytes) => bytes.to_vec(),
            Value::Ref(Ref::Own(own)) if own.shape().category() == Category::ByteArray => bytes_of(&operand)?,
            _ => return Err(unsupported()),
        };
        if member == "iadd" {
            self.append_all(&other)?;
            return Ok(self.clone().into());
        }
        let own = self.snapshot();
        may_grow(own.len() + other.len(), BYTES_MAX)?;
        match (&*member, &operand) {
            ("add", _) => Ok(ByteArray::from([own, other].concat()).into()),
            // The left operand says what the sum is.
            ("radd", Value::Bytes(_)) => Ok(Value::bytes([other, own].concat())),
            ("radd", _) => Ok(ByteArray::from([other, own].concat()).into()),
            _ => Err(unsupported()),
        }
    }
}

fn bytes_of(value: &Value) -> Result<Vec<u8>, Error> {
    match value {
        Value::Bytes(bytes) | Value::ByteArray(bytes) => Ok(bytes.to_vec()),
        Value::Ref(Ref::Own(own)) if own.shape().category() == Category::ByteArray => match contents_of(own)? {
            Some(Value::ByteArray(bytes)) => Ok(bytes.to_vec()),
            _ => Err(type_error(format!("{} does not give its bytes", own.shape().name()))),
        },
        _ => items_of(value)?.iter().map(byte).collect(),
    }
}

fn byte(value: &Value) -> Result<u8, Error> {
    match value {
        Value::Int(number) => u8::try_from(*number)
            .map_err(|_| Error::raise("wherever:value_error", format!("a byte is 0 to 255, not {number}"))),
        other => Err(type_error(format!("a byte is an integer, not {}", other.kind()))),
    }
}

impl Container for ByteArray {
    fn container_shape(&self) -> &'static Shape {
        &SHAPE
    }

    fn length(&self) -> usize {
        self.len()
    }

    fn contents(&self) -> Value {
        Value::ByteArray(self.snapshot().into())
    }

    /// The bytes as integers.
    fn steps(&self) -> Vec<Value> {
        self.bytes().iter().map(|byte| Value::Int((*byte).into())).collect()
    }

    fn call(&self, name: &str, request: Request) -> Result<Value, Error> {
        match name {
            "append" => {
                let [value] = exact(request.arguments, name)?;
                self.append_all(&[byte(&value)?])?;
            }
            "extend" => {
                let [values] = exact(request.arguments, name)?;
                self.append_all(&bytes_of(&values)?)?;
            }
            "clear" => {
                let [] = exact(request.arguments, name)?;
                self.clear();
            }
            _ => return Err(Error::no_member(&SHAPE, name)),
        }
        Ok(Value::None)
    }

    fn own_operation(&self, request: Request) -> Result<Value, Error> {
        match request.operation {
            Operation::Index => {
                let [index] = exact(request.arguments, "reading a byte")?;
                let bytes = self.bytes();
                Ok(Value::Int(bytes[place(&index, bytes.len())?].into()))
            }
            Operation::SetIndex => {
                let [index, value] = exact(request.arguments, "writing a byte")?;
                let new = byte(&value)?;
                let mut bytes = self.bytes();
                let place = place(&index, bytes.len())?;
                bytes[place] = new;
                Ok(Value::None)
            }
            Operation::DeleteIndex => {
                let [index] = exact(request.arguments, "deleting a byte")?;
                let mut bytes = self.bytes();
                let place = place(&index, bytes.len())?;
                bytes.remove(place);
                Ok(Value::None)
            }
            Operation::Contains => {
                let [value] = exact(request.arguments, "asking for bytes")?;
                match value {
                    Value::Int(_) => Ok(Value::Bool(self.bytes().contains(&byte(&value)?))),
                    _ => Ok(Value::Bool(holds(&self.snapshot(), &bytes_of(&value)?))),
                }
            }
            Operation::Binary => self.binary(request),
            operation => Err(Error::not_supported(&SHAPE, operation)),
        }
    }
}

/// Whether the bytes hold this piece. In linear time (Knuth, Morris, Pratt): a peer picks both.
fn holds(bytes: &[u8], piece: &[u8]) -> bool {
    // For each beginning of the piece, how much of it is again a beginning: where to go on after a mismatch.
    let mut fallback = vec![0; piece.len()];
    let step = |fallback: &[usize], mut matched: usize, byte: u8| {
        while matched > 0 && piece[matched] != byte {
            matched = fallback[matched - 1];
        }
        matched + usize::from(piece[matched] == byte)
    };
    for at in 1..piece.len() {
        fallback[at] = step(&fallback, fallback[at - 1], piece[at]);
    }
    let mut matched = 0;
    piece.is_empty()
        || bytes.iter().any(|byte| {
            matched = step(&fallback, matched, *byte);
            matched == piece.len()
        })
}

impl Host for ByteArray {
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

impl From<ByteArray> for Value {
    fn from(array: ByteArray) -> Self {
        Value::Ref(Ref::Own(array.to_own()))
    }
}

impl From<Vec<u8>> for ByteArray {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Storage(Mutex::new(bytes))))
    }
}

impl FromIterator<u8> for ByteArray {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        bytes.into_iter().collect::<Vec<u8>>().into()
    }
}

impl fmt::Debug for ByteArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByteArray({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::testing::{ask, binary, call, error_name, own};

    #[test]
    fn bytes_are_read_and_written() {
        let array = ByteArray::from(vec![1, 2, 3]);
        let at = |index: i64| vec![Value::Int(index)];
        assert_eq!(ask(&array, Operation::Index, at(-1)).unwrap(), Value::Int(3));
        ask(&array, Operation::SetIndex, vec![Value::Int(0), Value::Int(255)]).unwrap();
        ask(&array, Operation::DeleteIndex, at(1)).unwrap();
        assert_eq!(array.snapshot(), [255, 3]);
        assert_eq!(error_name(ask(&array, Operation::Index, at(2))), "wherever:index_error");
        let too_large = vec![Value::Int(0), Value::Int(256)];
        assert_eq!(error_name(ask(&array, Operation::SetIndex, too_large)), "wherever:value_error");
        let contains = |value: Value| ask(&array, Operation::Contains, vec![value]).unwrap();
        assert_eq!(contains(Value::Int(3)), Value::Bool(true));
        assert_eq!(contains(Value::bytes([255, 3])), Value::Bool(true));
        assert_eq!(contains(Value::bytes([3, 255])), Value::Bool(false));
        let steps = Value::tuple([Value::Int(255), Value::Int(3)]);
        assert_eq!(ask(&array, Operation::Iterate, vec![]).unwrap(), steps);
    }

    #[test]
    fn pieces_are_found_wherever_they_are() {
        for (piece, found) in [("", true), ("abab", true), ("abac", true), ("bacx", false), ("aa", false), ("c", true)]
        {
            assert_eq!(holds(b"abababac", piece.as_bytes()), found, "{piece}");
        }
        assert!(!holds(&vec![0; 1 << 16], &[vec![0; 1 << 15], vec![1]].concat()));
        assert!(!holds(b"", b"a"));
    }

    #[test]
    fn bytes_are_added() {
        let array = ByteArray::from(vec![1]);
        call(&array, "append", vec![Value::Int(2)]).unwrap();
        call(&array, "extend", vec![Value::bytes([3])]).unwrap();
        call(&array, "extend", vec![Value::tuple([Value::Int(4)])]).unwrap();
        call(&array, "extend", vec![array.clone().into()]).unwrap();
        assert_eq!(array.snapshot(), [1, 2, 3, 4, 1, 2, 3, 4]);
        call(&array, "clear", vec![]).unwrap();
        array.extend(b"b");
        assert!(own(binary(&array, "iadd", Value::bytes(*b"c")).unwrap()).same(&array.to_own()));
        let sum = own(binary(&array, "add", array.clone().into()).unwrap());
        assert_eq!(ByteArray::from_own(&sum).unwrap().snapshot(), b"bcbc");
        assert_eq!(binary(&array, "radd", Value::bytes(*b"a")).unwrap(), Value::bytes(*b"abc"));
        assert!(matches!(binary(&array, "add", Value::Int(1)), Err(Error::NotSupported { .. })));
        assert!(call(&array, "append", vec![Value::text("a")]).is_err());
    }

    #[test]
    fn a_peer_cannot_double_it_for_ever() {
        let array = ByteArray::from(vec![0; BYTES_MAX]);
        let refused = call(&array, "extend", vec![array.clone().into()]);
        assert!(matches!(refused, Err(Error::Overloaded(_))));
        assert_eq!(array.len(), BYTES_MAX);
    }
}
