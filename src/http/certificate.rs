//! What a server shows of itself: its certificate's issuer and end, and the time on its clock.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use chrono::{DateTime, NaiveDateTime, Utc};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{builder, tls};

/// A certificate that is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Who has vouched for it.
    pub issuer: String,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
}

/// An answer, whatever it was.
#[derive(Clone, Debug)]
pub struct Glance {
    /// Its status.
    pub status: u16,
    /// Where it leads to, if it says so.
    pub location: Option<String>,
    /// What the server's clock said.
    pub date: Option<DateTime<Utc>>,
    /// The beginning of its text.
    pub text: String,
}

/// So much of an answer is read, in bytes.
const MOST_TEXT: usize = 4096;

/// Asks for an address, through `proxy` if it is not empty, and takes whatever comes.
///
/// # Errors
/// When nothing comes. The message names no address, which could hold a secret.
pub async fn glance(url: &str, proxy: &str, patience: Duration) -> Result<Glance> {
    let client = builder()?.timeout(patience);
    let client = if proxy.is_empty() { client } else { client.proxy(reqwest::Proxy::all(proxy)?) };
    let mut answer = client.build()?.get(url).send().await.map_err(reqwest::Error::without_url)?;
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()).map(|date| date.to_utc());
    let location = answer.headers().get("location").and_then(|to| to.to_str().ok()).map(str::to_owned);
    let status = answer.status().as_u16();
    let mut text = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        text.extend_from_slice(&piece);
        if text.len() >= MOST_TEXT {
            break;
        }
    }
    Ok(Glance { status, location, date, text: String::from_utf8_lossy(&text).into_owned() })
}

/// The certificate that a server shows.
///
/// # Errors
/// When it cannot be reached, or its certificate is not trusted; the message says why.
pub async fn certificate(host: &str, port: u16, patience: Duration) -> Result<Certificate> {
    let shown = async {
        let name = ServerName::try_from(host.to_owned()).with_context(|| format!("{host:?} is no host"))?;
        let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
        let stream = TlsConnector::from(Arc::new(tls()?)).connect(name, stream).await?;
        let (_, connection) = stream.get_ref();
        let first = connection.peer_certificates().and_then(|all| all.first()).context("it shows no certificate")?;
        read(first).context("its certificate cannot be read")
    };
    tokio::time::timeout(patience, shown).await.map_err(|_| anyhow!("no answer within {} s", patience.as_secs()))?
}

/// Issuer and end of a certificate in DER (RFC 5280, 4.1). It has been verified: only what is there is looked for.
fn read(der: &[u8]) -> Option<Certificate> {
    const SEQUENCE: u8 = 0x30;
    let (_, whole, _) = element(der)?;
    let (_, mut fields, _) = element(whole)?;
    let mut sequences = Vec::new();
    // version, serial, algorithm, issuer, validity: the sequences among them are the last three.
    while sequences.len() < 3 {
        let (tag, content, rest) = element(fields)?;
        if tag == SEQUENCE {
            sequences.push(content);
        }
        fields = rest;
    }
    let (_, _, not_after) = element(sequences[2])?;
    Some(Certificate { issuer: name(sequences[1])?, ends_at: time(element(not_after)?)? })
}

/// The organisation in a name, else its common name, else whatever comes first.
fn name(mut parts: &[u8]) -> Option<String> {
    const ORGANISATION: &[u8] = &[0x55, 4, 10];
    const COMMON_NAME: &[u8] = &[0x55, 4, 3];
    let mut found: Vec<(&[u8], String)> = Vec::new();
    while !parts.is_empty() {
        let (_, set, rest) = element(parts)?;
        let (_, pair, _) = element(set)?;
        let (_, kind, value) = element(pair)?;
        let (_, text, _) = element(value)?;
        found.push((kind, String::from_utf8_lossy(text).into_owned()));
        parts = rest;
    }
    let of = |wanted: &[u8]| found.iter().find(|(kind, _)| *kind == wanted);
    of(ORGANISATION).or_else(|| of(COMMON_NAME)).or(found.first()).map(|(_, text)| text.clone())
}

fn time((tag, text, _): (u8, &[u8], &[u8])) -> Option<DateTime<Utc>> {
    const UTC_TIME: u8 = 0x17;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    // Two digits of a year mean 1950 to 2049.
    let century = if tag != UTC_TIME {
        ""
    } else if text < "5" {
        "20"
    } else {
        "19"
    };
    Some(NaiveDateTime::parse_from_str(&format!("{century}{text}"), "%Y%m%d%H%M%S").ok()?.and_utc())
}

/// Tag and content of the first element, and what stands behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..0x80 => (usize::from(first), rest),
        _ => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length =
                digits.iter().try_fold(0_usize, |length, &digit| Some(length.checked_mul(256)? + usize::from(digit)));
            (length?, rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate's beginning: version, serial, algorithm, issuer (a country, an organisation), validity.
    fn made(end: &[u8]) -> Vec<u8> {
        let tlv = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
        let pair = |kind: u8, text: &[u8]| tlv(0x31, &tlv(0x30, &[tlv(6, &[0x55, 4, kind]), tlv(0x0c, text)].concat()));
        let issuer = tlv(0x30, &[pair(6, b"US"), pair(3, b"R11"), pair(10, b"Let's Encrypt")].concat());
        let validity = tlv(0x30, &[tlv(0x17, b"260901000000Z"), end.to_vec()].concat());
        let fields = [tlv(0xa0, &tlv(2, &[2])), tlv(2, &[1, 2, 3]), tlv(0x30, &[]), issuer, validity].concat();
        tlv(0x30, &tlv(0x30, &fields))
    }

    #[test]
    fn issuer_and_end_are_read() {
        let short = read(&made(b"\x17\x0d261130235959Z")).unwrap();
        assert_eq!(
            (short.issuer.as_str(), short.ends_at.to_string().as_str()),
            ("Let's Encrypt", "2026-11-30 23:59:59 UTC")
        );
        let long = read(&made(b"\x18\x0f20510101000000Z")).unwrap();
        assert_eq!(long.ends_at.to_string(), "2051-01-01 00:00:00 UTC");
        let whole = made(b"\x17\x0d261130235959Z");
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_none(), "{length}");
        }
    }
}
