//! Three weeks in steps of ten minutes, with a platform that forgets after three days and fails now and then, and a
//! program that is restarted. What is asserted in each hour: whoever asks is given an id that the platform knows.

use chrono::Duration;
use image::ImageFormat;

use super::{Room, UPLOAD, picture};
use crate::support::central::APP_ID;
use crate::support::wechat_api::Fault;

const HOURS: i64 = 21 * 24;
/// Of which each id of the platform's covers so many.
const LIFE: i64 = 72;
const STEPS_AN_HOUR: i64 = 6;

/// Without those that keep the caller waiting in real time.
const FAULTS: [Fault; 9] = [
    Fault::Refused,
    Fault::Status500,
    Fault::Busy,
    Fault::Quota,
    Fault::PerMinute,
    Fault::Html,
    Fault::Truncated,
    Fault::ResetAfter,
    Fault::PlainType,
];

/// What followers ask for; the last is a piece of music, whose picture is uploaded as such, too.
const ASKED: [&str; 7] = ["图 p0", "图 p1", "图 p2", "图 p3", "图 p4", "听", "主题曲"];

const KEYWORDS: &str = "[[reply]]\nwords = [\"听\"]\nvoice = \"hello.mp3\"\n[[reply]]\nwords = [\"主题曲\"]\n\
                        music = { title = \"曲\", url = \"https://example.com/a.mp3\", thumb = \"p0.png\" }\n";

/// Random numbers that are the same for the same seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as i64
    }
}

/// Faults last up to an hour and a half and come several times a day; restarts come every second day or so.
async fn weeks(seed: u64) {
    let mut random = Random(seed);
    let mut room = Room::start("").await;
    for (shade, format) in [(0, ImageFormat::Png), (1, ImageFormat::Png), (2, ImageFormat::Jpeg)] {
        room.put(&format!("p{shade}.png"), &picture(shade, format));
    }
    room.put("p3.webp", &picture(3, ImageFormat::WebP));
    room.put("p4.gif", &picture(4, ImageFormat::Gif));
    room.put("hello.mp3", b"ID3\x04 and sound");
    room.keywords(KEYWORDS);
    room.sync().await;
    let (mut is_faulty, mut changes_in) = (false, 1 + random.below(30));
    let (mut restarts, mut failed) = (0, 0);
    for step in 1..=HOURS * STEPS_AN_HOUR {
        changes_in -= 1;
        if changes_in == 0 {
            is_faulty = !is_faulty;
            let fault = is_faulty.then(|| FAULTS[random.below(FAULTS.len() as i64) as usize]);
            changes_in = 1 + random.below(if is_faulty { 9 } else { 18 });
            // Either nothing works, or tokens are had and uploads fail.
            let is_everywhere = random.below(3) == 0;
            room.platform().set_fault_everywhere(fault.filter(|_| is_everywhere));
            room.platform().set_fault_on(UPLOAD, fault.filter(|_| !is_everywhere));
        }
        room.test.clock.advance(Duration::minutes(60 / STEPS_AN_HOUR));
        if random.below(48 * STEPS_AN_HOUR) == 0 {
            room = room.restart().await;
            restarts += 1;
        }
        room.test.app.tokens.tick().await;
        failed += room.sync().await.failed;
        if step % STEPS_AN_HOUR == 0 {
            for text in ASKED {
                room.id(text).await;
            }
        }
    }
    // The first upload covers hours 0 to 71; the last hour that is asked in is number HOURS.
    let least = (HOURS / LIFE + 1) * ASKED.len() as i64;
    let uploads = room.platform().uploads(APP_ID) as i64;
    assert!(failed > 5, "seed {seed:x}: {failed} uploads in vain");
    assert!(restarts > 3, "seed {seed:x}: {restarts} restarts");
    assert!(uploads * 10 <= least * 13, "seed {seed:x}: {uploads} uploads, {least} would have been enough");
}

#[tokio::test]
async fn three_rough_weeks() {
    weeks(0x5eed_0003).await;
}

#[tokio::test]
async fn three_other_rough_weeks() {
    weeks(0x5eed_0004).await;
}
