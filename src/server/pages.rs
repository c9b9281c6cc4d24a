//! The public pages: the start page, a book's page, covers, articles, help, and what browsers, search engines, the platform and
//! monitors ask for. Rendered whole on the server; no page needs a script, none has one.

mod article;
mod book;
mod cover;
mod kindle;

pub(super) use book::day_of;
pub(super) use cover::address as cover_address;

use std::sync::Arc;

use askama::Template;
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use super::error::Error;
use super::respond::{self, Cache, dressed, html, style_path, text, unlisted, with_cache};
use super::visit::{Visit, answered, visit};
use super::words::Words;
use crate::app::App;
use crate::config::OpdsAccess;
use crate::library::CoverSize;
use crate::store::schema::{META, SETTINGS};

/// Setting: the codes of the platform's domain check, a list of strings. The file `MP_verify_CODE.txt` holds CODE.
pub const MP_VERIFY: &str = "mp_verify";

/// Book pages and downloads are the followers' affair; the rest may be found.
const ROBOTS: &str =
    "User-agent: *\nDisallow: /b/\nDisallow: /dl/\nDisallow: /cover/\nDisallow: /opds\nDisallow: /help/\n";

/// All pages.
pub fn routes(app: Arc<App>) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let home =
        warp::path::end().and(visit(Arc::clone(&app))).then(|visit: Visit| answered(visit.language, home(visit)));
    let book = warp::path!("b" / u64)
        .and(visit(Arc::clone(&app)))
        .then(|id, visit: Visit| answered(visit.language, book::page(visit, id)))
        .map(unlisted);
    let cover = warp::path!("cover" / u64)
        .and(visit(Arc::clone(&app)))
        .then(|id, visit: Visit| answered(visit.language, cover::picture(visit, id, CoverSize::Full)));
    let thumbnail = warp::path!("cover" / u64 / "thumb")
        .and(visit(Arc::clone(&app)))
        .then(|id, visit: Visit| answered(visit.language, cover::picture(visit, id, CoverSize::Thumbnail)));
    let articles = warp::path!("a")
        .and(visit(Arc::clone(&app)))
        .then(|visit: Visit| answered(visit.language, article::list(visit)));
    let article = warp::path!("a" / String)
        .and(visit(Arc::clone(&app)))
        .then(|name, visit: Visit| answered(visit.language, article::page(visit, name)));
    let picture = warp::path!("a" / String / String)
        .and(visit(Arc::clone(&app)))
        .then(|name, picture, visit: Visit| answered(visit.language, article::picture(visit, name, picture)));
    let drawings = Arc::new(kindle::Drawings::default());
    let help = warp::path!("help" / String)
        .and(visit(Arc::clone(&app)))
        .then(move |name, visit: Visit| answered(visit.language, kindle::help(visit, name, Arc::clone(&drawings))))
        .map(unlisted);
    let file = warp::path!(String).and(visit(app)).and_then(file);
    let of_books = home.or(book).unify().or(cover).unify().or(thumbnail).unify();
    let of_articles = articles.or(article).unify().or(picture).unify();
    of_books.or(of_articles).unify().or(help).unify().or(file).unify().map(dressed)
}

#[derive(Template)]
#[template(path = "public/home.html", config = "assets/askama.toml")]
struct HomePage {
    words: &'static Words,
    style: String,
    /// Where reading apps find the books, if everybody may.
    catalog: Option<&'static str>,
}

async fn home(visit: Visit) -> Result<Response, Error> {
    let catalog = (visit.app.config.opds.access == OpdsAccess::Open).then_some("/opds");
    Ok(html(StatusCode::OK, &HomePage { words: visit.words(), style: style_path(), catalog }))
}

/// The files that stand at the top. Other names are left to other routes.
async fn file(name: String, visit: Visit) -> Result<Response, Rejection> {
    let language = visit.language;
    let response = match name.as_str() {
        "robots.txt" => with_cache(text(ROBOTS), Cache::Day),
        "favicon.ico" => respond::favicon(),
        "healthz" => text("ok\n"),
        "readyz" => answered_plainly(ready(visit)).await,
        name => match (respond::style(name), verification_code(name)) {
            (Some(style), _) => style,
            (None, Some(code)) => answered(language, verification(visit, code.to_owned())).await,
            (None, None) => return Err(warp::reject::not_found()),
        },
    };
    Ok(response)
}

/// Ready means that a record can be read; the index is no condition, it is rebuilt while the rest works.
async fn ready(visit: Visit) -> Result<Response, Error> {
    let read = visit.ask(|library| Ok(library.store().get(&META, &"schema".to_owned())?)).await;
    match read {
        Ok(_) => Ok(text("ready\n")),
        Err(error) => {
            log::error!("not ready: {error:?}");
            Err(Error::Unready)
        }
    }
}

async fn verification(visit: Visit, code: String) -> Result<Response, Error> {
    let known = visit.ask(|library| Ok(library.store().get(&SETTINGS, &MP_VERIFY.to_owned())?)).await?;
    let codes: Vec<String> = known.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
    if codes.contains(&code) { Ok(text(code)) } else { Err(Error::NotFound) }
}

/// The code in `MP_verify_XXXXXXXXXXXXXXXX.txt`.
fn verification_code(file_name: &str) -> Option<&str> {
    let code = file_name.strip_prefix("MP_verify_")?.strip_suffix(".txt")?;
    (code.len() == 16 && code.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(code)
}

async fn answered_plainly(outcome: impl Future<Output = Result<Response, Error>>) -> Response {
    outcome.await.unwrap_or_else(Error::plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verification_file_has_a_code_of_sixteen_letters_and_digits() {
        assert_eq!(verification_code("MP_verify_aB3dEfGh1JkLmN0p.txt"), Some("aB3dEfGh1JkLmN0p"));
        for name in ["MP_verify_short.txt", "MP_verify_aB3dEfGh1JkLmN%p.txt", "MP_verify_aB3dEfGh1JkLmN0p", "x.txt"] {
            assert_eq!(verification_code(name), None, "{name}");
        }
    }
}
