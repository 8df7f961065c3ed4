//! Commit: references get their ids, and types their numbers, when the frame that tells of them is made.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::error::Error;
use crate::host::Identity;
use crate::limits::Limits;
use crate::policy::Grant;
use crate::session::Session;
use crate::session::parcel::OutRef;
use crate::shape::{Category, Shape};
use crate::table::{Id, Offer};
use crate::wire::frame::{List, Reference, encode_reference};
use crate::wire::shape::encode_shape;

/// What committing a message would put before it into its frame. Nothing is counted yet.
#[derive(Default)]
pub(crate) struct Tentative {
    pub(crate) shapes: List,
    pub(crate) references: List,
    /// Objects mentioned, with the numbers that they have or will get.
    mentions: Vec<(u64, Offer)>,
    new_numbers: BTreeMap<(Identity, Grant), u64>,
    described: Vec<Arc<Shape>>,
    new_types: BTreeMap<usize, u64>,
}

/// The type of all objects whose own type finds no room any more: it is constant.
static PLAIN: LazyLock<Arc<Shape>> =
    LazyLock::new(|| Arc::new(Shape::new("wherever:remote", Category::Instance).open()));

/// Whether a peer with limits like ours takes the shape.
fn is_within(shape: &Shape, limits: &Limits) -> bool {
    let interfaces = shape.interfaces().iter();
    let mut names = shape.members().iter().map(|member| &member.name).chain(interfaces).chain([shape.name()]);
    shape.members().len() <= limits.shape_members_max as usize
        && shape.bases().len() <= limits.shape_bases_max as usize
        && shape.interfaces().len() <= limits.shape_bases_max as usize
        && shape.lineage().len() <= limits.shape_lineage_max as usize
        && names.all(|name| name.len() <= limits.name_len_max as usize)
}

impl Tentative {
    /// How many bytes it takes.
    pub(crate) fn len(&self) -> usize {
        self.shapes.bytes.len() + self.references.bytes.len()
    }
}

impl Session {
    /// What these references would add to a frame; an error if they never can be sent.
    pub(crate) fn plan(&self, refs: &[OutRef]) -> Result<Tentative, Error> {
        let mut tentative = Tentative::default();
        for reference in refs {
            let entry = match reference {
                OutRef::Home(handle) => Reference::Home { id: handle.id() },
                OutRef::Answer(handle) => Reference::Answer { id: handle.id() },
                OutRef::Object(offer) => self.plan_object(offer, &mut tentative)?,
            };
            tentative.references.push(|out| encode_reference(&entry, out));
        }
        Ok(tentative)
    }

    fn plan_object(&self, offer: &Offer, tentative: &mut Tentative) -> Result<Reference, Error> {
        let key = offer.entry();
        let number = match self.exports.find(offer).or_else(|| tentative.new_numbers.get(&key).copied()) {
            Some(number) => number,
            None => {
                let new = tentative.new_numbers.len() as u64;
                if self.exports.len() as u64 + new >= u64::from(self.config.limits.exports_max) {
                    let text = format!("the peer holds {} objects of ours and releases none", self.exports.len());
                    return Err(Error::Overloaded(text.into()));
                }
                tentative.new_numbers.insert(key, self.next_number + new);
                self.next_number + new
            }
        };
        tentative.mentions.push((number, offer.clone()));
        let shape = self.plan_shape(&offer.shape, tentative);
        let id = Id::ours(number);
        Ok(match &offer.describes {
            Some(describes) => Reference::Class { id, shape, described: self.plan_shape(describes, tentative) },
            None => Reference::Object { id, shape },
        })
    }

    /// The number of a type, described now if it must be, its bases first.
    fn plan_shape(&self, shape: &Arc<Shape>, tentative: &mut Tentative) -> u64 {
        if let Some(known) = self.types_out.current(shape) {
            return known;
        }
        // Over the limits a type stays as it was described, and all further types are one plain type, for which a place is
        // kept.
        let shape = match (self.has_room_for_types(shape, tentative), self.types_out.number(shape)) {
            (true, _) => shape,
            (false, Some(known)) => return known,
            (false, None) => &*PLAIN,
        };
        // Ancestors come flat, each after all that derive from it: told in reverse, every base comes first.
        let mut number = 0;
        for shape in self.unknown_ancestors(shape).chain(std::iter::once(shape)) {
            number = match self.types_out.current(shape) {
                Some(known) => known,
                None => self.plan_one_shape(shape, tentative),
            };
        }
        number
    }

