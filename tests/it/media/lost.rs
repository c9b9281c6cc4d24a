//! What seems lost and is not: a media folder that is empty all at once is more likely a disk that is not mounted than an
//! owner who has cleared up, and material whose answer was never heard is at the platform.

use chrono::Duration;
use image::ImageFormat;
use shutong::media::{Error, Put, Taking, Uploads};

use super::{Room, picture, uploaded};
use crate::support::central::APP_ID;
use crate::support::wechat_api::Fault;

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
async fn nothing_is_put_into_the_place_of_a_missing_disk_and_nothing_taken_out() {
    let room = with_files(5).await;
    let folder = room.test.app.data_dir.join("pictures");
    let elsewhere = room.test.app.data_dir.join("elsewhere");
    let (media, now) = (&room.test.app.media, room.test.clock.now());
    let put = || media.put("new.png", &picture(9, ImageFormat::Png), now);
    std::fs::rename(&folder, &elsewhere).unwrap();
    assert!(matches!(put(), Err(Error::NoFolder(_))));
    assert!(matches!(media.take_out("0.png", now), Err(Error::NoFolder(_))));
    assert!(matches!(media.take_out("no.png", now), Err(Error::NoFile(_))));
    assert!(!folder.exists(), "it would be taken for the disk's");
    std::fs::create_dir(&folder).unwrap();
    assert!(matches!(put(), Err(Error::NoFolder(_))));
    assert!(matches!(media.take_out("0.png", now), Err(Error::NoFolder(_))));
    room.look();
    assert_eq!(room.known(), 5);
    // It is still empty.
    std::fs::remove_dir(&folder).unwrap();
    std::fs::rename(&elsewhere, &folder).unwrap();
    std::fs::remove_file(folder.join("4.png")).unwrap();
    assert!(matches!(media.take_out("4.png", now), Err(Error::NoFile(_))));
    assert_eq!(put().unwrap(), Put::New);
    assert!(media.take_out("0.png", now).unwrap().starts_with(folder.join(".removed")));
    assert_eq!(room.known(), 4);
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

#[tokio::test]
async fn material_whose_answer_was_lost_is_found_again_and_not_added_twice() {
    const ADD: &str = "/cgi-bin/material/add_material";
    let room = Room::start("").await;
    room.platform().set_only_permanent(APP_ID, true);
    let lose = |room: &Room, is_lost: bool| room.platform().set_fault_on(ADD, is_lost.then_some(Fault::ResetAfter));
    room.put("书.png", &picture(1, ImageFormat::Png));
    lose(&room, true);
    assert_eq!(room.sync().await.failed, 1);
    assert_eq!(room.platform().material(APP_ID), 1, "the platform has it, and nobody knows");
    lose(&room, false);
    let room = room.restart().await;
    room.test.clock.advance(Duration::minutes(30));
    assert_eq!(room.sync().await, uploaded(1));
    let first = room.id("图 书").await;
    assert_eq!((room.platform().count(ADD), room.platform().material(APP_ID)), (1, 1), "{first}");
    // And when the file has changed meanwhile, what was added unheard is deleted.
    room.put("书.png", &picture(2, ImageFormat::Png));
    lose(&room, true);
    assert_eq!(room.sync().await.failed, 1);
    lose(&room, false);
    room.put("书.png", &picture(3, ImageFormat::Png));
    room.test.clock.advance(Duration::minutes(30));
    assert_eq!(room.sync().await, uploaded(1));
    assert_eq!((room.platform().count(ADD), room.platform().material(APP_ID)), (3, 3));
    room.test.clock.advance(Duration::hours(2));
    assert_eq!(room.sync().await, Uploads { deleted: 2, ..Uploads::default() });
    assert_ne!(room.id("图 书").await, first);
    assert_eq!(room.platform().material(APP_ID), 1);
}

#[tokio::test]
async fn what_a_file_has_already_is_not_taken_for_the_material_whose_answer_was_lost() {
    const ADD: &str = "/cgi-bin/material/add_material";
    let room = Room::start("").await;
    room.platform().set_only_permanent(APP_ID, true);
    room.put("书.png", &picture(1, ImageFormat::Png));
    assert_eq!(room.sync().await, uploaded(1));
    let first = room.id("图 书").await;
    // Nothing arrives; whether it did nobody knows.
    room.test.app.media.renew("书.png", room.test.clock.now()).unwrap();
    room.platform().set_fault_on(ADD, Some(Fault::Refused));
    assert_eq!(room.sync().await.failed, 1);
    room.platform().set_fault_on(ADD, None);
    room.test.clock.advance(Duration::minutes(30));
    assert_eq!(room.sync().await, uploaded(1));
    let second = room.id("图 书").await;
    assert_ne!(second, first);
    room.test.clock.advance(Duration::hours(2));
    assert_eq!(room.sync().await, Uploads { deleted: 1, ..Uploads::default() });
    assert_eq!((room.platform().material(APP_ID), room.id("图 书").await), (1, second));
}
