//! Counting downloads: each follower, book and file once a day, up to the follower's quota.

use chrono::{DateTime, Utc};

use super::{Error, Library, Result, shelf};
use crate::statistics::{self, Rarely};
use crate::store::records::BookId;
use crate::store::schema::{BOOKS, FOLLOWER_OF_ALIAS, FOLLOWERS, QUOTAS};
use crate::store::{self, Durability, Write};
use crate::wechat::is_test_follower;

/// The counter of all downloads.
pub(super) const DOWNLOADS: &str = "downloads";

/// Most downloads remembered of one follower.
const MOST_REMEMBERED: usize = 20;

/// Whether a download may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Download {
    /// It may.
    Granted,
    /// The follower has had as many as a day allows.
    OverQuota,
}

impl Library {
    /// Counts a download and says whether it may go on. The same file for the same alias on the same day counts once,
    /// so that a broken or divided transfer costs nothing.
    ///
    /// # Errors
    /// When there is no such book, or the store fails.
    pub fn download(
        &self,
        id: BookId,
        file: &str,
        alias: &str,
        limit_per_day: u32,
        now: DateTime<Utc>,
    ) -> Result<Download> {
        let day = self.day(now);
        let total = (day.clone(), alias.to_owned());
        let mark = (day.clone(), format!("{alias}/{id}/{file}"));
        if self.store.get(&QUOTAS, &mark)?.is_some() {
            return Ok(Download::Granted);
        }
        self.store.write(Durability::Durable, |write| {
            let used = write.get(&QUOTAS, &total)?.unwrap_or(0);
            if write.get(&QUOTAS, &mark)?.is_some() {
                return Ok(Download::Granted);
            }
            if used >= u64::from(limit_per_day) {
                return Ok(Download::OverQuota);
            }
            write.put(&QUOTAS, &mark, &1)?;
            write.put(&QUOTAS, &total, &(used + 1))?;
            let follower = write.get(&FOLLOWER_OF_ALIAS, &alias.to_owned())?;
            let is_test = follower.is_some_and(|(_, open_id)| is_test_follower(&open_id));
            if !is_test {
                let downloads = count_for_book(write, id)?;
                statistics::note(write, &day, Rarely::Download)?;
                statistics::note_downloads(write, &self.store, id, downloads)?;
            }
            remember(write, id, alias, now)?;
            Ok::<_, Error>(Download::Granted)
        })
    }

    /// How many downloads the alias has had today.
    ///
    /// # Errors
    /// When the store fails.
    pub fn downloads_today(&self, alias: &str, now: DateTime<Utc>) -> Result<u64> {
        Ok(self.store.get(&QUOTAS, &(self.day(now), alias.to_owned()))?.unwrap_or(0))
    }

    /// The day in the owner's time zone, as quotas are kept under.
    pub fn day(&self, now: DateTime<Utc>) -> String {
        statistics::day_of(now, self.time_zone)
    }
}

/// Counts a download for its book, and gives how many there have been.
fn count_for_book(write: &mut Write<'_>, id: BookId) -> Result<u64> {
    let before = write.get(&BOOKS, &id)?.ok_or(Error::NoSuchBook(id))?;
    let mut after = before.clone();
    after.downloads += 1;
    shelf::put(write, id, Some(&before), &after)?;
    write.count(DOWNLOADS, 1)?;
    Ok(after.downloads)
}

fn remember(write: &mut Write<'_>, id: BookId, alias: &str, now: DateTime<Utc>) -> Result<(), store::Error> {
    let Some(key) = write.get(&FOLLOWER_OF_ALIAS, &alias.to_owned())? else { return Ok(()) };
    let Some(mut follower) = write.get(&FOLLOWERS, &key)? else { return Ok(()) };
    follower.downloads.retain(|(book, _)| *book != id);
    follower.downloads.insert(0, (id, now));
    follower.downloads.truncate(MOST_REMEMBERED);
    write.put(&FOLLOWERS, &key, &follower)
}
