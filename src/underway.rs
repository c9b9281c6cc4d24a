//! What is being done at this moment, by name: nothing begins twice at a time, whoever begins it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

/// Since when what is being done.
type Begun = Mutex<BTreeMap<&'static str, DateTime<Utc>>>;

/// The works under way.
#[derive(Debug, Default)]
pub struct Underway(Arc<Begun>);

/// One work under way. It is over when this is dropped, also by a panic.
#[derive(Debug)]
pub struct Work {
    name: &'static str,
    begun: Arc<Begun>,
}

impl Underway {
    /// Begins the work of this name; none if it is under way already.
    pub fn begin(&self, name: &'static str, now: DateTime<Utc>) -> Option<Work> {
        let mut begun = self.0.lock();
        if begun.contains_key(name) {
            return None;
        }
        begun.insert(name, now);
        Some(Work { name, begun: Arc::clone(&self.0) })
    }

    /// Since when the work of this name is under way, if it is.
    pub fn since(&self, name: &str) -> Option<DateTime<Utc>> {
        self.0.lock().get(name).copied()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.begun.lock().remove(self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_begins_twice_at_a_time() {
        let (works, now) = (Underway::default(), DateTime::UNIX_EPOCH);
        let first = works.begin("a", now).unwrap();
        assert!(works.begin("a", now).is_none() && works.begin("b", now).is_some());
        assert_eq!((works.since("a"), works.since("b")), (Some(now), None));
        drop(first);
        assert!(works.since("a").is_none() && works.begin("a", now).is_some());
    }
}
