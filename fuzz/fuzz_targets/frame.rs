//! Any bytes as a frame: no panic, no heap beyond the bound, and what is taken apart can be put together again.
#![cfg_attr(fuzzing, no_main)]

use wherever::limits::Limits;
use wherever::wire::frame::{self, Frame, List, Part, Reference, Release};
use wherever::wire::shape::{ShapeRecord, encode_shape};
use wherever_fuzz::{heap_bound, target};

fn run(bytes: &[u8]) {
    let limits = Limits::default();
    let Ok(frame) = heap_bound(bytes.len(), || Frame::decode(bytes, &limits)) else { return };
    let encoded = encoded(&frame);
    let again = Frame::decode(&encoded, &limits);
    assert_eq!(again.map(shown), Ok(shown(frame)), "another frame came back");
}

/// A frame as text, but for the length of its shapes: numbers may have come longer than need be.
fn shown(mut frame: Frame<'_>) -> String {
    let shapes = match &mut frame {
        Frame::Session { shapes, .. } => Some(shapes),
        Frame::Part(part) => part.first.as_mut().map(|head| &mut head.shapes),
    };
    shapes.into_iter().flatten().for_each(|record| record.len = 0);
    format!("{frame:?}")
}

/// The frame as its sender would have written it.
fn encoded(frame: &Frame<'_>) -> Vec<u8> {
    match frame {
        Frame::Session { batch, shapes, references, messages, releases } => {
            let (mut message_list, mut release_list) = (List::default(), List::default());
            for message in messages {
                message_list.push(|out| frame::encode_message(message.kind, message.refs, &[message.body], out));
            }
            for release in releases {
                release_list.push(|out| frame::encode_release(&turned_release(release), out));
            }
            frame::encode_session(
                *batch,
                &shape_list(shapes),
                &reference_list(references),
                &message_list,
                &release_list,
            )
        }
        Frame::Part(Part { transfer, first, last, bytes }) => {
            let mut out = match first {
                Some(head) => {
                    let lists = (shape_list(&head.shapes), reference_list(&head.references));
                    frame::encode_first_part(*transfer, (*last, head.batch), &lists.0, &lists.1, head.kind)
                }
                None => frame::encode_next_part(*transfer, *last),
            };
            out.extend_from_slice(bytes);
            out
        }
    }
}

fn shape_list(shapes: &[ShapeRecord]) -> List {
    let mut list = List::default();
    for record in shapes {
        let bases: Vec<_> = record.bases.iter().map(|base| base.turned()).collect();
        list.push(|out| encode_shape(&record.shape, record.id, &bases, out));
    }
    list
}

fn reference_list(references: &[Reference]) -> List {
    let mut list = List::default();
    for reference in references {
        list.push(|out| frame::encode_reference(&turned_reference(reference), out));
    }
    list
}

fn turned_reference(reference: &Reference) -> Reference {
    match *reference {
        Reference::Object { id, shape } => Reference::Object { id: id.turned(), shape },
        Reference::Class { id, shape, described } => Reference::Class { id: id.turned(), shape, described },
        Reference::Home { id } => Reference::Home { id: id.turned() },
        Reference::Answer { id } => Reference::Answer { id: id.turned() },
    }
}

fn turned_release(release: &Release) -> Release {
    match *release {
        Release::Object { id, stamp } => Release::Object { id: id.turned(), stamp },
        Release::Answer { id, stop } => Release::Answer { id: id.turned(), stop },
    }
}

target!(run);
