//! Typed objects for a line of three sides: the owner of a sensor, a middle that hands it on, and who uses it.

use std::sync::Arc;

use parking_lot::Mutex;
use wherever::typed::{Items, TypedProxy};
use wherever::{DeclaredError, Error, ValueType};

/// Why a sensor did not read.
#[derive(Debug, DeclaredError)]
pub enum SensorError {
    /// It is broken.
    Broken {
        /// Since then.
        since: i64,
    },
    /// The call failed on its way.
    #[wherever(remote)]
    Remote(Error),
}

impl std::fmt::Display for SensorError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for SensorError {}

/// What a sensor reads.
#[derive(Clone, Debug, PartialEq, ValueType)]
pub struct Reading {
    /// When.
    pub at: i64,
    /// In which unit.
    pub unit: String,
}

/// Hears of readings.
#[wherever::interface("org.example.Ear/1")]
pub trait Ear {
    /// Hears one, and says when it was.
    fn hear(&self, reading: Reading) -> Result<i64, Error>;
}

/// Reads something.
#[wherever::interface("org.example.Sensor/1")]
pub trait Sensor {
    /// Reads at this time; none below zero.
    fn read(&self, at: i64) -> Result<Reading, SensorError>;
    /// Tells the ear two readings; the sum of what it says.
    fn tell(&self, ear: Arc<dyn Ear>) -> Result<i64, Error>;
    /// Keeps the ear.
    fn keep(&self, ear: Arc<dyn Ear>) -> Result<(), Error>;
    /// So many readings.
    fn readings(&self, count: i64) -> Result<Items<Reading>, Error>;
    /// The sum of numbers.
    fn sum(&self, numbers: Vec<i64>) -> Result<i64, Error>;
    /// Another sensor.
    fn part(&self) -> Result<SensorProxy, Error>;
}

/// A sensor.
#[derive(Default)]
pub struct Thermometer {
    /// What it was given to keep.
    pub kept: Arc<Mutex<Vec<Arc<dyn Ear>>>>,
}

/// What is read at this time.
pub fn reading(at: i64) -> Reading {
    Reading { at, unit: "K".into() }
}

#[wherever::export]
impl Sensor for Thermometer {
    fn read(&self, at: i64) -> Result<Reading, SensorError> {
        if at < 0 { Err(SensorError::Broken { since: at }) } else { Ok(reading(at)) }
    }

    fn tell(&self, ear: Arc<dyn Ear>) -> Result<i64, Error> {
        Ok(ear.hear(reading(1))? + ear.hear(reading(2))?)
    }

    fn keep(&self, ear: Arc<dyn Ear>) -> Result<(), Error> {
        self.kept.lock().push(ear);
        Ok(())
    }

    fn readings(&self, count: i64) -> Result<Items<Reading>, Error> {
        Ok(Items::new((0..count).map(reading)))
    }

    fn sum(&self, numbers: Vec<i64>) -> Result<i64, Error> {
        Ok(numbers.iter().sum())
    }

    fn part(&self) -> Result<SensorProxy, Error> {
        Ok(SensorProxy::of(Thermometer::default()))
    }
}

/// Hands on what it has of others, and what it is given.
#[wherever::interface("org.example.Broker/1")]
pub trait Broker {
    /// The sensor.
    fn sensor(&self) -> Result<SensorProxy, Error>;
    /// Uses the sensor itself.
    fn read_for(&self, at: i64) -> Result<Reading, SensorError>;
}

/// A middle's broker of this sensor.
#[derive(Debug)]
pub struct Shop(pub SensorProxy);

#[wherever::export]
impl Broker for Shop {
    fn sensor(&self) -> Result<SensorProxy, Error> {
        Ok(self.0.clone())
    }

    fn read_for(&self, at: i64) -> Result<Reading, SensorError> {
        self.0.read(at)
    }
}
