//! Deliveries by mail: how each stands, why one failed; tried again, called off. All of it is what `shutong kindle` does,
//! too. Addresses are masked: whose they are is none of the owner's business.

use askama::Template;
use chrono::{DateTime, Utc};
use serde_json::json;
use warp::http::StatusCode;
use warp::http::header::{self, HeaderValue};
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::{self, Frame};
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::kindle::masked;
use crate::store::records::{DeliveryRecord, DeliveryState, DeliveryTrouble, Parcel};

const PAGE: &str = "/deliveries";
/// Deliveries of one page of the list.
const ROWS: usize = 50;
/// Deliveries of one table for other programs.
const TABLE_ROWS: usize = 10_000;

/// Which are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    All,
    Waiting,
    Sent,
    Failed,
}

#[derive(Template)]
#[template(path = "admin/deliveries.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    rows: &'a [Shown],
    filter: Filter,
    /// How many wait.
    waiting: usize,
    /// Where the next page begins.
    before: Option<u64>,
    /// Some that are shown have failed.
    has_failed: bool,
    /// There is a mail server in the configuration.
    is_ready: bool,
}

impl Filter {
    const ALL: [Filter; 4] = [Filter::All, Filter::Waiting, Filter::Sent, Filter::Failed];

    fn name(self) -> &'static str {
        match self {
            Filter::All => "all",
            Filter::Waiting => "waiting",
            Filter::Sent => "sent",
            Filter::Failed => "failed",
        }
    }

    fn of(name: Option<&String>) -> Filter {
        Filter::ALL.into_iter().find(|filter| Some(filter.name()) == name.map(String::as_str)).unwrap_or(Filter::All)
    }

    fn key(self) -> &'static str {
        match self {
            Filter::All => "deliveries.all",
            Filter::Waiting => "deliveries.waiting",
            Filter::Sent => "deliveries.sent",
            Filter::Failed => "deliveries.failed",
        }
    }

    fn takes(self, state: DeliveryState) -> bool {
        match state {
            DeliveryState::Queued | DeliveryState::Sending | DeliveryState::Retry => {
                matches!(self, Filter::All | Filter::Waiting)
            }
            DeliveryState::Sent => matches!(self, Filter::All | Filter::Sent),
            DeliveryState::Failed => matches!(self, Filter::All | Filter::Failed),
        }
    }
}

impl Page<'_> {
    fn filters(&self) -> [Filter; 4] {
        Filter::ALL
    }

    fn label(&self, filter: &Filter) -> &str {
        self.frame.words.get(filter.key())
    }
}

