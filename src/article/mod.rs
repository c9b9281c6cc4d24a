//! The owner's own articles: Markdown files in a folder, shown as pages, found by followers, brought to the platform.
//!
//! A file of the folder `articles` with the pictures beside it is an article; the owner edits it with whatever edits
//! files. All are kept in memory (`shelf`), read again where a file has changed, and looked through by `find`. The store
//! knows what no file can tell: when an article was first seen, when the owner has it published, what the platform has of
//! it (`draft`). An article is public from its time on; that needs no job, because everybody who asks says what time it
//! is. `bring` takes files and feeds into the folder.
//!
//! Deliberately not here: the pages' frame (`server`), what a follower types (`reply`), fetching feeds from the web.

mod bring;
mod content;
mod draft;
mod feed;
mod find;
mod page;
mod picture;
mod publication;
mod shelf;
mod source;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use parking_lot::{Mutex, RwLock};

pub use bring::{Added, Brought};
pub use draft::{Drafted, Told};
pub use page::{address_of, address_of_picture};
pub use picture::{LARGEST as LARGEST_PICTURE, Picture};
pub use publication::{Followed, Outcome};
pub use shelf::{Article, Shelf};
pub use source::LARGEST as LARGEST_ARTICLE;

use crate::store::records::ArticleRecord;
use crate::store::schema::ARTICLES;
use crate::store::{self, Durability, Store};
use crate::token::{CallError, Tokens};
use crate::wechat::UnfitDraft;

/// Longest name in addresses, in characters.
const SLUG: usize = 80;
/// What the place of a new article is called among those of the owner's pages.
const EDITOR: &str = "new";

/// The articles. Shared by all accounts.
pub struct Articles {
    store: Arc<Store>,
    tokens: Arc<Tokens>,
    folder: PathBuf,
    settings: Settings,
    /// None until the folder has been read for the first time.
    shelf: RwLock<Option<Arc<Shelf>>>,
    /// Held by whoever reads or changes the folder. Guards no data of its own.
    folder_work: Mutex<()>,
    /// Held by whoever makes a picture lighter.
    picture_work: Mutex<()>,
    /// Held by whoever writes drafts: two at a time would add two.
    platform_work: tokio::sync::Mutex<()>,
}

/// What the owner decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the pages are reached from outside, without a slash at the end.
    pub public_url: String,
    /// In which times without a zone are meant.
    pub time_zone: Tz,
    /// The accounts that may publish.
    pub verified: Vec<String>,
}

/// What can go wrong, by what the owner can do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The disk failed.
    #[error("{}: {error}", path.display())]
    Disk {
        /// Where.
        path: PathBuf,
        /// How.
        error: std::io::Error,
    },
    /// A file is no article, or no feed.
    #[error("{}: {what}", path.display())]
    Wrong {
        /// Which.
        path: PathBuf,
        /// What is wrong and what to do.
        what: String,
    },
    /// There is no such article.
    #[error("there is no article {0}; `shutong article list` shows them")]
    NoArticle(String),
    /// There is nothing to publish.
    #[error("{0} is not in the draft box; bring it there first")]
    NoDraft(String),
    /// There is no such account.
    #[error("there is no account {0}; the configuration names them under [[account]]")]
    NoAccount(String),
    /// The platform would not take it.
    #[error(transparent)]
    Unfit(#[from] UnfitDraft),
    /// A picture cannot be made fit for the platform.
    #[error("the picture {0}; save it as JPEG or PNG of less than 1 MB")]
    Picture(String),
    /// The platform refuses, and what to do about it.
    #[error("{advice} (errcode {code}: {message})")]
    Refused {
        /// What to do.
        advice: &'static str,
        /// The platform's number.
        code: i64,
        /// The platform's words.
        message: String,
    },
    /// The platform could not be asked, or refused in a way that says enough.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Work of ours broke off.
    #[error("{0}")]
    Panicked(#[from] crate::blocking::Panicked),
}

/// The result of most calls here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What reading the folder came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Articles there are now.
    pub articles: usize,
    /// Of these, new ones and changed ones.
    pub changed: usize,
    /// Articles that have gone.
    pub gone: usize,
    /// Files that cannot be shown.
    pub problems: usize,
}

impl Articles {
    /// Articles in `folder`, which need not exist yet. Nothing is read.
    pub fn new(store: Arc<Store>, tokens: Arc<Tokens>, folder: PathBuf, settings: Settings) -> Articles {
        Articles {
            store,
            tokens,
            folder,
            settings,
            shelf: RwLock::default(),
            folder_work: Mutex::default(),
            picture_work: Mutex::default(),
            platform_work: tokio::sync::Mutex::default(),
        }
    }

