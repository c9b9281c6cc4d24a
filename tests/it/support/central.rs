//! The keeper of one account's token against the simulated platform, on a clock that the test moves.

use std::sync::Arc;
use std::time::Duration;

use shutong::alert::Alerts;
use shutong::secret::Secret;
use shutong::store::Store;
use shutong::token::{Keeper, Settings, Tokens};
use shutong::wechat::{Hosts, TokenEndpoint};
use tempfile::TempDir;

use super::clock::ManualClock;
use super::wait_until_closed;
use super::wechat_api::WechatApi;

pub const APP_ID: &str = "wx0123456789abcdef";
pub const APP_SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Everything that keeps a token, and the platform it gets it from.
pub struct Central {
    pub platform: WechatApi,
    pub clock: ManualClock,
    pub alerts: Arc<Alerts>,
    pub tokens: Tokens,
    pub store: Arc<Store>,
    settings: Settings,
    dir: TempDir,
}

/// A platform with the account, whose time passes with the clock and is never set.
pub fn platform(clock: &ManualClock) -> WechatApi {
    let (same, start) = (clock.clone(), clock.now().timestamp_millis() - clock.passed());
    let platform = WechatApi::start(move || start + same.passed());
    platform.add_account(APP_ID, APP_SECRET);
    platform
}

/// The account `main` at this platform, called patiently or not.
pub fn settings(platform: &WechatApi, endpoint: TokenEndpoint) -> Settings {
    Settings {
        account: "main".into(),
        app_id: APP_ID.into(),
        app_secret: Secret::new(APP_SECRET),
        endpoint,
        hosts: Hosts {
            bases: vec![platform.base()],
            proxy: None,
            connect: Duration::from_millis(500),
            total: Duration::from_millis(2_000),
        },
        js_domains: vec!["books.example.com".into()],
        time_zone: chrono_tz::Asia::Shanghai,
    }
}

impl Central {
    pub fn start(endpoint: TokenEndpoint) -> Central {
        Central::with(endpoint, |_| {})
    }

    /// With changed settings.
    pub fn with(endpoint: TokenEndpoint, change: impl FnOnce(&mut Settings)) -> Central {
        let clock = ManualClock::new();
        let platform = platform(&clock);
        let mut settings = settings(&platform, endpoint);
        change(&mut settings);
        Central::on(tempfile::tempdir().unwrap(), clock, platform, settings)
    }

    /// The process ends and another begins.
    pub fn restart(self) -> Central {
        let Central { platform, clock, alerts, tokens, store, settings, dir } = self;
        drop((alerts, tokens, store));
        Central::on(dir, clock, platform, settings)
    }

    fn on(dir: TempDir, clock: ManualClock, platform: WechatApi, settings: Settings) -> Central {
        wait_until_closed(dir.path());
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let alerts = Arc::new(Alerts::new(Arc::clone(&store)));
        let tokens = Tokens::open(&store, &clock.clock(), &alerts, vec![settings.clone()], None).unwrap();
        Central { platform, clock, alerts, tokens, store, settings, dir }
    }

    pub fn keeper(&self) -> &Arc<Keeper> {
        self.tokens.of(None).unwrap()
    }

    /// A minute passes, and what is due is done.
    pub async fn minute(&self) {
        self.clock.advance(chrono::Duration::minutes(1));
        self.tokens.tick().await;
    }

    pub async fn minutes(&self, count: u32) {
        for _ in 0..count {
            self.minute().await;
        }
    }

    /// What a consumer is given now.
    pub fn given(&self) -> Option<String> {
        self.keeper().current().map(|held| held.value.expose().to_owned())
    }

    /// Whether a consumer is given something that the platform takes.
    pub fn works(&self) -> bool {
        self.given().is_some_and(|token| self.platform.accepts(APP_ID, &token))
    }

    /// Calls for tokens so far.
    pub fn asked(&self) -> usize {
        self.platform.count("/cgi-bin/stable_token") + self.platform.count("/cgi-bin/token")
    }

    /// The kinds of trouble there are now.
    pub fn troubles(&self) -> Vec<String> {
        self.alerts.open().unwrap().into_iter().map(|alert| alert.key).collect()
    }
}
