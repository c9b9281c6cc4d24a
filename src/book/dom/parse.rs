//! Markup into a tree: as XML where the tags match, else the way browsers guess.
//!
//! Both go through the same linear cutter, so neither can be made slow. The guesses are those that
//! books need (`<p>` and `<li>` never closed, `<br>` without a slash, end tags out of order), and
//! not the whole of HTML's algorithm: formatting that is still open when its paragraph ends stays
//! in that paragraph.

use super::write::VOID;
use super::{Document, Element, NodeId, Space};
use crate::book::markup::{Attributes, Entities, Token, decode, local, tokens};
use smol_str::SmolStr;

/// Most attributes of an element; each is compared with all before it. Real elements have a dozen.
const MAX_ATTRIBUTES: usize = 200;
/// Most nodes. Beyond, tags are left out and only the characters are kept, in the text that is there. A novel of ten
/// million characters on one page has fewer.
const MAX_NODES: usize = 1_200_000;

/// Parses a page.
pub(super) fn parse(markup: &str) -> Document {
    // Both XML and HTML know one kind of line end.
    let lines = markup.contains('\r').then(|| markup.replace("\r\n", "\n").replace('\r', "\n"));
    let markup = lines.as_deref().unwrap_or(markup);
    let balanced = is_balanced(markup);
    let mut builder = Builder {
        document: Document::new(),
        open: vec![Document::ROOT],
        unkept: Vec::new(),
        balanced,
        entities: Entities::new(),
    };
    for token in tokens(markup) {
        let is_full = builder.document.nodes.len() >= MAX_NODES;
        match token {
            Token::Open { .. } | Token::Close { .. } if is_full => builder.document.cut = true,
            Token::Open { name, attributes, empty } => builder.start(name, attributes, empty),
            Token::Close { name } => builder.end(name),
            Token::Text(text) => builder.characters(&decode(text, &builder.entities)),
            Token::Raw(text) => builder.raw(text),
        }
    }
    builder.document.repaired |= !balanced;
    builder.document
}

/// Whether every element is closed, in order.
fn is_balanced(markup: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for token in tokens(markup) {
        match token {
            Token::Open { name, empty: false, .. } => open.push(name),
            Token::Close { name } if open.pop().is_none_or(|opened| !opened.eq_ignore_ascii_case(name)) => {
                return false;
            }
            _ => {}
        }
    }
    open.is_empty()
}

struct Builder {
    document: Document,
    /// From the document down to the innermost open element.
    open: Vec<NodeId>,
    /// Open elements that were too deep to be opened.
    unkept: Vec<SmolStr>,
    balanced: bool,
    entities: Entities,
}

impl Builder {
    fn top(&self) -> NodeId {
        self.open.last().copied().unwrap_or(Document::ROOT)
    }

    fn start(&mut self, name: &str, attributes: Attributes<'_>, empty: bool) {
        let space = self.space_of(name);
        let (element, whole) = self.element(space, name, attributes);
        self.document.cut |= !whole;
        if !self.balanced && space == Space::Html {
            self.imply_ends(&element.name);
            if matches!(element.name.as_str(), "html" | "body") && self.merge_into_open(&element) {
                return;
            }
        }
        let void = space == Space::Html && VOID.contains(&element.name.as_str());
        let id = self.document.new_element(element);
        let top = self.top();
        self.document.append(top, id);
        if empty || void && !self.balanced {
            return;
        }
        if self.open.len() > Document::MAX_DEPTH {
            self.document.cut = true;
            self.unkept.push(SmolStr::new(local(name).to_ascii_lowercase()));
        } else {
            self.open.push(id);
        }
    }

    /// A second `<html>` or `<body>` only adds its attributes.
    fn merge_into_open(&mut self, element: &Element) -> bool {
        let same = self.open.iter().copied().find(|&at| self.document.is(at, &element.name));
        let Some(first) = same.and_then(|at| self.document.element_mut(at)) else { return false };
        for (name, value) in &element.attributes {
            if first.get(name).is_none() {
                first.set(name, value.clone());
            }
        }
        true
    }

