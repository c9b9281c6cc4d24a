//! The demo account: fresh random secrets, kept in the data directory, and a message signed with them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::app::{self, App};
use crate::config::{self, AccountConfig, TokenEndpoint};
use crate::secret::Secret;
use crate::wechat::{self, Mode, Saying};

/// The name of the demo account.
pub(super) const NAME: &str = "demo";

/// What is kept of it. A second start has the same secrets, so that what was copied from the first still works.
#[derive(Serialize, Deserialize)]
struct Kept {
    app_id: String,
    token: String,
    encoding_aes_key: String,
}

/// The demo account of this data directory.
pub(super) fn account(data: &Path) -> Result<AccountConfig> {
    let kept = kept(&data.join("demo.json"))?;
    Ok(AccountConfig {
        name: NAME.into(),
        app_id: kept.app_id,
        app_secret: Secret::default(),
        token: Secret::new(kept.token),
        encoding_aes_key: Some(Secret::new(kept.encoding_aes_key)),
        previous_encoding_aes_key: None,
        mode: Some(Mode::Compatible),
        verified: false,
        api_base: config::platform(),
        token_endpoint: TokenEndpoint::Stable,
        api_fallbacks: None,
        api_proxy: String::new(),
        js_domains: Vec::new(),
    })
}

/// A command line that sends a signed message to the demo account. It is a plain one, which an account in
/// compatible mode takes too, so that the answer can be read.
pub(super) fn curl(app: &App, public: &SocketAddr) -> Result<String> {
    let account = app.config.accounts.iter().find(|account| account.name == NAME).context("no demo account")?;
    let plain = AccountConfig { mode: Some(Mode::Plain), ..account.clone() }.judged(0)?;
    let now = app.clock.now().timestamp();
    let fields = BTreeMap::from([("Content".to_owned(), "红楼梦".to_owned())]);
    let saying = Saying { kind: &wechat::TEXT, fields: &fields, msg_id: u64::from_be_bytes(app::random()?) >> 1 };
    let push = wechat::push(&plain, "sim-curl", &saying, (now, now), Mode::Plain, app::random()?);
    let url = format!("http://{public}/wechat/{NAME}?{}", push.query);
    Ok(format!("curl -s '{url}' -H 'Content-Type: text/xml' -d '{}'", push.body))
}

fn kept(path: &Path) -> Result<Kept> {
    if let Ok(text) = fs::read_to_string(path) {
        return serde_json::from_str(&text).with_context(|| format!("{} is damaged; remove it", path.display()));
    }
    let kept = Kept {
        app_id: format!("wx{}", crate::store::hex(&app::random::<8>()?)),
        token: app::letters(32)?,
        encoding_aes_key: app::letters(43)?,
    };
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(&serde_json::to_vec_pretty(&kept)?)?;
    Ok(kept)
}
