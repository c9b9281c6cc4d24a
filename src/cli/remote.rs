//! Handing a command to the shutong that serves: it has the data open, and runs the same code.
//!
//! Where it listens and the key it takes are in `DATA/run.json`, which only the owner of the data can read. The answer
//! is a stream of JSON lines: output, errors, and at last the exit code.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};

use super::{Command, Console, Exit, setup};
use crate::http;

/// What a running process leaves in the data directory for commands.
#[derive(Serialize, Deserialize)]
pub(super) struct Running {
    pub(super) pid: u32,
    /// Where followers reach it: an address of this machine that one can connect to.
    pub(super) public: SocketAddr,
    /// Where it takes commands: likewise.
    pub(super) admin: SocketAddr,
    pub(super) key: String,
}

/// A command handed over.
#[derive(Serialize, Deserialize)]
pub(super) struct Handed {
    pub(super) arguments: Vec<String>,
    pub(super) folder: PathBuf,
    pub(super) input: String,
}

/// A line of the answer.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    /// Text for standard output.
    Out(String),
    /// Text for standard error.
    Err(String),
    /// The end.
    Exit(u8),
}

/// The path on the admin listener that takes commands.
pub(super) const PATH: &str = "/command";

pub(super) fn running_file(data: &Path) -> PathBuf {
    data.join("run.json")
}

/// How to reach the process that has the data open.
pub(super) fn running(data: &Path) -> Result<Running> {
    let path = running_file(data);
    let text = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}; is it another user's shutong that runs?", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
}

/// Hands this process's own command line, which means `command`, to the process that has the data open.
pub(super) fn forward(data: &Path, command: &Command, console: &mut Console) -> Result<Exit> {
    let running = running(data)?;
    let arguments = std::env::args_os().skip(1).map(text_of).collect::<Result<Vec<String>>>()?;
    let input = match command {
        // Only here is a keyboard to ask at.
        Command::Admin(setup::Admin::SetPassword) => setup::ask(console)?.into_bytes(),
        _ if arguments.iter().any(|argument| argument == "-") => console.input()?,
        // Reading standard input unasked would wait forever for one that nobody closes.
        _ => Vec::new(),
    };
    let handed = Handed {
        arguments,
        folder: console.folder().to_owned(),
        input: String::from_utf8(input).context("standard input is not UTF-8")?,
    };
    let body = serde_json::to_vec(&handed)?;
    let mut exit = None;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = runtime.block_on(http::post_local(running.admin, PATH, &running.key, body, |line| {
        match serde_json::from_slice(line)? {
            Line::Out(text) => {
                console.write_all(text.as_bytes())?;
            }
            Line::Err(text) => console.error(text.trim_end()),
            Line::Exit(code) => exit = Some(code),
        }
        Ok(())
    }));
    told.with_context(|| format!("process {} has the data open, and does not take the command", running.pid))?;
    let exit = exit.context("the running shutong stopped before the command was done; run it again")?;
    Ok(match exit {
        0 => Exit::Done,
        3 => Exit::Damaged,
        4 => Exit::InUse,
        5 => Exit::Newer,
        _ => Exit::Failed,
    })
}

fn text_of(argument: OsString) -> Result<String> {
    argument.into_string().map_err(|argument| {
        anyhow!("\"{}\" is not UTF-8; rename it, or stop the running shutong first", argument.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn a_name_that_is_no_text_is_an_error_that_shows_it() {
        let message = text_of(OsString::from_vec(b"book\xff.epub".to_vec())).unwrap_err().to_string();
        assert!(message.contains("book") && message.contains("not UTF-8"), "{message}");
        assert_eq!(text_of("三体.epub".into()).unwrap(), "三体.epub");
    }
}
