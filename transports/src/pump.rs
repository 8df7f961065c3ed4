//! The task of an async session: it moves frames between the driver and a stream of bytes, both ways at once.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use wherever::drive::Tasks;
use wherever::transport::{Deframer, frame_head};

/// A stream of bytes, both ways, as either kind of async trait has it.
pub(crate) trait Pipe: Send {
    /// Reads into `bytes`; 0 is the end.
    fn poll_read(&mut self, context: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>>;
    /// Writes some of these bytes.
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;
    /// Has what was written leave.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// Ends the writing.
    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// Times that the task reads before other tasks have their turn.
const READS_A_TURN: usize = 16;

/// Moves the frames of a session until it is over.
pub(crate) fn run(tasks: Tasks, pipe: impl Pipe) -> impl Future<Output = ()> {
    let mut pump = Pump {
        tasks,
        pipe,
        arriving: Deframer::default(),
        leaving: None,
        unflushed: false,
        at_end: false,
        over: false,
    };
    poll_fn(move |context| pump.poll(context))
}

struct Pump<P> {
    tasks: Tasks,
    pipe: P,
    arriving: Deframer,
    leaving: Option<Leaving>,
    /// Something was written that may not have left.
    unflushed: bool,
    /// The stream has ended, and is not read again.
    at_end: bool,
    /// The last frame was taken.
    over: bool,
}

/// A frame that is being written.
struct Leaving {
    head: [u8; 4],
    frame: Vec<u8>,
    written: usize,
}

impl<P: Pipe> Pump<P> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        for _ in 0..READS_A_TURN {
            if self.poll_send(context).is_ready() {
                return Poll::Ready(());
            }
            // Whatever the sending waits for: two sides that only sent would wait for ever.
            if self.poll_receive(context).is_pending() {
                if !self.arriving.is_within_frame() {
                    // An idle session keeps no buffer.
                    self.arriving = Deframer::default();
                }
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Sends what there is; ready when the session is over, and all of it has left.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self.try_send(context) {
            Poll::Pending if self.leaving.is_some() || self.over => self.tasks.poll_given_up(context),
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(error)) => {
                self.tasks.cut(&format!("sending failed: {error}"));
                Poll::Ready(())
            }
        }
    }

    fn try_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.over {
            ready!(self.write(context))?;
            match self.tasks.poll_frame(context) {
                Poll::Ready(Some(frame)) => {
                    let head = frame_head(frame.len())?;
                    self.leaving = Some(Leaving { head, frame, written: 0 });
                }
                Poll::Ready(None) => self.over = true,
                Poll::Pending => {
                    ready!(self.flush(context))?;
                    return Poll::Pending;
                }
            }
        }
        ready!(self.flush(context))?;
        self.pipe.poll_close(context)
    }

    fn write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(leaving) = &mut self.leaving {
            let head = leaving.head.get(leaving.written..).unwrap_or_default();
            let frame = leaving.frame.get(leaving.written.saturating_sub(leaving.head.len())..).unwrap_or_default();
            if head.is_empty() && frame.is_empty() {
                self.leaving = None;
                continue;
            }
            match ready!(self.pipe.poll_write(context, &[IoSlice::new(head), IoSlice::new(frame)])) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    leaving.written += count;
                    self.unflushed = true;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unflushed {
            ready!(self.pipe.poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes in what has arrived; ready when something has.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.at_end {
            return Poll::Pending;
        }
        match ready!(self.pipe.poll_read(context, self.arriving.space())) {
            Ok(0) => {
                let text = match self.arriving.is_within_frame() {
                    true => "the stream ended within a frame",
                    false => "the stream ended",
                };
                self.end(&format!("the carrier ended: {text}"));
            }
            Ok(count) => {
                self.arriving.filled(count);
                let mut frame = Vec::new();
                loop {
                    match self.arriving.take(&mut frame) {
                        Ok(true) => self.tasks.put_frame(&frame),
                        Ok(false) => break,
                        Err(error) => {
                            self.end(&format!("receiving failed: {error}"));
                            break;
                        }
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => self.end(&format!("receiving failed: {error}")),
        }
        Poll::Ready(())
    }

    fn end(&mut self, reason: &str) {
        self.at_end = true;
        self.arriving = Deframer::default();
        self.tasks.cut(reason);
    }
}
