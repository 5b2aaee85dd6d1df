//! A watch as it goes over the line: an answer that does not end, a JSON object a line
//! ([kubernetes.io][1]).
//!
//! [1]: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes

use crate::audit::Record;
use crate::negotiate::View;
use crate::registry::kinds::ResourceKind;
use crate::registry::{Event, Watch};
use crate::table::{self, Include};
use chrono::{DateTime, Utc};
use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use narration::Clock;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{sleep, timeout};

/// How long a watch lasts when nobody says: `--min-request-timeout`. The client then asks anew.
const LASTS: Duration = Duration::from_secs(30 * 60);

/// How many lines may wait for a client that reads slowly; then the watch waits, too.
const BUFFERED: usize = 16;

/// What an answer's body is.
pub enum Answer {
    /// All of it.
    Whole(Full<Bytes>),
    /// What comes, when it comes; and what is written down of it when it is dropped.
    Lines(mpsc::Receiver<Bytes>, Option<Box<Record>>),
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context),
            Self::Lines(lines, _) => {
                lines.poll_recv(context).map(|line| line.map(Frame::data).map(Ok))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Lines(..) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Lines(..) => SizeHint::default(),
        }
    }
}

/// How a client wants to see what happens.
pub struct Seen {
    /// Of what.
    pub kind: &'static ResourceKind,
    /// As what.
    pub view: Option<View>,
    /// With what.
    pub include: Include,
    /// For how long: `timeoutSeconds`.
    pub lasts: Option<Duration>,
    /// What time it is, for ages.
    pub clock: Arc<dyn Clock>,
}

impl Seen {
    /// Follows a watch until it, or the client, or its time has ended; then its place is free.
    #[must_use]
    pub fn follow(self, watch: Watch, place: OwnedSemaphorePermit) -> mpsc::Receiver<Bytes> {
        let (lines, receiver) = mpsc::channel(BUFFERED);
        tokio::spawn(async move {
            let _place = place;
            let lasts = self.lasts.unwrap_or(LASTS);
            if lasts.is_zero() {
                return;
            }
            tokio::select! {
                () = self.tell(watch, &lines) => {}
                () = lines.closed() => {}
                () = sleep(lasts) => {}
            }
        });
        receiver
    }

    async fn tell(&self, mut watch: Watch, lines: &mpsc::Sender<Bytes>) {
        let mut begun = false;
        loop {
            let events = match watch.next().await {
                Ok(Some(events)) => events,
                Ok(None) => return,
                Err(refusal) => {
                    let error = json!({"type": "ERROR", "object": refusal.to_status()});
                    let _ = lines.send(line(&error)).await;
                    return;
                }
            };
            for event in events {
                let Some(object) = self.object(&event, begun, self.clock.now()) else { return };
                begun = true;
                let event = json!({"type": event.kind, "object": object});
                // A client that takes nothing for so long is gone.
                let sent = timeout(Duration::from_secs(60), lines.send(line(&event))).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return;
                }
            }
        }
    }

    /// The object of an event. What happens, happens to one: of a list there is nothing to tell.
    fn object(&self, event: &Event, begun: bool, now: DateTime<Utc>) -> Option<Value> {
        let object = &event.object;
        // A bookmark is its metadata.
        let include = match self.include {
            Include::None if event.kind == "BOOKMARK" => Include::Metadata,
            include => include,
        };
        Some(match self.view {
            None => Value::clone(object),
            Some(View::MetadataOfAll) => return None,
            Some(View::Metadata) => table::metadata_of(object),
            Some(View::Table) if begun => table::going_on(self.kind, object, now, include),
            Some(View::Table) => table::of_object(self.kind, object, now, include),
        })
    }
}

fn line(event: &Value) -> Bytes {
    Bytes::from(crate::negotiate::go_escaped(event.to_string()) + "\n")
}
