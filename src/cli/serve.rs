//! `shutong serve`: runs the service.

use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use tokio::sync::mpsc::UnboundedSender;

use super::remote::{self, Handed, Line, Running};
use super::{Arguments, Console, Exit, execute_handed_over, finish_restore, is_in_use, load_config};
use crate::app::{self, App};
use crate::clock::Clock;
use crate::config::{Config, Limits, Listen};
use crate::library::{Converter, starter};
use crate::logging::Logging;
use crate::run::{self, Ending, Listeners};
use crate::server::{Admin, Commands};
use crate::store::hex;

mod again;
mod demo;
mod notify;
mod signals;

use signals::Signals;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Adds the starter library and one demo account with fresh secrets, to try everything without an account.
    #[arg(long)]
    demo: bool,
}

/// Blocking threads: each may hold a connection's message, an upload or a file being sent.
const BLOCKING_THREADS: usize = 128;

/// How often it is looked whether the configuration file has changed.
const LOOK_AT_FILE_EVERY: Duration = Duration::from_secs(2);

/// How often data that another process has open is asked for, before that is an error.
const OPENINGS: u32 = 10;
const BETWEEN_OPENINGS: Duration = Duration::from_millis(100);

impl Serve {
    pub(super) fn run(&self, arguments: &Arguments, console: &mut Console) -> Result<Exit> {
        // First of all: a signal that nobody expects ends the process.
        let signals = Signals::expect()?;
        finish_restore(&arguments.data, console)?;
        let mut config = load_config(arguments)?;
        fs::create_dir_all(&arguments.data)
            .with_context(|| format!("cannot make the data directory {}", arguments.data.display()))?;
        if self.demo && config.accounts.iter().all(|account| account.name != demo::NAME) {
            config.accounts.push(demo::account(&arguments.data)?);
        }
        let program = again::program()?;
        let clock = Clock::system();
        let logging = Logging::start(&config.log, &arguments.data.join("log"), clock.clone())?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(BLOCKING_THREADS).build()?;
        let served = runtime.block_on(self.serve(config, arguments, signals, clock, logging, console));
        match served? {
            // What is still at work was told to end, and may be cut off: the data is safe from a kill at any line.
            (Ending::Restart, bound) => {
                runtime.shutdown_background();
                Err(again::start(program, &bound))
            }
            (Ending::Stop, _) => {
                runtime.shutdown_timeout(Duration::from_secs(2));
                Ok(Exit::Done)
            }
        }
    }

    async fn serve(
        &self,
        config: Config,
        arguments: &Arguments,
        signals: Signals,
        clock: Clock,
        logging: Logging,
        console: &mut Console,
    ) -> Result<(Ending, Listen)> {
        let listeners = Listeners::bind(&again::addresses(&config.listen)).await?;
        let addresses = listeners.addresses()?;
        let public_url = match config.public_url.as_str() {
            "" => format!("http://{}", addresses.public),
            url => url.to_owned(),
        };
        let data = arguments.data.clone();
        let app = Arc::new(open(&config, &data, &public_url, &clock).await?);
        app.library.set_converter(converter(&app.config)?);
        let key = hex(&app::random::<32>()?);
        let mut stopping = signals.heed(Arc::clone(&app), console.can_ask());
        let wants_to_stop = stopping.clone();
        let shutdown = async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let run_file = RunFile::write(&data, &addresses, &key)?;
        let commands = commands(Arc::clone(&app), key);
        if self.demo {
            import_starter(Arc::clone(&app));
        }
        let watching = tokio::spawn(watch_file(logging, Arc::clone(&app)));
        let telling = tokio::spawn(notify::keep_telling(Arc::clone(&app)));
        let greeted = Arc::clone(&app);
        let ready = |admin: &Admin| {
            greet(&greeted, &addresses, admin, self.demo, console);
            notify::ready();
        };
        let outcome = run::run(app, listeners, commands, ready, shutdown).await;
        watching.abort();
        telling.abort();
        drop(run_file);
        // Whoever wants it to end while it is about to start again means it.
        let ending = outcome?;
        Ok((if *wants_to_stop.borrow() { Ending::Stop } else { ending }, addresses))
    }
}

/// Opens the program. One that was killed a moment ago may have left a child behind that holds the data until it has
/// become another program: then it is asked again a few times.
async fn open(config: &Config, data: &Path, public_url: &str, clock: &Clock) -> Result<App> {
    for _ in 0..OPENINGS {
        match App::open(config.clone(), data, public_url, clock.clone()) {
            Err(error) if is_in_use(&error) => tokio::time::sleep(BETWEEN_OPENINGS).await,
            opened => return opened,
        }
    }
    App::open(config.clone(), data, public_url, clock.clone())
}

/// Books are converted by processes of their own, so that none of them can harm this one.
fn converter(config: &Config) -> Result<Converter> {
    // The running program even if its file is replaced meanwhile, where the system offers it.
    let running = PathBuf::from("/proc/self/exe");
    let program = match running.exists() {
        true => running,
        false => std::env::current_exe().context("cannot find this program's own file")?,
    };
    let Limits { convert_megabytes: megabytes, convert_seconds: seconds, .. } = config.limits;
    Ok(Converter::Apart { program, megabytes, seconds })
}

