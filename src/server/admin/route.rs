//! Every address of the admin page, in one table, with what it asks of a visitor.
//!
//! A route without a line here does not exist, and a line cannot be written without saying who may pass: `respond`
//! in `mod.rs` looks at the table before any handler runs. A test walks it without credentials.

use warp::http::Method;

/// One address.
pub(super) struct Route {
    pub(super) method: Method,
    /// Segments; `{…}` stands for one of any value.
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) takes: Takes,
    pub(super) action: Action,
}

/// Who may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Everyone who reaches the listener under its own name.
    Open,
    /// The admin, logged in.
    Session,
}

/// What body it takes. Anything else is refused before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    /// `application/x-www-form-urlencoded`
    Form,
    /// The same with a whole text in it: an article, a file.
    LongForm,
    /// `application/json`
    Json,
    /// The fields of a form, as a JSON object of values: what scripts send to do what a form does.
    Fields,
    /// `multipart/form-data`
    Files,
}

/// What is done. Matched in `mod.rs` without a wildcard, so that a new one forces a decision there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Dashboard,
    Books,
    RemovedBooks,
    Duplicates,
    ChangeDuplicates,
    UndoMerge,
    Requests,
    ChangeRequests,
    ChangeBooks,
    Book,
    BookFile,
    EditBook,
    ChooseCover,
    ConvertBook,
    SplitBook,
    PushBook,
    RemoveBook,
    RestoreBook,
    TakeDownBook,
    Cover,
    Thumbnail,
    Articles,
    NewArticle,
    SaveArticle,
    Article,
    EditArticle,
    PublishArticle,
    HoldArticle,
    ApiArticlePreview,
    RemoveArticle,
    DraftArticle,
    ArticlePicture,
    ApiArticlePictures,
    Media,
    MediaPicture,
    RemoveMedia,
    RenewMedia,
    ForgetMedia,
    ApiMedia,
    Keywords,
    ChangeKeywords,
    NewKeyword,
    Keyword,
    ChangeKeyword,
    Deliveries,
    DeliveriesTable,
    RetryFailedDeliveries,
    RetryDelivery,
    CancelDelivery,
    Followers,
    Follower,
    FollowerExport,
    ChangeFollower,
    Sources,
    AddSource,
    ImportSources,
    Source,
    ChangeSource,
    ApiSources,
    Jobs,
    RunJob,
    ScheduleJob,
    ApiJobs,
    ApiJob,
    ApiStatistics,
    Simulator,
    Wordings,
    SaveWordings,
    ApiWordingLook,
    Menu,
    ChangeMenu,
    ApiChangeMenu,
    Tokens,
    RevealToken,
    RefreshToken,
    SetToken,
    LeadToken,
    AddKey,
    RevokeKey,
    Backup,
    ChangeBackup,
    BackupFile,
    ApiBackup,
    ApiBackupUpload,
    Diagnostics,
    RunDiagnostics,
    Settings,
    SaveSettings,
    Restart,
    NewAccount,
    AddAccount,
    Account,
    ChangeAccount,
    RevealAccount,
    RenewAccount,
    RemoveAccount,
    ApiSettings,
    ApiSaveSettings,
    ApiRestart,
    Welcome,
    FirstStep,
    TakeFirstStep,
    ApiWelcome,
    ChangePassword,
    EndSession,
    EndAllSessions,
    LoginForm,
    Login,
    Logout,
    SetupForm,
    SetUp,
    Asset,
    Icon,
    Events,
    Metrics,
    ApiDescription,
    ApiSession,
    ApiSessions,
    ApiAlerts,
    ApiArticles,
    ApiArticle,
    ApiMediaFiles,
    ApiKeywords,
    ApiSource,
    ApiTokens,
    ApiKeys,
    ApiMenuFile,
    ApiWordings,
    ApiCounts,
    ApiBooks,
    ApiChangeBooks,
    ApiBook,
    ApiFollowers,
    ApiFollower,
    ApiDeliveries,
    ApiSimulator,
    ApiSimulatorSend,
    ApiSimulatorWaiting,
    ApiEditBook,
    ApiConvertBook,
    ApiCover,
    ApiRequests,
    ApiLog,
    ApiDisk,
    ApiUpload,
    ApiCatalogue,
}

/// Why an address leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// There is nothing.
    Path,
    /// There is, by another method: what `Allow` says.
    Method(&'static str),
}

use Access::{Open, Session};
use Takes::{Fields, Files, Form, Json, LongForm, Nothing};

const fn get(path: &'static str, access: Access, action: Action) -> Route {
    Route { method: Method::GET, path, access, takes: Nothing, action }
}

const fn post(path: &'static str, access: Access, takes: Takes, action: Action) -> Route {
    Route { method: Method::POST, path, access, takes, action }
}

