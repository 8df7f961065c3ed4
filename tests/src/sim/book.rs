//! What ought to be: every call that was made, what it should give to whom, and in which order it should arrive.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use wherever::Error;

use super::program::{Act, Give, Style};

/// Numbers a call.
pub(super) type Token = usize;
/// Numbers an object.
pub(super) type Object = usize;
/// Numbers a session.
pub(super) type Link = usize;
/// Numbers a caller: one at the top, or one call that is served.
pub(super) type TaskId = usize;

/// A value, as this or that node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sym {
    /// None.
    Nothing,
    /// An integer.
    Int(i64),
    /// So many bytes.
    Bytes(usize),
    /// An object, and the sessions that lead to it; none for its owner.
    Object(Object, Vec<Link>),
    /// What a call has been promised to give, and the sessions that lead to whoever made the call.
    Promise(Token, Vec<Link>),
}

impl Sym {
    /// How many sessions lead to it.
    pub(super) fn hops(&self) -> usize {
        match self {
            Sym::Object(_, route) | Sym::Promise(_, route) => route.len(),
            _ => 0,
        }
    }
}

/// What a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Made of a table of names.
    Get,
    /// Of an attribute.
    Attribute,
    /// Of a method that notes it.
    Run,
}

/// One call.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) kind: Kind,
    /// Who made it, and the call that this one was serving.
    pub(super) task: TaskId,
    pub(super) parent: Option<Token>,
    pub(super) depth: usize,
    pub(super) target: Sym,
    pub(super) args: Vec<Sym>,
    /// The session that it left by; none where it was a call of an object of the same side.
    pub(super) link: Option<Link>,
    /// Whether it did: of a one-way call on a promise that is not known.
    pub(super) link_is_sure: bool,
    /// It ran on its caller's side, without any message.
    pub(super) local: bool,
    /// Its place among the calls by this caller on this road.
    pub(super) place: u64,
    pub(super) concurrent: bool,
    pub(super) within: bool,
    pub(super) cancelled: bool,
    /// It found no room, and was not made.
    pub(super) unmade: bool,
    pub(super) style: Style,
    pub(super) body: Arc<[Act]>,
    pub(super) give: Give,
    /// How often it ran.
    pub(super) runs: u32,
    /// What its callee gave, as the callee sees it.
    pub(super) answer: Option<Result<Sym, Error>>,
    /// What its caller got.
    pub(super) seen: Option<Result<(), Error>>,
}

/// Why something does not come to a value.
#[derive(Clone, Debug)]
pub(super) enum Lack {
    /// It is not known yet.
    Unknown,
    /// The call failed, or what it waits for did.
    Failed,
    /// It is no object.
    NoObject,
}

/// What calls are ordered by: who makes them, and on what it holds. Once a session was cut, the session as well: what
/// is left may go on by another.
type Road = (TaskId, Sym, Option<Link>);

/// Everything known about what ought to be.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) calls: Vec<Record>,
    places: HashMap<(TaskId, Sym), u64>,
    arrived: HashMap<Road, u64>,
    /// The call that holds up the next on its road.
    running: HashMap<Road, Token>,
    is_cut: bool,
    /// Which of the ways that it might take a call took, once that was found out.
    taken: HashMap<Token, usize>,
    /// What calls give, as far as that was found out: it does not change.
    views: RefCell<HashMap<Token, Sym>>,
}

impl Book {
    /// Notes a call that is about to be made.
    pub(super) fn begin(&mut self, mut record: Record) -> Token {
        let place = self.places.entry((record.task, record.target.clone())).or_default();
        *place += 1;
        record.place = *place;
        self.calls.push(record);
        self.calls.len() - 1
    }

    /// Notes that a call arrived where its object lives; what is wrong with that.
    pub(super) fn arrive(&mut self, token: Token, object: Object) -> Result<(), String> {
        let target = self.way(token);
        let call = &mut self.calls[token];
        call.runs += 1;
        if call.runs > 1 {
            return Err(format!("call {token} ran {} times", call.runs));
        }
        if !matches!(&target, Ok((wanted, _)) if *wanted == object) {
            return Err(format!("call {token} on {:?} ({target:?}) arrived at object {object}", call.target));
        }
        let (place, concurrent) = (call.place, call.concurrent);
        let road = self.road(token);
        if let Some(other) = self.running.get(&road).copied().filter(|other| self.calls[*other].place < place) {
            return Err(format!("call {token} started while call {other} of its road {road:?} ran"));
        }
        // A concurrent call is let go in its turn, and may be overtaken on the way to its thread.
        if concurrent {
            return Ok(());
        }
        let last = self.arrived.entry(road.clone()).or_default();
        if *last >= place {
            return Err(format!("call {token}, {place} on its road {road:?}, arrived after number {last}"));
        }
        *last = place;
        self.running.insert(road, token);
        Ok(())
    }

