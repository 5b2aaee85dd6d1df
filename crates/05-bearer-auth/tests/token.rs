//! A token shows itself only to who asks for it.
#![allow(clippy::unwrap_used, reason = "a test may")]

use bearer_auth::{BearerToken, NotAToken};

#[test]
fn white_space_around_it_does_not_count() {
    for text in ["abc", "abc\n", "  abc\r\n", "\tabc "] {
        assert_eq!(BearerToken::read(text).unwrap().secret(), "abc");
    }
}

#[test]
fn what_no_header_can_carry() {
    assert_eq!(BearerToken::read(" \n"), Err(NotAToken::Empty));
    assert_eq!(BearerToken::read("bearer abc"), Err(NotAToken::WithItsScheme));
    assert_eq!(BearerToken::read("ab c"), Err(NotAToken::WhiteSpace { after: 2 }));
    assert_eq!(BearerToken::read("ab\nc"), Err(NotAToken::WhiteSpace { after: 2 }));
    assert_eq!(BearerToken::read("ab\u{a0}c"), Err(NotAToken::WhiteSpace { after: 2 }));
    assert_eq!(BearerToken::read("a\0"), Err(NotAToken::Unsendable { at: 2 }));
    assert_eq!(BearerToken::read("\u{e9}"), Err(NotAToken::Unsendable { at: 1 }));
}

#[test]
fn printed_it_gives_away_an_eighth_at_most() {
    for length in 1..2000 {
        let token = BearerToken::read(&"x".repeat(length)).unwrap();
        let shown = token.to_string().matches('x').count();
        assert!(shown <= 16 && shown * 8 <= length, "{length}: {token}");
        assert!(!format!("{token:?}").contains('x'));
    }
}
