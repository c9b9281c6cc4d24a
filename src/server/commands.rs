//! Commands handed over by other processes of the data's owner: one path on the admin listener, one random key that
//! only the owner can read. What a command means is not known here; its answer is sent on line by line.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use subtle::ConstantTimeEq;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use super::body::{self, BodyLimits};

/// What a command may cost: a file of queries can come with it.
const BODY: BodyLimits = BodyLimits { bytes: 64 * 1024 * 1024, time: Duration::from_secs(30) };

/// Takes a body and sends lines, on a thread that may block.
type Run = dyn Fn(&[u8], UnboundedSender<Vec<u8>>) + Send + Sync;

/// How commands are taken: where, from whom, and what runs them.
#[derive(Clone)]
pub struct Commands {
    path: &'static str,
    key: String,
    run: Arc<Run>,
}

impl Commands {
    /// Commands at `path` (with its slash) from whoever knows the key.
    pub fn new(
        path: &'static str,
        key: String,
        run: impl Fn(&[u8], UnboundedSender<Vec<u8>>) + Send + Sync + 'static,
    ) -> Commands {
        Commands { path, key, run: Arc::new(run) }
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let given = headers.get("authorization").and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        given.as_bytes().ct_eq(self.key.as_bytes()).into()
    }

    fn start(&self, body: Bytes) -> UnboundedReceiver<Vec<u8>> {
        let (send, lines) = unbounded_channel();
        let run = Arc::clone(&self.run);
        tokio::task::spawn_blocking(move || run(&body, send));
        lines
    }
}

/// The route of the commands.
pub(super) fn routes(commands: Commands) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path(commands.path.trim_start_matches('/'))
        .and(warp::path::end())
        .and(warp::post())
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(move |headers: HeaderMap, stream| {
            let commands = commands.clone();
            async move {
                if !commands.knows(&headers) {
                    return StatusCode::FORBIDDEN.into_response();
                }
                match body::read(&headers, stream, BODY).await {
                    Ok(body) => lines(commands.start(body)),
                    Err(error) => error.plain(),
                }
            }
        })
}

fn lines(mut lines: UnboundedReceiver<Vec<u8>>) -> Response {
    let stream = futures_util::stream::poll_fn(move |context| lines.poll_recv(context));
    warp::reply::stream(futures_util::StreamExt::map(stream, |line| Ok::<_, Infallible>(Bytes::from(line))))
        .into_response()
}
