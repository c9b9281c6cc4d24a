//! The owner's articles: the list with its tags, an article's page, its pictures, and the feed.
//!
//! What is not published is not there, for nobody: its address answers as one that never was.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use percent_encoding::percent_decode_str;
use warp::Reply;
use warp::http::StatusCode;
use warp::http::header::CONTENT_TYPE;
use warp::reply::Response;

use crate::article::{Article, Shelf, address_of_picture};
use crate::blocking::blocking;
use crate::server::error::Error;
use crate::server::respond::{Cache, drawn_html, html, is_known, not_modified, style_path, with_cache, with_tag};
use crate::server::visit::Visit;
use crate::server::words::Words;
use crate::store::ContentHash;

/// Articles on a page of the list.
const LISTED: usize = 30;
/// Most tags above the list.
const TAGS: usize = 30;
/// Articles in the feed.
const FED: usize = 20;
/// Text in the feed, in bytes; behind that there are summaries only.
const FEED_BYTES: usize = 300_000;
/// The feed's name among the articles, which no article can have: names have no dots.
const FEED: &str = "feed.xml";

#[derive(Template)]
#[template(path = "public/article.html", config = "assets/askama.toml")]
struct ArticlePage<'a> {
    words: &'static Words,
    style: String,
    title: &'a str,
    author: Option<&'a str>,
    day: String,
    tags: Vec<Tag>,
    summary: Option<&'a str>,
    /// With its host, for those who show links with a picture.
    picture: Option<String>,
    body: &'a str,
}

#[derive(Template)]
#[template(path = "public/articles.html", config = "assets/askama.toml")]
struct ListPage {
    words: &'static Words,
    style: String,
    tag: Option<String>,
    tags: Vec<Tag>,
    articles: Vec<Line>,
    next: Option<String>,
}

struct Tag {
    name: String,
    href: String,
}

struct Line {
    title: String,
    href: String,
    day: String,
    summary: Option<String>,
    picture: Option<Thumbnail>,
}

struct Thumbnail {
    src: String,
    width: u32,
    height: u32,
}

#[derive(Template)]
#[template(path = "public/articles.xml", config = "assets/askama.toml")]
struct Feed {
    words: &'static Words,
    base: String,
    updated: String,
    entries: Vec<Entry>,
}

struct Entry {
    id: String,
    title: String,
    href: String,
    author: Option<String>,
    tags: Vec<String>,
    published: String,
    summary: Option<String>,
    body: Option<String>,
}

/// The list; `tag` names what its articles must be about, `skip` how many are left out.
pub(super) async fn list(visit: Visit) -> Result<Response, Error> {
    let shelf = shelf(&visit).await?;
    let tag = visit.parameter("tag").filter(|tag| !tag.is_empty());
    let skip: usize = visit.parameter("skip").and_then(|skip| skip.parse().ok()).unwrap_or(0);
    let published = shelf.published(visit.now);
    let mut shown = published.clone();
    if let Some(tag) = &tag {
        // A plus sign that was typed by hand arrives as a space.
        let typed = tag.replace(' ', "+");
        shown.retain(|article| article.has_tag(tag) || article.has_tag(&typed));
        if shown.is_empty() {
            return Err(Error::NotFound);
        }
    }
    let has_more = shown.len() > skip.saturating_add(LISTED);
    let about = tag.as_deref().map(|tag| format!("tag={}&", encoded(tag))).unwrap_or_default();
    let page = ListPage {
        words: visit.words(),
        style: style_path(),
        tags: most_used(&published),
        articles: shown.iter().skip(skip).take(LISTED).map(|article| line(&visit, article)).collect(),
        next: has_more.then(|| format!("/a/?{about}skip={}", skip + LISTED)),
        tag,
    };
    Ok(with_cache(html(StatusCode::OK, &page), Cache::Private))
}

/// The page of an article, or the feed.
pub(super) async fn page(visit: Visit, name: String) -> Result<Response, Error> {
    let name = decoded(&name).ok_or(Error::NotFound)?;
    if name == FEED {
        return feed(&visit).await;
    }
    let article = published(&visit, &name).await?;
    let page = shown(&visit, &article);
    // Of the whole page: its pictures come and go, and its day changes, while its file stays the same.
    let drawn = page.render()?;
    let tag = tag_of(drawn.as_bytes());
    if is_known(&visit.headers, &tag) {
        return Ok(not_modified(&tag, Cache::Private));
    }
    Ok(with_cache(with_tag(drawn_html(StatusCode::OK, drawn), &tag), Cache::Private))
}

