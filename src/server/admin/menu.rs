//! The page of the menu below the chat: the owner's file, what is wrong with it, how it would change the platform's
//! menu. Opening the page asks the platform nothing; each button says what it does.

use std::sync::Arc;

use askama::Template;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::menu::{self, Menu, Pushed};
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
}

/// What the page shows besides how things are.
#[derive(Default)]
struct Shown {
    /// The file's text, or what was typed.
    text: String,
    /// There is no file: the text is the example.
    is_example: bool,
    account: String,
    /// Why something was not done.
    fault: Option<String>,
    /// What is wrong, and with which button.
    details: Vec<String>,
    /// A heading, and lines: the menu, or how it differs.
    lines: Option<(String, Vec<String>)>,
}

/// `GET /menu`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    let path = menu::path_in(&visit.app.data_dir);
    let text = visit.ask(move || menu::load(&path)).await?;
    let is_example = text.is_none();
    let text = text.unwrap_or_else(|| menu::EXAMPLE.to_owned());
    draw(visit, Shown { text, is_example, ..Shown::default() })
}

/// `POST /menu`: the text, the account, and what to do with them.
pub(super) async fn act(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    // Browsers send the line ends of their forms.
    let mut shown = Shown { text: field("text").replace("\r\n", "\n"), account: field("account"), ..Shown::default() };
    let words = visit.words();
    let keeper = || visit.app.tokens.of(Some(&shown.account)).cloned();
    if field("do") == "pull" {
        let Some(keeper) = keeper() else { return Err(Refusal::NotFound) };
        return pull(visit, &keeper, shown).await;
    }
    let mistakes = match Menu::parse(&shown.text) {
        Ok(menu) => menu.mistakes(),
        Err(error) => vec![error],
    };
    let menu = Menu::parse(&shown.text).unwrap_or_default();
    if !mistakes.is_empty() {
        shown.fault = Some(words.get("menu.wrong").to_owned());
        shown.details = mistakes;
        return draw(visit, shown);
    }
    match field("do").as_str() {
        "save" => {
            save(visit, &shown.text).await?;
            Ok(changed(visit, "menu.saved"))
        }
        "push" => {
            let Some(keeper) = keeper() else { return Err(Refusal::NotFound) };
            save(visit, &shown.text).await?;
            match menu::push(&keeper, &menu).await {
                Ok(Pushed::Changed) => Ok(changed(visit, "menu.pushed")),
                Ok(Pushed::Same) => Ok(changed(visit, "menu.same")),
                Err(error) => draw(visit, failed(visit, shown, &error)),
            }
        }
        "diff" => {
            let Some(keeper) = keeper() else { return Err(Refusal::NotFound) };
            match menu::pull(&keeper).await {
                Ok(there) => {
                    let changes = menu.changes(&there.unwrap_or_default());
                    let heading = if changes.is_empty() { "menu.same" } else { "menu.changes" };
                    shown.lines = Some((words.get(heading).to_owned(), changes));
                    draw(visit, shown)
                }
                Err(error) => draw(visit, failed(visit, shown, &error)),
            }
        }
        _ => {
            shown.lines = Some((words.get("menu.right").to_owned(), menu.shown()));
            draw(visit, shown)
        }
    }
}

/// The platform's menu into the form; it is not saved.
async fn pull(visit: &Visit, keeper: &Arc<Keeper>, mut shown: Shown) -> Result<Response, Refusal> {
    let words = visit.words();
    match menu::pull(keeper).await {
        Ok(Some(menu)) => {
            shown.text = menu.to_toml().map_err(|error| visit.failed(&error))?;
            shown.lines = Some((words.get("menu.pulled").to_owned(), Vec::new()));
        }
        Ok(None) => shown.fault = Some(words.get("menu.none").to_owned()),
        Err(error) => shown = failed(visit, shown, &error),
    }
    draw(visit, shown)
}

fn failed(visit: &Visit, shown: Shown, error: &menu::Error) -> Shown {
    let key = match error {
        menu::Error::NotAble(_) => "menu.not_able",
        menu::Error::Invalid(_) | menu::Error::Call(_) => "menu.failed",
    };
    Shown { fault: Some(visit.words().get(key).to_owned()), details: vec![error.to_string()], ..shown }
}

async fn save(visit: &Visit, text: &str) -> Result<(), Refusal> {
    let (path, text) = (menu::path_in(&visit.app.data_dir), text.to_owned());
    visit.ask(move || menu::save(&path, &text)).await?;
    log::info!("the menu's file has been saved on the admin page");
    Ok(())
}

fn changed(visit: &Visit, key: &str) -> Response {
    let notice = Notice::of(visit.words().get(key).to_owned());
    visit.admin.notices.leave(visit.session_id(), notice, visit.now);
    answer::done(visit, PAGE)
}

fn draw(visit: &Visit, shown: Shown) -> Result<Response, Refusal> {
    let is_read = visit.head.method == Method::GET;
    let notice = if is_read { visit.admin.notices.take(visit.session_id(), visit.now) } else { None };
    let accounts: Vec<&str> = visit.app.tokens.all().iter().map(|keeper| keeper.account()).collect();
    let status = if shown.fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let path = menu::path_in(&visit.app.data_dir).display().to_string();
    let frame = visit.frame("menu");
    let page = Page { frame: &frame, notice: notice.as_ref(), shown: &shown, accounts: &accounts, path: &path };
    answer::page_with(status, &page)
}
