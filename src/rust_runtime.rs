//! The Rust runtime: its own values are the core's.

use std::sync::Arc;

use crate::error::Error;
use crate::host::Runtime;
use crate::value::Value;

/// The runtime of plain Rust programs: objects are hosts made by hand or by a builder, and a stand-in for a remote
/// object is a dynamic [`crate::Proxy`].
#[derive(Clone, Debug, Default)]
pub struct RustRuntime {
    value_types: Vec<(Arc<str>, u32)>,
}

impl RustRuntime {
    /// A runtime that takes these value types, by name and version.
    pub fn with_value_types(value_types: Vec<(Arc<str>, u32)>) -> Self {
        Self { value_types }
    }
}

impl Runtime for RustRuntime {
    type Object = Result<Value, Error>;

    fn name(&self) -> &str {
        "rust"
    }

    fn value_types(&self) -> Vec<(Arc<str>, u32)> {
        self.value_types.clone()
    }

    fn incoming(&self, value: Value) -> Result<Self::Object, Error> {
        Ok(Ok(value))
    }

    fn outgoing(&self, object: &Self::Object) -> Result<Value, Error> {
        object.clone()
    }

    fn incoming_error(&self, error: Error) -> Self::Object {
        Err(error)
    }

    fn outgoing_error(&self, raised: &Self::Object) -> Error {
        match raised {
            Err(error) => error.clone(),
            Ok(value) => Error::raise("rust:value", format!("{value:?}")),
        }
    }
}
