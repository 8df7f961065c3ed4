//! References: what comes back is the same object, whichever side it is of and in whatever it was wrapped.

use std::sync::Arc;

use wherever::hosts::{Dict, Function, List, Turned};
use wherever::typed::{DictProxy, ListProxy, TypedProxy};
use wherever::{Error, Node, Own, Proxy, Value};
use wherever_tests::sim::Rng;

use super::make::many;
use crate::support::Sides;

const CASES: u64 = 400;

struct Plain(i64);

#[wherever::export]
impl Plain {
    pub(crate) fn number(&self) -> i64 {
        self.0
    }
}

struct Exclusive(i64);

#[wherever::export]
impl Exclusive {
    pub(crate) fn add(&mut self, amount: i64) -> i64 {
        self.0 += amount;
        self.0
    }
}

#[wherever::interface]
trait Listener {
    fn heard(&self, what: i64) -> Result<i64, Error>;
}

struct Ears(i64);

#[wherever::export]
impl Listener for Ears {
    fn heard(&self, what: i64) -> Result<i64, Error> {
        Ok(what + self.0)
    }
}

type Wrapped = Option<Vec<(Proxy, Option<Arc<dyn Listener>>)>>;

/// Gives back what it gets, and keeps some of its own.
#[wherever::interface]
trait Keeper {
    fn own(&self, object: Proxy) -> Result<Proxy, Error>;
    fn listener(&self, listener: Arc<dyn Listener>) -> Result<Arc<dyn Listener>, Error>;
    fn typed(&self, listener: ListenerProxy) -> Result<ListenerProxy, Error>;
    fn containers(
        &self,
        list: ListProxy<i64>,
        dict: DictProxy<String, i64>,
    ) -> Result<(ListProxy<i64>, DictProxy<String, i64>), Error>;
    fn wrapped(&self, wrapped: Wrapped) -> Result<Wrapped, Error>;
    fn plain(&self) -> Result<Proxy, Error>;
    fn exclusive(&self) -> Result<Proxy, Error>;
    fn ears(&self) -> Result<Arc<dyn Listener>, Error>;
    /// Whether these are its own, as it holds them.
    fn are_ours(
        &self,
        plain: Arc<Plain>,
        exclusive: Arc<Turned<Exclusive>>,
        ears: Arc<dyn Listener>,
    ) -> Result<bool, Error>;
    async fn later(&self, wrapped: Wrapped, object: Proxy) -> Result<(Wrapped, Proxy), Error>;
}

struct Shelf {
    plain: Arc<Plain>,
    exclusive: Arc<Turned<Exclusive>>,
    ears: Arc<dyn Listener>,
}

#[wherever::export]
impl Keeper for Shelf {
    fn own(&self, object: Proxy) -> Result<Proxy, Error> {
        Ok(object)
    }
    fn listener(&self, listener: Arc<dyn Listener>) -> Result<Arc<dyn Listener>, Error> {
        assert_eq!(listener.heard(1)?, 6);
        Ok(listener)
    }
    fn typed(&self, listener: ListenerProxy) -> Result<ListenerProxy, Error> {
        Ok(listener)
    }
    fn containers(
        &self,
        list: ListProxy<i64>,
        dict: DictProxy<String, i64>,
    ) -> Result<(ListProxy<i64>, DictProxy<String, i64>), Error> {
        list.push(list.len()? as i64)?;
        dict.insert("one".into(), 1)?;
        Ok((list, dict))
    }
    fn wrapped(&self, wrapped: Wrapped) -> Result<Wrapped, Error> {
        Ok(wrapped)
    }
    fn plain(&self) -> Result<Proxy, Error> {
        Ok(Proxy::from(self.plain.clone()))
    }
    fn exclusive(&self) -> Result<Proxy, Error> {
        Ok(Proxy::from(self.exclusive.clone()))
    }
    fn ears(&self) -> Result<Arc<dyn Listener>, Error> {
        Ok(self.ears.clone())
    }
    fn are_ours(
        &self,
        plain: Arc<Plain>,
        exclusive: Arc<Turned<Exclusive>>,
        ears: Arc<dyn Listener>,
    ) -> Result<bool, Error> {
        let same = Arc::ptr_eq(&plain, &self.plain) && Arc::ptr_eq(&exclusive, &self.exclusive);
        Ok(same && Arc::ptr_eq(&ears, &self.ears))
    }
    async fn later(&self, wrapped: Wrapped, object: Proxy) -> Result<(Wrapped, Proxy), Error> {
        Ok((wrapped, object))
    }
}

