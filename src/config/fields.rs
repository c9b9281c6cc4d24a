//! Every key of the configuration that has a value of its own, in one table: what it takes, what holds without it,
//! and when a change takes effect. The settings page, `shutong config set` and the JSON are made from it; a test
//! holds it to what the configuration really takes. What the keys mean is told in `assets/fields.toml`.
//!
//! Deliberately not here: what is wrong with a value. That is judged in one place, on the whole configuration.

use toml::Value;

/// A key.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// With dots: `limits.addresses`. Of an account's fields the last part only.
    pub key: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What holds without it, as people type it; a list has a line for each entry.
    pub default: &'static str,
    /// When a change takes effect.
    pub taken: Taken,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A text that is never shown.
    Secret,
    /// A whole number from … to ….
    Number(u64, u64),
    /// `true` or `false`.
    Switch,
    /// One of these.
    Choice(&'static [&'static str]),
    /// Texts, one on each line.
    List,
}

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// At once.
    Live,
    /// At the next start.
    AtStart,
}

/// Keys that belong together.
#[derive(Debug)]
pub struct Group {
    /// The section's name; `general` are the keys outside of sections.
    pub name: &'static str,
    /// Whether the section may be missing as a whole. It is, when its first key is.
    pub is_optional: bool,
    /// In the order in which people meet them.
    pub fields: &'static [Field],
}

use Kind::{Choice, List, Number, Secret, Switch, Text};

const fn field(key: &'static str, kind: Kind, default: &'static str) -> Field {
    Field { key, kind, default, taken: Taken::AtStart }
}

const fn live(key: &'static str, kind: Kind, default: &'static str) -> Field {
    Field { key, kind, default, taken: Taken::Live }
}

const fn group(name: &'static str, fields: &'static [Field]) -> Group {
    Group { name, is_optional: false, fields }
}

const fn optional(name: &'static str, fields: &'static [Field]) -> Group {
    Group { name, is_optional: true, fields }
}

const COUNT: Kind = Number(0, u32::MAX as u64);
const SOME: Kind = Number(1, u32::MAX as u64);
const MEGABYTES: Kind = Number(0, 1 << 20);

