//! What arrives is judged by its bytes and its text, because a status of 200 says little: limit pages saved as books,
//! answers of a gateway, captchas in the place of chapters, chapters cut short, the same page a hundred times.
//!
//! Every verdict is a sentence for the owner. Deliberately not here: whether a file is as long as the server said (the
//! fetcher knows), and whether a book can be read to its end (the library finds out).

mod chapters;

pub use chapters::{Lengths, book, chapter};

use crate::book::{Format, sniff, unwrapped};

/// A page with less text is looked at for what it says; a book has more. In characters.
const SHORT_PAGE: usize = 3_000;
/// So many bytes of a page are looked at.
const SAMPLE: usize = 64 << 10;
/// The end of a ZIP may have a comment of 64 kB behind it.
const ZIP_END: usize = 22 + (64 << 10);
/// PDFs may have a little behind their end, by the standard 1,024 bytes.
const PDF_END: usize = 4 << 10;

/// What sites say in the place of a page, in lower case. Only short texts are searched for them: a novel may say any.
const BARRED: [&str; 28] = [
    "访问太频繁",
    "访问过于频繁",
    "操作过于频繁",
    "请求过于频繁",
    "请输入验证码",
    "输入验证码",
    "安全验证",
    "人机验证",
    "滑动验证",
    "拖动滑块",
    "正在进行安全检测",
    "您的访问被拒绝",
    "拒绝访问",
    "网站防火墙",
    "just a moment...",
    "checking your browser",
    "attention required! | cloudflare",
    "enable javascript and cookies to continue",
    "verify you are human",
    "verifying you are human",
    "are you a robot",
    "unusual traffic",
    "access denied",
    "too many requests",
    "rate limit exceeded",
    "download limit",
    "ddos protection by",
    "complete the captcha",
];
/// What a page says that tells of a fault.
const FAULTS: [&str; 16] = [
    "404 not found",
    "403 forbidden",
    "502 bad gateway",
    "503 service",
    "500 internal server error",
    "504 gateway",
    "page not found",
    "file not found",
    "页面不存在",
    "文件不存在",
    "章节不存在",
    "内容不存在",
    "服务器错误",
    "系统繁忙",
    "网页无法访问",
    "出错了",
];

/// Why what arrived is not the book that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotABook {
    /// Nothing came.
    #[error("the file is empty")]
    Empty,
    /// The site asks for a proof that a person is there, or for patience.
    #[error(
        "the site barred the way: “{0}”; there is no way around it here, try again much later or download it by hand"
    )]
    Barred(String),
    /// A page about a fault.
    #[error("the site answered with a page that says “{0}”")]
    Fault(String),
    /// A web page where a file of another kind was promised.
    #[error(
        "instead of the {promised} file came a web page, “{title}”; perhaps the link leads to a page with the real link, or one must log in"
    )]
    Page {
        /// The format that was promised.
        promised: Format,
        /// What the page calls itself; may be empty.
        title: String,
    },
    /// An answer for a program.
    #[error("instead of a book came an answer for a program: {0}")]
    Answer(String),
    /// The end is missing.
    #[error("the {0} file is cut off: its end is missing; it will be fetched again")]
    CutOff(Format),
    /// A ZIP without a book in it.
    #[error("it is a ZIP archive with no book in it, or with several")]
    Archive,
    /// A few words.
    #[error("it is a text of {0} characters only: “{1}”")]
    TooShort(usize, String),
    /// Nothing known.
    #[error("it is no e-book of a known kind")]
    Unknown,
}

/// What a file is, judged by its bytes; `named` is what its type or name promised.
///
/// # Errors
/// [`NotABook`], a sentence for the owner.
pub fn file(bytes: &[u8], named: Option<Format>) -> Result<Format, NotABook> {
    if bytes.is_empty() {
        return Err(NotABook::Empty);
    }
    let name = named.map(|format| format!("file.{}", format.extension()));
    match sniff(bytes, name.as_deref()) {
        Some(Format::Html) if !bytes.starts_with(b"PK") => page(bytes, named),
        Some(format @ (Format::Txt | Format::Markdown)) => text(bytes, format),
        Some(format) => whole(bytes, format),
        None => Err(unknown(bytes)).or_else(|reason| inside(bytes).unwrap_or(Err(reason))),
    }
}

/// A web page: a book only if one was promised or nothing was, and if it says nothing else.
fn page(bytes: &[u8], named: Option<Format>) -> Result<Format, NotABook> {
    let source = crate::crawler::page::text(bytes.get(..SAMPLE).unwrap_or(bytes), None);
    let words = words_of(&source);
    if words.chars().count() < SHORT_PAGE && bytes.len() < SAMPLE {
        complaint(&words)?;
    }
    match named {
        None | Some(Format::Html) => Ok(Format::Html),
        Some(promised) => Err(NotABook::Page { promised, title: title_of(&source) }),
    }
}

