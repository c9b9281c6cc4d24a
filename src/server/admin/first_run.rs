//! How far the owner has come with the first steps. Each can be skipped, taken up again and done over; that is kept, so
//! that neither a restart nor another browser begins anew.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::store::schema::SETTINGS;
use crate::store::{self, Durability, Store};
use crate::token::Tried;

/// Where it is kept among the settings.
const SETTING: &str = "first_run";

/// A step, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Step {
    Account,
    Mail,
    Address,
    Books,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Done,
    Skipped,
}

/// How far the owner has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    pub(super) steps: BTreeMap<Step, Outcome>,
    /// What came of trying to get a token, the last time.
    pub(super) token: Option<Tried>,
    /// The accounts whose callback the platform has found.
    pub(super) heard: Vec<String>,
    /// The owner has seen the end of it.
    pub(super) is_over: bool,
}

impl Step {
    pub(super) const ALL: [Step; 4] = [Step::Account, Step::Mail, Step::Address, Step::Books];

    pub(super) fn name(self) -> &'static str {
        match self {
            Step::Account => "account",
            Step::Mail => "mail",
            Step::Address => "address",
            Step::Books => "books",
        }
    }

    pub(super) fn of(name: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.name() == name)
    }

    /// The one behind it.
    pub(super) fn next(self) -> Option<Step> {
        Step::ALL.into_iter().find(|step| *step > self)
    }
}

impl Progress {
    /// The first step that is neither done nor skipped; the last, if there is none.
    pub(super) fn place(&self) -> Step {
        Step::ALL.into_iter().find(|step| !self.steps.contains_key(step)).unwrap_or(Step::Books)
    }
}

/// What is kept; `None` if the first steps were never begun.
pub(super) fn saved(store: &Store) -> store::Result<Option<Progress>> {
    let saved = store.get(&SETTINGS, &SETTING.to_owned())?;
    saved
        .map(|saved| serde_json::from_value(saved).map_err(|error| store::Error::Damaged(error.to_string())))
        .transpose()
}

/// Whether they were begun and are not over.
pub(super) fn is_open(store: &Store) -> store::Result<bool> {
    Ok(saved(store)?.is_some_and(|progress| !progress.is_over))
}

/// Changes what is kept, which begins it if need be.
pub(super) fn change(store: &Store, change: impl FnOnce(&mut Progress)) -> store::Result<Progress> {
    store.write(Durability::Soon, |write| {
        let saved = write.get(&SETTINGS, &SETTING.to_owned())?;
        let mut progress: Progress = saved.and_then(|saved| serde_json::from_value(saved).ok()).unwrap_or_default();
        change(&mut progress);
        let value = serde_json::to_value(&progress).map_err(|error| store::Error::Damaged(error.to_string()))?;
        write.put(&SETTINGS, &SETTING.to_owned(), &value)?;
        Ok(progress)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Trouble;

    #[test]
    fn steps_are_taken_up_where_they_were_left() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert!(saved(&store).unwrap().is_none() && !is_open(&store).unwrap(), "nobody is asked who has not begun");
        change(&store, |_| {}).unwrap();
        assert!(is_open(&store).unwrap());
        let skip = |progress: &mut Progress| {
            progress.steps.insert(Step::Account, Outcome::Skipped);
        };
        change(&store, skip).unwrap();
        let trouble = Trouble::NotWhitelisted { account: "main".into(), ip: "203.0.113.7".into() };
        let token = Some(Tried::Refused(trouble));
        let progress = change(&store, |progress| progress.token = token.clone()).unwrap();
        assert_eq!(progress.place(), Step::Mail);
        assert_eq!(saved(&store).unwrap(), Some(progress));
        change(&store, |progress| progress.is_over = true).unwrap();
        assert!(!is_open(&store).unwrap());
    }
}