/// All groups but the accounts.
pub const GROUPS: &[Group] = &[
    group(
        "general",
        &[
            field("public_url", Text, ""),
            field("language", Choice(&["zh", "en"]), "zh"),
            field("time_zone", Text, "Asia/Shanghai"),
        ],
    ),
    group(
        "listen",
        &[
            field("listen.public", Text, "127.0.0.1:8080"),
            field("listen.token", Text, "127.0.0.1:8777"),
            field("listen.admin", Text, "127.0.0.1:8081"),
        ],
    ),
    group("admin", &[field("admin.hosts", List, "")]),
    group(
        "limits",
        &[
            live("limits.downloads_per_day", COUNT, "20"),
            live("limits.searches_per_day", COUNT, "500"),
            live("limits.messages_per_minute", COUNT, "30"),
            live("limits.place_minutes", SOME, "60"),
            field("limits.link_hours", SOME, "24"),
            field("limits.opds_downloads_per_day", COUNT, "200"),
            field("limits.upload_megabytes", Number(1, 1024), "200"),
            field("limits.connections", SOME, "1024"),
            field("limits.body_search_megabytes", MEGABYTES, "0"),
            field("limits.convert_megabytes", MEGABYTES, "1024"),
            field("limits.convert_seconds", COUNT, "60"),
            field("limits.pushes_per_day", COUNT, "10"),
            field("limits.codes_per_day", COUNT, "3"),
            field("limits.addresses", SOME, "5"),
            field("limits.letters_per_hour", COUNT, "100"),
            field("limits.letters_per_day", COUNT, "500"),
        ],
    ),
    optional(
        "mail",
        &[
            field("mail.from", Text, ""),
            field("mail.host", Text, ""),
            field("mail.port", Number(1, 65_535), "587"),
            field("mail.tls", Choice(&["starttls", "tls", "none"]), "starttls"),
            field("mail.username", Text, ""),
            field("mail.password", Secret, ""),
            field("mail.ca_file", Text, ""),
        ],
    ),
    group(
        "push",
        &[
            field("push.enabled", Switch, "true"),
            field("push.megabytes", Number(1, 150), "50"),
            field("push.kindle_domains", List, "kindle.com\nfree.kindle.com"),
            field("push.mailboxes", Switch, "true"),
            field("push.mailbox_domains", List, ""),
            field("push.retry_seconds", Number(1, 14_400), "300"),
        ],
    ),
    optional(
        "push.inbox",
        &[
            field("push.inbox.host", Text, ""),
            field("push.inbox.port", Number(1, 65_535), "993"),
            field("push.inbox.username", Text, ""),
            field("push.inbox.password", Secret, ""),
            field("push.inbox.folder", Text, "INBOX"),
            field("push.inbox.ca_file", Text, ""),
        ],
    ),
    group(
        "media",
        &[
            field("media.folder", Text, "pictures"),
            field("media.keywords", Text, "keywords.toml"),
            field("media.renew_before_hours", Number(1, 48), "12"),
            field("media.uploads_per_day", SOME, "1000"),
            field("media.permanent", Switch, "false"),
        ],
    ),
    group(
        "crawl",
        &[
            field("crawl.enabled", Switch, "true"),
            field("crawl.sources_at_once", Number(1, 64), "8"),
            field("crawl.contact", Text, ""),
            field("crawl.pause_ms", Number(0, 3_600_000), "1000"),
            field("crawl.most_pause_seconds", Number(0, 86_400), "60"),
            field("crawl.patience_seconds", Number(1, 600), "30"),
            field("crawl.tries", Number(1, 10), "3"),
            field("crawl.retry_ms", Number(0, 3_600_000), "2000"),
            field("crawl.page_megabytes", Number(1, 50), "5"),
            field("crawl.book_megabytes", Number(1, 500), "100"),
        ],
    ),
    group("books", &[live("books.adverts", List, "")]),
    group(
        "opds",
        &[
            field("opds.access", Choice(&["open", "password", "off"]), "open"),
            field("opds.user", Text, ""),
            field("opds.password", Secret, ""),
        ],
    ),
    group(
        "token",
        &[
            field("token.upstream", List, ""),
            field("token.upstream_key", Secret, ""),
            field("token.take_over", Choice(&["never", "stable"]), "never"),
            field("token.relay", List, ""),
        ],
    ),
    group("alerts", &[field("alerts.mail_to", Text, ""), field("alerts.webhook", Secret, "")]),
    group(
        "backup",
        &[
            field("backup.enabled", Switch, "false"),
            field("backup.folder", Text, ""),
            field("backup.keep_last", SOME, "3"),
            field("backup.keep_days", COUNT, "7"),
            field("backup.keep_weeks", COUNT, "4"),
            field("backup.passphrase", Secret, ""),
        ],
    ),
    optional(
        "backup.webdav",
        &[
            field("backup.webdav.url", Text, ""),
            field("backup.webdav.username", Text, ""),
            field("backup.webdav.password", Secret, ""),
        ],
    ),
    optional(
        "backup.s3",
        &[
            field("backup.s3.endpoint", Text, ""),
            field("backup.s3.region", Text, "us-east-1"),
            field("backup.s3.bucket", Text, ""),
            field("backup.s3.prefix", Text, ""),
            field("backup.s3.access_key", Text, ""),
            field("backup.s3.secret_key", Secret, ""),
            field("backup.s3.path_style", Switch, "true"),
        ],
    ),
    optional("backup.sftp", &[field("backup.sftp.to", Text, "")]),
    group(
        "log",
        &[
            live("log.level", Choice(&["error", "warn", "info", "debug", "trace"]), "info"),
            field("log.file_megabytes", Number(1, 1 << 20), "10"),
            field("log.files", COUNT, "30"),
            field("log.days", COUNT, "30"),
        ],
    ),
];

