//! All articles as they stand in the folder, in memory: read again where a file has changed, swapped as a whole.
//!
//! A file that cannot be read is a problem that names it; what its article was before is no longer shown, because nobody
//! would see that an old text is shown. Two files for one address are a problem, too: the first by name counts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use super::page::{self, Page};
use super::picture::{self, Picture};
use super::source::{self, Kind, LARGEST};
use super::{Settings, is_reserved, slug};
use crate::search;
use crate::store::ContentHash;

/// Most articles.
const ARTICLES: usize = 20_000;

/// Size and time of change: what tells a file that was written from one that was not.
pub(super) type Stamp = (u64, Option<SystemTime>);

/// One article.
#[derive(Clone, Debug, PartialEq)]
pub struct Article {
    /// Its name in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// What it is about.
    pub tags: Vec<String>,
    /// What stands in it, in a sentence or two.
    pub summary: Option<String>,
    /// The picture that stands for it: the one named in its head, else the first in its text.
    pub cover: Option<Picture>,
    /// Its text, safe for a page.
    pub markup: String,
    /// The pictures in it.
    pub pictures: Vec<Picture>,
    /// What the owner should know of it.
    pub notes: Vec<String>,
    /// The content's hash.
    pub hash: ContentHash,
    /// When it was or is to be published; none: not before the owner says so.
    pub published_at: Option<DateTime<Utc>>,
    /// Where it was imported from.
    pub origin: Option<String>,
    /// Its file.
    pub(super) path: PathBuf,
    pub(super) stem: String,
    pub(super) stamp: Stamp,
    /// Folded, for the search: title, tags, everything.
    pub(super) folded: Folded,
    /// What stands in the file itself about its time.
    pub(super) own_time: OwnTime,
}

/// What a file says about when it is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OwnTime {
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) is_draft: bool,
}

/// An article's words in the spelling that searches are made in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Folded {
    pub(super) title: String,
    pub(super) title_key: String,
    pub(super) tags: Vec<String>,
    pub(super) text: String,
}

/// All of them, at one time.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// By name.
    pub(super) articles: BTreeMap<String, Arc<Article>>,
    /// Files that are not shown, and why.
    pub problems: Vec<(PathBuf, String)>,
}

impl Article {
    /// Whether everybody may read it.
    pub fn is_published(&self, now: DateTime<Utc>) -> bool {
        self.published_at.is_some_and(|at| at <= now)
    }

    /// Whether it is about this; spelled as search takes it, so that C++ and c++ are one.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.folded.tags.contains(&search::fold(tag))
    }

    /// The path of its page.
    pub fn address(&self) -> String {
        page::address_of(&self.slug)
    }

    /// Its picture of this name, in its text or its cover, if it can be shown.
    pub fn picture(&self, name: &str) -> Option<&Picture> {
        let mut all = self.pictures.iter().chain(&self.cover);
        all.find(|picture| picture.name == name && picture.mime.is_some())
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Its file, as it is now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn text(&self) -> std::io::Result<String> {
        fs::read_to_string(&self.path)
    }

    fn is_current(&self) -> bool {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        // One that was missing may have come, to any of its places.
        let are_current = |one: &Picture| picture::place(folder, &self.stem, &one.name) == one.place;
        stamp(&self.path) == Some(self.stamp) && self.pictures.iter().chain(&self.cover).all(are_current)
    }
}

impl Picture {
    /// Its bytes; none if the file has gone.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        picture::read(&self.place.as_ref()?.0)
    }
}

impl Shelf {
    /// All articles, published or not, the latest first.
    pub fn all(&self) -> Vec<Arc<Article>> {
        let mut all: Vec<Arc<Article>> = self.articles.values().cloned().collect();
        // Those without a time come first: they wait for the owner.
        all.sort_by_key(|article| (article.published_at.is_some(), std::cmp::Reverse(article.published_at)));
        all
    }

    /// Those that everybody may read, the latest first.
    pub fn published(&self, now: DateTime<Utc>) -> Vec<Arc<Article>> {
        let mut all = self.all();
        all.retain(|article| article.is_published(now));
        all
    }

    /// One, published or not.
    pub fn article(&self, slug: &str) -> Option<&Arc<Article>> {
        self.articles.get(slug)
    }
}

