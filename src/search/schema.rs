//! The fields of the index and how a book is written into them. Every field is matched exactly, term by term: what
//! is fuzzy happens in `recall` and `rank`. Nothing of the book is kept for showing; that is the store's.

use super::names::{self, Cut, Person};
use super::{Entry, digits, fold, pinyin, words};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, Schema, TantivyDocument, TextFieldIndexing, TextOptions,
};

/// Raised with every change of the fields below or of [`Record`].
pub(crate) const VERSION: u32 = 1;

/// More authors or aliases than this are not indexed.
const MAX_NAMES: usize = 12;

/// The fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// The book's id in the store.
    pub(crate) id: Field,
    /// Votes and downloads.
    pub(crate) popularity: Field,
    /// Characters in the shortest form of the title.
    pub(crate) length: Field,
    /// What ranking compares: [`Record`].
    pub(crate) record: Field,
    /// Keys of all forms of the title.
    pub(crate) key: Field,
    /// Readings of all forms.
    pub(crate) sound: Field,
    /// The same, blurred.
    pub(crate) blurred: Field,
    /// First letters of the readings.
    pub(crate) initials: Field,
    /// Keys and last names of the authors.
    pub(crate) author: Field,
    /// Readings of the authors.
    pub(crate) author_sound: Field,
    /// Characters, pairs and words of the title.
    pub(crate) title_grams: Field,
    /// The same of authors and series.
    pub(crate) author_grams: Field,
}

/// The schema and its fields.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let terms = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    let terms = TextOptions::default().set_indexing_options(terms);
    let fields = Fields {
        id: builder.add_u64_field("id", INDEXED | FAST),
        popularity: builder.add_u64_field("popularity", FAST),
        length: builder.add_u64_field("length", FAST),
        record: builder.add_bytes_field("record", STORED),
        key: builder.add_text_field("key", terms.clone()),
        sound: builder.add_text_field("sound", terms.clone()),
        blurred: builder.add_text_field("blurred", terms.clone()),
        initials: builder.add_text_field("initials", terms.clone()),
        author: builder.add_text_field("author", terms.clone()),
        author_sound: builder.add_text_field("author_sound", terms.clone()),
        title_grams: builder.add_text_field("title_grams", terms.clone()),
        author_grams: builder.add_text_field("author_grams", terms),
    };
    (builder.build(), fields)
}

/// `entry` as the index keeps it.
pub(crate) fn document(fields: &Fields, entry: &Entry) -> TantivyDocument {
    let mut terms: Vec<(Field, String)> = Vec::with_capacity(64);
    let mut record = Record::default();
    for (at, title) in std::iter::once(&entry.title).chain(&entry.aliases).take(MAX_NAMES).enumerate() {
        add_title(fields, &mut terms, &mut record, title, at > 0);
    }
    for person in names::people(&entry.authors).into_iter().take(MAX_NAMES) {
        add_author(fields, &mut terms, &mut record, person);
    }
    for name in entry.authors.iter().chain(&entry.series).take(MAX_NAMES) {
        let text: String = name.chars().take(200).collect();
        let grams = words::grams(&digits::canonical(&fold::fold(&text)));
        terms.extend(grams.into_iter().map(|gram| (fields.author_grams, gram.text)));
    }
    record.edition = names::edition_key(&entry.title, &entry.authors);
    terms.sort_unstable();
    terms.dedup();
    let mut doc = TantivyDocument::new();
    doc.add_u64(fields.id, entry.id);
    doc.add_u64(fields.popularity, entry.popularity);
    let length = record.titles.iter().map(|title| title.key.chars().count()).min().unwrap_or(0);
    doc.add_u64(fields.length, length as u64);
    doc.add_bytes(fields.record, record.encode().as_bytes());
    for (field, text) in terms {
        doc.add_text(field, text);
    }
    doc
}

