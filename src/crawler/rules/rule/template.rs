//! A rule with holes: `@get:{…}`, `{{…}}` and `$1`.

use super::super::error::RuleError;
use super::super::expression::Expression;
use super::super::limits;
use super::parse;
use super::{Kind, Rule};

/// A piece of a template.
#[derive(Debug)]
pub(in super::super) enum Piece {
    Text(String),
    /// A group of the match.
    Group(usize),
    /// A variable.
    Get(String),
    Rule(Box<Rule>),
    Expression(Expression),
}

/// Cuts a rule into pieces.
///
/// # Errors
/// When what is in braces is neither rule nor expression, or there are too many.
pub(super) fn pieces(source: &str, depth: usize) -> Result<Vec<Piece>, RuleError> {
    let mut pieces = Vec::new();
    let mut holes = 0;
    let mut text = String::new();
    let mut rest = source;
    // Once a hole has no end, none after it has: looking again for each would be quadratic.
    let mut has_end = true;
    while !rest.is_empty() {
        let braces = rest.find("{{").filter(|_| has_end);
        let end = braces.unwrap_or(rest.len()).min(get_place(rest).unwrap_or(rest.len()));
        let (before, hole) = rest.split_at(end);
        text.push_str(before);
        let Some((piece, after)) = hole_piece(hole, depth)? else {
            // What is not closed is text.
            has_end &= !hole.starts_with("{{");
            let (one, after) = hole.split_at(hole.chars().next().map_or(0, char::len_utf8));
            text.push_str(one);
            rest = after;
            continue;
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        pieces.push(piece);
        holes += 1;
        if holes > limits::HOLES {
            return Err(RuleError::TooLarge("number of holes of a rule"));
        }
        rest = after;
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

fn get_place(text: &str) -> Option<usize> {
    text.match_indices('@').map(|(at, _)| at).find(|&at| text.get(at..).is_some_and(is_get))
}

fn is_get(text: &str) -> bool {
    text.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("@get:{"))
}

fn hole_piece(hole: &str, depth: usize) -> Result<Option<(Piece, &str)>, RuleError> {
    if is_get(hole) {
        let found = hole.get(6..).and_then(|inside| inside.split_once('}'));
        return Ok(found.map(|(name, after)| (Piece::Get(name.trim().to_owned()), after)));
    }
    let Some((inside, after)) = hole.strip_prefix("{{").and_then(|inside| inside.split_once("}}")) else {
        return Ok(None);
    };
    let is_rule = inside.starts_with('@') || ["$.", "$[", "//"].iter().any(|start| inside.starts_with(start));
    let piece = if is_rule {
        Piece::Rule(Box::new(parse::rule(inside, Kind::Texts, depth + 1)?))
    } else {
        Piece::Expression(Expression::parse(inside)?)
    };
    Ok(Some((piece, after)))
}

/// Cuts texts further, at `$1` to `$99`.
pub(super) fn with_groups(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut cut = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => push_groups(&text, &mut cut),
            other => cut.push(other),
        }
    }
    cut
}

/// Whether a text has a `$1`.
pub(super) fn has_group(text: &str) -> bool {
    text.split('$').skip(1).any(|after| after.starts_with(|c: char| c.is_ascii_digit()))
}

fn push_groups(text: &str, out: &mut Vec<Piece>) {
    let mut before = String::new();
    let mut rest = text;
    while let Some((start, after)) = rest.split_once('$') {
        before.push_str(start);
        let length = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
        match after.get(..length).and_then(|digits| digits.parse().ok()) {
            Some(number) => {
                if !before.is_empty() {
                    out.push(Piece::Text(std::mem::take(&mut before)));
                }
                out.push(Piece::Group(number));
            }
            None => before.push('$'),
        }
        rest = after.get(length..).unwrap_or_default();
    }
    before.push_str(rest);
    if !before.is_empty() {
        out.push(Piece::Text(before));
    }
}

/// Divides pieces at every `##` of their texts.
pub(super) fn sections(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut sections = vec![Vec::new()];
    for piece in pieces {
        let Piece::Text(text) = piece else {
            push(&mut sections, piece);
            continue;
        };
        for (at, part) in text.split("##").enumerate() {
            if at > 0 {
                sections.push(Vec::new());
            }
            if !part.is_empty() {
                push(&mut sections, Piece::Text(part.to_owned()));
            }
        }
    }
    sections.truncate(limits::NESTING);
    sections
}

fn push(sections: &mut [Vec<Piece>], piece: Piece) {
    if let Some(last) = sections.last_mut() {
        last.push(piece);
    }
}
