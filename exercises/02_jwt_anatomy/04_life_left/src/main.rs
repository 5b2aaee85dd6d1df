//! Prints when your code says that some tokens end: `cargo run -p life-left`.

use std::io;

fn main() -> io::Result<()> {
    life_left::tell(&mut io::stdout().lock())
}
