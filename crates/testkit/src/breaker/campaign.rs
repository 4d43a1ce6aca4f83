//! Rounds: the daemon is started, killed somehow, looked at, and started again; at the end it drains and everything is
//! looked at.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::agency::Agency;
use super::figures::Figures;
use super::oracle::{Broken, Violation, Watched, examine};
use super::press::PAPERS;
use super::program::{Ended, PATIENCE, Program, Running};
use super::recoveries::{Recovery, recoveries};
use crate::prose::mix;

/// The commands that pass the points whose names begin so; the daemon passes all others.
const COMMANDS: [(&str, &[&str]); 1] = [("store.replace.", &["rebuild", "--log-format", "json"])];

/// The daemon.
pub const DAEMON: [&str; 3] = ["run", "--log-format", "json"];

/// The points at which half of the bytes can be left.
const WRITES: [&str; 1] = ["journal.append.write"];

/// How long a disk hangs: several polls of every feed.
const HANGS: Duration = Duration::from_secs(2);

/// Requests after which a point that was not passed will not be: a segment is full, and sealed, long before.
const REQUESTS_TO_A_POINT: u64 = 1_000;

/// The command that passes a point; none when the daemon does.
#[must_use]
pub fn command_of(point: &str) -> Option<&'static [&'static str]> {
    let found = COMMANDS.iter().find(|(prefix, _)| point.starts_with(prefix));
    found.map(|(_, arguments)| *arguments)
}

/// How a round ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blow {
    /// `kill -9` so long after the start, however far it is by then.
    AfterStart(Duration),
    /// `kill -9` so long after so many requests.
    AfterRequests(u64, Duration),
    /// `kill -9` while the journal, from its append after the `passes`th on, hangs in the disk. Polls go on
    /// meanwhile: no validator may be sent whose answer hangs with it.
    OnASlowDisk {
        /// How many appends pass unharmed.
        passes: u64,
    },
    /// The daemon kills itself at a fault point, when it passes it for the time after the `passes`th.
    At {
        /// The fault point.
        point: &'static str,
        /// How often it is passed unharmed.
        passes: u64,
        /// `kill`, or `torn`: half of the bytes are written before.
        action: &'static str,
    },
}

/// One data folder, its feeds, and the daemon that is killed again and again.
pub struct Campaign {
    program: Program,
    agency: Agency,
    watched: Watched,
    figures: Figures,
    violations: Vec<Violation>,
    undeliverable: u64,
    after_kill: Option<AfterKill>,
    seed: u64,
    throws: u64,
}

/// What the daemon says of a journal that has less than the store acknowledged.
const JOURNAL_LAGS: &str = "the journal ends before the store's checkpoint";

/// What is done between the kill and the first look.
type AfterKill = Box<dyn FnMut() -> io::Result<()>>;

