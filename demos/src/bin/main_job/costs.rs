//! What each kind of work costs in messages, counted in this very run, beside what it may cost.

use wherever::hosts::Function;
use wherever::{Error, Operation, Peer, Promise, Proxy, Stats, Value};

use crate::Failure;
use crate::tell::Teller;

/// What some work cost.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Messages, both ways.
    pub(crate) messages: u64,
    /// Frames: sent, received.
    pub(crate) frames: (u64, u64),
    /// Types that the peer described.
    pub(crate) types: u64,
}

impl Cost {
    /// Does some work, and counts.
    pub(crate) fn of<T>(peer: &Peer, work: impl FnOnce() -> T) -> (T, Self) {
        let before = peer.stats();
        let result = work();
        (result, Self::between(&before, &peer.stats()))
    }

    fn between(before: &Stats, after: &Stats) -> Self {
        Self {
            messages: after.messages() - before.messages(),
            frames: (after.frames_sent - before.frames_sent, after.frames_received - before.frames_received),
            types: after.types_known - before.types_known,
        }
    }

    fn all_frames(self) -> u64 {
        self.frames.0 + self.frames.1
    }
}

/// A line of the table.
pub(crate) struct Row {
    work: &'static str,
    budget: String,
    counted: String,
}

impl Row {
    /// Work that may cost so many messages.
    fn messages(work: &'static str, budget: u64, cost: Cost) -> Self {
        Self::of(work, "message", budget, cost.messages)
    }

    /// Work that may cost so many messages, which leave together.
    fn with_frames(work: &'static str, budget: u64, cost: Cost) -> Self {
        let told = |messages, (sent, received)| format!("{}, {sent}+{received} frames", plural(messages, "message"));
        Self { work, budget: told(budget, (1, 1)), counted: told(cost.messages, cost.frames) }
    }

    /// Work that may cost so many of something.
    fn of(work: &'static str, what: &str, budget: u64, counted: u64) -> Self {
        Self { work, budget: plural(budget, what), counted: plural(counted, what) }
    }

    fn is_kept(&self) -> bool {
        self.budget == self.counted
    }
}

fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Does all kinds of work, and counts each; `first` was counted before.
pub(crate) fn count(peer: &Peer, x: &Proxy, first: Cost) -> Result<Vec<Row>, Failure> {
    let mut rows = vec![Row::with_frames("the first call of a session", 4, first)];
    calls(peer, x, &mut rows)?;
    chain(peer, x, &mut rows)?;
    containers(peer, &mut rows)?;
    types(peer, x, &mut rows)?;
    drops(peer, x, &mut rows)?;
    Ok(rows)
}

fn holds(holds: bool, claim: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::NotAsTold(claim.to_owned())) }
}

fn calls(peer: &Peer, x: &Proxy, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let (sum, cost) = Cost::of(peer, || x.call("add", (2, 3)));
    holds(sum?.to::<i64>()? == 5, "2 and 3 are 5")?;
    rows.push(Row::messages("a method call", 2, cost));

    let (motto, cost) = Cost::of(peer, || x.get("motto"));
    holds(!motto?.to::<String>()?.is_empty(), "x has a motto")?;
    rows.push(Row::messages("reading an attribute", 2, cost));

    let function = Function::new("function", |_, _| Ok(Value::Int(42)));
    let (came, cost) = Cost::of(peer, || x.call("call_back", (function,)));
    holds(came?.to::<i64>()? == 42, "the callback's result comes back")?;
    rows.push(Row::messages("a call that calls back once", 4, cost));

    let (refused, cost) = Cost::of(peer, || x.call("refuse", ()));
    holds(matches!(refused, Err(Error::Raised(_))), "refuse raises")?;
    rows.push(Row::messages("an error raised there and caught here", 2, cost));
    Ok(())
}

/// Ten calls, each on the result of the one before, that leave together.
fn chain(peer: &Peer, x: &Proxy, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let ten = || -> Result<i64, Error> {
        let batch = peer.batch();
        let mut step: Promise = x.promise("first_step", ())?;
        for _ in 0..8 {
            step = step.call("next", ())?;
        }
        let number = step.get("number")?;
        batch.send();
        number.result()?.to()
    };
    let (number, cost) = Cost::of(peer, ten);
    holds(number? == 9, "the chain has nine steps")?;
    rows.push(Row::with_frames("ten calls, each on the last one's result", 11, cost));
    Ok(())
}

