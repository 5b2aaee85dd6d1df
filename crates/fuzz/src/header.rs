//! The `Authorization` header, put to the whole chain: token file, legacy tokens, bound tokens,
//! anonymous.

use crate::shown::{is_plain, keeps_secret};
use jwt_anatomy::{LEGACY_ISSUER, UnverifiedToken, base64url};
use lab_cluster::authn::bearer::{self, Header};
use lab_cluster::authn::cache::Cached;
use lab_cluster::authn::service_accounts::{BoundTokens, LegacyTokens};
use lab_cluster::authn::{
    AudienceAgnostic, Authenticated, Chain, Credentials, TokenAuthenticator, Unauthenticated, Union,
};
use lab_cluster::registry::{CountedIds, Registry, Store, WriteOptions, kinds, seeds};
use lab_cluster::trace::Trace;
use narration::ManualClock;
use serde_json::json;
use signing::{KeySet, SigningKey};
use static_tokens::TokenFile;
use std::sync::{Arc, LazyLock};

const ISSUER: &str = "https://kubernetes.default.svc";

/// Tokens of a file. The first stands in the corpus.
const FILE: &[u8] = b"t,ann,u-ann\n\"a,\",comma,u-comma\na-static-token-of-some-length,bob,u-bob\n";

/// Reads a header, and asks the chain who sent it.
///
/// - The token is cut out as Go's `bearertoken.go` cuts it.
/// - Who is let in by a token sent one that is in the file, or that was signed with the server's
///   key. White space in a JWT changes nothing.
/// - Who sent a token that nobody knows is not anonymous; who sent none is.
/// - Neither the trace nor the reasons hold the token, and the trace is plain text.
pub fn header(input: &[u8]) {
    let server = &*SERVER;
    let cut = bearer::token(Some(input));
    assert_eq!(cut, bearer::token(Some(input)));
    assert_eq!(cut, cut_by_hand(input));

    let (known, trace) = server.ask(input);
    is_plain(&trace.to_string());
    let Header::Token(token) = cut else {
        assert_eq!(known.expect("no token at all").user.name, "system:anonymous");
        return;
    };
    let show = |token: &[u8]| {
        let (known, trace) = server.ask(&[b"Bearer ", token].concat());
        format!("{trace}{:?}{:?}", trace.authenticators, known.err())
    };
    keeps_secret(token, &[], show);
    if let Ok(jwt) = UnverifiedToken::read(&String::from_utf8_lossy(token)) {
        let end = token.iter().rposition(|byte| *byte == b'.').map_or(0, |dot| dot + 1);
        let (rest, signature) = token.split_at(end);
        let public = [jwt.payload(), jwt.signing_input().as_bytes()].concat();
        keeps_secret(signature, &public, |signature| show(&[rest, signature].concat()));
    }
    match known {
        Ok(known) if known.user.name == "system:anonymous" => panic!("a bad token is anonymous"),
        Ok(known) => assert!(server.knows(token), "{known:?}: nobody made this token"),
        Err(nobody) => {
            assert!(!server.tokens.iter().any(|good| good.as_bytes() == token), "{nobody:?}");
            assert_eq!(nobody.reasons[0].0, "invalid bearer token");
        }
    }
}

/// `strings.TrimSpace`, `strings.SplitN(auth, " ", 3)` and what follows them, in the words of Go.
fn cut_by_hand(value: &[u8]) -> Header<'_> {
    let mut auth = value;
    while let Some(rest) = spaces().iter().find_map(|space| auth.strip_prefix(space.as_bytes())) {
        auth = rest;
    }
    while let Some(rest) = spaces().iter().find_map(|space| auth.strip_suffix(space.as_bytes())) {
        auth = rest;
    }
    let parts: Vec<&[u8]> = auth.splitn(3, |byte| *byte == b' ').collect();
    if !parts[0].eq_ignore_ascii_case(b"bearer") {
        return Header::NoToken("not the scheme Bearer");
    }
    match parts[1..] {
        [] => Header::NoToken("nothing after Bearer"),
        [b"", _] => Header::ExtraSpace,
        [b""] => unreachable!("it was trimmed"),
        [token, ..] => Header::Token(token),
    }
}

/// `unicode.IsSpace`, each as it is encoded.
fn spaces() -> &'static [String] {
    static SPACES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let of_latin_1 = "\t\n\u{b}\u{c}\r \u{85}\u{a0}".chars();
        let others = "\u{1680}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}".chars();
        of_latin_1.chain(others).chain('\u{2000}'..='\u{200a}').map(String::from).collect()
    });
    &SPACES
}

