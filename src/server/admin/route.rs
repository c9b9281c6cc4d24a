//! Every address of the admin page, in one table, with what it asks of a visitor.
//!
//! A route without a line here does not exist, and a line cannot be written without saying who may pass: `respond`
//! in `mod.rs` looks at the table before any handler runs. A test walks it without credentials.

use warp::http::Method;

pub(super) use super::routes::ROUTES;

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

/// What is done. Matched in `act` without a wildcard, so that a new one forces a decision there.
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

/// The route of a request and the values in the places of `{…}`. `HEAD` is answered like `GET`.
pub(super) fn find(method: &Method, path: &str) -> Result<(&'static Route, Vec<String>), Missing> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let mut missing = Missing::Path;
    for route in ROUTES {
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
