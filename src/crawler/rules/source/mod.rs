//! A source: its rules compiled once, and what it does with the pages of each step.
//!
//! Fields that are not needed fail softly, one by one; a needed one that does not evaluate is an error of its step.
//! Deliberately without any request of its own: it says what to ask for, and reads what comes.

mod fields;
mod read;
mod reports;
mod results;
mod try_out;

use serde_json::{Map, Value};
use url::Url;

use super::error::{Construct, ImportError, RuleError};
use super::header;
use super::import::{normalised, text};
use super::limits::{self, Budget};
use super::pattern::{self, Pattern};
use super::rate::Rate;
use super::report::{Report, Step};
use super::request::{self, AddressRule, Request};
use fields::{ChapterRules, ContentsRules, DetailRules, ListRules, Slot};
pub use results::{ChapterLink, ChapterPage, ContentsPage, Detail, Hit};
pub use try_out::evaluate;

/// What a source is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Medium {
    Text,
    Audio,
    Images,
    Files,
}

/// A source, ready to be used. Compiling takes milliseconds: keep it while it is in use.
#[derive(Debug)]
pub struct Source {
    name: String,
    url: String,
    base: Url,
    medium: Medium,
    headers: Result<Vec<(String, String)>, RuleError>,
    rate: Option<Rate>,
    detail_pattern: Option<Result<Pattern, RuleError>>,
    search_address: Result<AddressRule, RuleError>,
    lists: Result<Vec<(String, AddressRule)>, RuleError>,
    search: ListRules,
    explore: Option<ListRules>,
    detail: DetailRules,
    contents: ContentsRules,
    chapter: ChapterRules,
    /// Scripts and the like beside the rules: the step, the field, whether it is needed.
    extras: Vec<(Step, &'static str, RuleError, bool)>,
    name_dirt: Vec<Pattern>,
    author_dirt: Vec<Pattern>,
}

/// Most lists of one source.
const LISTS: usize = 500;

impl Source {
    /// Reads and compiles a source.
    ///
    /// # Errors
    /// When it is no JSON object or its `bookSourceUrl` is no address. Rules that are not carried out are no error
    /// here: see [`Source::report`].
    pub fn parse(json: &str) -> Result<Source, ImportError> {
        if json.len() > limits::SOURCE {
            return Err(ImportError::TooLarge);
        }
        match serde_json::from_str(json).map_err(|error| ImportError::NotSources(error.to_string()))? {
            Value::Object(fields) => Source::from_fields(&normalised(fields)),
            _ => Err(ImportError::NotSources("not an object".into())),
        }
    }

