//! What holds for any input: nothing panics, a refusal changes nothing, what is stored is read back
//! the same, and lists keep their laws.
#![allow(clippy::unwrap_used, reason = "a test may")]

use lab_cluster::registry::kinds::{self, ResourceKind};
use lab_cluster::registry::{
    Controllers, CountedIds, ListOptions, PatchType, Preconditions, Registry, Store, WriteOptions,
    object, seeds, unknown_fields,
};
use narration::ManualClock;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};
use std::sync::Arc;

fn registry() -> Registry {
    let clock = ManualClock::at_unix(1_664_702_005);
    let registry =
        Registry::new(Store::in_memory(), Arc::new(clock), Arc::new(CountedIds::default()));
    seeds::system_namespaces(&registry).unwrap();
    registry
}

fn cluster() -> Registry {
    let registry = registry();
    registry.start_controllers(Controllers::new("CA", |_| Some("token".to_owned()))).unwrap();
    registry
}

fn snapshot(registry: &Registry) -> Vec<Arc<Value>> {
    registry.all_objects().into_iter().map(|(_, object)| object).collect()
}

/// Words that mean something to a registry, and some that mean nothing.
const WORDS: &[&str] = &[
    "",
    "a",
    "web",
    "default",
    "A_",
    "kubernetes.io/service-account-token",
    "Role",
    "User",
    "ServiceAccount",
    "v1",
    "Pod",
    "\u{e9}\u{0}",
    "YWJj",
    "1",
    "2020-01-01T00:00:00Z",
    "replace",
];

/// Fields of the kinds there are, and directives of patches.
const FIELDS: &[&str] = &[
    "kind",
    "apiVersion",
    "metadata",
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
    "spec",
    "status",
    "secrets",
    "imagePullSecrets",
    "automountServiceAccountToken",
    "data",
    "stringData",
    "binaryData",
    "immutable",
    "type",
    "rules",
    "verbs",
    "apiGroups",
    "resources",
    "nonResourceURLs",
    "aggregationRule",
    "clusterRoleSelectors",
    "matchLabels",
    "subjects",
    "roleRef",
    "apiGroup",
    "containers",
    "initContainers",
    "image",
    "volumes",
    "volumeMounts",
    "projected",
    "sources",
    "serviceAccountToken",
    "serviceAccountName",
    "nodeName",
    "tolerations",
    "taints",
    "podCIDR",
    "podCIDRs",
    "nodeInfo",
    "phase",
    "terminationGracePeriodSeconds",
    "priority",
    "resources",
    "limits",
    "env",
    "ports",
    "$patch",
    "$setElementOrder/secrets",
    "$deleteFromPrimitiveList/finalizers",
    "kubernetes.io/service-account.name",
    "what?",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(WORDS).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![9 => select(FIELDS).prop_map(str::to_owned), 1 => ".{0,6}"]
}

/// JSON that often looks like an object of some kind.
fn body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        word().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        select(vec![i64::MIN, i64::MAX]).prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            3 => prop::collection::vec((field(), inner.clone()), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    })
}

fn kind() -> impl Strategy<Value = &'static ResourceKind> {
    select(&kinds::ALL[..])
}

/// An object that is right but for what was put into it.
fn almost_right(kind: &ResourceKind) -> Value {
    let mut object = json!({"metadata": {"name": "it"}});
    match kind.kind {
        "Pod" => object["spec"] = json!({"containers": [{"name": "c", "image": "x"}]}),
        "RoleBinding" | "ClusterRoleBinding" => {
            object["roleRef"] = json!({"kind": "ClusterRole", "name": "view"});
        }
        _ => {}
    }
    object
}

fn space(kind: &ResourceKind) -> &'static str {
    if kind.namespaced { "default" } else { "" }
}

fn put_into(object: &mut Value, path: &[String], value: Value) {
    let mut at = object;
    for name in path {
        if !at.is_object() {
            return;
        }
        at = &mut at[name.as_str()];
    }
    *at = value;
}