/// A server with one account, and the tokens that it takes.
pub(crate) struct Server {
    registry: Arc<Registry>,
    key: SigningKey,
    /// A bound token, a legacy one, and those of the file.
    pub(crate) tokens: Vec<String>,
}

/// The one that every call asks.
pub(crate) static SERVER: LazyLock<Server> = LazyLock::new(Server::new);

impl Server {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at_unix(NOW));
        let ids = Arc::new(CountedIds::default());
        let registry = Arc::new(Registry::new(Store::in_memory(), clock, ids));
        let create = |kind, namespace, body| {
            let made = registry.create(kind, namespace, body, &WriteOptions::default());
            made.expect("an object that can be made")
        };
        seeds::system_namespaces(&registry).expect("an empty registry takes them");
        let robot =
            create(&kinds::SERVICE_ACCOUNTS, "default", json!({"metadata": {"name": "robot"}}));
        let uid = &robot["metadata"]["uid"];

        let key = signing::samples::lab_key();
        let sign = |claims| key.sign(&claims).expect("the key is long enough");
        let bound = sign(json!({
            "aud": [ISSUER], "exp": NOW + 3600, "iat": NOW, "iss": ISSUER, "nbf": NOW,
            "jti": "11111111-2222-4333-8444-555555555555",
            "kubernetes.io": {
                "namespace": "default", "serviceaccount": {"name": "robot", "uid": uid},
            },
            "sub": "system:serviceaccount:default:robot",
        }));
        let legacy = sign(json!({
            "iss": LEGACY_ISSUER,
            "kubernetes.io/serviceaccount/namespace": "default",
            "kubernetes.io/serviceaccount/secret.name": "robot-token",
            "kubernetes.io/serviceaccount/service-account.name": "robot",
            "kubernetes.io/serviceaccount/service-account.uid": uid,
            "sub": "system:serviceaccount:default:robot",
        }));
        let secret = json!({
            "metadata": {
                "name": "robot-token",
                "annotations": {"kubernetes.io/service-account.name": "robot"},
            },
            "type": "kubernetes.io/service-account-token",
            "stringData": {"token": legacy},
        });
        create(&kinds::SECRETS, "default", secret);
        let of_the_file = ["t", "a,", "a-static-token-of-some-length"].map(str::to_owned);
        let tokens = [bound, legacy].into_iter().chain(of_the_file).collect();
        Self { registry, key, tokens }
    }

    /// A chain that remembers nothing of the call before.
    fn chain(&self) -> Chain {
        let clock = Arc::new(ManualClock::at_unix(NOW));
        let keys = Arc::new(KeySet::new(vec![self.key.public_key()]));
        let api_audiences = vec![ISSUER.to_owned()];
        let validator =
            |issuer: &str| expiry::Validator::new(vec![issuer.to_owned()], api_audiences.clone());
        let members: Vec<Arc<dyn TokenAuthenticator>> = vec![
            Arc::new(AudienceAgnostic {
                name: "token file",
                inner: Arc::new(TokenFile::parse("f", FILE).expect("a good file")),
                api_audiences: api_audiences.clone(),
            }),
            Arc::new(LegacyTokens {
                keys: keys.clone(),
                validator: validator(LEGACY_ISSUER),
                objects: self.registry.clone(),
                last_used: self.registry.clone(),
                clock: clock.clone(),
            }),
            Arc::new(BoundTokens {
                keys,
                validator: validator(ISSUER),
                objects: self.registry.clone(),
                clock: clock.clone(),
            }),
        ];
        let tokens = Cached::new(Union(members), clock).expect("random bytes");
        Chain { certificates: None, tokens, anonymous: true, api_audiences }
    }

    /// What the chain says, and what it notes.
    fn ask(&self, authorization: &[u8]) -> (Result<Authenticated, Unauthenticated>, Trace) {
        let mut trace = Trace { request: "GET /".to_owned(), ..Trace::default() };
        let credentials = Credentials { certificates: &[], authorization: Some(authorization) };
        let known = self.chain().authenticate(credentials, &[ISSUER.to_owned()], &mut trace);
        (known, trace)
    }

    /// Is it one of our tokens, or the bound one in another spelling?
    fn knows(&self, token: &[u8]) -> bool {
        let signed = |token: &str| {
            let read = UnverifiedToken::read(token).ok()?;
            Some((read.signing_input().to_owned(), base64url::encode(read.signature())))
        };
        let text = String::from_utf8_lossy(token);
        self.tokens.iter().any(|good| good.as_bytes() == token)
            || signed(&text).is_some_and(|sent| Some(sent) == signed(&self.tokens[0]))
    }
}

/// When all this happens.
const NOW: i64 = 1_664_702_005;
