//! All tables there are. A prefix byte is never given twice and never reused.

use serde_json::Value;

use super::Table;
use super::records::{
    AddressRecord, AlertRecord, AnswerRecord, ApiKeyRecord, ArticleDraftRecord, ArticleRecord, BookId, BookRecord,
    ChapterRecord, ContactRecord, ConversionRecord, CrawlItemRecord, CrawlLogRecord, CrawlPageRecord, DeliveryRecord,
    FollowerRecord, GrantRecord, InboxRecord, MaterialRecord, MediaFileRecord, MediaRecord, MergeRecord, MissRecord,
    PlaceRecord, RenewalRecord, RequestRecord, RobotsRecord, RunRecord, SessionRecord, SourceRecord, SourceStateRecord,
    SubscriptionRecord, TakenDownRecord, TokenCountsRecord,
};
use chrono::{DateTime, Utc};

/// The store's own notes: schema, sequence numbers.
pub const META: Table<String, u64> = Table::new(b'A', "meta");
/// Counters, so that nothing is scanned to be counted.
pub const COUNTS: Table<String, u64> = Table::new(b'B', "counts");
/// What the admin changes while the program runs, and secrets made at the first start.
pub const SETTINGS: Table<String, Value> = Table::new(b'C', "settings");

/// The books.
pub const BOOKS: Table<BookId, BookRecord> = Table::new(b'D', "books");
/// Which book has this file (by content hash).
pub const BOOK_OF_HASH: Table<String, BookId> = Table::new(b'E', "book_of_hash");
/// Which book is this work (by normalised title and author).
pub const BOOK_OF_WORK: Table<String, BookId> = Table::new(b'F', "book_of_work");
/// Which book came from this entry of a catalogue.
pub const BOOK_OF_UID: Table<String, BookId> = Table::new(b'G', "book_of_uid");
/// Books that have a file and are shown: the shelf, in order of arrival.
pub const SHELF: Table<BookId, ()> = Table::new(b'H', "shelf");
/// The same in order of popularity: (`u64::MAX` − popularity, book).
pub const POPULAR: Table<(u64, BookId), ()> = Table::new(b'I', "popular");
/// Books to bring to the index, by number of the change.
pub const CHANGES: Table<u64, BookId> = Table::new(b'J', "changes");
/// Books in the recycle bin.
pub const REMOVED: Table<BookId, ()> = Table::new(b'K', "removed");
/// Merges that can be undone, by number.
pub const MERGES: Table<u64, MergeRecord> = Table::new(b'L', "merges");

/// Answers by account and message.
pub const ANSWERS: Table<(String, String), AnswerRecord> = Table::new(b'M', "answers");
/// Answers by the time they were given (milliseconds, counter), for forgetting them.
pub const ANSWERED: Table<(u64, u64), (String, String)> = Table::new(b'N', "answered");
/// Where followers are in the conversation, by account and openid.
pub const PLACES: Table<(String, String), PlaceRecord> = Table::new(b'O', "places");
/// Answers that came too late for their message, by account and openid.
pub const LATE: Table<(String, String), AnswerRecord> = Table::new(b'P', "late");
/// Followers by account and openid.
pub const FOLLOWERS: Table<(String, String), FollowerRecord> = Table::new(b'Q', "followers");
/// Which follower (account, openid) an alias stands for.
pub const FOLLOWER_OF_ALIAS: Table<String, (String, String)> = Table::new(b'R', "follower_of_alias");
/// Followers in the order they wrote last: (account and list, time and follower). What it says is in their records, too.
pub const ROLL: Table<(String, String), ()> = Table::new(b'4', "roll");
/// Downloads of a follower on a day: (day, alias).
pub const QUOTAS: Table<(String, String), u64> = Table::new(b'S', "quotas");

/// Requests by folded title.
pub const REQUESTS: Table<String, RequestRecord> = Table::new(b'T', "requests");
/// Who asked: (request, `account/openid`) and when.
pub const REQUESTERS: Table<(String, String), DateTime<Utc>> = Table::new(b'U', "requesters");
/// Books to tell a follower about: (`account/openid`, the request, or `new:` and the book that they subscribe to).
pub const NOTICES: Table<(String, String), BookId> = Table::new(b'V', "notices");
/// Searches that found nothing, by folded words.
pub const MISSES: Table<String, MissRecord> = Table::new(b'W', "misses");

/// The admin's sessions, by hash of the cookie.
pub const SESSIONS: Table<String, SessionRecord> = Table::new(b'X', "sessions");

