//! The platform's encryption: AES-256-CBC under the EncodingAESKey, around
//! `random(16) | length(4, big endian) | message | AppID`, padded to 32 bytes.
//!
//! It protects secrecy only; that the text is genuine is shown by `msg_signature`, which is checked
//! before anything is decrypted. No nonces, clocks or random numbers are made here.

use aes::{Aes256Dec, Aes256Enc};
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use std::fmt;
use subtle::ConstantTimeEq;

/// Padding fills up to this, not to the cipher's 16: that is why it is done by hand here.
const PADDING_BLOCK: usize = 32;
/// Random bytes, then the length of the message.
const HEAD: usize = 16 + 4;

/// 43 digits stand for 258 bits, two more than the key has. Most real keys set these two, which a
/// strict decoder refuses ("invalid last symbol"): three keys in four would not work.
const KEY_DECODER: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
);

/// A decoded EncodingAESKey.
#[derive(Clone)]
pub(super) struct Key {
    iv: [u8; 16],
    /// With their round keys worked out, which every message would do again.
    encrypting: Aes256Enc,
    decrypting: Aes256Dec,
}

/// Why a text could not be decrypted is not told, not even to the log: whoever can tell a wrong
/// padding from a wrong AppID can decrypt without the key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Undecryptable;

impl Key {
    /// Reads 43 letters and digits.
    pub(super) fn parse(text: &str) -> Option<Key> {
        if text.len() != 43 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let bytes = KEY_DECODER.decode(text).ok()?;
        let bytes: [u8; 32] = bytes.try_into().ok()?;
        let mut iv = [0; 16];
        iv.copy_from_slice(&bytes[..16]);
        let key = bytes.into();
        Some(Key { iv, encrypting: Aes256Enc::new(&key), decrypting: Aes256Dec::new(&key) })
    }

    /// Encrypts `message` for the account `app_id`. `random` should be printable: the platform's
    /// own samples treat it as text.
    pub(super) fn encrypt(&self, random: &[u8; 16], message: &[u8], app_id: &str) -> String {
        // A reply is a few kilobytes: `seal` checks its limits before it comes here.
        let length = message.len() as u32;
        let mut text = Vec::with_capacity(HEAD + message.len() + app_id.len() + PADDING_BLOCK);
        text.extend_from_slice(random);
        text.extend_from_slice(&length.to_be_bytes());
        text.extend_from_slice(message);
        text.extend_from_slice(app_id.as_bytes());
        let padding = PADDING_BLOCK - text.len() % PADDING_BLOCK;
        text.resize(text.len() + padding, padding as u8);
        let (blocks, _none_left) = Block::<Aes256Enc>::slice_as_chunks_mut(&mut text);
        cbc::Encryptor::inner_iv_init(self.encrypting.clone(), &self.iv.into()).encrypt_blocks(blocks);
        STANDARD.encode(text)
    }

    /// Decrypts what [`Key::encrypt`] made. Line breaks in `encrypted` are allowed.
    pub(super) fn decrypt(&self, encrypted: &str, app_id: &str) -> Result<Vec<u8>, Undecryptable> {
        let mut text = if encrypted.bytes().any(|b| b.is_ascii_whitespace()) {
            let packed: Vec<u8> = encrypted.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            STANDARD.decode(packed)
        } else {
            STANDARD.decode(encrypted)
        }
        .map_err(|_| Undecryptable)?;
        if text.len() < PADDING_BLOCK {
            return Err(Undecryptable);
        }
        cbc::Decryptor::inner_iv_init(self.decrypting.clone(), &self.iv.into())
            .decrypt_padded::<NoPadding>(&mut text)
            .map_err(|_| Undecryptable)?;
        message_in(&text, app_id).map(<[u8]>::to_vec).ok_or(Undecryptable)
    }
}

fn message_in<'a>(text: &'a [u8], app_id: &str) -> Option<&'a [u8]> {
    let text = without_padding(text)?;
    let length = u32::from_be_bytes(text.get(16..HEAD)?.try_into().ok()?);
    let end = HEAD.checked_add(usize::try_from(length).ok()?)?;
    let message = text.get(HEAD..end)?;
    let owner = text.get(end..)?;
    bool::from(owner.ct_eq(app_id.as_bytes())).then_some(message)
}

