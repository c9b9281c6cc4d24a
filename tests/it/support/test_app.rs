//! The program on a temporary directory, with a clock that the test moves and real sockets on port 0.

use std::net::SocketAddr;
use std::sync::Arc;

use shutong::app::App;
use shutong::config::Config;
use shutong::server::{self, ConnectionLimits, Patience, TokenApi, Webhook};
use shutong::store::Durability;
use shutong::store::records::{BookId, FollowerRecord};
use shutong::store::schema::{FOLLOWER_OF_ALIAS, FOLLOWERS, SETTINGS};
use shutong::token::{NewKey, Scope};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::book_builder::BookBuilder;
use super::central::{self, APP_SECRET};
use super::clock::ManualClock;
use super::wait_until_closed;
use super::wechat_api::WechatApi;
use super::wechat_sim::{Answer, SimAccount, SimMode, WechatSim};

/// The follower of [`TestApp::say`].
pub const FOLLOWER: &str = "oFollower";

/// The program, assembled, with its public listener served. Everything ends when it is dropped.
pub struct TestApp {
    pub app: Arc<App>,
    pub clock: ManualClock,
    pub public: SocketAddr,
    /// The token API.
    pub token: SocketAddr,
    pub http: reqwest::Client,
    configuration: String,
    patience: Patience,
    /// The platform of the account `main`, if there is one, on this program's clock.
    pub sim: WechatSim,
    stop: watch::Sender<bool>,
    served: Vec<JoinHandle<()>>,
    token_api: Arc<TokenApi>,
    /// The platform's API, if the account `main` calls one.
    pub platform: Option<WechatApi>,
    data: TempDir,
}

/// An answer of the token API.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub json: serde_json::Value,
}

impl Told {
    pub fn errcode(&self) -> i64 {
        self.json["errcode"].as_i64().unwrap_or_default()
    }

    pub fn access_token(&self) -> &str {
        self.json["access_token"].as_str().unwrap_or_default()
    }
}

/// `[[account]]` for this account, called `main`.
pub fn account_toml(account: &SimAccount) -> String {
    let mode = match account.mode {
        SimMode::Plain => "plain",
        SimMode::Compatible => "compatible",
        SimMode::Safe => "safe",
    };
    format!(
        "[[account]]\nname = \"main\"\napp_id = \"{}\"\ntoken = \"{}\"\nencoding_aes_key = \"{}\"\nmode = \"{mode}\"\n",
        account.app_id, account.token, account.encoding_aes_key
    )
}

impl TestApp {
    /// With an empty configuration.
    pub async fn start() -> TestApp {
        TestApp::with("").await
    }

    /// With this `shutong.toml`.
    pub async fn with(configuration: &str) -> TestApp {
        TestApp::fresh(configuration.to_owned(), Patience::default(), SimMode::Safe).await
    }

    /// With the account `main`.
    pub async fn with_account(mode: SimMode) -> TestApp {
        TestApp::with_patience(mode, Patience::default()).await
    }

    /// The same, with a callback that waits so long.
    pub async fn with_patience(mode: SimMode, patience: Patience) -> TestApp {
        TestApp::fresh(account_toml(&SimAccount::new(mode)), patience, mode).await
    }

    async fn fresh(configuration: String, patience: Patience, mode: SimMode) -> TestApp {
        let clock = ManualClock::new();
        let same = clock.clone();
        let sim = WechatSim::new(SimAccount::new(mode), "").with_clock(move || same.now().timestamp());
        TestApp::on(tempfile::tempdir().unwrap(), clock, configuration, patience, sim, None, None).await
    }

    /// With the account `main`, which calls a simulated platform; `account` are further lines of its section, `more`
    /// further sections.
    pub async fn with_platform(account: &str, more: &str) -> TestApp {
        TestApp::with_platform_and_patience(account, more, Patience::default()).await
    }

    /// The same, with a callback that waits so long.
    pub async fn with_platform_and_patience(account: &str, more: &str, patience: Patience) -> TestApp {
        let clock = ManualClock::new();
        let platform = central::platform(&clock);
        let configuration = format!(
            "{}app_secret = \"{APP_SECRET}\"\napi_base = \"{}\"\n{account}\n{more}\n",
            account_toml(&SimAccount::new(SimMode::Safe)),
            platform.base()
        );
        let same = clock.clone();
        let sim = WechatSim::new(SimAccount::new(SimMode::Safe), "").with_clock(move || same.now().timestamp());
        let data = tempfile::tempdir().unwrap();
        TestApp::on(data, clock, configuration, patience, sim, Some(platform), None).await
    }

    #[allow(clippy::too_many_arguments)]
    async fn on(
        data: TempDir,
        clock: ManualClock,
        configuration: String,
        patience: Patience,
        sim: WechatSim,
        platform: Option<WechatApi>,
        token: Option<SocketAddr>,
    ) -> TestApp {
        // Tests write faster than people; one that is about that says so.
        let unlimited = [("SHUTONG_LIMITS__MESSAGES_PER_MINUTE".to_owned(), "0".to_owned())];
        let environment = unlimited.into_iter().filter(|_| !configuration.contains("messages_per_minute"));
        let config = Config::parse(&configuration, data.path(), environment).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let public = listener.local_addr().unwrap();
        let url = if config.public_url.is_empty() { format!("http://{public}") } else { config.public_url.clone() };
        let limits = ConnectionLimits::of(config.limits.connections);
        wait_until_closed(data.path());
        let app = Arc::new(App::open(config, data.path(), &url, clock.clock()).unwrap());
        let webhook = Arc::new(Webhook::new(Arc::clone(&app), patience));
        let (stop, stopping) = watch::channel(false);
        let stopped = |mut stopping: watch::Receiver<bool>| async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let routes = server::public(Arc::clone(&app), webhook);
        let public_served = tokio::spawn(server::serve(listener, routes, limits, stopped(stopping.clone())));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TcpListener::bind(token.unwrap_or(any)).await.unwrap();
        let token = listener.local_addr().unwrap();
        let token_api = Arc::new(TokenApi::new(Arc::clone(&app)));
        let routes = server::token_api(Arc::clone(&token_api));
        let token_served = tokio::spawn(server::serve(listener, routes, limits, stopped(stopping)));
        // reqwest wants a provider even for plain HTTP; another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A client of its own keeps no connection to another test's server.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        let sim = sim.moved_to(format!("http://{public}/wechat/main"));
        let served = vec![public_served, token_served];
        TestApp {
            app,
            clock,
            public,
            token,
            http,
            configuration,
            patience,
            sim,
            stop,
            served,
            token_api,
            platform,
            data,
        }
    }

