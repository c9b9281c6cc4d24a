//! One keyword reply, written in a form: its words, what it answers, its place among the others, on and off.
//!
//! A reply with a mistake is not saved and stays in the form. An article becomes a card with its title, summary, cover
//! and address as they are now.

use std::sync::Arc;

use askama::Template;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::article::{Article, address_of_picture};
use crate::media::{CardAnswer, How, KeywordChange, KeywordFile, KeywordReply, MusicAnswer, SaveKeywords, VideoAnswer};
use crate::store;
use crate::wechat::{MediaKind, TEXT_FITTING_BYTES};

/// Where the list is.
const PAGE: &str = "/keywords";

#[derive(Template)]
#[template(path = "admin/keyword.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    /// Its number in the file, from 1; none for a new one.
    number: Option<usize>,
    stamp: &'a str,
    reply: &'a KeywordReply,
    files: &'a [(String, MediaKind)],
    articles: &'a [Arc<Article>],
    fault: Option<&'a str>,
    /// Largest text, in bytes.
    limit: usize,
}

impl Page<'_> {
    fn words(&self) -> String {
        self.reply.words.join("\n")
    }

    fn contains(&self) -> bool {
        self.reply.how == How::Contains
    }

    fn text(&self) -> &str {
        self.reply.text.as_deref().unwrap_or_default()
    }

    fn picture(&self) -> &str {
        self.reply.picture.as_deref().unwrap_or_default()
    }

    fn voice(&self) -> &str {
        self.reply.voice.as_deref().unwrap_or_default()
    }

    fn video(&self) -> VideoAnswer {
        self.reply.video.clone().unwrap_or_default()
    }

    fn music(&self) -> MusicAnswer {
        self.reply.music.clone().unwrap_or_default()
    }

    fn card(&self) -> CardAnswer {
        self.reply.card.clone().unwrap_or_default()
    }

    /// The kinds of answers: in the form, the key of what it is called, and whether it is this reply's.
    fn kinds(&self) -> [(&'static str, &'static str, bool); 7] {
        let reply = self.reply;
        let others = [
            ("picture", "media.image", reply.picture.is_some()),
            ("voice", "media.voice", reply.voice.is_some()),
            ("video", "media.video", reply.video.is_some()),
            ("music", "keywords.music", reply.music.is_some()),
            ("card", "keywords.card", reply.card.is_some()),
        ];
        let is_other = others.iter().any(|(.., is_own)| *is_own);
        let [picture, voice, video, music, card] = others;
        [
            ("text", "keywords.text", !is_other),
            picture,
            voice,
            video,
            music,
            card,
            ("article", "keywords.article", false),
        ]
    }
}

/// `GET /keywords/new`
pub(super) async fn begin(visit: &Visit) -> Result<Response, Refusal> {
    let (_, stamp) = file(visit).await?;
    draw(visit, None, &stamp, &KeywordReply::default(), None).await
}

/// `GET /keywords/{n}`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let number = usize::try_from(visit.id()?).map_err(|_| Refusal::NotFound)?;
    let (text, stamp) = file(visit).await?;
    let file = KeywordFile::read(&text).map_err(|_| Refusal::NotFound)?;
    let reply = number.checked_sub(1).and_then(|at| file.replies.get(at)).ok_or(Refusal::NotFound)?;
    draw(visit, Some(number), &stamp, reply, None).await
}

