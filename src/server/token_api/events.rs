//! `GET /accesstoken/{account}/events`: the token now, and at every change.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};
use warp::Reply;
use warp::reply::Response;
use warp::sse::{self, Event};

use super::answer::Refusal;
use super::{Call, TokenApi};
use crate::token::{Held, Keeper, Scope};

/// So often it is looked whether the key is still good, and a comment keeps proxies from closing a silent stream.
const LOOK: Duration = Duration::from_secs(15);

struct Listener {
    api: Arc<TokenApi>,
    keeper: Arc<Keeper>,
    key: String,
    peer: Option<std::net::IpAddr>,
    changes: watch::Receiver<Option<Arc<Held>>>,
    closing: watch::Receiver<bool>,
    is_first: bool,
    _permit: OwnedSemaphorePermit,
}

pub(super) fn stream(api: &Arc<TokenApi>, call: &Call, keeper: Arc<Keeper>) -> Result<Response, Refusal> {
    let permit = Arc::clone(&api.streams).try_acquire_owned().map_err(|_| Refusal::Busy)?;
    let listener = Listener {
        changes: keeper.subscribe(),
        closing: api.closing.subscribe(),
        api: Arc::clone(api),
        keeper,
        key: call.bearer().unwrap_or_default().to_owned(),
        peer: call.peer,
        is_first: true,
        _permit: permit,
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<Event, Infallible>(event), listener))
    });
    Ok(sse::reply(events).into_response())
}

impl Listener {
    /// The next thing to say; `None` when the stream ends.
    async fn next(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.is_first) {
            self.changes.mark_unchanged();
            return Some(self.told());
        }
        let is_change = tokio::select! {
            changed = self.changes.changed() => { changed.ok()?; true }
            _ = self.closing.wait_for(|closing| *closing) => return None,
            () = tokio::time::sleep(LOOK) => false,
        };
        // Revoked, or over: nothing more for this key.
        let access = self.api.app.keys.access(&self.key, self.peer, self.api.app.clock.now()).ok()?;
        access.require(Scope::Read, self.keeper.account()).ok()?;
        Some(if is_change { self.told() } else { Event::default().comment("") })
    }

    fn told(&self) -> Event {
        let data = match self.keeper.current() {
            Some(held) => json!({
                "access_token": held.value.expose(),
                "expires_in": self.keeper.usable(&held).as_secs(),
                "number": held.number,
            }),
            None => json!({ "access_token": null }),
        };
        Event::default().event("token").data(data.to_string())
    }
}
