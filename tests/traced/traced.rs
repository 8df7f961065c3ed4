//! A process that fails in spans, and tells what its policy lets it tell; it serves whoever started it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test that started it")]
#![allow(unreachable_pub, reason = "members are exported by being `pub`")]

use std::env;

use tracing::{Instrument, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use wherever::error::{SpanLayer, backtraces_resolved};
use wherever::policy::Policy;
use wherever::{Error, Node, Operation, Proxy, Value};

struct Motor;

/// What fails, beside the methods.
fn helper(steps: i64) -> i64 {
    let _work = info_span!("work", n = steps, what = "turning", speed = 1.5, left = true, list = ?[1, 2]).entered();
    inner(steps)
}

fn inner(steps: i64) -> i64 {
    let inner = info_span!("inner", n = tracing::field::Empty, deep = u64::MAX);
    let _inner = inner.enter();
    if steps > 9 {
        // Known only later, and hides the other one.
        inner.record("n", steps * 100);
    }
    panic!("the coil burns") // INNER
}

#[wherever::export]
impl Motor {
    pub fn burn(&self, steps: i64) -> i64 {
        // BURN
        helper(steps)
    }

    pub fn fails(&self, steps: i64) -> Result<i64, Error> {
        let _span = info_span!("failing", n = steps).entered();
        Err(Error::raise("test:failed", "as asked")) // FAILS
    }

    pub fn parses(&self, text: String) -> Result<i64, Error> {
        let _span = info_span!("parsing", %text).entered();
        Ok(text.parse::<i64>()?) // PARSES
    }

    /// In a span of its own, entered anew whenever it goes on.
    pub async fn waits(&self, gate: Proxy, number: i64) -> Result<i64, Error> {
        let work = async {
            gate.request(Operation::Call).await?;
            Err(Error::raise("test:waited", "")) // WAITS
        };
        work.instrument(info_span!("task", number)).await
    }

    /// In no span, and calls back while it is in one.
    pub fn calls(&self, whom: Proxy, member: String) -> Result<Value, Error> {
        let _around = info_span!("around", secret = "of this side").entered();
        whom.call(&member, (9,))
    }

    pub fn plain(&self) -> Result<i64, Error> {
        Err(Error::raise("test:plain", "in no span")) // PLAIN
    }

    /// How many backtraces were resolved here.
    pub fn resolved(&self) -> u64 {
        backtraces_resolved()
    }
}

fn main() {
    // What it would say on standard error is in the way of who looks at a terminal.
    std::panic::set_hook(Box::new(|_| {}));
    let words: Vec<String> = env::args().skip(1).collect();
    let said = |word: &str| words.iter().any(|said| said == word);
    if !said("unlayered") {
        tracing_subscriber::registry().with(SpanLayer::default()).init();
    }
    let policy = if said("closed") { Policy::Closed } else { Policy::Open };
    let node = Node::builder().policy(policy).tell_backtraces(said("telling")).build();
    node.export("motor", Motor);
    wherever_transports::serve(&node, "stdio:").unwrap().wait();
}
