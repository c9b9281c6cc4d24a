//! The configuration file: every mistake is refused with the key and the fix in the message.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use shutong::config::{Config, EXAMPLE, Language, Level, OpdsAccess};
use tempfile::TempDir;

const ACCOUNT: &str = "[[account]]\nname = \"main\"\napp_id = \"wx0123456789abcdef\"\ntoken = \"token2026\"\n";
const KEY: &str = "encoding_aes_key = \"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\"\n";

fn parse(text: &str) -> Result<Config, String> {
    parse_with(text, &[])
}

fn parse_with(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Config::parse(text, Path::new("/nowhere"), environment).map_err(|error| format!("{error:#}"))
}

/// The message must name all of these.
#[track_caller]
fn refused(text: &str, parts: &[&str]) {
    let message = parse(text).expect_err(text);
    for part in parts {
        assert!(message.contains(part), "{text}\n{message}\ndoes not say {part:?}");
    }
}

#[test]
fn an_empty_file_is_sound_and_so_is_the_example() {
    let config = parse("").unwrap();
    assert_eq!(config.listen.public.to_string(), "127.0.0.1:8080");
    assert_eq!((config.language, config.opds.access, config.log.level), (Language::Zh, OpdsAccess::Open, Level::Info));
    parse(EXAMPLE).unwrap();
    // What the example shows as defaults are the defaults, and are accepted.
    let shown: String = EXAMPLE
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|line| is_setting(line)).unwrap_or(line))
        .filter(|line| !line.starts_with("previous_encoding_aes_key") && !line.starts_with("app_secret "))
        .map(|line| format!("{line}\n"))
        .collect();
    let shown = shown
        .replace("\"3 to 32 letters and digits\"", "\"token2026\"")
        .replace("\"43 letters and digits\"", "\"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\"");
    let config = parse(&shown).unwrap_or_else(|error| panic!("{error}\n{shown}"));
    assert_eq!((config.accounts.len(), config.limits.downloads_per_day), (1, 20));
}

