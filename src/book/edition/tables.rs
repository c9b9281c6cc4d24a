//! Tables: caption, columns, head, bodies and foot in order; rows in them; cells in rows.

use super::super::dom::{Document, Element, NodeId};
use super::repair::rename;
use super::vocabulary::is_blank;
use std::collections::HashSet;

/// Puts the parts of a table in order.
pub(super) fn table(page: &mut Document, node: NodeId) {
    let children: Vec<NodeId> = page.children(node);
    let mut seen = Seen::default();
    for &child in &children {
        if is_blank(page, child) {
            continue;
        }
        let Some(name) = page.element(child).map(|element| element.name.clone()) else {
            seen.loose(page, child);
            continue;
        };
        match name.as_str() {
            "caption" if seen.nothing() && page.find(child, "table").is_none() => seen.caption = true,
            "caption" => {
                rename(page, child, "div");
                seen.loose(page, child);
            }
            "col" if seen.rows == 0 && !seen.head => {
                page.wrap(child, Element::html("colgroup"));
                seen.columns = true;
            }
            "colgroup" if seen.rows == 0 && !seen.head => seen.columns = true,
            "col" | "colgroup" => page.detach(child),
            "thead" if seen.rows == 0 && !seen.head => seen.head = true,
            "thead" => {
                rename(page, child, "tbody");
                seen.add_section(child);
            }
            "tbody" => seen.add_section(child),
            "tfoot" => seen.feet.push(child),
            "tr" => seen.add_row(page, child),
            "td" | "th" => seen.cell(page, child),
            _ => seen.loose(page, child),
        }
    }
    seen.finish(page, node);
}

/// What a table had so far.
#[derive(Default)]
struct Seen {
    caption: bool,
    columns: bool,
    head: bool,
    rows: usize,
    sections: Vec<NodeId>,
    feet: Vec<NodeId>,
    /// Rows directly in the table.
    bare: Vec<NodeId>,
    /// The row that collects cells without one, the cell that collects what is no cell.
    open_row: Option<NodeId>,
    open_cell: Option<NodeId>,
}

impl Seen {
    fn nothing(&self) -> bool {
        !self.caption && !self.columns && !self.head && self.rows == 0 && self.feet.is_empty()
    }

    fn add_section(&mut self, section: NodeId) {
        self.rows += 1;
        self.sections.push(section);
        (self.open_row, self.open_cell) = (None, None);
    }

    fn add_row(&mut self, _page: &Document, row: NodeId) {
        self.rows += 1;
        self.bare.push(row);
        (self.open_row, self.open_cell) = (None, None);
    }

    fn cell(&mut self, page: &mut Document, cell: NodeId) {
        self.open_cell = None;
        match self.open_row {
            Some(row) => page.append(row, cell),
            None => {
                let row = page.wrap(cell, Element::html("tr"));
                self.add_row(page, row);
                self.open_row = Some(row);
            }
        }
    }

    fn loose(&mut self, page: &mut Document, node: NodeId) {
        match self.open_cell {
            Some(cell) => page.append(cell, node),
            None => {
                let cell = page.wrap(node, Element::html("td"));
                self.cell(page, cell);
                self.open_cell = Some(cell);
            }
        }
    }

    /// Rows beside bodies get a body; the foot comes last, and only once.
    fn finish(mut self, page: &mut Document, table: NodeId) {
        let last_foot = self.feet.pop();
        for foot in self.feet {
            rename(page, foot, "tbody");
            self.sections.push(foot);
        }
        if !self.sections.is_empty() {
            let sections: HashSet<NodeId> = self.sections.into_iter().collect();
            for row in self.bare {
                let before =
                    page.previous(row).filter(|&before| page.is(before, "tbody") && !sections.contains(&before));
                match before {
                    Some(body) => page.append(body, row),
                    None => {
                        page.wrap(row, Element::html("tbody"));
                    }
                }
            }
        }
        if let Some(foot) = last_foot {
            page.append(table, foot);
        }
    }
}

/// A section has rows only.
pub(super) fn section(page: &mut Document, node: NodeId) {
    let mut seen = Seen::default();
    for child in page.children(node) {
        if is_blank(page, child) {
            continue;
        }
        match page.element(child).map(|element| element.name.as_str()) {
            Some("tr") => seen.add_row(page, child),
            Some("td" | "th") => seen.cell(page, child),
            Some("col" | "colgroup") => page.detach(child),
            Some("caption") => {
                rename(page, child, "div");
                seen.loose(page, child);
            }
            _ => seen.loose(page, child),
        }
    }
}

/// A row has cells only.
pub(super) fn row(page: &mut Document, node: NodeId) {
    let mut open: Option<NodeId> = None;
    for child in page.children(node) {
        if is_blank(page, child) {
            if let Some(cell) = open {
                page.append(cell, child);
            }
        } else if page.is(child, "td") || page.is(child, "th") {
            open = None;
        } else if let Some(cell) = open {
            page.append(cell, child);
        } else {
            open = Some(page.wrap(child, Element::html("td")));
        }
    }
}

/// Columns have nothing but `<col>`, or a number.
pub(super) fn columns(page: &mut Document, node: NodeId) {
    let mut any = false;
    for child in page.children(node) {
        if page.is(child, "col") {
            any = true;
        } else {
            page.detach(child);
        }
    }
    if let Some(element) = page.element_mut(node).filter(|_| any) {
        element.remove("span");
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::dom::Syntax;
    use super::super::repair::repair;
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        let mut page = Document::parse(&format!("<body><table>{source}</table></body>"));
        let body = page.body();
        repair(&mut page, body);
        assert_eq!(page.to_markup(body, Syntax::Xhtml), format!("<body><table>{expected}</table></body>"));
    }

    #[test]
    fn parts_are_put_in_order() {
        check("<tfoot><tr></tr></tfoot><tbody><tr></tr></tbody>", "<tbody><tr></tr></tbody><tfoot><tr></tr></tfoot>");
        check("<col/><tr><td>a</td></tr>", "<colgroup><col/></colgroup><tr><td>a</td></tr>");
        check("<tr></tr><tbody></tbody><tr></tr>", "<tbody><tr></tr></tbody><tbody></tbody><tbody><tr></tr></tbody>");
        check("<thead></thead><thead></thead>", "<thead></thead><tbody></tbody>");
        check("<caption>a</caption><caption>b</caption>", "<caption>a</caption><tr><td><div>b</div></td></tr>");
    }

    #[test]
    fn cells_get_rows_and_text_gets_cells() {
        check("<td>a</td><th>b</th>", "<tr><td>a</td><th>b</th></tr>");
        check("x<b>y</b><tr><td>a</td></tr>", "<tr><td>x<b>y</b></td></tr><tr><td>a</td></tr>");
        check("<tr>x<td>a</td><p>b</p></tr>", "<tr><td>x</td><td>a</td><td><p>b</p></td></tr>");
        check("<tbody>x<tr></tr></tbody>", "<tbody><tr><td>x</td></tr><tr></tr></tbody>");
    }
}
