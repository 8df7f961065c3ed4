//! The objects of a process, and what its threads share.

use std::any::Any;
use std::cell::RefCell;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread;

use parking_lot::Mutex;
use wherever::context::{CallContext, Reply};
use wherever::host::{Step, ValueStream};
use wherever::shape::{Category, Member, Shape};
use wherever::value::Ref;
use wherever::{Arguments, Error, Host, Operation, Outcome, Own, Proxy, Request, Value};

use super::note::{Fault, Note, Object, Seen, Sym, Token};
use super::task::{Task, call_at};
use crate::real::other::die;
use crate::sim::{Call, Give, Program, Style};

/// What the threads of a process share.
pub(super) struct Side {
    /// 0 for the first side, 1 for the other.
    pub(super) number: i64,
    pub(super) program: Program,
    /// How many notes it takes until it is killed.
    dies_at: Option<usize>,
    pub(super) notes: Mutex<Vec<Note>>,
    pub(super) peer: OnceLock<wherever::Peer>,
    next_token: AtomicI64,
    /// How often each object was dropped.
    drops: Mutex<Vec<(u32, Weak<Thing>)>>,
    /// Calls that are being served, and threads that help.
    pub(super) running: AtomicU64,
    shapes: [Arc<Shape>; 2],
}

/// All that threads of this process wait for, to be told of when it takes long.
static WAITS: Mutex<Vec<Token>> = Mutex::new(Vec::new());

thread_local! {
    /// The calls that the present thread waits for, innermost last.
    static AWAITED: RefCell<Vec<Token>> = const { RefCell::new(Vec::new()) };
}

/// Waits for something; what is served on this thread meanwhile must be nested in it. Nothing is nested in no call.
pub(super) fn waiting<R>(token: Option<Token>, wait: impl FnOnce() -> R) -> R {
    let token = token.unwrap_or(-1);
    AWAITED.with(|awaited| awaited.borrow_mut().push(token));
    WAITS.lock().push(token);
    let result = wait();
    let mut waits = WAITS.lock();
    if let Some(place) = waits.iter().position(|other| *other == token) {
        waits.swap_remove(place);
    }
    drop(waits);
    AWAITED.with(|awaited| awaited.borrow_mut().pop());
    result
}

/// While it lives, something runs that may make calls.
pub(super) struct Running(Arc<Side>);

