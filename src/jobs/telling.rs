//! Telling followers what waits for them, where the account can write to them: late answers, news of deliveries, books
//! that were asked for. What cannot be told now goes out with the follower's next answer.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::app::App;
use crate::blocking::blocking;
use crate::chat::Said;
use crate::wechat::CustomMessage;

/// How often it is looked without being woken: books arrive, and a day of news begins.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Tells everybody who can be told now, once, and says how many were.
///
/// # Errors
/// When the store fails; what the platform says is no error.
pub async fn tell(app: &Arc<App>) -> Result<u64> {
    let (same, now) = (Arc::clone(app), app.clock.now());
    let followers = blocking(move || same.desk.to_be_told(now)).await??;
    let mut told = 0;
    for (account, open_id) in followers {
        if app.chat.bell().is_stopping() {
            break;
        }
        told += u64::from(tell_one(app, account, open_id).await?);
    }
    Ok(told)
}

async fn tell_one(app: &Arc<App>, account: String, open_id: String) -> Result<bool> {
    let _being_told = app.chat.begin_telling(&account, &open_id);
    let (same, who, now) = (Arc::clone(app), (account.clone(), open_id.clone()), app.clock.now());
    let Some(telling) = blocking(move || same.desk.telling(&who.0, &who.1, now)).await?? else { return Ok(false) };
    match app.chat.say(&account, &open_id, &telling.message, now).await? {
        Said::Sent => {
            let (same, account, open_id) = (Arc::clone(app), account.clone(), open_id.clone());
            blocking(move || same.desk.told(&account, &open_id, &telling, now)).await??;
            Ok(true)
        }
        Said::Closed => Ok(false),
        Said::UnknownMedia => {
            let (same, account, open_id) = (Arc::clone(app), account.clone(), open_id.clone());
            blocking(move || {
                if let CustomMessage::Image(media_id) | CustomMessage::Voice(media_id) = &telling.message {
                    same.media.unknown(&account, media_id)?;
                }
                same.desk.media_lost(&account, &open_id, &telling, now)
            })
            .await??;
            Ok(false)
        }
        Said::NotNow(why) => {
            log::warn!(account; "a follower waits for a message: {why}");
            Ok(false)
        }
    }
}

/// Tells followers whenever there may be something to tell, until its bell says to stop.
pub async fn tell_followers(app: Arc<App>) {
    while !app.chat.bell().is_stopping() {
        match tell(&app).await {
            // There may be more than fits into one message.
            Ok(told) if told > 0 => {
                log::info!(told; "followers told without being asked");
                continue;
            }
            Ok(_) => {}
            Err(error) => log::error!("telling followers: {error:#}"),
        }
        tokio::select! {
            () = app.chat.bell().rung() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
