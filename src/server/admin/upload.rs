//! `POST /api/upload`: files from the browser, or from `curl -F`, into the library; `POST /api/catalogue`: a table of
//! books, most of them without a file.
//!
//! Each part is written to a temporary file as it comes, with a running cap, so that a slow sender costs no memory;
//! then it is read and added, few at a time. Every file has its own outcome: one bad file does not spoil the rest.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Buf;
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use warp::http::StatusCode;
use warp::multipart::{FormData, Part};
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame;
use super::visit::Visit;
use crate::library::{AddError, Added};
use crate::store::records::BookId;

/// The next piece of a file has to arrive within this time.
const PIECE_TIME: Duration = Duration::from_secs(30);
/// So much of a file that is too large is heard out, in bytes.
const MOST_THROWN_AWAY: u64 = 256 << 20;
/// Rows of a catalogue that could not be used, of which is said why.
const MOST_FAILED: usize = 100;
/// Files of one request.
const MOST_FILES: usize = 500;

/// What became of one file.
#[derive(Serialize)]
struct Item {
    file: String,
    /// `new`, `joined`, `known` or `error`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    book: Option<BookId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A file on its way, gone from the disk when this is dropped, however the request ends.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // If it cannot be removed now, the store sweeps its temporary files at the next start.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// `POST /api/upload`
pub(super) async fn receive(visit: &Visit, files: Option<FormData>) -> Result<Response, Refusal> {
    let mut parts = files.ok_or(Refusal::Broken)?;
    let mut items = Vec::new();
    while let Some(part) = next_in_time(&mut parts).await? {
        let part = part.map_err(|_| Refusal::Broken)?;
        let Some(name) = part.filename().map(base_name) else { continue };
        if items.len() == MOST_FILES {
            return Err(Refusal::Invalid(visit.words().with("upload.too_many", "n", &MOST_FILES)));
        }
        items.push(one(visit, name, part).await?);
    }
    Ok(answer::json(StatusCode::OK, &json!({ "items": items })))
}

/// `POST /api/catalogue`: a table of books, see [`crate::library::catalogue`]; gives how many rows became what, and
/// which could not be used.
pub(super) async fn catalogue(visit: &Visit, files: Option<FormData>) -> Result<Response, Refusal> {
    let mut parts = files.ok_or(Refusal::Broken)?;
    let part = next_in_time(&mut parts).await?.ok_or(Refusal::Broken)?.map_err(|_| Refusal::Broken)?;
    let name = part.filename().map(base_name).unwrap_or_default();
    let file = Temporary(visit.app.store.files().temporary());
    if !write(visit, &file, part).await? {
        return Err(Refusal::TooLarge(visit.app.config.upload_bytes()));
    }
    let _permit = visit.admin.adding.acquire().await.map_err(|error| visit.failed(&error))?;
    let (library, now) = (visit.app.library.clone(), visit.now);
    let is_tabbed = !name.to_lowercase().ends_with(".csv");
    let importing = move || {
        let table = std::fs::File::open(&file.0).map_err(crate::store::Error::Io)?;
        library.import(table, is_tabbed, None, now, |_| {})
    };
    let imported = visit.ask_of_book(importing).await?;
    log::info!("catalogue {}: {} new, {} changed", name.escape_debug(), imported.new, imported.changed);
    let failed = imported
        .failed
        .iter()
        .take(MOST_FAILED)
        .map(|(line, error)| json!({ "line": line, "error": visit.words().unused_row(error) }));
    let report = json!({
        "file": name, "outcome": "catalogue", "new": imported.new, "changed": imported.changed,
        "unchanged": imported.unchanged, "failed": imported.failed.len(), "lines": failed.collect::<Vec<_>>(),
    });
    Ok(answer::json(StatusCode::OK, &json!({ "items": [report] })))
}

async fn one(visit: &Visit, name: String, part: Part) -> Result<Item, Refusal> {
    let file = Temporary(visit.app.store.files().temporary());
    if !write(visit, &file, part).await? {
        let limit = frame::size(visit.app.config.upload_bytes());
        return Ok(Item::failed(name, visit.words().with("refused.too_large", "size", &limit)));
    }
    let _permit = visit.admin.adding.acquire().await.map_err(|error| visit.failed(&error))?;
    let (library, now, file_name) = (visit.app.library.clone(), visit.now, name.clone());
    let added = visit.ask(move || {
        let bytes = std::fs::read(&file.0)?;
        let added = library.add(&file_name, &bytes, now);
        let title = match &added {
            Ok(added) => library.book(added.id()).ok().flatten().map(|book| book.title),
            Err(_) => None,
        };
        Ok::<_, std::io::Error>((added, title))
    });
    match added.await? {
        (Ok(added), title) => {
            log::info!("upload: {} is book {}", name.escape_debug(), added.id());
            Ok(Item::added(name, added, title))
        }
        (Err(AddError::Library(error)), _) if error.is_disk_full() => Err(Refusal::Full),
        (Err(AddError::Library(error)), _) => Err(visit.failed(&error)),
        (Err(error), _) => Ok(Item::failed(name, visit.words().not_added(&error))),
    }
}

impl Item {
    fn added(file: String, added: Added, title: Option<String>) -> Item {
        let outcome = match added {
            Added::New(_) => "new",
            Added::NewFormat(_) | Added::Updated(_) => "joined",
            Added::Known(_) => "known",
        };
        Item { file, outcome, book: Some(added.id()), title, error: None }
    }

