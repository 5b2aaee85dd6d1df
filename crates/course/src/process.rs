//! Runs a program that may never end: it gets so much time, and so much room for what it prints.

use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What is kept of each of its two outputs: the end of it, where a panic stands.
const KEPT: usize = 256 * 1024;

/// Who waits longer wants to know for what.
const PATIENCE: Duration = Duration::from_secs(2);

/// The group that has to end when this program is ended from outside.
static RUNNING: Mutex<Option<Pid>> = Mutex::new(None);

/// What came of it.
#[derive(Debug)]
pub struct Ran {
    /// How it ended; `None` when its time was over and it was killed.
    pub status: Option<ExitStatus>,
    /// What it printed.
    pub stdout: String,
    /// What it printed beside that.
    pub stderr: String,
}

/// Runs `command` for `limit` at most, in a process group of its own: whatever it started ends with
/// it. When it takes long, `slow` is told once.
///
/// # Errors
/// When it can't be started.
pub fn run(command: &mut Command, limit: Duration, slow: impl FnOnce()) -> io::Result<Ran> {
    let deadline = Instant::now() + limit;
    let piped = || Stdio::piped();
    let mut child =
        command.stdin(Stdio::null()).stdout(piped()).stderr(piped()).process_group(0).spawn()?;
    remember(Some(Pid::from_child(&child)));

    let (ended, end) = channel();
    let stdout = child.stdout.take().map(|pipe| kept(pipe, ended.clone()));
    let stderr = child.stderr.take().map(|pipe| kept(pipe, ended));
    let soon = deadline.min(Instant::now() + PATIENCE);
    let status = wait(&mut child, &end, soon).or_else(|TooLate| {
        slow();
        wait(&mut child, &end, deadline)
    });
    if status.is_err() {
        // Its id is still its own: nobody has waited for it yet.
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        child.wait()?;
    }
    remember(None);
    let text = |output: Option<thread::JoinHandle<Vec<u8>>>| {
        let bytes = output.and_then(|thread| thread.join().ok()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok(Ran { status: status.ok(), stdout: text(stdout), stderr: text(stderr) })
}

/// The time was over.
struct TooLate;

fn wait(child: &mut Child, end: &Receiver<()>, deadline: Instant) -> Result<ExitStatus, TooLate> {
    // Both outputs end when it does, or when it closes them.
    loop {
        match end.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(()) => {}
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => return Err(TooLate),
        }
    }
    while Instant::now() < deadline {
        if let Ok(Some(status)) = child.try_wait() {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(1));
    }
    Err(TooLate)
}

/// Reads all of it, and keeps the end.
fn kept(mut pipe: impl Read + Send + 'static, ended: Sender<()>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            kept.extend_from_slice(&buffer[..count]);
            if kept.len() > 2 * KEPT {
                kept.drain(..kept.len() - KEPT);
            }
        }
        let _ = ended.send(());
        kept
    })
}

fn remember(group: Option<Pid>) {
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = group;
}

/// From now on Ctrl-C and the like end what [`run`] runs, and then this program. A terminal sends
/// them to its own group alone, and an endless loop would go on without us.
///
/// # Errors
/// When the system does not let us listen.
pub fn end_together() -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(group) = *running {
                let _ = kill_process_group(group, Signal::KILL);
            }
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}
