//! The markup inside a text reply: links, and cutting without breaking them.
//!
//! The client knows one tag, `<a href>`, and no entities: `&lt;` is shown as it stands. So there is no
//! escaping for text, only replacing.

use std::fmt::Write;

/// A link to a web page.
pub fn text_link(url: &str, label: &str) -> String {
    let mut href = String::with_capacity(url.len());
    for c in url.chars() {
        // What may stand in a URL stands already escaped in it; only what ends the attribute is ours.
        escape_if(c, matches!(c, '"' | '\'' | '<' | '>' | ' '), &mut href);
    }
    format!("<a href=\"{href}\">{}</a>", literal(label))
}

/// A link that sends `text` as a message of the follower when it is tapped, with `id` as its
/// [`menu_id`](crate::wechat::MessageKind::Text).
///
/// Not documented by the platform, but widely used; works in accounts that have no menu.
pub fn menu_link(text: &str, id: &str, label: &str) -> String {
    let (text, id) = (parameter(text), parameter(id));
    let label = literal(label);
    format!("<a href=\"weixin://bizmsgmenu?msgmenucontent={text}&msgmenuid={id}\">{label}</a>")
}

/// Text that the client shows as it is, whoever wrote it: `<` becomes `＜`, so that a book's title
/// or a follower's words cannot make a link.
pub fn literal(text: &str) -> String {
    text.replace('<', "＜").replace('>', "＞")
}

/// The beginning of `text` in at most `max_bytes` of UTF-8: whole lines if one fits, else whole links
/// and characters. Without the line end at the cut.
pub fn fit_text(text: &str, max_bytes: usize) -> &str {
    if text.len() <= max_bytes {
        return text;
    }
    // One byte more: a line that ends exactly at the limit fits.
    let with_end = up_to(text, max_bytes.saturating_add(1));
    if let Some(lines) = with_end.rfind('\n').map(|end| text[..end].trim_end_matches(['\n', '\r']))
        && !lines.is_empty()
    {
        return lines;
    }
    let start = up_to(text, max_bytes);
    match start.rfind("<a ") {
        Some(link) if link > 0 && !start[link..].contains("</a>") => &start[..link],
        _ => start,
    }
}

/// The longest beginning of at most `max_bytes` that splits no character.
fn up_to(text: &str, max_bytes: usize) -> &str {
    let end = (0..=max_bytes.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    &text[..end.unwrap_or(0)]
}

/// Only what has a meaning in a URL or ends the attribute is escaped. Everything else stays: the
/// client takes Chinese as it is, and escaped it would cost nine bytes of the 2048 instead of three.
fn parameter(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        escape_if(c, c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_.~:,!*()@/".contains(c), &mut escaped);
    }
    escaped
}

fn escape_if(c: char, condition: bool, to: &mut String) {
    if condition || c.is_control() {
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a String cannot fail.
            let _ = write!(to, "%{byte:02X}");
        }
    } else {
        to.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_cannot_be_broken_out_of() {
        assert_eq!(text_link("https://e.cn/书?a=1&b=2", "三体"), "<a href=\"https://e.cn/书?a=1&b=2\">三体</a>");
        assert_eq!(
            text_link("https://e.cn/\"><a href='x", "a</a><a href=\"x\">b"),
            "<a href=\"https://e.cn/%22%3E%3Ca%20href=%27x\">a＜/a＞＜a href=\"x\"＞b</a>"
        );
        assert_eq!(
            menu_link("三体 #2&50%\"'=+\n", "7", "下一页 >"),
            "<a href=\"weixin://bizmsgmenu?msgmenucontent=三体%20%232%2650%25%22%27%3D%2B%0A&msgmenuid=7\">下一页 ＞</a>"
        );
    }

    #[track_caller]
    fn check(text: &str, max_bytes: usize, expected: &str) {
        assert_eq!(fit_text(text, max_bytes), expected);
    }

    #[test]
    fn text_is_cut_at_lines_then_links_then_characters() {
        check("一\n二\n三", 100, "一\n二\n三");
        check("一\n二\n三", 11, "一\n二\n三");
        check("一\n二\n三", 10, "一\n二");
        check("一\n二\n三", 7, "一\n二");
        check("一\n二\n三", 6, "一");
        check("一二三", 8, "一二");
        check("一二三", 2, "");
        check("", 0, "");
        check("\n\n一二三", 5, "\n\n一");
        check("见<a href=\"u\">书</a>吧", 15, "见");
        check("见<a href=\"u\">书</a>吧", 24, "见<a href=\"u\">书</a>");
        check("<a href=\"u\">书</a>", 9, "<a href=\"");
        check("a\r\nb", 2, "a");
    }
}
