//! Is everything as it should be? Looked at when somebody asks, because half of it asks others; and made to be copied
//! into a question to somebody else, so no secret is in it.

use askama::Template;
use serde_json::json;
use warp::http::{HeaderMap, StatusCode};
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::visit::Visit;
use crate::checkup::{self, Finding, State};
use crate::config::Language;

/// Headers whose values are secrets.
const SECRET: [&str; 4] = ["cookie", "authorization", "x-csrf-token", "proxy-authorization"];
/// Longest value that is shown, in characters.
const LONGEST: usize = 200;

#[derive(Template)]
#[template(path = "admin/diagnostics.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    /// None before anything was looked at.
    findings: Option<&'a [Finding]>,
    headers: &'a [(String, String)],
    report: &'a str,
    language: Language,
}

impl Page<'_> {
    fn name(&self, finding: &Finding) -> &'static str {
        match self.language {
            Language::Zh => finding.check.zh(),
            Language::En => finding.check.en(),
        }
    }

    fn fix(&self, finding: &Finding) -> Option<&'static str> {
        match self.language {
            Language::Zh => finding.fix_zh(),
            Language::En => finding.fix_en(),
        }
    }

    fn state(&self, finding: &Finding) -> (&str, &'static str) {
        match finding.state {
            State::Good => (self.frame.words.get("diagnostics.good"), "good"),
            State::Warn => (self.frame.words.get("diagnostics.warn"), "warn"),
            State::Bad => (self.frame.words.get("diagnostics.bad"), "bad"),
        }
    }
}

/// `GET /diagnostics`: what will be looked at; nothing is asked.
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    draw(visit, None)
}

/// `POST /diagnostics`: looks at everything. JSON for who wants it.
pub(super) async fn run(visit: &Visit) -> Result<Response, Refusal> {
    let (app, now) = (visit.app.clone(), visit.now);
    let here = move || Ok::<_, std::convert::Infallible>(checkup::here(&app, app.library.check(false), now));
    let (here, outside) = tokio::join!(visit.ask(here), checkup::outside(&visit.app));
    let mut findings = here?;
    findings.extend(outside);
    draw(visit, Some(&findings))
}

fn draw(visit: &Visit, findings: Option<&[Finding]>) -> Result<Response, Refusal> {
    let headers = shown(&visit.head.headers);
    if let Some(findings) = findings.filter(|_| visit.head.wants_json()) {
        return Ok(answer::json(StatusCode::OK, &json!({ "findings": findings, "headers": headers })));
    }
    let mut report: String = findings.unwrap_or_default().iter().map(|finding| finding.line() + "\n").collect();
    report += &format!("\nfrom {}\n", visit.head.peer);
    headers.iter().for_each(|(name, value)| report += &format!("{name}: {value}\n"));
    let language = if visit.words().tag() == "en" { Language::En } else { Language::Zh };
    let frame = visit.frame("diagnostics");
    answer::page(&Page { frame: &frame, findings, headers: &headers, report: &report, language })
}

/// The headers of a request as it came through whatever stands before us, without secrets.
fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let value = |name: &str, value: &[u8]| match SECRET.contains(&name) {
        true => "***".to_owned(),
        false => String::from_utf8_lossy(value).chars().take(LONGEST).collect(),
    };
    headers.iter().map(|(name, text)| (name.to_string(), value(name.as_str(), text.as_bytes()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_a_request_is_shown() {
        let mut headers = HeaderMap::new();
        headers.insert("Cookie", "shutong_admin=canary".parse().unwrap());
        headers.insert("Authorization", "Basic canary".parse().unwrap());
        headers.insert("X-Forwarded-For", "192.0.2.7".parse().unwrap());
        let text = format!("{:?}", shown(&headers));
        assert!(!text.contains("canary") && text.contains("192.0.2.7"), "{text}");
    }
}
