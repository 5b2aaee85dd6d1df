//! What each command does.

pub mod check;
pub mod hint;
pub mod reset;
pub mod solution;
pub mod status;
pub mod verify;
pub mod watch;
