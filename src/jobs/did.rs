//! What jobs did, in English, for the command line and the log. The admin page says it in its own languages.

use std::fmt;

use crate::store::records::{BackedUp, Did, Forgot};

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Did::Forgot(Forgot { answers, late, places, quotas, contacts, followers, misses, pushes, days }) => write!(
                f,
                "forgotten: {answers} answers, {late} late answers, {places} places, {quotas} counts of downloads, \
                 {contacts} times of writing, {followers} followers, {misses} searches without a hit, \
                 {pushes} deliveries and addresses, {days} counts of old days"
            ),
            Did::EmptiedBin { books, files } => write!(f, "{books} books deleted, {files} files removed"),
            Did::RemovedLogs(files) => write!(f, "{files} removed"),
            Did::Woke(waiting) => write!(f, "{waiting} waiting"),
            Did::NoInbox => f.write_str("there is no [push.inbox]"),
            Did::ReadBounces(letters) => write!(f, "{letters} letters came back"),
            Did::BackedUp(BackedUp { path, bytes, records, files, missing, outside, is_sent }) => {
                write!(f, "{path}: {bytes} bytes, {records} records, {files} files")?;
                if *missing > 0 {
                    write!(f, "; {missing} files could not be read")?;
                }
                if !outside.is_empty() {
                    write!(f, "; not in it: {}", outside.join(", "))?;
                }
                f.write_str(if *is_sent { "; sent on" } else { "" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_says_what_is_not_in_it_and_where_it_is() {
        let made = BackedUp { path: "/b/x".into(), bytes: 9, records: 3, ..BackedUp::default() };
        let said = |made: BackedUp| Did::BackedUp(made).to_string();
        assert_eq!(said(made.clone()), "/b/x: 9 bytes, 3 records, 0 files");
        let outside = vec!["/media".to_owned()];
        let sent = said(BackedUp { missing: 2, outside, is_sent: true, ..made });
        assert_eq!(sent, "/b/x: 9 bytes, 3 records, 0 files; 2 files could not be read; not in it: /media; sent on");
    }
}
