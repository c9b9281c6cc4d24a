//! `shutong media`, with the server running and stopped.

use std::time::Duration;

use image::ImageFormat;

use super::picture;
use crate::support::binary::Home;
use crate::support::central::{APP_ID, APP_SECRET};
use crate::support::test_app::account_toml;
use crate::support::wechat_api::WechatApi;
use crate::support::wechat_sim::{SimAccount, SimMode};

fn put(home: &Home, name: &str, bytes: &[u8]) {
    let folder = home.data().join("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
}

#[test]
fn the_command_lists_the_files_and_brings_the_platform_up_to_them() {
    let platform = WechatApi::start(|| chrono::Utc::now().timestamp_millis());
    platform.add_account(APP_ID, APP_SECRET);
    let account = account_toml(&SimAccount::new(SimMode::Safe));
    let base = platform.base();
    let home = Home::with(&format!("{account}app_secret = \"{APP_SECRET}\"\napi_base = \"{base}\"\n"));
    put(&home, "a.png", &picture(1, ImageFormat::Png));
    let id = |number: usize| {
        let listed = home.json(&["media", "list"]);
        listed[number]["platform"][0]["record"]["media_id"].as_str().unwrap_or_default().to_owned()
    };
    let server = home.serve(&[]);
    // The server may have been faster.
    home.done(&["media", "sync"]);
    let first = id(0);
    assert_eq!(platform.media_kind(APP_ID, &first).as_deref(), Some("image"));
    server.stop();

    put(&home, "b.webp", &picture(2, ImageFormat::WebP));
    assert_eq!(home.done(&["media", "sync"]).trim(), "2 files: 1 changed, 0 gone; 1 uploaded, 0 failed, 0 wait");
    assert_eq!(platform.media_kind(APP_ID, &id(1)).as_deref(), Some("image"));
    assert_eq!(id(0), first, "what was uploaded before is known after the end of the server");
    let listed = home.done(&["media", "list"]);
    assert!(listed.starts_with("a.png\tmain\timage\tuntil 20"), "{listed}");

    let keywords = |text: &str| std::fs::write(home.data().join("keywords.toml"), text).unwrap();
    keywords("[[reply]]\nwords = [\"x\"]\nvoice = \"a.png\"");
    home.done(&["media", "sync"]);
    let listed = home.done(&["media", "list"]);
    let told = "a.png\tis what a keyword is answered with, and of another kind than the keyword says\n";
    assert!(listed.ends_with(told), "{listed}");
    keywords("[[reply]]\nwords = [\"x\"]\nvoice = \"none.mp3\"");
    home.done(&["media", "sync"]);
    let listed = home.done(&["media", "list"]);
    assert!(listed.ends_with("none.mp3\tis what a keyword is answered with, and not in the folder\n"), "{listed}");

    put(&home, "c.txt", b"text");
    keywords("[[reply]]\nwords = []\ntext = \"x\"");
    let ran = home.run(&["media", "sync"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("words must name at least one word"), "{ran:?}");
    let listed = home.done(&["media", "list"]);
    assert!(listed.contains("the media file c.txt: it is nothing that the platform takes"), "{listed}");
}

/// Killed at any moment, it loses at most the uploads that were under way, and gives no id that the platform does not
/// know.
#[test]
fn a_kill_costs_no_more_than_what_was_under_way() {
    const ROUNDS: u64 = 8;
    const FILES: u64 = 6;
    let platform = WechatApi::start(|| chrono::Utc::now().timestamp_millis());
    platform.add_account(APP_ID, APP_SECRET);
    platform.set_latency(Some(Duration::from_millis(20)));
    let account = account_toml(&SimAccount::new(SimMode::Safe));
    let base = platform.base();
    let home = Home::with(&format!("{account}app_secret = \"{APP_SECRET}\"\napi_base = \"{base}\"\n"));
    let mut random: u64 = 2_026;
    for round in 0..ROUNDS {
        for file in 0..FILES {
            put(&home, &format!("{file}.png"), &picture((round * FILES + file) as u8, ImageFormat::Png));
        }
        let server = home.serve(&[]);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Two looks at the folder are two seconds apart.
        std::thread::sleep(Duration::from_millis(2_000 + (random >> 33) % 250));
        server.kill9();
    }
    home.done(&["media", "sync"]);
    let listed = home.json(&["media", "list"]);
    let mut ids: Vec<&str> =
        (0..FILES as usize).map(|file| listed[file]["platform"][0]["record"]["media_id"].as_str().unwrap()).collect();
    assert!(ids.iter().all(|id| platform.is_alive(APP_ID, id)), "{listed}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), FILES as usize);
    let (uploads, most) = (platform.uploads(APP_ID) as u64, ROUNDS * FILES + ROUNDS * 4);
    assert!((FILES..=most).contains(&uploads), "{uploads} uploads, {most} at the most");
}