fn add_title(fields: &Fields, terms: &mut Vec<(Field, String)>, record: &mut Record, title: &str, alias: bool) {
    for form in names::forms(title) {
        if form.key.is_empty() {
            continue;
        }
        if form.cut == Cut::Whole {
            terms.extend(words::grams(&form.text).into_iter().map(|gram| (fields.title_grams, gram.text)));
        }
        let chinese = form.spoken.chars().any(fold::is_han);
        let readings = if chinese || form.key.chars().all(|c| c.is_ascii_digit()) {
            pinyin::readings(&form.spoken)
        } else {
            Vec::new()
        };
        let sound = readings.first().cloned().unwrap_or_default();
        terms.extend(readings.first().map(|usual| (fields.blurred, pinyin::blurred(usual))));
        terms.extend(readings.into_iter().map(|reading| (fields.sound, reading)));
        if chinese {
            let initials = pinyin::initials(&form.spoken);
            terms.extend(initials.into_iter().map(|letters| (fields.initials, letters)));
        }
        terms.push((fields.key, form.key.clone()));
        record.titles.push(Title { cut: form.cut, alias, key: form.key, sound });
    }
}

fn add_author(fields: &Fields, terms: &mut Vec<(Field, String)>, record: &mut Record, person: Person) {
    let chinese = person.key.chars().any(fold::is_han);
    let sound = if chinese { pinyin::joined(&person.spoken) } else { String::new() };
    terms.push((fields.author, person.key.clone()));
    terms.push((fields.author, person.last.clone()));
    if chinese {
        terms.push((fields.author_sound, sound.clone()));
        terms.push((fields.author_sound, pinyin::joined(&person.last)));
    }
    record.authors.push(Author { key: person.key, last: person.last, sound });
}

/// What ranking compares a query with, as stored in the index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The forms of the title and of the aliases.
    pub(crate) titles: Vec<Title>,
    /// Everyone who wrote it.
    pub(crate) authors: Vec<Author>,
    /// Equal for editions of one book.
    pub(crate) edition: String,
}

/// One form of a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Title {
    /// What was left out.
    pub(crate) cut: Cut,
    /// Whether it is another name of the book.
    pub(crate) alias: bool,
    /// Letters and digits.
    pub(crate) key: String,
    /// The usual reading; empty for text without Chinese.
    pub(crate) sound: String,
}

/// One author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Author {
    /// Letters and digits of the whole name.
    pub(crate) key: String,
    /// The last part of a foreign name.
    pub(crate) last: String,
    /// The usual reading; empty for a name without Chinese.
    pub(crate) sound: String,
}

impl Record {
    /// Lines of fields with a tab between them: neither occurs in a key.
    pub(crate) fn encode(&self) -> String {
        let mut out = self.edition.clone();
        for title in &self.titles {
            let cut = match title.cut {
                Cut::Whole => 'w',
                Cut::Brackets => 'b',
                Cut::Subtitle => 's',
            };
            let cut = if title.alias { cut.to_ascii_uppercase() } else { cut };
            out.push_str(&format!("\n{cut}\t{}\t{}", title.key, title.sound));
        }
        for author in &self.authors {
            out.push_str(&format!("\na\t{}\t{}\t{}", author.key, author.last, author.sound));
        }
        out
    }

    /// The reverse of [`Record::encode`]; lines it does not know are skipped.
    pub(crate) fn decode(text: &str) -> Record {
        let mut lines = text.lines();
        let mut record = Record { edition: lines.next().unwrap_or_default().to_owned(), ..Record::default() };
        for line in lines {
            let mut fields = line.split('\t').map(str::to_owned);
            let kind = fields.next().unwrap_or_default();
            let mut next = || fields.next().unwrap_or_default();
            let cut = match kind.to_ascii_lowercase().as_str() {
                "w" => Cut::Whole,
                "b" => Cut::Brackets,
                "s" => Cut::Subtitle,
                "a" => {
                    record.authors.push(Author { key: next(), last: next(), sound: next() });
                    continue;
                }
                _ => continue,
            };
            let alias = kind.chars().all(char::is_uppercase);
            record.titles.push(Title { cut, alias, key: next(), sound: next() });
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_encoding() {
        let record = Record {
            titles: vec![
                Title { cut: Cut::Whole, alias: false, key: "3体".into(), sound: "santi".into() },
                Title { cut: Cut::Subtitle, alias: true, key: "x".into(), sound: String::new() },
            ],
            authors: vec![Author { key: "刘慈欣".into(), last: "刘慈欣".into(), sound: "liucixin".into() }],
            edition: "3体/刘慈欣".into(),
        };
        assert_eq!(Record::decode(&record.encode()), record);
        assert_eq!(Record::decode(""), Record::default());
    }
}
