//! What the room above promises, tried on small inputs.

use super::*;
use std::io::Write;

fn plain(title: &str) -> Vec<u8> {
    format!("%PDF-1.4\n1 0 obj\n<</Type/Catalog /Lang (zh-CN)>>\nendobj\n12 0 obj <</Titles 1 /Title {title} /Author (A \\(B\\) \\344) /Keywords (x, y)>>\nendobj\ntrailer <</Root 1 0 R /Info 12 0 R>>\n%%EOF").into_bytes()
}

#[test]
fn what_a_file_says_of_itself() {
    let book = read(&plain("<FEFF4E094F53>"), Some("x.pdf")).expect("a book");
    assert_eq!(book.metadata.title, "三体");
    assert_eq!(book.metadata.authors(), ["A (B) ä"]);
    assert_eq!(book.metadata.language.as_deref(), Some("zh-CN"));
    assert_eq!(book.metadata.subjects, ["x", "y"]);
    assert!(!book.text_known);
    let title = |source: &str| read(&plain(source), Some("名.pdf")).expect("a book").metadata.title;
    assert_eq!(title("(Microsoft Word - a.doc)"), "a");
    assert_eq!(title("(untitled)"), "名");
    assert_eq!(title("<C8FDCCE5D0A1CBB5>"), "三体小说");
    assert_eq!(title("(caf\\351 \\200)"), "café •");
}

#[test]
fn an_encrypted_file_says_nothing() {
    let mut bytes = plain("(T)");
    bytes.extend_from_slice(b"trailer <</Encrypt 5 0 R /Info 12 0 R>>");
    assert_eq!(read(&bytes, Some("名.pdf")).expect("a book").metadata.title, "名");
}

#[test]
fn objects_in_streams_and_xmp() {
    let mut data = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    data.write_all(b"3 0 7 2 1 <</Title (In a stream)>>").expect("bytes");
    let data = data.finish().expect("bytes");
    let mut bytes = b"%PDF-1.5\n4 0 obj <</Type/ObjStm/N 2/First 8/Filter/FlateDecode>>stream\r\n".to_vec();
    bytes.extend(data);
    bytes.extend_from_slice("\nendstream endobj 5 0 obj <</Type/XRef/Info 7 0 R>> <rdf:RDF><dc:creator><rdf:Seq><rdf:li>甲</rdf:li></rdf:Seq></dc:creator></rdf:RDF>".as_bytes());
    let book = read(&bytes, None).expect("a book");
    assert_eq!(book.metadata.title, "In a stream");
    assert_eq!(book.metadata.authors(), ["甲"]);
    let mut state = 9u64;
    for _ in 0..3000 {
        let mut bytes = bytes.clone();
        for _ in 0..4 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % bytes.len();
            bytes[at] = (state >> 20) as u8;
        }
        let _ = read(&bytes, None);
    }
}
