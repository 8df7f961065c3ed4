//! Sessions over streams of the `futures-io` kind, on an executor of thirty lines.

use std::collections::VecDeque;
use std::future::IntoFuture;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;

use parking_lot::{Condvar, Mutex};
use wherever::drive::{Lane, Spawn, Task};
use wherever::{Node, Proxy, Value};
use wherever_transports::futures_io::connect;

use crate::support::{assert_idle, echoing, echoing_node};

/// Polls tasks on one thread, as long as anything can start or wake one.
#[derive(Clone, Default)]
struct Executor(Arc<Ready>);

#[derive(Default)]
struct Ready {
    tasks: Mutex<VecDeque<Arc<Running>>>,
    more: Condvar,
}

struct Running {
    task: Mutex<Option<Task>>,
    ready: Arc<Ready>,
}

impl Wake for Running {
    fn wake(self: Arc<Self>) {
        self.ready.clone().push(self);
    }
}

impl Ready {
    fn push(&self, task: Arc<Running>) {
        self.tasks.lock().push_back(task);
        self.more.notify_one();
    }
}

impl Spawn for Executor {
    fn spawn(&self, task: Task) {
        self.0.push(Arc::new(Running { task: Mutex::new(Some(task)), ready: self.0.clone() }));
    }
}

impl Executor {
    fn start() -> Self {
        let executor = Self::default();
        let ready = executor.0.clone();
        thread::spawn(move || {
            loop {
                let mut tasks = ready.tasks.lock();
                let Some(running) = tasks.pop_front() else {
                    ready.more.wait(&mut tasks);
                    continue;
                };
                drop(tasks);
                let waker = Waker::from(running.clone());
                let mut task = running.task.lock();
                let is_done = |task: &mut Task| task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
                if task.as_mut().is_some_and(is_done) {
                    *task = None;
                }
            }
        });
        executor
    }
}

#[cfg(unix)]
#[test]
fn calls_callbacks_and_the_end_over_a_real_socket() {
    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    let executor = Executor::start();
    let (near, far) = (async_io::Async::new(near).unwrap(), async_io::Async::new(far).unwrap());
    let peer = connect(&echoing_node(), near, executor.clone());
    let served = connect(&echoing_node(), far, executor);
    async_io::block_on(async {
        let there = peer.get_later("echoing").await.unwrap();
        let load = "x".repeat(300_000);
        let came = there.method("echo").args((load.as_str(),)).await.unwrap();
        assert_eq!(came, Value::text(load));
        let own = Proxy::from(wherever::value::Ref::Own(echoing()));
        let bounce = there.method("bounce").args((&own, 9, "load", &there));
        assert_eq!(Lane::of_task(bounce.into_future()).await.unwrap(), Value::text("load"));
        drop((there, own));
        assert_idle(&peer, &served).await;
        peer.close("done");
        served.over().await;
        assert!(served.stats().is_idle());
        assert!(matches!(connect_closed(&peer).await, Err(wherever::Error::Disconnected(_))));
    });
}

async fn connect_closed(peer: &wherever::Peer) -> Result<Proxy, wherever::Error> {
    peer.get_later("echoing").await
}

#[cfg(unix)]
#[test]
fn both_kinds_of_runtime_talk_to_each_other() {
    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    let served = connect(&echoing_node(), async_io::Async::new(far).unwrap(), Executor::start());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        near.set_nonblocking(true).unwrap();
        let near = tokio::net::UnixStream::from_std(near).unwrap();
        let peer = wherever_transports::tokio::connect(&Node::new(), near);
        let there = peer.get_later("echoing").await.unwrap();
        for n in 0..100 {
            assert_eq!(there.method("echo").args((n,)).await.unwrap(), Value::Int(n));
        }
        drop(there);
        assert_idle(&peer, &served).await;
    });
}