/// Access_tokens, by account.
pub const TOKENS: Table<String, GrantRecord> = Table::new(b'Y', "tokens");
/// Tickets, by account and kind.
pub const TICKETS: Table<(String, String), GrantRecord> = Table::new(b'Z', "tickets");
/// The last renewals of an account's token, by account and number (20 digits).
pub const RENEWALS: Table<(String, String), RenewalRecord> = Table::new(b'a', "renewals");
/// Calls that count against the platform's quotas, by account.
pub const TOKEN_COUNTS: Table<String, TokenCountsRecord> = Table::new(b'b', "token_counts");
/// Keys of the token API, by their public part.
pub const API_KEYS: Table<String, ApiKeyRecord> = Table::new(b'c', "api_keys");
/// What the owner has to know, by what it is about.
pub const ALERTS: Table<String, AlertRecord> = Table::new(b'd', "alerts");

/// Conversions, by the source's content hash and the extension of the format they were made in.
pub const CONVERSIONS: Table<(String, String), ConversionRecord> = Table::new(b'e', "conversions");

/// Mail addresses of followers: (`account/openid`, a name that stands for the address).
pub const ADDRESSES: Table<(String, String), AddressRecord> = Table::new(b'f', "addresses");
/// Which follower (`account/openid`) has proven that a mail address is theirs, by its name.
pub const FOLLOWER_OF_ADDRESS: Table<String, String> = Table::new(b'g', "follower_of_address");
/// Deliveries by mail: (`account/openid`, day, what and the address's name).
pub const DELIVERIES: Table<(String, String), DeliveryRecord> = Table::new(b'h', "deliveries");
/// Those that have not ended, by number: the order they were asked for.
pub const DELIVERY_QUEUE: Table<u64, (String, String)> = Table::new(b'i', "delivery_queue");
/// Ended deliveries that their follower has not heard of: (`account/openid`, key of the delivery).
pub const DELIVERY_NEWS: Table<(String, String), ()> = Table::new(b'j', "delivery_news");

/// Files of the media folder, by name.
pub const MEDIA_FILES: Table<String, MediaFileRecord> = Table::new(b'k', "media_files");
/// What the platform calls them: (account, kind and name).
pub const MEDIA: Table<(String, String), MediaRecord> = Table::new(b'l', "media");
/// Permanent material to be deleted: (account, media id).
pub const MATERIAL_GONE: Table<(String, String), MaterialRecord> = Table::new(b'm', "material_gone");

/// Articles, by their name in addresses.
pub const ARTICLES: Table<String, ArticleRecord> = Table::new(b'n', "articles");
/// What the platform has of them: (account, name of the article in addresses).
pub const ARTICLE_DRAFTS: Table<(String, String), ArticleDraftRecord> = Table::new(b'o', "article_drafts");

/// How followers can be reached without having asked, by account and openid.
pub const CONTACTS: Table<(String, String), ContactRecord> = Table::new(b'p', "contacts");
/// What followers subscribe to: (`account/openid`, folded words).
pub const SUBSCRIPTIONS: Table<(String, String), SubscriptionRecord> = Table::new(b'q', "subscriptions");
/// The same by words: (folded words, `account/openid`).
pub const SUBSCRIBERS: Table<(String, String), ()> = Table::new(b'r', "subscribers");

/// Books taken down for good, by number, and by each mark that such a book is known again by: hashes, work, catalogue
/// number, addresses.
pub const TAKEN_DOWN: Table<String, TakenDownRecord> = Table::new(b's', "taken_down");
/// How far mailboxes have been read that notices of undeliverable letters come back to, by a hash of their names.
pub const INBOXES: Table<String, InboxRecord> = Table::new(b'0', "inboxes");
/// Sources of books, by name.
pub const SOURCES: Table<String, SourceRecord> = Table::new(b't', "sources");
/// How they stand, by name.
pub const SOURCE_STATES: Table<String, SourceStateRecord> = Table::new(b'u', "source_states");
/// Pages of their catalogues: (source, address).
pub const CRAWL_PAGES: Table<(String, String), CrawlPageRecord> = Table::new(b'v', "crawl_pages");
/// Their books: (source, what it knows the book by).
pub const CRAWL_ITEMS: Table<(String, String), CrawlItemRecord> = Table::new(b'w', "crawl_items");
/// The chapters of those that come chapter by chapter: (source and digest of the book, address).
pub const CHAPTERS: Table<(String, String), ChapterRecord> = Table::new(b'x', "chapters");
/// Books of one work that are none, as the owner has said, by what they have in common.
pub const NOT_SAME: Table<String, Vec<BookId>> = Table::new(b'3', "not_same");
/// What the robots.txt of sites say, by scheme, host and port.
pub const ROBOTS: Table<String, RobotsRecord> = Table::new(b'y', "robots");
/// The last lines of what happened at sources: (source, number of 20 digits).
pub const CRAWL_LOG: Table<(String, String), CrawlLogRecord> = Table::new(b'z', "crawl_log");

