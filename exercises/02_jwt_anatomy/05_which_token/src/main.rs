//! Prints what your code takes some tokens for: `cargo run -p which-token`.

use std::io;

fn main() -> io::Result<()> {
    which_token::tell(&mut io::stdout().lock())
}
