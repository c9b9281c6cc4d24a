//! Pictures and other media for replies: what is in the folder, how each file stands at each account, putting in, taking
//! out, uploading anew. All of it is what `shutong media` does, too.

use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use warp::http::StatusCode;
use warp::http::header::{self, HeaderValue};
use warp::multipart::FormData;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::{self, Frame};
use super::notice::Notice;
use super::upload;
use super::visit::{Form, Visit};
use crate::alert::Trouble;
use crate::app::App;
use crate::book::{Bounds, bounded_picture, web_picture};
use crate::media::{self, Error, Put, Rule, Standing};
use crate::menu::{self, Menu};
use crate::store;
use crate::store::records::{MediaFileRecord, MediaTrouble};
use crate::wechat::MediaKind;

const PAGE: &str = "/media";
/// Files of one page of the list.
const ROWS: usize = 100;
/// Files of one request.
const MOST_FILES: usize = 500;
/// Pictures up to this size are shown as they are, in bytes.
const LIGHT: usize = 100 << 10;
/// Of others, this is shown.
const THUMBNAIL: Bounds = Bounds { side: 192, bytes: 40 << 10, png: true };

#[derive(Template)]
#[template(path = "admin/media.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    files: &'a [File],
    total: usize,
    /// Where the next page begins.
    next: Option<usize>,
    query: &'a str,
    /// Files that keyword replies name and that are not there, or are something else.
    missing: &'a [String],
    folder: &'a str,
    /// How many files have gone at once, and wait to be put back or given up.
    lost: Option<usize>,
    /// Largest file that is taken, in bytes.
    limit: u64,
}

/// A file as the list shows it.
pub(super) struct File {
    pub(super) name: String,
    pub(super) kind: Option<MediaKind>,
    pub(super) bytes: u64,
    /// Where its picture is; none for what has none.
    pub(super) picture: Option<String>,
    /// Why it is not uploaded as it is.
    pub(super) trouble: Option<MediaTrouble>,
    pub(super) places: Vec<Standing>,
    /// Keyword replies that answer with it: their numbers, and their first words.
    replies: Vec<(usize, String)>,
    /// Buttons of the menu that show it.
    buttons: Vec<String>,
}

impl Page<'_> {
    fn says(&self, file: &File, trouble: &MediaTrouble) -> String {
        self.frame.words.trouble(&Trouble::MediaUnfit { file: file.name.clone(), trouble: trouble.clone() })
    }

    fn kind(&self, kind: &Option<MediaKind>) -> &str {
        self.frame.words.get(match kind {
            Some(MediaKind::Image) => "media.image",
            Some(MediaKind::Voice) => "media.voice",
            Some(MediaKind::Video) => "media.video",
            Some(MediaKind::Thumb) => "media.thumb",
            None => "media.other",
        })
    }

    /// How it stands at an account: in words, and how good that is.
    fn state(&self, place: &Standing) -> (String, &'static str) {
        let words = self.frame.words;
        let Some(record) = &place.record else { return (words.get("media.waits").to_owned(), "") };
        match (record.living(self.frame.now), record.ends_at) {
            _ if record.is_wanted => (words.get("media.renewing").to_owned(), "warn"),
            (Some(_), Some(end)) => (words.with("media.until", "when", &self.frame.when(&end)), "good"),
            (Some(_), None) => (words.get("media.permanent").to_owned(), "good"),
            (None, _) if record.tried.is_none() => (words.get("media.waits").to_owned(), ""),
            (None, _) => (words.get("media.absent").to_owned(), "bad"),
        }
    }

    /// What would miss it.
    fn used(&self, file: &File) -> Vec<String> {
        let words = self.frame.words;
        let replies = file
            .replies
            .iter()
            .map(|(number, word)| words.with("media.used_by_keyword", "n", number).replace("{word}", word));
        let buttons = file.buttons.iter().map(|name| words.with("media.used_by_menu", "name", name));
        replies.chain(buttons).collect()
    }

    fn trouble<'p>(&self, place: &'p Standing) -> Option<&'p MediaTrouble> {
        place.record.as_ref()?.trouble.as_ref()
    }
}

/// One page of what is in the folder.
pub(super) struct Found {
    pub(super) files: Vec<File>,
    pub(super) total: usize,
    /// Where the next page begins.
    pub(super) next: Option<usize>,
    pub(super) missing: Vec<String>,
}

