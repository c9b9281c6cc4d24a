//! Files brought into the folder of articles: one with its pictures, a whole folder, or what a feed has.
//!
//! A file comes whole or not at all (temporary name, on disk, renamed), pictures before the text that shows them. What it
//! replaces is put aside and not lost. The same again changes nothing. Nothing is written before its name is admitted.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;

use super::feed::{self, Item};
use super::shelf::{Article, Shelf, read_article};
use super::source::{self, Kind};
use super::{Articles, Error, Result, disk, is_reserved, picture, slug};
use crate::book::{Rules, safe_markup, web_picture};

/// Where files go that are taken out or replaced.
pub(super) const ASIDE: &str = "removed";
/// Longest summary that is made of a text, in characters.
const SUMMARY: usize = 100;
/// Longest title taken from a feed, in characters.
const TITLE: usize = 200;

/// An article that was brought in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// Its name in addresses.
    pub slug: String,
    /// What that changed.
    pub brought: Brought,
    /// What the owner should know.
    pub notes: Vec<String>,
}

/// What bringing a file changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brought {
    /// It is new.
    New,
    /// It was there, and is another now.
    Changed,
    /// It was there already.
    Same,
}

/// Where an article's file may stand.
struct Admitted<'n> {
    path: PathBuf,
    stem: &'n str,
    kind: Kind,
    slug: String,
}

impl Articles {
    /// Brings one file with the pictures beside it.
    ///
    /// # Errors
    /// When it is no article, or the disk or the store fails.
    pub fn add(&self, file: &Path, now: DateTime<Utc>) -> Result<Added> {
        let wrong = |what: String| Error::Wrong { path: file.to_owned(), what };
        let name =
            file.file_name().and_then(|name| name.to_str()).ok_or_else(|| wrong("its name is no text".into()))?;
        let _alone = self.folder_work.lock();
        let admitted = self.admitted(name, file, now)?;
        let stem = admitted.stem;
        let beside = file.parent().unwrap_or(Path::new("."));
        let bytes = fs::read(file).map_err(|error| disk(file, error))?;
        let read = source::read(&bytes, admitted.kind, stem, self.settings.time_zone).map_err(wrong)?;
        let is_in_place = || Some(fs::canonicalize(beside).ok()? == fs::canonicalize(&self.folder).ok()?);
        if is_in_place() != Some(true) {
            for (name, bytes) in pictures(&read, beside, stem) {
                self.put_picture(stem, &name, &bytes)?;
            }
        }
        self.bring(admitted, &bytes, now)
    }

    /// Writes an article's file, as its owner has typed it; a new one must not take another's place.
    ///
    /// # Errors
    /// [`Error::Wrong`] when it is no article, or its name is taken; or when the disk or the store fails.
    pub fn save(&self, name: &str, text: &str, is_new: bool, now: DateTime<Utc>) -> Result<Added> {
        let _alone = self.folder_work.lock();
        let path = self.folder.join(name);
        let wrong = |what: &str| Err(Error::Wrong { path: path.clone(), what: what.into() });
        if !picture::is_name(name) {
            return wrong("that can be no file's name; use letters, digits and dashes");
        }
        if is_new && path.exists() {
            return wrong("there is an article of this name; choose another");
        }
        self.bring(self.admitted(name, &path, now)?, text.as_bytes(), now)
    }

    /// Puts a picture into the folder of an article.
    ///
    /// # Errors
    /// [`Error::Wrong`] when it is none that pages show, [`Error::NoArticle`], or when the disk or the store fails.
    pub fn add_picture(&self, slug: &str, name: &str, bytes: &[u8], now: DateTime<Utc>) -> Result<()> {
        let _alone = self.folder_work.lock();
        self.read_folder(now)?;
        let article = self.current().article(slug).cloned().ok_or_else(|| Error::NoArticle(slug.to_owned()))?;
        let path = self.folder.join(&article.stem).join(name);
        let wrong = |what: &str| Err(Error::Wrong { path: path.clone(), what: what.into() });
        if !picture::is_name(name) {
            return wrong("that can be no picture's name; use letters, digits and dashes");
        }
        if web_picture(bytes).is_none() || bytes.len() as u64 > picture::LARGEST {
            return wrong("it is no picture that pages show; save it as JPEG, PNG, GIF or WebP of at most 10 MB");
        }
        self.put_picture(&article.stem, name, bytes)?;
        self.read_folder(now)?;
        Ok(())
    }

