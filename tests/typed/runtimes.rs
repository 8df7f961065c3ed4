//! Objects of another language behind the same traits: a trait says what is needed, and not who has it.

use std::sync::Arc;

use parking_lot::Mutex;
use wherever::policy::Policy;
use wherever::typed::{Items, ListProxy};
use wherever::{Error, Node};
use wherever_tests::toy::{Toy, ToyValue};

use crate::support::Sides;

/// Hears numbers.
#[wherever::interface]
trait Hearing {
    fn hear(&self, number: i64) -> Result<i64, Error>;
}

/// Counts, in whatever language.
#[wherever::interface]
trait Counting {
    fn add(&self, step: i64) -> Result<i64, Error>;
    fn parts(&self) -> Result<Vec<Vec<i64>>, Error>;
    fn steps(&self) -> Result<Items<i64>, Error>;
    fn tell(&self, ear: Arc<dyn Hearing>) -> Result<i64, Error>;
    fn fail(&self) -> Result<(), Error>;
    #[wherever(attribute)]
    fn value(&self) -> Result<i64, Error>;
    #[wherever(attribute)]
    fn set_value(&self, value: i64) -> Result<(), Error>;
}

/// The same object, whose parts are kept as references.
#[wherever::interface]
trait Keeping {
    fn parts(&self) -> Result<ListProxy<ListProxy<i64>>, Error>;
}

struct Ear(Mutex<Vec<i64>>);

impl Hearing for Ear {
    fn hear(&self, number: i64) -> Result<i64, Error> {
        self.0.lock().push(number);
        Ok(number * 2)
    }
}

/// A counter of the toy language, its parts a list of lists, its steps a generator.
fn counter(toy: &Toy) -> ToyValue {
    let parts = ToyValue::list([ToyValue::list([1.into(), 2.into()]), ToyValue::list([3.into()])]);
    let value = |toy: &Toy, of: &ToyValue| match toy.get(of, "value") {
        Ok(ToyValue::Copy(value)) => value.to::<i64>().unwrap(),
        _ => panic!("no number"),
    };
    let class = toy
        .class("m.Counter")
        .exposed("add", move |toy, arguments| {
            let ToyValue::Copy(step) = &arguments[1] else { panic!("no step") };
            let sum = value(toy, &arguments[0]) + step.clone().to::<i64>().unwrap();
            toy.set(&arguments[0], "value", sum.into())?;
            Ok(sum.into())
        })
        .exposed("parts", move |_, _| Ok(parts.clone()))
        .exposed("steps", |_, _| {
            let mut left = 3_i64;
            Ok(ToyValue::Generator(Arc::new(Mutex::new(move || {
                left -= 1;
                (left >= 0).then(|| Ok(left.into()))
            }))))
        })
        .exposed("tell", |toy, arguments| toy.call_method(&arguments[1], "hear", vec![21.into()]))
        .exposed("fail", |toy, arguments| toy.call_method(&arguments[0], "nothing", vec![]))
        .define();
    let counter = toy.call(&ToyValue::Class(class.ok().unwrap()), vec![]).ok().unwrap();
    toy.set(&counter, "value", 40.into()).ok().unwrap();
    counter
}

#[test]
fn an_object_of_another_language_wears_the_trait() {
    let toy = Toy::default();
    let server = Node::builder().runtime(Arc::new(toy.clone())).policy(Policy::Open).build();
    server.export("counter", toy.own(&counter(&toy)));
    let sides = Sides::of(server, &Node::new());
    let counter: CountingProxy = sides.peer.get_as("counter").unwrap();
    assert_eq!(counter.add(2).unwrap(), 42);
    assert_eq!(counter.value().unwrap(), 42);
    counter.set_value(7).unwrap();
    assert_eq!(counter.add(1).unwrap(), 8);
    assert_eq!(counter.parts().unwrap(), [vec![1, 2], vec![3]]);
    assert_eq!(counter.steps().unwrap().collect::<Result<Vec<_>, _>>().unwrap(), [2, 1, 0]);
    let ear = Arc::new(Ear(Mutex::default()));
    assert_eq!(counter.tell(ear.clone()).unwrap(), 42);
    assert_eq!(*ear.0.lock(), [21]);
    let error = counter.fail().unwrap_err();
    assert!(error.raised().unwrap().is_a("toy:AttributeError"), "{error}");
    let keeping: KeepingProxy = sides.peer.get_as("counter").unwrap();
    keeping.parts().unwrap().get(1).unwrap().push(4).unwrap();
    assert_eq!(counter.parts().unwrap(), [vec![1, 2], vec![3, 4]]);
}

/// Asks whoever it is given.
#[wherever::interface]
trait Asking {
    fn ask(&self, counter: CountingProxy, step: i64) -> Result<i64, Error>;
}

struct Asker;

#[wherever::export]
impl Asking for Asker {
    fn ask(&self, counter: CountingProxy, step: i64) -> Result<i64, Error> {
        counter.add(step)
    }
}

#[test]
fn another_language_passes_its_own_object_where_a_trait_is_wanted() {
    let toy = Toy::default();
    let client = Node::builder().runtime(Arc::new(toy.clone())).policy(Policy::Open).build();
    let sides = Sides::of(Node::new(), &client);
    sides.server.export_root(Asker);
    let asker = sides.peer.get("root").unwrap();
    assert_eq!(asker.call("ask", (toy.own(&counter(&toy)), 3)).unwrap().to::<i64>().unwrap(), 43);
    let list = toy.own(&ToyValue::list([]));
    let misfits = asker.call("ask", (list, 3)).unwrap_err().to_string();
    assert!(misfits.contains("it has no method `steps`"), "{misfits}");
}
