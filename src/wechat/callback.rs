//! The callback itself: is it the platform that calls, what does it say, and how is it answered.
//!
//! It decides about one request and remembers nothing: a used signature is [`NonceCache`]'s
//! business, a repeated message the caller's. It speaks no HTTP either, beyond naming a status.
//!
//! [`NonceCache`]: super::NonceCache

use crate::wechat::account::{Account, Mode};
use crate::wechat::message::reply::{self, Reply, Unsendable};
use crate::wechat::message::{Incoming, flat, parse, xml};
use crate::wechat::signature;
use std::fmt;

/// The largest body that is read, in bytes. A push is well below 10 kB, in compatible mode three
/// times that.
pub const BODY_LIMIT: usize = 64 * 1024;

/// How far a signature's time may be from ours, in seconds, before it counts as stolen and kept.
pub const FRESHNESS_SECONDS: i64 = 300;

/// A longer query than this is not the platform's; its own has some 300 bytes.
const QUERY_LIMIT: usize = 4096;

/// The parameters of a callback, of which signature, timestamp and nonce are there and not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    signature: String,
    timestamp: String,
    nonce: String,
    msg_signature: Option<String>,
    encrypt_type: Option<String>,
    echostr: Option<String>,
    openid: Option<String>,
    time: i64,
}

/// A push that is genuine, with what is needed to answer it.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// What the platform says.
    pub incoming: Incoming,
    /// How the answer is to be wrapped.
    pub envelope: Envelope,
}

/// How a push was wrapped, and so how its answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// Not encrypted.
    Plain,
    /// Encrypted under the present EncodingAESKey.
    CurrentKey,
    /// Encrypted under the one before: the platform has not yet taken up the new one.
    PreviousKey,
}

