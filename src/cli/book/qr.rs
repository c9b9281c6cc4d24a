//! `shutong book qr`: a code that opens a book's card.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use serde_json::json;

use crate::app::App;
use crate::cli::Console;
use crate::cli::token::{keeper_of, wait_for};
use crate::store::records::BookId;
use crate::token::{CallError, Keeper};
use crate::wechat::{QrCode, QrLife};

/// A book's own code.
pub(super) struct BookCode<'a> {
    keeper: &'a Arc<Keeper>,
    id: BookId,
    title: String,
    code: QrCode,
}

/// Has the platform make the code.
pub(super) fn of_book<'a>(app: &'a App, id: BookId, account: Option<&str>, days: Option<u32>) -> Result<BookCode<'a>> {
    let (id, book) = app.library.shown(id)?.with_context(|| format!("there is no book {id}"))?;
    let keeper = keeper_of(app, account)?;
    let life = days.map_or(QrLife::Permanent, |days| QrLife::Seconds(days * 86_400));
    let made = wait_for(keeper.with(|token| {
        let client = keeper.client().clone();
        async move { client.create_qr(&token, &format!("b{id}"), life).await }
    }));
    let code = made.map_err(|error| match error.downcast_ref::<CallError>() {
        Some(CallError::Call(refused)) if refused.is_not_authorised() => anyhow!(
            "the account {} cannot make codes: the platform lets verified service accounts only (48001)",
            keeper.account()
        ),
        _ => error,
    })?;
    Ok(BookCode { keeper, id, title: book.title, code })
}

impl BookCode<'_> {
    /// Writes the picture.
    pub(super) fn save(&self, app: &App, path: &Path) -> Result<()> {
        let pictures = app.config.qr_pictures(self.keeper.account());
        let picture = wait_for(self.keeper.client().qr_picture(&pictures, &self.code))
            .context("the picture cannot be fetched; the address of the code can be opened in a browser, too")?;
        fs::write(path, picture).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Says where it is.
    pub(super) fn tell(&self, app: &App, as_json: bool, console: &mut Console) {
        let BookCode { keeper, id, title, code: QrCode { ticket, url, expires_in } } = self;
        let parameter: String = url::form_urlencoded::byte_serialize(ticket.as_bytes()).collect();
        let picture = format!("{}?ticket={parameter}", app.config.qr_pictures(keeper.account()));
        if as_json {
            console.line(
                json!({ "book": id, "ticket": ticket, "url": url, "picture": picture, "expires_in": expires_in }),
            );
        } else {
            console.line(format_args!("《{title}》"));
            console.line(format_args!("picture  {picture}"));
            console.line(format_args!("content  {url}"));
        }
    }
}