    /// Stops serving and waits until the sockets are closed.
    pub async fn stop(&mut self) {
        let _ = self.stop.send(true);
        self.token_api.close_streams();
        for served in self.served.drain(..) {
            served.await.unwrap();
        }
    }

    /// Stops, closes the data and opens it again, at another address.
    pub async fn restart(self) -> TestApp {
        self.restarted(None).await
    }

    /// The same, with the token API where it was.
    pub async fn restart_at_same_address(self) -> TestApp {
        let token = self.token;
        self.restarted(Some(token)).await
    }

    async fn restarted(mut self, token: Option<SocketAddr>) -> TestApp {
        self.stop().await;
        let TestApp { app, clock, configuration, patience, sim, token_api, platform, data, .. } = self;
        drop(token_api);
        let last = Arc::into_inner(app).expect("something still holds the stopped program");
        drop(last);
        TestApp::on(data, clock, configuration, patience, sim, platform, token).await
    }

    /// A key of the token API with these scopes.
    pub fn key(&self, scopes: &[Scope]) -> String {
        let new = NewKey {
            name: "test".into(),
            scopes: scopes.to_vec(),
            accounts: Vec::new(),
            networks: Vec::new(),
            expires_at: None,
        };
        let (_, key) = self.app.keys.add(&new, shutong::app::random().unwrap(), self.clock.now()).unwrap();
        key.expose().to_owned()
    }

    /// What the token API answers to the bearer of a key: status, headers, JSON. With a body it is a POST.
    pub async fn ask(&self, path: &str, key: &str, body: Option<serde_json::Value>) -> Told {
        let url = format!("http://{}{path}", self.token);
        let request = match body {
            Some(body) => self.http.post(url).json(&body),
            None => self.http.get(url),
        };
        let request = if key.is_empty() { request } else { request.bearer_auth(key) };
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Told { status, headers, json: serde_json::from_str(&text).unwrap_or_default() }
    }

    /// What a follower gets for one text.
    pub async fn say(&self, text: &str) -> String {
        match self.sim.say(FOLLOWER, text).await {
            Answer::Text(text) => text,
            other => panic!("{text}: {other:?}"),
        }
    }

    /// With an EPUB of this title, by 某人.
    pub fn with_book(self, title: &str) -> TestApp {
        self.add(&format!("{title}.epub"), &BookBuilder::new(title).build());
        self
    }

    /// Adds a book from a file's bytes and brings the index up to it.
    pub fn add(&self, file_name: &str, bytes: &[u8]) -> BookId {
        let id = self.app.library.add(file_name, bytes, self.clock.now()).unwrap().id();
        self.app.library.index_changes().unwrap();
        id
    }

    /// Changes a book's record past the library, for what no file can hold.
    pub fn alter(&self, id: BookId, change: impl FnOnce(&mut shutong::store::records::BookRecord)) {
        use shutong::store::{Error, schema::BOOKS};
        let altered = self.app.store.write(Durability::Durable, |write| {
            let mut book = write.get(&BOOKS, &id)?.unwrap();
            change(&mut book);
            write.put(&BOOKS, &id, &book)?;
            Ok::<_, Error>(())
        });
        altered.unwrap();
    }

    /// Makes a book's record unreadable.
    pub fn damage_book(&self, id: BookId) {
        let line = format!("{{\"table\":\"books\",\"key\":\"{id:016x}\",\"value\":\"damaged\"}}\n");
        assert_eq!(self.app.store.import(line.as_bytes()).unwrap(), 1);
    }

    /// A follower that links can be made out to.
    pub fn follower(&self, alias: &str, blocked: bool) {
        let key = ("account".to_owned(), format!("open-{alias}"));
        let follower = FollowerRecord { alias: alias.to_owned(), blocked, ..FollowerRecord::default() };
        let written = self.app.store.write(Durability::Durable, |write| {
            write.put(&FOLLOWERS, &key, &follower)?;
            write.put(&FOLLOWER_OF_ALIAS, &alias.to_owned(), &key)
        });
        written.unwrap();
    }

    pub fn set(&self, setting: &str, value: serde_json::Value) {
        let written =
            self.app.store.write(Durability::Durable, |write| write.put(&SETTINGS, &setting.to_owned(), &value));
        written.unwrap();
    }

    /// A request for a path, or for a whole address of this server.
    pub fn get(&self, address: &str) -> reqwest::RequestBuilder {
        self.request(reqwest::Method::GET, address)
    }

    pub fn request(&self, method: reqwest::Method, address: &str) -> reqwest::RequestBuilder {
        let address = match address.strip_prefix('/') {
            Some(path) => format!("http://{}/{path}", self.public),
            None => address.to_owned(),
        };
        self.http.request(method, address)
    }

    /// Status and body of a GET.
    pub async fn fetch(&self, address: &str) -> (u16, String) {
        let response = self.get(address).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}