    /// All articles as they were when the folder was read last; it is read now if it never was.
    ///
    /// # Errors
    /// When the disk or the store fails.
    pub fn shelf(&self, now: DateTime<Utc>) -> Result<Arc<Shelf>> {
        if let Some(shelf) = self.shelf.read().as_ref() {
            return Ok(Arc::clone(shelf));
        }
        self.scan(now)?;
        Ok(self.shelf.read().clone().unwrap_or_default())
    }

    /// Reads the folder again where it has changed.
    ///
    /// # Errors
    /// When the disk or the store fails.
    pub fn scan(&self, now: DateTime<Utc>) -> Result<Scanned> {
        let _alone = self.folder_work.lock();
        self.read_folder(now)
    }

    /// Has an article published at a time, now or later, whatever its file says.
    ///
    /// # Errors
    /// [`Error::NoArticle`], or when the store fails.
    pub fn publish(&self, slug: &str, at: DateTime<Utc>, now: DateTime<Utc>) -> Result<Arc<Article>> {
        let _alone = self.folder_work.lock();
        self.read_folder(now)?;
        let known = self.current().article(slug).cloned().ok_or_else(|| Error::NoArticle(slug.to_owned()))?;
        let key = known.slug.clone();
        self.store.write(Durability::Durable, |write| {
            let record: Option<ArticleRecord> = write.get(&ARTICLES, &key)?;
            let record = ArticleRecord { published_at: Some(at), ..record.unwrap_or_default() };
            write.put(&ARTICLES, &key, &record)
        })?;
        Ok(self.put_on_shelf(Article { published_at: Some(at), ..(*known).clone() }))
    }

    /// Takes the owner's order to publish an article back: its file alone says from now on when it is public.
    ///
    /// # Errors
    /// [`Error::NoArticle`], or when the store fails.
    pub fn hold(&self, slug: &str, now: DateTime<Utc>) -> Result<Arc<Article>> {
        let _alone = self.folder_work.lock();
        self.read_folder(now)?;
        let known = self.current().article(slug).cloned().ok_or_else(|| Error::NoArticle(slug.to_owned()))?;
        let key = known.slug.clone();
        let record = self.store.write(Durability::Durable, |write| {
            let record: Option<ArticleRecord> = write.get(&ARTICLES, &key)?;
            let record = ArticleRecord { published_at: None, ..record.unwrap_or_default() };
            write.put(&ARTICLES, &key, &record)?;
            Ok::<_, store::Error>(record)
        })?;
        Ok(self.put_on_shelf(Article { published_at: time_of(&known, &record), ..(*known).clone() }))
    }

    /// The article that a file of this name with this text would be, as it would look now. Nothing is kept.
    ///
    /// # Errors
    /// [`Error::Wrong`] when it is none.
    pub fn preview(&self, name: &str, text: &str) -> Result<Article> {
        let path = self.folder.join(name);
        let wrong = |what: &str| Error::Wrong { path: path.clone(), what: what.to_owned() };
        let parts = name.rsplit_once('.').filter(|_| picture::is_name(name));
        let (stem, extension) =
            parts.ok_or_else(|| wrong("that can be no file's name; use letters, digits and dashes"))?;
        let kind = source::Kind::of(extension).ok_or_else(|| wrong("it is neither .md nor .html"))?;
        shelf::made(text.as_bytes(), &path, stem, kind, &self.folder, &self.settings).map_err(|what| wrong(&what))
    }

    /// Takes an article and the pictures of its own out of the folder, into its folder `removed`. Gives the place where
    /// the file is now.
    ///
    /// # Errors
    /// [`Error::NoArticle`], or when the disk or the store fails.
    pub fn remove(&self, slug: &str, now: DateTime<Utc>) -> Result<PathBuf> {
        let _alone = self.folder_work.lock();
        self.read_folder(now)?;
        let article = self.current().article(slug).cloned().ok_or_else(|| Error::NoArticle(slug.to_owned()))?;
        let place = bring::put_aside(&self.folder, &article.path)?;
        let pictures = self.folder.join(&article.stem);
        if pictures.is_dir() {
            bring::put_aside(&self.folder, &pictures)?;
        }
        self.store.write(Durability::Durable, |write| {
            write.delete(&ARTICLES, &article.slug);
            Ok::<_, store::Error>(())
        })?;
        self.read_folder(now)?;
        Ok(place)
    }

    /// A picture as pages show it, with its media type: heavy ones are made lighter. None if the file has gone.
    pub fn light(&self, picture: &Picture) -> Option<(Vec<u8>, &'static str)> {
        picture::light(&self.folder, &self.picture_work, picture)
    }

    /// The folder of articles.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The whole address of the page of the article of this name.
    pub fn url_of(&self, slug: &str) -> String {
        format!("{}{}", self.settings.public_url, address_of(slug))
    }

