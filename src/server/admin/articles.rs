//! The owner's articles: listed, written, looked at as readers see them, published, brought to the platform.
//!
//! The preview is the markup of the public page, in this page's frame. Pictures have the addresses they have on the public
//! listener; here they are shown before the article is published, too.

use std::sync::Arc;

use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use warp::http::StatusCode;
use warp::multipart::FormData;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::{self, Frame};
use super::notice::Notice;
use super::upload;
use super::visit::{Form, Visit};
use crate::article::{self, Article, Shelf, Told};
use crate::store::records::{ArticleDraftRecord, PublicationState};

#[derive(Template)]
#[template(path = "admin/articles.html", config = "assets/askama.toml")]
struct ListPage<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    articles: &'a [Arc<Article>],
    problems: Vec<(String, &'a str)>,
    folder: String,
}

#[derive(Template)]
#[template(path = "admin/article.html", config = "assets/askama.toml")]
struct ArticlePage<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    article: &'a Article,
    place: &'a str,
    public: &'a str,
    drafts: &'a [(String, ArticleDraftRecord)],
    accounts: &'a [String],
    /// The names of the pictures in its folder.
    beside: &'a [String],
    /// Largest picture that is taken, in bytes.
    limit: u64,
}

#[derive(Template)]
#[template(path = "admin/article_edit.html", config = "assets/askama.toml")]
struct EditPage<'a> {
    frame: &'a Frame<'a>,
    /// The name of its file; empty for a new one.
    file: &'a str,
    name: &'a str,
    text: &'a str,
    back: &'a str,
    /// Where pictures go; empty for an article that is not there yet.
    pictures: &'a str,
    /// Largest picture that is taken, in bytes.
    limit: u64,
    fault: Option<&'a str>,
}

/// What a new article begins with.
const EMPTY: &str = "+++\ntitle = \"\"\nauthor = \"\"\ntags = []\nsummary = \"\"\ndraft = true\n+++\n\n";

impl ListPage<'_> {
    fn place(&self, article: &Article) -> String {
        place(&article.slug)
    }

    fn is_public(&self, article: &Article) -> bool {
        article.is_published(self.frame.now)
    }
}

impl ArticlePage<'_> {
    fn is_public(&self) -> bool {
        self.article.is_published(self.frame.now)
    }

    /// How its publication at the platform stands: in words, and how good that is.
    fn state(&self, state: &PublicationState) -> (&str, &'static str) {
        let (key, good) = match state {
            PublicationState::Asking => ("article.asking", "warn"),
            PublicationState::Running => ("article.running", "warn"),
            PublicationState::Published => ("article.published", "good"),
            PublicationState::Refused(2) => ("article.refused_original", "bad"),
            PublicationState::Refused(4) => ("article.refused_audit", "bad"),
            PublicationState::Refused(5) => ("article.refused_deleted", "bad"),
            PublicationState::Refused(6) => ("article.refused_banned", "bad"),
            PublicationState::Refused(_) => ("article.refused", "bad"),
        };
        (self.frame.s(key), good)
    }
}

/// `GET /articles`
pub(super) async fn list(visit: &Visit) -> Result<Response, Refusal> {
    let shelf = shelf(visit).await?;
    let notice = visit.notice();
    let name = |path: &std::path::Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let page = ListPage {
        frame: &visit.frame("articles"),
        notice: notice.as_ref(),
        articles: &shelf.all(),
        problems: shelf.problems.iter().map(|(path, what)| (name(path).unwrap_or_default(), what.as_str())).collect(),
        folder: visit.app.articles.folder().display().to_string(),
    };
    answer::page(&page)
}

/// `GET /articles/{slug}`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let article = found(visit).await?;
    let (articles, same) = (Arc::clone(&visit.app.articles), Arc::clone(&article));
    let (drafts, beside) =
        visit.ask(move || articles.drafts(&same.slug).map(|drafts| (drafts, articles.pictures_beside(&same)))).await?;
    let notice = visit.notice();
    let accounts: Vec<String> = visit.app.tokens.all().iter().map(|keeper| keeper.account().to_owned()).collect();
    let page = ArticlePage {
        frame: &visit.frame("articles"),
        notice: notice.as_ref(),
        place: &place(&article.slug),
        public: &visit.app.articles.url_of(&article.slug),
        article: &article,
        drafts: &drafts,
        accounts: &accounts,
        beside: &beside,
        limit: article::LARGEST_PICTURE,
    };
    answer::page(&page)
}

/// `GET /articles/new`
pub(super) fn begin(visit: &Visit) -> Result<Response, Refusal> {
    let frame = visit.frame("articles");
    let (back, limit) = ("/articles", article::LARGEST_PICTURE);
    answer::page(&EditPage { frame: &frame, file: "", name: "", text: EMPTY, back, pictures: "", limit, fault: None })
}

