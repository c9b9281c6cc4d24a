//! What the screens show, as JSON for scripts. The fields are those that `--json` of the command line has; what changes
//! something is done by the very handlers of the pages (see `route`).

use serde::Serialize;
use serde_json::{Value, json};
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::visit::Visit;
use super::{articles, keywords, media, session, sources, tokens, wordings};
use crate::article::Article;
use crate::crawler::Source;
use crate::media::Rule;
use crate::menu::{self, Menu};

/// Lines of what happened that are given of a source.
const LINES: usize = 100;

fn given(value: &impl Serialize) -> Result<Response, Refusal> {
    Ok(answer::json(StatusCode::OK, value))
}

/// `GET /api/session`: the one that asks, with the token that its changes carry.
pub(super) fn session(visit: &Visit) -> Result<Response, Refusal> {
    let record = visit.session.as_ref().map(|session| &session.record).ok_or(Refusal::LoggedOut)?;
    given(&json!({ "csrf": visit.csrf, "started_at": record.started_at, "language": visit.words().tag() }))
}

/// `GET /api/sessions`
pub(super) async fn sessions(visit: &Visit) -> Result<Response, Refusal> {
    let (store, now) = (visit.app.store.clone(), visit.now);
    let found = visit.ask(move || session::list(&store, now)).await?;
    let one = |session: &session::Session| {
        json!({
            "id": session.id, "is_own": session.id == visit.session_id(), "agent": session.record.agent,
            "started_at": session.record.started_at, "seen_at": session.record.seen_at,
        })
    };
    given(&json!({ "items": found.iter().map(one).collect::<Vec<_>>() }))
}

/// `GET /api/alerts`: what is wrong now, and what to do, in the visitor's language.
pub(super) fn alerts(visit: &Visit) -> Result<Response, Refusal> {
    let one = |alert: &crate::alert::Alert| json!({ "trouble": alert.trouble, "says": visit.words().trouble(&alert.trouble), "raised_at": alert.raised_at });
    given(&json!({ "items": visit.alerts.iter().map(one).collect::<Vec<_>>() }))
}

/// `GET /api/articles`
pub(super) async fn articles(visit: &Visit) -> Result<Response, Refusal> {
    let shelf = articles::shelf(visit).await?;
    let items: Vec<Value> = shelf.all().iter().map(|one| article_in_short(visit, one)).collect();
    let name = |path: &std::path::Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let problems = shelf.problems.iter().map(|(path, what)| json!({ "file": name(path), "problem": what }));
    given(&json!({ "items": items, "problems": problems.collect::<Vec<_>>() }))
}

/// `GET /api/articles/{slug}`: with its text as it stands in its file.
pub(super) async fn article(visit: &Visit) -> Result<Response, Refusal> {
    let article = articles::found(visit).await?;
    let (room, same) = (visit.app.articles.clone(), article.clone());
    let (text, drafts) = visit.ask(move || Ok::<_, anyhow::Error>((same.text()?, room.drafts(&same.slug)?))).await?;
    let drafts: serde_json::Map<String, Value> =
        drafts.into_iter().map(|(account, draft)| (account, json!(draft))).collect();
    let mut document = article_in_short(visit, &article);
    document["file"] = json!(article.file_name());
    document["text"] = json!(text);
    document["drafts"] = json!(drafts);
    given(&document)
}

fn article_in_short(visit: &Visit, article: &Article) -> Value {
    json!({
        "slug": article.slug, "title": article.title, "author": article.author, "tags": article.tags,
        "summary": article.summary, "published_at": article.published_at, "notes": article.notes,
        "is_published": article.is_published(visit.now), "url": visit.app.articles.url_of(&article.slug),
    })
}

/// `GET /api/media?q=&skip=`
pub(super) async fn media(visit: &Visit) -> Result<Response, Refusal> {
    let found = media::find(visit).await?;
    let place = |place: &crate::media::Standing| json!({ "account": place.account, "kind": place.kind, "record": place.record });
    let file = |file: &media::File| {
        json!({
            "file": file.name, "bytes": file.bytes, "kind": file.kind, "trouble": file.trouble,
            "picture": file.picture, "platform": file.places.iter().map(place).collect::<Vec<_>>(),
        })
    };
    let items: Vec<Value> = found.files.iter().map(file).collect();
    given(&json!({ "items": items, "total": found.total, "next": found.next, "missing": found.missing }))
}

