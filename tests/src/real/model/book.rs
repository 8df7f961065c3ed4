//! What both processes noted, put together: whether it can be true.

use std::collections::{HashMap, HashSet};

use super::note::{Fault, Kind, Made, Note, Object, Seen, Sym, Token};
use super::object::Thing;

/// What a value came to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Came {
    Nothing,
    Int(i64),
    Bytes(usize),
    Object(Object),
    /// Its call failed, or what that waits for did.
    Failed,
    /// Nobody answered.
    Unknown,
}

/// Everything about one call.
struct Record {
    made: Made,
    place: usize,
    arrived: Vec<(Object, Vec<Seen>)>,
    /// It never left its side.
    local: bool,
    gave: Option<Option<Sym>>,
    saw: Vec<Result<Seen, Fault>>,
    cancelled: bool,
}

/// All that is known.
pub(super) struct Book {
    calls: HashMap<Token, Record>,
    faults: Vec<String>,
}

/// What calls are ordered by: who makes them, and on what: on this promise, or straight on this object.
type Road = (i64, Option<Token>, Object);

/// What is wrong with what the two sides noted.
pub(super) fn faults(sides: &[Vec<Note>; 2]) -> (Vec<String>, usize) {
    let mut book = Book { calls: HashMap::new(), faults: Vec::new() };
    sides.iter().for_each(|notes| book.gather(notes));
    sides.iter().zip(0..).for_each(|(notes, side)| book.check_side(notes, side));
    book.judge();
    (book.faults, book.calls.len())
}

/// What is wrong with what one side saw whose other side was killed: every call that was waited for came to one end, to
/// what its other side gave or to the one error of a session that was lost.
pub(super) fn faults_of_survivor(notes: &[Note]) -> Vec<String> {
    let odd = |note: &&Note| match note {
        Note::Wrong(_) => true,
        Note::Saw(_, seen) => matches!(seen, Err(Fault::Other(_)) | Ok(Seen::Odd(_))),
        Note::Streamed { end, .. } => matches!(end, Some(Err(Fault::Other(_)))),
        _ => false,
    };
    notes.iter().filter(odd).map(|note| format!("{note:?}")).collect()
}

impl Book {
    fn gather(&mut self, notes: &[Note]) {
        for note in notes {
            if let Note::Made(made) = note {
                let record = Record {
                    made: made.clone(),
                    place: self.calls.len(),
                    arrived: Vec::new(),
                    local: false,
                    gave: None,
                    saw: Vec::new(),
                    cancelled: false,
                };
                self.calls.insert(made.token, record);
            }
        }
        // By now all of them are known that this side makes; those that it serves may be the other's.
    }

    fn record(&mut self, token: Token) -> Option<&mut Record> {
        if !self.calls.contains_key(&token) {
            self.faults.push(format!("nobody made call {token}"));
        }
        self.calls.get_mut(&token)
    }

    /// What a value came to, for whoever is told.
    fn came(&self, sym: &Sym) -> Came {
        match sym {
            Sym::Nothing => Came::Nothing,
            Sym::Bytes(len) => Came::Bytes(*len),
            Sym::Object(object) => Came::Object(*object),
            Sym::Arg(token, place) => match self.calls.get(token).and_then(|call| call.made.args.get(*place)) {
                Some(arg) => self.came(arg),
                None => Came::Unknown,
            },
            Sym::Result(token) => self.result(*token),
        }
    }

    fn result(&self, token: Token) -> Came {
        let Some(call) = self.calls.get(&token) else { return Came::Unknown };
        match (call.made.kind, &call.gave) {
            (Kind::Get(object), _) => object.map_or(Came::Failed, Came::Object),
            (Kind::Attribute, _) => match self.came(&call.made.target) {
                Came::Object(object) => Came::Int(object),
                Came::Unknown => Came::Unknown,
                _ => Came::Failed,
            },
            (Kind::Run, Some(Some(sym))) => self.came(sym),
            (Kind::Run, Some(None)) => Came::Failed,
            // What waits for what failed fails too, and never runs.
            (Kind::Run, None) => match self.waits_for_failure(call) {
                true => Came::Failed,
                false => Came::Unknown,
            },
        }
    }

