//! Looking before reading: what a pass would fetch, and whether a source works, step by step. Nothing is stored but
//! what robots.txt said.

use std::time::Duration;

use tokio::runtime::Handle;
use url::Url;

use super::catalogue::{page_of, page_wanted_of};
use super::fetch::{Document, FetchError, Fetched, Wanted};
use super::pass::without_queries;
use super::place::{Place, place_of};
use super::rules::{self, Step};
use super::{Crawler, Error, Refused, Result, feeds};
use crate::http::guarded::Method;
use crate::store::records::{ItemState, SourceKind, SourceRecord};
use crate::store::schema::CRAWL_ITEMS;

/// Pages that a dry run reads.
const MOST_PAGES: usize = 20;
/// A word that every library has titles with.
const COMMON: &str = "我";
/// Values of a rule that are shown.
const MOST_VALUES: usize = 20;
/// Somebody waits for the outcome: so long at most for one page.
const MOST_TIME: Duration = Duration::from_secs(60);
/// Books that a dry run names.
const MOST_BOOKS: usize = 500;

/// What a pass would fetch, as far as the first pages tell.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct DryRun {
    /// Pages that were read.
    pub pages: usize,
    /// Pages that are known now and were not read.
    pub pages_left: usize,
    /// What would be fetched.
    pub would_fetch: Vec<WouldFetch>,
    /// Books on these pages that are there already.
    pub known: usize,
    /// What could not be read, and why.
    pub troubles: Vec<String>,
}

/// A book that would be fetched.
#[derive(Clone, Debug, serde::Serialize)]
pub struct WouldFetch {
    /// Its title.
    pub title: String,
    /// Its authors.
    pub authors: Vec<String>,
    /// Where it is.
    pub url: String,
    /// Its format, if the source says.
    pub format: Option<String>,
    /// Its size, if the source says.
    pub bytes: Option<u64>,
    /// Why it would not be fetched after all: its address, or the site's robots.txt.
    pub forbidden: Option<String>,
}

/// A step of reading a site by rules, and how it went.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CheckStep {
    /// Which.
    pub step: String,
    /// What it gave, or why it failed.
    pub outcome: String,
    /// Whether it gave what it should.
    pub works: bool,
}

/// What a rule gave.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Tried {
    /// The field it is for.
    pub field: String,
    /// What it gave, the first few, each with where it stands on the page.
    pub values: Vec<(String, Option<Place>)>,
    /// Why it gave nothing.
    pub error: Option<String>,
}

/// One who looks.
struct Looking<'c> {
    crawler: &'c Crawler,
    source: SourceRecord,
    rules: Option<rules::Source>,
    manner: super::fetch::Manner,
    origin: Url,
    runtime: &'c Handle,
}

impl Crawler {
    fn look<'c>(&'c self, name: &str, runtime: &'c Handle) -> Result<Looking<'c>> {
        let source = self.source(name)?.record;
        let rules = source.rules.as_deref().map(rules::Source::parse).transpose();
        let rules = rules.map_err(|error| Refused::Said(error.to_string()))?;
        let manner = self.manner_of(&source, rules.as_ref())?;
        let origin = manner.origin.clone();
        Ok(Looking { crawler: self, source, rules, manner, origin, runtime })
    }

    /// Reads the first pages of a source and says what a pass would fetch.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`], or when the store fails. What the site does wrong is in the result.
    pub fn dry_run(&self, name: &str, runtime: &Handle) -> Result<DryRun> {
        let looking = self.look(name, runtime)?;
        let mut dry = DryRun::default();
        let mut urls = match (looking.source.kind, &looking.rules) {
            (SourceKind::Rules, Some(rules)) => looking.lists(rules, &mut dry),
            _ => vec![looking.page(looking.origin.clone())],
        };
        let mut seen: std::collections::HashSet<String> = urls.iter().map(|wanted| wanted.url.to_string()).collect();
        while !urls.is_empty() && dry.pages < MOST_PAGES && dry.would_fetch.len() < MOST_BOOKS {
            let wanted = urls.remove(0);
            match looking.ask(&wanted) {
                Ok(document) => {
                    dry.pages += 1;
                    let further = looking.read(name, &document, &mut dry)?;
                    let fresh = further.into_iter().filter(|url| seen.insert(url.to_string()));
                    urls.extend(fresh.map(|url| looking.page(url)));
                }
                Err(error) => dry.troubles.push(format!("{}: {error}", without_queries(wanted.url.as_str()))),
            }
        }
        dry.pages_left = urls.len();
        for one in &mut dry.would_fetch {
            one.forbidden = looking.why_forbidden(&one.url);
        }
        Ok(dry)
    }