fn text(bytes: &[u8], format: Format) -> Result<Format, NotABook> {
    /// Four lines of a poem have more.
    const SHORTEST: usize = 20;
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    if let Some(answer) = answer(sample, bytes.len()) {
        return Err(answer);
    }
    let text = crate::crawler::page::text(sample, None);
    let length = text.chars().filter(|c| !c.is_whitespace()).count();
    if length < SHORT_PAGE {
        complaint(&text)?;
    }
    if length < SHORTEST {
        return Err(NotABook::TooShort(length, excerpt(&text)));
    }
    Ok(format)
}

/// Formats that say at their end that it is one.
fn whole(bytes: &[u8], format: Format) -> Result<Format, NotABook> {
    let tail = |most: usize| bytes.get(bytes.len().saturating_sub(most)..).unwrap_or(bytes);
    let has = |most: usize, mark: &[u8]| tail(most).windows(mark.len()).any(|window| window == mark);
    let is_whole = match format {
        Format::Epub | Format::Docx | Format::Cbz | Format::Html => has(ZIP_END, b"PK\x05\x06"),
        Format::Pdf => has(PDF_END, b"%%EOF") || has(PDF_END, b"startxref"),
        Format::Mobi | Format::Azw3 => last_record(bytes).is_none_or(|start| start < bytes.len()),
        Format::Fb2 => bytes.starts_with(b"PK") || has(PDF_END, b"</FictionBook") || has(PDF_END, b"</fictionbook"),
        _ => true,
    };
    if is_whole { Ok(format) } else { Err(NotABook::CutOff(format)) }
}

/// Where the last record of a Palm database begins: their number stands at byte 76, their places from 78, eight bytes
/// each.
fn last_record(bytes: &[u8]) -> Option<usize> {
    let count = usize::from(u16::from_be_bytes(bytes.get(76..78)?.try_into().ok()?));
    let at = 78 + count.checked_sub(1)? * 8;
    let start: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(start)).ok()
}

/// The book in a ZIP that holds one.
fn inside(bytes: &[u8]) -> Option<Result<Format, NotABook>> {
    let (name, inside) = unwrapped(bytes).ok()??;
    Some(sniff(&inside, Some(&name)).ok_or(NotABook::Archive))
}

fn unknown(bytes: &[u8]) -> NotABook {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    if bytes.starts_with(b"PK\x03\x04") {
        return NotABook::Archive;
    }
    if let Some(answer) = answer(sample, bytes.len()) {
        return answer;
    }
    if sample.contains(&0) {
        return NotABook::Unknown;
    }
    // Words where a file of another kind was promised.
    let text = crate::crawler::page::text(sample, None);
    let length = text.chars().count();
    match complaint(&text) {
        Err(reason) if length < SHORT_PAGE => reason,
        _ if length < SHORT_PAGE && !text.contains('\u{FFFD}') => NotABook::TooShort(length, excerpt(&text)),
        _ => NotABook::Unknown,
    }
}

/// JSON, and the XML in which stores answer.
fn answer(sample: &[u8], length: usize) -> Option<NotABook> {
    let text = std::str::from_utf8(sample).ok()?;
    let start = text.trim_start_matches('\u{FEFF}').trim_start();
    let is_json = start.starts_with(['{', '['])
        && length == sample.len()
        && serde_json::from_str::<serde_json::Value>(start).is_ok();
    let is_fault =
        (start.starts_with("<?xml") || start.starts_with("<Error")) && start.contains("<Error") && length < SAMPLE;
    (is_json || is_fault).then(|| NotABook::Answer(excerpt(text)))
}

/// What a short text complains of, if it does.
pub(super) fn complaint(text: &str) -> Result<(), NotABook> {
    let lower = text.to_lowercase();
    if let Some(words) = BARRED.iter().find(|words| lower.contains(**words)) {
        return Err(NotABook::Barred((*words).to_owned()));
    }
    match FAULTS.iter().find(|words| lower.contains(**words)) {
        Some(words) => Err(NotABook::Fault((*words).to_owned())),
        None => Ok(()),
    }
}

/// The first words of a text.
fn excerpt(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(30).collect();
    words.join(" ").chars().take(100).collect()
}

fn title_of(source: &str) -> String {
    let lower = source.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| source.get(at..)).and_then(|rest| rest.split_once('>'));
    excerpt(title.and_then(|(_, rest)| rest.split('<').next()).unwrap_or_default())
}

/// The words of a page, tags and scripts aside; the title is among them.
fn words_of(source: &str) -> String {
    let rules = crate::book::Rules { link: &|_| None, picture: &|_| None, style: &|_| None, anchors: false };
    format!("{}\n{}", title_of(source), crate::book::safe_markup(source, &rules).text)
}

#[cfg(test)]
mod tests;
