//! A disk that fills up: a command says so and ends, the daemon waits; nothing is lost. The disk is a tmpfs in a mount
//! namespace of its own, so that no test sees another's.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use depeche_testkit::{Newsroom, Origin};

use crate::support::{Depeche, PATIENCE, ask, ran, wait_until, with_good, without_configuration};

/// Files for a disk of 20 MiB. About 24 kB each: more than it holds, in the journal alone.
const FILES: usize = 700;

#[test]
fn a_full_disk_is_named_and_loses_nothing() {
    let depeche = with_good();
    let disk = depeche.path().join("disk");
    std::fs::create_dir(&disk).expect("a folder");
    depeche.write(
        "depeche.toml",
        "data_dir = \"disk/data\"\n[store]\nmin_free = \"4MiB\"\n",
    );
    let words = [
        "maire",
        "conseil",
        "budget",
        "travaux",
        "école",
        "rivière",
        "marché",
        "théâtre",
        "gare",
        "phare",
    ];
    for n in 0..FILES {
        let text: Vec<&str> = (0..4000)
            .map(|i| words[(i * i * (n + 3) + i * 7 + n) % 10])
            .collect();
        depeche.write(
            &format!("many/{n:03}.txt"),
            format!("Le numéro {n}. {}", text.join(" ")),
        );
    }
    // In a mount namespace of its own, so that no test sees another's disk.
    let script = r#"
        mount -t tmpfs -o size=20m tmpfs disk 2>/dev/null || exit 200
        "$BIN" replay good >first.out 2>first.err || exit 201
        "$BIN" replay many >full.out 2>full.err; echo $? >full.code
        dd if=/dev/zero of=disk/filler bs=1M 2>/dev/null
        "$BIN" replay good >refused.out 2>refused.err; echo $? >refused.code
        rm disk/filler; mount -o remount,size=256m disk || exit 202
        "$BIN" replay many >again.out 2>again.err || exit 203
        "$BIN" export --all >export.jsonl || exit 204
    "#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", script]);
    without_configuration(&mut command);
    command
        .env("BIN", env!("CARGO_BIN_EXE_depeche"))
        .current_dir(depeche.path());
    let ended = ran(command);
    if ended.code == Some(200) || ended.stderr.contains("unshare failed") {
        eprintln!("not run: this user may not mount a tmpfs in a namespace of its own");
        return;
    }
    let read = |name: &str| std::fs::read_to_string(depeche.path().join(name)).unwrap_or_default();
    let said = ["first.err", "full.err", "again.err"].map(read).concat();
    assert_eq!(ended.code, Some(0), "{said}\n{}", ended.stderr);
    assert_eq!(read("full.code").trim(), "1", "{}", read("full.err"));
    let full = read("full.err");
    assert!(
        full.contains("disk/data") || full.contains("No space left"),
        "{full}"
    );
    assert!(!full.contains("panicked"), "{full}");
    assert_eq!(read("refused.code").trim(), "1", "{}", read("refused.err"));
    assert!(
        read("refused.err").contains("store.min_free"),
        "{}",
        read("refused.err")
    );
    assert_eq!(
        read("export.jsonl").lines().count(),
        FILES + 1,
        "with room again, everything is there, once"
    );
}

/// What the daemon's namespace runs: the daemon, and what is left on the disk when it has ended.
const RUN_AND_EXPORT: &str = r#"
    mount -t tmpfs -o size=64m tmpfs disk 2>/dev/null || exit 200
    "$BIN" run -v 2>daemon.log & echo $! >pid.part; mv pid.part pid
    wait $!; echo $? >code
    "$BIN" export --all >export.jsonl
"#;

/// The namespace's view of a path; killed when the test ends.
struct Namespace(Child);