    /// Goes through all steps of a source with one book: a search or a list, the book, its contents, a chapter; or, of
    /// a catalogue, its first page.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`], or when the store fails.
    pub fn check_source(&self, name: &str, words: Option<&str>, runtime: &Handle) -> Result<Vec<CheckStep>> {
        let looking = self.look(name, runtime)?;
        let Some(rules) = &looking.rules else {
            let dry = self.dry_run(name, runtime)?;
            let works = dry.pages > 0 && dry.troubles.is_empty();
            let found = format!("{} pages, {} books to fetch, {} known", dry.pages, dry.would_fetch.len(), dry.known);
            let outcome = if works { found } else { format!("{found}; {}", dry.troubles.join("; ")) };
            return Ok(vec![CheckStep { step: "catalogue".into(), outcome, works }]);
        };
        Ok(looking.check(rules, words))
    }

    /// Opens a page of a source's site and tries its rules of one step on it, or one rule.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`], or [`Error::Refused`] when the page cannot be had.
    pub fn try_rules(
        &self,
        name: &str,
        url: &str,
        step: Option<Step>,
        rule: Option<&str>,
        runtime: &Handle,
    ) -> Result<Vec<Tried>> {
        let looking = self.look(name, runtime)?;
        let Some(rules) = &looking.rules else { return Err(Refused::Said(format!("{name} has no rules")).into()) };
        let document = looking.step(rules, url).map_err(Refused::Said)?;
        let page = page_of(&document);
        let outcomes = match rule {
            Some(rule) => {
                let outcome = rules::evaluate(rule, &page, &mut rules::Kept::default());
                vec![(rule.to_owned(), outcome.map_err(|error| error.to_string()))]
            }
            None => rules.test(step.unwrap_or(Step::Search), &page),
        };
        let text = page.text();
        let shown = |values: Vec<String>| {
            let short = values.into_iter().take(MOST_VALUES).map(|one| one.chars().take(500).collect::<String>());
            short.map(|one| (place_of(&one, &text), one)).map(|(place, one)| (one, place)).collect()
        };
        Ok(outcomes
            .into_iter()
            .map(|(field, outcome)| match outcome {
                Ok(values) => Tried { field, values: shown(values), error: None },
                Err(error) => Tried { field, values: Vec::new(), error: Some(error) },
            })
            .collect())
    }

    /// What kind of source an address leads to.
    ///
    /// # Errors
    /// [`Error::Refused`] says why it is none.
    pub fn kind_of(&self, source: &SourceRecord, runtime: &Handle) -> Result<SourceKind> {
        let manner = self.manner_of(source, None)?;
        let origin = manner.origin.clone();
        let looking = Looking { crawler: self, source: source.clone(), rules: None, manner, origin, runtime };
        let refuse = |why: String| Error::Refused(Refused::Said(format!("{}: {why}", source.url)));
        let document = looking.ask(&looking.page(looking.origin.clone())).map_err(|error| refuse(error.to_string()))?;
        match feeds::kind_of(&page_of(&document)) {
            Some(feeds::Kind::Opds) => Ok(SourceKind::Opds),
            Some(feeds::Kind::Feed) => Ok(SourceKind::Feed),
            Some(feeds::Kind::Sitemap) => Ok(SourceKind::Sitemap),
            Some(feeds::Kind::Listing) => Ok(SourceKind::Listing),
            None => Err(refuse(looking.no_catalogue(&document))),
        }
    }
}

