//! The frames of a script as an object: of a thread that is stopped, or of an error.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rhai::{Dynamic, Identifier};
use wherever::{Error, Own, Value};
use wherever_debug::{Contents, Place, Scope, Stack, Tuple, Variable};

use crate::script::evaluate::Evaluator;
use crate::script::value::{self, Key};
use crate::script::{Program, raised, refused};

/// Why a variable is not changed.
const IS_COPY: &str = "what is shown of this frame is a copy from the beginning of its statement: Rhai lets nobody into \
                       the variables of a frame that has called or is over, and only those of the innermost frame of a \
                       stopped script can be changed";

/// A local variable.
#[derive(Clone)]
pub(crate) struct Local {
    pub(crate) name: Identifier,
    pub(crate) is_constant: bool,
    /// None if it was too large to be copied.
    pub(crate) value: Option<Dynamic>,
}

/// What is known of a frame's variables.
#[derive(Clone)]
pub(crate) enum Locals {
    /// All of them, and that is what they are.
    Live(Vec<Local>),
    /// Copies of all of them.
    Kept(Arc<Vec<Local>>),
    /// What it was called with: it was entered before anybody watched.
    Entered(Arc<Vec<Local>>),
    /// Nothing, and why.
    Unknown(&'static str),
}

impl Locals {
    fn all(&self) -> Result<&[Local], Error> {
        match self {
            Self::Live(all) => Ok(all),
            Self::Kept(all) | Self::Entered(all) => Ok(all),
            Self::Unknown(why) => Err(refused(*why)),
        }
    }
}

/// What a frame's variables are until the thread goes on.
enum State {
    Good(Vec<Locals>),
    Over,
}

/// Frames, the outermost first.
pub(crate) struct Frames {
    program: Arc<Program>,
    evaluator: Arc<Evaluator>,
    title: String,
    places: Vec<Place>,
    state: Mutex<State>,
    this: Weak<Self>,
}

/// Where a value is that has values in it.
enum Root {
    Local(usize, usize),
    Result(Mutex<Dynamic>),
}

/// A value that stays where it is.
pub(crate) struct Part {
    frames: Arc<Frames>,
    root: Root,
    path: Vec<Key>,
}

/// A value of a script with values in it; its stack shows them.
#[wherever::export(name = "rhai:Value")]
impl Part {
    /// How the script's language shows it.
    #[wherever(reads)]
    pub fn text(&self) -> Result<String, Error> {
        self.look(&[], value::text)
    }

    /// Its type.
    #[wherever(attribute)]
    pub fn kind(&self) -> Result<String, Error> {
        self.look(&[], |value| value.type_name().to_owned())
    }
}

impl Part {
    fn way(&self, further: &[Key]) -> Vec<Key> {
        self.path.iter().chain(further).cloned().collect()
    }

    fn look<R>(&self, further: &[Key], look: impl FnOnce(&Dynamic) -> R) -> Result<R, Error> {
        match &self.root {
            Root::Result(value) => value::visit(&held(value), &self.way(further), look),
            Root::Local(frame, at) => self.frames.with(*frame, |locals| {
                let value = whole(locals.all()?.get(*at).ok_or_else(|| refused("the variable is gone"))?)?;
                value::visit(value, &self.way(further), look)
            }),
        }
    }

    /// What is within it at the end of this way, as a variable.
    fn variable(&self, further: &[Key]) -> Result<Variable, Error> {
        let root = match &self.root {
            Root::Local(frame, at) => Root::Local(*frame, *at),
            // A part of a result keeps a copy of itself: results are for looking at.
            Root::Result(_) => Root::Result(Mutex::new(self.look(further, Dynamic::clone)?)),
        };
        let path = if matches!(root, Root::Result(_)) { Vec::new() } else { self.way(further) };
        let inner = Self { frames: self.frames.clone(), root, path };
        let name = further.last().map(Key::shown).unwrap_or_default();
        inner.look(&[], described)?.with(name, || Value::from(Own::from(inner)))
    }

