//! Starts a lab with your door in it, and prints who gets in: `cargo run -p door`.

use std::io;

fn main() -> io::Result<()> {
    door::tell(&mut io::stdout().lock())
}
