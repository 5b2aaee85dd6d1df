//! What a real kube-apiserver 1.37.2 with RBAC was asked, and what it answered.
//!
//! `data/authz_rbac.json` holds roles and bindings as they were stored there; 652 questions, as the
//! `spec` of a `SubjectAccessReview`, each with the answer; and 462 attempts to write a role or a
//! binding by a user who may write them, with what the server said to it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use lab_cluster::authz::{
    Attributes, Authorizer, Chain, Decision, aggregation, bootstrap, escalation, forbidden,
    rbac::{Binding, PolicyRule, Rbac, Roles},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use static_tokens::User;
use std::sync::{Arc, LazyLock};

/// Roles and bindings in plain lists.
#[derive(Clone)]
struct Lists(Value);

impl Lists {
    /// What is recorded, and what every server has from the start.
    fn recorded() -> Self {
        let mut lists: Value = serde_json::from_str(include_str!("data/authz_rbac.json")).unwrap();
        let add = |list: &mut Value, more| list.as_array_mut().unwrap().extend::<Vec<Value>>(more);
        add(&mut lists["clusterRoles"], bootstrap::cluster_roles(false));
        add(&mut lists["clusterRoleBindings"], bootstrap::cluster_role_bindings());
        Self(lists)
    }

    fn each(&self, list: &str) -> impl Iterator<Item = &Value> {
        self.0[list].as_array().into_iter().flatten()
    }

    fn rules(&self, list: &str, name: &str, namespace: &str) -> Option<Vec<PolicyRule>> {
        let found = self.each(list).find(|role| {
            let metadata = &role["metadata"];
            metadata["name"] == name && metadata["namespace"].as_str().unwrap_or("") == namespace
        })?;
        Some(PolicyRule::all_of(found))
    }
}

impl Roles for Lists {
    fn cluster_role(&self, name: &str) -> Option<Vec<PolicyRule>> {
        self.rules("clusterRoles", name, "")
    }
    fn role(&self, namespace: &str, name: &str) -> Option<Vec<PolicyRule>> {
        self.rules("roles", name, namespace)
    }
    fn cluster_role_bindings(&self) -> Arc<[Binding]> {
        self.each("clusterRoleBindings").map(Binding::read).collect()
    }
    fn role_bindings(&self, namespace: &str) -> Arc<[Binding]> {
        let here = |binding: &&Value| binding["metadata"]["namespace"] == namespace;
        self.each("roleBindings").filter(here).map(Binding::read).collect()
    }
}

fn user(name: &str, groups: &[&str]) -> User {
    User {
        name: name.to_owned(),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        ..User::default()
    }
}

/// `get` on a resource, to be changed with `..`.
fn get<'a>(user: &'a User, resource: &'a str) -> Attributes<'a> {
    Attributes {
        user,
        verb: "get",
        api_group: "",
        resource,
        subresource: "",
        namespace: "",
        name: "",
        path: "",
        is_resource: true,
    }
}

fn get_path<'a>(user: &'a User, path: &'a str) -> Attributes<'a> {
    Attributes { path, is_resource: false, ..get(user, "") }
}

#[test]
fn every_question_is_answered_as_the_real_server_answered_it() {
    let lists = Lists::recorded();
    let chain = Chain::rbac(lists.clone());
    let mut asked = 0;
    for question in lists.each("questions") {
        let spec = &question["spec"];
        let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
        let groups: Vec<_> = spec["groups"].as_array().unwrap().iter().collect();
        let groups: Vec<_> = groups.iter().map(|group| group.as_str().unwrap()).collect();
        let user = user(spec["user"].as_str().unwrap(), &groups);
        let word = |field: &str| resource[field].as_str().unwrap_or_default();
        let attributes = if resource.is_null() {
            Attributes {
                verb: path["verb"].as_str().unwrap_or_default(),
                ..get_path(&user, path["path"].as_str().unwrap_or_default())
            }
        } else {
            Attributes {
                verb: word("verb"),
                api_group: word("group"),
                subresource: word("subresource"),
                namespace: word("namespace"),
                name: word("name"),
                ..get(&user, word("resource"))
            }
        };

        let decision = chain.authorize(&attributes);
        let answer = (decision.allowed(), decision.reason());
        let expected = (question["allowed"] == true, question["reason"].as_str().unwrap());
        assert_eq!(answer, expected, "{spec}");
        asked += 1;
    }
    assert_eq!(asked, 652);
}