/// `GET /api/keywords`: the rules in use, and the text of their file, if there is one.
pub(super) async fn keywords(visit: &Visit) -> Result<Response, Refusal> {
    let room = visit.app.media.clone();
    let read = move || Ok::<_, crate::store::Error>((room.keywords_text()?, room.missing()?));
    let (text, missing) = visit.ask(read).await?;
    let rule =
        |rule: &Rule| json!({ "words": rule.words, "is_part": rule.is_part, "answer": keywords::told(&rule.answer).1 });
    let rules: Vec<Value> = visit.app.media.keywords().rules().iter().map(rule).collect();
    given(&json!({ "rules": rules, "text": text, "missing": missing }))
}

/// `GET /api/sources`: how each stands, and how far it is.
pub(super) async fn sources(visit: &Visit) -> Result<Response, Refusal> {
    let crawler = visit.app.crawler.clone();
    let found = visit.ask(move || crawler.sources()).await?;
    given(&json!({ "items": found.iter().map(|one| source_in_short(visit, one)).collect::<Vec<_>>() }))
}

/// `GET /api/sources/{name}`
pub(super) async fn source(visit: &Visit) -> Result<Response, Refusal> {
    let (crawler, name) = (visit.app.crawler.clone(), sources::name(visit));
    let read = move || {
        Ok::<_, std::convert::Infallible>(crawler.source(&name).and_then(|source| {
            let lines = crawler.log_of(&name, LINES)?;
            Ok((source, lines))
        }))
    };
    let (source, lines) = visit.ask(read).await?.map_err(|error| sources::refused(visit, &error))?;
    // Its rules may hold passwords, too.
    let mut record = serde_json::to_value(&source.record).unwrap_or_default();
    if let Some(record) = record.as_object_mut() {
        record.remove("password");
        record.remove("rules");
    }
    let mut document = source_in_short(visit, &source);
    document["source"] = record;
    document["state"] = json!(source.state);
    document["log"] = json!(lines);
    given(&document)
}

fn source_in_short(visit: &Visit, source: &Source) -> Value {
    let running = visit.app.crawler.progress();
    let now = running.iter().find(|(name, _)| *name == source.name).map(|(_, progress)| progress.now());
    let progress = now.map(|now| {
        json!({
            "what": now.what, "pages_waiting": now.pages_waiting, "books_waiting": now.books_waiting,
            "chapters": now.chapters, "done": now.done,
        })
    });
    json!({
        "name": source.name, "title": source.record.title, "kind": source.record.kind, "url": source.record.url,
        "is_paused": source.record.is_paused, "stopped": source.state.stopped, "next_at": source.next_at,
        "outcome": source.state.outcome, "says": visit.frame("sources").passed(&source.state), "progress": progress,
    })
}

/// `GET /api/tokens`: how each account's is doing. The value is not in it.
pub(super) async fn tokens(visit: &Visit) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let (accounts, _) = visit.ask(move || tokens::look(&app)).await?;
    given(&json!({ "items": accounts }))
}

/// `GET /api/keys`: keys of the token API. The keys themselves are not kept.
pub(super) async fn keys(visit: &Visit) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let keys = visit.ask(move || app.keys.list()).await?;
    let items = keys.iter().map(|(id, key)| {
        json!({
            "id": id, "name": key.name, "scopes": key.scopes, "accounts": key.accounts, "from": key.networks,
            "created_at": key.created_at, "expires_at": key.expires_at, "used_at": key.used_at,
        })
    });
    given(&json!({ "items": items.collect::<Vec<_>>() }))
}

/// `GET /api/menu`: the owner's file, if there is one, and what is wrong with it. The platform is not asked.
pub(super) async fn menu(visit: &Visit) -> Result<Response, Refusal> {
    let path = menu::path_in(&visit.app.data_dir);
    let text = visit.ask(move || menu::load(&path)).await?;
    let mistakes = match text.as_deref().map(Menu::parse) {
        None => Vec::new(),
        Some(Ok(menu)) => menu.mistakes(),
        Some(Err(error)) => vec![error],
    };
    given(&json!({ "text": text, "mistakes": mistakes }))
}

/// `GET /api/wordings`
pub(super) async fn wordings(visit: &Visit) -> Result<Response, Refusal> {
    let rows = wordings::find(visit).await?;
    given(&json!({ "items": rows }))
}
