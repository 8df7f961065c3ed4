//! A node: this process's own side. A value, never a global; a process may have several.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::clock::{Clock, SystemClock, Time};
use crate::drive::{Ticker, Workers};
use crate::error::{Error, FramesTold};
use crate::guard::note_panics;
use crate::host::{Own, Runtime};
use crate::limits::Limits;
use crate::notice::{Hooks, Notice};
use crate::policy::Policy;
use crate::typed::{ROOT, ValueType};
use crate::value::Value;

/// This process's own side: what it exports, by which policy and limits, on what clock, with which runtime.
///
/// Cloning makes another reference to the same node.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

struct Inner {
    exports: Mutex<BTreeMap<Arc<str>, Own>>,
    policy: Policy,
    limits: Limits,
    clock: Arc<dyn Clock>,
    runtime: Box<dyn Runs>,
    /// Beside those of the runtime.
    value_types: Vec<(Arc<str>, u32)>,
    workers: Workers,
    ticker: Ticker,
    hooks: Hooks,
    tells_backtraces: bool,
    frames_told: FramesTold,
    /// Turns identities into tokens that mean nothing elsewhere.
    tokens: RandomState,
}

/// What of a runtime the core itself uses.
trait Runs: Send + Sync {
    fn name(&self) -> &str;
    fn value_types(&self) -> Vec<(Arc<str>, u32)>;
    fn run(&self, job: &mut dyn FnMut());
}

struct OfRuntime<R>(Arc<R>);

impl<R: Runtime> Runs for OfRuntime<R> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn value_types(&self) -> Vec<(Arc<str>, u32)> {
        self.0.value_types()
    }

    fn run(&self, job: &mut dyn FnMut()) {
        self.0.run(job);
    }
}

/// Makes a [`Node`] that differs from the default in some ways.
pub struct NodeBuilder {
    policy: Policy,
    limits: Limits,
    clock: Arc<dyn Clock>,
    runtime: Box<dyn Runs>,
    value_types: Vec<(Arc<str>, u32)>,
    hooks: Hooks,
    tells_backtraces: bool,
    frames_told: Option<FramesTold>,
}

impl Default for Node {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl Node {
    /// A node with the closed policy, default limits, the system's clock and the Rust runtime.
    pub fn new() -> Self {
        Self::default()
    }

    /// For a node that differs from that.
    pub fn builder() -> NodeBuilder {
        NodeBuilder {
            policy: Policy::default(),
            limits: Limits::default(),
            clock: Arc::new(SystemClock::default()),
            runtime: Box::new(OfRuntime(Arc::new(crate::rust_runtime::RustRuntime::default()))),
            value_types: Vec::new(),
            hooks: Hooks::default(),
            tells_backtraces: false,
            frames_told: None,
        }
    }

    /// Exports an object under a name: every peer of the node can get it. What the name stood for before is let go.
    pub fn export(&self, name: impl Into<Arc<str>>, object: impl Into<Own>) {
        // Bound, so that what is replaced is dropped after the lock.
        let _before = self.0.exports.lock().insert(name.into(), object.into());
    }

    /// Exports the object that the node is for, under the name `root`: peers get it by [`crate::Peer::root`].
    pub fn export_root(&self, object: impl Into<Own>) {
        self.export(ROOT, object);
    }

    /// Takes a name back; whether it stood for anything. Peers that hold the object keep it.
    pub fn unexport(&self, name: &str) -> bool {
        let before = self.0.exports.lock().remove(name);
        before.is_some()
    }

    /// The names under which objects are exported, in order.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.0.exports.lock().keys().cloned().collect()
    }

    /// The object exported under a name.
    pub fn exported(&self, name: &str) -> Option<Own> {
        self.0.exports.lock().get(name).cloned()
    }

    /// The node's policy.
    pub fn policy(&self) -> Policy {
        self.0.policy
    }

    /// The ceilings of its sessions.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The present moment by its clock.
    pub fn now(&self) -> Time {
        self.0.clock.now()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.0.clock.clone()
    }

    pub(crate) fn runtime_name(&self) -> &str {
        self.0.runtime.name()
    }

    pub(crate) fn value_types(&self) -> Vec<(Arc<str>, u32)> {
        let mut types = self.0.runtime.value_types();
        types.extend_from_slice(&self.0.value_types);
        types
    }

    /// Whether peers are told the backtraces of errors.
    pub(crate) fn tells_backtraces(&self) -> bool {
        self.0.tells_backtraces || self.0.frames_told >= FramesTold::Source
    }

