//! What a page uses that the manifest must say: inline SVG, MathML, scripts, files of other sites.

use crate::book::markup::{Token, local, tokens};

/// Which properties the manifest gives a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Features {
    svg: bool,
    math: bool,
    script: bool,
    remote: bool,
}

impl Features {
    /// Looks through a page.
    pub(super) fn of(markup: &str) -> Features {
        let mut found = Features::default();
        for token in tokens(markup) {
            let Token::Open { name, attributes, .. } = token else { continue };
            match local(name) {
                "svg" => found.svg = true,
                "math" => found.math = true,
                "script" | "form" => found.script = true,
                "img" | "audio" | "video" | "source" | "track" | "object" | "iframe" => {
                    let remote = |name: &str| attributes.raw(name).is_some_and(is_remote);
                    found.remote |= remote("src") || remote("data");
                }
                _ => {}
            }
        }
        found
    }

    /// As the manifest writes them; empty if there is none.
    pub(super) fn properties(self) -> String {
        let all =
            [(self.math, "mathml"), (self.remote, "remote-resources"), (self.script, "scripted"), (self.svg, "svg")];
        let names: Vec<&str> = all.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect();
        names.join(" ")
    }
}

fn is_remote(address: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| address.trim_start().starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_uses_is_said() {
        let check = |markup: &str, expected: &str| assert_eq!(Features::of(markup).properties(), expected);
        check("<p>svg math</p><img src='a.svg'/>", "");
        check("<p><svg><g/></svg><m:math/></p>", "mathml svg");
        check("<video src='https://example.org/a.mp4'/><script/>", "remote-resources scripted");
    }
}
