//! Places inside a container: how a link in one file leads to another.
//!
//! These are names to look up, never paths on a disk: a link that climbs out of the container is
//! held at its root and finds nothing.

use percent_encoding::percent_decode_str;

/// A link cut into the file it leads to and the element in it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::book) struct Link {
    pub(in crate::book) path: String,
    pub(in crate::book) fragment: Option<String>,
}

/// Resolves `href`, found in the file `from`. `None` for links to other sites, `data:` and the like.
pub(in crate::book) fn resolve(from: &str, href: &str) -> Option<Link> {
    let href = href.trim();
    if has_scheme(href) || href.starts_with("//") {
        return None;
    }
    let (path, fragment) = match href.split_once('#') {
        Some((path, fragment)) => (path, Some(fragment)),
        None => (href, None),
    };
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let fragment = fragment.map(decoded).filter(|fragment| !fragment.is_empty());
    let path = if path.is_empty() { from.to_owned() } else { join(from, &decoded(path)) };
    Some(Link { path, fragment })
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn has_scheme(href: &str) -> bool {
    href.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// `path` as seen from the folder of `from`, with `.` and `..` worked out.
fn join(from: &str, path: &str) -> String {
    let path = path.replace('\\', "/");
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, href: &str, expected: Option<(&str, Option<&str>)>) {
        let link = resolve(from, href);
        assert_eq!(link.as_ref().map(|link| (link.path.as_str(), link.fragment.as_deref())), expected);
    }

    #[test]
    fn links_are_followed_inside_the_container() {
        check("OEBPS/a.opf", "text/%E4%B8%80.xhtml#p%201", Some(("OEBPS/text/一.xhtml", Some("p 1"))));
        check("OEBPS/text/a.xhtml", "../img/./b.png?x", Some(("OEBPS/img/b.png", None)));
        check("a.opf", "b.xhtml#", Some(("b.xhtml", None)));
        check("x/a.xhtml", "#here", Some(("x/a.xhtml", Some("here"))));
        check("x/a.xhtml", "/b", Some(("b", None)));
        check("x/a.xhtml", "100%.html", Some(("x/100%.html", None)));
    }

    #[test]
    fn links_out_of_it_find_nothing() {
        check("a.opf", "../../../etc/passwd", Some(("etc/passwd", None)));
        for outside in ["http://example.org/a", "data:image/png;base64,AA", "file:///etc/passwd", "//host/x"] {
            check("a.opf", outside, None);
        }
    }
}
