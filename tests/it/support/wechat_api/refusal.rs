//! Why the platform says no: a number and the words that go with it.

use std::net::IpAddr;

/// An error answer. It comes with HTTP 200 like any other.
#[derive(Debug)]
pub struct Refusal {
    pub code: i64,
    words: String,
}

impl Refusal {
    /// The caller's address is not on the account's whitelist. The only refusal that tells the caller who it is.
    pub fn not_whitelisted(ip: IpAddr) -> Refusal {
        Refusal { code: 40164, words: format!("invalid ip {ip} ipv6 ::ffff:{ip}, not in whitelist") }
    }

    /// The answer's body. `serial` tells one request's `rid` from another's.
    pub fn body(&self, now: i64, serial: u64) -> String {
        let mixed = serial.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let rid = format!("{:08x}-{:08x}-{:08x}", now / 1000, mixed >> 32, mixed & 0xffff_ffff);
        serde_json::json!({ "errcode": self.code, "errmsg": format!("{} rid: {rid}", self.words) }).to_string()
    }
}

impl From<i64> for Refusal {
    fn from(code: i64) -> Refusal {
        let words = match code {
            -1 => "system error",
            40001 => {
                "invalid credential, access_token is invalid or not latest, could get access_token by \
                 getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
            }
            40002 => "invalid grant_type",
            40003 => "invalid openid",
            40004 => "invalid media type",
            40005 => "invalid file type",
            40007 => "invalid media_id",
            40009 => "invalid image size",
            40010 => "invalid voice size",
            40011 => "invalid video size",
            40012 => "invalid thumb size",
            40008 => "invalid message type",
            40016 => "invalid button size",
            40017 => "invalid button type",
            40018 => "invalid button name size",
            40019 => "invalid button key size",
            40020 => "invalid button url size",
            40022 => "invalid sub button level",
            40023 => "invalid sub button size",
            40024 => "invalid sub button type",
            40025 => "invalid sub button name size",
            40026 => "invalid sub button key size",
            40027 => "invalid sub button url size",
            40033 => "invalid charset. please check your request, if include \\uxxxx will create fail!",
            40035 => "invalid parameter",
            40013 => "invalid appid",
            40014 => "invalid access_token",
            40066 => "invalid url",
            40097 => "invalid args",
            40125 => "invalid appsecret",
            40243 => "AppSecret已被冻结，请登录MP解冻后再次调用",
            41001 => "access_token missing",
            41002 => "appid missing",
            41004 => "appsecret missing",
            41005 => "media data missing",
            41006 => "missing media_id",
            41009 => "missing openid",
            42001 => "access_token expired",
            43001 => "require GET method",
            43002 => "require POST method",
            44001 => "empty media data",
            44004 => "empty text message",
            45002 => "content size out of limit",
            45008 => "article size out of limit",
            45015 => "response out of time limit or subscription is canceled",
            45047 => "out of response count limit",
            45072 => "command typing error",
            45080 => "client msg within 30 seconds",
            45081 => "already in typing status",
            46003 => "menu no exist",
            48001 => "api unauthorized",
            48002 => "user block receive message",
            65301 => "not exist this menuid user",
            65303 => "there is no selfmenu, please create selfmenu first",
            65304 => "match rule empty",
            65320 => "matchrule is no longer supported",
            45009 => "reach max api daily quota limit",
            45011 => "api minute-quota reach limit  mustslower  retry next minute",
            47001 => "data format error",
            48006 => "forbid to clear quota because of reaching the limit",
            89503 => "此次调用需要管理员确认，请耐心等候",
            44003 => "empty news data",
            45003 => "title size out of limit",
            45004 => "description size out of limit",
            45005 => "url size out of limit",
            45166 => "invalid content",
            53503 => "the draft failed the check",
            53504 => "publish the draft in the console",
            53505 => "save the draft by hand first",
            other => panic!("no words for {other}"),
        };
        Refusal { code, words: words.to_owned() }
    }
}