/// All of them. Literal paths stand before those with a `{…}` in the same place.
pub(super) const ROUTES: &[Route] = &[
    get("/", Session, Action::Dashboard),
    get("/books", Session, Action::Books),
    get("/books/removed", Session, Action::RemovedBooks),
    get("/books/duplicates", Session, Action::Duplicates),
    post("/books/duplicates", Session, Form, Action::ChangeDuplicates),
    get("/books/requests", Session, Action::Requests),
    post("/books/requests", Session, Form, Action::ChangeRequests),
    post("/books/bulk", Session, Form, Action::ChangeBooks),
    post("/merges/{id}/undo", Session, Form, Action::UndoMerge),
    get("/books/{id}", Session, Action::Book),
    get("/books/{id}/file/{name}", Session, Action::BookFile),
    post("/books/{id}/edit", Session, Form, Action::EditBook),
    post("/books/{id}/cover", Session, Form, Action::ChooseCover),
    post("/books/{id}/convert", Session, Form, Action::ConvertBook),
    post("/books/{id}/split", Session, Form, Action::SplitBook),
    post("/books/{id}/push", Session, Form, Action::PushBook),
    post("/books/{id}/remove", Session, Form, Action::RemoveBook),
    post("/books/{id}/restore", Session, Form, Action::RestoreBook),
    post("/books/{id}/take-down", Session, Form, Action::TakeDownBook),
    get("/cover/{id}", Session, Action::Cover),
    get("/cover/{id}/thumb", Session, Action::Thumbnail),
    get("/articles", Session, Action::Articles),
    get("/articles/new", Session, Action::NewArticle),
    post("/articles/save", Session, LongForm, Action::SaveArticle),
    get("/articles/{slug}", Session, Action::Article),
    get("/articles/{slug}/edit", Session, Action::EditArticle),
    post("/articles/{slug}/publish", Session, Form, Action::PublishArticle),
    post("/articles/{slug}/hold", Session, Form, Action::HoldArticle),
    post("/articles/{slug}/remove", Session, Form, Action::RemoveArticle),
    post("/articles/{slug}/draft", Session, Form, Action::DraftArticle),
    get("/a/{slug}/{name}", Session, Action::ArticlePicture),
    post("/api/articles/preview", Session, LongForm, Action::ApiArticlePreview),
    post("/api/articles/{slug}/pictures", Session, Files, Action::ApiArticlePictures),
    get("/media", Session, Action::Media),
    get("/media/picture", Session, Action::MediaPicture),
    post("/media/remove", Session, Form, Action::RemoveMedia),
    post("/media/renew", Session, Form, Action::RenewMedia),
    post("/media/forget", Session, Form, Action::ForgetMedia),
    post("/api/media", Session, Files, Action::ApiMedia),
    get("/keywords", Session, Action::Keywords),
    post("/keywords", Session, LongForm, Action::ChangeKeywords),
    get("/keywords/new", Session, Action::NewKeyword),
    post("/keywords/reply", Session, Form, Action::ChangeKeyword),
    get("/keywords/{id}", Session, Action::Keyword),
    get("/deliveries", Session, Action::Deliveries),
    get("/deliveries.csv", Session, Action::DeliveriesTable),
    post("/deliveries/retry-failed", Session, Form, Action::RetryFailedDeliveries),
    post("/deliveries/{id}/retry", Session, Form, Action::RetryDelivery),
    post("/deliveries/{id}/cancel", Session, Form, Action::CancelDelivery),
    get("/followers", Session, Action::Followers),
    get("/followers/{id}", Session, Action::Follower),
    post("/followers/{id}", Session, Form, Action::ChangeFollower),
    get("/followers/{id}/export", Session, Action::FollowerExport),
    get("/sources", Session, Action::Sources),
    post("/sources", Session, Form, Action::AddSource),
    post("/sources/import", Session, LongForm, Action::ImportSources),
    get("/sources/{name}", Session, Action::Source),
    post("/sources/{name}", Session, LongForm, Action::ChangeSource),
    get("/api/sources", Session, Action::ApiSources),
    get("/jobs", Session, Action::Jobs),
    post("/jobs/{name}/run", Session, Form, Action::RunJob),
    post("/jobs/{name}/schedule", Session, Form, Action::ScheduleJob),
    get("/api/jobs", Session, Action::ApiJobs),
    get("/api/jobs/{name}", Session, Action::ApiJob),
    post("/api/jobs/{name}/run", Session, Form, Action::RunJob),
    get("/api/statistics", Session, Action::ApiStatistics),
    get("/simulator", Session, Action::Simulator),
    get("/wordings", Session, Action::Wordings),
    post("/wordings", Session, Json, Action::SaveWordings),
    post("/api/wordings/look", Session, Json, Action::ApiWordingLook),
    get("/menu", Session, Action::Menu),
    post("/menu", Session, Form, Action::ChangeMenu),
    post("/api/menu", Session, Json, Action::ApiChangeMenu),
    get("/token", Session, Action::Tokens),
    post("/token/keys", Session, Form, Action::AddKey),
    post("/token/keys/{id}/revoke", Session, Form, Action::RevokeKey),
    post("/token/{account}/show", Session, Form, Action::RevealToken),
    post("/token/{account}/refresh", Session, Form, Action::RefreshToken),
    post("/token/{account}/set", Session, Form, Action::SetToken),
    post("/token/{account}/lead", Session, Form, Action::LeadToken),
    get("/backup", Session, Action::Backup),
    post("/backup", Session, Form, Action::ChangeBackup),
    get("/backup/file/{name}", Session, Action::BackupFile),
    get("/api/backup", Session, Action::ApiBackup),
    post("/api/backup/upload", Session, Files, Action::ApiBackupUpload),
    get("/diagnostics", Session, Action::Diagnostics),
    post("/diagnostics", Session, Form, Action::RunDiagnostics),
    get("/settings", Session, Action::Settings),
    post("/settings/groups/{group}", Session, Form, Action::SaveSettings),
    post("/settings/restart", Session, Form, Action::Restart),
    get("/settings/new-account", Session, Action::NewAccount),
    post("/settings/new-account", Session, Form, Action::AddAccount),
    get("/settings/accounts/{name}", Session, Action::Account),
    post("/settings/accounts/{name}", Session, Form, Action::ChangeAccount),
    post("/settings/accounts/{name}/show", Session, Form, Action::RevealAccount),
    post("/settings/accounts/{name}/renew", Session, Form, Action::RenewAccount),
    post("/settings/accounts/{name}/remove", Session, Form, Action::RemoveAccount),
    get("/api/settings", Session, Action::ApiSettings),
    post("/api/settings", Session, Json, Action::ApiSaveSettings),
    get("/api/restart", Session, Action::ApiRestart),
    get("/welcome", Session, Action::Welcome),
    get("/welcome/{step}", Session, Action::FirstStep),
    post("/welcome/{step}", Session, Form, Action::TakeFirstStep),
    get("/api/welcome", Session, Action::ApiWelcome),
    post("/settings/password", Session, Form, Action::ChangePassword),
    post("/sessions/end-all", Session, Form, Action::EndAllSessions),
    post("/sessions/{id}/end", Session, Form, Action::EndSession),
    get("/login", Open, Action::LoginForm),
    post("/login", Open, Form, Action::Login),
    post("/logout", Session, Form, Action::Logout),
    get("/setup", Open, Action::SetupForm),
    post("/setup", Open, Form, Action::SetUp),
    get("/assets/{stamp}/{file}", Open, Action::Asset),
    get("/favicon.ico", Open, Action::Icon),
    get("/events", Session, Action::Events),
    get("/metrics", Open, Action::Metrics),
    get("/api/openapi.json", Session, Action::ApiDescription),
    get("/api/session", Session, Action::ApiSession),
    get("/api/sessions", Session, Action::ApiSessions),
    post("/api/sessions/end-all", Session, Fields, Action::EndAllSessions),
    post("/api/sessions/{id}/end", Session, Fields, Action::EndSession),
    get("/api/alerts", Session, Action::ApiAlerts),
    get("/api/articles", Session, Action::ApiArticles),
    post("/api/articles", Session, Fields, Action::SaveArticle),
    get("/api/articles/{slug}", Session, Action::ApiArticle),
    post("/api/articles/{slug}/publish", Session, Fields, Action::PublishArticle),
    post("/api/articles/{slug}/remove", Session, Fields, Action::RemoveArticle),
    post("/api/articles/{slug}/draft", Session, Fields, Action::DraftArticle),
    get("/api/media", Session, Action::ApiMediaFiles),
    post("/api/media/remove", Session, Fields, Action::RemoveMedia),
    post("/api/media/renew", Session, Fields, Action::RenewMedia),
    post("/api/media/forget", Session, Fields, Action::ForgetMedia),
    get("/api/keywords", Session, Action::ApiKeywords),
    post("/api/keywords", Session, Fields, Action::ChangeKeywords),
    get("/api/deliveries", Session, Action::ApiDeliveries),
    post("/api/deliveries/{id}/retry", Session, Fields, Action::RetryDelivery),
    post("/api/deliveries/{id}/cancel", Session, Fields, Action::CancelDelivery),
    post("/api/sources", Session, Fields, Action::AddSource),
    post("/api/sources/import", Session, Fields, Action::ImportSources),
    get("/api/sources/{name}", Session, Action::ApiSource),
    post("/api/sources/{name}", Session, Fields, Action::ChangeSource),
    get("/api/tokens", Session, Action::ApiTokens),
    post("/api/tokens/{account}/show", Session, Fields, Action::RevealToken),
    post("/api/tokens/{account}/refresh", Session, Fields, Action::RefreshToken),
    post("/api/tokens/{account}/set", Session, Fields, Action::SetToken),
    post("/api/tokens/{account}/lead", Session, Fields, Action::LeadToken),
    get("/api/keys", Session, Action::ApiKeys),
    post("/api/keys", Session, Fields, Action::AddKey),
    post("/api/keys/{id}/revoke", Session, Fields, Action::RevokeKey),
    get("/api/menu", Session, Action::ApiMenuFile),
    get("/api/wordings", Session, Action::ApiWordings),
    post("/api/wordings", Session, Json, Action::SaveWordings),
    get("/api/counts", Session, Action::ApiCounts),
    get("/api/books", Session, Action::ApiBooks),
    post("/api/books/bulk", Session, Json, Action::ApiChangeBooks),
    get("/api/books/{id}", Session, Action::ApiBook),
    get("/api/followers", Session, Action::ApiFollowers),
    get("/api/followers/{id}", Session, Action::ApiFollower),
    get("/api/simulator", Session, Action::ApiSimulator),
    post("/api/simulator/send", Session, Json, Action::ApiSimulatorSend),
    get("/api/simulator/waiting", Session, Action::ApiSimulatorWaiting),
    post("/api/books/{id}", Session, Json, Action::ApiEditBook),
    post("/api/books/{id}/convert", Session, Json, Action::ApiConvertBook),
    post("/api/books/{id}/cover", Session, Files, Action::ApiCover),
    get("/api/requests", Session, Action::ApiRequests),
    get("/api/log", Session, Action::ApiLog),
    get("/api/disk", Session, Action::ApiDisk),
    post("/api/upload", Session, Files, Action::ApiUpload),
    post("/api/catalogue", Session, Files, Action::ApiCatalogue),
];