#[test]
fn every_attempt_to_give_away_more_than_one_has_fails_in_the_real_servers_words() {
    let lists = Lists::recorded();
    let chain = Chain::rbac(lists.clone());
    let (mut tried, mut worded) = (0, 0);
    for attempt in lists.each("escalations") {
        let resource = attempt["resource"].as_str().unwrap();
        let user = user(attempt["user"].as_str().unwrap(), &["system:authenticated"]);
        let namespace = if ["roles", "rolebindings"].contains(&resource) { "default" } else { "" };
        let request = Attributes {
            verb: "create",
            api_group: escalation::GROUP,
            namespace,
            ..get(&user, resource)
        };
        let role = attempt["role"].as_str().unwrap();
        let rules = lists.each("clusterRoles").find(|r| r["metadata"]["name"] == role).unwrap();
        let object = if resource.ends_with("roles") {
            json!({"metadata": {"name": "new"}, "rules": rules["rules"]})
        } else {
            json!({"metadata": {"name": "new"}, "roleRef": {"kind": "ClusterRole", "name": role}})
        };

        let outcome = escalation::confirm_write(&chain, &lists, &request, &object, None);
        assert_eq!(outcome.is_ok(), attempt["allowed"] == true, "{attempt}: {outcome:?}");
        if let (Err(refusal), Some(message)) = (outcome, attempt["message"].as_str()) {
            assert_eq!(refusal.message, message);
            worded += 1;
        }
        tried += 1;
    }
    assert_eq!((tried, worded > 50), (462, true));
}

/// Alice may write roles and bindings, may read pods, and in `default` has a role that is lost.
fn alices() -> Lists {
    let alice = json!([{"kind": "User", "name": "alice"}]);
    Lists(json!({
        "clusterRoles": [
            {"metadata": {"name": "writer"}, "rules": [
                {"verbs": ["create", "update"], "apiGroups": ["rbac.authorization.k8s.io"],
                 "resources": ["*"]},
                {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]},
            ]},
            {"metadata": {"name": "cluster-admin"}, "rules": [
                {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
                {"verbs": ["*"], "nonResourceURLs": ["*"]},
            ]},
            {"metadata": {"name": "binder"}, "rules": [
                {"verbs": ["bind"], "apiGroups": ["rbac.authorization.k8s.io"],
                 "resources": ["clusterroles"], "resourceNames": ["cluster-admin"]},
            ]},
            {"metadata": {"name": "escalator"}, "rules": [
                {"verbs": ["escalate"], "apiGroups": ["rbac.authorization.k8s.io"],
                 "resources": ["clusterroles"], "resourceNames": ["mine"]},
            ]},
        ],
        "clusterRoleBindings": [
            {"metadata": {"name": "writer"}, "subjects": alice,
             "roleRef": {"kind": "ClusterRole", "name": "writer"}},
            {"metadata": {"name": "escalator"}, "subjects": [{"kind": "User", "name": "erin"}],
             "roleRef": {"kind": "ClusterRole", "name": "escalator"}},
        ],
        "roleBindings": [
            {"metadata": {"name": "lost", "namespace": "lost"}, "subjects": alice,
             "roleRef": {"kind": "Role", "name": "gone"}},
            {"metadata": {"name": "binder", "namespace": "bindery"}, "subjects": alice,
             "roleRef": {"kind": "ClusterRole", "name": "binder"}},
        ],
    }))
}

fn alice_writes(resource: &str, namespace: &str, object: &Value, old: Option<&Value>) -> String {
    let alice = user("alice", &["system:authenticated"]);
    let request = Attributes {
        verb: "create",
        api_group: escalation::GROUP,
        namespace,
        ..get(&alice, resource)
    };
    let lists = alices();
    let chain = Chain::rbac(lists.clone());
    match escalation::confirm_write(&chain, &lists, &request, object, old) {
        Ok(()) => "stored".to_owned(),
        Err(refusal) => refusal.to_status().to_string(),
    }
}

