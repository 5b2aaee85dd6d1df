//! What a token file means, held against what a kube-apiserver 1.37.2 made of the same files.
#![allow(clippy::unwrap_used, reason = "a test may")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use static_tokens::{Authenticator, TokenFile, User, Verdict, header, new_token};
use std::collections::{BTreeMap, HashSet};

fn parse(file: impl AsRef<[u8]>) -> TokenFile {
    TokenFile::parse("F", file.as_ref()).unwrap()
}

/// Name, uid and groups as the server's `SelfSubjectReview` showed them.
fn who(file: &TokenFile, token: impl AsRef<[u8]>) -> Option<(String, String, Vec<String>)> {
    match file.authenticate(token.as_ref()) {
        Verdict::Authenticated(user) => {
            let User { name, uid, groups, extra } = user.authenticated();
            assert!(extra.is_empty());
            Some((name, uid, groups))
        }
        Verdict::NotMine => None,
        Verdict::Rejected(why) => panic!("a file rejects nothing: {why}"),
    }
}

fn warnings(file: &TokenFile) -> Vec<String> {
    file.warnings().iter().map(ToString::to_string).collect()
}

#[test]
fn what_a_real_server_made_of_an_odd_file() {
    let file = parse(
        &b"\xef\xbb\xbfbom,bom,b1\n\
           admin,admin,admin,\"system:masters\"\n\
           \n\r\n\
           # comment,c1,c2\n\
           ,nobody,n1\n\
           crlf,carla,u7\r\n\
           empty4,eve,u2,\n\
           spaced,dora,u3,\"dev, qa\"\n\
           five,fay,u4,dev,ignored\n\
           noname,,u5\n\
           dup,first,1\ndup,second,2\n\
           q\xff,r\xffaw,u\xff9,\"g\xffroup\"\n\
           \"quote\"\"d,tok\",quin,u10\n\
           multi,\"x\r\ny\",2,\"a\n,b\"\n\
           commas,coco,u18,\",,\"\n\
           last,last,u20\r"[..],
    );
    let all = "system:authenticated";
    for (token, name, uid, groups) in [
        (&b"\xef\xbb\xbfbom"[..], "bom", "b1", &[all][..]),
        (b"admin", "admin", "admin", &["system:masters", all]),
        (b"# comment", "c1", "c2", &[all]),
        (b"crlf", "carla", "u7", &[all]),
        (b"empty4", "eve", "u2", &["", all]),
        (b"spaced", "dora", "u3", &["dev", " qa", all]),
        (b"five", "fay", "u4", &["dev", all]),
        (b"noname", "", "u5", &[all]),
        (b"dup", "second", "2", &[all]),
        (b"q\xff", "r\u{fffd}aw", "u\u{fffd}9", &["g\u{fffd}roup", all]),
        (b"quote\"d,tok", "quin", "u10", &[all]),
        (b"multi", "x\ny", "2", &["a\n", "b", all]),
        (b"commas", "coco", "u18", &["", "", "", all]),
        (b"last", "last", "u20", &[all]),
    ] {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        assert_eq!(who(&file, token), Some((name.to_owned(), uid.to_owned(), groups)));
    }
    for token in [&b""[..], b"bom", b"ADMIN", b"admi", b"admins", b"crlf\r", b"q", b"\xff"] {
        assert_eq!(who(&file, token), None, "{token:?}");
    }
    assert_eq!(
        warnings(&file),
        [
            "empty token has been found in token file 'F', record number '4'",
            "duplicate token has been found in token file 'F', record number '11'",
        ]
    );
}

#[test]
fn warnings_count_records_and_repeat() {
    let file = parse("t,a,1\ndup,a,1\ndup,b,2\n\n,e,e\n\"\",f,f\ndup,c,3\n");
    assert_eq!(
        warnings(&file),
        [
            "duplicate token has been found in token file 'F', record number '3'",
            "empty token has been found in token file 'F', record number '4'",
            "empty token has been found in token file 'F', record number '5'",
            "duplicate token has been found in token file 'F', record number '6'",
        ]
    );
    assert_eq!(who(&file, "dup").unwrap().0, "c");
    assert_eq!(file.len(), 2);

    // An entry stands where its last record does.
    let records: Vec<usize> = file.entries().iter().map(|entry| entry.record).collect();
    assert_eq!(records, [1, 6]);
    let earlier = parse("dup,a,1\nt,a,1\ndup,b,2\n");
    let records: Vec<usize> = earlier.entries().iter().map(|entry| entry.record).collect();
    assert_eq!(records, [2, 3]);
}

#[test]
fn one_replacement_for_each_wrong_byte() {
    let file = parse(
        &b"t,a\xe2\x82b\xf0\x9f\x98c\xed\xa0\x80d\xc0\x80\xc3\xa9,\xe2\x82,\"\xf0\x9f\x98,\xe2\"\n"
            [..],
    );
    let (name, uid, groups) = who(&file, "t").unwrap();
    assert_eq!(name.replace('\u{fffd}', "?"), "a??b???c???d??é");
    assert_eq!(uid, "\u{fffd}\u{fffd}");
    assert_eq!(groups[..2], ["\u{fffd}\u{fffd}\u{fffd}", "\u{fffd}"]);
}

