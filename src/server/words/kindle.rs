//! The words of the page about Kindles and of its picture.
//!
//! What Amazon calls things stands in English, too: that is what most of its pages say.

use crate::config::Language;

/// The words of one language.
pub(in crate::server) struct KindleWords {
    pub(in crate::server) title: &'static str,
    pub(in crate::server) lead: &'static str,
    /// What the picture shows, for who does not see it.
    pub(in crate::server) picture: &'static str,
    /// A heading and a sentence each; the third is followed by our addresses.
    pub(in crate::server) steps: [[&'static str; 2]; 4],
    pub(in crate::server) confirm: [&'static str; 2],
    pub(in crate::server) missing_title: &'static str,
    pub(in crate::server) missing: [&'static str; 4],
    pub(in crate::server) drawing: DrawingWords,
}

/// What stands in the picture: as on Amazon's page, from above.
pub(in crate::server) struct DrawingWords {
    pub(in crate::server) site: &'static str,
    pub(in crate::server) tabs: [&'static str; 3],
    pub(in crate::server) section: &'static str,
    pub(in crate::server) list: &'static str,
    pub(in crate::server) add: &'static str,
    pub(in crate::server) button: &'static str,
}

impl KindleWords {
    /// The words of a language.
    pub(in crate::server) fn of(language: Language) -> &'static KindleWords {
        match language {
            Language::Zh => &ZH,
            Language::En => &EN,
        }
    }
}

const ZH: KindleWords = KindleWords {
    title: "让 Kindle 收下我们寄的书",
    lead: "亚马逊只收您认可过的发件人寄来的书。只要设置一次。",
    picture: "亚马逊的个人文档设置页：在已认可的发件人电子邮箱列表里添加我们的发件地址。",
    steps: [
        [
            "打开「管理我的内容和设备」",
            "用浏览器登录亚马逊（Kindle 注册在哪个网站，就登录哪个），在账户里打开「管理我的内容和设备」（Manage Your Content and Devices）。",
        ],
        [
            "「首选项」→「个人文档设置」",
            "点「首选项」（Preferences），展开「个人文档设置」（Personal Document Settings）。您的 Kindle 的收件地址也在这里，以 @kindle.com 结尾。",
        ],
        [
            "添加我们的发件人",
            "在「已认可的发件人电子邮箱列表」（Approved Personal Document E-mail List）里点「添加」，一字不差地填入：",
        ],
        [
            "回公众号绑定",
            "在公众号里发送：绑定 您的地址@kindle.com。同意以后，Kindle 会出现一本叫「验证码」的书，把书名里的六位数字发回公众号，就绑好了。",
        ],
    ],
    confirm: [
        "亚马逊来信请您确认？",
        "亚马逊有时会先发一封信，到您注册亚马逊用的邮箱。请在 48 小时内点信里的「Verify Request」；过了时间这本书就不会送到，要再推送一次。",
    ],
    missing_title: "没收到？",
    missing: [
        "Kindle 要连上网络，同步一下。",
        "看看发件人有没有拼错，收件地址是不是这台 Kindle 的。",
        "@kindle.cn 的地址从 2024 年 6 月 30 日起收不到书了，请用亚马逊其他网站的 @kindle.com 地址。",
        "在公众号里发送：推送状态，可以看到书寄出了没有，没寄成是为什么。",
    ],
    drawing: DrawingWords {
        site: "亚马逊 · 管理我的内容和设备",
        tabs: ["内容", "设备", "首选项 Preferences"],
        section: "个人文档设置 Personal Document Settings",
        list: "已认可的发件人电子邮箱列表 Approved E-mail List",
        add: "添加新的已认可的电子邮箱 Add a new address",
        button: "添加 Add",
    },
};

const EN: KindleWords = KindleWords {
    title: "Let your Kindle take the books we send",
    lead: "Amazon takes books only from senders that you have approved. This has to be set once.",
    picture: "Amazon's page of Personal Document Settings: our address is added to the Approved Personal Document E-mail List.",
    steps: [
        [
            "Open “Manage Your Content and Devices”",
            "Log in to Amazon in a browser, at the site where your Kindle is registered, and open “Manage Your Content and Devices” in your account.",
        ],
        [
            "“Preferences” → “Personal Document Settings”",
            "Open “Preferences”, then “Personal Document Settings”. Your Kindle's own address is there, too; it ends in @kindle.com.",
        ],
        [
            "Add our sender",
            "Below “Approved Personal Document E-mail List” choose “Add a new approved e-mail address” and enter exactly:",
        ],
        [
            "Bind it in the chat",
            "Send to the Official Account: bind your-address@kindle.com. When you have agreed, a book called “验证码” appears on your Kindle. Send the six digits in its title back, and you are done.",
        ],
    ],
    confirm: [
        "Amazon asks you to confirm?",
        "Sometimes Amazon first writes to the mailbox that you registered with. Follow “Verify Request” in that mail within 48 hours; after that the book does not arrive and has to be pushed again.",
    ],
    missing_title: "Nothing arrives?",
    missing: [
        "The Kindle has to be online; let it synchronise.",
        "Check that the sender is spelt right, and that the address is this Kindle's.",
        "Addresses at @kindle.cn have received nothing since 2024-06-30; use the @kindle.com address of another Amazon site.",
        "Send to the account: push status. It tells whether the book was sent, and if not, why.",
    ],
    drawing: DrawingWords {
        site: "Amazon · Manage Your Content and Devices",
        tabs: ["Content", "Devices", "Preferences"],
        section: "Personal Document Settings",
        list: "Approved Personal Document E-mail List",
        add: "Add a new approved e-mail address",
        button: "Add",
    },
};
