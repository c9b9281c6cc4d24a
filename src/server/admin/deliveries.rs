//! Deliveries by mail: how each stands, why one failed; tried again, called off. All of it is what `shutong kindle` does,
//! too. Addresses are masked: whose they are is none of the owner's business.

use askama::Template;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::{self, Frame};
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::kindle::masked;
use crate::store;
use crate::store::records::{DeliveryRecord, DeliveryState, DeliveryTrouble, Parcel};

const PAGE: &str = "/deliveries";
/// Deliveries of one page of the list.
const ROWS: usize = 50;

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
    rows: &'a [DeliveryRecord],
    filter: Filter,
    /// How many wait.
    waiting: usize,
    /// Where the next page begins.
    before: Option<u64>,
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

    fn what<'r>(&'r self, row: &'r DeliveryRecord) -> &'r str {
        match &row.parcel {
            Parcel::Book { title, .. } => title,
            Parcel::Code => self.frame.words.get("deliveries.code"),
        }
    }

    fn address(&self, row: &DeliveryRecord) -> String {
        masked(&row.address)
    }

    /// How it stands: in words, and how good that is.
    fn state(&self, row: &DeliveryRecord) -> (String, &'static str) {
        let words = self.frame.words;
        match row.state {
            DeliveryState::Queued => (words.get("deliveries.queued").to_owned(), ""),
            DeliveryState::Sending => (words.get("deliveries.sending").to_owned(), ""),
            DeliveryState::Retry => (words.with("deliveries.again", "when", &self.frame.when(&row.next_at)), "warn"),
            DeliveryState::Sent => (words.get("deliveries.sent").to_owned(), "good"),
            DeliveryState::Failed => (words.get("deliveries.failed").to_owned(), "bad"),
        }
    }

    fn reason(&self, row: &DeliveryRecord) -> Option<String> {
        let words = self.frame.words;
        Some(match row.trouble.as_ref()? {
            DeliveryTrouble::Refused(text) => words.with("deliveries.refused", "text", text),
            DeliveryTrouble::Later(text) => words.with("deliveries.later", "text", text),
            DeliveryTrouble::TooLarge(bytes) => words.with("deliveries.large", "size", &frame::size(*bytes)),
            DeliveryTrouble::Unconvertible(text) => words.with("deliveries.format", "text", text),
            DeliveryTrouble::BookGone => words.get("deliveries.gone").to_owned(),
            DeliveryTrouble::NotBound => words.get("deliveries.unbound").to_owned(),
            DeliveryTrouble::Bounced(text) => words.with("deliveries.bounced", "text", text),
            DeliveryTrouble::Blocked => words.get("deliveries.blocked").to_owned(),
            DeliveryTrouble::Cancelled => words.get("deliveries.cancelled").to_owned(),
        })
    }

    fn can_be_retried(&self, row: &DeliveryRecord) -> bool {
        !matches!(row.state, DeliveryState::Sent | DeliveryState::Sending)
    }

    fn waits(&self, row: &DeliveryRecord) -> bool {
        !row.has_ended()
    }
}

/// `GET /deliveries?state=&before=`
pub(super) async fn list(visit: &Visit) -> Result<Response, Refusal> {
    let filter = Filter::of(visit.head.query.get("state"));
    let before: u64 = visit.head.query.get("before").and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
    let kindle = visit.app.kindle.clone();
    let found = visit.ask(move || {
        let is_wanted = |row: &DeliveryRecord| row.number < before && filter.takes(row.state);
        Ok::<_, store::Error>((kindle.latest(ROWS + 1, is_wanted)?, kindle.waiting()?))
    });
    let (found, waiting) = found.await?;
    let has_more = found.len() > ROWS;
    let rows: Vec<DeliveryRecord> = found.into_iter().take(ROWS).map(|(_, row)| row).collect();
    let notice = visit.admin.notices.take(visit.session_id(), visit.now);
    answer::page(&Page {
        frame: &visit.frame("deliveries"),
        notice: notice.as_ref(),
        before: rows.last().map(|row| row.number).filter(|_| has_more),
        rows: &rows,
        filter,
        waiting,
        is_ready: visit.app.kindle.is_ready(),
    })
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
    visit.admin.notices.leave(visit.session_id(), notice, visit.now);
    let filter = Filter::of(form.get("state"));
    answer::done(visit, &format!("{PAGE}?state={}", filter.name()))
}
