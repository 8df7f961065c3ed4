//! What the attributes must take as it is written: any name, any place, conditions, and code that a macro wrote.
#![allow(clippy::needless_arbitrary_self_type, clippy::wrong_self_convention, reason = "users write all there is")]

use std::sync::Arc;

use wherever::context::CallContext;
use wherever::typed::Exported;
use wherever::{Error, Proxy, Value};

use crate::support::Sides;

struct Names(i64);

impl Names {
    /// The same name as what the generated code looks up in the traits.
    #[expect(dead_code, reason = "it is here for its name")]
    const NAME: &'static str = "not the class";
}

/// Members and parameters with the names of what the generated code is made of.
#[wherever::export]
impl Names {
    pub(crate) fn builder(&self, builder: i64) -> i64 {
        builder + self.0
    }

    pub(crate) fn arguments(&self, arguments: i64, context: &str, this: Vec<i64>) -> String {
        format!("{arguments} {context} {this:?}")
    }

    pub(crate) fn context(&self, call: &CallContext, context: i64) -> (bool, i64) {
        (call.is_one_way(), context)
    }

    pub(crate) fn owned_context(&self, call: CallContext) -> bool {
        call.is_one_way()
    }

    pub(crate) async fn levels(&self, call: &CallContext, levels: Vec<i64>, arguments: &[i64], context: i64) -> i64 {
        levels.iter().sum::<i64>() + arguments.len() as i64 + context + i64::from(call.is_one_way())
    }

    #[wherever(attribute)]
    pub(crate) fn value(&self) -> i64 {
        self.0
    }

    #[wherever(attribute)]
    pub(crate) fn set_value(&mut self, value: i64) {
        self.0 = value;
    }

    #[wherever(attribute)]
    pub(crate) fn member_x(&self) -> i64 {
        1
    }

    pub(crate) fn r#type(&self, r#match: i64, #[wherever(default = this())] r#fn: i64) -> i64 {
        r#match * r#fn
    }

    pub(crate) fn describe(&self, mut error: i64) -> Result<i64, String> {
        error += 1;
        if error == 0 { Err("none".into()) } else { Ok(error) }
    }

    pub(crate) fn longest<'a>(&'a self, one: &'a str, other: &'a [String]) -> &'a str {
        other.iter().map(String::as_str).chain([one]).max_by_key(|text| text.len()).unwrap_or_default()
    }

    pub(crate) fn by_type(self: &Self) -> QueryResult {
        QueryResult { value: self.0 }
    }

    pub(crate) fn aliased(&self, fails: bool) -> Outcome {
        if fails { Err("failed".into()) } else { Ok(self.0) }
    }

    /// It "quotes", `ticks` and \escapes\.
    #[deprecated(note = "not for people")]
    #[must_use]
    pub(crate) fn old(&self) -> i64 {
        9
    }
}

/// What a default is made by, under the name of a variable of the generated code.
fn this() -> i64 {
    10
}

type Outcome = Result<i64, String>;

#[derive(Debug, PartialEq, wherever::ValueType)]
struct QueryResult {
    value: i64,
}

#[test]
fn any_name_may_be_that_of_a_member_or_parameter() {
    let sides = Sides::new();
    sides.server.export("names", Names(2));
    let names = sides.peer.get("names").unwrap();
    let list = |items: &[i64]| Value::List(items.iter().map(|item| Value::Int(*item)).collect());
    assert_eq!(names.call("builder", (1,)).unwrap(), Value::Int(3));
    let by_name =
        wherever::Arguments::default().named("this", list(&[3])).named("context", "two").named("arguments", 1);
    assert_eq!(names.call("arguments", by_name).unwrap(), Value::text("1 two [3]"));
    assert_eq!(names.call("context", (5,)).unwrap(), Value::from((false, 5)));
    assert_eq!(names.call("owned_context", ()).unwrap(), Value::Bool(false));
    assert_eq!(names.call("levels", (list(&[1, 2]), list(&[7]), 10)).unwrap(), Value::Int(14));
    names.set("value", 4).unwrap();
    assert_eq!(names.get("value").unwrap(), Value::Int(4));
    assert_eq!(names.get("member_x").unwrap(), Value::Int(1));
    assert_eq!(names.call("type", (3,)).unwrap(), Value::Int(30));
    assert_eq!(
        names.call("type", wherever::Arguments::default().named("match", 3).named("fn", 2)).unwrap(),
        Value::Int(6)
    );
    assert_eq!(names.call("describe", (1,)).unwrap(), Value::Int(2));
    assert!(names.call("describe", (-1,)).unwrap_err().to_string().contains("none"));
    assert_eq!(names.call("longest", ("ab", (Value::text("c"),))).unwrap(), Value::text("ab"));
    assert_eq!(names.call("by_type", ()).unwrap().to::<QueryResult>().unwrap(), QueryResult { value: 4 });
    assert_eq!(names.call("aliased", (false,)).unwrap(), Value::Int(4));
    assert!(names.call("aliased", (true,)).unwrap_err().to_string().contains("failed"));
    assert_eq!(names.call("old", ()).unwrap(), Value::Int(9));
    let shape = Names::class().shape().clone();
    assert!(shape.name().ends_with("::names::Names"), "{}", shape.name());
    assert_eq!(&*shape.find("type").unwrap().signature, "(match: int, fn: int = this()) -> int");
    assert_eq!(&*shape.find("aliased").unwrap().signature, "(fails: bool) -> int");
    assert_eq!(&*shape.find("old").unwrap().doc, "It \"quotes\", `ticks` and \\escapes\\.");
}

