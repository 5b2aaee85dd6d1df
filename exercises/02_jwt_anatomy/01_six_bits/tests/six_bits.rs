//! The checks of this exercise.

use jwt_anatomy::base64url;
use proptest::prelude::*;
use six_bits::bytes;

#[test]
fn four_characters_are_three_bytes() {
    checks::same!(bytes("c3Vi"), Some(b"sub".to_vec()), "c3Vi: four characters, three bytes");
    checks::same!(bytes("c3U"), Some(b"su".to_vec()), "c3U: three characters, two bytes");
    checks::same!(bytes("cw"), Some(b"s".to_vec()), "cw: two characters, one byte");
    checks::same!(bytes(""), Some(vec![]), "no character, no byte");
}

#[test]
fn a_character_alone_is_no_byte() {
    checks::same!(bytes("c"), None, "c: six bits are no byte");
    checks::same!(bytes("c3Vic"), None, "c3Vic: the fifth character begins no byte");
}

#[test]
fn the_alphabet_has_64_characters() {
    checks::same!(bytes("-_-_"), Some(vec![251, 255, 191]), "-_-_: 62, 63, 62, 63");
    for other in ["c3V+", "c3V/", "c3U=", "cw==", "c3 V", "c3V\n", "c3\u{dc}i", "c3.V"] {
        checks::same!(
            bytes(other),
            None,
            format!("{other:?} has a character outside the alphabet")
        );
    }
}

#[test]
fn bits_left_over_are_dropped() {
    for spelling in ["cw", "cx", "cy", "cz"] {
        let about = format!("{spelling}: its last four bits belong to no byte");
        checks::same!(bytes(spelling), Some(b"s".to_vec()), about);
    }
}

#[test]
fn a_token_is_readable() {
    let mut printed = Vec::new();
    six_bits::tell(&mut printed).expect("a Vec takes everything");
    checks::output!("a_token_is_readable", String::from_utf8_lossy(&printed));
}

proptest! {
    // A failing case is told, not kept in a file of the reader's clone.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_token_writes_is_read_back(written in prop::collection::vec(any::<u8>(), 0..40)) {
        let part = base64url::encode(&written);
        checks::same!(bytes(&part), Some(written), format!("the part {part}"));
    }

    #[test]
    fn unseen_parts_are_read_as_the_server_reads_them(part in "[A-Za-z0-9_-]{0,9}[A-Za-z0-9_=+/-]{0,2}") {
        checks::same!(bytes(&part), base64url::decode(&part).ok(), format!("the part {part}"));
    }
}
