//! Data as deep as it may be, and deeper, on a stack as small as threads have.

use std::collections::BTreeMap;

use super::*;
use crate::convert::serde::LEVELS_MAX;
use crate::limits::Limits;

const TOO_DEEP: &str = "wanted at most 64 levels of containers, found more";

#[derive(Serialize, Deserialize, Debug, PartialEq, Default)]
struct Node {
    name: String,
    numbers: (u8, u16, u32, u64, i128, f64),
    texts: Vec<String>,
    map: BTreeMap<String, [Option<i64>; 4]>,
    kind: Option<Plain>,
    buffer: Buffer,
    next: Option<Box<Node>>,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
enum Plain {
    End,
    Deeper(Box<Plain>),
    Struct { a: u8, b: String, deeper: Box<Plain> },
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(tag = "kind")]
enum Internal {
    End,
    Deeper { a: u8, b: String, deeper: Box<Internal> },
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(tag = "kind", content = "content")]
enum Adjacent {
    End,
    Deeper { a: u8, deeper: Box<Adjacent>, b: String },
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    Struct { a: u8, deeper: Box<Untagged> },
    Map(BTreeMap<String, Untagged>),
    List(Vec<Untagged>),
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Flat {
    a: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, Flat>,
}

/// What every thread has that nobody gave more or less, in a build without optimisation.
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

/// Whether data nested `levels` deep comes back, or is refused both ways for its depth; `value` is its form.
#[track_caller]
fn refused_from<T: Serialize + serde::de::DeserializeOwned + PartialEq + Debug>(
    levels: u32,
    nest: impl Fn(u32) -> T,
    value: impl Fn(u32) -> Value,
) {
    assert_eq!(serialize(&nest(levels - 1)).unwrap(), value(levels - 1));
    comes_back(nest(levels - 1));
    assert!(serialize(&nest(levels)).unwrap_err().to_string().ends_with(TOO_DEEP));
    let text = message::<T>(value(levels));
    assert!(text.ends_with(TOO_DEEP), "{text}");
}

fn nested<T>(times: u32, end: T, wrap: impl Fn(T) -> T) -> T {
    (0..times).fold(end, |inner, _| wrap(inner))
}

#[test]
fn as_deep_as_a_session_carries() {
    assert_eq!(LEVELS_MAX, Limits::default().value_depth_max);
}

#[test]
fn data_of_the_greatest_depth_fits_a_small_stack() {
    on_small_stack(|| {
        let levels = LEVELS_MAX + 1;
        let wrap = |inner| Plain::Deeper(Box::new(inner));
        let form = |inner| dict([("Deeper", inner)]);
        refused_from(levels, |n| nested(n, Plain::End, wrap), |n| nested(n, "End".into(), form));

        let wrap = |inner| Untagged::List(vec![inner]);
        refused_from(levels, |n| nested(n, Untagged::Number(1), wrap), |n| nested(n, 1.into(), |inner| list([inner])));
        let wrap = |inner| Untagged::Struct { a: 1, deeper: Box::new(inner) };
        let form = |inner| dict([("a", 1.into()), ("deeper", inner)]);
        refused_from(levels, |n| nested(n, Untagged::Number(1), wrap), |n| nested(n, 1.into(), form));

        // The end is a dict with its tag.
        let wrap = |inner| Internal::Deeper { a: 1, b: String::new(), deeper: Box::new(inner) };
        let end = || dict([("kind", "End".into())]);
        let form = |inner| dict([("kind", "Deeper".into()), ("a", 1.into()), ("b", "".into()), ("deeper", inner)]);
        refused_from(levels - 1, |n| nested(n, Internal::End, wrap), |n| nested(n, end(), form));

        let wrap = |inner| Flat { a: 1, rest: BTreeMap::from([("deeper".to_owned(), inner)]) };
        let end = || Flat { a: 1, rest: BTreeMap::new() };
        let form = |inner| dict([("a", 1.into()), ("deeper", inner)]);
        refused_from(levels - 1, |n| nested(n, end(), wrap), |n| nested(n, dict([("a", 1.into())]), form));
    });
}

#[test]
fn wide_data_of_the_greatest_depth_fits_a_small_stack() {
    on_small_stack(|| {
        let wrap = |inner| Node { next: Some(Box::new(inner)), ..Node::default() };
        comes_back(nested(LEVELS_MAX - 2, Node::default(), wrap));
        assert!(serialize(&nested(LEVELS_MAX, Node::default(), wrap)).unwrap_err().to_string().ends_with(TOO_DEEP));
        let wrap = |inner| Plain::Struct { a: 1, b: "b".into(), deeper: Box::new(inner) };
        comes_back(nested(LEVELS_MAX / 2, Plain::End, wrap));
        let wrap = |inner| Adjacent::Deeper { a: 1, deeper: Box::new(inner), b: "b".into() };
        comes_back(nested(LEVELS_MAX / 2 - 1, Adjacent::End, wrap));
    });
}

#[test]
fn a_long_chain_is_refused_where_it_is_made() {
    on_small_stack(|| {
        #[derive(Serialize)]
        struct Link(Option<Box<Link>>);
        let chain = |links| nested(links, Link(None), |inner| Link(Some(Box::new(inner))));
        // Two for each link, one for the end.
        assert_eq!(serialize(&chain(LEVELS_MAX / 2 - 1)).unwrap(), Value::None);
        let deep = "wanted at most 64 options and newtypes around one value, found more";
        assert_eq!(serialize(&chain(LEVELS_MAX / 2)).unwrap_err().to_string(), deep);
        assert_eq!(serialize(&chain(1000)).unwrap_err().to_string(), deep);
    });
}

#[test]
fn a_type_that_never_opens_its_value_ends() {
    on_small_stack(|| {
        #[derive(Deserialize, Debug)]
        struct Endless(Option<Box<Endless>>);
        let deep = "wanted at most 64 options and newtypes around one value, found more";
        assert!(made::<Endless>(Value::None).0.is_none());
        assert_eq!(message::<Endless>(1), deep);
        assert_eq!(message::<Vec<Endless>>(list([1.into()])), format!("[0]: {deep}"));
    });
}
