//! Sources of books: listed with their progress, added, imported, looked at, tried, stopped and started.
//!
//! What is slow is done elsewhere: "read now" only wants it, and the crawler takes it up. A dry run and a check ask the
//! site while the page waits, at the site's pace.

use std::sync::Arc;

use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::crawler::rules::Step;
use crate::crawler::{CheckStep, Crawler, DryRun, Error, Imported, Preset, Refused, Source, Tried, presets};
use crate::store::records::{CrawlItemRecord, CrawlLogRecord, ItemState, SourceKind, SourceRecord};

/// Lines of what happened that are shown.
const LINES: usize = 100;
/// Passes that are shown.
const PASSES: usize = 20;
/// Books that are shown.
const ITEMS: usize = 200;

#[derive(Template)]
#[template(path = "admin/sources.html", config = "assets/askama.toml")]
struct ListPage<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    sources: &'a [Source],
    presets: &'a [Preset],
    imported: &'a [Imported],
    fault: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "admin/source.html", config = "assets/askama.toml")]
struct SourcePage<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    source: &'a Source,
    place: &'a str,
    lines: &'a [CrawlLogRecord],
    passes: &'a [CrawlLogRecord],
    items: &'a [(String, CrawlItemRecord)],
    shown: &'a Shown,
}

/// What the page of a source shows besides how it stands.
#[derive(Default)]
struct Shown {
    fault: Option<String>,
    steps: Vec<CheckStep>,
    dry: Option<DryRun>,
    tried: Vec<Tried>,
    url: String,
    rule: String,
}

impl ListPage<'_> {
    fn place(&self, source: &Source) -> String {
        place(&source.name)
    }

    fn kind(&self, source: &Source) -> &str {
        kind(self.frame, source.record.kind)
    }

    fn verdict(&self, one: &Imported) -> String {
        one.left_out.clone().unwrap_or_else(|| one.report.verdict().to_string())
    }
}

impl SourcePage<'_> {
    fn kind(&self) -> &str {
        kind(self.frame, self.source.record.kind)
    }

    fn state(&self, item: &CrawlItemRecord) -> String {
        match &item.state {
            ItemState::Waiting => self.frame.s("source.waits").to_owned(),
            ItemState::Done => self.frame.s("source.there").to_owned(),
            ItemState::Failed { reason, .. } | ItemState::Refused { reason } => reason.clone(),
        }
    }

    fn list(&self, values: &[String]) -> String {
        values.join(", ")
    }

    fn formats(&self) -> String {
        self.source.record.formats.iter().map(|format| format.extension()).collect::<Vec<_>>().join(", ")
    }

    fn lists(&self) -> String {
        self.source.record.lists.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
    }

    fn ports(&self) -> String {
        self.source.record.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
    }
}

fn kind<'f>(frame: &'f Frame<'_>, kind: SourceKind) -> &'f str {
    frame.s(match kind {
        SourceKind::Opds => "source.kind_opds",
        SourceKind::Feed => "source.kind_feed",
        SourceKind::Sitemap => "source.kind_sitemap",
        SourceKind::Listing => "source.kind_listing",
        SourceKind::Webdav => "source.kind_webdav",
        SourceKind::Rules => "source.kind_rules",
    })
}

/// `GET /sources`
pub(super) async fn list(visit: &Visit) -> Result<Response, Refusal> {
    draw_list(visit, &[], None).await
}

async fn draw_list(visit: &Visit, imported: &[Imported], fault: Option<&str>) -> Result<Response, Refusal> {
    match fault {
        Some(why) if visit.head.wants_json() => return Err(Refusal::Invalid(why.to_owned())),
        None if visit.head.wants_json() => return Ok(answer::json(StatusCode::OK, &json!({ "imported": imported }))),
        _ => {}
    }
    let crawler = Arc::clone(&visit.app.crawler);
    let sources = visit.ask(move || crawler.sources()).await?;
    let notice = visit.notice();
    let (frame, presets) = (visit.frame("sources"), presets());
    let page = ListPage { frame: &frame, notice: notice.as_ref(), sources: &sources, presets, imported, fault };
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    answer::page_with(status, &page)
}

/// `POST /sources`: a new source.
pub(super) async fn add(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let (crawler, form, now) = (Arc::clone(&visit.app.crawler), form.clone(), visit.now);
    let runtime = tokio::runtime::Handle::current();
    let added = visit.ask(move || Ok::<_, std::convert::Infallible>(added(&crawler, &form, now, &runtime)));
    match added.await? {
        Ok(name) => Ok(answer::told(visit, &json!({ "done": true, "name": name }), &place(&name))),
        Err(Error::Refused(why)) => draw_list(visit, &[], Some(&visit.words().refused_source(&why))).await,
        Err(error) => Err(refused(visit, &error)),
    }
}

