//! `GET /api/openapi.json`: the JSON interface described for programs, as OpenAPI 3.1.
//!
//! Methods, paths, bodies and who may ask come from the table of routes; what a route does, takes and gives stands in
//! `assets/admin/api.toml`, in the short notation below. A test holds the two together, and the tests in the browser
//! hold real answers to the document.
//!
//! A type is `string`, `integer`, `number`, `boolean`, `time` (RFC 3339), `any`, a schema by its name, `a|b` for one of
//! these words, `[T]` for a list, `{T}` for an object with any names, and `T?` if it may be null. What stands behind
//! `: ` describes it. A field whose name ends with `?` may be missing.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::answer::{self, Refusal};
use super::route::{ROUTES, Route, Takes};
use super::session;
use super::visit::Visit;

const TEXT: &str = include_str!("../../../assets/admin/api.toml");

/// What `api.toml` holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    /// By its name.
    schema: BTreeMap<String, Fields>,
    /// By method and path, as the table of routes has them.
    route: BTreeMap<String, About>,
}

/// Types by the names of the fields.
type Fields = BTreeMap<String, String>;

/// What a route does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    says: String,
    /// What stands in the places of `{…}`, where it is no text.
    #[serde(default)]
    path: Fields,
    #[serde(default)]
    query: Fields,
    /// What the body holds; of files nothing has to be said.
    #[serde(default)]
    takes: Fields,
    gives: Gives,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Gives {
    Type(String),
    Fields(Fields),
}

/// `GET /api/openapi.json`
pub(super) fn show(visit: &Visit) -> Result<Response, Refusal> {
    let document = document().map_err(|error| visit.failed(&error))?;
    Ok(answer::json(StatusCode::OK, &document))
}

fn document() -> anyhow::Result<Value> {
    let described: Described = toml::from_str(TEXT).context("the description of the JSON interface")?;
    let mut paths = Map::new();
    for route in described_routes() {
        let about = described.route.get(&key(route)).with_context(|| format!("{} is not described", key(route)))?;
        let method = route.method.as_str().to_lowercase();
        paths.entry(route.path).or_insert_with(|| json!({}))[method] = operation(route, about);
    }
    let schemas: Map<String, Value> =
        described.schema.iter().map(|(name, fields)| (name.clone(), object(fields))).collect();
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Shutong",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the admin page does, for programs. Log in with POST /login (a form with the field \
                            password); the cookie is the session. A change also carries the token of GET /api/session.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {
                "Refused": {
                    "description": "Why not, in the visitor's language.",
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Refused" } } },
                },
            },
            "securitySchemes": {
                "session": { "type": "apiKey", "in": "cookie", "name": session::COOKIE },
                "token": { "type": "apiKey", "in": "header", "name": "x-csrf-token" },
            },
        },
    }))
}

/// Those that are for programs.
fn described_routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.path.starts_with("/api/"))
}

fn key(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

fn operation(route: &Route, about: &About) -> Value {
    let is_change = route.method != Method::GET;
    let schema = match &about.gives {
        Gives::Type(text) => kind(text),
        Gives::Fields(fields) => object(fields),
    };
    let mut responses = json!({
        "200": { "description": "Done.", "content": { "application/json": { "schema": schema } } },
    });
    let names = || route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut refusals = vec!["401", "403", "500"];
    refusals.extend(names().next().map(|_| "404"));
    refusals.extend(if is_change { ["400", "413", "415", "422"].as_slice() } else { &["422"] });
    for status in refusals {
        responses[status] = json!({ "$ref": "#/components/responses/Refused" });
    }
    let in_path = names().map(|name| parameter("path", name, about.path.get(name).map_or("string", String::as_str)));
    let in_query = about.query.iter().map(|(name, text)| parameter("query", name, text));
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": about.says,
        "tags": [route.path.split('/').nth(2).unwrap_or_default()],
        "security": [if is_change { json!({ "session": [], "token": [] }) } else { json!({ "session": [] }) }],
        "parameters": in_path.chain(in_query).collect::<Vec<_>>(),
        "responses": responses,
    });
    if let Some(body) = body(route.takes, &about.takes) {
        operation["requestBody"] = body;
    }
    operation
}

/// `get_books_id` of `GET /api/books/{id}`.
fn operation_id(route: &Route) -> String {
    let words = route.path.split(['/', '{', '}', '.', '-']).filter(|word| !word.is_empty()).skip(1);
    words.fold(route.method.as_str().to_lowercase(), |id, word| id + "_" + word)
}