/// An interface whose methods have the names of those of what the generated code holds.
#[wherever::interface]
trait Awkward {
    fn clone(&self, builder: i64, arguments: &str) -> Result<String, Error>;
    fn into_value(&self, this: i64, values: Vec<i64>) -> Result<i64, Error>;
    fn proxy(&self) -> Result<i64, Error>;
    fn to_own(&self, r#type: &[i64]) -> Result<i64, Error>;
    #[wherever(attribute)]
    fn r#mod(&self) -> Result<i64, Error>;
    #[wherever(attribute)]
    fn set_mod(&self, values: i64) -> Result<(), Error>;
    fn of<'a>(&'a self, member: &'a str) -> Result<Builder, Error>;
    fn aliased(self: &Self, fails: bool) -> AwkwardResult;
    #[wherever(skip)]
    fn each<F: FnMut(i64)>(&self, mut with: F) -> Result<(), Error>
    where
        Self: Sized,
    {
        with(Awkward::proxy(self)?);
        Ok(())
    }
}

type AwkwardResult = Result<(), Error>;

/// Under the names of what the generated code is generic over.
#[derive(Debug, PartialEq, wherever::ValueType)]
struct Builder {
    r#type: i64,
}

struct Plain;

#[wherever::export]
impl Awkward for Plain {
    fn clone(&self, builder: i64, arguments: &str) -> Result<String, Error> {
        Ok(format!("{builder} {arguments}"))
    }
    fn into_value(&self, this: i64, values: Vec<i64>) -> Result<i64, Error> {
        Ok(this + values.iter().sum::<i64>())
    }
    fn proxy(&self) -> Result<i64, Error> {
        Ok(5)
    }
    fn to_own(&self, r#type: &[i64]) -> Result<i64, Error> {
        Ok(r#type.len() as i64)
    }
    fn r#mod(&self) -> Result<i64, Error> {
        Ok(6)
    }
    fn set_mod(&self, values: i64) -> Result<(), Error> {
        if values == 0 { Err(Error::raise("rust:zero", "zero")) } else { Ok(()) }
    }
    fn of<'a>(&'a self, member: &'a str) -> Result<Builder, Error> {
        Ok(Builder { r#type: member.len() as i64 })
    }
    fn aliased(self: &Self, fails: bool) -> AwkwardResult {
        if fails { Err(Error::raise("rust:failed", "it failed")) } else { Ok(()) }
    }
}

#[wherever::interface]
trait Taker {
    fn take(&self, whom: Arc<dyn Awkward>) -> Result<String, Error>;
}

struct Takes;

#[wherever::export]
impl Taker for Takes {
    fn take(&self, whom: Arc<dyn Awkward>) -> Result<String, Error> {
        Awkward::clone(&*whom, 1, "x")
    }
}

#[test]
fn any_name_may_be_that_of_a_method_of_an_interface() {
    let sides = Sides::new();
    sides.server.export("plain", Plain);
    sides.server.export("taker", Takes);
    let plain: AwkwardProxy = sides.peer.get_as("plain").unwrap();
    assert_eq!(Awkward::clone(&plain, 1, "a").unwrap(), "1 a");
    assert_eq!(Awkward::into_value(&plain, 1, vec![2, 3]).unwrap(), 6);
    assert_eq!(plain.to_own(&[1, 2]).unwrap(), 2);
    assert_eq!(plain.r#mod().unwrap(), 6);
    plain.set_mod(3).unwrap();
    assert!(plain.set_mod(0).is_err());
    assert_eq!(Awkward::of(&plain, "abc").unwrap(), Builder { r#type: 3 });
    plain.aliased(false).unwrap();
    assert!(plain.aliased(true).is_err());
    let mut met = 0;
    plain.each(|found| met = found).unwrap();
    assert_eq!(met, 5);
    let taker: TakerProxy = sides.peer.get_as("taker").unwrap();
    assert_eq!(taker.take(Arc::new(Plain)).unwrap(), "1 x");
    assert_eq!(taker.take(Arc::new(plain)).unwrap(), "1 x");
}

mod elsewhere {
    //! A trait in another module than its implementation, above one of a third.
    use wherever::Error;

    #[wherever::interface]
    pub(crate) trait Root {
        fn root(&self) -> Result<i64, Error>;
    }

    pub(crate) mod deeper {
        use wherever::Error;

        #[wherever::interface]
        pub(crate) trait Middle: crate::names::elsewhere::Root + std::fmt::Debug {
            fn middle(&self) -> Result<i64, Error>;
        }
    }

    #[derive(Debug)]
    pub(crate) struct Held<'a>(pub(crate) &'a str);

    impl Root for Held<'static> {
        fn root(&self) -> Result<i64, Error> {
            Ok(1)
        }
    }
}

mod using {
    use super::elsewhere;
    use super::elsewhere::deeper::{Middle, MiddleProxy};
    use wherever::Error;

    #[wherever::export]
    impl Middle for elsewhere::Held<'static> {
        fn middle(&self) -> Result<i64, Error> {
            Ok(self.0.len() as i64)
        }
    }

    #[wherever::interface]
    pub(crate) trait Leaf: Middle {
        fn leaf(&self) -> Result<i64, Error>;
    }

    #[wherever::interface]
    pub(crate) trait Side: elsewhere::Root {
        fn side(&self) -> Result<i64, Error>;
    }

    #[wherever::interface]
    pub(crate) trait Both: Leaf + Side + Middle + elsewhere::Root {}

    #[derive(Debug)]
    pub(crate) struct All;

    impl elsewhere::Root for All {
        fn root(&self) -> Result<i64, Error> {
            Ok(1)
        }
    }

    impl Middle for All {
        fn middle(&self) -> Result<i64, Error> {
            Ok(2)
        }
    }

    impl Leaf for All {
        fn leaf(&self) -> Result<i64, Error> {
            Ok(3)
        }
    }

    impl Side for All {
        fn side(&self) -> Result<i64, Error> {
            Ok(4)
        }
    }

    #[wherever::export]
    impl Both for All {}
}

#[test]
fn interfaces_may_stand_anywhere_and_on_each_other() {
    use elsewhere::Root;
    use elsewhere::deeper::Middle;
    use using::{Leaf, Side};
    let sides = Sides::new();
    sides.server.export("held", elsewhere::Held("four"));
    sides.server.export("all", using::All);
    let held: elsewhere::deeper::MiddleProxy = sides.peer.get_as("held").unwrap();
    assert_eq!((held.root().unwrap(), held.middle().unwrap()), (1, 4));
    let leaf: using::LeafProxy = sides.peer.get_as("all").unwrap();
    assert_eq!((leaf.root().unwrap(), leaf.middle().unwrap(), leaf.leaf().unwrap()), (1, 2, 3));
    let both: using::BothProxy = sides.peer.get_as("all").unwrap();
    assert_eq!((both.root().unwrap(), both.middle().unwrap()), (1, 2));
    assert_eq!((both.leaf().unwrap(), both.side().unwrap()), (3, 4));
    let shape = sides.peer.get("all").unwrap().shape();
    let names: Vec<_> = shape.member_names().iter().map(ToString::to_string).collect();
    assert_eq!(names.iter().filter(|name| *name == "root").count(), 1, "{names:?}");
}

struct Conditional;

/// Members that are there, and members that are not.
#[wherever::export]
#[cfg(not(any()))]
impl Conditional {
    #[cfg(any())]
    pub(crate) fn which(&self) -> NoSuchType {
        no_such_function()
    }

