//! What came of jobs and of passes over sources, in the words of the page. The log and the command line have it in
//! English; so has what an older program wrote, and why something failed.

use super::frame::{self, Frame};
use crate::store::records::{Did, Forgot, PassCounts, PassEnd, RunRecord, SourceStateRecord};

impl Frame<'_> {
    /// What a job did, or why it failed.
    pub(super) fn ran(&self, run: &RunRecord) -> String {
        match &run.did {
            Some(did) => self.did(did),
            None => run.outcome.clone(),
        }
    }

    /// How the last pass over a source ended, or why there will be no other; empty before the first.
    pub(super) fn passed(&self, state: &SourceStateRecord) -> String {
        if let Some(why) = &state.stopped {
            return self.f("pass.stopped_for_good", "why", why);
        }
        match &state.end {
            Some(PassEnd::Finished(done)) => self.f("pass.finished", "what", self.counts(done)),
            Some(PassEnd::Capped(done)) => self.f("pass.capped", "what", self.counts(done)),
            Some(PassEnd::Later(until)) => self.f("pass.later", "when", self.when(until)),
            Some(PassEnd::GivenUp(why)) => self.f("pass.given_up", "why", why),
            Some(PassEnd::Stopped) => self.s("pass.stopped").to_owned(),
            None => state.outcome.clone(),
        }
    }

    fn did(&self, did: &Did) -> String {
        match did {
            Did::Forgot(forgot) => self.forgot(forgot),
            Did::EmptiedBin { books, files } => {
                self.f("ran.emptied", "books", books).replace("{files}", &files.to_string())
            }
            Did::RemovedLogs(files) => self.f("ran.logs", "n", files),
            Did::Woke(waiting) => self.f("ran.waiting", "n", waiting),
            Did::NoInbox => self.s("ran.no_inbox").to_owned(),
            Did::ReadBounces(letters) => self.f("ran.bounces", "n", letters),
            Did::BackedUp(made) => {
                let says = self.f("ran.backed_up", "size", frame::size(made.bytes));
                let says = says.replace("{records}", &made.records.to_string());
                let mut says = says.replace("{files}", &made.files.to_string()).replace("{path}", &made.path);
                if made.missing > 0 {
                    says += &self.f("ran.missing", "n", made.missing);
                }
                if !made.outside.is_empty() {
                    says += &self.f("ran.outside", "what", made.outside.join(", "));
                }
                says + if made.is_sent { self.s("ran.sent") } else { "" }
            }
        }
    }

    fn forgot(&self, forgot: &Forgot) -> String {
        let Forgot { answers, late, places, quotas, contacts, followers, misses, pushes, days } = *forgot;
        let what = self.those_there_are([
            ("ran.answers", answers),
            ("ran.late", late),
            ("ran.places", places),
            ("ran.quotas", quotas),
            ("ran.contacts", contacts),
            ("ran.followers", followers),
            ("ran.misses", misses),
            ("ran.pushes", pushes),
            ("ran.days", days),
        ]);
        match what.as_str() {
            "" => self.s("ran.forgot_nothing").to_owned(),
            what => self.f("ran.forgot", "what", what),
        }
    }

    fn counts(&self, done: &PassCounts) -> String {
        let PassCounts { pages, unchanged, found, added, updated, known, chapters, failed } = *done;
        let what = self.those_there_are(
            [
                ("pass.pages", pages),
                ("pass.unchanged", unchanged),
                ("pass.found", found),
                ("pass.added", added),
                ("pass.updated", updated),
                ("pass.known", known),
                ("pass.chapters", chapters),
                ("pass.failed", failed),
            ]
            .map(|(key, count)| (key, u64::from(count))),
        );
        if what.is_empty() { self.s("pass.nothing").to_owned() } else { what }
    }

    /// What there is none of says nothing.
    fn those_there_are<const N: usize>(&self, counts: [(&'static str, u64); N]) -> String {
        let there = counts.into_iter().filter(|(_, count)| *count > 0);
        there.map(|(key, count)| self.f(key, "n", count)).collect::<Vec<_>>().join(self.s("ran.and"))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::super::words::Words;
    use super::*;
    use crate::config::Language;
    use crate::store::records::BackedUp;

    fn frame(words: &Words) -> Frame<'_> {
        Frame {
            words,
            place: "",
            theme: "auto",
            csrf: "",
            assets: "",
            alerts: &[],
            is_new: false,
            zone: chrono_tz::Asia::Shanghai,
            now: DateTime::UNIX_EPOCH,
        }
    }

    #[track_caller]
    fn check(did: Did, zh: &str, en: &str) {
        for (language, said) in [(Language::Zh, zh), (Language::En, en)] {
            assert_eq!(frame(&Words::of(language).unwrap()).did(&did), said);
        }
    }

    #[test]
    fn what_a_job_did_is_said_in_the_language_of_the_page() {
        check(Did::Forgot(Forgot::default()), "没有过期的数据", "Nothing had expired");
        let forgot = Forgot { answers: 3, misses: 1, ..Forgot::default() };
        let en = "Forgotten: 3 answers, 1 searches without a hit";
        check(Did::Forgot(forgot), "清理了：回答 3 条、没有结果的搜索 1 个", en);
        let made = BackedUp {
            path: "/备份/{files}".into(),
            bytes: 2048,
            records: 7,
            files: 2,
            missing: 1,
            outside: vec!["/素材".into()],
            is_sent: true,
        };
        let zh = "/备份/{files}：2.0 kB，7 条记录，2 个文件；有 1 个文件读不出来；不在其中：/素材；已送往别处";
        let en = "/备份/{files}: 2.0 kB, 7 records, 2 files; 1 files could not be read; not in it: /素材; sent on";
        check(Did::BackedUp(made), zh, en);
    }

    #[test]
    fn what_an_older_program_said_of_a_pass_stays_as_it_said_it() {
        let words = Words::of(Language::Zh).unwrap();
        let mut state = SourceStateRecord { outcome: "finished: 1 pages read".into(), ..SourceStateRecord::default() };
        assert_eq!(frame(&words).passed(&state), "finished: 1 pages read");
        state.end = Some(PassEnd::Finished(PassCounts { pages: 2, added: 1, ..PassCounts::default() }));
        assert_eq!(frame(&words).passed(&state), "读完了：读了 2 页、新入库 1 本");
        state.end = Some(PassEnd::Finished(PassCounts::default()));
        assert_eq!(frame(&words).passed(&state), "读完了：没有新内容");
    }
}
