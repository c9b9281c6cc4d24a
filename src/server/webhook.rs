//! The platform's callback: one message in, one answer out, within the platform's patience.
//!
//! A fixed answer is given on the spot. Other work runs in a task of its own, because the platform closes the
//! connection after five seconds and a handler dies with its connection. Retries of the message join that work. What is
//! not ready when the last attempt is about to end is kept for the follower's next message. Whatever goes wrong on our
//! side is one fixed apology and one line in the log; what is wrong on theirs is refused before the body is read.

mod joined;
mod randomness;
mod tally;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply as _};

use crate::app::App;
use crate::blocking::blocking;
use crate::chat::Act;
use crate::wechat::{self, Account, Incoming, MessageKind, NonceCache, Query, Refused, Reply};

use super::body::{self, BodyLimits, Head};
use joined::{Joined, Outcome};
use randomness::Randomness;
use tally::Tally;

/// What a push may cost. The platform's own are a few kilobytes.
const BODY: BodyLimits = BodyLimits { bytes: wechat::BODY_LIMIT as u64, time: Duration::from_secs(5) };

/// Works at a time for each core. Most are searches; some wait for the disk, and those share one commit.
const WORKS_PER_CORE: usize = 4;

/// A future on the heap.
type BoxFuture = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Everything the callback needs, shared by its requests.
pub struct Webhook {
    app: Arc<App>,
    nonces: NonceCache,
    joined: Joined,
    patience: Patience,
    tally: Tally,
    randomness: Randomness,
    /// The accounts that the platform has called since the start.
    heard: Mutex<BTreeSet<String>>,
    /// How many messages are worked on at a time: more searches than cores only take the caches from each other.
    working: Arc<Semaphore>,
}

/// How long one attempt waits for its answer.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The platform waits five seconds; this leaves it time for the way back.
    pub attempt: Duration,
    /// How often the platform sends a message in all.
    pub attempts: u32,
    /// After so long, the follower sees that an answer is being written, where the account may show it.
    pub typing: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { attempt: Duration::from_millis(4_500), attempts: 3, typing: Duration::from_secs(2) }
    }
}

/// An answer on HTTP's level.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Vec<u8>,
    /// Its kind.
    pub content_type: &'static str,
}

impl Webhook {
    /// A callback for all accounts of the program.
    pub fn new(app: Arc<App>, patience: Patience) -> Webhook {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let working = Arc::new(Semaphore::new(cores * WORKS_PER_CORE));
        Webhook {
            app,
            nonces: NonceCache::new(),
            joined: Joined::default(),
            patience,
            tally: Tally::default(),
            randomness: Randomness::default(),
            heard: Mutex::default(),
            working,
        }
    }

    /// The platform's check that this server knows the token: `echostr` back, exactly.
    pub fn verify(&self, account: &str, query: &str) -> Answer {
        let now = self.app.clock.now().timestamp();
        let verified =
            self.account(account).and_then(|account| wechat::verify_url(account, &Query::parse(query)?, now));
        match verified {
            Ok(echo) => {
                self.heard.lock().insert(account.to_owned());
                Answer { status: StatusCode::OK, body: echo.into_bytes(), content_type: "text/plain" }
            }
            Err(refused) => self.refuse(account, refused),
        }
    }

    /// Whether a body is worth reading: the signature holds and is fresh.
    ///
    /// # Errors
    /// The answer to give instead.
    pub fn check(&self, account: &str, query: &str) -> Result<Query, Answer> {
        let now = self.app.clock.now().timestamp();
        let checked = self.account(account).and_then(|account| {
            let query = Query::parse(query)?;
            wechat::check(account, &query, now)?;
            Ok(query)
        });
        checked.map_err(|refused| self.refuse(account, refused))
    }

    /// Answers a push.
    pub async fn handle(&self, account: &str, query: &str, body: &[u8]) -> Answer {
        match self.check(account, query) {
            Ok(query) => self.handle_checked(account, &query, body).await,
            Err(refused) => refused,
        }
    }

    async fn handle_checked(&self, account: &str, query: &Query, body: &[u8]) -> Answer {
        let now = self.app.clock.now().timestamp();
        let opened = self.account(account).and_then(|account| {
            let opened = wechat::open_checked(account, query, body)?;
            // Of an encrypted push the body is signed with the rest: there can be no other under its signature.
            if opened.envelope == wechat::Envelope::Plain {
                self.nonces.admit(account, query, body, now)?;
            }
            Ok((account, opened))
        });
        let (account, opened) = match opened {
            Ok(opened) => opened,
            Err(refused) => return self.refuse(account, refused),
        };
        let reply = self.reply(account, &opened.incoming).await;
        self.seal(account, &opened, &reply)
    }

