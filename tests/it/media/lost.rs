//! A media folder that is empty all at once: more likely a disk that is not mounted than an owner who has cleared up.

use image::ImageFormat;
use shutong::media::Taking;

use super::{Room, picture, uploaded};

const KEY: &str = "media_folder_empty/";

impl Room {
    fn is_told(&self) -> bool {
        self.alerts().iter().any(|key| key.starts_with(KEY))
    }

    fn known(&self) -> usize {
        self.test.app.media.files().unwrap().len()
    }
}

async fn with_files(count: u8) -> Room {
    let room = Room::start("").await;
    for number in 0..count {
        room.put(&format!("{number}.png"), &picture(number, ImageFormat::Png));
    }
    assert_eq!(room.sync().await, uploaded(u64::from(count)));
    room
}

#[tokio::test]
async fn nothing_is_forgotten_when_the_folder_is_empty_all_at_once() {
    let room = with_files(5).await;
    let folder = room.test.app.data_dir.join("pictures");
    let elsewhere = room.test.app.data_dir.join("elsewhere");
    std::fs::rename(&folder, &elsewhere).unwrap();
    room.look();
    assert!(room.is_told() && room.known() == 5, "the folder is missing");
    std::fs::create_dir(&folder).unwrap();
    room.look();
    assert!(room.is_told() && room.known() == 5, "the folder is empty");
    let id = room.id("图 0").await;
    std::fs::remove_dir(&folder).unwrap();
    std::fs::rename(&elsewhere, &folder).unwrap();
    room.look();
    assert!(!room.is_told() && room.known() == 5);
    assert_eq!(room.sync().await, uploaded(0), "nothing has to be uploaded again");
    assert_eq!(room.id("图 0").await, id);
}

#[tokio::test]
async fn what_goes_bit_by_bit_or_is_confirmed_is_forgotten() {
    let room = with_files(6).await;
    for number in 0..3 {
        room.remove(&format!("{number}.png"));
    }
    room.look();
    assert!(room.known() == 3 && !room.is_told());
    for number in 3..6 {
        room.remove(&format!("{number}.png"));
    }
    room.look();
    assert!(room.known() == 0 && !room.is_told(), "a few files can be taken out by hand");

    let room = with_files(4).await;
    for number in 0..4 {
        room.remove(&format!("{number}.png"));
    }
    room.look();
    assert!(room.known() == 4 && room.is_told());
    // The one file that comes is no proof that the others are to be gone, but of a folder that is used.
    room.put("new.png", &picture(9, ImageFormat::Png));
    room.look();
    assert!(room.known() == 1 && !room.is_told());

    let room = with_files(4).await;
    for number in 0..4 {
        room.remove(&format!("{number}.png"));
    }
    room.look();
    let scanned = room.test.app.media.forget_gone(room.test.clock.now()).unwrap();
    assert_eq!((scanned.gone, room.known(), room.is_told()), (4, 0, false));
    assert_eq!(room.test.app.media.scan(Taking::AtOnce, room.test.clock.now()).unwrap().gone, 0);
}
