//! The cutter under the parser: text up to a stop, with strings, brackets, escapes and comments
//! seen for what they are. Every byte is looked at once.

/// A place in a sheet.
pub(super) struct Scanner<'a> {
    css: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(css: &'a str) -> Scanner<'a> {
        Scanner { css: css.strip_prefix('\u{FEFF}').unwrap_or(css), at: 0 }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.css.as_bytes().get(self.at).copied()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.peek().is_none()
    }

    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    pub(super) fn step_back(&mut self) {
        self.at = self.at.saturating_sub(1);
    }

    fn rest(&self) -> &'a str {
        self.css.get(self.at..).unwrap_or("")
    }

    fn starts_with(&self, what: &str) -> bool {
        self.css.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(what.as_bytes()))
    }

    /// Blanks, comments, stray `;`, and the `<!--` and `-->` that hid sheets from old browsers.
    pub(super) fn skip_between_rules(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b'\x0C' | b';' => self.at += 1,
                b'/' if self.skip_comment() => {}
                b'<' if self.starts_with("<!--") => self.at += 4,
                b'-' if self.starts_with("-->") => self.at += 3,
                _ => return,
            }
        }
    }

    fn skip_comment(&mut self) -> bool {
        if !self.starts_with("/*") {
            return false;
        }
        let end = self.rest().get(2..).and_then(|rest| rest.find("*/"));
        self.at = end.map_or(self.css.len(), |end| self.at + end + 4);
        true
    }

    /// Letters, digits, `-` and `_`.
    pub(super) fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !(byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or("");
        self.at += word.len();
        word
    }

    /// What stands before the first of the `stops` outside strings and brackets, and which stop it
    /// was; the stop is taken. Comments are gone, blanks are made one.
    pub(super) fn text(&mut self, stops: &[u8]) -> (String, Option<u8>) {
        let mut out = String::new();
        let mut open: Vec<u8> = Vec::new();
        let mut plain = self.at;
        loop {
            let Some(byte) = self.peek() else {
                self.copy(plain, &mut out);
                return (trimmed(out), None);
            };
            let inside = !open.is_empty();
            match byte {
                _ if !inside && stops.contains(&byte) => {
                    self.copy(plain, &mut out);
                    self.at += 1;
                    return (trimmed(out), Some(byte));
                }
                // An open bracket does not swallow the rest of a book's styles.
                b'{' | b'}' if inside => open.clear(),
                b'"' | b'\'' => {
                    self.skip_string(byte);
                }
                b'\\' => self.skip_escape(),
                b'/' if self.starts_with("/*") => {
                    self.copy(plain, &mut out);
                    self.skip_comment();
                    blank(&mut out);
                    plain = self.at;
                }
                b' ' | b'\t' | b'\n' | b'\r' | b'\x0C' => {
                    self.copy(plain, &mut out);
                    self.at += 1;
                    blank(&mut out);
                    plain = self.at;
                }
                b'(' if self.is_after_url() => self.skip_url(),
                b'(' | b'[' => {
                    open.push(byte);
                    self.at += 1;
                }
                b')' | b']' => {
                    open.pop();
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
    }

    fn copy(&self, from: usize, out: &mut String) {
        out.push_str(self.css.get(from..self.at).unwrap_or(""));
    }

    /// Over a string, or to the end of the line if it is not closed.
    fn skip_string(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.skip_escape(),
                b'\n' => return,
                _ => {
                    self.at += 1;
                    if byte == quote {
                        return;
                    }
                }
            }
        }
    }

    fn skip_escape(&mut self) {
        let length = self.rest().chars().nth(1).map_or(0, char::len_utf8);
        self.at += 1 + length;
    }

    fn is_after_url(&self) -> bool {
        let before = self.at.checked_sub(3).and_then(|from| self.css.as_bytes().get(from..self.at));
        before.is_some_and(|word| word.eq_ignore_ascii_case(b"url"))
    }

    /// Over `(…)` after `url`: without quotes, anything but blanks may stand there.
    fn skip_url(&mut self) {
        self.at += 1;
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
        if let Some(quote @ (b'"' | b'\'')) = self.peek() {
            self.skip_string(quote);
        }
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.skip_escape(),
                b')' => {
                    self.at += 1;
                    return;
                }
                b'\n' => return,
                _ => self.at += 1,
            }
        }
    }

    /// To the `}` that closes the block whose `{` was taken.
    pub(super) fn skip_block(&mut self) {
        let mut depth = 1usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' | b'\'' => self.skip_string(byte),
                b'\\' => self.skip_escape(),
                b'/' if self.skip_comment() => {}
                b'(' if self.is_after_url() => self.skip_url(),
                _ => {
                    self.at += 1;
                    match byte {
                        b'{' => depth += 1,
                        b'}' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        return;
                    }
                }
            }
        }
    }
}

fn blank(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

fn trimmed(mut text: String) -> String {
    text.truncate(text.trim_end().len());
    text
}

/// Whether strings and brackets are closed.
pub(super) fn is_balanced(text: &str) -> bool {
    let mut open: Vec<u8> = Vec::new();
    let sound = walk(text, |byte| match byte {
        b'(' | b'[' => {
            open.push(byte);
            true
        }
        b')' => open.pop() == Some(b'('),
        b']' => open.pop() == Some(b'['),
        _ => true,
    });
    sound && open.is_empty()
}

/// Whether one of those characters stands outside strings and `url(…)`.
pub(super) fn has_outside(text: &str, wanted: &[u8]) -> bool {
    !walk(text, |byte| !wanted.contains(&byte))
}

/// Shows each byte outside strings and `url(…)`; false if `see` says so of one, or if a string is
/// not closed.
fn walk(text: &str, mut see: impl FnMut(u8) -> bool) -> bool {
    let mut scanner = Scanner { css: text, at: 0 };
    while let Some(byte) = scanner.peek() {
        let from = scanner.at;
        match byte {
            b'"' | b'\'' => {
                scanner.skip_string(byte);
                let closed = scanner.at > from + 1 && text.as_bytes().get(scanner.at - 1) == Some(&byte);
                if !closed {
                    return false;
                }
            }
            b'\\' => scanner.skip_escape(),
            b'(' if scanner.is_after_url() => {
                scanner.skip_url();
                if text.as_bytes().get(scanner.at - 1) != Some(&b')') {
                    return false;
                }
            }
            _ => {
                if !see(byte) {
                    return false;
                }
                scanner.at += 1;
            }
        }
    }
    true
}
