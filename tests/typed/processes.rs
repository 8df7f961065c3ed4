//! A line of three real processes, one of which is killed.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use wherever::{Error, Node};
use wherever_tests::line::{Broker, BrokerProxy, Ear, Reading, Sensor, SensorError, SensorProxy, Thermometer, reading};

/// A process of the line, killed when the test is over.
struct Side(Arc<Mutex<Child>>);

impl Side {
    /// Starts it, and waits until it says that it is ready.
    fn start(words: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_line"));
        let mut child = command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "{words:?}");
        Self(Arc::new(Mutex::new(child)))
    }

    fn kill(&self) {
        let mut child = self.0.lock();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A folder for the sockets of one test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("wherever-line-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn url(&self, name: &str) -> String {
        format!("unix://{}", self.0.join(name).display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Kills a process when it first hears something.
struct Deadly(Arc<Mutex<Child>>);

impl Ear for Deadly {
    fn hear(&self, reading: Reading) -> Result<i64, Error> {
        assert_eq!(reading.at, 1, "who is dead tells nothing more");
        let mut child = self.0.lock();
        child.kill().unwrap();
        child.wait().unwrap();
        Ok(1)
    }
}

fn node() -> Node {
    Node::builder().value_type::<Reading>().build()
}

#[test]
fn the_owner_is_killed_within_a_call_and_its_callback() {
    let folder = Folder::new();
    let (up, down) = (folder.url("up"), folder.url("down"));
    let owner = Side::start(&["owner", &up]);
    let _middle = Side::start(&["middle", &up, &down]);
    let peer = wherever_transports::connect(&node(), &down).unwrap();
    let broker: BrokerProxy = peer.root().unwrap();
    let sensor = broker.sensor().unwrap();
    assert_eq!(sensor.read(1).unwrap(), reading(1));
    assert!(matches!(sensor.read(-1), Err(SensorError::Broken { since: -1 })));
    let mut items = sensor.readings(100).unwrap();
    assert_eq!(items.next().unwrap().unwrap(), reading(0));

    let Error::Disconnected(lost) = sensor.tell(Arc::new(Deadly(owner.0.clone()))).unwrap_err() else {
        panic!("something else than the loss of the owner");
    };
    assert!(lost.may_have_run && lost.hop.is_some(), "{lost}");
    let Some(Err(Error::Disconnected(lost))) = items.next() else { panic!("items after the death of who gave them") };
    assert!(lost.hop.is_some(), "{lost}");
    assert!(matches!(broker.read_for(1), Err(SensorError::Remote(Error::Disconnected(_)))));
    assert!(peer.ended().is_none(), "the middle lives");
}

#[test]
fn the_user_is_killed_and_the_owner_learns_it_when_it_calls_back() {
    let folder = Folder::new();
    let (up, down) = (folder.url("up"), folder.url("down"));
    let sensor = Thermometer::default();
    let kept = sensor.kept.clone();
    let node = node();
    node.export("sensor", sensor);
    let _server = wherever_transports::serve(&node, &up).unwrap();
    let _middle = Side::start(&["middle", &up, &down]);
    let user = Side::start(&["user", &down]);
    let ear = kept.lock().pop().unwrap();
    assert_eq!(ear.hear(reading(7)).unwrap(), 7);
    user.kill();
    let Error::Disconnected(lost) = ear.hear(reading(8)).unwrap_err() else { panic!("a dead user heard") };
    assert!(lost.hop.is_some(), "{lost}");
    // The middle goes on for others.
    let peer = wherever_transports::connect(&node, &down).unwrap();
    let sensor: SensorProxy = peer.root::<BrokerProxy>().unwrap().sensor().unwrap();
    assert_eq!(sensor.read(9).unwrap(), reading(9));
}

#[test]
fn the_middle_is_killed_and_both_ends_learn_it() {
    let folder = Folder::new();
    let (up, down) = (folder.url("up"), folder.url("down"));
    let _owner = Side::start(&["owner", &up]);
    let middle = Side::start(&["middle", &up, &down]);
    let peer = wherever_transports::connect(&node(), &down).unwrap();
    let sensor = peer.root::<BrokerProxy>().unwrap().sensor().unwrap();
    let Error::Disconnected(lost) = sensor.tell(Arc::new(Deadly(middle.0.clone()))).unwrap_err() else {
        panic!("something else than the loss of the middle");
    };
    assert!(lost.may_have_run && lost.hop.is_none(), "{lost}");
    peer.serve().unwrap();
    assert!(peer.ended().is_some());
    // The owner serves whoever comes next.
    let direct = wherever_transports::connect(&node(), &up).unwrap();
    assert_eq!(direct.get_as::<SensorProxy>("sensor").unwrap().read(2).unwrap(), reading(2));
}
