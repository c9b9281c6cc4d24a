//! Rust source as the judge needs it: without comments, and cut into names. Not a parser: it knows just enough of
//! strings, characters and lifetimes not to be fooled by them.

/// One file under `src/`.
pub struct Source {
    /// Like `store/engine.rs`.
    pub path: String,
    /// As written.
    pub text: String,
    /// Comments and the contents of strings are blank; every line is where it was.
    pub code: String,
    /// Only comments are blank.
    pub spoken: String,
}

/// A name in the code, with what stands around it.
pub struct Name<'a> {
    pub text: &'a str,
    /// From 1.
    pub line: usize,
    /// The code before and behind, for a look around.
    pub before: &'a str,
    pub behind: &'a str,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let (code, spoken) = without_comments(text);
        Source { path: path.to_owned(), text: text.to_owned(), code, spoken }
    }

    /// The room: `store` for `store/engine.rs` and for `store.rs`.
    pub fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The code without the module of unit tests, which stands last.
    pub fn production(&self) -> &str {
        &self.code[..self.code.find("#[cfg(test)]\nmod tests").unwrap_or(self.code.len())]
    }

    /// How many modules one is inside of in this file: 1 in `config.rs` and `store/mod.rs`, 2 in `store/engine.rs`.
    pub fn depth(&self) -> usize {
        self.path.split('/').filter(|part| *part != "mod.rs").count()
    }
}

/// All names of some code, keywords among them.
pub fn names(code: &str) -> impl Iterator<Item = Name<'_>> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    let mut line = 1;
    std::iter::from_fn(move || {
        let start = at + code[at..].find(is_part)?;
        let end = code[start..].find(|c| !is_part(c)).map_or(code.len(), |length| start + length);
        line += code[at..start].matches('\n').count();
        at = end;
        Some(Name { text: &code[start..end], line, before: &code[..start], behind: &code[end..] })
    })
}

impl Name<'_> {
    /// Whether this is the start of a path (`sled::Db`), or a whole crate brought in (`use sled;`).
    pub fn is_crate(&self) -> bool {
        let before = self.before.trim_end();
        let is_first = !before.ends_with("::") && !before.ends_with('.');
        is_first && (self.behind.starts_with("::") || before.ends_with("use"))
    }

    pub fn is_macro(&self) -> bool {
        self.behind.starts_with('!') && !self.behind.starts_with("!=")
    }

    pub fn is_lifetime(&self) -> bool {
        self.before.ends_with('\'')
    }
}

/// The names directly behind `crate::`, with their lines; groups in braces are taken apart.
pub fn uses_of_crate(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for name in names(code).filter(|name| name.text == "crate") {
        let Some(behind) = name.behind.strip_prefix("::") else { continue };
        let behind = behind.trim_start();
        match behind.strip_prefix('{') {
            Some(group) => found.extend(group_members(group).map(|member| (name.line, member))),
            None => found.extend(names(behind).next().map(|first| (name.line, first.text.to_owned()))),
        }
    }
    found
}

/// The first name of every member of `{a, b::{c, d}, e}`, given what follows the brace.
fn group_members(group: &str) -> impl Iterator<Item = String> {
    let mut depth = 1;
    let mut top = String::new();
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 1 => top.push(c),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    let members: Vec<String> =
        top.split(',').filter_map(|member| Some(names(member).next()?.text.to_owned())).collect();
    members.into_iter()
}

/// The longest run of `super::super::…`, with its line.
pub fn longest_climb(code: &str) -> Option<(usize, usize)> {
    let climbs = names(code).filter(|name| name.text == "super" && !name.before.ends_with("super::")).map(|name| {
        let mut climb = 1;
        let mut rest = name.behind;
        while let Some(behind) = rest.strip_prefix("::super") {
            climb += 1;
            rest = behind;
        }
        (climb, name.line)
    });
    climbs.max()
}

/// The text without comments and strings, and without comments only.
fn without_comments(text: &str) -> (String, String) {
    let (mut code, mut spoken) = (String::new(), String::new());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, kind) = token(rest, code.chars().next_back());
        let (token, behind) = rest.split_at(length.max(first.len_utf8()));
        code.push_str(&if kind == Kind::Code { token.to_owned() } else { blank(token) });
        spoken.push_str(&if kind == Kind::Comment { blank(token) } else { token.to_owned() });
        rest = behind;
    }
    (code, spoken)
}

#[derive(PartialEq)]
enum Kind {
    Code,
    Text,
    Comment,
}

/// Length and kind of what the source begins with; `before` is the character of code in front of it.
fn token(rest: &str, before: Option<char>) -> (usize, Kind) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Kind::Comment);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), Kind::Comment);
    }
    if rest.starts_with('"') {
        return (quoted(rest, '"'), Kind::Text);
    }
    let is_in_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let raw = rest.strip_prefix("br").or(rest.strip_prefix('r')).filter(|_| !is_in_name);
    if let Some(raw) = raw {
        let fence = raw.len() - raw.trim_start_matches('#').len();
        if raw[fence..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(fence));
            let start = rest.len() - raw.len() + fence + 1;
            return (rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len()), Kind::Text);
        }
    }
    if let Some(behind) = rest.strip_prefix('\'') {
        let second = behind.chars().nth(1);
        if behind.starts_with('\\') || second == Some('\'') {
            return (quoted(rest, '\''), Kind::Text);
        }
    }
    (rest.chars().next().map_or(0, char::len_utf8), Kind::Code)
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    loop {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            let Some(next) = rest[at..].chars().next() else { return rest.len() };
            at += next.len_utf8();
        }
        if depth == 0 {
            return at;
        }
    }
}

fn blank(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}
