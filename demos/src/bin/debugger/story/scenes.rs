//! What is typed in each scene, and what has to be told.

use crate::Failure;
use crate::story::claim;
use crate::story::stage::Played;

/// A script, what is typed to debug it, and what that has to show.
pub(super) struct Scene {
    pub(super) title: &'static str,
    pub(super) name: &'static str,
    pub(super) file: &'static str,
    pub(super) script: &'static str,
    pub(super) options: &'static [&'static str],
    /// What its process says before anybody comes.
    pub(super) awaited: &'static str,
    pub(super) commands: &'static str,
    /// What it shows, and the lines that show it, one after another, with others between them.
    claims: &'static [(&'static str, &'static [&'static str])],
    /// What the script's own process has to say at its end.
    end: &'static str,
}

pub(super) static ORDERS: Scene = Scene {
    title: "1. A script prices orders. It is stopped, looked into, and given another discount.",
    name: "orders",
    file: "orders.rhai",
    script: include_str!("../scripts/orders.rhai"),
    options: &["--wait"],
    awaited: "listening at ",
    commands: include_str!("../scripts/orders.commands"),
    claims: &[
        ("it stops before the first line", &["stopped: entry", "> orders.rhai:17 in (script)"]),
        (
            "it stops where the condition holds, of 6 calls at the second order's first item",
            &["stopped: breakpoint 1", "> orders.rhai:4 in price(item, discount)"],
        ),
        (
            "every frame is there",
            &[
                "  0 orders.rhai:27 in (script)",
                "  1 orders.rhai:12 in total(order, discount)",
                "> 2 orders.rhai:4 in price(item, discount)",
                "[0 messages]",
            ],
        ),
        (
            "the variables of each frame are one round trip",
            &[
                "(debug) locals",
                "discount = 10 (i64)",
                "[2 messages]",
                "(debug) locals",
                "sum = 0 (i64)",
                "[2 messages]",
            ],
        ),
        (
            "a frame that has called is only looked at",
            &["(debug) set sum = 3", "*** rhai:Refused: what is shown of this frame is a copy"],
        ),
        ("a step is the command's answer and the next stop's call", &["(debug) step", "stopped: step", "[2 messages]"]),
        ("a variable is changed", &["(debug) set discount = 100", "discount = 100", "[2 messages]"]),
        ("a function's value is seen as it returns", &["(debug) return", "stopped: returns 45"]),
        ("an item deep in a variable is looked at alone", &["(debug) show orders.2.items.0", "count = 3 (i64)"]),
        ("the script goes on to its end", &["it is over: the peer closed the session: the script has ended: 495"]),
    ],
    end: "all orders: 495\nthe script has ended: 495",
};

pub(super) static COUNT: Scene = Scene {
    title: "2. A script runs and runs. It is made to stop, and told to come to an end.",
    name: "count",
    file: "count.rhai",
    script: include_str!("../scripts/count.rhai"),
    options: &["--wait"],
    awaited: "listening at ",
    commands: include_str!("../scripts/count.commands"),
    claims: &[
        ("it runs while commands are taken", &["(debug) go", "(debug) pause"]),
        ("it stops where it is", &["(debug) pause", "stopped: pause", "> count.rhai:6 in (script)", "[4 messages]"]),
        ("its variables are changed in the running loop", &["(debug) set is_done = true", "is_done = true"]),
        (
            "it ends by that",
            &["(debug) continue", "it is over: the peer closed the session: the script has ended: done after"],
        ),
    ],
    end: "the script has ended: done after some steps",
};

pub(super) static STOCK: Scene = Scene {
    title: "3. A script has failed. Its frames are still there to be looked at.",
    name: "stock",
    file: "stock.rhai",
    script: include_str!("../scripts/stock.rhai"),
    options: &["--record", "--hold"],
    awaited: "the script has failed",
    commands: include_str!("../scripts/stock.commands"),
    claims: &[
        ("the error was kept", &["error: Runtime error: only 1 of lamps left (line 6, position 9)"]),
        (
            "and the frames that it came through",
            &["  0 stock.rhai:21 in (script)", "> 2 stock.rhai:6 in take(stock, order)"],
        ),
        ("the variables of the innermost", &["left = -2 (i64)", "[2 messages]"]),
        ("of its caller", &["(debug) locals", "served = 2 (i64)"]),
        ("and of the script", &["stock = #{\"count\": 10, \"name\": \"lamps\"} (map of 2)"]),
        ("what is asked is worked out over there", &["(debug) p stock.count + order.count", "4", "[2 messages]"]),
        ("the source came once", &["(debug) list", "[2 messages]", "(debug) list", "[0 messages]"]),
    ],
    end: "the script has failed: Runtime error: only 1 of lamps left (line 6, position 9)",
};

impl Scene {
    /// Prints each claim, or fails with the first that does not hold.
    pub(super) fn check(&self, played: &Played) -> Result<(), Failure> {
        for (text, wanted) in self.claims {
            claim(holds(&played.front, wanted), text)?;
        }
        claim(played.script.contains(self.end), &format!("its own process says: {}", self.end.replace('\n', "; ")))
    }

    pub(super) fn check_quietly(&self, played: &Played) -> Result<(), Failure> {
        let all = self.claims.iter().all(|(_, wanted)| holds(&played.front, wanted));
        if all && played.script.contains(self.end) { Ok(()) } else { Err("it was told otherwise".into()) }
    }
}

/// Whether these lines are there, one after another: each begins a line of what was told.
fn holds(told: &str, wanted: &[&str]) -> bool {
    let mut lines = told.lines();
    wanted.iter().all(|start| lines.any(|line| line.starts_with(start)))
}