/// The route of a request and the values in the places of `{…}`. `HEAD` is answered like `GET`.
pub(super) fn find(method: &Method, path: &str) -> Result<(&'static Route, Vec<String>), Missing> {
    const TABLE: &[Route] = ROUTES;
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let mut missing = Missing::Path;
    for route in TABLE {
        let Some(parameters) = matched(route.path, path) else { continue };
        if route.method == *method {
            return Ok((route, parameters));
        }
        missing = match missing {
            Missing::Path if route.method == Method::GET => Missing::Method("GET, HEAD"),
            Missing::Path => Missing::Method("POST"),
            Missing::Method(_) => Missing::Method("GET, HEAD, POST"),
        };
    }
    Err(missing)
}

fn matched(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut parameters = Vec::new();
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        let segment = segments.next()?;
        if wanted.starts_with('{') && !segment.is_empty() {
            parameters.push(segment.to_owned());
        } else if wanted != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: Method, path: &str, expected: Result<(Action, &[&str]), Missing>) {
        let found = find(&method, path).map(|(route, parameters)| (route.action, parameters));
        let expected = expected.map(|(action, parts)| (action, parts.iter().map(|&p| p.to_owned()).collect()));
        assert_eq!(found, expected, "{method} {path}");
    }

    #[test]
    fn paths_are_matched_whole() {
        check(Method::GET, "/", Ok((Action::Dashboard, &[])));
        check(Method::HEAD, "/books", Ok((Action::Books, &[])));
        check(Method::GET, "/books/removed", Ok((Action::RemovedBooks, &[])));
        check(Method::GET, "/books/7", Ok((Action::Book, &["7"])));
        check(Method::POST, "/books/7/remove", Ok((Action::RemoveBook, &["7"])));
        check(Method::GET, "/books/7/remove", Err(Missing::Method("POST")));
        check(Method::DELETE, "/setup", Err(Missing::Method("GET, HEAD, POST")));
        for path in ["", "/books/", "/books//file/x", "//", "/books/7/", "/cover/1/thumb/x", "/Books", "/x/api/log"] {
            check(Method::GET, path, Err(Missing::Path));
        }
    }

    #[test]
    fn what_is_open_to_everyone_is_on_this_list() {
        let open: Vec<&str> =
            ROUTES.iter().filter(|route| route.access == Access::Open).map(|route| route.path).collect();
        let expected = ["/login", "/login", "/setup", "/setup", "/assets/{stamp}/{file}", "/favicon.ico", "/metrics"];
        assert_eq!(open, expected);
    }
}
