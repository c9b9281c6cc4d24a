//! One connection of a client.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{PASSWORD, Shared, SmtpFailure, SmtpStep, SunkLetter, USERNAME};

/// A forgotten client does not keep the thread.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of a line with its CR LF, RFC 5321, 4.5.3.1.
const LONGEST_COMMAND: usize = 512;
const LONGEST_LINE: usize = 1000;

struct Session<'a> {
    stream: BufReader<TcpStream>,
    shared: &'a Shared,
    has_greeted: bool,
    login: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

/// Answers until one side ends the connection.
pub fn converse(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let stream = BufReader::new(stream);
    let mut session = Session { stream, shared, has_greeted: false, login: None, from: None, to: Vec::new() };
    session.reply_unless(SmtpStep::Greeting, "220 sink.example ESMTP")?;
    while let Some(line) = session.command_line()? {
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => session.ehlo(rest)?,
            "HELO" => session.helo(rest)?,
            "AUTH" => session.auth(rest)?,
            "MAIL" => session.mail(rest)?,
            "RCPT" => session.rcpt(rest)?,
            "DATA" => session.data()?,
            "RSET" => session.rset()?,
            "NOOP" => session.reply("250 2.0.0 nothing done")?,
            "QUIT" => return session.reply("221 2.0.0 good-bye"),
            _ => session.reply("500 5.5.1 no such command")?,
        }
    }
    Ok(())
}

