//! Any bytes as a shape: no panic, no heap beyond the bound, and what is decoded can be told again.
#![cfg_attr(fuzzing, no_main)]

use wherever::limits::Limits;
use wherever::wire::primitive::Reader;
use wherever::wire::shape::{ShapeRecord, decode_shape, encode_shape};
use wherever_fuzz::{heap_bound, target};

fn run(bytes: &[u8]) {
    let limits = Limits::default();
    let Ok(record) = heap_bound(bytes.len(), || decode_shape(&mut Reader::new(bytes), &limits)) else { return };
    let told = encoded(&record);
    let again = decode_shape(&mut Reader::new(&told), &limits).map(|record| (shown(&record), encoded(&record)));
    assert_eq!(again, Ok((shown(&record), told)), "another shape came back");
}

fn encoded(record: &ShapeRecord) -> Vec<u8> {
    let mut out = Vec::new();
    let bases: Vec<_> = record.bases.iter().map(|base| base.turned()).collect();
    encode_shape(&record.shape, record.id, &bases, &mut out);
    out
}

fn shown(record: &ShapeRecord) -> String {
    let ShapeRecord { id, revision, bases, shape, .. } = record;
    let (doc, members, interfaces) = (shape.doc(), shape.members(), shape.interfaces());
    let operations = shape.all_operations().bits();
    format!("{id} {revision} {bases:?} {shape:?} {doc} {members:?} {interfaces:?} {operations}")
}

target!(run);
