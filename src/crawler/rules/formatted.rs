//! What rules took from pages, as plain lines.
//!
//! Blocks become lines, other tags go, pictures stay as a line `<img src="…">` with an absolute address. No regular
//! expressions: a chapter is the largest text there is, and this is one pass whatever it holds.

use url::Url;

use super::request;
use crate::book;

/// Elements that begin a line.
const BLOCKS: [&str; 25] = [
    "article",
    "blockquote",
    "br",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
    "main",
];

/// Lines of a text that may be markup, blanks around them and empty ones gone. Pictures are kept if there is an address
/// to resolve theirs against.
pub(super) fn lines(markup: &str, base: Option<&Url>) -> String {
    let mut out = String::with_capacity(markup.len());
    let mut rest = markup;
    // Looking for the end of each of many that never end would be quadratic.
    let mut ends = Ends { comment: true, data: true };
    while let Some((before, from)) = rest.find('<').and_then(|at| rest.split_at_checked(at)) {
        out.push_str(&book::unescaped(before));
        rest = match tag(from, &mut ends) {
            Some(tag) => {
                push_tag(&tag, base, &mut out);
                tag.after
            }
            None => {
                out.push('<');
                from.get(1..).unwrap_or_default()
            }
        };
    }
    out.push_str(&book::unescaped(rest));
    tidy(&out)
}

/// Lines without blanks around them; blanks that are not seen go, empty lines too.
pub(super) fn tidy(text: &str) -> String {
    let is_unseen = |c: char| matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{2009}');
    let visible: String =
        text.chars().filter(|&c| !is_unseen(c)).map(|c| if c == '\u{a0}' { ' ' } else { c }).collect();
    let lines = visible.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

struct Tag<'a> {
    name: String,
    is_end: bool,
    inside: &'a str,
    after: &'a str,
}

struct Ends {
    comment: bool,
    data: bool,
}

/// The tag or comment that a text begins with.
fn tag<'a>(from: &'a str, ends: &mut Ends) -> Option<Tag<'a>> {
    let empty = |after| Tag { name: String::new(), is_end: false, inside: "", after };
    if from.starts_with("<!--") && ends.comment {
        let end = from.find("-->");
        ends.comment = end.is_some();
        return end.and_then(|end| from.get(end + 3..)).map(empty);
    }
    let inside = from.get(1..)?;
    let (inside, is_end) = inside.strip_prefix('/').map_or((inside, false), |inside| (inside, true));
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != ':').unwrap_or(inside.len());
    let (name, rest) = inside.split_at(end);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || !rest.starts_with(|c: char| c.is_whitespace() || "/>".contains(c))
    {
        return None;
    }
    let close = rest.find(['>', '<']).filter(|&at| rest.get(at..).is_some_and(|end| end.starts_with('>')))?;
    let name = name.to_ascii_lowercase();
    let mut after = rest.get(close + 1..)?;
    if !is_end && matches!(name.as_str(), "script" | "style") && ends.data {
        let end = after.find(&format!("</{name}"));
        ends.data = end.is_some();
        after = end.and_then(|end| after.get(end..)).unwrap_or(after);
    }
    Some(Tag { name, is_end, inside: rest.get(..close)?, after })
}

fn push_tag(tag: &Tag<'_>, base: Option<&Url>, out: &mut String) {
    if BLOCKS.contains(&tag.name.as_str()) {
        out.push('\n');
    } else if tag.name == "img"
        && !tag.is_end
        && let Some(url) = base.and_then(|base| picture(tag.inside, base))
    {
        out.push_str("\n<img src=\"");
        out.push_str(&url.replace('"', "%22"));
        out.push_str("\">\n");
    }
}

/// The address of a picture: lazy pages have the real one beside `src`.
fn picture(inside: &str, base: &Url) -> Option<String> {
    let attributes = attributes(inside);
    let names = ["data-src", "data-original", "data-lazy-src", "src"];
    let named = |name: &&str| attributes.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
    let value = names.iter().filter_map(named).find(|value| !value.trim().is_empty() && !value.starts_with("data:"))?;
    request::absolute(&book::unescaped(value), base)
}

/// Names in lower case, and values, of what stands in a tag.
fn attributes(inside: &str) -> Vec<(String, &str)> {
    const MOST: usize = 50;
    let mut attributes = Vec::new();
    let mut rest = inside;
    while let Some(equals) = rest.find('=').filter(|_| attributes.len() < MOST) {
        let name = rest.get(..equals).unwrap_or_default().split_whitespace().next_back().unwrap_or_default();
        let value = rest.get(equals + 1..).unwrap_or_default().trim_start();
        let (value, after) = match value.chars().next() {
            Some(mark @ ('"' | '\'')) => value.get(1..).and_then(|value| value.split_once(mark)).unwrap_or_default(),
            _ => value.split_at(value.find(|c: char| c.is_whitespace()).unwrap_or(value.len())),
        };
        attributes.push((name.trim_start_matches('/').to_ascii_lowercase(), value));
        rest = after;
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markup: &str, expected: &str) {
        let base = Url::parse("https://b.example/1/2.html").unwrap();
        assert_eq!(lines(markup, Some(&base)), expected);
    }

    #[test]
    fn blocks_are_lines() {
        check("<div id=c>&nbsp;&nbsp;一<br>\u{3000}\u{3000}二<p>三<b>粗</b></p></div>四", "一\n二\n三粗\n四");
        check("a<!-- x -->b<script>if(a<b)</script>c<style>d</style>", "abc");
        check("1 < 2 <3 &lt;p&gt; & <- <中>", "1 < 2 <3 <p> & <- <中>");
        check("\u{200b}\n\n x\u{a0}y \r\n", "x y");
    }

    #[test]
    fn pictures_stay() {
        check("文<img class=x src='p.png' />字", "文\n<img src=\"https://b.example/1/p.png\">\n字");
        check("<img src=\"data:x\" data-src=\"/q.jpg\">", "<img src=\"https://b.example/q.jpg\">");
        check("<img src='javascript:x'><img>", "");
        assert_eq!(lines("<img src=a>x", None), "x");
    }

    #[test]
    fn what_never_ends_takes_no_longer() {
        for open in ["<!--", "<script>", "<a ", "<p x='", "&"] {
            lines(&open.repeat(200_000), None);
        }
    }
}
