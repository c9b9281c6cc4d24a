//! Old data brought to today's schema, one step a version, each step one durable write.
//!
//! Adding a field with a default needs no step (values are JSON). A step is for moving or rewriting records; it must
//! be safe to run again after a crash in its middle.

use super::schema::META;
use super::{Durability, Error, Result, Store, Write};

/// One version's step.
type Step = fn(&mut Write<'_>) -> Result<()>;

/// Step *n* leads from schema *n + 1* to *n + 2*; a new directory starts at the newest. Schema 1 is the first.
///
/// Schema 2 has followers in the order of who wrote last, counts by day and edits of books: a program that does not know
/// them must not write beside them. Nothing has to be rewritten.
const STEPS: &[Step] = &[|_| Ok(())];

const SCHEMA: &str = "schema";

/// The newest schema that this program knows, which is that of what it writes.
pub fn newest_schema() -> u64 {
    STEPS.len() as u64 + 1
}

pub(super) fn to_current(store: &Store) -> Result<()> {
    let known = newest_schema();
    let Some(found) = store.get(&META, &SCHEMA.to_owned())? else {
        return store.write(Durability::Durable, |write| write.put(&META, &SCHEMA.to_owned(), &known));
    };
    if found > known {
        return Err(Error::Newer { found, known });
    }
    for version in found..known {
        let step = STEPS[(version - 1) as usize];
        store.write(Durability::Durable, |write| {
            step(write)?;
            write.put(&META, &SCHEMA.to_owned(), &(version + 1))
        })?;
    }
    Ok(())
}
