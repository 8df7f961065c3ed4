//! Where the results of the calls that a session serves go.

use std::sync::Arc;

use crate::context::{CallContext, ReplyTo};
use crate::drive::held;
use crate::drive::hub::Hub;
use crate::drive::run::conclude;
use crate::drive::work::Work;
use crate::error::Error;
use crate::host::Outcome;
use crate::table::Id;
use crate::value::Value;

impl ReplyTo for Hub {
    fn settle(&self, answer: Id, result: Result<Value, Error>) {
        let Some(hub) = self.strong() else { return };
        self.driver().settling(answer);
        held::settle_when_whole(&hub, answer, result);
    }

    fn suspend(&self, answer: Id) {
        self.with(|session| session.suspend(answer));
        if let Some(hub) = self.strong() {
            hub.kick();
        }
    }

    fn resume(&self, answer: Id) {
        self.with(|session| session.resume_stream(answer));
        if let Some(hub) = self.strong() {
            hub.kick();
        }
    }

    fn run_later(&self, task: Box<dyn FnOnce() + Send>) {
        if let Some(hub) = self.strong() {
            self.driver().take_work(&hub, Work::Task(task));
        }
    }

    fn hub(&self) -> Option<Arc<Hub>> {
        self.strong()
    }

    fn conclude(&self, context: &CallContext, outcome: Outcome) {
        if let Some(hub) = self.strong() {
            conclude(&hub, context, outcome);
        }
    }
}
