//! What operations cost, in messages and frames of both directions: measured here, and told by `docs/costs.md`, whose
//! tables must have the very same rows.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use wherever::attenuation::Attenuation;
use wherever::clock::ManualClock;
use wherever::hosts::{Dict, Function, List};
use wherever::policy::Policy;
use wherever::typed::{DictProxy, Items, ListProxy, TypedProxy};
use wherever::{DeclaredError, Error, Node, Own, Peer, Proxy, Serde, Value, ValueType, same};
use wherever_tests::inline::Inline;
use wherever_tests::lab::got;
use wherever_tests::pair::{Pair, Served, node};

/// Both known and not.
#[derive(Clone, Debug, PartialEq, ValueType)]
struct Point {
    x: i64,
}

#[derive(Debug, DeclaredError)]
enum Refusal {
    TooMuch(i64),
    #[wherever(remote)]
    Remote(Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::TooMuch(limit) => write!(f, "more than {limit}"),
            Refusal::Remote(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}

#[wherever::interface("org.example.Listener/1")]
trait Listener {
    fn heard(&self, number: i64) -> Result<i64, Error>;
    #[wherever(one_way)]
    fn told(&self, number: i64) -> Result<(), Error>;
}

struct Ear;

impl Listener for Ear {
    fn heard(&self, number: i64) -> Result<i64, Error> {
        Ok(number)
    }

    fn told(&self, _: i64) -> Result<(), Error> {
        Ok(())
    }
}

#[wherever::interface("org.example.Desk/1")]
trait Desk {
    #[wherever(reads)]
    fn add(&self, step: i64) -> Result<i64, Refusal>;
    #[wherever(attribute)]
    fn label(&self) -> Result<String, Error>;
    #[wherever(attribute)]
    fn set_label(&self, label: String) -> Result<(), Error>;
    fn next(&self) -> Result<DeskProxy, Error>;
    #[wherever(attribute)]
    fn twin(&self) -> Result<DeskProxy, Error>;
    #[wherever(one_way)]
    fn note(&self, number: i64) -> Result<(), Error>;
    fn sum(&self, numbers: Vec<i64>) -> Result<i64, Error>;
    fn entries(&self, map: HashMap<String, i64>) -> Result<usize, Error>;
    fn numbers(&self) -> Result<Vec<i64>, Error>;
    fn point(&self, point: Point) -> Result<Point, Error>;
    fn data(&self, data: Serde<BTreeMap<String, i64>>) -> Result<usize, Error>;
    fn length(&self, list: ListProxy<i64>) -> Result<u64, Error>;
    fn count(&self, below: i64) -> Result<Items<i64>, Error>;
    fn ask(&self, whom: Arc<dyn Listener>, times: i64) -> Result<(), Error>;
    fn tell(&self, whom: Arc<dyn Listener>) -> Result<(), Error>;
    fn apply(&self, function: Proxy) -> Result<i64, Error>;
    fn back(&self, object: Proxy) -> Result<Proxy, Error>;
}

#[derive(Default)]
struct Wood(Mutex<String>);

#[wherever::export]
impl Desk for Wood {
    fn add(&self, step: i64) -> Result<i64, Refusal> {
        if step > 100 { Err(Refusal::TooMuch(100)) } else { Ok(step + 1) }
    }

    fn label(&self) -> Result<String, Error> {
        Ok(self.0.lock().clone())
    }

    fn set_label(&self, label: String) -> Result<(), Error> {
        *self.0.lock() = label;
        Ok(())
    }

    fn next(&self) -> Result<DeskProxy, Error> {
        Ok(DeskProxy::of(Own::from(Wood::default())))
    }

    fn twin(&self) -> Result<DeskProxy, Error> {
        self.next()
    }

    fn note(&self, _: i64) -> Result<(), Error> {
        Ok(())
    }

    fn sum(&self, numbers: Vec<i64>) -> Result<i64, Error> {
        Ok(numbers.iter().sum())
    }

    fn entries(&self, map: HashMap<String, i64>) -> Result<usize, Error> {
        Ok(map.len())
    }

    fn numbers(&self) -> Result<Vec<i64>, Error> {
        Ok((0..1000).collect())
    }

    fn point(&self, point: Point) -> Result<Point, Error> {
        Ok(point)
    }

    fn data(&self, data: Serde<BTreeMap<String, i64>>) -> Result<usize, Error> {
        Ok(data.len())
    }

    fn length(&self, list: ListProxy<i64>) -> Result<u64, Error> {
        list.len()
    }

    fn count(&self, below: i64) -> Result<Items<i64>, Error> {
        Ok(Items::new(0..below))
    }

    fn ask(&self, whom: Arc<dyn Listener>, times: i64) -> Result<(), Error> {
        (0..times).try_for_each(|number| whom.heard(number).map(|_| ()))
    }

    fn tell(&self, whom: Arc<dyn Listener>) -> Result<(), Error> {
        whom.told(1)
    }

    fn apply(&self, function: Proxy) -> Result<i64, Error> {
        function.invoke((1,))?.to()
    }

    fn back(&self, object: Proxy) -> Result<Proxy, Error> {
        Ok(object)
    }
}

fn export_all(node: &Node) {
    let desk = Own::from(Wood::default());
    node.export("part", Attenuation::of(&desk).only(["add"]).give().unwrap().0);
    node.export("view", Attenuation::of(&desk).read_only().give().unwrap().0);
    node.export_root(desk.clone());
    node.export("desk", desk);
    node.export("list", List::from_iter((0..10_000_i64).map(Value::from)).to_own());
    let entries = (0..100_i64).map(|number| (Value::from(number.to_string()), Value::from(number)));
    node.export("dict", Dict::try_from_entries(entries).unwrap().to_own());
    let desks = (0..100).map(|_| Value::from(Wood::default()));
    node.export("desks", List::from_iter(desks).to_own());
}

/// The tables of the page, each of one test.
const SECTIONS: [&str; 10] = [
    "Calls",
    "The first call",
    "Callbacks",
    "Values",
    "Containers by reference",
    "Streams",
    "Promises and batches",
    "Attenuated references",
    "Identity",
    "Dropping",
];

/// The rows of one table of the page, as they were measured.
struct Table {
    section: &'static str,
    rows: Vec<(String, u64, u64)>,
    peer: Peer,
}

impl Table {
    fn new(section: &'static str, peer: &Peer) -> Self {
        Self { section, rows: Vec::new(), peer: peer.clone() }
    }

    /// Measures one operation.
    fn row<R>(&mut self, what: &str, act: impl FnOnce() -> R) -> R {
        let peer = self.peer.clone();
        self.row_of(&peer, what, act)
    }

    /// Measures one operation, in another session.
    fn row_of<R>(&mut self, peer: &Peer, what: &str, act: impl FnOnce() -> R) -> R {
        let before = peer.stats();
        let result = act();
        let after = peer.stats();
        self.rows.push((what.into(), after.messages() - before.messages(), after.frames() - before.frames()));
        result
    }

    /// Compares with the page.
    #[track_caller]
    fn end(self) {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/costs.md");
        let page = fs::read_to_string(page).unwrap();
        let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, SECTIONS, "each has its test");
        let (_, rest) = page.split_once(&format!("## {}\n", self.section)).unwrap();
        let section = rest.split("\n## ").next().unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
        let told: Vec<&str> = rows.collect();
        let measured: Vec<String> = self.rows.iter().map(|(what, m, f)| format!("| {what} | {m} | {f} |")).collect();
        let (told, measured) = (told.join("\n"), measured.join("\n"));
        assert_eq!(told, measured, "\nthe page says\n{told}\nand measured was\n{measured}");
    }
}

/// A session whose far side runs when the near one waits, so that frames are the same each time. HELLOs are behind it.
fn inline() -> Inline {
    let clock = Arc::new(ManualClock::default());
    let far = plain(&clock);
    export_all(&far);
    let inline = Inline::start(&clock, &plain(&clock), &far);
    inline.peer.names().unwrap();
    inline
}

fn plain(clock: &Arc<ManualClock>) -> Node {
    node(clock, Policy::Closed)
}

/// A session with a thread for the far side, which can wait for this one. Each side may know the value type. Time stands
/// still, so that no release leaves by itself between two rows.
fn served(knows: [bool; 2]) -> Served {
    let clock = Arc::new(ManualClock::default());
    let [client, server] = knows.map(|knows| {
        let node = Node::builder().clock(clock.clone());
        if knows { node.value_type::<Point>().build() } else { node.build() }
    });
    export_all(&server);
    let served = Served::start(&client, &server);
    served.peer.names().unwrap();
    served
}

#[test]
fn calls() {
    let inline = inline();
    let peer = &inline.peer;
    let mut table = Table::new("Calls", peer);
    let proxy = table.row("an object by its name: `Peer::get`", || peer.get("desk").unwrap());
    let desk: DeskProxy =
        table.row("the same, worn with an interface: `Peer::get_as`, `Peer::root`", || peer.root().unwrap());
    table.row("a method, dynamically", || proxy.call("add", (1,)).unwrap());
    table.row("a method, through a typed proxy", || desk.add(1).unwrap());
    table.row("an attribute read, dynamically", || proxy.get("label").unwrap());
    table.row("an attribute read, through a typed proxy", || desk.label().unwrap());
    table.row("an attribute written, either way", || desk.set_label("b".into()).unwrap());
    table.row("a result that is another object", || desk.next().unwrap());
    table.row("a method of an attribute, by a path: `proxy.at(\"twin\").call(\"add\", (1,))`", || {
        proxy.at("twin").call("add", (1,)).unwrap()
    });
    table.row("a declared error", || assert!(matches!(desk.add(101), Err(Refusal::TooMuch(100)))));
    table.row("any other error, with the places it came through", || proxy.call("add", ("x",)).unwrap_err());
    table.row("looking whether an object fits an interface: `cast`, the first use of a typed proxy", || {
        proxy.cast::<DeskProxy>().unwrap().check().unwrap();
    });
    table.row("`shape`, `is_a`, `dir`, a missing member, on a closed shape", || {
        assert!(proxy.is_a("org.example.Desk/1") && !proxy.dir().unwrap().is_empty());
        assert!(matches!(proxy.call("nothing", ()), Err(Error::NoMember { .. })));
    });
    table.row("a deadline that is kept: `within`", || desk.within(std::time::Duration::from_secs(1)).add(1).unwrap());
    table.row("a one-way call", || desk.note(1).unwrap());
    table.end();
}

#[test]
fn the_first_call() {
    let server = Node::new();
    export_all(&server);
    let served = Served::start(&Node::new(), &server);
    let mut table = Table::new("The first call", &served.peer);
    table.row("the first call of a session, both HELLOs counted", || served.peer.get("desk").unwrap());
    table.end();
    assert!(served.close().is_idle());
}

#[test]
fn callbacks() {
    let served = served([false; 2]);
    let desk: DeskProxy = served.peer.root().unwrap();
    let ear: Arc<dyn Listener> = Arc::new(Ear);
    let mut table = Table::new("Callbacks", &served.peer);
    table.row("a call that gets an object, and does not use it", || desk.ask(ear.clone(), 0).unwrap());
    table.row("a call that calls back once", || desk.ask(ear.clone(), 1).unwrap());
    table.row("a call that calls back ten times", || desk.ask(ear.clone(), 10).unwrap());
    table.row("a call that calls back once, one-way", || desk.tell(ear.clone()).unwrap());
    table.row("a call that calls a closure of the caller's", || {
        desk.apply(Function::typed("double", |number: i64| number * 2).into_own().into()).unwrap()
    });
    table.end();
    drop(desk);
    assert!(served.close().is_idle());
}

#[test]
fn values() {
    let served = served([false; 2]);
    let desk: DeskProxy = served.peer.root().unwrap();
    let proxy = desk.proxy().clone();
    let list = List::from_iter((0..1000_i64).map(Value::from));
    let dict = Dict::try_from_entries([(Value::text("a"), Value::Int(1))]).unwrap();
    let map = || BTreeMap::from([("a".to_owned(), 1)]);
    let mut table = Table::new("Values", &served.peer);
    table.row("a `Vec`, given to a `Vec`", || desk.sum((0..1000).collect()).unwrap());
    table.row("a `HashMap`, given to a `HashMap`", || desk.entries(HashMap::from([("a".into(), 1)])).unwrap());
    table.row("a list of the caller's, given to a `Vec`", || proxy.call("sum", (list.to_own(),)).unwrap());
    table.row("a dict of the caller's, given to a `HashMap`", || proxy.call("entries", (dict.to_own(),)).unwrap());
    table.row("a list of the caller's, given to a `ListProxy` that is used once", || {
        desk.length(ListProxy::from_own(&list)).unwrap()
    });
    table.row("a `Vec` as a result", || desk.numbers().unwrap());
    table.row("`Serde<T>`, given `Serde<T>`", || desk.data(Serde(map())).unwrap());
    table.row("`Serde<T>`, given a dict of the caller's", || proxy.call("data", (dict.to_own(),)).unwrap());
    for (knows, what) in [
        ([true, true], "a value type, as an argument and as a result, where both sides know it"),
        ([false, true], "the same, where only the side that gets the argument does"),
        ([false, false], "the same, where neither does"),
    ] {
        let served = self::served(knows);
        let desk: DeskProxy = served.peer.root().unwrap();
        table.row_of(&served.peer, what, || desk.point(Point { x: 1 }).unwrap());
        drop(desk);
        assert!(served.close().is_idle());
    }
    table.end();
    drop((desk, proxy));
    assert!(served.close().is_idle());
}

#[test]
fn references() {
    let inline = inline();
    let peer = &inline.peer;
    let (list, dict) = (peer.get("list").unwrap(), peer.get("dict").unwrap());
    let (list, dict): (ListProxy<i64>, DictProxy<String, i64>) =
        (Value::from(&list).to().unwrap(), Value::from(&dict).to().unwrap());
    let mut table = Table::new("Containers by reference", peer);
    table.row("`ListProxy::get`", || list.get(1).unwrap());
    table.row("`ListProxy::set`", || list.set(1, 2).unwrap());
    table.row("`ListProxy::push`", || list.push(2).unwrap());
    table.row("`ListProxy::len`", || list.len().unwrap());
    table.row("`ListProxy::to_vec`, of 10,001 integers", || list.to_vec().unwrap());
    table.row("`ListProxy::iter` to the end, of as many", || list.iter().unwrap().count());
    table.row("`DictProxy::get`", || dict.get("1".into()).unwrap());
    table.row("`DictProxy::insert`", || dict.insert("x".into(), 2).unwrap());
    table.row("`DictProxy::contains`", || dict.contains("x".into()).unwrap());
    table.row("`DictProxy::remove`", || dict.remove("x".into()).unwrap());
    table.row("`DictProxy::len`", || dict.len().unwrap());
    table.row("`DictProxy::to_vec`, of 100 entries", || dict.to_vec().unwrap());
    let desks = peer.get("desks").unwrap();
    table.row("an attribute of 100 objects in a list, one by one", || {
        let desks = desks.fetch().unwrap().to::<Vec<DeskProxy>>().unwrap();
        desks.iter().for_each(|desk| assert_eq!(desk.label().unwrap(), ""));
    });
    table.row("the same with `fetch_with`", || desks.fetch_with(&["label"]).unwrap().len());
    table.end();
}

#[test]
fn streams() {
    let inline = inline();
    let desk: DeskProxy = inline.peer.root().unwrap();
    let mut table = Table::new("Streams", &inline.peer);
    let one_by_one = table.row("a call that gives `Items`", || desk.count(10).unwrap());
    table.row("ten items and the end, one by one", || assert_eq!(one_by_one.map(Result::unwrap).sum::<i64>(), 45));
    let buffered = desk.count(10).unwrap().buffered(100);
    table.row("ten items and the end, `buffered(100)`", || assert_eq!(buffered.map(Result::unwrap).sum::<i64>(), 45));
    let many = desk.count(1000).unwrap().buffered(100);
    table.row("a thousand items and the end, `buffered(100)`", || assert_eq!(many.map(Result::unwrap).count(), 1000));
    table.end();
}

#[test]
fn promises() {
    let inline = inline();
    let peer = &inline.peer;
    let desk: DeskProxy = peer.root().unwrap();
    let proxy = desk.proxy();
    let chain = |length: usize| {
        let first = proxy.promise("next", ()).unwrap();
        let last = (2..length).fold(first, |on, _| on.call("next", ()).unwrap());
        last.get("label").unwrap()
    };
    let mut table = Table::new("Promises and batches", peer);
    table.row("a promise, and its result", || proxy.promise("add", (1,)).unwrap().result().unwrap());
    table.row("ten promises, and their results", || {
        let promises: Vec<_> = (0..10).map(|step| proxy.promise("add", (step,)).unwrap()).collect();
        promises.iter().for_each(|promise| assert!(promise.result().is_ok()));
    });
    table.row("the same in a batch", || {
        let batch = peer.batch();
        let promises: Vec<_> = (0..10).map(|step| proxy.promise("add", (step,)).unwrap()).collect();
        batch.send();
        promises.iter().for_each(|promise| assert!(promise.result().is_ok()));
    });
    table.row("a chain of ten calls, each on the promise before", || chain(10).result().unwrap());
    table.row("the same in a batch", || {
        let batch = peer.batch();
        let last = chain(10);
        batch.send();
        last.result().unwrap()
    });
    table.row("ten one-way calls", || (0..10).for_each(|number| desk.note(number).unwrap()));
    table.row("the same in a batch", || {
        let batch = peer.batch();
        (0..10).for_each(|number| desk.note(number).unwrap());
        batch.send();
    });
    table.end();
}

#[test]
fn attenuated() {
    let inline = inline();
    let peer = &inline.peer;
    let (part, view) = (peer.get("part").unwrap(), peer.get("view").unwrap());
    let mut table = Table::new("Attenuated references", peer);
    table.row("a call that the reference lets through", || part.call("add", (1,)).unwrap());
    table.row("a member that is not on its allow-list", || part.call("next", ()).unwrap_err());
    table.row("an operation that is not on its allow-list", || part.len().unwrap_err());
    table.row("a call that a read-only reference refuses", || view.call("next", ()).unwrap_err());
    let desk = peer.get("desk").unwrap();
    let (own, revoker) = Attenuation::of(&Own::from(Wood::default())).give().unwrap();
    table.row("giving one, as an argument", || desk.call("back", (own,)).unwrap());
    table.row("revoking it", || revoker.revoke());

    // A middle that holds an object of another side, and gives less of it.
    let clock = inline.clock.clone();
    let [near, middle, owner] = [(); 3].map(|()| plain(&clock));
    export_all(&owner);
    let beyond = Pair::of(&clock, &middle, &owner);
    let held = got(&beyond, "desk");
    middle.export("lent", Attenuation::of(&held).only(["add"]).give().unwrap().0);
    let inline = Inline::before(&clock, &near, &middle, vec![beyond]);
    let lent = inline.peer.get("lent").unwrap();
    let before = inline.beyond(0).left.peer().stats();
    table.row_of(&inline.peer, "a call on one that a middle made, on the first hop", || {
        lent.call("add", (1,)).unwrap();
    });
    let after = inline.beyond(0).left.peer().stats();
    let cost = (after.messages() - before.messages(), after.frames() - before.frames());
    table.rows.push(("the same, on the second hop".into(), cost.0, cost.1));
    table.end();
}

#[test]
fn identity() {
    let server = Node::new();
    export_all(&server);
    let (first, second) = (Served::start(&Node::new(), &server), Served::start(&Node::new(), &server));
    let (one, again) = (first.peer.get("desk").unwrap(), first.peer.root::<DeskProxy>().unwrap());
    let two = second.peer.get("desk").unwrap();
    let mut table = Table::new("Identity", &first.peer);
    table.row("`Proxy::same`, and `wherever::same` of two proxies of one session", || {
        assert!(one.same(again.proxy()) && same(&one, again.proxy()).unwrap());
    });
    table.row("`wherever::same` of proxies of two sessions, in the one", || assert!(same(&one, &two).unwrap()));
    table.row_of(&second.peer, "and in the other", || assert!(same(&one, &two).unwrap()));
    let home = again.back(Own::from(Wood::default()).into()).unwrap();
    table.row("a call on an object of this side that came home", || home.call("add", (1,)).unwrap());
    table.end();
    drop((one, two, again, home));
    assert!(first.close().is_idle() && second.close().is_idle());
}

#[test]
fn dropping() {
    let inline = inline();
    let peer = &inline.peer;
    let (desk, desks) = (peer.get("desk").unwrap(), peer.get("desks").unwrap());
    let hundred = || desks.fetch().unwrap().to::<Vec<Proxy>>().unwrap();
    let mut table = Table::new("Dropping", peer);
    let dropped = hundred();
    table.row("a hundred proxies dropped, and a call", || {
        drop(dropped);
        desk.call("add", (1,)).unwrap()
    });
    let dropped = hundred();
    table.row("a hundred proxies dropped, and nothing else for a tick", || {
        drop(dropped);
        inline.tick();
    });
    table.end();
    drop((desk, desks));
    inline.assert_idle();
}