impl Running {
    pub(super) fn new(side: &Arc<Side>) -> Self {
        side.running.fetch_add(1, Ordering::SeqCst);
        Self(side.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Side {
    pub(super) fn new(number: i64, program: Program, dies_at: Option<usize>) -> Arc<Self> {
        let base = Shape::new("real:base", Category::Instance)
            .operations(&[Operation::Iterate])
            .member(Member::method("run"))
            .member(Member::method("free").concurrent())
            .member(Member::method("farewell"))
            .member(Member::attribute("me"))
            .member(Member::attribute("number"));
        let base = Arc::new(base);
        let derived = Shape::new("real:derived", Category::Instance).base(base.clone()).member(Member::method("more"));
        Arc::new(Self {
            number,
            program,
            dies_at,
            notes: Mutex::default(),
            peer: OnceLock::new(),
            next_token: AtomicI64::new(0),
            drops: Mutex::default(),
            running: AtomicU64::new(0),
            shapes: [base, Arc::new(derived)],
        })
    }

    pub(super) fn note(&self, note: Note) {
        let mut notes = self.notes.lock();
        notes.push(note);
        if self.dies_at.is_some_and(|place| notes.len() >= place) {
            die();
        }
    }

    /// A number for a call, or for whoever makes calls.
    pub(super) fn token(&self) -> Token {
        self.next_token.fetch_add(1, Ordering::Relaxed) * 2 + self.number
    }

    /// The other side, as soon as it is connected: its calls may come before that is known here.
    pub(super) fn peer(&self) -> wherever::Peer {
        self.peer.wait().clone()
    }

    /// A new object.
    pub(super) fn thing(self: &Arc<Self>) -> Arc<Thing> {
        let mut drops = self.drops.lock();
        let id = drops.len() as i64 * 2 + self.number;
        let shape = self.shapes[drops.len() % 2].clone();
        let thing =
            Arc::new_cyclic(|me| Thing { id, me: me.clone(), shape, side: self.clone(), stored: Mutex::default() });
        drops.push((0, Arc::downgrade(&thing)));
        thing
    }

    /// Lets go of all that objects hold.
    pub(super) fn empty_all(&self) {
        let things: Vec<_> = self.drops.lock().iter().filter_map(|(_, thing)| thing.upgrade()).collect();
        for thing in things {
            let stored = std::mem::take(&mut *thing.stored.lock());
            drop(stored);
        }
    }

    /// Objects that were not dropped exactly once.
    pub(super) fn undead(&self) -> Vec<(i64, u32)> {
        let drops = self.drops.lock();
        let ids = drops.iter().enumerate().map(|(place, (drops, _))| (place as i64 * 2 + self.number, *drops));
        ids.filter(|(_, drops)| *drops != 1).collect()
    }

    /// Tells which calls are waited for, and which are served, with all that was noted of them.
    pub(super) fn tell_of_pending(&self, stats: wherever::Stats) {
        let notes = self.notes.lock();
        let left = |token: Token| notes.iter().any(|note| matches!(note, Note::Left(left) if *left == token));
        let waits = WAITS.lock().clone();
        let mut lines = vec![format!("side {} is not done: {stats:?}\n  it waits for {waits:?}", self.number)];
        for note in notes.iter() {
            match note {
                Note::Made(made) if waits.contains(&made.token) => lines.push(format!("  waited for: {made:?}")),
                Note::Arrived { token, .. } if !left(*token) => lines.push(format!("  served: {note:?}")),
                // All of it, for whoever looks for the cause.
                _ if std::env::var_os("REAL_NOTES").is_some() => lines.push(format!("  {note:?}")),
                _ => {}
            }
        }
        eprintln!("{}", lines.join("\n"));
    }

    /// Tells what is noted of objects that live on.
    pub(super) fn tell_of(&self, objects: &[(i64, u32)]) {
        for (object, _) in objects {
            let drops = self.drops.lock();
            let holders = drops[(*object / 2) as usize].1.strong_count();
            drop(drops);
            eprintln!("object {object} has {holders} holders");
            let about = [format!("Object({object})"), format!("Own({object})"), format!("object: {object},")];
            for note in self.notes.lock().iter() {
                let text = format!("{note:?}");
                if about.iter().any(|about| text.contains(about)) {
                    eprintln!("  {text}");
                }
            }
        }
    }

    /// A value as it is noted.
    pub(super) fn seen(&self, value: &Value) -> Seen {
        match value {
            Value::None => Seen::Nothing,
            Value::Int(number) => Seen::Int(*number),
            Value::Bytes(bytes) if bytes.iter().all(|byte| *byte == 7) => Seen::Bytes(bytes.len()),
            Value::Ref(Ref::Own(own)) => match own.downcast::<Thing>() {
                Some(thing) => Seen::Own(thing.id),
                None => Seen::Odd(format!("{value:?}")),
            },
            Value::Ref(Ref::Remote(handle)) if handle.is_promise() => Seen::Promise,
            Value::Ref(Ref::Remote(handle)) => Seen::Remote(handle.id().to_bits()),
            other => Seen::Odd(format!("{other:?}")),
        }
    }
}

/// What an error is noted as.
pub(super) fn fault(error: &Error) -> Fault {
    match error {
        Error::Raised(raised) if &*raised.type_name == "real:stream" => {
            raised.message.parse().map_or_else(|_| Fault::Other(format!("{error:?}")), Fault::StreamOf)
        }
        Error::Raised(raised) => {
            raised.message.parse().map_or_else(|_| Fault::Other(format!("{error:?}")), Fault::Raised)
        }
        Error::NotFound(_) => Fault::NotFound,
        Error::Convert(_) => Fault::NoObject,
        Error::Stopped | Error::Deadline(_) => Fault::Stopped,
        Error::Disconnected(_) => Fault::Lost,
        other => Fault::Other(format!("{other:?}")),
    }
}

/// An object.
pub(super) struct Thing {
    pub(super) id: Object,
    me: Weak<Thing>,
    shape: Arc<Shape>,
    pub(super) side: Arc<Side>,
    pub(super) stored: Mutex<Vec<(Sym, Value)>>,
}

impl Thing {
    pub(super) fn own(&self) -> Own {
        Own::from_arc(self.me.upgrade().expect("an object is asked while it is dropped"))
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
        let (Some(Value::Int(token)), Some(Value::Bytes(_)), Some(Value::Tuple(path))) =
            (args.first(), args.get(1), args.get(2))
        else {
            self.side.note(Note::Wrong(format!("a call without its number: {args:?}")));
            return Outcome::Value(Value::None);
        };
        let path: Vec<usize> =
            path.iter().map(|step| if let Value::Int(step) = step { *step as usize } else { 0 }).collect();
        let (token, call) = (*token, call_at(&self.side.program, &path).clone());
        args.drain(..3);
        let local = context.session_number().is_none();
        let under = if local { Vec::new() } else { AWAITED.with(|awaited| awaited.borrow().clone()) };
        let seen = args.iter().map(|arg| self.side.seen(arg)).collect();
        self.side.note(Note::Arrived { token, object: self.id, args: seen, under, local });
        let syms = (0..args.len()).map(|place| Sym::Arg(token, place));
        let args: Vec<(Sym, Value)> = syms.zip(args).collect();
        match call.style {
            Style::AtOnce => self.at_once(token, call.give, args),
            _ if local => self.at_once(token, call.give, args),
            Style::Thread => {
                let _running = Running::new(&self.side);
                Task::serving(self.me.upgrade().unwrap(), token, path, args, context.clone()).serve(&call).into()
            }
            Style::Task => {
                self.elsewhere(token, path, args, context.clone(), call);
                Outcome::Later
            }
        }
    }

    /// Serves a call on a thread of its own, which is suspended where it waits.
    fn elsewhere(&self, token: Token, path: Vec<usize>, args: Vec<(Sym, Value)>, context: CallContext, call: Call) {
        let (thing, running) = (self.me.upgrade().unwrap(), Running::new(&self.side));
        thread::spawn(move || {
            let reply = context.reply();
            let chain = context.clone();
            let result = chain.serve(|| {
                let mut task = Task::serving(thing, token, path, args, context);
                task.is_task = true;
                task.serve(&call)
            });
            reply.settle(result);
            // What is left of the call goes first: it may tell of its end.
            drop((reply, chain));
            drop(running);
        });
    }

    fn at_once(&self, token: Token, give: Give, mut args: Vec<(Sym, Value)>) -> Outcome {
        let (gave, outcome) = match give {
            // What came from there goes back.
            Give::Held(pick) if !args.is_empty() => {
                let (sym, value) = args.swap_remove(pick % args.len());
                (Some(sym), Outcome::Value(value))
            }
            Give::Nothing | Give::Held(_) | Give::Stored => (Some(Sym::Nothing), Outcome::Value(Value::None)),
            Give::Bytes(len) => (Some(Sym::Bytes(len)), Outcome::Value(Value::bytes(vec![7; len]))),
            Give::New | Give::Receiver => (Some(Sym::Object(self.id)), Outcome::Value(self.own().into())),
            Give::Raise | Give::Panic => (None, Outcome::Error(raised(token))),
        };
        self.side.note(Note::Left(token));
        self.side.note(Note::Gave(token, gave));
        if give == Give::Panic {
            // Unlike `panic!`, this prints nothing.
            resume_unwind(Box::new(format!("{token}")));
        }
        outcome
    }
}

/// The error that a call raises.
pub(super) fn raised(token: Token) -> Error {
    Error::raise("real:raised", format!("{token}"))
}

impl Host for Thing {
    fn shape(&self) -> Arc<Shape> {
        self.shape.clone()
    }

    fn operate(&self, request: Request, context: &CallContext) -> Outcome {
        let member = request.member_name().to_owned();
        match (request.operation, &*member) {
            (Operation::Call, "run" | "free") => self.run(request.arguments, context),
            (Operation::Call, "farewell") => Outcome::Value(Value::None),
            (Operation::Get, "number") => Outcome::Value(Value::Int(self.id)),
            (Operation::Get, "me") if self.id % 3 == 0 || context.session_number().is_none() => {
                Outcome::Value(self.own().into())
            }
            (Operation::Get, "me") => {
                let (running, reply, own) = (Running::new(&self.side), context.reply(), self.own());
                thread::spawn(move || {
                    reply.settle(Ok(own.into()));
                    drop(reply);
                    drop(running);
                });
                Outcome::Later
            }
            (Operation::Iterate, _) => {
                let reply = context.session_number().map(|_| context.reply());
                Outcome::Stream(Box::new(Items { id: self.id, given: 0, reply, side: self.side.clone() }))
            }
            _ => Outcome::Error(Error::raise("real:broken", "not asked for")),
        }
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl Drop for Thing {
    fn drop(&mut self) {
        self.side.drops.lock()[(self.id / 2) as usize].0 += 1;
        // A destructor may use the library.
        for (_, stored) in std::mem::take(self.stored.get_mut()) {
            if let (Value::Ref(Ref::Remote(handle)), true) = (stored, self.id % 3 == 0) {
                let _ = waiting(None, || Proxy::from(Ref::Remote(handle)).one_way("farewell", ()));
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
    side: Arc<Side>,
}

impl ValueStream for Items {
    fn next(&mut self) -> Step {
        if self.given == Thing::items_len(self.id) {
            return match Thing::stream_fails(self.id) {
                true => Step::Failed(Error::raise("real:stream", format!("{}", self.id))),
                false => Step::End,
            };
        }
        if let Some(reply) = self.reply.take_if(|_| (self.given as i64 + self.id) % 11 == 5) {
            let running = Running::new(&self.side);
            thread::spawn(move || {
                reply.resume();
                drop(reply);
                drop(running);
            });
            return Step::Later;
        }
        self.given += 1;
        Step::Item(Value::Int(self.given as i64))
    }
}
