//! The WeChat platform as those see it who call it: `api.weixin.qq.com`, on a port of this machine. It issues tokens
//! and tickets by the platform's rules, and can misbehave in every way that a remote server and the line to it can.
//!
//! It speaks HTTP with code of its own, down to the bytes of a broken answer. Time is what its clock says: it waits
//! for nothing but the latency it is told to have. It runs on a thread of its own, so that a test needs no runtime and
//! may be about another process; the thread ends with the last handle.
//!
//! Its other side, the callback, is the module beside this one.
#![allow(dead_code)] // each test uses its part of the platform

mod account;
mod conversation;
mod endpoint;
mod http;
mod log;
mod media;
mod menus;
mod platform;
mod press;
mod refusal;
mod server;

pub use account::Endpoint;
pub use conversation::Act;
pub use log::{Call, Host};

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use account::Account;
use platform::{Platform, State};
use server::Server;

/// The platform. A clone is another handle to the same one.
#[derive(Clone)]
pub struct WechatApi {
    platform: Arc<Platform>,
    server: Arc<Server>,
}

/// Ways in which a call can go wrong. The platform has not done what was asked, unless it says so here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No connection: the port is closed. While other accounts are served, their port cannot be closed to one; its
    /// connections are then reset as soon as the request shows whose it is.
    Refused,
    /// The request is read, and nothing ever comes back.
    Blackhole,
    /// HTTP 500 with a page.
    Status500,
    /// Error -1.
    Busy,
    /// Error 45009.
    Quota,
    /// Error 45011.
    PerMinute,
    /// HTTP 200 with a page: somebody in between has answered.
    Html,
    /// Done, but the answer ends in the middle.
    Truncated,
    /// Done, but the connection is reset before a byte of the answer.
    ResetAfter,
    /// Done, and the answer is valid, but `text/plain` and indented.
    PlainType,
}

impl Fault {
    /// Faults of the line to one host, not of the platform behind it.
    fn is_of_the_line(self) -> bool {
        matches!(self, Fault::Refused | Fault::Blackhole)
    }
}

impl WechatApi {
    /// A platform without accounts, which reads the time, in Unix milliseconds, from `clock`.
    pub fn start(clock: impl Fn() -> i64 + Send + Sync + 'static) -> WechatApi {
        let platform = Arc::new(Platform::new(clock));
        let server = Arc::new(Server::start(Arc::clone(&platform)));
        WechatApi { platform, server }
    }

    /// Where it is, like `http://127.0.0.1:40123`.
    pub fn base(&self) -> String {
        format!("http://{}", self.server.first)
    }

    /// The same platform by its name for disasters: [`Fault::Refused`] and [`Fault::Blackhole`] do not reach it.
    pub fn second_base(&self) -> String {
        format!("http://{}", self.server.second)
    }

    /// Whether the first port accepts a connection.
    pub fn reachable(&self) -> bool {
        TcpStream::connect(self.server.first).is_ok()
    }

    pub fn add_account(&self, app_id: &str, secret: &str) {
        self.with(|state, _| state.accounts.insert(app_id.into(), Account::new(app_id, secret)));
        self.open_or_close();
    }

    /// What happens, until it is changed, to the calls for tokens of this account. It goes before a fault everywhere.
    pub fn set_fault(&self, app_id: &str, fault: Option<Fault>) {
        self.account(app_id, |account, _| account.fault = fault);
        self.open_or_close();
    }

    /// What happens, until it is changed, to every call.
    pub fn set_fault_everywhere(&self, fault: Option<Fault>) {
        self.with(|state, _| state.everywhere = fault);
        self.open_or_close();
    }

    /// What happens, until it is changed, to the calls of paths that begin so.
    pub fn set_fault_on(&self, start: &str, fault: Option<Fault>) {
        self.with(|state, _| state.on_paths = fault.map(|fault| (start.to_owned(), fault)));
    }

    /// Whether temporary media are refused (48001), as for accounts that nobody has verified.
    pub fn set_only_permanent(&self, app_id: &str, only: bool) {
        self.account(app_id, |account, _| account.shelf.only_permanent = only);
    }

