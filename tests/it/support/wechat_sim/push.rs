//! The messages and events that followers cause, as the platform writes them.

use super::WechatSim;

/// One message or event. It stays the same through all attempts to deliver it.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// ToUserName.
    pub account: String,
    /// FromUserName.
    pub open_id: String,
    pub created_at: i64,
    pub msg_type: String,
    /// Messages have one, events do not.
    pub msg_id: Option<u64>,
    pub fields: Vec<(String, Field)>,
}

/// The content of an element.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// In CDATA.
    Text(String),
    /// A number, without CDATA.
    Bare(String),
    /// Elements.
    Inside(Vec<(String, Field)>),
}

impl WechatSim {
    /// A text message.
    pub fn text(&self, open_id: &str, text: &str) -> Push {
        self.message(open_id, "text").with("Content", Field::Text(text.into()))
    }

    /// A picture.
    pub fn picture(&self, open_id: &str, media_id: &str) -> Push {
        let url = format!("http://mmbiz.qpic.cn/{media_id}/0");
        self.message(open_id, "image").with_texts(&[("PicUrl", &url), ("MediaId", media_id)])
    }

    /// Speech, with what was understood of it.
    pub fn voice(&self, open_id: &str, media_id: &str, recognition: &str) -> Push {
        let fields = [("MediaId", media_id), ("Format", "amr"), ("Recognition", recognition)];
        self.message(open_id, "voice").with_texts(&fields)
    }

    /// A message without content; add it by [`Push::with`].
    pub fn message(&self, open_id: &str, msg_type: &str) -> Push {
        Push { msg_id: Some(24_000_000_000_000_000 + self.next()), ..self.bare(open_id, msg_type) }
    }

    /// An event.
    pub fn happening(&self, open_id: &str, event: &str, fields: &[(&str, &str)]) -> Push {
        self.bare(open_id, "event").with_texts(&[("Event", event)]).with_texts(fields)
    }

    fn bare(&self, open_id: &str, msg_type: &str) -> Push {
        Push {
            account: self.account.original_id.clone(),
            open_id: open_id.into(),
            created_at: self.now(),
            msg_type: msg_type.into(),
            msg_id: None,
            fields: Vec::new(),
        }
    }
}

impl Push {
    /// With one more element.
    pub fn with(mut self, name: &str, field: Field) -> Push {
        self.fields.push((name.into(), field));
        self
    }

    /// With more elements of text.
    pub fn with_texts(mut self, fields: &[(&str, &str)]) -> Push {
        self.fields.extend(fields.iter().map(|(name, text)| (name.to_string(), Field::Text(text.to_string()))));
        self
    }

    /// The XML, as in plain mode.
    pub fn xml(&self) -> String {
        let mut xml = String::from("<xml>");
        write(&mut xml, "ToUserName", &Field::Text(self.account.clone()));
        write(&mut xml, "FromUserName", &Field::Text(self.open_id.clone()));
        write(&mut xml, "CreateTime", &Field::Bare(self.created_at.to_string()));
        write(&mut xml, "MsgType", &Field::Text(self.msg_type.clone()));
        for (name, field) in &self.fields {
            write(&mut xml, name, field);
        }
        if let Some(id) = self.msg_id {
            write(&mut xml, "MsgId", &Field::Bare(id.to_string()));
        }
        xml + "</xml>"
    }
}

fn write(xml: &mut String, name: &str, field: &Field) {
    xml.push_str(&format!("<{name}>"));
    match field {
        Field::Text(text) => {
            xml.push_str(&format!("<![CDATA[{}]]>", text.split("]]>").collect::<Vec<_>>().join("]]]]><![CDATA[>")));
        }
        Field::Bare(text) => xml.push_str(text),
        Field::Inside(fields) => fields.iter().for_each(|(name, field)| write(xml, name, field)),
    }
    xml.push_str(&format!("</{name}>\n"));
}