    fn failed(file: String, error: String) -> Item {
        Item { file, outcome: "error", book: None, title: None, error: Some(error) }
    }
}

/// Writes a part to the file. False when it is larger than allowed; the rest of it is read and thrown away, so that
/// the browser gets to read the answer instead of a broken connection.
async fn write(visit: &Visit, file: &Temporary, part: Part) -> Result<bool, Refusal> {
    let limit = visit.app.config.upload_bytes();
    let mut out = tokio::fs::OpenOptions::new();
    let out = out.write(true).create_new(true).mode(0o600).open(&file.0).await;
    let mut out = out.map_err(|error| visit.failed(&error))?;
    let mut pieces = Box::pin(part.stream());
    let mut size = 0;
    while let Some(piece) = next_in_time(&mut pieces).await? {
        let mut piece = piece.map_err(|_| Refusal::Broken)?;
        size += piece.remaining() as u64;
        if size > limit.saturating_mul(2) {
            return Err(Refusal::TooLarge(limit));
        }
        visit.app.store.files().refuse_without(0).map_err(|_| Refusal::Full)?;
        if size <= limit {
            out.write_all_buf(&mut piece).await.map_err(|error| visit.failed(&error))?;
        }
    }
    out.flush().await.map_err(|error| visit.failed(&error))?;
    Ok(size <= limit)
}

/// The bytes of a part; none if it has more than `limit`. The rest of one that has is read and thrown away, so that those
/// behind it get their turn.
pub(super) async fn bytes_of(part: Part, limit: u64) -> Result<Option<Vec<u8>>, Refusal> {
    let mut pieces = Box::pin(part.stream());
    let (mut bytes, mut size) = (Vec::new(), 0);
    while let Some(piece) = next_in_time(&mut pieces).await? {
        let mut piece = piece.map_err(|_| Refusal::Broken)?;
        size += piece.remaining() as u64;
        if size > limit.saturating_add(MOST_THROWN_AWAY) {
            return Err(Refusal::TooLarge(limit));
        }
        if size <= limit {
            bytes.extend_from_slice(&piece.copy_to_bytes(piece.remaining()));
        }
    }
    Ok((size <= limit).then_some(bytes))
}

/// The next piece, if it arrives in time.
pub(super) async fn next_in_time<S: futures_util::Stream + Unpin>(stream: &mut S) -> Result<Option<S::Item>, Refusal> {
    tokio::time::timeout(PIECE_TIME, stream.next()).await.map_err(|_| Refusal::Slow)
}

/// The last part of a name, without characters that have no business in one.
pub(super) fn base_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let base: String = base.chars().filter(|c| !c.is_control()).take(200).collect();
    if base.is_empty() { "upload".to_owned() } else { base }
}

#[cfg(test)]
mod tests {
    use super::base_name;

    #[test]
    fn names_are_only_names() {
        assert_eq!(base_name("三体.epub"), "三体.epub");
        assert_eq!(base_name("../../etc/passwd"), "passwd");
        assert_eq!(base_name("C:\\books\\a\u{0}b.txt"), "ab.txt");
        assert_eq!(base_name("books/"), "upload");
    }
}
