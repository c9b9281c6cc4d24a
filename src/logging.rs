//! Logs: one line an event, on the console and in rolling files, levels changed without a restart.
//!
//! Names come with their values and units (`bytes=…`, `millis=…`). A message can never forge a second line: control
//! characters are escaped. Followers appear under a keyed hash, secrets not at all; what is logged is decided where it
//! is logged, this room only writes.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDate, Utc};
use hmac::Mac;
use log::{LevelFilter, Record};
use log4rs::Handle;
use log4rs::append::console::{ConsoleAppender, Target};
use log4rs::append::rolling_file::policy::compound::CompoundPolicy;
use log4rs::append::rolling_file::policy::compound::roll::fixed_window::FixedWindowRoller;
use log4rs::append::rolling_file::policy::compound::trigger::Trigger;
use log4rs::append::rolling_file::{LogFile, RollingFileAppender};
use log4rs::config::{Appender, Logger, Root};
use log4rs::encode::{Encode, Write};
use parking_lot::Mutex;

use crate::clock::Clock;
use crate::config::{Level, Log};
use crate::secret::keyed_hash;
use crate::store::hex;

/// The name of the file that is written to.
const FILE: &str = "shutong.log";

/// The running logger, through which the level can be changed.
pub struct Logging {
    handle: Handle,
    dir: PathBuf,
    settings: Log,
    clock: Clock,
}

impl Logging {
    /// Starts logging to the console (standard error) and to files under `dir`; to the console alone, which is then told
    /// why, where the folder cannot be written: no service has to stay away for want of a log.
    ///
    /// # Errors
    /// When the settings are wrong, or logging has been started before.
    pub fn start(settings: &Log, dir: &Path, clock: Clock) -> Result<Logging> {
        let (config, refused) = configuration(settings, dir, &clock)?;
        let handle = log4rs::init_config(config).context("logging has been started before")?;
        if let Some(error) = refused {
            log::error!("no log files are written, because {} cannot be: {error:#}", dir.display());
        }
        Ok(Logging { handle, dir: dir.to_owned(), settings: settings.clone(), clock })
    }

    /// Changes the level; nothing else of the settings.
    ///
    /// # Errors
    /// When the settings are wrong.
    pub fn set_level(&mut self, level: Level) -> Result<()> {
        if level == self.settings.level {
            return Ok(());
        }
        self.settings.level = level;
        self.handle.set_config(configuration(&self.settings, &self.dir, &self.clock)?.0);
        log::warn!("the log level is {level:?} now");
        Ok(())
    }
}