fn is_setting(line: &str) -> bool {
    line.starts_with('[')
        || line.split_once('=').is_some_and(|(key, _)| key.trim().chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}

#[test]
fn unknown_keys_are_named() {
    refused("pubic_url = \"https://books.example.com\"", &["pubic_url", "public_url"]);
    refused("[listen]\npubilc = \"127.0.0.1:1\"", &["pubilc", "public"]);
    refused("[limits]\ndownloads = 3", &["downloads", "downloads_per_day"]);
    refused(&format!("{ACCOUNT}secret = \"x\""), &["secret"]);
    refused("[nothing]\n", &["nothing"]);
}

#[test]
fn wrong_values_are_named() {
    refused("this is no toml", &["not TOML"]);
    refused("time_zone = \"Mars/Olympus\"", &["time_zone"]);
    refused("language = \"fr\"", &["language"]);
    refused("[listen]\npublic = \"8080\"", &["public"]);
    refused("public_url = \"books.example.com\"", &["public_url"]);
    refused("public_url = \"https://books.example.com/shop\"", &["public_url", "without a path"]);
    refused("[limits]\nconnections = 0", &["limits.connections", "at least 1"]);
    refused("[limits]\nupload_megabytes = 99999", &["limits.upload_megabytes", "1024"]);
}

#[test]
fn wrong_accounts_are_named() {
    refused(&ACCOUNT.replace("token2026", "a b"), &["account 1", "main", "token"]);
    refused(&format!("{ACCOUNT}encoding_aes_key = \"short\""), &["account 1", "encoding_aes_key", "43"]);
    refused(&format!("{ACCOUNT}mode = \"safe\""), &["account 1", "encoding_aes_key"]);
    refused(&format!("{ACCOUNT}mode = \"sure\""), &["mode"]);
    refused(&format!("{ACCOUNT}{ACCOUNT}"), &["two accounts", "main"]);
    refused(&ACCOUNT.replace("\"main\"", "\"a/b\""), &["account 1", "name"]);
    refused(&ACCOUNT.replace("token = \"token2026\"", ""), &["token"]);
    refused(&format!("{ACCOUNT}api_base = \"ftp://x\""), &["api_base", "https://"]);
    let config = parse(&format!("{ACCOUNT}{KEY}")).unwrap();
    assert_eq!(config.accounts().unwrap()[0].name(), "main");
}

#[test]
fn wrong_combinations_are_named() {
    refused("[opds]\naccess = \"password\"", &["opds.access", "opds.user", "opds.password"]);
    let mail = "[mail]\nfrom = \"a@b.example\"\nhost = \"smtp.example.com\"\nport = 587\ntls = \"none\"";
    refused(mail, &["mail.tls"]);
    parse(&mail.replace("smtp.example.com", "127.0.0.1")).unwrap();
}

#[test]
fn the_environment_overrides_single_keys() {
    let config = parse_with(
        "[listen]\npublic = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:2\"",
        &[
            ("SHUTONG_LISTEN__PUBLIC", "127.0.0.1:3"),
            ("SHUTONG_LIMITS__CONNECTIONS", "7"),
            ("SHUTONG_CRAWL__TRIES", "5"),
            ("SHUTONG_PUSH__MAILBOXES", "false"),
            ("SHUTONG_PUBLIC_URL", "https://books.example.com/"),
            ("SHUTONG_LOG__LEVEL", "trace"),
            ("SHUTONG_CONFIG", "elsewhere.toml"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!((config.listen.public.port(), config.listen.admin.port()), (3, 2));
    assert_eq!((config.limits.connections, config.log.level), (7, Level::Trace));
    assert_eq!((config.crawl.tries, config.push.mailboxes), (5, false));
    assert_eq!(config.public_url, "https://books.example.com");

    let config = parse_with(ACCOUNT, &[("SHUTONG_ACCOUNT__0__TOKEN", "other2026")]).unwrap();
    assert_eq!(config.accounts[0].token.expose(), "other2026");
    for (name, value) in [
        ("SHUTONG_LIMITS__CONNECTIONS", "many"),
        ("SHUTONG_LISTEN__PUBLC", "127.0.0.1:1"),
        ("SHUTONG_ACCOUNT__5__TOKEN", "x"),
    ] {
        let message = parse_with(ACCOUNT, &[(name, value)]).expect_err(name);
        let key = name.rsplit("__").next().unwrap().to_lowercase();
        assert!(message.contains(name) || message.contains(&key), "{name}: {message}");
    }
}

#[test]
fn secrets_come_from_files_that_nobody_else_can_read() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("token");
    fs::write(&path, "token2026\n").unwrap();
    let text = ACCOUNT.replace("token = \"token2026\"", "token_file = \"token\"");
    let parse = |text: &str| Config::parse(text, dir.path(), []).map_err(|error| format!("{error:#}"));
    let set_mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();

    set_mode(0o644);
    let message = parse(&text).expect_err("readable by everybody");
    assert!(message.contains("chmod 600") && message.contains("token"), "{message}");
    set_mode(0o600);
    assert_eq!(parse(&text).unwrap().accounts[0].token.expose(), "token2026");
    // The environment has the last word, in both directions.
    let with = |text: &str, name: &str, value: &str| {
        let environment = [(format!("SHUTONG_ACCOUNT__0__{name}"), value.to_owned())];
        Config::parse(text, dir.path(), environment).unwrap().accounts[0].token.expose().to_owned()
    };
    assert_eq!(with(&text, "TOKEN", "other2026"), "other2026");
    assert_eq!(with(&ACCOUNT.replace("token2026", "other2026"), "TOKEN_FILE", "token"), "token2026");
    let message = parse(&format!("{text}token = \"x123\"")).expect_err("both");
    assert!(message.contains("token and token_file are both set"), "{message}");
    fs::remove_file(&path).unwrap();
    assert!(parse(&text).expect_err("missing").contains("token"));
}

#[test]
fn a_file_with_secrets_that_everybody_can_read_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("shutong.toml");
    fs::write(&path, ACCOUNT).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let message = format!("{:#}", Config::load(&path).expect_err("readable by everybody"));
    assert!(message.contains(&format!("chmod 600 {}", path.display())), "{message}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Config::load(&path).unwrap();
}

#[test]
fn no_secret_is_ever_shown() {
    let config = parse(&format!("{ACCOUNT}app_secret = \"canary0001\"\n{KEY}")).unwrap();
    let shown = format!("{config:?}");
    for secret in ["canary0001", "token2026", "abcdefghijklmnopqrstuvwxyz"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let message = parse(&format!("{ACCOUNT}encoding_aes_key = \"canary0002\"")).expect_err("a short key");
    assert!(!message.contains("canary0002"), "{message}");
}

#[test]
fn mistakes_about_tokens_and_alerts_are_named() {
    let upstream = "[token]\nupstream = [\"http://10.0.0.2:8777\"]\n";
    refused(upstream, &["token.upstream_key", "shutong key add"]);
    assert!(parse(&format!("{upstream}upstream_key = \"bk_1_2\"\n")).unwrap().upstream().unwrap().is_some());
    refused("[token]\nupstream = [\"10.0.0.2:8777\"]\nupstream_key = \"k\"\n", &["token.upstream", "https://"]);
    for path in ["/sns/userinfo", "cgi-bin/user/info", "/cgi-bin/*/info"] {
        refused(&format!("[token]\nrelay = [\"{path}\"]\n"), &["token.relay", path]);
    }
    refused("[token]\ntake_over = \"always\"\n", &["always", "never", "stable"]);
    refused("[alerts]\nmail_to = \"owner@example.com\"\n", &["alerts.mail_to", "[mail]"]);
    refused("[alerts]\nwebhook = \"example.com\"\n", &["alerts.webhook"]);
    for (key, value) in [
        ("api_base", "\"api.weixin.qq.com\""),
        ("api_fallbacks", "[\"ftp://example.com\"]"),
        ("api_proxy", "\"proxy:3128\""),
        ("js_domains", "[\"https://books.example.com\"]"),
    ] {
        refused(&format!("{ACCOUNT}{key} = {value}\n"), &["account main", key]);
    }
}

#[test]
fn the_platforms_hosts_for_disasters_are_known_unless_the_owner_names_others() {
    let bases = |more: &str| parse(&format!("{ACCOUNT}{more}")).unwrap().token_settings().remove(0).hosts.bases;
    assert_eq!(bases("").len(), 5);
    assert_eq!(bases("")[0], "https://api.weixin.qq.com");
    assert_eq!(bases("api_fallbacks = []\n").len(), 1);
    assert_eq!(bases("api_base = \"http://127.0.0.1:9/\"\n"), ["http://127.0.0.1:9"]);
    let domains = |more: &str| {
        let text = format!("public_url = \"https://books.example.com\"\n{ACCOUNT}{more}");
        parse(&text).unwrap().token_settings().remove(0).js_domains
    };
    assert_eq!(domains(""), ["books.example.com"]);
    assert_eq!(domains("js_domains = [\"example.org\"]\n"), ["example.org"]);
}

#[test]
fn two_accounts_do_not_end_each_others_tokens() {
    let with = |name: &str, more: &str| ACCOUNT.replace("\"main\"", name) + more;
    let secret = "app_secret = \"0123456789abcdef0123456789abcdef\"\n";
    refused(&(with("\"one\"", secret) + &with("\"two\"", secret)), &["wx0123456789abcdef", "app_secret", "one", "two"]);
    // The second path of a callback that is being renamed.
    parse(&(with("\"one\"", secret) + &with("\"two\"", ""))).unwrap();
}

#[test]
fn what_would_match_nothing_is_refused_or_written_as_it_is_compared() {
    refused("[token]\nrelay = [\"/cgi-bin/user/**\"]", &["token.relay", "/cgi-bin/message/*"]);
    refused("[token]\nrelay = [\"/cgi-bin/*/info\"]", &["token.relay"]);
    parse("[token]\nrelay = [\"/cgi-bin/user/*\"]").unwrap();
    let config = parse(&format!("{ACCOUNT}js_domains = [\"Books.Example.com\", \"书.example.com\"]\n")).unwrap();
    assert_eq!(config.token_settings()[0].js_domains, ["books.example.com", "xn--1jq.example.com"]);
}