fn parameter(place: &str, name: &str, text: &str) -> Value {
    json!({ "name": name, "in": place, "required": place == "path", "schema": kind(text) })
}

fn body(takes: Takes, fields: &Fields) -> Option<Value> {
    let (mime, schema) = match takes {
        Takes::Nothing => return None,
        Takes::Json | Takes::Fields => ("application/json", object(fields)),
        Takes::Form | Takes::LongForm => ("application/x-www-form-urlencoded", object(fields)),
        Takes::Files => {
            let file = json!({ "type": "string", "contentMediaType": "application/octet-stream" });
            let files = json!({ "type": "array", "items": file });
            ("multipart/form-data", json!({ "type": "object", "properties": { "file": files }, "required": ["file"] }))
        }
    };
    Some(json!({ "required": true, "content": { mime: { "schema": schema } } }))
}

fn object(fields: &Fields) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, text)| (name.trim_end_matches('?').to_owned(), kind(text))).collect();
    let required: Vec<&str> = fields.keys().map(String::as_str).filter(|name| !name.ends_with('?')).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// A type in the notation of `api.toml`, as a JSON schema.
fn kind(text: &str) -> Value {
    let (text, says) = text.split_once(": ").map_or((text, None), |(text, says)| (text, Some(says)));
    let mut schema = bare(text);
    if let Some(says) = says {
        schema["description"] = json!(says);
    }
    schema
}

fn bare(text: &str) -> Value {
    if let Some(text) = text.strip_suffix('?') {
        return json!({ "anyOf": [bare(text), { "type": "null" }] });
    }
    let within = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    if let Some(item) = within('[', ']') {
        return json!({ "type": "array", "items": bare(item) });
    }
    if let Some(value) = within('{', '}') {
        return json!({ "type": "object", "additionalProperties": bare(value) });
    }
    match text {
        "any" => json!({}),
        "time" => json!({ "type": "string", "format": "date-time" }),
        "string" | "integer" | "number" | "boolean" => json!({ "type": text }),
        name if name.starts_with(char::is_uppercase) => json!({ "$ref": format!("#/components/schemas/{name}") }),
        words => json!({ "type": "string", "enum": words.split('|').collect::<Vec<_>>() }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_of_the_interface_is_described_and_no_other() {
        let described: Described = toml::from_str(TEXT).unwrap();
        let described: BTreeSet<String> = described.route.into_keys().collect();
        let there: BTreeSet<String> = described_routes().map(key).collect();
        let missing: Vec<_> = there.difference(&described).collect();
        let surplus: Vec<_> = described.difference(&there).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "not described: {missing:?}; not there: {surplus:?}");
    }

    #[test]
    fn every_schema_that_is_named_exists_and_every_one_is_named() {
        let text = document().unwrap().to_string();
        let named: BTreeSet<&str> = text
            .split("#/components/schemas/")
            .skip(1)
            .filter_map(|rest| rest.split_once('"'))
            .map(|(name, _)| name)
            .collect();
        let described: Described = toml::from_str(TEXT).unwrap();
        assert_eq!(named, described.schema.keys().map(String::as_str).collect());
    }

    #[test]
    fn what_a_route_takes_is_what_its_description_says() {
        let described: Described = toml::from_str(TEXT).unwrap();
        for route in described_routes() {
            let about = &described.route[&key(route)];
            let takes_fields = matches!(route.takes, Takes::Json | Takes::Fields | Takes::Form | Takes::LongForm);
            assert!(takes_fields || about.takes.is_empty(), "{}", key(route));
            assert!(route.takes != Takes::Json || !about.takes.is_empty(), "{} takes something", key(route));
            for name in about.path.keys() {
                assert!(route.path.contains(&format!("{{{name}}}")), "{} has no {name}", key(route));
            }
        }
    }

    #[test]
    fn the_notation_is_read() {
        for (text, schema) in [
            ("integer: how many", json!({ "type": "integer", "description": "how many" })),
            ("[Book]", json!({ "type": "array", "items": { "$ref": "#/components/schemas/Book" } })),
            ("{string}", json!({ "type": "object", "additionalProperties": { "type": "string" } })),
            ("queued|sent", json!({ "type": "string", "enum": ["queued", "sent"] })),
            ("time?", json!({ "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "null" }] })),
        ] {
            assert_eq!(kind(text), schema, "{text}");
        }
    }
}
