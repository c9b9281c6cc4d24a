//! The characters of a node as a reader would see them, the way jsoup makes them: blanks run together, a blank where
//! a block begins, scripts and styles left out.

use super::{Data, Id, Tree};

/// Elements that begin a line of their own. jsoup's list, by the HTML standard's kinds of elements.
const BLOCKS: [&str; 61] = [
    "address",
    "article",
    "aside",
    "audio",
    "blockquote",
    "body",
    "canvas",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "ins",
    "li",
    "link",
    "main",
    "math",
    "menu",
    "meta",
    "nav",
    "noframes",
    "noscript",
    "ol",
    "p",
    "pre",
    "section",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
    "video",
];

pub(super) fn is_block(name: &str) -> bool {
    BLOCKS.binary_search(&name).is_ok()
}

/// Whether what an element holds are no characters for readers.
pub(super) fn is_data(name: &str) -> bool {
    matches!(name, "script" | "style")
}

impl Tree {
    /// All characters inside.
    pub(in super::super) fn text(&self, id: Id) -> String {
        let mut out = String::new();
        let mut open: Vec<Id> = Vec::new();
        for at in self.within(id) {
            while let Some(last) = open.pop_if(|last| !self.is_inside(at, *last)) {
                self.end_block(last, &mut out);
            }
            match self.node(at).map(|node| &node.data) {
                Some(Data::Text(text)) if !self.is_in_data(at) => {
                    push_text(&mut out, text, self.keeps_blanks(at));
                }
                Some(Data::Element { name, .. }) => {
                    if is_block(name) || name == "br" {
                        push_blank(&mut out);
                    }
                    open.push(at);
                }
                _ => {}
            }
        }
        trimmed(&out)
    }

    fn end_block(&self, id: Id, out: &mut String) {
        if is_block(self.name(id)) {
            push_blank(out);
        }
    }

    /// The characters directly inside.
    pub(in super::super) fn own_text(&self, id: Id) -> String {
        let mut out = String::new();
        for node in self.nodes(id) {
            match self.characters(node) {
                Some(text) if !is_data(self.name(id)) => push_text(&mut out, text, self.keeps_blanks(node)),
                None if self.name(node) == "br" => push_blank(&mut out),
                _ => {}
            }
        }
        trimmed(&out)
    }

    /// Each run of characters directly inside, those of blanks alone left out.
    pub(in super::super) fn text_nodes(&self, id: Id) -> Vec<String> {
        if is_data(self.name(id)) {
            return Vec::new();
        }
        let texts = self.nodes(id).filter_map(|node| self.characters(node)).map(|text| {
            let mut out = String::new();
            push_text(&mut out, text, false);
            out.trim_matches(|c: char| c <= ' ').to_owned()
        });
        texts.filter(|text| !text.is_empty()).collect()
    }

    fn is_in_data(&self, text: Id) -> bool {
        self.parent(text).is_some_and(|parent| is_data(self.name(parent)))
    }

    fn keeps_blanks(&self, text: Id) -> bool {
        // jsoup looks no further up than this either.
        self.ancestors(text).take(6).any(|above| matches!(self.name(above), "pre" | "textarea" | "plaintext"))
    }
}

fn trimmed(text: &str) -> String {
    text.trim_matches(|c: char| c <= ' ').to_owned()
}

fn push_blank(out: &mut String) {
    if !out.is_empty() && !out.ends_with([' ', '\n']) {
        out.push(' ');
    }
}

fn push_text(out: &mut String, text: &str, keeps_blanks: bool) {
    if keeps_blanks {
        out.push_str(text);
        return;
    }
    let mut after_blank = out.is_empty() || out.ends_with(' ');
    for c in text.chars() {
        match c {
            ' ' | '\t' | '\n' | '\u{c}' | '\r' | '\u{a0}' => {
                if !after_blank {
                    out.push(' ');
                }
                after_blank = true;
            }
            // Soft hyphens and blanks without width are not seen.
            '\u{ad}' | '\u{200b}' => {}
            c => {
                out.push(c);
                after_blank = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(html: &str) -> (Tree, Id) {
        let tree = Tree::parse(html).unwrap();
        let body = tree.within(Tree::ROOT).find(|&id| tree.name(id) == "body").unwrap();
        (tree, body)
    }

    #[test]
    fn the_list_of_blocks_is_sorted() {
        assert!(BLOCKS.is_sorted() && is_block("ul") && !is_block("span"));
    }

    #[test]
    fn blanks_run_together_and_blocks_part() {
        let (tree, body) = tree("<div> 甲&nbsp;\n 乙<b>丙</b></div><p>丁<br>戊</p>己<script>x</script>");
        assert_eq!(tree.text(body), "甲 乙丙 丁 戊 己");
        assert_eq!(tree.own_text(body), "己");
    }

    #[test]
    fn own_characters_only() {
        let (tree, body) = tree("一<b>x</b> 二<br>三<i>y</i> ");
        assert_eq!(tree.own_text(body), "一 二 三");
        assert_eq!(tree.text_nodes(body), ["一", "二", "三"]);
    }

    #[test]
    fn lines_of_what_is_set_as_written_stay() {
        let (tree, body) = tree("<pre>a\n  b</pre>");
        assert_eq!(tree.text(body), "a\n  b");
    }
}
