//! What the room above promises, tried on small inputs.

use super::super::TOO_LARGE_TOGETHER;
use super::*;
use image::{ImageFormat, RgbImage};
use std::io::Cursor;

fn nothing(_: &str) -> Option<&'static [u8]> {
    None
}

fn svg(inside: &str) -> Vec<u8> {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' \
         width='100' height='100'>{inside}</svg>"
    )
    .into_bytes()
}

#[track_caller]
fn rendered(inside: &str, lookup: &Lookup<'_>) -> RgbImage {
    super::super::flat(render(&svg(inside), lookup, 100, 100).expect("renders"))
}

fn is_blank(picture: &RgbImage) -> bool {
    picture.pixels().all(|pixel| pixel.0 == [255; 3])
}

#[test]
fn a_drawing_is_sharp_and_says_its_size() {
    let drawing =
        draw(&svg("<circle cx='50' cy='50' r='40' fill='red'/>"), &nothing, &Budget::default()).expect("draws");
    assert_eq!((drawing.width, drawing.height, drawing.media_type), (100, 100, "image/png"));
    let picture = super::super::decode(&drawing.bytes).expect("decodes").into_rgba8();
    assert_eq!((picture.width(), picture.height()), (200, 200));
    assert_eq!((picture.get_pixel(0, 0).0, picture.get_pixel(100, 100).0), ([0; 4], [255, 0, 0, 255]));
}

#[test]
fn text_is_set_in_our_fonts() {
    for text in ["Moby", "白鲸"] {
        let picture = rendered(&format!("<text y='60' font-size='40' font-family='Nowhere'>{text}</text>"), &nothing);
        assert!(!is_blank(&picture), "{text}");
    }
}

#[test]
fn pictures_come_from_the_book_and_from_nowhere_else() {
    let mut red = Cursor::new(Vec::new());
    RgbImage::from_pixel(4, 4, image::Rgb([200, 0, 0])).write_to(&mut red, ImageFormat::Png).expect("encodes");
    let red = red.into_inner();
    let image = |href: &str| format!("<image width='100' height='100' xlink:href='{href}'/>");
    let book = |href: &str| (href == "../a.png").then_some(red.as_slice());
    assert_eq!(rendered(&image("../a.png"), &book).get_pixel(50, 50).0, [200, 0, 0]);
    use base64::Engine;
    let data = base64::engine::general_purpose::STANDARD.encode(&red);
    let inline = rendered(&image(&format!("data:image/jpeg;base64,{data}")), &nothing);
    assert_eq!(inline.get_pixel(50, 50).0, [200, 0, 0]);
    let icon = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for elsewhere in ["file:///etc/passwd", icon, "http://example.org/a.png", "b.png"] {
        assert!(render(&svg(&image(elsewhere)), &nothing, 100, 100).is_err(), "{elsewhere} is shown");
    }
}

#[test]
fn what_multiplies_is_refused() {
    let mut uses = "<g id='a0'><rect width='9' height='9'/></g>".to_owned();
    let mut patterns = "<pattern id='p0' width='1' height='1'><rect width='9' height='9'/></pattern>".to_owned();
    for at in 1..30 {
        let before = at - 1;
        uses += &format!("<g id='a{at}'>{}</g>", format!("<use xlink:href='#a{before}'/>").repeat(10));
        let rect = format!("<rect width='9' height='9' fill='url(#p{before})'/>").repeat(10);
        patterns += &format!("<pattern id='p{at}' width='1' height='1'>{rect}</pattern>");
    }
    let laughs = "<!DOCTYPE svg [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;'>]>\
                  <svg xmlns='http://www.w3.org/2000/svg'><text>&c;</text></svg>";
    let dots = "M0 0".to_owned() + &"L1 1".repeat(20_000);
    let markers = format!(
        "<marker id='m'>{}</marker><path marker-mid='url(#m)' d='{dots}'/>",
        "<rect width='1' height='1'/>".repeat(1000)
    );
    for bomb in [svg(&uses), svg(&patterns), svg(&markers), laughs.as_bytes().to_vec()] {
        assert!(draw(&bomb, &nothing, &Budget::default()).is_err());
    }
    let itself = "<g id='a'><use xlink:href='#a'/></g>";
    assert_eq!(draw(&svg(itself), &nothing, &Budget::default()), Err("the drawing contains itself"));
}

#[test]
fn what_costs_too_much_is_refused_or_made_smaller() {
    let dear = "<filter id='f' x='0' y='0' width='1' height='1'><feMorphology radius='1000'/></filter>\
                <rect filter='url(#f)' width='100' height='100'/>";
    assert_eq!(draw(&svg(dear), &nothing, &Budget::default()), Err(TOO_COMPLEX));
    let tile = "<pattern id='p' width='1e7' height='1e7' patternUnits='userSpaceOnUse'><rect width='9' height='9'/>\
                </pattern><rect fill='url(#p)' width='9' height='9'/>";
    assert_eq!(draw(&svg(tile), &nothing, &Budget::default()), Err(TOO_COMPLEX));
    let dashes = "<path stroke='red' stroke-dasharray='1e-5' d='M0 0L1e6 1e6'/>";
    assert_eq!(draw(&svg(dashes), &nothing, &Budget::default()), Err(TOO_COMPLEX));
    let layers = "<g opacity='.9'>".repeat(60) + "<rect width='100' height='100'/>" + &"</g>".repeat(60);
    let smaller = render(&svg(&layers), &nothing, 2560, 2560).expect("renders");
    assert!((200..2560).contains(&smaller.width()), "{}", smaller.width());
}

#[test]
fn the_deepest_chain_that_is_taken_does_not_overflow_the_stack() {
    let chain = |links: usize| {
        let mut out = "<g id='a0' opacity='.9'><rect width='9' height='9'/></g>".to_owned();
        for at in 1..links {
            out += &format!("<g id='a{at}' opacity='.9'><use xlink:href='#a{}'/></g>", at - 1);
        }
        draw(&svg(&out), &nothing, &Budget::default())
    };
    assert!((1..80).any(|links| chain(links).is_err()));
    let longest = (1..80).take_while(|links| chain(*links).is_ok()).count();
    assert!(longest > 20, "{longest}");
}

#[test]
fn damage_is_an_error() {
    for bad in [&b"<svg"[..], b"", b"<svg xmlns='http://www.w3.org/2000/svg' width='0' height='0'/>", b"<svg/>"] {
        assert!(draw(bad, &nothing, &Budget::default()).is_err() || bad == b"<svg/>", "{bad:?}");
    }
}

#[test]
fn all_drawings_of_a_book_share_one_budget() {
    let budget = Budget { painted: std::cell::Cell::new(3e7), ..Budget::default() };
    let dear = "<rect width='100' height='100' opacity='.5'/>".repeat(20);
    let shown = (0..100).filter(|_| draw(&svg(&dear), &nothing, &budget).is_ok()).count();
    assert_eq!(draw(&svg(&dear), &nothing, &budget), Err(TOO_LARGE_TOGETHER));
    assert!((1..100).contains(&shown), "{shown}");
    assert!(budget.painted() >= 0.0);
}
