//! Who the peer is: a method knows by which session its call came, whatever else its thread does meanwhile.

use std::sync::Arc;

use parking_lot::Mutex;
use wherever::clock::ManualClock;
use wherever::context::CallContext;
use wherever::hosts::{Class, Function, iterator};
use wherever::policy::Policy;
use wherever::value::Ref;
use wherever::{Arguments, Node, Operation, Own, Peer, Proxy, Value};
use wherever_tests::inline::Inline;
use wherever_tests::lab::{Lab, assert_idle, got};
use wherever_tests::pair::{Pair, node};

/// The sessions that a method is told of: by its context, and by its thread.
fn told(context: &CallContext) -> [Option<u64>; 2] {
    [context.peer(), Peer::calling()].map(|peer| peer.map(|peer| peer.session_number()))
}

fn by_thread() -> Option<u64> {
    Peer::calling().map(|peer| peer.session_number())
}

/// What methods were told, in order.
type Notes = Arc<Mutex<Vec<[Option<u64>; 2]>>>;

/// An object whose methods note whose calls they serve.
fn knowing(notes: &Notes) -> Own {
    let (before, local, slow, steps) = (notes.clone(), notes.clone(), notes.clone(), notes.clone());
    Class::<Mutex<Vec<wherever::context::Reply>>>::builder("rust:test.Knowing")
        // Before, and after, it calls back.
        .method("calls_back", move |_, mut arguments: Arguments, context| {
            before.lock().push(told(context));
            if let Ok(back) = arguments.take::<Proxy>(0, "back") {
                back.invoke(())?;
            }
            before.lock().push(told(context));
            Ok(Value::None)
        })
        .method("uses_own", move |_, _, context| {
            local.lock().push(told(context));
            let notes = local.clone();
            let function = Function::new("inner", move |_, context| {
                notes.lock().push(told(context));
                Ok(Value::None)
            });
            Proxy::from(Ref::Own(function.into_own())).invoke(())
        })
        .async_method("waits", move |_, mut arguments: Arguments, context: CallContext| {
            let notes = slow.clone();
            async move {
                let gate: Proxy = arguments.take(0, "gate")?;
                notes.lock().push(told(&context));
                gate.request(Operation::Call).await?;
                notes.lock().push(told(&context));
                Ok(Value::None)
            }
        })
        .method("steps", move |_, _, _| {
            let notes = steps.clone();
            let step = move |number: i64| {
                notes.lock().push([by_thread(); 2]);
                Ok(number.into())
            };
            Ok(iterator((0..2).map(step)).into())
        })
        .build()
        .instance(Mutex::default())
}

fn taken(notes: &Notes) -> Vec<[Option<u64>; 2]> {
    std::mem::take(&mut *notes.lock())
}

#[test]
fn callbacks_of_two_peers_on_top_of_each_other_each_know_their_own() {
    let (notes, server) = (Notes::default(), Node::new());
    server.export("knowing", knowing(&Notes::default()));
    let [one, two] = [(); 2].map(|()| wherever_tests::pair::Served::start(&Node::new(), &server));
    let numbers = [&one, &two].map(|served| Some(served.peer.session_number()));
    let (noted, other) = (notes.clone(), two.peer.get("knowing").unwrap());
    let inner = Value::from({
        let noted = notes.clone();
        Function::new("inner", move |_, context| {
            noted.lock().push(told(context));
            Ok(Value::None)
        })
    });
    let outer = Function::new("outer", move |_, context| {
        noted.lock().push(told(context));
        other.call("calls_back", (inner.clone(),))?;
        noted.lock().push(told(context));
        Ok(Value::None)
    });
    one.peer.get("knowing").unwrap().call("calls_back", (Value::from(outer),)).unwrap();
    assert_eq!(taken(&notes), [[numbers[0]; 2], [numbers[1]; 2], [numbers[0]; 2]]);
    assert_eq!(by_thread(), None);
    [one, two].into_iter().for_each(|served| _ = served.close());
}

#[test]
fn callbacks_and_what_follows_them_are_told_apart_on_one_thread() {
    let notes = Notes::default();
    let server = Node::new();
    server.export("knowing", knowing(&notes));
    let served = wherever_tests::pair::Served::start(&Node::new(), &server);
    let ours = Some(served.peer.session_number());
    let (noted, inside) = (notes.clone(), served.peer.clone());
    let back = Function::new("back", move |_, context| {
        noted.lock().push(told(context));
        // A call back to where it came from, while it is served.
        inside.names()?;
        noted.lock().push(told(context));
        Ok(Value::None)
    });
    served.peer.get("knowing").unwrap().call("calls_back", (Value::from(back),)).unwrap();
    let told = taken(&notes);
    let [first, one, two, last] = told[..] else { panic!("{told:?}") };
    assert_eq!((one, two), ([ours; 2], [ours; 2]), "in the callback");
    assert!(first == last && first[0] == first[1] && first[0].is_some() && first[0] != ours, "{first:?}");
    served.close();
}

