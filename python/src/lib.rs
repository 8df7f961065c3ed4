//! CPython as a runtime of `wherever`: the extension module below the Python package of that name.
//!
//! Objects of Python are hosts (`host`, described by `shapes`), remote objects are instances of stand-in classes
//! (`classes`, `members`, `remote`), and `values` and `errors` go between. The core does the rest; nothing of it is
//! done a second time here.

mod awaiting;
mod calls;
mod classes;
mod errors;
mod frames;
mod gate;
mod host;
mod interrupts;
mod members;
mod method;
mod node;
mod peer;
mod process;
mod promise;
mod remote;
mod shapes;
mod stream;
mod together;
mod tracing;
mod values;
mod whole;

use pyo3::prelude::*;

/// The extension module.
#[pymodule]
mod _wherever {
    /// Whether it is built for the stable interface, which every later version of the interpreter has.
    #[pymodule_export]
    const IS_ABI3: bool = cfg!(feature = "abi3");
    #[pymodule_export]
    use crate::calls::waits;
    #[pymodule_export]
    use crate::classes::namespace::{make_method, operation};
    #[pymodule_export]
    use crate::classes::{class_get, class_set, construct, is_stand_in_class};
    #[pymodule_export]
    use crate::errors::{error_dir, error_get, error_set, error_text};
    #[pymodule_export]
    use crate::frames::{FrameOwner, new_frame};
    #[pymodule_export]
    use crate::members::{AttributeMember, MethodMember};
    #[pymodule_export]
    use crate::method::Method;
    #[pymodule_export]
    use crate::node::{PyNode, pair};
    #[pymodule_export]
    use crate::peer::{PyPeer, PyServer, is_remote, peer_of, session_of};
    #[pymodule_export]
    use crate::process::{after_fork, at_exit};
    #[pymodule_export]
    use crate::promise::{Promise, bound, oneway, send};
    #[pymodule_export]
    use crate::remote::{Remote, RemoteBuffer, get, request, signature_text};
    #[pymodule_export]
    use crate::stream::buffered;
    #[pymodule_export]
    use crate::together::{PyBatch, prefetch};
    #[pymodule_export]
    use crate::tracing::{in_main_thread, tell_of_calls};
    #[pymodule_export]
    use crate::whole::{copy, is_buffer_class, items, whole};
}
