//! The toy runtime against itself and against Rust: fakes, classes on either side, exceptions, and what names mean.

use std::sync::Arc;

use parking_lot::Mutex;

use wherever::clock::ManualClock;
use wherever::policy::Policy;
use wherever::{Error, Node, Proxy, Runtime, Value};
use wherever_tests::lab::Lab;
use wherever_tests::pair::Served;
use wherever_tests::toy::{Class, Done, HOOKS, Toy, ToyValue};

/// A toy program here, another one over there, and a session between them.
struct Two {
    clock: Arc<ManualClock>,
    served: Served,
    here: Toy,
    there: Toy,
}

fn node(clock: &Arc<ManualClock>, toy: &Toy, policy: Policy) -> Node {
    Node::builder().clock(clock.clone()).policy(policy).runtime(Arc::new(toy.clone())).build()
}

impl Two {
    /// With what is exported over there, under names.
    fn new(policy: Policy, exports: impl FnOnce(&Toy) -> Vec<(&'static str, ToyValue)>) -> Self {
        let clock = Arc::new(ManualClock::default());
        let (here, there) = (Toy::default(), Toy::default());
        let server = node(&clock, &there, policy);
        for (name, value) in exports(&there) {
            server.export(name, there.own(&value));
        }
        server.export("lab", Lab::own().0);
        server.export("Lab", Lab::class());
        let served = Served::start(&node(&clock, &here, Policy::Open), &server);
        Self { clock, served, here, there }
    }

    /// What is exported over there, as it is here.
    #[track_caller]
    fn get(&self, name: &str) -> ToyValue {
        self.here.incoming(self.served.peer.get(name).unwrap().into()).unwrap()
    }

    #[track_caller]
    fn class(&self, name: &str) -> Class {
        let ToyValue::Class(class) = self.get(name) else { panic!("no class") };
        class
    }

    fn messages(&self) -> u64 {
        self.served.peer.stats().messages()
    }

    /// Lets all releases leave, both ways, and looks whether nothing is left.
    #[track_caller]
    fn end(self) {
        for _ in 0..6 {
            self.clock.advance(std::time::Duration::from_millis(5));
            self.served.peer.names().unwrap();
        }
        let stats = self.served.peer.stats();
        assert!(stats.is_idle(), "{stats:#?}");
        assert!(self.served.close().is_idle());
    }
}

fn int(done: Done) -> i64 {
    match done {
        Ok(ToyValue::Copy(value)) => value.to().unwrap(),
        _ => panic!("no number"),
    }
}

#[track_caller]
fn raised(done: Done) -> ToyValue {
    done.err().unwrap()
}

/// The sum of an attribute and an argument.
fn add(toy: &Toy, arguments: Vec<ToyValue>) -> Done {
    Ok((int(toy.get(&arguments[0], "value")) + int(Ok(arguments[1].clone()))).into())
}

fn init(toy: &Toy, arguments: Vec<ToyValue>) -> Done {
    toy.set(&arguments[0], "value", arguments.get(1).cloned().unwrap_or_else(|| 0.into()))
}

/// `Counter`, with a number and methods that use it, and what can be made of it.
fn counter(toy: &Toy) -> Class {
    let base = toy.class("m.Base").exposed("hello", |_, _| Ok("hello".into())).is_abstract().define();
    let other = toy.class("m.Other").exposed("other", |_, _| Ok("other".into())).define();
    let counter = toy.class("m.Counter").base(&base.ok().unwrap()).base(&other.ok().unwrap());
    let counter = counter.method("__init__", init).exposed("add", add).exposed("twice", |toy, arguments| {
        // Through the object itself, so that whoever overrides it wins.
        let once = toy.call_method(&arguments[0], "add", vec![1.into()])?;
        toy.call_method(&arguments[0], "add", vec![once])
    });
    counter.exposed("make", |toy, arguments| toy.call(&arguments[1], vec![7.into()])).define().ok().unwrap()
}

fn two(policy: Policy) -> Two {
    Two::new(policy, |toy| {
        let class = counter(toy);
        let made = toy.call(&ToyValue::Class(class.clone()), vec![5.into()]).ok().unwrap();
        let bases = class.line();
        vec![
            ("Counter", ToyValue::Class(class.clone())),
            ("counter", made),
            ("Base", ToyValue::Class(bases[1].clone())),
            ("Other", ToyValue::Class(bases[2].clone())),
        ]
    })
}

#[test]
fn a_fake_is_an_instance_of_its_class_of_all_its_bases_and_of_one_type() {
    let two = two(Policy::Open);
    let (object, again) = (two.get("counter"), two.get("counter"));
    assert!(object.class().unwrap().is(again.class().unwrap()) && object.is(&again), "type(a) is type(b)");
    let (class, base, other) = (two.class("Counter"), two.class("Base"), two.class("Other"));
    assert!(object.class().unwrap().is(&class));
    assert!(object.is_instance(&class) && object.is_instance(&base) && object.is_instance(&other));
    assert!(!object.is_instance(&two.here.builtin("Exception")));
    assert_eq!(class.name(), "toy:m.Counter");
    let before = two.messages();
    assert!(object.class().unwrap().has("add") && object.class().unwrap().has("hello"));
    assert_eq!(two.messages(), before);
    let made = two.here.call(&ToyValue::Class(class.clone()), vec![1.into()]).ok().unwrap();
    assert!(made.class().unwrap().is(&class));
    assert!(two.here.call(&ToyValue::Class(base.clone()), vec![]).is_err(), "abstract over there too");
    drop((object, again, class, base, other, made));
    two.end();
}

#[test]
fn methods_and_attributes_of_a_fake_are_those_over_there() {
    let two = two(Policy::Open);
    let object = two.get("counter");
    let before = two.messages();
    assert_eq!(int(two.here.call_method(&object, "add", vec![4.into()])), 9);
    assert_eq!(two.messages() - before, 2);
    assert_eq!(int(two.here.get(&object, "value")), 5);
    two.here.set(&object, "value", 6.into()).ok().unwrap();
    two.here.set(&object, "of_its_own", "here".into()).ok().unwrap();
    assert_eq!(int(two.here.call_method(&object, "add", vec![4.into()])), 10);
    assert!(two.here.dir(&object).contains(&"of_its_own".to_owned()));
    let bound = two.here.get(&object, "add").ok().unwrap();
    assert_eq!(int(two.here.call(&bound, vec![1.into()])), 7);
    let missing = raised(two.here.get(&object, "nothing"));
    assert!(missing.is_instance(&two.here.builtin("AttributeError")));
    drop((object, bound, missing));
    two.end();
}

#[test]
fn only_what_is_exposed_is_reached_under_the_closed_policy() {
    let two = Two::new(Policy::Closed, |toy| {
        let class = toy.class("m.Till").exposed("open", |_, _| Ok(1.into())).method("secret", |_, _| Ok(2.into()));
        let class = ToyValue::Class(class.define().ok().unwrap());
        let made = toy.call(&class, vec![]).ok().unwrap();
        toy.set(&made, "note", "own".into()).ok().unwrap();
        vec![("till", made)]
    });
    let till = two.get("till");
    assert_eq!(int(two.here.call_method(&till, "open", vec![])), 1);
    for denied in [two.here.call_method(&till, "secret", vec![]), two.here.get(&till, "note")] {
        let text = two.here.text(&raised(denied));
        assert!(text.contains("denied") && text.contains("would allow it"), "{text}");
    }
    drop(till);
    two.end();
}

#[test]
fn lists_dicts_and_objects_go_by_reference_and_come_home_as_themselves() {
    let two = Two::new(Policy::Open, |toy| {
        let keep = Arc::new(Mutex::new(ToyValue::from(())));
        let kept = keep.clone();
        let _ = toy;
        vec![
            (
                "keep",
                ToyValue::function(move |_, arguments| {
                    *keep.lock() = arguments[0].clone();
                    Ok(().into())
                }),
            ),
            ("kept", ToyValue::function(move |_, _| Ok(std::mem::replace(&mut *kept.lock(), ().into())))),
            (
                "append",
                ToyValue::function(|toy, arguments| {
                    toy.call_method(&arguments[0], "append", vec![arguments[1].clone()])
                }),
            ),
        ]
    });
    let (keep, kept, append) = (two.get("keep"), two.get("kept"), two.get("append"));
    let class = two.here.class("m.Mine").define().ok().unwrap();
    let mine = two.here.call(&ToyValue::Class(class.clone()), vec![]).ok().unwrap();
    let list = ToyValue::list([1.into()]);
    for value in [list.clone(), ToyValue::Dict(Arc::default()), mine.clone(), ToyValue::Class(class)] {
        two.here.call(&keep, vec![value.clone()]).ok().unwrap();
        assert!(two.here.call(&kept, vec![]).ok().unwrap().is(&value));
    }
    two.here.call(&append, vec![list.clone(), mine.clone()]).ok().unwrap();
    let ToyValue::List(items) = &list else { panic!("no list") };
    assert!(items.lock().len() == 2 && items.lock()[1].is(&mine), "changed from there, with this side's own in it");
    drop((keep, kept, append));
    two.end();
}

#[test]
fn functions_are_called_back_while_their_caller_waits() {
    let two = Two::new(Policy::Open, |_| {
        let twice = ToyValue::function(|toy, arguments| {
            let once = toy.call(&arguments[0], vec![arguments[1].clone()])?;
            toy.call(&arguments[0], vec![once])
        });
        vec![("twice", twice)]
    });
    let twice = two.get("twice");
    let double = ToyValue::function(|_, arguments| Ok((int(Ok(arguments[0].clone())) * 2).into()));
    let before = two.messages();
    assert_eq!(int(two.here.call(&twice, vec![double, 5.into()])), 20);
    assert_eq!(two.messages() - before, 6);
    drop(twice);
    two.end();
}

#[test]
fn a_generator_is_stepped_as_it_is_wanted() {
    let made = Arc::new(Mutex::new(0));
    let two = Two::new(Policy::Closed, |toy| {
        let (made, toy) = (made.clone(), toy.clone());
        let steps = move || {
            let mut made = made.lock();
            *made += 1;
            match *made {
                5 => Some(Err(toy.raise("ValueError", "in step five"))),
                6.. => None,
                step => Some(Ok(ToyValue::list([step.into()]))),
            }
        };
        vec![("steps", ToyValue::Generator(Arc::new(Mutex::new(steps))))]
    });
    let steps = two.get("steps");
    let mut stepping = two.here.iterate(&steps);
    for step in 1..=4 {
        let item = stepping.next().unwrap().ok().unwrap();
        let inside: Vec<_> = two.here.iterate(&item).map(int).collect();
        assert_eq!((inside, *made.lock()), (vec![step], step), "not ahead of its reader");
    }
    let error = raised(stepping.next().unwrap());
    assert!(error.is_instance(&two.here.builtin("ValueError")));
    assert!(stepping.next().is_none());
    drop(stepping);
    drop((steps, error));
    two.end();
}

/// A function that raises what it is told to, with all that an exception can have, and its classes.
fn raising(toy: &Toy) -> Vec<(&'static str, ToyValue)> {
    let base = toy.class("m.Failure").base(&toy.builtin("ValueError")).define().ok().unwrap();
    let class = toy.class("m.Empty").base(&base).define().ok().unwrap();
    let raise = {
        let class = class.clone();
        ToyValue::function(move |toy, arguments| {
            let made = toy.call(&ToyValue::Class(class.clone()), arguments)?;
            let parts = [
                ("__cause__", toy.raise("KeyError", "the cause")),
                ("__context__", toy.raise("TypeError", "the context")),
                ("__notes__", ToyValue::Tuple(vec!["a note".into()])),
                ("__traceback__", ToyValue::Tuple(vec!["pay".into(), "open".into()])),
                ("exceptions", ToyValue::Tuple(vec![toy.raise("IndexError", "one"), toy.raise("RuntimeError", "two")])),
            ];
            for (name, part) in parts {
                toy.set(&made, name, part)?;
            }
            Err(made)
        })
    };
    let pass = ToyValue::function(|toy, arguments| toy.call(&arguments[0], vec![]));
    vec![("Failure", ToyValue::Class(base)), ("Empty", ToyValue::Class(class)), ("raise", raise), ("pass", pass)]
}

#[test]
fn an_exception_is_caught_by_its_class_its_bases_and_the_builtin_ones() {
    let two = Two::new(Policy::Open, raising);
    let raise = two.get("raise");
    let error = raised(two.here.call(&raise, vec!["till".into(), 5.into()]));
    let (class, base) = (two.class("Empty"), two.class("Failure"));
    assert!(error.class().unwrap().is(&class) && error.is_instance(&base));
    assert!(error.is_instance(&two.here.builtin("ValueError")) && error.is_instance(&two.here.builtin("Exception")));
    assert!(!error.is_instance(&two.here.builtin("KeyError")));
    let get = |of: &ToyValue, name: &str| two.here.get(of, name).ok().unwrap();
    let texts = |of: ToyValue| two.here.iterate(&of).map(|item| two.here.text(&item.ok().unwrap())).collect::<Vec<_>>();
    assert_eq!(texts(get(&error, "args")), ["till", "5"]);
    assert_eq!(texts(get(&error, "__notes__")), ["a note"]);
    assert_eq!(texts(get(&error, "__traceback__")), ["pay", "open"]);
    assert_eq!(texts(get(&error, "exceptions")), ["toy:IndexError: one", "toy:RuntimeError: two"]);
    assert!(get(&error, "__cause__").is_instance(&two.here.builtin("KeyError")));
    assert_eq!(two.here.text(&get(&error, "__context__")), "toy:TypeError: the context");
    drop((raise, error, class, base));
    two.end();
}

#[test]
fn an_exception_that_comes_back_home_is_the_same_object() {
    let two = Two::new(Policy::Open, raising);
    let pass = two.get("pass");
    let class = two.here.class("m.Mine").base(&two.here.builtin("Exception")).define().ok().unwrap();
    let mine = two.here.call(&ToyValue::Class(class), vec!["mine".into()]).ok().unwrap();
    let thrown = mine.clone();
    let error = raised(two.here.call(&pass, vec![ToyValue::function(move |_, _| Err(thrown.clone()))]));
    assert!(error.is(&mine));
    drop((pass, error));
    two.end();
}

#[test]
fn an_exception_goes_on_through_another_runtime_as_it_came() {
    let two = Two::new(Policy::Open, raising);
    let (raise, lab) = (two.get("raise"), two.served.peer.get("lab").unwrap());
    // Rust's lab over there calls this side's function, which calls the toy's, which raises.
    let again = ToyValue::function(move |toy, _| toy.call(&raise, vec!["deep".into()]));
    let caught = lab.call("call_back", (two.here.own(&again), 1)).unwrap_err();
    let error = caught.raised().unwrap();
    assert_eq!((&*error.type_name, &*error.message), ("toy:m.Empty", "deep"));
    assert_eq!(error.bases, ["toy:m.Failure", "toy:ValueError", "toy:Exception"].map(Arc::from));
    assert_eq!(error.notes, [Arc::from("a note")]);
    assert_eq!(error.frames.iter().map(|frame| &*frame.name).collect::<Vec<_>>(), ["pay", "open"]);
    assert_eq!(error.group.len(), 2);
    drop((lab, again, caught));
    two.end();
}

#[test]
fn hook_names_that_a_peer_gives_are_never_on_a_fake() {
    let called = Arc::new(Mutex::new(0));
    let two = Two::new(Policy::Open, |toy| {
        let hooked = HOOKS.iter().filter(|hook| **hook != "__init__").fold(toy.class("m.Hooked"), |class, hook| {
            let called = called.clone();
            class.exposed(hook, move |_, _| {
                *called.lock() += 1;
                Ok(().into())
            })
        });
        let class = hooked.exposed("plain", |_, _| Ok(1.into())).define().ok().unwrap();
        vec![("hooked", toy.call(&ToyValue::Class(class), vec![]).ok().unwrap())]
    });
    let fake = two.get("hooked");
    let class = fake.class().unwrap().clone();
    assert!(class.has("plain") && HOOKS.iter().all(|hook| !class.has(hook)));
    assert!(two.here.dir(&fake).iter().all(|name| !HOOKS.contains(&&**name)));
    let before = two.messages();
    for hook in HOOKS {
        assert!(raised(two.here.get(&fake, hook)).is_instance(&two.here.builtin("AttributeError")));
        assert!(two.here.call_method(&fake, hook, vec![]).is_err());
    }
    drop((fake, class));
    assert_eq!((two.messages() - before, *called.lock()), (0, 0));
    two.end();
}

#[test]
fn a_remote_class_is_the_real_one_at_home_and_makes_its_instances_there() {
    let two = two(Policy::Closed);
    let (class, object) = (two.class("Counter"), two.get("counter"));
    // `make` calls the class that it is given: at home that is the real one, which needs no peer.
    let made = two.here.call_method(&object, "make", vec![ToyValue::Class(class.clone())]).ok().unwrap();
    assert!(made.class().unwrap().is(&class));
    assert_eq!(int(two.here.call_method(&made, "add", vec![1.into()])), 8);
    let before = two.messages();
    let made_here = two.here.call(&ToyValue::Class(class.clone()), vec![3.into()]).ok().unwrap();
    assert_eq!(two.messages() - before, 2);
    assert_eq!(int(two.here.call_method(&made_here, "add", vec![1.into()])), 4);
    drop((class, object, made, made_here));
    two.end();
}

/// A class of this side that derives from `Counter` over there, with `add` overridden.
fn derived(two: &Two, base: &Class) -> Class {
    let own_init = |toy: &Toy, arguments: Vec<ToyValue>| toy.set(&arguments[0], "value", arguments[1].clone());
    let own_add = |toy: &Toy, arguments: Vec<ToyValue>| {
        Ok((int(toy.get(&arguments[0], "value")) * 10 + int(Ok(arguments[1].clone()))).into())
    };
    let derived = two.here.class("h.Tens").base(base).method("__init__", own_init).exposed("add", own_add);
    derived.define().ok().unwrap()
}

#[test]
fn a_class_over_there_is_derived_from_here_and_overrides_win_from_both_sides() {
    let two = two(Policy::Closed);
    let base = two.class("Counter");
    let class = derived(&two, &base);
    let tens = two.here.call(&ToyValue::Class(class.clone()), vec![4.into()]).ok().unwrap();
    assert!(tens.is_instance(&base) && tens.is_instance(&two.class("Base")));
    let before = two.messages();
    assert_eq!(int(two.here.get(&tens, "value")), 4);
    assert_eq!(int(two.here.call_method(&tens, "add", vec![1.into()])), 41);
    assert_eq!(two.messages(), before, "the instance lives here, and what is overridden runs here");
    // `twice` runs over there, with a reference to the instance for its self, and calls `add` here, twice.
    assert_eq!(int(two.here.call_method(&tens, "twice", vec![])), 81);
    assert_eq!(two.messages() - before, 6);
    assert_eq!(two.here.text(&two.here.call_method(&tens, "hello", vec![]).ok().unwrap()), "hello");
    drop((base, class, tens));
    two.end();
}

#[test]
fn an_instance_of_a_class_derived_here_is_one_of_the_real_base_over_there() {
    let seen = Arc::new(Mutex::new(None));
    let two = Two::new(Policy::Closed, |toy| {
        let class = counter(toy);
        let is_counter = {
            let (seen, class) = (seen.clone(), class.clone());
            ToyValue::function(move |_, arguments| {
                *seen.lock() = Some(arguments[0].is_instance(&class));
                Ok(().into())
            })
        };
        vec![("Counter", ToyValue::Class(class)), ("is_counter", is_counter)]
    });
    let base = two.class("Counter");
    let tens = two.here.call(&ToyValue::Class(derived(&two, &base)), vec![4.into()]).ok().unwrap();
    two.here.call(&two.get("is_counter"), vec![tens.clone()]).ok().unwrap();
    assert_eq!(*seen.lock(), Some(true));
    drop((base, tens));
    two.end();
}

#[test]
fn a_class_that_cannot_be_derived_from_refuses_and_says_why() {
    let two = Two::new(Policy::Closed, |toy| {
        vec![("Final", ToyValue::Class(toy.class("m.Final").is_final().define().ok().unwrap()))]
    });
    let class = two.class("Final");
    let why = two.here.class("h.Sub").base(&class).define().err().unwrap();
    assert!(two.here.text(&why).contains("no base"), "{}", two.here.text(&why));
    // A class of Rust has no code that runs with a self of another runtime.
    let rusts = two.class("Lab");
    let why = two.here.class("h.Sub").base(&rusts).define().err().unwrap();
    assert!(two.here.text(&why).contains("no member"), "{}", two.here.text(&why));
    drop((class, rusts, why));
    two.end();
}

#[test]
fn a_class_that_changes_changes_its_fakes_and_those_that_derive_from_it() {
    let classes = Arc::new(Mutex::new(Vec::new()));
    let two = Two::new(Policy::Closed, |toy| {
        let base = toy.class("m.Base").slots(&[]).define().ok().unwrap();
        let class = toy.class("m.Derived").base(&base).slots(&[]).define().ok().unwrap();
        let made = toy.call(&ToyValue::Class(class), vec![]).ok().unwrap();
        classes.lock().push(base);
        vec![("made", made)]
    });
    let made = two.get("made");
    let class = made.class().unwrap().clone();
    assert!(two.here.call_method(&made, "late", vec![]).is_err());
    assert!(!class.has("late"));
    classes.lock()[0].add("late", |_, _| Ok(3.into()));
    let again = two.get("made");
    assert!(again.class().unwrap().is(&class), "still one type");
    assert!(class.has("late"));
    assert_eq!(int(two.here.call_method(&made, "late", vec![])), 3);
    drop((made, class, again));
    two.end();
}

#[test]
fn the_toy_uses_what_is_rust_and_rust_what_is_toy() {
    let two = two(Policy::Closed);
    let lab = two.get("lab");
    assert_eq!(int(two.here.call_method(&lab, "double", vec![4.into()])), 8);
    assert!(lab.class().unwrap().has("double") && lab.class().unwrap().name() == "rust:test.Lab");
    let failure = raised(two.here.call_method(&lab, "fail", vec![]));
    assert_eq!(failure.class().unwrap().name(), "test:failure");
    let counter: Proxy = two.served.peer.get("counter").unwrap();
    assert_eq!(counter.call("add", (2,)).unwrap(), Value::Int(7));
    assert!(counter.is_a("toy:m.Counter") && counter.is_a("toy:m.Base"));
    assert!(matches!(counter.call("missing", ()), Err(Error::NoMember { .. } | Error::Denied(_))));
    assert_eq!(&*two.served.peer.runtime(), "toy");
    assert_eq!(two.there.name(), "toy");
    drop((lab, failure, counter));
    two.end();
}
