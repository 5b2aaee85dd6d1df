//! Asking for tokens and for everything else, rightly and wrongly. The expected answers were given
//! by kube-apiserver 1.37.2.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Lab, NOON};
use jwt_anatomy::UnverifiedToken;
use serde_json::{Value, json};

const TOKEN: &str = "/api/v1/namespaces/default/serviceaccounts/default/token";

#[tokio::test]
async fn a_token_request_and_what_is_in_the_token() {
    let lab = Lab::start(&["--service-account-max-token-expiration=2h"]).await;
    let answer = lab.admin("POST", TOKEN, r#"{"spec":{"expirationSeconds":86400}}"#).await;
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.header("warning"),
        "299 - \"requested expiration of 86400 seconds shortened to 7200 seconds\""
    );
    let object = answer.json();
    assert_eq!(object["kind"], "TokenRequest");
    assert_eq!(object["apiVersion"], "authentication.k8s.io/v1");
    assert_eq!(object["spec"]["expirationSeconds"], 7200);
    assert_eq!(object["spec"]["audiences"], json!(["https://kubernetes.default.svc"]));
    assert_eq!(object["spec"]["boundObjectRef"], Value::Null);
    assert_eq!(object["status"]["expirationTimestamp"], "2026-11-23T14:00:00Z");

    let token = object["status"]["token"].as_str().unwrap();
    let token = UnverifiedToken::read(token).unwrap();
    let header: Vec<_> = token.header().raw.keys().cloned().collect();
    assert_eq!(header, ["alg", "kid"]);
    let payload = String::from_utf8(token.payload().to_vec()).unwrap();
    let claims: Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(claims["iat"], NOON);
    assert_eq!(claims["nbf"], NOON);
    assert_eq!(claims["exp"], NOON + 7200);
    assert_eq!(claims["aud"], json!(["https://kubernetes.default.svc"]));
    assert_eq!(claims["sub"], "system:serviceaccount:default:default");
    let keys: Vec<_> = claims.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["aud", "exp", "iat", "iss", "jti", "kubernetes.io", "nbf", "sub"]);
}