    /// The error as a peer is told it: without the means to read a backtrace, where it could not be read, and with as
    /// much of what it came through as is for the peer.
    pub(crate) fn as_told(&self, error: Error) -> Error {
        let (frames, backtraces) = (self.0.frames_told, self.tells_backtraces());
        match error.raised().and_then(|raised| raised.with_frames(frames, backtraces)) {
            Some(told) => Error::Raised(Arc::new(told)),
            None => error,
        }
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.0.hooks
    }

    pub(crate) fn workers(&self) -> &Workers {
        &self.0.workers
    }

    pub(crate) fn ticker(&self) -> &Ticker {
        &self.0.ticker
    }

    pub(crate) fn run_job(&self, job: &mut dyn FnMut()) {
        self.0.runtime.run(job);
    }

    /// What tells an object of this node from every other object anywhere, while both are held.
    pub(crate) fn token(&self, object: &Own) -> Value {
        let identity = object.host().identity();
        // Two keyed hashes: no two objects meet by chance, and nothing of the object's address is told.
        let halves = [self.0.tokens.hash_one(identity), self.0.tokens.hash_one((identity, 1))];
        Value::bytes(halves.map(u64::to_le_bytes).concat())
    }

    /// A number for a new session that no other session anywhere has, as far as chance goes.
    pub(crate) fn nonce(&self) -> [u8; 16] {
        // The standard library's hash keys are random for each process and unlike for each state.
        let mut nonce = [0; 16];
        for half in nonce.chunks_exact_mut(8) {
            half.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
        }
        nonce
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("policy", &self.0.policy).field("exports", &self.names()).finish_non_exhaustive()
    }
}

impl NodeBuilder {
    /// With this policy.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// With these ceilings.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// With this clock.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// With this runtime: its name and value types are told to peers, and jobs run as it wants them to.
    #[must_use]
    pub fn runtime<R: Runtime>(self, runtime: Arc<R>) -> Self {
        Self { runtime: Box::new(OfRuntime(runtime)), ..self }
    }

    /// With one more value type that it takes by copy: peers are told its name and version, and send it so.
    #[must_use]
    pub fn value_type<T: ValueType>(mut self) -> Self {
        self.value_types.push((T::NAME.into(), T::VERSION));
        self
    }

    /// With one more hook, told what happens in the node's sessions: on threads on which user code may run, with no lock
    /// held, as it happens or shortly after. It should be quick, since what it is told of goes on after it; a panic of it
    /// is dropped. What happens in one session may be told on several threads at once.
    #[must_use]
    pub fn on_notice(mut self, hook: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        self.hooks.add(Box::new(hook));
        self
    }

    /// Whether peers may read the backtraces of Rust errors, which tell of the inside of this process, under the closed
    /// policy too; and with them the spans' fields, see [`SpanLayer`](crate::error::SpanLayer), and the source around.
    /// The wider policies let them be read anyway, unless [`Self::tell_frames`] says less. Where none are captured there is nothing to read: see
    /// [`Raised::backtrace`](crate::error::Raised::backtrace).
    #[must_use]
    pub fn tell_backtraces(self, tell: bool) -> Self {
        Self { tells_backtraces: tell, ..self }
    }

    /// How much peers are told of the frames that errors came through, instead of what [the policy has
    /// told](FramesTold::from): less, so that nothing of this process's files and functions leaves it, or more, so that
    /// its errors can be looked into from there. Whoever can write the variables of a frame can do all that the process can.
    #[must_use]
    pub fn tell_frames(self, told: FramesTold) -> Self {
        Self { frames_told: Some(told), ..self }
    }

    /// The node.
    ///
    /// The first one of a process adds to what is done with panics: a [panic hook](std::panic::set_hook), which goes on to
    /// the one before it, notes where a panic of exported code came about, so that its caller is told. A hook that is set
    /// later should go on to it in turn.
    pub fn build(self) -> Node {
        let Self { policy, limits, clock, runtime, value_types, hooks, tells_backtraces, frames_told } = self;
        note_panics();
        let ticker = Ticker::new(clock.clone());
        Node(Arc::new(Inner {
            exports: Mutex::default(),
            policy,
            limits,
            clock,
            runtime,
            value_types,
            workers: Workers::default(),
            ticker,
            hooks,
            tells_backtraces,
            frames_told: frames_told.unwrap_or_else(|| policy.into()),
            tokens: RandomState::new(),
        }))
    }
}
