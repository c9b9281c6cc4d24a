//! Commands about mail: 绑定, 推送 and what belongs to them.

use super::{Command, after, is_apart};

/// Commands that stand alone.
pub(super) fn word(core: &str) -> Option<Command> {
    Some(match core {
        "绑定" | "綁定" | "bind" | "推送帮助" | "推送幫助" | "push help" | "kindle" | "kindle推送" | "推送到kindle"
        | "send to kindle" => Command::PushHelp,
        "kindle图解" | "kindle 图解" | "kindle圖解" | "kindle 圖解" | "推送图解" | "推送圖解" | "kindle设置"
        | "kindle 设置" | "kindle picture" | "kindle setup" => Command::KindlePicture,
        "解绑" | "解綁" | "解除绑定" | "unbind" => Command::Unbind(String::new()),
        "邮箱" | "郵箱" | "我的邮箱" | "我的郵箱" | "mailbox" | "mailboxes" | "my mailboxes" => {
            Command::Mailboxes
        }
        "推送" | "push" => Command::Push(String::new()),
        "推送状态" | "推送狀態" | "推送记录" | "推送記錄" | "push status" => Command::PushStatus,
        _ => return None,
    })
}

/// Commands with something behind them, and an address alone, which nobody searches for.
pub(super) fn with_words(text: &str) -> Option<Command> {
    let is_address = |text: &str| text.contains(['@', '＠']);
    for verb in ["绑定", "綁定", "bind"] {
        if let Some(rest) = after(text, verb).filter(|rest| is_address(rest)) {
            return Some(Command::Bind(rest));
        }
    }
    for verb in ["同意绑定", "同意綁定", "同意", "agree"] {
        if let Some(rest) = after(text, verb).filter(|rest| is_address(rest)) {
            return Some(Command::Agree(rest));
        }
    }
    for verb in ["解除绑定", "解绑", "解綁", "unbind"] {
        let rest = after(text, verb).filter(|rest| is_address(rest) || rest.parse::<usize>().is_ok());
        if let Some(rest) = rest {
            return Some(Command::Unbind(rest));
        }
    }
    for verb in ["验证码", "驗證碼", "code"] {
        let rest = after(text, verb).filter(|rest| rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_digit()));
        if let Some(rest) = rest {
            return Some(Command::Code(rest));
        }
    }
    if let Some(rest) = after(text, "推送") {
        return Some(Command::Push(rest));
    }
    if let Some(rest) = after(text, "push").filter(|_| is_apart(text, "push")) {
        return Some(Command::Push(rest));
    }
    let is_alone = is_address(text) && !text.contains(char::is_whitespace) && text.contains(['.', '．', '。']);
    is_alone.then(|| Command::Bind(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use crate::reply::command::Command;
    use crate::reply::command::tests::check;

    #[test]
    fn addresses_are_bound_and_forgotten() {
        let address = || "me@kindle.com".to_owned();
        check("绑定 me@kindle.com", Command::Bind(address()));
        check("绑定：me@kindle.com", Command::Bind(address()));
        check("绑定me@kindle.com", Command::Bind(address()));
        check("Bind me@kindle.com", Command::Bind(address()));
        check("me@kindle.com", Command::Bind(address()));
        check("同意绑定 me@kindle.com", Command::Agree(address()));
        check("agree me@kindle.com", Command::Agree(address()));
        check("解绑 me@kindle.com", Command::Unbind(address()));
        check("解绑 2", Command::Unbind("2".into()));
        check("解绑", Command::Unbind(String::new()));
        check("绑定", Command::PushHelp);
        check("Kindle 图解", Command::KindlePicture);
        check("Kindle picture", Command::KindlePicture);
        check("验证码 012345", Command::Code("012345".into()));
        check("邮箱", Command::Mailboxes);
    }

    #[test]
    fn books_are_pushed() {
        check("推送", Command::Push(String::new()));
        check("推送 1", Command::Push("1".into()));
        check("推送三体", Command::Push("三体".into()));
        check("推送《三体》", Command::Push("《三体》".into()));
        check("push Walden", Command::Push("Walden".into()));
        check("推送状态", Command::PushStatus);
        check("推送 状态", Command::Push("状态".into()));
    }

    #[test]
    fn titles_stay_titles() {
        for text in ["捆绑", "绑定关系", "pushkin", "同意", "code", "code 1", "kindle cookbook"] {
            check(text, Command::Search(text.into()));
        }
    }
}