    /// Notes that a call does not hold up the next any more: it was answered, or suspended.
    pub(super) fn leave(&mut self, token: Token) {
        self.running.retain(|_, running| *running != token);
    }

    fn road(&self, token: Token) -> Road {
        let call = &self.calls[token];
        (call.task, call.target.clone(), call.link.filter(|_| self.is_cut))
    }

    /// A session is over: what was sent by it holds nothing up that is sent by another.
    pub(super) fn cut(&mut self) {
        self.is_cut = true;
        self.running.clear();
    }

    /// Notes what a call was answered with.
    pub(super) fn answer(&mut self, token: Token, answer: Result<Sym, Error>) {
        self.leave(token);
        self.calls[token].answer = Some(answer);
    }

    /// What a call gives its caller.
    pub(super) fn view(&self, token: Token) -> Result<Sym, Lack> {
        if let Some(known) = self.views.borrow().get(&token) {
            return Ok(known.clone());
        }
        let view = self.look(token)?;
        self.views.borrow_mut().insert(token, view.clone());
        Ok(view)
    }

    fn look(&self, token: Token) -> Result<Sym, Lack> {
        let call = &self.calls[token];
        if call.kind == Kind::Attribute {
            return self.way(token).map(|(object, _)| Sym::Int(object as i64));
        }
        let given = match &call.answer {
            // What waits for what failed fails too, and never runs.
            None if matches!(self.passed_args(token), Err(Lack::Failed | Lack::NoObject)) => return Err(Lack::Failed),
            None => return Err(Lack::Unknown),
            Some(Err(_)) => return Err(Lack::Failed),
            Some(Ok(given)) => given.clone(),
        };
        let path = match (call.kind, call.link) {
            (Kind::Get, Some(link)) => vec![link],
            _ => self.way(token)?.1,
        };
        self.back_by(given, &path)
    }

    /// What a result comes to for its caller. A node that passes it on waits for promises of its own in it.
    fn back_by(&self, given: Sym, path: &[Link]) -> Result<Sym, Lack> {
        path.iter().rev().try_fold(given, |given, link| self.pass(self.settled(given)?, *link))
    }

    /// What a call may give its caller, by each way that it may have taken.
    pub(super) fn all_views(&self, token: Token) -> Vec<Sym> {
        let mut views: Vec<Sym> = self.view(token).into_iter().collect();
        if let (Some(Ok(given)), Ok(ways), Kind::Run) =
            (&self.calls[token].answer, self.all_ways(token), self.calls[token].kind)
        {
            views.extend(ways.iter().filter_map(|(_, path)| self.back_by(given.clone(), path).ok()));
        }
        views
    }

    /// What a no-op call on the result of a call comes to: no promise, but what that came to.
    pub(super) fn whole_views(&self, token: Token) -> Vec<Sym> {
        let mut views = self.all_views(token);
        for place in 0.. {
            match views.get(place) {
                None => break,
                Some(Sym::Promise(on, route)) => {
                    let came = self.view(*on).and_then(|came| self.back_by(came, route));
                    views.extend(came);
                }
                Some(_) => {}
            }
        }
        views
    }

    /// Notes what a call gave, of all that it might.
    pub(super) fn gave(&mut self, token: Token, view: Sym) {
        self.views.get_mut().insert(token, view);
    }

    /// A result as it can leave a node: a promise of that node's own is waited for.
    fn settled(&self, mut given: Sym) -> Result<Sym, Lack> {
        while let Sym::Promise(token, route) = &given {
            if !route.is_empty() {
                break;
            }
            given = self.view(*token)?;
        }
        Ok(given)
    }

    /// The object that a call comes to, and the sessions on its way, as far as that is known.
    pub(super) fn way(&self, token: Token) -> Result<(Object, Vec<Link>), Lack> {
        let ways = self.all_ways(token)?;
        let taken = self.taken.get(&token).and_then(|taken| ways.get(*taken));
        taken.or(ways.first()).cloned().ok_or(Lack::NoObject)
    }

