//! Six bits a character. About 15 minutes.
//!
//! The parts of a token are not encrypted. Each is bytes written in base64url, and you can read them
//! with nothing but arithmetic. Write `bytes`, which does:
//!
//! ```text
//! "eyJh"    Some([123, 34, 97])   the text {"a
//! "eyI"     Some([123, 34])
//! "ew"      Some([123])
//! "e"       None                  six bits are no byte
//! "ew=="    None                  no padding in a token
//! "a+b/"    None                  that is ordinary base64; here it is - and _
//! ""        Some([])
//! ```
//!
//! The rule: a character is a number from 0 to 63, which is six bits.
//!
//! ```text
//! A to Z    0 to 25
//! a to z   26 to 51
//! 0 to 9   52 to 61
//! -        62
//! _        63
//! ```
//!
//! Write the six bits of each character one behind the other, the highest bit first. Every eight are a
//! byte, so four characters are three bytes:
//!
//! ```text
//! e       y       J       h             30, 50, 9, 33
//! 011110  110010  001001  100001
//! 01111011  00100010  01100001          123, 34, 97
//! ```
//!
//! At the end two or four bits may be left over. They are dropped, whatever they are: the API server
//! does not look at them. But a last character that begins no new byte, as in "e" or "eyJhe", is an
//! error, and so is any character that is not in the table.
//!
//! Explained on: book/src/02-jwt-anatomy/three-parts.md
//! Rust you need: `match` on ranges of chars, `Option` and `?`, shifts (`<<` and `>>`)

/// The bytes that `part` stands for; `None` when it is not base64url.
#[must_use]
pub fn bytes(part: &str) -> Option<Vec<u8>> {
    todo!("decode {part:?}")
}
