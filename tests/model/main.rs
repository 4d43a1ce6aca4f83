//! A model of poll, append, commit, crash and replay, small enough for every run of it to be looked at.
//!
//! One feed, of which the last [`WINDOW`] entries show; a journal whose last record may not be synced yet; a line of
//! deliveries; a store whose last commit may not be synced yet; crashes and lost deliveries at any moment. The model checker
//! (stateright) walks through every reachable state and checks
//!
//! - **P1, P2** nothing lost: what stood in an answer whose validators may be sent back is stored or owed;
//! - **P3** nothing twice: no entry is stored as new a second time;
//! - that a settled capture is in the store, on the disk;
//! - that these are not true for want of crashes: states with a replay and with everything stored are reached.
//!
//! Each rule of the real program that the proof rests on can be broken here, and the checker then finds the loss.

use stateright::{Checker as _, Model, Property};

/// Entries that are published in all.
const ENTRIES: u8 = 4;

/// Entries that a feed shows.
const WINDOW: u8 = 2;

/// Crashes and lost deliveries in one run.
const MISHAPS: u8 = 3;

/// What the proof rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// A feed's validators are stored with its entries, not when they arrive.
    ValidatorsWithEntries,
    /// A capture is delivered after the journal is synced, not before.
    DeliverAfterSync,
    /// A capture is settled after the store is synced, not before.
    SettleAfterSync,
    /// The deduplicator starts again from the store when deliveries are repeated.
    RestoreBeforeRedelivery,
    /// What is lost takes along what is behind it.
    KeepOrder,
}

/// The program, whole or without one of its rules.
#[derive(Debug, Clone, Copy)]
struct Program {
    without: Option<Rule>,
}

impl Program {
    fn keeps(self, rule: Rule) -> bool {
        self.without != Some(rule)
    }
}

/// An answer, named by how many entries were published: its validators and its window follow from that.
type Version = u8;

fn window(version: Version) -> std::ops::RangeInclusive<u8> {
    version.saturating_sub(WINDOW) + 1..=version
}

/// What a power cut leaves, or may leave.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Store {
    /// How often each entry was stored as new.
    stored: [u8; ENTRIES as usize],
    /// The captures that are committed, by number.
    committed: Vec<bool>,
    /// What is sent back at the first poll after a start.
    validators: Version,
}

/// A capture on its way, decided or not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct InFlight {
    capture: usize,
    /// The entries that the deduplicator takes for new.
    decided: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct State {
    published: Version,
    /// The journal; `synced` of its records are on the disk.
    journal: Vec<Version>,
    synced: usize,
    disk: Store,
    /// The store with a commit that is not synced, and whether it was settled already.
    unsynced: Option<Store>,
    settled: Vec<bool>,
    /// The program's memory; lost in a crash.
    running: bool,
    validators: Version,
    known: Vec<u8>,
    line: Vec<InFlight>,
    mishaps: u8,
    replays: u8,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    Publish,
    Poll,
    SyncJournal,
    Decide,
    Apply,
    SyncStore,
    Lose(usize),
    Crash,
    Start,
}

impl State {
    /// What the program sees of the store: its own writes, synced or not.
    fn view(&self) -> &Store {
        self.unsynced.as_ref().unwrap_or(&self.disk)
    }

    /// A stage loses a delivery: what is before it goes on, what is behind is lost with it, and delivered again in order.
    fn lose(&mut self, at: usize, program: Program) {
        if !program.keeps(Rule::KeepOrder) {
            let lost = self.line.remove(at);
            self.line.push(in_flight(lost.capture));
            return;
        }
        let before: Vec<_> = self.line.drain(..at).collect();
        for item in before {
            let Some(new) = item.decided else { continue };
            self.disk.committed.resize(self.journal.len(), false);
            for entry in new {
                self.disk.stored[usize::from(entry) - 1] += 1;
            }
            self.disk.committed[item.capture] = true;
            self.disk.validators = self.disk.validators.max(self.journal[item.capture]);
            self.settled[item.capture] = true;
        }
        self.redeliver(program);
    }

    /// Delivers whatever the journal has and the store has not, as a start or a setback does.
    fn redeliver(&mut self, program: Program) {
        let committed = self.view().committed.clone();
        let is_committed = |capture: &usize| committed.get(*capture) == Some(&true);
        let owed: Vec<usize> = (0..self.synced)
            .filter(|capture| !is_committed(capture))
            .collect();
        if !owed.is_empty() {
            self.replays = 1;
        }
        self.line = owed.into_iter().map(in_flight).collect();
        if program.keeps(Rule::RestoreBeforeRedelivery) {
            self.known = stored_entries(self.view());
        }
    }
}

fn in_flight(capture: usize) -> InFlight {
    InFlight {
        capture,
        decided: None,
    }
}

fn stored_entries(store: &Store) -> Vec<u8> {
    (1..=ENTRIES)
        .filter(|entry| store.stored[usize::from(*entry) - 1] > 0)
        .collect()
}