    /// The names of the pictures in the folder of an article, whether its text shows them or not.
    pub fn pictures_beside(&self, article: &Article) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join(&article.stem)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| picture::is_name(name)).collect();
        names.sort();
        names
    }

    /// The picture of this name that the text of an article could show, whether it does or not.
    pub fn picture_beside(&self, article: &Article, name: &str) -> Option<picture::Picture> {
        let found = picture::is_name(name).then(|| picture::find(&self.folder, &article.stem, name));
        found.filter(|picture| picture.mime.is_some())
    }

    /// Brings every article of a folder. Those that cannot be brought do not keep the others out.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn add_folder(&self, folder: &Path, now: DateTime<Utc>) -> Result<Vec<(PathBuf, Result<Added>)>> {
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| disk(folder, error))? {
            files.push(entry.map_err(|error| disk(folder, error))?.path());
        }
        let is_article = |path: &PathBuf| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            path.is_file() && extension.and_then(Kind::of).is_some()
        };
        files.retain(is_article);
        files.sort();
        Ok(files.into_iter().map(|file| (file.clone(), self.add(&file, now))).collect())
    }

    /// Brings what a feed has, each article by its title; with `as_drafts` none is public before the owner says so.
    ///
    /// # Errors
    /// When the file is no feed, or cannot be read.
    pub fn import_feed(
        &self,
        file: &Path,
        as_drafts: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<(String, Result<Added>)>> {
        let wrong = |what: String| Error::Wrong { path: file.to_owned(), what };
        let is_large = fs::metadata(file).map_err(|error| disk(file, error))?.len() > feed::LARGEST as u64;
        let text = if is_large { Err(wrong("it is too large for a feed".into())) } else { read_text(file) }?;
        let items = feed::read(&text, self.settings.time_zone).map_err(wrong)?;
        let _alone = self.folder_work.lock();
        self.read_folder(now)?;
        Ok(items.into_iter().map(|item| (item.title.clone(), self.bring_item(item, as_drafts, now))).collect())
    }

    /// Brings a text from elsewhere as a draft, once: `origin` is its address there. `markup` need not be safe.
    ///
    /// # Errors
    /// When no article can be made of it, or the folder cannot be written.
    pub fn bring_text(&self, title: &str, markup: &str, origin: &str, now: DateTime<Utc>) -> Result<Added> {
        let (title, markup) = (title.to_owned(), markup.to_owned());
        let item = Item { title, origin: origin.to_owned(), markup, ..Item::default() };
        let _alone = self.folder_work.lock();
        self.read_folder(now)?;
        self.bring_item(item, true, now)
    }

    fn bring_item(&self, item: Item, as_drafts: bool, now: DateTime<Utc>) -> Result<Added> {
        let shelf = self.current();
        let known = shelf
            .articles
            .values()
            .find(|known| !item.origin.is_empty() && known.origin.as_deref() == Some(item.origin.as_str()));
        if let Some(known) = known {
            return Ok(Added { slug: known.slug.clone(), brought: Brought::Same, notes: Vec::new() });
        }
        let name = format!("{}.html", free_stem(&shelf, &item));
        let admitted = self.admitted(&name, &self.folder.join(&name), now)?;
        self.bring(admitted, written(&item, as_drafts).as_bytes(), now)
    }

    /// Whether a file may come under this name; what is wrong is said of `file`. For who holds `folder_work`.
    fn admitted<'n>(&self, name: &'n str, file: &Path, now: DateTime<Utc>) -> Result<Admitted<'n>> {
        let path = self.folder.join(name);
        let wrong = |what: String| Error::Wrong { path: file.to_owned(), what };
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let kind = Kind::of(extension).ok_or_else(|| wrong("only .md and .html are taken".into()))?;
        let own = slug(stem);
        if own.is_empty() || stem.starts_with(['.', '_']) {
            return Err(wrong("its name must begin with a letter or a digit; rename it".into()));
        }
        if is_reserved(&own) {
            return Err(wrong(format!("the name {own} is no article's; rename it")));
        }
        self.read_folder(now)?;
        if let Some(other) = self.current().article(&own).filter(|other| other.path != path) {
            return Err(wrong(format!("/a/{own} is {}; rename one of them", other.path.display())));
        }
        Ok(Admitted { path, stem, kind, slug: own })
    }

    /// Puts a file into the folder and reads it. For who holds `folder_work`.
    fn bring(&self, admitted: Admitted<'_>, bytes: &[u8], now: DateTime<Utc>) -> Result<Added> {
        let Admitted { path, stem, kind, slug: own } = admitted;
        let wrong = |what: String| Error::Wrong { path: path.clone(), what };
        source::read(bytes, kind, stem, self.settings.time_zone).map_err(wrong)?;
        let brought = match fs::read(&path) {
            Ok(before) if before == bytes => Brought::Same,
            Ok(_) => {
                copy_aside(&self.folder, &path)?;
                Brought::Changed
            }
            Err(_) => Brought::New,
        };
        if brought != Brought::Same {
            write_whole(&path, bytes).map_err(|error| disk(&path, error))?;
        }
        self.read_folder(now)?;
        let notes = match self.current().article(&own) {
            Some(article) => article.notes.clone(),
            None => {
                let read = read_article(&path, stem, kind, &self.folder, &self.settings);
                return Err(wrong(read.err().unwrap_or_else(|| "it has gone again".into())));
            }
        };
        Ok(Added { slug: own, brought, notes })
    }

    fn put_picture(&self, stem: &str, name: &str, bytes: &[u8]) -> Result<()> {
        let folder = self.folder.join(stem);
        let path = folder.join(name);
        fs::create_dir_all(&folder).map_err(|error| disk(&folder, error))?;
        if fs::read(&path).is_ok_and(|before| before == bytes) {
            return Ok(());
        }
        if path.exists() {
            copy_aside(&self.folder, &path)?;
        }
        write_whole(&path, bytes).map_err(|error| disk(&path, error))
    }
}

