//! What holds for every key that the file leaves out. The example in `assets/` shows the same values.

use std::net::SocketAddr;

use chrono_tz::Tz;

use super::{
    AdminConfig, AlertsConfig, Books, Config, CrawlConfig, Language, Level, Limits, Listen, Log, MediaConfig, Opds,
    Origin, Push, TokenConfig,
};

impl Default for Config {
    fn default() -> Self {
        Config {
            public_url: String::new(),
            language: Language::Zh,
            time_zone: Tz::Asia__Shanghai,
            listen: Listen::default(),
            accounts: Vec::new(),
            token: TokenConfig::default(),
            alerts: AlertsConfig::default(),
            opds: Opds::default(),
            admin: AdminConfig::default(),
            log: Log::default(),
            limits: Limits::default(),
            books: Books::default(),
            mail: None,
            push: Push::default(),
            media: MediaConfig::default(),
            crawl: CrawlConfig::default(),
            origin: Origin::default(),
            backup: Default::default(),
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Listen { public: local(8080), token: local(8777), admin: local(8081) }
    }
}

impl Default for Log {
    fn default() -> Self {
        Log { level: Level::Info, file_megabytes: 10, files: 30, days: 30 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            downloads_per_day: 20,
            searches_per_day: 500,
            messages_per_minute: 30,
            opds_downloads_per_day: 200,
            upload_megabytes: 200,
            connections: 1024,
            link_hours: 24,
            place_minutes: 60,
            body_search_megabytes: 0,
            convert_megabytes: 1024,
            convert_seconds: 60,
            pushes_per_day: 10,
            codes_per_day: 3,
            addresses: 5,
            letters_per_hour: 100,
            letters_per_day: 500,
        }
    }
}