/// Reads the folder. What has not changed since `before` is taken from there.
pub(super) fn read(folder: &Path, before: &Shelf, settings: &Settings) -> std::io::Result<Shelf> {
    let mut shelf = Shelf::default();
    for (path, stem, kind) in files(folder)? {
        let name = slug(&stem);
        if let Some(what) = unfit_name(&name, &shelf) {
            shelf.problems.push((path, format!("{what}; rename it")));
            continue;
        }
        if shelf.articles.len() >= ARTICLES {
            shelf.problems.push((path, format!("there are more than {ARTICLES} articles")));
            continue;
        }
        let known = before.articles.get(&name).filter(|known| known.path == path && known.is_current());
        let article = match known {
            Some(known) => Ok(Arc::clone(known)),
            None => read_article(&path, &stem, kind, folder, settings).map(Arc::new),
        };
        match article {
            Ok(article) => {
                shelf.articles.insert(name, article);
            }
            Err(what) => shelf.problems.push((path, what)),
        }
    }
    Ok(shelf)
}

/// Why no article of this folder, or not one more, can have this name in addresses.
fn unfit_name(name: &str, shelf: &Shelf) -> Option<String> {
    match name {
        "" => Some("its name has no letters".into()),
        _ if is_reserved(name) => Some(format!("the name {name} is no article's")),
        _ if shelf.articles.contains_key(name) => Some(format!("/a/{name} is another's")),
        _ => None,
    }
}

/// The files that can be articles, by name.
fn files(folder: &Path) -> std::io::Result<Vec<(PathBuf, String, Kind)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        let kind = path.extension().and_then(|extension| extension.to_str()).and_then(Kind::of);
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if let (Some(stem), Some(kind), true) = (stem, kind, is_file)
            && !stem.starts_with(['.', '_'])
        {
            files.push((path, stem, kind));
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(files)
}

/// Reads one file.
pub(super) fn read_article(
    path: &Path,
    stem: &str,
    kind: Kind,
    folder: &Path,
    settings: &Settings,
) -> Result<Article, String> {
    // Taken first: what is written while it is read is read again.
    let stamp = stamp(path).ok_or("it has gone")?;
    if stamp.0 > LARGEST as u64 {
        return Err(format!("it has {} kB, at most {} are taken; divide it", stamp.0 / 1000, LARGEST / 1000));
    }
    let bytes = fs::read(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let article = made(&bytes, path, stem, kind, folder, settings)?;
    Ok(Article { stamp, ..article })
}

/// The article that a file of this name with these bytes is; its stamp is nobody's.
pub(super) fn made(
    bytes: &[u8],
    path: &Path,
    stem: &str,
    kind: Kind,
    folder: &Path,
    settings: &Settings,
) -> Result<Article, String> {
    let source = source::read(bytes, kind, stem, settings.time_zone)?;
    let Page { markup, text, pictures, mut notes } = page::made(&source.markup, folder, stem);
    let named = source.cover.as_deref().map(|address| picture::name_of(address).ok_or(address));
    let cover = match named {
        Some(Ok(name)) => Some(picture::find(folder, stem, &name)),
        Some(Err(address)) => {
            notes.push(format!("the cover {address} is elsewhere; put it into the folder {stem}"));
            None
        }
        None => pictures.iter().find(|picture| picture.mime.is_some()).cloned(),
    };
    if let Some(cover) = cover.as_ref().filter(|cover| cover.mime.is_none()) {
        notes.push(format!("there is no cover {} (JPEG, PNG, GIF or WebP, at most 10 MB)", cover.name));
    }
    Ok(Article {
        slug: slug(stem),
        folded: folded(&source.title, &source.tags, source.summary.as_deref(), &text),
        own_time: OwnTime { at: source.publish_at, is_draft: source.is_draft },
        title: source.title,
        author: source.author,
        tags: source.tags,
        summary: source.summary,
        cover,
        markup,
        pictures,
        notes,
        hash: ContentHash::of(bytes),
        published_at: None,
        origin: source.origin,
        path: path.to_owned(),
        stem: stem.to_owned(),
        stamp: (0, None),
    })
}

fn folded(title: &str, tags: &[String], summary: Option<&str>, text: &str) -> Folded {
    Folded {
        title: search::fold(title),
        title_key: search::title_key(title),
        tags: tags.iter().map(|tag| search::fold(tag)).collect(),
        text: search::fold(&[summary.unwrap_or_default(), "\n", text].concat()),
    }
}

/// The stamp of a file; none if there is no file, but perhaps a link of the file system, which could lead anywhere.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((found.len(), found.modified().ok()))
}
