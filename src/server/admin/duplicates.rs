//! Books that may be one, merged or told apart, and merges taken back.

use askama::Template;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::books::Entry;
use super::bulk::ticked;
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::library;
use crate::store::records::{BookId, BookRecord};

const PAGE: &str = "/books/duplicates";
/// Groups of one page.
const ROWS: usize = 20;
/// Merges that are shown.
const MERGES: usize = 50;

#[derive(Template)]
#[template(path = "admin/duplicates.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    groups: &'a [Vec<Entry>],
    total: usize,
    page: usize,
    pages: usize,
    merges: &'a [Merge],
}

/// A merge, for the list.
struct Merge {
    number: u64,
    kept: BookId,
    kept_title: String,
    merged: BookId,
    merged_title: String,
    at: chrono::DateTime<chrono::Utc>,
}

/// `GET /books/duplicates?page=`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let page = visit.page();
    let library = visit.app.library.clone();
    let found = visit
        .ask(move || Ok::<_, library::Error>((library.duplicates((page - 1) * ROWS, ROWS)?, library.merges(MERGES)?)));
    let (found, merges) = found.await?;
    let entries = |group: Vec<(BookId, BookRecord)>| group.into_iter().map(|(id, book)| Entry::of(id, book)).collect();
    let groups: Vec<Vec<Entry>> = found.groups.into_iter().map(entries).collect();
    let merges: Vec<Merge> = merges
        .into_iter()
        .map(|(number, merge)| Merge {
            number,
            kept: merge.kept,
            kept_title: merge.kept_before.title,
            merged: merge.merged,
            merged_title: merge.merged_before.title,
            at: merge.merged_at,
        })
        .collect();
    let notice = visit.notice();
    answer::page(&Page {
        frame: &visit.frame("books"),
        notice: notice.as_ref(),
        groups: &groups,
        total: found.total,
        page,
        pages: found.total.div_ceil(ROWS),
        merges: &merges,
    })
}

/// `POST /books/duplicates`: `do` is `merge`, into the book `kept`, or `apart`; the books are fields like `id-7`.
pub(super) async fn act(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let (library, now, ids) = (visit.app.library.clone(), visit.now, ticked(form));
    let kept: Option<BookId> = form.get("kept").and_then(|text| text.parse().ok());
    let key = match (form.get("do").map(String::as_str), kept) {
        (Some("apart"), _) => {
            visit.ask_of_book(move || library.tell_apart(&ids)).await?;
            "duplicates.told_apart"
        }
        (Some("merge"), Some(kept)) => {
            let merging = move || {
                let others = ids.into_iter().filter(|id| *id != kept);
                others.map(|id| library.merge(kept, id, now)).collect::<library::Result<Vec<u64>>>()
            };
            let numbers = visit.ask_of_book(merging).await?;
            log::info!("merged into book {kept}: merges {numbers:?}");
            "duplicates.merged"
        }
        _ => return Err(Refusal::Invalid(visit.words().get("bulk.unknown").to_owned())),
    };
    visit.leave(visit.words().get(key).to_owned());
    Ok(answer::done(visit, PAGE))
}

/// `POST /merges/{id}/undo`
pub(super) async fn undo(visit: &Visit) -> Result<Response, Refusal> {
    let (number, library) = (visit.id()?, visit.app.library.clone());
    visit.ask_of_book(move || library.undo_merge(number)).await?;
    log::info!("merge {number} has been undone");
    visit.leave(visit.words().get("duplicates.undone").to_owned());
    Ok(answer::done(visit, PAGE))
}
