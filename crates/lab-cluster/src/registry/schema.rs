//! The shapes of the kinds as JSON schemas, under the names of the real server:
//! `io.k8s.api.core.v1.Pod`.
//!
//! What `kubectl explain` says about each field are Kubernetes' own words: `descriptions.json` holds
//! those of its [OpenAPI documents][1] (v1.37.2, Apache-2.0) that belong to a shape of ours, and
//! which fields must not be missing.
//!
//! [1]: https://github.com/kubernetes/kubernetes/tree/v1.37.2/api/openapi-spec/v3

use super::kinds::ResourceKind;
use super::shapes::{self, Merge, Shape, Struct};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// By schema: `description`, `required`, and under `properties` a description for each field.
static DESCRIPTIONS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("descriptions.json")).unwrap_or_default());

/// Who set which field. The lab drops it, but clients may send it.
static MANAGED_FIELDS_ENTRY: Struct = Struct {
    name: "ManagedFieldsEntry",
    fields: &[
        ("apiVersion", Shape::Text("string")),
        ("fieldsType", Shape::Text("string")),
        ("fieldsV1", Shape::Struct(&Struct { name: "FieldsV1", fields: &[] })),
        ("manager", Shape::Text("string")),
        ("operation", Shape::Text("string")),
        ("subresource", Shape::Text("string")),
        ("time", Shape::Time),
    ],
};

static MANAGED_FIELDS: Shape =
    Shape::List(&Shape::Struct(&MANAGED_FIELDS_ENTRY), "[]v1.ManagedFieldsEntry", Merge::Replace);

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

/// What is said about a field of the schema of this name.
pub(crate) fn about(schema: &str, field: &str) -> &'static str {
    DESCRIPTIONS[schema]["properties"][field].as_str().unwrap_or_default()
}

/// Where the schema of a kind is, within the document of its group.
pub(crate) fn reference(kind: &ResourceKind) -> String {
    format!("#/components/schemas/{}", name(package(kind), kind.kind))
}

/// Adds a kind, and all that it consists of.
pub(crate) fn add(kind: &ResourceKind, schemas: &mut Map<String, Value>) {
    let mut writer = Writer { package: package(kind), schemas };
    writer.add(shapes::of(kind));
    let schema = &mut schemas[&name(package(kind), kind.kind)];
    let mut properties = Map::new();
    for field in ["apiVersion", "kind"] {
        let about = &DESCRIPTIONS[&name(package(kind), kind.kind)]["properties"][field];
        properties.insert(field.to_owned(), json!({"description": about, "type": "string"}));
    }
    if let Some(fields) = schema["properties"].as_object_mut() {
        properties.append(fields);
        *fields = properties;
    }
    schema["x-kubernetes-group-version-kind"] =
        json!([{"group": kind.group, "kind": kind.kind, "version": kind.version}]);
}

fn package(kind: &ResourceKind) -> &'static str {
    if kind.group.is_empty() { "io.k8s.api.core.v1" } else { "io.k8s.api.rbac.v1" }
}

/// Some structs are the same in all groups.
fn name(package: &str, of: &str) -> String {
    match of {
        "ObjectMeta"
        | "OwnerReference"
        | "LabelSelector"
        | "LabelSelectorRequirement"
        | "ManagedFieldsEntry"
        | "FieldsV1" => {
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
        let about = &DESCRIPTIONS[&name];
        let mut schema = json!({"description": about["description"], "type": "object"});
        if !about["required"].is_null() {
            schema["required"] = about["required"].clone();
        }
        if !shape.fields.is_empty() {
            let properties = shape.fields.iter().map(|(field, shape)| {
                let mut property = json!({"description": about["properties"][field]});
                let shape = if *field == "managedFields" { &MANAGED_FIELDS } else { shape };
                if let (Some(property), Value::Object(mut schema)) =
                    (property.as_object_mut(), self.schema(*shape))
                {
                    property.append(&mut schema);
                }
                ((*field).to_owned(), property)
            });
            schema["properties"] = Value::Object(properties.collect());
        }
        self.schemas.insert(name, schema);
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
