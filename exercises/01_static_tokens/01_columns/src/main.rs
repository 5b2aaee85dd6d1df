//! Prints what your code makes of a token file: `cargo run -p columns`.

use std::io;

fn main() -> io::Result<()> {
    columns::tell(&mut io::stdout().lock())
}