/// A delivery as it is shown.
pub(super) struct Shown {
    pub(super) number: u64,
    pub(super) what: String,
    pub(super) address: String,
    /// How it stands: in words, and how good that is.
    pub(super) state: (String, &'static str),
    pub(super) reason: Option<String>,
    pub(super) attempts: u32,
    pub(super) queued_at: DateTime<Utc>,
    pub(super) can_be_retried: bool,
    pub(super) waits: bool,
}

impl Shown {
    pub(super) fn of(frame: &Frame<'_>, row: &DeliveryRecord) -> Shown {
        Shown {
            number: row.number,
            what: match &row.parcel {
                Parcel::Book { title, .. } => title.clone(),
                Parcel::Code => frame.words.get("deliveries.code").to_owned(),
            },
            address: masked(&row.address),
            state: state(frame, row),
            reason: row.trouble.as_ref().map(|trouble| reason(frame, trouble)),
            attempts: row.attempts,
            queued_at: row.queued_at,
            can_be_retried: !matches!(row.state, DeliveryState::Sent | DeliveryState::Sending),
            waits: !row.has_ended(),
        }
    }
}

fn state(frame: &Frame<'_>, row: &DeliveryRecord) -> (String, &'static str) {
    let words = frame.words;
    match row.state {
        DeliveryState::Queued => (words.get("deliveries.queued").to_owned(), ""),
        DeliveryState::Sending => (words.get("deliveries.sending").to_owned(), ""),
        DeliveryState::Retry => (words.with("deliveries.again", "when", &frame.when(&row.next_at)), "warn"),
        DeliveryState::Sent => (words.get("deliveries.sent").to_owned(), "good"),
        DeliveryState::Failed => (words.get("deliveries.failed").to_owned(), "bad"),
    }
}

fn reason(frame: &Frame<'_>, trouble: &DeliveryTrouble) -> String {
    let words = frame.words;
    match trouble {
        DeliveryTrouble::Refused(text) => words.with("deliveries.refused", "text", text),
        DeliveryTrouble::Later(text) => words.with("deliveries.later", "text", text),
        DeliveryTrouble::TooLarge(bytes) => words.with("deliveries.large", "size", &frame::size(*bytes)),
        DeliveryTrouble::Unconvertible(text) => words.with("deliveries.format", "text", text),
        DeliveryTrouble::BookGone => words.get("deliveries.gone").to_owned(),
        DeliveryTrouble::NotBound => words.get("deliveries.unbound").to_owned(),
        DeliveryTrouble::Bounced(text) => words.with("deliveries.bounced", "text", text),
        DeliveryTrouble::Blocked => words.get("deliveries.blocked").to_owned(),
        DeliveryTrouble::Restored => words.get("deliveries.restored").to_owned(),
        DeliveryTrouble::Cancelled => words.get("deliveries.cancelled").to_owned(),
    }
}

/// A delivery for programs; the address is masked here, too.
pub(super) fn described(row: &DeliveryRecord) -> serde_json::Value {
    let book = match &row.parcel {
        Parcel::Book { book, title, .. } => json!({ "id": book, "title": title }),
        Parcel::Code => serde_json::Value::Null,
    };
    json!({
        "id": row.number, "state": row.state, "book": book, "address": masked(&row.address), "attempts": row.attempts,
        "queued_at": row.queued_at, "next_at": row.next_at, "ended_at": row.ended_at, "trouble": row.trouble,
    })
}

/// The rows that `?state=&before=` asks for, at most `limit`, and where the next ones begin.
async fn find(visit: &Visit, limit: usize) -> Result<(Vec<DeliveryRecord>, Option<u64>), Refusal> {
    let filter = Filter::of(visit.head.query.get("state"));
    let before: u64 = visit.head.query.get("before").and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
    let kindle = visit.app.kindle.clone();
    let is_wanted = move |row: &DeliveryRecord| row.number < before && filter.takes(row.state);
    let found = visit.ask(move || kindle.latest(limit + 1, is_wanted)).await?;
    let has_more = found.len() > limit;
    let rows: Vec<DeliveryRecord> = found.into_iter().take(limit).map(|(_, row)| row).collect();
    let older = rows.last().map(|row| row.number).filter(|_| has_more);
    Ok((rows, older))
}

/// `GET /api/deliveries?state=&before=`
pub(super) async fn api(visit: &Visit) -> Result<Response, Refusal> {
    let (rows, before) = find(visit, ROWS).await?;
    let kindle = visit.app.kindle.clone();
    let waiting = visit.ask(move || kindle.waiting()).await?;
    let items: Vec<_> = rows.iter().map(described).collect();
    Ok(answer::json(StatusCode::OK, &json!({ "items": items, "waiting": waiting, "before": before })))
}

/// `GET /deliveries.csv?state=`: the latest of them as a table for other programs.
pub(super) async fn table(visit: &Visit) -> Result<Response, Refusal> {
    let (rows, _) = find(visit, TABLE_ROWS).await?;
    let frame = visit.frame("deliveries");
    // Programs for tables take a text for UTF-8 by this mark only.
    let mut text = String::from("\u{feff}");
    text.push_str(&csv(&["number", "queued_at", "state", "what", "address", "attempts", "reason"].map(str::to_owned)));
    for row in &rows {
        let shown = Shown::of(&frame, row);
        let (queued_at, attempts) = (frame.when(&shown.queued_at), shown.attempts.to_string());
        let reason = shown.reason.unwrap_or_default();
        let cells = [shown.number.to_string(), queued_at, shown.state.0, shown.what, shown.address, attempts, reason];
        text.push_str(&csv(&cells));
    }
    let mut response = answer::bytes(StatusCode::OK, "text/csv; charset=utf-8", text.into_bytes());
    let disposition = HeaderValue::from_static("attachment; filename=\"deliveries.csv\"");
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// A line of a table (RFC 4180). What such a program could take for a formula, it gets as a text.
fn csv(cells: &[String]) -> String {
    let cell = |text: &String| {
        let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    };
    format!("{}\r\n", cells.iter().map(cell).collect::<Vec<_>>().join(","))
}

/// `GET /deliveries?state=&before=`
pub(super) async fn list(visit: &Visit) -> Result<Response, Refusal> {
    let (rows, before) = find(visit, ROWS).await?;
    let kindle = visit.app.kindle.clone();
    let waiting = visit.ask(move || kindle.waiting()).await?;
    let notice = visit.notice();
    let frame = visit.frame("deliveries");
    let shown: Vec<Shown> = rows.iter().map(|row| Shown::of(&frame, row)).collect();
    answer::page(&Page {
        frame: &frame,
        notice: notice.as_ref(),
        before,
        has_failed: rows.iter().any(|row| row.state == DeliveryState::Failed),
        rows: &shown,
        filter: Filter::of(visit.head.query.get("state")),
        waiting,
        is_ready: visit.app.kindle.is_ready(),
    })
}

/// `POST /deliveries/retry-failed`; `state` says which list to go back to.
pub(super) async fn retry_failed(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let (kindle, now) = (visit.app.kindle.clone(), visit.now);
    let count = visit.ask(move || kindle.retry_failed(now)).await?;
    log::info!(count; "deliveries that had failed are tried again");
    let says = visit.words().with("deliveries.all_retried", "n", &count);
    visit.leave(says);
    Ok(answer::done(visit, &format!("{PAGE}?state={}", Filter::of(form.get("state")).name())))
}

/// `POST /deliveries/{id}/retry`; `state` says which list to go back to.
pub(super) async fn retry(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let (number, kindle, now) = (visit.id()?, visit.app.kindle.clone(), visit.now);
    let row = visit.ask(move || kindle.retry(number, now)).await?.ok_or(Refusal::NotFound)?;
    log::info!("delivery {} is tried again", row.number);
    Ok(said(visit, form, "deliveries.retried"))
}

/// `POST /deliveries/{id}/cancel`; `state` says which list to go back to.
pub(super) async fn cancel(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let (number, kindle, now) = (visit.id()?, visit.app.kindle.clone(), visit.now);
    let row = visit.ask(move || kindle.cancel(number, now)).await?.ok_or(Refusal::NotFound)?;
    log::info!("delivery {} has been called off", row.number);
    Ok(said(visit, form, "deliveries.called_off"))
}

fn said(visit: &Visit, form: &Form, key: &str) -> Response {
    let notice = Notice::of(visit.words().get(key).to_owned());
    visit.leave(notice);
    let filter = Filter::of(form.get("state"));
    answer::done(visit, &format!("{PAGE}?state={}", filter.name()))
}

#[cfg(test)]
mod tests {
    use super::csv;

    #[test]
    fn a_table_cannot_be_broken_out_of_and_holds_no_formulas() {
        let cells = ["a,b", "say \"no\"", "=1+1", "-2", "三体\n"].map(str::to_owned);
        assert_eq!(csv(&cells), "\"a,b\",\"say \"\"no\"\"\",\"'=1+1\",\"'-2\",\"三体\n\"\r\n");
    }
}