#[test]
fn a_call_that_stays_on_this_side_has_no_peer_and_is_a_part_of_the_call_that_made_it() {
    let (clock, notes) = (Arc::new(ManualClock::default()), Notes::default());
    let [near, far] = [(); 2].map(|()| node(&clock, Policy::Closed));
    far.export("knowing", knowing(&notes));
    let pair = Pair::of(&clock, &near, &far);
    let object = got(&pair, "knowing");
    let theirs = Some(pair.right.peer().session_number());
    let promise = object.promise("uses_own", ()).unwrap();
    pair.settle();
    promise.result().unwrap();
    assert_eq!(taken(&notes), [[theirs, theirs], [None, theirs]]);
    drop((object, promise));
    assert_idle(&[&pair]);
}

#[test]
fn methods_that_wait_by_turns_each_know_their_own_peer() {
    let (clock, notes) = (Arc::new(ManualClock::default()), Notes::default());
    let [near, far] = [(); 2].map(|()| node(&clock, Policy::Closed));
    far.export("knowing", knowing(&notes));
    let pairs = [Pair::of(&clock, &near, &far), Pair::of(&clock, &near, &far)];
    let theirs = [0, 1].map(|at: usize| Some(pairs[at].right.peer().session_number()));
    let replies = Arc::new(Mutex::new(Vec::new()));
    let (objects, promises): (Vec<_>, Vec<_>) = pairs
        .iter()
        .map(|pair| {
            let (object, replies) = (got(pair, "knowing"), replies.clone());
            let gate = Function::later("gate", move |_, context| replies.lock().push(context.reply()));
            let promise = object.promise("waits", (Value::from(gate),)).unwrap();
            pair.settle();
            (object, promise)
        })
        .unzip();
    assert_eq!(taken(&notes), [[theirs[0]; 2], [theirs[1]; 2]]);
    // The second goes on first, and both on this thread.
    for at in [1, 0] {
        let reply = replies.lock().remove(at);
        reply.settle(Ok(Value::None));
        pairs.iter().for_each(Pair::settle);
        assert_eq!(taken(&notes), [[theirs[at]; 2]]);
        promises[at].result().unwrap();
    }
    assert_eq!(by_thread(), None);
    drop((objects, promises));
    assert_idle(&[&pairs[0], &pairs[1]]);
}

#[test]
fn the_steps_of_a_stream_are_made_for_whoever_reads_it() {
    let (clock, notes) = (Arc::new(ManualClock::default()), Notes::default());
    let [near, far] = [(); 2].map(|()| node(&clock, Policy::Closed));
    far.export("knowing", knowing(&notes));
    let inline = Inline::start(&clock, &near, &far);
    let theirs = Some(inline.far.peer().session_number());
    let steps: Proxy = inline.peer.get("knowing").unwrap().call("steps", ()).unwrap().to().unwrap();
    assert_eq!(steps.iterate().unwrap().count(), 2);
    assert_eq!(taken(&notes), [[theirs; 2]; 2]);
    drop(steps);
    inline.assert_idle();
}

#[test]
fn behind_a_middle_the_peer_is_the_middle() {
    let (clock, notes) = (Arc::new(ManualClock::default()), Notes::default());
    let [caller, middle, owner] = [(); 3].map(|()| node(&clock, Policy::Closed));
    owner.export("knowing", knowing(&notes));
    let (own, lab) = Lab::own();
    middle.export("lab", own);
    let (near, far) = (Pair::of(&clock, &caller, &middle), Pair::of(&clock, &middle, &owner));
    lab.kept.lock().push(got(&far, "knowing").into());
    let settle =
        || while [&near, &far].iter().any(|pair| pair.carry() || pair.left.run_job(0) || pair.right.run_job(0)) {};
    let kept = got(&near, "lab").promise("kept", ()).unwrap();
    settle();
    let object: Proxy = kept.result().unwrap().to().unwrap();
    let promise = object.promise("uses_own", ()).unwrap();
    settle();
    promise.result().unwrap();
    let theirs = Some(far.right.peer().session_number());
    assert_eq!(taken(&notes), [[theirs, theirs], [None, theirs]]);
    lab.kept.lock().clear();
    drop((kept, object, promise));
    (0..3).for_each(|_| assert_ticks(&near, &far));
    assert_idle(&[&near, &far]);
}

fn assert_ticks(near: &Pair, far: &Pair) {
    near.tick();
    far.tick();
}
