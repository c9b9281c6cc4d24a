//! The first steps: an account, mail, the public address, books. What a step does is what the settings, `shutong token`
//! and the page of books do, too; here it is tried at once, and what came of it is said with what to do.

use askama::Template;
use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::configuration::{self, Rejected, Row};
use super::first_run::{self, Outcome, Progress, Step};
use super::frame::Frame;
use super::notice::Notice;
use super::visit::{Form, Visit};
use super::{accounts, restarting, trials};
use crate::config::edit::Draft;
use crate::config::fields::{GROUPS, Group};
use crate::library::starter;
use crate::token::{Tried, probe};

/// The fields of an account that everybody has to fill in; the others stand behind them.
const FIRST: [&str; 4] = ["name", "app_id", "app_secret", "verified"];

#[derive(Template)]
#[template(path = "admin/welcome.html", config = "assets/askama.toml")]
struct Page<'a> {
    frame: &'a Frame<'a>,
    notice: Option<&'a Notice>,
    said: &'a Said,
    step: Step,
    progress: &'a Progress,
    /// The account that is in the file, if there is one.
    account: Option<&'a str>,
    /// Whether the running program knows it.
    is_running: bool,
    /// Whether the platform has found its callback.
    is_heard: bool,
    first: &'a [Row],
    further: &'a [Row],
    digest: &'a str,
    /// Where a test letter goes, if nobody says otherwise.
    to: &'a str,
    books: u64,
}

/// What there is to say about the step besides how things are.
#[derive(Default)]
struct Said {
    /// Why something was not done, or did not work.
    fault: Option<String>,
    rejected: Option<Rejected>,
    shown: Option<accounts::Credentials>,
}

impl Page<'_> {
    fn steps(&self) -> [Step; 4] {
        Step::ALL
    }

    fn title(&self, step: &Step) -> &str {
        self.frame.words.get(match step {
            Step::Account => "welcome.account",
            Step::Mail => "welcome.mail",
            Step::Address => "welcome.address",
            Step::Books => "welcome.books",
        })
    }

    fn lead(&self) -> &str {
        self.frame.words.get(match self.step {
            Step::Account => "welcome.account_lead",
            Step::Mail => "welcome.mail_lead",
            Step::Address => "welcome.address_lead",
            Step::Books => "welcome.books_lead",
        })
    }

    /// How the step stands: the text and its chip.
    fn state(&self, step: &Step) -> Option<(&str, &'static str)> {
        match self.progress.steps.get(step)? {
            Outcome::Done => Some((self.frame.words.get("welcome.done"), "good")),
            Outcome::Skipped => Some((self.frame.words.get("welcome.skipped"), "")),
        }
    }

    /// What came of trying to get a token, if it did not work.
    fn trouble(&self) -> Option<String> {
        match self.progress.token.as_ref()? {
            Tried::Fine => None,
            Tried::Refused(trouble) => Some(self.frame.words.trouble(trouble)),
            Tried::Failed(why) => Some(self.frame.f("welcome.token_failed", "why", why)),
        }
    }

    fn has_token(&self) -> bool {
        self.progress.token == Some(Tried::Fine)
    }
}

/// `GET /welcome`: where the owner has come to.
pub(super) async fn begin(visit: &Visit) -> Result<Response, Refusal> {
    let progress = change(visit, |_| {}).await?;
    Ok(answer::see(&format!("/welcome/{}", progress.place().name())))
}

/// `GET /welcome/{step}`
pub(super) async fn show(visit: &Visit) -> Result<Response, Refusal> {
    draw(visit, step_of(visit)?, Said::default()).await
}

/// `POST /welcome/{step}`
pub(super) async fn act(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let step = step_of(visit)?;
    match (form.get("do").map_or("", String::as_str), step) {
        ("skip", _) => go_on(visit, step, Outcome::Skipped).await,
        ("next", _) => go_on(visit, step, Outcome::Done).await,
        ("save", Step::Account) => save_account(visit, form).await,
        ("test", Step::Account) => {
            try_token(visit).await?;
            Ok(answer::see("/welcome/account"))
        }
        ("show", Step::Account) => {
            let name = own_account(&draft(visit).await?).ok_or(Refusal::NotFound)?;
            let shown = Some(accounts::credentials(visit, &name).await?);
            draw(visit, step, Said { shown, ..Said::default() }).await
        }
        ("restart", Step::Account) => start_again(visit, step, "/welcome/account").await,
        ("save", Step::Mail) => match save(visit, "mail", form).await? {
            Ok(()) => test_letter(visit, form).await,
            Err(rejected) => draw(visit, step, Said { rejected: Some(rejected), ..Said::default() }).await,
        },
        ("save", Step::Address) => match save(visit, "general", form).await? {
            Ok(()) => look_at_address(visit).await,
            Err(rejected) => draw(visit, step, Said { rejected: Some(rejected), ..Said::default() }).await,
        },
        ("starter", Step::Books) => {
            let (library, now) = (visit.app.library.clone(), visit.now);
            let new = visit.ask(move || starter::import(&library, now)).await?;
            visit.leave(visit.words().with("welcome.imported", "n", &new));
            Ok(answer::see("/welcome/books"))
        }
        ("finish", Step::Books) => finish(visit).await,
        _ => Err(Refusal::Broken),
    }
}

