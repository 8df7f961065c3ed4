//! This side of the story: it starts the other process, uses what lives there, and checks each thing it says.

use std::io;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use wherever::clock::ManualClock;
use wherever::drive::connect_simple;
use wherever::error::Raised;
use wherever::hosts::{Class, Function, List};
use wherever::shape::{Category, Member, Shape};
use wherever::value::Ref;
use wherever::wire::describe::escape;
use wherever::{Arguments, Error, Node, Own, Peer, Proxy, Value};
use wherever_transports::{Child, Traced};

use crate::Failure;
use crate::arguments::{THERE, THERE_COLOURED};
use crate::costs::{self, Cost};
use crate::tell::{Teller, shown};

/// Tells the whole story, with these values in it.
///
/// The clocks of both processes stand still. Some frames leave for no other reason than that 5 ms have passed; on a busy
/// machine that would make the counts differ from run to run.
pub(crate) fn run(number: i64, items: &[i64], trace: bool) -> Result<(), Failure> {
    let teller = Teller::here();
    let child = start_other_process(teller)?;
    teller.plain(&format!(
        "Two processes, tied together by a pipe each way and by nothing else: \"here\" is process {},\n\
         \"there\" is process {}, which this one has just started. Each prints its own lines. A ✓ stands\n\
         before what was checked.",
        std::process::id(),
        child.id()
    ));
    let node = Node::builder().clock(ManualClock::default()).build();
    let peer = match trace {
        true => connect_simple(&node, Traced::new(child.clone(), move |way, lines| teller.traced(way, lines))),
        false => connect_simple(&node, child.clone()),
    };
    let story = Story { teller, peer, y: listener(teller).instance(Listener { name: "Echo" }) };
    let (x, first) = story.obtain()?;
    story.call_foo(&x, number, items)?;
    story.call_bar(&x, number, items)?;
    story.same_again(&x)?;
    story.catch(&x)?;
    story.let_go(&x)?;
    teller.title("7. What it costs, counted in this run");
    let rows = costs::count(&story.peer, &x, first)?;
    drop(x);
    costs::show(teller, &rows)?;
    story.end(&child)
}

/// Starts this program once more, as the other process. Its standard input and output carry the frames; what it
/// prints goes to its standard error, which is made the same as our standard output.
fn start_other_process(teller: Teller) -> Result<Child, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(if teller.is_coloured() { THERE_COLOURED } else { THERE });
    command.stderr(Stdio::from(io::stdout()));
    Ok(Child::spawn(command)?)
}

/// The class of `y`. Only this process has it.
struct Listener {
    name: &'static str,
}

fn listener(teller: Teller) -> Class<Listener> {
    let animal = Arc::new(Shape::new("rust:here.Animal", Category::Instance));
    Class::<Listener>::builder("rust:here.Listener")
        .doc("Hears what it is told, and says it again.")
        .base(&animal)
        .method_with(
            Member::method("hear").signature("(total)"),
            move |this: &Listener, mut arguments: Arguments, _| {
                let total: i128 = arguments.take(0, "total")?;
                teller.say(2, &format!("hear({total}) runs here, on the real y, whose name is {}.", this.name));
                Ok(Value::text(format!("{total}, {total}...")))
            },
        )
        .attribute("name", |this| Ok(Value::text(this.name)))
        .build()
}

/// What the steps share.
struct Story {
    teller: Teller,
    peer: Peer,
    y: Own,
}

impl Story {
    fn say(&self, text: &str) {
        self.teller.say(0, text);
    }

    fn check(&self, holds: bool, claim: &str) -> Result<(), Failure> {
        self.teller.check(0, holds, claim)
    }

    fn obtain(&self) -> Result<(Proxy, Cost), Failure> {
        self.teller.title("1. x lives over there");
        self.say("let x = there.get(\"x\")");
        let (x, first) = Cost::of(&self.peer, || self.peer.get("x"));
        let x = x?;
        let shape = x.shape();
        let names = x.dir()?.join(", ");
        self.say(&format!("x is a proxy of a {}: \"{}\"", escape(shape.name()), escape(shape.doc())));
        self.check(!x.is_own() && shape.find("foo").is_some(), &format!("It knows what x has: {}", escape(&names)))?;
        self.check(first.frames == (1, 1), "That was the first call: one frame went each way, greetings included.")?;
        Ok((x, first))
    }

    fn call_foo(&self, x: &Proxy, number: i64, items: &[i64]) -> Result<(), Failure> {
        let written = shown(items);
        self.teller.title(&format!("2. x.foo({number}, {written}, y)"));
        self.say("y is an instance of a class that only this process has.");
        self.say(&format!("let (total, who) = x.foo({number}, {written}, y)"));
        let list = List::from_iter(items.iter().map(|item| Value::Int(*item)));
        let before = self.peer.stats();
        let result = x.call("foo", (number, list, &self.y))?;
        let after = self.peer.stats();
        let (total, who): (i128, Proxy) = result.to()?;
        let expected = items.iter().fold(i128::from(number), |sum, item| sum + i128::from(*item));
        self.check(total == expected, &format!("total is {total}, as it would be had x lived here."))?;
        let is_y = matches!(who.reference(), Ref::Own(own) if own.same(&self.y));
        self.check(is_y, "who is y: it came home as the very object, no proxy of a proxy.")?;
        let asked = after.calls_received - before.calls_received;
        self.check(asked == 2, &format!("While foo ran it asked back {asked} times: for the list, and y.hear."))?;
        let crossed = after.messages() - before.messages();
        self.check(
            crossed == 2 + 2 * asked,
            &format!("{crossed} messages in all: 2 for foo, 2 for each time it asked."),
        )
    }

