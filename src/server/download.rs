//! Downloads: `/dl/{book}/{file}` under a signature that stands for the follower.
//!
//! A link can be used several times until it expires: WeChat fetches it first, a browser asks for the rest of a broken
//! transfer. So nothing is used up by a GET; what counts against the day's quota is a new file. At each use the link's
//! follower and book are looked at again, so that blocking, forgetting and removing take effect at once.

mod disposition;
mod range;

use std::io::SeekFrom;
use std::sync::Arc;

use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use warp::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName, IF_RANGE, RANGE,
};
use warp::http::{HeaderValue, Method, StatusCode};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use super::error::{self, Error};
use super::respond::{Cache, dressed, is_known, not_modified, unlisted, with_cache, with_tag};
use super::visit::{Visit, answered, visit};
use crate::app::App;
use crate::config::OpdsAccess;
use crate::library::{self, BookFile, Download, Library};
use crate::store::records::{BookId, BookRecord};
use crate::store::schema::{FOLLOWER_OF_ALIAS, FOLLOWERS};

use range::Part;

/// The alias that downloads through OPDS are made out to and counted under.
pub(super) const OPDS_ALIAS: &str = "opds";

/// Read from disk and sent at a time, in bytes: enough to keep the disk busy, little enough for a thousand readers.
const PIECE: usize = 64 * 1024;

/// The one route.
pub fn routes(app: Arc<App>) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    warp::path!("dl" / u64 / String)
        .and(visit(app))
        .then(|id, file, visit: Visit| answered(visit.language, download(visit, id, file)))
        .map(|response| dressed(unlisted(response)))
}

/// A file that may be sent.
struct Granted {
    book: BookRecord,
    file: BookFile,
}

async fn download(visit: Visit, id: BookId, file: String) -> Result<Response, Error> {
    let grant = visit.app.links.verify_download(id, &file, &visit.query, visit.now).map_err(error::of_link)?;
    let (granted, shown) = find(&visit, id, &file, &grant.alias).await?;
    let tag = format!("\"{}\"", &granted.file.hash.as_str()[..32]);
    if is_known(&visit.headers, &tag) {
        return Ok(not_modified(&tag, Cache::Private));
    }
    let part = part(&visit, &tag, granted.file.bytes)?;
    if visit.method != Method::HEAD {
        count(&visit, shown, file, grant.alias).await?;
    }
    send(&visit.method, &granted, &tag, part).await
}

/// Looks at the follower and the book as they are now.
async fn find(visit: &Visit, id: BookId, file: &str, alias: &str) -> Result<(Granted, BookId), Error> {
    let is_feed = alias == OPDS_ALIAS;
    if is_feed && visit.app.config.opds.access == OpdsAccess::Off {
        return Err(Error::Forged);
    }
    let (file, alias, now) = (file.to_owned(), alias.to_owned(), visit.now);
    let found = visit.ask(move |library| {
        if !is_feed && !may_download(library, &alias)? {
            return Ok(Err(Error::Forged));
        }
        let Some((shown, book)) = library.shown(id)? else { return Ok(Err(Error::NotFound)) };
        match library.obtain(&book, &file, now) {
            Ok(Some(file)) => Ok(Ok((Granted { book, file }, shown))),
            Ok(None) => Ok(Err(Error::NotFound)),
            Err(library::Error::Unconvertible(_)) => Ok(Err(Error::Unconvertible)),
            Err(library::Error::Busy) => Ok(Err(Error::Unready)),
            Err(error) => Err(error),
        }
    });
    found.await?
}

/// Whether the alias still stands for a follower, and that one is not blocked.
fn may_download(library: &Library, alias: &str) -> library::Result<bool> {
    let store = library.store();
    let Some(key) = store.get(&FOLLOWER_OF_ALIAS, &alias.to_owned())? else { return Ok(false) };
    Ok(store.get(&FOLLOWERS, &key)?.is_some_and(|follower| !follower.blocked))
}

/// Counts the download. The library counts a file once a day for each follower, so that a transfer in parts costs one.
async fn count(visit: &Visit, id: BookId, file: String, alias: String) -> Result<(), Error> {
    let limit = match alias == OPDS_ALIAS {
        true => visit.app.config.limits.opds_downloads_per_day,
        false => visit.app.desk.limits().downloads_per_day,
    };
    let now = visit.now;
    match visit.ask(move |library| library.download(id, &file, &alias, limit, now)).await? {
        Download::Granted => Ok(()),
        Download::OverQuota => Err(Error::OverQuota),
    }
}

/// The part that is asked for. A range counts only if it is one of the version that the client has a part of.
fn part(visit: &Visit, tag: &str, size: u64) -> Result<Part, Error> {
    let text = |name| visit.headers.get(name).and_then(|value| value.to_str().ok());
    let same_version = text(IF_RANGE).is_none_or(|version| version == tag);
    match text(RANGE).filter(|_| same_version) {
        Some(range) => range::parse(range, size).ok_or(Error::Unsatisfiable { size }),
        None => Ok(Part::whole(size)),
    }
}

async fn send(method: &Method, granted: &Granted, tag: &str, part: Part) -> Result<Response, Error> {
    let mut response = if *method == Method::HEAD {
        warp::reply().into_response()
    } else {
        let mut file = fs::File::open(&granted.file.path).await?;
        file.seek(SeekFrom::Start(part.start)).await?;
        warp::reply::stream(ReaderStream::with_capacity(file.take(part.length), PIECE)).into_response()
    };
    if !part.is_whole() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        set(&mut response, CONTENT_RANGE, part.content_range());
    }
    let name = disposition::attachment(&granted.book.title, &granted.book.authors, granted.file.format);
    set(&mut response, CONTENT_DISPOSITION, name);
    set(&mut response, CONTENT_TYPE, granted.file.format.mime().to_owned());
    set(&mut response, CONTENT_LENGTH, part.length.to_string());
    set(&mut response, ACCEPT_RANGES, "bytes".to_owned());
    Ok(with_cache(with_tag(response, tag), Cache::Private))
}

/// Sets a header whose value was made here, of characters that a header may have.
fn set(response: &mut Response, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}
