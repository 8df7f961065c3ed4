//! Streams: windows of bytes and items, generators stepped as asked, whole containers, and long messages in parts.

use std::sync::Arc;

use wherever::clock::ManualClock;
use wherever::hosts::{ByteArray, Class, Dict, Function, List, Set, iterator};
use wherever::policy::Policy;
use wherever::shape::{Category, Member, Shape};
use wherever::wire::frame::Reference;
use wherever::wire::message::ReturnHeader;
use wherever::{Error, FromValue, Id, ItemStream, Node, Operation, Own, Proxy, Value};
use wherever_tests::hostile::{Call, Forged, Seen};
use wherever_tests::inline::Inline;
use wherever_tests::pair::{Pair, node};

use crate::deeds::{Deeds, thing};
use crate::protocol::begin;

/// A blocking side, and the node that it talks to.
fn served() -> (Inline, Node) {
    let clock = Arc::<ManualClock>::default();
    let (near, far) = (node(&clock, Policy::Closed), node(&clock, Policy::Closed));
    (Inline::start(&clock, &near, &far), far)
}

/// A blocking side with a proxy of this object.
fn proxy_of(own: impl Into<Own>) -> (Inline, Proxy) {
    let (inline, far) = served();
    far.export("it", own);
    let proxy = inline.peer.get("it").unwrap();
    (inline, proxy)
}

pub(crate) fn numbers(range: std::ops::Range<i64>) -> List {
    List::from_iter(range.map(Value::from))
}

fn take<T: FromValue>(stream: &mut ItemStream, count: usize) -> Vec<T> {
    stream.take(count).map(|item| item.unwrap().to().unwrap()).collect()
}

/// Messages that this sent and received: calls, returns, credits; and how much was moved since.
fn messages(inline: &Inline, act: impl FnOnce()) -> (u64, u64) {
    let before = inline.peer.stats();
    act();
    let after = inline.peer.stats();
    (after.messages_sent - before.messages_sent, after.messages_received - before.messages_received)
}

/// The stream of the hostile side's call 2, whose items are the numbers from 0.
fn open(credit: (u64, u64)) -> (wherever_tests::hostile::Hostile, Arc<Deeds>) {
    let (mut hostile, deeds) = begin();
    let call = Call::new(2, Id::theirs(1), Operation::Iterate).credit(credit.0, credit.1);
    hostile.send(&Forged::new().call(&call));
    hostile.run();
    (hostile, deeds)
}

#[test]
fn a_sender_stops_at_its_window_of_items() {
    let (mut hostile, deeds) = open((1 << 20, 10));
    assert_eq!((deeds.stepped(), hostile.items(2).len()), (10, 10));
    for ticks in 1..5 {
        hostile.tick();
        assert_eq!(hostile.read(), 0, "nothing more by itself, {ticks}");
    }
    hostile.send(&Forged::new().credit(2, 0, 0));
    assert_eq!(deeds.stepped(), 10);
    hostile.send(&Forged::new().credit(2, 0, 7).credit(2, 0, 3));
    assert_eq!(hostile.items(2), (0..20).map(Value::from).collect::<Vec<_>>());
    assert_eq!(deeds.stepped(), 20, "exactly as asked");
    hostile.send(&Forged::new().releases_answer(2, true));
    assert!(matches!(hostile.answer(2), Err(Error::Stopped)));
    assert_eq!(deeds.streams(), 0);
    hostile.cut();
}

#[test]
fn a_sender_stops_at_its_window_of_bytes() {
    let (mut hostile, deeds) = open((20, 1 << 20));
    let first = deeds.stepped();
    assert!((10..=20).contains(&first), "{first}");
    // One item at least while anything is left, however long it is.
    hostile.send(&Forged::new().credit(2, 20, 0));
    let second = deeds.stepped();
    assert!((first + 10..=first + 21).contains(&second), "{second}");
    hostile.send(&Forged::new().credit(2, 0, 100));
    assert_eq!(deeds.stepped(), second);
    assert_eq!(hostile.items(2).len() as u64, second);
    let (mut other, deeds) = open((0, 100));
    assert_eq!(deeds.stepped(), 0);
    other.send(&Forged::new().credit(2, 1, 0));
    assert_eq!(deeds.stepped(), 1);
    other.victim.cut("enough");
    assert_eq!(deeds.streams(), 0);
    assert!(other.stats().is_idle());
    hostile.cut();
}

