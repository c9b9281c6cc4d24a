//! Arguments and subcommands, one file each. Only this room prints, and only its [`Console`] knows where to.
//!
//! A command on the data runs the same code in two places: in this process, when no other has the data open, or in
//! the one that serves, which it is handed to through the admin listener (`remote`).

mod article;
mod backup;
mod book;
mod check;
mod config;
mod console;
mod convert;
mod crawl;
mod export;
mod follower;
mod health;
mod job;
mod key;
mod kindle;
mod media;
mod menu;
mod remote;
mod search;
mod serve;
mod setup;
mod token;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{CommandFactory, Parser, Subcommand};

use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::store;

pub use console::Console;

/// 书童: the e-book service of a WeChat Official Account, in one file.
#[derive(Debug, Parser)]
#[command(name = "shutong", version, propagate_version = true, arg_required_else_help = true)]
struct Arguments {
    /// The configuration file; without it DATA/shutong.toml, if there is one.
    #[arg(long, global = true, env = "SHUTONG_CONFIG")]
    config: Option<PathBuf>,
    /// The data directory: database, index, books, logs.
    #[arg(long, global = true, env = "SHUTONG_DATA", default_value = "data")]
    data: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the service.
    Serve(serve::Serve),
    /// Adds, lists, fetches and removes books.
    #[command(subcommand)]
    Book(book::Book),
    /// Converts files and folders from one format to another.
    Convert(Box<convert::Convert>),
    /// Searches as a follower would.
    Search(search::Search),
    /// Shows the access_token's state, refreshes it, sets it by hand.
    Token(token::Token),
    /// Makes, lists and revokes keys of the token API.
    #[command(subcommand)]
    Key(key::Key),
    /// Lists deliveries by mail and tries them again.
    #[command(subcommand)]
    Kindle(kindle::Kindle),
    /// Adds, publishes and removes articles, and brings them to the platform.
    #[command(subcommand)]
    Article(article::Article),
    /// Lists the files of the media folder, and brings the platform up to it.
    #[command(subcommand)]
    Media(media::Media),
    /// Adds sources of books, reads them, and shows how they stand.
    #[command(subcommand)]
    Crawl(crawl::Crawl),
    /// Checks, compares, pushes and pulls the menu below the chat.
    Menu(menu::Menu),
    /// Lists followers, blocks them, hands out or deletes what is kept of them.
    Follower(follower::Follower),
    /// Lists what runs by a schedule, runs it now, changes when it runs.
    #[command(subcommand)]
    Job(job::Job),
    /// Makes the index anew.
    Reindex,
    /// Asks the service whether it answers.
    Health(health::Health),
    /// Checks that records and files belong together, and that everything around them is as it should be.
    Check(check::Check),
    /// Writes everything into a new directory: records, files, and the books under their names with a catalogue.
    Export(export::Export),
    /// Writes everything into one file, lists such files, and reads them to their end.
    Backup(backup::Backup),
    /// Puts a backup in the place of the data, which is kept.
    Restore(backup::Restore),
    /// Prints an example configuration, or checks yours.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Sets the password of the admin page.
    #[command(subcommand)]
    Admin(setup::Admin),
    /// Prints completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// How a command ended, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Done = 0,
    Failed = 1,
    Damaged = 3,
    InUse = 4,
    Newer = 5,
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    // Whatever this program writes is its owner's alone: books, followers, secrets.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let arguments = Arguments::parse();
    let mut console = Console::of_process();
    let exit = match run(arguments, &mut console) {
        Ok(exit) => exit,
        Err(error) => explain(&error, &mut console),
    };
    ExitCode::from(exit as u8)
}

fn run(mut arguments: Arguments, console: &mut Console) -> Result<Exit> {
    // Processes that convert books work in folders of their own.
    arguments.data = std::path::absolute(&arguments.data).context("--data")?;
    match &arguments.command {
        Command::Serve(serve) => serve.run(&arguments, console),
        Command::Config(command) => command.run(&arguments, console),
        Command::Convert(convert) => convert.run(console),
        Command::Restore(restore) => restore.run(&arguments, console),
        Command::Health(health) => health.run(&arguments, console),
        Command::Menu(menu) if menu.is_example() => {
            console.line(crate::menu::EXAMPLE.trim_end());
            Ok(Exit::Done)
        }
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Arguments::command(), "shutong", console);
            Ok(Exit::Done)
        }
        Command::Backup(backup) => {
            backup.without_data(&arguments, console).unwrap_or_else(|| on_data(&arguments, console))
        }
        _ => on_data(&arguments, console),
    }
}

