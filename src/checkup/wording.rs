//! What the checks are called and what to do when they find something, in Chinese and English.

use super::{Check, Finding, State};

impl Check {
    /// Its name in Chinese.
    pub fn zh(self) -> &'static str {
        self.words().0
    }

    /// Its name in English.
    pub fn en(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Check::Program => ("程序", "program"),
            Check::Clock => ("时钟", "clock"),
            Check::TimeZone => ("时区", "time zone"),
            Check::Permissions => ("权限", "permissions"),
            Check::Disk => ("磁盘", "disk"),
            Check::Memory => ("内存", "memory"),
            Check::OpenFiles => ("可打开文件数", "open files"),
            Check::Store => ("数据库", "database"),
            Check::Files => ("图书文件", "files of books"),
            Check::Index => ("索引", "index"),
            Check::Backup => ("备份", "backup"),
            Check::PublicUrl => ("公网地址", "public address"),
            Check::Names => ("域名解析", "names"),
            Check::Certificate => ("证书", "certificate"),
            Check::Public => ("从公网访问", "reached from outside"),
            Check::Callback => ("回调", "callback"),
            Check::Platform => ("微信平台", "platform"),
            Check::Mail => ("邮件", "mail"),
        }
    }

    fn fixes(self) -> (&'static str, &'static str) {
        match self {
            // Facts, which are never bad.
            Check::Program | Check::TimeZone => ("", ""),
            Check::Clock => (
                "请校准系统时间（timedatectl set-ntp true）：偏差超过 5 分钟，平台的消息会被拒绝",
                "set the system's clock (timedatectl set-ntp true): beyond 5 minutes the platform's messages are refused",
            ),
            Check::Permissions => (
                "运行 shutong check --repair，让数据只有您自己能读",
                "run `shutong check --repair`, so that only you can read the data",
            ),
            Check::Disk => (
                "请腾出空间：旧备份、日志、before-restore-* 文件夹",
                "make room: old backups, logs, before-restore-* folders",
            ),
            Check::Memory => ("请增加内存或关闭其他程序", "add memory, or end other programs"),
            Check::OpenFiles => (
                "请提高上限：服务单元里 LimitNOFILE=65536，或 ulimit -n 65536",
                "raise the limit: LimitNOFILE=65536 in the unit, or ulimit -n 65536",
            ),
            Check::Store => ("请从备份恢复：shutong restore", "restore a backup: shutong restore FILE"),
            Check::Files => ("请重新添加这些书，或从备份恢复", "add these books again, or restore a backup"),
            Check::Index => (
                "会自动跟上；若一直如此，运行 shutong check --repair",
                "it catches up by itself; if it does not, run `shutong check --repair`",
            ),
            Check::Backup => (
                "现在备份一次（shutong backup），并设置 backup.enabled = true",
                "make one now (shutong backup), and set backup.enabled = true",
            ),
            Check::PublicUrl => (
                "请把 public_url 设为读者能打开的 https 地址",
                "set public_url to the https address that followers reach",
            ),
            Check::Names => (
                "请检查域名的解析记录和本机的 DNS 设置",
                "look at the records of the domain, and at this machine's DNS",
            ),
            Check::Certificate => (
                "请续期证书（certbot renew，或让 Caddy 自动续期）",
                "renew the certificate (certbot renew, or let Caddy do it)",
            ),
            Check::Public => (
                "请检查反向代理和防火墙：公网地址应转到 listen.public；从本机访问自己的公网地址，有的网络不允许",
                "look at the proxy and the firewall: the public address has to lead to listen.public; some networks do \
                 not let a machine reach its own public address",
            ),
            Check::Callback => (
                "请检查反向代理是否原样转发 /wechat/…（含查询参数）",
                "see that the proxy passes /wechat/… on as it is, with the query",
            ),
            Check::Platform => (
                "请检查到平台的网络（防火墙、api_proxy）；接口白名单见 Token 页",
                "look at the network to the platform (firewall, api_proxy); for its whitelist see the page of tokens",
            ),
            Check::Mail => (
                "请检查 [mail] 的 host、port、tls、username 和 password",
                "look at host, port, tls, username and password in [mail]",
            ),
        }
    }
}

impl Finding {
    /// What to do, in Chinese; nothing if all is good.
    pub fn fix_zh(&self) -> Option<&'static str> {
        (self.state != State::Good).then(|| self.check.fixes().0)
    }

    /// What to do, in English; nothing if all is good.
    pub fn fix_en(&self) -> Option<&'static str> {
        (self.state != State::Good).then(|| self.check.fixes().1)
    }
}