    /// Whether the platform knows a medium or material now.
    pub fn is_alive(&self, app_id: &str, media_id: &str) -> bool {
        self.media_kind(app_id, media_id).is_some()
    }

    /// What a medium or material is: `image`, `voice`, `video` or `thumb`; `None` if it is not known now.
    pub fn media_kind(&self, app_id: &str, media_id: &str) -> Option<String> {
        self.account(app_id, |account, now| account.shelf.kind(media_id, now).map(str::to_owned))
    }

    /// A medium is lost before its time.
    pub fn lose_media(&self, app_id: &str, media_id: &str) {
        self.account(app_id, |account, _| account.shelf.lose(media_id));
    }

    /// How many temporary media were ever uploaded, whether their uploader heard of it or not.
    pub fn uploads(&self, app_id: &str) -> usize {
        self.account(app_id, |account, _| account.shelf.uploads())
    }

    /// How much permanent material there is.
    pub fn material(&self, app_id: &str) -> usize {
        self.account(app_id, |account, _| account.shelf.material())
    }

    /// The drafts of the account, the latest last: `media_id` and the article.
    pub fn drafts(&self, app_id: &str) -> Vec<(String, serde_json::Value)> {
        self.account(app_id, |account, _| account.press.drafts())
    }

    /// Somebody deletes a draft in the console.
    pub fn delete_draft(&self, app_id: &str, media_id: &str) {
        self.account(app_id, |account, _| account.press.delete(media_id));
    }

    /// Whether the account may publish (else 48001).
    pub fn set_may_publish(&self, app_id: &str, may: bool) {
        self.account(app_id, |account, _| account.press.may_publish = may);
    }

    /// What requests to publish are refused with.
    pub fn set_publish_refusal(&self, app_id: &str, code: Option<i64>) {
        self.account(app_id, |account, _| account.press.refusal = code);
    }

    /// Somebody publishes something in the console; gives its id.
    pub fn publish_elsewhere(&self, app_id: &str) -> String {
        self.account(app_id, |account, _| account.press.publish_elsewhere())
    }

    /// The id of the latest publication that was asked for by a call.
    pub fn latest_publication(&self, app_id: &str) -> Option<String> {
        self.account(app_id, |account, _| account.press.latest())
    }

    /// A publication comes to its end.
    pub fn finish_publication(&self, app_id: &str, publish_id: &str, status: u32) {
        self.account(app_id, |account, _| account.press.finish(publish_id, status));
    }

    /// Whether the caller's address is on the whitelist (40164).
    pub fn set_whitelist(&self, app_id: &str, allowed: bool) {
        self.account(app_id, |account, _| account.is_foreign = !allowed);
    }

    /// Whether the AppSecret is frozen (40243).
    pub fn set_frozen(&self, app_id: &str, frozen: bool) {
        self.account(app_id, |account, _| account.is_frozen = frozen);
    }

    /// Whether the administrator has yet to confirm the caller's address (89503).
    pub fn set_confirm_ip(&self, app_id: &str, needed: bool) {
        self.account(app_id, |account, _| account.is_unconfirmed = needed);
    }

    /// The AppSecret is another from now on. Tokens that were issued for the old one stay.
    pub fn set_secret(&self, app_id: &str, secret: &str) {
        self.account(app_id, |account, _| account.secret = secret.into());
    }

    /// How many calls a day has, from midnight to midnight in Beijing (45009).
    pub fn set_quota(&self, app_id: &str, endpoint: Endpoint, per_day: u64) {
        self.account(app_id, |account, _| account.per_day.insert(endpoint, per_day));
    }

    /// How many calls a minute has (45011).
    pub fn set_quota_per_minute(&self, app_id: &str, endpoint: Endpoint, per_minute: u64) {
        self.account(app_id, |account, _| account.per_minute.insert(endpoint, per_minute));
    }

    /// From now on the account's windows (45015, 45047) and menus are kept; before, everything is taken and forgotten.
    pub fn keep_rules(&self, app_id: &str) {
        self.account(app_id, |account, _| {
            account.conversation.get_or_insert_default();
            account.menus.get_or_insert_default();
        });
    }

