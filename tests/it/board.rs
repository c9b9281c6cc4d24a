//! The board for Grafana, `assets/grafana.json`: each metric that it asks for is one that a running program exports.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use regex::Regex;
use serde_json::Value;

use crate::support::binary::{Home, finish};

const BOARD: &str = include_str!("../../assets/grafana.json");

/// Every query of the board: its panels', its variables' and its annotations'.
fn queries(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if key == "expr" || (key == "query" && text.contains('(')) => {
                        found.push(text.clone());
                    }
                    _ => queries(value, found),
                }
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| queries(entry, found)),
        _ => {}
    }
}

/// The metrics that a text in Prometheus's format declares, with the series that a histogram has.
fn declared(metrics: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        match line.split_once(' ') {
            Some((name, "histogram")) => {
                names.extend(["_bucket", "_sum", "_count"].map(|part| format!("{name}{part}")));
            }
            Some((name, _)) => {
                names.insert(name.to_owned());
            }
            None => panic!("no type: {line}"),
        }
    }
    names
}

#[test]
fn every_metric_of_the_board_is_exported() {
    let home = Home::new();
    let service = home.serve(&["--demo"]);
    let mut curl = Command::new("curl");
    curl.args(["-sf", &format!("{}/metrics", service.admin)]).stdin(Stdio::null()).stdout(Stdio::piped());
    let metrics = finish(curl.stderr(Stdio::piped()).spawn().unwrap(), Duration::from_secs(60));
    assert_eq!(metrics.code, Some(0), "{metrics:?}");
    let declared = declared(&metrics.out);
    service.stop();

    let mut asked = Vec::new();
    queries(&serde_json::from_str(BOARD).unwrap(), &mut asked);
    assert!(asked.len() > 20, "only {} queries were read", asked.len());
    let name = Regex::new(r"\b(?:shutong|process)_[a-z0-9_]+").unwrap();
    for query in &asked {
        let names: Vec<&str> = name.find_iter(query).map(|found| found.as_str()).collect();
        assert!(!names.is_empty(), "{query} asks for nothing of ours");
        for name in names {
            assert!(declared.contains(name), "{name} in {query} is not exported: {declared:?}");
        }
    }
}
