//! Every ceiling of `src/limits.rs`: the attack that its documentation names, and the refusal.

use wherever::limits::Limits;
use wherever::shape::{Category, Member, Shape};
use wherever::wire::frame::Reference;
use wherever::wire::message::{CallHeader, MessageKind, ReturnHeader};
use wherever::wire::preface::Preface;
use wherever::{Error, Id, Operation, Value};
use wherever_tests::hostile::{Call, Forged, Hostile, hello};

use crate::deeds::{attack, limits};

/// One test for each field, by the field's name; and the list of those names.
macro_rules! attacks {
    ($($field:ident $body:block)+) => {
        const COVERED: &[&str] = &[$(stringify!($field)),+];
        $(#[test] fn $field() $body)+
    };
}

#[test]
fn every_limit_has_an_attack() {
    let source = include_str!("../../src/limits.rs");
    let of_limit = |line: &str| {
        let (name, rest) = line.strip_prefix("    pub ")?.split_once(": ")?;
        (rest.ends_with(',') && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')).then(|| name.to_owned())
    };
    let fields: Vec<String> = source.lines().filter_map(of_limit).filter(|name| name != "told").collect();
    assert!(fields.len() >= 30, "{fields:?}");
    let missing: Vec<_> = fields.iter().filter(|field| !COVERED.contains(&&***field)).collect();
    assert!(missing.is_empty(), "limits without a test: {missing:?}");
    let gone: Vec<_> = COVERED.iter().filter(|name| !fields.iter().any(|field| field == *name)).collect();
    assert!(gone.is_empty(), "tests without a limit: {gone:?}");
}

/// A call of `echo` with this payload fails, alone, because it cannot be decoded.
fn echo_refuses(limits: &Limits, payload: &[u8], why: &str) {
    let (mut hostile, deeds) = attack(limits);
    let refused = hostile.ask(&Call::method(2, 1, "echo").payload(payload));
    let Err(Error::Protocol(text)) = refused else { panic!("{refused:?}") };
    assert!(text.contains(why), "{text}");
    assert_eq!(deeds.ran(), 0);
    assert!(hostile.ask(&Call::method(3, 1, "echo")).is_ok(), "the next call works");
    hostile.cut();
}

fn echo_takes(limits: &Limits, payload: &[u8]) {
    let (mut hostile, _) = attack(limits);
    hostile.ask(&Call::method(2, 1, "echo").payload(payload)).unwrap();
    hostile.cut();
}

fn overloaded(result: Result<Value, Error>) -> String {
    match result {
        Err(Error::Overloaded(text)) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

/// One positional argument, of these bytes.
fn argument(value: &[u8]) -> Vec<u8> {
    [&[0, 1, 0], value].concat()
}

fn plain(name: &str) -> Shape {
    Shape::new(name, Category::Instance)
}

fn object(number: u64) -> Reference {
    Reference::Object { id: Id::ours(number), shape: 0 }
}

attacks! {
    workers_max {
        crate::threads::a_peer_has_no_more_calls_at_work_than_it_may();
    }

    send_time_max {
        crate::threads::a_peer_that_takes_nothing_loses_the_session();
    }

    frame_len_max {
        let limits = limits(|limits| limits.told.frame_len_max = 2048);
        let mut hostile = Hostile::on(&limits);
        hostile.send(&Forged::new().call(&Call::get(1, "x").payload(&vec![0; 1900])));
        assert!(hostile.stands());
        hostile.send(&Forged::new().call(&Call::get(2, "x").payload(&vec![0; 2048])));
        assert!(hostile.refused().contains("frame longer than was told"));
    }
    message_len_max {
        let limits = limits(|limits| limits.told.message_len_max = 4096);
        let mut hostile = Hostile::on(&limits);
        let body = Call::get(1, "x").payload(&vec![0; 4096]).body();
        for part in Forged::new().parts(1, MessageKind::Call, &body, &[1500, 1500]) {
            hostile.send_bytes(&part);
        }
        assert!(hostile.refused().contains("too long"));
    }
    frame_refs_max {
        let limits = limits(|limits| limits.told.frame_refs_max = 4);
        let (mut hostile, _) = attack(&limits);
        let refs = |count: u64| (1..=count).map(|number| object(100 + number)).collect::<Vec<_>>();
        let frame = Forged::new().shape(0, &plain("t:T"));
        hostile.send(&frame.call(&Call::method(2, 1, "echo").passing(&refs(4))));
        assert!(hostile.stands());
        hostile.send(&Forged::new().call(&Call::method(3, 1, "echo").passing(&refs(5))));
        assert!(hostile.refused().contains("more references in a frame"));
    }
    frame_shapes_max {
        let limits = limits(|limits| limits.told.frame_shapes_max = 4);
        let mut hostile = Hostile::on(&limits);
        let frame = (0..4).fold(Forged::new(), |frame, number| frame.shape(number, &plain("t:T")));
        hostile.send(&frame);
        assert!(hostile.stands());
        let frame = (4..9).fold(Forged::new(), |frame, number| frame.shape(number, &plain("t:T")));
        hostile.send(&frame);
        assert!(hostile.refused().contains("more shapes in a frame"));
    }
    calls_max {
        let limits = limits(|limits| limits.told.calls_max = 8);
        let (mut hostile, deeds) = attack(&limits);
        for call in 2..=20 {
            hostile.send(&Forged::new().call(&Call::method(call, 1, "wait").lane(call)));
        }
        hostile.run();
        assert_eq!(deeds.ran(), 8);
        for call in 10..=20 {
            overloaded(hostile.answer(call));
        }
        deeds.settle_all();
        hostile.answer(9).unwrap();
        hostile.cut();
    }
    value_depth_max {
        let limits = limits(|limits| limits.value_depth_max = 16);
        let nested = |depth: usize| argument(&[&[0x09, 1].repeat(depth)[..], &[0]].concat());
        echo_takes(&limits, &nested(16));
        echo_refuses(&limits, &nested(17), "too deep");
        echo_refuses(&Limits::default(), &nested(100_000), "too deep");
    }
    value_nodes_max {
        let limits = limits(|limits| limits.value_nodes_max = 100);
        let tuple = |count: u8| argument(&[&[0x09, count][..], &vec![0; count.into()]].concat());
        echo_takes(&limits, &tuple(99));
        echo_refuses(&limits, &tuple(100), "too many values");
    }
    value_weight_max {
        // A lattice: each tuple holds the one before twice, so that 30 levels are 2^30 values.
        let limits = limits(|limits| limits.value_weight_max = 10_000);
        let lattice = |levels: u8| {
            let mut value = vec![0x10, 0x09, 1, 0];
            for level in 0..levels {
                value = [&[0x10, 0x09, 2][..], &value, &[0x11, levels - level]].concat();
            }
            [&[levels + 1, 1, 0], &value[..]].concat()
        };
        echo_refuses(&limits, &lattice(30), "too many values, shared ones");
        echo_takes(&limits, &lattice(8));
    }
    text_len_max {
        let limits = limits(|limits| limits.text_len_max = 200);
        echo_takes(&limits, &argument(&[&[0x07, 200, 1][..], &[b'x'; 200]].concat()));
        echo_refuses(&limits, &argument(&[&[0x07, 201, 1][..], &[b'x'; 201]].concat()), "too long");
    }
    bigint_len_max {
        let limits = limits(|limits| limits.bigint_len_max = 12);
        echo_takes(&limits, &argument(&[&[0x04, 12 << 1][..], &[1; 12]].concat()));
        echo_refuses(&limits, &argument(&[&[0x04, 13 << 1][..], &[1; 13]].concat()), "integer too long");
    }
    name_len_max {
        let limits = limits(|limits| limits.name_len_max = 32);
        let (mut hostile, deeds) = attack(&limits);
        let long = "n".repeat(33);
        overloaded(hostile.ask(&Call::method(2, 1, &long)));
        overloaded(hostile.ask(&Call::method(3, 1, "echo").path(&[&long])));
        let named = [&[0, 0, 1, 33][..], long.as_bytes(), &[0]].concat();
        let refused = hostile.ask(&Call::method(4, 1, "echo").payload(&named));
        assert!(matches!(refused, Err(Error::Protocol(_))), "{refused:?}");
        assert_eq!(deeds.ran(), 0);
        hostile.send(&Forged::new().shape(0, &plain("t:T").member(Member::method(long))));
        assert!(hostile.refused().contains("too long"));
    }
    path_len_max {
        let limits = limits(|limits| limits.path_len_max = 4);
        let (mut hostile, deeds) = attack(&limits);
        hostile.ask(&Call::method(2, 1, "touch").path(&["next"; 4])).unwrap();
        overloaded(hostile.ask(&Call::method(3, 1, "touch").path(&["next"; 5])));
        assert_eq!(deeds.ran(), 0);
        hostile.cut();
    }
    prefetch_len_max {
        let limits = limits(|limits| limits.prefetch_len_max = 4);
        let (mut hostile, deeds) = attack(&limits);
        let mut call = Call::new(2, Id::theirs(1), Operation::Iterate).credit(1000, 2);
        call.header.prefetch = vec!["next".into(); 5];
        overloaded(hostile.ask(&call));
        assert_eq!(deeds.stepped(), 0);
        // And in items that are sent to us.
        let refused = decode_items_of(5, &limits);
        assert!(matches!(&refused, Error::Protocol(text) if text.contains("too many attributes")), "{refused:?}");
        hostile.cut();
    }
    shape_len_max {
        let limits = limits(|limits| limits.shape_len_max = 1000);
        let mut hostile = Hostile::on(&limits);
        hostile.send(&Forged::new().shape(0, &plain("t:T").doc_text("d".repeat(900))));
        assert!(hostile.stands());
        let member = |name: &str| Member::method(name).doc("d".repeat(600));
        hostile.send(&Forged::new().shape(1, &plain("t:T").member(member("a")).member(member("b"))));
        assert!(hostile.refused().contains("shape too long"));
    }
    shape_members_max {
        let limits = limits(|limits| limits.shape_members_max = 10);
        let mut hostile = Hostile::on(&limits);
        let shape = (0..11).fold(plain("t:T"), |shape, number| shape.member(Member::method(format!("m{number}"))));
        hostile.send(&Forged::new().shape(0, &shape));
        assert!(hostile.refused().contains("too many members"));
    }
    shape_bases_max {
        let limits = limits(|limits| limits.shape_bases_max = 3);
        let mut hostile = Hostile::on(&limits);
        let frame = (0..4).fold(Forged::new(), |frame, number| frame.shape(number, &plain("t:T")));
        hostile.send(&frame);
        hostile.send(&Forged::new().shape_on(4, &plain("t:D"), &[0, 1, 2]));
        assert!(hostile.stands());
        hostile.send(&Forged::new().shape_on(5, &plain("t:D"), &[0, 1, 2, 3]));
        assert!(hostile.refused().contains("too many bases"));
    }
    shape_lineage_max {
        let limits = limits(|limits| limits.shape_lineage_max = 6);
        let mut hostile = Hostile::on(&limits);
        hostile.send(&Forged::new().shape(0, &plain("t:T")));
        for number in 1..=6 {
            hostile.send(&Forged::new().shape_on(number, &plain("t:D"), &[number - 1]));
        }
        assert!(hostile.stands());
        hostile.send(&Forged::new().shape_on(7, &plain("t:D"), &[6]));
        assert!(hostile.refused().contains("too many ancestors"));
    }
    types_bytes_max {
        let limits = limits(|limits| limits.types_bytes_max = 4096);
        let mut hostile = Hostile::on(&limits);
        // Described again and again, one type of some 1,000 bytes.
        let mut shape = plain("t:T").doc_text("long ".repeat(200));
        for _ in 0..3 {
            hostile.send(&Forged::new().shape(0, &shape));
            shape = shape.revised();
        }
        assert!(hostile.stands());
        (0..3).for_each(|_| {
            hostile.send(&Forged::new().shape(0, &shape));
            shape = shape.revised();
        });
        assert!(hostile.refused().contains("too great a length"));
    }
    shapes_max {
        let limits = limits(|limits| limits.shapes_max = 20);
        let mut hostile = Hostile::on(&limits);
        for number in 0..20 {
            hostile.send(&Forged::new().shape(number, &plain("t:T")));
        }
        // Described again, a type takes no further place.
        let mut shape = plain("t:T");
        for _ in 0..100 {
            shape = shape.revised();
            hostile.send(&Forged::new().shape(3, &shape));
        }
        assert_eq!(hostile.stats().types_known, 20);
        hostile.send(&Forged::new().shape(20, &plain("t:T")));
        assert!(hostile.refused().contains("too many types"));
    }
    exports_max {
        let limits = limits(|limits| limits.exports_max = 5);
        let (mut hostile, _) = attack(&limits);
        for call in 2..=5 {
            hostile.ask(&Call::method(call, 1, "make")).unwrap();
        }
        for call in 6..=40 {
            assert!(overloaded(hostile.ask(&Call::method(call, 1, "make"))).contains("holds 5 objects"));
        }
        // Released, there is room again.
        let stamp = hostile.stats().frames_sent;
        hostile.send(&Forged::new().releases(2, stamp).releases(3, stamp));
        hostile.ask(&Call::method(41, 1, "make")).unwrap();
        hostile.cut();
    }
    imports_max {
        let limits = limits(|limits| limits.imports_max = 10);
        let (mut hostile, deeds) = attack(&limits);
        hostile.send(&Forged::new().shape(0, &plain("t:T")));
        for number in 1..=10 {
            hostile.ask(&Call::method(1000 + number, 1, "keep").passing(&[object(number + 1)])).unwrap();
        }
        assert_eq!(hostile.stats().imports, 10);
        hostile.ask(&Call::method(1100, 1, "keep").passing(&[object(2)])).unwrap();
        hostile.send(&Forged::new().call(&Call::method(1101, 1, "keep").passing(&[object(50)])));
        deeds.let_go();
        assert!(hostile.refused().contains("too many references"));
    }
    answers_kept_max {
        let limits = limits(|limits| limits.answers_kept_max = 5);
        let (mut hostile, _) = attack(&limits);
        for call in 2..=6 {
            hostile.ask(&Call::method(call, 1, "touch").flags(CallHeader::KEEP)).unwrap();
        }
        assert_eq!(hostile.stats().answers, 5);
        hostile.send(&Forged::new().releases_answer(2, false));
        hostile.ask(&Call::method(7, 1, "touch").flags(CallHeader::KEEP)).unwrap();
        hostile.send(&Forged::new().call(&Call::method(8, 1, "touch").flags(CallHeader::KEEP)));
        hostile.run();
        assert!(hostile.refused().contains("more answers kept"));
    }
    answers_bytes_max {
        let limits = limits(|limits| limits.answers_bytes_max = 10_000);
        let (mut hostile, deeds) = attack(&limits);
        // Arguments of calls that wait, then results that are kept.
        let heavy = vec![Value::text("x".repeat(3000))];
        for call in 2..=5 {
            hostile.send(&Forged::new().call(&Call::method(call, 1, "wait").lane(call).args(heavy.clone())));
        }
        hostile.run();
        assert!(overloaded(hostile.answer(5)).contains("too many bytes"));
        deeds.settle_all();
        let text = |call| Call::method(call, 1, "text").args(vec![Value::Int(4000)]).flags(CallHeader::KEEP);
        for call in 6..=8 {
            hostile.ask(&text(call)).unwrap();
        }
        overloaded(hostile.ask(&text(9)));
        assert!(hostile.stats().answers_bytes < 14_000);
        hostile.send(&Forged::new().releases_answer(6, false));
        hostile.ask(&text(10)).unwrap();
        hostile.cut();
    }
    queue_bytes_max {
        // A peer that gives endless credit and does not read: the stream stops with the queue full.
        let limits = limits(|limits| limits.queue_bytes_max = 20_000);
        let (mut hostile, deeds) = attack(&limits);
        let call = Call::new(2, Id::theirs(1), Operation::Iterate).credit(u64::MAX, u64::MAX);
        hostile.send(&Forged::new().call(&call));
        hostile.run();
        let stepped = deeds.stepped();
        assert!(stepped < 300_000, "{stepped}");
        // Read at last, the stream goes on by itself, and stops again.
        let sent = hostile.stats().messages_sent;
        while hostile.stats().messages_sent == sent {
            assert!(hostile.victim.take_frame().is_some());
        }
        assert!(deeds.stepped() > stepped);
        let stepped = deeds.stepped();
        for _ in 0..100 {
            hostile.send(&Forged::new().credit(2, 1, 1));
        }
        assert_eq!(deeds.stepped(), stepped);
        hostile.victim.cut("enough");
        assert_eq!(deeds.streams(), 0);
        assert!(hostile.stats().is_idle());
    }
    reserve_bytes_max {
        // A peer that does not read what it is owed, whatever it asks for to be owed it.
        let unknown = |number| {
            let mut call = Call::get(number, "x");
            call.header.operation = 200;
            call
        };
        let fence = |number| Call::new(number, Id::THEIR_NAMES, Operation::Fence);
        let deep = |number| Call::get(number, "x").path(&["x"; 65]);
        let on_failed = |number| Call::on_answer(number, 2, "x");
        let attacks: [&dyn Fn(u64) -> Call; 4] = [&unknown, &fence, &deep, &on_failed];
        for attack_by in attacks {
            let limits = limits(|limits| limits.reserve_bytes_max = 10_000);
            let (mut hostile, _) = attack(&limits);
            let _ = hostile.ask(&Call::method(2, 1, "fail").flags(CallHeader::KEEP));
            for number in 3..1000 {
                if hostile.stands() {
                    hostile.send(&Forged::new().call(&attack_by(number)));
                    assert!(hostile.stats().queued_bytes < 12_000);
                }
            }
            assert!(hostile.refused().contains("does not read"));
        }
        // All in one frame, too.
        let limits = limits(|limits| limits.reserve_bytes_max = 10_000);
        let mut hostile = Hostile::on(&limits);
        let flood = (1..5000).fold(Forged::new(), |frame, number| frame.call(&fence(number)));
        hostile.send(&flood);
        assert!(hostile.stats().messages_received < 200, "{:?}", hostile.stats());
        assert!(hostile.refused().contains("does not read"));
    }
    chain_depth_max {
        let limits = limits(|limits| limits.chain_depth_max = 20);
        let (mut hostile, deeds) = attack(&limits);
        hostile.send(&Forged::new().shape(0, &Shape::new("t:f", Category::Function)));
        let callback = [object(2)];
        let mut parent = None;
        for number in 100..200 {
            let mut call = Call::method(number, 1, "delegate").passing(&callback);
            call.header.parent = parent;
            hostile.send(&Forged::new().call(&call));
            hostile.run();
            if let Some(failed) = hostile.find_answer(number) {
                assert!(matches!(failed, Err(Error::TooDeep(20))), "{failed:?}");
                break;
            }
            parent = hostile.calls().last().map(|made| made.id);
        }
        assert_eq!(hostile.calls().len(), 10, "each turn is two levels: the call served and the call made");
        assert_eq!(deeds.ran(), 0);
        hostile.cut();
    }
    transfers_max {
        let limits = limits(|limits| limits.transfers_max = 3);
        let mut hostile = Hostile::on(&limits);
        let begin = |number| Forged::new().parts(number, MessageKind::Call, &Call::get(number, "x").body(), &[5]);
        for number in 1..=3 {
            hostile.send_bytes(&begin(number)[0]);
        }
        assert_eq!(hostile.stats().transfers, 3);
        hostile.send_bytes(&begin(2)[1]);
        hostile.send_bytes(&begin(4)[0]);
        assert!(hostile.stands());
        hostile.send_bytes(&begin(5)[0]);
        assert!(hostile.refused().contains("too many messages in parts"));
    }
    transfers_bytes_max {
        let limits = limits(|limits| limits.transfers_bytes_max = 5000);
        let mut hostile = Hostile::on(&limits);
        let body = Call::get(1, "x").payload(&vec![0; 4000]).body();
        let begin = |number| Forged::new().parts(number, MessageKind::Call, &body, &[1500, 1500]);
        for number in 1..=3 {
            hostile.send_bytes(&begin(number)[0]);
        }
        assert_eq!(hostile.stats().arriving_bytes, 4500);
        hostile.send_bytes(&begin(1)[1]);
        assert!(hostile.refused().contains("too long"));
    }
    strikes_max {
        let limits = limits(|limits| limits.strikes_max = 4);
        let (mut hostile, deeds) = attack(&limits);
        let stamp = hostile.stats().frames_sent;
        hostile.send(&Forged::new().releases(1, stamp));
        for call in 2..=5 {
            let refused = hostile.ask(&Call::method(call, 1, "touch"));
            assert!(matches!(refused, Err(Error::Protocol(_))), "{refused:?}");
        }
        hostile.send(&Forged::new().call(&Call::method(6, 1, "touch")));
        assert_eq!(deeds.ran(), 0);
        assert!(hostile.refused().contains("do not stand"));
    }
    error_parts_max {
        let limits = limits(|limits| limits.error_parts_max = 4);
        let error = failing_with(&limits, &cause_chain(20));
        let raised = error.raised().unwrap().clone();
        let causes = std::iter::successors(raised.cause.clone(), |cause| cause.cause.clone()).count();
        assert_eq!(causes, 4);
    }
    copied_bytes_max {
        crate::copies::what_is_copied_for_an_argument_is_bounded();
    }
    value_types_max {
        let limits = limits(|limits| limits.value_types_max = 4);
        for (count, stands) in [(4, true), (5, false)] {
            let mut hostile = Hostile::silent(&limits);
            hostile.send_bytes(&Preface::default().encode());
            let mut greeting = hello();
            greeting.value_types = (0..count).map(|number| (format!("t:{number}"), 1)).collect();
            hostile.send(&Forged::new().hello_with(&greeting));
            assert_eq!(hostile.stands(), stands);
            if !stands {
                assert!(hostile.refused().contains("too many value types"));
            }
        }
    }
}

/// What a victim with these limits makes of an error that a call of its own fails with.
fn failing_with(limits: &Limits, error: &[u8]) -> Error {
    let mut hostile = Hostile::on(limits);
    let promise = hostile.victim.peer().promise("x").unwrap();
    let call = hostile.calls()[0].id;
    hostile.send(&Forged::new().returned(call, ReturnHeader::ERROR, &[], error));
    let error = promise.result().unwrap_err();
    drop(promise);
    hostile.tick();
    hostile.cut();
    error
}

/// What a victim with these limits makes of an item with so many attributes.
fn decode_items_of(attributes: u8, limits: &Limits) -> Error {
    let (mut hostile, deeds) = attack(limits);
    hostile.send(&Forged::new().shape(0, &Shape::new("t:i", Category::Iterator).operations(&[Operation::Iterate])));
    hostile.ask(&Call::method(2, 1, "keep").passing(&[object(5)])).unwrap();
    let proxy: wherever::Proxy = deeds.kept.lock()[0].clone().to().unwrap();
    let mut stream = proxy.buffered(2).unwrap();
    let call = hostile.calls().last().unwrap().id;
    let items = [&[0, 1, attributes, 0][..], &vec![2; attributes.into()]].concat();
    hostile.send(&Forged::new().returned(call, ReturnHeader::ITEMS, &[], &items));
    let error = stream.next().unwrap().unwrap_err();
    drop((stream, proxy));
    deeds.let_go();
    hostile.tick();
    hostile.cut();
    error
}

/// An error payload whose cause has a cause, and so on.
fn cause_chain(len: usize) -> Vec<u8> {
    let empty = || Value::tuple([]);
    let details = |cause| Value::tuple([empty(), empty(), cause, Value::None, empty(), empty(), empty(), Value::None]);
    let name = || [Value::text("t:E"), Value::text("m")];
    let mut cause = Value::None;
    for _ in 0..len {
        let [type_name, message] = name();
        cause = Value::tuple([type_name, message, details(cause)]);
    }
    let [type_name, message] = name();
    let error = Value::tuple([Value::Int(0), type_name, message, details(cause)]);
    wherever::wire::payload::encode_result(&error, &(), &Limits::default()).unwrap().bytes
}