/// What a pod gets for an hour and seven seconds is good for a year, and says so.
#[tokio::test]
async fn the_year_of_a_pods_token() {
    let lab = Lab::start(&[]).await;
    let pods = lab.admin("GET", "/api/v1/namespaces/kube-system/pods", "").await.json();
    let pod = pods["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|pod| pod["spec"]["serviceAccountName"] == "coredns");
    let pod = pod.unwrap()["metadata"].clone();
    let path = "/api/v1/namespaces/kube-system/serviceaccounts/coredns/token";
    let bound = json!({"kind": "Pod", "apiVersion": "v1", "name": pod["name"], "uid": pod["uid"]});
    for (seconds, audiences, extended) in [
        (3607, json!([]), true),
        (3607, json!(["https://kubernetes.default.svc"]), true),
        (3606, json!([]), false),
        (3607, json!(["vault"]), false),
    ] {
        let spec =
            json!({"expirationSeconds": seconds, "audiences": audiences, "boundObjectRef": bound});
        let answer = lab.admin("POST", path, &json!({"spec": spec}).to_string()).await.json();
        let token = answer["status"]["token"].as_str().unwrap();
        let claims = UnverifiedToken::read(token).unwrap().unverified_claims().unwrap();
        let kubernetes = claims.kubernetes.unwrap();
        let (lives, warns) =
            if extended { (31_536_000, Some(NOON + 3607)) } else { (seconds, None) };
        assert_eq!(claims.expires_at, Some(NOON + lives), "{spec}");
        assert_eq!(kubernetes.warn_after, warns, "{spec}");
        assert_eq!(kubernetes.pod.unwrap().uid, pod["uid"].as_str().unwrap());
        assert_eq!(kubernetes.node.unwrap().name, "microk8s-vm");
        assert_eq!(answer["spec"]["expirationSeconds"], seconds, "the status tells of the hour");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn token_requests_that_are_refused() {
    let lab = Lab::start(&[]).await;
    let unrecognized = "the object provided is unrecognized (must be of type TokenRequest): \
                        couldn't get version/kind; json parse error: ";
    let handled = "TokenRequest in version \"v1\" cannot be handled as a TokenRequest: ";
    let invalid = "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: ";
    for (body, status, message) in [
        (" ", 400, format!("{unrecognized}unexpected end of JSON input (20)")),
        (
            "x",
            400,
            format!("{unrecognized}invalid character 'x' looking for beginning of value (78)"),
        ),
        (
            "{} {}",
            400,
            format!("{unrecognized}invalid character '{{' after top-level value ({{}} {{}})"),
        ),
        (
            "[]",
            400,
            format!(
                "{unrecognized}json: cannot unmarshal array into Go value of type struct {{ \
                 APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \
                 \"json:\\\"kind,omitempty\\\"\" }} (5b5d)"
            ),
        ),
        (
            r#"{"kind":"TokenRequest","apiVersion":"v1"}"#,
            400,
            format!(
                "{handled}no kind \"TokenRequest\" is registered for version \"v1\" in scheme \
                 \"pkg/runtime/scheme.go:111\""
            ),
        ),
        (
            r#"{"spec":{"expirationSeconds":"x"}}"#,
            400,
            format!(
                "{handled}json: cannot unmarshal string into Go struct field \
                 TokenRequestSpec.spec.expirationSeconds of type int64"
            ),
        ),
        (
            r#"{"spec":{"expirationSeconds":1.5}}"#,
            400,
            format!(
                "{handled}json: cannot unmarshal number 1.5 into Go struct field \
                 TokenRequestSpec.spec.expirationSeconds of type int64"
            ),
        ),
        (
            r#"{"spec":{"audiences":"x"}}"#,
            400,
            format!(
                "{handled}json: cannot unmarshal string into Go struct field \
                 TokenRequestSpec.spec.audiences of type []string"
            ),
        ),
        (
            r#"{"spec":{"expirationSeconds":599}}"#,
            422,
            format!("{invalid}Invalid value: 599: may not specify a duration less than 10 minutes"),
        ),
        (
            r#"{"spec":{"expirationSeconds":0}}"#,
            422,
            format!("{invalid}Invalid value: 0: may not specify a duration less than 10 minutes"),
        ),
        (
            r#"{"spec":{"expirationSeconds":4294967297}}"#,
            422,
            format!(
                "{invalid}Invalid value: 4294967297: may not specify a duration larger than 2^32 \
                 seconds"
            ),
        ),
        (
            r#"{"metadata":{"name":"other"}}"#,
            422,
            "TokenRequest.authentication.k8s.io \"default\" is invalid: metadata.name: Invalid \
             value: \"other\": must match the service account name if specified"
                .to_owned(),
        ),
        (
            r#"{"metadata":{"namespace":"other"}}"#,
            400,
            "the namespace of the provided object does not match the namespace sent on the request"
                .to_owned(),
        ),
        (
            r#"{"spec":{"boundObjectRef":{"kind":"ConfigMap","apiVersion":"v1","name":"x"}}}"#,
            400,
            "cannot bind token to object of type /v1, Kind=ConfigMap".to_owned(),
        ),
        (
            r#"{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"x"}}}"#,
            404,
            "pods \"x\" not found".to_owned(),
        ),
        (
            r#"{"spec":{"boundObjectRef":{"kind":"Secret","apiVersion":"v1","name":""}}}"#,
            400,
            "Name parameter required.".to_owned(),
        ),
        (
            r#"{"spec":{"boundObjectRef":{"kind":"Node","apiVersion":"v1","name":"microk8s-vm","uid":"x"}}}"#,
            409,
            "Operation cannot be fulfilled on Node \"microk8s-vm\": the UID in the bound object \
             reference (x) does not match the UID in record. The object might have been deleted \
             and then recreated"
                .to_owned(),
        ),
    ] {
        let answer = lab.admin("POST", TOKEN, body).await;
        assert_eq!(answer.json()["message"], message, "{body}");
        assert_eq!(answer.status, status, "{body}");
    }
    let answer = lab.admin("POST", TOKEN, r#"{"metadata":{"uid":"zz"}}"#).await;
    assert_eq!(answer.status, 409);
    assert_eq!(
        answer.json()["details"],
        json!({"name": "default", "group": "authentication.k8s.io", "kind": "TokenRequest"})
    );
    for good in ["{}", "null", r#"{"spec":null}"#, r#"{"spec":{"expirationSeconds":600}}"#] {
        assert_eq!(lab.admin("POST", TOKEN, good).await.status, 201, "{good}");
    }
    let answer = lab.admin("POST", TOKEN, r#"{"spec":{"foo":1}}"#).await;
    assert_eq!(answer.header("warning"), "299 - \"unknown field \\\"spec.foo\\\"\"");
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there() {
    let lab = Lab::start(&[]).await;
    for (method, path, status, message) in [
        ("GET", "/api/v1/nope", 404, "the server could not find the requested resource"),
        (
            "GET",
            "/api/v1/namespaces/default/pods/p/foo",
            404,
            "the server could not find the requested resource",
        ),
        (
            "PUT",
            "/api/v1/pods",
            405,
            "the server does not allow this method on the requested resource",
        ),
        (
            "POST",
            "/version",
            405,
            "the server does not allow this method on the requested resource",
        ),
        ("GET", TOKEN, 405, "the server does not allow this method on the requested resource"),
        ("DELETE", TOKEN, 405, "the server does not allow this method on the requested resource"),
        ("GET", "/api/v1/pods?limit=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax"),
        (
            "GET",
            "/api/v1/namespaces/default/serviceaccounts/x",
            404,
            "serviceaccounts \"x\" not found",
        ),
    ] {
        let answer = lab.admin(method, path, "").await;
        assert_eq!(
            (answer.status, answer.json()["message"].as_str()),
            (status, Some(message)),
            "{method} {path}"
        );
    }
    let answer = lab.admin("GET", "/nope", "").await;
    assert_eq!((answer.status, answer.text.as_str()), (404, "404 page not found\n"));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(lab.admin("HEAD", "/api/v1/namespaces", "").await.status, 405);
}

#[tokio::test]
async fn forms_of_an_answer() {
    let lab = Lab::start(&[]).await;
    let token = lab.token("default", "default", "{}").await;
    let bearer = format!("Bearer {token}");
    let get = async |path: &str, headers: &[(&str, &str)]| {
        let mut all: Vec<(&str, &[u8])> = vec![("authorization", bearer.as_bytes())];
        all.extend(headers.iter().map(|(name, value)| (*name, value.as_bytes())));
        lab.get(path, &all).await
    };
    let namespace = "/api/v1/namespaces/default";
    let lines = |text: &str| text.trim_end().lines().count();
    assert_eq!(lines(&get(namespace, &[]).await.text), 1);
    assert!(lines(&get(namespace, &[("user-agent", "curl/8.0")]).await.text) > 5);
    assert!(lines(&get(&format!("{namespace}?pretty=true"), &[]).await.text) > 5);
    assert_eq!(
        lines(&get(&format!("{namespace}?pretty=0"), &[("user-agent", "curl/8")]).await.text),
        1
    );

    let yaml = get(namespace, &[("accept", "application/yaml")]).await;
    assert_eq!(yaml.header("content-type"), "application/yaml");
    assert!(yaml.text.starts_with("apiVersion: v1\nkind: Namespace\nmetadata:\n"), "{}", yaml.text);

    assert_eq!(get(namespace, &[("accept", "text/html")]).await.status, 406);
    let refused = get(namespace, &[("accept", "text/plain")]).await;
    assert_eq!(refused.status, 406);
    assert_eq!(
        refused.json()["message"],
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, \
         application/vnd.kubernetes.protobuf"
    );
    let jwks = get("/openid/v1/jwks", &[]).await;
    assert_eq!(jwks.header("content-type"), "application/jwk-set+json");
    assert_eq!(jwks.header("cache-control"), "public, max-age=3600");
    assert_eq!(get("/openid/v1/jwks", &[("accept", "application/json")]).await.status, 406);
    assert_eq!(get(namespace, &[("audit-id", "mine")]).await.header("audit-id"), "mine");
}

#[tokio::test]
async fn a_body_that_is_too_large_or_of_another_type() {
    let lab = Lab::start(&[]).await;
    let big = format!(r#"{{"data":{{"a":"{}"}}}}"#, "x".repeat(3 << 20));
    let answer = lab.admin("POST", "/api/v1/namespaces/default/configmaps", &big).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["message"], "Request entity too large: limit is 3145728");
    assert_eq!(answer.json()["details"], Value::Null);

    let token = lab.token("default", "default", "{}").await;
    let bearer = format!("Bearer {token}");
    let headers: &[(&str, &[u8])] =
        &[("authorization", bearer.as_bytes()), ("content-type", b"text/plain")];
    let answer = lab.send(None, headers, "POST", TOKEN, b"{}").await;
    assert_eq!(answer.status, 415);
    // Who may not do it is not read at all.
    let headers: &[(&str, &[u8])] = &[("authorization", b"Bearer x")];
    let answer = lab.send(None, headers, "POST", TOKEN, big.as_bytes()).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn rbac_lets_in_whom_it_lets_in() {
    let lab = Lab::start(&["--authorization-mode=RBAC"]).await;
    let token = lab.token("default", "default", "{}").await;
    let get = async |path: &str| {
        let answer = lab.bearer(&token, "GET", path, "").await;
        (answer.status, answer.text)
    };
    let (status, text) = get("/api/v1/namespaces/default/pods").await;
    assert_eq!(status, 403);
    assert!(
        text.contains(
            "pods is forbidden: User \\\"system:serviceaccount:default:default\\\" cannot list \
             resource \\\"pods\\\" in API group \\\"\\\" in the namespace \\\"default\\\""
        ),
        "{text}"
    );
    assert_eq!(get("/api/v1/nope").await.0, 403, "403 before 404");
    assert_eq!(get("/api").await.0, 200);
    assert_eq!(get("/openid/v1/jwks").await.0, 200);

    let bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
    let binding = json!({
        "metadata": {"name": "v"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    });
    let answer = lab.admin("POST", bindings, &binding.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(get("/api/v1/namespaces/default/pods").await.0, 200);
    let trace = lab.cluster.traces().pop().unwrap();
    assert_eq!(
        trace.authorizer.unwrap(),
        "allowed: RBAC: allowed by RoleBinding \"v/default\" of ClusterRole \"view\" to \
         ServiceAccount \"default/default\""
    );
    assert_eq!(get("/api/v1/namespaces/default/secrets").await.0, 403);
    assert_eq!(get("/api/v1/pods").await.0, 403);

    // Who may bind nothing cannot bind themselves to more.
    let answer = lab.bearer(&token, "POST", bindings, &binding.to_string()).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_review_of_somebody_elses_token() {
    let lab = Lab::start(&["--api-audiences=api"]).await;
    let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    let review = async |token: &str, audiences: Value| {
        let body = json!({"spec": {"token": token, "audiences": audiences}});
        let answer = lab.admin("POST", reviews, &body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["status"].clone()
    };
    let mine = lab.token("default", "default", "{}").await;
    let vaults = lab.token("default", "default", r#"{"audiences":["vault","db"]}"#).await;

    let good = review(&mine, Value::Null).await;
    assert_eq!(good["authenticated"], true);
    assert_eq!(good["audiences"], json!(["api"]));
    assert_eq!(
        review(&vaults, json!(["db", "x", "vault"])).await["audiences"],
        json!(["db", "vault"])
    );

    let wrong = review(&vaults, Value::Null).await;
    assert_eq!(wrong["authenticated"], Value::Null, "left out when false");
    assert_eq!(
        wrong["error"],
        "[invalid bearer token, token audiences [\"vault\" \"db\"] is invalid for the target \
         audiences [\"api\"]]"
    );
    assert_eq!(review("garbage", Value::Null).await["error"], "invalid bearer token");
    assert_eq!(review("<&>", Value::Null).await["error"], "invalid bearer token");
    assert_eq!(lab.admin("POST", reviews, "{}").await.status, 400);
}

/// A blank before the token makes a header that carries none: where anonymous requests are let in,
/// the review says so.
#[tokio::test]
async fn a_review_of_a_token_with_a_blank_before_it() {
    let lab = Lab::start(&["--authorization-mode=RBAC"]).await;
    let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    let answer = lab.admin("POST", reviews, r#"{"spec":{"token":" x"}}"#).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.json()["status"]["user"]["username"], "system:anonymous");
    let answer = lab.admin("POST", reviews, r#"{"spec":{"token":"<x>"}}"#).await;
    assert!(answer.text.contains("\\u003cx\\u003e"), "{}", answer.text);
}
