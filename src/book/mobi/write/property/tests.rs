//! What the file above promises, tried on small inputs.

use super::*;

fn of(name: &str, value: &str) -> Vec<Property> {
    let mut found = Vec::new();
    properties(&Declaration::new(name, value), &mut found);
    found
}

#[test]
fn values_are_understood() {
    assert_eq!(of("font-weight", "700"), [Property::Bold(true)]);
    assert_eq!(of("font-size", "24px"), [Property::Size(Size::Of(1.5))]);
    assert_eq!(of("font-size", "150%"), [Property::Size(Size::Times(1.5))]);
    assert_eq!(of("text-indent", "10%"), [Property::Indent(3.0)]);
    assert_eq!(of("color", "#F00"), [Property::Color(Some(0xFF_0000))]);
    assert_eq!(of("color", "rgb(0, 0,0)"), [Property::Color(None)]);
    assert_eq!(
        of("font", "italic bold 12pt/1.5 Courier"),
        [Property::Size(Size::Of(1.0)), Property::Bold(true), Property::Italic(true), Property::Mono(true),]
    );
    assert_eq!(of("margin", "1em auto 0 5%"), [Property::Above(1.0), Property::Below(0.0), Property::MarginLeft(1.5)]);
    assert_eq!(of("list-style", "square outside"), [Property::Marker(Marker::Bullet)]);
    assert_eq!(of("position", "absolute"), []);
    assert_eq!(of("margin", "calc(1em + 2px)"), []);
}
