//! Every public type can be given to another thread and used by several at once, but for those that are listed so.

use std::collections::BTreeSet;
use std::fs;

use crate::manifest::top;

/// That each type has the bounds of `has`: one that loses them does not compile. Gives the names.
macro_rules! each {
    ($($type:ty,)*) => {{
        $(has::<$type>();)*
        vec![$(stringify!($type)),*]
    }};
}

/// Used by several threads at once.
fn shared() -> Vec<&'static str> {
    fn has<T: Send + Sync>() {}
    each![
        wherever::CallBuilder,
        wherever::Fetched,
        wherever::attenuation::Access,
        wherever::attenuation::Attenuation,
        wherever::attenuation::Caretaker,
        wherever::attenuation::Revoker,
        wherever::attenuation::Stage,
        wherever::Handle,
        wherever::Id,
        wherever::Interrupt,
        wherever::Node,
        wherever::NodeBuilder,
        wherever::Notice,
        wherever::Offer,
        wherever::Peer,
        wherever::WeakPeer,
        wherever::Promise,
        wherever::Proxy,
        wherever::RustRuntime,
        wherever::ServedCall,
        wherever::WeakPeer,
        wherever::clock::ManualClock,
        wherever::clock::SystemClock,
        wherever::context::CallContext,
        wherever::context::Chain,
        wherever::context::Reply,
        wherever::context::StopFlag,
        wherever::convert::Fields,
        wherever::convert::Serde<i64>,
        wherever::drive::Lane,
        wherever::drive::Manual,
        wherever::drive::Tasks,
        wherever::error::ConvertError,
        wherever::error::Denied,
        wherever::error::Disconnected,
        wherever::error::Error,
        wherever::error::FrameInfo,
        wherever::error::FramesTold,
        wherever::error::Raised,
        wherever::error::Report<'static>,
        wherever::host::Arguments,
        wherever::host::Identity,
        wherever::host::Operation,
        wherever::host::Own,
        wherever::host::Request,
        wherever::host::Step,
        wherever::hosts::ByteArray,
        wherever::hosts::Class<i64>,
        wherever::hosts::ClassBuilder<i64>,
        wherever::hosts::CodePlace,
        wherever::hosts::Dict,
        wherever::hosts::Exclusive<i64>,
        wherever::hosts::Function,
        wherever::hosts::Instance<i64>,
        wherever::hosts::IteratorHost,
        wherever::hosts::List,
        wherever::hosts::Set,
        wherever::hosts::Shared<i64>,
        wherever::hosts::Turned<i64>,
        wherever::limits::Limits,
        wherever::limits::Told,
        wherever::policy::Grant,
        wherever::policy::Policy,
        wherever::session::Arrival,
        wherever::session::Chunk,
        wherever::session::EndReason,
        wherever::session::Job,
        wherever::session::JobTarget,
        wherever::session::Message,
        wherever::session::OutRef,
        wherever::session::Parcel,
        wherever::session::Returned,
        wherever::session::SessionConfig,
        wherever::session::Settlement,
        wherever::session::Stats,
        wherever::session::Target,
        wherever::session::Terms,
        wherever::shape::Category,
        wherever::shape::Member,
        wherever::shape::MemberKind,
        wherever::shape::Operations,
        wherever::shape::Shape,
        wherever::shape::TypeTag,
        wherever::transport::Deframer,
        wherever::transport::Framed<i64, i64>,
        wherever::transport::MemoryTransport,
        wherever::typed::DictProxy<i64, i64>,
        wherever::typed::ListProxy<i64>,
        wherever::typed::Promised<Result<i64, wherever::Error>>,
        wherever::value::BigInt,
        wherever::value::Cycle,
        wherever::value::Entries,
        wherever::value::Items,
        wherever::value::Ref,
        wherever::value::Typed,
        wherever::value::Value,
        wherever::wire::describe::Describer,
        wherever::wire::frame::Frame,
        wherever::wire::frame::List,
        wherever::wire::frame::Part,
        wherever::wire::frame::PartHead,
        wherever::wire::frame::RawMessage,
        wherever::wire::frame::Reference,
        wherever::wire::frame::Release,
        wherever::wire::message::Bye<'static>,
        wherever::wire::message::CallHeader,
        wherever::wire::message::Credit,
        wherever::wire::message::Hello,
        wherever::wire::message::MessageKind,
        wherever::wire::message::ReturnHeader,
        wherever::wire::payload::Items,
        wherever::wire::payload::Payload,
        wherever::wire::payload::TypedHost,
        wherever::wire::preface::LinkWish,
        wherever::wire::preface::Preface,
        wherever::wire::primitive::Malformed,
        wherever::wire::primitive::Reader<'static>,
        wherever::wire::shape::ShapeRecord,
        wherever_debug::About,
        wherever_debug::Breakpoint,
        wherever_debug::Command,
        wherever_debug::Contents,
        wherever_debug::Failure,
        wherever_debug::Place,
        wherever_debug::Placed,
        wherever_debug::Reason,
        wherever_debug::Scope,
        wherever_debug::Stop,
        wherever_debug::ThreadInfo,
        wherever_debug::Tuple<i64>,
        wherever_debug::Variable,
        wherever_transports::Child,
        wherever_transports::ConnectError,
        wherever_transports::ServeError,
        wherever_transports::Server,
        wherever_transports::ServerLimits,
        wherever_transports::ServerStats,
        wherever_transports::Socket,
        wherever_transports::Stdio,
        wherever_transports::Traced<i64>,
        wherever_transports::Way,
        wherever_transports::UrlError,
    ]
}

/// Given from one thread to another, and used by one at a time: futures, streams, and what a session hands to its driver.
fn given() -> Vec<&'static str> {
    fn has<T: Send>() {}
    each![
        wherever::CallFuture,
        wherever::ItemStream,
        wherever::PromiseFuture,
        wherever::host::Outcome,
        wherever::session::CallSpec,
        wherever::session::Done,
        wherever::session::Event,
        wherever::session::Refusal,
        wherever::session::Session,
        wherever::session::Trash,
        wherever::typed::Items<i64>,
    ]
}

/// Of one thread: a batch collects the calls of the thread that opened it; what packs and reads is used on the stack.
const OF_ONE_THREAD: [&str; 3] =
    ["wherever::Batch", "wherever::session::Packer<'static>", "wherever::wire::payload::ItemsEncoder<'static>"];

/// Of a feature that these tests do without; those that have it share it between threads.
const OF_A_FEATURE: [&str; 1] = ["wherever::error::SpanLayer"];

#[test]
fn every_public_type_says_which_threads_may_use_it() {
    let named: BTreeSet<String> = shared()
        .iter()
        .chain(&given())
        .chain(&OF_ONE_THREAD)
        .chain(&OF_A_FEATURE)
        .map(|name| without_generics(name))
        .collect();
    let listed = fs::read_to_string(top().join("docs/surface.txt")).unwrap();
    let types = listed.lines().filter_map(|line| {
        let (path, kind) = line.split_once(": ")?;
        let kind = kind.rsplit("] ").next()?;
        ["struct", "enum"].iter().any(|word| kind.starts_with(word)).then(|| path.to_owned())
    });
    let missing: Vec<String> = types.filter(|path| !named.contains(path)).collect();
    assert!(missing.is_empty(), "these types are not named here: {missing:#?}");
}

/// A type's path, as the list of the surface has it.
fn without_generics(name: &str) -> String {
    name.split('<').next().unwrap_or_default().replace(' ', "")
}