    /// Whether the platform has checked this account's callback since the start, and found it.
    pub fn has_heard(&self, account: &str) -> bool {
        self.heard.lock().contains(account)
    }

    /// What it has done so far, in Prometheus's text format.
    pub fn metrics(&self) -> String {
        self.tally.lines()
    }

    /// Waits until no message is being worked on and every late answer is kept. For a server that has stopped taking
    /// messages.
    pub async fn drain(&self) {
        self.joined.drain().await;
    }

    async fn reply(&self, account: &Arc<Account>, incoming: &Incoming) -> Reply {
        let started = Instant::now();
        if let Ok(Some(reply)) = self.app.desk.answer_at_once(account.name(), incoming, self.app.clock.now()) {
            self.count(account, incoming);
            self.tally.answered(started.elapsed());
            return reply;
        }
        let ticket = self.joined.join(account.name(), &incoming.dedup_key(), || self.begin(account, incoming));
        let outcome = ticket.wait(self.patience).await;
        let taken = started.elapsed();
        self.tally.answered(taken);
        let account = account.name();
        let follower = || self.app.pseudonyms.of(&incoming.from_user);
        match outcome {
            Outcome::Ready(reply) => {
                let (kind, millis) = (incoming.kind.name(), taken.as_millis());
                log::debug!(account, kind, follower = follower(), millis; "answered");
                reply
            }
            Outcome::Kept => {
                log::warn!(account, follower = follower(); "not ready at the last attempt; kept for the next message");
                self.app.desk.still_working(account)
            }
        }
    }

    /// The work on one message, and what becomes of an answer that is too late.
    fn begin(
        &self,
        account: &Arc<Account>,
        incoming: &Incoming,
    ) -> (impl Future<Output = Reply> + Send + use<>, impl FnOnce(Reply) -> BoxFuture + Send + use<>) {
        self.count(account, incoming);
        let (app, account, incoming) = (Arc::clone(&self.app), Arc::clone(account), incoming.clone());
        let (working, typing) = (Arc::clone(&self.working), self.patience.typing);
        let (late_app, late_account, of) = (Arc::clone(&app), Arc::clone(&account), incoming.clone());
        let late = move |reply| -> BoxFuture { Box::pin(keep(late_app, late_account, of, reply)) };
        let work = async move {
            // It is never closed; and if it were, working without a permit would still be right.
            let _permit = working.acquire_owned().await;
            let same = Arc::clone(&app);
            let (open_id, sent_at) = (incoming.from_user.clone(), incoming.created_at);
            let (name, is_message) = (account.name().to_owned(), Act::of(&incoming) == Some(Act::Wrote));
            let mut answering =
                std::pin::pin!(blocking(move || same.desk.answer(account.name(), &incoming, same.clock.now())));
            let answered = match tokio::time::timeout(typing, &mut answering).await {
                Ok(answered) => answered,
                Err(_) => {
                    // A tap is no message to the platform, which would refuse.
                    if is_message {
                        tokio::spawn(show_typing(Arc::clone(&app), name, open_id.clone(), sent_at));
                    }
                    answering.await
                }
            };
            let follower = || app.pseudonyms.of(&open_id);
            match answered {
                Ok(Ok(reply)) => return reply,
                Ok(Err(error)) => log::error!(follower = follower(); "no answer: {error:#}"),
                Err(panicked) => log::error!(follower = follower(); "no answer: {panicked}"),
            }
            app.desk.apology()
        };
        (work, late)
    }

    /// Counts a message, unless it is the owner's who tries things.
    fn count(&self, account: &Account, incoming: &Incoming) {
        if !wechat::is_test_follower(&incoming.from_user) {
            self.tally.message(account.name(), kind(incoming));
        }
    }

    fn seal(&self, account: &Account, opened: &wechat::Opened, reply: &Reply) -> Answer {
        let now = self.app.clock.now().timestamp();
        let sealed = self.randomness.next::<32>().and_then(|random| {
            let (prefix, nonce) = printable(random);
            let incoming = &opened.incoming;
            Ok(wechat::seal(account, &opened.envelope, incoming, reply, now, prefix, &nonce)?)
        });
        match sealed {
            Ok(body) => Answer { status: StatusCode::OK, body, content_type: "application/xml; charset=utf-8" },
            Err(error) => {
                log::error!("an answer cannot be sent: {error:#}");
                Answer { status: StatusCode::OK, body: b"success".to_vec(), content_type: "text/plain" }
            }
        }
    }

