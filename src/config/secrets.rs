//! Secrets in files of their own (`app_secret_file = "path"`), and the check that nobody else can read them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use toml::{Table, Value};

/// Every key that is a secret; each may be given as `…_file`.
const SECRETS: [&str; 9] = [
    "app_secret",
    "token",
    "encoding_aes_key",
    "previous_encoding_aes_key",
    "password",
    "upstream_key",
    "webhook",
    "passphrase",
    "secret_key",
];

/// The other key that gives the same secret, if `key` gives one: `token_file` for `token`, `token` for `token_file`.
pub(super) fn counterpart(key: &str) -> Option<String> {
    match key.strip_suffix("_file") {
        Some(secret) => SECRETS.contains(&secret).then(|| secret.to_owned()),
        None => SECRETS.contains(&key).then(|| format!("{key}_file")),
    }
}

/// Replaces each `…_file` key by what the file holds, and gives the files' paths.
pub(super) fn read_files(table: &mut Table, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut read = Vec::new();
    for secret in SECRETS {
        let key = format!("{secret}_file");
        let Some(path) = table.remove(&key) else { continue };
        let Value::String(path) = path else { bail!("{key} must be a path") };
        ensure!(!table.contains_key(secret), "{secret} and {key} are both set; keep one");
        let path = folder.join(path);
        refuse_readable_by_others(&path)?;
        let text = fs::read_to_string(&path).with_context(|| format!("{key}: cannot read {}", path.display()))?;
        table.insert(secret.to_owned(), Value::String(text.trim().to_owned()));
        read.push(path);
    }
    for (_, value) in table.iter_mut() {
        match value {
            Value::Table(inner) => read.extend(read_files(inner, folder)?),
            Value::Array(entries) => {
                for entry in entries {
                    if let Value::Table(inner) = entry {
                        read.extend(read_files(inner, folder)?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(read)
}

/// An error if the file's mode lets everybody read it.
pub(super) fn refuse_readable_by_others(path: &Path) -> Result<()> {
    let mode = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.permissions().mode();
    ensure!(
        mode & 0o004 == 0,
        "{path} holds secrets and everybody on this machine can read it; run: chmod 600 {path}",
        path = path.display()
    );
    Ok(())
}
