//! Random kills.

use depeche_disk::fault::POINTS;
use depeche_testkit::breaker::{Blow, Figures, command_of};
use depeche_testkit::prose::mix;

use crate::Field;

/// The seed of the environment, or one that is the same on every run.
pub(crate) fn seed(default: u64) -> u64 {
    let given = std::env::var("BREAKER_SEED").ok();
    let seed = given.and_then(|seed| seed.parse().ok()).unwrap_or(default);
    eprintln!("BREAKER_SEED={seed}");
    seed
}

/// The number of rounds in the environment, or a few.
pub(crate) fn rounds_wanted(default: u64) -> u64 {
    let given = std::env::var("BREAKER_ROUNDS").ok();
    given.and_then(|rounds| rounds.parse().ok()).unwrap_or(default)
}

#[test]
fn kill_9_at_60_moments_loses_and_repeats_nothing() {
    let mut field = Field::open(seed(20_260_201));
    for round in 0..60 {
        // One write that is torn at least, which chance alone hardly brings about.
        let blow = match round {
            20 => Blow::At {
                point: "journal.append.write",
                passes: 3,
                action: "torn",
            },
            _ => field.campaign.any_blow(&[]),
        };
        field.campaign.round(&blow).expect("a round");
        if round % 20 == 19 {
            field.campaign.drain().expect("drained");
        }
    }
    let vacuous = field.campaign.vacuous();
    let figures = field.must_hold("60 kills");
    eprintln!("{figures}");
    assert!(vacuous.is_empty(), "the run did not meet {vacuous:?}\n{figures}");
}

/// As many rounds as `BREAKER_ROUNDS` says, in campaigns of a hundred; `scripts/torture` runs this.
#[test]
#[ignore = "scripts/torture runs it"]
fn torture() {
    let rounds = rounds_wanted(100);
    let first_seed = seed(u64::from(std::process::id()));
    let mut sum = Figures::default();
    let mut failed = Vec::new();
    let mut done = 0;
    let daemons: Vec<_> = POINTS
        .iter()
        .copied()
        .filter(|point| command_of(point).is_none())
        .collect();
    while done < rounds {
        // The first campaign's seed is the one that was given.
        let seed = if done == 0 {
            first_seed
        } else {
            mix("campaign", first_seed ^ done)
        };
        let mut field = Field::open(seed);
        let campaign = CAMPAIGN.min(rounds - done);
        for round in 1..=campaign {
            let points = if round > COMMANDS_UP_TO { &daemons } else { POINTS };
            let blow = field.campaign.any_blow(points);
            field.campaign.round(&blow).expect("a round");
            spoil(&mut field, round);
            if round % LOOK_EVERY == 0 || round == campaign {
                field.campaign.drain().expect("drained");
            }
            if !field.campaign.violations().is_empty() {
                break;
            }
        }
        done += campaign;
        let (figures, broken) = field.close();
        sum.add(&figures, &[]);
        for (kind, times) in figures.broken {
            *sum.broken.entry(kind).or_default() += times;
        }
        eprintln!(
            "{done} of {rounds}: seed {seed}, {} broken",
            broken.iter().count()
        );
        if let Some((report, folder)) = broken {
            eprintln!("{report}kept in {}", folder.display());
            failed.push(seed);
        }
    }
    println!("{sum}");
    assert!(
        failed.is_empty(),
        "something was broken; BREAKER_SEED and one of {failed:?} shows it again"
    );
}

/// What chance brings about too seldom: sled's half-written snapshot, and a file of sled's that lost its end.
fn spoil(field: &mut Field, round: u64) {
    let store = field.campaign.program().folder().join("data/store");
    let db = store.join("db");
    let Ok(file) = std::fs::File::options().write(true).open(&db) else {
        return;
    };
    match round % LOOK_EVERY {
        9 => std::fs::write(store.join("snap.0000000000000042.generating"), b"half").expect("written"),
        17 => {
            let length = file.metadata().expect("its length").len();
            file.set_len(field.campaign.throw(length.max(1))).expect("cut");
        }
        _ => {}
    }
}

/// Rounds on one data folder: a start takes the longer, the more the store holds.
const CAMPAIGN: u64 = 100;

/// Commands that go through the whole journal are killed while it is short.
const COMMANDS_UP_TO: u64 = 20;

/// Rounds from one look at everything to the next. In between nothing opens the store but the daemon that is killed.
const LOOK_EVERY: u64 = 25;
