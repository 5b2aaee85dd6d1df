//! What may stand in the body of a review (or of a `TokenRequest`, which is as little stored as
//! they are), and of what type it has to be. A field of another type
//! is a 400 in the words of the real server's decoder; a field that nobody knows is a warning, or a
//! 400 for a client that asks for it (`?fieldValidation=Strict`, as kubectl does when it creates
//! from a file).

use super::ReviewKind;
use crate::decode::{self, Sent};
use crate::field_validation::{FieldValidation, complaints};
use crate::registry::go;
use crate::status::Refusal;
use serde_json::{Map, Value};
use std::fmt;

/// What a field holds. The text is the name of its Go type, which error messages carry.
#[derive(Clone, Copy)]
enum Shape {
    /// Text, left out when empty.
    Text(&'static str),
    /// Left out when false.
    Flag,
    /// A whole number, left out when 0.
    Number,
    /// A whole number for which 0 is not the same as none.
    OptionalNumber,
    /// A date, as RFC 3339 has them.
    Time,
    /// Kept as it is.
    Any,
    List(&'static Shape, &'static str),
    Map(&'static Shape, &'static str),
    /// A Go struct, by its name.
    Struct(&'static str, &'static [(&'static str, Shape)]),
}
use Shape::{Any, Flag, List, Number, OptionalNumber, Struct, Text, Time};

const TEXT: Shape = Text("string");
const TEXTS: Shape = List(&TEXT, "[]string");
const LABELS: Shape = Shape::Map(&TEXT, "map[string]string");
const EXTRA: Shape = Shape::Map(&List(&TEXT, "v1.ExtraValue"), "map[string]v1.ExtraValue");

const METADATA: (&str, Shape) = (
    "metadata",
    Struct(
        "ObjectMeta",
        &[
            ("name", TEXT),
            ("generateName", TEXT),
            ("namespace", TEXT),
            ("selfLink", TEXT),
            ("uid", Text("types.UID")),
            ("resourceVersion", TEXT),
            ("generation", Number),
            ("creationTimestamp", Time),
            ("deletionTimestamp", Time),
            ("deletionGracePeriodSeconds", Number),
            ("labels", LABELS),
            ("annotations", LABELS),
            ("ownerReferences", List(&Any, "[]v1.OwnerReference")),
            ("finalizers", TEXTS),
            ("managedFields", List(&Any, "[]v1.ManagedFieldsEntry")),
        ],
    ),
);

const USER: Shape =
    Struct("UserInfo", &[("username", TEXT), ("uid", TEXT), ("groups", TEXTS), ("extra", EXTRA)]);

const TOKEN_REVIEW: &[(&str, Shape)] = &[
    METADATA,
    ("spec", Struct("TokenReviewSpec", &[("token", TEXT), ("audiences", TEXTS)])),
    (
        "status",
        Struct(
            "TokenReviewStatus",
            &[("authenticated", Flag), ("user", USER), ("audiences", TEXTS), ("error", TEXT)],
        ),
    ),
];

const SELF_SUBJECT_REVIEW: &[(&str, Shape)] =
    &[METADATA, ("status", Struct("SelfSubjectReviewStatus", &[("userInfo", USER)]))];

const ACCESS_STATUS: (&str, Shape) = (
    "status",
    Struct(
        "SubjectAccessReviewStatus",
        &[("allowed", Flag), ("denied", Flag), ("reason", TEXT), ("evaluationError", TEXT)],
    ),
);

const RESOURCE_ATTRIBUTES: (&str, Shape) = (
    "resourceAttributes",
    Struct(
        "ResourceAttributes",
        &[
            ("namespace", TEXT),
            ("verb", TEXT),
            ("group", TEXT),
            ("version", TEXT),
            ("resource", TEXT),
            ("subresource", TEXT),
            ("name", TEXT),
            (
                "fieldSelector",
                Struct(
                    "FieldSelectorAttributes",
                    &[
                        ("rawSelector", TEXT),
                        (
                            "requirements",
                            List(
                                &Struct(
                                    "FieldSelectorRequirement",
                                    &[
                                        ("key", TEXT),
                                        ("operator", Text("v1.FieldSelectorOperator")),
                                        ("values", TEXTS),
                                    ],
                                ),
                                "[]v1.FieldSelectorRequirement",
                            ),
                        ),
                    ],
                ),
            ),
            (
                "labelSelector",
                Struct(
                    "LabelSelectorAttributes",
                    &[
                        ("rawSelector", TEXT),
                        (
                            "requirements",
                            List(
                                &Struct(
                                    "LabelSelectorRequirement",
                                    &[
                                        ("key", TEXT),
                                        ("operator", Text("v1.LabelSelectorOperator")),
                                        ("values", TEXTS),
                                    ],
                                ),
                                "[]v1.LabelSelectorRequirement",
                            ),
                        ),
                    ],
                ),
            ),
        ],
    ),
);

const NON_RESOURCE_ATTRIBUTES: (&str, Shape) =
    ("nonResourceAttributes", Struct("NonResourceAttributes", &[("path", TEXT), ("verb", TEXT)]));

const SELF_SUBJECT_ACCESS_REVIEW: &[(&str, Shape)] = &[
    METADATA,
    (
        "spec",
        Struct("SelfSubjectAccessReviewSpec", &[RESOURCE_ATTRIBUTES, NON_RESOURCE_ATTRIBUTES]),
    ),
    ACCESS_STATUS,
];

const SUBJECT_ACCESS_REVIEW: &[(&str, Shape)] = &[
    METADATA,
    (
        "spec",
        Struct(
            "SubjectAccessReviewSpec",
            &[
                RESOURCE_ATTRIBUTES,
                NON_RESOURCE_ATTRIBUTES,
                ("user", TEXT),
                ("groups", TEXTS),
                ("extra", EXTRA),
                ("uid", TEXT),
            ],
        ),
    ),
    ACCESS_STATUS,
];

const SELF_SUBJECT_RULES_REVIEW: &[(&str, Shape)] = &[
    METADATA,
    ("spec", Struct("SelfSubjectRulesReviewSpec", &[("namespace", TEXT)])),
    (
        "status",
        Struct(
            "SubjectRulesReviewStatus",
            &[
                ("resourceRules", List(&Any, "[]v1.ResourceRule")),
                ("nonResourceRules", List(&Any, "[]v1.NonResourceRule")),
                ("incomplete", Flag),
                ("evaluationError", TEXT),
            ],
        ),
    ),
];

const TOKEN_REQUEST: &[(&str, Shape)] = &[
    METADATA,
    (
        "spec",
        Struct(
            "TokenRequestSpec",
            &[
                ("audiences", TEXTS),
                ("expirationSeconds", OptionalNumber),
                (
                    "boundObjectRef",
                    Struct(
                        "BoundObjectReference",
                        &[
                            ("kind", TEXT),
                            ("apiVersion", TEXT),
                            ("name", TEXT),
                            ("uid", Text("types.UID")),
                        ],
                    ),
                ),
                ("attestations", Any),
            ],
        ),
    ),
    ("status", Struct("TokenRequestStatus", &[("token", TEXT), ("expirationTimestamp", Time)])),
];

fn shape_of(kind: &ReviewKind) -> &'static [(&'static str, Shape)] {
    match kind.kind {
        "TokenRequest" => TOKEN_REQUEST,
        "TokenReview" => TOKEN_REVIEW,
        "SelfSubjectReview" => SELF_SUBJECT_REVIEW,
        "SelfSubjectAccessReview" => SELF_SUBJECT_ACCESS_REVIEW,
        "SubjectAccessReview" | "LocalSubjectAccessReview" => SUBJECT_ACCESS_REVIEW,
        _ => SELF_SUBJECT_RULES_REVIEW,
    }
}

/// The body of a review, each field of its type, in the order in which the real server writes them,
/// without those that are empty or that nobody knows.
#[derive(Clone, PartialEq)]
pub struct Body {
    pub(crate) fields: Value,
    /// For `Warning` headers: `unknown field "spec.foo"`.
    pub warnings: Vec<String>,
}

impl Body {
    /// Reads what was sent. Its `kind` and `apiVersion` are known to be right, or missing.
    ///
    /// # Errors
    /// 400 for a field of the wrong type; for a strict client also for one that nobody knows.
    pub fn read(
        kind: &ReviewKind,
        sent: &Sent,
        validation: FieldValidation,
    ) -> Result<Self, Refusal> {
        let mut reader = Reader::default();
        let at_top = Place { owner: kind.kind, names: "", at: "" };
        let fields = match &sent.value {
            Value::Object(sent) => reader.fields(shape_of(kind), sent, at_top),
            _ => Map::new(),
        };
        let settled = match reader.wrong {
            Some(why) => Err(why),
            None => validation.settle(complaints(&reader.unknown, &sent.twice)),
        };
        let warnings =
            settled.map_err(|why| decode::cannot_be_handled(kind.kind, "v1", kind.into(), &why))?;
        Ok(Self { fields: fields.into(), warnings })
    }
}

/// A `TokenReview` carries a token: not for the log.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Body").field("warnings", &self.warnings).finish_non_exhaustive()
    }
}