    /// The dynamic value, copied.
    fn copy(&self) -> Result<Dynamic, Error> {
        self.look(&[], Dynamic::clone)
    }
}

/// What is told of a value.
struct Described {
    text: String,
    kind: String,
    parts: usize,
    copied: Option<Value>,
}

fn described(value: &Dynamic) -> Described {
    let kind = value.type_name().rsplit("::").next().unwrap_or_default().to_owned();
    Described { text: value::text(value), kind, parts: value::count(value), copied: value::copied(value) }
}

impl Described {
    fn with(self, name: impl Into<String>, reference: impl FnOnce() -> Value) -> Result<Variable, Error> {
        let value = self.copied.unwrap_or_else(reference);
        let parts = i64::try_from(self.parts).unwrap_or(-1);
        Ok(Variable { name: name.into(), text: self.text, kind: self.kind, parts, value })
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn whole(local: &Local) -> Result<&Dynamic, Error> {
    let too_large = || refused(format!("{:?} was too large to be copied when its frame went on", local.name));
    local.value.as_ref().ok_or_else(too_large)
}

impl Frames {
    pub(crate) fn new(
        program: Arc<Program>,
        evaluator: Arc<Evaluator>,
        title: String,
        frames: Vec<(Place, Locals)>,
    ) -> Arc<Self> {
        let (places, locals) = frames.into_iter().unzip();
        Arc::new_cyclic(|this| Self {
            program,
            evaluator,
            title,
            places,
            state: Mutex::new(State::Good(locals)),
            this: this.clone(),
        })
    }

    pub(crate) fn all_places(&self) -> &[Place] {
        &self.places
    }

    /// The thread goes on: gives back what is live, and answers nothing more.
    pub(crate) fn end(&self) -> Vec<Local> {
        match std::mem::replace(&mut *held(&self.state), State::Over) {
            State::Good(mut locals) => match locals.pop() {
                Some(Locals::Live(live)) => live,
                _ => Vec::new(),
            },
            State::Over => Vec::new(),
        }
    }

    /// Uses what is known of a frame's variables. No other use runs meanwhile.
    fn with<R>(&self, frame: usize, act: impl FnOnce(&mut Locals) -> Result<R, Error>) -> Result<R, Error> {
        match &mut *held(&self.state) {
            State::Over => Err(refused("the thread has gone on: these frames are over")),
            State::Good(locals) => {
                let count = locals.len();
                act(locals.get_mut(frame).ok_or_else(|| refused(format!("there is no frame {frame} of {count}")))?)
            }
        }
    }

    fn this(&self) -> Result<Arc<Self>, Error> {
        self.this.upgrade().ok_or_else(|| refused("these frames are over"))
    }

    /// A value that an evaluation gave.
    fn result(&self, name: &str, value: Dynamic) -> Result<Variable, Error> {
        let told = described(&value);
        let frames = self.this()?;
        told.with(name, || Part { frames, root: Root::Result(Mutex::new(value)), path: Vec::new() }.into())
    }

    fn local(&self, frame: usize, at: usize, local: &Local) -> Result<Variable, Error> {
        let Some(value) = &local.value else {
            let text = "(too large to be copied when its frame went on)".to_owned();
            return Ok(Variable { name: local.name.to_string(), text, ..Variable::default() });
        };
        let frames = self.this()?;
        described(value)
            .with(local.name.as_str(), || Part { frames, root: Root::Local(frame, at), path: Vec::new() }.into())
    }

    fn set(&self, frame: usize, name: &str, new: Dynamic) -> Result<(), Error> {
        self.with(frame, |locals| {
            let at = locals.all()?.iter().position(|local| local.name == name);
            let at = at.ok_or_else(|| refused(format!("there is no local variable {name:?} in this frame")))?;
            put(locals, at, &[], new)
        })
    }

    fn evaluated(&self, frame: usize, text: &str) -> Result<Option<Dynamic>, Error> {
        let compiled = self.evaluator.compile(text)?;
        self.with(frame, |locals| match locals {
            Locals::Live(live) => self.evaluator.run(&compiled, live),
            kept => {
                let mut copies: Vec<Local> = kept.all()?.to_vec();
                copies.iter_mut().for_each(|local| local.is_constant = true);
                self.evaluator.run(&compiled, &mut copies)
            }
        })
    }

    fn value_of(&self, frame: usize, text: &str) -> Result<Dynamic, Error> {
        self.evaluated(frame, text)?.ok_or_else(|| refused(format!("{text:?} is a statement, and has no value")))
    }
}

/// Puts a value into a variable, if it is one that can be changed.
fn put(locals: &mut Locals, at: usize, path: &[Key], new: Dynamic) -> Result<(), Error> {
    let Locals::Live(live) = locals else { return Err(refused(IS_COPY)) };
    let local = live.get_mut(at).ok_or_else(|| refused("the variable is gone"))?;
    if local.is_constant {
        return Err(refused(format!("{:?} is a constant", local.name)));
    }
    local.value.as_mut().map_or(Ok(()), |value| value::put(value, path, new))
}

#[wherever::export]
impl Stack for Frames {
    fn title(&self) -> Result<String, Error> {
        Ok(self.title.clone())
    }

    fn places(&self) -> Result<Tuple<Place>, Error> {
        Ok(self.places.clone().into())
    }

    fn contents(&self, frame: usize) -> Result<Contents, Error> {
        let all = self.variables(frame, Scope::Locals, 0, usize::MAX)?;
        let bound = all.into_iter().map(|variable| (variable.name, variable.value)).collect();
        Ok(Contents { bound, ..Contents::default() })
    }

    fn global_value(&self, frame: usize, name: &str) -> Result<Value, Error> {
        self.with(frame, |_| {
            Err(refused(format!("there is no {name:?}: functions of a script see no variables outside")))
        })
    }

    fn assign(&self, frame: usize, name: &str, value: Value) -> Result<(), Error> {
        let new = match value.clone().to::<Arc<Part>>() {
            Ok(part) => part.copy()?,
            Err(_) => value::given(&value)?,
        };
        self.set(frame, name, new)
    }

    fn remove(&self, _frame: usize, name: &str) -> Result<(), Error> {
        Err(refused(format!("{name:?} stays: a script's variables cannot be unbound")))
    }

    fn variables(&self, frame: usize, scope: Scope, start: usize, count: usize) -> Result<Tuple<Variable>, Error> {
        self.with(frame, |locals| match scope {
            Scope::Globals => Ok(Tuple::default()),
            Scope::Locals => {
                let asked = locals.all()?.iter().enumerate().skip(start).take(count);
                asked.map(|(at, local)| self.local(frame, at, local)).collect()
            }
        })
    }

    fn parts(&self, value: Value, start: usize, count: usize) -> Result<Tuple<Variable>, Error> {
        let Ok(part) = value.to::<Arc<Part>>() else { return Ok(Tuple::default()) };
        let keys = part.look(&[], |value| value::keys(value, start, count))?;
        keys.into_iter().map(|key| part.variable(&[key])).collect()
    }

    fn evaluate(&self, frame: usize, text: &str) -> Result<Option<Variable>, Error> {
        self.evaluated(frame, text)?.map(|value| self.result("", value)).transpose()
    }

    fn assign_text(&self, frame: usize, name: &str, text: &str) -> Result<Variable, Error> {
        let value = self.value_of(frame, text)?;
        self.set(frame, name, value.clone())?;
        self.result(name, value)
    }

    fn assign_part(&self, value: Value, frame: usize, name: &str, text: &str) -> Result<Variable, Error> {
        let part: Arc<Part> = value.to()?;
        let new = self.value_of(frame, text)?;
        let key = part.look(&[], |value| match value.as_map_ref() {
            Ok(_) => Ok(Key::Name(name.to_owned())),
            Err(_) => name.parse().map(Key::Index).map_err(|_| refused(format!("{name:?} is no index"))),
        })??;
        let way = part.way(&[key]);
        match &part.root {
            Root::Local(of, at) => self.with(*of, |locals| put(locals, *at, &way, new.clone()))?,
            Root::Result(_) => {
                return Err(refused("this came out of an evaluation, and is a copy: change the variable"));
            }
        }
        self.result(name, new)
    }

    fn source(&self, file: &str) -> Result<String, Error> {
        self.program.source(file)
    }
}

/// The error's frames as its own text tells them: the functions, and the places of their calls.
pub(crate) fn told_by(error: &rhai::EvalAltResult, program: &Program) -> (Vec<Place>, rhai::Position) {
    let (mut places, mut within, mut error) = (Vec::new(), None, error);
    while let rhai::EvalAltResult::ErrorInFunctionCall(name, _, inner, position) = error {
        places.push(program.place(*position, within));
        within = program.functions_named(name).next();
        error = inner;
    }
    let position = error.position();
    places.push(program.place(position, within));
    (places, position)
}

/// The text of an error, without the list of calls that its frames are.
pub(crate) fn message_of(error: &rhai::EvalAltResult) -> Error {
    match error {
        rhai::EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => message_of(inner),
        other => raised(other),
    }
}