/// Few cases, since each has a cluster of its own; as many as you like by `PROPTEST_CASES`.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(48), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_body_is_too_strange(
        kind in kind(),
        bodies in prop::collection::vec(body(), 1..4),
        path in prop::collection::vec(field(), 0..4),
        patch_type in select(vec![PatchType::Merge, PatchType::StrategicMerge, PatchType::Json]),
        grace in any::<Option<i64>>(),
        with_controllers in any::<bool>(),
    ) {
        let registry = if with_controllers { cluster() } else { registry() };
        let options = WriteOptions::default();
        let namespace = space(kind);
        let mut written = 0;
        for body in bodies {
            let _ = unknown_fields(kind, &body);
            let mut likely = almost_right(kind);
            put_into(&mut likely, &path, body.clone());
            for body in [body, likely] {
                let before = snapshot(&registry);
                for outcome in [
                    registry.create(kind, namespace, body.clone(), &options),
                    registry.update(kind, namespace, "it", body.clone(), &options),
                    registry.patch(kind, namespace, "it", patch_type, &body, &options),
                ] {
                    match outcome {
                        Ok(_) => written += 1,
                        Err(refusal) => {
                            prop_assert!((400..600).contains(&refusal.code));
                            prop_assert!(written > 0 || snapshot(&registry) == before);
                        }
                    }
                }
            }
        }
        for (kind, object) in registry.all_objects() {
            let (namespace, name) = (object::namespace(&object), object::name(&object));
            prop_assert_eq!(&*registry.get(kind, namespace, name).unwrap(), &*object);
            prop_assert_eq!(&object["kind"], kind.kind);
            prop_assert!(!object::uid(&object).is_empty());
        }
        let wish = Preconditions { grace_period_seconds: grace, ..Preconditions::default() };
        for (kind, object) in registry.all_objects() {
            let _ = registry
                .delete(kind, object::namespace(&object), object::name(&object), &wish, &options);
        }
    }

    /// What was stored is what its kind has: writing it again changes nothing.
    #[test]
    fn a_stored_object_is_a_fixed_point(
        kind in kind(),
        path in prop::collection::vec(field(), 0..4),
        body in body(),
    ) {
        let registry = registry();
        let options = WriteOptions::default();
        let mut likely = almost_right(kind);
        put_into(&mut likely, &path, body);
        let Ok(stored) = registry.create(kind, space(kind), likely, &options) else {
            return Ok(());
        };
        let again = Value::clone(&stored);
        let name = object::name(&stored).to_owned();
        let updated = registry.update(kind, space(kind), &name, again.clone(), &options).unwrap();
        prop_assert_eq!(updated.to_string(), stored.to_string(), "field for field, in order");
        let patched = registry
            .patch(kind, space(kind), &name, PatchType::Merge, &again, &options)
            .unwrap();
        prop_assert_eq!(&patched, &stored);
        let merged = registry
            .patch(kind, space(kind), &name, PatchType::StrategicMerge, &again, &options);
        // A list element without its key cannot be merged.
        if let Ok(merged) = merged {
            prop_assert_eq!(&merged, &stored);
        }
        prop_assert!(unknown_fields(kind, &stored).is_empty());
    }

    #[test]
    fn a_dry_run_changes_nothing(kind in kind(), body in body()) {
        let registry = cluster();
        let dry = WriteOptions { dry_run: true };
        let before = snapshot(&registry);
        let mut likely = almost_right(kind);
        put_into(&mut likely, &["data".to_owned()], body);
        let _ = registry.create(kind, space(kind), likely, &dry);
        for (kind, object) in registry.all_objects() {
            let (namespace, name) = (object::namespace(&object), object::name(&object));
            let _ = registry.delete(kind, namespace, name, &Preconditions::default(), &dry);
        }
        prop_assert_eq!(snapshot(&registry), before);
    }

    /// Any page size shows every object once, in one order.
    #[test]
    fn pages_add_up(
        names in prop::collection::btree_set("[a-c]{1,3}(-[a-c])?", 0..12),
        limit in 1_u64..5,
        in_all_namespaces in any::<bool>(),
    ) {
        let registry = registry();
        let options = WriteOptions::default();
        for (at, name) in names.iter().enumerate() {
            let namespace = ["default", "kube-system"][at % 2];
            let body = json!({"metadata": {"name": name}});
            registry.create(&kinds::CONFIG_MAPS, namespace, body, &options).unwrap();
        }
        let namespace = if in_all_namespaces { "" } else { "default" };
        let whole = registry.list(&kinds::CONFIG_MAPS, namespace, &ListOptions::default()).unwrap();
        let mut paged = Vec::new();
        let mut asked = ListOptions { limit, ..ListOptions::default() };
        loop {
            let page = registry.list(&kinds::CONFIG_MAPS, namespace, &asked).unwrap();
            paged.extend(page.items);
            let remaining = whole.items.len() - paged.len();
            prop_assert_eq!(page.remaining.unwrap_or(0), remaining as u64);
            if page.continue_token.is_empty() {
                break;
            }
            asked.continue_token = page.continue_token;
        }
        prop_assert_eq!(paged, whole.items);
    }

    /// No selector is too strange, and each one and its opposite share out the objects.
    #[test]
    fn selectors_split_the_objects(
        values in prop::collection::vec(prop::option::of(select(vec!["", "a", "b"])), 1..6),
        (yes, no) in select(vec![
            ("l=a", "l!=a"), ("l==", "l!="), ("l in (a,b)", "l notin (a,b)"), ("l", "!l"),
            ("l in ()", "l notin ()"), ("l,l=a", "l!=a"), ("!l", "l in (a,b,)"),
        ]),
    ) {
        let registry = registry();
        let options = WriteOptions::default();
        for (at, value) in values.iter().enumerate() {
            let mut body = json!({"metadata": {"name": format!("c{at}")}});
            if let Some(value) = value {
                body["metadata"]["labels"] = json!({"l": value});
            }
            registry.create(&kinds::CONFIG_MAPS, "default", body, &options).unwrap();
        }
        let count = |selector: &str| {
            let asked = ListOptions { label_selector: selector.to_owned(), ..Default::default() };
            registry.list(&kinds::CONFIG_MAPS, "default", &asked).unwrap().items.len()
        };
        prop_assert_eq!(count(yes) + count(no), values.len(), "{} and {}", yes, no);
        prop_assert_eq!(count(&format!("{yes},{no}")), 0);
    }

    #[test]
    fn no_list_option_is_too_strange(
        kind in kind(),
        label_selector in "[a-c=!<>(),in \t\u{e9}]{0,12}|.{0,8}",
        field_selector in "[metadata.name=!,\\\\x]{0,16}|metadata\\.name=.{0,4}|.{0,8}",
        continue_token in ".{0,12}|[A-Za-z0-9_-]{0,24}",
        limit in any::<u64>(),
    ) {
        let registry = registry();
        for options in [
            ListOptions { label_selector, ..ListOptions::default() },
            ListOptions { field_selector, ..ListOptions::default() },
            ListOptions { continue_token, limit, ..ListOptions::default() },
        ] {
            if let Err(refusal) = registry.list(kind, "", &options) {
                prop_assert_eq!(refusal.code, 400);
            }
        }
    }

    /// Of two writers who have read the same revision, the second is told.
    #[test]
    fn no_write_is_lost(order in prop::collection::vec(any::<Index>(), 1..12)) {
        let registry = registry();
        let options = WriteOptions::default();
        let kind = &kinds::CONFIG_MAPS;
        let body = json!({"metadata": {"name": "counter"}, "data": {"n": "0"}});
        let first = registry.create(kind, "default", body, &options).unwrap();
        let mut read = vec![first; 3];
        let mut count = 0;
        for index in order {
            let mine = index.index(read.len());
            let mut next = Value::clone(&read[mine]);
            next["data"]["n"] = (count + 1).to_string().into();
            match registry.update(kind, "default", "counter", next, &options) {
                Ok(_) => count += 1,
                Err(refusal) => prop_assert_eq!(refusal.code, 409),
            }
            read[mine] = registry.get(kind, "default", "counter").unwrap();
        }
        let last = registry.get(kind, "default", "counter").unwrap();
        prop_assert_eq!(last["data"]["n"].as_str().unwrap(), count.to_string());
    }
}
