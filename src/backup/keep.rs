//! Which backups there are, by the names of their files, and which of them are kept: the last few, and besides the last
//! one of each of so many days and weeks.

use std::path::Path;
use std::{fs, io};

use chrono::{Datelike, NaiveDateTime};
use serde::Serialize;

use super::{BEGIN, PLAIN, Result, SEALED};

/// A backup that lies in the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Its file's name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was made, in the owner's time zone, as its name says.
    pub made_at: chrono::NaiveDateTime,
    /// Whether it is encrypted.
    pub is_sealed: bool,
}

/// How many are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Of the latest.
    pub last: u32,
    /// Of days on which there was one, the last one each.
    pub days: u32,
    /// Of weeks.
    pub weeks: u32,
}

/// When the backup of this name was made; none if it is no name of a backup.
pub(super) fn time_of(name: &str) -> Option<NaiveDateTime> {
    let rest = name.strip_prefix(BEGIN)?;
    let time = rest.strip_suffix(PLAIN).or_else(|| rest.strip_suffix(SEALED))?;
    NaiveDateTime::parse_from_str(time, "%Y%m%d-%H%M%S").ok()
}

/// Removes what was being made or uploaded when a process was killed. What cannot be removed costs space, and is told by
/// who looks at the disk.
pub(super) fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(".unfinished"));
        if name.is_some_and(is_name) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a backup may be called so.
pub fn is_name(name: &str) -> bool {
    time_of(name).is_some()
}

/// The backups in a folder, the latest first; none if there is no folder.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<Kept>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut kept = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let (Some(made_at), Ok(found)) = (time_of(&name), entry.metadata()) else { continue };
        if found.is_file() {
            kept.push(Kept { bytes: found.len(), made_at, is_sealed: name.ends_with(SEALED), name });
        }
    }
    kept.sort_by(|a, b| (b.made_at, &b.name).cmp(&(a.made_at, &a.name)));
    Ok(kept)
}

/// The names of those that are not kept; `kept` has the latest first. The latest one stays, whatever was said.
pub(super) fn superfluous(kept: &[Kept], keep: Keep) -> Vec<String> {
    let times: Vec<(&str, NaiveDateTime)> = kept.iter().map(|one| (one.name.as_str(), one.made_at)).collect();
    superfluous_of(&times, keep)
}

/// The same of names and times.
pub(super) fn superfluous_of(kept: &[(&str, NaiveDateTime)], keep: Keep) -> Vec<String> {
    let day = |time: &NaiveDateTime| time.date();
    let week = |time: &NaiveDateTime| time.date().iso_week();
    let (mut days, mut weeks) = (Vec::new(), Vec::new());
    let mut superfluous = Vec::new();
    for (number, (name, time)) in kept.iter().enumerate() {
        let is_last = number < keep.last.max(1) as usize;
        let is_of_day = is_next(&mut days, day(time), keep.days);
        let is_of_week = is_next(&mut weeks, week(time), keep.weeks);
        if !is_last && !is_of_day && !is_of_week {
            superfluous.push((*name).to_owned());
        }
    }
    superfluous
}

/// Whether this is the first of a day or week that is among the wanted ones; they come latest first.
fn is_next<T: PartialEq>(seen: &mut Vec<T>, this: T, wanted: u32) -> bool {
    if seen.len() >= wanted as usize || seen.last() == Some(&this) {
        return false;
    }
    seen.push(this);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(times: &[&str], keep: Keep) -> Vec<String> {
        let name = |time: &&str| format!("shutong-{time}.tar.gz");
        let names: Vec<String> = times.iter().map(name).collect();
        let kept: Vec<_> = names.iter().map(|name| (name.as_str(), time_of(name).unwrap())).collect();
        let gone = superfluous_of(&kept, keep);
        gone.iter().map(|name| name["shutong-".len()..name.len() - PLAIN.len()].to_owned()).collect()
    }

    #[test]
    fn the_last_ones_the_days_and_the_weeks_are_kept() {
        let times = [
            "20261128-120000", // a Saturday
            "20261128-060000",
            "20261127-230000",
            "20261127-030000",
            "20261126-030000",
            "20261122-030000", // the Sunday before
            "20261121-030000",
            "20261110-030000",
        ];
        let keep = |last, days, weeks| Keep { last, days, weeks };
        assert_eq!(gone(&times, keep(8, 0, 0)), Vec::<String>::new());
        assert_eq!(gone(&times, keep(0, 0, 0)), times[1..], "one is always kept");
        assert_eq!(
            gone(&times, keep(1, 2, 0)),
            [
                "20261128-060000",
                "20261127-030000",
                "20261126-030000",
                "20261122-030000",
                "20261121-030000",
                "20261110-030000"
            ]
        );
        assert_eq!(
            gone(&times, keep(2, 0, 3)),
            ["20261127-230000", "20261127-030000", "20261126-030000", "20261121-030000"]
        );
    }

    #[test]
    fn only_names_of_backups_are_any() {
        assert!(time_of("shutong-20261128-031500.tar.gz").is_some());
        assert!(time_of("shutong-20261128-031500.tar.gz.age").is_some());
        for name in [
            "shutong-20261128.tar.gz",
            "notes.tar.gz",
            "shutong-20261399-000000.tar.gz",
            "shutong-20261128-031500.zip",
            "",
        ] {
            assert!(time_of(name).is_none(), "{name}");
        }
    }
}