#[test]
fn a_binding_to_no_role_is_refused_as_the_real_server_does() {
    let binding = |kind: &str, name: &str| json!({"metadata": {"name": "b"}, "roleRef": {"kind": kind, "name": name}});
    assert_eq!(
        alice_writes("rolebindings", "default", &binding("ClusterRole", "nonesuch"), None),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"rolebindings.rbac.authorization.k8s.io \"nonesuch\" not found","reason":"NotFound","details":{"name":"nonesuch","group":"rbac.authorization.k8s.io","kind":"rolebindings"},"code":404}"#
    );
    assert_eq!(
        alice_writes("rolebindings", "default", &binding("Foo", "reader"), None),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"unsupported role reference kind: \"Foo\"","code":500}"#
    );
    assert_eq!(
        alice_writes("clusterrolebindings", "", &binding("Role", "reader"), None),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Namespace parameter required.","reason":"BadRequest","code":400}"#
    );
}

#[test]
fn a_role_to_be_named_by_the_server_is_refused_without_a_name() {
    let role = json!({"metadata": {"generateName": "gen-"}, "rules": [
        {"verbs": ["list"], "apiGroups": [""], "resources": ["secrets"]}]});
    assert_eq!(
        alice_writes("clusterroles", "", &role, None),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"clusterroles.rbac.authorization.k8s.io is forbidden: user \"alice\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"list\"]}","reason":"Forbidden","details":{"group":"rbac.authorization.k8s.io","kind":"clusterroles"},"code":403}"#
    );
}

#[test]
fn a_missing_role_goes_by_the_name_of_what_is_written() {
    let role = json!({"metadata": {"name": "x"}, "rules": [
        {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}]});
    let refused = alice_writes("roles", "lost", &role, None);
    assert!(
        refused.contains(
            r#"; resolution errors: [roles.rbac.authorization.k8s.io \"gone\" not found]""#
        ),
        "{refused}"
    );
}

#[test]
fn only_who_holds_everything_may_gather_the_rules_of_others() {
    let role = json!({"metadata": {"name": "agg"}, "rules": [],
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}});
    let plain = json!({"metadata": {"name": "agg"}, "rules": []});
    let refusal = r#"clusterroles.rbac.authorization.k8s.io \"agg\" is forbidden: must have cluster-admin privileges to use the aggregationRule""#;
    assert!(alice_writes("clusterroles", "", &role, None).contains(refusal));
    // Nor may others take the gathering away.
    assert!(alice_writes("clusterroles", "", &plain, Some(&role)).contains(refusal));
    assert_eq!(alice_writes("clusterroles", "", &plain, None), "stored");
    let empty =
        json!({"metadata": {"name": "agg"}, "aggregationRule": {"clusterRoleSelectors": []}});
    assert_eq!(alice_writes("clusterroles", "", &empty, None), "stored");
}

#[test]
fn the_garbage_collector_may_release_what_it_could_not_write() {
    let binding = json!({"metadata": {"name": "b", "uid": "u", "finalizers": ["a.b/c"]},
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}});
    let mut released = binding.clone();
    released["metadata"]["finalizers"] = json!([]);
    released["metadata"]["ownerReferences"] = json!([{"name": "o"}]);
    assert_eq!(alice_writes("rolebindings", "default", &released, Some(&binding)), "stored");
    released["metadata"]["labels"] = json!({"a": "b"});
    let refused = alice_writes("rolebindings", "default", &released, Some(&binding));
    assert!(refused.contains("is attempting to grant"), "{refused}");
}

