//! Prints whom your code lets in, and what it gives away: `cargo run -p lookup`.

use std::io;

fn main() -> io::Result<()> {
    lookup::tell(&mut io::stdout().lock())
}
