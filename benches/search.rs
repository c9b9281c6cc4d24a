//! How fast and how well the index answers: build time, time per query, memory.
//!
//! ```text
//! SHUTONG_CATALOG=catalog.tsv SHUTONG_QUERIES=queries.tsv SHUTONG_RUN=run.tsv cargo bench --bench search
//! ```
//! `catalog.tsv`: columns `uid title author lang popularity`. `queries.tsv`: columns `qid kind lang query …`. `run.tsv`
//! gets `qid rank uid` lines. Without a catalogue, 100,000 made-up titles are indexed and searched for.
//! `SHUTONG_INDEX` keeps the index in that folder and uses it again.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use shutong::search::{Confidence, Entry, Index, Opened, Options};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let catalog = std::env::var_os("SHUTONG_CATALOG").map(PathBuf::from);
    let (uids, entries) = match &catalog {
        Some(path) => read_catalog(path)?,
        None => made_up(100_000),
    };
    let temporary = tempfile::tempdir()?;
    let kept = std::env::var_os("SHUTONG_INDEX").map(PathBuf::from);
    let dir = kept.unwrap_or_else(|| temporary.path().join("index"));
    let started = Instant::now();
    let opened = Index::open(&dir, Options::default())?;
    println!("open        {:?}", started.elapsed());
    let index = match opened {
        Opened::Ready(index) => index,
        Opened::Rebuild(index, _) => build(index, &entries)?,
    };
    println!("books       {}, {:.1} MB on disk", index.len(), size(&dir)? as f64 / 1e6);
    let queries = match std::env::var_os("SHUTONG_QUERIES") {
        Some(path) => read_queries(Path::new(&path))?,
        None => entries.iter().step_by(97).map(|entry| (entry.id.to_string(), entry.title.clone())).collect(),
    };
    drop(entries);
    let run = ask(&index, &queries, &uids)?;
    if let Some(path) = std::env::var_os("SHUTONG_RUN") {
        std::fs::write(path, run)?;
    }
    println!("memory      {}", memory());
    Ok(())
}

fn build(index: Index, entries: &[Entry]) -> Outcome<Index> {
    let started = Instant::now();
    let mut rebuild = index.rebuild()?;
    for entry in entries {
        rebuild.put(entry)?;
    }
    rebuild.finish(entries.len() as u64)?;
    println!("build       {:?}; memory {}", started.elapsed(), memory());
    Ok(index)
}

/// Every query once, in one thread; the lines of the run.
fn ask(index: &Index, queries: &[(String, String)], uids: &[String]) -> Outcome<String> {
    let (mut times, mut run, mut counts) = (Vec::new(), String::new(), [0usize; 4]);
    for (qid, text) in queries {
        let started = Instant::now();
        let found = index.search(text, 10, 0)?;
        times.push((started.elapsed(), text));
        counts[match found.confidence {
            Confidence::Sure => 0,
            Confidence::Several => 1,
            Confidence::Doubtful => 2,
            Confidence::Nothing => 3,
        }] += 1;
        for (rank, hit) in found.hits.iter().enumerate() {
            writeln!(
                run,
                "{qid}\t{}\t{}\t{:.3}\t{:.3}\t{:?}",
                rank + 1,
                uids[hit.id as usize],
                hit.score,
                hit.likeness,
                found.confidence
            )?;
        }
    }
    times.sort();
    let at = |share: f64| {
        times.get(((times.len() as f64) * share) as usize).or(times.last()).map_or(Duration::ZERO, |(time, _)| *time)
    };
    println!(
        "queries     {}: p50 {:?}, p95 {:?}, p99 {:?}, max {:?}",
        times.len(),
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0)
    );
    for (time, text) in times.iter().rev().take(8) {
        println!("slow        {time:?} {text}");
    }
    println!("confidence  sure {}, several {}, doubtful {}, nothing {}", counts[0], counts[1], counts[2], counts[3]);
    Ok(run)
}

fn read_catalog(path: &Path) -> Outcome<(Vec<String>, Vec<Entry>)> {
    let text = std::fs::read_to_string(path)?;
    let (mut uids, mut entries) = (Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default().to_owned();
        let (uid, title, author, language, popularity) = (next(), next(), next(), next(), next());
        entries.push(Entry {
            id: uids.len() as u64,
            title,
            authors: vec![author],
            language: Some(language),
            popularity: popularity.parse().unwrap_or(0),
            ..Entry::default()
        });
        uids.push(uid);
    }
    Ok((uids, entries))
}

fn read_queries(path: &Path) -> Outcome<Vec<(String, String)>> {
    let text = std::fs::read_to_string(path)?;
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        (columns[0].to_owned(), columns.get(3).copied().unwrap_or_default().to_owned())
    };
    Ok(text.lines().skip(1).map(row).collect())
}

/// Titles of two to eight characters out of 800, and of two to five invented words; always the same ones.
fn made_up(count: u64) -> (Vec<String>, Vec<Entry>) {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut entries = Vec::new();
    for id in 0..count {
        let title: String = if id % 3 == 0 {
            let word = |random: &mut dyn FnMut(u64) -> u64| {
                (0..3 + random(6)).map(|_| (b'a' + random(26) as u8) as char).collect::<String>()
            };
            (0..2 + random(4)).map(|_| word(&mut random)).collect::<Vec<_>>().join(" ")
        } else {
            (0..2 + random(7)).filter_map(|_| char::from_u32(0x4E00 + (random(800) * 23) as u32)).collect()
        };
        entries.push(Entry {
            id,
            title,
            authors: vec![format!("author {}", id % 5000)],
            popularity: random(1000),
            ..Entry::default()
        });
    }
    ((0..count).map(|id| id.to_string()).collect(), entries)
}

fn size(dir: &Path) -> Outcome<u64> {
    let mut sum = 0;
    for file in std::fs::read_dir(dir)? {
        let file = file?;
        let meta = file.metadata()?;
        sum += if meta.is_dir() { size(&file.path())? } else { meta.len() };
    }
    Ok(sum)
}

/// Resident memory of this process as Linux reports it: now, its own part of that, and the highest so far.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
    };
    format!("{} MB ({} MB of it not file pages), peak {} MB", value("VmRSS:"), value("RssAnon:"), value("VmHWM:"))
}