/// What happened how often: (day, what), with a list of the books downloaded most behind the days.
pub const STATISTICS: Table<(String, String), u64> = Table::new(b'1', "statistics");
/// The last runs of jobs: (job, time in milliseconds of 20 digits).
pub const RUNS: Table<(String, String), RunRecord> = Table::new(b'2', "runs");

/// Prefix and name of every table, for the export.
pub(super) const TABLES: &[(u8, &str)] = &[
    (META.prefix, META.name),
    (COUNTS.prefix, COUNTS.name),
    (SETTINGS.prefix, SETTINGS.name),
    (BOOKS.prefix, BOOKS.name),
    (BOOK_OF_HASH.prefix, BOOK_OF_HASH.name),
    (BOOK_OF_WORK.prefix, BOOK_OF_WORK.name),
    (BOOK_OF_UID.prefix, BOOK_OF_UID.name),
    (SHELF.prefix, SHELF.name),
    (POPULAR.prefix, POPULAR.name),
    (CHANGES.prefix, CHANGES.name),
    (REMOVED.prefix, REMOVED.name),
    (MERGES.prefix, MERGES.name),
    (ANSWERS.prefix, ANSWERS.name),
    (ANSWERED.prefix, ANSWERED.name),
    (PLACES.prefix, PLACES.name),
    (LATE.prefix, LATE.name),
    (FOLLOWERS.prefix, FOLLOWERS.name),
    (FOLLOWER_OF_ALIAS.prefix, FOLLOWER_OF_ALIAS.name),
    (ROLL.prefix, ROLL.name),
    (QUOTAS.prefix, QUOTAS.name),
    (REQUESTS.prefix, REQUESTS.name),
    (REQUESTERS.prefix, REQUESTERS.name),
    (NOTICES.prefix, NOTICES.name),
    (MISSES.prefix, MISSES.name),
    (SESSIONS.prefix, SESSIONS.name),
    (TOKENS.prefix, TOKENS.name),
    (TICKETS.prefix, TICKETS.name),
    (RENEWALS.prefix, RENEWALS.name),
    (TOKEN_COUNTS.prefix, TOKEN_COUNTS.name),
    (API_KEYS.prefix, API_KEYS.name),
    (ALERTS.prefix, ALERTS.name),
    (CONVERSIONS.prefix, CONVERSIONS.name),
    (ADDRESSES.prefix, ADDRESSES.name),
    (FOLLOWER_OF_ADDRESS.prefix, FOLLOWER_OF_ADDRESS.name),
    (DELIVERIES.prefix, DELIVERIES.name),
    (DELIVERY_QUEUE.prefix, DELIVERY_QUEUE.name),
    (DELIVERY_NEWS.prefix, DELIVERY_NEWS.name),
    (MEDIA_FILES.prefix, MEDIA_FILES.name),
    (MEDIA.prefix, MEDIA.name),
    (MATERIAL_GONE.prefix, MATERIAL_GONE.name),
    (ARTICLES.prefix, ARTICLES.name),
    (ARTICLE_DRAFTS.prefix, ARTICLE_DRAFTS.name),
    (CONTACTS.prefix, CONTACTS.name),
    (SUBSCRIPTIONS.prefix, SUBSCRIPTIONS.name),
    (SUBSCRIBERS.prefix, SUBSCRIBERS.name),
    (TAKEN_DOWN.prefix, TAKEN_DOWN.name),
    (INBOXES.prefix, INBOXES.name),
    (SOURCES.prefix, SOURCES.name),
    (SOURCE_STATES.prefix, SOURCE_STATES.name),
    (CRAWL_PAGES.prefix, CRAWL_PAGES.name),
    (CRAWL_ITEMS.prefix, CRAWL_ITEMS.name),
    (CHAPTERS.prefix, CHAPTERS.name),
    (ROBOTS.prefix, ROBOTS.name),
    (CRAWL_LOG.prefix, CRAWL_LOG.name),
    (STATISTICS.prefix, STATISTICS.name),
    (RUNS.prefix, RUNS.name),
    (NOT_SAME.prefix, NOT_SAME.name),
];
