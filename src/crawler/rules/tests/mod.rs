//! Whole sources and single rules against small pages: each construct that sources use, with what the format says it
//! gives. Sources and pages are made up.

mod constructs;
mod journeys;
mod reports;

use url::Url;

use crate::crawler::page::Page;

/// Calls something with a page.
fn with_page<T>(url: &str, text: &str, read: impl FnOnce(&Page<'_>) -> T) -> T {
    let url = Url::parse(url).unwrap();
    read(&Page { url: &url, media_type: "text/html", bytes: text.as_bytes(), charset: Some("utf-8") })
}
