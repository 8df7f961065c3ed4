//! A process between two others: what it holds of one, used typed and dynamically by the other.

use std::sync::Arc;

use parking_lot::Mutex;
use wherever::hosts::Function;
use wherever::transport::memory_pair;
use wherever::typed::TypedProxy;
use wherever::{Error, Node, Peer, Proxy, Value};
use wherever_tests::line::{
    Broker, BrokerProxy, Ear, Reading, Sensor, SensorError, SensorProxy, Shop, Thermometer, reading,
};

struct Listening(Mutex<Vec<Reading>>);

impl Ear for Listening {
    fn hear(&self, reading: Reading) -> Result<i64, Error> {
        let at = reading.at;
        self.0.lock().push(reading);
        Ok(at)
    }
}

/// Three sides: the owner of a sensor, a middle, and who uses the sensor through it.
struct Line {
    owner: Peer,
    upstream: Peer,
    downstream: Peer,
    user: Peer,
}

impl Line {
    fn new() -> Self {
        let node = || Node::builder().value_type::<Reading>().build();
        let (owner_node, middle_node) = (node(), node());
        owner_node.export("sensor", Thermometer::default());
        let (near, far) = memory_pair();
        let owner = wherever::connect(&owner_node, far);
        let upstream = wherever::connect(&middle_node, near);
        middle_node.export_root(Shop(upstream.get_as("sensor").unwrap()));
        let (near, far) = memory_pair();
        let downstream = wherever::connect(&middle_node, far);
        let user = wherever::connect(&node(), near);
        Self { owner, upstream, downstream, user }
    }

    fn broker(&self) -> BrokerProxy {
        self.user.root().unwrap()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.user.close("the test is over");
        self.upstream.close("the test is over");
    }
}

#[test]
fn a_typed_proxy_goes_on_through_a_middle() {
    let line = Line::new();
    let sensor = line.broker().sensor().unwrap();
    assert_eq!(sensor.read(3).unwrap(), reading(3));
    assert_eq!(sensor.part().unwrap().read(4).unwrap(), reading(4));
    assert_eq!(sensor.sum(vec![1, 2, 3]).unwrap(), 6);
    let list = wherever::hosts::List::from(vec![Value::Int(4), Value::Int(5)]);
    assert_eq!(sensor.proxy().call("sum", (list,)).unwrap(), Value::Int(9));
    let (before, upstream) = (line.user.stats(), line.upstream.stats());
    sensor.read(5).unwrap();
    assert_eq!(line.user.stats().messages_sent - before.messages_sent, 1);
    assert_eq!(line.upstream.stats().messages_sent - upstream.messages_sent, 1);
}

#[test]
fn declared_errors_come_through_it_as_themselves() {
    let line = Line::new();
    let broker = line.broker();
    let sensor = broker.sensor().unwrap();
    assert!(matches!(sensor.read(-3), Err(SensorError::Broken { since: -3 })));
    assert!(matches!(broker.read_for(-4), Err(SensorError::Broken { since: -4 })));
    let raised = sensor.proxy().call("read", (-5,)).unwrap_err();
    assert!(raised.raised().unwrap().type_name.ends_with("line::SensorError"));
}

#[test]
fn callbacks_and_streams_come_through_it() {
    let line = Line::new();
    let sensor = line.broker().sensor().unwrap();
    let ear = Arc::new(Listening(Mutex::default()));
    assert_eq!(sensor.tell(ear.clone()).unwrap(), 3);
    assert_eq!(*ear.0.lock(), [reading(1), reading(2)]);
    let hear = Function::typed("hear", |_: Value| 21);
    let dynamic = sensor.proxy().call("tell", (hear,)).unwrap_err().to_string();
    assert!(dynamic.contains("ear: wanted an object with the interface org.example.Ear/1"), "{dynamic}");
    for items in [sensor.readings(3).unwrap(), sensor.readings(3).unwrap().buffered(2)] {
        let all = items.collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(all, [reading(0), reading(1), reading(2)]);
    }
    let mut begun = sensor.readings(1_000_000).unwrap();
    assert_eq!(begun.next().unwrap().unwrap(), reading(0));
}

#[test]
fn the_death_of_the_owner_is_told_with_the_hop() {
    let line = Line::new();
    let broker = line.broker();
    let sensor = broker.sensor().unwrap();
    let mut begun = sensor.readings(10).unwrap();
    assert_eq!(begun.next().unwrap().unwrap(), reading(0));
    line.owner.close("gone");
    line.owner.serve().unwrap();
    line.upstream.serve().unwrap();
    for error in [
        sensor.proxy().call("read", (1,)).unwrap_err(),
        begun.next().unwrap().unwrap_err(),
        match sensor.read(1).unwrap_err() {
            SensorError::Remote(error) => error,
            declared => panic!("{declared}"),
        },
    ] {
        let Error::Disconnected(lost) = error else { panic!("{error}") };
        assert!(lost.hop.is_some(), "{lost}");
    }
    assert!(line.downstream.ended().is_none() && line.user.ended().is_none());
    assert!(matches!(broker.read_for(1), Err(SensorError::Remote(Error::Disconnected(_)))));
}

#[test]
fn the_death_of_the_user_leaves_the_owner_with_nothing_of_it() {
    let line = Line::new();
    let sensor = line.broker().sensor().unwrap();
    let ear: Arc<dyn Ear> = Arc::new(Listening(Mutex::default()));
    assert_eq!(sensor.tell(ear).unwrap(), 3);
    let dynamic: Proxy = sensor.proxy().clone();
    line.user.close("gone");
    line.user.serve().unwrap();
    line.downstream.serve().unwrap();
    assert!(matches!(dynamic.call("read", (1,)), Err(Error::Disconnected(_))));
    // What the middle passes on next to the owner takes its releases along.
    let direct: SensorProxy = line.upstream.get_as("sensor").unwrap();
    assert_eq!(direct.read(2).unwrap(), reading(2));
    let held = line.upstream.stats();
    direct.read(2).unwrap();
    assert_eq!(held.exports, 0, "{held:?}");
}
