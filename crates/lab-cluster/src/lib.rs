//! A Kubernetes API server in one process, to see how it treats tokens. Of tokens it has no parser, no
//! signature check and no claims check of its own: it calls the chapters.
//!
//! | to know | read |
//! |---|---|
//! | the way of a request | [`api`], then [`authn`], [`authz`], [`resources`] |
//! | who a token makes its bearer | [`authn::service_accounts`], [`authn::bound_objects`] |
//! | where a token comes from | [`tokens`] |
//! | what is stored | [`registry`], [`data_dir`] |
//! | what kubectl asks for besides objects | [`discovery`], [`openapi`], [`table`], [`watching`], [`protobuf`] |
//! | why a request was answered as it was | [`trace`] |
//! | the same in a browser | [`dashboard`] |
//! | who made which token, and who used it | [`audit`] |
//!
//! A chapter, an exercise or a test starts one of its own:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lab_cluster::StartError> {
//! use lab_cluster::{LabCluster, Options};
//!
//! let cluster = LabCluster::start(Options::embedded()).await?;
//! assert!(cluster.admin_kubeconfig().contains("client-certificate-data"));
//! cluster.shutdown().await;
//! # Ok(()) }
//! ```

pub mod admitted;
pub mod api;
pub mod audit;
pub mod authn;
pub mod authz;
pub mod dashboard;
pub mod data_dir;
pub mod decode;
pub mod discovery;
pub mod field_validation;
pub mod flags;
pub mod kubeconfig;
pub mod negotiate;
pub mod openapi;
pub mod pki;
mod presence;
pub mod protobuf;
pub mod registry;
pub mod request_info;
pub mod resources;
pub mod reviews;
pub mod server;
mod start;
pub mod status;
pub mod table;
pub mod tokens;
pub mod trace;
mod views;
pub mod watching;

pub use flags::Flags;
pub use registry::Registry;
pub use start::{Around, LabCluster, Options, StartError, Storage};
pub use trace::Trace;
