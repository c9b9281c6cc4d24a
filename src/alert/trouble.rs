//! Every trouble there is, with what to do about it, in Chinese and English.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::store::records::MediaTrouble;

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
    /// A file of the media folder cannot be uploaded.
    MediaUnfit {
        /// The file's name.
        file: String,
        /// Why.
        trouble: MediaTrouble,
    },
    /// Keyword replies name files that are not there.
    KeywordFiles {
        /// The file of keyword replies.
        file: String,
        /// The names of those that are not there.
        missing: String,
    },
    /// A media folder that had files is empty, or cannot be read: perhaps its disk is missing.
    MediaFolderEmpty {
        /// The folder.
        folder: String,
        /// How many files it had.
        files: usize,
    },
    /// `verified = true`, but the platform lets the account send no customer-service messages.
    NoCustomerMessages {
        /// The account's name.
        account: String,
    },
    /// The file of keyword replies is wrong; the last good one is in use.
    KeywordsWrong {
        /// Where it is.
        file: String,
        /// What is wrong.
        error: String,
    },
    /// The key of followers' mail addresses was missing, and another was made: the addresses there are do not open.
    AddressKeyLost {
        /// The key's file in the data folder.
        file: String,
        /// How many addresses.
        addresses: usize,
    },
    /// A source of books failed again and again, and is not read any more.
    SourceStopped {
        /// Its name.
        source: String,
        /// What came back last.
        why: String,
    },
    /// The nightly backup could not be made, or did not arrive where it was sent.
    BackupFailed {
        /// Where backups are kept.
        folder: String,
        /// Why.
        error: String,
    },
    /// The disk is nearly full: nothing that needs room is taken any more.
    DiskFull {
        /// The data directory.
        folder: String,
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
            Trouble::MediaUnfit { file, .. } => ("media_unfit", file),
            Trouble::KeywordFiles { file, .. } => ("keyword_files", file),
            Trouble::KeywordsWrong { file, .. } => ("keywords_wrong", file),
            Trouble::MediaFolderEmpty { folder, .. } => ("media_folder_empty", folder),
            Trouble::NoCustomerMessages { account } => ("no_customer_messages", account),
            Trouble::AddressKeyLost { file, .. } => ("address_key_lost", file),
            Trouble::SourceStopped { source, .. } => ("source_stopped", source),
            Trouble::BackupFailed { .. } => return Trouble::BACKUP_FAILED.to_owned(),
            Trouble::DiskFull { .. } => return Trouble::DISK_FULL.to_owned(),
        };
        format!("{kind}/{account}")
    }

    /// The key of a backup that failed: the next one ends it, wherever it goes.
    pub const BACKUP_FAILED: &str = "backup_failed";

    /// The key of a full disk, which ends by itself when there is room.
    pub const DISK_FULL: &str = "disk_full";

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
            Trouble::MediaUnfit { file, trouble } => format!("the media file {file}: {}", media_en(trouble)),
            Trouble::KeywordFiles { file, missing } => format!(
                "{file} answers with files that are not in the media folder, or are of another kind: {missing}. Put them \
                 there or correct the names"
            ),
            Trouble::KeywordsWrong { file, error } => format!(
                "{file} is wrong ({error}). The keyword replies before the change stay in use; correct the file, it is \
                 read again by itself"
            ),
            Trouble::MediaFolderEmpty { folder, files } => format!(
                "the media folder {folder} had {files} files and has none now, or cannot be read. Perhaps its disk is not \
                 mounted: nothing is forgotten yet. Put the files back, or if they are to be gone: shutong media forget"
            ),
            Trouble::NoCustomerMessages { account } => format!(
                "account {account}: the platform lets it send no customer-service messages (48001), so followers get \
                 everything with their next answer. If it is not verified, write verified = false into its [[account]] and \
                 restart; if it is, ask for the right in the platform's console (设置与开发 → 接口权限)"
            ),
            Trouble::AddressKeyLost { file, addresses } => format!(
                "the file {file} was missing from the data folder, and a new one was made: {addresses} mail addresses of \
                 followers cannot be read. If you have the old file in a backup: stop shutong, copy it over the new one, \
                 start shutong, before anybody binds an address anew. If not, their followers must bind them again"
            ),
            Trouble::SourceStopped { source, why } => format!(
                "the source {source} failed again and again ({why}) and is not read any more. Look whether the site is \
                 still there and wants to be read: shutong crawl check {source}; then shutong crawl resume {source}"
            ),
            Trouble::BackupFailed { folder, error } => format!(
                "the nightly backup failed ({error}). Make room in {folder}, or correct the section [backup] of the \
                 configuration and restart; then: shutong backup"
            ),
            Trouble::DiskFull { folder } => format!(
                "the disk of {folder} is full: followers are answered, but no book is taken or converted. Make room (old \
                 backups, logs); everything goes on by itself then"
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
            Trouble::MediaUnfit { file, trouble } => format!("素材文件 {file}：{}", media_zh(trouble)),
            Trouble::KeywordFiles { file, missing } => {
                format!("{file} 里写的文件不在素材文件夹里，或者类型不对：{missing}。请放进去，或改正文件名")
            }
            Trouble::KeywordsWrong { file, error } => {
                format!("{file} 有错（{error}）。改动前的关键词回复继续使用；请改正文件，程序会自动重新读取")
            }
            Trouble::MediaFolderEmpty { folder, files } => format!(
                "素材文件夹 {folder} 原来有 {files} 个文件，现在一个也没有，或者读不出来。可能是磁盘没有挂载，程序还什么都没忘。\
                 请把文件放回去；确实不要了，就执行 shutong media forget"
            ),
            Trouble::NoCustomerMessages { account } => format!(
                "公众号 {account}：平台不让它发客服消息（48001），要说的话都等读者下次来信时一起说。没有认证的，请在它的 \
                 [[account]] 里写 verified = false 后重启；认证了的，请到公众平台后台“设置与开发 → 接口权限”查看"
            ),
            Trouble::AddressKeyLost { file, addresses } => format!(
                "数据文件夹里的 {file} 不见了，程序新建了一个，原有 {addresses} 个读者邮箱地址读不出来。备份里有旧文件的，请在有人\
                 重新绑定之前：停下 shutong，用旧文件盖掉新文件，再启动。没有旧文件的，只能请读者重新绑定"
            ),
            Trouble::SourceStopped { source, why } => format!(
                "书源 {source} 连续失败（{why}），已停止读取。请看看网站是否还在、是否允许读取：\
                 shutong crawl check {source}，然后 shutong crawl resume {source}"
            ),
            Trouble::BackupFailed { folder, error } => format!(
                "夜间备份失败（{error}）。请在 {folder} 腾出空间，或改正配置中的 [backup] 后重启；然后执行 shutong backup"
            ),
            Trouble::DiskFull { folder } => format!(
                "{folder} 所在的磁盘满了：读者照常得到回答，但不再收书、不再转换。请腾出空间（旧备份、日志），之后一切自动恢复"
            ),
        }
    }
}