#[test]
fn a_file_without_a_token_is_a_file() {
    for file in ["", "\n\n", ",a,1\n"] {
        assert!(parse(file).is_empty());
        assert_eq!(who(&parse(file), ""), None);
    }
    assert!(!parse("t,a,1").is_empty());
}

#[test]
fn an_error_comes_before_the_warnings_and_ends_the_reading() {
    // Too short, and its token empty: the server counts columns first.
    let error = TokenFile::parse("F", b",a\n").unwrap_err().to_string();
    assert!(error.ends_with("found 2"), "{error}");
    // The first error counts, whichever kind it is.
    let error = TokenFile::parse("F", b"a,b\nc,d,\"e\n").unwrap_err().to_string();
    assert!(error.ends_with("found 2"), "{error}");
}

#[test]
fn who_authenticates_joins_a_group_once() {
    let groups = |name: &str, groups: &[&str]| {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        User { name: name.to_owned(), groups, ..User::default() }.authenticated().groups
    };
    assert_eq!(groups("anna", &[]), ["system:authenticated"]);
    assert_eq!(groups("anna", &["dev"]), ["dev", "system:authenticated"]);
    assert_eq!(groups("anna", &["system:authenticated", "x"]), ["system:authenticated", "x"]);
    assert_eq!(groups("una", &["x", "system:unauthenticated"]), ["x", "system:unauthenticated"]);
    assert_eq!(groups("system:anonymous", &["dev"]), ["dev"]);
    assert_eq!(groups("", &[]), ["system:authenticated"]);
}

/// Each of these was sent to a server that had it in its file: 201, or else 400, 401 or anonymous.
#[test]
fn what_a_header_can_carry() {
    for token in [&b"t"[..], b"\xef\xbb\xbfbom", b"tab\tinside", b"q\xc3\xa9\xff", b"a\"b,c", b"#t"]
    {
        assert!(header::can_carry(token), "{token:?}");
    }
    for token in [
        &b""[..],
        b"two words",
        b" before",
        b"after ",
        b"tab after\t",
        b"tabafter\t",
        b"crlf\r",
        b"line\nbreak",
        b"no-break space\xc2\xa0",
        b"nbsp\xc2\xa0",
        b"bell\x07",
        b"\0nul",
        b"del\x7f",
    ] {
        assert!(!header::can_carry(token), "{token:?}");
    }
    let file = parse("# t,a,1\nt,b,2\n");
    let sendable: Vec<bool> = file.entries().iter().map(|entry| entry.sendable).collect();
    assert_eq!(sendable, [false, true]);
}

#[test]
fn new_tokens_have_microk8s_shape() {
    let tokens: HashSet<String> = (0..100).map(|_| new_token()).collect();
    assert_eq!(tokens.len(), 100);
    for token in &tokens {
        assert_eq!(token.len(), 60);
        assert!(token.ends_with("0K"));
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert!(header::can_carry(token.as_bytes()));
    }
    // Each place but the last few takes many values: all 32 bytes are random.
    for place in 0..56 {
        let values: HashSet<u8> = tokens.iter().map(|token| token.as_bytes()[place]).collect();
        assert!(values.len() > 1, "place {place}");
    }
    let lines: Vec<String> = tokens.iter().map(|token| format!("{token},{token},1\n")).collect();
    let file = parse(lines.concat());
    for token in &tokens {
        assert_eq!(&who(&file, token).unwrap().0, token);
    }
}

#[test]
fn no_token_shows() {
    let file = parse("s3cret,alice,u1\ns3cret,bob,u2\n,carol,u3\n");
    assert!(!format!("{file:?}").contains("s3cret"));
    assert!(!format!("{:?}{:?}", file.entries(), file.warnings()).contains("s3cret"));
}

fn tokens() -> impl Strategy<Value = Vec<u8>> {
    vec(select(vec![b'a', b'b', b',', b'"', b'\n', 0, 0xff]), 0..4)
}

proptest! {
    #[test]
    fn the_last_line_of_a_token_counts(lines in vec((tokens(), "[a-c]{1,3}"), 0..12), guess in tokens()) {
        let mut file = Vec::new();
        let mut model: BTreeMap<Vec<u8>, String> = BTreeMap::new();
        for (token, name) in &lines {
            let quoted = token.iter().flat_map(|byte| vec![*byte; if *byte == b'"' { 2 } else { 1 }]);
            file.push(b'"');
            file.extend(quoted);
            file.extend(format!("\",{name},1\n").bytes());
            if !token.is_empty() {
                model.insert(token.clone(), name.clone());
            }
        }
        let read = parse(&file);
        prop_assert_eq!(read.len(), model.len());
        prop_assert_eq!(read.warnings().len(), lines.len() - model.len());
        for token in lines.iter().map(|(token, _)| token).chain([&guess]) {
            prop_assert_eq!(who(&read, token).map(|user| user.0), model.get(token).cloned());
        }
    }

    #[test]
    fn any_change_to_a_token_makes_it_nobodys(at in 0..60_usize, bit in 0..8_u32) {
        let token = new_token();
        let file = parse(format!("{token},alice,u1\n"));
        let mut changed = token.clone().into_bytes();
        changed[at] ^= 1 << bit;
        prop_assert!(who(&file, &token).is_some());
        prop_assert!(who(&file, &changed).is_none());
        prop_assert!(who(&file, &token[..at]).is_none());
    }
}
