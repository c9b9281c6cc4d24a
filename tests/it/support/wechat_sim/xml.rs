//! A strict reader for the little XML that replies are made of: elements, text and CDATA. Attributes,
//! comments and declarations are errors: the platform's answer to them is not known.

/// An element.
#[derive(Debug)]
pub struct Node {
    pub name: String,
    pub text: String,
    pub children: Vec<Node>,
}

impl Node {
    /// Reads a whole document.
    pub fn parse(text: &str) -> Result<Node, String> {
        if let Some(c) = text.chars().find(|&c| (c < ' ' && !"\t\r\n".contains(c)) || "\u{fffe}\u{ffff}".contains(c)) {
            return Err(format!("{c:?} may not stand in XML"));
        }
        let mut rest = text.trim();
        let node = element(&mut rest)?;
        if rest.is_empty() { Ok(node) } else { Err(format!("after the end stands {rest:.40}")) }
    }

    /// The one child of that name.
    pub fn child(&self, name: &str) -> Result<&Node, String> {
        let mut found = self.children.iter().filter(|child| child.name == name);
        match (found.next(), found.next()) {
            (Some(child), None) => Ok(child),
            (None, _) => Err(format!("{name} is missing in {}", self.name)),
            (Some(_), Some(_)) => Err(format!("{name} is there twice in {}", self.name)),
        }
    }

    /// The text of the one child of that name.
    pub fn text_of(&self, name: &str) -> Result<String, String> {
        self.child(name).map(|child| child.text.clone())
    }

    /// The same, if there is one.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.text_of(name).ok()
    }
}

fn element(rest: &mut &str) -> Result<Node, String> {
    let name = tag(rest, "<")?;
    let mut node = Node { name, text: String::new(), children: Vec::new() };
    loop {
        if let Some(after) = rest.strip_prefix("<![CDATA[") {
            let end = after.find("]]>").ok_or("CDATA does not end")?;
            node.text.push_str(&after[..end]);
            *rest = &after[end + 3..];
        } else if rest.starts_with("</") {
            let name = tag(rest, "</")?;
            return if name == node.name { Ok(node) } else { Err(format!("</{name}> closes <{}>", node.name)) };
        } else if rest.starts_with('<') {
            node.children.push(element(rest)?);
        } else {
            let end = rest.find('<').ok_or_else(|| format!("<{}> does not end", node.name))?;
            node.text.push_str(&unescape(&rest[..end])?);
            *rest = &rest[end..];
        }
    }
}

fn tag(rest: &mut &str, open: &str) -> Result<String, String> {
    let after = rest.strip_prefix(open).ok_or_else(|| format!("no tag at {rest:.20}"))?;
    let end = after.find('>').ok_or("a tag does not end")?;
    let name = &after[..end];
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(format!("{name:.40} is not a plain tag"));
    }
    *rest = &after[end + 1..];
    Ok(name.to_owned())
}

fn unescape(text: &str) -> Result<String, String> {
    if text.contains("]]>") {
        return Err("]]> stands outside CDATA".into());
    }
    let mut plain = String::new();
    let mut parts = text.split('&');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (entity, after) = part.split_once(';').ok_or("& without ;")?;
        plain.push(match entity {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            other => return Err(format!("&{other}; is not known")),
        });
        plain.push_str(after);
    }
    Ok(plain)
}
