//! Running the binary in a folder of its own.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long anything here may take before the test gives up; generous, since it only ends what hangs.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// A folder with a configuration and a data folder.
pub(crate) struct Depeche {
    pub(crate) folder: TempDir,
}

/// How a run of the binary ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The same, after checking the exit code.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// The number in the summary table behind `what`.
    #[track_caller]
    pub(crate) fn count(&self, what: &str) -> u64 {
        let line = self
            .stdout
            .lines()
            .find(|line| line.trim_start().starts_with(what));
        let number = line.and_then(|line| line.split_whitespace().last()?.parse().ok());
        number.unwrap_or_else(|| panic!("no `{what}` in\n{}", self.stdout))
    }
}

impl Depeche {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// A folder with a configuration whose limits suit a test: quick, and allowed to ask loopback.
    pub(crate) fn configured(rest: &str) -> Self {
        let depeche = Self::new();
        depeche.configure(rest);
        depeche
    }

    /// Writes the configuration anew.
    pub(crate) fn configure(&self, rest: &str) {
        self.write(
            "depeche.toml",
            format!(
                "[fetch]\nallow_private_addresses = true\nper_host_interval = \"0ms\"\nper_host_concurrency = 8\n\
                 timeout = \"5s\"\ninterval = {{ default = \"200ms\", min = \"200ms\", max = \"200ms\" }}\n\
                 [http]\nlisten = \"127.0.0.1:0\"\n{rest}"
            ),
        );
    }

    /// What the daemon that was started last has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path().join("daemon.log")).unwrap_or_default()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, content).expect("written");
        path
    }

    /// The command, run in the folder, without any configuration of the caller's.
    pub(crate) fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_depeche"));
        command
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::null());
        without_configuration(&mut command);
        command
    }

    pub(crate) fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        ran(self.command(arguments))
    }

    /// Starts the binary and lets it run.
    pub(crate) fn spawn(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Daemon {
        let log = std::fs::File::create(self.path().join("daemon.log")).expect("a log");
        let child = self
            .command(arguments)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        Daemon { child }
    }

    /// The export, line by line.
    #[track_caller]
    pub(crate) fn export(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let ran = self.run(["export"].iter().chain(arguments)).expect_code(0);
        ran.stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("a JSON line"))
            .collect()
    }
}

/// Whatever the caller's environment configures is none of the test's.
pub(crate) fn without_configuration(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DEPECHE_") {
            command.env_remove(name);
        }
    }
}

pub(crate) fn ran(mut command: Command) -> Ran {
    let output = command.output().expect("the binary runs");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A running binary; killed when the test ends.
pub(crate) struct Daemon {
    child: Child,
}

impl Daemon {
    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// SIGTERM; gives back the exit code.
    #[track_caller]
    pub(crate) fn terminate(mut self) -> Option<i32> {
        self.signal();
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("waited") {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "SIGTERM did not end it");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn signal(&self) {
        self.send(rustix::process::Signal::TERM);
    }

    /// SIGHUP: the configuration is read again.
    pub(crate) fn hang_up(&self) {
        self.send(rustix::process::Signal::HUP);
    }

    fn send(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("signalled");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        if self.child.kill().is_ok() {
            self.child.wait().expect("gone");
        }
    }
}

/// The top of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository")
}

/// What a folder holds, by name.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The project's own corpus.
pub(crate) fn seeds() -> PathBuf {
    repository().join("seeds")
}

/// The folder of real articles beside the checkout, where there is one.
pub(crate) fn shared_seeds() -> Option<PathBuf> {
    let folder = repository().join("../shared/seeds");
    let found = folder.is_dir();
    if !found {
        eprintln!("not run: there is no folder of real articles beside the checkout (../shared/seeds)");
    }
    found.then_some(folder)
}

pub(crate) const GOOD: &str = "Le tribunal administratif de Rennes a suspendu jeudi l’arrêté qui interdisait la baignade dans \
    l’anse du Verger, estimant que la commune n’avait pas produit d’analyse récente de la qualité de l’eau.";

/// A folder with one good article.
pub(crate) fn with_good() -> Depeche {
    let depeche = Depeche::new();
    depeche.write("good/a.txt", GOOD);
    depeche
}

/// Asks the daemon whose data folder this is; empty while it does not answer.
pub(crate) fn ask(data_dir: &Path, path: &str) -> String {
    let Ok(address) = std::fs::read_to_string(data_dir.join("daemon.address")) else {
        return String::new();
    };
    ask_as(address.trim(), "localhost", path)
}

/// Asks under a host name of one's own choice.
pub(crate) fn ask_as(address: &str, host: &str, path: &str) -> String {
    let Ok(mut connection) = TcpStream::connect(address) else {
        return String::new();
    };
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .expect("asked");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("answered");
    answer
}

/// Waits until `done`.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
