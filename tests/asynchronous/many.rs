//! Many sessions in one process, without a thread for each.

use wherever::{Node, Peer, Proxy, Value};
use wherever_transports::tokio::connect;

use crate::support::{assert_idle, echoing_node};

/// Bytes of memory that the process has, where the system tells.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Threads that the process has, where the system tells.
fn threads() -> u64 {
    std::fs::read_dir("/proc/self/task").map_or(0, |tasks| tasks.count() as u64)
}

#[tokio::test(flavor = "current_thread")]
async fn a_thousand_idle_sessions_on_one_thread_all_answer() {
    const SESSIONS: usize = 1000;
    let (client, server) = (Node::new(), echoing_node());
    let (memory, before) = (resident(), threads());
    let mut sessions: Vec<(Peer, Peer, Proxy)> = Vec::new();
    for _ in 0..SESSIONS {
        let (near, far) = tokio::io::duplex(64);
        let (peer, served) = (connect(&client, near), connect(&server, far));
        let there = peer.get_later("echoing").await.unwrap();
        sessions.push((peer, served, there));
    }
    let idle = resident().saturating_sub(memory);
    println!("{} bytes a side, each with one proxy or export; {} threads", idle / (2 * SESSIONS as u64), threads());
    // The node's tickers, and whatever other tests run at the same time.
    assert!(threads() <= before + 64, "a thread for each: {}", threads());
    for (number, (.., there)) in sessions.iter().enumerate() {
        let number = number as i64;
        assert_eq!(there.method("echo").args((number,)).await.unwrap(), Value::Int(number));
    }
    for (peer, served, there) in sessions {
        drop(there);
        assert_idle(&peer, &served).await;
        drop(peer);
        served.over().await;
        assert!(served.stats().is_idle());
    }
}
