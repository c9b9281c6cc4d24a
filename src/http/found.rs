//! Whether a shutong answers at an address of the owner's, as somebody from outside would find it.

use std::fmt;
use std::time::Duration;

use anyhow::Result;

use super::certificate::{Glance, glance};

/// What is asked for, and what the public listener answers.
const PATH: &str = "/healthz";
const ANSWER: &str = "ok\n";
/// For the whole answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was found at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A shutong.
    Shutong,
    /// Something else, with this status.
    Other(u16),
    /// A way to another address.
    Elsewhere(String),
    /// The name leads nowhere.
    NoName,
    /// Nobody listens there.
    Nobody,
    /// The certificate is not one that is trusted, or not of this name.
    Untrusted(String),
    /// No answer in time.
    Silence,
    /// Anything else that went wrong.
    Broken(String),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::Shutong => f.write_str("a shutong answers"),
            Found::Other(status) => write!(f, "something else answers, with {status}"),
            Found::Elsewhere(to) => write!(f, "it leads on to {to}, where the platform does not follow"),
            Found::NoName => f.write_str("the name leads nowhere"),
            Found::Nobody => f.write_str("nobody listens there"),
            Found::Untrusted(why) => write!(f, "the certificate is not trusted: {why}"),
            Found::Silence => f.write_str("no answer in time"),
            Found::Broken(why) => f.write_str(why),
        }
    }
}

/// Asks an address of http or https, without a path, what is there.
///
/// # Errors
/// When the client cannot be made.
pub async fn look_at(base: &str) -> Result<Found> {
    let glance = match glance(&format!("{}{PATH}", base.trim_end_matches('/')), "", PATIENCE).await {
        Ok(glance) => glance,
        Err(error) => return error.downcast::<reqwest::Error>().map(|error| reason(&error)),
    };
    Ok(match glance {
        Glance { status: 300..400, location, .. } => {
            Found::Elsewhere(location.unwrap_or_default().chars().take(200).collect())
        }
        Glance { status: 200..300, text, .. } if text == ANSWER => Found::Shutong,
        Glance { status, .. } => Found::Other(status),
    })
}

fn reason(error: &reqwest::Error) -> Found {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        said = format!("{said}: {inner}");
        cause = inner.source();
    }
    let has = |parts: &[&str]| parts.iter().any(|part| said.to_lowercase().contains(part));
    match () {
        () if error.is_timeout() => Found::Silence,
        () if has(&["dns error", "lookup address", "name or service"]) => Found::NoName,
        () if has(&["certificate", "tls", "handshake"]) => Found::Untrusted(said),
        () if has(&["connection refused", "unreachable", "no route"]) => Found::Nobody,
        () => Found::Broken(said),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::http::site::{Site, answer};

    #[tokio::test]
    async fn tells_a_shutong_from_everything_else() {
        let site = Site::on("127.0.0.1", |request| match request.target.as_str() {
            "/healthz" => answer("200 OK", "ok\n"),
            _ => answer("404 Not Found", "?"),
        });
        assert_eq!(look_at(site.url.as_str()).await.unwrap(), Found::Shutong);
        let page = Site::on("127.0.0.1", |_| answer("200 OK", "<h1>Welcome to nginx!</h1>"));
        assert_eq!(look_at(page.url.as_str()).await.unwrap(), Found::Other(200));
        let broken = Site::on("127.0.0.1", |_| answer("502 Bad Gateway", "ok\n"));
        assert_eq!(look_at(broken.url.as_str()).await.unwrap(), Found::Other(502));
        let moved = Site::on("127.0.0.1", |_| answer("301 Moved\r\nLocation: https://other.example/", ""));
        assert_eq!(look_at(moved.url.as_str()).await.unwrap(), Found::Elsewhere("https://other.example/".into()));
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(look_at(&format!("http://{gone}")).await.unwrap(), Found::Nobody);
        assert_eq!(look_at("http://nowhere.invalid").await.unwrap(), Found::NoName);
        // As nginx does with a client that speaks TLS to its plain port.
        let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("https://{}", plain.local_addr().unwrap());
        let refusing = std::thread::spawn(move || {
            let (mut client, _) = plain.accept().unwrap();
            let _ = client.read(&mut [0; 1024]);
            client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        });
        let found = look_at(&address).await.unwrap();
        assert!(matches!(found, Found::Untrusted(_) | Found::Broken(_)), "{found:?}");
        refusing.join().unwrap();
    }
}
