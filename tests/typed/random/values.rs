//! What is copied: every kind of value, every Rust type that is one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use wherever::hosts::{Dict, Set};
use wherever::typed::{TypedProxy, ValueType};
use wherever::value::BigInt;
use wherever::{Arguments, Error, IntoValue, Node, Peer, Proxy, Serde, Value};
use wherever_tests::sim::Rng;
use wherever_transports::tokio::connect;

use super::make::{Any, DEPTH, Data, Held, Pair, Unit, bytes, char, float, many, maybe, text, value, wide};
use crate::support::Sides;

/// Cases in all, half of them where one side does not know the types; each sends several values, in one of three ways.
const CASES: u64 = 1600;

type Nested = Option<Vec<HashMap<String, (i64, Option<f64>)>>>;
type Tuples = (bool, (u8, i8, u16), (i16, (u32, i32)), Vec<(u64, String)>, [i64; 0], ());
type Maps = (BTreeMap<u64, BTreeSet<String>>, HashMap<Vec<bool>, Option<Box<f32>>>, HashSet<char>);
type Blobs = (Vec<u8>, Vec<u8>, Arc<[u8]>);
type AllTyped = (Any, Vec<Any>, Option<Held<Any>>);
type Wide = (i128, u128, isize, usize, BigInt, f64);

