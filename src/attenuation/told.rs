//! The shapes that peers are told of references with an allow-list: with what is allowed, and nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::rules::{Allowed, Rules};
use crate::host::Operation;
use crate::shape::{Member, MemberKind, Shape, TypeTag};

/// The types that were made, so that references of one type with one list have one shape, which a peer is told once.
/// They are as constant as what they are made of; those that nobody has any more are forgotten.
static TYPES: Mutex<Types> = Mutex::new(Types { made: None, purge_at: 0 });

struct Types {
    made: Option<HashMap<(usize, Rules), Made>>,
    purge_at: usize,
}

struct Made {
    told: Weak<Shape>,
    /// Kept, so that no other type can get its address.
    _of: TypeTag,
}

/// Types that are remembered before it is worth looking for those that nobody has.
const PURGE_MIN: usize = 64;

/// Interfaces that a shape may claim, as every peer with the usual limits takes them.
const INTERFACES_MAX: usize = 16;

/// The shape that peers are told of a reference with these rules to an object of this shape.
pub(super) fn shape_of(real: &Arc<Shape>, rules: &Rules) -> Arc<Shape> {
    let Some(allowed) = &rules.allowed else { return real.clone() };
    let key = (real.tag().address(), rules.clone());
    let mut types = TYPES.lock();
    let Types { made, purge_at } = &mut *types;
    let made = made.get_or_insert_default();
    let former = made.get(&key).and_then(|made| made.told.upgrade());
    match &former {
        Some(former) if former.revision() >= real.revision() => former.clone(),
        _ => {
            let told = narrowed(real, rules, allowed).with_revision(real.revision());
            let told = Arc::new(match &former {
                Some(former) => told.succeeding(former),
                None => told,
            });
            if made.len() >= (*purge_at).max(PURGE_MIN) {
                made.retain(|_, made| made.told.strong_count() > 0);
                *purge_at = made.len() * 2;
            }
            made.insert(key, Made { told: Arc::downgrade(&told), _of: real.tag().clone() });
            told
        }
    }
}

/// A shape with what is allowed. It has no bases, since these would tell of the rest; it claims their names, so that the
/// object is told as what it is.
fn narrowed(real: &Shape, rules: &Rules, allowed: &Allowed) -> Shape {
    let told = Shape::new(real.name().clone(), real.category()).doc_text(real.doc());
    let told = claims(real).into_iter().fold(told, Shape::interface);
    let told = allowed.members.iter().filter_map(|name| member(real, rules, name)).fold(told, Shape::member);
    let named = |operation: &&Operation| match operation {
        Operation::Dir => true,
        // The caretaker answers by the type's name.
        Operation::Text => true,
        operation => allowed.operations.contains(**operation) && real.all_operations().contains(**operation),
    };
    let operations: Vec<Operation> = Operation::ALL.iter().filter(named).copied().collect();
    told.operations(&operations)
}

fn member(real: &Shape, rules: &Rules, name: &Arc<str>) -> Option<Member> {
    let Some(member) = real.find(name) else {
        // An attribute that an instance may have of its own.
        return (!real.is_closed()).then(|| Member::attribute(name.clone()));
    };
    if !rules.read_only {
        return Some(member.clone());
    }
    let reads = member.reads || member.kind == MemberKind::Attribute;
    reads.then(|| Member { writable: false, ..member.clone() })
}

/// The interfaces that the type claims, then the names of its bases, and what those claim.
fn claims(real: &Shape) -> Vec<Arc<str>> {
    let bases = || real.lineage().iter();
    let names = real.interfaces().iter().chain(bases().map(|base| base.name()));
    let mut claims: Vec<Arc<str>> = Vec::new();
    for name in names.chain(bases().flat_map(|base| base.interfaces())) {
        if claims.len() < INTERFACES_MAX && !claims.contains(name) && name != real.name() {
            claims.push(name.clone());
        }
    }
    claims
}
