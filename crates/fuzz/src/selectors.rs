//! Selectors: which objects a list shows.

use lab_cluster::registry::field_selector::FieldSelector;
use lab_cluster::registry::kinds::{self, ResourceKind};
use lab_cluster::registry::label_selector::LabelSelector;
use lab_cluster::registry::{
    CountedIds, ListOptions, Registry, Store, WriteOptions, object, seeds,
};
use narration::ManualClock;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

/// Reads three lines: a label selector, a field selector, a `continue` token.
///
/// - A selector reads twice the same, and again the same when it is printed.
/// - Two with a comma between them select what both select.
/// - A list shows what both selectors select, no more and no less, and page by page the same.
pub fn selectors(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default().to_owned();
    let (labels, fields, token) = (line(), line(), line());

    let objects = REGISTRY.all_objects();
    by_labels(&labels, &objects);
    for kind in [&kinds::SECRETS, &kinds::SERVICE_ACCOUNTS, &kinds::NAMESPACES, &kinds::PODS] {
        by_fields(kind, &fields, &objects);
    }
    for (kind, namespace) in
        [(&kinds::SECRETS, ""), (&kinds::SECRETS, "default"), (&kinds::NAMESPACES, "")]
    {
        let options = ListOptions {
            label_selector: labels.clone(),
            field_selector: fields.clone(),
            ..ListOptions::default()
        };
        lists(kind, namespace, &options);
        let from = ListOptions { continue_token: token.clone(), ..options };
        let _ = REGISTRY.list(kind, namespace, &from);
    }
}

fn by_labels(text: &str, objects: &[(&'static ResourceKind, Arc<Value>)]) {
    let selector = LabelSelector::parse(text);
    assert_eq!(selector, LabelSelector::parse(text), "it reads differently the second time");
    let Ok(selector) = selector else { return };
    let printed = selector.to_string();
    assert_eq!(LabelSelector::parse(&printed).as_ref(), Ok(&selector), "printed: {printed:?}");
    assert_eq!(LabelSelector::parse(&format!(" {printed} ")).as_ref(), Ok(&selector));

    let other = LabelSelector::parse("a in (b,c), !x").expect("a selector");
    let both = if printed.is_empty() { other.to_string() } else { format!("{printed},{other}") };
    let both = LabelSelector::parse(&both).expect("two selectors");
    for (_, object) in objects {
        let matches = selector.matches(object) && other.matches(object);
        assert_eq!(both.matches(object), matches, "{printed:?}: {object}");
    }
}

fn by_fields(kind: &ResourceKind, text: &str, objects: &[(&'static ResourceKind, Arc<Value>)]) {
    let selector = FieldSelector::parse(kind, text);
    assert_eq!(selector, FieldSelector::parse(kind, text), "it reads differently the second time");
    let Ok(selector) = selector else { return };
    let printed = selector.to_string();
    assert_eq!(FieldSelector::parse(kind, &printed).as_ref(), Ok(&selector), "{printed:?}");

    let other = FieldSelector::parse(kind, "metadata.name!=one").expect("a selector");
    let both = if printed.is_empty() { other.to_string() } else { format!("{printed},{other}") };
    let both = FieldSelector::parse(kind, &both).expect("two selectors");
    for (_, object) in objects.iter().filter(|(of, _)| *of == kind) {
        let matches = selector.matches(object) && other.matches(object);
        assert_eq!(both.matches(object), matches, "{printed:?}: {object}");
    }
}

fn lists(kind: &'static ResourceKind, namespace: &str, options: &ListOptions) {
    let labels = LabelSelector::parse(&options.label_selector);
    let fields = FieldSelector::parse(kind, &options.field_selector);
    let (labels, fields, list) = match (labels, fields, REGISTRY.list(kind, namespace, options)) {
        (Ok(labels), Ok(fields), Ok(list)) => (labels, fields, list),
        (Ok(_), Ok(_), Err(refusal)) => panic!("{refusal:?}"),
        (_, _, Ok(list)) => panic!("{list:?} by a selector that can't be read"),
        (_, _, Err(refusal)) => {
            assert_eq!(refusal.code, 400);
            return;
        }
    };
    let in_place = |object: &Value| namespace.is_empty() || object::namespace(object) == namespace;
    let all = REGISTRY.all_objects();
    let expected = all
        .iter()
        .filter(|(of, object)| *of == kind && in_place(object))
        .map(|(_, object)| object)
        .filter(|object| labels.matches(object) && fields.matches(object));
    assert!(list.items.iter().eq(expected), "{list:?}");

    // Each page reads the selectors anew: long ones are read often enough as it is.
    if options.label_selector.len() + options.field_selector.len() > 4096 {
        return;
    }
    let mut paged = Vec::new();
    let mut page = ListOptions { limit: 1, ..options.clone() };
    loop {
        let list = REGISTRY.list(kind, namespace, &page).expect("the next page");
        assert!(list.items.len() <= 1);
        paged.extend(list.items);
        if list.continue_token.is_empty() {
            break;
        }
        page.continue_token = list.continue_token;
    }
    assert_eq!(paged, list.items);
}

/// A few objects with labels that the seeds ask for.
static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let clock = Arc::new(ManualClock::at_unix(1_664_702_005));
    let registry = Registry::new(Store::in_memory(), clock, Arc::new(CountedIds::default()));
    seeds::system_namespaces(&registry).expect("an empty registry takes them");
    let create = |kind, namespace: &str, name: &str, labels: Value| {
        let object = json!({"metadata": {"name": name, "labels": labels}});
        let made = registry.create(kind, namespace, object, &WriteOptions::default());
        made.expect("an object that can be made");
    };
    for (namespace, name, labels) in [
        ("default", "one", json!({"a": "b", "app": "web"})),
        ("default", "two", json!({"a": "c", "n": "7"})),
        ("default", "three", json!({})),
        ("kube-system", "one", json!({"a": "", "n": "30", "example.com/tier": "x"})),
    ] {
        create(&kinds::SECRETS, namespace, name, labels.clone());
        create(&kinds::SERVICE_ACCOUNTS, namespace, name, labels);
    }
    registry
});
