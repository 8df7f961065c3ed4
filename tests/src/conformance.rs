//! What every carrier must do, as a check that any carrier can be put through. `docs/transports.md` says it in words.

use std::io::{ErrorKind, Result};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use wherever::Transport;

/// What a carrier claims to do beyond the two functions. Whether it is interruptible it says itself.
#[derive(Clone, Copy, Debug)]
pub struct Claims {
    /// [`Transport::close`] makes blocked threads return, and ends the carrier for both sides.
    pub closes: bool,
}

/// Lengths of frames around the borders of headers, buffers and pipes.
const LENGTHS: [usize; 14] = [0, 1, 2, 3, 4, 5, 255, 256, 1023, 1024, 8192, 65_536, 65_537, 300_000];

/// Short frames that follow each other.
const MANY: u32 = 2000;

/// How long a thread may stay in a carrier that should have let it go; only a carrier that fails takes it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Puts carriers through all of it; `pair` makes two connected ends.
///
/// # Panics
/// If the carrier does not do what it must.
pub fn check<T: Transport>(pair: impl Fn() -> (T, T), claims: Claims) {
    frames_arrive(ends(&pair));
    the_end_comes_last(pair());
    let (near, far) = ends(&pair);
    if near.is_interruptible() {
        waiting_ends(&near, &far);
    }
    if claims.closes {
        closing_ends_receiving(ends(&pair));
        closing_ends_sending(ends(&pair));
    }
}

fn ends<T>(pair: &impl Fn() -> (T, T)) -> (Arc<T>, Arc<T>) {
    let (near, far) = pair();
    (Arc::new(near), Arc::new(far))
}

/// A frame that is like no other of its length.
fn frame(number: u32, len: usize) -> Vec<u8> {
    (0..len as u32).map(|place| (place.wrapping_mul(31) ^ place >> 8 ^ number) as u8).collect()
}

fn frames() -> impl Iterator<Item = Vec<u8>> {
    let short = (0..MANY).map(|number| frame(number, number as usize % 40));
    LENGTHS.into_iter().zip(0..).map(|(len, number)| frame(number, len)).chain(short)
}

/// Whole and in order, both ways at once.
fn frames_arrive<T: Transport>((near, far): (Arc<T>, Arc<T>)) {
    let (sender, done) = channel();
    for (from, to) in [(&near, &far), (&far, &near)] {
        let (from, told) = (from.clone(), sender.clone());
        thread::spawn(move || _ = told.send(frames().try_for_each(|frame| from.send(&frame))));
        let (to, told) = (to.clone(), sender.clone());
        thread::spawn(move || {
            // What is in the buffer before is replaced.
            let mut buffer = vec![0xEE; 1000];
            let all = frames().try_for_each(|frame| {
                to.recv(&mut buffer)?;
                assert!(buffer == frame, "a frame of {} bytes came as {} others", frame.len(), buffer.len());
                Ok(())
            });
            let _ = told.send(all);
        });
    }
    drop(sender);
    for _ in 0..4 {
        came(&done, "the frames of both sides").unwrap();
    }
}

/// What a thread has come to, which it must have by now.
fn came<R>(done: &Receiver<R>, what: &str) -> R {
    match done.recv_timeout(PATIENCE) {
        Ok(came) => came,
        Err(error) => panic!("{what}: {error}"),
    }
}

/// After every frame, and for good.
fn the_end_comes_last<T: Transport>((near, far): (T, T)) {
    let (sender, done) = channel();
    thread::spawn(move || {
        let mut buffer = Vec::new();
        let kinds = (0..4).map(|_| far.recv(&mut buffer).map_err(|error| error.kind()));
        let _ = sender.send(kinds.collect::<Vec<_>>());
    });
    for number in 0..2 {
        near.send(&frame(number, 10)).unwrap();
    }
    near.close();
    drop(near);
    let end = Err(ErrorKind::UnexpectedEof);
    assert_eq!(came(&done, "the end"), [Ok(()), Ok(()), end, end]);
}

/// By time, and by a wake; and no frame is lost by either.
fn waiting_ends<T: Transport>(near: &Arc<T>, far: &Arc<T>) {
    let mut buffer = Vec::new();
    let mut kind = |time| far.recv_until(&mut buffer, time).map_err(|error| error.kind());
    assert_eq!(kind(Some(Duration::ZERO)), Err(ErrorKind::TimedOut));
    far.wake();
    assert_eq!(kind(None), Err(ErrorKind::Interrupted), "a wake is kept for who comes next");
    assert_eq!(kind(Some(Duration::ZERO)), Err(ErrorKind::TimedOut), "and counts once");
    near.send(&frame(1, 5)).unwrap();
    assert_eq!(kind(None), Ok(()));
    // Whenever the wake comes, during the wait or before it.
    let (sender, done) = channel();
    let waits = far.clone();
    thread::spawn(move || _ = sender.send(waits.recv_until(&mut Vec::new(), None).map_err(|error| error.kind())));
    far.wake();
    assert_eq!(came(&done, "a wait that was woken"), Err(ErrorKind::Interrupted));
    near.send(&frame(2, 70_000)).unwrap();
    let mut buffer = vec![0xEE; 10];
    while far.recv_until(&mut buffer, Some(Duration::ZERO)).is_err() {}
    assert_eq!(buffer, frame(2, 70_000), "what has arrived of a frame is kept");
}

/// On this side at once; on the other as the end.
fn closing_ends_receiving<T: Transport>((near, far): (Arc<T>, Arc<T>)) {
    let (sender, done) = channel();
    for end in [&near, &far] {
        let (end, told) = (end.clone(), sender.clone());
        thread::spawn(move || _ = told.send(end.recv(&mut Vec::new())));
    }
    near.close();
    near.close();
    for _ in 0..2 {
        assert!(came::<Result<()>>(&done, "a recv that was closed").is_err());
    }
    assert!(near.send(&[1]).is_err(), "sending after closing");
    assert!(near.recv(&mut Vec::new()).is_err(), "receiving after closing");
}

/// Though the other side takes nothing.
fn closing_ends_sending<T: Transport>((near, far): (Arc<T>, Arc<T>)) {
    let (sender, done) = channel();
    let (begun, begins) = channel();
    let sends = near.clone();
    thread::spawn(move || {
        let frame = frame(0, 4096);
        let mut sent = 0_u64;
        let failed = loop {
            if let Err(error) = sends.send(&frame) {
                break error;
            }
            sent += 1;
            let _ = begun.send(sent);
        };
        let _ = sender.send(failed);
    });
    // It sends by now, and goes on until nothing more fits.
    came(&begins, "the first frame");
    near.close();
    came(&done, "a send that was closed");
    drop(far);
}