fn added(
    crawler: &Crawler,
    form: &Form,
    now: chrono::DateTime<chrono::Utc>,
    runtime: &tokio::runtime::Handle,
) -> Result<String, Error> {
    let field = |name: &str| form.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    let mut source = SourceRecord::usual(now);
    let mut name = field("name");
    if let Some(preset) = presets().iter().find(|preset| preset.name == field("preset")) {
        (source.title, source.url) = (preset.title.into(), preset.url.into());
        (source.licence, source.rights) = (preset.licence.into(), preset.rights.into());
        source.kind = preset.kind;
        name = preset.name.into();
    } else {
        source.url = field("url");
        source.title = field("title");
        source.rights = field("rights");
        source.licence = field("licence");
        source.nets = words(&field("nets"));
        source.kind = match kind_of(&field("kind")) {
            Some(kind) => kind,
            // Said first, because asking the site takes longer.
            None if source.rights.is_empty() => return crawler.put_source(&name, source, now).map(|()| name),
            None => crawler.kind_of(&source, runtime)?,
        };
    }
    if crawler.source(&name).is_ok() {
        return Err(Refused::Taken(name).into());
    }
    crawler.put_source(&name, source, now)?;
    Ok(name)
}

/// `POST /sources/import`: sources of reading programs, as JSON.
pub(super) async fn import(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let field = |name: &str| form.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    let (text, rights, licence) = (field("json"), field("rights"), field("licence"));
    let (crawler, now) = (Arc::clone(&visit.app.crawler), visit.now);
    let imported = visit
        .ask(move || Ok::<_, std::convert::Infallible>(crawler.import_sources(&text, &rights, &licence, now)))
        .await?;
    match imported {
        Ok(imported) => draw_list(visit, &imported, None).await,
        Err(Error::Refused(why)) => draw_list(visit, &[], Some(&visit.words().refused_source(&why))).await,
        Err(error) => Err(refused(visit, &error)),
    }
}

/// `GET /sources/{name}`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    draw(visit, Shown::default()).await
}

/// `POST /sources/{name}`: what `do` says.
pub(super) async fn act(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let field = |name: &str| form.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    let (crawler, name, what) = (Arc::clone(&visit.app.crawler), name(visit), field("do"));
    let (form, now, runtime) = (form.clone(), visit.now, tokio::runtime::Handle::current());
    let mut shown = Shown { url: field("url"), rule: field("rule"), ..Shown::default() };
    let (url, rule, step) = (shown.url.clone(), shown.rule.clone(), step_of(&field("step")));
    let (item, search) = (field("item"), field("search"));
    let asked = what.clone();
    let done = visit.ask(move || {
        let words = Some(search.as_str()).filter(|words| !words.is_empty());
        let done = match asked.as_str() {
            "run" => crawler.read_soon(&name).map(|()| Came::Said("source.wanted")),
            "pause" => crawler.pause_source(&name, true).map(|()| Came::Said("source.paused_now")),
            "resume" => crawler.pause_source(&name, false).map(|()| Came::Said("source.goes_on")),
            "remove" => crawler.remove_source(&name).map(|()| Came::Gone),
            "publish" => crawler.publish_incomplete(&name, &item, true).map(|()| Came::Said("source.wanted")),
            "save" => saved(&crawler, &name, &form, now).map(|()| Came::Said("source.saved")),
            "check" => crawler.check_source(&name, words, &runtime).map(Came::Steps),
            "dry" => crawler.dry_run(&name, &runtime).map(Came::Dry),
            "try" => crawler
                .try_rules(&name, &url, step, Some(rule.as_str()).filter(|rule| !rule.is_empty()), &runtime)
                .map(Came::Tried),
            _ => Err(Refused::Said("nothing of this name can be done".into()).into()),
        };
        Ok::<_, std::convert::Infallible>(done)
    });
    match done.await? {
        Ok(Came::Said(key)) => {
            visit.leave(visit.words().get(key).to_owned());
            return Ok(answer::done(visit, &place(&self::name(visit))));
        }
        Ok(Came::Gone) => {
            let says = visit.words().get("source.removed").to_owned();
            visit.leave(says);
            return Ok(answer::done(visit, "/sources"));
        }
        Ok(Came::Steps(steps)) => shown.steps = steps,
        Ok(Came::Dry(dry)) => shown.dry = Some(dry),
        Ok(Came::Tried(tried)) => shown.tried = tried,
        Err(Error::Refused(why)) => shown.fault = Some(visit.words().refused_source(&why)),
        Err(Error::Busy(name)) => shown.fault = Some(visit.words().with("source.busy", "name", &name)),
        Err(error) => return Err(refused(visit, &error)),
    }
    if !visit.head.wants_json() {
        return draw(visit, shown).await;
    }
    let Shown { fault: None, steps, dry, tried, .. } = shown else {
        return Err(Refusal::Invalid(shown.fault.unwrap_or_default()));
    };
    Ok(answer::json(StatusCode::OK, &json!({ "steps": steps, "dry": dry, "tried": tried })))
}

