//! `Range: bytes=…` (RFC 9110, section 14): one range is honoured; several, or what cannot be understood, get the
//! whole file, as the standard allows.

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its first byte.
    pub(super) start: u64,
    /// Its length, in bytes.
    pub(super) length: u64,
    /// The size of the whole file, in bytes.
    pub(super) size: u64,
    /// Whether a range was asked for: even one of everything is answered as a part.
    asked: bool,
}

impl Part {
    /// All of a file.
    pub(super) fn whole(size: u64) -> Part {
        Part { start: 0, length: size, size, asked: false }
    }

    /// Whether it is sent as the whole file.
    pub(super) fn is_whole(self) -> bool {
        !self.asked
    }

    /// The header that says which part it is.
    pub(super) fn content_range(self) -> String {
        format!("bytes {}-{}/{}", self.start, self.start + self.length - 1, self.size)
    }
}

/// The part of a file of `size` bytes that the header asks for; `None` if the file has no such part.
pub(super) fn parse(header: &str, size: u64) -> Option<Part> {
    let Some((first, last)) = single(header) else { return Some(Part::whole(size)) };
    let (start, end) = match (first, last) {
        (Some(first), Some(last)) => (first, last.saturating_add(1).min(size)),
        (Some(first), None) => (first, size),
        (None, Some(suffix)) => (size.saturating_sub(suffix), size),
        (None, None) => return Some(Part::whole(size)),
    };
    (start < end).then(|| Part { start, length: end - start, size, asked: true })
}

/// First and last byte of the one range of the header; `None` if it has several, or makes no sense.
fn single(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = header.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let is_backwards = matches!((first, last), (Some(first), Some(last)) if first > last);
    (unit.trim().eq_ignore_ascii_case("bytes") && !is_backwards).then_some((first, last))
}

/// A number of digits only, `Some(None)` for none; one too large for us lies behind the end of any file.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn gives(header: &str, expected: Option<(u64, u64)>) {
        let found = parse(header, 100).map(|part| (part.start, part.length));
        assert_eq!(found, expected, "{header}");
    }

    #[test]
    fn one_range_is_honoured() {
        gives("bytes=0-9", Some((0, 10)));
        gives("bytes=90-", Some((90, 10)));
        gives("bytes=-5", Some((95, 5)));
        gives("bytes=-500", Some((0, 100)));
        gives("bytes=99-99", Some((99, 1)));
        gives("bytes=50-99999999999999999999999999", Some((50, 50)));
        gives("Bytes= 0-0", Some((0, 1)));
    }

    #[test]
    fn a_range_behind_the_end_is_refused() {
        gives("bytes=100-", None);
        gives("bytes=100-200", None);
        gives("bytes=-0", None);
        gives("bytes=99999999999999999999999999-", None);
        assert_eq!(parse("bytes=0-", 0), None);
    }

    #[test]
    fn what_makes_no_sense_gets_the_whole() {
        for header in
            ["", "bytes", "bytes=", "bytes=-", "bytes=5-3", "bytes=a-b", "bytes=+1-2", "items=0-1", "bytes=0-1,5-6"]
        {
            assert_eq!(parse(header, 100), Some(Part::whole(100)), "{header}");
        }
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_file(header in "(bytes)?=?[0-9]{0,22}-?[0-9]{0,22}(,[0-9]-)?", size in 0..2_000_u64) {
            if let Some(part) = parse(&header, size) {
                prop_assert!(part.start + part.length <= size);
                prop_assert!(part.length > 0 || part.is_whole());
            }
        }
    }
}
