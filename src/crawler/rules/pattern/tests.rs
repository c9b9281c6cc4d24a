//! Tests of [`super`].

use super::*;

fn replaced(pattern: &str, text: &str, by: &str) -> String {
    Pattern::compile(pattern).unwrap().replace(text, by, &mut Budget::new()).unwrap()
}

#[test]
fn java_is_understood() {
    assert_eq!(replaced(r"(\d+)章\（(.)\）", "第12章（上）", "$2-$1"), "第上-12");
    assert_eq!(replaced(r"[\u4e00-\u9fa5]+", "a书童b", ""), "ab");
    assert_eq!(replaced(r"\Qa.b\E\<", "a.b<axb<", "\\$1"), "$1axb<");
    assert_eq!(replaced(r"(a)", "a", "$10"), "a0");
    assert_eq!(replaced(&"(.)".repeat(12), "abcdefghijkl", "$12$1\\$"), "la$");
    assert_eq!(replaced(r"\h+", "a\u{3000} b", "-"), "a-b");
    assert!(matches!(Pattern::compile("(?<!x)y").unwrap().engine, Engine::Backtracking(_)));
    assert_eq!(replaced(r"(.)\1", "aabcc", "<$1>"), "<a>b<c>");
    assert!(Pattern::compile("(").is_err());
}

#[test]
fn the_first_match_alone() {
    let first = |pattern: &str| {
        Pattern::compile(pattern).unwrap().replace_in_first("id=1;id=2", "$1", &mut Budget::new()).unwrap()
    };
    assert_eq!((first(r"id=(\d)").as_str(), first("(x)").as_str()), ("1", ""));
}

#[test]
fn what_takes_too_long_is_stopped() {
    let pattern = Pattern::compile(r"^(?:(a+)+\1)+c$").unwrap();
    let text = "a".repeat(3000) + "b";
    assert_eq!(pattern.is_found(&text, &mut Budget::new()), Err(RuleError::TooSlow));
    let pattern = Pattern::compile("a").unwrap();
    let many = "a".repeat(limits::MATCHES + 1);
    assert!(pattern.replace(&many, "b", &mut Budget::new()).is_err());
    assert!(Pattern::compile(&"(a{1,1000}){1,1000}".repeat(10)).is_err());
    assert!(Pattern::compile(&("(?=".repeat(10_000) + &")".repeat(10_000))).is_err());
}

#[test]
fn a_replacement_stops_at_the_bound() {
    let pattern = Pattern::compile(r"[\s\S]+").unwrap();
    let (text, by) = ("a".repeat(1 << 20), "$0".repeat(32_000));
    let budget = &mut Budget::new();
    assert_eq!(pattern.replace(&text, &by, budget), Err(RuleError::TooLarge("text")));
    assert_eq!(pattern.replace_in_first(&text, &by, budget), Err(RuleError::TooLarge("text")));
    assert_eq!(pattern.replace("a", &quoted(r"$0\1"), budget).unwrap(), r"$0\1");
    // What is left of the budget pays for replacements that write nothing, too.
    let budget = &mut Budget::of(20_000_000);
    let pattern = Pattern::compile("()b").unwrap();
    assert_eq!(pattern.replace(&"b".repeat(50_000), &"$1".repeat(32_000), budget), Err(RuleError::TooSlow));
}

#[test]
fn work_that_grows_is_booked() {
    let cost = |pattern: &str, text: &str| {
        let mut budget = Budget::new();
        let outcome = Pattern::compile(pattern).unwrap().groups(text, usize::MAX, &mut budget);
        outcome.map(|_| budget.spent())
    };
    let text = "ab书".repeat(30_000);
    // The more the expression has, the more a byte costs.
    assert!(cost(r"\b[\s\S]{0,40}Z", &text).unwrap() > 10 * cost("Z", &text).unwrap());
    assert!(cost("(((((((((a)))))))))", &text).unwrap() > 3 * cost("a", &text).unwrap());
    assert!(cost(r"\bZ", &text).unwrap() > 3 * cost("Z", &text).unwrap());
    // Each of these matches looks to the end of the page first.
    assert_eq!(cost("a(?:[\\s\\S]*Z)?", &text), Err(RuleError::TooSlow));
    assert_eq!(cost("a[\\s\\S]*Z|a", &text), Err(RuleError::TooSlow));
    assert_eq!(cost("(?x)#[\na[\\s\\S]*Z|a#]", &text), Err(RuleError::TooSlow));
    // These do not.
    assert!(cost("a.*?书|x", &text[..20_000]).is_ok() && cost("a[^书]*书", &text).is_ok());
    assert_eq!(cost("a(?!x)", &text), Err(RuleError::TooLarge("text for a regular expression with look-around")));
    assert_eq!(cost("a(?=[\\s\\S]*b)", &"ab".repeat(10_000)), Err(RuleError::TooSlow));
    assert!(cost("a(?!x)", &text[..5_000]).is_ok());
    // Groups without a text take memory.
    let empty = "()".repeat(100);
    assert!(cost(&empty, &"b".repeat(1_000)).unwrap() > 1_000 * 100 * 24);
    assert_eq!(cost(&(empty.clone() + "b"), &"b".repeat(100_000)), Err(RuleError::TooSlow));
    assert!(matches!(Pattern::compile(&(empty + "()")), Err(RuleError::TooLarge(_))));
}

#[test]
fn what_sources_write_is_not_too_large() {
    for pattern in [r"\w{20}", r"\w+\s*\w+", r"[^\s]{0,40}", r"(?i)[一-龥\w]{1,10}", "(?<!\\w)第"] {
        assert!(Pattern::compile(pattern).is_ok(), "{pattern}");
    }
    assert_eq!(Pattern::compile(r"\w{30}").err(), Some(RuleError::TooLarge("regular expression")));
    assert!(Pattern::compile(&r"(?=\w)".repeat(1_000)).is_err());
}

#[test]
fn expressions_are_counted_before_they_are_compiled() {
    assert_eq!(count("class.a@text##x##y"), 2);
    assert_eq!(count(&"{{@@a##\\w{20}b}}".repeat(64)), 64);
    let many = "a##b".repeat(limits::PATTERNS + 1);
    let rule = crate::crawler::rules::rule::Rule::compile(&many, crate::crawler::rules::rule::Kind::Texts);
    assert!(matches!(rule, Err(RuleError::TooLarge(_))));
}
