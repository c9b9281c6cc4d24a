//! `shutong crawl add`: a source, new or changed.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use chrono_tz::Tz;
use clap::{Args, ValueEnum};
use url::Url;

use super::super::{Console, Exit, absolute};
use super::{line, with_runtime};
use crate::app::App;
use crate::book::Format;
use crate::crawler::presets;
use crate::store::records::{FeedUse, SourceKind, SourceRecord};

/// A source to be added or changed. What is not given stays as it is, or is as usual.
#[derive(Debug, Args)]
pub struct Add {
    /// The name it is called by.
    name: String,
    /// Where it begins.
    #[arg(long)]
    url: Option<String>,
    /// One of crawl presets.
    #[arg(long)]
    preset: Option<String>,
    /// How it is read; without it the address is asked.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Why you may take books from there, like "public domain" or "my own server".
    #[arg(long)]
    rights: Option<String>,
    /// The licence of the books, if they do not say.
    #[arg(long)]
    licence: Option<String>,
    /// What people call it.
    #[arg(long)]
    title: Option<String>,
    /// When it is read: seconds, minutes, hours, day of month, month, day of week.
    #[arg(long)]
    schedule: Option<String>,
    /// Where those times are, like Asia/Shanghai.
    #[arg(long)]
    time_zone: Option<Tz>,
    /// Formats that are taken, the best first, like epub,txt.
    #[arg(long, value_delimiter = ',')]
    formats: Vec<String>,
    /// Languages that are taken, like zh,en.
    #[arg(long, value_delimiter = ',')]
    languages: Vec<String>,
    /// What becomes of a feed's entries.
    #[arg(long, value_enum)]
    feed_use: Option<Use>,
    /// Which lists of a site's rules are read, by number from 0.
    #[arg(long, value_delimiter = ',')]
    lists: Vec<u32>,
    /// A file with the site's rules (one 书源).
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Files and chapters in one pass.
    #[arg(long)]
    per_pass: Option<u32>,
    /// Files and chapters in one day.
    #[arg(long)]
    per_day: Option<u32>,
    /// Shortest pause between two requests, in milliseconds.
    #[arg(long)]
    pause_ms: Option<u64>,
    /// Networks that may be reached besides public addresses, like 192.168.1.0/24.
    #[arg(long, value_delimiter = ',')]
    allow: Vec<String>,
    /// Ports that may be reached besides 80 and 443.
    #[arg(long, value_delimiter = ',')]
    ports: Vec<u16>,
    /// The name to log in with.
    #[arg(long)]
    username: Option<String>,
    /// A file with the password.
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// The server is your own: its robots.txt, which is for strangers, forbids nothing to you.
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    own_server: Option<bool>,
    /// Publishes books with chapters missing, marked as such.
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    incomplete: Option<bool>,
    /// Words that only pages have which are no chapters.
    #[arg(long, value_delimiter = ',')]
    fail_words: Vec<String>,
}

/// How a source is read.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Opds,
    Feed,
    Sitemap,
    Listing,
    Webdav,
    Rules,
}

/// What becomes of a feed's entries.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Use {
    Books,
    Periodical,
    Articles,
}