    fn waits_for_failure(&self, call: &Record) -> bool {
        if call.local {
            return false;
        }
        let target = self.came(&call.made.target);
        let no_object = !matches!(target, Came::Object(_) | Came::Unknown);
        no_object || call.made.args.iter().any(|arg| self.came(arg) == Came::Failed)
    }

    /// The call, and all calls that it waits for.
    fn closure(&self, token: Token) -> HashSet<Token> {
        let (mut closure, mut open) = (HashSet::new(), vec![token]);
        while let Some(token) = open.pop() {
            let Some(call) = self.calls.get(&token).filter(|_| closure.insert(token)) else { continue };
            let gave = call.gave.iter().flatten();
            for sym in call.made.args.iter().chain([&call.made.target]).chain(gave) {
                self.depends_on(sym, &mut open);
            }
        }
        closure
    }

    fn depends_on(&self, sym: &Sym, on: &mut Vec<Token>) {
        match sym {
            Sym::Result(token) => on.push(*token),
            Sym::Arg(token, place) => {
                let arg = self.calls.get(token).and_then(|call| call.made.args.get(*place));
                arg.into_iter().for_each(|arg| self.depends_on(arg, on));
            }
            _ => {}
        }
    }

    fn check_side(&mut self, notes: &[Note], side: i64) {
        for note in notes {
            match note {
                Note::Arrived { token, object, args, local, .. } => {
                    let arrived = (*object, args.clone());
                    if let Some(call) = self.record(*token) {
                        call.arrived.push(arrived);
                        call.local = *local;
                    }
                }
                Note::Gave(token, gave) => {
                    self.record(*token).into_iter().for_each(|call| call.gave = Some(gave.clone()));
                }
                Note::Saw(token, saw) => {
                    self.record(*token).into_iter().for_each(|call| call.saw.push(saw.clone()));
                }
                Note::Cancelled(token) => self.record(*token).into_iter().for_each(|call| call.cancelled = true),
                Note::Wrong(text) => self.faults.push(format!("side {side}: {text}")),
                Note::Made(_) | Note::Left(_) | Note::Streamed { .. } => {}
            }
        }
    }

    /// Looks at everything, once all is gathered.
    fn judge(&mut self) {
        let mut faults = std::mem::take(&mut self.faults);
        let tainted = self.tainted();
        let mut tokens: Vec<Token> = self.calls.keys().copied().collect();
        tokens.sort_unstable();
        for token in tokens {
            let call = &self.calls[&token];
            if let Err(fault) = self.judge_call(token, call, tainted.contains(&token)) {
                let Record { made, arrived, gave, saw, cancelled, .. } = call;
                faults.push(format!(
                    "call {token} {fault}; it is {made:?}, arrived {arrived:?}, gave {gave:?}, was seen as {saw:?}, \
                     cancelled: {cancelled}"
                ));
            }
        }
        self.faults = faults;
    }

    /// Calls that may have been stopped: whatever they depend on, or what depends on them, may have taken them along.
    fn tainted(&self) -> HashSet<Token> {
        let closures: HashMap<Token, HashSet<Token>> =
            self.calls.keys().map(|token| (*token, self.closure(*token))).collect();
        let mut tainted: HashSet<Token> = (self.calls.iter())
            .filter(|(_, call)| call.cancelled || call.made.within)
            .map(|(token, _)| *token)
            .collect();
        loop {
            let before = tainted.len();
            for (token, closure) in &closures {
                if tainted.contains(token) || closure.iter().any(|on| tainted.contains(on)) {
                    tainted.extend(closure);
                    tainted.insert(*token);
                }
            }
            if tainted.len() == before {
                return tainted;
            }
        }
    }

