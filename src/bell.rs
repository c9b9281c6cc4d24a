//! What a loop that works off a queue waits for: that there may be work, or that it is to stop.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// The bell of one loop. A ring that nobody waits for is kept for whoever waits next.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Notify,
    is_stopping: AtomicBool,
}

impl Bell {
    /// There may be work.
    pub fn ring(&self) {
        self.rung.notify_one();
    }

    /// Done when there may be work, or the loop is to stop.
    pub async fn rung(&self) {
        self.rung.notified().await;
    }

    /// Lets the work under way go on to its end; no other is to be begun.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
        self.ring();
    }

    /// Whether [`Bell::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }
}
