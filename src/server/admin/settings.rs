//! The settings page: every key of the configuration, section by section, what of it waits for a start; and the admin's
//! own things: password, sessions, look and language of the page.

use std::collections::BTreeMap;
use std::convert::Infallible;

use askama::Template;
use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::configuration::{self, Rejected, Row};
use super::frame::Frame;
use super::login::{self, Fault};
use super::notice::Notice;
use super::session::Session;
use super::visit::{Form, Visit};
use super::{password, session};
use crate::config::edit::EditError;
use crate::config::fields::{GROUPS, Group};

#[derive(Template)]
#[template(path = "admin/settings.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    /// Why the password was not taken.
    fault: Option<&'a str>,
    /// Why the form of a section was not taken.
    rejected: Option<&'a Rejected>,
    /// Why the program would not start, or was not started, with the file as it is now.
    broken: Option<&'a str>,
    /// What waits for a start.
    waiting: &'a [String],
    sections: &'a [Section],
    accounts: &'a [String],
    file: &'a str,
    digest: &'a str,
    sessions: &'a [Session],
    own: &'a str,
    shortest: usize,
}

/// A section of the configuration on the page.
struct Section {
    name: &'static str,
    title: String,
    hint: String,
    rows: Vec<Row>,
    is_open: bool,
}

/// What the page says in answer to a form, besides how things are.
#[derive(Default)]
pub(super) struct Said {
    pub(super) fault: Option<&'static str>,
    /// The section whose form was not taken.
    pub(super) rejected: Option<(&'static str, Rejected)>,
    pub(super) broken: Option<String>,
}

impl Page<'_> {
    fn is_own(&self, session: &Session) -> bool {
        session.id == self.own
    }
}

/// `GET /settings`, or the same after a password was not taken.
pub(super) async fn show(visit: &Visit, fault: Option<&'static str>) -> Result<Response, Refusal> {
    draw(visit, Said { fault, ..Said::default() }).await
}

/// The page, with what there is to say.
pub(super) async fn draw(visit: &Visit, said: Said) -> Result<Response, Refusal> {
    let (app, now) = (visit.app.clone(), visit.now);
    let (sessions, waiting, draft) = visit
        .ask(move || Ok::<_, anyhow::Error>((session::list(&app.store, now)?, app.waiting(), app.draft())))
        .await?;
    let words = visit.words();
    let (waiting, mut broken) = configuration::waiting(words, waiting);
    let mut shown = (Vec::new(), Vec::new(), String::new());
    let at = visit.head.query.get("at").map_or("", String::as_str);
    match draft {
        Ok(draft) => {
            let section = |group: &'static Group| {
                let rejected = said.rejected.as_ref().filter(|(name, _)| *name == group.name).map(|(_, said)| said);
                let key = format!("group.{}", group.name);
                let (title, hint) = words.field(&key);
                Section {
                    name: group.name,
                    title: title.to_owned(),
                    hint: hint.to_owned(),
                    rows: configuration::rows(words, &draft, group, rejected),
                    is_open: rejected.is_some() || at == group.name,
                }
            };
            shown = (GROUPS.iter().map(section).collect(), draft.accounts(), draft.digest());
        }
        // What cannot be read cannot be edited here.
        Err(error) => broken = Some(configuration::one_line(&error.to_string())),
    }
    let notice = visit.notice();
    let has_fault = said.fault.is_some() || said.rejected.is_some() || said.broken.is_some();
    let frame = visit.frame("settings");
    let page = Page {
        frame: &frame,
        notice: notice.as_ref(),
        fault: said.fault.map(|key| words.get(key)),
        rejected: said.rejected.as_ref().map(|(_, rejected)| rejected),
        broken: said.broken.as_deref().or(broken.as_deref()),
        waiting: &waiting,
        sections: &shown.0,
        accounts: &shown.1,
        digest: &shown.2,
        file: &visit.app.config_file().display().to_string(),
        sessions: &sessions,
        own: visit.session_id(),
        shortest: password::SHORTEST,
    };
    answer::page_with(if has_fault { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page)
}

