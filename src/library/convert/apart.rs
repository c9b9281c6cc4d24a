//! A conversion in a process of its own: how it is called, and what its end says.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use super::Target;
use crate::library::{Error, Library, Result, covers};
use crate::store::records::{BookRecord, Edition};

impl Library {
    pub(super) fn convert_apart(
        &self,
        book: &BookRecord,
        source: &Edition,
        target: Target,
        program: &Path,
        megabytes: u64,
        seconds: u64,
    ) -> Result<std::result::Result<Vec<u8>, String>> {
        let folder = Folder::new(self.store.files().temporary())?;
        // The file's own name may say what its content does not: title, author, that it is Markdown.
        let input = folder.link(&self.edition_path(source), &source.file_name)?;
        let output = folder.0.join(format!("out.{}", target.format.extension()));
        let mut command = Command::new(program);
        command.arg("convert").arg(&input).arg(&output);
        command.args(["--to", target.format.extension(), "--from", source.format.extension()]);
        command.args(["--memory", &megabytes.to_string(), "--seconds", &seconds.to_string()]);
        if target.for_kindle {
            command.arg("--for-kindle");
        }
        command.arg(with("--title=", &book.title));
        command.args(book.authors.iter().map(|author| with("--author=", author)));
        command.args(self.adverts.read().iter().map(|pattern| with("--advert=", pattern)));
        let cover = match &book.cover {
            Some(cover) => self.store.files().path(&cover.picture),
            None => {
                let drawn = folder.0.join("cover.jpg");
                fs::write(&drawn, covers::drawing(book)).map_err(crate::store::Error::Io)?;
                drawn
            }
        };
        command.arg(if covers::is_chosen(book) { "--cover" } else { "--default-cover" }).arg(cover);
        command.args(super::own_language(book).map(|tag| with("--language=", tag)));
        command.env_clear().current_dir(&folder.0);
        let ended = command.output().map_err(crate::store::Error::Io)?;
        if ended.status.success() {
            return Ok(Ok(fs::read(&output).map_err(crate::store::Error::Io)?));
        }
        Ok(Err(reason(ended.status, &ended.stderr, &input)?))
    }
}

/// A folder for one conversion, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(path: PathBuf) -> Result<Folder> {
        fs::create_dir_all(&path).map_err(crate::store::Error::Io)?;
        Ok(Folder(path))
    }

    /// Gives a file another name in this folder, without its bytes being copied.
    fn link(&self, file: &Path, name: &str) -> Result<PathBuf> {
        const LONGEST: usize = 200;
        let plain = name.rsplit(['/', '\\']).next().unwrap_or_default().replace('\0', "");
        let mut start = plain.len().saturating_sub(LONGEST);
        while !plain.is_char_boundary(start) {
            start += 1;
        }
        let link = self.0.join(format!("in-{}", &plain[start..]));
        fs::hard_link(file, &link).or_else(|_| fs::copy(file, &link).map(drop)).map_err(crate::store::Error::Io)?;
        Ok(link)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn with(flag: &str, value: &str) -> OsString {
    format!("{flag}{}", value.replace('\0', "")).into()
}

/// What the process said, or what ended it: a reason that will be the same the next time, or an error for what passes.
fn reason(status: ExitStatus, said: &[u8], input: &Path) -> Result<String> {
    const CPU_EXCEEDED: i32 = 24;
    const KILLED: i32 = 9;
    const ABORTED: i32 = 6;
    const NO_SPACE: i32 = 28;
    let said = String::from_utf8_lossy(said);
    match status.signal() {
        Some(CPU_EXCEEDED) => return Ok("it takes longer than limits.convert_seconds allows".into()),
        Some(ABORTED) => return Ok("it takes more memory than limits.convert_megabytes allows".into()),
        // The kernel for want of memory, or somebody by hand: the limits end it in other ways.
        Some(KILLED) => {
            log::warn!("the converter of {} was killed; it is tried again when somebody asks", input.display());
            return Err(Error::Busy);
        }
        Some(signal) => return Ok(format!("the converter was ended by signal {signal}")),
        None if said.contains(&format!("(os error {NO_SPACE})")) => {
            return Err(crate::store::Error::Io(io::Error::from_raw_os_error(NO_SPACE)).into());
        }
        None => {}
    }
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("the converter said nothing");
    let last = last.strip_prefix("shutong: ").unwrap_or(last);
    Ok(last.strip_prefix(&format!("{}: ", input.display())).unwrap_or(last).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_no_verdict_about_the_book() {
        let of = |raw: i32, said: &str| reason(ExitStatus::from_raw(raw), said.as_bytes(), Path::new("in-a.txt"));
        assert!(of(24, "").is_ok_and(|reason| reason.contains("convert_seconds")));
        assert!(of(6, "").is_ok_and(|reason| reason.contains("convert_megabytes")));
        assert_eq!(of(1 << 8, "shutong: in-a.txt: it is empty\n").ok().as_deref(), Some("it is empty"));
        assert!(matches!(of(9, ""), Err(Error::Busy)));
        let full = of(1 << 8, "shutong: out.epub: No space left on device (os error 28)");
        assert!(matches!(full, Err(Error::Store(crate::store::Error::Io(_)))), "{full:?}");
    }
}
