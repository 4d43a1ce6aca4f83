//! Every fault point, one after the other.

use std::time::{Duration, Instant};

use depeche_disk::fault::POINTS;

use depeche_testkit::breaker::{Blow, Recovery, command_of};

use crate::Field;

/// Generous: it only ends what hangs.
const PATIENCE: Duration = Duration::from_mins(2);

#[test]
fn dying_at_any_fault_point_loses_and_repeats_nothing() {
    let mut broken = Vec::new();
    for (seed, point) in (1..).zip(POINTS) {
        let mut field = Field::open(seed);
        if command_of(point).is_some() {
            // A command works on what a daemon has left.
            let kill = Blow::AfterRequests(30, Duration::ZERO);
            field.campaign.round(&kill).expect("a round");
        }
        let blow = field.campaign.blow_at(point);
        field.campaign.round(&blow).expect("a round");
        field.campaign.drain().expect("drained");
        if let (_, Some((report, folder))) = field.close() {
            broken.push(format!("{blow:?}\n{report}kept in {}\n", folder.display()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.concat());
}

#[test]
fn a_stage_that_panics_once_loses_nothing() {
    for point in ["normalizer.work", "deduplicator.decide"] {
        let mut field = Field::open(41);
        let faults = format!("{point}=4*off->1*panic");
        field.campaign.live_through(&faults).expect("a round");
        field.campaign.drain().expect("drained");
        let figures = field.must_hold(&faults);
        assert_eq!(
            figures.recoveries.get(&Recovery::LostWithinTheRun),
            Some(&1),
            "{faults}"
        );
    }
}

#[test]
fn a_capture_on_which_a_stage_panics_five_times_is_given_up_and_nothing_else() {
    // The deduplicator takes one capture after the other, so five panics in a row are those of the first one. The
    // normalizer's workers take the next while the first one's loss is told.
    let mut field = Field::open(42);
    field.campaign.allow_undeliverable(1);
    field
        .campaign
        .live_through("deduplicator.decide=5*panic")
        .expect("a round");
    field.campaign.drain().expect("drained");
    let figures = field.must_hold("five panics");
    assert_eq!(figures.recoveries.get(&Recovery::LostWithinTheRun), Some(&4));
}

#[test]
fn no_validator_is_sent_while_its_answer_hangs_in_the_disk() {
    let mut field = Field::open(43);
    for passes in [1, 4, 9] {
        let blow = Blow::OnASlowDisk { passes };
        field.campaign.round(&blow).expect("a round");
    }
    field.campaign.drain().expect("drained");
    field.must_hold("a slow disk");
}

#[test]
fn sigterm_while_a_capture_is_tried_again_ends_cleanly() {
    let mut field = Field::open(44);
    let faults = Some("deduplicator.decide=panic");
    let daemon = field
        .campaign
        .program()
        .start(&["run", "--log-format", "json"], faults)
        .expect("it starts");
    let begun = Instant::now();
    while !daemon.log().contains("a delivery was lost") {
        assert!(begun.elapsed() < PATIENCE, "nothing was lost");
        std::thread::sleep(Duration::from_millis(5));
    }
    let ended = daemon.terminate().expect("it ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.last_words());
    field.campaign.drain().expect("drained");
    field.must_hold("SIGTERM between two deliveries");
}
