//! The outgoing HTTP client. So far it talks to one server only: the shutong that runs on this machine, for commands
//! given while it runs. It may listen on a LAN address, but nothing on another machine may be reached with this.

use std::net::{IpAddr, SocketAddr, TcpListener};

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;

/// Posts a body to a server on this machine and hands every line of the answer to `line` as it comes.
///
/// # Errors
/// When the address is not of this machine, the server cannot be reached, or its status is no success.
pub async fn post_local(
    address: SocketAddr,
    path: &str,
    key: &str,
    body: Vec<u8>,
    mut line: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    ensure!(is_here(address.ip()), "{address} is not on this machine");
    // The library is built without a provider of its own and refuses to start without one. Twice is no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("http://{address}{path}");
    let answer = client.post(url).bearer_auth(key).body(body).send().await.map_err(reqwest::Error::without_url)?;
    ensure!(answer.status().is_success(), "the running shutong answers {}", answer.status());
    let mut rest = Vec::new();
    let mut pieces = answer.bytes_stream();
    while let Some(piece) = pieces.next().await {
        rest.extend_from_slice(&piece.map_err(reqwest::Error::without_url)?);
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let complete: Vec<u8> = rest.drain(..=end).collect();
            line(&complete[..end]).context("the running shutong gave an answer that cannot be read")?;
        }
    }
    Ok(())
}

/// Whether an address is one of this machine's: only those can be bound.
fn is_here(address: IpAddr) -> bool {
    address.is_loopback() || TcpListener::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_is_not_this_one() {
        assert!(is_here("127.0.0.1".parse().unwrap()));
        assert!(is_here("::1".parse().unwrap()));
        // Set aside for documentation, RFC 5737.
        assert!(!is_here("192.0.2.1".parse().unwrap()));
    }
}
