//! Commands about subscriptions: 订阅, 退订.

use super::{Command, after, is_apart};

/// Commands that stand alone.
pub(super) fn word(core: &str) -> Option<Command> {
    Some(match core {
        "订阅" | "訂閱" | "我的订阅" | "我的訂閱" | "订阅列表" | "subscribe" | "subscriptions" | "my subscriptions" => {
            Command::Subscriptions
        }
        "订阅周报" | "訂閱週報" | "weekly digest" => Command::Subscribe("周报".to_owned()),
        "退订周报" | "退訂週報" => Command::Unsubscribe("周报".to_owned()),
        "退订" | "退訂" | "取消订阅" | "取消訂閱" | "unsubscribe" => Command::Unsubscribe(String::new()),
        "全部退订" | "全部退訂" | "退订全部" | "退訂全部" => Command::Unsubscribe("全部".to_owned()),
        _ => return None,
    })
}

/// Commands with something behind them. A title may begin with such a word, so it has to stand apart.
pub(super) fn with_words(text: &str) -> Option<Command> {
    for verb in ["订阅", "訂閱", "subscribe"] {
        if let Some(rest) = after(text, verb).filter(|_| is_apart(text, verb)) {
            return Some(Command::Subscribe(rest.trim_matches(['《', '》']).to_owned()));
        }
    }
    for verb in ["取消订阅", "取消訂閱", "退订", "退訂", "unsubscribe"] {
        let is_number = |rest: &String| rest.parse::<usize>().is_ok();
        if let Some(rest) = after(text, verb).filter(|rest| is_apart(text, verb) || is_number(rest)) {
            return Some(Command::Unsubscribe(rest));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::reply::command::Command;
    use crate::reply::command::tests::check;

    #[test]
    fn subscriptions_are_made_listed_and_ended() {
        check("订阅 刘慈欣", Command::Subscribe("刘慈欣".into()));
        check("訂閱：科幻", Command::Subscribe("科幻".into()));
        check("订阅《三体》", Command::Subscribe("三体".into()));
        check("Subscribe Jane Austen", Command::Subscribe("Jane Austen".into()));
        check("订阅", Command::Subscriptions);
        check("订阅周报", Command::Subscribe("周报".into()));
        check("subscribe weekly", Command::Subscribe("weekly".into()));
        check("我的订阅", Command::Subscriptions);
        check("退订 1", Command::Unsubscribe("1".into()));
        check("退订1", Command::Unsubscribe("1".into()));
        check("退订 全部", Command::Unsubscribe("全部".into()));
        check("unsubscribe all", Command::Unsubscribe("all".into()));
        check("退订", Command::Unsubscribe(String::new()));
    }

    #[test]
    fn titles_stay_titles() {
        for text in ["订阅经济", "退订者", "subscribed", "《订阅》"] {
            check(text, Command::Search(text.into()));
        }
    }
}
