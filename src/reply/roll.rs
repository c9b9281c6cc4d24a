//! The roll: followers in the order of who wrote last, for each account all of them, the blocked and those who left.
//! A page of it costs the same with ten followers and with a hundred thousand, because only its own rows are read.
//!
//! It says nothing that is not in the followers' records. Whoever writes a record that changes when somebody was seen,
//! or how they stand, does it by [`put`], in the same write; everything else may write past it.

use chrono::{DateTime, Duration, Utc};

use super::dossier::Listed;
use super::follower::{FOLLOWING, FollowerKey};
use super::{Desk, Result};
use crate::store::records::FollowerRecord;
use crate::store::schema::{COUNTS, FOLLOWER_OF_ALIAS, FOLLOWERS, ROLL};
use crate::store::{self, Durability, Write};
use crate::wechat::is_test_follower;

/// Who has written within this time is active.
const ACTIVE: Duration = Duration::days(7);
/// Records in one step of a scan.
const PAGE: usize = 500;
/// Hexadecimal digits of the time at the front of a place.
const RANK_DIGITS: usize = 16;
/// Behind every place of a list.
const END: &str = "\u{10ffff}";

/// How a follower stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// However they do.
    #[default]
    All,
    /// They have written within the last seven days.
    Active,
    /// They are not answered.
    Blocked,
    /// They do not follow any more.
    Left,
}

/// A page of the roll.
#[derive(Clone, Debug)]
pub struct Roll {
    /// Who wrote last comes first.
    pub followers: Vec<Listed>,
    /// Where the next page begins, if there is one. It may stand in an address.
    pub older: Option<String>,
}

impl Standing {
    /// All there are.
    pub const EACH: [Standing; 4] = [Standing::All, Standing::Active, Standing::Blocked, Standing::Left];

    /// Its name in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Standing::All => "all",
            Standing::Active => "active",
            Standing::Blocked => "blocked",
            Standing::Left => "left",
        }
    }

    /// The one of this name.
    pub fn of(name: &str) -> Option<Standing> {
        Standing::EACH.into_iter().find(|standing| standing.name() == name)
    }

    /// The list of the roll that it is read from.
    fn list(self) -> &'static str {
        match self {
            Standing::All | Standing::Active => Standing::All.name(),
            Standing::Blocked | Standing::Left => self.name(),
        }
    }
}