    /// A point in time as people write one; without a zone it is the owner's.
    ///
    /// # Errors
    /// A sentence that shows how a time is written.
    pub fn moment(&self, text: &str) -> Result<DateTime<Utc>, String> {
        let found = source::moment(text, self.settings.time_zone);
        found.ok_or_else(|| format!("\"{text}\" is no time; write it like \"2026-12-01 08:00\""))
    }

    /// For who holds `folder_work`.
    fn put_on_shelf(&self, article: Article) -> Arc<Article> {
        let article = Arc::new(article);
        let mut shelf = (*self.current()).clone();
        shelf.articles.insert(article.slug.clone(), Arc::clone(&article));
        *self.shelf.write() = Some(Arc::new(shelf));
        article
    }

    fn current(&self) -> Arc<Shelf> {
        self.shelf.read().clone().unwrap_or_default()
    }

    /// For who holds `folder_work`.
    fn read_folder(&self, now: DateTime<Utc>) -> Result<Scanned> {
        fs::create_dir_all(&self.folder).map_err(|error| disk(&self.folder, error))?;
        let before = self.current();
        let mut shelf =
            shelf::read(&self.folder, &before, &self.settings).map_err(|error| disk(&self.folder, error))?;
        let is_known = |slug: &String, article: &Arc<Article>| {
            before.articles.get(slug).is_some_and(|known| Arc::ptr_eq(known, article))
        };
        let changed: Vec<String> = shelf
            .articles
            .iter()
            .filter(|(slug, article)| !is_known(slug, article))
            .map(|(slug, _)| slug.clone())
            .collect();
        if !changed.is_empty() {
            self.note(&mut shelf, &changed, now)?;
        }
        let gone = before.articles.keys().filter(|slug| !shelf.articles.contains_key(*slug)).count();
        let (articles, problems) = (shelf.articles.len(), shelf.problems.len());
        for (path, what) in shelf.problems.iter().filter(|problem| !before.problems.contains(problem)) {
            log::warn!("the article {} is not shown: {what}", path.display());
        }
        let is_same = changed.is_empty() && gone == 0 && before.problems == shelf.problems;
        let mut current = self.shelf.write();
        if !is_same || current.is_none() {
            *current = Some(Arc::new(shelf));
        }
        Ok(Scanned { articles, changed: changed.len(), gone, problems })
    }

    /// Notes new and changed articles, and tells each its time.
    fn note(&self, shelf: &mut Shelf, changed: &[String], now: DateTime<Utc>) -> Result<()> {
        self.store.write(Durability::Durable, |write| {
            for slug in changed {
                let Some(article) = shelf.articles.get_mut(slug) else { continue };
                let before: Option<ArticleRecord> = write.get(&ARTICLES, slug)?;
                let record = ArticleRecord {
                    title: article.title.clone(),
                    tags: article.tags.clone(),
                    hash: article.hash.as_str().to_owned(),
                    seen_at: before.as_ref().map_or(now, |before| before.seen_at),
                    published_at: before.as_ref().and_then(|before| before.published_at),
                };
                let published_at = time_of(article, &record);
                if before.as_ref() != Some(&record) {
                    write.put(&ARTICLES, slug, &record)?;
                }
                if article.published_at != published_at {
                    *article = Arc::new(Article { published_at, ..(**article).clone() });
                }
            }
            Ok::<_, store::Error>(())
        })?;
        Ok(())
    }
}

/// When an article is public: by the owner's order, else by its file, else from when it was first seen.
fn time_of(article: &Article, record: &ArticleRecord) -> Option<DateTime<Utc>> {
    let own = if article.own_time.is_draft { None } else { article.own_time.at.or(Some(record.seen_at)) };
    record.published_at.or(own)
}

/// The name in addresses of a file with this stem: its letters and digits, everything else a dash.
pub(crate) fn slug(stem: &str) -> String {
    let mut slug = String::new();
    for c in stem.chars().take(SLUG) {
        if c.is_alphanumeric() || c == '_' {
            slug.extend(c.to_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Whether this name cannot be an article's: its folder would be one that all share, or its place the editor's.
fn is_reserved(slug: &str) -> bool {
    [picture::SHARED, bring::ASIDE, EDITOR].contains(&slug)
}

fn disk(path: &Path, error: std::io::Error) -> Error {
    Error::Disk { path: path.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_name_in_addresses_is_letters_digits_and_dashes() {
        for (stem, expected) in [
            ("2026-12-01 冬天的书单", "2026-12-01-冬天的书单"),
            ("Hello, World!", "hello-world"),
            ("feed.xml", "feed-xml"),
            ("..", ""),
            ("a/../b", "a-b"),
            ("《三体》", "三体"),
        ] {
            assert_eq!(slug(stem), expected);
        }
    }
}