    pub(super) fn from_fields(fields: &Map<String, Value>) -> Result<Source, ImportError> {
        let expressions: usize = fields.values().map(|value| pattern::count(&value.to_string())).sum();
        if expressions > limits::PATTERNS {
            let why = format!("it has more than {} regular expressions", limits::PATTERNS);
            return Err(ImportError::NotSources(why));
        }
        let text = |name: &str| text(fields, name);
        let url = text("bookSourceUrl");
        let base = Url::parse(url.split('#').next().unwrap_or_default().trim())
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| ImportError::NotSources("bookSourceUrl is no address".into()))?;
        let group = |name: &str| fields.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        let explore = group("ruleExplore");
        let pattern = text("bookUrlPattern");
        let search_url = text("searchUrl");
        let compile = |sources: &[&str]| sources.iter().filter_map(|one| Pattern::compile(one).ok()).collect();
        Ok(Source {
            name: text("bookSourceName"),
            base,
            medium: match text("bookSourceType").as_str() {
                "1" => Medium::Audio,
                "2" => Medium::Images,
                "3" => Medium::Files,
                _ => Medium::Text,
            },
            headers: header::source_headers(&text("header")),
            rate: Rate::parse(&text("concurrentRate")),
            detail_pattern: Some(pattern).filter(|pattern| !pattern.is_empty()).map(|one| Pattern::compile(&one)),
            search_address: match search_url.is_empty() {
                true => Err(missing("searchUrl")),
                false => AddressRule::compile(&search_url),
            },
            lists: lists(&text("exploreUrl")),
            search: ListRules::compile(&group("ruleSearch")),
            explore: Some(ListRules::compile(&explore)).filter(|rules| rules.list.is_there()),
            detail: DetailRules::compile(&group("ruleBookInfo")),
            contents: ContentsRules::compile(&group("ruleToc")),
            chapter: ChapterRules::compile(&group("ruleContent")),
            extras: reports::extras(fields),
            name_dirt: compile(&[r"\s+作\s*者.*|\s+\S+\s+著"]),
            author_dirt: compile(&[r"^\s*作\s*者[:：\s]+|\s+著"]),
            url,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its `bookSourceUrl`, by which it is known.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How often it may be asked, if it says so.
    pub fn rate(&self) -> Option<Rate> {
        self.rate
    }

    /// The headers of its `header`, for requests to its own site and to no other. None if a script makes them.
    pub fn headers_of_source(&self) -> Vec<(String, String)> {
        self.headers.clone().unwrap_or_default()
    }

    /// What of it works.
    pub fn report(&self) -> Report {
        reports::report(self)
    }

    /// Whether an address is that of the page of a book of this source, by its `bookUrlPattern`.
    pub fn owns(&self, url: &Url) -> bool {
        let text = url.as_str();
        match &self.detail_pattern {
            Some(Ok(pattern)) => pattern.matches_whole(text, &mut Budget::new()).unwrap_or(false),
            _ => false,
        }
    }

    /// The request for a search. Pages count from 1.
    ///
    /// # Errors
    /// When the address has a construct that is not carried out, or is none.
    pub fn search(&self, words: &str, page: u32) -> Result<Request, RuleError> {
        let address = self.search_address.as_ref().map_err(Clone::clone)?;
        address.request(words, page, &self.base, self.headers()?)
    }

    /// The titles of its lists of books.
    pub fn lists(&self) -> Vec<String> {
        self.lists.iter().flatten().map(|(title, _)| title.clone()).collect()
    }

    /// The request for a page, from 1, of the `n`th of [`Source::lists`].
    ///
    /// # Errors
    /// As [`Source::search`].
    pub fn list(&self, n: usize, page: u32) -> Result<Request, RuleError> {
        let (_, address) = self.lists.as_ref().map_err(Clone::clone)?.get(n).ok_or_else(|| missing("exploreUrl"))?;
        address.request("", page, &self.base, self.headers()?)
    }

    /// The request for an address that a rule gave, which may carry options.
    ///
    /// # Errors
    /// As [`Source::search`].
    pub fn request(&self, url: &str, base: &Url) -> Result<Request, RuleError> {
        request::request(url, base, self.headers()?)
    }

    fn headers(&self) -> Result<&[(String, String)], RuleError> {
        self.headers.as_deref().map_err(Clone::clone)
    }

    /// The rules for a list of books: those of searches serve where there are no others.
    fn list_rules(&self, step: Step) -> &ListRules {
        match (&self.explore, step) {
            (Some(explore), Step::Explore) => explore,
            _ => &self.search,
        }
    }
}

fn missing(field: &str) -> RuleError {
    RuleError::Unsupported(Construct::Missing, field.to_owned())
}

/// `name::address` lines, or JSON with `title` and `url`. Titles without an address are headings and left out.
fn lists(source: &str) -> Result<Vec<(String, AddressRule)>, RuleError> {
    if source.is_empty() {
        return Err(missing("exploreUrl"));
    }
    if super::rule::has_script(source) {
        return Err(RuleError::script("exploreUrl"));
    }
    let pairs: Vec<(String, String)> = match super::lenient::value(source) {
        Some(Value::Array(lists)) => {
            let pair = |list: Value| match list {
                Value::Object(fields) => (text(&fields, "title"), text(&fields, "url")),
                _ => Default::default(),
            };
            lists.into_iter().map(pair).collect()
        }
        _ => {
            let lines = source.split('\n').flat_map(|line| line.split("&&"));
            let pair =
                |line: &str| line.split_once("::").map(|(title, url)| (title.trim().to_owned(), url.trim().to_owned()));
            lines.filter_map(pair).collect()
        }
    };
    let mut lists = Vec::new();
    let mut broken = None;
    for (title, url) in pairs.into_iter().filter(|(_, url)| !url.is_empty()).take(LISTS) {
        match AddressRule::compile(&url) {
            Ok(address) => lists.push((title, address)),
            Err(error) => broken = Some(error),
        }
    }
    match broken {
        // One list that does not work does not take the others along.
        Some(error) if lists.is_empty() => Err(error),
        _ => Ok(lists),
    }
}

impl Slot {
    /// What is wrong with a rule that has to be there.
    fn needed_error(&self, field: &str) -> Option<RuleError> {
        if self.is_there() { self.error() } else { Some(missing(field)) }
    }
}
