//! What `@put` keeps of a book from one page for the rules of the next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::limits;

/// Variables of one book, stored with it. At most 64, of at most 16 kB each; what is more is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kept(BTreeMap<String, String>);

impl Kept {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Keeps a value. An empty one is as good as none.
    pub fn put(&mut self, name: &str, value: &str) {
        let is_room = self.0.len() < limits::KEPT || self.0.contains_key(name);
        if value.is_empty() {
            self.0.remove(name);
        } else if is_room && name.len() <= limits::KEPT_NAME && value.len() <= limits::KEPT_VALUE {
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_much_is_kept() {
        let mut kept = Kept::default();
        for at in 0..100 {
            kept.put(&at.to_string(), "x");
        }
        assert_eq!((kept.0.len(), kept.get("63"), kept.get("64")), (limits::KEPT, Some("x"), None));
        kept.put("1", "");
        kept.put("new", &"x".repeat(limits::KEPT_VALUE + 1));
        assert_eq!((kept.get("1"), kept.get("new")), (None, None));
        assert_eq!(serde_json::to_value(Kept::default()).unwrap(), serde_json::json!({}));
    }
}
