//! Files that are books, and what comes in their place.

use super::*;

fn epub() -> Vec<u8> {
    let html =
        format!("<html><head><title>书</title></head><body><h1>一</h1><p>{}</p></body></html>", "正文。".repeat(100));
    let options = crate::book::WriteOptions::default();
    crate::book::write(&crate::book::read(html.as_bytes(), Some("a.html")).unwrap(), Format::Epub, &options)
        .unwrap()
        .bytes
}

/// A ZIP of stored files.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut index) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let size = (bytes.len() as u32).to_le_bytes();
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend([size, size].concat());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        index.extend(
            [b"PK\x01\x02\x14\0".as_slice(), &common, &[0; 10], &(out.len() as u32).to_le_bytes(), name.as_bytes()]
                .concat(),
        );
        out.extend([b"PK\x03\x04".as_slice(), &common, name.as_bytes(), bytes].concat());
    }
    let (at, length, count) = (out.len() as u32, index.len() as u32, files.len() as u16);
    out.extend(index);
    out.extend(
        [
            b"PK\x05\x06\0\0\0\0".as_slice(),
            &count.to_le_bytes(),
            &count.to_le_bytes(),
            &length.to_le_bytes(),
            &at.to_le_bytes(),
            &[0, 0],
        ]
        .concat(),
    );
    out
}

#[test]
fn whole_books_are_known_whatever_was_promised() {
    let epub = epub();
    assert_eq!(file(&epub, Some(Format::Epub)), Ok(Format::Epub));
    assert_eq!(file(&epub, Some(Format::Txt)), Ok(Format::Epub));
    assert_eq!(file(b"%PDF-1.7\n...\nstartxref\n9\n%%EOF\n", Some(Format::Epub)), Ok(Format::Pdf));
    assert_eq!(file("第一章 开端\n".repeat(50).as_bytes(), None), Ok(Format::Txt));
    let page = format!("<!DOCTYPE html><title>书</title><p>{}", "正文。".repeat(2_000));
    assert_eq!(file(page.as_bytes(), None), Ok(Format::Html));
    assert_eq!(file(&zip(&[("书/a.epub", &epub)]), None), Ok(Format::Epub));
}

#[test]
fn cut_files_are_known() {
    let epub = epub();
    assert_eq!(file(&epub[..epub.len() - 60], Some(Format::Epub)), Err(NotABook::CutOff(Format::Epub)));
    assert_eq!(file(b"%PDF-1.7\n1 0 obj\n<<>>", None), Err(NotABook::CutOff(Format::Pdf)));
    let mut mobi = vec![0; 200];
    mobi[60..68].copy_from_slice(b"BOOKMOBI");
    mobi[77] = 2;
    mobi[78..82].copy_from_slice(&96_u32.to_be_bytes());
    mobi[86..90].copy_from_slice(&150_u32.to_be_bytes());
    assert_eq!(file(&mobi, None), Ok(Format::Mobi));
    mobi[86..90].copy_from_slice(&5_000_u32.to_be_bytes());
    assert_eq!(file(&mobi, None), Err(NotABook::CutOff(Format::Mobi)));
    let fb2 = format!("<?xml version=\"1.0\"?><FictionBook><body><p>{}</p></body></FictionBook>", "x".repeat(9_000));
    assert_eq!(file(fb2.as_bytes(), None), Ok(Format::Fb2));
    assert_eq!(file(&fb2.as_bytes()[..9_000], None), Err(NotABook::CutOff(Format::Fb2)));
}

#[test]
fn pages_in_the_place_of_books() {
    let reason = |bytes: &[u8], named| file(bytes, named).unwrap_err();
    let epub = Some(Format::Epub);
    assert_eq!(reason(b"", epub), NotABook::Empty);
    assert_eq!(
        reason(b"<html><title>Just a moment...</title><body></body></html>", epub),
        NotABook::Barred("just a moment...".into())
    );
    assert_eq!(
        reason("<!DOCTYPE html><body>访问过于频繁，请稍后再试".as_bytes(), None),
        NotABook::Barred("访问过于频繁".into())
    );
    assert_eq!(reason(b"<html><h1>502 Bad Gateway</h1></html>", None), NotABook::Fault("502 bad gateway".into()));
    let page = "<!DOCTYPE html><TITLE lang=zh>三体 下载\n页</title><body><a href=x>下载</a>";
    let expected = NotABook::Page { promised: Format::Epub, title: "三体 下载 页".into() };
    assert_eq!(reason(page.as_bytes(), epub), expected);
    assert!(expected.to_string().contains("instead of the EPUB file came a web page, “三体 下载 页”"));
}

#[test]
fn answers_for_programs_and_scraps() {
    let reason = |bytes: &[u8], named| file(bytes, named).unwrap_err();
    let json = b" {\"code\": 403, \"message\": \"no\"}";
    assert!(matches!(reason(json, Some(Format::Epub)), NotABook::Answer(text) if text.contains("403")));
    assert!(matches!(reason(json, Some(Format::Txt)), NotABook::Answer(_)));
    let store = b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>";
    assert!(matches!(reason(store, None), NotABook::Answer(_)));
    assert!(matches!(reason(store, Some(Format::Pdf)), NotABook::Answer(_)));
    assert_eq!(reason(b"link expired", Some(Format::Mobi)), NotABook::TooShort(12, "link expired".into()));
    assert_eq!(reason("已失效".as_bytes(), None), NotABook::TooShort(3, "已失效".into()));
    assert_eq!(reason(b"Download limit reached", Some(Format::Txt)), NotABook::Barred("download limit".into()));
    assert_eq!(reason(&zip(&[("a.exe", b"MZ"), ("b.dll", b"MZ")]), None), NotABook::Archive);
    assert_eq!(reason(b"\x89PNG\r\n\x1a\n\0\0", Some(Format::Epub)), NotABook::Unknown);
}

#[test]
fn damage_breaks_nothing() {
    let epub = epub();
    for length in (0..epub.len()).step_by(97) {
        let _ = file(&epub[..length], Some(Format::Epub));
        let _ = file(&epub[length..], None);
    }
    for bytes in [
        b"PK\x03\x04".as_slice(),
        b"PK\x05\x06",
        b"%PDF-",
        b"<",
        b"{",
        b"\xEF\xBB\xBF",
        b"\xFF\xFE",
        b"<html",
        b"<title>",
        b"<Error",
    ] {
        for named in [None, Some(Format::Epub), Some(Format::Txt), Some(Format::Html), Some(Format::Mobi)] {
            let _ = file(bytes, named);
        }
    }
}
