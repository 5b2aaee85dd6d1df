//! The shapes of the kinds as JSON schemas, under the names of the real server:
//! `io.k8s.api.core.v1.Pod`.

use super::kinds::ResourceKind;
use super::shapes::{self, Merge, Shape, Struct};
use serde_json::{Map, Value, json};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

/// Where the schema of a kind is, within the document of its group.
pub(crate) fn reference(kind: &ResourceKind) -> String {
    format!("#/components/schemas/{}", name(package(kind), kind.kind))
}

/// Adds a kind, and all that it consists of.
pub(crate) fn add(kind: &ResourceKind, schemas: &mut Map<String, Value>) {
    let mut writer = Writer { package: package(kind), schemas };
    writer.add(shapes::of(kind));
    let schema = &mut schemas[&name(package(kind), kind.kind)];
    schema["description"] = about(kind).into();
    let text = json!({"type": "string"});
    let mut properties = Map::new();
    properties.insert("apiVersion".to_owned(), text.clone());
    properties.insert("kind".to_owned(), text);
    if let Some(fields) = schema["properties"].as_object_mut() {
        properties.append(fields);
        *fields = properties;
    }
    schema["x-kubernetes-group-version-kind"] =
        json!([{"group": kind.group, "kind": kind.kind, "version": kind.version}]);
}

/// A kind in a sentence.
fn about(kind: &ResourceKind) -> &'static str {
    match kind.kind {
        "ConfigMap" => "Small things that anybody may read; the cluster's CA among them.",
        "Namespace" => "A room of its own for names.",
        "Node" => "A machine that runs pods.",
        "Pod" => "A running program: containers that share an address, and an account.",
        "Secret" => "Small things that not everybody should read; legacy tokens among them.",
        "ServiceAccount" => "Who a program is.",
        "Role" => "What may be done, in one namespace.",
        "RoleBinding" => "Who may do what a role allows, in one namespace.",
        "ClusterRole" => "What may be done, anywhere.",
        _ => "Who may do what a cluster role allows, everywhere.",
    }
}

fn package(kind: &ResourceKind) -> &'static str {
    if kind.group.is_empty() { "io.k8s.api.core.v1" } else { "io.k8s.api.rbac.v1" }
}

/// Some structs are the same in all groups.
fn name(package: &str, of: &str) -> String {
    match of {
        "ObjectMeta" | "OwnerReference" | "LabelSelector" | "LabelSelectorRequirement" => {
            format!("{META}.{of}")
        }
        _ => format!("{package}.{of}"),
    }
}

struct Writer<'s> {
    package: &'static str,
    schemas: &'s mut Map<String, Value>,
}

impl Writer<'_> {
    fn add(&mut self, shape: &'static Struct) {
        let name = name(self.package, shape.name);
        if self.schemas.contains_key(&name) {
            return;
        }
        self.schemas.insert(name.clone(), Value::Null);
        let fields = shape.fields.iter();
        let properties: Map<_, _> =
            fields.map(|(field, shape)| ((*field).to_owned(), self.schema(*shape))).collect();
        self.schemas.insert(name, json!({"type": "object", "properties": properties}));
    }

    fn schema(&mut self, shape: Shape) -> Value {
        match shape {
            Shape::Any => json!({"type": "object"}),
            Shape::Dropped | Shape::Text(_) => json!({"type": "string"}),
            Shape::Flag | Shape::OptionalFlag => json!({"type": "boolean"}),
            Shape::OptionalInteger("int32") => json!({"type": "integer", "format": "int32"}),
            Shape::Integer | Shape::OptionalInteger(_) => {
                json!({"type": "integer", "format": "int64"})
            }
            Shape::Time => json!({"type": "string", "format": "date-time"}),
            Shape::Bytes => json!({"type": "string", "format": "byte"}),
            Shape::Map(inner, _) => {
                json!({"type": "object", "additionalProperties": self.schema(*inner)})
            }
            Shape::List(inner, _, merge) => {
                let mut list = json!({"type": "array", "items": self.schema(*inner)});
                match merge {
                    Merge::Replace => {}
                    Merge::Values => list["x-kubernetes-patch-strategy"] = "merge".into(),
                    Merge::By(key) => {
                        list["x-kubernetes-patch-strategy"] = "merge".into();
                        list["x-kubernetes-patch-merge-key"] = key.into();
                    }
                }
                list
            }
            Shape::Struct(inner) => {
                self.add(inner);
                let name = name(self.package, inner.name);
                json!({"allOf": [{"$ref": format!("#/components/schemas/{name}")}]})
            }
        }
    }
}
