//! The executable that people run, on a temporary data directory. Every wait has a limit, addresses are read from the
//! first line it prints, and nothing outlives the test.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::test_app::account_toml;
use super::wechat_sim::{SimAccount, SimMode, WechatSim};

/// For anything that a healthy process does at once, on a machine that does much else at the same time.
const LIMIT: Duration = Duration::from_secs(60);

/// A data directory and what the program is started with.
pub struct Home {
    dir: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A running `shutong serve`.
pub struct Binary {
    child: Child,
    /// Lines of standard output behind the first.
    lines: Receiver<String>,
    /// Ends with the process, and then holds what it wrote to standard error.
    errors: Option<JoinHandle<String>>,
    pub public: String,
    pub token: String,
    pub admin: String,
}

impl Home {
    /// Without a configuration.
    pub fn new() -> Home {
        Home { dir: tempfile::tempdir().unwrap() }
    }

    /// With the account `main` in this mode.
    pub fn with_account(mode: SimMode) -> Home {
        Home::with(&account_toml(&SimAccount::new(mode)))
    }

    /// With this `shutong.toml`.
    pub fn with(configuration: &str) -> Home {
        let home = Home::new();
        home.configure(configuration);
        home
    }

    /// Writes `shutong.toml`, readable by its owner only.
    pub fn configure(&self, configuration: &str) {
        fs::create_dir_all(self.data()).unwrap();
        let path = self.data().join("shutong.toml");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
        file.write_all(configuration.as_bytes()).unwrap();
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A file beside the data.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// `shutong serve`, once it listens. `more` are further arguments.
    pub fn serve(&self, more: &[&str]) -> Binary {
        Binary::start(self.command(&[&["serve"], more].concat()))
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with_input(arguments, "")
    }

    /// The same with something on standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut standard_input = child.stdin.take().unwrap();
        // A command that does not read its input closes it.
        let _ = standard_input.write_all(input.as_bytes());
        drop(standard_input);
        finish(child, LIMIT)
    }

    /// Runs a command that must succeed and gives its output.
    #[track_caller]
    pub fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran.out
    }

    /// The same, read as JSON.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let out = self.done(&[arguments, &["--json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
    }

    /// The program with this data directory, free ports, and nothing of this process's own settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shutong"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SHUTONG_")) {
            command.env_remove(name);
        }
        for listener in ["PUBLIC", "TOKEN", "ADMIN"] {
            command.env(format!("SHUTONG_LISTEN__{listener}"), "127.0.0.1:0");
        }
        // Tests write faster than people.
        command.env("SHUTONG_LIMITS__MESSAGES_PER_MINUTE", "0");
        command.arg("--data").arg(self.data()).args(arguments).current_dir(self.dir.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Binary {
    /// Starts the command and waits for the line that says where it listens.
    #[track_caller]
    pub fn start(mut command: Command) -> Binary {
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // Nobody may be listening any more; the pipe must be emptied all the same.
                let _ = send.send(line);
            }
        });
        let errors = Some(collect(child.stderr.take().unwrap()));
        let empty = String::new;
        let mut binary = Binary { child, lines, errors, public: empty(), token: empty(), admin: empty() };
        let first = match binary.lines.recv_timeout(LIMIT) {
            Ok(line) => line,
            Err(reason) => panic!("no first line ({reason}): {}", binary.end()),
        };
        let address = |name: &str| {
            let mut words = first.strip_prefix("listening ").unwrap_or_default().split(' ');
            let found = words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            found.unwrap_or_else(|| panic!("no {name} address in: {first}")).to_owned()
        };
        let addresses = (address("public"), address("token"), address("admin"));
        (binary.public, binary.token, binary.admin) = addresses;
        binary
    }

    /// The next line of standard output; panics if none comes.
    #[track_caller]
    pub fn line(&self) -> String {
        self.lines.recv_timeout(LIMIT).expect("another line of output")
    }

    /// The next line that holds `part`.
    #[track_caller]
    pub fn line_with(&self, part: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(part) {
                return line;
            }
        }
    }

    /// A platform that delivers to its account `main`.
    pub fn sim(&self, mode: SimMode) -> WechatSim {
        WechatSim::new(SimAccount::new(mode), self.callback())
    }

    pub fn callback(&self) -> String {
        format!("{}/wechat/main", self.public)
    }

    /// `127.0.0.1:…` of the public listener.
    pub fn public_address(&self) -> &str {
        self.public.trim_start_matches("http://")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Memory in use now and at the most so far, in kilobytes.
    pub fn memory(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process is alive");
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).expect("a field of the status");
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        (field("VmRSS:"), field("VmHWM:"))
    }

    /// Whether it has not ended.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// As a power cut or the kernel would: at once, without a word.
    pub fn kill9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop.
    pub fn signal(&self, name: &str) {
        self.signals(name, 1);
    }

    /// The same signal many times, with nothing in between.
    pub fn signals(&self, name: &str, times: usize) {
        let pids = std::iter::repeat_n(self.pid().to_string(), times);
        let sent = Command::new("kill").arg(format!("-{name}")).args(pids).status().unwrap();
        assert!(sent.success());
    }

    /// SIGTERM; it must end by itself, with exit code 0. Gives what it wrote to standard error.
    #[track_caller]
    pub fn stop(mut self) -> String {
        self.signal("TERM");
        let (status, errors) = self.wait(LIMIT);
        assert_eq!(status.code(), Some(0), "{errors}");
        errors
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn wait(&mut self, limit: Duration) -> (ExitStatus, String) {
        let started = Instant::now();
        loop {
            // Standard output closes when the process ends.
            match self.lines.recv_timeout(limit.saturating_sub(started.elapsed())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("still running after {limit:?}: {}", self.end()),
            }
        }
        let status = self.child.wait().unwrap();
        (status, self.errors.take().map(|errors| errors.join().unwrap()).unwrap_or_default())
    }

    /// Kills it, for a report of what went wrong.
    fn end(&mut self) -> String {
        let _ = self.child.kill();
        let status = self.child.wait();
        let errors = self.errors.take().map(|errors| errors.join().unwrap()).unwrap_or_default();
        format!("{status:?} {errors}")
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a command's end, not longer than `limit`.
#[track_caller]
pub fn finish(mut child: Child, limit: Duration) -> Ran {
    let (send, ended) = channel();
    let mut output = child.stdout.take().unwrap();
    let errors = collect(child.stderr.take().unwrap());
    let reader = thread::spawn(move || {
        let mut out = String::new();
        let _ = output.read_to_string(&mut out);
        let _ = send.send(());
        out
    });
    if ended.recv_timeout(limit).is_err() {
        let _ = child.kill();
        panic!("the command was not done after {limit:?}: {}", errors.join().unwrap());
    }
    let code = child.wait().unwrap().code();
    Ran { code, out: reader.join().unwrap(), err: errors.join().unwrap() }
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