    #[cfg(not(any()))]
    pub(crate) fn which(&self) -> &str {
        "this"
    }

    #[cfg(any())]
    pub(crate) fn never(&mut self, whom: NoSuchType) {}

    pub(crate) fn sum(
        &self,
        first: i64,
        #[cfg(any())] gone: NoSuchType,
        #[cfg(not(any()))] second: i64,
        third: i64,
    ) -> i64 {
        first * 100 + second * 10 + third
    }

    #[wherever(attribute)]
    pub(crate) fn speed(&self) -> i64 {
        1
    }

    #[cfg(any())]
    #[wherever(attribute)]
    pub(crate) fn set_speed(&self, speed: NoSuchType) {}

    #[wherever(attribute)]
    pub(crate) fn force(&self) -> i64 {
        1
    }

    #[cfg(not(any()))]
    #[wherever(attribute)]
    pub(crate) fn set_force(&self, _force: i64) {}

    #[cfg(any())]
    #[wherever(constructor)]
    pub(crate) fn make(gone: NoSuchType) -> Self {}

    #[cfg(not(any()))]
    #[wherever(constructor)]
    pub(crate) fn make() -> Self {
        Self
    }
}

#[wherever::export]
#[cfg(any())]
impl NoSuchType {
    pub(crate) fn which(&self) -> i64 {
        1
    }
}

#[wherever::interface]
trait Perhaps {
    #[cfg(any())]
    fn which(&self) -> Result<NoSuchType, Error>;
    #[cfg(not(any()))]
    fn which(&self) -> Result<String, Error>;
    fn sum(&self, #[cfg(any())] gone: NoSuchType, first: i64, #[cfg(not(any()))] second: i64) -> Result<i64, Error>;
}

#[wherever::interface]
#[cfg(any())]
trait Gone {
    fn which(&self) -> Result<NoSuchType, Error>;
}

struct Sometimes;

#[wherever::export]
impl Perhaps for Sometimes {
    fn which(&self) -> Result<String, Error> {
        Ok("this".into())
    }