/// `POST /keywords/reply`: `n`, none for a new one; `stamp`; what to `do`: `save` the fields, `remove`, `up`, `down`, `off`
/// or `on`.
pub(super) async fn change(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let field = |name: &str| form.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    let number = Some(field("n")).filter(|n| !n.is_empty()).map(|n| n.parse::<usize>());
    let number = number.transpose().map_err(|_| Refusal::NotFound)?;
    let stamp = field("stamp");
    let written = if field("do") == "save" { Some(reply_of(visit, form).await?) } else { None };
    let change = match (field("do").as_str(), number, &written) {
        (_, None, Some(reply)) => KeywordChange::Add(reply.clone()),
        (_, Some(number), Some(reply)) => KeywordChange::Replace(number, reply.clone()),
        ("up", Some(number), _) => KeywordChange::Up(number),
        ("down", Some(number), _) => KeywordChange::Down(number),
        ("off", Some(number), _) => KeywordChange::Off(number),
        ("on", Some(number), _) => KeywordChange::On(number),
        ("remove", Some(number), _) => KeywordChange::Remove(number),
        _ => return Err(Refusal::Broken),
    };
    let (media, now, own) = (visit.app.media.clone(), visit.now, stamp.clone());
    let changed = visit.ask(move || match media.change_keywords(change, &own, now) {
        Err(SaveKeywords::Store(error)) => Err(error),
        other => Ok(other),
    });
    let key = match (changed.await?, &written) {
        (Ok(()), _) => "keywords.saved",
        (Err(SaveKeywords::Stale), Some(reply)) => {
            let fault = visit.words().get("keywords.stale").to_owned();
            // The form is good for a second try: what was written is not lost, and goes behind the others.
            let (_, stamp) = file(visit).await?;
            return draw(visit, None, &stamp, reply, Some(&fault)).await;
        }
        (Err(SaveKeywords::Stale), None) => "keywords.stale_list",
        (Err(error), Some(reply)) => return draw(visit, number, &stamp, reply, Some(&error.to_string())).await,
        (Err(error), None) => return Err(Refusal::Invalid(error.to_string())),
    };
    if key == "keywords.saved" {
        log::info!("a keyword reply has been changed on the admin page");
    }
    let notice = Notice::of(visit.words().get(key).to_owned());
    visit.leave(notice);
    Ok(answer::done(visit, PAGE))
}

/// What the fields say.
async fn reply_of(visit: &Visit, form: &Form) -> Result<KeywordReply, Refusal> {
    let field = |name: &str| form.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    let words = field("words").lines().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect();
    let how = if field("match") == "contains" { How::Contains } else { How::Exact };
    let mut reply = KeywordReply { words, how, off: form.contains_key("off"), ..KeywordReply::default() };
    match field("kind").as_str() {
        "picture" => reply.picture = Some(field("picture")),
        "voice" => reply.voice = Some(field("voice")),
        "video" => {
            let (file, title, description) = (field("video_file"), field("video_title"), field("video_description"));
            reply.video = Some(VideoAnswer { file, title, description });
        }
        "music" => {
            let (title, description) = (field("music_title"), field("music_description"));
            reply.music =
                Some(MusicAnswer { title, description, url: field("music_url"), thumb: field("music_thumb") });
        }
        "card" => {
            let (title, description) = (field("card_title"), field("card_description"));
            let (picture_url, url) = (field("card_picture_url"), field("card_url"));
            reply.card = Some(CardAnswer { title, description, picture_url, url });
        }
        "article" => {
            let slug = field("article");
            let article = articles(visit).await?.into_iter().find(|article| article.slug == slug);
            reply.card = Some(article.map(|article| card(visit, &article)).unwrap_or_default());
        }
        // Browsers send the line ends of their forms.
        _ => reply.text = Some(form.get("text").cloned().unwrap_or_default().replace("\r\n", "\n")),
    }
    Ok(reply)
}

fn card(visit: &Visit, article: &Article) -> CardAnswer {
    let url = visit.app.articles.url_of(&article.slug);
    let root = url.strip_suffix(&article.address()).unwrap_or_default();
    let cover = article.cover.as_ref().filter(|cover| cover.mime.is_some());
    CardAnswer {
        title: article.title.clone(),
        description: article.summary.clone().unwrap_or_default(),
        picture_url: cover
            .map(|cover| root.to_owned() + &address_of_picture(&article.slug, &cover.name))
            .unwrap_or_default(),
        url,
    }
}

/// Those that everybody may read.
async fn articles(visit: &Visit) -> Result<Vec<Arc<Article>>, Refusal> {
    let (articles, now) = (Arc::clone(&visit.app.articles), visit.now);
    visit.ask(move || articles.shelf(now).map(|shelf| shelf.published(now))).await
}

async fn file(visit: &Visit) -> Result<(String, String), Refusal> {
    let media = visit.app.media.clone();
    visit.ask(move || media.keywords_to_change()).await
}

async fn draw(
    visit: &Visit,
    number: Option<usize>,
    stamp: &str,
    reply: &KeywordReply,
    fault: Option<&str>,
) -> Result<Response, Refusal> {
    let media = visit.app.media.clone();
    let files = visit.ask(move || {
        let named = media.files()?.into_iter().filter_map(|(name, file)| Some((name, file.kind?)));
        Ok::<Vec<_>, store::Error>(named.collect())
    });
    let page = Page {
        frame: &visit.frame("keywords"),
        number,
        stamp,
        reply,
        files: &files.await?,
        articles: &articles(visit).await?,
        fault,
        limit: TEXT_FITTING_BYTES,
    };
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    answer::page_with(status, &page)
}