/// What `q` and `skip` of the address ask for.
pub(super) async fn find(visit: &Visit) -> Result<Found, Refusal> {
    let wanted = visit.head.query.get("q").map(|text| text.trim().to_lowercase()).unwrap_or_default();
    let skip: usize = visit.head.query.get("skip").and_then(|text| text.parse().ok()).unwrap_or(0);
    let app = visit.app.clone();
    visit.ask(move || look(&app, &wanted, skip)).await
}

/// `GET /media?q=&skip=`
pub(super) async fn list(visit: &Visit) -> Result<Response, Refusal> {
    let found = find(visit).await?;
    let query = visit.head.query.get("q").map(|text| text.trim()).unwrap_or_default();
    let notice = visit.notice();
    let lost = visit.alerts.iter().find_map(|alert| match alert.trouble {
        Trouble::MediaFolderEmpty { files, .. } => Some(files),
        _ => None,
    });
    answer::page(&Page {
        frame: &visit.frame("media"),
        notice: notice.as_ref(),
        files: &found.files,
        total: found.total,
        next: found.next,
        query,
        missing: &found.missing,
        folder: &visit.app.media.folder().display().to_string(),
        lost,
        limit: media::LARGEST,
    })
}

fn look(app: &App, wanted: &str, skip: usize) -> store::Result<Found> {
    let accounts: Vec<&str> = app.accounts.iter().map(|account| account.name()).collect();
    let mut all = app.media.files()?;
    all.retain(|(name, _)| name.to_lowercase().contains(wanted));
    let total = all.len();
    let (keywords, menu) = (app.media.keywords(), own_menu(app)?);
    let mut files = Vec::new();
    for (name, record) in all.into_iter().skip(skip).take(ROWS) {
        let places = app.media.standing(&name, &record, &accounts)?;
        let mut file = File::of(name, record, places);
        let first_word = |rule: &Rule| rule.words.first().cloned().unwrap_or_default();
        file.replies = keywords.using(&file.name).map(|(number, rule)| (number, first_word(rule))).collect();
        let ids = file.places.iter().filter_map(|place| place.record.as_ref()?.media_id.as_deref());
        file.buttons = ids.flat_map(|id| menu.showing(id)).map(str::to_owned).collect();
        file.buttons.dedup();
        files.push(file);
    }
    let next = Some(skip.saturating_add(ROWS)).filter(|next| *next < total);
    Ok(Found { files, total, next, missing: app.media.missing()? })
}

/// The owner's menu; an empty one if there is none that can be read.
fn own_menu(app: &App) -> store::Result<Menu> {
    let text = menu::load(&menu::path_in(&app.data_dir))?;
    Ok(text.and_then(|text| Menu::parse(&text).ok()).unwrap_or_default())
}

impl File {
    fn of(name: String, record: MediaFileRecord, places: Vec<Standing>) -> File {
        let is_picture = record.kind == Some(MediaKind::Image);
        let picture = record.content.filter(|_| is_picture).map(|content| {
            // The address changes with the content, so that a browser may keep what it has.
            format!("/media/picture?of={}&file={}", &content.as_str()[..12], encoded(&name))
        });
        File {
            name,
            kind: record.kind,
            bytes: record.bytes,
            picture,
            trouble: record.trouble,
            places,
            replies: Vec::new(),
            buttons: Vec::new(),
        }
    }
}

