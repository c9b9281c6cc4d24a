//! Where robots.txt are remembered across restarts, so that a program that is started often does not ask often.

use std::sync::Arc;

use super::fetch::RobotsMemory;
use super::robots::{Found, KeptRobots};
use crate::library::Library;
use crate::store::records::RobotsRecord;
use crate::store::schema::ROBOTS;
use crate::store::{self, Durability, Store};

/// Longer texts are kept as files: the store is for small values.
const INLINE: usize = 4_096;

/// The memory that the store is.
pub(super) fn of_robots(store: Arc<Store>, library: Arc<Library>) -> RobotsMemory {
    let same = Arc::clone(&store);
    RobotsMemory {
        recall: Box::new(move |site| match recall(&same, site) {
            Ok(kept) => kept,
            Err(error) => {
                log::error!("remembering a robots.txt: {error}");
                None
            }
        }),
        keep: Box::new(move |site, kept| {
            if let Err(error) = keep(&store, &library, site, kept) {
                log::error!("keeping a robots.txt: {error}");
            }
        }),
    }
}

fn recall(store: &Store, site: &str) -> store::Result<Option<KeptRobots>> {
    let Some(record) = store.get(&ROBOTS, &site.to_owned())? else { return Ok(None) };
    let found = match (record.inline, record.file, record.unreadable) {
        (Some(text), _, _) => Found::Text(text),
        (None, Some(file), _) => Found::Text(String::from_utf8_lossy(&store.files().read(&file)?).into_owned()),
        (None, None, Some((why, times))) => Found::Unreadable { why, times },
        (None, None, None) => Found::Nothing,
    };
    Ok(Some(KeptRobots { asked_at: record.asked_at, found }))
}

fn keep(store: &Store, library: &Library, site: &str, kept: &KeptRobots) -> store::Result<()> {
    let _held = library.hold_files();
    let mut record = RobotsRecord { asked_at: kept.asked_at, ..RobotsRecord::default() };
    match &kept.found {
        Found::Text(text) if text.len() <= INLINE => record.inline = Some(text.clone()),
        Found::Text(text) => record.file = Some(store.files().put(text.as_bytes())?),
        Found::Unreadable { why, times } => record.unreadable = Some((why.clone(), *times)),
        Found::Nothing => {}
    }
    store.write(Durability::Durable, |write| write.put(&ROBOTS, &site.to_owned(), &record))
}
