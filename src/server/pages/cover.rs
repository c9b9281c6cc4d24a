//! Pictures of books. An address with the picture's version in it (`?v=`) may be kept for ever; the plain address is
//! asked again after a day.

use warp::Reply;
use warp::http::header::CONTENT_TYPE;
use warp::reply::Response;

use crate::library::CoverSize;
use crate::server::error::Error;
use crate::server::respond::{Cache, is_known, not_modified, with_cache, with_tag};
use crate::server::visit::Visit;
use crate::store::ContentHash;
use crate::store::records::{BookId, BookRecord};

/// Hexadecimal digits of the hash that name a version.
const VERSION_DIGITS: usize = 16;

/// The address of a book's picture, with its version if that is known.
pub(in crate::server) fn address(id: BookId, book: &BookRecord, size: CoverSize) -> String {
    let path = match size {
        CoverSize::Full => format!("/cover/{id}"),
        CoverSize::Thumbnail => format!("/cover/{id}/thumb"),
    };
    match hash(book, size) {
        Some(hash) => format!("{path}?v={}", version(hash)),
        None => path,
    }
}

/// Answers with the picture.
pub(super) async fn picture(visit: Visit, id: BookId, size: CoverSize) -> Result<Response, Error> {
    let (id, book) = visit.ask(move |library| library.shown(id)).await?.ok_or(Error::NotFound)?;
    let wanted = visit.parameter("v");
    if let Some(hash) = hash(&book, size) {
        let tag = format!("\"{}\"", version(hash));
        if is_known(&visit.headers, &tag) {
            return Ok(not_modified(&tag, Cache::Day));
        }
    }
    let picture = visit.ask(move |library| library.cover(id, size)).await?.ok_or(Error::NotFound)?;
    let found = ContentHash::of(&picture.bytes);
    let cache = if wanted.as_deref() == Some(version(&found)) { Cache::Forever } else { Cache::Day };
    let response = warp::reply::with_header(picture.bytes, CONTENT_TYPE, picture.mime).into_response();
    Ok(with_cache(with_tag(response, &format!("\"{}\"", version(&found))), cache))
}

fn hash(book: &BookRecord, size: CoverSize) -> Option<&ContentHash> {
    let cover = book.cover.as_ref()?;
    Some(match size {
        CoverSize::Full => &cover.picture,
        CoverSize::Thumbnail => &cover.thumbnail,
    })
}

fn version(hash: &ContentHash) -> &str {
    &hash.as_str()[..VERSION_DIGITS]
}
