//! The style sheet and the scripts of the page, compiled in.
//!
//! Their address holds a stamp made from their content, so that a browser may keep them for ever and still never
//! mixes two versions. Nothing is fetched from elsewhere, and nothing is built.

use sha2::{Digest, Sha256};
use warp::http::StatusCode;
use warp::http::header::{self, HeaderValue};
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::visit::Visit;
use crate::store::hex;

struct Asset {
    name: &'static str,
    mime: &'static str,
    text: &'static str,
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const ASSETS: &[Asset] = &[
    Asset { name: "style.css", mime: CSS, text: include_str!("../../../assets/admin/style.css") },
    Asset { name: "page.js", mime: JS, text: include_str!("../../../assets/admin/page.js") },
    Asset { name: "core.js", mime: JS, text: include_str!("../../../assets/admin/core.js") },
    Asset { name: "drop.js", mime: JS, text: include_str!("../../../assets/admin/drop.js") },
    Asset { name: "keyword.js", mime: JS, text: include_str!("../../../assets/admin/keyword.js") },
    Asset { name: "menu.js", mime: JS, text: include_str!("../../../assets/admin/menu.js") },
    Asset { name: "menu_model.js", mime: JS, text: include_str!("../../../assets/admin/menu_model.js") },
    Asset { name: "media.js", mime: JS, text: include_str!("../../../assets/admin/media.js") },
    Asset { name: "backup.js", mime: JS, text: include_str!("../../../assets/admin/backup.js") },
    Asset { name: "dashboard.js", mime: JS, text: include_str!("../../../assets/admin/dashboard.js") },
    Asset { name: "articles.js", mime: JS, text: include_str!("../../../assets/admin/articles.js") },
    Asset { name: "book.js", mime: JS, text: include_str!("../../../assets/admin/book.js") },
    Asset { name: "books.js", mime: JS, text: include_str!("../../../assets/admin/books.js") },
    Asset { name: "jobs.js", mime: JS, text: include_str!("../../../assets/admin/jobs.js") },
    Asset { name: "phone.js", mime: JS, text: include_str!("../../../assets/admin/phone.js") },
    Asset { name: "simulator.js", mime: JS, text: include_str!("../../../assets/admin/simulator.js") },
    Asset { name: "sources.js", mime: JS, text: include_str!("../../../assets/admin/sources.js") },
    Asset { name: "wordings.js", mime: JS, text: include_str!("../../../assets/admin/wordings.js") },
    Asset { name: "token.js", mime: JS, text: include_str!("../../../assets/admin/token.js") },
    Asset { name: "welcome.js", mime: JS, text: include_str!("../../../assets/admin/welcome.js") },
    Asset { name: "setup.js", mime: JS, text: include_str!("../../../assets/admin/setup.js") },
    Asset { name: "icon.svg", mime: SVG, text: include_str!("../../../assets/admin/icon.svg") },
];

/// The assets and their stamp.
pub(super) struct Assets {
    prefix: String,
}

impl Assets {
    pub(super) fn new() -> Assets {
        let mut hash = Sha256::new();
        for asset in ASSETS {
            hash.update(asset.text.as_bytes());
        }
        Assets { prefix: format!("/assets/{}", &hex(&hash.finalize())[..12]) }
    }

    /// Where they are: `/assets/` and the stamp.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }
}

/// `GET /assets/{stamp}/{file}`
pub(super) fn serve(visit: &Visit) -> Result<Response, Refusal> {
    let [stamp, name] = visit.parameters.as_slice() else { return Err(Refusal::NotFound) };
    // An old stamp is not answered with new content: a page that is still open would mix the two.
    let is_current = visit.admin.assets.prefix().strip_prefix("/assets/") == Some(stamp);
    let asset = ASSETS.iter().find(|asset| is_current && asset.name == name).ok_or(Refusal::NotFound)?;
    let mut response = answer::bytes(StatusCode::OK, asset.mime, asset.text.as_bytes().to_vec());
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    Ok(response)
}

/// `GET /favicon.ico`, which browsers ask for by themselves.
pub(super) fn icon(visit: &Visit) -> Result<Response, Refusal> {
    Ok(answer::see(&format!("{}/icon.svg", visit.admin.assets.prefix())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page works without a network: nothing in it names another host, but for XML namespaces.
    #[test]
    fn nothing_points_elsewhere() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/admin");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap().replace("http://www.w3.org/2000/svg", "");
            for scheme in ["http://", "https://"] {
                let is_clean = text.split(scheme).skip(1).all(|rest| rest.starts_with(['{', '\'', '"', '/', '|', ')']));
                assert!(is_clean, "{} names another host", path.display());
            }
            assert!(!text.contains(" style=\"") && !text.contains(" onclick="), "{}", path.display());
            seen += 1;
        }
        assert!(seen >= ASSETS.len(), "the folder is not the right one");
    }
}