    /// The ancestors of a type that the peer has not described itself, every one after its own ancestors.
    fn unknown_ancestors<'a>(&self, shape: &'a Shape) -> impl Iterator<Item = &'a Arc<Shape>> {
        shape.lineage().iter().rev().filter(|ancestor| self.types_in.number(ancestor).is_none())
    }

    fn has_room_for_types(&self, shape: &Arc<Shape>, tentative: &Tentative) -> bool {
        let is_new = |shape: &&Arc<Shape>| {
            let is_planned = tentative.new_types.contains_key(&shape.tag().address());
            !is_planned && self.types_out.number(shape).is_none()
        };
        let new = self.unknown_ancestors(shape).chain(std::iter::once(shape)).filter(is_new).count();
        let known = self.types_out.len() + tentative.new_types.len();
        let limits = &self.config.limits;
        let bytes = self.types_out.bytes() + (tentative.len() + (new + 2) * limits.shape_len_max as usize) as u64;
        known + new < limits.shapes_max as usize && bytes <= limits.types_bytes_max
    }

    fn plan_one_shape(&self, shape: &Arc<Shape>, tentative: &mut Tentative) -> u64 {
        let address = shape.tag().address();
        if let Some(planned) = tentative.new_types.get(&address) {
            return *planned;
        }
        let new = tentative.new_types.values().filter(|number| **number >= self.types_out.len() as u64).count();
        let number = self.types_out.number(shape).unwrap_or((self.types_out.len() + new) as u64);
        let base_number = |base: &Arc<Shape>| match self.types_in.number(base) {
            Some(theirs) => Id::theirs(theirs),
            None => {
                let planned = tentative.new_types.get(&base.tag().address()).copied();
                Id::ours(planned.or_else(|| self.types_out.number(base)).unwrap_or_default())
            }
        };
        let bases: Vec<Id> = shape.bases().iter().map(base_number).collect();
        let start = tentative.shapes.bytes.len();
        tentative.shapes.push(|out| encode_shape(shape, number, &bases, out));
        let limits = &self.config.limits;
        // Half a frame: shapes are never cut, and their frame has other things in it.
        let len_max = (limits.shape_len_max as usize).min(self.frame_len_max() / 2);
        if tentative.shapes.bytes.len() - start > len_max || !is_within(shape, limits) {
            // A plain remote object with its type's name: the peer asks for what it needs.
            tentative.shapes.bytes.truncate(start);
            let name = &shape.name()[..shape.name().floor_char_boundary(limits.name_len_max as usize)];
            let plain = Shape::new(name, Category::Instance).open().with_revision(shape.revision());
            encode_shape(&plain, number, &[], &mut tentative.shapes.bytes);
        }
        tentative.described.push(shape.clone());
        tentative.new_types.insert(address, number);
        number
    }

    /// Makes a plan come true in the frame that is being made.
    pub(crate) fn commit(&mut self, tentative: Tentative) {
        let frame = self.frames_committed + 1;
        self.next_number += tentative.new_numbers.len() as u64;
        for shape in &tentative.described {
            self.types_out.describe(shape);
        }
        self.types_out.charge(tentative.shapes.bytes.len());
        for (number, offer) in &tentative.mentions {
            self.exports.mention(*number, offer, frame);
        }
    }

    /// Describes the first types of a plan ahead of the message that needs them, if they are too many to go with it.
    pub(crate) fn commit_shapes(&mut self, refs: &[OutRef], bytes_max: usize) -> List {
        let offers = refs.iter().filter_map(|reference| match reference {
            OutRef::Object(offer) => Some(offer),
            _ => None,
        });
        let offered = offers.flat_map(|offer| [Some(&offer.shape), offer.describes.as_ref()]).flatten();
        // One by one, ancestors first: a single type may have more of them than go into a frame.
        let shapes: Vec<Arc<Shape>> =
            offered.flat_map(|shape| self.unknown_ancestors(shape).chain(std::iter::once(shape))).cloned().collect();
        let mut sent = List::default();
        for shape in shapes {
            let mut tentative = Tentative::default();
            self.plan_shape(&shape, &mut tentative);
            let count = sent.count + tentative.shapes.count;
            let full = count > u64::from(self.terms.told.frame_shapes_max)
                || sent.bytes.len() + tentative.shapes.bytes.len() > bytes_max;
            if full && sent.count > 0 {
                break;
            }
            sent.count = count;
            sent.bytes.extend_from_slice(&tentative.shapes.bytes);
            self.commit(tentative);
        }
        sent
    }
}
