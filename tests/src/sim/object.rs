//! The objects of the simulation: hosts that note what arrives and leave the rest to the world.

use std::any::Any;
use std::panic::resume_unwind;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use wherever::context::{CallContext, Reply};
use wherever::host::{Step, ValueStream};
use wherever::shape::{Category, Member, Shape};
use wherever::value::Ref;
use wherever::{Arguments, Error, Host, Operation, Outcome, Own, Proxy, Request, Value};

use super::book::{Book, Object, Sym, Token};
use super::program::{Give, Style};

/// What objects and world share. Its lock is never held while the library is called.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
}

/// See [`Shared`].
#[derive(Default)]
pub(super) struct State {
    pub(super) book: Book,
    /// Calls that have arrived and are not answered.
    pub(super) arrivals: Vec<Arrival>,
    /// Attributes asked for that come later.
    pub(super) late: Vec<(CallContext, Own)>,
    /// Streams that said that they have nothing yet.
    pub(super) sleepers: Vec<Reply>,
    /// How often each object was dropped.
    pub(super) drops: Vec<u32>,
    /// All objects that there may still be.
    pub(super) objects: Vec<Weak<SimObject>>,
    /// What went wrong.
    pub(super) failures: Vec<String>,
}

/// A call that has arrived.
pub(super) struct Arrival {
    pub(super) token: Token,
    pub(super) object: Arc<SimObject>,
    pub(super) args: Vec<Value>,
    pub(super) context: CallContext,
}

/// The shapes of one node's objects.
#[derive(Clone)]
pub(super) struct Shapes([Arc<Shape>; 2]);

/// An object.
pub(super) struct SimObject {
    pub(super) id: Object,
    me: Weak<SimObject>,
    shape: Arc<Shape>,
    shared: Arc<Shared>,
    /// What was stored in it; dropped, told of by a last call, or taken out in the end.
    pub(super) stored: Mutex<Vec<(Sym, Value)>>,
}

impl Shared {
    pub(super) fn lock(&self) -> parking_lot::MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(super) fn fail(&self, text: impl Into<String>) {
        self.lock().failures.push(text.into());
    }
}

impl Shapes {
    pub(super) fn new() -> Self {
        let base = Shape::new("sim:base", Category::Instance)
            .operations(&[Operation::Iterate])
            .member(Member::method("run"))
            .member(Member::method("free").concurrent())
            .member(Member::method("farewell"))
            .member(Member::attribute("me"))
            .member(Member::attribute("number"));
        let base = Arc::new(base);
        let derived = Shape::new("sim:derived", Category::Instance).base(base.clone()).member(Member::method("more"));
        Self([base, Arc::new(derived)])
    }
}

impl SimObject {
    pub(super) fn new(shared: &Arc<Shared>, shapes: &Shapes) -> Arc<Self> {
        let mut state = shared.lock();
        let id = state.objects.len();
        let object = Arc::new_cyclic(|me| Self {
            id,
            me: me.clone(),
            shape: shapes.0[id % 2].clone(),
            shared: shared.clone(),
            stored: Mutex::default(),
        });
        state.objects.push(Arc::downgrade(&object));
        state.drops.push(0);
        object
    }

    pub(super) fn own(&self) -> Own {
        match self.me.upgrade() {
            Some(me) => Own::from_arc(me),
            None => panic!("an object is asked while it is dropped"),
        }
    }

    /// How many items its stream has.
    pub(super) fn items_len(id: Object) -> u64 {
        (id as u64 * 7) % 30
    }

    /// Whether its stream fails in the end.
    pub(super) fn stream_fails(id: Object) -> bool {
        id % 5 == 3
    }

    fn run(&self, arguments: Arguments, context: &CallContext) -> Outcome {
        let mut args = arguments.positional;
        let (Some(Value::Int(token)), Some(Value::Bytes(_))) = (args.first(), args.get(1)) else {
            return Outcome::Error(Error::raise("sim:broken", "a call without its number"));
        };
        let token = *token as Token;
        args.drain(..2);
        let local = context.session_number().is_none();
        let mut state = self.shared.lock();
        state.book.calls[token].local = local;
        if let Err(text) = state.book.arrive(token, self.id) {
            state.failures.push(text);
        }
        let (style, give) = (state.book.calls[token].style, state.book.calls[token].give);
        if !local && style != Style::AtOnce {
            let Some(object) = self.me.upgrade() else {
                return Outcome::Error(Error::raise("sim:broken", "an object is asked while it is dropped"));
            };
            state.arrivals.push(Arrival { token, object, args, context: context.clone() });
            return Outcome::Later;
        }
        let call = &state.book.calls[token];
        let syms = match (local, call.link_is_sure) {
            (true, _) => call.args.clone(),
            (false, true) => state.book.passed_args(token).unwrap_or_default(),
            (false, false) => Vec::new(),
        };
        drop(state);
        let args = syms.into_iter().zip(args).collect();
        self.at_once(token, give, args)
    }

