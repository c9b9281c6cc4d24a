//! What stays of a file when one key of it changes, and what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;

const FILE: &str = "\
# Ours.
public_url = \"https://books.example.com\" # through nginx

[limits]
# Generous.
downloads_per_day = 50   # was 20

[[account]]
name = \"main\"
app_id = \"wx0123456789abcdef\"
token = \"token2026\" # as in the console

[[account]]
name = \"other\"
app_id = \"wx0123456789abcde0\"
token_file = \"other.token\"
";

struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new(text: &str) -> Home {
        let home = Home { dir: tempfile::tempdir().unwrap() };
        crate::secret::write_private(&home.dir.path().join("other.token"), b"token2027\n").unwrap();
        fs::write(home.path(), text).unwrap();
        home
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("shutong.toml")
    }

    fn draft(&self, environment: &[(&str, &str)]) -> Draft {
        Draft::open(&self.path(), environment.iter().map(|(name, text)| (name.to_string(), text.to_string()))).unwrap()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }
}

#[test]
fn comments_and_order_stay_and_the_old_file_is_kept() {
    let home = Home::new(FILE);
    let mut draft = home.draft(&[]);
    draft.set("limits.downloads_per_day", "30").unwrap();
    draft.set("limits.addresses", "7").unwrap();
    draft.set("account.main.token", "token2028").unwrap();
    draft.set("books.adverts", "*example.com*\r\n本书来自*\n").unwrap();
    let config = draft.save().unwrap();
    assert_eq!((config.limits.downloads_per_day, config.limits.addresses), (30, 7));
    let expected = FILE
        .replace("downloads_per_day = 50   # was 20\n", "downloads_per_day = 30   # was 20\naddresses = 7\n")
        .replace("\"token2026\"", "\"token2028\"")
        + "\n[books]\nadverts = [\"*example.com*\", \"本书来自*\"]\n";
    assert_eq!(home.text(), expected);
    assert_eq!(fs::read_to_string(home.dir.path().join("shutong.toml.old")).unwrap(), FILE);
    for name in ["shutong.toml", "shutong.toml.old"] {
        let mode = fs::metadata(home.dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_secret_that_lies_in_a_file_is_not_its_path() {
    let home = Home::new(FILE);
    let given = home.draft(&[("SHUTONG_ACCOUNT__0__TOKEN", "token2029")]);
    assert_eq!(given.secret("account.main.token").unwrap().as_deref(), Some("token2029"));
    let in_file = home.draft(&[("SHUTONG_ACCOUNT__0__TOKEN_FILE", "/run/secrets/token")]);
    assert_eq!(in_file.secret("account.main.token").unwrap(), None);
}

#[test]
fn an_empty_value_takes_the_key_out() {
    let home = Home::new(FILE);
    let mut draft = home.draft(&[]);
    draft.set("limits.downloads_per_day", "").unwrap();
    draft.set("public_url", " ").unwrap();
    let config = draft.save().unwrap();
    assert_eq!((config.limits.downloads_per_day, config.public_url.as_str()), (20, ""));
    assert!(!home.text().contains("downloads_per_day"), "{}", home.text());

    // What is the default already is not written down.
    let before = home.text();
    let mut draft = home.draft(&[]);
    draft.set("limits.addresses", "5").unwrap();
    draft.save().unwrap();
    assert_eq!(home.text(), before);
}

#[test]
fn a_section_that_may_be_missing_goes_with_its_first_key() {
    let home = Home::new("");
    let mut draft = home.draft(&[]);
    for (key, text) in [("from", "books@example.com"), ("host", "smtp.example.com"), ("port", "587"), ("tls", "tls")] {
        draft.set(&format!("mail.{key}"), text).unwrap();
    }
    // The port is what the page shows without one; the section needs it all the same.
    assert_eq!(draft.save().unwrap().mail.unwrap().port, 587);
    let mut draft = home.draft(&[]);
    draft.set("mail.from", "").unwrap();
    assert!(draft.save().unwrap().mail.is_none());
    assert_eq!(home.text(), "");
}

#[test]
fn what_a_start_would_refuse_is_not_written() {
    let home = Home::new(FILE);
    for (key, text, says) in [
        ("public_url", "books.example.com", "public_url"),
        ("limits.connections", "0", "limits.connections"),
        ("limits.connections", "many", "whole number"),
        ("listen.public", "8080", "public"),
        ("log.level", "loud", "error, warn, info"),
        ("opds.access", "password", "opds.user"),
        ("account.main.app_id", "", "app_id"),
        ("account.nobody.app_id", "x", "no account nobody"),
        ("account.other.token", "token2029", "other.token"),
        ("limits.downloads", "3", "no key limits.downloads"),
    ] {
        let mut draft = home.draft(&[]);
        let outcome = draft.set(key, text).and_then(|()| draft.save().map(drop));
        let error = outcome.expect_err(key).to_string();
        assert!(error.contains(says), "{key} = {text}: {error}");
        assert_eq!(home.text(), FILE, "{key} = {text}");
    }
    assert!(!home.dir.path().join("shutong.toml.old").exists());
}

#[test]
fn what_comes_from_elsewhere_is_shown_and_not_changed() {
    let home = Home::new(FILE);
    let draft = home.draft(&[("SHUTONG_LIMITS__ADDRESSES", "3"), ("SHUTONG_ACCOUNT__0__TOKEN", "canary")]);
    let addresses = draft.get("limits.addresses").unwrap();
    assert_eq!(addresses.text, "3");
    assert_eq!(addresses.source, Source::Environment("SHUTONG_LIMITS__ADDRESSES".into()));
    assert_eq!(draft.get("limits.downloads_per_day").unwrap().source, Source::File);
    assert_eq!(draft.get("limits.codes_per_day").unwrap().source, Source::Default);
    let other = draft.get("account.other.token").unwrap();
    assert_eq!((other.is_set, other.source), (true, Source::SecretFile("other.token".into())));
    let main = draft.get("account.main.token").unwrap();
    assert_eq!((main.text.as_str(), main.is_set, main.is_editable()), ("", true, false), "a secret is not shown");
    let mut draft = draft;
    let error = draft.set("limits.addresses", "4").unwrap_err().to_string();
    assert!(error.contains("SHUTONG_LIMITS__ADDRESSES"), "{error}");
}

#[test]
fn somebody_elses_change_is_not_overwritten() {
    let home = Home::new(FILE);
    let mut draft = home.draft(&[]);
    let seen = draft.digest();
    draft.set("limits.addresses", "9").unwrap();
    let theirs = FILE.replace("50", "60");
    fs::write(home.path(), &theirs).unwrap();
    assert!(matches!(draft.save(), Err(EditError::Changed(_))));
    assert_eq!(home.text(), theirs);
    assert!(matches!(home.draft(&[]).must_be(&seen), Err(EditError::Changed(_))));
}

#[test]
fn accounts_come_and_go_by_name() {
    let home = Home::new(FILE);
    let mut draft = home.draft(&[]);
    assert_eq!(draft.accounts(), ["main", "other"]);
    assert!(draft.add_account("main").is_err());
    draft.add_account("third").unwrap();
    draft.set("account.third.app_id", "wx0123456789abcde1").unwrap();
    draft.set("account.third.token", "token2029").unwrap();
    draft.set("account.third.verified", "true").unwrap();
    draft.remove_account("main").unwrap();
    let config = draft.save().unwrap();
    let names: Vec<&str> = config.accounts.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["other", "third"]);
    assert!(config.accounts[1].verified);
    assert!(home.text().starts_with("# Ours."), "{}", home.text());
}

#[test]
fn a_file_that_is_not_there_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shutong.toml");
    let mut draft = Draft::open(&path, []).unwrap();
    assert_eq!(draft.digest(), "");
    draft.set("language", "en").unwrap();
    draft.save().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "language = \"en\"\n");
    assert!(!dir.path().join("shutong.toml.old").exists());
}

#[test]
fn what_waits_for_a_start_is_named_and_what_is_taken_at_once_is_not() {
    let home = Home::new(FILE);
    let running = Config::load(&home.path()).unwrap_err();
    assert!(format!("{running:#}").contains("chmod 600"), "the file is readable by all: {running:#}");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o600)).unwrap();
    let running = Config::load(&home.path()).unwrap();
    let mut draft = home.draft(&[]);
    draft.set("log.level", "debug").unwrap();
    assert!(running.origin.waiting(&draft.judge().unwrap().origin).is_empty());
    draft.set("limits.addresses", "9").unwrap();
    draft.set("account.main.token", "token2029").unwrap();
    let saved = draft.judge().unwrap();
    assert_eq!(running.origin.waiting(&saved.origin), ["limits.addresses", "account.main"]);
    assert!(!format!("{saved:?}").contains("token2029"));
}
