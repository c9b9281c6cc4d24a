//! Every trouble there is, with what to do about it, in Chinese and English.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Something that the owner, and only the owner, can put right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trouble {
    /// The token could not be renewed several times in a row.
    RenewalFailing {
        /// The account's name.
        account: String,
        /// How often in a row.
        failures: u32,
        /// What came back last.
        error: String,
        /// When the token that is there ends; none if there is none.
        ends_at: Option<DateTime<Utc>>,
    },
    /// The platform takes calls from other addresses only.
    NotWhitelisted {
        /// The account's name.
        account: String,
        /// The address that the platform sees.
        ip: String,
    },
    /// AppID or AppSecret are wrong.
    WrongSecret {
        /// The account's name.
        account: String,
        /// The platform's words.
        error: String,
    },
    /// The platform gives this account no token: frozen, banned, to be confirmed.
    Forbidden {
        /// The account's name.
        account: String,
        /// The platform's words.
        error: String,
    },
    /// Somebody else fetches tokens for the account, and so ends ours.
    SomebodyElse {
        /// The account's name.
        account: String,
    },
    /// A quota of the platform's is nearly used up.
    QuotaNearlyUsed {
        /// The account's name.
        account: String,
        /// Which.
        quota: String,
        /// Calls so far.
        used: u64,
        /// Calls allowed.
        of: u64,
    },
    /// A mail server takes nothing from us.
    MailRefused {
        /// Our address there.
        sender: String,
        /// What it says.
        error: String,
    },
}

impl Trouble {
    /// What it is about: the same trouble of the same account has the same key.
    pub fn key(&self) -> String {
        let (kind, account) = match self {
            Trouble::RenewalFailing { account, .. } => ("renewal_failing", account),
            Trouble::NotWhitelisted { account, .. } => ("not_whitelisted", account),
            Trouble::WrongSecret { account, .. } => ("wrong_secret", account),
            Trouble::Forbidden { account, .. } => ("forbidden", account),
            Trouble::SomebodyElse { account } => ("somebody_else", account),
            Trouble::QuotaNearlyUsed { account, .. } => ("quota_nearly_used", account),
            Trouble::MailRefused { sender, .. } => ("mail_refused", sender),
        };
        format!("{kind}/{account}")
    }

    /// The keys of everything that a successful renewal ends.
    pub fn keys_of_renewal(account: &str) -> [String; 4] {
        ["renewal_failing", "not_whitelisted", "wrong_secret", "forbidden"].map(|kind| format!("{kind}/{account}"))
    }

    /// In English: what is wrong and what to do.
    pub fn en(&self) -> String {
        match self {
            Trouble::RenewalFailing { account, failures, error, ends_at } => {
                let left = match ends_at {
                    Some(at) => format!("the token there is ends at {}", at.format("%Y-%m-%d %H:%M UTC")),
                    None => "there is no token now".to_owned(),
                };
                format!(
                    "account {account}: the access_token could not be renewed {failures} times in a row ({error}); {left}. \
                     It is tried again by itself; a token can be set by hand meanwhile: shutong token set"
                )
            }
            Trouble::NotWhitelisted { account, ip } => format!(
                "account {account}: the platform refuses this server's address. Add {ip} to the IP whitelist \
                 (设置与开发 → 基本配置 → IP白名单) in the platform's console, then: shutong token refresh"
            ),
            Trouble::WrongSecret { account, error } => format!(
                "account {account}: AppID or AppSecret are wrong ({error}). Correct app_id and app_secret in the \
                 configuration and restart"
            ),
            Trouble::Forbidden { account, error } => format!(
                "account {account}: the platform gives no access_token ({error}). Look into its console: the AppSecret \
                 may be frozen, the account restricted, or this address has to be confirmed by its administrator"
            ),
            Trouble::SomebodyElse { account } => format!(
                "account {account}: the platform refused an access_token that should still have lived. Another program \
                 fetches tokens with the same AppSecret and ends ours: let it ask this server instead, or use \
                 token_endpoint = \"stable\""
            ),
            Trouble::QuotaNearlyUsed { account, quota, used, of } => format!(
                "account {account}: {used} of {of} {quota} of today are used. Find out who asks so often: the history \
                 on the admin page and `shutong token show` tell"
            ),
            Trouble::MailRefused { sender, error } => format!(
                "mail from {sender} is not taken ({error}). Correct the section [mail] of the configuration and restart; \
                 what waits is sent then"
            ),
        }
    }

    /// The same in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Trouble::RenewalFailing { account, failures, error, ends_at } => {
                let left = match ends_at {
                    Some(at) => format!("现有 token 到 {} 失效", at.format("%Y-%m-%d %H:%M UTC")),
                    None => "现在没有可用的 token".to_owned(),
                };
                format!(
                    "公众号 {account}：access_token 连续 {failures} 次续期失败（{error}）；{left}。程序会自动重试，\
                     也可以手动设置：shutong token set"
                )
            }
            Trouble::NotWhitelisted { account, ip } => format!(
                "公众号 {account}：本服务器的地址不在白名单。请在公众平台后台“设置与开发 → 基本配置 → IP白名单”加入 \
                 {ip}，然后执行 shutong token refresh"
            ),
            Trouble::WrongSecret { account, error } => format!(
                "公众号 {account}：AppID 或 AppSecret 不正确（{error}）。请修改配置中的 app_id 和 app_secret 后重启"
            ),
            Trouble::Forbidden { account, error } => format!(
                "公众号 {account}：平台拒绝发放 access_token（{error}）。请到公众平台后台查看：AppSecret 可能被冻结，\
                 账号可能受限，或需要管理员确认本机 IP"
            ),
            Trouble::SomebodyElse { account } => format!(
                "公众号 {account}：平台拒绝了本应有效的 access_token。有别的程序在用同一个 AppSecret 获取 token，\
                 使这里的失效：请让它改从本服务获取，或使用 token_endpoint = \"stable\""
            ),
            Trouble::QuotaNearlyUsed { account, quota, used, of } => format!(
                "公众号 {account}：今天的额度 {quota} 已用 {used}/{of}。请查明是谁在频繁调用：管理页的历史记录和 \
                 shutong token show 可以看到"
            ),
            Trouble::MailRefused { sender, error } => format!(
                "发件地址 {sender} 被邮件服务器拒绝（{error}）。请修改配置中的 [mail] 后重启；排队的邮件届时会发出"
            ),
        }
    }
}