/// `GET /articles/{slug}/edit`
pub(super) async fn edit(visit: &Visit) -> Result<Response, Refusal> {
    let article = found(visit).await?;
    let same = Arc::clone(&article);
    let text = visit.ask(move || same.text()).await?;
    let (frame, file, back) = (visit.frame("articles"), article.file_name(), place(&article.slug));
    let pictures = format!("/api{back}/pictures");
    let (back, pictures, limit) = (back.as_str(), pictures.as_str(), article::LARGEST_PICTURE);
    let page = EditPage { frame: &frame, file: &file, name: "", text: &text, back, pictures, limit, fault: None };
    answer::page(&page)
}

/// `POST /articles/save`: `file` or, for a new one, `name`; `text`.
pub(super) async fn save(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let field = |name: &str| form.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    // A file's name is what it is, with its spaces.
    let (file, name) = (form.get("file").cloned().unwrap_or_default(), field("name"));
    let text = form.get("text").cloned().unwrap_or_default().replace("\r\n", "\n");
    let (articles, now) = (Arc::clone(&visit.app.articles), visit.now);
    let (own, content) = (if file.is_empty() { format!("{name}.md") } else { file.clone() }, text.clone());
    let is_new = file.is_empty();
    let saved =
        visit.ask(move || Ok::<_, std::convert::Infallible>(articles.save(&own, &content, is_new, now))).await?;
    match saved {
        Ok(added) => Ok(answer::told(visit, &json!({ "done": true, "slug": added.slug }), &place(&added.slug))),
        Err(error @ article::Error::Wrong { .. }) if visit.head.wants_json() => {
            Err(Refusal::Invalid(error.to_string()))
        }
        Err(error @ article::Error::Wrong { .. }) => {
            let (frame, fault) = (visit.frame("articles"), error.to_string());
            let fault = Some(fault.as_str());
            let own = file.rsplit_once('.').map(|(stem, _)| place(&article::slug(stem)));
            let pictures = own.as_ref().map(|own| format!("/api{own}/pictures")).unwrap_or_default();
            let (back, pictures) = (own.as_deref().unwrap_or("/articles"), pictures.as_str());
            let limit = article::LARGEST_PICTURE;
            let page = EditPage { frame: &frame, file: &file, name: &name, text: &text, back, pictures, limit, fault };
            answer::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(visit.failed(&error)),
    }
}

/// `POST /articles/{slug}/publish`: now, or at the time in `at`.
pub(super) async fn publish(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let at = form.get("at").map(|at| at.trim()).filter(|at| !at.is_empty());
    let at = at.map(|at| visit.app.articles.moment(at)).transpose().map_err(Refusal::Invalid)?;
    let (articles, slug, now) = (Arc::clone(&visit.app.articles), slug(visit), visit.now);
    let at = at.unwrap_or(now);
    let published = visit.ask(move || Ok::<_, std::convert::Infallible>(articles.publish(&slug, at, now))).await?;
    let article = published.map_err(|error| refused(visit, &error))?;
    Ok(answer::done(visit, &place(&article.slug)))
}

/// `POST /articles/{slug}/hold`: not public after all, unless its file says so.
pub(super) async fn hold(visit: &Visit) -> Result<Response, Refusal> {
    let (articles, slug, now) = (Arc::clone(&visit.app.articles), slug(visit), visit.now);
    let held = visit.ask(move || Ok::<_, std::convert::Infallible>(articles.hold(&slug, now))).await?;
    let article = held.map_err(|error| refused(visit, &error))?;
    let key = if article.published_at.is_some() { "article.still_public" } else { "article.held" };
    visit.leave(visit.words().get(key).to_owned());
    Ok(answer::done(visit, &place(&article.slug)))
}

/// `POST /api/articles/preview`: `file` or, for a new one, `name`; `text`. How it would look, and what is wrong with it.
pub(super) async fn preview(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let (file, name, text) = (field("file"), field("name"), field("text").replace("\r\n", "\n"));
    let own = match (file.is_empty(), name.trim()) {
        (false, _) => file,
        (true, "") => "untitled.md".to_owned(),
        (true, name) => format!("{name}.md"),
    };
    let articles = Arc::clone(&visit.app.articles);
    let made = visit.ask(move || Ok::<_, std::convert::Infallible>(articles.preview(&own, &text))).await?;
    match made {
        Ok(made) => {
            let told = json!({ "title": made.title, "markup": made.markup, "notes": made.notes });
            Ok(answer::json(StatusCode::OK, &told))
        }
        Err(error @ article::Error::Wrong { .. }) => Err(Refusal::Invalid(error.to_string())),
        Err(error) => Err(visit.failed(&error)),
    }
}

/// `POST /articles/{slug}/remove`
pub(super) async fn remove(visit: &Visit) -> Result<Response, Refusal> {
    let (articles, slug, now) = (Arc::clone(&visit.app.articles), slug(visit), visit.now);
    let removed = visit.ask(move || Ok::<_, std::convert::Infallible>(articles.remove(&slug, now))).await?;
    let place = removed.map_err(|error| refused(visit, &error))?;
    let says = visit.words().with("article.removed", "place", &place.display());
    visit.leave(says);
    Ok(answer::done(visit, "/articles"))
}

/// `POST /articles/{slug}/draft`: into the draft box of `account`; with `publish`, published from there.
pub(super) async fn draft(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let slug = slug(visit);
    let account = form.get("account").map(String::as_str).filter(|account| !account.is_empty());
    let articles = &visit.app.articles;
    let mut outcome = articles.draft(account, &slug, visit.now).await.map(|drafted| match drafted.told {
        Told::Added => "article.draft_added",
        Told::Updated => "article.draft_updated",
        Told::Same => "article.draft_same",
    });
    if outcome.is_ok() && form.contains_key("publish") {
        outcome = articles.publish_draft(account, &slug, visit.now).await.map(|_| "article.publishing");
    }
    let notice = match outcome {
        Ok(key) => Notice::of(visit.words().get(key).to_owned()),
        Err(article::Error::NoArticle(_)) => return Err(Refusal::NotFound),
        Err(error) if visit.head.wants_json() => return Err(Refusal::Invalid(error.to_string())),
        Err(error) => {
            let says = visit.words().get("article.draft_failed").to_owned();
            Notice { detail: Some(error.to_string()), ..Notice::of(says) }
        }
    };
    visit.leave(notice);
    Ok(answer::done(visit, &place(&slug)))
}

/// `GET /a/{slug}/{name}`: a picture, of an article that is not published, too, and one that only a preview shows.
pub(super) async fn picture(visit: &Visit) -> Result<Response, Refusal> {
    let (articles, article) = (Arc::clone(&visit.app.articles), found(visit).await?);
    let name = visit.parameters.get(1).cloned().unwrap_or_default();
    let read = visit.ask(move || {
        let picture = article.picture(&name).cloned().or_else(|| articles.picture_beside(&article, &name));
        let read = picture.and_then(|picture| Some((picture.mime?, picture.bytes()?)));
        Ok::<_, std::convert::Infallible>(read)
    });
    let (mime, bytes) = read.await?.ok_or(Refusal::NotFound)?;
    Ok(answer::bytes(StatusCode::OK, mime, bytes))
}

/// `POST /api/articles/{slug}/pictures`: files for the folder of the article. Each has its own outcome.
pub(super) async fn add_pictures(visit: &Visit, files: Option<FormData>) -> Result<Response, Refusal> {
    let article = found(visit).await?;
    let mut parts = files.ok_or(Refusal::Broken)?;
    let mut items = Vec::new();
    while let Some(part) = upload::next_in_time(&mut parts).await? {
        let part = part.map_err(|_| Refusal::Broken)?;
        let Some(name) = part.filename().map(upload::base_name) else { continue };
        let Some(bytes) = upload::bytes_of(part, article::LARGEST_PICTURE).await? else {
            let limit = frame::size(article::LARGEST_PICTURE);
            items.push(json!({ "file": name, "error": visit.words().with("refused.too_large", "size", &limit) }));
            continue;
        };
        let (articles, slug, own, now) =
            (Arc::clone(&visit.app.articles), article.slug.clone(), name.clone(), visit.now);
        let add = move || Ok::<_, std::convert::Infallible>(articles.add_picture(&slug, &own, &bytes, now));
        items.push(match visit.ask(add).await? {
            Ok(()) => json!({ "file": name }),
            Err(error @ article::Error::Wrong { .. }) => json!({ "file": name, "error": error.to_string() }),
            Err(error) => return Err(refused(visit, &error)),
        });
    }
    Ok(answer::json(StatusCode::OK, &json!({ "items": items })))
}

pub(super) async fn shelf(visit: &Visit) -> Result<Arc<Shelf>, Refusal> {
    let (articles, now) = (Arc::clone(&visit.app.articles), visit.now);
    visit.ask(move || articles.scan(now).and_then(|_| articles.shelf(now))).await
}

pub(super) async fn found(visit: &Visit) -> Result<Arc<Article>, Refusal> {
    shelf(visit).await?.article(&slug(visit)).cloned().ok_or(Refusal::NotFound)
}

fn slug(visit: &Visit) -> String {
    visit.parameters.first().cloned().unwrap_or_default()
}

/// The address of an article on this page.
fn place(slug: &str) -> String {
    format!("/articles/{}", utf8_percent_encode(slug, NON_ALPHANUMERIC))
}

fn refused(visit: &Visit, error: &article::Error) -> Refusal {
    match error {
        article::Error::NoArticle(_) => Refusal::NotFound,
        error => visit.failed(error),
    }
}