    /// All ways that a call may have taken, by the session that it left by.
    fn all_ways(&self, token: Token) -> Result<Vec<(Object, Vec<Link>)>, Lack> {
        let call = &self.calls[token];
        let mut ways = self.ways(&call.target)?;
        if call.link_is_sure && ways.iter().any(|(_, path)| path.first().copied() == call.link) {
            ways.retain(|(_, path)| path.first().copied() == call.link);
        }
        Ok(ways)
    }

    /// The ways that a call on something held may take: by the answer that is owed, or straight to what it came to.
    fn ways(&self, target: &Sym) -> Result<Vec<(Object, Vec<Link>)>, Lack> {
        let mut ways = vec![self.answer_way(target)?];
        if let Sym::Promise(token, route) = target
            && route.is_empty()
        {
            ways.extend(self.ways(&self.view(*token)?)?);
        }
        Ok(ways)
    }

    /// The object that a call comes to, and the sessions on its way, where it goes by the answer that is owed.
    fn answer_way(&self, target: &Sym) -> Result<(Object, Vec<Link>), Lack> {
        match target {
            Sym::Object(object, route) => Ok((*object, route.clone())),
            Sym::Promise(token, route) => {
                let came = self.view(*token)?;
                let Some(link) = self.calls[*token].link else { return self.answer_way(&came) };
                let (object, rest) = self.answer_way(&self.pass(came, link)?)?;
                Ok((object, route.iter().copied().chain([link]).chain(rest).collect()))
            }
            _ => Err(Lack::NoObject),
        }
    }

    /// A value as it is seen at the other end of a session that it is passed over.
    pub(super) fn pass(&self, value: Sym, link: Link) -> Result<Sym, Lack> {
        match value {
            Sym::Object(object, route) => Ok(Sym::Object(object, step(route, link))),
            Sym::Promise(token, route) if route.is_empty() && self.calls[token].link == Some(link) => {
                // It stands for what the other side's answer holds.
                self.pass(self.view(token)?, link)
            }
            Sym::Promise(token, route) => Ok(Sym::Promise(token, step(route, link))),
            plain => Ok(plain),
        }
    }

    /// The arguments of a call as its callee sees them.
    pub(super) fn passed_args(&self, token: Token) -> Result<Vec<Sym>, Lack> {
        self.args_by(token, &self.way(token)?.1)
    }

    /// As [`Self::passed_args`], for each way that the call may have taken; none for a way by which it would fail.
    pub(super) fn all_passed_args(&self, token: Token) -> Result<Vec<Option<Vec<Sym>>>, Lack> {
        let ways = self.all_ways(token)?;
        let all: Vec<_> = ways.iter().map(|(_, path)| self.args_by(token, path).ok()).collect();
        if all.iter().all(Option::is_none) { Err(Lack::Failed) } else { Ok(all) }
    }

    /// Notes which of its ways a call took.
    pub(super) fn took(&mut self, token: Token, way: usize) {
        self.taken.insert(token, way);
    }

    fn args_by(&self, token: Token, path: &[Link]) -> Result<Vec<Sym>, Lack> {
        let pass = |arg: &Sym| path.iter().try_fold(arg.clone(), |arg, link| self.pass(arg, *link));
        self.calls[token].args.iter().map(pass).collect()
    }

    /// The call, and all calls that it waits for.
    pub(super) fn closure(&self, token: Token) -> Vec<Token> {
        let (mut closure, mut next) = (vec![token], 0);
        while let Some(token) = closure.get(next).copied() {
            next += 1;
            let call = &self.calls[token];
            let given = call.answer.as_ref().and_then(|answer| answer.as_ref().ok());
            for value in call.args.iter().chain([&call.target]).chain(given) {
                if let Sym::Promise(on, _) = value
                    && !closure.contains(on)
                {
                    closure.push(*on);
                }
            }
        }
        closure
    }

    /// Whether a call waits for a promise that another side made.
    pub(super) fn waits_for_others(&self, token: Token) -> bool {
        let foreign = |value: &Sym| matches!(value, Sym::Promise(_, route) if !route.is_empty());
        self.closure(token).into_iter().any(|on| {
            let call = &self.calls[on];
            call.args.iter().chain([&call.target]).any(foreign)
        })
    }

    /// Whether a call is nested in another, as the callers know it.
    pub(super) fn is_nested(&self, inner: Token, outer: Token) -> bool {
        std::iter::successors(Some(inner), |token| self.calls[*token].parent).any(|token| token == outer)
    }
}

fn step(mut route: Vec<Link>, link: Link) -> Vec<Link> {
    if route.first() == Some(&link) {
        route.remove(0);
    } else {
        route.insert(0, link);
    }
    route
}