/// `GET /api/welcome`: the steps, and how the account stands.
pub(super) async fn state(visit: &Visit) -> Result<Response, Refusal> {
    let name = own_account(&draft(visit).await?);
    let (is_running, is_heard) = heard(visit, name.as_deref()).await?;
    let store = visit.app.store.clone();
    let progress = visit.ask(move || first_run::saved(&store)).await?.unwrap_or_default();
    let account = name.map(|name| json!({ "name": name, "running": is_running, "verified": is_heard }));
    let document = json!({
        "steps": progress.steps, "token": progress.token, "over": progress.is_over, "account": account
    });
    Ok(answer::json(StatusCode::OK, &document))
}

async fn save_account(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let saved = match own_account(&draft(visit).await?) {
        None => accounts::add_from(visit, form).await?.map(drop),
        Some(name) => accounts::change_from(visit, &name, form).await?,
    };
    if let Err(rejected) = saved {
        return draw(visit, Step::Account, Said { rejected: Some(rejected), ..Said::default() }).await;
    }
    try_token(visit).await?;
    // The callback answers for accounts that the program has started with.
    start_again(visit, Step::Account, "/welcome/account").await
}

/// Tries the account that is in the file, and keeps what came of it.
async fn try_token(visit: &Visit) -> Result<(), Refusal> {
    let app = visit.app.clone();
    let config = visit.ask(move || app.next_config()).await?;
    let name = own_account(&draft(visit).await?);
    let settings = config.token_settings().into_iter().find(|settings| Some(&settings.account) == name.as_ref());
    let tried = match settings {
        Some(settings) => Some(probe(&settings).await),
        None => None,
    };
    change(visit, move |progress| progress.token = tried).await?;
    Ok(())
}

/// Sends a letter through the mail server in the file, if there is somebody to send it to.
async fn test_letter(visit: &Visit, form: &Form) -> Result<Response, Refusal> {
    let to = form.get("to").map(|to| to.trim().to_owned()).unwrap_or_default();
    let app = visit.app.clone();
    let config = visit.ask(move || app.next_config()).await?;
    let words = visit.words();
    match config.mail_server().filter(|_| !to.is_empty()) {
        None => visit.leave(words.get("settings.saved").to_owned()),
        Some(server) => match trials::letter(words, &server, &to, visit.now).await {
            Ok(()) => visit.leave(words.with("welcome.letter_sent", "to", &to)),
            Err(why) => return draw(visit, Step::Mail, Said { fault: Some(why), ..Said::default() }).await,
        },
    }
    Ok(answer::see("/welcome/mail"))
}

async fn look_at_address(visit: &Visit) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let url = visit.ask(move || app.next_config()).await?.public_url;
    let words = visit.words();
    let found = match url.as_str() {
        "" => Ok(words.get("settings.saved").to_owned()),
        url => trials::address(words, url).await.map_err(|error| visit.failed(&error))?,
    };
    match found {
        Ok(says) => {
            visit.leave(says);
            Ok(answer::see("/welcome/address"))
        }
        Err(why) => draw(visit, Step::Address, Said { fault: Some(why), ..Said::default() }).await,
    }
}

async fn go_on(visit: &Visit, step: Step, outcome: Outcome) -> Result<Response, Refusal> {
    change(visit, move |progress| {
        progress.steps.insert(step, outcome);
    })
    .await?;
    match step.next() {
        Some(next) => Ok(answer::see(&format!("/welcome/{}", next.name()))),
        None => finish(visit).await,
    }
}

/// The end: what was saved on the way and is not in force yet comes into force.
async fn finish(visit: &Visit) -> Result<Response, Refusal> {
    change(visit, |progress| {
        progress.steps.entry(Step::Books).or_insert(Outcome::Done);
        progress.is_over = true;
    })
    .await?;
    let app = visit.app.clone();
    let waits = visit.ask(move || Ok::<_, std::convert::Infallible>(app.waiting().is_ok_and(|keys| !keys.is_empty())));
    if waits.await? { start_again(visit, Step::Books, "/").await } else { Ok(answer::see("/")) }
}