#[test]
fn a_generator_is_stepped_as_asked_and_never_ahead() {
    let (own, deeds) = thing();
    let (inline, proxy) = proxy_of(own);
    let mut stream = proxy.iterate().unwrap();
    for taken in 1..=20 {
        assert_eq!(take::<u64>(&mut stream, 1), [taken - 1]);
        assert_eq!(deeds.stepped(), taken);
    }
    // Each item further: one CREDIT, one RETURN.
    let moved = messages(&inline, || assert_eq!(take::<u64>(&mut stream, 5), [20, 21, 22, 23, 24]));
    assert_eq!(moved, (5, 5));
    assert_eq!(deeds.streams(), 1);
    drop(stream);
    drop(proxy);
    inline.assert_idle();
    assert_eq!(deeds.streams(), 0, "the generator is dropped over there");
}

#[test]
fn a_buffer_is_never_exceeded() {
    for ahead in [1, 2, 3, 10, 100] {
        let (own, deeds) = thing();
        let (inline, proxy) = proxy_of(own);
        let mut stream = proxy.buffered(ahead).unwrap();
        for taken in 1..=250 {
            assert_eq!(take::<u64>(&mut stream, 1), [taken - 1]);
            assert!(deeds.stepped() <= taken + ahead, "{} for {taken} with {ahead}", deeds.stepped());
        }
        assert!(inline.peer.stats().messages_received <= 6 + 2 * 250 / ahead.div_ceil(2), "{ahead}");
        drop((stream, proxy));
        inline.assert_idle();
        assert_eq!(deeds.streams(), 0);
    }
}

#[test]
fn an_error_comes_after_the_items_before_it() {
    let items = (0..5).map(|number| match number {
        3 => Err(Error::raise("test:broken", "at three")),
        number => Ok(Value::from(number)),
    });
    for ahead in [1, 10] {
        let (inline, proxy) = proxy_of(iterator(items.clone()));
        let mut stream = proxy.buffered(ahead).unwrap();
        assert_eq!(take::<i32>(&mut stream, 3), [0, 1, 2]);
        let Some(Err(Error::Raised(raised))) = stream.next() else { panic!("no error") };
        assert_eq!((&*raised.type_name, &*raised.message), ("test:broken", "at three"));
        assert!(stream.next().is_none());
        drop((stream, proxy));
        inline.assert_idle();
    }
}

#[test]
fn a_whole_fetch_costs_what_the_budget_says() {
    let (inline, proxy) = proxy_of(numbers(0..10_000).to_own());
    assert_eq!(messages(&inline, || assert_eq!(proxy.iterate().unwrap().count(), 10_000)), (1, 1));
    let (big_inline, big) = proxy_of(numbers(0..100_000).to_own());
    // About 390 KB of integers: three RETURNs, and a CREDIT for each of the first two, as it uses more than half of the items' credit.
    let fetch = || {
        let Value::List(items) = big.fetch().unwrap() else { panic!("no list") };
        assert!(items.iter().enumerate().all(|(place, item)| *item == Value::from(place)));
        assert_eq!(items.len(), 100_000);
    };
    assert_eq!(messages(&big_inline, fetch), (3, 3));
    let iterate = || assert_eq!(big.iterate().unwrap().map(Result::unwrap).count(), 100_000);
    assert_eq!(messages(&big_inline, iterate), (3, 3));
    drop((proxy, big));
    inline.assert_idle();
    big_inline.assert_idle();
}

