//! A model of the drop queue: an object that is dropped and comes again at the same time is never released while a
//! handle lives, and is released in the end. The handles, the table of imports and the queue are the real ones.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::RwLock;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use super::LetGo;
use crate::shape::{Category, Shape};
use crate::sync::{Condvar, Mutex, explore};
use crate::table::{Handle, Id, Imports, Origin};

/// The side that holds handles, and the owner of the one object.
struct Side {
    me: Weak<Side>,
    let_go: LetGo,
    session: Mutex<Session>,
    owner: Mutex<Owner>,
    /// Frames under way from the owner.
    frames: Mutex<VecDeque<u64>>,
    freed: Condvar,
    ticking: Mutex<Ticking>,
    turned: Condvar,
}

#[derive(Default)]
struct Session {
    imports: Imports,
    noted: VecDeque<Id>,
    booked: u64,
}

#[derive(Default)]
struct Owner {
    frames: u64,
    last_mention: u64,
    freed: bool,
}

#[derive(Default)]
struct Ticking {
    enlisted: bool,
    over: bool,
}

impl Side {
    fn new() -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            let_go: LetGo::default(),
            session: Mutex::default(),
            owner: Mutex::default(),
            frames: Mutex::default(),
            freed: Condvar::default(),
            ticking: Mutex::default(),
            turned: Condvar::default(),
        })
    }

    /// As the hub does it.
    fn with<R>(&self, act: impl FnOnce(&mut Session) -> R) -> R {
        let mut session = self.session.lock();
        for id in self.let_go.take() {
            if session.imports.note_let_go(id.number()) {
                session.noted.push_back(id);
            }
        }
        act(&mut session)
    }

    fn is_due(&self) -> bool {
        !self.let_go.is_empty() || !self.session.lock().noted.is_empty()
    }

    /// The owner mentions the object once more, unless it is free: then it would go by another id.
    fn mention(&self) {
        let mut owner = self.owner.lock();
        if !owner.freed {
            owner.frames += 1;
            owner.last_mention = owner.frames;
            self.frames.lock().push_back(owner.frames);
        }
    }

    /// Takes in the next frame: the object is held from then on.
    fn book(&self) -> Option<Handle> {
        let origin: Arc<dyn Origin> = self.me.upgrade()?;
        let shape = Arc::new(RwLock::new(Arc::new(Shape::new("rust:Thing", Category::Instance))));
        let mut session = self.session.lock();
        self.frames.lock().pop_front()?;
        session.booked += 1;
        Some(session.imports.book(1, &origin, &shape, None))
    }

    /// A frame leaves, and what is to be released with it.
    fn send(&self) {
        let (releases, stamp) = self.with(|session| {
            let noted = std::mem::take(&mut session.noted);
            let releases: Vec<Id> = noted.into_iter().filter(|id| session.imports.forget_unheld(id.number())).collect();
            (releases, session.booked)
        });
        for _ in releases {
            let mut owner = self.owner.lock();
            if owner.last_mention <= stamp {
                owner.freed = true;
                self.freed.notify_one();
            }
        }
    }

    fn tick_all(&self) {
        loop {
            {
                let mut ticking = self.ticking.lock();
                while !ticking.enlisted && !ticking.over {
                    self.turned.wait(&mut ticking);
                }
                if ticking.over {
                    return;
                }
                ticking.enlisted = false;
            }
            if self.is_due() {
                self.send();
                self.enlist();
            }
        }
    }

    fn enlist(&self) {
        self.ticking.lock().enlisted = true;
        self.turned.notify_one();
    }

    fn assert_held(&self) {
        assert!(!self.owner.lock().freed, "released while a handle lives");
    }
}

impl Origin for Side {
    fn let_go(&self, id: Id) {
        if self.let_go.push(id) {
            self.enlist();
        }
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn session_number(&self) -> u64 {
        1
    }
}

#[test]
fn model_what_is_dropped_and_comes_again_is_released_in_the_end() {
    explore(8000, || {
        let side = Side::new();
        let ticker = side.clone();
        let ticker = thread::spawn(move || ticker.tick_all());
        side.mention();
        let holders: Vec<_> = (0..2)
            .map(|_| {
                let side = side.clone();
                thread::spawn(move || {
                    for _ in 0..3 {
                        let Some(handle) = side.book() else { continue };
                        side.assert_held();
                        match thread_rng().gen_range(0..3) {
                            0 => side.mention(),
                            1 => side.send(),
                            // As whoever looks at its state does, and sends nothing.
                            _ => side.with(|_| ()),
                        }
                        side.assert_held();
                        drop(handle);
                        match thread_rng().gen_range(0..3) {
                            0 => side.mention(),
                            1 => side.with(|_| ()),
                            _ => {}
                        }
                    }
                })
            })
            .collect();
        holders.into_iter().for_each(|holder| holder.join().unwrap());
        while let Some(handle) = side.book() {
            side.assert_held();
            drop(handle);
        }
        {
            let mut owner = side.owner.lock();
            while !owner.freed {
                side.freed.wait(&mut owner);
            }
        }
        side.ticking.lock().over = true;
        side.turned.notify_one();
        ticker.join().unwrap();
        assert_eq!(side.session.lock().imports.len(), 0);
    });
}