fn media_en(trouble: &MediaTrouble) -> String {
    match trouble {
        MediaTrouble::TooLarge { bytes, limit } => format!(
            "it has {} and the platform takes {}. Put a smaller or shorter one in its place",
            size(*bytes),
            size(*limit)
        ),
        MediaTrouble::UnknownKind => {
            "it is nothing that the platform takes. Pictures must be JPEG, PNG, GIF, WebP, BMP or TIFF, speech MP3 or AMR, \
             films MP4"
                .to_owned()
        }
        MediaTrouble::Unreadable(why) => format!("{why}. Save it anew as JPEG or PNG"),
        MediaTrouble::Refused(error) => format!(
            "the platform refuses it ({error}). Put another file in its place; speech has 60 seconds at most. It is tried \
             again every day"
        ),
        MediaTrouble::NotNow(error) => format!("it did not get through ({error}) and is tried again by itself"),
    }
}

fn media_zh(trouble: &MediaTrouble) -> String {
    match trouble {
        MediaTrouble::TooLarge { bytes, limit } => {
            format!("有 {}，平台最多收 {}。请换成更小或更短的", size(*bytes), size(*limit))
        }
        MediaTrouble::UnknownKind => {
            "不是平台能收的文件。图片要 JPEG、PNG、GIF、WebP、BMP 或 TIFF，语音要 MP3 或 AMR，视频要 MP4".to_owned()
        }
        MediaTrouble::Unreadable(why) => format!("图片读不出来（{why}）。请另存为 JPEG 或 PNG"),
        MediaTrouble::Refused(error) => {
            format!("平台拒收（{error}）。请换一个文件；语音最长 60 秒。程序每天会再试一次")
        }
        MediaTrouble::NotNow(error) => format!("没有传上去（{error}），程序会自动重试"),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MB", bytes as f64 / 1_048_576.0),
    }
}