#[test]
fn bind_lifts_the_check_where_it_is_held_and_for_the_role_that_it_names() {
    let binding = |name: &str| json!({"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": name}});
    assert_eq!(alice_writes("rolebindings", "bindery", &binding("cluster-admin"), None), "stored");
    for (namespace, resource, role) in [
        ("bindery", "rolebindings", "escalator"),
        ("default", "rolebindings", "cluster-admin"),
        ("", "clusterrolebindings", "cluster-admin"),
    ] {
        let refused = alice_writes(resource, namespace, &binding(role), None);
        assert!(refused.contains(r#""code":403"#), "{namespace} {role}: {refused}");
    }
}

#[test]
fn escalate_is_asked_with_the_name_in_the_url() {
    let lists = alices();
    let chain = Chain::rbac(lists.clone());
    let erin = user("erin", &[]);
    let role = json!({"metadata": {"name": "mine"}, "rules": [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]});
    let request = |verb, name| Attributes {
        verb,
        api_group: escalation::GROUP,
        name,
        ..get(&erin, "clusterroles")
    };
    let write = |request| escalation::confirm_write(&chain, &lists, &request, &role, None);
    assert!(write(request("update", "mine")).is_ok());
    assert!(write(request("update", "other")).is_err());
    assert!(write(request("create", "")).is_err(), "a create has no name in its URL");
}

/// A short body holds a rule of many single permissions: all its words, each with each.
#[test]
fn a_rule_of_very_many_permissions_is_not_spelt_out() {
    let words = |letter: char, many: usize| -> Vec<String> {
        (0..many).map(|n| format!("{letter}{n}")).collect()
    };
    let role = |many: usize| {
        let rule = json!({
            "verbs": words('v', many), "apiGroups": words('g', many),
            "resources": words('r', many), "resourceNames": words('n', many),
        });
        json!({"metadata": {"name": "x"}, "rules": [rule]})
    };
    let said = |many: usize| -> String {
        let status = alice_writes("clusterroles", "", &role(many), None);
        let status: Value = serde_json::from_str(&status).unwrap();
        assert_eq!(status["reason"], "Forbidden");
        status["message"].as_str().unwrap().to_owned()
    };
    let all = said(10);
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!(lines.len(), 1 + 10 * 10 * 10);
    assert_eq!(
        lines[1],
        "{APIGroups:[\"g0\"], Resources:[\"r0\"], ResourceNames:[\"n0\"], Verbs:[\"v0\" \"v1\" \
         \"v2\" \"v3\" \"v4\" \"v5\" \"v6\" \"v7\" \"v8\" \"v9\"]}"
    );
    assert_eq!(
        said(60),
        "clusterroles.rbac.authorization.k8s.io \"x\" is forbidden: user \"alice\" \
         (groups=[\"system:authenticated\"]) is attempting to grant 12960000 single RBAC permissions, more than are looked \
         at one by one: 1000000. Write rules of fewer words"
    );
    // Who holds such a rule, or a wider one, may give it away.
    let mut lists = alices();
    lists.0["clusterRoles"][0]["rules"] =
        json!([{"verbs": ["*"], "apiGroups": words('g', 200), "resources": ["*"]}]);
    let alice = user("alice", &[]);
    let request =
        Attributes { verb: "create", api_group: escalation::GROUP, ..get(&alice, "clusterroles") };
    let chain = Chain::rbac(lists.clone());
    assert_eq!(escalation::confirm_write(&chain, &lists, &request, &role(200), None), Ok(()));
    lists.0["clusterRoles"][0]["rules"] = role(200)["rules"].clone();
    assert_eq!(escalation::confirm_write(&chain, &lists, &request, &role(200), None), Ok(()));
}

#[test]
fn masters_and_what_is_no_role_are_not_checked() {
    let lists = alices();
    let chain = Chain::rbac(lists.clone());
    let all = json!({"metadata": {"name": "x"}, "rules": [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]});
    let master = user("admin", &["system:masters"]);
    let nobody = user("nobody", &[]);
    let write = |user, api_group, resource| {
        let request = Attributes { verb: "create", api_group, ..get(user, resource) };
        escalation::confirm_write(&chain, &lists, &request, &all, None).is_ok()
    };
    assert!(write(&master, escalation::GROUP, "clusterroles"));
    assert!(!write(&nobody, escalation::GROUP, "clusterroles"));
    assert!(write(&nobody, "", "pods"));
    assert!(write(&nobody, "example.com", "roles"));
    // A master's binding to nonsense is left to validation, and to its better words.
    let nonsense = json!({"metadata": {"name": "x"}, "roleRef": {"kind": "Foo", "name": "x"}});
    let request =
        Attributes { verb: "create", api_group: escalation::GROUP, ..get(&master, "rolebindings") };
    assert!(escalation::confirm_write(&chain, &lists, &request, &nonsense, None).is_ok());
    // With AlwaysAllow everybody may escalate, as everybody may do all else.
    let request =
        Attributes { verb: "create", api_group: escalation::GROUP, ..get(&nobody, "clusterroles") };
    assert!(
        escalation::confirm_write(&Chain::always_allow(), &lists, &request, &all, None).is_ok()
    );
}

#[test]
fn a_subject_of_an_unknown_kind_is_nobody() {
    let mut lists = alices();
    let asked_by = |lists: &Lists, kind: &str| {
        let mut lists = lists.clone();
        lists.0["clusterRoleBindings"][0]["subjects"] = json!([{"kind": kind, "name": "alice"}]);
        Rbac(lists).authorize(&get(&user("alice", &[]), "pods")).allowed()
    };
    assert!(asked_by(&lists, "User"));
    for kind in ["Robot", "user", "", "Group", "ServiceAccount"] {
        assert!(!asked_by(&lists, kind), "{kind}");
    }
    // Nor does a damaged object give anything.
    lists.0["clusterRoles"][0]["rules"][1]["verbs"] = json!("*");
    assert!(!asked_by(&lists, "User"));
}

#[test]
fn always_allow_allows_and_gives_no_reason() {
    let nobody = user("nobody", &[]);
    let allowed = Decision::Allow { reason: String::new() };
    assert_eq!(Chain::always_allow().authorize(&get(&nobody, "secrets")), allowed);
    assert_eq!(Chain::always_allow().authorize(&get_path(&nobody, "/metrics")), allowed);
}

#[test]
fn the_403_is_the_real_servers() {
    let alice = user("alice", &[]);
    let in_default =
        |name, resource| Attributes { namespace: "default", name, ..get(&alice, resource) };
    let said = |asked: &Attributes, reason: &str| forbidden(asked, reason).to_status().to_string();
    let status = |rest: &str| {
        format!(r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure",{rest}"#)
    };

    let list = Attributes { verb: "list", ..in_default("", "pods") };
    assert_eq!(
        said(&list, ""),
        status(
            r#""message":"pods is forbidden: User \"alice\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"","reason":"Forbidden","details":{"kind":"pods"},"code":403}"#
        )
    );
    let reason = r#"rbac: RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found, role.rbac.authorization.k8s.io "gone2" not found]"#;
    assert_eq!(
        said(&list, reason),
        status(
            r#""message":"pods is forbidden: User \"alice\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\": rbac: RBAC: [clusterrole.rbac.authorization.k8s.io \"gone\" not found, role.rbac.authorization.k8s.io \"gone2\" not found]","reason":"Forbidden","details":{"kind":"pods"},"code":403}"#
        )
    );
    assert_eq!(
        said(&Attributes { subresource: "log", ..in_default("x", "pods") }, ""),
        status(
            r#""message":"pods \"x\" is forbidden: User \"alice\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"default\"","reason":"Forbidden","details":{"name":"x","kind":"pods"},"code":403}"#
        )
    );
    let roles = Attributes {
        verb: "delete",
        api_group: "rbac.authorization.k8s.io",
        name: "x",
        ..get(&alice, "clusterroles")
    };
    assert_eq!(
        said(&roles, ""),
        status(
            r#""message":"clusterroles.rbac.authorization.k8s.io \"x\" is forbidden: User \"alice\" cannot delete resource \"clusterroles\" in API group \"rbac.authorization.k8s.io\" at the cluster scope","reason":"Forbidden","details":{"name":"x","group":"rbac.authorization.k8s.io","kind":"clusterroles"},"code":403}"#
        )
    );
    // The sentence is safe to show in a browser; the object's name in front of it is not touched.
    assert_eq!(
        said(&in_default("a<b>&c", "pods"), ""),
        status(
            r#""message":"pods \"a<b>&c\" is forbidden: User \"alice\" cannot get resource \"pods\" in API group \"\" in the namespace \"default\"","reason":"Forbidden","details":{"name":"a<b>&c","kind":"pods"},"code":403}"#
        )
    );
    assert_eq!(
        said(&get_path(&alice, "/metr\"icsé\u{1}<x>&amp"), ""),
        status(
            r#""message":"forbidden: User \"alice\" cannot get path \"/metr\\\"icsé\\x01&lt;x&gt;&amp;amp\"","reason":"Forbidden","details":{},"code":403}"#
        )
    );
}

#[test]
fn the_roles_from_the_start_are_the_real_servers_byte_for_byte() {
    let ours = [
        bootstrap::cluster_roles(false),
        bootstrap::cluster_role_bindings(),
        bootstrap::roles(),
        bootstrap::role_bindings(),
    ];
    let ours: Vec<_> = ours.iter().flatten().map(Value::to_string).collect();
    assert_eq!(ours.len(), 141);
    let theirs: Vec<_> = include_str!("data/authz_bootstrap.jsonl").lines().collect();
    assert_eq!(ours, theirs);
}

#[test]
fn admin_edit_and_view_hold_what_the_real_controller_gathers() {
    let ours = bootstrap::cluster_roles(true);
    let gathers = |role: &&Value| {
        ["admin", "edit", "view"].contains(&role["metadata"]["name"].as_str().unwrap())
    };
    let ours: Vec<_> = ours.iter().filter(gathers).map(Value::to_string).collect();
    let theirs: Vec<_> = include_str!("data/authz_bootstrap_gathered.jsonl").lines().collect();
    assert_eq!(ours, theirs);
}

#[test]
fn roles_that_gather_from_each_other_come_to_rest() {
    let role = |name: &str, rules: Value, label: &str, from: &str| {
        json!({"metadata": {"name": name, "labels": {(label): "true"}}, "rules": rules,
            "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {(from): "true"}}]}})
    };
    let one =
        json!({"metadata": {"name": "one", "labels": {"a": "true"}}, "rules": [{"verbs": ["x"]}]});
    let mut roles = [role("a", Value::Null, "b", "a"), role("b", Value::Null, "a", "b"), one];
    aggregation::fill(&mut roles);
    assert_eq!(roles[0]["rules"], json!([{"verbs": ["x"]}]));
    assert_eq!(roles[1]["rules"], json!([{"verbs": ["x"]}]));
}

#[test]
fn a_selector_takes_only_roles_that_carry_all_its_labels() {
    let gathered = |selectors: Value| {
        let role = |name: &str, labels: Value| json!({"metadata": {"name": name, "labels": labels}, "rules": [{"verbs": [name]}]});
        let both = role("both", json!({"a": "1", "b": "2"}));
        let one = role("one", json!({"a": "1"}));
        let other = role("other", json!({"a": "2", "b": "2"}));
        let all = json!({"metadata": {"name": "all"}, "rules": [1],
            "aggregationRule": {"clusterRoleSelectors": selectors}});
        aggregation::gathered_rules(&all, &[&other, &one, &all, &both]).unwrap()
    };
    let both = json!({"matchLabels": {"a": "1", "b": "2"}});
    assert_eq!(gathered(json!([both])), json!([{"verbs": ["both"]}]));
    assert_eq!(
        gathered(json!([{"matchLabels": {"b": "2"}}, {"matchLabels": {"a": "1"}}])),
        json!([{"verbs": ["both"]}, {"verbs": ["other"]}, {"verbs": ["one"]}]),
        "by name within a selector, and each rule once"
    );
    // An expression is not read, and must not be taken for "every role".
    let expressions = json!([{"key": "a", "operator": "Exists"}]);
    for odd in [
        json!({"matchExpressions": expressions}),
        json!({"matchExpressions": expressions, "matchLabels": {"a": "1"}}),
        json!({"matchLabels": 1}),
        json!({}),
        json!(1),
    ] {
        assert_eq!(gathered(json!([odd])), json!([]), "{odd}");
    }
}

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "*", "", "get", "list", "pods", "pods/log", "*/log", "/a", "/a/*", "log",
    ])
}

fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(word().prop_map(str::to_owned), 0..3)
}

