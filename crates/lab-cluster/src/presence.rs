//! Who is connected and does nothing does not keep its place for ever; and while places are rare,
//! not for long.

use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// How long a client may do nothing while places are rare.
const WHEN_CROWDED: Duration = Duration::from_secs(2);

/// What one connection is at.
pub(crate) struct Presence(Mutex<State>);

struct State {
    /// Requests that are being answered.
    at_work: usize,
    /// Since when there are none.
    idle_since: Instant,
    /// Has there ever been one?
    has_asked: bool,
}

impl Presence {
    pub(crate) fn begin() -> Arc<Self> {
        let idle_since = Instant::now();
        Arc::new(Self(Mutex::new(State { at_work: 0, idle_since, has_asked: false })))
    }

    /// A request has come; it is being answered until what this returns is dropped.
    pub(crate) fn work(self: &Arc<Self>) -> Work {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.at_work += 1;
        state.has_asked = true;
        Work(self.clone())
    }

    /// Ends when the client has been idle for too long: `before` its first request, or `after` one.
    /// While the house is crowded, when it has been idle for two seconds.
    pub(crate) async fn overstays(
        &self,
        before: Duration,
        after: Duration,
        mut crowded: watch::Receiver<bool>,
    ) {
        loop {
            let limit = match (*crowded.borrow_and_update(), self.has_asked()) {
                (true, _) => WHEN_CROWDED,
                (false, false) => before,
                (false, true) => after,
            };
            let left = limit.saturating_sub(self.idle());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = sleep(left) => {}
                // The house is gone: nobody is left to crowd it.
                Ok(()) = crowded.changed() => {}
            }
        }
    }

    fn has_asked(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).has_asked
    }

    /// For how long it has done nothing.
    fn idle(&self) -> Duration {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.at_work > 0 { Duration::ZERO } else { state.idle_since.elapsed() }
    }
}

/// A request that is being answered.
pub(crate) struct Work(Arc<Presence>);

impl Drop for Work {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.at_work -= 1;
        state.idle_since = Instant::now();
    }
}

/// An answer that counts as work as long as there is more of it to come: a watch. What is there as a
/// whole does not, so that a client that doesn't take it is idle.
pub(crate) struct Worked<B> {
    pub(crate) body: B,
    work: Option<Work>,
}

impl<B: Body> Worked<B> {
    pub(crate) fn new(body: B, work: Work) -> Self {
        let whole = body.size_hint().exact().is_some();
        Self { body, work: (!whole).then_some(work) }
    }
}

impl<B: Body + Unpin> Body for Worked<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) {
            self.work = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
