//! Pictures of the media folder, listed and sent, and what the owner's keywords are answered with. Only records are read:
//! what the platform does not have at this moment is not waited for, the follower is told to ask again.

use chrono::{DateTime, Duration, Utc};

use super::Result;
use super::number;
use super::outcome::{Outcome, shortened};
use super::visit::Visit;
use super::wording::{Word, Wordings};
use crate::media::Answer;
use crate::search::fold;
use crate::store::records::{AnswerRecord, PlaceRecord};
use crate::wechat::{Article, MediaKind, Music, Reply, TEXT_FITTING_BYTES, Video, literal, menu_link};

/// Most pictures in a list; words narrow it down.
const LINES: usize = 20;
/// An id that was given so long ago may have ended: it is renewed some hours before its end.
const SURELY_LIVES: Duration = Duration::minutes(30);
/// Longest title in a line, in characters.
const TITLE: usize = 30;

impl Visit<'_> {
    /// Sends the picture that these words or this number mean, or lists those that they may mean. `text` is all that
    /// was typed: where there is nothing of the kind it is words to search for like any others.
    pub(super) fn picture(&self, text: &str, what: &str) -> Result<Outcome> {
        let all = self.desk.media.pictures(self.account, self.now)?;
        if all.is_empty() {
            return self.search(text);
        }
        let listed = if self.place.pictures.is_empty() { &all } else { &self.place.pictures };
        let picked = number::pick(&fold(what)).and_then(|number| listed.get(number.checked_sub(1)?));
        if let Some(name) = picked.filter(|name| all.contains(name)) {
            return self.medium(MediaKind::Image, name, |media_id| Reply::Image { media_id });
        }
        let wanted = fold(what);
        let titled = |name: &&String| fold(title(name)) == wanted;
        let found: Vec<&String> = match all.iter().find(titled) {
            Some(name) => vec![name],
            None => all.iter().filter(|name| wanted.split_whitespace().all(|word| fold(name).contains(word))).collect(),
        };
        match found.as_slice() {
            // An English book begins so: The Picture of Dorian Gray.
            [] if text.is_ascii() => self.search(text),
            [] => Ok(Outcome::say(self.words.say(Word::PictureNone, &[("text", &literal(&shortened(what, TITLE)))]))),
            [name] => self.medium(MediaKind::Image, name, |media_id| Reply::Image { media_id }),
            several => Ok(self.picture_list(several)),
        }
    }

    fn picture_list(&self, found: &[&String]) -> Outcome {
        let more = |left: usize| match left {
            0 => String::new(),
            left => format!("\n{}", self.words.say(Word::PictureMore, &[("count", &left.to_string())])),
        };
        let room =
            TEXT_FITTING_BYTES.saturating_sub(self.words.say(Word::PictureList, &[]).len() + more(found.len()).len());
        let (mut list, mut names) = (String::new(), Vec::new());
        for name in found.iter().take(LINES) {
            let number = (names.len() + 1).to_string();
            let line = menu_link(&number, "c", &format!("{number}. {}", shortened(title(name), TITLE)));
            if list.len() + line.len() + 1 > room {
                break;
            }
            if !list.is_empty() {
                list.push('\n');
            }
            list.push_str(&line);
            names.push((*name).clone());
        }
        list.push_str(&more(found.len() - names.len()));
        let place = PlaceRecord { pictures: names, ..PlaceRecord::default() };
        Outcome::say(self.words.say(Word::PictureList, &[("list", &list)])).with(self.moved_to(place))
    }

    /// What the owner wants answered to a keyword.
    pub(super) fn keyword(&self, answer: &Answer) -> Result<Outcome> {
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.trim().is_empty());
        match answer {
            Answer::Text(text) => Ok(Outcome::say(text.clone())),
            Answer::Picture(file) => self.medium(MediaKind::Image, file, |media_id| Reply::Image { media_id }),
            Answer::Voice(file) => self.medium(MediaKind::Voice, file, |media_id| Reply::Voice { media_id }),
            Answer::Video(video) => self.medium(MediaKind::Video, &video.file, |media_id| {
                let (title, description) = (filled(&video.title), filled(&video.description));
                Reply::Video(Video { media_id, title, description })
            }),
            Answer::Music(music) => self.medium(MediaKind::Thumb, &music.thumb, |thumb_media_id| {
                let (title, description) = (filled(&music.title), filled(&music.description));
                let url = Some(music.url.clone());
                Reply::Music(Music { title, description, url, high_quality_url: None, thumb_media_id })
            }),
            Answer::Card(card) => Ok(Outcome::show(Reply::News(vec![Article {
                title: card.title.clone(),
                description: card.description.clone(),
                pic_url: card.picture_url.clone(),
                url: card.url.clone(),
            }]))),
        }
    }

    /// A reply with a file of the media folder in it, if the platform has the file at this moment.
    fn medium(&self, kind: MediaKind, name: &str, reply: impl FnOnce(String) -> Reply) -> Result<Outcome> {
        Ok(match self.desk.media.living(self.account, kind, name, self.now)? {
            Some(media_id) => Outcome::show(reply(media_id)),
            None => Outcome::say(self.words.plain(Word::PictureLater)),
        })
    }
}

/// An answer that came too late for its message. The platform may have forgotten what it names since.
pub(super) fn while_it_lives(late: AnswerRecord, words: &Wordings, now: DateTime<Utc>) -> AnswerRecord {
    let names_media = match late.reply {
        Reply::Image { .. } | Reply::Voice { .. } | Reply::Video(_) | Reply::Music(_) => true,
        Reply::Nothing | Reply::Text(_) | Reply::News(_) | Reply::TransferCustomerService { .. } => false,
    };
    if names_media && now - late.answered_at > SURELY_LIVES {
        return AnswerRecord { reply: Reply::Text(words.plain(Word::PictureLater)), ..late };
    }
    late
}

/// The name without its extension.
fn title(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(title, _)| title)
}
