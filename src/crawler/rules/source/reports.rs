//! The report of a source, from its compiled rules and from the fields beside them.

use serde_json::{Map, Value};

use super::super::error::{Construct, RuleError};
use super::super::import::text;
use super::super::report::{FieldReport, Report, Step, StepReport};
use super::fields::Field;
use super::{Medium, Source, missing};

pub(super) fn report(source: &Source) -> Report {
    let mut steps = vec![
        step(source, Step::Search, search(source)),
        step(source, Step::Explore, explore(source)),
        step(source, Step::Detail, detail(source)),
    ];
    if source.medium != Medium::Files {
        steps.push(step(source, Step::Contents, contents(source)));
        steps.push(step(source, Step::Chapter, chapter(source)));
    }
    Report { steps }
}

/// What every step has beside its own fields.
fn step(source: &Source, step: Step, mut fields: Vec<FieldReport>) -> StepReport {
    if let Err(error) = &source.headers {
        fields.push(FieldReport::new("header", error, true));
    }
    let extras = source.extras.iter().filter(|(of, ..)| *of == step);
    fields.extend(extras.map(|(_, field, error, needed)| FieldReport::new(field, error, *needed)));
    StepReport::new(step, fields)
}

fn broken(fields: Vec<Field<'_>>) -> Vec<FieldReport> {
    let report = |field: Field<'_>| Some(FieldReport::new(field.name, &field.slot.error()?, field.needed));
    fields.into_iter().filter_map(report).collect()
}

fn search(source: &Source) -> Vec<FieldReport> {
    let mut reports = broken(source.search.fields());
    if let Err(error) = &source.search_address {
        reports.push(FieldReport::new("searchUrl", error, true));
    }
    let absent = [("bookList", &source.search.list), ("name", &source.search.name)];
    let absent = absent.into_iter().filter(|(_, slot)| !slot.is_there());
    reports.extend(absent.map(|(field, _)| FieldReport::new(field, &missing(field), true)));
    pattern(source, &mut reports);
    reports
}

fn explore(source: &Source) -> Vec<FieldReport> {
    let rules = source.list_rules(Step::Explore);
    let mut reports = match &source.lists {
        // Without lists, what their rules are is of no interest.
        Err(error) => return vec![FieldReport::new("exploreUrl", error, true)],
        Ok(_) => broken(rules.fields()),
    };
    for (field, slot) in [("bookList", &rules.list), ("name", &rules.name)] {
        if !slot.is_there() {
            reports.push(FieldReport::new(field, &missing(field), true));
        }
    }
    reports
}

fn detail(source: &Source) -> Vec<FieldReport> {
    let mut reports = broken(source.detail.fields());
    let address = match source.medium {
        Medium::Files => source.detail.files.needed_error("downloadUrls").map(|error| ("downloadUrls", error)),
        _ => source.detail.contents_url.error().map(|error| ("tocUrl", error)),
    };
    reports.extend(address.map(|(field, error)| FieldReport::new(field, &error, true)));
    reports
}

fn contents(source: &Source) -> Vec<FieldReport> {
    let rules = &source.contents;
    let mut reports = broken(rules.fields());
    let absent = [("chapterList", &rules.list), ("chapterName", &rules.name)];
    let absent = absent.into_iter().filter(|(_, slot)| !slot.is_there());
    reports.extend(absent.map(|(field, _)| FieldReport::new(field, &missing(field), true)));
    reports
}

fn chapter(source: &Source) -> Vec<FieldReport> {
    let mut reports = broken(source.chapter.fields());
    if !source.chapter.content.is_there() {
        reports.push(FieldReport::new("content", &missing("content"), true));
    }
    if source.medium == Medium::Audio {
        reports.push(FieldReport::new("bookSourceType", &unsupported(Construct::Audio, "a source of sound"), true));
    }
    reports
}

fn pattern(source: &Source, reports: &mut Vec<FieldReport>) {
    if let Some(Err(error)) = &source.detail_pattern {
        reports.push(FieldReport::new("bookUrlPattern", error, false));
    }
}

fn unsupported(construct: Construct, why: &str) -> RuleError {
    RuleError::Unsupported(construct, why.to_owned())
}

/// What is beside the rules: scripts for titles and pictures, pages for a browser, accounts.
pub(super) fn extras(fields: &Map<String, Value>) -> Vec<(Step, &'static str, RuleError, bool)> {
    let mut extras = Vec::new();
    let mut add = |step: Step, group: &str, field: &'static str, construct: Construct, needed: bool| {
        let value = match group {
            "" => text(fields, field),
            group => fields.get(group).and_then(Value::as_object).map(|group| text(group, field)).unwrap_or_default(),
        };
        if !value.is_empty() && !matches!(value.as_str(), "[]" | "{}") {
            extras.push((step, field, unsupported(construct, field), needed));
        }
    };
    add(Step::Search, "", "coverDecodeJs", Construct::JavaScript, false);
    add(Step::Contents, "ruleToc", "preUpdateJs", Construct::JavaScript, false);
    add(Step::Contents, "ruleToc", "formatJs", Construct::JavaScript, false);
    // The page is made, or its media found, by a browser.
    add(Step::Chapter, "ruleContent", "webJs", Construct::WebView, true);
    add(Step::Chapter, "ruleContent", "sourceRegex", Construct::WebView, true);
    add(Step::Chapter, "ruleContent", "imageDecode", Construct::JavaScript, false);
    add(Step::Chapter, "ruleContent", "payAction", Construct::JavaScript, false);
    add(Step::Chapter, "", "loginUrl", Construct::Login, false);
    add(Step::Chapter, "", "loginCheckJs", Construct::JavaScript, false);
    // An address made by a rule may ask for a browser: then the page it leads to is not to be had.
    let leading = [
        ("ruleSearch", "bookUrl", Step::Detail),
        ("ruleBookInfo", "tocUrl", Step::Contents),
        ("ruleToc", "chapterUrl", Step::Chapter),
    ];
    for (group, field, step) in leading {
        let value = fields.get(group).and_then(Value::as_object).map(|group| text(group, field)).unwrap_or_default();
        if asks_for_browser(&value) {
            extras.push((step, field, unsupported(Construct::WebView, field), true));
        }
    }
    extras
}

fn asks_for_browser(rule: &str) -> bool {
    let bare: String = rule.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\')).collect();
    bare.split("webView:").skip(1).any(|after| !after.starts_with("false") && !after.starts_with([',', '}']))
}
