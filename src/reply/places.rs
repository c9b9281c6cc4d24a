//! Where followers are, kept in memory for up to a second and then written all at once: lists and cards come with every
//! other message, the engine rewrites a page for each, and nobody was promised anything. A clean stop loses nothing; a
//! crash loses the moves of the last second, and those followers search again.
//!
//! Deliberately not here: moves that go with an effect. Those are written with it.

use std::collections::HashMap;
use std::mem;

use parking_lot::Mutex;

use super::follower::FollowerKey;
use super::{Desk, Result};
use crate::store::records::PlaceRecord;
use crate::store::schema::PLACES;
use crate::store::{self, Durability, Write};

/// Most moves that wait to be written; half a kB each. Beyond that whoever moves writes them.
const MOST: usize = 4_096;

/// Moves that are not written yet.
#[derive(Default)]
pub(super) struct Places(Mutex<HashMap<FollowerKey, PlaceRecord>>);

impl Desk {
    /// Writes where followers have gone since the last time. To be called every second or so, and at the end.
    ///
    /// # Errors
    /// When the store fails; what was not written then is tried again with the next call.
    pub fn save_places(&self) -> Result<()> {
        let unsaved = self.places.0.lock().clone();
        if unsaved.is_empty() {
            return Ok(());
        }
        self.store.write(Durability::Soon, |write| {
            // Some may have been written meanwhile, with an effect.
            let still = |who: &FollowerKey, place: &PlaceRecord| self.places.0.lock().get(who) == Some(place);
            let mut waiting = unsaved.iter().filter(|(who, place)| still(who, place));
            waiting.try_for_each(|(who, place)| write.put(&PLACES, who, place))
        })?;
        // Only now: until it is written, who looks must find it here.
        self.places.0.lock().retain(|who, place| unsaved.get(who) != Some(place));
        Ok(())
    }

    /// Where the follower is, if anywhere.
    pub(super) fn place(&self, who: &FollowerKey) -> Result<Option<PlaceRecord>> {
        let unsaved = self.places.0.lock().get(who).cloned();
        Ok(unsaved.map_or_else(|| self.store.get(&PLACES, who), |place| Ok(Some(place)))?)
    }

    /// Moves the follower.
    pub(super) fn move_to(&self, who: &FollowerKey, place: PlaceRecord) -> Result<()> {
        let mut places = self.places.0.lock();
        places.insert(who.clone(), place);
        let is_full = places.len() >= MOST;
        mem::drop(places);
        if is_full { self.save_places() } else { Ok(()) }
    }

    /// Moves the follower as a part of this write.
    pub(super) fn write_place(
        &self,
        write: &mut Write<'_>,
        who: &FollowerKey,
        place: &PlaceRecord,
    ) -> store::Result<()> {
        self.places.0.lock().remove(who);
        write.put(&PLACES, who, place)
    }

    /// Nobody is anywhere any more who has been forgotten.
    pub(super) fn leave_place(&self, who: &FollowerKey) {
        self.places.0.lock().remove(who);
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Err(error) = self.save_places() {
            log::error!("where followers are was not saved: {error}");
        }
    }
}