    fn judge_call(&self, token: Token, call: &Record, tainted: bool) -> Result<(), String> {
        if call.made.kind == Kind::Run {
            match call.arrived.len() {
                0 | 1 => {}
                times => return Err(format!("ran {times} times")),
            }
            if call.saw.iter().any(Result::is_ok) && call.arrived.is_empty() {
                return Err("succeeded without having run".into());
            }
            let fails = self.waits_for_failure(call);
            if fails && !call.arrived.is_empty() {
                return Err("should not have run".into());
            }
            if !fails && call.arrived.is_empty() && !tainted {
                return Err("should have run".into());
            }
        }
        for (object, args) in &call.arrived {
            let target = self.came(&call.made.target);
            self.is_what(&Seen::Own(*object), &target, false).map_err(|text| format!("on {text}"))?;
            if args.len() != call.made.args.len() {
                return Err("lost arguments".into());
            }
            for (seen, arg) in args.iter().zip(&call.made.args) {
                self.is_what(seen, &self.came(arg), call.local).map_err(|text| format!("with {text}"))?;
            }
        }
        call.saw.iter().try_for_each(|saw| match saw {
            Ok(seen) => self.is_what(seen, &self.result(token), call.local).map_err(|text| format!("gave {text}")),
            Err(fault) => self.judge_fault(token, fault, tainted),
        })
    }

    /// Whether something was seen as what it came to.
    fn is_what(&self, seen: &Seen, came: &Came, local: bool) -> Result<(), String> {
        let right = match (seen, came) {
            (Seen::Nothing, Came::Nothing) => true,
            (Seen::Int(seen), Came::Int(came)) => seen == came,
            (Seen::Bytes(seen), Came::Bytes(came)) => seen == came,
            (Seen::Own(seen), Came::Object(came)) => seen == came,
            // Which of the other's objects it is shows when it is used.
            (Seen::Remote(_), Came::Object(_)) => true,
            (Seen::Promise, _) => local,
            _ => false,
        };
        if right { Ok(()) } else { Err(format!("{seen:?}, and not {came:?}")) }
    }

    fn judge_fault(&self, token: Token, fault: &Fault, tainted: bool) -> Result<(), String> {
        let closure = self.closure(token);
        let calls = || closure.iter().filter_map(|on| self.calls.get(on));
        let right = match fault {
            Fault::Raised(by) => closure.contains(by) && self.calls[by].made.raises,
            Fault::NotFound => calls().any(|call| call.made.kind == Kind::Get(None)),
            Fault::NoObject => calls().any(|call| {
                call.made.kind != Kind::Get(None)
                    && !matches!(self.came(&call.made.target), Came::Object(_) | Came::Failed)
            }),
            Fault::Stopped => tainted,
            Fault::StreamOf(_) | Fault::Lost | Fault::Other(_) => false,
        };
        if right { Ok(()) } else { Err(format!("failed with {fault:?}")) }
    }
}

/// What is wrong with the order in which calls came to one side, and with the threads that they ran on.
pub(super) fn order_faults(sides: &[Vec<Note>; 2]) -> Vec<String> {
    let mut book = Book { calls: HashMap::new(), faults: Vec::new() };
    sides.iter().for_each(|notes| book.gather(notes));
    sides.iter().zip(0..).for_each(|(notes, side)| book.check_side(notes, side));
    let mut faults = Vec::new();
    for notes in sides {
        let mut order = Order { book: &book, last: HashMap::new(), running: HashMap::new() };
        for note in notes {
            match note {
                Note::Arrived { token, object, under, local, .. } => {
                    faults.extend(order.arrive(*token, *object).err());
                    if !under.is_empty() && !local && !under.iter().any(|on| book.is_nested(*token, *on)) {
                        faults.push(format!("call {token} is served by a thread that waits for {under:?}"));
                    }
                }
                Note::Left(token) => order.running.retain(|_, running| running != token),
                Note::Streamed { of, items, end } => faults.extend(book.judge_stream(of, *items, end.as_ref()).err()),
                _ => {}
            }
        }
    }
    faults
}

struct Order<'a> {
    book: &'a Book,
    last: HashMap<Road, usize>,
    running: HashMap<Road, Token>,
}

impl Order<'_> {
    fn arrive(&mut self, token: Token, object: Object) -> Result<(), String> {
        let Some(call) = self.book.calls.get(&token) else { return Ok(()) };
        let promise = match &call.made.target {
            Sym::Result(on) if call.made.on_promise => Some(*on),
            _ => None,
        };
        let road: Road = (call.made.task, promise, object);
        if let Some(other) = self.running.get(&road).filter(|other| self.book.calls[other].place < call.place) {
            return Err(format!("call {token} started while call {other} of its road {road:?} ran"));
        }
        // A concurrent call is let go in its turn, and may be overtaken on the way to its thread.
        if call.made.concurrent {
            return Ok(());
        }
        let last = self.last.entry(road).or_insert(0);
        if *last > call.place {
            return Err(format!("call {token} arrived after a later one of its road {road:?}"));
        }
        *last = call.place;
        self.running.insert(road, token);
        Ok(())
    }
}

