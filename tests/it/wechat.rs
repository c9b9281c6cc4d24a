//! `shutong::wechat` from outside. The rules tested here are the platform's, not the code's; where
//! a published vector exists it is used.

mod aes;
mod hook;
mod pushes;
mod simulated;
mod xml;

use sha1::{Digest, Sha1};
use shutong::secret::Secret;
use shutong::wechat::{Account, AccountSettings, Mode};

/// The keys of the vectors that WxJava, EasyWeChat and others share.
const TOKEN: &str = "pamtest";
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const APP_ID: &str = "wxb11529c136998cb6";

fn account(mode: Mode) -> Account {
    account_with(mode, KEY, None)
}

fn account_with(mode: Mode, key: &str, previous: Option<&str>) -> Account {
    Account::new(AccountSettings {
        name: "main".into(),
        app_id: APP_ID.into(),
        token: Secret::new(TOKEN),
        mode,
        encoding_aes_key: Some(Secret::new(key)),
        previous_encoding_aes_key: previous.map(Secret::new),
        verified: false,
    })
    .unwrap()
}

/// The platform's signature, computed here once more.
fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The query of a plain push at `time`.
fn signed(time: i64, nonce: &str) -> String {
    let signature = signature(&[TOKEN, &time.to_string(), nonce]);
    format!("signature={signature}&timestamp={time}&nonce={nonce}&openid=oFollower")
}

/// The query of an encrypted push at `time`.
fn signed_encrypted(time: i64, nonce: &str, encrypted: &str) -> String {
    let m = signature(&[TOKEN, &time.to_string(), nonce, encrypted]);
    format!("{}&encrypt_type=aes&msg_signature={m}", signed(time, nonce))
}