impl Model for Program {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            running: true,
            ..State::default()
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.published < ENTRIES {
            actions.push(Action::Publish);
        }
        if !state.running {
            actions.push(Action::Start);
            return;
        }
        // Polls are one at a time, and answered 304 when nothing is new.
        if state.journal.len() == state.synced && state.published > state.validators {
            actions.push(Action::Poll);
        }
        if state.journal.len() > state.synced {
            actions.push(Action::SyncJournal);
        }
        if state.line.iter().any(|item| item.decided.is_none()) {
            actions.push(Action::Decide);
        }
        if state.unsynced.is_none() && state.line.first().is_some_and(|item| item.decided.is_some()) {
            actions.push(Action::Apply);
        }
        if state.unsynced.is_some() {
            actions.push(Action::SyncStore);
        }
        if state.mishaps < MISHAPS {
            actions.push(Action::Crash);
            // What the store has in hand cannot be lost by a stage before it.
            if state.unsynced.is_none() {
                actions.extend((0..state.line.len()).map(Action::Lose));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Publish => state.published += 1,
            Action::Poll => {
                state.journal.push(state.published);
                state.settled.push(false);
                if !self.keeps(Rule::ValidatorsWithEntries) {
                    state.disk.validators = state.published;
                }
                if !self.keeps(Rule::DeliverAfterSync) {
                    state.line.push(in_flight(state.journal.len() - 1));
                    state.validators = state.published;
                }
            }
            Action::SyncJournal => {
                state.synced += 1;
                if self.keeps(Rule::DeliverAfterSync) {
                    state.line.push(in_flight(state.synced - 1));
                    state.validators = *state.journal.last()?;
                }
            }
            Action::Decide => {
                let version_of = state.journal.clone();
                let item = state.line.iter_mut().find(|item| item.decided.is_none())?;
                let new: Vec<u8> = window(*version_of.get(item.capture)?)
                    .filter(|entry| !state.known.contains(entry))
                    .collect();
                state.known.extend(&new);
                state.known.sort_unstable();
                item.decided = Some(new);
            }
            Action::Apply => {
                let item = state.line.remove(0);
                let mut store = state.disk.clone();
                for entry in item.decided? {
                    store.stored[usize::from(entry) - 1] += 1;
                }
                store
                    .committed
                    .resize(state.journal.len().max(store.committed.len()), false);
                store.committed[item.capture] = true;
                store.validators = store.validators.max(*state.journal.get(item.capture)?);
                if !self.keeps(Rule::SettleAfterSync) {
                    state.settled[item.capture] = true;
                }
                state.unsynced = Some(store);
            }
            Action::SyncStore => {
                state.disk = state.unsynced.take()?;
                for (capture, _) in state.disk.committed.iter().enumerate().filter(|(_, c)| **c) {
                    state.settled[capture] = true;
                }
            }
            Action::Lose(at) => {
                state.mishaps += 1;
                state.lose(at, *self);
            }
            Action::Crash => {
                state.mishaps += 1;
                state.running = false;
                state.journal.truncate(state.synced);
                state
                    .settled
                    .truncate(state.synced.max(state.disk.committed.len()));
                state.unsynced = None;
                state.line.clear();
                state.known.clear();
                state.validators = 0;
            }
            Action::Start => {
                state.running = true;
                state.known = stored_entries(&state.disk);
                state.redeliver(*self);
                // The first poll waits until what is owed is committed; until then these stand in for it.
                let owed = state
                    .line
                    .iter()
                    .filter_map(|item| state.journal.get(item.capture))
                    .max();
                state.validators = state.disk.validators.max(owed.copied().unwrap_or(0));
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing is lost", |_, state: &State| {
                let sent_back = if state.running {
                    state.validators
                } else {
                    state.disk.validators
                };
                // What stood in an answer that may be confirmed by a 304 is stored, or owed by the journal.
                (1..=sent_back).all(|version| {
                    let was_answered = state.journal.contains(&version) || version == sent_back;
                    !was_answered
                        || window(version).all(|entry| {
                            let stored = state.disk.stored[usize::from(entry) - 1] > 0;
                            let owed = (0..state.synced).any(|capture| {
                                state.disk.committed.get(capture) != Some(&true)
                                    && window(state.journal[capture]).contains(&entry)
                            });
                            stored || owed
                        })
                })
            }),
            Property::always("nothing is stored twice", |_, state: &State| {
                state.view().stored.iter().all(|count| *count <= 1)
            }),
            Property::always("what is settled is on the disk", |_, state: &State| {
                state
                    .settled
                    .iter()
                    .enumerate()
                    .all(|(capture, settled)| !settled || state.disk.committed.get(capture) == Some(&true))
            }),
            Property::sometimes("a crash leads to a replay", |_, state: &State| {
                state.replays > 0 && state.mishaps > 0
            }),
            Property::sometimes("everything is stored after every mishap", |_, state: &State| {
                state.mishaps == MISHAPS && state.disk.stored.iter().all(|count| *count == 1)
            }),
        ]
    }
}

#[test]
fn no_run_loses_or_repeats_anything() {
    let checked = Program { without: None }.checker().spawn_bfs().join();
    eprintln!("{} states", checked.unique_state_count());
    checked.assert_properties();
}

/// Breaks one rule; the checker must find a run that breaks one of these promises.
#[track_caller]
fn finds(rule: Rule, promises: &'static [&'static str]) {
    let without = Some(rule);
    let checked = Program { without }.checker().spawn_bfs().join();
    let broken = promises
        .iter()
        .filter(|promise| checked.discovery(promise).is_some());
    assert_ne!(broken.count(), 0, "none of {promises:?} was found broken");
}

#[test]
fn validators_saved_before_their_entries_lose_them() {
    finds(Rule::ValidatorsWithEntries, &["nothing is lost"]);
}

#[test]
fn delivering_before_the_journal_is_synced_loses() {
    finds(Rule::DeliverAfterSync, &["nothing is lost"]);
}

#[test]
fn settling_before_the_store_is_synced_settles_what_is_lost() {
    finds(Rule::SettleAfterSync, &["what is settled is on the disk"]);
}

#[test]
fn a_deduplicator_that_knows_more_than_the_store_loses() {
    finds(Rule::RestoreBeforeRedelivery, &["nothing is lost"]);
}

#[test]
fn overtaking_what_was_lost_is_found() {
    finds(Rule::KeepOrder, &["nothing is lost", "nothing is stored twice"]);
}