    fn refuse(&self, account: &str, refused: Refused) -> Answer {
        // Anybody can send nonsense; a line for each would roll the history of the log away.
        if let Some(pushes) = self.tally.refused(self.app.clock.now().timestamp()) {
            log::warn!(account, pushes; "refused, the last one because {}", refused.reason());
        }
        let status = StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::FORBIDDEN);
        Answer { status, body: Vec::new(), content_type: "text/plain" }
    }

    fn account(&self, name: &str) -> Result<&Arc<Account>, Refused> {
        self.app.account(name).ok_or(Refused::Forged("there is no such account"))
    }
}

/// The callback's routes: `GET` and `POST /wechat/{account}`.
pub fn routes(webhook: Arc<Webhook>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let path = warp::path("wechat").and(warp::path::param()).and(warp::path::end());
    let raw_query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let webhook = warp::any().map(move || Arc::clone(&webhook));
    let verify = path
        .and(warp::get())
        .and(webhook.clone())
        .and(raw_query)
        .map(|account: String, webhook: Arc<Webhook>, query: String| webhook.verify(&account, &query).into());
    let push = path.and(warp::post()).and(webhook).and(raw_query).and(head()).and(warp::body::stream()).then(
        |account: String, webhook: Arc<Webhook>, query: String, head: Head, stream| async move {
            let query = match webhook.check(&account, &query) {
                Ok(query) => query,
                Err(refused) => return refused.into(),
            };
            match body::read(head, stream, BODY).await {
                Ok(body) => webhook.handle_checked(&account, &query, &body).await.into(),
                Err(error) => error.plain(),
            }
        },
    );
    // Messages come all the time, the check of the address when the owner saves it.
    push.or(verify).unify()
}

/// What the head says about the body. All headers would have to be copied to be looked at.
fn head() -> impl Filter<Extract = (Head,), Error = Rejection> + Clone {
    let encoding = warp::header::optional::<String>("content-encoding");
    let length = warp::header::optional::<u64>("content-length");
    encoding.and(length).map(|encoding: Option<String>, length| Head {
        is_encoded: encoding.is_some_and(|encoding| body::is_encoded(encoding.as_bytes())),
        length,
    })
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Response {
        let mut response = answer.body.into_response();
        *response.status_mut() = answer.status;
        let kind = warp::http::HeaderValue::from_static(answer.content_type);
        response.headers_mut().insert(warp::http::header::CONTENT_TYPE, kind);
        response
    }
}

/// The kind of a message, one of few: a name that came in a message is not one.
fn kind(incoming: &Incoming) -> &str {
    match incoming.kind {
        MessageKind::Unknown(_) => "other",
        _ => incoming.kind.name(),
    }
}

/// Shows the follower that the answer takes a while.
async fn show_typing(app: Arc<App>, account: String, open_id: String, sent_at: i64) {
    let now = app.clock.now();
    let sent_at = chrono::DateTime::from_timestamp(sent_at, 0).unwrap_or(now);
    app.chat.show_typing(&account, &open_id, sent_at, now).await;
}

/// Keeps an answer for the follower's next message, or to be sent by itself.
async fn keep(app: Arc<App>, account: Arc<Account>, incoming: Incoming, reply: Reply) {
    let same = Arc::clone(&app);
    let kept = blocking(move || same.desk.keep_late_answer(account.name(), &incoming, reply, same.clock.now())).await;
    match kept {
        Ok(Ok(())) => app.chat.bell().ring(),
        Ok(Err(error)) => log::error!("a late answer is lost: {error:#}"),
        Err(panicked) => log::error!("a late answer is lost: {panicked}"),
    }
}

/// 16 printable bytes for the front of the ciphertext, and a nonce of digits.
fn printable(random: [u8; 32]) -> ([u8; 16], String) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |byte: u8| LETTERS[usize::from(byte % 64)];
    let prefix = std::array::from_fn(|at| letter(random[at]));
    let nonce = random[16..26].iter().map(|byte| char::from(b'0' + byte % 10)).collect();
    (prefix, nonce)
}
