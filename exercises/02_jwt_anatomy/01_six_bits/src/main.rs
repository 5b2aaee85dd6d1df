//! Prints what your code makes of a token's parts: `cargo run -p six-bits`.

use std::io;

fn main() -> io::Result<()> {
    six_bits::tell(&mut io::stdout().lock())
}
