//! One generation of the index: an open tantivy directory, its reader, and its writer once one is needed. Which
//! generation is in use, and how it is replaced, is `generations`' matter.

use super::schema::{self, Fields};
use super::{Entry, Error, Options};
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tantivy::schema::TantivyDocument;
use tantivy::store::Compressor;
use tantivy::{Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, TantivyError, Term};

/// How often, and after which pauses, a lock is asked for again.
const TRIES: u32 = 100;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// An open generation.
pub(crate) struct Live {
    /// Its directory.
    pub(crate) dir: PathBuf,
    /// Its fields.
    pub(crate) fields: Fields,
    index: Index,
    reader: IndexReader,
    /// Guards the one writer. Opened at the first change: a process that only searches takes no lock on the
    /// directory and none of the writer's memory. Searching never waits for it.
    writer: Mutex<Option<IndexWriter>>,
    options: Options,
}

impl Live {
    /// A new, empty generation in `dir`, which must be empty or not exist.
    pub(crate) fn create(dir: &Path, options: Options) -> Result<Live, Error> {
        std::fs::create_dir_all(dir)?;
        let (schema, _) = schema::schema();
        let settings = IndexSettings {
            docstore_compression: Compressor::Lz4,
            docstore_blocksize: 4096,
            docstore_compress_dedicated_thread: false,
            ..IndexSettings::default()
        };
        let index = Index::builder().schema(schema).settings(settings).create_in_dir(dir)?;
        Live::over(index, dir, options)
    }

    /// The generation in `dir`, all its files verified. Reading 77 MB takes 30 ms from memory, and it is the only
    /// thing that notices a flipped bit.
    pub(crate) fn open(dir: &Path, options: Options) -> Result<Live, Error> {
        let index = Index::open_in_dir(dir)?;
        let (schema, _) = schema::schema();
        if index.schema() != schema {
            return Err(Error::Damaged("another schema".to_owned()));
        }
        let damaged = index.validate_checksum()?;
        if let Some(file) = damaged.iter().next() {
            return Err(Error::Damaged(format!("checksum of {}", file.display())));
        }
        let live = Live::over(index, dir, options)?;
        live.try_out()?;
        Ok(live)
    }

    fn over(index: Index, dir: &Path, options: Options) -> Result<Live, Error> {
        let (_, fields) = schema::schema();
        let reader =
            index.reader_builder().reload_policy(ReloadPolicy::Manual).doc_store_cache_num_blocks(64).try_into()?;
        Ok(Live { dir: dir.to_owned(), fields, index, reader, writer: Mutex::new(None), options })
    }

    /// Opens what a search opens, so that a file that is missing is missed now.
    fn try_out(&self) -> Result<(), Error> {
        for segment in self.searcher().segment_readers() {
            segment.inverted_index(self.fields.title_grams)?;
            segment.fast_fields().u64("popularity")?;
            segment.get_store_reader(1)?;
        }
        Ok(())
    }

    /// The state of the last commit.
    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// Adds or replaces.
    pub(crate) fn put(&self, entry: &Entry) -> Result<(), Error> {
        let document = schema::document(&self.fields, entry);
        self.with_writer(|writer| {
            writer.delete_term(Term::from_field_u64(self.fields.id, entry.id));
            writer.add_document(document)?;
            Ok(())
        })
    }

    /// Adds to a generation that does not have it yet.
    pub(crate) fn add(&self, entry: &Entry) -> Result<(), Error> {
        let document = schema::document(&self.fields, entry);
        self.with_writer(|writer| Ok(writer.add_document(document).map(|_| ())?))
    }

    /// Removes; nothing happens if it is not there.
    pub(crate) fn delete(&self, id: u64) -> Result<(), Error> {
        self.with_writer(|writer| {
            writer.delete_term(Term::from_field_u64(self.fields.id, id));
            Ok(())
        })
    }

    /// Makes the changes durable and visible, together with the caller's sequence number.
    pub(crate) fn commit(&self, sequence: u64) -> Result<(), Error> {
        self.with_writer(|writer| {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(&sequence.to_string());
            prepared.commit()?;
            Ok(())
        })?;
        self.reader.reload()?;
        Ok(())
    }

    /// Merges everything into one segment, for a generation that was filled at once.
    pub(crate) fn compact(&self) -> Result<(), Error> {
        let Some(mut writer) = self.writer.lock().take() else {
            return Ok(());
        };
        let segments = self.index.searchable_segment_ids()?;
        if segments.len() > 1 {
            writer.merge(&segments).wait()?;
        }
        writer.garbage_collect_files().wait()?;
        writer.wait_merging_threads()?;
        self.reader.reload()?;
        Ok(())
    }

    /// The sequence number of the last commit; 0 before the first.
    pub(crate) fn committed_sequence(&self) -> u64 {
        let payload = self.index.load_metas().ok().and_then(|meta| meta.payload);
        payload.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    fn with_writer<T>(
        &self,
        work: impl FnOnce(&mut IndexWriter<TantivyDocument>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut slot = self.writer.lock();
        if slot.is_none() {
            sweep(&self.dir)?;
            *slot = Some(sole_writer(&self.index, self.options)?);
        }
        match slot.as_mut() {
            Some(writer) => work(writer),
            None => Err(Error::Damaged("no writer".to_owned())),
        }
    }
}

/// The one writer of an index, without the files that a kill has left and that no commit knows: they would be in the way of
/// the next one.
///
/// Its lock is that of a file. A process that is being started has for a moment what was open when it was begun, and so
/// holds a lock that was let go here; that is why one that is held is asked for again for two seconds.
pub(super) fn sole_writer(index: &Index, options: Options) -> Result<IndexWriter, Error> {
    let take = || index.writer_with_num_threads(1, options.writer_bytes.max(15_000_000));
    let mut taken = take();
    for _ in 0..TRIES {
        if !matches!(taken, Err(TantivyError::LockFailure(..))) {
            break;
        }
        std::thread::sleep(BETWEEN_TRIES);
        taken = take();
    }
    let writer = taken?;
    writer.garbage_collect_files().wait()?;
    Ok(writer)
}

/// Removes temporary files that a killed process left behind.
fn sweep(dir: &Path) -> Result<(), Error> {
    for file in std::fs::read_dir(dir)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with(".tmp") {
            std::fs::remove_file(file.path())?;
        }
    }
    Ok(())
}
