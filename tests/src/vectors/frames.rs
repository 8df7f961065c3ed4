//! What frames, shapes, references and releases mean, and vectors of them.

use wherever::Id;
use wherever::Operation;
use wherever::shape::{Category, Member, MemberKind, Shape};
use wherever::wire::frame::{
    self, Frame, List, Part, RawMessage, Reference, Release, encode_first_part, encode_next_part, encode_session,
};
use wherever::wire::message::MessageKind;
use wherever::wire::shape::{ShapeRecord, encode_shape};

use crate::vectors::json::Json;
use crate::vectors::{Vector, messages, slots};

fn name_of(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Hello => "HELLO",
        MessageKind::Call => "CALL",
        MessageKind::Return => "RETURN",
        MessageKind::Credit => "CREDIT",
        MessageKind::Bye => "BYE",
    }
}

/// An id as its receiver sees it.
fn of_id(id: Id) -> Json {
    let side = if id.is_ours() { "receiver" } else { "sender" };
    Json::map([("number", Json::Number(id.number())), ("given by", Json::text(side))])
}

/// A frame, its messages opened as far as that can be done.
pub(super) fn meaning(frame: &Frame<'_>) -> Json {
    match frame {
        Frame::Session { batch, shapes, references, messages, releases } => Json::map([
            ("frame", Json::text("session")),
            ("batch", Json::Bool(*batch)),
            ("shapes", Json::list(shapes.iter().map(of_shape))),
            ("references", Json::list(references.iter().map(of_reference))),
            ("messages", Json::list(messages.iter().map(of_message))),
            ("releases", Json::list(releases.iter().map(of_release))),
        ]),
        Frame::Part(part) => of_part(part),
    }
}

fn of_part(part: &Part<'_>) -> Json {
    let first = part.first.as_ref().map_or(Json::Null, |head| {
        Json::map([
            ("batch", Json::Bool(head.batch)),
            ("shapes", Json::list(head.shapes.iter().map(of_shape))),
            ("references", Json::list(head.references.iter().map(of_reference))),
            ("message kind", Json::text(name_of(head.kind))),
        ])
    });
    Json::map([
        ("frame", Json::text("part")),
        ("transfer", Json::Number(part.transfer)),
        ("first", first),
        ("last", Json::Bool(part.last)),
        ("bytes", Json::hex(part.bytes)),
    ])
}

fn of_message(message: &RawMessage<'_>) -> Json {
    let kind = name_of(message.kind);
    let opened = messages::meaning(kind, message.body, &slots(message.refs));
    Json::map([
        ("kind", Json::text(kind)),
        ("references", Json::Number(message.refs as u64)),
        ("body", opened.unwrap_or_else(|_| Json::hex(message.body))),
    ])
}

fn of_reference(reference: &Reference) -> Json {
    let (kind, id, further) = match *reference {
        Reference::Object { id, shape } => (0, id, vec![("shape", shape)]),
        Reference::Class { id, shape, described } => (1, id, vec![("shape", shape), ("described", described)]),
        Reference::Home { id } => (2, id, Vec::new()),
        Reference::Answer { id } => (3, id, Vec::new()),
    };
    let mut entries = vec![("kind".to_owned(), Json::Number(kind)), ("id".to_owned(), of_id(id))];
    entries.extend(further.into_iter().map(|(name, number)| (name.to_owned(), Json::Number(number))));
    Json::Map(entries)
}

fn of_release(release: &Release) -> Json {
    match *release {
        Release::Object { id, stamp } => Json::map([("id", of_id(id)), ("stamp", Json::Number(stamp))]),
        Release::Answer { id, stop } => Json::map([("id", of_id(id)), ("stop", Json::Bool(stop))]),
    }
}

/// A shape.
pub(super) fn of_shape(record: &ShapeRecord) -> Json {
    let ShapeRecord { id, revision, bases, shape, .. } = record;
    Json::map([
        ("id", Json::Number(*id)),
        ("revision", Json::Number((*revision).into())),
        ("name", Json::text(&**shape.name())),
        ("category", Json::Number(shape.category().code().into())),
        ("open", Json::Bool(!shape.is_closed())),
        ("operations", Json::Number(shape.all_operations().bits().into())),
        ("bases", Json::list(bases.iter().map(|base| of_id(*base)))),
        ("interfaces", Json::list(shape.interfaces().iter().map(|name| Json::text(&**name)))),
        ("doc", Json::text(shape.doc())),
        ("members", Json::list(shape.members().iter().map(of_member))),
    ])
}

fn of_member(member: &Member) -> Json {
    let kind = match member.kind {
        MemberKind::Method => 0,
        MemberKind::Attribute => 1,
        MemberKind::ClassMethod => 2,
        _ => 3,
    };
    let flags = [
        ("exposed", member.exposed),
        ("writable", member.writable),
        ("concurrent", member.concurrent),
        ("one-way", member.one_way),
        ("reads", member.reads),
    ];
    let set = flags.iter().filter(|(_, set)| *set).map(|(name, _)| Json::text(*name));
    Json::map([
        ("name", Json::text(&*member.name)),
        ("kind", Json::Number(kind)),
        ("flags", Json::list(set)),
        ("signature", Json::text(&*member.signature)),
        ("doc", Json::text(&*member.doc)),
    ])
}