/// `GET /media/picture?file=`: small enough for a list.
pub(super) async fn picture(visit: &Visit) -> Result<Response, Refusal> {
    let (media, name) = (visit.app.media.clone(), file(&visit.head.query));
    // Pictures take much memory while they are made smaller.
    let _permit = visit.admin.adding.acquire().await.map_err(|error| visit.failed(&error))?;
    let made = visit.ask(move || {
        let bytes = match media.bytes_of(&name) {
            Ok(bytes) => bytes,
            Err(Error::NoFile(_)) => return Ok(None),
            Err(Error::Disk(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(match web_picture(&bytes) {
            Some((mime, _)) if bytes.len() <= LIGHT => Some((bytes, mime)),
            _ => bounded_picture(&bytes, THUMBNAIL).ok().map(|made| (made.bytes, made.media_type)),
        })
    });
    let (bytes, mime) = made.await?.ok_or(Refusal::NotFound)?;
    let mut response = answer::bytes(StatusCode::OK, mime, bytes);
    let kept = HeaderValue::from_static("private, max-age=86400");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    Ok(response)
}

/// `POST /media/remove`: `file`.
pub(super) async fn remove(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let (media, name, now) = (visit.app.media.clone(), file(form), visit.now);
    let own = name.clone();
    let removed = visit.ask(move || Ok::<_, std::convert::Infallible>(media.take_out(&own, now))).await?;
    let place = removed.map_err(|error| refused(visit, &error))?;
    log::info!("the media file {} has been taken out", name.escape_debug());
    Ok(said(visit, visit.words().with("media.removed", "place", &place.display())))
}

/// `POST /media/renew`: `file`.
pub(super) async fn renew(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let (media, name, now) = (visit.app.media.clone(), file(form), visit.now);
    let own = name.clone();
    let renewed = visit.ask(move || Ok::<_, std::convert::Infallible>(media.renew(&own, now))).await?;
    renewed.map_err(|error| refused(visit, &error))?;
    Ok(said(visit, visit.words().with("media.renewed", "name", &name)))
}

/// `POST /media/forget`: what is not in the folder has gone.
pub(super) async fn forget(visit: &Visit) -> Result<Response, Refusal> {
    let (media, now) = (visit.app.media.clone(), visit.now);
    let forgotten = visit.ask(move || Ok::<_, std::convert::Infallible>(media.forget_gone(now))).await?;
    let scanned = forgotten.map_err(|error| refused(visit, &error))?;
    log::info!("{} media files have been forgotten", scanned.gone);
    Ok(said(visit, visit.words().with("media.forgotten", "n", &scanned.gone)))
}

/// `POST /api/media`: files for the folder. Each has its own outcome.
pub(super) async fn receive(visit: &Visit, files: Option<FormData>) -> Result<Response, Refusal> {
    let mut parts = files.ok_or(Refusal::Broken)?;
    let mut items = Vec::new();
    while let Some(part) = upload::next_in_time(&mut parts).await? {
        let part = part.map_err(|_| Refusal::Broken)?;
        let Some(name) = part.filename().map(upload::base_name) else { continue };
        if items.len() == MOST_FILES {
            return Err(Refusal::Invalid(visit.words().with("upload.too_many", "n", &MOST_FILES)));
        }
        items.push(match upload::bytes_of(part, media::LARGEST).await? {
            Some(bytes) => put(visit, name, bytes).await?,
            None => {
                let limit = frame::size(media::LARGEST);
                let says = visit.words().with("refused.too_large", "size", &limit);
                json!({ "file": name, "outcome": "error", "error": says })
            }
        });
    }
    Ok(answer::json(StatusCode::OK, &json!({ "items": items })))
}

async fn put(visit: &Visit, name: String, bytes: Vec<u8>) -> Result<serde_json::Value, Refusal> {
    let (media, own, now) = (visit.app.media.clone(), name.clone(), visit.now);
    let put = visit.ask(move || Ok::<_, std::convert::Infallible>(media.put(&own, &bytes, now))).await?;
    let error = match put {
        Ok(put) => {
            log::info!("the media file {} has been uploaded", name.escape_debug());
            let outcome = match put {
                Put::New => "new",
                Put::Changed => "joined",
                Put::Same => "known",
            };
            return Ok(json!({ "file": name, "outcome": outcome }));
        }
        Err(Error::Unfit(trouble)) => visit.words().trouble(&Trouble::MediaUnfit { file: name.clone(), trouble }),
        Err(Error::Name(_)) => visit.words().get("media.bad_name").to_owned(),
        Err(error) => return Err(refused(visit, &error)),
    };
    Ok(json!({ "file": name, "outcome": "error", "error": error }))
}

fn file(fields: &Form) -> String {
    fields.get("file").cloned().unwrap_or_default()
}

fn said(visit: &Visit, says: String) -> Response {
    visit.leave(says);
    answer::done(visit, PAGE)
}

fn refused(visit: &Visit, error: &Error) -> Refusal {
    match error {
        Error::NoFile(_) => Refusal::NotFound,
        Error::NoFolder(_) => Refusal::Invalid(visit.words().get("media.no_folder").to_owned()),
        error => visit.failed(error),
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