fn containers(peer: &Peer, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let numbers = peer.get("numbers")?;
    let sum = || numbers.iterate()?.try_fold(0, |sum, item| Ok::<_, Error>(sum + item?.to::<i64>()?));
    let (sum, cost) = Cost::of(peer, sum);
    holds(sum? == 49_995_000, "the sum of the numbers")?;
    rows.push(Row::messages("going through a list of 10,000 integers", 2, cost));

    let crew = peer.get("crew")?;
    let (fetched, cost) = Cost::of(peer, || crew.fetch_with(&["name"]));
    let names: Vec<Value> = fetched?.into_iter().flat_map(|one| one.attributes).flatten().collect::<Result<_, _>>()?;
    holds(names.len() == 100, "a hundred names")?;
    rows.push(Row::messages(".name of 100 objects in a list, prefetched", 2, cost));

    let in_a_batch = || -> Result<Vec<Value>, Error> {
        let sailors: Vec<Proxy> = crew.fetch()?.to()?;
        let batch = peer.batch();
        let names = sailors
            .iter()
            .map(|one| one.request(Operation::Get).member("name").promise())
            .collect::<Result<Vec<_>, _>>()?;
        batch.send();
        names.iter().map(Promise::result).collect()
    };
    let (batched, cost) = Cost::of(peer, in_a_batch);
    holds(batched? == names, "the same names in a batch")?;
    rows.push(Row::of("the same, in a batch", "frame", 4, cost.all_frames()));

    let one_by_one = || -> Result<Vec<Value>, Error> {
        let sailors: Vec<Proxy> = crew.fetch()?.to()?;
        sailors.iter().map(|one| one.get("name")).collect()
    };
    let (single, cost) = Cost::of(peer, one_by_one);
    holds(single? == names, "the same names one by one")?;
    rows.push(Row::messages("the same, one by one", 202, cost));
    Ok(())
}

fn types(peer: &Peer, x: &Proxy, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let (is_known, cost) = Cost::of(peer, || x.is_a("rust:there.Calculator") && x.shape().find("foo").is_some());
    holds(is_known, "x is a calculator")?;
    rows.push(Row::messages("class, members, documentation of x", 0, cost));

    let _one = x.call("first_step", ())?;
    let (second, cost) = Cost::of(peer, || x.call("first_step", ()));
    holds(second?.to::<Proxy>()?.is_a("rust:there.Step"), "a step is a step")?;
    rows.push(Row::of("telling the class of a second instance", "description", 0, cost.types));

    let (names, cost) = Cost::of(peer, || x.dir());
    holds(names?.len() > 5, "x has members")?;
    rows.push(Row::messages("listing the members of x, of a closed class", 0, cost));
    let notebook = peer.get("notebook")?;
    let (names, cost) = Cost::of(peer, || notebook.dir());
    holds(names?.len() == 2, "the notebook has two notes")?;
    rows.push(Row::messages("the same for an object of an open class", 2, cost));
    Ok(())
}

/// Dropping adds nothing to the traffic that there is.
fn drops(peer: &Peer, x: &Proxy, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let held = (0..3).map(|_| x.call("first_step", ())).collect::<Result<Vec<Value>, _>>()?;
    let imports = peer.stats().imports;
    let drop_and_call = || {
        drop(held);
        x.call("add", (2, 3))
    };
    let (sum, cost) = Cost::of(peer, drop_and_call);
    sum?;
    holds(peer.stats().imports + 3 == imports, "three proxies fewer are held")?;
    let own = cost.all_frames().saturating_sub(2);
    rows.push(Row::of("dropping three proxies, beside a method call", "frame", 0, own));
    Ok(())
}

/// Prints the table.
pub(crate) fn show(teller: Teller, rows: &[Row]) -> Result<(), Failure> {
    let width = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or_default();
    let (work, may, counted) =
        (width(|row| row.work.len()), width(|row| row.budget.len()), width(|row| row.counted.len()));
    teller.plain(&format!("  {:work$}  {:may$}  counted", "work", "budget"));
    teller.plain(&format!("  {}  {}  {}", "-".repeat(work), "-".repeat(may), "-".repeat(counted)));
    for row in rows {
        let text = format!("  {:work$}  {:may$}  {:counted$}  ", row.work, row.budget, row.counted);
        teller.row(&text, if row.is_kept() { "✓" } else { "✗" }, row.is_kept());
    }
    teller.plain("  (Counted while the clocks of both stand still: no frame left for 5 ms having passed.)");
    match rows.iter().find(|row| !row.is_kept()) {
        None => Ok(()),
        Some(row) => Err(Failure::NotAsTold(format!("{} costs {}, not {}", row.work, row.budget, row.counted))),
    }
}
