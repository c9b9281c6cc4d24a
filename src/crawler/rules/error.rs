//! What goes wrong with a rule, as values. Not the wording of the admin pages: only a sentence for each.

use serde::{Deserialize, Serialize};

/// A construct of the format that this program does not carry out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Construct {
    /// `@js:`, `<js>` or an expression that is more than arithmetic.
    JavaScript,
    /// A page that only a browser can make.
    WebView,
    /// A site that wants an account.
    Login,
    /// A source of sound.
    Audio,
    /// A selector, path or expression that is none, or one of a kind that is not known.
    Syntax,
    /// The source has no such rule.
    Missing,
}

impl std::fmt::Display for Construct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Construct::JavaScript => "JavaScript",
            Construct::WebView => "webView",
            Construct::Login => "login",
            Construct::Audio => "audio",
            Construct::Syntax => "unknown rule",
            Construct::Missing => "missing rule",
        })
    }
}

/// Why a rule gives nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The rule has a construct that is not carried out.
    #[error("{0}: {1}")]
    Unsupported(Construct, String),
    /// The page, the rule or what it gives is larger than allowed; the text says what of it.
    #[error("too large: {0}")]
    TooLarge(&'static str),
    /// The result is no address.
    #[error("not an address: {0}")]
    Address(String),
    /// Rule and page together take too many steps.
    #[error("it takes too long")]
    TooSlow,
}

impl RuleError {
    pub(super) fn syntax(what: impl Into<String>) -> RuleError {
        RuleError::Unsupported(Construct::Syntax, what.into())
    }

    pub(super) fn script(what: impl Into<String>) -> RuleError {
        RuleError::Unsupported(Construct::JavaScript, what.into())
    }
}

/// Why a file of sources is not read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is larger than allowed.
    #[error("a file of sources may have {} MB", super::limits::IMPORT >> 20)]
    TooLarge,
    /// It has more sources than allowed.
    #[error("a file may have {} sources", super::limits::SOURCES)]
    TooMany,
    /// It is no JSON, or JSON of something else.
    #[error("these are no sources: {0}")]
    NotSources(String),
}