impl Book {
    /// Whether a call is nested in another, as the callers know it.
    fn is_nested(&self, inner: Token, outer: Token) -> bool {
        let parent = |token: &Token| self.calls.get(token).and_then(|call| call.made.parent);
        std::iter::successors(Some(inner), parent).any(|token| token == outer)
    }

    fn judge_stream(&self, of: &Sym, items: u64, end: Option<&Result<(), Fault>>) -> Result<(), String> {
        let Came::Object(object) = self.came(of) else { return Err(format!("a stream of {of:?}")) };
        let (len, fails) = (Thing::items_len(object), Thing::stream_fails(object));
        let right = match end {
            None => items <= len,
            Some(Ok(())) => items == len && !fails,
            Some(Err(Fault::StreamOf(by))) => items == len && fails && *by == object,
            Some(Err(_)) => false,
        };
        if right { Ok(()) } else { Err(format!("object {object} gave {items} of {len} items and {end:?}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(token: Token, target: Sym) -> Note {
        Note::Made(Made {
            token,
            kind: Kind::Run,
            task: 100,
            parent: None,
            target,
            on_promise: false,
            args: Vec::new(),
            concurrent: false,
            within: false,
            raises: false,
        })
    }

    fn arrived(token: Token, object: Object) -> Note {
        Note::Arrived { token, object, args: Vec::new(), under: Vec::new(), local: false }
    }

    fn served(token: Token, object: Object) -> Vec<Note> {
        vec![arrived(token, object), Note::Left(token), Note::Gave(token, Some(Sym::Nothing))]
    }

    /// Two calls by one caller on one object of the other side, and what that noted.
    fn all_faults(theirs: Vec<Note>, seen: Seen) -> Vec<String> {
        let get = Made { kind: Kind::Get(Some(1)), ..called(0) };
        let mine = vec![
            Note::Made(get),
            made(2, Sym::Result(0)),
            made(4, Sym::Result(0)),
            Note::Saw(2, Ok(seen)),
            Note::Saw(4, Ok(Seen::Nothing)),
        ];
        let sides = [mine, theirs];
        let (mut all, _) = faults(&sides);
        all.extend(order_faults(&sides));
        all
    }

    fn called(token: Token) -> Made {
        match made(token, Sym::Nothing) {
            Note::Made(made) => made,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_right_is_no_fault() {
        assert_eq!(all_faults([served(2, 1), served(4, 1)].concat(), Seen::Nothing), [""; 0]);
    }

    #[test]
    fn each_kind_of_wrong_is_found() {
        let wrongs = [
            ("succeeded without having run", served(2, 1), Seen::Nothing),
            ("ran 2 times", [served(2, 1), served(4, 1), served(4, 1)].concat(), Seen::Nothing),
            ("arrived after a later one", [served(4, 1), served(2, 1)].concat(), Seen::Nothing),
            ("started while", [vec![arrived(2, 1)], served(4, 1), served(2, 1)[1..].to_vec()].concat(), Seen::Nothing),
            ("on Own(3)", [served(2, 3), served(4, 1)].concat(), Seen::Nothing),
            ("gave Int(5)", [served(2, 1), served(4, 1)].concat(), Seen::Int(5)),
        ];
        for (text, theirs, seen) in wrongs {
            let found = all_faults(theirs, seen);
            assert!(found.iter().any(|fault| fault.contains(text)), "{text}: {found:?}");
        }
        let under = |on| Note::Arrived { token: 2, object: 1, args: Vec::new(), under: vec![on], local: false };
        let theirs = |on| [vec![under(on)], served(2, 1)[1..].to_vec(), served(4, 1)].concat();
        assert!(all_faults(theirs(4), Seen::Nothing).iter().any(|fault| fault.contains("a thread that waits for")));
        assert_eq!(all_faults(theirs(2), Seen::Nothing), [""; 0]);
    }
}
