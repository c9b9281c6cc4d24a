//! robots.txt: rules, groups, odd files, and how long they last.

use super::*;

#[track_caller]
fn check(text: &str, forbidden: &[&str], allowed: &[&str]) {
    let robots = Robots::read(text, "shutong");
    for target in forbidden {
        assert!(robots.forbidding(target).is_some(), "{target} is allowed by {text:?}");
    }
    for target in allowed {
        assert_eq!(robots.forbidding(target), None, "{target}, {text:?}");
    }
}

#[test]
fn groups() {
    let text = "User-agent: a\nDisallow: /a\n\nUser-agent: *\nDisallow: /b\n\nUser-agent: SHUTONG/2.0\nDisallow: /c\n\
                User-agent: b\nUser-agent: shutong\n\nDisallow: /d\nSitemap: https://example.com/s\nDisallow: /e\n";
    check(text, &["/c", "/d", "/e"], &["/a", "/b", "/", "/robots.txt"]);
    check("User-agent: *\nDisallow: /\n", &["/", "/a"], &["/robots.txt"]);
    check("User-agent: *\nDisallow: /\nUser-agent: shutong\nDisallow:\n", &[], &["/", "/a"]);
    check("User-agent: *\nDisallow: /\nUser-agent: shutong\n", &[], &["/a"]);
    check("User-agent: shutongbot\nDisallow: /\nUser-agent: shu\nDisallow: /\n", &[], &["/"]);
    // Somebody forgot whom they meant.
    check("Disallow: /a", &["/a"], &["/"]);
    check("User-agent: b\nSitemap: x\nUser-agent: *\nDisallow: /a", &["/a"], &["/b"]);
}

#[test]
fn the_longest_rule_decides() {
    check("User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c\n", &["/a", "/a/c", "/a/b/c"], &["/a/b", "/b"]);
    check("User-agent: *\nAllow: /page\nDisallow: /page\n", &[], &["/page"]);
    check("User-agent: *\nAllow: /p\nDisallow: /*.php\n", &["/p.php"], &["/p"]);
    check("User-agent: *\nDisallow: /\nAllow: /$\n", &["/a"], &["/"]);
    let robots = Robots::read("User-agent: *\nDisallow: /a\nDisallow: /a*z$", "x");
    assert_eq!(robots.forbidding("/abz").as_deref(), Some("Disallow: /a*z$"));
    assert_eq!(robots.forbidding("/aby").as_deref(), Some("Disallow: /a"));
}

#[test]
fn stars_and_ends() {
    check("User-agent: *\nDisallow: /*.php$", &["/a.php", "/a.php.php"], &["/a.php?b", "/a.php/", "/.ph"]);
    check("User-agent: *\nDisallow: /a*b*c", &["/abc", "/a1b2c3"], &["/acb", "/ab"]);
    check("User-agent: *\nDisallow: *?q=", &["/?q=", "/a?q=1"], &["/?p=1"]);
    check("User-agent: *\nDisallow: /a***b$", &["/ab", "/a1b", "/abb"], &["/abc"]);
    check("User-agent: *\nDisallow: /a$", &["/a"], &["/ab", "/a$"]);
    check("User-agent: *\nDisallow: /a$b", &["/a$b"], &["/a", "/ab"]);
    check("User-agent: *\nDisallow: /aba*aba$", &["/abaaba"], &["/aba"]);
    check("User-agent: *\nDisallow: a", &["/a"], &["/b"]);
    check("User-agent: *\nDisallow: *", &["/", "/a"], &[]);
}

#[test]
fn one_spelling_for_what_means_the_same() {
    let spelt = ["/%E4%B9%A6", "/%e4%b9%a6", "/书"];
    for rule in spelt {
        check(&format!("User-agent: *\nDisallow: {rule}"), &spelt, &["/%E4%B9%A7"]);
    }
    check("User-agent: *\nDisallow: /%7Ea", &["/~a", "/%7ea"], &[]);
    check("User-agent: *\nDisallow: /~a", &["/%7Ea"], &[]);
    check("User-agent: *\nDisallow: /a%2fb", &["/a%2Fb"], &["/a/b"]);
    check("User-agent: *\nDisallow: /a%2Ab", &["/a*b", "/a%2ab"], &["/axb"]);
    check("User-agent: *\nDisallow: /a%", &["/a%", "/a%zz"], &["/a"]);
}

