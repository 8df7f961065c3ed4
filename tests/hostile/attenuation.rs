//! Attacks on attenuated references: everything that can be asked, by path and by promise, of an entry with an allow-list.

use std::sync::Arc;

use wherever::attenuation::{Attenuation, Revoker};
use wherever::clock::ManualClock;
use wherever::policy::Policy;
use wherever::wire::frame::Reference;
use wherever::wire::message::CallHeader;
use wherever::wire::preface::Preface;
use wherever::{Error, Id, Node, Operation, Value};
use wherever_tests::hostile::{Call, Forged, Hostile};

use crate::deeds::{Deeds, thing};

/// A thing under the widest policy, of which the attacker has a reference with number 1 that allows its method `keep`.
fn attack() -> (Hostile, Arc<Deeds>, Revoker) {
    let clock = Arc::<ManualClock>::default();
    let node = Node::builder().clock(clock.clone()).policy(Policy::Open).build();
    let (own, deeds) = thing();
    let (reference, revoker) = Attenuation::of(&own).only(["keep"]).give().unwrap();
    node.export("it", reference);
    let mut hostile = Hostile::of_node(&clock, node);
    hostile.send_bytes(&Preface::default().encode());
    hostile.send(&Forged::new().hello());
    assert_eq!(hostile.obtain(1, "it"), 1);
    (hostile, deeds, revoker)
}

#[track_caller]
fn is_refused(result: &Result<Value, Error>) {
    let refused = matches!(result, Err(Error::Denied(denied)) if &*denied.policy == "allow-list");
    assert!(refused, "{result:?}");
}

#[test]
fn nothing_but_what_the_list_names_reaches_the_object() {
    let (mut hostile, deeds, _revoker) = attack();
    let mut number = 10;
    for operation in Operation::ALL {
        for member in [None, Some("touch"), Some("__class__"), Some("repr"), Some("eq"), Some("add")] {
            for path in [&[][..], &["touch"], &["keep"]] {
                number += 1;
                let mut call = Call::new(number, Id::theirs(1), operation).path(path);
                if let Some(member) = member {
                    call = call.member(member);
                }
                let result = hostile.ask(&call);
                let of_reference = path.is_empty()
                    && match operation {
                        Operation::Noop | Operation::Dir => true,
                        Operation::Text => matches!(member, None | Some("repr")),
                        _ => false,
                    };
                // The method itself, read by a path: its call is what was allowed.
                let of_method = path == ["keep"]
                    && match operation {
                        Operation::Noop | Operation::Dir => true,
                        Operation::Call => member.is_none(),
                        Operation::Text => matches!(member, None | Some("repr")),
                        _ => false,
                    };
                if of_reference || of_method {
                    result.unwrap();
                } else {
                    is_refused(&result);
                }
            }
        }
    }
    assert_eq!(deeds.ran(), 1, "the call of the method");
    hostile.cut();
}

#[test]
fn an_answer_that_is_kept_does_not_outlive_the_revocation() {
    let (mut hostile, deeds, revoker) = attack();
    let keep = CallHeader::KEEP;
    hostile.ask(&Call::new(10, Id::theirs(1), Operation::Get).member("keep").flags(keep)).unwrap();
    hostile.ask(&Call::new(11, Id::theirs(1), Operation::Noop).flags(keep)).unwrap();
    hostile.ask(&Call::new(12, Id::theirs(1), Operation::Noop).path(&["keep"]).flags(keep)).unwrap();
    let on_answer = |number, on| Call::new(number, Id::ours(on), Operation::Call);
    hostile.ask(&on_answer(13, 10).args(vec![1.into()])).unwrap();
    hostile.ask(&on_answer(14, 12).args(vec![1.into()])).unwrap();
    assert_eq!(std::mem::take(&mut *deeds.kept.lock()).len(), 2);
    revoker.revoke();
    for (number, call) in [
        (20, on_answer(20, 10)),
        (21, on_answer(21, 11).member("keep")),
        (22, on_answer(22, 12)),
        (23, Call::method(23, 1, "keep")),
        (24, Call::new(24, Id::theirs(1), Operation::Dir)),
    ] {
        let result = hostile.ask(&call.args(vec![2.into()]));
        assert!(matches!(&result, Err(Error::Denied(denied)) if &*denied.policy == "revoked"), "{number}: {result:?}");
    }
    assert!(deeds.kept.lock().is_empty());
    hostile.cut();
}

#[test]
fn giving_it_to_another_object_of_its_side_and_taking_it_back_widens_nothing() {
    let (mut hostile, deeds, _revoker) = attack();
    let (other, others) = thing();
    hostile.node.export("other", other);
    let other = hostile.obtain(10, "other");
    let home = Reference::Home { id: Id::theirs(1) };
    hostile.ask(&Call::method(11, other, "keep").passing(&[home])).unwrap();
    let kept = others.kept.lock()[0].clone();
    hostile.node.export("back", kept.to::<wherever::Own>().unwrap());
    assert_eq!(hostile.obtain(12, "back"), 1, "the same entry");
    is_refused(&hostile.ask(&Call::new(13, Id::THEIR_NAMES, Operation::Call).path(&["back"]).member("touch")));
    others.kept.lock().clear();
    assert_eq!(deeds.ran(), 0);
    hostile.cut();
}
