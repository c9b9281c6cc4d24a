//! What followers have asked for: looked for in each source that can be searched, before anything else of a pass.
//!
//! Only a book that is the one asked for is taken, by title, or by title and author; something similar is no answer.
//! Whoever asked hears of it from the library, as of any book that arrives.

use url::Url;

use super::catalogue::{DESCRIPTION, note_item, page_of};
use super::fetch::{Document, Fetched};
use super::pass::{Pass, Step};
use super::{clean, feeds, judge, rules};
use crate::library::requests;
use crate::store::records::{CrawlItemRecord, SourceKind, SourceStateRecord};
use crate::store::schema::{BOOKS, SOURCE_STATES};

/// Requests looked for in one pass.
const MOST_REQUESTS: usize = 50;
/// Requests looked at for those.
const MOST_OPEN: usize = 1_000;
/// Books taken for one request.
const MOST_TAKEN: usize = 3;

impl Pass<'_> {
    /// Looks for what followers ask for and nobody has looked for here lately.
    pub(super) fn look_for_requests(&mut self) -> Step {
        let can_search = match (&self.rules, self.source.kind) {
            (Some(rules), _) => rules.report().can(rules::Step::Search),
            (None, SourceKind::Opds) => true,
            _ => false,
        };
        if !can_search {
            return Ok(());
        }
        let now = self.crawler.now();
        let mut open = requests::open(&self.crawler.store, MOST_OPEN)?;
        open.retain(|(_, request)| !requests::was_looked_for(request, &self.name, now));
        for (key, request) in open.into_iter().take(MOST_REQUESTS) {
            let words = match request.book {
                Some(book) => self.crawler.store.get(&BOOKS, &book)?.map(|book| book.title).unwrap_or_default(),
                None => request.text.clone(),
            };
            if words.trim().is_empty() {
                continue;
            }
            self.show(&words);
            let Some(found) = self.search(&words)? else { continue };
            let name = self.name.clone();
            let told = if found.is_empty() { "asked for, and not here" } else { "asked for, and found" };
            let line = self.line(&words, told, false);
            let turns = self.write(0, |write, done| {
                let mut turns = Vec::new();
                for (id, item) in &found {
                    turns.extend(note_item(write, &name, id, item.clone(), now, done)?.map(|turn| (turn, id.clone())));
                }
                requests::looked_for(write, &key, &name, now)?;
                super::journal::note_line(write, &name, &line)?;
                Ok(turns)
            })?;
            // Whoever waits comes before what merely is there.
            for (turn, id) in turns {
                self.fetch_item(&id)?;
                self.items.remove(&(turn, id));
            }
        }
        Ok(())
    }

    /// The books of the source that are what is asked for; none if it could not be searched.
    fn search(&mut self, words: &str) -> Step<Option<Vec<(String, CrawlItemRecord)>>> {
        if let Some(rules) = &self.rules {
            let Ok(request) = rules.search(words, 1) else { return Ok(None) };
            let charset = request.charset.clone();
            let wanted = self.wanted_by_rules(request, None);
            let Ok(Fetched::Whole(document)) = self.ask(&wanted)? else { return Ok(None) };
            let document = Document { charset: charset.or(document.charset.clone()), ..document };
            let page = page_of(&document);
            let Some(Ok(hits)) = self.rules.as_ref().map(|rules| rules.read_search(&page)) else { return Ok(None) };
            if hits.is_empty() && judge::complaint(&page.text()).is_err() {
                return Ok(None);
            }
            let fitting = hits
                .into_iter()
                .filter(|hit| clean::is_same_work(words, &clean::title(&hit.title), &clean::author(&hit.author)));
            return Ok(Some(fitting.take(MOST_TAKEN).map(|hit| self.item_of_hit(hit)).collect()));
        }
        let Some(template) = self.search_template()? else { return Ok(None) };
        let Some(url) = feeds::search_url(&template, words, &self.origin) else { return Ok(None) };
        let wanted = self.page_wanted(url);
        let Ok(Fetched::Whole(document)) = self.ask(&wanted)? else { return Ok(None) };
        let Ok(listing) = feeds::read(feeds::Kind::Opds, &page_of(&document)) else { return Ok(None) };
        let fitting = listing.entries.iter().filter(|entry| {
            let author = entry.authors.first().map(|author| clean::author(author)).unwrap_or_default();
            clean::is_same_work(words, &clean::title(&entry.title), &author)
        });
        let items = fitting.filter_map(|entry| Some((entry.id.clone(), self.item_of_entry(entry)?)));
        Ok(Some(items.take(MOST_TAKEN).collect()))
    }

    /// How the source is searched; its pages may have named a document that says so.
    fn search_template(&mut self) -> Step<Option<String>> {
        let state: Option<SourceStateRecord> = self.crawler.store.get(&SOURCE_STATES, &self.name)?;
        let Some(search) = state.and_then(|state| state.search) else { return Ok(None) };
        let Some(address) = search.strip_prefix(DESCRIPTION) else { return Ok(Some(search)) };
        let Ok(url) = Url::parse(address) else { return Ok(None) };
        let wanted = self.page_wanted(url);
        let Ok(Fetched::Whole(document)) = self.ask(&wanted)? else { return Ok(None) };
        let Some(template) = feeds::search_template(&page_of(&document)) else { return Ok(None) };
        let (name, kept) = (self.name.clone(), template.clone());
        self.write(0, |write, _| {
            if let Some(state) = write.get(&SOURCE_STATES, &name)? {
                write.put(&SOURCE_STATES, &name, &SourceStateRecord { search: Some(kept), ..state })?;
            }
            Ok(())
        })?;
        Ok(Some(template))
    }
}
