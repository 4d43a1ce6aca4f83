//! Which ways of putting things right a daemon took, as its log tells.

use std::collections::BTreeMap;

use serde_json::Value;

/// A way of putting right what a crash left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recovery {
    /// The torn end of the journal was set aside.
    TornEnd,
    /// A half-written snapshot of the store was removed.
    HalfSnapshot,
    /// The store was set aside and made again from the journal.
    Rebuilt,
    /// Captures were owed and delivered again.
    Redelivered,
    /// A delivery was lost within the run and delivered again.
    LostWithinTheRun,
    /// Pages were owed and ordered again.
    PagesResumed,
}

impl Recovery {
    /// Every way, with the words of the log that tell of it.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::TornEnd, "the journal's torn end was set aside"),
        (Self::HalfSnapshot, "removing a half-written snapshot"),
        (Self::Rebuilt, "rebuilt from the journal"),
        (Self::Redelivered, "the journal owes the store captures"),
        (Self::LostWithinTheRun, "a delivery was lost"),
        (Self::PagesResumed, "an earlier run left pages owed"),
    ];

    /// What tables call it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TornEnd => "torn end of the journal set aside",
            Self::HalfSnapshot => "half-written snapshot removed",
            Self::Rebuilt => "store set aside and made again",
            Self::Redelivered => "owed captures delivered again",
            Self::LostWithinTheRun => "lost delivery repeated within a run",
            Self::PagesResumed => "owed pages ordered again",
        }
    }
}

/// How often each way was taken, by the lines of a log.
#[must_use]
pub fn recoveries(log: &str) -> BTreeMap<Recovery, u64> {
    let mut found = BTreeMap::new();
    for line in log.lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let message = line["fields"]["message"].as_str().unwrap_or_default();
        for (recovery, words) in Recovery::ALL {
            if message.contains(words) {
                *found.entry(recovery).or_default() += 1;
            }
        }
    }
    found
}