/// An object of one kind or another, of this side or the other.
fn object(rng: &mut Rng, keeper: &KeeperProxy) -> Proxy {
    match rng.below(7) {
        0 => Proxy::from(Arc::new(Plain(1))),
        1 => Proxy::from(Exclusive(2)),
        2 => Proxy::from(Function::typed("f", |n: i64| n).into_own()),
        3 => Proxy::from(List::from_iter([Value::Int(1)]).to_own()),
        4 => Proxy::from(Dict::new().to_own()),
        5 => keeper.plain().unwrap(),
        _ => keeper.exclusive().unwrap(),
    }
}

fn listener(rng: &mut Rng, keeper: &KeeperProxy) -> Arc<dyn Listener> {
    if rng.chance(50) { Arc::new(Ears(5)) } else { keeper.ears().unwrap() }
}

fn wrapped(rng: &mut Rng, keeper: &KeeperProxy) -> Wrapped {
    let pair = |rng: &mut Rng| (object(rng, keeper), rng.chance(50).then(|| listener(rng, keeper)));
    rng.chance(80).then(|| many(rng, pair))
}

/// What leads to an object, for a comparison: of a trait object of the other side, the proxy under it.
fn leads_to(listener: &Arc<dyn Listener>) -> Value {
    wherever::IntoValue::into_value(listener).unwrap()
}

fn assert_same(back: &Wrapped, given: &Wrapped) {
    assert_eq!(back.as_ref().map(Vec::len), given.as_ref().map(Vec::len));
    for ((one, heard), (other, given)) in back.iter().flatten().zip(given.iter().flatten()) {
        assert!(one.same(other) && one.is_own() == other.is_own());
        assert_eq!(heard.as_ref().map(leads_to), given.as_ref().map(leads_to));
    }
}

fn case(keeper: &KeeperProxy, rng: &mut Rng) {
    let one = object(rng, keeper);
    assert!(keeper.own(one.clone()).unwrap().same(&one));
    let ears: Arc<dyn Listener> = Arc::new(Ears(5));
    assert!(Arc::ptr_eq(&keeper.listener(ears.clone()).unwrap(), &ears));
    let theirs = keeper.ears().unwrap();
    assert_eq!(leads_to(&keeper.listener(theirs.clone()).unwrap()), leads_to(&theirs));
    let typed = ListenerProxy::of(Ears(1));
    let back = keeper.typed(typed.clone()).unwrap();
    assert!(back.proxy().same(typed.proxy()) && back.proxy().is_own());
    assert_eq!(back.heard(1).unwrap(), 2);
    let (list, dict) = (List::from_iter([Value::Int(7)]), Dict::new());
    let (list_back, dict_back) = keeper.containers(ListProxy::from_own(&list), DictProxy::from_own(&dict)).unwrap();
    assert!(list_back.proxy().same(&Proxy::from(list.to_own())) && dict_back.proxy().same(&Proxy::from(dict.to_own())));
    assert_eq!((list.len(), dict.len()), (2, 1));
    let given = wrapped(rng, keeper);
    assert_same(&keeper.wrapped(given.clone()).unwrap(), &given);
}

#[test]
fn any_object_comes_back_as_itself_and_nothing_is_left() {
    let ears: Arc<dyn Listener> = Arc::new(Ears(5));
    let shelf = Shelf { plain: Arc::new(Plain(0)), exclusive: Arc::new(Turned::new(Exclusive(0))), ears };
    let sides = Sides::of(Node::new(), &Node::new());
    sides.server.export("shelf", Own::from(shelf));
    let keeper: KeeperProxy = sides.peer.get_as("shelf").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for number in 0..CASES {
        println!("case {number}");
        let mut rng = Rng::of_part(7, number);
        case(&keeper, &mut rng);
        let (given, one) = (wrapped(&mut rng, &keeper), object(&mut rng, &keeper));
        let (back, same) = runtime.block_on(keeper.later(given.clone(), one.clone())).unwrap();
        assert_same(&back, &given);
        assert!(same.same(&one));
        let [plain, exclusive] = [keeper.plain().unwrap(), keeper.exclusive().unwrap()];
        let theirs = (plain, exclusive, wherever::IntoValue::into_value(keeper.ears().unwrap()).unwrap());
        assert_eq!(keeper.proxy().call("are_ours", theirs).unwrap(), Value::Bool(true));
    }
    drop(keeper);
    sides.assert_idle();
}
