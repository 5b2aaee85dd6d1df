//! A Kubernetes API server in one process, built of the chapters.

pub mod authz;
pub mod discovery;
pub mod registry;
pub mod reviews;
pub mod status;
