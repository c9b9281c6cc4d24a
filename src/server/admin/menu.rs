//! The page of the menu below the chat: the owner's file as buttons and as text, what is wrong with it, how it would
//! change the platform's menu. Opening the page asks the platform nothing; each button says what it does.
//!
//! The form with the text works without scripts. The editor of buttons sends the same words as JSON, and gets the menu
//! back as a value and as text.

use std::sync::Arc;

use askama::Template;
use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::menu::{self, Limits, Menu, Pushed};
use crate::token::Keeper;

/// Where the forms lead back to.
const PAGE: &str = "/menu";

#[derive(Template)]
#[template(path = "admin/menu.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    shown: &'a Shown,
    accounts: &'a [&'a str],
    /// Where the file is.
    path: &'a str,
    /// The menu and the platform's limits as JSON, for the editor; no menu if the text is none.
    menu: String,
    limits: String,
}

impl Page<'_> {
    /// The types, each with the key of what it is called.
    fn kinds(&self) -> impl Iterator<Item = (&'static str, String)> {
        Limits::PLATFORM.kinds.iter().map(|(kind, _)| (*kind, self.frame.s(kind_key(kind)).to_owned()))
    }
}

/// What the page shows besides how things are.
#[derive(Default)]
struct Shown {
    /// The file's text, or what was typed.
    text: String,
    /// There is no file: the text is the example.
    is_example: bool,
    account: String,
    /// What came of it.
    says: Option<String>,
    /// Why something was not done.
    fault: Option<String>,
    /// What is wrong, and with which button.
    details: Vec<String>,
    /// The menu line by line, or how it differs.
    lines: Vec<String>,
}

/// What is to be done with a menu.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Deed {
    /// Judge it.
    #[default]
    Check,
    /// Keep it as the owner's file.
    Save,
    /// Compare it with the platform's.
    Diff,
    /// Keep it, and have the platform take it.
    Push,
    /// Fetch the platform's, and keep nothing.
    Pull,
}

impl Deed {
    fn named(name: &str) -> Deed {
        match name {
            "save" => Deed::Save,
            "diff" => Deed::Diff,
            "push" => Deed::Push,
            "pull" => Deed::Pull,
            _ => Deed::Check,
        }
    }
}

/// `GET /menu`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let path = menu::path_in(&visit.app.data_dir);
    let text = visit.ask(move || menu::load(&path)).await?;
    let is_example = text.is_none();
    let text = text.unwrap_or_else(|| menu::EXAMPLE.to_owned());
    draw(visit, &Shown { text, is_example, ..Shown::default() })
}

/// `POST /menu`: the text, the account, and what to do with them.
pub(super) async fn act(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    // Browsers send the line ends of their forms.
    let mut shown = Shown { text: field("text").replace("\r\n", "\n"), account: field("account"), ..Shown::default() };
    let deed = Deed::named(&field("do"));
    work(visit, deed, &mut shown).await?;
    match (&shown.says, deed) {
        (Some(says), Deed::Save | Deed::Push) => {
            visit.leave(says.clone());
            Ok(answer::done(visit, PAGE))
        }
        _ => draw(visit, &shown),
    }
}

/// What the editor asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default, rename = "do")]
    deed: Deed,
    #[serde(default)]
    account: String,
    /// The text of the file; with a menu, the text whose comments it is to keep.
    #[serde(default)]
    text: String,
    /// The menu, if not the text is meant.
    menu: Option<Menu>,
}

/// `POST /api/menu`: the same for scripts. What was asked for comes back as a value and as text.
pub(super) async fn api(visit: &Visit, body: &[u8]) -> Result<Response, Refusal> {
    let asked: Asked = serde_json::from_slice(body).map_err(|error| Refusal::Invalid(error.to_string()))?;
    let text = match &asked.menu {
        Some(menu) => menu.written_over(&asked.text).map_err(|error| visit.failed(&error))?,
        None => asked.text.replace("\r\n", "\n"),
    };
    let mut shown = Shown { text, account: asked.account, ..Shown::default() };
    work(visit, asked.deed, &mut shown).await?;
    // What is wrong is the answer to the question whether something is.
    let is_refused = shown.fault.is_some() && asked.deed != Deed::Check;
    let status = if is_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let menu = Menu::parse(&shown.text).ok();
    let Shown { text, says, fault, details, lines, .. } = shown;
    let told = json!({
        "text": text, "menu": menu, "says": says, "error": fault, "mistakes": details, "lines": lines,
    });
    Ok(answer::json(status, &told))
}

