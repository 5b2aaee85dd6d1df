//! `cargo course`: where a reader is, what is next, and whether an exercise holds.
//!
//! - [`tree`] finds the exercises, [`choice`] the one that a word means.
//! - [`progress`] remembers what is done, [`guide`] knows what comes next.
//! - [`verdict`] checks an exercise: built by [`cargo`], each check run by [`process`], what it said
//!   read by [`panics`]. [`tell`] tells it, [`wait`] what takes long.
//! - [`manifest`] holds what an exercise says of itself against the stub, the solution and the book.
//! - [`commands`] holds one file a command.

pub mod cargo;
pub mod choice;
pub mod commands;
pub mod guide;
pub mod manifest;
pub mod panics;
pub mod process;
pub mod progress;
pub mod tell;
pub mod tree;
pub mod verdict;
pub mod wait;
