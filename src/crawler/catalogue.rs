//! The pages of a catalogue: which are read in a pass, in what order, and what is found on them.
//!
//! A page that has not changed is not parsed again; where it leads to is remembered. Which of a book's files is taken
//! is decided here, fetching it is `items`' work.

mod offers;

use std::collections::HashSet;

use url::Url;

use super::feeds::{self, Entry, Listing, Search};
use super::fetch::{Document, Fetched, Validators, Wanted};
use super::page::Page;
use super::pass::{Halt, Pass, Step, may_pass};
use super::rules::Hit;
use super::{Result, judge, rules};
use crate::http::guarded::Method;
use crate::store::records::{CrawlItemRecord, CrawlPageRecord, FeedUse, SourceKind, SourceRecord};
use crate::store::schema::{CRAWL_PAGES, SOURCE_STATES};
use crate::store::{self, Write};

use offers::cut_id;
pub(super) use offers::note_item;

/// Steps that are followed from where a source begins: paging counts, too.
const MOST_DEPTH: u32 = 2_000;
/// Pages of one source.
const MOST_PAGES: usize = 20_000;
/// How often a page is tried in one pass.
const MOST_TRIES: u32 = 3;
/// Longest address that is kept, in bytes.
const MOST_URL: usize = 2_000;
/// Pages of one list of a site that is read by rules.
const MOST_LIST_PAGES: u32 = 50;

/// In front of the number of a list and of a page of it, where addresses are made by rules.
const LIST: &str = "list:";

/// Wants the pages read that a pass begins with.
pub(super) fn want_first_pages(
    write: &mut Write<'_>,
    name: &str,
    source: &SourceRecord,
    pass: u64,
) -> store::Result<()> {
    let urls = match source.kind {
        SourceKind::Rules => source.lists.iter().map(|list| list_page(*list, 1)).collect(),
        _ => vec![source.url.clone()],
    };
    urls.iter().try_for_each(|url| want(write, name, url, 0, pass).map(|_| ()))
}

fn list_page(list: u32, page: u32) -> String {
    format!("{LIST}{list}:{page}")
}

fn of_list_page(url: &str) -> Option<(u32, u32)> {
    let (list, page) = url.strip_prefix(LIST)?.split_once(':')?;
    Some((list.parse().ok()?, page.parse().ok()?))
}

/// Wants a page read in this pass, and says whether it was not wanted before.
fn want(write: &mut Write<'_>, name: &str, url: &str, depth: u32, pass: u64) -> store::Result<bool> {
    let key = (name.to_owned(), url.to_owned());
    let known: Option<CrawlPageRecord> = write.get(&CRAWL_PAGES, &key)?;
    let mut page = known.unwrap_or_else(|| CrawlPageRecord { depth, ..CrawlPageRecord::default() });
    if page.wanted_in == pass {
        return Ok(false);
    }
    (page.wanted_in, page.tries) = (pass, 0);
    page.turn = write.count(&format!("crawl_turn.{name}"), 1)?;
    write.put(&CRAWL_PAGES, &key, &page)?;
    Ok(true)
}

/// What was found on a page.
#[derive(Default)]
pub(super) struct Findings {
    /// Where it leads to.
    links: Vec<String>,
    /// The books there.
    items: Vec<(String, CrawlItemRecord)>,
    /// How the source is searched.
    search: Option<String>,
    /// What is to be read of the full texts.
    full_texts: Vec<Entry>,
    title: Option<String>,
}