/// Removes closed log files, also those that a killed process left before they were compressed, that are older than they may become, and says how many.
///
/// # Errors
/// When the folder cannot be read.
pub fn remove_old(dir: &Path, days: u32, now: SystemTime) -> io::Result<u64> {
    let most = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    let mut removed = 0;
    if !dir.exists() {
        // Nothing has been logged yet.
        return Ok(removed);
    }
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let is_closed = entry.file_name() != FILE;
        let age = now.duration_since(entry.metadata()?.modified()?).unwrap_or_default();
        if is_closed && age > most {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// The last lines of the log, oldest first, from at most the last 256 kB.
///
/// # Errors
/// When the file cannot be read.
pub fn tail(dir: &Path, lines: usize) -> io::Result<Vec<String>> {
    use std::io::{Read, Seek, SeekFrom};
    const MOST_BYTES: u64 = 256 * 1024;
    let mut file = match fs::File::open(dir.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let start = file.metadata()?.len().saturating_sub(MOST_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut last: Vec<String> = text.lines().rev().take(lines).map(str::to_owned).collect();
    last.reverse();
    Ok(last)
}

/// Names for followers in logs: the same follower always has the same, and nobody can tell who it is.
#[derive(Clone)]
pub struct Pseudonyms([u8; 32]);

impl Pseudonyms {
    /// Pseudonyms under a key that stays on this machine.
    pub fn new(key: [u8; 32]) -> Pseudonyms {
        Pseudonyms(key)
    }

    /// Eight hexadecimal digits for an openid.
    pub fn of(&self, open_id: &str) -> String {
        hex(&keyed_hash(&self.0, open_id.as_bytes()).finalize().into_bytes()[..4])
    }
}

/// With what keeps the files from being written, if anything does.
fn configuration(settings: &Log, dir: &Path, clock: &Clock) -> Result<(log4rs::Config, Option<io::Error>)> {
    let line = || Box::new(Line(clock.clone()));
    let console = ConsoleAppender::builder().encoder(line()).target(Target::Stderr).build();
    let (files, refused) = match files(settings, dir, clock)? {
        Ok(files) => (Some(files), None),
        Err(error) => (None, Some(error)),
    };
    let names = ["console"].into_iter().chain(files.is_some().then_some("files"));
    let root = Root::builder().appenders(names).build(settings.level.into());
    // Libraries speak when something is wrong, whatever level we look at ourselves with.
    let libraries = ["sled", "tantivy", "hyper", "warp", "html5ever", "selectors"];
    let loggers =
        libraries.map(|name| Logger::builder().build(name, LevelFilter::from(settings.level).min(LevelFilter::Warn)));
    let config = log4rs::Config::builder()
        .appender(Appender::builder().build("console", Box::new(console)))
        .appenders(files.map(|files| Appender::builder().build("files", Box::new(files))))
        .loggers(loggers)
        .build(root)?;
    Ok((config, refused))
}

fn files(settings: &Log, dir: &Path, clock: &Clock) -> Result<io::Result<RollingFileAppender>> {
    let file = dir.join(FILE);
    let pattern = dir.join("shutong.{}.log.gz");
    let roller = FixedWindowRoller::builder()
        .build(&pattern.to_string_lossy(), settings.files)
        .map_err(|error| anyhow::anyhow!("log.files: {error}"))?;
    let bytes = settings.file_megabytes.max(1).saturating_mul(1024 * 1024);
    let trigger = SizeOrDay::new(&file, bytes, clock.clone());
    let policy = CompoundPolicy::new(Box::new(trigger), Box::new(roller));
    let encoder = Box::new(Line(clock.clone()));
    let made = fs::create_dir_all(dir);
    Ok(made.and_then(|()| RollingFileAppender::builder().encoder(encoder).build(file, Box::new(policy))))
}

/// Closes a file when it is large, and with the first line of a new day in UTC: what is old can only be removed once
/// its file is closed, and a quiet account would need years to fill one.
#[derive(Debug)]
struct SizeOrDay {
    bytes: u64,
    clock: Clock,
    /// The day of the last line.
    day: Mutex<NaiveDate>,
}

impl SizeOrDay {
    fn new(file: &Path, bytes: u64, clock: Clock) -> SizeOrDay {
        let last_written = fs::metadata(file).and_then(|found| found.modified()).map(DateTime::<Utc>::from);
        let day = Mutex::new(last_written.unwrap_or_else(|_| clock.now()).date_naive());
        SizeOrDay { bytes, clock, day }
    }
}

impl Trigger for SizeOrDay {
    fn trigger(&self, file: &LogFile<'_>) -> Result<bool> {
        let today = self.clock.now().date_naive();
        let is_new_day = std::mem::replace(&mut *self.day.lock(), today) != today;
        let bytes = file.len_estimate();
        Ok(bytes >= self.bytes || (is_new_day && bytes > 0))
    }

    /// Asked before a line is written, so that it goes into the file of its own day.
    fn is_pre_process(&self) -> bool {
        true
    }
}

/// `2026-11-21T08:00:00.123Z INFO  webhook  answered kind=text millis=3`.
struct Line(Clock);

impl Encode for Line {
    fn encode(&self, out: &mut dyn Write, record: &Record<'_>) -> Result<()> {
        let now = self.0.now().format("%Y-%m-%dT%H:%M:%S%.3fZ");
        let room = record.target().strip_prefix("shutong::").unwrap_or(record.target());
        let message = escaped(&record.args().to_string());
        writeln!(out, "{now} {:<5} {room}  {message}{}", record.level(), Pairs(record))?;
        Ok(())
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

struct Pairs<'a, 'b>(&'a Record<'b>);

impl fmt::Display for Pairs<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Visitor<'a, 'b>(&'a mut fmt::Formatter<'b>);
        impl<'kvs> log::kv::VisitSource<'kvs> for Visitor<'_, '_> {
            fn visit_pair(
                &mut self,
                key: log::kv::Key<'kvs>,
                value: log::kv::Value<'kvs>,
            ) -> Result<(), log::kv::Error> {
                write!(self.0, " {key}={}", escaped(&value.to_string()))?;
                Ok(())
            }
        }
        self.0.key_values().visit(&mut Visitor(f)).map_err(|_| fmt::Error)
    }
}

fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_makes_a_second_line() {
        assert_eq!(escaped("三体\r\n2026 ERROR forged\u{1b}[31m"), "三体\\r\\n2026 ERROR forged\\u{1b}[31m");
    }

    #[test]
    fn a_new_day_begins_a_new_file() {
        use log4rs::append::Append;
        let dir = tempfile::tempdir().unwrap();
        let now = std::sync::Arc::new(Mutex::new("2026-11-21T23:59:59Z".parse::<DateTime<Utc>>().unwrap()));
        let same = std::sync::Arc::clone(&now);
        let settings = crate::config::Config::parse("", dir.path(), []).unwrap().log;
        let files = files(&settings, dir.path(), &Clock::of(move || *same.lock())).unwrap().unwrap();
        let write = |text: &str| files.append(&Record::builder().args(format_args!("{text}")).build()).unwrap();
        write("first");
        write("second");
        assert_eq!(tail(dir.path(), 9).unwrap().len(), 2);
        *now.lock() = "2026-11-22T00:00:00Z".parse().unwrap();
        write("third");
        let lines = tail(dir.path(), 9).unwrap();
        assert!(lines.len() == 1 && lines[0].contains("third"), "{lines:?}");
        // What is closed is compressed on a thread of its own, and goes when it is old.
        let closed = dir.path().join("shutong.0.log.gz");
        assert!((0..1_000).any(|_| {
            std::thread::sleep(Duration::from_millis(5));
            closed.exists() && fs::read_dir(dir.path()).unwrap().count() == 2
        }));
        let in_days = |days: u64| SystemTime::now() + Duration::from_secs(days * 24 * 60 * 60);
        assert_eq!(remove_old(dir.path(), 30, in_days(29)).unwrap(), 0);
        assert_eq!(remove_old(dir.path(), 30, in_days(31)).unwrap(), 1);
        assert!(dir.path().join(FILE).exists() && !closed.exists());
    }

    #[test]
    fn a_follower_has_one_name_that_says_nothing() {
        let names = Pseudonyms::new([7; 32]);
        assert_eq!(names.of("oABC"), names.of("oABC"));
        assert_ne!(names.of("oABC"), names.of("oABD"));
        assert_ne!(names.of("oABC"), Pseudonyms::new([8; 32]).of("oABC"));
        assert_eq!(names.of("oABC").len(), 8);
    }
}
