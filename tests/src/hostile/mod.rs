//! A scripted hostile peer: frames made by hand, fed to a node that is driven by hand, and what comes back taken apart.

mod forged;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use wherever::clock::ManualClock;
use wherever::drive::Manual;
use wherever::limits::Limits;
use wherever::session::EndReason;
use wherever::wire::frame::{Frame, Reference, Release};
use wherever::wire::message::{Bye, CallHeader, Credit, Hello, MessageKind, ReturnHeader, decode_record};
use wherever::wire::payload::{Attribute, decode_error, decode_items, decode_result};
use wherever::wire::preface::Preface;
use wherever::{Error, Node, Stats, Value};

pub use forged::{Call, Forged, hello};

/// A message that the victim sent.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub enum Seen {
    /// Its HELLO.
    Hello(Hello),
    /// A call of its.
    Call { header: CallHeader, refs: Vec<Reference>, payload: Vec<u8> },
    /// A RETURN for a call of ours.
    Return { id: u64, flags: u8, refs: Vec<Reference>, payload: Vec<u8> },
    /// A CREDIT.
    Credit(Credit),
    /// A BYE, with its reason.
    Bye(String),
    /// A release.
    Release(Release),
}

/// A node under attack, and all that it has sent.
pub struct Hostile {
    /// The victim's clock.
    pub clock: Arc<ManualClock>,
    /// The victim.
    pub node: Node,
    /// Its side of the session.
    pub victim: Manual,
    /// What it has sent, in order.
    pub seen: Vec<Seen>,
    arriving: HashMap<u64, (MessageKind, Vec<Reference>, Vec<u8>)>,
    limits: Limits,
}

impl Hostile {
    /// An attack on a node with these limits: the preface and HELLO are exchanged.
    pub fn on(limits: &Limits) -> Self {
        let mut hostile = Self::silent(limits);
        hostile.send_bytes(&Preface::default().encode());
        hostile.send(&Forged::new().hello());
        hostile
    }

    /// As [`Self::on`], before anything was exchanged.
    pub fn silent(limits: &Limits) -> Self {
        let clock = Arc::<ManualClock>::default();
        Self::of_node(&clock, Node::builder().clock(clock.clone()).limits(limits.clone()).build())
    }

    /// As [`Self::silent`], on this node.
    pub fn of_node(clock: &Arc<ManualClock>, node: Node) -> Self {
        let victim = Manual::new(&node, 1 << 20);
        let limits = node.limits().clone();
        Self { clock: clock.clone(), node, victim, seen: Vec::new(), arriving: HashMap::new(), limits }
    }

    /// Sends a forged frame.
    pub fn send(&mut self, frame: &Forged) {
        self.send_bytes(&frame.bytes());
    }

    /// Sends these bytes as one unit. What the victim holds afterwards is within its limits.
    pub fn send_bytes(&mut self, unit: &[u8]) {
        self.victim.put_frame(unit);
        self.check_account();
    }

    /// Runs every job of the victim's that is ready.
    pub fn run(&mut self) {
        while self.victim.run_job(0) {}
        self.check_account();
    }

    /// Sends a call, has it run, and gives its final RETURN.
    pub fn ask(&mut self, call: &Call) -> Result<Value, Error> {
        self.send(&Forged::new().call(call));
        self.run();
        self.answer(call.header.id)
    }

    /// Gets an object of the victim's by name, under this call number; its number.
    pub fn obtain(&mut self, call: u64, name: &str) -> u64 {
        self.ask(&Call::get(call, name)).unwrap();
        self.object_of(call)
    }

    /// The number of the object that the RETURN of this call named first.
    pub fn object_of(&mut self, call: u64) -> u64 {
        self.read();
        let mut refs = self.seen.iter().filter_map(|seen| match seen {
            Seen::Return { id, refs, .. } if *id == call => refs.first(),
            _ => None,
        });
        match refs.next() {
            Some(Reference::Object { id, .. } | Reference::Class { id, .. }) => id.number(),
            other => panic!("call {call} gave no object: {other:?}"),
        }
    }

