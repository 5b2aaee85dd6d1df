//! How every program of the course speaks, so that who can read one can read them all.
//!
//! - [`Story`] prints: the cluster it talks to, a heading a step, paragraphs, commands, rows.
//! - [`Report`] and [`Answer`] end a program: status 0 for yes, 1 for no, 2 for bad usage.
//! - [`read`] takes the reader's own input, from `-` or a file, and never more than it should.
//! - [`Clock`] is where time comes from; nothing in the course asks the machine behind its back.
//!
//! ```
//! use narration::Story;
//!
//! let mut out = Vec::new();
//! let mut story = Story::new(&mut out);
//! story.step("The parts")?;
//! story.rows(&[("header", "which key signed it"), ("claims", "who it is for")])?;
//! assert!(String::from_utf8_lossy(&out).contains("header  which key signed it"));
//! # Ok::<(), std::io::Error>(())
//! ```

mod clock;
mod input;
mod outcome;
mod story;

pub use clock::{Clock, ManualClock, SystemClock};
pub use input::{InputError, MAX_TOKEN_BYTES, read, read_text};
pub use outcome::{Answer, Outcome, Report, aside, conclude};
pub use story::{Story, stdout};
