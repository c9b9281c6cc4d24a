//! Markup made safe for a page of ours, whoever wrote it: what is not on a short list of elements and attributes goes.
//!
//! The page is parsed into a tree and what is written comes from that tree alone, so nothing that one parser reads
//! otherwise than another can pass. Where links and pictures lead is the caller's choice; style sheets, scripts, frames,
//! forms and drawings have no place at all. Deliberately not here: what a page around it looks like.

use super::dom::{Data, Document, Element, NodeId, Space, Syntax};
use pulldown_cmark::{Options, Parser, html};

/// What the caller decides.
pub struct Rules<'a> {
    /// Where a link leads; none: its text stays, without the link. Addresses come as written, entities decoded.
    pub link: &'a dyn Fn(&str) -> Option<String>,
    /// What a picture becomes; none: its description stays in its place.
    pub picture: &'a dyn Fn(&str) -> Option<Shown>,
    /// A style for every element of this name, for places that take no style sheet.
    pub style: &'a dyn Fn(&str) -> Option<&'static str>,
    /// Whether elements keep names for links within the page.
    pub anchors: bool,
}

/// A picture as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its address.
    pub src: String,
    /// Width and height in pixels, so that the page does not jump.
    pub size: Option<(u32, u32)>,
}

/// Markup that can stand in the body of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Safe {
    /// Well-formed.
    pub markup: String,
    /// Its words, blocks apart by line ends.
    pub text: String,
}

/// Elements that stay. Others are taken away and what is inside stays.
const KEPT: &[&str] = &[
    "p",
    "br",
    "hr",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "strong",
    "b",
    "em",
    "i",
    "u",
    "s",
    "del",
    "ins",
    "mark",
    "small",
    "sub",
    "sup",
    "code",
    "pre",
    "kbd",
    "blockquote",
    "q",
    "cite",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "th",
    "td",
    "caption",
    "figure",
    "figcaption",
    "ruby",
    "rt",
    "rp",
    "div",
    "a",
];
/// Elements that go with all that is inside: what is in them is not text, or not for this page.
const DROPPED: &[&str] = &[
    "script", "style", "head", "title", "template", "noscript", "iframe", "frame", "frameset", "object", "embed",
    "applet", "audio", "video", "canvas", "map", "select", "textarea", "button", "datalist", "dialog", "noembed",
];
/// Elements that stand in a line of their own.
const BLOCKS: &[&str] = &[
    "p",
    "br",
    "hr",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "pre",
    "blockquote",
    "li",
    "dt",
    "dd",
    "table",
    "tr",
    "td",
    "th",
    "caption",
    "figure",
    "figcaption",
    "div",
    "ol",
];
/// In front of every name within the page, so that none is mistaken for one of the page around it.
const ANCHOR: &str = "s-";
/// Longest name within the page.
const ANCHOR_BYTES: usize = 60;

/// Markdown (CommonMark with tables, footnotes and struck text) as markup that is not safe yet.
pub fn markdown(text: &str) -> String {
    let extensions = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut markup = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut markup, Parser::new_ext(text, extensions));
    markup
}

/// Leaves of the markup what is on the list. Linear in its length.
pub fn safe(markup: &str, rules: &Rules<'_>) -> Safe {
    let mut document = Document::parse(markup);
    // Not its body: what stands behind a body that was closed too early belongs to the text, too.
    let top = Document::ROOT;
    let mut at = document.first_child(top);
    while let Some(node) = at {
        at = clean(&mut document, node, top, rules);
    }
    let markup = document.children(top).into_iter().map(|node| document.to_markup(node, Syntax::Html)).collect();
    Safe { markup, text: text_of(&document, top) }
}

/// Cleans one node and gives the next in document order.
fn clean(document: &mut Document, node: NodeId, top: NodeId, rules: &Rules<'_>) -> Option<NodeId> {
    let behind = document.after_subtree(node, top);
    let Some(element) = document.element(node).cloned() else { return document.after(node, top) };
    if element.space != Space::Html || DROPPED.contains(&element.name.as_str()) {
        document.detach(node);
        return behind;
    }
    if element.is("img") {
        show(document, node, &element, rules);
        return behind;
    }
    let kept = match element.name.as_str() {
        // The page around has the one heading of the first level.
        "h1" => Some(Element::html("h2")),
        "a" => link(&element, rules),
        name if KEPT.contains(&name) => Some(Element::html(name)),
        _ => None,
    };
    match kept {
        Some(kept) => {
            let kept = attributes(&element, kept, rules);
            if let Some(own) = document.element_mut(node) {
                *own = kept;
            }
            document.after(node, top)
        }
        None => {
            let first = document.first_child(node);
            document.unwrap(node);
            first.or(behind)
        }
    }
}

