//! Inputs that are nearly seeds, the same ones every time: what `cargo test` tries where libFuzzer
//! would measure coverage.

/// Changes seeds in small ways. Two of the same number make the same changes.
pub struct Mutator {
    state: u64,
    longest: usize,
}

/// Bytes that mean something in one of the formats.
const WORDS: [&[u8]; 24] = [
    b"\"",
    b"\\",
    b",",
    b".",
    b"=",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b" ",
    b"\t",
    b"\r\n",
    b"\n",
    b"\0",
    b"\xff",
    b"\xc2\xa0",
    b"null",
    b"-1",
    b"1e999",
    b"\\ud800",
    b"*",
    b"/",
    b"9223372036854775807",
];

impl Mutator {
    /// A mutator whose results are at most `longest` bytes long.
    #[must_use]
    pub fn new(number: u64, longest: usize) -> Self {
        Self { state: number ^ 0x9e37_79b9_7f4a_7c15, longest }
    }

    /// One of the seeds, changed in a few places, with a piece of another now and then.
    pub fn next(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            let at = self.below(input.len() + 1);
            let end = (at + 1 + self.below(8)).min(input.len());
            match self.below(8) {
                0 if at < input.len() => input[at] ^= 1 << self.below(8),
                1 => drop(input.drain(at..end)),
                2 => {
                    let piece = input[at..end].to_vec();
                    input.splice(at..at, piece);
                }
                3 => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len() + 1);
                    let to = (from + self.below(64)).min(other.len());
                    input.splice(at..end, other[from..to].iter().copied());
                }
                4 => input.truncate(at),
                5 => input.insert(at, self.byte()),
                _ => {
                    let word = WORDS[self.below(WORDS.len())];
                    input.splice(at..at, word.iter().copied());
                }
            }
        }
        input.truncate(self.longest);
        input
    }

    /// The next of `SplitMix64`'s numbers (<https://prng.di.unimi.it/splitmix64.c>), below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = mixed ^ (mixed >> 31);
        usize::try_from(mixed % limit.max(1) as u64).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        self.below(256).try_into().unwrap_or_default()
    }
}
