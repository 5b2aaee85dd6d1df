//! The search finds every copy there is, and no copy where there is none.
#![allow(clippy::unwrap_used, reason = "a test may")]

use bearer_auth::lab::Lab;
use bearer_auth::search::search;
use bearer_auth::{BearerToken, Wishes, create_token};
use jwt_anatomy::ServiceAccountName;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

async fn token(client: &Client) -> BearerToken {
    let account = ServiceAccountName::from_username("system:serviceaccount:default:default");
    create_token(client, &account.unwrap(), &Wishes::default()).await.unwrap().token
}

async fn create(client: &Client, path: &str, object: &Value) {
    let request = http::Request::post(path).header("content-type", "application/json");
    let request = request.body(serde_json::to_vec(object).unwrap()).unwrap();
    let _: Value = client.request(request).await.unwrap();
}

#[tokio::test]
async fn wherever_a_copy_is() {
    let lab = Lab::standing_still().await.unwrap();
    let client = lab.cluster.as_its_user().unwrap();
    let (token, other) = (token(&client).await, token(&client).await);
    let (head, signature) = token.secret().rsplit_once('.').unwrap();

    let maps = "/api/v1/namespaces/default/configmaps";
    let secrets = "/api/v1/namespaces/default/secrets";
    let named = |name: &str| json!({ "name": name });
    let plain = json!({ "metadata": named("plain"), "data": { "t": token.secret() } });
    create(&client, maps, &plain).await;
    let inside = format!("users:\n- user:\n    token: {}\n", token.secret());
    create(&client, maps, &json!({ "metadata": named("inside"), "data": { "f": inside } })).await;
    let noted = json!({ "name": "noted", "annotations": { "note": format!("=> {signature}") } });
    create(&client, maps, &json!({ "metadata": noted })).await;
    let kept = json!({ "metadata": named("kept"), "stringData": { "token": token.secret() } });
    create(&client, secrets, &kept).await;
    let wrapped = json!({ "metadata": named("wrapped"), "stringData": { "config": inside } });
    create(&client, secrets, &wrapped).await;
    // Another token, and this one without what makes it one, are no copies.
    let another = json!({ "metadata": named("another"), "stringData": { "t": other.secret() } });
    create(&client, secrets, &another).await;
    create(&client, maps, &json!({ "metadata": named("headless"), "data": { "t": head } })).await;

    let found = search(&client, &token).await.unwrap();
    let expected = ["configmaps default/inside", "configmaps default/noted"];
    let expected = [&expected[..], &["configmaps default/plain"]].concat();
    let expected = [&expected[..], &["secrets default/kept", "secrets default/wrapped"]].concat();
    assert_eq!(found.copies, expected);
    assert!(found.unread.is_empty());
    assert_eq!(found.objects(), lab.server().registry().all_objects().len());
    lab.stop().await;
}

#[tokio::test]
async fn on_the_second_page_too() {
    let lab = Lab::standing_still().await.unwrap();
    let client = lab.cluster.as_its_user().unwrap();
    let token = token(&client).await;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    for number in 0..501 {
        let data = if number == 500 { token.secret() } else { "nothing" };
        let map = json!({ "metadata": { "name": format!("m{number:03}") }, "data": { "k": data } });
        maps.create(&PostParams::default(), &serde_json::from_value(map).unwrap()).await.unwrap();
    }
    let found = search(&client, &token).await.unwrap();
    assert_eq!(found.copies, ["configmaps default/m500"]);
    assert_eq!(found.objects(), lab.server().registry().all_objects().len());
    lab.stop().await;
}
