//! Looking at what comes: whether it is what the book says, and whether one object is one proxy.

use std::rc::Rc;

use wherever::shape::Category;
use wherever::value::Ref;
use wherever::{Error, Handle, Value};

use super::book::{Kind, Sym, Token};
use super::calls::is_no_room;
use super::object::SimObject;
use super::task::{Known, Reading, StreamOf};
use super::world::{World, list_items};

/// How a stream ended.
pub(super) enum Seen {
    /// By itself.
    End,
    /// By an error.
    Failed(Error),
}

impl World {
    /// Whether a value is what it should be, as this node sees it; the reference, if it is one.
    pub(super) fn check_value(&mut self, node: usize, sym: &Sym, value: &Value) -> Result<Option<Rc<Known>>, String> {
        let unlike = || format!("node {node} wanted {sym:?}, got {value:?}");
        match (sym, value) {
            (Sym::Nothing, Value::None) => Ok(None),
            (Sym::Int(wanted), Value::Int(got)) if wanted == got => Ok(None),
            (Sym::Bytes(len), Value::Bytes(bytes)) if bytes.len() == *len && bytes.iter().all(|byte| *byte == 7) => {
                Ok(None)
            }
            (Sym::Object(object, route), Value::Ref(Ref::Own(own))) if route.is_empty() => {
                match own.downcast::<SimObject>() {
                    Some(found) if found.id == *object => Ok(Some(self.known(node, sym, Ref::Own(own.clone())))),
                    _ => Err(unlike()),
                }
            }
            (Sym::Promise(token, route), Value::Ref(Ref::Remote(handle))) if route.is_empty() => {
                if handle.is_promise() {
                    return Ok(Some(self.known(node, sym, Ref::Remote(handle.clone()))));
                }
                let came = self.shared.lock().book.view(*token).map_err(|lack| format!("{}: {lack:?}", unlike()))?;
                self.check_value(node, &came, value)
            }
            (Sym::Promise(token, route), _) if route.is_empty() => {
                let came = self.shared.lock().book.view(*token).map_err(|lack| format!("{}: {lack:?}", unlike()))?;
                if matches!(&came, Sym::Promise(..)) { Err(unlike()) } else { self.check_value(node, &came, value) }
            }
            (Sym::Object(_, route) | Sym::Promise(_, route), Value::Ref(Ref::Remote(handle))) => {
                let link = self.end_of.get(&handle.session_number()).map(|end| end / 2);
                let is_promised = handle.shape().category() == Category::Promise;
                if handle.is_promise()
                    || link != route.first().copied()
                    || is_promised != matches!(sym, Sym::Promise(..))
                {
                    return Err(unlike());
                }
                self.same_proxy(node, sym, handle)?;
                Ok(Some(self.known(node, sym, Ref::Remote(handle.clone()))))
            }
            _ => Err(unlike()),
        }
    }

    /// One object by one way is one proxy, as long as that is held.
    fn same_proxy(&self, node: usize, sym: &Sym, handle: &Handle) -> Result<(), String> {
        let Some(held) = self.known.get(&(node, sym.clone())).and_then(std::rc::Weak::upgrade) else { return Ok(()) };
        match &held.value {
            Ref::Remote(other) if !other.same(handle) => {
                Err(format!("node {node} has two proxies of {sym:?}: {other:?} and {handle:?}"))
            }
            _ => Ok(()),
        }
    }

    fn known(&mut self, node: usize, sym: &Sym, value: Ref) -> Rc<Known> {
        let key = (node, sym.clone());
        if let Some(known) = self.known.get(&key).and_then(std::rc::Weak::upgrade) {
            return known;
        }
        let known = Rc::new(Known { sym: sym.clone(), value });
        self.known.insert(key, Rc::downgrade(&known));
        known
    }

    /// Looks at the result of a call, `proven` if a no-op call on it gave it; the reference, if it is one.
    pub(super) fn observe(
        &mut self,
        node: usize,
        token: Token,
        result: Result<Value, Error>,
        proven: bool,
    ) -> Option<Rc<Known>> {
        self.note(8, token as u64, u64::from(result.is_ok()), |_| format!("node {node} sees call {token}: {result:?}"));
        let cut = self.has_cut();
        let mut state = self.shared.lock();
        // A no-op call on it goes on to what it came to, and a promise may fail later, or elsewhere.
        let promised = matches!(state.book.view(token), Ok(Sym::Promise(..)));
        let call = &mut state.book.calls[token];
        let varies = cut || promised || call.cancelled || call.within;
        match &call.seen {
            // A no-op call may tell its result before it is cancelled, or out of time, for want of a RETURN.
            Some(seen) if seen.is_ok() != result.is_ok() && !varies => {
                let text = format!("call {token} had {seen:?}, and has {result:?} now");
                state.failures.push(text);
                return None;
            }
            _ => call.seen = Some(result.as_ref().map(|_| ()).map_err(Error::clone)),
        }
        let value = result.ok()?;
        let ran = call.kind != Kind::Run || call.runs == 1;
        let views = if proven { state.book.whole_views(token) } else { state.book.all_views(token) };
        drop(state);
        let mut texts = Vec::new();
        for view in views {
            match self.check_value(node, &view, &value) {
                Ok(known) if ran => {
                    if !proven {
                        self.shared.lock().book.gave(token, view);
                    }
                    return known;
                }
                Ok(_) => texts.push("it has not run".to_owned()),
                Err(text) => texts.push(text),
            }
        }
        self.shared.fail(format!("call {token} gave {value:?}: {texts:?}"));
        None
    }

    pub(super) fn has_cut(&self) -> bool {
        self.ends.iter().any(|end| end.cut)
    }

    /// Whether a stream gave what it should, as far as it was read, and ended as it should.
    pub(super) fn check_items(&self, reading: &Reading, end: Option<Seen>) {
        let (wanted, fails) = match reading.of {
            StreamOf::Object(object) => {
                let items = (1..=SimObject::items_len(object)).map(|item| Value::Int(item as i64));
                (items.collect::<Vec<_>>(), SimObject::stream_fails(object))
            }
            StreamOf::List(node) => {
                let category = Value::Int(Category::List.code().into());
                let items = list_items(self.setup.nodes[node].list_len);
                (std::iter::once(category).chain(items).collect(), false)
            }
        };
        let (got, whole) = (&reading.got, reading.got.len() == wanted.len());
        let right = wanted.starts_with(got)
            && match &end {
                None => true,
                Some(Seen::End) => whole && !fails,
                Some(Seen::Failed(Error::Disconnected(_))) => self.has_cut(),
                Some(Seen::Failed(Error::Raised(raised))) => whole && fails && &*raised.type_name == "sim:stream",
                // A middle that is driven by hand cannot wait for room, and says so.
                Some(Seen::Failed(error)) => got.is_empty() && is_no_room(error),
            };
        if !right {
            let end = match end {
                None => "was dropped".to_owned(),
                Some(Seen::End) => "ended".to_owned(),
                Some(Seen::Failed(error)) => format!("failed: {error:?}"),
            };
            let text = format!("{:?} gave {} of {} items and {end}: {got:?}", reading.of, got.len(), wanted.len());
            self.shared.fail(text);
        }
    }
}