/// A rule is about resources or about paths; one about both is refused before it is stored.
fn rule() -> impl Strategy<Value = PolicyRule> {
    let resources = (words(), words(), words(), words()).prop_map(
        |(verbs, api_groups, resources, resource_names)| PolicyRule {
            verbs,
            api_groups,
            resources,
            resource_names,
            ..PolicyRule::default()
        },
    );
    let paths = (words(), words()).prop_map(|(verbs, non_resource_urls)| PolicyRule {
        verbs,
        non_resource_urls,
        ..PolicyRule::default()
    });
    prop_oneof![resources, paths]
}

fn object_of(rule: &PolicyRule) -> Value {
    json!({"verbs": rule.verbs, "apiGroups": rule.api_groups, "resources": rule.resources,
        "resourceNames": rule.resource_names, "nonResourceURLs": rule.non_resource_urls})
}

/// Anything that JSON can say.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let field = prop::sample::select(vec![
            "metadata",
            "name",
            "namespace",
            "rules",
            "verbs",
            "roleRef",
            "kind",
            "subjects",
            "labels",
            "aggregationRule",
            "clusterRoleSelectors",
            "matchLabels",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field, inner), 0..4)
                .prop_map(|fields| fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The law behind the escalation check: who holds a rule may give it away, and what was given
    /// away under that check allows nothing that its giver may not do.
    #[test]
    fn nobody_gains_by_writing_a_role(held in prop::collection::vec(rule(), 0..3), new in rule(),
            verb in word(), group in word(), resource in word(), sub in word(), name in word()) {
        let lists = Lists(json!({
            "clusterRoles": [{"metadata": {"name": "r"},
                "rules": held.iter().map(object_of).collect::<Vec<_>>()}],
            "clusterRoleBindings": [{"metadata": {"name": "b"}, "subjects": [{"kind": "User", "name": "u"}],
                "roleRef": {"kind": "ClusterRole", "name": "r"}}],
        }));
        let user = user("u", &[]);
        let request = get(&user, "clusterroles");
        for rule in &held {
            prop_assert!(escalation::confirm_no_escalation(&lists, &request, std::slice::from_ref(rule)).is_ok());
        }
        if escalation::confirm_no_escalation(&lists, &request, std::slice::from_ref(&new)).is_ok() {
            let asked = Attributes { verb, api_group: group, subresource: sub, name, ..get(&user, resource) };
            let path = Attributes { verb, ..get_path(&user, name) };
            for asked in [asked, path] {
                prop_assert!(!new.allows(&asked) || Rbac(lists.clone()).authorize(&asked).allowed());
            }
        }
    }

    /// More groups never take anything away.
    #[test]
    fn a_group_only_adds(role in 0..20_usize, verb in word(), resource in word(), name in word()) {
        static CHAIN: LazyLock<Chain> = LazyLock::new(|| Chain::rbac(Lists::recorded()));
        let chain = &*CHAIN;
        let (one, group) = (format!("user-r{role:02}"), format!("group-r{role:02}"));
        let (poor, rich) = (user(&one, &[]), user(&one, &[&group, "x"]));
        for namespace in ["", "default"] {
            let asked = Attributes { verb, namespace, name, ..get(&poor, resource) };
            let before = chain.authorize(&asked).allowed();
            let after = chain.authorize(&Attributes { user: &rich, ..asked }).allowed();
            prop_assert!(!before || after);
        }
    }

    /// A damaged object gives nothing, and nothing panics.
    #[test]
    fn no_object_panics(object in anything(), old in anything(), resource in
            prop::sample::select(vec!["roles", "clusterroles", "rolebindings", "clusterrolebindings"])) {
        let lists = Lists(json!({"clusterRoles": [object.clone()], "clusterRoleBindings": [old.clone()]}));
        let chain = Chain::rbac(lists.clone());
        let user = user("", &[""]);
        let request = Attributes { verb: "create", api_group: escalation::GROUP, ..get(&user, resource) };
        let _ = chain.authorize(&request);
        let _ = escalation::confirm_write(&chain, &lists, &request, &object, Some(&old));
        aggregation::fill(&mut [object, old]);
    }
}
