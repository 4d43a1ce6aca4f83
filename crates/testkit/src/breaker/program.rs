//! The program under test: the real binary in a folder of its own.

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take before it counts as stuck; generous, since it only ends what hangs.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// The signal of `kill -9`.
const SIGKILL: i32 = 9;

/// The binary, and the folder with its configuration and data.
pub struct Program {
    binary: PathBuf,
    folder: PathBuf,
    starts: u32,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; none after a signal.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
}

impl Program {
    /// The binary in `folder`, configured to ask the feeds of `rest` often.
    ///
    /// Segments are small, so that a run has many; one poll follows the other within a tenth of a second.
    ///
    /// # Errors
    ///
    /// When the configuration cannot be written.
    pub fn new(binary: &Path, folder: &Path, rest: &str) -> io::Result<Self> {
        std::fs::write(
            folder.join("depeche.toml"),
            format!(
                "[fetch]\nallow_private_addresses = true\nper_host_interval = \"0ms\"\nper_host_concurrency = 8\n\
                 robots = \"never\"\ntimeout = \"20s\"\n\
                 interval = {{ default = \"80ms\", min = \"80ms\", max = \"80ms\", adaptive = false }}\n\
                 [journal]\nsegment = \"1MiB\"\n[store]\nmin_free = \"1MiB\"\ngroup = 8\n[http]\nlisten = \"\"\n{rest}"
            ),
        )?;
        Ok(Self {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            starts: 0,
        })
    }

    /// The folder of configuration, data and logs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the journal is.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.folder.join("data/journal")
    }

    /// The command in the folder, with nothing of the caller's configuration, ready to be changed further.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments);
        self.prepare(command)
    }

    /// Another program's command in the folder; the binary's path is its last argument.
    #[must_use]
    pub fn command_through(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).arg(&self.binary);
        self.prepare(command)
    }

    fn prepare(&self, mut command: Command) -> Command {
        command
            .current_dir(&self.folder)
            .env_remove("FAILPOINTS")
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DEPECHE_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn run(&self, arguments: &[&str]) -> io::Result<Ran> {
        let output = self.command(arguments).output()?;
        Ok(Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Starts a command, the daemon as a rule, with the fault points of `faults` switched on.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(&mut self, arguments: &[&str], faults: Option<&str>) -> io::Result<Running> {
        let mut command = self.command(arguments);
        command.envs(faults.map(|faults| ("FAILPOINTS", faults)));
        self.start_as(command)
    }

    /// Starts `command` and keeps its log.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start_as(&mut self, mut command: Command) -> io::Result<Running> {
        self.starts += 1;
        let log = self.folder.join(format!("daemon-{:05}.log", self.starts));
        let child = command
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        Ok(Running { child, log })
    }
}

/// A running daemon; killed when dropped.
pub struct Running {
    child: Child,
    log: PathBuf,
}

/// How a daemon ended.
#[derive(Debug)]
pub struct Ended {
    /// What the system says.
    pub status: ExitStatus,
    /// Its log, lines of JSON.
    pub log: String,
}

impl Ended {
    /// Whether it died by SIGKILL.
    #[must_use]
    pub fn was_killed(&self) -> bool {
        self.status.signal() == Some(SIGKILL)
    }

    /// The last lines of its log.
    #[must_use]
    pub fn last_words(&self) -> String {
        let lines: Vec<&str> = self.log.lines().collect();
        lines
            .get(lines.len().saturating_sub(4)..)
            .unwrap_or_default()
            .join("\n")
    }
}

impl Running {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn kill(mut self) -> io::Result<Ended> {
        self.child.kill()?;
        let status = self.child.wait()?;
        Ok(self.ended(status))
    }

    /// SIGTERM, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// What the system says; `TimedOut` when it did not end.
    pub fn terminate(self) -> io::Result<Ended> {
        kill_process(self.pid(), Signal::TERM)?;
        self.wait()
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    ///
    /// What the system says; `TimedOut` when it did not end.
    pub fn wait(mut self) -> io::Result<Ended> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok(self.ended(status));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(io::Error::from(io::ErrorKind::TimedOut))
    }

    fn ended(&self, status: ExitStatus) -> Ended {
        Ended {
            status,
            log: self.log(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}
