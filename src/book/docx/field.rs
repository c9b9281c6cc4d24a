//! Fields: an instruction (`HYPERLINK \l "place"`) and what Word shows for it. Links are kept, of all others what is
//! shown.

/// Longer instructions are cut, in bytes; addresses have no more.
const LONGEST: usize = 4096;

/// The fields that are open.
#[derive(Default)]
pub(super) struct Fields {
    open: Vec<Field>,
    /// So many of the outer ones are known to be shown.
    shown: usize,
}

#[derive(Default)]
struct Field {
    instruction: String,
    /// What follows is shown.
    shown: bool,
    /// It opened a link.
    is_link: bool,
}

impl Fields {
    /// A field starts with its instruction.
    pub(super) fn begin(&mut self) {
        self.open.push(Field::default());
    }

    /// A field that has its instruction, or the place of a link, in an attribute.
    pub(super) fn whole(&mut self, is_link: bool) {
        self.open.push(Field { shown: true, is_link, ..Field::default() });
    }

    /// Takes text that belongs to an instruction; false if it is shown.
    pub(super) fn takes(&mut self, text: &str) -> bool {
        let Some(field) = self.open.last_mut().filter(|field| !field.shown) else { return false };
        if field.instruction.len() + text.len() <= LONGEST {
            field.instruction.push_str(text);
        }
        true
    }

    /// The instruction is complete: where the link leads that starts here, if it is one.
    pub(super) fn separate(&mut self) -> Option<String> {
        let field = self.open.last_mut().filter(|field| !field.shown)?;
        let place = place(&field.instruction);
        (field.shown, field.is_link) = (true, place.is_some());
        place
    }

    /// The innermost field ends; whether a link ends with it.
    pub(super) fn end(&mut self) -> bool {
        let field = self.open.pop();
        self.shown = self.shown.min(self.open.len());
        field.is_some_and(|field| field.is_link)
    }

    /// Whether an instruction is being read.
    pub(super) fn is_instructed(&self) -> bool {
        self.open.last().is_some_and(|field| !field.shown)
    }

    /// A paragraph ends, and with it every instruction: in a damaged file nothing else may end it, and all that follows
    /// would be taken for a part of it.
    pub(super) fn end_instructions(&mut self) {
        self.open.iter_mut().skip(self.shown).for_each(|field| field.shown = true);
        self.shown = self.open.len();
    }

    /// The innermost field has opened no link after all.
    pub(super) fn forget_link(&mut self) {
        if let Some(field) = self.open.last_mut() {
            field.is_link = false;
        }
    }
}

/// Where an instruction leads: an address, a bookmark (`\l`), or both.
pub(super) fn place(instruction: &str) -> Option<String> {
    let mut words = words(instruction).into_iter();
    if !words.next()?.eq_ignore_ascii_case("HYPERLINK") {
        return None;
    }
    let (mut address, mut bookmark) = (String::new(), None);
    while let Some(word) = words.next() {
        match word.to_ascii_lowercase().as_str() {
            "\\l" => bookmark = words.next(),
            // What is shown over the link, and in which frame it opens.
            "\\o" | "\\t" => drop(words.next()),
            switch if switch.starts_with('\\') && switch.len() == 2 => {}
            _ if address.is_empty() => address = word,
            _ => {}
        }
    }
    if let Some(bookmark) = bookmark {
        address.push('#');
        address.push_str(&bookmark);
    }
    Some(address).filter(|address| !address.is_empty())
}

/// Words, and what stands in quotes as one.
fn words(instruction: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in instruction.split(['"', '\u{201c}', '\u{201d}']).enumerate() {
        if at % 2 == 1 {
            words.push(part.trim().to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_ends_with_its_paragraph() {
        let mut fields = Fields::default();
        fields.begin();
        assert!(fields.takes("HYPERLINK x") && fields.is_instructed());
        fields.end_instructions();
        assert!(!fields.takes("text") && !fields.is_instructed());
        assert_eq!((fields.separate(), fields.end()), (None, false));
        fields.begin();
        assert!(fields.takes("PAGE"));
    }

    #[test]
    fn a_link_without_a_paragraph_ends_none() {
        let mut fields = Fields::default();
        fields.whole(true);
        fields.whole(true);
        fields.forget_link();
        assert!(!fields.end() && fields.end() && !fields.end());
    }

    #[test]
    fn where_instructions_lead() {
        let check = |instruction: &str, expected: Option<&str>| assert_eq!(place(instruction).as_deref(), expected);
        check(" HYPERLINK \\l \"_Toc1\" \\h ", Some("#_Toc1"));
        check("hyperlink \"http://example.org/a b\" \\o \"tip\" \\t \"_blank\"", Some("http://example.org/a b"));
        check("HYPERLINK http://example.org/ \\l x", Some("http://example.org/#x"));
        check("HYPERLINK", None);
        check("PAGEREF _Toc1 \\h", None);
        check("", None);
    }
}
