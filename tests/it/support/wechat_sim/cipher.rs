//! The platform's signature and cipher, written from its documentation. CBC and padding are by hand.

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// `hex(sha1(concat(sort(parts))))`.
pub fn sha1_hex(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort();
    Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `base64(aes(random | length | message | app_id | padding))`.
pub fn encrypt(key: &str, random: &str, message: &str, app_id: &str) -> String {
    let mut plain = random.as_bytes()[..16].to_vec();
    plain.extend((message.len() as u32).to_be_bytes());
    plain.extend(message.bytes());
    plain.extend(app_id.bytes());
    let fill = 32 - plain.len() % 32;
    plain.extend(std::iter::repeat_n(fill as u8, fill));
    STANDARD.encode(encrypt_blocks(key, &plain))
}

/// Whole blocks of 16 bytes, whatever is in them.
pub fn encrypt_blocks(key: &str, plain: &[u8]) -> Vec<u8> {
    let key = key_bytes(key);
    let cipher = Aes256::new(&key.into());
    let mut previous: [u8; 16] = key[..16].try_into().unwrap();
    let mut encrypted = Vec::new();
    for chunk in plain.chunks(16) {
        let mut block = std::array::from_fn(|at| chunk[at] ^ previous[at]).into();
        cipher.encrypt_block(&mut block);
        previous = block.into();
        encrypted.extend(previous);
    }
    encrypted
}

/// The message and its AppID.
pub fn decrypt(key: &str, encrypted: &str) -> Result<(String, String), String> {
    let key = key_bytes(key);
    let bytes = STANDARD.decode(encrypted).map_err(|e| format!("Encrypt is not base64: {e}"))?;
    if bytes.is_empty() || bytes.len() % 32 != 0 {
        return Err(format!("{} bytes are not whole blocks of 32", bytes.len()));
    }
    let cipher = Aes256::new(&key.into());
    let mut previous: Vec<u8> = key[..16].to_vec();
    let mut plain = Vec::new();
    for chunk in bytes.chunks(16) {
        let block: [u8; 16] = chunk.try_into().unwrap();
        let mut array = block.into();
        cipher.decrypt_block(&mut array);
        let array: [u8; 16] = array.into();
        plain.extend(array.iter().zip(&previous).map(|(a, b)| a ^ b));
        previous = chunk.to_vec();
    }
    unpack(plain)
}

fn unpack(mut plain: Vec<u8>) -> Result<(String, String), String> {
    let fill = usize::from(*plain.last().unwrap());
    if fill == 0 || fill > 32 || plain[plain.len() - fill..].iter().any(|&b| usize::from(b) != fill) {
        return Err("the padding is wrong (another key?)".into());
    }
    plain.truncate(plain.len() - fill);
    let length: [u8; 4] = plain.get(16..20).ok_or("too short")?.try_into().unwrap();
    let end = 20 + u32::from_be_bytes(length) as usize;
    let message = plain.get(20..end).ok_or("the length is wrong")?;
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|e| e.to_string());
    Ok((utf8(message)?, utf8(&plain[end..])?))
}

/// 43 digits of 6 bits, of which the last two bits fall away.
fn key_bytes(text: &str) -> [u8; 32] {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0u32;
    let mut count = 0;
    let mut bytes = Vec::new();
    for digit in text.chars() {
        bits = bits << 6 | DIGITS.find(digit).expect("a base64 digit") as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes.try_into().expect("43 digits")
}