impl Namespace {
    fn path(&self, path: &Path) -> PathBuf {
        let mut inside = PathBuf::from(format!("/proc/{}/root", self.0.id()));
        inside.extend(path.components().skip(1));
        inside
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // It may have ended already.
        if self.0.kill().is_ok() {
            self.0.wait().expect("gone");
        }
    }
}

#[test]
fn a_daemon_on_a_full_disk_stops_asking_says_so_and_goes_on_when_there_is_room() {
    let origin = Origin::start();
    let newsroom = Newsroom::open(&origin, "gazette", 5);
    let depeche = Depeche::configured(&format!(
        "[store]\nmin_free = \"16MiB\"\n[[feed]]\nurl = \"{}\"\n",
        newsroom.feed_url()
    ));
    let config = std::fs::read_to_string(depeche.path().join("depeche.toml")).expect("written");
    depeche.write("depeche.toml", format!("data_dir = \"disk/data\"\n{config}"));
    let disk = depeche.path().join("disk");
    std::fs::create_dir(&disk).expect("a folder");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", RUN_AND_EXPORT]);
    without_configuration(&mut command);
    command
        .env("BIN", env!("CARGO_BIN_EXE_depeche"))
        .current_dir(depeche.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let Ok(child) = command.spawn() else {
        eprintln!("not run: there is no unshare");
        return;
    };
    let mut namespace = Namespace(child);
    let pid_file = depeche.path().join("pid");
    wait_until("the daemon starts", || {
        pid_file.exists() || namespace.0.try_wait().expect("waited").is_some()
    });
    if !pid_file.exists() {
        eprintln!("not run: this user may not mount a tmpfs in a namespace of its own");
        return;
    }
    let data = namespace.path(&disk.join("data"));

    // 1. The first five are stored, and the daemon is ready.
    wait_until("five are stored", || {
        ask(&data, "/metrics").contains("depeche_articles_total{verdict=\"new\"} 5\n")
    });
    assert!(ask(&data, "/readyz").starts_with("HTTP/1.1 200"));

    // 2. The disk fills up: the daemon says so, and what it stored can be read.
    let filler = namespace.path(&disk.join("filler"));
    std::fs::write(&filler, vec![0; 50 << 20]).expect("the disk takes it");
    wait_until("it is not ready", || {
        let ready = ask(&data, "/readyz");
        ready.starts_with("HTTP/1.1 503") && ready.contains("waiting for room")
    });
    assert!(ask(&data, "/metrics").contains("depeche_waiting_for_room 1\n"));
    let stats = ask(&data, "/api/v1/stats");
    assert!(
        stats.contains("\"records\":5") && stats.contains("store.min_free"),
        "{stats}"
    );

    // 3. It asks for nothing: what is published now is not noticed.
    newsroom.publish(1);
    let polls = || origin.requests_to(&newsroom.feed_path()).len();
    let mut before = polls();
    wait_until("polling comes to rest", || {
        std::thread::sleep(std::time::Duration::from_secs(1));
        std::mem::replace(&mut before, polls()) == polls()
    });
    assert!(origin.requests_to(&newsroom.story(6).path).is_empty());

    // 4. With room again it goes on by itself.
    std::fs::remove_file(&filler).expect("removed");
    assert!(origin.wait_for(&newsroom.story(6).path, 1, PATIENCE));
    wait_until("the sixth is stored", || {
        ask(&data, "/metrics").contains("depeche_articles_total{verdict=\"new\"} 6\n")
    });
    assert!(ask(&data, "/readyz").starts_with("HTTP/1.1 200"));

    // 5. It ends cleanly, and everything is there once.
    let pid = std::fs::read_to_string(&pid_file).expect("a pid");
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().expect("a number")).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("signalled");
    namespace.0.wait().expect("ended");
    let read = |name: &str| std::fs::read_to_string(depeche.path().join(name)).unwrap_or_default();
    assert_eq!(read("code").trim(), "0", "{}", read("daemon.log"));
    assert_eq!(read("export.jsonl").lines().count(), 6);
}
