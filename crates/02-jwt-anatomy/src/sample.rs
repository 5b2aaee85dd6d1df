//! Tokens to look at that open nothing: their signatures are none.

use crate::base64url::encode;

/// What stands where a signature would: 256 bytes, as RSA with 2048 bits makes.
const NO_SIGNATURE: &[u8; 32] = b"this is a sample, no signature! ";

/// The token that the question was asked about: made by microk8s on 2 October 2022. Its author
/// blacked out the rest of two values with x, and kept the signature to himself.
pub const CLAIMS_OF_2022: &str = r#"{"aud":["https://kubernetes.default.svc"],"exp":1664705605,"iat":1664702005,"iss":"https://kubernetes.default.svc","kubernetes.io":{"namespace":"default","serviceaccount":{"name":"default","uid":"755e1766-e817-xxxx-xxxx-xxxxxxxxxxxx"}},"nbf":1664702005,"sub":"system:serviceaccount:default:default"}"#;

/// Its header.
pub const HEADER_OF_2022: &str = r#"{"alg":"RS256","kid":"_h3i-pvtWSsSXXVyXxxxxxxxxxxxxxxx"}"#;

/// What Kubernetes 1.37 puts into a pod. Since 2022 a token has got an id, and knows its node.
pub const CLAIMS_OF_A_POD: &str = r#"{"aud":["https://kubernetes.default.svc"],"exp":1796200000,"iat":1764664000,"iss":"https://kubernetes.default.svc","jti":"c71191f9-21a6-4455-9a8c-a5fdc3c9563e","kubernetes.io":{"namespace":"default","node":{"name":"homelab","uid":"0e4a1c9e-5d6a-4b43-8a35-3c1f1f0d1c11"},"pod":{"name":"web-0","uid":"5b0d7a4f-93c1-4a52-9c0b-6f6a4c1f2b22"},"serviceaccount":{"name":"default","uid":"c7158494-1bba-4227-b861-f485e9993c6c"},"warnafter":1764667607},"nbf":1764664000,"sub":"system:serviceaccount:default:default"}"#;

/// What the controller manager writes into a token Secret.
pub const LEGACY_CLAIMS: &str = r#"{"iss":"kubernetes/serviceaccount","kubernetes.io/serviceaccount/namespace":"kube-system","kubernetes.io/serviceaccount/secret.name":"default-token-7xkq2","kubernetes.io/serviceaccount/service-account.name":"default","kubernetes.io/serviceaccount/service-account.uid":"9f8d2a61-0b7e-4c3f-8e15-7a2b6c4d5e6f","sub":"system:serviceaccount:kube-system:default"}"#;

/// A token with this header and these claims, unsigned.
#[must_use]
pub fn unsigned(header: &str, claims: &str) -> String {
    let signature = NO_SIGNATURE.repeat(8);
    format!("{}.{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()), encode(&signature))
}

/// The token of 2 October 2022.
#[must_use]
pub fn token_of_2022() -> String {
    unsigned(HEADER_OF_2022, CLAIMS_OF_2022)
}
