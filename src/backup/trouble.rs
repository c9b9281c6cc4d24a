//! What to do when a backup does not get where it is sent: said behind what the other side says, which seldom tells its
//! own reader.
//!
//! Only what can be acted upon is told apart. What nobody can foresee gets the one piece of advice that is always right:
//! the backup is here, and the next one is sent again.

use anyhow::Error;

use super::Remote;
use crate::http::Answered;

/// What to do.
pub(super) fn advice(remote: &Remote, error: &Error) -> &'static str {
    match (error.downcast_ref::<Answered>(), remote) {
        (Some(said), Remote::S3 { .. }) => of_bucket(said),
        (Some(said), _) => of_webdav(said.status.as_u16()),
        (None, Remote::Sftp { .. }) => of_sftp(&error.to_string()),
        (None, _) => {
            "look whether that server is on and its address in [backup] is right; the next backup is sent again"
        }
    }
}

fn of_webdav(status: u16) -> &'static str {
    match status {
        401 => "correct username and password in [backup.webdav]",
        403 => "let this user write into that folder, or name another one in [backup.webdav]",
        301..=308 => "put the address that it has now into [backup.webdav]",
        404 | 409 => "make that folder there, or correct url in [backup.webdav]",
        // What servers say of a full disk is 507, or whatever comes to their mind.
        _ => "look whether there is room left at that server, and whether url in [backup.webdav] is a WebDAV folder",
    }
}

fn of_bucket(said: &Answered) -> &'static str {
    match (said.code.as_str(), said.status.as_u16()) {
        ("NoSuchBucket", _) | (_, 404) => "make that bucket, or correct bucket and endpoint in [backup.s3]",
        ("InvalidAccessKeyId" | "NotSignedUp", _) => "correct access_key in [backup.s3]",
        ("SignatureDoesNotMatch", _) => "correct secret_key in [backup.s3]",
        ("RequestTimeTooSkewed", _) => "set the clock of this machine",
        ("AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError" | "PermanentRedirect", _)
        | (_, 301 | 307) => "correct region and endpoint in [backup.s3]",
        (_, 401 | 403) => "correct access_key and secret_key in [backup.s3], and let that key write into the bucket",
        _ => "look whether there is room left in that bucket, and whether endpoint in [backup.s3] is right",
    }
}

fn of_sftp(said: &str) -> &'static str {
    let has = |text: &str| said.contains(text);
    if has("Permission denied (") || has("Too many authentication failures") {
        "add the public key of the user who runs shutong to ~/.ssh/authorized_keys there; the key may have no passphrase"
    } else if has("Host key verification failed") {
        "as the user who runs shutong, connect once with `sftp` by hand and compare the key of that machine"
    } else if has("No such file or directory") {
        "make that folder there, or correct to in [backup.sftp]"
    } else if has("Permission denied") {
        "let this user write into that folder there"
    } else if has("Failure") || has("No space") || has("quota") {
        "look whether there is room left on that machine's disk"
    } else {
        "look whether that machine is on and its name in [backup.sftp] is right; the next backup is sent again"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn said(status: u16, code: &str) -> Error {
        Answered { status: status.try_into().unwrap(), code: code.to_owned() }.into()
    }

    #[test]
    fn each_refusal_names_what_is_to_be_changed() {
        let secret = || Secret::new("x");
        let bucket = Remote::s3(("https://s3.example.com", "r", "b", true), "", "key", secret()).unwrap();
        let folder = Remote::webdav("https://dav.example.com/", "me", secret()).unwrap();
        let machine = Remote::sftp("me@host:/a").unwrap();
        let cases = [
            (&bucket, said(404, "NoSuchBucket"), "make that bucket"),
            (&bucket, said(403, "SignatureDoesNotMatch"), "correct secret_key"),
            (&bucket, said(403, "InvalidAccessKeyId"), "correct access_key"),
            (&bucket, said(403, "RequestTimeTooSkewed"), "clock"),
            (&bucket, said(403, ""), "let that key write"),
            (&bucket, said(503, ""), "room"),
            (&folder, said(401, ""), "password"),
            (&folder, said(409, ""), "make that folder"),
            (&folder, said(507, ""), "room"),
            (&machine, Error::msg("me@host: Permission denied (publickey)."), "authorized_keys"),
            (&machine, Error::msg("Host key verification failed."), "compare the key"),
            (&machine, Error::msg("remote open \"/a/x\": Permission denied"), "let this user write"),
            (&machine, Error::msg("Connection refused"), "is on"),
        ];
        for (remote, error, part) in cases {
            assert!(advice(remote, &error).contains(part), "{error}: {}", advice(remote, &error));
        }
    }
}