/// Where a reader stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// The Go struct around the field.
    owner: &'a str,
    /// `spec.requirements.key`
    names: &'a str,
    /// `spec.requirements[0].key`
    at: &'a str,
}

#[derive(Default)]
struct Reader {
    /// The first field of the wrong type. Go reads on, too, and reports this one.
    wrong: Option<String>,
    /// The paths of fields that nobody knows.
    unknown: Vec<String>,
}

impl Reader {
    fn fields(
        &mut self,
        known: &'static [(&'static str, Shape)],
        sent: &Map<String, Value>,
        place: Place,
    ) -> Map<String, Value> {
        let below = |path: &str, name: &str| {
            if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
        };
        // Read in the order in which they were sent, kept in the order in which they are written.
        let mut found: Vec<Option<Value>> = vec![None; known.len()];
        for (name, value) in sent {
            let (names, at) = (below(place.names, name), below(place.at, name));
            let type_meta = place.names.is_empty() && (name == "kind" || name == "apiVersion");
            match known.iter().position(|(known, _)| known == name) {
                Some(index) => {
                    let place = Place { owner: place.owner, names: &names, at: &at };
                    found[index] = self.value(known[index].1, value, place);
                }
                None if type_meta => {}
                None => self.unknown.push(at),
            }
        }
        let named = known.iter().zip(found);
        named.filter_map(|((name, _), value)| Some(((*name).to_owned(), value?))).collect()
    }

    /// The value, unless it is empty.
    fn value(&mut self, shape: Shape, sent: &Value, place: Place) -> Option<Value> {
        match (shape, sent) {
            (_, Value::Null) => None,
            (Any, any) => Some(any.clone()),
            (Text(_), Value::String(text)) => (!text.is_empty()).then(|| sent.clone()),
            (Time, Value::String(text)) => match go::time(text) {
                Ok(time) => Some(time.into()),
                Err(why) => {
                    self.wrong.get_or_insert(why);
                    None
                }
            },
            (Flag, Value::Bool(flag)) => flag.then_some(true.into()),
            (Number | OptionalNumber, Value::Number(number)) => match number.as_i64() {
                Some(0) if matches!(shape, Number) => None,
                Some(number) => Some(number.into()),
                None => self.wrong(&format!("number {number}"), shape, place),
            },
            (List(element, _), Value::Array(sent)) => {
                let elements: Vec<_> = sent
                    .iter()
                    .enumerate()
                    .map(|(index, sent)| {
                        let at = format!("{}[{index}]", place.at);
                        let value = self.value(*element, sent, Place { at: &at, ..place });
                        value.unwrap_or_else(|| element.empty())
                    })
                    .collect();
                (!elements.is_empty()).then(|| elements.into())
            }
            (Shape::Map(element, _), Value::Object(sent)) => {
                let mut entries: Vec<_> = sent
                    .iter()
                    .map(|(key, sent)| {
                        let value = self.value(*element, sent, place);
                        let sent_empty = sent.as_array().map(|_| Value::Array(Vec::new()));
                        let empty = || sent_empty.unwrap_or_else(|| element.empty());
                        (key.clone(), value.unwrap_or_else(empty))
                    })
                    .collect();
                entries.sort_by(|(a, _), (b, _)| a.cmp(b));
                (!entries.is_empty()).then(|| entries.into_iter().collect())
            }
            (Struct(name, known), Value::Object(sent)) => {
                Some(self.fields(known, sent, Place { owner: name, ..place }).into())
            }
            (_, Value::Bool(_)) => self.wrong("bool", shape, place),
            (_, Value::Number(_)) => self.wrong("number", shape, place),
            (_, Value::String(_)) => self.wrong("string", shape, place),
            (_, Value::Array(_)) => self.wrong("array", shape, place),
            (_, Value::Object(_)) => self.wrong("object", shape, place),
        }
    }

    fn wrong(&mut self, what: &str, shape: Shape, place: Place) -> Option<Value> {
        let Place { owner, names, .. } = place;
        self.wrong.get_or_insert_with(|| {
            let go = shape.go_type();
            format!(
                "json: cannot unmarshal {what} into Go struct field {owner}.{names} of type {go}"
            )
        });
        None
    }
}

impl Shape {
    fn go_type(self) -> String {
        match self {
            Text(go) | List(_, go) | Shape::Map(_, go) => go.to_owned(),
            Flag => "bool".to_owned(),
            Number | OptionalNumber => "int64".to_owned(),
            // A date is read from a text.
            Time => "string".to_owned(),
            Any => "interface {}".to_owned(),
            Struct(name, _) => format!("v1.{name}"),
        }
    }

    /// What stands in a list or map for null, and for what is empty.
    fn empty(self) -> Value {
        match self {
            Text(_) => "".into(),
            Struct(..) => Map::new().into(),
            _ => Value::Null,
        }
    }
}
