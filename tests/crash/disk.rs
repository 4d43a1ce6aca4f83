//! A disk that fails: writes that are refused, files that are cut or changed, a folder that cannot be written. The program
//! says which file and ends with a documented code, or puts it right by itself; and nothing that was acknowledged is
//! lost once the fault is gone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use depeche_testkit::breaker::{Blow, Recovery};

use crate::Field;

/// A data folder with a few hundred records, drained and found whole.
fn filled(seed: u64) -> Field {
    let mut field = Field::open(seed);
    for requests in [60, 60] {
        let kill = Blow::AfterRequests(requests, Duration::ZERO);
        field.campaign.round(&kill).expect("a round");
    }
    field.campaign.drain().expect("drained");
    field
}

fn data(field: &mut Field) -> PathBuf {
    field.campaign.program().folder().join("data")
}

/// The files of a folder that are named so, in order.
fn files(folder: &Path, named: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| named(&name.to_string_lossy()))
        })
        .collect();
    found.sort();
    found
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).expect("read");
    bytes[at] ^= 0b1000;
    std::fs::write(path, bytes).expect("written");
}

fn cut(path: &Path, length: usize) {
    let file = std::fs::File::options().write(true).open(path).expect("opened");
    file.set_len(length as u64).expect("cut");
}

fn length(path: &Path) -> usize {
    std::fs::metadata(path).expect("a file").len() as usize
}

#[test]
fn a_disk_that_is_full_for_a_while_is_waited_out() {
    for faults in [
        "journal.append.write=4*off->2*return(enospc)",
        "journal.append.write=4*off->2*return(short)",
    ] {
        let mut field = Field::open(51);
        field.campaign.live_through(faults).expect("a round");
        field.campaign.drain().expect("drained");
        field.must_hold(faults);
    }
}

#[test]
fn a_write_or_sync_that_fails_for_good_ends_the_daemon_and_loses_nothing() {
    for (faults, file) in [
        ("journal.append.written=4*off->1*return(eio)", "journal/depeche-"),
        // What sled could not write once it does not write again: only a new start helps.
        ("store.commit.apply=4*off->1*return(enospc)", "data/store"),
        ("store.commit.flushed=4*off->1*return(eio)", "data/store"),
    ] {
        let mut field = Field::open(52);
        let ended = field.campaign.end_by(faults).expect("ended");
        let words = ended.last_words();
        assert_eq!(ended.status.code(), Some(1), "{faults}: {words}");
        assert!(
            words.contains("error: ") && words.contains(file),
            "{faults}: {words}"
        );
        assert!(!ended.log.contains("panicked"), "{faults}: {}", ended.log);
        field.campaign.drain().expect("drained");
        field.must_hold(faults);
    }
}

#[test]
fn a_flipped_bit_in_an_old_segment_is_told_and_harms_nothing_that_is_stored() {
    let mut field = filled(53);
    let journal = data(&mut field).join("journal");
    let segment = files(&journal, |name| name.contains(".warc")).remove(0);
    let whole = std::fs::read(&segment).expect("read");
    flip(&segment, whole.len() / 2);

    let verified = field.campaign.program().run(&["verify"]).expect("ran");
    assert_eq!(verified.code, Some(12), "{}{}", verified.stdout, verified.stderr);
    let name = segment
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let told = verified.stdout + &verified.stderr;
    assert!(told.contains(&name), "{told}");

    // The daemon goes on, and what it stored stays.
    field.campaign.live_through("").expect("a round");
    std::fs::write(&segment, whole).expect("put back");
    field.campaign.drain().expect("drained");
    field.must_hold("a flipped bit in an old segment");
}

#[test]
fn the_newest_segment_cut_into_what_was_settled_is_refused_and_not_touched() {
    let mut field = filled(54);
    let journal = data(&mut field).join("journal");
    // Sealed ones go on behind it: `.warc.gz`.
    let segment = files(&journal, |name| {
        name.split_once('.').is_some_and(|(_, form)| form == "warc")
    })
    .pop()
    .expect("a plain one");
    let whole = std::fs::read(&segment).expect("read");
    cut(&segment, whole.len() - 200);

    let ended = field.campaign.end_by("").expect("ended");
    let name = segment
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    assert_eq!(ended.status.code(), Some(12), "{}", ended.log);
    assert!(ended.last_words().contains(&name), "{}", ended.log);
    assert_eq!(length(&segment), whole.len() - 200, "nothing is cut off");

    std::fs::write(&segment, whole).expect("put back");
    field.campaign.drain().expect("drained");
    field.must_hold("the newest segment was cut");
}

#[test]
fn a_store_that_is_cut_or_changed_anywhere_comes_back_whole() {
    let mut field = filled(55);
    let store = data(&mut field).join("store");
    let db = store.join("db");
    let mut rebuilt = 0;
    for fifth in 1..5 {
        for change in [flip, cut] {
            // sled makes room ahead: what is behind the last written byte is no part of the store.
            let bytes = std::fs::read(&db).expect("read");
            let used = bytes.iter().rposition(|byte| *byte != 0).expect("not empty");
            change(&db, used * fifth / 5);
            field.campaign.drain().expect("drained");
            let times = field
                .campaign
                .figures()
                .recoveries
                .get(&Recovery::Rebuilt)
                .copied();
            rebuilt = times.unwrap_or(0);
        }
    }
    field.must_hold("the store was cut and changed");
    assert!(rebuilt >= 4, "a store that is cut is made again: {rebuilt}");
}

#[test]
fn a_half_written_snapshot_is_removed() {
    let mut field = filled(56);
    let half = data(&mut field).join("store/snap.0000000000000042.generating");
    std::fs::write(&half, b"half").expect("written");
    field.campaign.drain().expect("drained");
    let figures = field.must_hold("a half-written snapshot");
    assert_eq!(figures.recoveries.get(&Recovery::HalfSnapshot), Some(&1));
    assert!(!half.exists());
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named_and_left_as_it_is() {
    let mut field = filled(57);
    // Mode bits do not stop root; a mount that is read-only does.
    let script = "mount --bind data data && mount -o remount,ro,bind data || exit 200\n\
                  \"$0\" run; code=$?; umount data; exit $code";
    let mut command = field
        .campaign
        .program()
        .command_through("unshare", &["--mount", "--map-root-user", "sh", "-c", script]);
    let output = command.output();
    let refused = output
        .as_ref()
        .map_or(true, |output| output.status.code() == Some(200))
        || output
            .as_ref()
            .is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("unshare failed"));
    if refused {
        eprintln!("not run: this user may not mount in a namespace of its own");
        return;
    }
    let output = output.expect("checked above");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: ") && said.contains("data/"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    field.campaign.drain().expect("drained");
    field.must_hold("a data folder that cannot be written");
}
