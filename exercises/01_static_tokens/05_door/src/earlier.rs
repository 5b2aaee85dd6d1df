//! The pieces of the earlier exercises: yours. (The solution of this exercise is checked with the
//! solutions of those, so that it can be checked before anybody has solved them.)

#[cfg(not(feature = "solution"))]
pub use {bearer::token, columns::user, lookup::whose, odd_lines::look_over};

#[cfg(feature = "solution")]
pub use {four::token, one::user, three::whose, two::look_over};

#[cfg(feature = "solution")]
#[path = "../../../solutions/01_static_tokens/01_columns.rs"]
mod one;

#[cfg(feature = "solution")]
#[path = "../../../solutions/01_static_tokens/02_odd_lines.rs"]
mod two;

#[cfg(feature = "solution")]
#[path = "../../../solutions/01_static_tokens/03_lookup.rs"]
mod three;

#[cfg(feature = "solution")]
#[path = "../../../solutions/01_static_tokens/04_bearer.rs"]
mod four;
