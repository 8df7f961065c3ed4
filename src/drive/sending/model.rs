//! A model of the writer's role: whatever is queued before a kick leaves, in order, by one sender at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use super::Sending;
use crate::sync::{Condvar, Mutex, explore};

#[derive(Default)]
struct Writer {
    sending: Sending,
    queue: Mutex<VecDeque<u64>>,
    left: Mutex<Vec<u64>>,
    one_left: Condvar,
    in_send: AtomicBool,
    /// Kicks that are left to somebody else, as a sender does that has sent for others for long enough.
    handed_over: Mutex<HandedOver>,
    came: Condvar,
    /// Frames that one thread sends in a row.
    in_a_row: usize,
}

#[derive(Default)]
struct HandedOver {
    kicks: u64,
    /// All has left: whoever helps goes home.
    is_over: bool,
}

impl Writer {
    fn kick(&self) {
        if self.sending.begin().is_none() {
            return;
        }
        for _ in 0..self.in_a_row {
            let (frame, more) = {
                let mut queue = self.queue.lock();
                (queue.pop_front(), !queue.is_empty())
            };
            if let Some(frame) = frame {
                assert!(!self.in_send.swap(true, Ordering::SeqCst), "two threads send");
                thread::yield_now();
                self.left.lock().push(frame);
                self.one_left.notify_one();
                self.in_send.store(false, Ordering::SeqCst);
                self.sending.count();
            }
            if (frame.is_none() || !more) && self.sending.end(Vec::new()).is_none() {
                return;
            }
        }
        self.sending.abort();
        self.handed_over.lock().kicks += 1;
        self.came.notify_one();
    }

    /// What the crew does with what was handed over.
    fn help(&self) {
        loop {
            let mut handed_over = self.handed_over.lock();
            while handed_over.kicks == 0 && !handed_over.is_over {
                self.came.wait(&mut handed_over);
            }
            if handed_over.kicks == 0 {
                return;
            }
            handed_over.kicks -= 1;
            drop(handed_over);
            self.kick();
        }
    }
}

#[test]
fn model_what_is_queued_before_a_kick_leaves_in_order() {
    explore(10_000, || {
        // Few: with more of them, a later kick makes up for most that are lost.
        let (threads_max, frames_max) = (thread_rng().gen_range(2..4), thread_rng().gen_range(1..4));
        let in_a_row = if thread_rng().gen_bool(0.3) { 2 } else { usize::MAX };
        let writer = Arc::new(Writer { in_a_row, ..Writer::default() });
        let helper = writer.clone();
        let helper = thread::spawn(move || helper.help());
        let threads: Vec<_> = (0..threads_max)
            .map(|number| {
                let writer = writer.clone();
                thread::spawn(move || {
                    for frame in 0..frames_max {
                        writer.queue.lock().push_back(number * 10 + frame);
                        if frame + 1 == frames_max || thread_rng().gen_bool(0.7) {
                            writer.kick();
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        // No kick comes any more: what was kicked is on its way by itself.
        {
            let mut left = writer.left.lock();
            while (left.len() as u64) < threads_max * frames_max {
                writer.one_left.wait(&mut left);
            }
        }
        writer.handed_over.lock().is_over = true;
        writer.came.notify_one();
        helper.join().unwrap();
        assert!(writer.sending.under_way().is_none());
        let left = writer.left.lock();
        for number in 0..threads_max {
            let of_thread: Vec<_> = left.iter().filter(|frame| **frame / 10 == number).collect();
            assert!(of_thread.is_sorted() && of_thread.len() as u64 == frames_max, "{:?}", *left);
        }
    });
}