fn without_padding(text: &[u8]) -> Option<&[u8]> {
    let last = *text.last()?;
    let size = usize::from(last);
    if !(1..=PADDING_BLOCK).contains(&size) {
        return None;
    }
    let (rest, padding) = text.split_at_checked(text.len().checked_sub(size)?)?;
    padding.iter().all(|&byte| byte == last).then_some(rest)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Vector {
        key: &'static str,
        app_id: &'static str,
        random: &'static [u8; 16],
        message: &'static str,
        encrypted: &'static str,
        /// Token, timestamp, nonce and the msg_signature that covers the ciphertext.
        signed: Option<[&'static str; 4]>,
    }

    const ZERO: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const WX_JAVA: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

    /// From the official documentation (the first two), WxJava (Apache-2.0) and wechatpy (MIT).
    const VECTORS: [Vector; 5] = [
        Vector {
            key: ZERO,
            app_id: "wxba5fad812f8e6fb9",
            random: b"a8eedb185eb2fecf",
            message: r#"{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}"#,
            encrypted: "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=",
            signed: Some(["AAAAA", "1714112445", "415670741", "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"]),
        },
        Vector {
            key: ZERO,
            app_id: "wxba5fad812f8e6fb9",
            random: b"707722b803182950",
            message: r#"{"demo_resp":"good luck"}"#,
            encrypted: "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==",
            signed: Some(["AAAAA", "1713424427", "415670741", "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"]),
        },
        Vector {
            key: WX_JAVA,
            app_id: "wxb11529c136998cb6",
            random: b"aaaabbbbccccdddd",
            message: "我是中文abcd123",
            encrypted: "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==",
            signed: None,
        },
        Vector {
            key: WX_JAVA,
            app_id: "wxb11529c136998cb6",
            random: b"aaaabbbbccccdddd",
            message: "<xml><ToUserName><![CDATA[oia2Tj我是中文jewbmiOUlr6X-1crbLOvLw]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]></FromUserName><CreateTime>1407743423</CreateTime><MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[eYJ1MbwPRJtOvIEabaxHs7TX2D-HV71s79GUxqdUkjm6Gs2Ed1KF3ulAOA9H1xG0]]></MediaId><Title><![CDATA[testCallBackReplyVideo]]></Title><Description><![CDATA[testCallBackReplyVideo]]></Description></Video></xml>",
            encrypted: "jn1L23DB+6ELqJ+6bruv23M2GmYfkv0xBh2h+XTBOKVKcgDFHle6gqcZ1cZrk3e1qjPQ1F4RsLWzQRG9udbKWesxlkupqcEcW7ZQweImX9+wLMa0GaUzpkycA8+IamDBxn5loLgZpnS7fVAbExOkK5DYHBmv5tptA9tklE/fTIILHR8HLXa5nQvFb3tYPKAlHF3rtTeayNf0QuM+UW/wM9enGIDIJHF7CLHiDNAYxr+r+OrJCmPQyTy8cVWlu9iSvOHPT/77bZqJucQHQ04sq7KZI27OcqpQNSto2OdHCoTccjggX5Z9Mma0nMJBU+jLKJ38YB1fBIz+vBzsYjrTmFQ44YfeEuZ+xRTQwr92vhA9OxchWVINGC50qE/6lmkwWTwGX9wtQpsJKhP+oS7rvTY8+VdzETdfakjkwQ5/Xka042OlUb1/slTwo4RscuQ+RdxSGvDahxAJ6+EAjLt9d8igHngxIbf6YyqqROxuxqIeIch3CssH/LqRs+iAcILvApYZckqmA7FNERspKA5f8GoJ9sv8xmGvZ9Yrf57cExWtnX8aCMMaBropU/1k+hKP5LVdzbWCG0hGwx/dQudYR/eXp3P0XxjlFiy+9DMlaFExWUZQDajPkdPrEeOwofJb",
            signed: Some(["pamtest", "1409304348", "xxxxxx", "ea88b765074e41eb8c7a75b449db34fa2fd560d5"]),
        },
        Vector {
            key: "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR",
            app_id: "wx49f0ab532d5d035a",
            random: b"1234567890123456",
            message: "<xml>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[test]]></Content>\n<FromUserName><![CDATA[wx49f0ab532d5d035a]]></FromUserName>\n<ToUserName><![CDATA[messense]]></ToUserName>\n<AgentID>1</AgentID>\n<CreateTime>1411525903</CreateTime>\n</xml>",
            encrypted: "9s4gMv99m88kKTh/H8IdkOiMg6bisoy3ypwy9H4hvSPe9nsGaqyw5hhSjdYbcrKk+j3nba4HMOTzHrluLBYqxgNcBqGsL8GqxlhZgURnAtObvesEl5nZ+uBE8bviY0LWke8Zy9V/QYKxNV2FqllNXcfmstttyIkMKCCmVbCFM2JTF5wY0nFhHZSjPUL2Q1qvSUCUld+/WIXrx0oyKQmpB6o8NRrrNrsDf03oxI1p9FxUgMnwKKZeOA/uu+2IEvEBtb7muXsVbwbgX05UPPJvFurDXafG0RQyPR+mf1nDnAtQmmNOuiR5MIkdQ39xn1vWwi1O5oazPoQJz0nTYjxxEE8kv3kFxtAGVRe3ypD3WeK2XeFYFMNMpatF9XiKzHo3",
            signed: Some(["123456", "1411525903", "461056294", "407518b7649e86ef23978113f92d27afa9296533"]),
        },
    ];

    #[test]
    fn published_vectors_both_ways() {
        for v in VECTORS {
            let key = Key::parse(v.key).unwrap();
            assert_eq!(key.encrypt(v.random, v.message.as_bytes(), v.app_id), v.encrypted);
            assert_eq!(key.decrypt(v.encrypted, v.app_id).unwrap(), v.message.as_bytes());
            if let Some([token, time, nonce, signature]) = v.signed {
                assert_eq!(crate::wechat::signature::sign(&mut [token, time, nonce, v.encrypted]), signature);
            }
        }
    }

    #[test]
    fn every_length_survives_and_fills_whole_blocks() {
        let key = Key::parse(WX_JAVA).unwrap();
        for length in 0..=130 {
            let message = vec![b'x'; length];
            let encrypted = key.encrypt(b"0123456789abcdef", &message, "wx1");
            let size = STANDARD.decode(&encrypted).unwrap().len();
            let unpadded = HEAD + length + 3;
            assert!(size.is_multiple_of(32) && size > unpadded && size <= unpadded + 32, "{length}: {size}");
            assert_eq!(key.decrypt(&encrypted, "wx1"), Ok(message), "{length}");
        }
    }

    #[test]
    fn line_breaks_in_the_ciphertext_are_allowed() {
        let key = Key::parse(WX_JAVA).unwrap();
        let encrypted = key.encrypt(b"0123456789abcdef", b"hello", "wx1");
        let broken = encrypted.as_bytes().chunks(10).map(|c| std::str::from_utf8(c).unwrap()).collect::<Vec<_>>();
        assert_eq!(key.decrypt(&broken.join("\r\n"), "wx1").unwrap(), b"hello");
    }
}
