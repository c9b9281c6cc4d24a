//! The menu below the chat: written as TOML (`file`), judged by the platform's own limits before anything is sent
//! (`judge`), compared with what the platform has (`diff`), pushed and pulled.
//!
//! Only verified accounts have one. In the others followers type the words that the buttons would send.
//!
//! Deliberately not here: what a tap is answered with, which is what its words are answered with (`reply`).

mod diff;
mod file;
mod judge;

use std::sync::Arc;

pub use file::{Button, Conditional, EXAMPLE, Menu, load, path_in, save};
pub use judge::Limits;

use crate::secret::Secret;
use crate::token::{CallError, Keeper};
use crate::toml_text;
use crate::wechat::{self, Client, PlatformMenu};

/// Why a menu was not read or sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The platform would not take it; nothing was sent.
    #[error("the menu is wrong, nothing was sent:\n{}", .0.join("\n"))]
    Invalid(Vec<String>),
    /// The account is not of a kind that has one.
    #[error(
        "the account {0} cannot have a menu: the platform gives the API for it to verified accounts only (48001). \
         Nothing is lost: followers send the words that the buttons would send, 帮助, 最新, 热门, 随机, 我的, 订阅, 推送"
    )]
    NotAble(String),
    /// The platform could not be asked, or refused.
    #[error(transparent)]
    Call(CallError),
}

/// The result of most calls here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a push came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The platform had this menu already; nothing was sent.
    Same,
    /// It has it now.
    Changed,
}

impl Menu {
    /// What the platform would not take; empty if it would.
    pub fn mistakes(&self) -> Vec<String> {
        judge::mistakes(self)
    }

    /// As the text of the owner's file, with the comments of the one that he has.
    ///
    /// # Errors
    /// Never for a menu that was read.
    pub fn written_over(&self, own: &str) -> Result<String, String> {
        Ok(toml_text::in_form_of(own, &self.to_toml()?))
    }

    /// The buttons, conditional ones too, that show this permanent material of the platform's.
    pub fn showing(&self, media_id: &str) -> Vec<&str> {
        let menus = std::iter::once(&self.buttons).chain(self.conditional.iter().map(|menu| &menu.buttons));
        let buttons = menus.flatten().flat_map(|button| std::iter::once(button).chain(&button.buttons));
        buttons.filter(|button| button.media_id == media_id).map(|button| button.name.as_str()).collect()
    }

    /// One line for each button.
    pub fn shown(&self) -> Vec<String> {
        self.lines()
    }

    /// How this menu would change that one, line by line; empty if it would not.
    pub fn changes(&self, before: &Menu) -> Vec<String> {
        if *self == *before {
            return Vec::new();
        }
        diff::diff(&before.lines(), &self.lines())
    }
}

/// What the platform has; `None` if there is no menu made through its API.
///
/// # Errors
/// [`Error::NotAble`], or what the platform says.
pub async fn pull(keeper: &Arc<Keeper>) -> Result<Option<Menu>> {
    Ok(found(keeper).await?.map(|found| Menu::of(&found)))
}

/// Makes the platform have this menu. Broken off in between, it is made whole by pushing once more.
///
/// # Errors
/// [`Error::Invalid`] before anything is sent; [`Error::NotAble`], or what the platform says.
pub async fn push(keeper: &Arc<Keeper>, menu: &Menu) -> Result<Pushed> {
    let mistakes = menu.mistakes();
    if !mistakes.is_empty() {
        return Err(Error::Invalid(mistakes));
    }
    let found = found(keeper).await?.unwrap_or_default();
    let before = Menu::of(&found);
    if *menu == before {
        return Ok(Pushed::Same);
    }
    if menu.buttons != before.buttons {
        let buttons: Vec<_> = menu.buttons.iter().map(Button::to_platform).collect();
        call(keeper, |client, token| {
            let buttons = buttons.clone();
            async move { client.create_menu(&token, &buttons).await }
        })
        .await?;
    }
    if menu.conditional != before.conditional {
        replace_conditional(keeper, &found, menu).await?;
    }
    Ok(Pushed::Changed)
}

/// Takes all menus away, the conditional ones, too.
///
/// # Errors
/// [`Error::NotAble`], or what the platform says.
pub async fn delete(keeper: &Arc<Keeper>) -> Result<()> {
    call(keeper, |client, token| async move { client.delete_menu(&token).await }).await
}

/// The names on the menu that followers see, also of one made in the platform's console, and whether it is shown.
///
/// # Errors
/// What the platform says.
pub async fn seen(keeper: &Arc<Keeper>) -> Result<wechat::OwnMenu> {
    call(keeper, |client, token| async move { client.own_menu(&token).await }).await
}

/// The menu that this follower sees, after all conditions.
///
/// # Errors
/// [`Error::NotAble`], or what the platform says: 40003 if there is no such follower.
pub async fn seen_by(keeper: &Arc<Keeper>, open_id: &str) -> Result<Menu> {
    let buttons = call(keeper, |client, token| {
        let open_id = open_id.to_owned();
        async move { client.try_menu(&token, &open_id).await }
    })
    .await?;
    Ok(Menu::of(&PlatformMenu { buttons, conditional: Vec::new() }))
}

/// The platform's newest fitting menu counts, ours the first: so they are made from the last to the first.
async fn replace_conditional(keeper: &Arc<Keeper>, found: &PlatformMenu, menu: &Menu) -> Result<()> {
    for (id, _, _) in &found.conditional {
        call(keeper, |client, token| {
            let id = id.clone();
            async move { client.delete_conditional_menu(&token, &id).await }
        })
        .await?;
    }
    for conditional in menu.conditional.iter().rev() {
        let (rule, buttons) = (conditional.rule(), conditional.buttons.iter().map(Button::to_platform));
        let buttons: Vec<_> = buttons.collect();
        call(keeper, |client, token| {
            let (rule, buttons) = (rule.clone(), buttons.clone());
            async move { client.add_conditional_menu(&token, &rule, &buttons).await }
        })
        .await?;
    }
    Ok(())
}

async fn found(keeper: &Arc<Keeper>) -> Result<Option<PlatformMenu>> {
    call(keeper, |client, token| async move { client.menu(&token).await }).await
}

async fn call<T, F>(keeper: &Arc<Keeper>, call: impl Fn(Client, Secret) -> F) -> Result<T>
where
    F: Future<Output = Result<T, wechat::Error>>,
{
    let client = keeper.client();
    keeper.with(|token| call(client.clone(), token)).await.map_err(|error| match error {
        CallError::Call(refused) if refused.is_not_authorised() => Error::NotAble(keeper.account().to_owned()),
        error => Error::Call(error),
    })
}
