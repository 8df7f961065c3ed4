//! The last frames of a session that nothing refers to any more.

use std::time::Duration;

use crossbeam_channel::bounded;

use crate::drive::threads::{Threads, guarded};

/// Time that the last frames have for leaving, if the limits leave them as much.
const TIME_MAX: Duration = Duration::from_secs(1);

impl Threads {
    /// Sends the last frames, by a worker, and closes the carrier when they have left. A peer that takes none is waited
    /// for by another worker, which closes the carrier under it: no ticker looks at a session that is gone.
    pub(super) fn say_last(&self, frames: Vec<Vec<u8>>) {
        let workers = self.0.node.workers();
        let time = self.0.node.limits().send_time_max.min(TIME_MAX);
        let (have_left, left) = bounded::<()>(0);
        let closer = self.clone();
        let is_watched = workers.run(Box::new(move || {
            // Whoever sends says nothing, and lets go of its end.
            let _ = left.recv_timeout(time);
            closer.0.carrier.close();
        }));
        let (sender, is_watched) = (self.clone(), is_watched.is_ok());
        let send: Box<dyn FnOnce() + Send> = Box::new(move || {
            // Nobody is left who could be told that they did not arrive.
            let _ = frames.iter().try_for_each(|frame| guarded(|| sender.0.carrier.send(frame)));
            drop(have_left);
            if !is_watched {
                sender.0.carrier.close();
            }
        });
        if let Err(send) = workers.run(send) {
            send();
        }
    }
}