impl Desk {
    /// Followers of an account, or of all, who wrote last first, at most `limit`; those behind `after`, which is the
    /// `older` of the page before.
    ///
    /// # Errors
    /// When the store fails.
    pub fn roll(
        &self,
        account: Option<&str>,
        standing: Standing,
        after: Option<&str>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Roll> {
        let after = after.map(|cursor| self.place_of(cursor)).transpose()?.unwrap_or_default();
        let mut places = Vec::new();
        for list in self.lists(account, standing.list())? {
            let found = self.store.page(&ROLL, Some(&(list.clone(), after.clone())), limit + 1)?;
            places.extend(found.into_iter().take_while(|((own, _), ())| *own == list).map(|((_, place), ())| place));
        }
        places.sort_unstable();
        if standing == Standing::Active {
            let last = rank(now - ACTIVE);
            places.retain(|place| place.get(..RANK_DIGITS).is_some_and(|rank| rank <= last.as_str()));
        }
        let has_more = places.len() > limit;
        places.truncate(limit);
        let mut followers = Vec::with_capacity(places.len());
        for (account, open_id) in places.iter().filter_map(|place| follower_at(place)) {
            let record = self.store.get(&FOLLOWERS, &(account.clone(), open_id.clone()))?;
            // Forgotten since, perhaps.
            followers.extend(record.map(|record| Listed { account, open_id, record }));
        }
        let older = followers.last().filter(|_| has_more).map(cursor);
        Ok(Roll { followers, older })
    }

    /// The follower of whose openid this holds. It walks through the whole roll, but reads one record.
    ///
    /// # Errors
    /// When the store fails.
    pub fn find_follower(&self, wanted: impl Fn(&str) -> bool) -> Result<Option<Listed>> {
        let mut after: Option<(String, String)> = None;
        loop {
            let page = self.store.page(&ROLL, after.as_ref(), PAGE)?;
            let Some((last, ())) = page.last() else { return Ok(None) };
            after = Some(last.clone());
            let all = page.iter().filter_map(|((_, place), ())| follower_at(place));
            for key in all.filter(|(_, open_id)| wanted(open_id)) {
                if let Some(record) = self.store.get(&FOLLOWERS, &key)? {
                    return Ok(Some(Listed { account: key.0, open_id: key.1, record }));
                }
            }
        }
    }

    /// Writes the roll, if there are followers and no roll: they were met by a program that did not have one. On the way
    /// test followers cease to be counted.
    ///
    /// # Errors
    /// When the store fails.
    pub fn complete_roll(&self) -> Result<()> {
        if !self.store.page(&ROLL, None, 1)?.is_empty() {
            return Ok(());
        }
        let mut known = Vec::new();
        let mut after: Option<FollowerKey> = None;
        loop {
            let page: Vec<(FollowerKey, FollowerRecord)> = self.store.page(&FOLLOWERS, after.as_ref(), PAGE)?;
            after = page.last().map(|(key, _)| key.clone());
            let is_last = page.len() < PAGE;
            known.extend(page);
            if is_last {
                break;
            }
        }
        if known.is_empty() {
            return Ok(());
        }
        let follows = |(key, record): &&(FollowerKey, FollowerRecord)| {
            record.left_at.is_none() && !record.alias.is_empty() && !is_test_follower(&key.1)
        };
        let following = known.iter().filter(follows).count() as u64;
        Ok(self.store.write(Durability::Durable, |write| {
            for (key, record) in &known {
                for place in places(key, record) {
                    write.put(&ROLL, &place, &())?;
                }
            }
            write.put(&COUNTS, &FOLLOWING.to_owned(), &following)
        })?)
    }

    /// The accounts that have followers, whether they are still in the configuration or not.
    ///
    /// # Errors
    /// When the store fails.
    pub fn accounts_met(&self) -> Result<Vec<String>> {
        let lists = self.lists(None, Standing::All.list())?;
        Ok(lists.into_iter().filter_map(|list| Some(list.rsplit_once('/')?.0.to_owned())).collect())
    }

    /// The names of this list for an account, or for all that have it.
    fn lists(&self, account: Option<&str>, list: &str) -> Result<Vec<String>> {
        if let Some(account) = account {
            return Ok(vec![name_of(account, list)]);
        }
        let mut found = Vec::new();
        let mut after: Option<(String, String)> = None;
        while let Some(((name, _), ())) = self.store.page(&ROLL, after.as_ref(), 1)?.pop() {
            if name.rsplit_once('/').is_some_and(|(_, own)| own == list) {
                found.push(name.clone());
            }
            after = Some((name, END.to_owned()));
        }
        Ok(found)
    }

    /// The place that a cursor stands for; of a follower who has been forgotten since, where they were.
    fn place_of(&self, cursor: &str) -> Result<String> {
        let (rank, id) = cursor.split_once('.').unwrap_or((cursor, ""));
        if id.contains('/') {
            return Ok(format!("{rank}/{id}"));
        }
        let key = self.store.get(&FOLLOWER_OF_ALIAS, &id.to_owned())?;
        Ok(key.map_or_else(|| format!("{rank}/"), |(account, open_id)| format!("{rank}/{account}/{open_id}")))
    }
}

/// Writes a follower's record, and where they stand in the roll.
pub(super) fn put(write: &mut Write<'_>, key: &FollowerKey, record: &FollowerRecord) -> store::Result<()> {
    strike(write, key)?;
    for place in places(key, record) {
        write.put(&ROLL, &place, &())?;
    }
    write.put(&FOLLOWERS, key, record)
}

/// Deletes a follower's record, and strikes them off the roll.
pub(super) fn delete(write: &mut Write<'_>, key: &FollowerKey) -> store::Result<()> {
    strike(write, key)?;
    write.delete(&FOLLOWERS, key);
    Ok(())
}

fn strike(write: &mut Write<'_>, key: &FollowerKey) -> store::Result<()> {
    let known: Option<FollowerRecord> = write.get(&FOLLOWERS, key)?;
    known.iter().flat_map(|known| places(key, known)).for_each(|place| write.delete(&ROLL, &place));
    Ok(())
}

/// The keys under which a follower stands in the roll.
fn places(key: &FollowerKey, record: &FollowerRecord) -> Vec<(String, String)> {
    let place = format!("{}/{}/{}", rank(record.seen_at), key.0, key.1);
    let lists =
        [(true, Standing::All), (record.blocked, Standing::Blocked), (record.left_at.is_some(), Standing::Left)];
    let own = lists.into_iter().filter(|(is_in, _)| *is_in);
    own.map(|(_, standing)| (name_of(&key.0, standing.list()), place.clone())).collect()
}

fn name_of(account: &str, list: &str) -> String {
    format!("{account}/{list}")
}

/// Smaller the later, so that a scan forwards finds who wrote last first.
fn rank(seen_at: DateTime<Utc>) -> String {
    format!("{:016x}", u64::MAX - seen_at.timestamp_millis().max(0).unsigned_abs())
}

fn follower_at(place: &str) -> Option<FollowerKey> {
    let (_, key) = place.split_once('/')?;
    key.split_once('/').map(|(account, open_id)| (account.to_owned(), open_id.to_owned()))
}

fn cursor(listed: &Listed) -> String {
    let Listed { account, open_id, record } = listed;
    match record.alias.as_str() {
        "" => format!("{}.{account}/{open_id}", rank(record.seen_at)),
        alias => format!("{}.{alias}", rank(record.seen_at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_tells_whose_it_is_and_who_wrote_last_comes_first() {
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap();
        assert!(rank(at(2_000)) < rank(at(1_000)) && rank(at(1_000)) < rank(DateTime::default()));
        assert_eq!(rank(at(1_800_000_000)).len(), RANK_DIGITS);
        let key = ("main".to_owned(), "oA_b-/C".to_owned());
        let record = FollowerRecord { blocked: true, seen_at: at(1_000), ..FollowerRecord::default() };
        let places = places(&key, &record);
        assert_eq!(places.iter().map(|(list, _)| list.as_str()).collect::<Vec<_>>(), ["main/all", "main/blocked"]);
        assert_eq!(follower_at(&places[0].1), Some(key));
    }

    #[test]
    fn standings_are_found_by_their_names() {
        for standing in Standing::EACH {
            assert_eq!(Standing::of(standing.name()), Some(standing));
        }
        assert_eq!(Standing::of("nonsense"), None);
    }
}