/// The link, if it leads somewhere.
fn link(element: &Element, rules: &Rules<'_>) -> Option<Element> {
    let href = element.get("href")?.trim();
    let href = match href.strip_prefix('#') {
        Some(name) if rules.anchors => format!("#{}", anchor(name)?),
        Some(_) => return None,
        None => (rules.link)(href)?,
    };
    Some(Element::html("a").with("href", href))
}

fn attributes(from: &Element, mut to: Element, rules: &Rules<'_>) -> Element {
    let number = |name: &str| from.get(name).and_then(|value| value.trim().parse::<u16>().ok());
    let numbers: &[&str] = match to.name.as_str() {
        "td" | "th" => &["colspan", "rowspan"],
        "ol" => &["start"],
        _ => &[],
    };
    for name in numbers {
        if let Some(value) = number(name) {
            to.set(name, value.to_string());
        }
    }
    if rules.anchors
        && let Some(name) = from.get("id").and_then(anchor)
    {
        to.set("id", name);
    }
    if let Some(style) = (rules.style)(&to.name) {
        to.set("style", style);
    }
    to
}

/// A name within the page.
fn anchor(name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let is_name = !name.is_empty() && name.len() <= ANCHOR_BYTES && name.chars().all(is_plain);
    is_name.then(|| format!("{ANCHOR}{name}"))
}

/// Puts the picture, or what it is called, in the place of an `img`.
fn show(document: &mut Document, node: NodeId, element: &Element, rules: &Rules<'_>) {
    let alt = element.get("alt").unwrap_or_default().trim().to_owned();
    match element.get("src").and_then(|src| (rules.picture)(src.trim())) {
        Some(Shown { src, size }) => {
            let mut shown = Element::html("img").with("src", src).with("alt", alt);
            if let Some((width, height)) = size {
                shown.set("width", width.to_string());
                shown.set("height", height.to_string());
                shown.set("loading", "lazy");
            }
            if let Some(style) = (rules.style)("img") {
                shown.set("style", style);
            }
            if let Some(own) = document.element_mut(node) {
                *own = shown;
            }
        }
        None => {
            if !alt.is_empty() {
                let text = document.new_text(alt);
                document.insert_before(node, text);
            }
            document.detach(node);
        }
    }
}

