//! Writes the seeds of every target where cargo-fuzz looks for them: `corpus/TARGET/`.

use std::fs;
use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    for (target, _) in fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        let kept = fuzz::seeds::kept(target).into_iter().map(|(_, input)| input);
        let seeds: Vec<Vec<u8>> = fuzz::seeds::of(target).into_iter().chain(kept).collect();
        for (at, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{at:04}")), seed)?;
        }
        println!("{target}: {} seeds in {}", seeds.len(), folder.display());
    }
    Ok(())
}
