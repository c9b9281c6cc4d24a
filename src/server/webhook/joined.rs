//! One piece of work for all attempts of a message.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use super::Patience;
use crate::wechat::Reply;

/// The works under way, by account and message. What is done is not here any more: the desk knows answers that had
/// an effect, and finds the others again.
#[derive(Default)]
pub(super) struct Joined {
    under_way: Arc<Mutex<HashMap<String, Work>>>,
    /// The works as tasks, so that a stopping server can wait for them.
    tasks: TaskTracker,
}

struct Work {
    /// Attempts that have joined.
    attempts: u32,
    /// The last attempt was told that the answer comes later.
    is_late: bool,
    done: watch::Receiver<Option<Reply>>,
}

/// One attempt, waiting.
pub(super) struct Ticket {
    key: String,
    attempt: u32,
    done: watch::Receiver<Option<Reply>>,
    under_way: Arc<Mutex<HashMap<String, Work>>>,
}

/// What an attempt can be told.
pub(super) enum Outcome {
    /// The answer.
    Ready(Reply),
    /// It will be kept for the follower's next message.
    Kept,
}

impl Joined {
    /// Waits until nothing is under way and every late answer is kept. Nothing may be joined any more.
    pub(super) async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Joins the work on this message, beginning it if nobody has. `late` gets the reply if it comes after the last
    /// attempt has been told to wait.
    pub(super) fn join<W, L, K>(&self, account: &str, message: &str, begin: impl FnOnce() -> (W, L)) -> Ticket
    where
        W: Future<Output = Reply> + Send + 'static,
        L: FnOnce(Reply) -> K + Send + 'static,
        K: Future<Output = ()> + Send,
    {
        let key = format!("{account}/{message}");
        let mut under_way = self.under_way.lock();
        let work = under_way.entry(key.clone()).or_insert_with(|| {
            let (work, late) = begin();
            self.spawn(key.clone(), work, late)
        });
        work.attempts += 1;
        let (attempt, done) = (work.attempts, work.done.clone());
        Ticket { key, attempt, done, under_way: Arc::clone(&self.under_way) }
    }

    fn spawn<W, L, K>(&self, key: String, work: W, late: L) -> Work
    where
        W: Future<Output = Reply> + Send + 'static,
        L: FnOnce(Reply) -> K + Send + 'static,
        K: Future<Output = ()> + Send,
    {
        let (send, done) = watch::channel(None);
        let under_way = Arc::clone(&self.under_way);
        self.tasks.spawn(async move {
            let reply = work.await;
            // Leaving the table and looking at the flag is one step: an attempt either finds the work gone and its
            // answer there, or has left its mark before.
            let is_late = under_way.lock().remove(&key).is_some_and(|work| work.is_late);
            if is_late {
                late(reply.clone()).await;
            }
            let _ = send.send(Some(reply));
        });
        Work { attempts: 0, is_late: false, done }
    }
}

impl Ticket {
    /// Waits for the answer. An attempt before the last waits as long as its connection lives: the platform closes
    /// it and asks again. Only the last one has the answer kept, so that nobody gets it twice.
    pub(super) async fn wait(mut self, patience: Patience) -> Outcome {
        if self.attempt >= patience.attempts {
            let in_time = self.done_by(Instant::now() + patience.attempt).await;
            if let Some(reply) = in_time {
                return Outcome::Ready(reply);
            }
            if let Some(work) = self.under_way.lock().get_mut(&self.key) {
                work.is_late = true;
                return Outcome::Kept;
            }
            // It has just been done.
        }
        match self.done.wait_for(Option::is_some).await.ok().and_then(|reply| reply.clone()) {
            Some(reply) => Outcome::Ready(reply),
            None => Outcome::Kept,
        }
    }

    async fn done_by(&mut self, deadline: Instant) -> Option<Reply> {
        let done = timeout_at(deadline, self.done.wait_for(Option::is_some)).await;
        done.ok()?.ok()?.clone()
    }
}