async fn start_again(visit: &Visit, step: Step, next: &str) -> Result<Response, Refusal> {
    match restarting::start_again(visit).await? {
        Ok(()) => restarting::waiting(visit, next).await,
        Err(why) => draw(visit, step, Said { fault: Some(why), ..Said::default() }).await,
    }
}

async fn save(visit: &Visit, group: &str, form: &Form) -> Result<Result<(), Rejected>, Refusal> {
    let group = group_of(group).ok_or(Refusal::NotFound)?;
    // Only what is on the page: a form without the others must not take them out.
    let mut keys = configuration::keys_of(group);
    keys.retain(|(key, _)| group.name != "general" || key == "public_url");
    let (own, filled) = (keys.clone(), form.clone());
    let changed = configuration::edit(visit, form.get("digest").cloned(), move |draft| {
        configuration::apply(draft, &own, group.is_optional, &filled)
    });
    Ok(changed.await?.map_err(|error| Rejected::of(visit.words(), &error, form, &keys)))
}

async fn draw(visit: &Visit, step: Step, said: Said) -> Result<Response, Refusal> {
    let draft = draft(visit).await?;
    let words = visit.words();
    let rejected = said.rejected.as_ref();
    let name = own_account(&draft);
    let of_group = |group: &str| {
        group_of(group).map_or_else(Vec::new, |group| configuration::rows(words, &draft, group, rejected))
    };
    let rows = match step {
        Step::Account => configuration::account_rows(words, &draft, name.as_deref(), rejected),
        Step::Mail => of_group("mail"),
        Step::Address => of_group("general").into_iter().filter(|row| row.key == "public_url").collect(),
        Step::Books => Vec::new(),
    };
    let is_first = |row: &Row| step != Step::Account || FIRST.contains(&row.key.as_str()) || row.fault.is_some();
    let (mut first, further): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(is_first);
    if let Some(row) = first.iter_mut().find(|row| row.key == "name" && row.value.is_empty() && step == Step::Account) {
        row.value = "main".to_owned();
    }
    let (is_running, is_heard) = heard(visit, name.as_deref()).await?;
    let progress = change(visit, |_| {}).await?;
    let library = visit.app.library.clone();
    let books = visit.ask(move || library.counts()).await?.shelf;
    let to = draft.get("alerts.mail_to").map(|setting| setting.text).unwrap_or_default();
    let notice = visit.notice();
    let has_fault = said.fault.is_some() || said.rejected.is_some();
    let frame = visit.frame("welcome");
    let page = Page {
        frame: &frame,
        notice: notice.as_ref(),
        said: &said,
        step,
        progress: &progress,
        account: name.as_deref(),
        is_running,
        is_heard,
        first: &first,
        further: &further,
        digest: &draft.digest(),
        to: &to,
        books,
    };
    answer::page_with(if has_fault { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page)
}

/// Whether the program runs with this account, and whether the platform has ever found its callback, which is kept.
async fn heard(visit: &Visit, name: Option<&str>) -> Result<(bool, bool), Refusal> {
    let Some(name) = name.map(str::to_owned) else { return Ok((false, false)) };
    let is_running = visit.app.account(&name).is_some();
    let (store, is_new) = (visit.app.store.clone(), visit.admin.webhook.has_heard(&name));
    let kept = move || {
        let kept = first_run::saved(&store)?.is_some_and(|progress| progress.heard.contains(&name));
        if is_new && !kept {
            first_run::change(&store, |progress| progress.heard.push(name))?;
        }
        Ok::<_, crate::store::Error>(kept || is_new)
    };
    Ok((is_running, visit.ask(kept).await?))
}

async fn change(visit: &Visit, change: impl FnOnce(&mut Progress) + Send + 'static) -> Result<Progress, Refusal> {
    let store = visit.app.store.clone();
    visit.ask(move || first_run::change(&store, change)).await
}

async fn draft(visit: &Visit) -> Result<Draft, Refusal> {
    let app = visit.app.clone();
    visit.ask(move || app.draft()).await
}

fn own_account(draft: &Draft) -> Option<String> {
    draft.accounts().into_iter().next()
}

fn group_of(name: &str) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.name == name)
}

fn step_of(visit: &Visit) -> Result<Step, Refusal> {
    visit.parameters.first().and_then(|name| Step::of(name)).ok_or(Refusal::NotFound)
}