/// Gives back what it gets.
#[wherever::interface("org.example.Echo/1")]
trait Echo {
    fn any(&self, value: Value) -> Result<Value, Error>;
    fn texts(
        &self,
        owned: String,
        borrowed: &str,
        shared: Arc<str>,
        one: char,
    ) -> Result<(String, String, Arc<str>, char), Error>;
    fn bytes(&self, owned: Vec<u8>, borrowed: &[u8], shared: Arc<[u8]>) -> Result<Blobs, Error>;
    fn nested(&self, nested: Nested, #[wherever(default)] maps: Maps) -> Result<(Nested, Maps), Error>;
    fn wide(&self, wide: Wide) -> Result<Wide, Error>;
    fn typed(&self, any: Any, all: &[Any], held: Option<Held<Any>>) -> Result<AllTyped, Error>;
    fn plain(&mut self, pair: Pair, data: Serde<Data>) -> Result<(Pair, Serde<Data>), Error>;
    async fn any_later(&self, value: Value) -> Result<Value, Error>;
    async fn nested_later(&mut self, nested: Nested, maps: Maps) -> Result<(Nested, Maps), Error>;
    async fn typed_later(&self, any: Any, data: Serde<Data>) -> Result<(Any, Serde<Data>), Error>;
}

struct Mirror;

#[wherever::export]
impl Echo for Mirror {
    fn any(&self, value: Value) -> Result<Value, Error> {
        Ok(value)
    }
    fn texts(
        &self,
        owned: String,
        borrowed: &str,
        shared: Arc<str>,
        one: char,
    ) -> Result<(String, String, Arc<str>, char), Error> {
        Ok((owned, borrowed.to_owned(), shared, one))
    }
    fn bytes(&self, owned: Vec<u8>, borrowed: &[u8], shared: Arc<[u8]>) -> Result<Blobs, Error> {
        Ok((owned, borrowed.to_vec(), shared))
    }
    fn nested(&self, nested: Nested, maps: Maps) -> Result<(Nested, Maps), Error> {
        Ok((nested, maps))
    }
    fn wide(&self, wide: Wide) -> Result<Wide, Error> {
        Ok(wide)
    }
    fn typed(&self, any: Any, all: &[Any], held: Option<Held<Any>>) -> Result<AllTyped, Error> {
        Ok((any, all.to_vec(), held))
    }
    fn plain(&mut self, pair: Pair, data: Serde<Data>) -> Result<(Pair, Serde<Data>), Error> {
        Ok((pair, data))
    }
    async fn any_later(&self, value: Value) -> Result<Value, Error> {
        Ok(value)
    }
    async fn nested_later(&mut self, nested: Nested, maps: Maps) -> Result<(Nested, Maps), Error> {
        Ok((nested, maps))
    }
    async fn typed_later(&self, any: Any, data: Serde<Data>) -> Result<(Any, Serde<Data>), Error> {
        Ok((any, data))
    }
}

fn nested(rng: &mut Rng) -> Nested {
    let entry = |rng: &mut Rng| (text(rng), (wide(rng) as i64, maybe(rng, float)));
    maybe(rng, |rng| many(rng, |rng| many(rng, entry).into_iter().collect()))
}

fn maps(rng: &mut Rng) -> Maps {
    let texts = |rng: &mut Rng| many(rng, text).into_iter().collect();
    let number = |rng: &mut Rng| maybe(rng, |rng| Box::new(rng.below(1 << 20) as f32 / 16.0));
    (
        many(rng, |rng| (rng.bits(), texts(rng))).into_iter().collect(),
        many(rng, |rng| (many(rng, |rng| rng.chance(50)), number(rng))).into_iter().collect(),
        many(rng, char).into_iter().collect(),
    )
}

/// One case: everything there and back.
fn sync_case(echo: &mut EchoProxy, rng: &mut Rng, types: &[(&str, u32)]) {
    let any = value(rng, DEPTH, types);
    assert_eq!(echo.any(any.clone()).unwrap(), any);
    let (one, two, three, four) = (text(rng), text(rng), text(rng), char(rng));
    let back = echo.texts(one.clone(), &two, three.as_str().into(), four).unwrap();
    assert_eq!(back, (one, two, three.into(), four));
    let (one, two, three) = (bytes(rng), bytes(rng), bytes(rng));
    assert_eq!(echo.bytes(one.clone(), &two, three.as_slice().into()).unwrap(), (one, two, three.into()));
    let (one, two) = (nested(rng), maps(rng));
    assert_eq!(echo.nested(one.clone(), two.clone()).unwrap(), (one, two));
    let number = wide(rng);
    let numbers: Wide = (
        number.cast_signed(),
        number,
        number as isize,
        number as usize,
        BigInt::new(rng.chance(50), &bytes(rng)),
        float(rng),
    );
    assert_eq!(echo.wide(numbers.clone()).unwrap(), numbers);
    let (one, all) = (Any::random(rng, DEPTH), many(rng, |rng| Any::random(rng, 1)));
    let held = maybe(rng, |rng| Held { r#type: Any::random(rng, 1), count: 3 });
    assert_eq!(echo.typed(one.clone(), &all, held.clone()).unwrap(), (one, all, held));
    let (pair, data) = (Pair(Unit, wide(rng) as i64), Data::random(rng, DEPTH));
    let (pair_back, data_back) = echo.plain(pair.clone(), Serde(data.clone())).unwrap();
    assert_eq!((pair_back, data_back.0), (pair, data));
}

/// The same calls by a dynamic proxy, in every mix of by position and by name, in any order of names.
fn by_name(proxy: &Proxy, rng: &mut Rng) {
    let call = |rng: &mut Rng, member: &str, given: Vec<(&str, Value)>| {
        let first_named = rng.below(given.len() + 1);
        let positional = given[..first_named].iter().map(|(_, value)| value.clone()).collect::<Vec<_>>();
        let mut named = given[first_named..].to_vec();
        let turn = rng.below(named.len());
        named.rotate_left(turn);
        let arguments = Arguments::from(positional);
        let arguments = named.into_iter().fold(arguments, |all, (name, value)| all.named(name, value));
        proxy.call(member, arguments).unwrap()
    };
    let tuples: Tuples = (
        rng.chance(50),
        (rng.bits() as u8, rng.bits() as i8, rng.bits() as u16),
        (rng.bits() as i16, (rng.bits() as u32, rng.bits() as i32)),
        many(rng, |rng| (rng.bits(), text(rng))),
        [],
        (),
    );
    let given = tuples.clone().into_value().unwrap();
    assert_eq!(call(rng, "any", vec![("value", given.clone())]), given);
    let (one, two) = (nested(rng), maps(rng));
    let given = vec![("nested", one.clone().into_value().unwrap()), ("maps", two.clone().into_value().unwrap())];
    assert_eq!(call(rng, "nested", given).to::<(Nested, Maps)>().unwrap(), (one.clone(), two));
    // What may be left out is.
    let given = vec![("nested", one.clone().into_value().unwrap())];
    assert_eq!(call(rng, "nested", given).to::<(Nested, Maps)>().unwrap(), (one, Maps::default()));
    let (any, all) = (Any::random(rng, 2), many(rng, |rng| Any::random(rng, 1)));
    let given = vec![("any", any.clone().into_value().unwrap()), ("all", all.clone().into_value().unwrap())];
    let back = call(rng, "typed", given).to::<AllTyped>().unwrap();
    assert_eq!(back, (any, all, None));
}

async fn later_case(echo: &mut EchoProxy, rng: &mut Rng, types: &[(&str, u32)]) {
    let any = value(rng, DEPTH, types);
    assert_eq!(echo.any_later(any.clone()).await.unwrap(), any);
    let (one, two) = (nested(rng), maps(rng));
    assert_eq!(echo.nested_later(one.clone(), two.clone()).await.unwrap(), (one, two));
    let (any, data) = (Any::random(rng, 2), Data::random(rng, DEPTH));
    let (any_back, data_back) = echo.typed_later(any.clone(), Serde(data.clone())).await.unwrap();
    assert_eq!((any_back, data_back.0), (any, data));
}

/// A node that knows all types that travel by copy, or none.
fn node(knows: bool) -> Node {
    match knows {
        true => Node::builder()
            .value_type::<Any>()
            .value_type::<Held<Any>>()
            .value_type::<Pair>()
            .value_type::<Unit>()
            .build(),
        false => Node::new(),
    }
}

#[test]
fn any_value_comes_back_as_it_went() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let types = [(<Pair as ValueType>::NAME, 1), (<Unit as ValueType>::NAME, 1)];
    for (seed, (server, client)) in [(true, true), (false, true), (true, false), (false, false)].into_iter().enumerate()
    {
        let sides = Sides::of(node(server), &node(client));
        sides.server.export("mirror", Mirror);
        let mut echo: EchoProxy = sides.peer.get_as("mirror").unwrap();
        // Where the server alone knows a type, it takes a copy of ours, and gives a reference to that.
        let types = if server && !client { &[] } else { &types[..] };
        for case in 0..CASES / 4 {
            println!("seed {seed}, case {case}");
            let mut rng = Rng::of_part(seed as u64, case);
            match case % 3 {
                0 => sync_case(&mut echo, &mut rng, types),
                1 => by_name(echo.proxy(), &mut rng),
                _ => runtime.block_on(later_case(&mut echo, &mut rng, types)),
            }
        }
        drop(echo);
        sides.assert_idle();
    }
}

#[tokio::test]
async fn any_value_comes_back_to_a_task_that_must_not_block() {
    for (seed, (server, client)) in [(true, true), (false, true), (true, false), (false, false)].into_iter().enumerate()
    {
        let (near, far) = tokio::io::duplex(1000);
        let (server, client) = (node(server), node(client));
        server.export("mirror", Mirror);
        let (peer, back) = (connect(&client, near), connect(&server, far));
        let mut echo = EchoProxy::of(peer.get_later("mirror").await.unwrap());
        for case in 0..50 {
            println!("seed {seed}, case {case}");
            later_case(&mut echo, &mut Rng::of_part(seed as u64 + 4, case), &[]).await;
        }
        by_reference(echo.proxy()).await;
        drop(echo);
        assert_idle(&peer, &back).await;
    }
}

/// Containers as references in a tuple, each of which a method that must not block wants whole.
async fn by_reference(proxy: &Proxy) {
    let names = Set::try_from_values([Value::text("a")]).unwrap();
    let sets = Dict::try_from_entries([(Value::Int(1), names.into())]).unwrap();
    let letters = Set::try_from_values([Value::text("x")]).unwrap();
    let maps = Value::tuple([sets.into(), Dict::new().into(), letters.into()]);
    let call = proxy.method("nested_later").args((Value::None, maps));
    let (nested, maps): (Nested, Maps) = call.await.unwrap().to().unwrap();
    assert_eq!(nested, None);
    assert_eq!(maps.0, BTreeMap::from([(1, BTreeSet::from(["a".to_owned()]))]));
    assert_eq!((maps.1.len(), maps.2), (0, HashSet::from(['x'])));
}

/// Waits until both sides hold nothing of each other: releases leave with the next call, each way in turn.
async fn assert_idle(one: &Peer, other: &Peer) {
    for _ in 0..16 {
        for peer in [one, other] {
            assert!(matches!(peer.get_later("no such name").await, Err(Error::NotFound(_))));
        }
        if one.stats().is_idle() && other.stats().is_idle() {
            return;
        }
    }
    panic!("{:#?}\n{:#?}", one.stats(), other.stats());
}