    fn sum(&self, first: i64, second: i64) -> Result<i64, Error> {
        Ok(first * 10 + second)
    }
}

#[wherever::export]
#[cfg(any())]
fn gone(what: NoSuchType) {}

#[derive(Debug, PartialEq, wherever::ValueType)]
enum Variants {
    #[cfg(any())]
    Gone(NoSuchType),
    Here {
        #[cfg(any())]
        gone: NoSuchType,
        here: i64,
    },
}

#[test]
fn conditions_hold_for_what_is_made_of_what_stands_under_them() {
    let sides = Sides::new();
    sides.server.export("conditional", Conditional);
    sides.server.export("Conditional", Conditional::class().own());
    sides.server.export("sometimes", Sometimes);
    let proxy = sides.peer.get("conditional").unwrap();
    assert_eq!(proxy.call("which", ()).unwrap(), Value::text("this"));
    assert!(matches!(proxy.call("never", (1,)), Err(Error::NoMember { .. })));
    assert_eq!(proxy.call("sum", (1, 2, 3)).unwrap(), Value::Int(123));
    assert!(proxy.call("sum", (1, 2, 3, 4)).is_err());
    let shape = proxy.shape();
    assert_eq!(&*shape.find("sum").unwrap().signature, "(first: int, second: int, third: int) -> int");
    assert!(!shape.find("speed").unwrap().writable && shape.find("force").unwrap().writable);
    proxy.set("force", 2).unwrap();
    let made: Proxy = sides.peer.get("Conditional").unwrap().invoke(()).unwrap().to().unwrap();
    assert_eq!(made.call("which", ()).unwrap(), Value::text("this"));
    let sometimes: PerhapsProxy = sides.peer.get_as("sometimes").unwrap();
    assert_eq!(sometimes.which().unwrap(), "this");
    assert_eq!(sometimes.sum(4, 2).unwrap(), 42);
    let here = Value::from(("Here", 4));
    assert_eq!(here.to::<Variants>().unwrap(), Variants::Here { here: 4 });
}

mod by_macro {
    //! Everything out of the fragments of a macro, with names that are the macro's own among them.
    use super::{Arc, Error};

