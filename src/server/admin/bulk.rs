//! Many books at once: the ticked ones of a list. A form names them in its fields, `id-7` for book 7, because a field
//! has one value here; a script sends a list. What one book refuses does not keep the others from it.

use askama::Template;
use serde::Deserialize;
use serde_json::{Value, json};
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::book_changes::{format_of, make_wanted};
use super::books::Entry;
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::book::Format;
use crate::library::{Edit, Error, Filter, Library, Result as Outcome, Sort};
use crate::store::records::BookId;

/// Most books at once.
const MOST: usize = 1_000;
/// Books of one page of the recycle bin.
const ROWS: usize = 100;

/// What is done with each, or with all.
#[derive(Clone, Debug)]
enum Change {
    Remove,
    Restore,
    /// For good, out of the recycle bin.
    Delete,
    Convert(Format),
    Edit(Box<Edit>),
    AddSubject(String),
    /// Into the one that came first.
    Merge,
}

/// As a script asks for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// `remove`, `restore`, `delete`, `convert`, `set` or `merge`.
    r#do: String,
    ids: Vec<BookId>,
    /// Of `convert`: the extension of the format.
    #[serde(default)]
    format: String,
    /// Of `set`: `language`, `authors`, `series` or `subject`.
    #[serde(default)]
    field: String,
    /// And what it becomes; several authors stand on lines or with 、 between them.
    #[serde(default)]
    value: String,
}

/// What became of it.
#[derive(Debug, Default)]
struct Done {
    done: Vec<BookId>,
    failed: Vec<(BookId, Error)>,
    /// Numbers of merges, for undoing them.
    merges: Vec<u64>,
}

impl Done {
    fn note(&mut self, id: BookId, outcome: Outcome<()>) {
        match outcome {
            Ok(()) => self.done.push(id),
            Err(error) => self.failed.push((id, error)),
        }
    }
}

impl Order {
    fn of(form: &Form) -> Order {
        let text = |name: &str| form.get(name).cloned().unwrap_or_default();
        Order {
            r#do: text("do"),
            ids: ticked(form),
            format: text("format"),
            field: text("field"),
            value: text("value"),
        }
    }

    fn change(&self, visit: &Visit) -> Result<Change, Refusal> {
        let words = visit.words();
        if self.ids.is_empty() {
            return Err(Refusal::Invalid(words.get("bulk.none").to_owned()));
        }
        if self.ids.len() > MOST {
            return Err(Refusal::Invalid(words.with("bulk.too_many", "n", &MOST)));
        }
        let value = self.value.trim();
        Ok(match (self.r#do.as_str(), self.field.as_str()) {
            ("remove", _) => Change::Remove,
            ("restore", _) => Change::Restore,
            ("delete", _) => Change::Delete,
            ("merge", _) if self.ids.len() > 1 => Change::Merge,
            ("merge", _) => return Err(Refusal::Invalid(words.get("bulk.merge_two").to_owned())),
            ("convert", _) => Change::Convert(format_of(visit, &self.format)?),
            ("set", "subject") if !value.is_empty() => Change::AddSubject(value.to_owned()),
            ("set", "language") => Change::edit(Edit { language: Some(value.to_owned()), ..Edit::default() }),
            ("set", "series") => Change::edit(Edit { series: Some(value.to_owned()), ..Edit::default() }),
            ("set", "authors") => {
                let authors = value.split(['\n', '、']).map(str::to_owned).collect();
                Change::edit(Edit { authors: Some(authors), ..Edit::default() })
            }
            _ => return Err(Refusal::Invalid(words.get("bulk.unknown").to_owned())),
        })
    }
}

impl Change {
    fn edit(edit: Edit) -> Change {
        Change::Edit(Box::new(edit))
    }

    fn carry_out(&self, library: &Library, ids: &[BookId], now: chrono::DateTime<chrono::Utc>) -> Done {
        let mut done = Done::default();
        if let Change::Merge = self {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            let Some((kept, merged)) = ids.split_first() else { return done };
            for id in merged {
                let merge = library.merge(*kept, *id, now).map(|number| done.merges.push(number));
                done.note(*id, merge);
            }
            return done;
        }
        for &id in ids {
            done.note(
                id,
                match self {
                    Change::Remove => library.remove(id, now),
                    Change::Restore => library.restore(id, now),
                    Change::Delete => library.delete(id),
                    Change::Convert(format) => library.want(id, *format).map(drop),
                    Change::Edit(edit) => library.edit(id, edit),
                    Change::AddSubject(subject) => library.add_subject(id, subject),
                    Change::Merge => Ok(()),
                },
            );
        }
        done
    }