#[test]
fn odd_files() {
    check(
        "\u{FEFF}user-AGENT : *  # all\r\ndisALLOW\t: /a # why\r\rDissallow: /b\rDisallow /c",
        &["/a", "/b", "/c"],
        &["/d"],
    );
    check("<!DOCTYPE html><html><body>User-agent: none</body></html>", &[], &["/"]);
    for text in ["", ":", "::::", "\0\0", "User-agent", "Disallow:", "#", "User-agent: *\nAllow", "a: /b"] {
        check(text, &[], &["/", "/b"]);
    }
    // What stands behind 500 KiB is not read, and the cut may fall into a letter.
    let long = format!("User-agent: *\nDisallow: /a\n#{}\nDisallow: /b", "书".repeat(LARGEST / 3));
    check(&long, &["/a"], &["/b"]);
}

#[test]
fn delays_and_sitemaps() {
    let delay = |text: &str| Robots::read(text, "shutong").crawl_delay;
    assert_eq!(delay("User-agent: *\nCrawl-delay: 2.5\n"), Some(Duration::from_millis(2500)));
    assert_eq!(
        delay("User-agent: *\nCrawl-delay: 1\nUser-agent: shutong\nCrawl-delay: 7"),
        Some(Duration::from_secs(7))
    );
    assert_eq!(delay("User-agent: shutong\nDisallow: /a\nUser-agent: *\nCrawl-delay: 1"), None);
    for (value, expected) in
        [("99999", Some(60)), ("inf", Some(60)), ("-1", None), ("NaN", None), ("a", None), ("", None)]
    {
        assert_eq!(
            delay(&format!("User-agent: *\nCrawl-delay: {value}")),
            expected.map(Duration::from_secs),
            "{value}"
        );
    }
    let robots =
        Robots::read("Sitemap: https://example.com/a.xml\nUser-agent: b\nDisallow: /\nsitemap:/b.xml.gz\n", "c");
    assert_eq!(robots.sitemaps, ["https://example.com/a.xml", "/b.xml.gz"]);
    assert_eq!(Robots::read(&"Sitemap: a\n".repeat(9000), "c").sitemaps.len(), SITEMAPS);
}

#[test]
fn a_hostile_file_takes_no_time() {
    for rule in
        ["Disallow: /a$\n", "Disallow: *a*a*a*a$\n", "Disallow: *\n", &format!("Allow: /{}b\n", "*a".repeat(2000))]
    {
        let text = format!("User-agent: *\n{}", rule.repeat(LARGEST / rule.len()));
        let robots = Robots::read(&text, "shutong");
        let _ = robots.forbidding(&format!("/{}", "a".repeat(8000)));
    }
}

#[test]
fn how_long_it_is_believed() {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let kept = |found: Found| KeptRobots { asked_at: now, found };
    let minutes = |found: Found| (kept(found).due_at(now) - now).num_minutes();
    assert_eq!(minutes(Found::Text(String::new())), 24 * 60);
    assert_eq!(minutes(Found::Nothing), 24 * 60);
    let unreadable = |times| Found::Unreadable { why: "x".into(), times };
    let pauses = [0, 1, 2, 3, 11, 12, 40, u32::MAX].map(|times| minutes(unreadable(times)));
    assert_eq!(pauses, [1, 1, 2, 4, 1024, 1440, 1440, 1440]);
    let one = kept(Found::Nothing);
    assert!(!one.is_due(now) && !one.is_due(now + TimeDelta::hours(23)) && one.is_due(now + TimeDelta::hours(24)));
    assert!(one.is_due(now - TimeDelta::hours(1)), "a clock that was set back");
}