    fn end(&mut self, name: &str) {
        let name = local(name);
        if self.unkept.last().is_some_and(|last| name.eq_ignore_ascii_case(last)) {
            self.unkept.pop();
            return;
        }
        if self.balanced && self.unkept.is_empty() {
            if self.open.len() > 1 {
                self.open.pop();
            }
            return;
        }
        let barrier = |element: &Element| {
            matches!(element.name.as_str(), "table" | "td" | "th" | "svg" | "math" | "body" | "html")
        };
        for at in (1..self.open.len()).rev() {
            let Some(element) = self.open.get(at).and_then(|&id| self.document.element(id)) else { return };
            if element.name.eq_ignore_ascii_case(name) {
                self.open.truncate(at);
                return;
            }
            // `</p>` in a cell does not end the paragraph around the table.
            if barrier(element) && !matches!(name, "table" | "tr" | "tbody" | "thead" | "tfoot" | "body" | "html") {
                return;
            }
        }
    }

    fn characters(&mut self, text: &str) {
        let top = self.top();
        // Two pieces of text side by side are one.
        if let Some(last) = self.document.last_child(top)
            && let Some(before) = self.document.text_mut(last)
        {
            before.push_str(text);
            return;
        }
        let node = self.document.new_text(text);
        self.document.append(top, node);
    }

    /// Characters of CDATA, and of scripts and styles. In XHTML, those may be escaped or in CDATA.
    fn raw(&mut self, text: &str) {
        let inside = self.document.element(self.top()).is_some_and(|top| top.is("style") || top.is("script"));
        if !inside {
            return self.characters(text);
        }
        let text = text.replace("<![CDATA[", "").replace("]]>", "");
        let text = if text.contains('&') { decode(&text, &self.entities) } else { text };
        self.characters(&text);
    }

    fn space_of(&self, name: &str) -> Space {
        let own = local(name);
        if own.eq_ignore_ascii_case("svg") {
            return Space::Svg;
        }
        if own.eq_ignore_ascii_case("math") {
            return Space::Math;
        }
        let Some(above) = self.document.element(self.top()) else { return Space::Html };
        match (above.space, above.name.as_str()) {
            (Space::Svg, "foreignObject" | "desc" | "title") | (Space::Math, "annotation-xml") => {
                if own.len() < name.len() && !name.to_ascii_lowercase().starts_with("html") {
                    above.space
                } else {
                    Space::Html
                }
            }
            (Space::Math, "mtext" | "mi" | "mo" | "mn" | "ms") if is_phrase(own) => Space::Html,
            (space @ (Space::Svg | Space::Math), _) => space,
            _ => self.space_by_prefix(name),
        }
    }

    /// `<m:mi>`, `<svg:rect>` and the like outside their root happen only in broken pages.
    fn space_by_prefix(&self, name: &str) -> Space {
        match name.split_once(':').map(|(prefix, _)| prefix.to_ascii_lowercase()).as_deref() {
            None | Some("html" | "xhtml" | "h" | "x") => Space::Html,
            Some(_) => Space::Other,
        }
    }

    /// An element, and whether it has all its attributes.
    fn element(&self, space: Space, name: &str, attributes: Attributes<'_>) -> (Element, bool) {
        let name = match space {
            Space::Svg => SmolStr::new(local(name)),
            // `o:p` of word processors and `mbp:pagebreak` are told by their whole names.
            Space::Other => SmolStr::new(name.to_ascii_lowercase()),
            Space::Html | Space::Math => SmolStr::new(local(name).to_ascii_lowercase()),
        };
        let mut element = Element { space, name, attributes: Vec::new() };
        for (key, value) in attributes.iter() {
            let key = attribute_name(space, key);
            if element.attributes.len() >= MAX_ATTRIBUTES {
                return (element, false);
            }
            if !key.is_empty() && element.get(&key).is_none() {
                element.push(key, decode(value, &self.entities));
            }
        }
        (element, true)
    }