    /// What is said when it is done.
    fn key(&self) -> &'static str {
        match self {
            Change::Remove => "bulk.removed",
            Change::Restore => "bulk.restored",
            Change::Delete => "bulk.deleted",
            Change::Convert(_) => "bulk.converting",
            Change::Edit(_) | Change::AddSubject(_) => "bulk.changed",
            Change::Merge => "bulk.merged",
        }
    }
}

/// The books that are named in fields like `id-7`.
pub(super) fn ticked(form: &Form) -> Vec<BookId> {
    form.keys().filter_map(|name| name.strip_prefix("id-")?.parse().ok()).collect()
}

/// `POST /books/bulk`: `do`, the ticked books, and `back`, the query of the list to come back to. What is deleted for
/// good has to be confirmed in words.
pub(super) async fn act(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let order = Order::of(form);
    let is_bin = form.get("from").is_some_and(|from| from == "removed");
    if order.r#do == "delete" {
        let words = visit.words();
        let typed = form.get("confirm").map(|text| text.trim().to_lowercase()).unwrap_or_default();
        if typed != words.get("removed.confirm_word").to_lowercase() {
            let word = words.get("removed.confirm_word");
            return Err(Refusal::Invalid(words.with("removed.confirm_wrong", "word", word)));
        }
    }
    let (change, done) = carry_out(visit, order).await?;
    let words = visit.words();
    let mut says = words.with(change.key(), "n", &done.done.len());
    if let Some((_, first)) = done.failed.first() {
        says.push(' ');
        says += &words.with("bulk.failed", "n", &done.failed.len()).replace("{error}", &words.undone(first));
    }
    visit.leave(says);
    let back = form.get("back").map(String::as_str).unwrap_or_default();
    Ok(answer::see(&if is_bin { "/books/removed".to_owned() } else { format!("/books?{back}") }))
}

/// `POST /api/books/bulk`: an [`Order`]; gives what was done, what failed and why.
pub(super) async fn act_json(visit: &Visit, json: &[u8]) -> Result<Response, Refusal> {
    let order: Order = serde_json::from_slice(json).map_err(|error| Refusal::Invalid(error.to_string()))?;
    let (_, done) = carry_out(visit, order).await?;
    let words = visit.words();
    let failed = done.failed.iter().map(|(id, error)| json!({ "id": id, "error": words.undone(error) }));
    let failed: Vec<Value> = failed.collect();
    Ok(answer::json(StatusCode::OK, &json!({ "done": done.done, "failed": failed, "merges": done.merges })))
}

async fn carry_out(visit: &Visit, order: Order) -> Result<(Change, Done), Refusal> {
    let change = order.change(visit)?;
    let (library, now, same) = (visit.app.library.clone(), visit.now, change.clone());
    let done = visit.ask(move || Ok::<_, std::convert::Infallible>(same.carry_out(&library, &order.ids, now))).await?;
    log::info!("{} books: {} done, {} failed", change.key(), done.done.len(), done.failed.len());
    if let Change::Convert(_) = change {
        make_wanted(visit);
    }
    Ok((change, done))
}

#[derive(Template)]
#[template(path = "admin/removed.html", config = "assets/askama.toml")]
struct RemovedPage<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    entries: &'a [Entry],
    total: usize,
    page: usize,
    pages: usize,
}

/// `GET /books/removed?page=`
pub(super) async fn removed(visit: &Visit) -> Result<Response, Refusal> {
    let page = visit.page();
    let library = visit.app.library.clone();
    let found = visit.ask(move || {
        let filter = Filter { removed: true, ..Filter::default() };
        let listed = library.list(&filter, Sort::Newest, (page - 1) * ROWS, ROWS)?;
        Ok::<_, crate::library::Error>((Entry::all(&library, &listed.ids)?, listed.total))
    });
    let (entries, total) = found.await?;
    let notice = visit.notice();
    answer::page(&RemovedPage {
        frame: &visit.frame("books"),
        notice: notice.as_ref(),
        entries: &entries,
        total,
        page,
        pages: total.div_ceil(ROWS),
    })
}

impl Visit {
    /// The page of a list that the address asks for, from 1.
    pub(super) fn page(&self) -> usize {
        let asked = self.head.query.get("page").and_then(|text| text.parse().ok());
        asked.unwrap_or(1).clamp(1, 1_000_000)
    }
}
