//! Prints what your types make of some tokens' claims: `cargo run -p audience`.

use std::io;

fn main() -> io::Result<()> {
    audience::tell(&mut io::stdout().lock())
}