#[test]
fn a_reader_that_wants_all_never_grants_more_than_came() {
    // An endless container of the hostile side's: however much was read, the credit out stays what it was at first.
    let (mut hostile, deeds) = begin();
    hostile.send(&Forged::new().shape(0, &Shape::new("t:L", Category::List).operations(&[Operation::Whole])));
    let object = Reference::Object { id: Id::ours(50), shape: 0 };
    hostile.ask(&Call::method(40, 1, "keep").passing(&[object])).unwrap();
    let list: Proxy = deeds.kept.lock().pop().unwrap().to().unwrap();
    let (chunk, more) = (20_000_u64, ReturnHeader::MORE | ReturnHeader::ITEMS);
    let payload = [&[0, 0xa0, 0x9c, 1, 0][..], &vec![0; chunk as usize]].concat();
    let mut stream = list.request(Operation::Whole).stream(u64::MAX).unwrap();
    let call = hostile.calls().last().unwrap().id;
    let mut sent = 0;
    for _ in 0..20 {
        hostile.send(&Forged::new().returned(call, more, &[], &payload));
        sent += chunk;
        assert!(hostile.stands());
        assert_eq!(stream.by_ref().take(chunk as usize).filter(Result::is_ok).count() as u64, chunk);
        hostile.read();
        let granted: u64 =
            hostile.seen.iter().map(|seen| if let Seen::Credit(credit) = seen { credit.items } else { 0 }).sum();
        assert!(granted <= sent, "{granted} for {sent}");
    }
    drop((stream, list));
    hostile.tick();
    hostile.cut();
}

#[test]
fn a_container_is_copied_at_one_moment() {
    let list = numbers(0..100_000);
    let (inline, proxy) = proxy_of(list.to_own());
    let mut stream = proxy.iterate().unwrap();
    assert_eq!(take::<i64>(&mut stream, 3), [0, 1, 2]);
    list.clear();
    list.push(Value::None);
    let rest: Vec<i64> = stream.by_ref().map(|item| item.unwrap().to().unwrap()).collect();
    assert_eq!(rest, (3..100_000).collect::<Vec<_>>());
    assert_eq!(proxy.len().unwrap(), 1, "a later read sees later changes");
    drop((stream, proxy));
    inline.assert_idle();
}

#[test]
fn containers_of_every_kind_come_whole() {
    let bytes: Vec<u8> = (0..300_000_u32).map(|byte| byte as u8).collect();
    let array = ByteArray::new();
    array.extend(&bytes);
    let (inline, proxy) = proxy_of(array.to_own());
    assert_eq!(proxy.fetch().unwrap(), Value::ByteArray(bytes.into()));
    drop(proxy);
    inline.assert_idle();

    let entries = (0..20_000_i64).map(|key| (Value::from(key), Value::text("v")));
    let (inline, proxy) = proxy_of(Dict::try_from_entries(entries.clone()).unwrap().to_own());
    let Value::Dict(fetched) = proxy.fetch().unwrap() else { panic!("no dict") };
    assert!(fetched.iter().cloned().eq(entries));
    drop((proxy, fetched));
    inline.assert_idle();

    let values = Set::try_from_values((0..1000_i64).map(Value::from)).unwrap();
    let (inline, proxy) = proxy_of(values.to_own());
    let Value::Set(fetched) = proxy.fetch().unwrap() else { panic!("no set") };
    assert_eq!(fetched.len(), 1000);
    drop((proxy, fetched));
    inline.assert_idle();
}

#[test]
fn what_is_empty_costs_two_messages() {
    let empty: [Own; 4] = [List::new().to_own(), Dict::new().to_own(), Set::new().to_own(), ByteArray::new().to_own()];
    for own in empty {
        let (inline, proxy) = proxy_of(own);
        assert_eq!(messages(&inline, || assert_eq!(proxy.iterate().unwrap().count(), 0)), (1, 1));
        assert_eq!(messages(&inline, || assert!(!matches!(proxy.fetch(), Err(_) | Ok(Value::None)))), (1, 1));
        drop(proxy);
        inline.assert_idle();
    }
    let (inline, proxy) = proxy_of(iterator(std::iter::empty()));
    assert_eq!(messages(&inline, || assert_eq!(proxy.iterate().unwrap().count(), 0)), (1, 1));
    drop(proxy);
    inline.assert_idle();
}

fn named(number: i64) -> Own {
    Class::<i64>::builder("rust:test.Named")
        .attribute("name", |number: &i64| Ok(format!("n{number}").into()))
        .attribute("broken", |_: &i64| Err(Error::raise("test:broken", "attribute")))
        .attribute_with(Member::attribute("hidden").hidden(), |_: &i64| Ok("secret".into()))
        .build()
        .instance(number)
}

