//! Official Accounts in the configuration: added, changed, removed, and what of them is copied into the platform's
//! console. Token and key are shown only when they are asked for, in the way of a change; the AppSecret never is.

use askama::Template;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::configuration::{self, Rejected, Row};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use crate::app;
use crate::config::edit::{Draft, EditError};

/// Letters of a token that is made here.
const TOKEN_LETTERS: usize = 32;
/// Letters of an EncodingAESKey.
const KEY_LETTERS: usize = 43;

#[derive(Template)]
#[template(path = "admin/account_edit.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    title: &'a str,
    /// None: one that is to be added.
    name: Option<&'a str>,
    action: &'a str,
    rows: &'a [Row],
    digest: &'a str,
    rejected: Option<&'a Rejected>,
    shown: Option<&'a Credentials>,
}

/// What is copied into the platform's console: the key of the text that names it, and the value.
#[derive(Default)]
pub(super) struct Credentials {
    pub(super) lines: Vec<(&'static str, String)>,
}

/// `GET /settings/new-account`
pub(super) async fn begin(visit: &Visit) -> Result<Response, Refusal> {
    draw(visit, None, None, None).await
}

/// `GET /settings/accounts/{name}`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    draw(visit, Some(name_of(visit)), None, None).await
}

/// `POST /settings/accounts/{name}/show`
pub(super) async fn reveal(visit: &Visit) -> Result<Response, Refusal> {
    let name = name_of(visit);
    let app = visit.app.clone();
    if !visit.ask(move || app.draft()).await?.accounts().contains(&name) {
        return Err(Refusal::NotFound);
    }
    let credentials = credentials(visit, &name).await?;
    draw(visit, Some(name), None, Some(credentials)).await
}

/// `POST /settings/new-account`
pub(super) async fn add(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    match add_from(visit, form).await? {
        Ok(name) => saved(visit, &format!("/settings/accounts/{name}")),
        Err(rejected) => draw(visit, None, Some(rejected), None).await,
    }
}

/// `POST /settings/accounts/{name}`
pub(super) async fn change(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let name = name_of(visit);
    match change_from(visit, &name, form).await? {
        Ok(()) => {
            // The name may have changed with the rest.
            let name = form.get("name").map_or(name.as_str(), |name| name.trim());
            saved(visit, &format!("/settings/accounts/{name}"))
        }
        Err(rejected) => draw(visit, Some(name), Some(rejected), None).await,
    }
}

/// `POST /settings/accounts/{name}/renew`: another token, or another key while the one before is accepted still.
pub(super) async fn renew(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let name = name_of(visit);
    let fresh = match form.get("what").map(String::as_str) {
        Some("key") => letters(visit, KEY_LETTERS)?,
        Some("token") => letters(visit, TOKEN_LETTERS)?,
        _ => return Err(Refusal::Broken),
    };
    let (of, is_key) = (name.clone(), form.get("what").is_some_and(|what| what == "key"));
    let renewed = configuration::edit(visit, None, move |draft| {
        let key = |field: &str| format!("account.{of}.{field}");
        if !is_key {
            return draft.set(&key("token"), &fresh);
        }
        if let Some(before) = draft.secret(&key("encoding_aes_key"))? {
            draft.set(&key("previous_encoding_aes_key"), &before)?;
        }
        draft.set(&key("encoding_aes_key"), &fresh)
    });
    match renewed.await? {
        Ok(()) => saved(visit, &format!("/settings/accounts/{name}")),
        Err(error) => {
            let rejected = Rejected::of(visit.words(), &error, &Form::new(), &[]);
            draw(visit, Some(name), Some(rejected), None).await
        }
    }
}

/// `POST /settings/accounts/{name}/remove`, with the name typed again.
pub(super) async fn remove(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let name = name_of(visit);
    let rejected = if form.get("confirm") != Some(&name) {
        Rejected { says: visit.words().with("account.not_confirmed", "name", &name), ..Rejected::default() }
    } else {
        let of = name.clone();
        match configuration::edit(visit, form.get("digest").cloned(), move |draft| draft.remove_account(&of)).await? {
            Ok(()) => return saved(visit, "/settings"),
            Err(error) => Rejected::of(visit.words(), &error, &Form::new(), &[]),
        }
    };
    draw(visit, Some(name), Some(rejected), None).await
}