impl Session<'_> {
    fn reply(&mut self, line: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes())
    }

    /// The answer, unless something is to go wrong at this step. An error ends the session.
    fn reply_unless(&mut self, step: SmtpStep, line: &str) -> io::Result<()> {
        if self.fails(step)? { Ok(()) } else { self.reply(line) }
    }

    /// Whether something has gone wrong at this step, instead of the usual answer.
    fn fails(&mut self, step: SmtpStep) -> io::Result<bool> {
        let closed = || Err(io::ErrorKind::ConnectionAborted.into());
        match self.shared.failure_at(step) {
            None => Ok(false),
            Some(SmtpFailure::Answer(code)) => {
                let about = self.to.last().map_or_else(String::new, |to| format!(" <{}>", to.to_uppercase()));
                self.reply(&format!(
                    "{code}-{}.2.1 not now{about}\r\n{code} {}.2.1 says the sink",
                    code / 100,
                    code / 100
                ))?;
                if code == 421 { closed() } else { Ok(true) }
            }
            Some(SmtpFailure::Policy) => {
                self.reply("550 5.7.1 not from there, not to here")?;
                Ok(true)
            }
            Some(SmtpFailure::Hang) => {
                io::copy(&mut self.stream, &mut io::sink())?;
                closed()
            }
            Some(SmtpFailure::Hold) => {
                while matches!(self.shared.failure_at(step), Some(SmtpFailure::Hold)) {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Ok(false)
            }
            Some(SmtpFailure::Close) => closed(),
        }
    }

    /// The next line with its end; `None` when the client has closed the connection.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let length = self.stream.by_ref().take(1 << 20).read_until(b'\n', &mut line)?;
        Ok((length > 0).then_some(line))
    }

    /// The next command without its end. One that is too long, or without CR LF, is answered here.
    fn command_line(&mut self) -> io::Result<Option<String>> {
        while let Some(line) = self.line()? {
            let text = String::from_utf8_lossy(&line).into_owned();
            self.shared.state().said.push_str(&text);
            match text.strip_suffix("\r\n") {
                Some(command) if line.len() <= LONGEST_COMMAND && !command.contains('\r') => {
                    return Ok(Some(command.to_owned()));
                }
                _ => self.reply("500 5.5.2 no line of a command")?,
            }
        }
        Ok(None)
    }

    fn ehlo(&mut self, name: &str) -> io::Result<()> {
        if name.is_empty() {
            return self.reply("501 5.5.4 who are you?");
        }
        self.has_greeted = true;
        let mechanisms = self.shared.state().mechanisms.clone();
        let auth = if mechanisms.is_empty() { String::new() } else { format!("250-AUTH {mechanisms}\r\n") };
        self.reply(&format!(
            "250-sink.example greets {name}\r\n{auth}250-SIZE 52428800\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES"
        ))
    }

    fn helo(&mut self, name: &str) -> io::Result<()> {
        self.has_greeted = !name.is_empty();
        self.reply(if self.has_greeted { "250 sink.example" } else { "501 5.5.4 who are you?" })
    }

    fn auth(&mut self, rest: &str) -> io::Result<()> {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let is_offered = self.shared.state().mechanisms.split(' ').any(|offered| offered == mechanism);
        if !self.has_greeted || self.login.is_some() || !is_offered {
            return self.reply("503 5.5.1 AUTH is not possible now");
        }
        let (raw, username, password) = if mechanism == "PLAIN" {
            let raw = if initial.is_empty() { self.ask("")? } else { initial.to_owned() };
            let whole = decoded(&raw);
            let parts: Vec<String> = whole.split('\0').map(str::to_owned).collect();
            let [_, username, password] = <[String; 3]>::try_from(parts).unwrap_or_default();
            (raw, username, password)
        } else {
            let username = if initial.is_empty() { self.ask("Username:")? } else { initial.to_owned() };
            let password = self.ask("Password:")?;
            (password.clone(), decoded(&username), decoded(&password))
        };
        if (username.as_str(), password.as_str()) != (USERNAME, PASSWORD) {
            // As Sendmail does: the line is repeated. And as nobody does: the password is.
            return self.reply(&format!("535 5.7.8 not accepted: \"{raw}\" \"{password}\""));
        }
        self.login = Some(username);
        self.reply("235 2.7.0 welcome")
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        self.reply(&format!("334 {}", STANDARD.encode(question)))?;
        self.command_line()?.ok_or(io::ErrorKind::UnexpectedEof.into())
    }

    fn mail(&mut self, rest: &str) -> io::Result<()> {
        if !self.has_greeted || self.from.is_some() {
            return self.reply("503 5.5.1 MAIL is not possible now");
        }
        let Some(from) = path_of(rest, "FROM:") else { return self.reply("501 5.5.4 no sender") };
        self.shared.state().begun += 1;
        if self.fails(SmtpStep::Mail)? {
            return Ok(());
        }
        self.from = Some(from);
        self.reply("250 2.1.0 sender ok")
    }

    fn rcpt(&mut self, rest: &str) -> io::Result<()> {
        if self.from.is_none() {
            return self.reply("503 5.5.1 MAIL comes first");
        }
        let Some(to) = path_of(rest, "TO:").filter(|to| !to.is_empty()) else {
            return self.reply("501 5.5.4 no recipient");
        };
        self.to.push(to);
        if self.fails(SmtpStep::Rcpt)? {
            self.to.pop();
            return Ok(());
        }
        self.reply("250 2.1.5 recipient ok")
    }

    fn data(&mut self) -> io::Result<()> {
        if self.to.is_empty() {
            return self.reply("503 5.5.1 RCPT comes first");
        }
        if self.fails(SmtpStep::Data)? {
            return Ok(());
        }
        self.reply("354 go on, and end with a dot")?;
        let (data, wrong) = self.letter()?;
        if self.fails(SmtpStep::End)? {
            return self.forget();
        }
        if let Some(wrong) = wrong {
            self.reply(&format!("554 5.6.0 {wrong}"))?;
            return self.forget();
        }
        let letter = SunkLetter {
            from: self.from.clone().unwrap_or_default(),
            to: self.to.clone(),
            login: self.login.clone(),
            data,
        };
        self.shared.state().letters.push(letter);
        self.reply("250 2.0.0 taken")?;
        self.forget()
    }

    /// The letter without the dots of the transfer, and what is wrong with it.
    fn letter(&mut self) -> io::Result<(Vec<u8>, Option<&'static str>)> {
        let (mut data, mut wrong) = (Vec::new(), None);
        loop {
            let line = self.line()?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if line == b".\r\n" {
                return Ok((data, wrong));
            }
            match line.strip_suffix(b"\r\n") {
                None => wrong = Some("a line does not end in CR LF"),
                Some(text) if text.contains(&b'\r') => wrong = Some("there is a bare CR"),
                Some(text) if text.contains(&0) => wrong = Some("there is a NUL"),
                Some(_) if line.len() > LONGEST_LINE => wrong = Some("a line is too long"),
                Some(text) if !text.is_ascii() => wrong = Some("there are 8 bits, and nobody said so"),
                Some(_) => {}
            }
            data.extend(line.strip_prefix(b".").unwrap_or(&line));
        }
    }

    fn rset(&mut self) -> io::Result<()> {
        self.forget()?;
        self.reply("250 2.0.0 forgotten")
    }

    fn forget(&mut self) -> io::Result<()> {
        (self.from, self.to) = (None, Vec::new());
        Ok(())
    }
}

/// The address in `FROM:<a@b> BODY=…` or `TO:<a@b>`.
fn path_of(rest: &str, keyword: &str) -> Option<String> {
    let (start, rest) = rest.split_at_checked(keyword.len())?;
    let path = rest.trim_start().strip_prefix('<').filter(|_| start.eq_ignore_ascii_case(keyword))?;
    let (address, parameters) = path.split_once('>')?;
    (parameters.is_empty() || parameters.starts_with(' ')).then(|| address.to_owned())
}

fn decoded(base64: &str) -> String {
    STANDARD.decode(base64).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}
