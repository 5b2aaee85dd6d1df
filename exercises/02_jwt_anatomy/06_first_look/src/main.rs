//! Starts a lab with your look in it, and prints what becomes of some tokens:
//! `cargo run -p first-look`.

use std::io;

fn main() -> io::Result<()> {
    first_look::tell(&mut io::stdout().lock())
}