/// Adds the account of a form; token and key are made, where they are left empty. Gives its name.
pub(super) async fn add_from(visit: &Visit, form: &Form) -> Result<Result<String, Rejected>, Refusal> {
    let name = form.get("name").map(|name| name.trim().to_owned()).unwrap_or_default();
    let mut filled = form.clone();
    let is_plain = form.get("mode").is_some_and(|mode| mode == "plain");
    for (key, count) in [("token", TOKEN_LETTERS), ("encoding_aes_key", KEY_LETTERS)] {
        let is_empty = form.get(key).is_none_or(|text| text.trim().is_empty());
        if is_empty && !(is_plain && key == "encoding_aes_key") {
            filled.insert(key.to_owned(), letters(visit, count)?);
        }
    }
    let of = name.clone();
    let added = configuration::edit(visit, form.get("digest").cloned(), move |draft| {
        draft.add_account(&of)?;
        configuration::apply(draft, &configuration::keys_of_account(&of), false, &filled)
    });
    Ok(match added.await? {
        Ok(()) => Ok(name),
        Err(error) => Err(Rejected::of(visit.words(), &error, form, &configuration::keys_of_account(&name))),
    })
}

/// Changes the account by a form.
pub(super) async fn change_from(visit: &Visit, name: &str, form: &Form) -> Result<Result<(), Rejected>, Refusal> {
    let (of, filled) = (name.to_owned(), form.clone());
    let changed = configuration::edit(visit, form.get("digest").cloned(), move |draft| {
        // The name last: the other keys are found by it.
        let mut keys = configuration::keys_of_account(&of);
        keys.rotate_left(1);
        configuration::apply(draft, &keys, false, &filled)
    });
    let keys = configuration::keys_of_account(name);
    Ok(changed.await?.map_err(|error| Rejected::of(visit.words(), &error, form, &keys)))
}

/// Callback, token and key of an account that is in the file.
pub(super) async fn credentials(visit: &Visit, name: &str) -> Result<Credentials, Refusal> {
    let (app, of) = (visit.app.clone(), name.to_owned());
    let secrets = visit.ask(move || {
        let draft = app.draft()?;
        let secret = |field: &str| draft.secret(&format!("account.{of}.{field}"));
        Ok::<_, EditError>((secret("token")?, secret("encoding_aes_key")?, public_url(&draft)))
    });
    let (token, key, url) = secrets.await?;
    let url = url.unwrap_or_else(|| visit.app.links.public_url().to_owned());
    let mut lines = vec![("account.callback", format!("{}/wechat/{name}", url.trim_end_matches('/')))];
    lines.extend(token.map(|token| ("account.callback_token", token)));
    lines.extend(key.filter(|key| !key.is_empty()).map(|key| ("account.callback_key", key)));
    Ok(Credentials { lines })
}

/// The public address that the next start will have.
fn public_url(draft: &Draft) -> Option<String> {
    draft.get("public_url").ok().map(|setting| setting.text).filter(|url| !url.is_empty())
}

async fn draw(
    visit: &Visit,
    name: Option<String>,
    rejected: Option<Rejected>,
    shown: Option<Credentials>,
) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let draft = visit.ask(move || app.draft()).await?;
    if name.as_ref().is_some_and(|name| !draft.accounts().contains(name)) {
        return Err(Refusal::NotFound);
    }
    let words = visit.words();
    let rows = configuration::account_rows(words, &draft, name.as_deref(), rejected.as_ref());
    let title = match &name {
        Some(name) => words.with("settings.account", "name", name),
        None => words.get("account.add").to_owned(),
    };
    let action = match &name {
        Some(name) => format!("/settings/accounts/{name}"),
        None => "/settings/new-account".to_owned(),
    };
    let notice = visit.notice();
    let frame = visit.frame("settings");
    let page = Page {
        frame: &frame,
        notice: notice.as_ref(),
        title: &title,
        name: name.as_deref(),
        action: &action,
        rows: &rows,
        digest: &draft.digest(),
        rejected: rejected.as_ref(),
        shown: shown.as_ref(),
    };
    let status = if rejected.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    answer::page_with(status, &page)
}

fn saved(visit: &Visit, next: &str) -> Result<Response, Refusal> {
    let notice = Notice::of(visit.words().get("settings.saved").to_owned());
    visit.leave(notice);
    Ok(answer::done(visit, next))
}

fn letters(visit: &Visit, count: usize) -> Result<String, Refusal> {
    app::letters(count).map_err(|error| visit.failed(&error))
}

fn name_of(visit: &Visit) -> String {
    visit.parameters.first().cloned().unwrap_or_default()
}
