//! From an address as sources write it to a request.
//!
//! `{{key}}` and `{{page}}` are filled in, `<a,b,c>` chooses by the page, what follows the address as `,{json}` is
//! options. The words searched for come from strangers too: they lose the characters that mean something here, so
//! that a search cannot send a body or a header of its own. Nothing is sent from here.

use serde_json::{Map, Value};
use url::Url;

use super::encode;
use super::error::{Construct, RuleError};
use super::expression::{self, Expression, Name, Names};
use super::header::usable;
use super::json;
use super::lenient;
use super::limits;
use super::rule::has_script;

/// How something is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

/// What is to be sent. The address is `http` or `https`; whether it may be reached is not decided here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where to, encoded.
    pub url: Url,
    /// Those that the address itself asks for, each name once. Those of the source are not among them, for they are
    /// for its own site alone: see [`Source::headers_of_source`](super::Source::headers_of_source).
    pub headers: Vec<(String, String)>,
    /// The body of a POST.
    pub body: Option<Vec<u8>>,
    /// The charset that the answer is to be read in, if the source names one.
    pub charset: Option<String>,
    /// How often it may be tried again: at most 3.
    pub retries: u32,
}

/// An address with holes.
#[derive(Debug)]
pub(super) struct AddressRule(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Expression(Expression),
}

/// What a search or list fills in.
struct Asked<'a> {
    words: &'a str,
    page: u32,
    source: &'a Url,
}

impl Names for Asked<'_> {
    fn name(&self, name: Name) -> Option<expression::Value> {
        match name {
            Name::Key => Some(expression::Value::Text(self.words.to_owned())),
            Name::Page => Some(expression::Value::Number(self.page.into())),
            Name::BaseUrl | Name::Source => Some(expression::Value::Text(self.source.to_string())),
            Name::Result => None,
        }
    }

    fn variable(&self, _: &str) -> String {
        String::new()
    }
}

impl AddressRule {
    /// Reads an address.
    ///
    /// # Errors
    /// When it has a script, or is for a browser.
    pub(super) fn compile(source: &str) -> Result<AddressRule, RuleError> {
        if source.len() > limits::RULE {
            return Err(RuleError::TooLarge("address"));
        }
        if has_script(source) {
            return Err(RuleError::script("address"));
        }
        check_browser(source)?;
        let mut pieces = Vec::new();
        // The names of old sources stood bare.
        let source = if source.contains("{{") {
            source.to_owned()
        } else {
            source.replace("searchKey", "{{key}}").replace("searchPage", "{{page}}")
        };
        let mut rest = source.as_str();
        while let Some((before, (inside, after))) =
            rest.split_once("{{").and_then(|(before, hole)| Some((before, hole.split_once("}}")?)))
        {
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Expression(Expression::parse(inside)?));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(AddressRule(pieces))
    }

    /// The request for some words and a page, from 1.
    ///
    /// # Errors
    /// As [`request`], and when the words would choose the server.
    pub(super) fn request(
        &self,
        words: &str,
        page: u32,
        base: &Url,
        headers: &[(String, String)],
    ) -> Result<Request, RuleError> {
        let (words, page) = (tame(words), page.max(1));
        let made = request(&chosen(&self.filled(&words, page, base)?, page), base, headers)?;
        // Where the words are part of the server's name, or become one, others ask for elsewhere.
        let other = request(&chosen(&self.filled(&format!("{words}a"), page, base)?, page), base, headers)?;
        if made.url.origin() != other.url.origin() {
            return Err(RuleError::Address(made.url.as_str().chars().take(200).collect()));
        }
        Ok(made)
    }

    fn filled(&self, words: &str, page: u32, base: &Url) -> Result<String, RuleError> {
        let in_path = segment(words);
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Expression(expression) => {
                    let is_path = !text.contains('?') && divided(&text).1.is_none();
                    let asked = Asked { words: if is_path { &in_path } else { words }, page, source: base };
                    text.push_str(&expression.value(&asked)?.text());
                }
            }
        }
        Ok(text)
    }
}

/// Tame words as part of one segment of a path: dots alone would go up.
fn segment(words: &str) -> String {
    words.trim_matches(['.', ' ']).replace('/', "%2F")
}

/// An address that only a browser can open, told from its source: options may still have holes there.
fn check_browser(source: &str) -> Result<(), RuleError> {
    let spaceless: String = source.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect();
    let has = |option: &str| spaceless.contains(&format!("{option}:"));
    if has("webView")
        && !spaceless.contains("webView:false")
        && !spaceless.contains("webView:,")
        && !spaceless.contains("webView:}")
        || has("webJs")
    {
        return Err(RuleError::Unsupported(Construct::WebView, "address".into()));
    }
    Ok(())
}

/// Words without what has a meaning in addresses, options and forms.
fn tame(words: &str) -> String {
    const MEANING: &str = "\"'\\{}<>&#%+=?;";
    const LONGEST: usize = 100;
    let tame: String = words.chars().map(|c| if MEANING.contains(c) || c.is_control() { ' ' } else { c }).collect();
    tame.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
}

