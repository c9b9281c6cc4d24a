//! `shutong job` as the owner uses it: the same jobs, whether a shutong runs or not.

use serde_json::json;

use crate::support::binary::Home;

#[test]
fn jobs_are_listed_run_and_rescheduled_with_and_without_a_server() {
    let home = Home::new();
    let mut program = home.serve(&[]);
    let listed = |home: &Home| home.json(&["job", "list"]).as_array().unwrap().clone();
    let of = |all: &[serde_json::Value], name: &str| all.iter().find(|job| job["name"] == name).unwrap().clone();
    for is_served in [true, false] {
        let before = of(&listed(&home), "empty-bin");
        assert_eq!(before["schedule"], before["default_schedule"], "{before}");
        assert_eq!(before["in_words"], "every day at 04:20");

        assert_eq!(home.done(&["job", "run", "empty-bin"]).trim(), "0 books deleted, 0 files removed");
        let history = home.json(&["job", "history", "empty-bin"]);
        let expected = if is_served { 1 } else { 2 };
        assert_eq!(history.as_array().unwrap().len(), expected, "{history}");
        assert_eq!((&history[0]["succeeded"], &history[0]["by_hand"]), (&json!(true), &json!(true)), "{history}");

        assert!(home.done(&["job", "schedule", "empty-bin", "0 0 3 * * Mon"]).contains("every Monday at 03:00"));
        assert_eq!(of(&listed(&home), "empty-bin")["schedule"], "0 0 3 * * Mon");
        assert!(home.done(&["job", "schedule", "empty-bin", "off"]).contains("off"));
        assert_eq!(of(&listed(&home), "empty-bin")["next_at"], json!(null), "it does not come by itself");

        let wrong = home.run(&["job", "schedule", "empty-bin", "at night"]);
        assert!(wrong.code == Some(1) && wrong.err.contains("0 30 4 * * *"), "{wrong:?}");
        let unknown = home.run(&["job", "run", "nothing"]);
        assert!(unknown.code == Some(1) && unknown.err.contains("empty-bin"), "{unknown:?}");
        home.done(&["job", "schedule", "empty-bin", "default"]);
        if is_served {
            program.signal("TERM");
            assert!(program.wait(std::time::Duration::from_secs(20)).0.success());
        }
    }
}

#[test]
fn a_job_that_waits_for_sockets_runs_without_a_server_too() {
    let home = Home::new();
    home.done(&["book", "add", &home.file("a.txt", "《书》\n\n第一章\n\n正文。".as_bytes()).display().to_string()]);
    assert_eq!(home.done(&["job", "run", "bounces"]).trim(), "there is no [push.inbox]");
}
