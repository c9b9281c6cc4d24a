//! The logical export: every record as a line of JSON. The engine has no repair tool, so this, not a copy of its
//! files, is what a backup is made of.

use std::io::BufRead;
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::engine::Batch;
use super::schema::TABLES;
use super::{Error, Result, Store, hex};

/// One record. The key is hexadecimal, because not all keys are text.
#[derive(Serialize, Deserialize)]
struct Line {
    table: String,
    key: String,
    value: Value,
}

/// How many records of an import make one batch.
const BATCH: usize = 1_000;

impl Store {
    /// Writes every record of every table and returns how many there were.
    ///
    /// # Errors
    /// When the store or the output fails.
    pub fn export(&self, out: &mut dyn std::io::Write) -> Result<u64> {
        let mut lines = 0;
        for (prefix, name) in TABLES {
            for entry in self.scan_raw((Bound::Included(*prefix), Bound::Excluded(prefix + 1))) {
                let (key, value) = entry?;
                let line = Line { table: (*name).to_owned(), key: hex(&key[1..]), value: value_of(&value)? };
                serde_json::to_writer(&mut *out, &line).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
                lines += 1;
            }
        }
        Ok(lines)
    }

    /// Reads what [`Store::export`] wrote, replacing records of the same keys, durably.
    ///
    /// # Errors
    /// When a line is not such a record; the lines before it are kept.
    pub fn import(&self, lines: impl BufRead) -> Result<u64> {
        let mut batch = Batch::default();
        let mut count = 0;
        for line in lines.lines() {
            let (key, value) = parse(&line?)?;
            batch.put(key, value);
            count += 1;
            if count % BATCH == 0 {
                self.engine.apply(std::mem::take(&mut batch))?;
            }
        }
        self.engine.apply(batch)?;
        self.sync()?;
        Ok(count as u64)
    }
}

fn value_of(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| Error::Damaged(error.to_string()))
}

fn parse(line: &str) -> Result<(Vec<u8>, Vec<u8>)> {
    let line: Line = serde_json::from_str(line).map_err(|error| Error::Damaged(error.to_string()))?;
    let table = TABLES.iter().find(|(_, name)| *name == line.table);
    let (prefix, _) = table.ok_or_else(|| Error::Damaged(format!("no table is called {}", line.table)))?;
    let mut key = vec![*prefix];
    key.extend(unhex(&line.key).ok_or_else(|| Error::Damaged("a key is not hexadecimal".into()))?);
    Ok((key, line.value.to_string().into_bytes()))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}
