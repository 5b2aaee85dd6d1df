//! Prints which tokens your code finds in some requests: `cargo run -p bearer`.

use std::io;

fn main() -> io::Result<()> {
    bearer::tell(&mut io::stdout().lock())
}
