//! What a delivery's letter says. Bilingual: a mailbox knows no language, and Amazon refuses letters without text.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::OWNER;
use crate::book::{self, Corrections, Format, ReadOptions, WriteOptions};
use crate::library::BookFile;
use crate::mail::{Attachment, Letter};
use crate::store::hex;
use crate::store::records::DeliveryRecord;

/// What all our Message-IDs begin with.
pub(super) const ID: &str = "delivery-";

/// The Message-ID without its domain: the same for every try of a delivery, and says nothing about whose it is. Of what
/// was stored with the address in its key, and that was sent, notices still come back: so it stands in there still.
pub(super) fn message_id(key: &(String, String), address: &str) -> String {
    let what = key.1.rsplit_once('/').map_or("", |(what, _)| what);
    let hash = Sha256::digest(format!("{}\n{what}/{address}", key.0).as_bytes());
    format!("{ID}{}", hex(&hash[..16]))
}

/// The letter with a book.
pub(super) fn with_book(
    key: &(String, String),
    row: &DeliveryRecord,
    title: &str,
    file: &BookFile,
    bytes: Vec<u8>,
) -> Letter {
    let extension = file.format.extension();
    Letter {
        to: row.address.clone(),
        subject: format!("《{title}》"),
        text: if key.0 == OWNER {
            format!("附上《{title}》。\n{title} is attached.\n")
        } else {
            format!("您在公众号里要的《{title}》，见附件。\nThe book you asked for, {title}, is attached.\n")
        },
        attachments: vec![Attachment {
            name: format!("{title}.{extension}"),
            media_type: file.format.mime().split(';').next().unwrap_or_default().to_owned(),
            bytes,
        }],
        message_id: Some(message_id(key, &row.address)),
        written_at: row.queued_at,
    }
}

/// The letter with a code: as text, and for a Kindle, which shows no text, as a book of one page.
pub(super) fn with_code(
    key: &(String, String),
    row: &DeliveryRecord,
    digits: &str,
    is_kindle: bool,
    ends_at: DateTime<Utc>,
) -> Result<Letter, book::Error> {
    let until = ends_at.format("%Y-%m-%d %H:%M UTC");
    let text = format!(
        "验证码：{digits}\n\n请把这六位数字发回公众号，这个地址就能收书了。{until} 前有效。\n\
         没有在公众号里申请过？不用理会：不把它发回去，就不会有书寄来。\n\n\
         Your code: {digits}\n\nSend these six digits to the Official Account in WeChat, and books can be sent to this \
         address. The code ends at {until}.\nYou did not ask for it? Then do nothing: without the code, nothing is sent.\n"
    );
    let attachments = if is_kindle { vec![page(digits, &text)?] } else { Vec::new() };
    Ok(Letter {
        to: row.address.clone(),
        subject: format!("验证码 {digits} · Your code"),
        text,
        attachments,
        message_id: Some(message_id(key, &row.address)),
        written_at: row.queued_at,
    })
}

/// A book of one page, whose title already says what matters: on the shelf of a Kindle nothing has to be opened.
fn page(digits: &str, text: &str) -> Result<Attachment, book::Error> {
    let corrections = Corrections {
        title: Some(format!("验证码 {digits}")),
        authors: vec!["书童".into()],
        language: Some("zh".into()),
        ..Corrections::default()
    };
    let read = ReadOptions { file_name: Some("code.txt"), format: Some(Format::Txt), ..ReadOptions::default() };
    let written = book::convert(text.as_bytes(), &read, &corrections, Format::Epub, &WriteOptions::default())?;
    Ok(Attachment {
        name: format!("code-{digits}.epub"),
        media_type: Format::Epub.mime().to_owned(),
        bytes: written.bytes,
    })
}
