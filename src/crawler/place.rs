//! Where on a page stands what a rule has found: shown to whoever writes the rule, so that it can be seen whether it is
//! the right one.

/// Characters shown on either side.
const AROUND: usize = 80;
/// Characters of what was found that are looked for and shown.
const FOUND: usize = 200;

/// A place in a page's text.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// What stands before it.
    pub before: String,
    /// What was found, as it is written there.
    pub found: String,
    /// What stands behind it.
    pub after: String,
}

/// The first place of a value in a text. A rule may have made an address whole, or have taken lines together: then its
/// path is looked for, or its first line. None if it does not stand there in any of these ways.
pub(super) fn place_of(value: &str, text: &str) -> Option<Place> {
    let url = url::Url::parse(value).ok();
    let path = url.as_ref().map(|url| &url[url::Position::BeforePath..url::Position::AfterQuery]);
    let line = value.lines().map(str::trim).find(|line| !line.is_empty());
    let name = path.and_then(|path| path.rsplit('/').next());
    let ways = [Some(value), path, name, line].into_iter().flatten().map(|way| first(way, FOUND));
    let (at, found) = ways.filter(|way| way.chars().count() > 1).find_map(|way| Some((text.find(way)?, way)))?;
    let before = text.get(..at)?;
    let start = before.char_indices().rev().take(AROUND).last().map_or(at, |(start, _)| start);
    let after = text.get(at + found.len()..)?;
    Some(Place {
        before: before.get(start..)?.to_owned(),
        found: found.to_owned(),
        after: first(after, AROUND).to_owned(),
    })
}

/// The first so many characters.
fn first(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<ul><li><a href=\"/book/7.html?x=1\">三体</a> 刘慈欣</li></ul>";

    #[track_caller]
    fn check(value: &str, expected: Option<&str>) {
        let place = place_of(value, PAGE);
        assert_eq!(place.as_ref().map(|place| place.found.as_str()), expected, "{value}");
        if let Some(Place { before, found, after }) = place {
            assert_eq!(before + &found + &after, PAGE);
        }
    }

    #[test]
    fn a_value_is_found_as_it_is_or_as_it_was_written() {
        check("三体", Some("三体"));
        check("https://e.cn/book/7.html?x=1", Some("/book/7.html?x=1"));
        check("\n 三体\n又一行", Some("三体"));
        check("https://e.cn/other", None);
        check("", None);
        check("流浪地球", None);
    }

    #[test]
    fn long_pages_are_cut_around_it() {
        let long = format!("{}三体{}", "前".repeat(500), "后".repeat(500));
        let place = place_of("三体", &long).unwrap();
        assert_eq!((place.before.chars().count(), place.after.chars().count()), (AROUND, AROUND));
        assert_eq!(place_of(&"前".repeat(499), &long).unwrap().found.chars().count(), FOUND);
    }
}
