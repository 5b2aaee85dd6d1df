//! Prints which keys your code would try: `cargo run -p which-key`.

use std::io;

fn main() -> io::Result<()> {
    which_key::tell(&mut io::stdout().lock())
}
