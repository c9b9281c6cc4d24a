//! Sources that others have written down: those of reading programs, and catalogues that give their books away.

use chrono::{DateTime, Utc};
use url::Url;

use super::super::rules::{self, Report, Verdict};
use super::super::{Crawler, Error, Refused, Result};
use super::{MOST_SOURCES, defaults, slug};
use crate::store::records::{SourceKind, SourceRecord};
use crate::store::schema::SOURCES;

/// A source that was to be imported.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Imported {
    /// The name it got; none if it was left out.
    pub name: Option<String>,
    /// What it calls itself.
    pub title: String,
    /// What works, and what would need JavaScript.
    pub report: Report,
    /// Why it was left out.
    pub left_out: Option<String>,
}

/// A catalogue that gives its books away.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// By which it is called.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// How it is read.
    pub kind: SourceKind,
    /// Where it begins.
    pub url: &'static str,
    /// The licence of the books.
    pub licence: &'static str,
    /// Why they may be taken.
    pub rights: &'static str,
}

/// The presets. Project Gutenberg asks programs to use a mirror, so its preset is one.
pub fn presets() -> &'static [Preset] {
    &[
        Preset {
            name: "standard-ebooks",
            title: "Standard Ebooks: new releases",
            kind: SourceKind::Feed,
            url: "https://standardebooks.org/feeds/atom/new-releases",
            licence: "CC0-1.0",
            rights: "the editions are dedicated to the public domain",
        },
        Preset {
            name: "gutenberg-mirror",
            title: "Project Gutenberg, by a mirror for programs",
            kind: SourceKind::Listing,
            url: "https://gutenberg.pglaf.org/cache/epub/",
            licence: "public domain in the USA",
            rights: "public domain in the USA; the owner looks at each country's own law",
        },
        Preset {
            name: "wikisource-zh",
            title: "维基文库：新条目",
            kind: SourceKind::Feed,
            url: "https://zh.wikisource.org/w/index.php?title=Special:NewPages&feed=atom",
            licence: "CC BY-SA 4.0",
            rights: "public domain or free licences, as the project's rules demand",
        },
    ]
}

impl Crawler {
    /// Imports sources of reading programs (书源). They come stopped: the owner looks at each and lets it go on.
    ///
    /// # Errors
    /// When the text is none, or the rights are not named.
    pub fn import_sources(&self, json: &str, rights: &str, licence: &str, now: DateTime<Utc>) -> Result<Vec<Imported>> {
        if rights.trim().is_empty() {
            return Err(Refused::NoRights.into());
        }
        let found = rules::import(json).map_err(|error| Refused::Said(error.to_string()))?;
        found.into_iter().map(|one| self.import_source(one, rights, licence, now)).collect()
    }

    fn import_source(
        &self,
        found: rules::Imported,
        rights: &str,
        licence: &str,
        now: DateTime<Utc>,
    ) -> Result<Imported> {
        let rules::Imported { name: title, url, json, report, .. } = found;
        let name = self.name_for(&title, &url)?;
        let usual = SourceRecord {
            kind: SourceKind::Rules,
            url: url.split('#').next().unwrap_or(&url).to_owned(),
            is_paused: true,
            rights: rights.to_owned(),
            licence: licence.to_owned(),
            ..defaults(now)
        };
        // Of a source that is there only the rules are new: what the owner has set stays.
        let known = self.store.get(&SOURCES, &name)?;
        let source = SourceRecord { title: title.clone(), rules: Some(json), ..known.unwrap_or(usual) };
        let put = match report.verdict() {
            Verdict::Works | Verdict::WorksWithout(_) => self.put_source(&name, source, now),
            needs @ Verdict::Needs(_) => Err(Refused::Said(needs.to_string()).into()),
        };
        match put {
            Ok(()) => Ok(Imported { name: Some(name), title, report, left_out: None }),
            Err(Error::Refused(why)) => Ok(Imported { name: None, title, report, left_out: Some(why.to_string()) }),
            Err(error) => Err(error),
        }
    }

    /// The name of a source whose rules are for this very address, else a free one.
    fn name_for(&self, title: &str, url: &str) -> Result<String> {
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let stem = match slug(title) {
            stem if stem.is_empty() => slug(&host.unwrap_or_default()),
            stem => stem,
        };
        let stem = if stem.is_empty() { "source".to_owned() } else { stem };
        for number in 1..=MOST_SOURCES {
            let name = if number == 1 { stem.clone() } else { format!("{stem}-{number}") };
            match self.store.get(&SOURCES, &name)? {
                Some(other) if !is_for(&other, url) => {}
                _ => return Ok(name),
            }
        }
        Err(Refused::Said(format!("there are too many sources named {stem}")).into())
    }
}

/// Whether a source has rules for this address. Readers part two sources of one site by what stands behind a `#`.
fn is_for(source: &SourceRecord, url: &str) -> bool {
    let rules = source.rules.as_deref().and_then(|rules| rules::Source::parse(rules).ok());
    rules.is_some_and(|rules| rules.url() == url)
}
