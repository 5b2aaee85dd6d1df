//! Six bits a character: the solution, and why.

/// The bytes that `part` stands for; `None` when it is not base64url.
#[must_use]
pub fn bytes(part: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    // What has come in and not gone out yet: never more than 6 + 6 bits.
    let (mut bits, mut count) = (0, 0);
    for character in part.chars() {
        bits = bits << 6 | number(character)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count).ok()?);
            // What is written is taken away. `as u8` would cut it off as well, without a word; so a
            // mistake in the counting shows.
            bits &= (1 << count) - 1;
        }
    }
    // 0, 2 or 4 bits are left over, and dropped: go-jose's decoder, Go's RawURLEncoding, does not ask
    // that they be zero. So "ew", "ex", "ey" and "ez" are the same byte, and one token has several
    // texts: who blocks a token by its text blocks only one of them. 6 bits left are a character
    // that says nothing, and here Go says no.
    (count < 6).then_some(bytes)
}

/// Which number a character is. What is not in the table stops the whole: a decoder that skips what
/// it does not know would take one token in still more spellings.
fn number(character: char) -> Option<u32> {
    let from = |first| u32::from(character) - u32::from(first);
    match character {
        'A'..='Z' => Some(from('A')),
        'a'..='z' => Some(from('a') + 26),
        '0'..='9' => Some(from('0') + 52),
        '-' => Some(62),
        '_' => Some(63),
        _ => None,
    }
}