/// A callback that gets no answer. `Display` says nothing a forger could use; the reason is for
/// the log only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It does not show that it comes from the platform: answer 403.
    Forged(&'static str),
    /// It comes from the platform but cannot be understood: answer 400.
    Malformed(&'static str),
}

/// The one reason for everything that goes wrong between the ciphertext and the message.
const UNDECRYPTABLE: Refused =
    Refused::Forged("it cannot be decrypted: are EncodingAESKey and AppID those of the console?");

/// Checks the GET by which the platform tests a new callback URL, and gives the text to send back:
/// exactly these bytes, as `text/plain`, because they are the caller's.
pub fn verify_url(account: &Account, query: &Query, now: i64) -> Result<String, Refused> {
    check(account, query, now)?;
    query.echostr.clone().ok_or(Refused::Malformed("there is no echostr to send back"))
}

/// Checks signature and freshness, `now` in Unix seconds. This needs no body: call it before the
/// body is read, so that a stranger cannot make us read one.
pub fn check(account: &Account, query: &Query, now: i64) -> Result<(), Refused> {
    let mut parts = [account.token(), &query.timestamp, &query.nonce];
    if !signature::matches(&mut parts, &query.signature) {
        return Err(Refused::Forged("the signature is wrong: is the Token that of the console?"));
    }
    if now.saturating_sub(query.time).saturating_abs() > FRESHNESS_SECONDS {
        return Err(Refused::Forged("the timestamp is more than 5 minutes from our clock"));
    }
    Ok(())
}

/// Checks a POST completely and reads what it says.
pub fn open(account: &Account, query: &Query, body: &[u8], now: i64) -> Result<Opened, Refused> {
    check(account, query, now)?;
    open_checked(account, query, body)
}

/// The rest of [`open`], for a query that [`check`] has let pass a moment ago.
pub fn open_checked(account: &Account, query: &Query, body: &[u8]) -> Result<Opened, Refused> {
    if body.len() > BODY_LIMIT {
        return Err(Refused::Malformed("the body is larger than 64 kB"));
    }
    let body = std::str::from_utf8(body).map_err(|_| Refused::Malformed("the body is not UTF-8"))?;
    if account.mode() != Mode::Plain
        && let Some(text) = xml::sealed(body)
    {
        query.claims_encryption()?;
        return decrypted(account, query, text);
    }
    let document = xml::read(body).map_err(Refused::Malformed)?;
    let encrypted = xml::Element::root(&document).and_then(|root| root.text_of("Encrypt"));
    let encrypted = encrypted.map_err(Refused::Malformed)?;
    match (account.mode(), encrypted, query.claims_encryption()?) {
        (Mode::Plain, None, false) => plain(&document),
        (Mode::Plain, ..) => Err(Refused::Malformed(
            "it is encrypted, but the account's mode is plain: are mode and key set as in the console?",
        )),
        (Mode::Compatible, None, false) => plain(&document),
        (Mode::Compatible | Mode::Safe, Some(text), _) => decrypted(account, query, &text),
        (Mode::Compatible, None, true) => Err(Refused::Malformed("encrypt_type is aes, but there is no Encrypt")),
        (Mode::Safe, None, _) => Err(Refused::Forged("it is not encrypted, but the account's mode is safe")),
    }
}

/// Writes the body of the HTTP answer, status 200.
///
/// `random` and `nonce` must be fresh for every call; any bytes will do. Replies beyond the
/// platform's limits are an error, because the follower would see a notice of failure instead.
pub fn seal(
    account: &Account,
    envelope: &Envelope,
    incoming: &Incoming,
    reply: &Reply,
    now: i64,
    random: [u8; 16],
    nonce: &str,
) -> Result<Vec<u8>, Unsendable> {
    // Also in safe mode: the platform wants this word in the open.
    if matches!(reply, Reply::Nothing) {
        return Ok(b"success".to_vec());
    }
    let message = reply::write(reply, incoming, now)?;
    let key = match (envelope, account.keys()) {
        (Envelope::Plain, _) => return Ok(message.into_bytes()),
        (Envelope::CurrentKey, Some(keys)) => &keys.current,
        (Envelope::PreviousKey, Some(keys)) => keys.previous.as_ref().unwrap_or(&keys.current),
        (_, None) => return Err(Unsendable::NoKey),
    };
    let encrypted = key.encrypt(&printable(random), message.as_bytes(), account.app_id());
    let time = now.to_string();
    let signature = signature::sign(&mut [account.token(), &time, nonce, &encrypted]);
    let mut writer = xml::Writer::new();
    writer.element("xml", |xml| {
        xml.clean("Encrypt", &encrypted);
        xml.clean("MsgSignature", &signature);
        xml.number("TimeStamp", now);
        xml.text("Nonce", nonce);
    });
    Ok(writer.finish().into_bytes())
}

fn plain(document: &roxmltree::Document<'_>) -> Result<Opened, Refused> {
    let incoming = parse::incoming(document).map_err(Refused::Malformed)?;
    Ok(Opened { incoming, envelope: Envelope::Plain })
}

/// `msg_signature` comes first: it is what shows that the ciphertext is the platform's.
fn decrypted(account: &Account, query: &Query, encrypted: &str) -> Result<Opened, Refused> {
    let Some(given) = &query.msg_signature else {
        return Err(Refused::Forged("it is encrypted, but has no msg_signature"));
    };
    let mut parts = [account.token(), &query.timestamp, &query.nonce, encrypted];
    if !signature::matches(&mut parts, given) {
        return Err(Refused::Forged("the msg_signature is wrong"));
    }
    let (message, envelope) = decrypt(account, encrypted)?;
    let message = String::from_utf8(message).map_err(|_| UNDECRYPTABLE)?;
    if let Some(incoming) = flat::text_message(&message) {
        return Ok(Opened { incoming, envelope });
    }
    let document = xml::read(&message).map_err(Refused::Malformed)?;
    let incoming = parse::incoming(&document).map_err(Refused::Malformed)?;
    Ok(Opened { incoming, envelope })
}

fn decrypt(account: &Account, encrypted: &str) -> Result<(Vec<u8>, Envelope), Refused> {
    let keys = account.keys().ok_or(UNDECRYPTABLE)?;
    if let Ok(message) = keys.current.decrypt(encrypted, account.app_id()) {
        return Ok((message, Envelope::CurrentKey));
    }
    let previous = keys.previous.as_ref().ok_or(UNDECRYPTABLE)?;
    match previous.decrypt(encrypted, account.app_id()) {
        Ok(message) => Ok((message, Envelope::PreviousKey)),
        Err(_) => Err(UNDECRYPTABLE),
    }
}

/// The platform's samples fill the random part with letters and digits, so we do too.
fn printable(random: [u8; 16]) -> [u8; 16] {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    random.map(|byte| ALPHABET[usize::from(byte) % ALPHABET.len()])
}

impl Query {
    /// Reads the raw query string, the part after `?`. Parameters of the URL's own are ignored.
    ///
    /// Refused as forged if signature, timestamp or nonce is missing or empty, if any parameter of
    /// the platform stands there twice, or if the timestamp is not a number.
    pub fn parse(raw: &str) -> Result<Query, Refused> {
        if raw.len() > QUERY_LIMIT {
            return Err(Refused::Forged("the query is longer than 4 kB"));
        }
        let mut found: [Option<String>; NAMES.len()] = Default::default();
        for pair in raw.split('&') {
            // Decoded one by one, because what the platform sends has nothing to decode.
            let (name, value) = match pair.split_once('=') {
                Some((name, value)) if !pair.contains(['%', '+']) => (name.into(), value.into()),
                _ => match url::form_urlencoded::parse(pair.as_bytes()).next() {
                    Some(decoded) => decoded,
                    None => continue,
                },
            };
            let Some(at) = NAMES.iter().position(|known| *known == name) else { continue };
            if found[at].replace(value.into_owned()).is_some() {
                return Err(Refused::Forged("a parameter is there twice"));
            }
        }
        let [signature, timestamp, nonce, msg_signature, encrypt_type, echostr, openid] = found;
        let required = |value: Option<String>| value.filter(|text| !text.is_empty());
        let missing = Refused::Forged("signature, timestamp or nonce is missing");
        let timestamp = required(timestamp).ok_or(missing)?;
        Ok(Query {
            signature: required(signature).ok_or(missing)?,
            nonce: required(nonce).ok_or(missing)?,
            time: seconds(&timestamp).ok_or(Refused::Forged("the timestamp is not a number"))?,
            timestamp,
            msg_signature,
            encrypt_type,
            echostr,
            openid,
        })
    }

    /// The time in the signature, as sent.
    pub fn timestamp(&self) -> &str {
        &self.timestamp
    }

    /// The random part of the signature.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The sender as the URL has it. It is signed nowhere: good for a log or a rate limit, never
    /// for deciding who is speaking.
    pub fn openid(&self) -> Option<&str> {
        self.openid.as_deref()
    }

    fn claims_encryption(&self) -> Result<bool, Refused> {
        match self.encrypt_type.as_deref() {
            None | Some("" | "raw") => Ok(false),
            Some("aes") => Ok(true),
            Some(_) => Err(Refused::Malformed("encrypt_type is neither raw nor aes")),
        }
    }
}

const NAMES: [&str; 7] = ["signature", "timestamp", "nonce", "msg_signature", "encrypt_type", "echostr", "openid"];

/// Digits only: `parse` would also take `+5`, which is another text under the same time.
fn seconds(text: &str) -> Option<i64> {
    let digits = text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

impl Refused {
    /// The HTTP status to answer with.
    pub fn status(&self) -> u16 {
        match self {
            Refused::Forged(_) => 403,
            Refused::Malformed(_) => 400,
        }
    }

    /// What was wrong and, where it helps, what the owner can do: for the log, never for the client.
    pub fn reason(&self) -> &'static str {
        match self {
            Refused::Forged(reason) | Refused::Malformed(reason) => reason,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Forged(_) => "forbidden",
            Refused::Malformed(_) => "bad request",
        })
    }
}

impl std::error::Error for Refused {}
