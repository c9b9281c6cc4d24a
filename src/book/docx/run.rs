//! How a run of characters looks.

/// How a run of characters looks.
#[derive(Clone, Copy, Default)]
pub(super) struct Run {
    bold: bool,
    italic: bool,
    underline: bool,
    strike: bool,
    raised: bool,
    lowered: bool,
    pub(super) hidden: bool,
}

impl Run {
    /// Takes over a property with its value; false if it is none that matters.
    pub(super) fn set(&mut self, name: &str, value: Option<&str>) -> bool {
        let on = !matches!(value, Some("0" | "false" | "none" | "off"));
        match name {
            "b" => self.bold = on,
            "i" => self.italic = on,
            "u" => self.underline = on,
            "strike" | "dstrike" => self.strike = on,
            "vanish" => self.hidden = on,
            "vertAlign" => (self.raised, self.lowered) = (value == Some("superscript"), value == Some("subscript")),
            _ => return false,
        }
        true
    }

    /// The elements for it, and which of them it needs. Headings are bold already.
    pub(super) fn looks(&self, heading: bool) -> [(bool, &'static str); 6] {
        [
            (self.bold && !heading, "b"),
            (self.italic, "i"),
            (self.underline, "u"),
            (self.strike, "s"),
            (self.raised, "sup"),
            (self.lowered, "sub"),
        ]
    }
}
