//! What of a source works here, told when it is imported and not when a follower waits.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::{Construct, RuleError};

/// A step on the way from words to chapters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// A search.
    Search,
    /// A list of books, by kind or rank.
    Explore,
    /// The page of a book.
    Detail,
    /// The list of its chapters.
    Contents,
    /// A chapter.
    Chapter,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Search => "search",
            Step::Explore => "lists",
            Step::Detail => "detail",
            Step::Contents => "contents",
            Step::Chapter => "chapter",
        })
    }
}

/// How much of a step works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Works {
    /// Everything.
    Whole,
    /// All that is needed.
    WithoutOptional,
    /// Not: something needed does not evaluate, or is not there.
    No,
}

/// A field that does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldReport {
    /// Its name in the format.
    pub field: String,
    /// What it has that is not carried out.
    pub construct: Construct,
    /// Where, in a few words.
    pub why: String,
    /// Whether the step needs it.
    pub needed: bool,
}

impl FieldReport {
    pub(super) fn new(field: &str, error: &RuleError, needed: bool) -> FieldReport {
        let (construct, why) = match error {
            RuleError::Unsupported(construct, why) => (*construct, why.clone()),
            other => (Construct::Syntax, other.to_string()),
        };
        FieldReport { field: field.to_owned(), construct, why, needed }
    }
}

/// What of one step works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    /// The step.
    pub step: Step,
    /// How much of it works.
    pub works: Works,
    /// The fields that do not.
    pub fields: Vec<FieldReport>,
}

impl StepReport {
    pub(super) fn new(step: Step, fields: Vec<FieldReport>) -> StepReport {
        let works = match () {
            () if fields.iter().any(|field| field.needed) => Works::No,
            () if fields.is_empty() => Works::Whole,
            () => Works::WithoutOptional,
        };
        StepReport { step, works, fields }
    }
}

/// What of a source works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Every step that a source of its kind has.
    pub steps: Vec<StepReport>,
}

/// A report in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything works.
    Works,
    /// Books can be fetched, without these fields or steps.
    WorksWithout(Vec<String>),
    /// Books cannot be fetched: what would be needed, and for which steps.
    Needs(Vec<String>),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Works => f.write_str("works"),
            Verdict::WorksWithout(list) => write!(f, "works without {}", list.join(", ")),
            Verdict::Needs(list) => write!(f, "needs {}", list.join("; ")),
        }
    }
}

impl Report {
    /// The report of something that is no source at all.
    pub(super) fn of_broken(error: &RuleError) -> Report {
        let steps = [Step::Search, Step::Detail, Step::Contents, Step::Chapter];
        let report = |step| StepReport::new(step, vec![FieldReport::new("source", error, true)]);
        Report { steps: steps.into_iter().map(report).collect() }
    }

    /// Whether a step works, at least as far as it is needed.
    pub fn can(&self, step: Step) -> bool {
        self.steps.iter().any(|one| one.step == step && one.works != Works::No)
    }

    /// All of it in a line. Search and lists are two ways in, of which one is enough.
    pub fn verdict(&self) -> Verdict {
        let has_way_in = self.can(Step::Search) || self.can(Step::Explore);
        let is_way_in = |step: Step| matches!(step, Step::Search | Step::Explore);
        let mut needs: BTreeMap<Construct, Vec<String>> = BTreeMap::new();
        let mut without = Vec::new();
        for one in &self.steps {
            let is_spare = is_way_in(one.step) && has_way_in || one.step == Step::Explore;
            for field in one.fields.iter().filter(|field| field.needed || one.works != Works::No) {
                let name = match (field.needed, is_spare) {
                    (true, false) => {
                        let steps = needs.entry(field.construct).or_default();
                        if !steps.contains(&one.step.to_string()) {
                            steps.push(one.step.to_string());
                        }
                        continue;
                    }
                    (true, true) if field.construct == Construct::Missing => continue,
                    (true, true) => one.step.to_string(),
                    (false, _) => readable(&field.field),
                };
                if !without.contains(&name) {
                    without.push(name);
                }
            }
        }
        if !needs.is_empty() {
            let needs = needs.into_iter().map(|(construct, steps)| format!("{construct}: {}", steps.join(", ")));
            return Verdict::Needs(needs.collect());
        }
        if without.is_empty() { Verdict::Works } else { Verdict::WorksWithout(without) }
    }
}

/// A field of the format in plain words.
fn readable(field: &str) -> String {
    match field {
        "coverUrl" | "coverDecodeJs" => "cover",
        "lastChapter" => "last chapter",
        "wordCount" => "word count",
        "updateTime" => "time of update",
        "loginUrl" | "loginCheckJs" => "login",
        "isVolume" => "volumes",
        "isVip" | "isPay" | "payAction" => "marks of paid chapters",
        "replaceRegex" => "cleaning of chapters",
        "formatJs" => "cleaning of titles",
        "imageDecode" => "scrambled pictures",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, construct: Construct, needed: bool) -> FieldReport {
        FieldReport { field: name.into(), construct, why: String::new(), needed }
    }

    fn report(steps: Vec<(Step, Vec<FieldReport>)>) -> Report {
        Report { steps: steps.into_iter().map(|(step, fields)| StepReport::new(step, fields)).collect() }
    }

    #[test]
    fn verdicts_are_sentences() {
        let cover = || field("coverUrl", Construct::JavaScript, false);
        let script = || field("bookList", Construct::JavaScript, true);
        let said = |steps| report(steps).verdict().to_string();
        assert_eq!(said(vec![(Step::Search, vec![])]), "works");
        assert_eq!(said(vec![(Step::Search, vec![cover()]), (Step::Detail, vec![cover()])]), "works without cover");
        assert_eq!(
            said(vec![
                (Step::Search, vec![script(), cover()]),
                (Step::Chapter, vec![field("content", Construct::WebView, true)])
            ]),
            "needs JavaScript: search; webView: chapter"
        );
        assert_eq!(said(vec![(Step::Search, vec![script()]), (Step::Explore, vec![])]), "works without search");
        let missing = || field("exploreUrl", Construct::Missing, true);
        assert_eq!(said(vec![(Step::Search, vec![]), (Step::Explore, vec![missing()])]), "works");
    }

    #[test]
    fn a_step_can_if_what_it_needs_works() {
        let report = report(vec![
            (Step::Search, vec![field("coverUrl", Construct::JavaScript, false)]),
            (Step::Detail, vec![field("init", Construct::JavaScript, true)]),
        ]);
        assert!(report.can(Step::Search) && !report.can(Step::Detail) && !report.can(Step::Chapter));
        assert_eq!(report.steps[0].works, Works::WithoutOptional);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["steps"][1]["works"], "no");
    }
}
