//! What a campaign counted, and the table of it.

use std::collections::BTreeMap;
use std::fmt;

use super::oracle::{Broken, Violation};
use super::recoveries::Recovery;

/// Counts of one campaign, or of several.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Starts that ended in a kill, or should have.
    pub rounds: u64,
    /// Kills at a time after the start.
    pub kills_after_start: u64,
    /// Kills after some requests.
    pub kills_after_requests: u64,
    /// Kills while the journal hung in the disk.
    pub kills_on_a_slow_disk: u64,
    /// Kills at fault points.
    pub kills_at: BTreeMap<&'static str, u64>,
    /// Those of them that left half of what was being written.
    pub torn_writes: u64,
    /// Drained daemons whose journal and store were looked at whole.
    pub looks: u64,
    /// Items shown by the feeds.
    pub served: u64,
    /// Texts that must be stored and are, once.
    pub stored: u64,
    /// Records in the store.
    pub records: u64,
    /// Records by verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// How often each way of putting right was taken.
    pub recoveries: BTreeMap<Recovery, u64>,
    /// Broken promises.
    pub broken: BTreeMap<Broken, u64>,
}

impl Figures {
    /// Adds another campaign's, and what it broke.
    pub fn add(&mut self, other: &Self, violations: &[Violation]) {
        self.rounds += other.rounds;
        self.kills_after_start += other.kills_after_start;
        self.kills_after_requests += other.kills_after_requests;
        self.kills_on_a_slow_disk += other.kills_on_a_slow_disk;
        self.torn_writes += other.torn_writes;
        self.looks += other.looks;
        self.served += other.served;
        self.stored += other.stored;
        self.records += other.records;
        for (point, times) in &other.kills_at {
            *self.kills_at.entry(point).or_default() += times;
        }
        for (verdict, times) in &other.verdicts {
            *self.verdicts.entry(verdict.clone()).or_default() += times;
        }
        for (recovery, times) in &other.recoveries {
            *self.recoveries.entry(*recovery).or_default() += times;
        }
        for violation in violations {
            *self.broken.entry(violation.kind).or_default() += 1;
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |what: &str, count: u64| writeln!(f, "{what:<44} {count:>9}");
        line("rounds", self.rounds)?;
        line("killed some time after the start", self.kills_after_start)?;
        line("killed after some requests", self.kills_after_requests)?;
        line("killed while the disk hung", self.kills_on_a_slow_disk)?;
        line("killed at a fault point", self.kills_at.values().sum())?;
        for (point, times) in &self.kills_at {
            line(&format!("  {point}"), *times)?;
        }
        line("  of these with half of the bytes written", self.torn_writes)?;
        line("drained and looked at whole", self.looks)?;
        line("items served", self.served)?;
        line("texts that must be stored and are", self.stored)?;
        line("records in the store", self.records)?;
        for (verdict, times) in &self.verdicts {
            line(&format!("  {verdict}"), *times)?;
        }
        for (recovery, _) in Recovery::ALL {
            let times = self.recoveries.get(&recovery).copied().unwrap_or(0);
            line(recovery.as_str(), times)?;
        }
        for (kind, name) in [
            (Broken::Lost, "lost"),
            (Broken::Twice, "twice"),
            (Broken::Damaged, "damaged"),
            (Broken::OutOfOrder, "out of order"),
            (Broken::FailedToOpen, "failed to open"),
            (Broken::Stuck, "stuck"),
            (Broken::Misbehaved, "misbehaved"),
            (Broken::NotReached, "fault points not reached"),
        ] {
            line(name, self.broken.get(&kind).copied().unwrap_or(0))?;
        }
        Ok(())
    }
}