impl Campaign {
    /// A campaign against `binary` in the empty folder `folder`.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub fn open(binary: &Path, folder: &Path, seed: u64) -> io::Result<Self> {
        let agency = Agency::open(seed);
        let program = Program::new(binary, folder, &agency.configuration())?;
        Ok(Self {
            program,
            agency,
            watched: Watched::default(),
            figures: Figures::default(),
            violations: Vec::new(),
            undeliverable: 0,
            after_kill: None,
            seed,
            throws: 0,
        })
    }

    /// The feeds.
    #[must_use]
    pub fn agency(&self) -> &Agency {
        &self.agency
    }

    /// The program, to be started in other ways.
    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }

    /// What was counted so far.
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// What was broken so far.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// A number below `bound` that the seed decides.
    pub fn throw(&mut self, bound: u64) -> u64 {
        self.throws += 1;
        mix("breaker", self.seed.wrapping_mul(0x1_0000_0001) ^ self.throws) % bound.max(1)
    }

    /// How a round may end: by chance, or at one of `points`.
    pub fn any_blow(&mut self, points: &[&'static str]) -> Blow {
        match self.throw(8) {
            0 if !points.is_empty() => Blow::OnASlowDisk {
                passes: 1 + self.throw(12),
            },
            1 | 2 => Blow::AfterStart(Duration::from_millis(self.throw(400))),
            3 | 4 if !points.is_empty() => {
                let point = points.get(self.throw(points.len() as u64) as usize).copied();
                self.blow_at(point.unwrap_or_default())
            }
            _ => {
                let requests = 1 + self.throw(40);
                Blow::AfterRequests(requests, Duration::from_micros(self.throw(40_000)))
            }
        }
    }

    /// A blow at a point, after a few passes. Where bytes are written it may leave half of them.
    pub fn blow_at(&mut self, point: &'static str) -> Blow {
        // A new segment, and its sealing, comes only once in many captures.
        let rare = point.starts_with("journal.se");
        let passes = match command_of(point) {
            Some(_) => 0,
            None => self.throw(if rare { 2 } else { 8 }),
        };
        let torn = WRITES.contains(&point) && self.throw(2) == 0;
        Blow::At {
            point,
            passes,
            action: if torn { "torn" } else { "kill" },
        }
    }

    /// One round.
    ///
    /// # Errors
    ///
    /// When the binary cannot be started or its files not be read.
    pub fn round(&mut self, blow: &Blow) -> io::Result<()> {
        self.figures.rounds += 1;
        self.agency.begin_round();
        let faults = match blow {
            Blow::At {
                point,
                passes: 0,
                action,
            } => Some(format!("{point}=1*return({action})")),
            Blow::At {
                point,
                passes,
                action,
            } => Some(format!("{point}={passes}*off->1*return({action})")),
            Blow::OnASlowDisk { passes } => {
                let hang = HANGS.as_millis();
                Some(format!("journal.append.write={passes}*off->sleep({hang})"))
            }
            Blow::AfterStart(_) | Blow::AfterRequests(..) => None,
        };
        let command = match blow {
            Blow::At { point, .. } => command_of(point),
            _ => None,
        };
        let arguments = command.unwrap_or(&DAEMON);
        let mut daemon = self.program.start(arguments, faults.as_deref())?;
        let ended = match blow {
            Blow::AfterStart(delay) => {
                std::thread::sleep(*delay);
                daemon.kill()?
            }
            Blow::OnASlowDisk { .. } => {
                if !self.agency.wait_for(1, patiently(&mut daemon)) && daemon.is_alive() {
                    self.broke(Broken::Stuck, format!("it asks nothing: {}", tail(&daemon.log())));
                }
                std::thread::sleep(HANGS / 4);
                daemon.kill()?
            }
            Blow::AfterRequests(requests, delay) => {
                let asked = self.agency.wait_for(*requests, patiently(&mut daemon));
                if !asked && daemon.is_alive() {
                    self.broke(Broken::Stuck, format!("it asks no more: {}", tail(&daemon.log())));
                }
                std::thread::sleep(*delay);
                daemon.kill()?
            }
            Blow::At { point, .. } => {
                let agency = &self.agency;
                let reached = wait(&mut daemon, || agency.served() < REQUESTS_TO_A_POINT);
                if reached {
                    daemon.wait()?
                } else {
                    self.broke(Broken::NotReached, *point);
                    daemon.kill()?
                }
            }
        };
        if let Some(after_kill) = &mut self.after_kill {
            after_kill()?;
        }
        self.settle(blow, &ended);
        let mut found = self.watched.look(&self.program, &self.agency)?;
        found.extend(self.watched.missing(&self.agency));
        // What is missing once is missing in every later round too.
        found.retain(|violation| !self.violations.contains(violation));
        self.violations.extend(found);
        Ok(())
    }

    fn settle(&mut self, blow: &Blow, ended: &Ended) {
        self.count(&ended.log);
        if let (false, Blow::At { point, .. }) = (ended.was_killed(), blow)
            && ended.status.code() == Some(0)
        {
            self.broke(Broken::NotReached, *point);
            return;
        }
        if !ended.was_killed() {
            let (status, words) = (ended.status, ended.last_words());
            self.broke(
                Broken::FailedToOpen,
                format!("it ended by itself, {status}: {words}"),
            );
            return;
        }
        match blow {
            Blow::AfterStart(_) => self.figures.kills_after_start += 1,
            Blow::AfterRequests(..) => self.figures.kills_after_requests += 1,
            Blow::OnASlowDisk { .. } => self.figures.kills_on_a_slow_disk += 1,
            Blow::At { point, action, .. } => {
                *self.figures.kills_at.entry(point).or_default() += 1;
                self.figures.torn_writes += u64::from(*action == "torn");
            }
        }
    }

    /// Runs the daemon with `faults` that it must live through, until all is asked for that the feeds show, pages too,
    /// which are asked for only when their feed is committed; then ends it by SIGTERM. One worker normalizes, so that
    /// the n-th passing of a point is always the same capture's.
    ///
    /// # Errors
    ///
    /// When the binary cannot be started.
    pub fn live_through(&mut self, faults: &str) -> io::Result<()> {
        self.figures.rounds += 1;
        self.agency.begin_round();
        self.agency.keep_quiet(true);
        let mut command = self.program.command(&DAEMON);
        command
            .env("FAILPOINTS", faults)
            .env("DEPECHE_NORMALIZE__WORKERS", "1");
        let mut daemon = self.program.start_as(command)?;
        let came_through = self
            .agency
            .wait_for(2 * PAPERS.len() as u64, patiently(&mut daemon))
            && self.agency.wait_until_all_is_acknowledged(patiently(&mut daemon))
            && self
                .agency
                .wait_until_all_pages_are_asked_for(patiently(&mut daemon))
            && outlives(&mut daemon, panics(faults));
        // All that may be over before anything is stored. The pages of one more item are asked for once it is stored, and
        // with it all that came before.
        self.agency.publish();
        let came_through = came_through
            && self
                .agency
                .wait_until_all_pages_are_asked_for(patiently(&mut daemon));
        if !came_through {
            let alive = daemon.is_alive();
            self.broke(
                Broken::Stuck,
                format!("it does not go on (alive: {alive}): {}", tail(&daemon.log())),
            );
        }
        self.rest(daemon);
        self.agency.keep_quiet(false);
        Ok(())
    }

    /// Runs the daemon with `faults` until it ends by itself, and gives back how. When it does not, something is
    /// broken.
    ///
    /// # Errors
    ///
    /// When the binary cannot be started.
    pub fn end_by(&mut self, faults: &str) -> io::Result<Ended> {
        self.figures.rounds += 1;
        self.agency.begin_round();
        let mut daemon = self.program.start(&DAEMON, Some(faults))?;
        let agency = &self.agency;
        let ended = if wait(&mut daemon, || agency.served() < REQUESTS_TO_A_POINT) {
            daemon.wait()?
        } else {
            self.broke(Broken::NotReached, faults);
            daemon.kill()?
        };
        self.count(&ended.log);
        Ok(ended)
    }

    /// SIGTERM, which must end it cleanly.
    fn rest(&mut self, daemon: Running) {
        match daemon.terminate() {
            Ok(ended) => {
                self.count(&ended.log);
                if ended.status.code() != Some(0) {
                    let (status, words) = (ended.status, ended.last_words());
                    self.broke(Broken::FailedToOpen, format!("SIGTERM: {status}: {words}"));
                }
            }
            Err(error) => self.broke(Broken::Stuck, format!("SIGTERM: {error}")),
        }
    }

    /// Has something done after every kill, before anything is looked at: a power cut, say.
    pub fn after_each_kill(&mut self, done: impl FnMut() -> io::Result<()> + 'static) {
        self.after_kill = Some(Box::new(done));
    }

    /// So many captures may have been given up, since a stage breaks on them.
    pub fn allow_undeliverable(&mut self, captures: u64) {
        self.undeliverable = captures;
    }

    /// Lets the daemon come to rest: nothing new is published any more, everything is asked for, and SIGTERM ends it;
    /// then looks at everything.
    ///
    /// # Errors
    ///
    /// When the binary cannot be started or its files not be read.
    pub fn drain(&mut self) -> io::Result<()> {
        self.agency.begin_round();
        // A fresh item in every paper: it must come through too.
        self.agency.publish();
        self.agency.keep_quiet(true);
        let mut daemon = self.program.start(&DAEMON, None)?;
        let rested = self.agency.wait_until_all_is_acknowledged(patiently(&mut daemon));
        if !rested {
            self.broke(
                Broken::Stuck,
                format!("a fresh item was not taken in: {}", tail(&daemon.log())),
            );
        }
        self.rest(daemon);
        // The pages that SIGTERM left owed.
        let once = self.program.run(&["run", "--once", "--log-format", "json"])?;
        self.count(&once.stderr);
        if once.code != Some(0) {
            self.broke(
                Broken::FailedToOpen,
                format!("run --once: exit {:?}: {}", once.code, tail(&once.stderr)),
            );
        }
        let (held, found) = examine(&self.program, &self.agency, self.undeliverable)?;
        self.violations.extend(found);
        self.figures.looks += 1;
        self.figures.served = self.agency.items_served();
        self.figures.stored = held.stored;
        self.figures.records = held.records;
        self.figures.verdicts = held.verdicts;
        self.agency.keep_quiet(false);
        // What was given up because of a fault that is gone is taken in by rebuilding.
        if self.undeliverable == 0 {
            self.rebuild_and_compare()?;
        }
        Ok(())
    }

    /// The store made again from the journal must be the same, line by line: whatever was killed in between, the order in
    /// which captures were decided is the journal's.
    fn rebuild_and_compare(&mut self) -> io::Result<()> {
        let export = ["export", "--all"];
        let before = self.program.run(&export)?;
        let rebuilt = self.program.run(&["rebuild"])?;
        let after = self.program.run(&export)?;
        if rebuilt.code != Some(0) {
            self.broke(
                Broken::FailedToOpen,
                format!("rebuild: exit {:?}: {}", rebuilt.code, tail(&rebuilt.stderr)),
            );
        }
        if before.stdout != after.stdout {
            let differs = before
                .stdout
                .lines()
                .zip(after.stdout.lines())
                .position(|(before, after)| before != after);
            self.broke(
                Broken::OutOfOrder,
                format!("the rebuilt store differs, first in line {differs:?} of the export"),
            );
        }
        for entry in std::fs::read_dir(self.program.folder().join("data"))? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().contains(".replaced-") {
                std::fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// Adds the ways of putting right that a log tells of.
    pub fn count(&mut self, log: &str) {
        if log.contains(JOURNAL_LAGS) {
            self.broke(Broken::Lost, format!("{JOURNAL_LAGS}: {}", tail(log)));
        }
        for (recovery, times) in recoveries(log) {
            *self.figures.recoveries.entry(recovery).or_default() += times;
        }
    }

    /// Notes a broken promise.
    pub fn broke(&mut self, kind: Broken, what: impl Into<String>) {
        self.violations.push(Violation::new(kind, what));
    }

    /// What a campaign must have met, or it has shown nothing: what of it is missing.
    #[must_use]
    pub fn vacuous(&self) -> Vec<&'static str> {
        let figures = &self.figures;
        let met = |recovery| figures.recoveries.get(&recovery).copied().unwrap_or(0) > 0;
        let verdict = |name: &str| figures.verdicts.get(name).copied().unwrap_or(0) > 0;
        [
            (met(Recovery::Redelivered), "a capture delivered again"),
            (met(Recovery::TornEnd), "a torn end of the journal"),
            (met(Recovery::PagesResumed), "a page ordered again"),
            (verdict("exact"), "a duplicate"),
            (verdict("revision"), "a revision"),
        ]
        .into_iter()
        .filter_map(|(met, what)| (!met).then_some(what))
        .collect()
    }
}

/// Whether the daemon ended by itself while `has_hope` said so, and in time.
fn wait(daemon: &mut Running, has_hope: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while daemon.is_alive() {
        if !has_hope() || begun.elapsed() > PATIENCE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// How often `faults` has a stage panic: `deduplicator.decide=5*panic`.
fn panics(faults: &str) -> usize {
    let times = faults
        .split("*panic")
        .next()
        .filter(|_| faults.contains("*panic"));
    let number = times.and_then(|times| times.rsplit(['=', '>']).next());
    number.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

/// Waits for so many panics; whether the daemon is there after them.
fn outlives(daemon: &mut Running, panics: usize) -> bool {
    let begun = Instant::now();
    while daemon.log().matches("panicked at").count() < panics {
        if !daemon.is_alive() || begun.elapsed() > PATIENCE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// Goes on while the daemon lives and patience lasts.
fn patiently(daemon: &mut Running) -> impl FnMut() -> bool {
    let begun = Instant::now();
    move || daemon.is_alive() && begun.elapsed() < PATIENCE
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines
        .get(lines.len().saturating_sub(4)..)
        .unwrap_or_default()
        .join("\n")
}
