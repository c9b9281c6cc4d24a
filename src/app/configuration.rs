//! The configuration of a program that runs: changing the file, what of it is in force, starting again with it.
//!
//! What would not start does not stop what runs: here a new start is judged and asked for; `run` lets everything come to
//! its end, and `cli` replaces the process.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::App;
use crate::backup;
use crate::config::edit::{Draft, EditError};
use crate::config::{self, Config, Listen};

impl App {
    /// The configuration file, to be changed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn draft(&self) -> std::result::Result<Draft, EditError> {
        Draft::open(&self.config_file(), config::environment())
    }

    /// The configuration that the next start reads.
    ///
    /// # Errors
    /// When it is wrong; the message names the key and the fix.
    pub fn next_config(&self) -> Result<Config> {
        let path = self.config_file();
        match self.config.origin.path.is_some() || path.exists() {
            true => Config::load(&path),
            false => Config::parse("", Path::new("."), config::environment()),
        }
    }

    /// The configuration file of a backup that takes the data folder's place at the next start.
    fn restored_config(&self) -> Option<PathBuf> {
        let is_in_data = self.config_file().parent() == Some(self.data_dir.as_path());
        let path = backup::waiting(&self.data_dir)?.join("shutong.toml");
        (is_in_data && path.exists()).then_some(path)
    }

    /// Has the program start again, if the configuration would let it.
    ///
    /// # Errors
    /// When the configuration is wrong or names an address that is taken. Then everything goes on as it is.
    pub fn start_again(&self) -> Result<()> {
        let next = match self.restored_config() {
            Some(path) => Config::load(&path).context("in the backup that is to be restored")?,
            None => self.next_config()?,
        };
        must_be_free(&self.config.listen, &next.listen)?;
        self.restart.ring();
        Ok(())
    }
}

impl App {
    /// What is saved and takes effect at the next start only, by key.
    ///
    /// # Errors
    /// When the configuration is wrong now.
    pub fn waiting(&self) -> Result<Vec<String>> {
        Ok(self.config.origin.waiting(&self.next_config()?.origin))
    }

    /// Takes over what takes effect at once: the fields that are `Taken::Live`, but for the log's level, which is its
    /// owner's.
    pub fn take_over(&self, saved: &Config) {
        self.library.set_adverts(saved.books.adverts.clone());
        self.desk.set_limits(super::limits(saved));
    }
}

/// An error if an address that is not ours yet cannot be had.
fn must_be_free(ours: &Listen, next: &Listen) -> Result<()> {
    let own = [ours.public, ours.token, ours.admin];
    for (key, address) in [("public", next.public), ("token", next.token), ("admin", next.admin)] {
        if !own.iter().any(|own| config::is_same_place(*own, address)) {
            TcpListener::bind(address).with_context(|| {
                format!("listen.{key}: cannot listen on {address}; stop what is there, or change it")
            })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_somebody_elses_is_refused_and_ones_own_are_not() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = Listen { public: taken.local_addr().unwrap(), ..Listen::default() };
        must_be_free(&ours, &Listen { token: ours.public, public: ours.token, ..ours }).unwrap();
        let error = must_be_free(&Listen::default(), &Listen { token: ours.public, ..Listen::default() }).unwrap_err();
        assert!(format!("{error:#}").contains("listen.token"), "{error:#}");
    }
}
