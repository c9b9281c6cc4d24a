//! The guide: named places, by the words of OPF 2.

use crate::book::LandmarkKind;

/// The kind a guide's type stands for; `None` for those that are nothing in particular.
pub(in crate::book) fn landmark_kind(name: &str) -> Option<LandmarkKind> {
    let name = name.trim().to_ascii_lowercase();
    Some(match name.strip_prefix("other.").unwrap_or(&name) {
        "cover" => LandmarkKind::Cover,
        "title-page" | "titlepage" => LandmarkKind::TitlePage,
        "toc" => LandmarkKind::Contents,
        "text" | "start" | "bodymatter" => LandmarkKind::Start,
        "foreword" => LandmarkKind::Foreword,
        "preface" => LandmarkKind::Preface,
        "epigraph" => LandmarkKind::Epigraph,
        "dedication" => LandmarkKind::Dedication,
        "acknowledgements" | "acknowledgments" => LandmarkKind::Acknowledgements,
        "copyright-page" | "copyright" => LandmarkKind::Copyright,
        "notes" | "footnotes" | "endnotes" | "rearnotes" => LandmarkKind::Notes,
        "bibliography" => LandmarkKind::Bibliography,
        "glossary" => LandmarkKind::Glossary,
        "index" => LandmarkKind::Index,
        "colophon" => LandmarkKind::Colophon,
        "loi" => LandmarkKind::Illustrations,
        "lot" => LandmarkKind::Tables,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_by_name() {
        assert_eq!(landmark_kind("toc"), Some(LandmarkKind::Contents));
        assert_eq!(landmark_kind("other.Copyright"), Some(LandmarkKind::Copyright));
        assert_eq!(landmark_kind("x"), None);
    }
}