/// What came of an action.
enum Came {
    Said(&'static str),
    Gone,
    Steps(Vec<CheckStep>),
    Dry(DryRun),
    Tried(Vec<Tried>),
}

fn saved(crawler: &Crawler, name: &str, form: &Form, now: chrono::DateTime<chrono::Utc>) -> Result<(), Error> {
    let field = |name: &str| form.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    let number = |name: &str| {
        let text = field(name);
        text.parse::<u32>().map_err(|_| Error::from(Refused::NoNumber(text)))
    };
    let mut source = crawler.source(name)?.record;
    source.title = field("title");
    let before = std::mem::replace(&mut source.url, field("url"));
    source.schedule = field("schedule");
    source.rights = field("rights");
    source.licence = field("licence");
    source.formats = words(&field("formats")).iter().map(|one| format_of(one)).collect::<Result<_, _>>()?;
    source.languages = words(&field("languages"));
    source.lists = numbers(&field("lists"))?;
    source.nets = words(&field("nets"));
    source.ports = numbers(&field("ports"))?;
    source.most_per_pass = number("per_pass")?;
    source.most_per_day = number("per_day")?;
    source.publishes_incomplete = form.contains_key("incomplete");
    source.is_own = form.contains_key("own");
    source.fail_words = field("fail_words")
        .split([',', '，', '\n'])
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    source.username = field("username");
    let password = field("password");
    // A password is for one server only.
    let host = |url: &str| url::Url::parse(url).ok().map(|url| url.origin());
    if !password.is_empty() || source.username.is_empty() || host(&before) != host(&source.url) {
        source.password = password;
    }
    if source.kind == SourceKind::Rules {
        source.rules = Some(field("rules"));
    }
    crawler.put_source(name, source, now)
}

fn words(text: &str) -> Vec<String> {
    text.split([',', '，', ' ', '\n']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn numbers<N: std::str::FromStr>(text: &str) -> Result<Vec<N>, Error> {
    let number = |word: String| word.parse().map_err(|_| Refused::NoNumber(word.clone()).into());
    words(text).into_iter().map(number).collect()
}

fn format_of(name: &str) -> Result<crate::book::Format, Error> {
    crate::book::Format::from_file_name(&format!("x.{name}")).ok_or_else(|| Refused::NoFormat(name.to_owned()).into())
}

fn kind_of(name: &str) -> Option<SourceKind> {
    match name {
        "opds" => Some(SourceKind::Opds),
        "feed" => Some(SourceKind::Feed),
        "sitemap" => Some(SourceKind::Sitemap),
        "listing" => Some(SourceKind::Listing),
        "webdav" => Some(SourceKind::Webdav),
        _ => None,
    }
}

fn step_of(name: &str) -> Option<Step> {
    match name {
        "search" => Some(Step::Search),
        "explore" => Some(Step::Explore),
        "detail" => Some(Step::Detail),
        "contents" => Some(Step::Contents),
        "chapter" => Some(Step::Chapter),
        _ => None,
    }
}

async fn draw(visit: &Visit, shown: Shown) -> Result<Response, Refusal> {
    let (crawler, name) = (Arc::clone(&visit.app.crawler), name(visit));
    let found = visit.ask(move || {
        let read = || -> Result<_, Error> {
            let source = crawler.source(&name)?;
            let mut items = crawler.items_of(&name, None, 5_000)?;
            // What is in trouble comes first.
            items.sort_by_key(|(_, item)| (item.state == ItemState::Done, item.state == ItemState::Waiting, item.turn));
            items.truncate(ITEMS);
            Ok((source, crawler.log_of(&name, LINES)?, crawler.passes_of(&name, PASSES)?, items))
        };
        Ok::<_, std::convert::Infallible>(read())
    });
    let (source, lines, passes, items) = found.await?.map_err(|error| refused(visit, &error))?;
    let notice = visit.notice();
    let (frame, own) = (visit.frame("sources"), place(&source.name));
    let is_wrong = shown.fault.is_some();
    let page = SourcePage {
        frame: &frame,
        notice: notice.as_ref(),
        source: &source,
        place: &own,
        lines: &lines,
        passes: &passes,
        items: &items,
        shown: &shown,
    };
    answer::page_with(if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page)
}

pub(super) fn name(visit: &Visit) -> String {
    visit.parameters.first().cloned().unwrap_or_default()
}

/// The address of a source on this page.
pub(super) fn place(name: &str) -> String {
    format!("/sources/{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
}

pub(super) fn refused(visit: &Visit, error: &Error) -> Refusal {
    match error {
        Error::NoSuchSource(_) => Refusal::NotFound,
        error => visit.failed(error),
    }
}