impl Looking<'_> {
    fn page(&self, url: Url) -> Wanted {
        page_wanted_of(self.source.kind, Wanted::get(url, self.crawler.settings.manners.page_bytes))
    }

    fn by_rules(&self, request: rules::Request) -> Wanted {
        let method = match request.method {
            rules::Method::Get => Method::Get,
            rules::Method::Post => Method::Post,
        };
        Wanted { method, headers: request.headers, body: request.body, ..self.page(request.url) }
    }

    /// Why an address may not be asked for, as far as it and robots.txt tell. Only robots.txt is fetched.
    fn why_forbidden(&self, url: &str) -> Option<String> {
        let url = self.rules.as_ref().map_or_else(
            || Url::parse(url).ok(),
            |rules| rules.request(url, &self.origin).ok().map(|request| request.url),
        )?;
        let asked = async { tokio::time::timeout(MOST_TIME, self.crawler.fetcher.allowed(&self.manner, &url)).await };
        self.runtime.block_on(asked).unwrap_or(Err(FetchError::Slow)).err().map(|error| error.to_string())
    }

    /// What to do about a page that is no catalogue: it, or the site's robots.txt, may name one.
    fn no_catalogue(&self, document: &Document) -> String {
        let mut named: Vec<String> =
            feeds::advertised(&page_of(document)).into_iter().map(|(_, url)| url.into()).collect();
        let sitemaps = self.runtime.block_on(self.crawler.fetcher.sitemaps(&self.manner, &document.url));
        named.extend(sitemaps.unwrap_or_default().into_iter().map(String::from));
        named.truncate(5);
        let told = "it is no catalogue, feed, sitemap or list of files";
        match named.is_empty() {
            true => format!("{told}; a site needs rules (import them)"),
            false => format!("{told}; it names {}", named.join(", ")),
        }
    }

    fn ask(&self, wanted: &Wanted) -> Result<Document, FetchError> {
        let fetched = self.runtime.block_on(async {
            tokio::time::timeout(MOST_TIME, self.crawler.fetcher.fetch(&self.manner, wanted)).await
        });
        match fetched.unwrap_or(Err(FetchError::Slow))? {
            Fetched::Whole(document) => Ok(document),
            Fetched::Unchanged => Err(FetchError::Broken("it says nothing has changed".into())),
        }
    }

    fn lists(&self, rules: &rules::Source, dry: &mut DryRun) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for list in &self.source.lists {
            match rules.list(*list as usize, 1) {
                Ok(request) => wanted.push(self.by_rules(request)),
                Err(error) => dry.troubles.push(format!("list {list}: {error}")),
            }
        }
        if self.source.lists.is_empty() {
            dry.troubles.push("no list is chosen: only what followers ask for is looked for".into());
        }
        wanted
    }

    /// Notes what is on a page and gives the pages it leads to.
    fn read(&self, name: &str, document: &Document, dry: &mut DryRun) -> Result<Vec<Url>> {
        let page = page_of(document);
        let store = &self.crawler.store;
        let is_there = |id: &str| -> Result<bool> {
            let item = store.get(&CRAWL_ITEMS, &(name.to_owned(), id.to_owned()))?;
            Ok(item.is_some_and(|item| item.state == ItemState::Done))
        };
        let kind = match self.source.kind {
            SourceKind::Opds => feeds::Kind::Opds,
            SourceKind::Feed => feeds::Kind::Feed,
            SourceKind::Sitemap => feeds::Kind::Sitemap,
            SourceKind::Listing | SourceKind::Webdav => feeds::Kind::Listing,
            SourceKind::Rules => {
                let hits = self.rules.as_ref().map(|rules| rules.read_list(&page));
                match hits {
                    Some(Ok(hits)) => {
                        for hit in hits {
                            let (title, authors) = (hit.title, vec![hit.author]);
                            let one = WouldFetch {
                                title,
                                authors,
                                url: hit.url.clone(),
                                format: None,
                                bytes: None,
                                forbidden: None,
                            };
                            if is_there(&hit.url)? { dry.known += 1 } else { dry.would_fetch.push(one) }
                        }
                    }
                    Some(Err(error)) => {
                        dry.troubles.push(format!("{}: {error}", without_queries(document.url.as_str())))
                    }
                    None => {}
                }
                return Ok(Vec::new());
            }
        };
        let listing = match feeds::read(kind, &page) {
            Ok(listing) => listing,
            Err(error) => {
                dry.troubles.push(format!("{}: {error}", without_queries(document.url.as_str())));
                return Ok(Vec::new());
            }
        };
        let formats = if self.source.formats.is_empty() { &crate::book::Format::ALL[..] } else { &self.source.formats };
        for entry in &listing.entries {
            let Some(file) = entry.best_file(formats) else { continue };
            let one = WouldFetch {
                title: entry.title.clone(),
                authors: entry.authors.clone(),
                url: file.url.to_string(),
                format: file.format.map(|format| format.to_string()),
                bytes: file.bytes,
                forbidden: None,
            };
            if is_there(&entry.id)? { dry.known += 1 } else { dry.would_fetch.push(one) }
        }
        let is_own = |url: &Url| url.host_str() == self.origin.host_str();
        Ok(listing.next.into_iter().chain(listing.deeper).filter(is_own).collect())
    }

    fn check(&self, rules: &rules::Source, words: Option<&str>) -> Vec<CheckStep> {
        let mut steps = Vec::new();
        let mut note = |step: Step, outcome: Result<String, String>| {
            let (works, outcome) = match outcome {
                Ok(outcome) => (true, outcome),
                Err(why) => (false, why),
            };
            steps.push(CheckStep { step: step.to_string(), outcome, works });
            works
        };
        let (first, request, is_search) = match words {
            Some(words) => (Step::Search, rules.search(words, 1), true),
            None if !rules.lists().is_empty() => (Step::Explore, rules.list(0, 1), false),
            None => (Step::Search, rules.search(COMMON, 1), true),
        };
        let hits = request.map_err(|error| error.to_string()).and_then(|request| {
            let document = self.fetched(request)?;
            let page = page_of(&document);
            let hits = if is_search { rules.read_search(&page) } else { rules.read_list(&page) };
            let hits = hits.map_err(|error| error.to_string())?;
            if hits.is_empty() { Err("it found nothing".to_owned()) } else { Ok(hits) }
        });
        let told = hits.as_ref().map(|hits| format!("{} books, the first {}", hits.len(), hits[0].title));
        note(first, told.map_err(Clone::clone));
        let Some(hit) = hits.ok().and_then(|hits| hits.into_iter().next()) else { return steps };
        let mut kept = hit.kept;
        let detail = self.step(rules, &hit.url).and_then(|document| {
            let detail = rules.read_detail(&page_of(&document), &mut kept).map_err(|error| error.to_string())?;
            let contents = detail.contents_url.clone().unwrap_or_else(|| hit.url.clone());
            Ok((detail.title.unwrap_or(hit.title), contents))
        });
        note(Step::Detail, detail.as_ref().map(|(title, _)| title.clone()).map_err(Clone::clone));
        let Ok((_, contents)) = detail else { return steps };
        let chapters = self.step(rules, &contents).and_then(|document| {
            let page = rules.read_contents(&page_of(&document), &mut kept).map_err(|error| error.to_string())?;
            if page.chapters.is_empty() { Err("it has no chapter".to_owned()) } else { Ok(page.chapters) }
        });
        let told = chapters.as_ref().map(|all| format!("{} chapters, the first {}", all.len(), all[0].title));
        note(Step::Contents, told.map_err(Clone::clone));
        let Some(chapter) = chapters.ok().and_then(|all| all.into_iter().find(|one| !one.is_volume)) else {
            return steps;
        };
        let text = self.step(rules, &chapter.url).and_then(|document| {
            let page = rules.read_chapter(&page_of(&document), &mut kept, None).map_err(|error| error.to_string())?;
            let text = rules.finished(&[page.text]);
            super::judge::chapter(&text, &chapter.title, &Default::default(), &self.source.fail_words)
                .map_err(|suspicion| suspicion.to_string())?;
            Ok(format!("{} letters: {}…", text.chars().count(), text.chars().take(40).collect::<String>()))
        });
        note(Step::Chapter, text);
        steps
    }

    fn step(&self, rules: &rules::Source, url: &str) -> Result<Document, String> {
        self.fetched(rules.request(url, &self.origin).map_err(|error| error.to_string())?)
    }

    fn fetched(&self, request: rules::Request) -> Result<Document, String> {
        let charset = request.charset.clone();
        let document = self.ask(&self.by_rules(request)).map_err(|error| error.to_string())?;
        Ok(Document { charset: charset.or(document.charset.clone()), ..document })
    }
}