/// The shapes that the vectors use.
fn sample_shapes() -> [(Shape, u64, Vec<Id>); 5] {
    let base = Shape::new("rust:zoo.Animal", Category::Instance)
        .operations(&[Operation::Text])
        .member(Member::method("feed").signature("(food)").doc("Feeds it."));
    let mut noted = Member::method("note").concurrent();
    noted.one_way = true;
    let open = Shape::new("python:zoo.Otter", Category::Instance)
        .open()
        .doc_text("Swims.")
        .interface("org.example.Swimmer/1")
        .operations(&[Operation::Length, Operation::Fence])
        .member(Member::attribute("name").writable())
        .member(Member::attribute("_secret").hidden())
        .member(Member::method("make").reads().of_kind(MemberKind::ClassMethod))
        .member(noted.of_kind(MemberKind::StaticMethod));
    let class = Shape::new("python:type", Category::Class);
    let revised = base.revised().revised();
    let derived = Shape::new("python:zoo.Tame", Category::Instance).open();
    [
        (base, 0, Vec::new()),
        (open, 1, vec![Id::ours(0)]),
        (class, 2, Vec::new()),
        (revised, 0, Vec::new()),
        (derived, 3, vec![Id::theirs(4), Id::ours(0)]),
    ]
}

fn shape_bytes((shape, id, bases): &(Shape, u64, Vec<Id>)) -> Vec<u8> {
    let mut out = Vec::new();
    encode_shape(shape, *id, bases, &mut out);
    out
}

/// Vectors of shapes.
pub(super) fn shapes() -> Vec<Vector> {
    let names = [
        "a closed type with a method",
        "an open type with a base, an interface and members of every kind and flag",
        "a class, that is the type of classes",
        "the first type described again, with a higher revision",
    ];
    let shapes = sample_shapes();
    let vector = |(name, sample): (&str, _)| Vector::read(name, "shape", shape_bytes(sample), 0);
    let mut vectors: Vec<_> = names.into_iter().zip(&shapes).map(vector).collect();
    let mut unknown = shape_bytes(&shapes[2]);
    let place = unknown.len() - 5;
    unknown.splice(place..=place, [0x80, 0x80, 0x80, 0x80, 0x08]);
    vectors.push(Vector::read("operations that are not known are kept and mean nothing", "shape", unknown, 0));
    vectors
}

fn list_of<T>(items: &[T], write: impl Fn(&T, &mut Vec<u8>)) -> List {
    let mut list = List::default();
    items.iter().for_each(|item| list.push(|out| write(item, out)));
    list
}

/// Vectors of frames: references, releases, messages and parts in them.
pub(super) fn frames() -> Vec<Vector> {
    let none = List::default();
    let frame = |batch, references: &List, messages: &List, releases: &List| {
        encode_session(batch, &none, references, messages, releases)
    };
    let references = [
        Reference::Object { id: Id::ours(7), shape: 0 },
        Reference::Class { id: Id::ours(8), shape: 2, described: 1 },
        Reference::Home { id: Id::theirs(300) },
        Reference::Answer { id: Id::ours(9) },
    ];
    let reference_list = list_of(&references, frame::encode_reference);
    let call = messages::sample_call();
    let mut call_list = List::default();
    call_list.push(|out| frame::encode_message(MessageKind::Call, 4, &[&call], out));
    let mut calls = List::default();
    calls.push(|out| frame::encode_message(MessageKind::Call, 0, &[&messages::plain_call(12, 1)], out));
    calls.push(|out| frame::encode_message(MessageKind::Call, 0, &[&messages::plain_call(13, 24)], out));
    let releases = [
        Release::Object { id: Id::theirs(300), stamp: 41 },
        Release::Answer { id: Id::ours(9), stop: false },
        Release::Answer { id: Id::ours(10), stop: true },
    ];
    let shapes = list_of(&sample_shapes()[..3], |sample, out| out.extend(shape_bytes(sample)));
    let (start, end) = call.split_at(20);
    let first =
        [encode_first_part(3, (false, true), &none, &reference_list, MessageKind::Call), start.to_vec()].concat();
    let last = [encode_next_part(3, true), end.to_vec()].concat();
    let releases = list_of(&releases, frame::encode_release);
    vec![
        Vector::read("a ping of one byte", "frame", vec![0], 0),
        Vector::read("a ping with four empty lists", "frame", frame(false, &none, &none, &none), 0),
        Vector::read(
            "a message with a reference of each kind",
            "frame",
            frame(false, &reference_list, &call_list, &none),
            0,
        ),
        Vector::read(
            "a batch of two calls, one on the answer to the other",
            "frame",
            frame(true, &none, &calls, &none),
            0,
        ),
        Vector::read(
            "releases: a reference, an answer, an answer with stop",
            "frame",
            frame(false, &none, &none, &releases),
            0,
        ),
        Vector::read("shapes ahead of any message", "frame", encode_session(false, &shapes, &none, &none, &none), 0),
        Vector::read("the first part of a CALL of a batch", "frame", first, 0),
        Vector::read("its last part", "frame", last, 0),
    ]
}
