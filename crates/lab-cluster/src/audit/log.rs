//! Where the lines go: to a file, or to whoever reads standard output.
//!
//! The real server writes each line while the client waits (`--audit-log-mode=blocking`, its
//! default), so that no answer is given of which the log does not know. Who then reads a pipe of it
//! and stops reading, with `less` or Ctrl-S, stops the server. The lab's log is read by somebody who
//! tries things out, and its requests are to be answered: a thread of its own writes the lines, in
//! their order; a request waits for its line as long as the log takes lines at all, and no longer.
//! What finds no room, or can't be written, is lost, and counted, and told on standard error.

use narration::aside;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a request waits for its line to be written.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many bytes of lines may wait.
const ROOM: usize = 16 << 20;

/// Takes lines.
pub(super) struct Log {
    shared: Arc<Shared>,
    patience: Duration,
    room: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There is a line to be written, or there will be no more.
    more: Condvar,
    /// A line has been written, or lost.
    done: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<String>,
    /// Of the lines that wait, and of the one that is being written.
    bytes: usize,
    /// How many lines were ever taken, and how many of them are done with.
    taken: u64,
    over: u64,
    lost: u64,
    /// A line has waited for too long. Nobody waits for theirs until one is written again.
    stalled: bool,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    /// Begins to write to `out`.
    ///
    /// # Errors
    /// There can be no more threads.
    pub(super) fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        Self::with(out, PATIENCE, ROOM)
    }

    fn with(out: impl Write + Send + 'static, patience: Duration, room: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let writer = shared.clone();
        thread::Builder::new().name("audit log".into()).spawn(move || writer.write_all_to(out))?;
        Ok(Self { shared, patience, room })
    }

    /// Adds a line, and waits until it is written, if lines are.
    pub(super) fn add(&self, line: String) {
        let mut state = self.shared.lock();
        // One line has room, however long.
        if state.bytes + line.len() > self.room && state.bytes > 0 {
            state.lost += 1;
            if state.lost == 1 {
                warn("the audit log takes no more lines: from now on they are lost".to_owned());
            }
            return;
        }
        state.bytes += line.len();
        state.waiting.push_back(line);
        state.taken += 1;
        let number = state.taken;
        self.shared.more.notify_one();
        if state.stalled {
            return;
        }
        let unwritten = |state: &mut State| state.over < number && !state.stalled;
        let (mut state, waited) = self
            .shared
            .done
            .wait_timeout_while(state, self.patience, unwritten)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            state.stalled = true;
            self.shared.done.notify_all();
            warn("nobody takes the lines of the audit log: requests no longer wait for it".into());
        }
    }
}

/// What was taken is written, if it can be. The thread that does it ends by itself.
impl Drop for Log {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        self.shared.more.notify_one();
        if !state.stalled {
            let unwritten = |state: &mut State| state.over < state.taken;
            let waited = self.shared.done.wait_timeout_while(state, self.patience, unwritten);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let lost = state.lost + (state.taken - state.over);
        if lost > 0 {
            warn(format!("{lost} lines of the audit log are lost"));
        }
    }
}

impl Shared {
    fn write_all_to(&self, mut out: impl Write) {
        while let Some(line) = self.next() {
            let written = out.write_all(line.as_bytes()).and_then(|()| out.flush());
            let mut state = self.lock();
            state.over += 1;
            state.bytes -= line.len();
            match written {
                Ok(()) => state.stalled = false,
                Err(error) => {
                    state.lost += 1;
                    if state.lost == 1 {
                        warn(format!("cannot write the audit log: {error}: its lines are lost"));
                    }
                }
            }
            self.done.notify_all();
        }
    }

    /// The next line; waits for it. `None` when there will be no more.
    fn next(&self) -> Option<String> {
        let idle = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let state = self.more.wait_while(self.lock(), idle);
        state.unwrap_or_else(PoisonError::into_inner).waiting.pop_front()
    }
}

/// Standard error may be the same pipe: nobody waits for it either.
fn warn(what: String) {
    thread::spawn(move || aside(format_args!("warning: {what}")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// A pipe whose reader takes one write for each word that it is given.
    struct Pipe {
        taken: Sender<String>,
        may: Receiver<io::Result<()>>,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.may.recv().unwrap_or(Ok(()))?;
            let _ = self.taken.send(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log(patience: Duration) -> (Log, Receiver<String>, Sender<io::Result<()>>) {
        let (taken, lines) = channel();
        let (go, may) = channel();
        (Log::with(Pipe { taken, may }, patience, 10).unwrap(), lines, go)
    }

    #[test]
    fn a_line_is_written_before_its_request_goes_on() {
        let (log, lines, go) = log(Duration::from_secs(60));
        for n in 0..3 {
            go.send(Ok(())).unwrap();
            log.add(format!("{n}\n"));
            assert_eq!(lines.try_recv().unwrap(), format!("{n}\n"));
        }
    }

    #[test]
    fn where_nobody_reads_nobody_waits_and_what_finds_no_room_is_counted() {
        let (log, lines, go) = log(Duration::from_millis(1));
        for n in 0..9 {
            log.add(format!("{n}23\n")); // four bytes: two of them have room
        }
        let state = log.shared.lock();
        assert_eq!((state.taken, state.lost, state.stalled), (2, 7, true));
        drop(state);
        // Somebody reads again.
        drop(go);
        assert_eq!(lines.recv().unwrap() + &lines.recv().unwrap(), "023\n123\n");
        let unwritten = |state: &mut State| state.over < 2;
        drop(log.shared.done.wait_while(log.shared.lock(), unwritten).unwrap());
        assert!(!log.shared.lock().stalled);
        log.add("a line that is longer than the room\n".to_owned());
        drop(log);
        assert_eq!(lines.iter().collect::<String>(), "a line that is longer than the room\n");
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_stops_nobody() {
        let (log, lines, go) = log(Duration::from_secs(60));
        go.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        log.add("0\n".to_owned());
        assert_eq!(log.shared.lock().lost, 1);
        go.send(Ok(())).unwrap();
        log.add("1\n".to_owned());
        assert_eq!(lines.try_recv().unwrap(), "1\n");
    }
}