/// Replaces `<a,b,c>` by that of the page; the last is also for all after it.
fn chosen(text: &str, page: u32) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, (inside, after))) =
        rest.split_once('<').and_then(|(before, choice)| Some((before, choice.split_once('>')?)))
    {
        out.push_str(before);
        let choices: Vec<&str> = inside.split(',').collect();
        let at = usize::try_from(page).unwrap_or(usize::MAX).saturating_sub(1).min(choices.len().saturating_sub(1));
        out.push_str(choices.get(at).map_or("", |choice| choice.trim()));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Divides an address from its options.
pub(super) fn divided(text: &str) -> (&str, Option<&str>) {
    let comma = text
        .match_indices(',')
        .find(|(at, _)| text.get(at + 1..).is_some_and(|after| after.trim_start().starts_with('{')));
    match comma {
        Some((at, _)) => (text.get(..at).unwrap_or_default().trim(), text.get(at + 1..).map(str::trim)),
        None => (text.trim(), None),
    }
}

/// The address of a value made absolute; its options stay behind it.
pub(super) fn absolute(value: &str, base: &Url) -> Option<String> {
    let (address, options) = divided(value);
    if address.is_empty() || value.len() > limits::ADDRESS {
        return None;
    }
    let url = joined(address, base)?;
    Some(options.map_or_else(|| url.to_string(), |options| format!("{url},{options}")))
}

fn joined(address: &str, base: &Url) -> Option<Url> {
    base.join(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The request for an address with options. The headers are the source's: they count, but are not the request's.
///
/// # Errors
/// When it is no address, or is for a browser.
pub(super) fn request(text: &str, base: &Url, headers: &[(String, String)]) -> Result<Request, RuleError> {
    let bad = || RuleError::Address(text.chars().take(200).collect());
    if text.len() > limits::ADDRESS + limits::BODY {
        return Err(RuleError::TooLarge("address"));
    }
    let (address, options) = divided(text);
    let options = match options {
        Some(options) => lenient::object(options).ok_or_else(bad)?,
        None => Map::new(),
    };
    let option = |name: &str| options.get(name).map(json::text).filter(|text| !text.trim().is_empty());
    if option("webView").is_some_and(|value| value != "false") || option("webJs").is_some() {
        return Err(RuleError::Unsupported(Construct::WebView, "address".into()));
    }
    if option("js").is_some() {
        return Err(RuleError::script("address"));
    }
    let charset = option("charset");
    let (path, query) = address.split_once('?').map_or((address, None), |(path, query)| (path, Some(query)));
    let address = match query {
        Some(query) => {
            let query = query.split('#').next().unwrap_or_default();
            format!("{path}?{}", encode::query(query, charset.as_deref()))
        }
        None => path.to_owned(),
    };
    let url = joined(&address, base).ok_or_else(bad)?;
    let is_post = option("method").is_some_and(|method| method.eq_ignore_ascii_case("POST"));
    let mut own = Vec::new();
    for (name, value) in option_headers(options.get("headers")) {
        set(&mut own, name, value);
    }
    own.truncate(limits::HEADERS);
    let body = is_post.then(|| body(&option("body").unwrap_or_default(), charset.as_deref(), headers, &mut own));
    if body.as_ref().is_some_and(|body| body.len() > limits::BODY) {
        return Err(RuleError::TooLarge("body"));
    }
    Ok(Request {
        method: if is_post { Method::Post } else { Method::Get },
        url,
        headers: own,
        body,
        charset: charset.filter(|charset| !charset.eq_ignore_ascii_case("escape")),
        retries: option("retry").and_then(|retry| retry.parse().ok()).unwrap_or(0).min(3),
    })
}

/// A body as it is sent; its type is set if neither source nor address names one.
fn body(
    text: &str,
    charset: Option<&str>,
    of_source: &[(String, String)],
    headers: &mut Vec<(String, String)>,
) -> Vec<u8> {
    let start = text.trim_start();
    let has_type = of_source.iter().chain(headers.iter()).any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let (body, kind) = match () {
        () if start.starts_with(['{', '[']) => (encode::bytes(text, charset), "application/json"),
        () if start.starts_with('<') => (encode::bytes(text, charset), "application/xml"),
        () if has_type => (encode::bytes(text, charset), ""),
        () => (encode::form(text, charset).into_bytes(), "application/x-www-form-urlencoded"),
    };
    if !has_type {
        headers.push(("Content-Type".into(), kind.into()));
    }
    body
}

fn set(headers: &mut Vec<(String, String)>, name: String, value: String) {
    match headers.iter_mut().find(|(old, _)| old.eq_ignore_ascii_case(&name)) {
        Some((_, old)) => *old = value,
        None => headers.push((name, value)),
    }
}

fn option_headers(value: Option<&Value>) -> Vec<(String, String)> {
    match value {
        Some(Value::Object(fields)) => usable(fields),
        Some(Value::String(text)) => lenient::object(text).map(|fields| usable(&fields)).unwrap_or_default(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