/// `POST /settings/groups/{group}`: a section, whole.
pub(super) async fn save(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let name = visit.parameters.first().map_or("", String::as_str);
    let group = GROUPS.iter().find(|group| group.name == name).ok_or(Refusal::NotFound)?;
    let (keys, filled) = (configuration::keys_of(group), form.clone());
    let changed = configuration::edit(visit, form.get("digest").cloned(), move |draft| {
        configuration::apply(draft, &keys, group.is_optional, &filled)
    });
    match changed.await? {
        Ok(()) => {
            let notice = Notice::of(visit.words().get("settings.saved").to_owned());
            visit.leave(notice);
            Ok(answer::done(visit, &format!("/settings?at={}#{}", group.name, group.name)))
        }
        Err(error) => {
            let rejected = Rejected::of(visit.words(), &error, form, &configuration::keys_of(group));
            draw(visit, Said { rejected: Some((group.name, rejected)), ..Said::default() }).await
        }
    }
}

/// `GET /api/settings`: every section with its fields, the names of the accounts, and what waits for a start.
pub(super) async fn api(visit: &Visit) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let asked = move || Ok::<_, Infallible>((app.draft(), app.waiting()));
    let (draft, waiting) = visit.ask(asked).await?;
    let draft = draft.map_err(|error| Refusal::Invalid(error.to_string()))?;
    let words = visit.words();
    let groups = GROUPS.iter().map(|group| {
        json!({
            "name": group.name,
            "title": words.field(&format!("group.{}", group.name)).0,
            "fields": configuration::rows(words, &draft, group, None),
        })
    });
    let (waiting, error) = match waiting {
        Ok(keys) => (keys, None),
        Err(error) => (Vec::new(), Some(format!("{error:#}"))),
    };
    let document = json!({
        "file": visit.app.config_file(),
        "digest": draft.digest(),
        "groups": groups.collect::<Vec<_>>(),
        "accounts": draft.accounts(),
        "waiting": waiting,
        "error": error,
    });
    Ok(answer::json(StatusCode::OK, &document))
}

/// What `POST /api/settings` takes: values by key, and the digest of the file that they are a change to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    #[serde(default)]
    digest: Option<String>,
    set: BTreeMap<String, serde_json::Value>,
}

/// `POST /api/settings`: all of the changes, or none.
pub(super) async fn api_save(visit: &Visit, body: &[u8]) -> Result<Response, Refusal> {
    let changes: Changes = serde_json::from_slice(body).map_err(|error| Refusal::Invalid(error.to_string()))?;
    let form = configuration::form_of(changes.set);
    let changed = configuration::edit(visit, changes.digest, move |draft| {
        form.iter().try_for_each(|(key, text)| draft.set(key, text))
    });
    match changed.await? {
        Ok(()) => super::restarting::state(visit).await,
        Err(error @ EditError::Changed(_)) => {
            Ok(answer::json(StatusCode::CONFLICT, &json!({ "error": error.to_string() })))
        }
        Err(error) => Err(Refusal::Invalid(configuration::one_line(&error.to_string()))),
    }
}

/// `POST /settings/password`: the old one, the new one twice. Ends every session and begins a new one.
pub(super) async fn change_password(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    match login::check_password(visit, form.get("password").map_or("", String::as_str)).await {
        Ok(()) => {}
        Err(Refusal::Forbidden(key)) => return show(visit, Some(key)).await,
        Err(refusal) => return Err(refusal),
    }
    let hash = match login::new_password(visit, form).await {
        Ok(hash) => hash,
        Err(Fault::Words(key)) => return show(visit, Some(key)).await,
        Err(Fault::Refusal(refusal)) => return Err(refusal),
    };
    let store = visit.app.store.clone();
    visit.ask(move || password::save(&store, &hash)).await?;
    log::info!("the admin password has been changed");
    login::begin_session(visit, "/settings").await
}

/// `POST /sessions/{id}/end`
pub(super) async fn end_session(visit: &Visit) -> Result<Response, Refusal> {
    let id = visit.parameters.first().cloned().unwrap_or_default();
    let store = visit.app.store.clone();
    visit.ask(move || session::end(&store, &id)).await?;
    Ok(answer::done(visit, "/settings"))
}

/// `POST /sessions/end-all`: this one too.
pub(super) async fn end_all_sessions(visit: &Visit) -> Result<Response, Refusal> {
    let store = visit.app.store.clone();
    visit.ask(move || session::end_all(&store)).await?;
    log::info!("all sessions of the admin have been ended");
    Ok(answer::done(visit, "/login"))
}