/// The first lines of output: where everything is, and what to do next.
fn greet(app: &App, addresses: &Listen, admin: &Admin, demo: bool, console: &mut Console) {
    let Listen { public, token, admin: admin_address } = addresses;
    console.line(format_args!("listening public=http://{public} token=http://{token} admin=http://{admin_address}"));
    match admin.setup_link() {
        Some(link) => console.line(format_args!("admin page, first visit (once, within 30 minutes): {link}")),
        None => console.line(format_args!("admin page: http://{admin_address}/")),
    }
    if demo {
        console.line(format_args!("simulator: http://{admin_address}/simulator"));
        match demo::curl(app, public) {
            Ok(curl) => console.line(format_args!("a signed message, valid for 5 minutes:\n{curl}")),
            Err(error) => log::error!("no example message: {error:#}"),
        }
    } else if app.accounts.is_empty() {
        let data = app.data_dir.display();
        console.line(format_args!(
            "no account yet. Next: open the admin page, whose first steps lead through it; or fill in what `shutong config \
             example` shows as {data}/shutong.toml (chmod 600), and add books with `shutong --data {data} book add \
             FOLDER`. Or try everything: `shutong serve --demo`"
        ));
    } else {
        for account in &app.accounts {
            let callback = format!("{}/wechat/{}", app.links.public_url(), account.name());
            console.line(format_args!("callback of {}: {callback}", account.name()));
        }
    }
    let _ = console.flush();
}

fn import_starter(app: Arc<App>) {
    tokio::task::spawn_blocking(move || match starter::import(&app.library, app.clock.now()) {
        Ok(0) => {}
        Ok(books) => log::info!(books; "the starter library is imported"),
        Err(error) => log::error!("the starter library: {error}"),
    });
}

/// Takes over from the configuration file what takes effect at once, whoever changes it there.
async fn watch_file(mut logging: Logging, app: Arc<App>) {
    let path = app.config_file();
    let modified = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    // The file may have changed before the watch began; reading it once more changes nothing.
    let mut seen = None;
    loop {
        tokio::time::sleep(LOOK_AT_FILE_EVERY).await;
        let now = modified(&path);
        if now == seen {
            continue;
        }
        seen = now;
        match Config::load(&path) {
            Ok(config) => {
                if let Err(error) = logging.set_level(config.log.level) {
                    log::error!("the log level cannot be changed: {error:#}");
                }
                app.take_over(&config);
            }
            Err(error) => log::error!("the configuration has changed and is wrong now: {error:#}"),
        }
    }
}

/// `DATA/run.json`: how commands reach this process. Removed when it ends.
struct RunFile(PathBuf);

impl RunFile {
    fn write(data: &Path, addresses: &Listen, key: &str) -> Result<RunFile> {
        let path = remote::running_file(data);
        let running = Running {
            pid: std::process::id(),
            public: reachable(addresses.public),
            admin: reachable(addresses.admin),
            key: key.to_owned(),
        };
        let _ = fs::remove_file(&path);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(&serde_json::to_vec(&running)?)?;
        Ok(RunFile(path))
    }
}

/// Where this machine reaches a listener: "every address" can be listened on, not connected to.
fn reachable(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listener.port())
}

impl Drop for RunFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Runs commands that other processes hand over.
fn commands(app: Arc<App>, key: String) -> Commands {
    Commands::new(remote::PATH, key, move |body, lines| {
        let exit = match serde_json::from_slice::<Handed>(body) {
            Ok(Handed { arguments, folder, input }) => {
                let out = LineWriter::new(lines.clone(), Line::Out);
                let err = LineWriter::new(lines.clone(), Line::Err);
                let mut console = Console::elsewhere(out, err, folder, input.into_bytes());
                let arguments = arguments.into_iter().map(Into::into).collect();
                execute_handed_over(&app, arguments, &mut console)
            }
            Err(_) => Exit::Failed as u8,
        };
        send(&lines, &Line::Exit(exit));
    })
}

/// Writes text as JSON lines. A line is sent when it is whole: what is formatted comes in pieces.
struct LineWriter {
    lines: UnboundedSender<Vec<u8>>,
    make: fn(String) -> Line,
    unsent: Vec<u8>,
}

impl LineWriter {
    fn new(lines: UnboundedSender<Vec<u8>>, make: fn(String) -> Line) -> LineWriter {
        LineWriter { lines, make, unsent: Vec::new() }
    }

    fn send_to(&mut self, end: usize) {
        let text: Vec<u8> = self.unsent.drain(..end).collect();
        if !text.is_empty() {
            send(&self.lines, &(self.make)(String::from_utf8_lossy(&text).into_owned()));
        }
    }
}

impl Write for LineWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.unsent.extend_from_slice(bytes);
        if let Some(end) = self.unsent.iter().rposition(|&byte| byte == b'\n') {
            self.send_to(end + 1);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        self.send_to(self.unsent.len());
    }
}

/// A reader that went away does not stop the command.
fn send(lines: &UnboundedSender<Vec<u8>>, line: &Line) {
    if let Ok(mut bytes) = serde_json::to_vec(line) {
        bytes.push(b'\n');
        let _ = lines.send(bytes);
    }
}