/// The keys of an account.
pub const ACCOUNT: &[Field] = &[
    field("name", Text, ""),
    field("app_id", Text, ""),
    field("app_secret", Secret, ""),
    field("token", Secret, ""),
    field("encoding_aes_key", Secret, ""),
    field("previous_encoding_aes_key", Secret, ""),
    field("mode", Choice(&["", "safe", "compatible", "plain"]), ""),
    field("verified", Switch, "false"),
    field("token_endpoint", Choice(&["stable", "classic"]), "stable"),
    field("api_base", Text, ""),
    field("api_fallbacks", List, ""),
    field("api_proxy", Text, ""),
    field("js_domains", List, ""),
];

/// The field of a key, also of one like `account.main.token`.
pub fn find(key: &str) -> Option<&'static Field> {
    match account_key(key) {
        Some((_, last)) => ACCOUNT.iter().find(|field| field.key == last),
        None => GROUPS.iter().flat_map(|group| group.fields).find(|field| field.key == key),
    }
}

/// The account and its key, of `account.main.token`.
pub(super) fn account_key(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix("account.")?.rsplit_once('.')
}

impl Field {
    /// The value that a text stands for.
    ///
    /// # Errors
    /// What the field takes instead.
    pub fn value(&self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        Ok(match self.kind {
            Kind::Text | Kind::Secret => Value::String(text.to_owned()),
            Kind::List => {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                Value::Array(lines.map(|line| Value::String(line.to_owned())).collect())
            }
            Kind::Number(least, most) => {
                let number = text.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
                let number = number.and_then(|number| i64::try_from(number).ok());
                Value::Integer(number.ok_or_else(|| format!("must be a whole number from {least} to {most}"))?)
            }
            Kind::Switch => Value::Boolean(text.parse().map_err(|_| "must be true or false".to_owned())?),
            Kind::Choice(choices) if choices.contains(&text) => Value::String(text.to_owned()),
            Kind::Choice(choices) => return Err(format!("must be one of: {}", choices.join(", "))),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn parsed(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("/nowhere"), []).map_err(|error| format!("{error:#}"))
    }

    fn line(field: &Field) -> String {
        format!("{} = {}\n", field.key, field.value(field.default).unwrap())
    }

    #[test]
    fn what_holds_without_a_key_is_what_the_table_says() {
        let without = format!("{:?}", parsed("").unwrap());
        for group in GROUPS.iter().filter(|group| !group.is_optional) {
            for field in group.fields {
                let with = parsed(&line(field)).unwrap_or_else(|error| panic!("{}: {error}", field.key));
                assert_eq!(format!("{with:?}"), without, "{}", field.key);
            }
        }
    }

    #[test]
    fn every_key_of_the_example_is_in_the_table_and_the_other_way_round() {
        let mut section = String::new();
        let mut shown = Vec::new();
        for line in super::super::EXAMPLE.lines() {
            let line = ["# ", "#:  "].into_iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line);
            if let Some(name) = line.strip_prefix('[') {
                let name = name.trim_start_matches('[');
                section = name.split(']').next().unwrap_or_default().to_owned();
            } else if let Some((key, _)) = line.split_once('=') {
                let key = key.trim();
                if !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                    shown.push(if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") });
                }
            }
        }
        let accounts = ACCOUNT.iter().map(|field| format!("account.{}", field.key));
        let mut table: Vec<String> =
            GROUPS.iter().flat_map(|group| group.fields).map(|field| field.key.to_owned()).collect();
        table.extend(accounts);
        // Further senders are sections of their own, and keyword replies a file of their own.
        shown.retain(|key| key != "push.sender" && !key.starts_with("reply."));
        shown.sort();
        table.sort();
        assert_eq!(shown, table);
    }

    #[test]
    fn bounds_of_numbers_are_those_of_the_configuration() {
        for field in GROUPS.iter().filter(|group| !group.is_optional).flat_map(|group| group.fields) {
            let Kind::Number(least, most) = field.kind else { continue };
            for number in [least, most] {
                let text = format!("{} = {number}", field.key);
                parsed(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            }
        }
    }
}