    /// Whether the account is verified. One that is not may have no menu, and write to nobody (48001).
    pub fn set_verified(&self, app_id: &str, verified: bool) {
        self.account(app_id, |account, _| account.is_unverified = !verified);
    }

    /// A follower of an account whose rules are kept does something.
    pub fn act(&self, app_id: &str, open_id: &str, act: Act) {
        self.account(app_id, |account, now| account.conversation.as_mut().unwrap().act(open_id, act, now));
    }

    /// A follower does not want to be written to (48002), or does again.
    pub fn set_refusing(&self, app_id: &str, open_id: &str, refuses: bool) {
        self.account(app_id, |account, _| {
            let refusing = &mut account.conversation.as_mut().unwrap().refusing;
            if refuses { refusing.insert(open_id.to_owned()) } else { refusing.remove(open_id) }
        });
    }

    /// The messages that have arrived at followers without being asked for.
    pub fn said(&self, app_id: &str) -> Vec<serde_json::Value> {
        self.account(app_id, |account, _| account.conversation.as_ref().unwrap().said.clone())
    }

    /// So many calls have been made today, in this minute.
    pub fn use_up(&self, app_id: &str, endpoint: Endpoint, calls: u64) {
        self.account(app_id, |account, now| (0..calls).for_each(|_| account.charge(endpoint, now).unwrap()));
    }

    /// Somebody else fetches a classic token: the one there was lives five more minutes.
    pub fn rotate_by_somebody(&self, app_id: &str) -> String {
        self.account(app_id, |account, now| account.issue_classic(now).value)
    }

    /// Somebody else fetches a stable token by force: the one there was is dead. It counts among the account's forced
    /// ones, but is never too soon or too many.
    pub fn force_by_somebody(&self, app_id: &str) -> String {
        self.account(app_id, |account, now| account.replace_stable(now).value)
    }

    /// Every token of the account is refused from now on (40001).
    pub fn kill_tokens(&self, app_id: &str) {
        self.account(app_id, |account, now| account.kill_tokens(now, false));
    }

    /// The same, but `stable_token` goes on to return the dead one until it is forced.
    pub fn kill_tokens_unawares(&self, app_id: &str) {
        self.account(app_id, |account, now| account.kill_tokens(now, true));
    }

    /// Whether this token would do for a call now.
    pub fn accepts(&self, app_id: &str, token: &str) -> bool {
        self.account(app_id, |account, now| matches!(account.judge(token, now), Some(Ok(()))))
    }

    /// The latest classic or stable token, or ticket of type `jsapi`, if it still lives.
    pub fn current(&self, app_id: &str, endpoint: Endpoint) -> Option<String> {
        self.account(app_id, |account, now| account.current(endpoint, now))
    }

    /// How many different tokens were ever issued, classic or stable.
    pub fn issued(&self, app_id: &str, endpoint: Endpoint) -> usize {
        self.account(app_id, |account, _| account.issued(endpoint))
    }

    /// Every request that was read, in the order of arrival. A refused connection leaves no trace.
    pub fn calls(&self) -> Vec<Call> {
        self.with(|state, _| state.log.calls())
    }

    pub fn count(&self, path: &str) -> usize {
        self.with(|state, _| state.log.count(path))
    }

    /// Forgets calls and overlaps.
    pub fn clear_calls(&self) {
        self.with(|state, _| state.log.clear());
    }

    /// How many requests to a path were under way at the same time, at the worst.
    pub fn max_overlap(&self, path: &str) -> usize {
        self.with(|state, _| state.log.most_at_once(path))
    }

    /// How long, in real time, an answer is under way. What was asked for is done before.
    pub fn set_latency(&self, latency: Option<Duration>) {
        self.with(|state, _| state.latency = latency);
    }

    fn with<T>(&self, work: impl FnOnce(&mut State, i64) -> T) -> T {
        self.platform.with(work)
    }

    fn account<T>(&self, app_id: &str, work: impl FnOnce(&mut Account, i64) -> T) -> T {
        self.with(|state, now| work(state.account(app_id), now))
    }

    fn open_or_close(&self) {
        let open = self.with(|state, _| !state.refuses_everybody());
        self.server.set_open(open);
    }
}
