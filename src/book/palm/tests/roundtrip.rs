//! What our writers write comes back.

use super::{letters, markup, sample, written};
use crate::book::{self, Contributor, Direction, Format, Role, Series, Spread};

#[test]
fn the_text_comes_back_from_both_formats() {
    let source = sample();
    let text = letters(&source);
    for format in [Format::Azw3, Format::Mobi] {
        let back = book::read(&written(&source, format), None).expect("a book");
        assert_eq!(letters(&back), text, "{format}");
        assert_eq!(back.toc().len(), 3);
        assert_eq!(back.toc()[0].children.len(), 1);
        let twice = book::read(&written(&back, format), None).expect("a book");
        assert_eq!(letters(&twice), text, "{format} again");
        let links: Vec<bool> = ["注</a>", "回</a>", "there"].map(|link| markup(&back).contains(link)).to_vec();
        assert_eq!(links, [true; 3]);
    }
}

#[test]
fn signs_that_mobi_adds_are_taken_back() {
    let file = written(&sample(), Format::Mobi);
    let back = book::read(&file, None).expect("a book");
    let markup = markup(&back);
    assert!(markup.contains("<q>He said <q>so</q></q>"), "{markup}");
    assert!(markup.contains("<ruby>鄧<rt>トウ</rt></ruby>小平"), "{markup}");
    assert!(markup.contains("<i>see</i> <q><a href="), "{markup}");
    assert!(!markup.contains('“') && !markup.contains("(トウ)"));
}

#[test]
fn a_drawing_in_a_page_stays_there() {
    let back = book::read(&written(&sample(), Format::Azw3), None).expect("a book");
    let markup = markup(&back);
    assert_eq!(markup.matches("<svg").count(), 1);
    assert!(markup.contains("<path d=\"M0 0h9v9z\""));
    assert_eq!(markup.matches("<img").count(), 1);
}

#[test]
fn people_and_order_come_back() {
    let mut source = sample();
    let person = |name: &str, role, sort_as: Option<&str>| Contributor {
        name: name.into(),
        role,
        sort_as: sort_as.map(str::to_owned),
        creator: role == Role::Author,
    };
    source.metadata.contributors = vec![
        person("曹雪芹", Role::Author, None),
        person("Hawkes & Minford", Role::Translator, Some("Hawkes")),
        person("曹雪芹", Role::Illustrator, None),
        person("someone", Role::Other, None),
    ];
    source.metadata.series = Some(Series { name: "<四大名著>".into(), number: Some("1.5".into()) });
    source.metadata.subtitle = Some("a subtitle".into());
    source.layout.direction = Some(Direction::RightToLeft);
    source.layout.vertical = true;
    source.layout.spreads = [(0, Spread::Right), (2, Spread::Center)].into();
    source.chapters[1].linear = false;
    for format in [Format::Azw3, Format::Mobi] {
        let back = book::read(&written(&source, format), None).expect("a book");
        let mut found: Vec<_> = back.metadata.contributors.clone();
        let mut expected = source.metadata.contributors.clone();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        expected.sort_by(|one, other| one.name.cmp(&other.name));
        assert_eq!(found, expected, "{format}");
        assert_eq!(back.metadata.series, source.metadata.series);
        assert_eq!(back.metadata.subtitle, source.metadata.subtitle);
        let linear: Vec<bool> = back.chapters.iter().map(|chapter| chapter.linear).collect();
        assert_eq!(linear, [true, false, true]);
        assert_eq!(letters(&back), letters(&source), "in order");
        let chapters: Vec<_> =
            back.toc.iter().map(|entry| entry.target.as_ref().map(|target| target.chapter)).collect();
        assert_eq!(chapters, [Some(0), Some(1), Some(2)]);
        if format == Format::Azw3 {
            assert_eq!(back.layout, source.layout);
        }
    }
}

#[test]
fn a_book_that_says_no_more_has_no_description() {
    let mut source = sample();
    source.metadata.add_author("曹雪芹");
    for format in [Format::Azw3, Format::Mobi] {
        let file = written(&source, format);
        assert!(!file.windows(4).any(|four| four == b"RESC"));
    }
}
