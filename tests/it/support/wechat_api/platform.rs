//! The platform between its sockets and its rules: which fault strikes a request, what becomes of it, and what the
//! caller is told.

use std::net::SocketAddr;
use std::time::Duration;

use parking_lot::Mutex;

use super::Fault;
use super::account::Account;
use super::endpoint::{self, Accounts};
use super::http::{self, Request};
use super::log::{Call, Host, Log};
use super::refusal::Refusal;

const JSON: &str = "application/json; encoding=utf-8";
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n";

pub struct Platform {
    clock: Box<dyn Fn() -> i64 + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
pub struct State {
    pub accounts: Accounts,
    pub everywhere: Option<Fault>,
    /// At paths that begin so.
    pub on_paths: Option<(String, Fault)>,
    pub latency: Option<Duration>,
    pub log: Log,
}

/// What the connection does with the caller.
pub enum Reply {
    Reset,
    Silence,
    Whole(Vec<u8>),
    /// Some of the bytes that the head has promised.
    Part(Vec<u8>),
}

/// A request that has been dealt with, before the caller knows.
pub struct Handled {
    pub serial: u64,
    pub reply: Reply,
    pub latency: Option<Duration>,
}

impl Platform {
    pub fn new(clock: impl Fn() -> i64 + Send + Sync + 'static) -> Platform {
        Platform { clock: Box::new(clock), state: Mutex::default() }
    }

    /// Works on the state, with the time. The clock is read before the state is locked: it may belong to a test that
    /// is asking something.
    pub fn with<T>(&self, work: impl FnOnce(&mut State, i64) -> T) -> T {
        let now = (self.clock)();
        work(&mut self.state.lock(), now)
    }

    /// Does what a request wants, if it gets so far, all at the moment of its arrival.
    pub fn handle(&self, host: Host, peer: SocketAddr, request: &Request) -> Handled {
        self.with(|state, now| {
            let (errcode, reply) = state.decide(host, peer, request, now);
            let serial = state.log.begin(Call {
                at: now,
                method: request.method.clone(),
                path: request.path.clone(),
                query: request.query.clone(),
                body: String::from_utf8_lossy(&request.body).into_owned(),
                errcode,
                forced: endpoint::is_forced(request),
                host,
                peer,
                answered: false,
            });
            Handled { serial, reply, latency: state.latency }
        })
    }
}

impl State {
    pub fn account(&mut self, app_id: &str) -> &mut Account {
        self.accounts.get_mut(app_id).unwrap_or_else(|| panic!("no account {app_id}"))
    }

    /// A port cannot refuse the connections of one account: who calls shows only in the request. It is closed once
    /// every account is to be refused.
    pub fn refuses_everybody(&self) -> bool {
        let mut faults = self.accounts.values().map(|account| account.fault);
        self.everywhere == Some(Fault::Refused)
            || (!self.accounts.is_empty() && faults.all(|fault| fault == Some(Fault::Refused)))
    }

    fn fault(&self, host: Host, request: &Request) -> Option<Fault> {
        let app_id = endpoint::app_id(request).filter(|_| endpoint::issues_tokens(request));
        let own = app_id.and_then(|app_id| self.accounts.get(&app_id)?.fault);
        let here = self.on_paths.as_ref().filter(|(start, _)| request.path.starts_with(start)).map(|(_, fault)| *fault);
        own.or(here).or(self.everywhere).filter(|fault| host == Host::First || !fault.is_of_the_line())
    }

    /// The error code, if any, and the reply.
    fn decide(&mut self, host: Host, peer: SocketAddr, request: &Request, now: i64) -> (i64, Reply) {
        let fault = self.fault(host, request);
        let refused = match fault {
            Some(Fault::Refused) => return (0, Reply::Reset),
            Some(Fault::Blackhole) => return (0, Reply::Silence),
            _ if request.is_chunked => {
                return (0, Reply::Whole(http::answer("412 Precondition Failed", "text/html", "", "")));
            }
            Some(Fault::Status500) => {
                return (0, Reply::Whole(http::answer("500 Internal Server Error", "text/html", "", PAGE)));
            }
            Some(Fault::Html) => return (0, Reply::Whole(http::answer("200 OK", "text/html", "", PAGE))),
            Some(Fault::Busy) => Some(-1),
            Some(Fault::Quota) => Some(45009),
            Some(Fault::PerMinute) => Some(45011),
            Some(Fault::Truncated | Fault::ResetAfter | Fault::PlainType) | None => None,
        };
        if request.path == "/cgi-bin/showqrcode" {
            // Another host at the platform. It needs no token.
            let picture = format!("picture of {}", request.parameter("ticket").unwrap_or_default());
            return (0, Reply::Whole(http::answer("200 OK", "image/jpg", "", &picture)));
        }
        let outcome = match refused {
            Some(code) => Err(Refusal::from(code)),
            None => endpoint::answer(&mut self.accounts, request, peer.ip(), now),
        };
        let (errcode, body, more) = match outcome {
            Ok(value) => (0, value.to_string(), String::new()),
            Err(refusal) => {
                let headers = format!("RetKey: 11\r\nLogicRet: {}\r\n", refusal.code);
                (refusal.code, refusal.body(now, self.log.last_serial() + 1), headers)
            }
        };
        let reply = match fault {
            Some(Fault::ResetAfter) => Reply::Reset,
            Some(Fault::Truncated) => {
                let mut bytes = http::answer("200 OK", JSON, &more, &body);
                bytes.truncate(bytes.len() - body.len() / 2);
                Reply::Part(bytes)
            }
            Some(Fault::PlainType) => {
                Reply::Whole(http::answer("200 OK", "text/plain", &more, &format!("\r\n  {body}")))
            }
            _ => Reply::Whole(http::answer("200 OK", JSON, &more, &body)),
        };
        (errcode, reply)
    }
}
