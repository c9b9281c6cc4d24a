//! What happened at a source, line by line: the last few hundred, for the owner.

use super::{Crawler, Result};
use crate::store::Write;
use crate::store::records::CrawlLogRecord;
use crate::store::schema::CRAWL_LOG;

/// Lines kept of what happened at a source.
const MOST_LINES: usize = 500;

impl Crawler {
    /// The last lines of what happened at a source, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn log_of(&self, name: &str, most: usize) -> Result<Vec<CrawlLogRecord>> {
        let lines = self.store.under(&CRAWL_LOG, name, MOST_LINES * 2)?;
        Ok(lines.into_iter().rev().take(most).map(|(_, line)| line).collect())
    }

    /// How the last passes of a source ended, the newest first: of those among the lines that are kept.
    ///
    /// # Errors
    /// When the store fails.
    pub fn passes_of(&self, name: &str, most: usize) -> Result<Vec<CrawlLogRecord>> {
        let mut lines = self.log_of(name, MOST_LINES)?;
        lines.retain(|line| line.what == PASS);
        lines.truncate(most);
        Ok(lines)
    }
}

/// What a line is about that says how a pass ended.
pub(super) const PASS: &str = "pass";

/// Notes a line of what happened, in the write that made it happen.
pub(super) fn note_line(write: &mut Write<'_>, source: &str, line: &CrawlLogRecord) -> crate::store::Result<()> {
    let number = write.count(&format!("crawl_log.{source}"), 1)?;
    write.put(&CRAWL_LOG, &(source.to_owned(), format!("{number:020}")), line)?;
    if let Some(old) = number.checked_sub(MOST_LINES as u64) {
        write.delete(&CRAWL_LOG, &(source.to_owned(), format!("{old:020}")));
    }
    Ok(())
}
