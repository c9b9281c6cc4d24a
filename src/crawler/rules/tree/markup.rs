//! Nodes written as markup again, for `html`, `all` and everything that goes on with text. No indentation is added.

use super::text::is_data;
use super::{Data, Id, Tree};

/// Elements that have no end tag.
const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "param"];

impl Tree {
    /// An element with everything inside.
    pub(in super::super) fn outer_markup(&self, id: Id) -> String {
        self.write(id, self.within(id), false)
    }

    /// The same without scripts and styles.
    pub(in super::super) fn clean_markup(&self, id: Id) -> String {
        self.write(id, self.within(id), true)
    }

    /// What is inside an element.
    pub(in super::super) fn inner_markup(&self, id: Id) -> String {
        self.write(id, self.inside(id), false)
    }

    fn write(&self, top: Id, nodes: impl Iterator<Item = Id>, without_data: bool) -> String {
        let mut out = String::new();
        let mut open: Vec<Id> = Vec::new();
        for at in nodes {
            while let Some(last) = open.pop_if(|last| !self.is_inside(at, *last)) {
                self.close(last, &mut out);
            }
            let in_data = self.parent(at).is_some_and(|parent| is_data(self.name(parent)));
            match self.node(at).map(|node| &node.data) {
                Some(Data::Text(_)) if in_data && at != top && without_data => {}
                Some(Data::Text(text)) if in_data && at != top => out.push_str(text),
                Some(Data::Text(text)) => escape(text, &mut out, false),
                Some(Data::Element { name, .. }) if !(without_data && is_data(name)) => {
                    self.open(at, &mut out);
                    if !VOID.contains(&name.as_str()) {
                        open.push(at);
                    }
                }
                _ => {}
            }
        }
        while let Some(last) = open.pop() {
            self.close(last, &mut out);
        }
        out
    }

    fn open(&self, id: Id, out: &mut String) {
        out.push('<');
        out.push_str(self.name(id));
        for (key, value) in self.attributes(id) {
            out.push(' ');
            out.push_str(key);
            out.push_str("=\"");
            escape(value, out, true);
            out.push('"');
        }
        out.push('>');
    }

    fn close(&self, id: Id, out: &mut String) {
        out.push_str("</");
        out.push_str(self.name(id));
        out.push('>');
    }
}

fn escape(text: &str, out: &mut String, in_attribute: bool) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '\u{a0}' => out.push_str("&nbsp;"),
            '<' if !in_attribute => out.push_str("&lt;"),
            '>' if !in_attribute => out.push_str("&gt;"),
            '"' if in_attribute => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_comes_back() {
        let tree = Tree::parse("<div a='1\"<'>x&lt;<br>&nbsp;<script>a<b</script><i></i></div>").unwrap();
        let div = tree.within(Tree::ROOT).find(|&id| tree.name(id) == "div").unwrap();
        assert_eq!(tree.outer_markup(div), "<div a=\"1&quot;<\">x&lt;<br>&nbsp;<script>a<b</script><i></i></div>");
        assert_eq!(tree.clean_markup(div), "<div a=\"1&quot;<\">x&lt;<br>&nbsp;<i></i></div>");
        assert_eq!(tree.inner_markup(div), "x&lt;<br>&nbsp;<script>a<b</script><i></i>");
    }
}
