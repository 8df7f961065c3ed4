//! Shapes: told once, bases first, again when they change; what they say is known without asking, and claims nothing.

use std::sync::Arc;

use parking_lot::RwLock;

use wherever::clock::ManualClock;
use wherever::context::CallContext;
use wherever::hosts::{Class, List};
use wherever::policy::Policy;
use wherever::shape::{Category, Member, MemberKind, Shape};
use wherever::{Error, Host, Operation, Outcome, Own, Proxy, Request, Value};
use wherever_tests::inline::Inline;
use wherever_tests::lab::{Lab, got};
use wherever_tests::pair::{Pair, node};

/// An object of any shape: it answers every operation with the name of what it was asked.
struct Shaped(RwLock<Arc<Shape>>);

impl Shaped {
    fn own(shape: &Arc<Shape>) -> Own {
        Own::new(Self(RwLock::new(shape.clone())))
    }
}

impl Host for Shaped {
    fn shape(&self) -> Arc<Shape> {
        self.0.read().clone()
    }

    fn operate(&self, request: Request, _: &CallContext) -> Outcome {
        match request.operation {
            Operation::Dir => Outcome::Value(Value::tuple(["own".into(), "other".into()])),
            Operation::Get if request.member_name() == "missing" => {
                Outcome::Error(Error::NoMember { shape: self.shape().name().clone(), member: "missing".into() })
            }
            _ => Outcome::Value(Value::text(request.member_name())),
        }
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}

fn shape(name: &str) -> Shape {
    Shape::new(name, Category::Instance)
}

/// A blocking side and, over there, a lab that hands out what is put into it.
fn inline() -> (Inline, Proxy, Arc<Lab>) {
    inline_of(Policy::Open)
}

fn inline_of(policy: Policy) -> (Inline, Proxy, Arc<Lab>) {
    let clock = Arc::new(ManualClock::default());
    let far = node(&clock, policy);
    let (own, lab) = Lab::own();
    far.export("lab", own);
    let inline = Inline::start(&clock, &node(&clock, Policy::Closed), &far);
    let proxy = inline.peer.get("lab").unwrap();
    (inline, proxy, lab)
}

/// What the lab hands out when this is in it.
#[track_caller]
fn handed(proxy: &Proxy, lab: &Lab, what: impl Into<Value>) -> Proxy {
    lab.kept.lock().push(what.into());
    proxy.call("kept", ()).unwrap().to().unwrap()
}

#[track_caller]
fn end(inline: Inline, proxy: Proxy, lab: &Lab) {
    let kept = std::mem::take(&mut *lab.kept.lock());
    drop((kept, proxy));
    inline.assert_idle();
}

#[test]
fn a_shape_travels_once_and_the_second_instance_costs_no_byte_for_it() {
    let (inline, proxy, lab) = inline();
    let of = Arc::new(shape("toy:m.Thing").doc_text("x".repeat(500)).member(Member::method("go")));
    let far = inline.far.peer();
    let bytes = || far.stats().bytes_sent;
    let before = bytes();
    let first = handed(&proxy, &lab, Shaped::own(&of));
    let (one, types) = (bytes() - before, far.stats().types_described);
    let before = bytes();
    let second = handed(&proxy, &lab, Shaped::own(&of));
    let two = bytes() - before;
    assert!(one > 500 && two < 40, "{one} bytes, then {two}");
    assert_eq!(far.stats().types_described, types);
    assert!(Arc::ptr_eq(&first.shape(), &second.shape()), "one type, one shape over here");
    drop((first, second));
    end(inline, proxy, &lab);
}

#[test]
fn a_shape_rides_in_the_frame_that_first_needs_it() {
    let (inline, proxy, lab) = inline();
    let base = Arc::new(shape("toy:m.Base"));
    let of = Arc::new(shape("toy:m.Derived").base(base));
    let before = inline.peer.stats();
    let thing = handed(&proxy, &lab, Shaped::own(&of));
    let after = inline.peer.stats();
    assert_eq!((after.messages() - before.messages(), after.frames() - before.frames()), (2, 2));
    assert_eq!(after.types_known - before.types_known, 2);
    drop(thing);
    end(inline, proxy, &lab);
}

#[test]
fn what_a_shape_says_is_known_without_asking() {
    let (inline, proxy, lab) = inline();
    let member = Member::method("go").doc("Goes.").signature("(far: int)").concurrent().reads();
    let of = Arc::new(
        shape("toy:m.Thing")
            .doc_text("A thing.")
            .interface("org.example.Thing/1")
            .member(member.clone())
            .member(Member::attribute("speed").writable())
            .member(Member::method("secret").hidden())
            .operations(&[Operation::Length, Operation::Hash]),
    );
    let thing = handed(&proxy, &lab, Shaped::own(&of));
    let before = inline.peer.stats().messages();
    let told = thing.shape();
    assert_eq!((&**told.name(), told.doc(), told.category()), ("toy:m.Thing", "A thing.", Category::Instance));
    assert_eq!(told.find("go"), Some(&member));
    assert!(told.find("speed").is_some_and(|member| member.writable && member.kind == MemberKind::Attribute));
    assert!(told.find("secret").is_some_and(|member| !member.exposed));
    assert!(told.all_operations().contains(Operation::Hash) && !told.all_operations().contains(Operation::Index));
    assert!(thing.is_a("toy:m.Thing") && thing.is_a("org.example.Thing/1") && !thing.is_a("toy:m.Other"));
    assert_eq!(thing.dir().unwrap(), ["go", "speed", "secret"]);
    assert_eq!(inline.peer.stats().messages(), before);
    drop(thing);
    end(inline, proxy, &lab);
}

#[test]
fn bases_come_first_and_hold_through_diamonds() {
    let (inline, proxy, lab) = inline();
    let root = Arc::new(shape("toy:m.Root").interface("org.example.Root/1").member(Member::method("root")));
    let left = Arc::new(shape("toy:m.Left").base(root.clone()).member(Member::method("both")));
    let right = Arc::new(shape("toy:m.Right").base(root.clone()).member(Member::method("both").doc("right")));
    let both = Arc::new(shape("toy:m.Both").base(left).base(right));
    let thing = handed(&proxy, &lab, Shaped::own(&both));
    for name in ["toy:m.Both", "toy:m.Left", "toy:m.Right", "toy:m.Root", "org.example.Root/1"] {
        assert!(thing.is_a(name), "{name}");
    }
    let told = thing.shape();
    let lineage: Vec<&str> = told.lineage().iter().map(|base| &**base.name()).collect();
    assert_eq!(lineage, ["toy:m.Left", "toy:m.Right", "toy:m.Root"]);
    assert_eq!(told.find("both").map(|member| member.doc.to_string()), Some(String::new()), "the left one wins");
    let root_thing = handed(&proxy, &lab, Shaped::own(&root));
    assert!(Arc::ptr_eq(&root_thing.shape(), &lineage_last(&told)), "the base is the same type as the base alone");
    drop((thing, root_thing, told));
    end(inline, proxy, &lab);
}

fn lineage_last(shape: &Shape) -> Arc<Shape> {
    shape.lineage().last().unwrap().clone()
}

#[test]
fn a_changed_type_is_told_again_before_the_next_reference_and_for_all_its_instances() {
    let (inline, proxy, lab) = inline();
    let of = Arc::new(shape("toy:m.Thing").member(Member::method("old")));
    let host = Arc::new(Shaped(RwLock::new(of.clone())));
    let first = handed(&proxy, &lab, Own::from_arc(host.clone()));
    assert!(matches!(first.call("new", ()), Err(Error::NoMember { .. })));
    let revised = Arc::new(of.revised().without_member("old").member(Member::method("new")));
    *host.0.write() = revised.clone();
    let second = handed(&proxy, &lab, Shaped::own(&revised));
    assert_eq!(second.shape().revision(), 1);
    assert!(Arc::ptr_eq(&first.shape(), &second.shape()), "the first instance has the changed type too");
    assert_eq!(first.call("new", ()).unwrap(), Value::text("new"));
    assert!(matches!(first.call("old", ()), Err(Error::NoMember { .. })));
    let before = inline.far.peer().stats();
    let third = handed(&proxy, &lab, Shaped::own(&of));
    assert_eq!(third.shape().revision(), 1, "an older description is not told again");
    assert_eq!(inline.far.peer().stats().types_described, before.types_described);
    drop((first, second, third, host));
    end(inline, proxy, &lab);
}

#[test]
fn a_changed_base_is_told_again_before_an_instance_of_what_derives_from_it() {
    let (inline, proxy, lab) = inline();
    let base = Arc::new(shape("toy:m.Base"));
    let derived = Arc::new(shape("toy:m.Derived").base(base.clone()));
    let first = handed(&proxy, &lab, Shaped::own(&derived));
    assert!(matches!(first.call("new", ()), Err(Error::NoMember { .. })));
    let base = Arc::new(base.revised().member(Member::method("new")));
    let derived = Arc::new(derived.revised().without_bases().base(base.clone()));
    let second = handed(&proxy, &lab, Shaped::own(&derived));
    assert_eq!(second.shape().find("new").map(|member| member.kind), Some(MemberKind::Method));
    assert_eq!(second.call("new", ()).unwrap(), Value::text("new"));
    let types = inline.far.peer().stats().types_described;
    let third = handed(&proxy, &lab, Shaped::own(&base));
    assert_eq!((inline.far.peer().stats().types_described, third.shape().revision()), (types, 1));
    drop((first, second, third));
    end(inline, proxy, &lab);
}

#[test]
fn a_type_stays_one_type_when_it_changes_and_when_it_is_passed_on() {
    let clock = Arc::new(ManualClock::default());
    let [caller, middle, owner] = [(); 3].map(|()| node(&clock, Policy::Open));
    let of = Arc::new(shape("toy:m.Thing"));
    let revised = Arc::new(of.revised().member(Member::method("new")));
    owner.export("old", Shaped::own(&of));
    owner.export("new", Shaped::own(&revised));
    let (own, inside) = Lab::own();
    middle.export("lab", own);
    let behind = Pair::of(&clock, &middle, &owner);
    let old = got(&behind, "old");
    let before = old.shape();
    inside.kept.lock().push(old.into());
    let inline = Inline::before(&clock, &caller, &middle, vec![behind]);
    let lab = inline.peer.get("lab").unwrap();
    let old: Proxy = lab.call("kept", ()).unwrap().to().unwrap();
    let types = inline.peer.stats().types_known;
    let new = got(inline.beyond(0), "new");
    assert!(new.shape().is_same_type(&before), "a later description of one type");
    assert!(!new.shape().is_same_type(&lab.shape()));
    inside.kept.lock().push(new.into());
    let new: Proxy = lab.call("kept", ()).unwrap().to().unwrap();
    assert_eq!(inline.peer.stats().types_known, types, "no further type, a revision");
    assert!(old.shape().find("new").is_some() && Arc::ptr_eq(&old.shape(), &new.shape()));
    inside.kept.lock().clear();
    drop((lab, old, new));
    inline.assert_idle();
}

#[test]
fn a_closed_type_answers_dir_and_misses_members_without_a_message() {
    let (inline, proxy, lab) = inline();
    let thing = handed(&proxy, &lab, Shaped::own(&Arc::new(shape("toy:m.Closed").member(Member::method("go")))));
    let before = inline.peer.stats().messages();
    assert_eq!(thing.dir().unwrap(), ["go"]);
    assert!(matches!(thing.get("missing"), Err(Error::NoMember { .. })));
    assert!(matches!(thing.set("missing", 1), Err(Error::NoMember { .. })));
    assert!(matches!(thing.delete("missing"), Err(Error::NoMember { .. })));
    assert!(matches!(thing.call("missing", ()), Err(Error::NoMember { .. })));
    assert!(matches!(thing.at("missing").call("go", ()), Err(Error::NoMember { .. })));
    assert_eq!(inline.peer.stats().messages(), before);
    drop(thing);
    end(inline, proxy, &lab);
}

#[test]
fn an_open_type_is_asked_for_both_once_each() {
    let (inline, proxy, lab) = inline();
    let base = Arc::new(shape("toy:m.Base").open());
    let thing = handed(&proxy, &lab, Shaped::own(&Arc::new(shape("toy:m.Open").base(base))));
    let before = inline.peer.stats().messages();
    assert_eq!(thing.dir().unwrap(), ["own", "other"]);
    assert_eq!(inline.peer.stats().messages() - before, 2);
    assert!(matches!(thing.get("missing"), Err(Error::NoMember { .. })));
    assert_eq!(inline.peer.stats().messages() - before, 4);
    drop(thing);
    end(inline, proxy, &lab);
}

#[test]
fn a_class_comes_with_the_shape_of_its_instances_and_is_the_real_one_at_home() {
    let (inline, proxy, lab) = inline_of(Policy::Closed);
    let class = handed(&proxy, &lab, Lab::class());
    assert!(Arc::ptr_eq(&class.describes().unwrap(), &proxy.shape()), "tied to the type of the instances it has");
    let made: Proxy = class.invoke(()).unwrap().to().unwrap();
    assert!(!made.is_own() && made.is_a("rust:test.Lab"));
    assert_eq!(made.call("double", (4,)).unwrap(), Value::Int(8));
    proxy.call("keep", (&class,)).unwrap();
    let home: Own = lab.kept.lock().last().cloned().unwrap().to().unwrap();
    assert!(home.same(&Lab::class()) && home.downcast::<Class<Lab>>().is_some());
    drop((class, made, home));
    end(inline, proxy, &lab);
}

#[test]
fn a_class_that_exposes_no_constructor_refuses_and_says_what_would_allow_it() {
    let (inline, proxy, lab) = inline_of(Policy::Closed);
    let class = Class::<()>::builder("rust:test.Closed").constructor(|_, _| Ok(())).build();
    let class = handed(&proxy, &lab, class.own());
    let Err(Error::Denied(denied)) = class.invoke(()) else { panic!("not denied") };
    assert!(denied.remedy.contains("exposing its constructor"), "{denied}");
    drop(class);
    end(inline, proxy, &lab);
}

#[test]
fn a_very_large_type_arrives_as_a_plain_one_with_its_name() {
    let (inline, proxy, lab) = inline();
    let many = (0..2000).fold(shape("toy:m.Many"), |shape, at| shape.member(Member::method(format!("member_{at}"))));
    let long = shape("toy:m.Long").doc_text("x".repeat(100_000));
    let wide =
        (0..20).fold(shape("toy:m.Wide"), |shape, at| shape.base(Arc::new(self::shape(&format!("toy:m.B{at}")))));
    let claims = (0..20).fold(shape("toy:m.Claims"), |shape, at| shape.interface(format!("org.example.I{at}/1")));
    let named = shape("toy:m.Named").member(Member::method("x".repeat(300)));
    for large in [many, long, wide, claims, named] {
        let name = large.name().clone();
        let thing = handed(&proxy, &lab, Shaped::own(&Arc::new(large)));
        assert!(!thing.shape().is_closed() && thing.shape().members().is_empty() && thing.is_a(&name), "{name}");
        assert_eq!(thing.call("member_1999", ()).unwrap(), Value::text("member_1999"), "and works, by asking");
    }
    end(inline, proxy, &lab);
}

#[test]
fn a_type_with_too_long_a_name_arrives_with_the_beginning_of_it() {
    let (inline, proxy, lab) = inline();
    let long = Arc::new(shape(&format!("rust:{}", "é".repeat(400))).member(Member::method("go")));
    let thing = handed(&proxy, &lab, Shaped::own(&long));
    assert!(thing.shape().name().starts_with("rust:éé") && thing.shape().name().len() <= 255);
    assert_eq!(thing.call("go", ()).unwrap(), Value::text("go"));
    drop(thing);
    end(inline, proxy, &lab);
}

#[test]
fn a_deep_line_of_bases_arrives_cut_off_and_the_session_lives() {
    let (inline, proxy, lab) = inline();
    let mut of = Arc::new(shape("toy:m.C0").member(Member::method("root")));
    for level in 1..150 {
        of = Arc::new(shape(&format!("toy:m.C{level}")).base(of));
    }
    let thing = handed(&proxy, &lab, Shaped::own(&of));
    assert!(thing.is_a("toy:m.C149"));
    assert_eq!(thing.call("root", ()).unwrap(), Value::text("root"));
    drop(thing);
    end(inline, proxy, &lab);
}

#[test]
fn more_types_than_a_session_may_have_arrive_plain_and_the_session_lives() {
    let (inline, proxy, lab) = inline();
    for at in 0..1200 {
        let of = Arc::new(shape(&format!("toy:m.T{at}")).member(Member::method("go")));
        let thing = handed(&proxy, &lab, Shaped::own(&of));
        assert_eq!(thing.call("go", ()).unwrap(), Value::text("go"), "{at}");
        lab.kept.lock().clear();
    }
    assert!(inline.peer.stats().types_known <= 1024);
    let known = handed(&proxy, &lab, List::new());
    drop(known);
    end(inline, proxy, &lab);
}

#[test]
fn many_new_types_in_one_message_arrive_with_it() {
    let (inline, proxy, lab) = inline();
    let things = (0..600).map(|at| Value::from(Shaped::own(&Arc::new(shape(&format!("toy:m.T{at}"))))));
    lab.kept.lock().push(Value::tuple(things));
    let Value::Tuple(things) = proxy.call("kept", ()).unwrap() else { panic!("no tuple") };
    for (at, thing) in things.iter().enumerate() {
        assert!(thing.clone().to::<Proxy>().unwrap().is_a(&format!("toy:m.T{at}")));
    }
    drop(things);
    end(inline, proxy, &lab);
}