/// Does it, and notes what came of it.
async fn work(visit: &Visit, deed: Deed, shown: &mut Shown) -> Result<(), Refusal> {
    let words = visit.words();
    let keeper = || visit.app.tokens.of(Some(&shown.account)).cloned().ok_or(Refusal::NotFound);
    if deed == Deed::Pull {
        let keeper = keeper()?;
        return pull(visit, &keeper, shown).await;
    }
    let read = Menu::parse(&shown.text);
    let mistakes = match &read {
        Ok(menu) => menu.mistakes(),
        Err(error) => vec![error.clone()],
    };
    let menu = read.unwrap_or_default();
    if !mistakes.is_empty() {
        shown.fault = Some(words.get("menu.wrong").to_owned());
        shown.details = mistakes;
        return Ok(());
    }
    let said = match deed {
        Deed::Save => {
            save(visit, &shown.text).await?;
            "menu.saved"
        }
        Deed::Push => {
            let keeper = keeper()?;
            save(visit, &shown.text).await?;
            match menu::push(&keeper, &menu).await {
                Ok(Pushed::Changed) => "menu.pushed",
                Ok(Pushed::Same) => "menu.same",
                Err(error) => return fail(visit, shown, &error),
            }
        }
        Deed::Diff => match menu::pull(&keeper()?).await {
            Ok(there) => {
                shown.lines = menu.changes(&there.unwrap_or_default());
                if shown.lines.is_empty() { "menu.same" } else { "menu.changes" }
            }
            Err(error) => return fail(visit, shown, &error),
        },
        Deed::Check | Deed::Pull => {
            shown.lines = menu.shown();
            "menu.right"
        }
    };
    shown.says = Some(words.get(said).to_owned());
    Ok(())
}

/// The platform's menu into the form; it is not saved.
async fn pull(visit: &Visit, keeper: &Arc<Keeper>, shown: &mut Shown) -> Result<(), Refusal> {
    let words = visit.words();
    match menu::pull(keeper).await {
        Ok(Some(menu)) => {
            shown.text = menu.written_over(&shown.text).map_err(|error| visit.failed(&error))?;
            shown.says = Some(words.get("menu.pulled").to_owned());
        }
        Ok(None) => shown.fault = Some(words.get("menu.none").to_owned()),
        Err(error) => return fail(visit, shown, &error),
    }
    Ok(())
}

fn fail(visit: &Visit, shown: &mut Shown, error: &menu::Error) -> Result<(), Refusal> {
    let key = match error {
        menu::Error::NotAble(_) => "menu.not_able",
        menu::Error::Invalid(_) | menu::Error::Call(_) => "menu.failed",
    };
    shown.fault = Some(visit.words().get(key).to_owned());
    shown.details = vec![error.to_string()];
    Ok(())
}

async fn save(visit: &Visit, text: &str) -> Result<(), Refusal> {
    let (path, text) = (menu::path_in(&visit.app.data_dir), text.to_owned());
    visit.ask(move || menu::save(&path, &text)).await?;
    log::info!("the menu's file has been saved on the admin page");
    Ok(())
}

fn draw(visit: &Visit, shown: &Shown) -> Result<Response, Refusal> {
    let notice = visit.notice();
    let accounts: Vec<&str> = visit.app.tokens.all().iter().map(|keeper| keeper.account()).collect();
    let status = if shown.fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let menu = Menu::parse(&shown.text).ok().map(|menu| json!(menu).to_string());
    let page = Page {
        frame: &visit.frame("menu"),
        notice: notice.as_ref(),
        shown,
        accounts: &accounts,
        path: &menu::path_in(&visit.app.data_dir).display().to_string(),
        menu: menu.unwrap_or_default(),
        limits: json!(Limits::PLATFORM).to_string(),
    };
    answer::page_with(status, &page)
}

/// The key of what a type is called on the page.
fn kind_key(kind: &str) -> &'static str {
    match kind {
        "click" => "menu.kind_click",
        "view" => "menu.kind_view",
        "scancode_push" => "menu.kind_scancode_push",
        "scancode_waitmsg" => "menu.kind_scancode_waitmsg",
        "pic_sysphoto" => "menu.kind_pic_sysphoto",
        "pic_photo_or_album" => "menu.kind_pic_photo_or_album",
        "pic_weixin" => "menu.kind_pic_weixin",
        "location_select" => "menu.kind_location_select",
        "media_id" => "menu.kind_media_id",
        "view_limited" => "menu.kind_view_limited",
        "article_id" => "menu.kind_article_id",
        "article_view_limited" => "menu.kind_article_view_limited",
        "miniprogram" => "menu.kind_miniprogram",
        _ => "menu.kind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_platform_has_a_name_here() {
        for (kind, _) in Limits::PLATFORM.kinds {
            assert_ne!(kind_key(kind), "menu.kind", "{kind}");
        }
    }
}