    /// The end tags that HTML lets one leave out.
    fn imply_ends(&mut self, name: &str) {
        match name {
            "li" => self.end_open(&["li"], &["ul", "ol", "menu"]),
            "dt" | "dd" => self.end_open(&["dt", "dd"], &["dl"]),
            "tr" => self.end_open(&["tr", "td", "th", "caption"], &["table", "tbody", "thead", "tfoot"]),
            "td" | "th" => self.end_open(&["td", "th"], &["table", "tr"]),
            "tbody" | "thead" | "tfoot" => {
                self.end_open(&["tbody", "thead", "tfoot", "tr", "td", "th", "caption"], &["table"]);
            }
            "option" => self.end_open(&["option"], &["select"]),
            "rt" | "rp" => self.end_open(&["rt", "rp"], &["ruby"]),
            "body" => self.end_open(&["head"], &["html"]),
            _ => {}
        }
        if ends_paragraph(name) {
            self.end_open(&["p"], &["td", "th", "table", "caption", "li", "dd", "body", "html", "object", "ruby"]);
        }
        if matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
            && self
                .document
                .element(self.top())
                .is_some_and(|top| matches!(top.name.as_str(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6"))
        {
            self.open.pop();
        }
    }

    /// Ends the outermost open element of those names that is not beyond one of the limits.
    fn end_open(&mut self, names: &[&str], limits: &[&str]) {
        let mut found = None;
        for at in (1..self.open.len()).rev() {
            let Some(element) = self.open.get(at).and_then(|&id| self.document.element(id)) else { break };
            if limits.contains(&element.name.as_str()) {
                break;
            }
            if names.contains(&element.name.as_str()) {
                found = Some(at);
            }
        }
        if let Some(at) = found {
            self.open.truncate(at);
            self.unkept.clear();
        }
    }
}

fn is_phrase(name: &str) -> bool {
    ["i", "b", "em", "strong", "span", "a", "sub", "sup", "img", "br", "code"]
        .iter()
        .any(|one| name.eq_ignore_ascii_case(one))
}

/// Elements before which an open paragraph ends.
fn ends_paragraph(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "ul"
            | "ol"
            | "dl"
            | "table"
            | "blockquote"
            | "pre"
            | "hr"
            | "section"
            | "article"
            | "aside"
            | "header"
            | "footer"
            | "nav"
            | "main"
            | "figure"
            | "figcaption"
            | "address"
            | "center"
            | "form"
            | "fieldset"
            | "details"
            | "menu"
            | "hgroup"
    )
}

/// The name of an attribute in its vocabulary; empty if it is a declaration.
fn attribute_name(space: Space, key: &str) -> SmolStr {
    if key == "xmlns" || key.starts_with("xmlns:") {
        return SmolStr::default();
    }
    let case =
        |name: &str| if space == Space::Svg { SmolStr::new(name) } else { SmolStr::new(name.to_ascii_lowercase()) };
    let Some((prefix, name)) = key.rsplit_once(':') else { return case(key) };
    match (prefix.to_ascii_lowercase().as_str(), name) {
        ("xml", _) => SmolStr::new(format!("xml:{name}")),
        (_, "href" | "show" | "actuate" | "arcrole" | "role") if space != Space::Html => {
            SmolStr::new(format!("xlink:{name}"))
        }
        ("xlink", _) => SmolStr::new(format!("xlink:{name}")),
        // FictionBook calls the prefix `l`.
        (_, "href") => SmolStr::new("xlink:href"),
        ("epub" | "ops", "type" | "prefix" | "trigger") => SmolStr::new(format!("epub:{name}")),
        (_, "type") if space == Space::Html => SmolStr::new("epub:type"),
        _ => SmolStr::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Syntax;
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(Document::parse(source).to_markup(Document::ROOT, Syntax::Xhtml), expected);
    }

    #[test]
    fn pages_that_are_xml_keep_their_shape() {
        check("<div><p>a<p>b</p></p><a id='x'/>c</div>", "<div><p>a<p>b</p></p><a id=\"x\"></a>c</div>");
        check("<P CLASS='x' ops:type='note'>a&nbsp;b</P>", "<p class=\"x\" epub:type=\"note\">a\u{a0}b</p>");
        check("<h:p>x<![CDATA[a<b]]></h:p>", "<p>xa&lt;b</p>");
    }

    #[test]
    fn pages_that_are_not_are_put_right() {
        check("<p>a<br>b<p>c<ul><li>1<li>2<p>3</ul>d", "<p>a<br/>b</p><p>c</p><ul><li>1</li><li>2<p>3</p></li></ul>d");
        check(
            "<table><tr><td>1<td>2<tr><td>3</table>x",
            "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>x",
        );
        check("<p>a<table><tr><td>b</p>c</table>d", "<p>a</p><table><tr><td>bc</td></tr></table>d");
        check("<b>x<i>y</b>z</i>", "<b>x<i>y</i></b>z");
        check("</p>a</div><p>b", "a<p>b</p>");
    }

    #[test]
    fn drawings_and_formulas_keep_their_names() {
        let svg = "<svg:svg viewBox='0 0 1 1'><svg:linearGradient xl:href='#a'/></svg:svg>";
        let page = Document::parse(svg);
        let root = page.children(Document::ROOT)[0];
        assert_eq!(page.element(root).map(|one| one.space), Some(Space::Svg));
        let inner = page.first_child(root).and_then(|id| page.element(id)).expect("gradient");
        assert_eq!((inner.name.as_str(), inner.get("xlink:href")), ("linearGradient", Some("#a")));
        let page = Document::parse("<m:math><m:mi>x</m:mi></m:math>");
        let root = page.children(Document::ROOT)[0];
        assert!(page.descendants(root).filter_map(|id| page.element(id)).all(|one| one.space == Space::Math));
    }

    #[test]
    fn depth_and_breadth_are_survived() {
        let page = Document::parse(&("<div>".repeat(100_000) + "deep" + &"</div>".repeat(100_000) + "end"));
        assert_eq!(page.text_content(Document::ROOT), "deepend");
        let depth = page.descendants(Document::ROOT).map(|id| page.ancestors(id).count()).max();
        assert!(depth.is_some_and(|depth| depth <= Document::MAX_DEPTH + 2));
        assert!(page.is_cut());
        assert_eq!(Document::parse(&"<p>".repeat(100_000)).children(Document::ROOT).len(), 100_000);
    }
    #[test]
    fn what_is_kept_is_bounded() {
        let attributes: String = (0..10_000).map(|at| format!(" a{at}='x'")).collect();
        let page = Document::parse(&format!("<p{attributes}>x</p>"));
        let kept = page.element(page.body()).map(|one| one.attributes.len());
        assert_eq!((kept, page.is_cut()), (Some(MAX_ATTRIBUTES), true));
        // A page of half a million links must fit into memory.
        let page = Document::parse("<a href='x' id='y'>z</a>");
        let link = page.find(Document::ROOT, "a").and_then(|at| page.element(at));
        assert_eq!(link.map(|link| link.attributes.capacity()), Some(2));
        assert!(size_of::<super::super::Node>() <= 80, "{}", size_of::<super::super::Node>());
        let page = Document::parse(&("<br>x".repeat(MAX_NODES / 2 + 10) + "end"));
        assert!(page.is_cut() && page.nodes.len() <= MAX_NODES + 1, "{}", page.nodes.len());
        assert!(!Document::parse("<p a='b'>x</p>").is_cut());
        assert!(page.text_content(Document::ROOT).ends_with("xxend"));
    }
}
