//! Where a command's words go: to this process's terminal, or back to the process that handed the command over.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Output, errors and the place a command was given in.
pub struct Console {
    out: Box<dyn Write + Send>,
    err: Arc<Mutex<Box<dyn Write + Send>>>,
    folder: PathBuf,
    input: Option<Vec<u8>>,
    is_terminal: bool,
    can_ask: bool,
}

/// How far long work is: a bar on a terminal, now and then a line elsewhere. Can be advanced by several threads.
pub struct Progress {
    bar: ProgressBar,
    /// Where lines go, if there is no terminal.
    lines: Option<Arc<Mutex<Box<dyn Write + Send>>>>,
    things: &'static str,
    total: u64,
    done: AtomicU64,
}

/// Without a terminal, a line after so many things, and at each tenth of a known total.
const LINE_EVERY: u64 = 10_000;

impl Console {
    /// This process's own.
    pub fn of_process() -> Console {
        Console {
            out: Box::new(io::BufWriter::new(io::stdout())),
            err: Arc::new(Mutex::new(Box::new(io::stderr()))),
            folder: std::env::current_dir().unwrap_or_default(),
            input: None,
            is_terminal: io::stderr().is_terminal(),
            can_ask: io::stdin().is_terminal(),
        }
    }

    /// One that writes elsewhere, for a command given in `folder` with `input` as its standard input.
    pub fn elsewhere(
        out: impl Write + Send + 'static,
        err: impl Write + Send + 'static,
        folder: PathBuf,
        input: Vec<u8>,
    ) -> Console {
        Console {
            out: Box::new(out),
            err: Arc::new(Mutex::new(Box::new(err))),
            folder,
            input: Some(input),
            is_terminal: false,
            can_ask: false,
        }
    }

    /// The folder that relative paths start from.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Everything on standard input.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn input(&mut self) -> io::Result<Vec<u8>> {
        use std::io::Read;
        match self.input.take() {
            Some(input) => Ok(input),
            None => {
                let mut bytes = Vec::new();
                io::stdin().read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }

    /// A line of output, written at once, so that a line handed to another process stays one. A reader that went away is no error: it has seen enough.
    pub fn line(&mut self, line: impl fmt::Display) {
        let _ = self.out.write_all(format!("{line}\n").as_bytes());
    }

    /// A line that is no output: errors, notes, progress.
    pub fn error(&mut self, line: impl fmt::Display) {
        let _ = self.out.flush();
        let _ = self.err.lock().write_all(format!("{line}\n").as_bytes());
    }

    /// Whether somebody sits at the keyboard, who can be asked. Output may go to a file all the same.
    pub fn can_ask(&self) -> bool {
        self.can_ask
    }

    /// Progress over `total` things; 0 if nobody knows how many.
    pub fn progress(&self, things: &'static str, total: u64) -> Progress {
        let (bar, lines) = if self.is_terminal {
            let bar = ProgressBar::new(total);
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len}  {per_sec}  {eta} left");
            (style.map_or(bar.clone(), |style| bar.with_style(style)), None)
        } else {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
            (bar, Some(Arc::clone(&self.err)))
        };
        Progress { bar, lines, things, total, done: AtomicU64::new(0) }
    }
}

impl Progress {
    /// So many more are done.
    pub fn advance(&self, things: u64) {
        let before = self.done.fetch_add(things, Ordering::Relaxed);
        self.show(before, before + things);
    }

    /// So many are done in all.
    pub fn reach(&self, things: u64) {
        let before = self.done.swap(things, Ordering::Relaxed);
        self.show(before, things);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self, before: u64, now: u64) {
        if self.total == 0 {
            self.bar.set_length(now);
        }
        self.bar.set_position(now);
        if let Some(lines) = &self.lines
            && is_worth_a_line(before, now, self.total)
        {
            let total = if self.total == 0 { String::new() } else { format!(" of {}", self.total) };
            let _ = writeln!(lines.lock(), "{now}{total} {}", self.things);
        }
    }
}

/// Whether a mark lies between the two counts. Fewer than ten things have no tenths; they are done soon.
fn is_worth_a_line(before: u64, now: u64, total: u64) -> bool {
    let tenths = |done: u64| if total < 10 { 0 } else { done.saturating_mul(10) / total };
    before / LINE_EVERY != now / LINE_EVERY || tenths(before) != tenths(now)
}

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_at_each_tenth_and_after_many_things() {
        let lines = |total: u64, things: u64| (0..things).filter(|&n| is_worth_a_line(n, n + 1, total)).count();
        assert_eq!(lines(1_234, 1_234), 10);
        assert_eq!(lines(3, 3), 0);
        assert_eq!(lines(0, 25_000), 2);
        assert_eq!(lines(1_000_000, 100_000), 10);
    }
}