#[test]
fn attributes_come_along() {
    let list = List::from_iter((0..100).map(|number| Value::from(named(number))));
    list.push(Value::from(7));
    let (inline, proxy) = proxy_of(list.to_own());
    let fetch = || {
        let fetched = proxy.fetch_with(&["name", "broken", "hidden", "nothing"]).unwrap();
        assert_eq!(fetched.len(), 101);
        for (number, fetched) in fetched[..100].iter().enumerate() {
            let [name, broken, hidden, nothing] = &fetched.attributes[..] else { panic!("{fetched:?}") };
            assert_eq!(name.as_ref().unwrap().as_ref().unwrap(), &Value::text(format!("n{number}")));
            assert!(matches!(broken, Some(Err(Error::Raised(raised))) if &*raised.type_name == "test:broken"));
            assert!(matches!(hidden, Some(Err(Error::Denied(denied))) if denied.member.as_deref() == Some("hidden")));
            assert!(matches!(nothing, Some(Err(Error::NoMember { .. }))), "{nothing:?}");
        }
        assert!(fetched[100].attributes.iter().all(Option::is_none), "a copy has none");
    };
    assert_eq!(messages(&inline, fetch), (1, 1));
    drop(proxy);
    list.clear();
    inline.assert_idle();
}

#[test]
fn two_streams_go_side_by_side() {
    let (inline, far) = served();
    let ((one, ones), (two, twos)) = (thing(), thing());
    far.export("one", one);
    far.export("two", two);
    let (one, two) = (inline.peer.get("one").unwrap(), inline.peer.get("two").unwrap());
    let (mut first, mut second) = (one.buffered(4).unwrap(), two.buffered(2).unwrap());
    for round in 0..50_u64 {
        assert_eq!(take::<u64>(&mut first, 1), [round]);
        assert_eq!(take::<u64>(&mut second, 2), [2 * round, 2 * round + 1]);
    }
    assert!(ones.stepped() <= 54 && twos.stepped() <= 102);
    drop(first);
    assert_eq!(take::<u64>(&mut second, 1), [100], "the other goes on");
    assert_eq!(ones.streams(), 0);
    drop((second, one, two));
    inline.assert_idle();
    assert_eq!(twos.streams(), 0);
}

#[test]
fn a_stream_goes_through_a_middle_with_its_credit() {
    let clock = Arc::<ManualClock>::default();
    let [near, middle, far] = [(); 3].map(|()| node(&clock, Policy::Closed));
    let (own, deeds) = thing();
    far.export("thing", own);
    far.export("list", numbers(0..100_000).to_own());
    let behind = Pair::of(&clock, &middle, &far);
    for name in ["thing", "list"] {
        let got = behind.left.peer().promise(name).unwrap();
        behind.settle();
        let proxy: Proxy = got.result().unwrap().to().unwrap();
        middle.export(name, Function::new("get", move |_, _| Ok(Value::from(&proxy))).into_own());
    }
    let inline = Inline::before(&clock, &near, &middle, vec![behind]);
    let get = |name| inline.peer.get(name).unwrap().invoke(()).unwrap().to::<Proxy>().unwrap();
    let (thing, list) = (get("thing"), get("list"));
    let mut stream = thing.iterate().unwrap();
    for taken in 1..=20 {
        assert_eq!(take::<u64>(&mut stream, 1), [taken - 1]);
        assert_eq!(deeds.stepped(), taken, "not ahead, though through a middle");
    }
    drop(stream);
    inline.tick();
    inline.tick();
    assert_eq!(deeds.streams(), 0);
    let mut stream = thing.buffered(10).unwrap();
    for taken in 1..=100 {
        take::<u64>(&mut stream, 1);
        assert!(deeds.stepped() <= 20 + taken + 10, "{} for {taken}", deeds.stepped());
    }
    drop(stream);
    let Value::List(items) = list.fetch().unwrap() else { panic!("no list") };
    assert!(items.iter().enumerate().all(|(place, item)| *item == Value::from(place)));
    drop((thing, list, items));
    for name in ["thing", "list"] {
        assert!(middle.unexport(name));
    }
    inline.assert_idle();
    assert_eq!(deeds.streams(), 0);
}