    macro_rules! written {
        ($(#[$doc:meta])* $class:ident, $interface:ident, $method:ident($parameter:ident: $type:ty) -> $result:ty,
         $default:expr, $self_type:ty) => {
            $(#[$doc])*
            #[wherever::interface]
            pub(crate) trait $interface {
                fn $method(&self, $parameter: $type, other: $type) -> $result;
                fn fixed(&self, arguments: Option<$type>) -> Result<i64, Error>;
                fn same(&self, object: Arc<dyn $interface>) -> Result<i64, Error>;
            }

            pub(crate) struct $class(pub(crate) i64);

            #[wherever::export(implements($interface))]
            impl $self_type {
                pub(crate) fn own(&self, #[wherever(default = $default)] $parameter: i64, text: Option<$type>) -> $result {
                    Ok(self.0 + $parameter + text.unwrap_or_default())
                }
            }

            impl $interface for $class {
                fn $method(&self, $parameter: $type, other: $type) -> $result {
                    Ok($parameter * 10 + other)
                }
                fn fixed(&self, arguments: Option<$type>) -> Result<i64, Error> {
                    Ok(arguments.unwrap_or_default())
                }
                fn same(&self, object: Arc<dyn $interface>) -> Result<i64, Error> {
                    object.fixed(Some(3))
                }
            }

            #[derive(Debug, PartialEq, wherever::ValueType)]
            pub(crate) struct Data {
                pub(crate) $parameter: $type,
                #[wherever(default = $default)]
                pub(crate) other: $type,
            }
        };
    }

    written! {
        /// A "doc" of the user's.
        Class, Interface, method(other2: i64) -> Result<i64, Error>, 1 + 1, Class
    }

    macro_rules! methods {
        ($interface:ident { $($method:item)* } $class:ident { $($implementation:item)* }) => {
            #[wherever::interface]
            pub(crate) trait $interface { $($method)* }

            pub(crate) struct $class;

            #[wherever::export]
            impl $interface for $class { $($implementation)* }
        };
    }

    methods! {
        Given {
            fn given(&self, arguments: &str) -> Result<String, Error>;
        }
        Giver {
            fn given(&self, arguments: &str) -> Result<String, Error> {
                Ok(arguments.to_uppercase())
            }
        }
    }
}

#[test]
fn macros_may_write_what_users_write() {
    use by_macro::{Class, Data, Given, GivenProxy, Giver, Interface, InterfaceProxy};
    let sides = Sides::new();
    sides.server.export("class", Class(1));
    sides.server.export("giver", Giver);
    let class: InterfaceProxy = sides.peer.get_as("class").unwrap();
    assert_eq!(class.method(4, 2).unwrap(), 42);
    assert_eq!(class.fixed(None).unwrap(), 0);
    assert_eq!(class.same(Arc::new(Class(2))).unwrap(), 3);
    let proxy = sides.peer.get("class").unwrap();
    assert_eq!(proxy.call("own", ()).unwrap(), Value::Int(3));
    assert_eq!(proxy.call("own", (5, 6)).unwrap(), Value::Int(12));
    let signature = &*proxy.shape().find("own").unwrap().signature.clone();
    assert_eq!(signature, "(other2: int = 1 + 1, text: int | None = None) -> int");
    assert!(Class::class().shape().name().ends_with("::by_macro::Class"));
    assert_eq!((Value::from((7,))).to::<Data>().unwrap(), Data { other2: 7, other: 2 });
    let giver: GivenProxy = sides.peer.get_as("giver").unwrap();
    assert_eq!(giver.given("x").unwrap(), "X");
}

struct Bounded<T, const N: usize>([T; N])
where
    T: Clone;

#[wherever::export]
impl<T, const N: usize> Bounded<T, N>
where
    T: Clone + wherever::FromValue + wherever::IntoValue + Send + Sync + 'static,
{
    pub(crate) fn at(&self, place: usize) -> Option<T> {
        self.0.get(place).cloned()
    }

    pub(crate) fn all(&self) -> Result<Vec<T>, Error> {
        Ok(self.0.to_vec())
    }
}

#[wherever::interface]
trait Store<Builder, T: Clone>
where
    Builder: Clone,
{
    fn swap(&self, one: Builder, other: T) -> Result<(T, Builder), Error>;
}

struct Swap;

#[wherever::export]
impl Store<String, i64> for Swap {
    fn swap(&self, one: String, other: i64) -> Result<(i64, String), Error> {
        Ok((other, one))
    }
}

#[test]
fn generics_have_bounds_where_they_like() {
    let sides = Sides::new();
    sides.server.export("bounded", Bounded(["a".to_owned(), "b".to_owned()]));
    sides.server.export("swap", Swap);
    let bounded = sides.peer.get("bounded").unwrap();
    assert_eq!(bounded.call("at", (1,)).unwrap(), Value::text("b"));
    assert_eq!(bounded.call("at", (2,)).unwrap(), Value::None);
    assert_eq!(bounded.call("all", ()).unwrap().to::<Vec<String>>().unwrap(), ["a", "b"]);
    let swap: StoreProxy<String, i64> = sides.peer.get_as("swap").unwrap();
    assert_eq!(swap.swap("x".into(), 1).unwrap(), (1, "x".into()));
}

mod without_prelude {
    //! Where nothing is in scope that was not brought there.
    #![no_implicit_prelude]

    #[::std::prelude::v1::derive(::std::fmt::Debug, ::wherever::ValueType)]
    pub(crate) enum Data {
        One(i64),
        Two {
            #[wherever(default)]
            two: ::std::option::Option<::std::string::String>,
        },
    }

    #[::std::prelude::v1::derive(::std::fmt::Debug, ::wherever::DeclaredError)]
    pub(crate) enum Failure {
        Why(i64),
        #[wherever(remote)]
        Remote(::wherever::Error),
    }

    impl ::std::fmt::Display for Failure {
        fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
            f.write_str("failed")
        }
    }

    impl ::std::error::Error for Failure {}

    #[::wherever::interface]
    pub(crate) trait Bare {
        #[wherever(attribute)]
        fn number(&self) -> ::std::result::Result<i64, ::wherever::Error>;
        #[wherever(attribute)]
        fn set_number(&self, number: i64) -> ::std::result::Result<(), ::wherever::Error>;
        fn data(&self, data: Data, text: &str) -> ::std::result::Result<Data, Failure>;
    }

    pub(crate) struct Nothing;

    #[::wherever::export]
    impl Bare for Nothing {
        fn number(&self) -> ::std::result::Result<i64, ::wherever::Error> {
            ::std::result::Result::Ok(1)
        }
        fn set_number(&self, _number: i64) -> ::std::result::Result<(), ::wherever::Error> {
            ::std::result::Result::Ok(())
        }
        fn data(&self, data: Data, text: &str) -> ::std::result::Result<Data, Failure> {
            match data {
                Data::One(why) => ::std::result::Result::Err(Failure::Why(why)),
                Data::Two { .. } => {
                    let two = ::std::option::Option::Some(::std::borrow::ToOwned::to_owned(text));
                    ::std::result::Result::Ok(Data::Two { two })
                }
            }
        }
    }

    pub(crate) struct Exclusive(i64);

    #[::wherever::export]
    impl Exclusive {
        #[wherever(constructor)]
        pub(crate) fn new(#[wherever(default = 2)] number: i64) -> Self {
            Exclusive(number)
        }

        pub(crate) async fn add(&mut self, context: ::wherever::context::CallContext, amounts: &[i64]) -> i64 {
            for amount in amounts {
                self.0 += amount;
            }
            if context.is_one_way() { 0 } else { self.0 }
        }
    }

    #[::wherever::export]
    pub(crate) fn double(number: i64) -> i64 {
        number * 2
    }
}

#[test]
fn nothing_need_be_in_scope() {
    use without_prelude::{Bare, BareProxy, Data, Exclusive, Failure, Nothing, double};
    let sides = Sides::new();
    sides.server.export("nothing", Nothing);
    sides.server.export("exclusive", Exclusive::new(2));
    sides.server.export("double", double::function().into_own());
    let bare: BareProxy = sides.peer.get_as("nothing").unwrap();
    assert_eq!(bare.number().unwrap(), 1);
    bare.set_number(2).unwrap();
    assert!(matches!(bare.data(Data::One(7), ""), Err(Failure::Why(7))));
    assert!(matches!(bare.data(Data::Two { two: None }, "x"), Ok(Data::Two { two: Some(text) }) if text == "x"));
    assert_eq!(sides.peer.get("double").unwrap().invoke((double(2),)).unwrap(), Value::Int(8));
    let amounts = Value::List([Value::Int(3)].into_iter().collect());
    assert_eq!(sides.peer.get("exclusive").unwrap().call("add", (amounts,)).unwrap(), Value::Int(5));
}
