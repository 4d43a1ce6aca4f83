//! Power cuts. The data folder is an ext4 file system in a file. After `kill -9` that file is copied at once: what is in the
//! copy is what had reached the disk. The copy takes the place of the original, is mounted (ext4 replays its own
//! journal), and the daemon starts on it.
//!
//! `commit=300` keeps ext4 from writing by its own timer, so only what the program synced is certain to be there. What must be
//! there: every answer whose validator came back before the kill, in the journal; after draining, all of that in the store.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use depeche_testkit::breaker::Recovery;

use crate::Field;
use crate::rounds::{rounds_wanted, seed};

/// Room for the journal and the store of a campaign.
const IMAGE_BYTES: u64 = 1 << 30;

/// Rounds from one look at everything to the next.
const LOOK_EVERY: u64 = 5;

/// A file system in a file, mounted; unmounted when dropped.
struct Disk {
    mounted_at: PathBuf,
    image: PathBuf,
    copies: u32,
}

fn must(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("{command:?}: {said}")))
}

impl Disk {
    fn make(folder: &Path, mounted_at: &Path) -> io::Result<Self> {
        let image = folder.join("disk-0.img");
        std::fs::File::create(&image)?.set_len(IMAGE_BYTES)?;
        must(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image))?;
        std::fs::create_dir_all(mounted_at)?;
        let disk = Self {
            mounted_at: mounted_at.to_owned(),
            image,
            copies: 0,
        };
        disk.mount()?;
        Ok(disk)
    }

    fn mount(&self) -> io::Result<()> {
        must(
            Command::new("mount")
                .args(["-o", "loop,commit=300"])
                .arg(&self.image)
                .arg(&self.mounted_at),
        )
    }

    /// Goes on with what had reached the disk.
    fn cut_power(&mut self) -> io::Result<()> {
        self.copies += 1;
        let copy = self.image.with_file_name(format!("disk-{}.img", self.copies));
        must(
            Command::new("cp")
                .arg("--sparse=always")
                .arg(&self.image)
                .arg(&copy),
        )?;
        must(Command::new("umount").arg(&self.mounted_at))?;
        std::fs::remove_file(&self.image)?;
        self.image = copy;
        self.mount()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(error) = must(Command::new("umount").arg(&self.mounted_at)) {
            eprintln!("{error}");
        }
    }
}

/// As many rounds as `BREAKER_ROUNDS` says; `scripts/power-cut` runs this, as root.
#[test]
#[ignore = "scripts/power-cut runs it, as root"]
fn power_cut() {
    let mut field = Field::open(seed(u64::from(std::process::id())));
    let data = field.campaign.program().folder().join("data");
    let outside = tempfile::tempdir().expect("a temporary folder");
    let mut disk = Disk::make(outside.path(), &data).expect("mkfs.ext4 and mount, as root");
    field.campaign.after_each_kill(move || disk.cut_power());
    let rounds = rounds_wanted(20);
    for round in 1..=rounds {
        let blow = field.campaign.any_blow(&[]);
        field.campaign.round(&blow).expect("a round");
        if round % LOOK_EVERY == 0 || round == rounds {
            field.campaign.drain().expect("drained");
        }
        let broken = field.campaign.violations().len();
        eprintln!("{round} of {rounds}: {blow:?}, {broken} broken");
        if broken > 0 {
            break;
        }
    }
    println!("{}", field.campaign.figures());
    let again = field
        .campaign
        .figures()
        .recoveries
        .get(&Recovery::Redelivered)
        .copied();
    // The disk is in the campaign's hands; it goes before its folder does.
    field.campaign.after_each_kill(|| Ok(()));
    field.must_hold("power cuts");
    assert!(
        again.unwrap_or(0) > 0,
        "nothing was owed after any cut: they show nothing"
    );
}
