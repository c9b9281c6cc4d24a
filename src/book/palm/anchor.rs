//! Where links lead: a place in the text becomes the id of an element.
//!
//! Kindle links count bytes and mostly hit the start of a tag, but real ones also hit its middle, its
//! end, or running text. Each place is settled on the nearest thing that can carry an id, while the
//! tokens go by once.

use super::tags::{Kind, Token, attribute};

/// What a token is to a place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::book) enum Takes {
    /// An element that can carry an id.
    Id,
    /// Text, or a tag in front of which an empty element can stand.
    Anchor,
    /// Neither; the place moves on to what follows.
    Nothing,
}

/// A place that has been settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::book) struct Anchor {
    /// The place the links give.
    pub(in crate::book) target: usize,
    /// The start of the tag that carries the id, or where an empty element is to be put in.
    pub(in crate::book) at: usize,
    /// The id that was there before.
    pub(in crate::book) existing: Option<Vec<u8>>,
}

/// Settles places as tokens go by.
pub(in crate::book) struct Anchors<'t> {
    targets: &'t [usize],
    next: usize,
    pending: Vec<usize>,
    /// The element whose start tag was the last token.
    opened: Option<(usize, Option<Vec<u8>>)>,
    settled: Vec<Anchor>,
}

impl<'t> Anchors<'t> {
    /// For places in rising order.
    pub(in crate::book) fn new(targets: &'t [usize]) -> Anchors<'t> {
        Anchors { targets, next: 0, pending: Vec::new(), opened: None, settled: Vec::new() }
    }

    /// Takes the next token; `at` tells where in a text an anchor can stand.
    pub(in crate::book) fn token(&mut self, token: &Token<'_>, takes: Takes, at: impl Fn(usize) -> usize) {
        if self.pending.is_empty() && self.targets.get(self.next).is_none_or(|&target| target >= token.end()) {
            self.opened = None;
            if takes == Takes::Id && self.targets.get(self.next) == Some(&token.end()) {
                self.opened = Some((token.at, id_of(token)));
            }
            return;
        }
        let opened = self.opened.take();
        match takes {
            Takes::Id => {
                let existing = id_of(token);
                self.settle_pending(token.at, existing.as_ref());
                while let Some(target) = self.target_before(token.end()) {
                    self.settled.push(Anchor { target, at: token.at, existing: existing.clone() });
                }
                self.opened = Some((token.at, existing));
            }
            Takes::Anchor => {
                self.settle_pending(token.at, None);
                while let Some(target) = self.target_before(token.end()) {
                    let start = opened.as_ref().filter(|_| target == token.at);
                    let anchor = match start {
                        Some((at, existing)) => Anchor { target, at: *at, existing: existing.clone() },
                        None if token.kind == Kind::Text => {
                            Anchor { target, at: at(target).max(token.at), existing: None }
                        }
                        None => Anchor { target, at: token.at, existing: None },
                    };
                    self.settled.push(anchor);
                }
            }
            Takes::Nothing => {
                while let Some(target) = self.target_before(token.end()) {
                    match opened.as_ref().filter(|_| target == token.at && token.kind == Kind::Text) {
                        Some((at, existing)) => {
                            self.settled.push(Anchor { target, at: *at, existing: existing.clone() });
                        }
                        None => self.pending.push(target),
                    }
                }
            }
        }
    }

    /// The places in rising order. What no token could take stands at the end of the text, `None` if
    /// nothing may stand there.
    pub(in crate::book) fn finish(mut self, end: Option<usize>) -> Vec<Anchor> {
        self.pending.extend(self.targets.get(self.next..).unwrap_or_default());
        match end {
            Some(end) => self.settle_pending(end, None),
            None => self.pending.clear(),
        }
        self.settled.sort_by_key(|anchor| anchor.target);
        self.settled
    }

    fn settle_pending(&mut self, at: usize, existing: Option<&Vec<u8>>) {
        for target in self.pending.drain(..) {
            self.settled.push(Anchor { target, at, existing: existing.cloned() });
        }
    }

    fn target_before(&mut self, end: usize) -> Option<usize> {
        let target = self.targets.get(self.next).copied().filter(|&target| target < end)?;
        self.next += 1;
        Some(target)
    }
}

/// The id of an element, if it can be used as it stands.
fn id_of(token: &Token<'_>) -> Option<Vec<u8>> {
    let id = attribute(token, "id")?;
    let plain = |byte: &u8| !byte.is_ascii_whitespace() && !b"&<>\"'#".contains(byte);
    (!id.is_empty() && id.iter().all(plain)).then(|| id.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::palm::tags::tokens;

    fn settle(source: &[u8], targets: &[usize]) -> Vec<(usize, usize, Option<Vec<u8>>)> {
        let mut anchors = Anchors::new(targets);
        for token in tokens(source) {
            let takes = match token.kind {
                Kind::Open => Takes::Id,
                Kind::Text => Takes::Anchor,
                Kind::Close | Kind::Other => Takes::Nothing,
            };
            anchors.token(&token, takes, |at| at);
        }
        let anchors = anchors.finish(Some(source.len()));
        anchors.into_iter().map(|anchor| (anchor.target, anchor.at, anchor.existing)).collect()
    }

    #[test]
    fn places_settle_on_the_nearest_element() {
        //            0   4 5   9  11         22 23
        let source = b"<p >ab</p><h1 id='x'>c</h1>";
        let x = Some(b"x".to_vec());
        // The start of a tag, its middle, behind it: the element.
        assert_eq!(settle(source, &[0, 2, 4]), [(0, 0, None), (2, 0, None), (4, 0, None)]);
        // In the text: there. An end tag: what follows.
        assert_eq!(settle(source, &[5, 6]), [(5, 5, None), (6, 10, x.clone())]);
        assert_eq!(settle(source, &[10, 13, 21]), [(10, 10, x.clone()), (13, 10, x.clone()), (21, 10, x)]);
        // Behind everything.
        assert_eq!(settle(source, &[25, 99]), [(25, 27, None), (99, 27, None)]);
    }
}
