//! The lab cluster, in this process: for readers without a cluster, and for what nobody should try
//! on a real one.

use crate::cluster::{Cluster, KubeconfigProblem};
use chrono::TimeDelta;
use lab_cluster::registry::CountedIds;
use lab_cluster::{LabCluster, Options, StartError, Trace};
use narration::{Clock, ManualClock, SystemClock};
use signing::samples;
use std::sync::Arc;

/// Sunday 2 October 2022, 10:13:25 in London: when chapter 2's token was made.
const THEN: i64 = 1_664_702_005;

/// A lab cluster, and how to reach it.
pub struct Lab {
    server: LabCluster,
    /// How to reach it, as its administrator.
    pub cluster: Cluster,
    clock: ManualClock,
}

/// Why there is no lab.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// It did not start.
    #[error("the lab cluster did not start")]
    Start(#[from] StartError),
    /// Its kubeconfig does not work.
    #[error("the lab cluster's own kubeconfig does not work")]
    Kubeconfig(#[from] KubeconfigProblem),
}

impl Lab {
    /// A lab for the walk: its clock stands still until it is moved, its uids are counted, its
    /// tokens are signed with the course's published key. So it says the same every day.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn standing_still() -> Result<Self, LabError> {
        let clock = ManualClock::at_unix(THEN);
        Self::start(clock.clone(), Arc::new(clock)).await
    }

    /// A lab for the tools: by the machine's clock. Its accounts and its key are the same each
    /// time, so a token out of one is good in the next, for as long as it lives.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn by_the_real_clock() -> Result<Self, LabError> {
        Self::start(ManualClock::at_unix(THEN), Arc::new(SystemClock)).await
    }

    async fn start(hand: ManualClock, clock: Arc<dyn Clock>) -> Result<Self, LabError> {
        let options = Options {
            clock,
            ids: Arc::new(CountedIds::default()),
            signing_key: Some(samples::lab_key()),
            ..Options::embedded()
        };
        let server = LabCluster::start(options).await?;
        let cluster = Cluster::from_kubeconfig_text(&server.admin_kubeconfig()).await?;
        Ok(Self { server, cluster, clock: hand })
    }

    /// The server itself.
    #[must_use]
    pub fn server(&self) -> &LabCluster {
        &self.server
    }

    /// Lets time pass for it.
    pub fn wait(&self, span: TimeDelta) {
        self.clock.advance(span);
    }

    /// Seconds since 1970 began, UTC, by its clock.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.clock.now().timestamp()
    }

    /// What it did with the last request.
    #[must_use]
    pub fn last_trace(&self) -> Option<Trace> {
        self.server.traces().pop()
    }

    /// Ends it.
    pub async fn stop(self) {
        self.server.shutdown().await;
    }
}
