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
    /// Those of the source, then those of the address, each name once.
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
    /// As [`request`].
    pub(super) fn request(
        &self,
        words: &str,
        page: u32,
        base: &Url,
        headers: &[(String, String)],
    ) -> Result<Request, RuleError> {
        let words = tame(words);
        let asked = Asked { words: &words, page: page.max(1), source: base };
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Expression(expression) => text.push_str(&expression.value(&asked)?.text()),
            }
        }
        request(&chosen(&text, asked.page), base, headers)
    }
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

/// The request for an address with options.
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
    let mut headers = headers.to_vec();
    for (name, value) in option_headers(options.get("headers")) {
        set(&mut headers, name, value);
    }
    headers.truncate(limits::HEADERS);
    let body = is_post.then(|| body(&option("body").unwrap_or_default(), charset.as_deref(), &mut headers));
    if body.as_ref().is_some_and(|body| body.len() > limits::BODY) {
        return Err(RuleError::TooLarge("body"));
    }
    Ok(Request {
        method: if is_post { Method::Post } else { Method::Get },
        url,
        headers,
        body,
        charset: charset.filter(|charset| !charset.eq_ignore_ascii_case("escape")),
        retries: option("retry").and_then(|retry| retry.parse().ok()).unwrap_or(0).min(3),
    })
}

/// A body as it is sent; its type is set if the source names none.
fn body(text: &str, charset: Option<&str>, headers: &mut Vec<(String, String)>) -> Vec<u8> {
    let start = text.trim_start();
    let has_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
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
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://book.example/dir/").unwrap()
    }

    #[track_caller]
    fn search(rule: &str, words: &str, page: u32) -> Request {
        AddressRule::compile(rule).unwrap().request(words, page, &base(), &[]).unwrap()
    }

    fn body_of(request: &Request) -> &str {
        std::str::from_utf8(request.body.as_deref().unwrap()).unwrap()
    }

    #[test]
    fn words_and_pages_are_filled_in() {
        let url = |rule: &str, page| search(rule, "书童", page).url.to_string();
        assert_eq!(url("/s?q={{key}}&p={{page}}", 2), "https://book.example/s?q=%E4%B9%A6%E7%AB%A5&p=2");
        assert_eq!(url("s?o={{(page-1)*20}}", 3), "https://book.example/dir/s?o=40");
        assert_eq!(url("/l/<,index_{{page}}.html>", 1), "https://book.example/l/");
        assert_eq!(url("/l/<,index_{{page}}.html>", 2), "https://book.example/l/index_2.html");
        assert_eq!(url("/l/<a, b ,c>", 9), "https://book.example/l/c");
        assert_eq!(url("/s?q=searchKey&p=searchPage", 4), "https://book.example/s?q=%E4%B9%A6%E7%AB%A5&p=4");
    }

    #[test]
    fn forms_charsets_and_bodies() {
        let post = search("/s.php,{\"charset\":\"gbk\",\"method\":\"POST\",\"body\":\"k={{key}}&t=1\"}", "书童", 1);
        assert_eq!(
            (post.method, body_of(&post), post.charset.as_deref()),
            (Method::Post, "k=%CA%E9%CD%AF&t=1", Some("gbk"))
        );
        assert_eq!(post.headers, [("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())]);
        let post = search("/s, {'method':'post','retry':9,body:{\"k\":\"{{key}}\"},headers:'{\"A\":\"1\"}'}", "书", 1);
        assert_eq!((body_of(&post), post.retries), ("{\"k\":\"书\"}", 3));
        assert_eq!(post.headers.first(), Some(&("A".to_owned(), "1".to_owned())));
        assert_eq!(search("/s?q={{key}},{\"charset\":\"gbk\"}", "书", 1).url.query(), Some("q=%CA%E9"));
        assert_eq!(search("/s?q={{key}},{\"charset\":\"escape\"}", "书", 1).url.query(), Some("q=%u4E66"));
    }

    #[test]
    fn words_cannot_leave_their_place() {
        let request = search("/s?q={{key}}", "a,{\"method\":\"POST\",\"body\":\"x\"}&b=<1,2>#", 1);
        assert_eq!(
            (request.method, request.url.query()),
            (Method::Get, Some("q=a,%20method%20:%20POST%20,%20body%20:%20x%20b%201,2"))
        );
    }

    #[test]
    fn what_a_browser_or_a_script_must_make_is_said_so() {
        for rule in ["@js:key", "/s,{\"webView\": true}", "/s,{'webJs':'x'}", "/s?{{java.ajax(key)}}", "<js>1</js>/s"] {
            assert!(matches!(AddressRule::compile(rule), Err(RuleError::Unsupported(..))), "{rule}");
        }
        assert!(matches!(request("/a,{\"js\":\"x\"}", &base(), &[]), Err(RuleError::Unsupported(..))));
        assert!(request("/a,{\"webView\":false}", &base(), &[]).is_ok());
        for address in ["javascript:void(0)", "file:///etc/passwd", "http://", "/a,{x"] {
            assert!(matches!(request(address, &base(), &[]), Err(RuleError::Address(_))), "{address}");
        }
    }

    #[test]
    fn addresses_are_made_absolute() {
        assert_eq!(
            absolute("a.html , {\"a\":1}", &base()).as_deref(),
            Some("https://book.example/dir/a.html,{\"a\":1}")
        );
        assert_eq!((absolute("", &base()), absolute("mailto:x", &base())), (None, None));
    }
}