/// The pictures that an article refers to, by their names, from wherever beside its file they are.
fn pictures(read: &source::Source, beside: &Path, stem: &str) -> Vec<(String, Vec<u8>)> {
    let addresses: RefCell<Vec<String>> = RefCell::default();
    let note = |address: &str| {
        addresses.borrow_mut().push(address.to_owned());
        None
    };
    let _ = safe_markup(&read.markup, &Rules { link: &|_| None, picture: &note, style: &|_| None, anchors: false });
    let mut addresses = addresses.into_inner();
    addresses.extend(read.cover.clone());
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    for address in addresses {
        let Some(name) = picture::name_of(&address) else { continue };
        if found.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let bytes = picture_at(&address, beside).or_else(|| picture::read(&picture::place(beside, stem, &name)?.0));
        found.extend(bytes.filter(|bytes| web_picture(bytes).is_some()).map(|bytes| (name, bytes)));
    }
    found
}

/// The file at an address below the article's folder.
fn picture_at(address: &str, beside: &Path) -> Option<Vec<u8>> {
    let path = address.split(['?', '#']).next()?;
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let is_inner = |part: &str| !part.is_empty() && part != ".." && !part.contains(['\\', '\0']);
    let path = path.trim_start_matches("./");
    path.split('/').all(is_inner).then(|| picture::read(&beside.join(path))).flatten()
}

/// A name for the file of an item: its title, with a number if that is taken.
fn free_stem(shelf: &Shelf, item: &Item) -> String {
    let day = item.published_at.map(|at| format!("{}-", at.format("%Y-%m-%d"))).unwrap_or_default();
    let title: String = slug(&item.title).chars().take(40).collect();
    let stem = if title.is_empty() { format!("{day}article") } else { format!("{day}{title}") };
    let is_free = |stem: &String| !is_reserved(&slug(stem)) && shelf.article(&slug(stem)).is_none();
    let numbered = (2..).map(|number: u32| format!("{stem}-{number}"));
    std::iter::once(stem.clone()).chain(numbered).find(is_free).unwrap_or(stem)
}

/// An item as a file.
fn written(item: &Item, as_drafts: bool) -> String {
    let mut head = toml::Table::new();
    let mut set = |key: &str, value: toml::Value| {
        head.insert(key.to_owned(), value);
    };
    let title: String = item.title.chars().take(TITLE).collect();
    if !title.is_empty() {
        set("title", title.into());
    }
    if let Some(author) = &item.author {
        set("author", author.clone().into());
    }
    set("tags", item.tags.clone().into());
    if let Some(summary) = summary(&item.markup) {
        set("summary", summary.into());
    }
    if let Some(at) = item.published_at {
        set("publish_at", at.to_rfc3339().into());
    }
    if as_drafts {
        set("draft", true.into());
    }
    set("source", item.origin.clone().into());
    format!("+++\n{head}+++\n\n{}\n", item.markup)
}

/// The beginning of a text, in one line.
fn summary(markup: &str) -> Option<String> {
    let rules = Rules { link: &|_| None, picture: &|_| None, style: &|_| None, anchors: false };
    let text = safe_markup(markup, &rules).text;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(SUMMARY).collect();
    let is_cut = short.len() < words.len();
    (!short.is_empty()).then(|| if is_cut { format!("{short}…") } else { short })
}

fn read_text(file: &Path) -> Result<String> {
    let bytes = fs::read(file).map_err(|error| disk(file, error))?;
    String::from_utf8(bytes)
        .map_err(|_| Error::Wrong { path: file.to_owned(), what: "it is not UTF-8; save it as UTF-8".into() })
}

/// Moves a file or a folder out of sight, under a name that is free, and gives that.
pub(super) fn put_aside(folder: &Path, path: &Path) -> Result<PathBuf> {
    let place = place_aside(folder, path)?;
    fs::rename(path, &place).map_err(|error| disk(path, error))?;
    Ok(place)
}

fn copy_aside(folder: &Path, path: &Path) -> Result<()> {
    let place = place_aside(folder, path)?;
    let bytes = fs::read(path).map_err(|error| disk(path, error))?;
    write_whole(&place, &bytes).map_err(|error| disk(&place, error))
}

fn place_aside(folder: &Path, path: &Path) -> Result<PathBuf> {
    let aside = folder.join(ASIDE);
    fs::create_dir_all(&aside).map_err(|error| disk(&aside, error))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let numbered = (2..).map(|number: u32| aside.join(format!("{number}-{name}")));
    let mut places = std::iter::once(aside.join(&name)).chain(numbered);
    Ok(places.find(|place| !place.exists()).unwrap_or_else(|| aside.join(&name)))
}

/// Writes a file that is whole or not there.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = path.with_file_name(format!(".{name}.new"));
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
