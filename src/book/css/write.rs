//! Rules as text again.

use super::{AtBody, Declaration, Rule, Sheet};

impl Sheet {
    /// The sheet as text, always the same for the same rules.
    pub(in crate::book) fn to_css(&self) -> String {
        let mut out = String::new();
        rules(&self.rules, &mut out);
        out
    }
}

// Nesting is bounded by the parser.
fn rules(list: &[Rule], out: &mut String) {
    for rule in list {
        match rule {
            Rule::Style { selectors, declarations } => {
                out.push_str(selectors);
                block(declarations, out);
            }
            Rule::At { name, prelude, body } => {
                out.push('@');
                out.push_str(name);
                if !prelude.is_empty() {
                    out.push(' ');
                    out.push_str(prelude);
                }
                match body {
                    AtBody::None => out.push_str(";\n"),
                    AtBody::Declarations(declarations) => block(declarations, out),
                    AtBody::Rules(inner) => {
                        out.push_str(" {\n");
                        rules(inner, out);
                        out.push_str("}\n");
                    }
                }
            }
        }
    }
}

fn block(declarations: &[Declaration], out: &mut String) {
    out.push_str(" {\n");
    for declaration in declarations {
        out.push_str("  ");
        one(declaration, out);
        out.push_str(";\n");
    }
    out.push_str("}\n");
}

fn one(declaration: &Declaration, out: &mut String) {
    out.push_str(&declaration.name);
    out.push_str(": ");
    out.push_str(&declaration.value);
    if declaration.important {
        out.push_str(" !important");
    }
}

/// Declarations as the value of a `style` attribute.
pub(in crate::book) fn declarations_to_css(declarations: &[Declaration]) -> String {
    let mut out = String::new();
    for declaration in declarations {
        if !out.is_empty() {
            out.push_str("; ");
        }
        one(declaration, &mut out);
    }
    out
}
