//! Tests of shapes.

use super::*;

#[test]
fn members_are_found_through_bases_in_order() {
    let left = Arc::new(Shape::new("t:L", Category::Instance).member(Member::method("f").doc("left")));
    let right = Arc::new(Shape::new("t:R", Category::Instance).member(Member::method("f").doc("right")).open());
    let both = Shape::new("t:B", Category::Instance).base(left).base(right).member(Member::method("g"));
    assert_eq!(&*both.find("f").map(|member| member.doc.clone()).unwrap_or_default(), "left");
    assert!(both.is_a("t:R") && !both.is_a("t:X"));
    assert!(!both.is_closed(), "an open base makes its subclasses open");
    assert_eq!(both.member_names().len(), 2);
}

#[test]
fn a_member_is_concurrent_as_it_is_found() {
    let slow = Arc::new(Shape::new("rust:a", Category::Instance).member(Member::method("slow").concurrent()));
    let plain = Shape::new("rust:b", Category::Instance).member(Member::method("plain")).base(slow);
    let concurrent = |shape: &Shape| ["slow", "plain", "none"].map(|name| shape.is_concurrent(name));
    assert_eq!(concurrent(&plain), [true, false, false]);
    assert_eq!(concurrent(&plain.clone().without_bases()), [false; 3]);
    assert_eq!(concurrent(&plain.member(Member::method("slow"))), [false; 3], "its own comes first");
}

#[test]
fn codes_of_categories_are_those_of_the_protocol() {
    for (code, category) in (0..).zip(Category::ALL) {
        assert_eq!(category.code(), code);
        assert_eq!(Category::from_code(code), Some(category));
    }
    assert_eq!(Category::from_code(9), None);
    assert_eq!(Category::ByteArray.code(), 6, "as docs/protocol.md has it");
}

#[test]
fn a_revision_is_the_same_type() {
    let first = Shape::new("t:A", Category::Instance);
    let second = first.revised().member(Member::method("more"));
    assert_eq!(first.tag().address(), second.tag().address());
    assert_eq!(second.revision(), 1);
    assert_ne!(first.tag().address(), Shape::new("t:A", Category::Instance).tag().address());
}