/// A picture of an article.
pub(super) async fn picture(visit: Visit, name: String, picture: String) -> Result<Response, Error> {
    let (name, picture) = decoded(&name).zip(decoded(&picture)).ok_or(Error::NotFound)?;
    let article = published(&visit, &name).await?;
    let picture = article.picture(&picture).cloned().ok_or(Error::NotFound)?;
    let articles = Arc::clone(&visit.app.articles);
    let (bytes, mime) = blocking(move || articles.light(&picture)).await?.ok_or(Error::NotFound)?;
    let tag = tag_of(&bytes);
    if is_known(&visit.headers, &tag) {
        return Ok(not_modified(&tag, Cache::Day));
    }
    let response = warp::reply::with_header(bytes, CONTENT_TYPE, mime).into_response();
    Ok(with_cache(with_tag(response, &tag), Cache::Day))
}

/// The page, for whoever may see it.
fn shown<'a>(visit: &Visit, article: &'a Article) -> ArticlePage<'a> {
    let base = visit.app.links.public_url();
    let cover = article.cover.as_ref().filter(|cover| cover.mime.is_some());
    ArticlePage {
        words: visit.words(),
        style: style_path(),
        title: &article.title,
        author: article.author.as_deref(),
        day: day(visit, article),
        tags: article.tags.iter().map(|tag| Tag::of(tag)).collect(),
        summary: article.summary.as_deref(),
        picture: cover.map(|cover| format!("{base}{}", address_of_picture(&article.slug, &cover.name))),
        body: &article.markup,
    }
}

fn tag_of(bytes: &[u8]) -> String {
    format!("\"{}\"", &ContentHash::of(bytes).as_str()[..16])
}

async fn feed(visit: &Visit) -> Result<Response, Error> {
    let articles = shelf(visit).await?.published(visit.now);
    let newest = articles.first().and_then(|article| article.published_at).unwrap_or(visit.app.started_at);
    let mut room = FEED_BYTES;
    let entries = articles.iter().take(FED).map(|article| {
        let body = (article.markup.len() <= room).then(|| article.markup.clone());
        room = room.saturating_sub(article.markup.len());
        Entry {
            id: format!("urn:shutong:article:{}", article.slug),
            title: clean(&article.title),
            href: article.address(),
            author: article.author.as_deref().map(clean),
            tags: article.tags.iter().map(|tag| clean(tag)).collect(),
            published: timestamp(article.published_at.unwrap_or(newest)),
            summary: article.summary.as_deref().map(clean),
            body,
        }
    });
    let feed = Feed {
        words: visit.words(),
        entries: entries.collect(),
        base: visit.app.links.public_url().to_owned(),
        updated: timestamp(newest),
    };
    let response = warp::reply::with_header(feed.render()?, CONTENT_TYPE, "application/atom+xml; charset=utf-8");
    Ok(with_cache(response.into_response(), Cache::Private))
}

async fn shelf(visit: &Visit) -> Result<Arc<Shelf>, Error> {
    let (articles, now) = (Arc::clone(&visit.app.articles), visit.now);
    Ok(blocking(move || articles.shelf(now)).await??)
}

async fn published(visit: &Visit, name: &str) -> Result<Arc<Article>, Error> {
    let article = shelf(visit).await?.article(name).cloned();
    article.filter(|article| article.is_published(visit.now)).ok_or(Error::NotFound)
}

impl Tag {
    fn of(name: &str) -> Tag {
        Tag { name: name.to_owned(), href: format!("/a/?tag={}", encoded(name)) }
    }
}

fn line(visit: &Visit, article: &Article) -> Line {
    let cover = article.cover.as_ref().filter(|cover| cover.mime.is_some());
    Line {
        title: article.title.clone(),
        href: article.address(),
        day: day(visit, article),
        summary: article.summary.clone(),
        picture: cover.map(|cover| Thumbnail {
            src: address_of_picture(&article.slug, &cover.name),
            width: cover.size.0,
            height: cover.size.1,
        }),
    }
}

/// The tags of the most articles, by name where equally many.
fn most_used(articles: &[Arc<Article>]) -> Vec<Tag> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for tag in articles.iter().flat_map(|article| &article.tags) {
        *counts.entry(tag).or_default() += 1;
    }
    let mut tags: Vec<(&str, usize)> = counts.into_iter().collect();
    tags.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    tags.into_iter().take(TAGS).map(|(tag, _)| Tag::of(tag)).collect()
}

fn day(visit: &Visit, article: &Article) -> String {
    let local = article.published_at.map(|at| at.with_timezone(&visit.app.config.time_zone));
    local.map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default()
}

fn timestamp(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn decoded(part: &str) -> Option<String> {
    percent_decode_str(part).decode_utf8().ok().map(|text| text.into_owned())
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Without the characters that XML cannot hold.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}')).collect()
}
