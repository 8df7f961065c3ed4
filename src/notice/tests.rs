//! Notices as a hook, and as `tracing`, gets them.

use std::sync::Arc;

use parking_lot::Mutex;

use super::*;
use crate::drive::Manual;
use crate::hosts::{Class, List};
use crate::value::Value;
use crate::{Operation, Own, Proxy};

/// What was told, as texts.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn read(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }

    fn hook(&self, notice: &Notice) {
        let text = match notice {
            Notice::Opened { runtime, .. } => format!("opened {runtime}"),
            Notice::Ended { reason, .. } => format!("ended {}", reason.text()),
            Notice::CallBegun(call) => format!("begun {call}{}", if call.one_way { " one-way" } else { "" }),
            Notice::CallEnded { call, error: None } => format!("done {call}"),
            Notice::CallEnded { call, error: Some(error) } => format!("failed {call}: {error}"),
            Notice::Refused { call, denied } => format!("refused {call}: {}", denied.policy),
        };
        self.0.lock().push(text);
    }
}

fn settle(left: &Manual, right: &Manual) {
    loop {
        let mut moved = false;
        for (from, to) in [(left, right), (right, left)] {
            while let Some(frame) = from.take_frame() {
                to.put_frame(&frame);
                moved = true;
            }
        }
        if !moved && !left.run_job(0) && !right.run_job(0) {
            return;
        }
    }
}

fn lab() -> Own {
    let class = Class::<()>::builder("rust:test.Lab")
        .method("work", |(), _, _| Ok(Value::None))
        .method("fail", |(), _, _| Err(Error::raise("test:failure", "as asked\u{1b}[2J")))
        .later("late", |_, _, context| context.reply().settle(Ok(Value::None)))
        .method_with(crate::shape::Member::method("secret").hidden(), |(), _, _| Ok(Value::None))
        .build();
    class.instance(())
}

fn run(node: &Node) {
    node.export("lab", lab());
    node.export("list", List::from_iter([Value::Int(1)]).to_own());
    let (left, right) = (Manual::new(&Node::new(), 1 << 20), Manual::new(node, 1 << 20));
    let got = ["lab", "list"].map(|name| left.peer().promise(name).unwrap());
    settle(&left, &right);
    let [lab, list]: [Proxy; 2] = got.map(|promise| promise.result().unwrap().to().unwrap());
    let calls = ["work", "fail", "late", "secret"].map(|member| lab.promise(member, ()).unwrap());
    lab.one_way("work", ()).unwrap();
    settle(&left, &right);
    let items = list.request(Operation::Iterate).stream(8).unwrap();
    settle(&left, &right);
    assert_eq!(calls.iter().filter(|call| call.result().is_err()).count(), 2);
    drop(items);
    left.peer().close("done");
    settle(&left, &right);
}

#[test]
fn a_hook_is_told_what_happens_and_may_panic() {
    let told = Told::default();
    let hooked = told.clone();
    let builder = Node::builder().on_notice(|_| panic!("as hooks may"));
    run(&builder.on_notice(move |notice| hooked.hook(notice)).build());
    let expected = [
        "opened rust",
        "begun Get wherever:names.lab",
        "done Get wherever:names.lab",
        "begun Get wherever:names.list",
        "done Get wherever:names.list",
        "begun Call rust:test.Lab.work",
        "done Call rust:test.Lab.work",
        "begun Call rust:test.Lab.fail",
        "failed Call rust:test.Lab.fail: test:failure: as asked\u{1b}[2J",
        "begun Call rust:test.Lab.late",
        "done Call rust:test.Lab.late",
        "refused Call rust:test.Lab.secret: closed",
        "begun Call rust:test.Lab.work one-way",
        "done Call rust:test.Lab.work",
        "begun Iterate wherever:list",
        "done Iterate wherever:list",
        "ended the peer closed the session: done",
    ];
    assert_eq!(told.read(), expected);
}

#[test]
fn the_end_of_a_session_that_nothing_refers_to_is_told() {
    let told = Told::default();
    let hooked = told.clone();
    let node = Node::builder().on_notice(move |notice| hooked.hook(notice)).build();
    drop(Manual::new(&node, 1 << 20));
    assert_eq!(told.read(), ["ended this side closed the session: nothing refers to it any more"]);
}

#[test]
fn what_a_peer_named_is_escaped_for_people() {
    let call = ServedCall {
        session: 1,
        number: 2,
        shape: "rust:\u{202e}x".into(),
        operation: Operation::Get,
        member: Some("a\nb".into()),
        one_way: false,
    };
    assert_eq!(call.to_string(), "Get rust:\\u{202e}x.a\\nb");
}

#[cfg(feature = "tracing")]
mod traced {
    use std::fmt::Debug;
    use std::sync::atomic::{AtomicU64, Ordering};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Notes what it is told, with what the spans around it are.
    #[derive(Clone, Default)]
    struct Notes {
        told: Told,
        spans: Arc<AtomicU64>,
    }

    struct Fields(String);

    impl Visit for Fields {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            if !["session", "number", "one_way"].contains(&field.name()) {
                self.0 += &format!(" {}={value:?}", field.name());
            }
        }
    }

    impl Notes {
        fn note(&self, text: String) {
            self.told.0.lock().push(text);
        }
    }

    impl Subscriber for Notes {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target().starts_with("wherever::")
        }
        fn new_span(&self, span: &Attributes<'_>) -> Id {
            let mut fields = Fields(format!("span {}", span.metadata().name()));
            span.record(&mut fields);
            self.note(fields.0);
            Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut fields = Fields(format!("{} {}", event.metadata().target(), event.metadata().level()));
            event.record(&mut fields);
            self.note(fields.0);
        }
        fn enter(&self, _: &Id) {
            self.note("enter".into());
        }
        fn exit(&self, _: &Id) {
            self.note("exit".into());
        }
    }

    #[test]
    fn a_subscriber_gets_the_same_as_events_and_spans() {
        let notes = Notes::default();
        tracing::subscriber::with_default(notes.clone(), || run(&Node::new()));
        let told = notes.told.read();
        let about = |word: &str| told.iter().filter(|line| line.contains(word)).cloned().collect::<Vec<_>>();
        assert_eq!(
            about("Lab.fail"),
            [
                "wherever::call DEBUG message=begun what=Call rust:test.Lab.fail",
                "span call what=Call rust:test.Lab.fail",
                "wherever::call DEBUG message=ended what=Call rust:test.Lab.fail \
                 error=test:failure: as asked\\u{1b}[2J",
            ]
        );
        let of_sessions = about("wherever::session");
        assert_eq!(of_sessions.iter().filter(|line| line.contains("opened")).count(), 2, "{of_sessions:?}");
        assert_eq!(of_sessions.iter().filter(|line| line.contains("ended")).count(), 2, "{of_sessions:?}");
        let refused = about("refused");
        assert!(refused[0].starts_with("wherever::call WARN message=refused what=Call rust:test.Lab.secret remedy="));
        assert_eq!(about("enter").len(), about("exit").len());
        assert_eq!(about("enter").len(), about("span call").len());
    }
}
