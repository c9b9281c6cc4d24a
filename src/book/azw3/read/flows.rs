//! The text of a KF8 book is several flows one behind the other: all pages, then each style sheet and
//! drawing. The FDST record says where they part.

use crate::book::palm::{Part, u32_at};
use crate::book::{Change, Error, Report};

/// The text, cut.
pub(super) struct Flows<'t> {
    flows: Vec<&'t [u8]>,
    /// Whether it is known where the pages end.
    known: bool,
}

impl<'t> Flows<'t> {
    /// Cuts the text. A book with one flow needs no record for it.
    pub(super) fn cut(
        part: &Part<'_, '_>,
        text: &'t [u8],
        rescue: bool,
        report: &mut Report,
    ) -> Result<Flows<'t>, Error> {
        let list = part.header.flow_list.and_then(|at| part.record(at)).filter(|record| record.starts_with(b"FDST"));
        let Some(list) = list else {
            if part.header.flows <= 1 {
                return Ok(Flows { flows: vec![text], known: true });
            }
            let what = "its list of flows is not there";
            if !rescue {
                return Err(Error::Malformed(what.into()));
            }
            report.note(Change::Rescued, what);
            return Ok(Flows { flows: vec![text], known: false });
        };
        let count = u32_at(list, 8).unwrap_or(0) as usize;
        let mut flows = Vec::new();
        for at in 0..count {
            let number = |offset: usize| u32_at(list, 12 + at * 8 + offset).map(|value| value as usize);
            let flow = number(0).zip(number(4)).and_then(|(start, end)| text.get(start..end));
            match flow {
                Some(flow) => flows.push(flow),
                None => {
                    let what = format!("flow {at} of {count} lies behind the text");
                    if !rescue {
                        return Err(Error::Malformed(what));
                    }
                    report.note(Change::Rescued, what);
                    break;
                }
            }
        }
        let known = !flows.is_empty();
        if !known {
            flows.push(text);
        }
        Ok(Flows { flows, known })
    }

    /// Whether it is known where the pages end; if not, style sheets may follow them.
    pub(super) fn are_known(&self) -> bool {
        self.known
    }

    /// The pages as far as can be told from the text alone.
    pub(super) fn probable_pages(&self) -> &'t [u8] {
        if self.known { self.pages() } else { without_styles(self.pages()) }
    }

    /// All pages, taken apart.
    pub(super) fn pages(&self) -> &'t [u8] {
        self.flows.first().copied().unwrap_or_default()
    }

    /// How many flows there are, the pages counted as the first.
    pub(super) fn len(&self) -> usize {
        self.flows.len()
    }

    /// A style sheet or drawing, by its number.
    pub(super) fn get(&self, number: usize) -> Option<&'t [u8]> {
        if number == 0 { None } else { self.flows.get(number).copied() }
    }
}

/// Whether a flow is a drawing and not a style sheet.
pub(super) fn is_drawing(flow: &[u8]) -> bool {
    const HEAD: usize = 2048;
    let head = flow.get(..flow.len().min(HEAD)).unwrap_or_default();
    head.trim_ascii_start().starts_with(b"<") && head.windows(4).any(|four| four == b"<svg")
}

/// The text up to the last end tag: style sheets follow the pages.
fn without_styles(text: &[u8]) -> &[u8] {
    let Some(last) = text.windows(2).rposition(|two| two == b"</") else { return text };
    let end = text.get(last..).and_then(|rest| rest.iter().position(|&byte| byte == b'>'));
    end.and_then(|end| text.get(..last + end + 1)).unwrap_or(text)
}