impl Pass<'_> {
    /// Reads a page of the catalogue and notes what is there.
    pub(super) fn read_page(&mut self, url: &str) -> Step {
        self.show(url);
        let key = (self.name.clone(), url.to_owned());
        let Some(record) = self.crawler.store.get(&CRAWL_PAGES, &key)? else { return Ok(()) };
        if record.read_in >= self.number {
            return Ok(());
        }
        let wanted = match self.request_of(url, &record) {
            Ok(wanted) => wanted,
            Err(why) => return self.give_page_up(url, record, &why),
        };
        match self.ask(&wanted)? {
            Ok(Fetched::Unchanged) => {
                let links = record.links.clone();
                self.note_page(url, record, Findings { links, ..Findings::default() }, None)
            }
            Ok(Fetched::Whole(document)) => match self.findings(url, &record, &document) {
                Ok(findings) => self.note_page(url, record, findings, Some(document.validators.clone())),
                // A site that has had enough says so on a page of its own.
                Err(why) if record.tries + 1 < MOST_TRIES => self.read_later(url, record, &why),
                Err(why) => self.give_page_up(url, record, &why),
            },
            Err(error) if may_pass(&error) && record.tries + 1 < MOST_TRIES => {
                self.read_later(url, record, &error.to_string())
            }
            Err(error) => self.give_page_up(url, record, &error.to_string()),
        }
    }

    fn request_of(&self, url: &str, record: &CrawlPageRecord) -> Result<Wanted, String> {
        let validators = Validators { etag: record.etag.clone(), last_modified: record.last_modified.clone() };
        if let (Some((list, page)), Some(rules)) = (of_list_page(url), &self.rules) {
            let request = rules.list(list as usize, page).map_err(|error| error.to_string())?;
            return Ok(self.wanted_by_rules(request, Some(validators)));
        }
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        Ok(Wanted { validators: Some(validators), ..page_wanted_of(self.source.kind, self.page_wanted(url)) })
    }

    /// A page that is asked for plainly.
    pub(super) fn page_wanted(&self, url: Url) -> Wanted {
        Wanted {
            method: Method::Get,
            url,
            headers: Vec::new(),
            body: None,
            most_bytes: self.crawler.settings.manners.page_bytes,
            validators: None,
            referer: None,
        }
    }

    /// A page that rules ask for.
    pub(super) fn wanted_by_rules(&self, request: rules::Request, validators: Option<Validators>) -> Wanted {
        let method = match request.method {
            rules::Method::Get => Method::Get,
            rules::Method::Post => Method::Post,
        };
        let validators = validators.filter(|_| method == Method::Get);
        let most_bytes = self.crawler.settings.manners.page_bytes;
        Wanted {
            method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            most_bytes,
            validators,
            referer: None,
        }
    }

    fn findings(&self, url: &str, record: &CrawlPageRecord, document: &Document) -> Result<Findings, String> {
        let findings = self.read_findings(url, record, document)?;
        if findings.items.is_empty() && findings.full_texts.is_empty() {
            // Nothing is there, or the site has had enough and says so.
            judge::complaint(&page_of(document).text()).map_err(|why| why.to_string())?;
        }
        Ok(findings)
    }

    fn read_findings(&self, url: &str, record: &CrawlPageRecord, document: &Document) -> Result<Findings, String> {
        let page = page_of(document);
        if let (Some((list, number)), Some(rules)) = (of_list_page(url), &self.rules) {
            let hits = rules.read_list(&page).map_err(|error| error.to_string())?;
            return Ok(self.findings_of_hits(hits, list, number));
        }
        let kind = match self.source.kind {
            SourceKind::Opds => feeds::Kind::Opds,
            SourceKind::Feed => feeds::Kind::Feed,
            SourceKind::Sitemap => feeds::Kind::Sitemap,
            SourceKind::Listing | SourceKind::Webdav => feeds::Kind::Listing,
            SourceKind::Rules => return Err("its rules do not read this page".into()),
        };
        let listing = feeds::read(kind, &page).map_err(|error| error.to_string())?;
        Ok(self.findings_of_listing(listing, record.depth))
    }

    fn findings_of_hits(&self, hits: Vec<Hit>, list: u32, page: u32) -> Findings {
        let is_last = hits.is_empty() || page >= MOST_LIST_PAGES;
        let links = if is_last { Vec::new() } else { vec![list_page(list, page + 1)] };
        Findings { links, items: hits.into_iter().map(|hit| self.item_of_hit(hit)).collect(), ..Findings::default() }
    }

    fn findings_of_listing(&self, listing: Listing, depth: u32) -> Findings {
        let mut findings = Findings { title: listing.title.clone(), ..Findings::default() };
        let is_first = depth == 0;
        if let Some(all) = listing.crawlable.filter(|_| is_first) {
            // Everything is in one feed that is made for programs: nothing else has to be read.
            findings.links.extend(self.own(&all));
        } else {
            let further = listing.next.iter().chain(&listing.deeper);
            findings.links.extend(further.filter_map(|url| self.own(url)));
        }
        findings.search = match listing.search {
            Some(Search::Template(template)) => Some(template),
            Some(Search::Description(url)) => self.own(&url).map(|url| format!("{DESCRIPTION}{url}")),
            None => None,
        };
        for entry in listing.entries {
            if let Some(item) = self.item_of_entry(&entry) {
                findings.items.push((cut_id(&entry.id), item));
            } else if let Some(details) = entry.details.as_ref().and_then(|url| self.own(url)) {
                findings.links.push(details);
            } else if entry.html.is_some() && self.source.feed_use != FeedUse::Books {
                findings.full_texts.push(entry);
            }
        }
        findings
    }

    /// An address of the source's own site, as pages are asked for there.
    fn own(&self, url: &Url) -> Option<String> {
        let mut url = url.clone();
        url.set_fragment(None);
        (url.host_str() == self.origin.host_str() && url.as_str().len() <= MOST_URL).then(|| url.into())
    }

    /// Notes a page as read, with all that was found on it, as one step.
    fn note_page(
        &mut self,
        url: &str,
        record: CrawlPageRecord,
        findings: Findings,
        validators: Option<Validators>,
    ) -> Step {
        if !findings.full_texts.is_empty() {
            self.take_full_texts(findings.title.as_deref(), &findings.full_texts)?;
        }
        let Findings { links, items, search, .. } = findings;
        let (name, number, now) = (self.name.clone(), self.number, self.crawler.now());
        let room = MOST_PAGES.saturating_sub(self.pages.len());
        let is_unchanged = validators.is_none();
        let mut record = CrawlPageRecord { read_in: number, links: links.clone(), ..record };
        if let Some(validators) = validators {
            (record.etag, record.last_modified) = (validators.etag, validators.last_modified);
        }
        let (pages, waiting) = self.write(0, |write, done| {
            write.put(&CRAWL_PAGES, &(name.clone(), url.to_owned()), &record)?;
            done.pages += 1;
            done.unchanged += u32::from(is_unchanged);
            let mut pages = Vec::new();
            let depth = record.depth + 1;
            if depth <= MOST_DEPTH {
                let mut seen = HashSet::new();
                for link in links.iter().filter(|link| seen.insert(link.as_str())).take(room) {
                    // A catalogue whose pages lead back to read ones ends here.
                    if want(write, &name, link, depth, number)? {
                        pages.push(link.clone());
                    }
                }
            }
            let mut waiting = Vec::new();
            for (id, item) in &items {
                waiting.extend(note_item(write, &name, id, item.clone(), now, done)?.map(|turn| (turn, id.clone())));
            }
            if let Some(search) = search
                && let Some(mut state) = write.get(&SOURCE_STATES, &name)?
            {
                state.search = Some(search);
                write.put(&SOURCE_STATES, &name, &state)?;
            }
            Ok((pages, waiting))
        })?;
        self.pages.extend(pages);
        self.items.extend(waiting);
        Ok(())
    }

    fn read_later(&mut self, url: &str, record: CrawlPageRecord, why: &str) -> Step {
        let (name, line) = (self.name.clone(), self.line(url, why, true));
        let record = CrawlPageRecord { tries: record.tries + 1, ..record };
        self.write(0, |write, _| {
            write.put(&CRAWL_PAGES, &(name.clone(), url.to_owned()), &record)?;
            super::journal::note_line(write, &name, &line)
        })?;
        self.pages.push_back(url.to_owned());
        Ok(())
    }

    fn give_page_up(&mut self, url: &str, record: CrawlPageRecord, why: &str) -> Step {
        let (name, line) = (self.name.clone(), self.line(url, why, true));
        // Without the page that everything begins with there is nothing to read; the pass goes on with it later.
        let is_start = record.depth == 0;
        let record = match is_start {
            true => CrawlPageRecord { tries: 0, ..record },
            false => CrawlPageRecord { read_in: self.number, ..record },
        };
        self.write(0, |write, done| {
            done.failed += 1;
            write.put(&CRAWL_PAGES, &(name.clone(), url.to_owned()), &record)?;
            super::journal::note_line(write, &name, &line)
        })?;
        if is_start { Err(Halt::GivenUp(why.to_owned())) } else { Ok(()) }
    }
}

/// In front of the address of a document that says how a source is searched.
pub(super) const DESCRIPTION: &str = "description:";

/// A page as sources of a kind are asked for it: a WebDAV folder lists itself when it is asked for what it holds.
pub(super) fn page_wanted_of(kind: SourceKind, plain: Wanted) -> Wanted {
    if kind != SourceKind::Webdav {
        return plain;
    }
    let headers = vec![
        ("Depth".to_owned(), "1".to_owned()),
        ("Content-Type".to_owned(), "application/xml; charset=utf-8".to_owned()),
    ];
    let body = br#"<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><allprop/></propfind>"#;
    Wanted { method: Method::Propfind, headers, body: Some(body.to_vec()), ..plain }
}

/// What has arrived, as `feeds` and `rules` read it.
pub(super) fn page_of(document: &Document) -> Page<'_> {
    Page {
        url: &document.url,
        media_type: &document.media_type,
        bytes: &document.bytes,
        charset: document.charset.as_deref(),
    }
}