    /// Reads all that the victim has to send; how many frames there were.
    pub fn read(&mut self) -> usize {
        let mut frames = 0;
        while let Some(bytes) = self.victim.take_frame() {
            if Preface::decode(&bytes).is_err() {
                frames += 1;
                self.take_apart(&bytes);
            }
        }
        frames
    }

    fn take_apart(&mut self, bytes: &[u8]) {
        match Frame::decode(bytes, &Limits::default()).unwrap() {
            Frame::Session { references, messages, releases, .. } => {
                let mut rest = &references[..];
                for message in messages {
                    let (refs, others) = rest.split_at(message.refs);
                    rest = others;
                    self.note(message.kind, refs, message.body);
                }
                self.seen.extend(releases.into_iter().map(Seen::Release));
            }
            Frame::Part(part) => {
                if let Some(head) = part.first {
                    self.arriving.insert(part.transfer, (head.kind, head.references, Vec::new()));
                }
                let (_, _, body) = self.arriving.get_mut(&part.transfer).unwrap();
                body.extend_from_slice(part.bytes);
                if part.last {
                    let (kind, refs, body) = self.arriving.remove(&part.transfer).unwrap();
                    self.note(kind, &refs, &body);
                }
            }
        }
    }

    fn note(&mut self, kind: MessageKind, refs: &[Reference], body: &[u8]) {
        let refs = refs.to_vec();
        self.seen.push(match kind {
            MessageKind::Hello => Seen::Hello(decode_record(body).unwrap().0),
            MessageKind::Call => {
                let (header, start) = decode_record::<CallHeader>(body).unwrap();
                Seen::Call { header, refs, payload: body[start..].to_vec() }
            }
            MessageKind::Return => {
                let (ReturnHeader { id, flags }, start) = decode_record(body).unwrap();
                Seen::Return { id, flags, refs, payload: body[start..].to_vec() }
            }
            MessageKind::Credit => Seen::Credit(decode_record(body).unwrap().0),
            MessageKind::Bye => Seen::Bye(decode_record::<Bye<'_>>(body).unwrap().0.reason.into_owned()),
        });
    }

    /// The final RETURN of a call of ours, which has come.
    pub fn answer(&mut self, call: u64) -> Result<Value, Error> {
        self.find_answer(call)
            .unwrap_or_else(|| panic!("call {call} was not answered; {:?}", self.victim.peer().ended()))
    }

    /// The final RETURN of a call of ours, if it has come. A reference in it is its id as text.
    pub fn find_answer(&mut self, call: u64) -> Option<Result<Value, Error>> {
        self.read();
        self.seen.iter().find_map(|seen| match seen {
            Seen::Return { id, flags, refs, payload } if *id == call && flags & ReturnHeader::MORE == 0 => {
                let slots = slots(refs);
                Some(match flags {
                    0 => Ok(decode_result(payload, &slots, &Limits::default()).unwrap()),
                    &ReturnHeader::ITEMS => Ok(Value::None),
                    _ => Err(decode_error(payload, &slots, &Limits::default()).unwrap()),
                })
            }
            _ => None,
        })
    }

    /// How many RETURNs without *more* a call of ours has had.
    pub fn answers(&mut self, call: u64) -> usize {
        self.read();
        let is_final = |seen: &&Seen| matches!(seen, Seen::Return { id, flags, .. } if *id == call && flags & ReturnHeader::MORE == 0);
        self.seen.iter().filter(is_final).count()
    }

    /// The items that a call of ours has been sent, those of several RETURNs together.
    pub fn items(&mut self, call: u64) -> Vec<Value> {
        self.read();
        let mut items = Vec::new();
        for seen in &self.seen {
            if let Seen::Return { id, flags, refs, payload } = seen
                && *id == call
                && flags & ReturnHeader::ITEMS != 0
            {
                items.extend(decode_items(payload, &slots(refs), &Limits::default()).unwrap().items);
            }
        }
        items
    }

    /// The attributes that came along with the items that a call of ours has been sent.
    pub fn attributes(&mut self, call: u64) -> Vec<Attribute> {
        self.read();
        let payloads = self.seen.iter().filter_map(|seen| match seen {
            Seen::Return { id, flags, refs, payload } if *id == call && flags & ReturnHeader::ITEMS != 0 => {
                Some(decode_items(payload, &slots(refs), &Limits::default()).unwrap().attributes)
            }
            _ => None,
        });
        payloads.flatten().collect()
    }

    /// The calls that the victim has made.
    pub fn calls(&mut self) -> Vec<CallHeader> {
        self.read();
        let header = |seen: &Seen| if let Seen::Call { header, .. } = seen { Some(header.clone()) } else { None };
        self.seen.iter().filter_map(header).collect()
    }

    /// The victim's counters.
    pub fn stats(&self) -> Stats {
        self.victim.peer().stats()
    }

    /// Whether the session still stands.
    pub fn stands(&self) -> bool {
        self.victim.peer().ended().is_none()
    }

    /// Turns the victim's clock by a tick.
    pub fn tick(&mut self) {
        self.clock.advance(Duration::from_millis(5));
        self.victim.tick();
    }

    /// The session was refused: the victim ended it, said so in a BYE, and holds nothing any more. Gives the reason.
    pub fn refused(mut self) -> String {
        self.read();
        let Some(EndReason::PeerMisbehaved(reason)) = self.victim.peer().ended() else {
            panic!("the session was not refused: {:?}", self.victim.peer().ended())
        };
        let Some(Seen::Bye(bye)) = self.seen.last() else { panic!("no BYE: {:?}", self.seen.last()) };
        assert!(reason.ends_with(bye.trim_start_matches("protocol: ")), "{reason} / {bye}");
        self.check_nothing_left();
        reason.to_string()
    }

    /// The session still stands; it is cut, and nothing may be left of it.
    pub fn cut(self) {
        assert!(self.stands(), "{:?}", self.victim.peer().ended());
        self.victim.cut("the test is over");
        self.check_nothing_left();
    }

    fn check_nothing_left(&self) {
        assert_eq!(self.victim.jobs(), 0);
        assert!(self.stats().is_idle(), "{:#?}", self.stats());
    }

    fn check_account(&self) {
        check_account(&self.victim, &self.limits);
    }
}

/// Whatever a peer sends, its victim holds no more than the victim's limits say.
pub fn check_account(victim: &Manual, limits: &Limits) {
    let stats = victim.peer().stats();
    assert!(stats.exports <= u64::from(limits.exports_max), "{stats:#?}");
    assert!(stats.imports <= u64::from(limits.imports_max), "{stats:#?}");
    assert!(stats.answers <= limits.answers_max() as u64, "{stats:#?}");
    assert!(stats.types_known <= u64::from(limits.shapes_max), "{stats:#?}");
    assert!(stats.arriving_bytes <= limits.transfers_bytes_max, "{stats:#?}");
    // One message may go past the mark, and each ready stream and each job may have one.
    let queue_max = limits.queue_bytes_max + limits.reserve_bytes_max;
    let over = u64::from(limits.told.message_len_max) + (1 << 20);
    assert!(stats.queued_bytes <= queue_max + over, "{stats:#?}");
    assert!(stats.releases_queued <= stats.imports + stats.questions + 1, "{stats:#?}");
    assert!(victim.jobs() <= limits.answers_max());
}

fn slots(refs: &[Reference]) -> Vec<Value> {
    let id = |reference: &Reference| match reference {
        Reference::Object { id, .. }
        | Reference::Class { id, .. }
        | Reference::Home { id }
        | Reference::Answer { id } => format!("{id:?}"),
    };
    refs.iter().map(|reference| Value::text(id(reference))).collect()
}