    fn call_bar(&self, x: &Proxy, number: i64, items: &[i64]) -> Result<(), Failure> {
        let written = shown(items);
        self.teller.title(&format!("3. x.bar({number}, {written}, y), which does not look"));
        self.say(&format!("x.bar({number}, {written}, y)"));
        let list = List::from_iter(items.iter().map(|item| Value::Int(*item)));
        let before = self.peer.stats();
        x.call("bar", (number, list, &self.y))?;
        let after = self.peer.stats();
        let asked = after.calls_received - before.calls_received;
        let crossed = after.messages() - before.messages();
        let claim = format!("{crossed} messages in all, and what is in the list stayed here.");
        self.check(asked == 0 && crossed == 2, &claim)
    }

    fn same_again(&self, x: &Proxy) -> Result<(), Failure> {
        self.teller.title("4. One object is one object");
        self.say("let again = there.get(\"x\")");
        let again = self.peer.get("x")?;
        self.check(again.same(x), "again and x are the same proxy.")?;
        self.say("x.is_it_me(again)");
        let is_me: bool = x.call("is_it_me", (&again,))?.to()?;
        self.check(is_me, "Given back to its own process, x is the object itself.")
    }

    fn catch(&self, x: &Proxy) -> Result<(), Failure> {
        self.teller.title("5. An error over there is caught here");
        let text = "twelve lamps";
        self.say(&format!("x.order({text:?})"));
        let Err(Error::Raised(raised)) = x.call("order", (text,)) else {
            return Err(Failure::NotAsTold("x.order fails".to_owned()));
        };
        self.say("It failed. This is what was caught:");
        self.traceback(&raised);
        let source = raised.cause.as_ref().map(|cause| &*cause.message);
        self.check(raised.message.contains(text), "The message is the one that was written over there.")?;
        self.check(source == Some("invalid digit found in string"), "So is the error that it came from.")?;
        let is_there = |file: &str| file.ends_with("there.rs");
        let is_placed = raised.frames.len() == 2 && raised.frames.iter().all(|frame| is_there(&frame.file));
        self.check(is_placed, "Both places are in the code of the other process.")
    }

    /// Prints what was raised, as a traceback is printed; all of it is the peer's wording.
    fn traceback(&self, raised: &Raised) {
        self.say("    Traceback, outermost call first:");
        for frame in &raised.frames {
            let (file, name) = (escape(&frame.file), escape(&frame.name));
            self.say(&format!("      {file}:{}, in {name}", frame.line));
        }
        self.say(&format!("    {}", escape(&raised.to_string())));
        let mut cause = raised.cause.as_deref();
        while let Some(inner) = cause {
            self.say(&format!("    caused by {}", escape(&inner.to_string())));
            cause = inner.cause.as_deref();
        }
    }

    fn let_go(&self, x: &Proxy) -> Result<(), Failure> {
        self.teller.title("6. The last proxy goes, and so does the object");
        self.say("let lamp = x.lamp(bell): a new object over there, which only this process holds.");
        let rung = Arc::new(AtomicU32::new(0));
        let (teller, count) = (self.teller, rung.clone());
        let bell = Function::new("bell", move |mut arguments: Arguments, _| {
            let text: String = arguments.take(0, "text")?;
            count.fetch_add(1, Ordering::Relaxed);
            teller.say(2, &format!("The bell rings here: {}.", escape(&text)));
            Ok(Value::None)
        });
        let lamp: Proxy = x.call("lamp", (bell,))?.to()?;
        self.say("let other = lamp.clone(); drop(lamp)");
        let other = lamp.clone();
        drop(lamp);
        self.peer.names()?;
        self.check(rung.load(Ordering::Relaxed) == 0, "One proxy of it is left, so the lamp still stands.")?;
        self.say("drop(other), the last one. That is told with whatever is sent next, so something is asked.");
        drop(other);
        self.peer.names()?;
        self.check(rung.load(Ordering::Relaxed) == 1, "The lamp is gone over there: its bell rang once.")
    }

    fn end(&self, child: &Child) -> Result<(), Failure> {
        self.teller.title("8. The end");
        self.say("there.close()");
        self.peer.close("the story is told");
        let status = child.wait()?;
        self.check(status.success(), &format!("The other process has ended by itself: {status}."))?;
        self.check(self.peer.stats().is_idle(), "Nothing is left in any table of the session.")?;
        self.teller.plain("\nTo see every message:  cargo xtask demo -- --trace");
        self.teller.plain("With other values:     cargo xtask demo -- 7 10 20 30");
        Ok(())
    }
}