/// Runs a command that works on the data, here or in the process that has it open.
fn on_data(arguments: &Arguments, console: &mut Console) -> Result<Exit> {
    finish_restore(&arguments.data, console)?;
    refuse_without_library(arguments)?;
    let config = load_config(arguments)?;
    match App::open(config, &arguments.data, "", Clock::system()) {
        Ok(app) => {
            let exit = execute(&app, &arguments.command, console)?;
            app.store.sync()?;
            Ok(exit)
        }
        Err(error) if is_in_use(&error) => remote::forward(&arguments.data, &arguments.command, console)
            .map_err(|remote| remote.context(error.to_string())),
        Err(error) => Err(error),
    }
}

/// Lets a backup that was restored take the data's place, unless somebody serves that still: then it waits.
fn finish_restore(data: &Path, console: &mut Console) -> Result<()> {
    match crate::backup::finish(data) {
        Ok(None) => Ok(()),
        Ok(Some(before)) => {
            console.error(format_args!("restored; what was there before is in {}", before.display()));
            Ok(())
        }
        Err(crate::backup::Error::Store(store::Error::InUse)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A mistyped directory is told, not made, and no other directory becomes ours by a question.
fn refuse_without_library(arguments: &Arguments) -> Result<()> {
    let data = &arguments.data;
    let begins_one = match &arguments.command {
        Command::Book(book) => book.begins_a_library(),
        Command::Article(article) => article.begins_a_library(),
        _ => false,
    };
    let exists = || data.join("db").try_exists().with_context(|| format!("cannot look into {}", data.display()));
    ensure!(begins_one || exists()?, "no library in {}; name it with --data or SHUTONG_DATA", data.display());
    Ok(())
}

/// Runs a command on an open program.
fn execute(app: &App, command: &Command, console: &mut Console) -> Result<Exit> {
    match command {
        Command::Book(book) => book.run(app, console),
        Command::Search(search) => search.run(app, console),
        Command::Token(token) => token.run(app, console),
        Command::Key(key) => key.run(app, console),
        Command::Kindle(kindle) => kindle.run(app, console),
        Command::Article(article) => article.run(app, console),
        Command::Media(media) => media.run(app, console),
        Command::Crawl(crawl) => crawl.run(app, console),
        Command::Menu(menu) => menu.run(app, console),
        Command::Follower(follower) => follower.run(app, console),
        Command::Job(job) => job.run(app, console),
        Command::Reindex => check::reindex(app, console),
        Command::Check(check) => check.run(app, console),
        Command::Export(export) => export.run(app, console),
        Command::Backup(backup) => backup.run(app, console),
        Command::Admin(admin) => admin.run(app, console),
        Command::Serve(_)
        | Command::Config(_)
        | Command::Convert(_)
        | Command::Restore(_)
        | Command::Health(_)
        | Command::Completions { .. } => {
            anyhow::bail!("this command does not work on the data")
        }
    }
}

/// Runs a command line that another process handed over. The arguments are without the program's name.
pub fn execute_handed_over(app: &App, arguments: Vec<OsString>, console: &mut Console) -> u8 {
    let named = std::iter::once(OsString::from("shutong")).chain(arguments);
    let exit = match Arguments::try_parse_from(named) {
        Ok(arguments) => execute(app, &arguments.command, console),
        Err(error) => Err(error.into()),
    };
    let exit = exit.unwrap_or_else(|error| explain(&error, console));
    exit as u8
}

fn load_config(arguments: &Arguments) -> Result<Config> {
    match config_path(arguments) {
        Some(path) => Config::load(&path),
        None => Config::parse("", Path::new("."), crate::config::environment()),
    }
}

fn config_path(arguments: &Arguments) -> Option<PathBuf> {
    let beside_data = || Some(arguments.data.join("shutong.toml")).filter(|path| path.exists());
    arguments.config.clone().or_else(beside_data)
}

fn is_in_use(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<store::Error>(), Some(store::Error::InUse))
}

/// Says in one line what failed and what to do, and which exit code that is.
fn explain(error: &anyhow::Error, console: &mut Console) -> Exit {
    console.error(format_args!("shutong: {error:#}"));
    match error.chain().find_map(|cause| cause.downcast_ref::<crate::backup::Error>()) {
        Some(crate::backup::Error::Damaged(_)) => return Exit::Damaged,
        Some(crate::backup::Error::Newer(_)) => return Exit::Newer,
        Some(crate::backup::Error::Store(error)) => return exit_of(Some(error)),
        _ => {}
    }
    exit_of(error.chain().find_map(|cause| cause.downcast_ref::<store::Error>()))
}

fn exit_of(error: Option<&store::Error>) -> Exit {
    match error {
        Some(store::Error::InUse) => Exit::InUse,
        Some(store::Error::Newer { .. }) => Exit::Newer,
        Some(store::Error::Damaged(_)) => Exit::Damaged,
        Some(store::Error::CommitFailed(_) | store::Error::Io(_)) | None => Exit::Failed,
    }
}

/// A path as given on the command line, where the command was given.
fn absolute(path: &Path, console: &Console) -> Result<PathBuf> {
    let joined = console.folder().join(path);
    std::path::absolute(&joined).with_context(|| format!("{} is no path", path.display()))
}