fn text_of(document: &Document, top: NodeId) -> String {
    let mut text = String::new();
    for node in document.descendants(top) {
        match document.data(node) {
            Data::Text(own) => text.push_str(own),
            Data::Element(element) if BLOCKS.contains(&element.name.as_str()) && !text.ends_with('\n') => {
                text.push('\n');
            }
            Data::Element(_) | Data::Root => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(markup: &str) -> String {
        let rules = Rules {
            link: &|href| href.starts_with("https:").then(|| href.to_owned()),
            picture: &|src| (src == "a.png").then(|| Shown { src: "/a.png".into(), size: Some((2, 1)) }),
            style: &|name| (name == "blockquote").then_some("color:#666"),
            anchors: true,
        };
        safe(markup, &rules).markup
    }

    #[test]
    fn what_is_on_the_list_stays() {
        for markup in [
            "<p>a <strong>b</strong> <code>c</code></p>",
            "<ol start=\"3\"><li>a</li></ol>",
            "<table><tbody><tr><td colspan=\"2\">a</td></tr></tbody></table>",
            "<p><a href=\"https://example.com/\">a</a></p>",
            "<ruby>漢<rt>かん</rt></ruby>",
        ] {
            assert_eq!(cleaned(markup), markup);
        }
        assert_eq!(cleaned("<h1 id=\"x\">a</h1>"), "<h2 id=\"s-x\">a</h2>");
        assert_eq!(cleaned("<a href=\"#x\">a</a>"), "<a href=\"#s-x\">a</a>");
        assert_eq!(cleaned("<blockquote>a</blockquote>"), "<blockquote style=\"color:#666\">a</blockquote>");
        assert_eq!(
            cleaned("<img src=\"a.png\" onerror=\"x\">"),
            "<img src=\"/a.png\" alt=\"\" width=\"2\" height=\"1\" loading=\"lazy\"/>"
        );
    }

    #[test]
    fn nothing_that_runs_or_loads_stays() {
        for (markup, left) in [
            ("<script>alert(1)</script>a", "a"),
            ("<p onclick=\"x()\" style=\"color:red\" class=\"b\">a</p>", "<p>a</p>"),
            ("<a href=\"javascript:x()\">a</a>", "a"),
            ("<a href=\"&#106;avascript:x()\">a</a>", "a"),
            ("<img src=\"http://elsewhere/x.gif\" alt=\"a\">", "a"),
            ("<svg><script>x()</script></svg>a", "a"),
            ("<math><mtext><img src=x onerror=x()></mtext></math>a", "a"),
            ("<iframe srcdoc=\"<script>x()</script>\"></iframe>a", "a"),
            ("<style>*{background:url(x)}</style>a", "a"),
            ("<form action=\"x\"><input value=\"b\"><p>a</p></form>", "<p>a</p>"),
            ("<object data=\"x\"><p>b</p></object>a", "a"),
            ("<center><font color=\"red\">a</font></center>", "a"),
            ("<base href=\"https://elsewhere/\"><meta http-equiv=\"refresh\" content=\"0;x\"><link href=\"x\">a", "a"),
            ("<a href=\"#\" id=\"x y\">a</a>", "a"),
            ("<p id=\"a&quot;b\">a</p>", "<p>a</p>"),
            ("</body></html><script>x()</script>a", "a"),
        ] {
            assert_eq!(cleaned(markup), left, "{markup}");
        }
    }

    #[test]
    fn random_damage_never_lets_anything_pass() {
        let seed = "<p title=\"<script>\"><svg><style><!--</style><img src=x onerror=a()>--><a href='javascript:b()'>\
                    <noscript><p title=\"</noscript><script>c()</script>\"></p>&lt;script&gt;<![CDATA[<script>]]>";
        let mut state = 11_u64;
        for _ in 0..5_000 {
            let mut bytes = seed.as_bytes().to_vec();
            for _ in 0..4 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (state >> 33) as usize % bytes.len();
                let letters = b"<>\"'/=!-&;ab \n";
                bytes[at] = letters[(state >> 20) as usize % letters.len()];
            }
            let left = cleaned(&String::from_utf8_lossy(&bytes));
            let tags: Vec<&str> = left.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or(rest)).collect();
            for tag in tags {
                let runs = ["script", "style", "svg", "noscript", "iframe"].iter().any(|name| tag.starts_with(name));
                assert!(!runs && !tag.contains(" on") && !tag.contains("javascript"), "{left}");
            }
        }
    }

    #[test]
    fn words_are_apart_where_blocks_are() {
        let rules = Rules { link: &|_| None, picture: &|_| None, style: &|_| None, anchors: false };
        let found = safe("<h2>标题</h2><p>一<b>二</b></p><ul><li>三</li></ul><script>x</script>", &rules);
        assert_eq!(found.text.trim(), "标题\n一二\n三");
    }

    /// How deep elements lie in each other, as written.
    fn depth(markup: &str) -> usize {
        let (mut open, mut most) = (0_usize, 0);
        for tag in markup.split('<').skip(1) {
            open = if tag.starts_with('/') { open.saturating_sub(1) } else { open + 1 };
            most = most.max(open);
        }
        most
    }

    #[test]
    fn markup_of_any_depth_keeps_its_words_and_lies_in_bounds() {
        let quotes = markdown(&(">".repeat(100_000) + " end"));
        for markup in [quotes, "<b>".repeat(60_000) + "end"] {
            let left = cleaned(&markup);
            assert_eq!(left.matches("end").count(), 1);
            assert!((2..=Document::MAX_DEPTH + 2).contains(&depth(&left)), "{}", depth(&left));
            assert!(left.len() < 10_000_000, "{}", left.len());
        }
    }
}
