//! Real servers: calibre's content server with its OPDS catalogue, nginx with a listing of a folder.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use shutong::app::App;
use shutong::crawler::PassEnd;
use shutong::store::records::{PassCounts, SourceKind, SourceRecord};

use super::home;
use crate::support::book_builder::BookBuilder;
use crate::support::tap::Tap;

/// A server of somebody else's, ended with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn start(command: &mut Command, port: u16) -> (Server, SocketAddr) {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Server(quiet.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}; tests/run.sh installs it")));
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let limit = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < limit, "it does not listen on {address}");
        std::thread::sleep(Duration::from_millis(50));
    }
    (server, address)
}

fn titles() -> Vec<String> {
    let chinese = ["红楼梦", "西游记", "水浒传", "三国演义", "聊斋志异", "儒林外史"];
    let english = (1..=6).map(|number| format!("Tales of the Harbour {number}"));
    chinese.iter().map(|&title| title.to_owned()).chain(english).collect()
}

fn write_books(folder: &Path) {
    for title in titles() {
        fs::write(folder.join(format!("{title}.epub")), BookBuilder::new(&title).build()).unwrap();
    }
}

fn source(app: &App, kind: SourceKind, url: String) -> SourceRecord {
    SourceRecord {
        kind,
        url,
        rights: "my own server".into(),
        licence: "public domain".into(),
        nets: vec!["127.0.0.0/8".into()],
        // calibre's robots.txt forbids everything to everybody.
        is_own: true,
        pause_ms: Some(1),
        ..SourceRecord::usual(app.clock.now())
    }
}

async fn read(app: &std::sync::Arc<App>, name: &'static str) -> PassCounts {
    let (same, runtime) = (std::sync::Arc::clone(app), tokio::runtime::Handle::current());
    let end = tokio::task::spawn_blocking(move || same.crawler.read_source(name, &runtime)).await.unwrap().unwrap();
    let PassEnd::Finished(done) = end else { panic!("{end}: {:?}", app.crawler.log_of(name, 50)) };
    done
}

fn assert_all_there(app: &App) {
    for title in titles() {
        let found = app.library.find(&title).unwrap();
        let books = found.books.iter().filter_map(|id| app.library.book(*id).unwrap());
        assert!(books.filter(|book| book.title == title).count() == 1, "{title}");
    }
}

/// Reads the source twice: everything comes once, and the second time nothing is asked for but whether it has changed.
async fn read_twice(app: App, tap: &Tap, is_file: fn(&str) -> bool) {
    let app = std::sync::Arc::new(app);
    let done = read(&app, "server").await;
    assert_eq!((done.added, done.failed), (12, 0), "{:?}", app.crawler.log_of("server", 50));
    app.library.index_changes().unwrap();
    assert_all_there(&app);
    let files: Vec<String> = tap.take().into_iter().map(|one| one.path).filter(|path| is_file(path)).collect();
    assert_eq!(files.len(), 12, "each file once: {files:?}");

    let again = read(&app, "server").await;
    assert_eq!((again.added, again.updated, again.failed), (0, 0, 0));
    let tapped = tap.take();
    assert!(tapped.iter().all(|one| !is_file(&one.path)), "{tapped:?}");
    let plain: Vec<_> = tapped.iter().filter(|one| !one.is_conditional && one.path != "/robots.txt").collect();
    assert!(plain.is_empty(), "{plain:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calibres_content_server_is_read_once_and_then_only_asked_what_has_changed() {
    let (dir, app) = home();
    let (books, library) = (dir.path().join("books"), dir.path().join("calibre"));
    fs::create_dir_all(&books).unwrap();
    write_books(&books);
    let own = |command: &mut Command| {
        // Its settings and caches belong into this folder, too.
        command.env("CALIBRE_CONFIG_DIRECTORY", dir.path().join("config")).env("QT_QPA_PLATFORM", "offscreen");
        command.env("CALIBRE_CACHE_DIRECTORY", dir.path().join("cache")).env("HOME", dir.path());
    };
    let mut add = Command::new("calibredb");
    own(add.arg("add").arg("--recurse").arg("--with-library").arg(&library).arg(&books));
    let added = add.output().expect("calibredb; tests/run.sh installs it");
    assert!(added.status.success(), "{added:?}");
    let port = free_port();
    let mut command = Command::new("calibre-server");
    own(command
        .args(["--listen-on", "127.0.0.1", "--disable-use-bonjour", "--port"])
        .arg(port.to_string())
        .arg(&library));
    let (_server, address) = start(&mut command, port);
    let tap = Tap::before(address).await;
    let url = format!("http://{}/opds", tap.address);
    app.crawler.put_source("server", source(&app, SourceKind::Opds, url), app.clock.now()).unwrap();
    read_twice(app, &tap, |path| path.starts_with("/get/epub") || path.starts_with("/legacy/get/EPUB")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nginxs_listing_of_a_folder_is_read_once_and_then_only_asked_what_has_changed() {
    let (dir, app) = home();
    let (books, port) = (dir.path().join("books"), free_port());
    fs::create_dir_all(books.join("中文 folder")).unwrap();
    write_books(&books);
    // Half of them lie deeper, under a name that has to be escaped.
    for title in titles().into_iter().take(6) {
        let name = format!("{title}.epub");
        fs::rename(books.join(&name), books.join("中文 folder").join(&name)).unwrap();
    }
    fs::write(books.join("notes.exe"), b"no book").unwrap();
    let configuration = format!(
        "daemon off; error_log stderr; pid {0}/nginx.pid; events {{}}\n\
         http {{ types {{ application/epub+zip epub; }} access_log off; client_body_temp_path {0}/t1; proxy_temp_path {0}/t2;\n\
         fastcgi_temp_path {0}/t3; uwsgi_temp_path {0}/t4; scgi_temp_path {0}/t5;\n\
         server {{ listen 127.0.0.1:{port}; root {0}/books; autoindex on; }} }}\n",
        dir.path().display()
    );
    let path = dir.path().join("nginx.conf");
    fs::write(&path, configuration).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&path).arg("-p").arg(dir.path());
    if is_root {
        command.args(["-g", "user root;"]);
    }
    let (_server, address) = start(&mut command, port);
    let tap = Tap::before(address).await;
    let url = format!("http://{}/", tap.address);
    app.crawler.put_source("server", source(&app, SourceKind::Listing, url), app.clock.now()).unwrap();
    // A page that nginx makes of a folder has nothing to tell its changes by: it is read anew, the files are not.
    let app = std::sync::Arc::new(app);
    let done = read(&app, "server").await;
    assert_eq!((done.added, done.failed), (12, 0), "{:?}", app.crawler.log_of("server", 50));
    app.library.index_changes().unwrap();
    assert_all_there(&app);
    let is_file = |path: &str| path.ends_with(".epub");
    assert_eq!(tap.take().iter().filter(|one| is_file(&one.path)).count(), 12);
    let again = read(&app, "server").await;
    assert_eq!((again.added, again.updated, again.failed), (0, 0, 0));
    let tapped = tap.take();
    assert!(tapped.iter().all(|one| one.path.ends_with('/') || one.path == "/robots.txt"), "{tapped:?}");
}
