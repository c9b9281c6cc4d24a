//! The headers that a source wants sent: those of its own, none of the connection's.

use serde_json::{Map, Value};

use super::error::RuleError;
use super::json;
use super::lenient;
use super::limits;
use super::rule::has_script;

/// The headers of a source.
///
/// # Errors
/// When a script makes them.
pub(super) fn source_headers(text: &str) -> Result<Vec<(String, String)>, RuleError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    if has_script(text) {
        return Err(RuleError::script("header"));
    }
    let fields = lenient::object(text).ok_or_else(|| RuleError::syntax("header"))?;
    Ok(usable(&fields))
}

/// Headers that a source may set: not those that belong to the connection, and none that could end the line.
pub(super) fn usable(fields: &Map<String, Value>) -> Vec<(String, String)> {
    const OWN: [&str; 8] =
        ["host", "connection", "content-length", "transfer-encoding", "accept-encoding", "proxy", "upgrade", "te"];
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let headers = fields.iter().map(|(name, value)| (name.trim().to_owned(), json::text(value).trim().to_owned()));
    let headers = headers.filter(|(name, value)| {
        is_name(name)
            && !OWN.contains(&name.to_ascii_lowercase().as_str())
            && value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    });
    headers.take(limits::HEADERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_the_sources_and_harmless() {
        let headers = source_headers("{'User-Agent':'x','Host':'evil','proxy':'p','A':'1\\r\\nB: 2'}").unwrap();
        assert_eq!(headers, [("User-Agent".to_owned(), "x".to_owned())]);
        assert!(source_headers("@js:1").is_err() && source_headers("x").is_err());
    }
}
