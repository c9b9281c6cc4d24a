//! The end of the log file, and what is added to it while somebody looks.
//!
//! The file is read, never the logger: what the page shows is what is on disk. Lines have been cleaned of secrets
//! and of control characters when they were written.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Serialize;

/// The name of the current log file in its folder.
pub(super) const FILE: &str = "shutong.log";
/// So many bytes from the end are looked at for the last lines.
const TAIL_BYTES: u64 = 64 * 1024;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// `error`, `warn` or empty: what deserves to stand out.
    pub(super) level: &'static str,
    /// The line without its end.
    pub(super) text: String,
}

/// A place in the file, from which it is read on.
pub(super) struct Follower {
    path: PathBuf,
    offset: u64,
}

/// The last lines, oldest first, and the place behind them. A file that is not there has none.
pub(super) fn tail(path: &Path, most: usize) -> io::Result<(Vec<Line>, Follower)> {
    let (text, end) = read_from(path, |length| length.saturating_sub(TAIL_BYTES))?;
    let mut lines = lines(&text);
    if end > TAIL_BYTES && !lines.is_empty() {
        // The first one was cut through.
        lines.remove(0);
    }
    lines.drain(..lines.len().saturating_sub(most));
    Ok((lines, Follower { path: path.to_owned(), offset: end }))
}

/// The place behind what was read before, if the file still has it; else behind its end.
pub(super) fn behind(path: &Path, after: Option<u64>) -> io::Result<Follower> {
    let (_, end) = tail(path, 0)?;
    let kept = after.filter(|&offset| offset <= end.offset && end.offset - offset <= TAIL_BYTES);
    Ok(Follower { path: path.to_owned(), offset: kept.unwrap_or(end.offset) })
}

impl Follower {
    /// Where the next line begins, in bytes.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// What was added since the last call, in whole lines. A file that became shorter is a new one.
    pub(super) fn news(&mut self) -> io::Result<Vec<Line>> {
        let offset = self.offset;
        let (text, end) = read_from(&self.path, |length| if length < offset { 0 } else { offset })?;
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        self.offset = end - (text.len() - whole) as u64;
        Ok(lines(&text[..whole]))
    }
}

/// The text from an offset chosen by the file's length, at most [`TAIL_BYTES`], and the offset behind it.
fn read_from(path: &Path, offset: impl Fn(u64) -> u64) -> io::Result<(String, u64)> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((String::new(), 0)),
        Err(error) => return Err(error),
    };
    let from = offset(file.metadata()?.len());
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    // A character may be cut at the end: it is left for the next time.
    let whole = match std::str::from_utf8(&bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    };
    bytes.truncate(whole);
    let end = from + whole as u64;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), end))
}

fn lines(text: &str) -> Vec<Line> {
    text.lines().map(|line| Line { level: level(line), text: line.to_owned() }).collect()
}

fn level(line: &str) -> &'static str {
    // The level stands near the beginning; the same word in a message means nothing.
    let head: Vec<&str> = line.split_whitespace().take(4).collect();
    match head.iter().find(|word| matches!(**word, "ERROR" | "WARN" | "INFO" | "DEBUG" | "TRACE")) {
        Some(&"ERROR") => "error",
        Some(&"WARN") => "warn",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn texts(lines: Vec<Line>) -> Vec<String> {
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn the_end_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let (lines, mut follower) = tail(&path, 3).unwrap();
        assert!(lines.is_empty() && follower.news().unwrap().is_empty(), "no file yet");

        fs::write(&path, "一\n二\n三\n四\n").unwrap();
        let (lines, mut second) = tail(&path, 3).unwrap();
        assert_eq!(texts(lines), ["二", "三", "四"]);
        assert_eq!(texts(follower.news().unwrap()), ["一", "二", "三", "四"]);

        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all("五\n六".as_bytes()).unwrap();
        assert_eq!(texts(second.news().unwrap()), ["五"], "half a line waits");
        let mut resumed = behind(&path, Some(second.offset())).unwrap();
        let mut lost = behind(&path, Some(1_000_000)).unwrap();
        file.write_all("号\n".as_bytes()).unwrap();
        assert_eq!(texts(second.news().unwrap()), ["六号"]);
        assert_eq!(texts(resumed.news().unwrap()), ["六号"], "from where the other was");
        assert_eq!(texts(lost.news().unwrap()), ["号"], "a place that is not there is the end");

        fs::write(&path, "新\n").unwrap();
        assert_eq!(texts(second.news().unwrap()), ["新"], "a new file starts at its beginning");
    }

    #[test]
    fn a_long_file_is_not_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, "书".repeat(40).repeat(1000) + "\n" + &"行\n".repeat(50)).unwrap();
        let (lines, _) = tail(&path, 100).unwrap();
        assert_eq!(texts(lines), vec!["行"; 50]);
    }

    #[test]
    fn what_deserves_attention_is_marked() {
        assert_eq!(level("2026-11-21T02:00:00 ERROR shutong::store the disk is full"), "error");
        assert_eq!(level("2026-11-21 02:00:00 WARN [admin] a login was refused"), "warn");
        assert_eq!(level("2026-11-21 02:00:00 INFO someone searched for ERROR"), "");
    }
}