impl Add {
    pub(super) fn run(&self, app: &App, console: &mut Console) -> Result<Exit> {
        let now = app.clock.now();
        let before = app.crawler.sources()?.into_iter().find(|source| source.name == self.name);
        let is_new = before.is_none();
        let mut source = before.map_or_else(|| SourceRecord::usual(now), |before| before.record);
        if let Some(wanted) = &self.preset {
            let Some(preset) = presets().iter().find(|preset| preset.name == wanted) else {
                bail!("there is no preset {wanted}; crawl presets lists them");
            };
            (source.title, source.url) = (preset.title.into(), preset.url.into());
            (source.licence, source.rights) = (preset.licence.into(), preset.rights.into());
            source.kind = preset.kind;
        }
        if is_new && self.url.is_none() && self.preset.is_none() {
            bail!("there is no source {} yet; say where it begins (--url)", self.name);
        }
        if self.url.as_ref().is_some_and(|url| is_elsewhere(&source.url, url)) {
            // A login is for one server only, and so is the word that the server is one's own.
            (source.username, source.password, source.is_own) = (String::new(), String::new(), false);
        }
        let texts = [
            (&self.url, &mut source.url),
            (&self.rights, &mut source.rights),
            (&self.licence, &mut source.licence),
            (&self.title, &mut source.title),
            (&self.schedule, &mut source.schedule),
            (&self.username, &mut source.username),
        ];
        for (given, kept) in texts {
            if let Some(given) = given {
                given.clone_into(kept);
            }
        }
        source.time_zone = self.time_zone.or(source.time_zone);
        source.pause_ms = self.pause_ms.or(source.pause_ms);
        source.most_per_pass = self.per_pass.unwrap_or(source.most_per_pass);
        source.most_per_day = self.per_day.unwrap_or(source.most_per_day);
        source.publishes_incomplete = self.incomplete.unwrap_or(source.publishes_incomplete);
        source.is_own = self.own_server.unwrap_or(source.is_own);
        if let Some(formats) = given(&self.formats) {
            source.formats = formats.iter().map(|name| format_of(name)).collect::<Result<_>>()?;
        }
        source.languages = given(&self.languages).unwrap_or(source.languages);
        source.nets = given(&self.allow).unwrap_or(source.nets);
        source.fail_words = given(&self.fail_words).unwrap_or(source.fail_words);
        if !self.ports.is_empty() {
            source.ports.clone_from(&self.ports);
        }
        if !self.lists.is_empty() {
            source.lists.clone_from(&self.lists);
        }
        if let Some(path) = &self.password_file {
            let path = absolute(path, console)?;
            let password = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            source.password = password.trim_end_matches(['\r', '\n']).to_owned();
        }
        if let Some(path) = &self.rules {
            let path = absolute(path, console)?;
            let rules = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            source.rules = Some(rules);
            source.kind = SourceKind::Rules;
        }
        if let Some(wanted) = self.feed_use {
            source.feed_use = match wanted {
                Use::Books => FeedUse::Books,
                Use::Periodical => FeedUse::Periodical,
                Use::Articles => FeedUse::Articles,
            };
        }
        match self.kind {
            Some(Kind::Opds) => source.kind = SourceKind::Opds,
            Some(Kind::Feed) => source.kind = SourceKind::Feed,
            Some(Kind::Sitemap) => source.kind = SourceKind::Sitemap,
            Some(Kind::Listing) => source.kind = SourceKind::Listing,
            Some(Kind::Webdav) => source.kind = SourceKind::Webdav,
            Some(Kind::Rules) => source.kind = SourceKind::Rules,
            None if is_new && self.preset.is_none() && self.rules.is_none() => {
                source.kind = with_runtime(|runtime| app.crawler.kind_of(&source, runtime))??;
            }
            None => {}
        }
        app.crawler.put_source(&self.name, source, now)?;
        console.line(line(&app.crawler.source(&self.name)?));
        Ok(Exit::Done)
    }
}

fn format_of(name: &str) -> Result<Format> {
    Format::from_file_name(&format!("x.{name}"))
        .with_context(|| format!("there is no format {name}; write it like epub"))
}

/// Whether two addresses are of different servers.
fn is_elsewhere(before: &str, now: &str) -> bool {
    match (Url::parse(before), Url::parse(now)) {
        (Ok(before), Ok(now)) => before.origin() != now.origin(),
        _ => false,
    }
}

/// A list, if one was given; an empty word empties it.
fn given(words: &[String]) -> Option<Vec<String>> {
    let kept = words.iter().filter(|word| !word.is_empty()).cloned().collect();
    (!words.is_empty()).then_some(kept)
}
