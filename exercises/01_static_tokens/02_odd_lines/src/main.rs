//! Prints what your code says about three token files: `cargo run -p odd-lines`.

use std::io;

fn main() -> io::Result<()> {
    odd_lines::tell(&mut io::stdout().lock())
}
