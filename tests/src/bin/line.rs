//! One side of a line of three, as a process: `owner URL` has a sensor, `middle UPSTREAM URL` hands it on, `user URL` has
//! the sensor keep an ear of its. Each says `ready`, and goes on until it is killed or nobody needs it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a process of a test: it fails by panicking, and says so"
)]

use std::sync::Arc;

use wherever::{Error, Node};
use wherever_tests::line::{Broker, BrokerProxy, Ear, Reading, Sensor, SensorProxy, Shop, Thermometer};

struct Silent;

impl Ear for Silent {
    fn hear(&self, reading: Reading) -> Result<i64, Error> {
        Ok(reading.at)
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let node = Node::builder().value_type::<Reading>().build();
    match words[..] {
        ["owner", url] => {
            node.export("sensor", Thermometer::default());
            serve(&node, url);
        }
        ["middle", upstream, url] => {
            let upstream = wherever_transports::connect(&node, upstream).unwrap();
            node.export_root(Shop(upstream.get_as::<SensorProxy>("sensor").unwrap()));
            serve(&node, url);
        }
        ["user", url] => {
            let peer = wherever_transports::connect(&node, url).unwrap();
            let broker: BrokerProxy = peer.root().unwrap();
            let sensor = broker.sensor().unwrap();
            sensor.keep(Arc::new(Silent)).unwrap();
            println!("ready");
            peer.serve().unwrap();
        }
        _ => panic!("owner URL, middle UPSTREAM URL or user URL, not {words:?}"),
    }
}

fn serve(node: &Node, url: &str) {
    let _server = wherever_transports::serve(node, url).unwrap();
    println!("ready");
    loop {
        std::thread::park();
    }
}