    fn at_once(&self, token: Token, give: Give, mut args: Vec<(Sym, Value)>) -> Outcome {
        let (answer, outcome) = match give {
            // What came from there goes back.
            Give::Held(pick) if !args.is_empty() => {
                let (sym, value) = args.swap_remove(pick % args.len());
                (Ok(sym), Outcome::Value(value))
            }
            Give::Nothing | Give::Held(_) | Give::Stored => (Ok(Sym::Nothing), Outcome::Value(Value::None)),
            Give::Bytes(len) => (Ok(Sym::Bytes(len)), Outcome::Value(Value::bytes(vec![7; len]))),
            Give::New | Give::Receiver => (Ok(Sym::Object(self.id, vec![])), Outcome::Value(self.own().into())),
            Give::Raise => (Err(raised(token)), Outcome::Error(raised(token))),
            Give::Panic => {
                self.shared.lock().book.answer(token, Err(raised(token)));
                // Unlike `panic!`, this prints nothing.
                resume_unwind(Box::new(format!("{token}")));
            }
        };
        self.shared.lock().book.answer(token, answer);
        outcome
    }
}

/// The error that a call raises.
pub(super) fn raised(token: Token) -> Error {
    Error::raise("sim:raised", format!("{token}"))
}

impl Host for SimObject {
    fn shape(&self) -> Arc<Shape> {
        self.shape.clone()
    }

    fn operate(&self, request: Request, context: &CallContext) -> Outcome {
        let member = request.member_name().to_owned();
        match (request.operation, &*member) {
            (Operation::Call, "run" | "free") => self.run(request.arguments, context),
            (Operation::Call, "farewell") => Outcome::Value(Value::None),
            (Operation::Get, "number") => Outcome::Value(Value::Int(self.id as i64)),
            (Operation::Get, "me") if self.id.is_multiple_of(2) || context.session_number().is_none() => {
                Outcome::Value(self.own().into())
            }
            (Operation::Get, "me") => {
                self.shared.lock().late.push((context.clone(), self.own()));
                Outcome::Later
            }
            (Operation::Iterate, _) => {
                let reply = context.session_number().map(|_| context.reply());
                Outcome::Stream(Box::new(Items { id: self.id, given: 0, reply, shared: self.shared.clone() }))
            }
            _ => Outcome::Error(Error::raise("sim:broken", "not asked for")),
        }
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl Drop for SimObject {
    fn drop(&mut self) {
        self.shared.lock().drops[self.id] += 1;
        // A destructor may use the library; whether there is room for that is not its concern.
        for (_, stored) in std::mem::take(self.stored.get_mut()) {
            if let (Value::Ref(Ref::Remote(handle)), true) = (stored, self.id.is_multiple_of(3)) {
                let _ = Proxy::from(Ref::Remote(handle)).one_way("farewell", ());
            }
        }
    }
}

/// The stream of an object's items, which at times has nothing yet.
struct Items {
    id: Object,
    given: u64,
    /// Where it may say that it has nothing yet.
    reply: Option<Reply>,
    shared: Arc<Shared>,
}

impl ValueStream for Items {
    fn next(&mut self) -> Step {
        if self.given == SimObject::items_len(self.id) {
            return match SimObject::stream_fails(self.id) {
                true => Step::Failed(Error::raise("sim:stream", format!("{}", self.id))),
                false => Step::End,
            };
        }
        if let Some(reply) = self.reply.take_if(|_| (self.given as usize + self.id) % 11 == 5) {
            self.shared.lock().sleepers.push(reply);
            return Step::Later;
        }
        self.given += 1;
        Step::Item(Value::Int(self.given as i64))
    }
}
