//! Text in quotation marks, as the real server's messages write it: chapter 4's `%q`.

pub use expiry::go::{quote as quoted, quote_list as quoted_list};
