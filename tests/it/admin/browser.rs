//! A browser without a page: plain requests over a socket, with every header in the test's hands, and a cookie jar
//! of one cookie. And the admin page it talks to, on a data directory and a clock of its own.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use shutong::app::App;
use shutong::clock::Clock;
use shutong::config::{Config, Listen};
use shutong::server::{self, Admin, Commands, ConnectionLimits, Patience, Webhook};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub const PASSWORD: &str = "correct horse battery";

/// Nobody listens where the platform is said to be.
const CONFIG: &str = r#"
public_url = "https://books.example.com"
[limits]
upload_megabytes = 1
[admin]
hosts = ["admin.example.com"]
[[account]]
name = "safe"
app_id = "wx1234567890abcdef"
app_secret = "the AppSecret of safe"
api_base = "http://127.0.0.1:1"
token = "token123"
encoding_aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
[[account]]
name = "plain"
app_id = "wx1234567890abcde0"
api_base = "http://127.0.0.1:1"
token = "token123"
"#;

/// The admin page of a running program.
pub struct Page {
    pub address: SocketAddr,
    pub app: Arc<App>,
    pub admin: Arc<Admin>,
    now: Arc<Mutex<DateTime<Utc>>>,
    server: JoinHandle<()>,
    _data: tempfile::TempDir,
}

impl Page {
    pub async fn start() -> Page {
        Page::of(CONFIG).await
    }

    /// With a configuration of its own.
    pub async fn of(config: &str) -> Page {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("shutong.toml");
        if !config.is_empty() {
            std::fs::write(&path, config).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let mut config = Config::parse(config, data.path(), []).unwrap();
        config.origin.path = path.exists().then_some(path);
        let now = Arc::new(Mutex::new(DateTime::from_timestamp(1_790_000_000, 0).unwrap()));
        let told = Arc::clone(&now);
        let clock = Clock::of(move || *told.lock());
        let app = Arc::new(App::open(config, data.path(), "https://books.example.com", clock).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listening = Listen { admin: address, ..Listen::default() };
        let webhook = Arc::new(Webhook::new(Arc::clone(&app), Patience::default()));
        let admin = Arc::new(Admin::new(&app, listening, webhook).unwrap());
        let commands = Commands::new("/test-commands", "no key".into(), |_, _| {});
        let routes = server::admin(Arc::clone(&app), Arc::clone(&admin), commands);
        let server = tokio::spawn(server::serve(listener, routes, ConnectionLimits::of(300), std::future::pending()));
        Page { address, app, admin, now, server, _data: data }
    }

    pub fn now(&self) -> DateTime<Utc> {
        *self.now.lock()
    }

    pub fn advance(&self, by: TimeDelta) {
        *self.now.lock() += by;
    }

    /// The page with its password set, and a browser that is logged in.
    pub async fn with_admin() -> (Page, Browser) {
        let page = Page::start().await;
        let browser = page.set_up().await;
        (page, browser)
    }

    pub fn token(&self) -> String {
        let link = self.admin.setup_link().unwrap();
        link.split_once('#').unwrap().1.to_owned()
    }

    pub async fn set_up(&self) -> Browser {
        let mut browser = self.browser();
        let form = format!("token={}&new={PASSWORD}&again={PASSWORD}", self.token());
        assert_eq!(browser.form("/setup", &form).await.status, 303);
        browser
    }

    pub fn browser(&self) -> Browser {
        Browser { address: self.address, cookie: String::new() }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

#[derive(Clone)]
pub struct Browser {
    pub address: SocketAddr,
    pub cookie: String,
}

impl Browser {
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    /// A form as the page itself sends it, with the token if there is a session.
    pub async fn form(&mut self, path: &str, form: &str) -> Answer {
        let token = self.token().await;
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("X-CSRF-Token", token.as_str())];
        self.send("POST", path, &headers, form).await
    }

    pub async fn json(&mut self, path: &str, json: &serde_json::Value) -> Answer {
        let token = self.token().await;
        let headers = [("Content-Type", "application/json"), ("X-CSRF-Token", token.as_str())];
        self.send("POST", path, &headers, &json.to_string()).await
    }

    /// Files as a form brings them: each its name and its bytes.
    pub async fn upload(&mut self, path: &str, files: &[(&str, &[u8])]) -> Answer {
        let token = self.token().await;
        let headers = [("Content-Type", "multipart/form-data; boundary=cut"), ("X-CSRF-Token", token.as_str())];
        let mut body = Vec::new();
        for (name, bytes) in files {
            let head = format!("--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--cut--\r\n");
        self.send_bytes("POST", path, &headers, &body).await
    }

    pub async fn log_in(&mut self, password: &str) -> Answer {
        self.send(
            "POST",
            "/login",
            &[("Content-Type", "application/x-www-form-urlencoded")],
            &format!("password={password}"),
        )
        .await
    }

    /// The token that the page carries; empty without a session.
    pub async fn token(&mut self) -> String {
        if self.cookie.is_empty() {
            return String::new();
        }
        let page = self.get("/settings").await.body;
        page.split_once("data-csrf=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
    }

    /// Any request. `Host` and `Cookie` are added unless they are among the headers.
    pub async fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send_bytes(method, path, headers, body.as_bytes()).await
    }

    async fn send_bytes(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        let has = |name: &str| headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if !has("host") {
            request += &format!("Host: {}\r\n", self.address);
        }
        if !has("cookie") && !self.cookie.is_empty() {
            request += &format!("Cookie: theme=dark; {}\r\n", self.cookie);
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        let answer = self.raw(&[format!("{request}\r\n").as_bytes(), body].concat()).await;
        if let Some(cookie) = answer.header("set-cookie") {
            self.cookie = cookie.split(';').next().unwrap().to_owned();
        }
        answer
    }

    async fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // A refusal may come before all is sent; what matters is the answer.
        let _ = stream.write_all(request).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }
}
