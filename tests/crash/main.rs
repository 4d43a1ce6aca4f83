//! Tries to make the program lose or repeat something: kills the real binary again and again, at chance moments and at
//! every fault point, and compares what it keeps with what was served. Run by
//! `cargo nextest run -p depeche --features failpoints --test crash`.

mod disk;
mod points;
mod power_cut;
mod rounds;
mod same_verdicts;

use std::path::PathBuf;

use depeche_testkit::breaker::{Campaign, Figures};

/// The binary under test: the one built with these tests, or that of `BREAKER_BINARY`.
fn binary() -> PathBuf {
    std::env::var_os("BREAKER_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_depeche").into(), PathBuf::from)
}

/// A campaign in a folder that is removed when nothing was broken.
struct Field {
    campaign: Campaign,
    folder: tempfile::TempDir,
    seed: u64,
}

impl Field {
    fn open(seed: u64) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("breaker-")
            .tempdir()
            .expect("a temporary folder");
        let campaign = Campaign::open(&binary(), folder.path(), seed).expect("a campaign");
        Self {
            campaign,
            folder,
            seed,
        }
    }

    /// Gives back the figures, and where the folder is kept if something was broken.
    fn close(self) -> (Figures, Option<(String, PathBuf)>) {
        let mut figures = Figures::default();
        figures.add(self.campaign.figures(), self.campaign.violations());
        if self.campaign.violations().is_empty() {
            return (figures, None);
        }
        let all = self.campaign.violations();
        let mut lines: Vec<String> = all
            .iter()
            .take(20)
            .map(|violation| format!("{:?}: {}\n", violation.kind, violation.what))
            .collect();
        lines.push(format!("{} in all\n", all.len()));
        let report = lines.concat();
        (figures, Some((report, self.folder.keep())))
    }

    /// Fails when something was broken.
    #[track_caller]
    fn must_hold(self, what: &str) -> Figures {
        let seed = self.seed;
        let (figures, broken) = self.close();
        if let Some((report, folder)) = broken {
            panic!(
                "{what}: BREAKER_SEED={seed}, all is kept in {}\n{report}",
                folder.display()
            );
        }
        figures
    }
}
