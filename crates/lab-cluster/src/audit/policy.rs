//! What is written down of which request: `--audit-policy-file` ([reference][1]). The first rule that
//! fits a request says how much; no rule, nothing.
//!
//! [1]: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy

use crate::authz::Attributes;
use crate::authz::quote::quoted;
use crate::authz::rbac::{aggregate, url_covers};
use crate::registry::{go, names};
use serde_json::Value;
use static_tokens::User;
use std::path::Path;

/// How much is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    None,
    /// Who, what, when, and how it ended. No body: no token, no Secret.
    Metadata,
    /// And what was sent.
    Request,
    /// And what was answered: every token that is issued.
    RequestResponse,
}

/// When it is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The headers have come; nothing has been decided.
    RequestReceived,
    /// An answer has begun that will take a while: a watch. Also a 401.
    ResponseStarted,
    /// The answer is complete.
    ResponseComplete,
    /// The server has failed. The lab's does not tell.
    Panic,
}

const LEVELS: [(&str, Level); 4] = [
    ("None", Level::None),
    ("Metadata", Level::Metadata),
    ("Request", Level::Request),
    ("RequestResponse", Level::RequestResponse),
];
const STAGES: [(&str, Stage); 4] = [
    ("RequestReceived", Stage::RequestReceived),
    ("ResponseStarted", Stage::ResponseStarted),
    ("ResponseComplete", Stage::ResponseComplete),
    ("Panic", Stage::Panic),
];

impl Level {
    /// As the file and the log write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        LEVELS[self as usize].0
    }
}

impl Stage {
    /// As the file and the log write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        STAGES[self as usize].0
    }
}

/// What is done for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// How much is written.
    pub level: Level,
    /// When nothing is.
    pub omitted: Vec<Stage>,
}

/// The rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    omitted: Vec<Stage>,
    rules: Vec<Rule>,
}

/// Which requests, and how much of them. An empty list is no condition.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    level: Level,
    users: Vec<String>,
    groups: Vec<String>,
    verbs: Vec<String>,
    namespaces: Vec<String>,
    resources: Vec<Things>,
    urls: Vec<String>,
    omitted: Vec<Stage>,
}

/// Resources of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Things {
    group: String,
    resources: Vec<String>,
    names: Vec<String>,
}

/// A policy that can't be used; the real server's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("loading audit policy file: {0}")]
pub struct PolicyError(String);

impl Policy {
    /// The lab's own: of everything the metadata, when it is over. It shows who made which token and
    /// who used it, and no token.
    #[must_use]
    pub fn metadata() -> Self {
        let rule = Rule {
            level: Level::Metadata,
            users: Vec::new(),
            groups: Vec::new(),
            verbs: Vec::new(),
            namespaces: Vec::new(),
            resources: Vec::new(),
            urls: Vec::new(),
            omitted: vec![Stage::RequestReceived],
        };
        Self { omitted: Vec::new(), rules: vec![rule] }
    }

    /// Reads a file, YAML or JSON.
    ///
    /// # Errors
    /// It can't be read, or is no policy.
    pub fn open(path: &Path) -> Result<Self, PolicyError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let path = path.display().to_string();
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
                _ => error.to_string(),
            };
            PolicyError(format!("failed to read file path {}: open {path}: {why}", quoted(&path)))
        })?;
        Self::read(&text).map_err(|why| PolicyError(format!("{why}: from file {}", path.display())))
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// The real server's sentence about what is wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        let document: Value = if text.trim().is_empty() {
            Value::Null
        } else {
            serde_saphyr::from_str(text)
                .map_err(|error| format!("failed decoding: yaml: {error}"))?
        };
        let text = |key: &str| document[key].as_str().unwrap_or_default();
        let (version, kind) = (text("apiVersion"), text("kind"));
        if version.is_empty() || kind.is_empty() {
            let what = "audit.k8s.io/__internal, Kind=Policy";
            return Err(format!("unknown group version field {what} in policy"));
        }
        if (version, kind) != ("audit.k8s.io/v1", "Policy") {
            return Err(format!(
                "failed decoding: no kind {} is registered for version {} in scheme \
                 \"pkg/runtime/scheme.go:111\"",
                quoted(kind),
                quoted(version)
            ));
        }

        let mut problems = Vec::new();
        let undecoded = |why| format!("failed decoding: json: {why}");
        let omitted = texts(&document, "Policy", "omitStages").map_err(undecoded)?;
        let omitted = stages(&omitted, "omitStages", &mut problems);
        let mut rules = Vec::new();
        for (at, rule) in
            list(&document, "Policy.rules", "v1.PolicyRule").map_err(undecoded)?.iter().enumerate()
        {
            let path = format!("rules[{at}]");
            rules.extend(Rule::read(rule, &path, &mut problems).map_err(undecoded)?);
        }
        if let Some(problems) = aggregate(&problems) {
            return Err(problems);
        }
        if rules.is_empty() {
            return Err("loaded illegal policy with 0 rules".to_owned());
        }
        Ok(Self { omitted, rules })
    }

    /// Whose bodies are written, at least of some, and hold what lets their reader in: tokens, as
    /// they are issued or asked about, and Secrets.
    #[must_use]
    pub fn bodies_with_tokens(&self) -> Vec<&'static str> {
        let (sent, answered) = (Level::Request, Level::RequestResponse);
        let all = [
            ("TokenRequests", "", "serviceaccounts", "token", &["create"][..], answered),
            ("TokenReviews", "authentication.k8s.io", "tokenreviews", "", &["create"], sent),
            ("Secrets", "", "secrets", "", &["create", "update", "patch"], sent),
            ("Secrets", "", "secrets", "", &["get", "list"], answered),
        ];
        let mut written = Vec::new();
        for (what, api_group, resource, subresource, verbs, level) in all {
            let is_written = verbs.iter().any(|verb| {
                let asked = Attributes {
                    user: &User::default(),
                    verb,
                    api_group,
                    resource,
                    subresource,
                    namespace: "",
                    name: "",
                    path: "",
                    is_resource: true,
                };
                self.may_write(&asked, level)
            });
            if is_written && !written.contains(&what) {
                written.push(what);
            }
        }
        written
    }

    /// Whether somebody's request of this kind is written at this level, whoever asks, and about
    /// whichever object.
    fn may_write(&self, asked: &Attributes, level: Level) -> bool {
        let mut rules = self.rules.iter().filter(|rule| rule.is_about(asked));
        // The first rule for everybody is the last one that counts.
        rules
            .find(|rule| rule.level >= level || rule.is_for_all_of(asked))
            .is_some_and(|rule| rule.level >= level)
    }

    /// What is to be done for this request. Without a user it is one that nobody vouched for.
    #[must_use]
    pub fn evaluate(&self, asked: &Attributes, user: Option<&User>) -> Decision {
        let rule = self.rules.iter().find(|rule| rule.fits(asked, user));
        let own = rule.map(|rule| rule.omitted.as_slice()).unwrap_or_default();
        Decision {
            level: rule.map_or(Level::None, |rule| rule.level),
            omitted: [&self.omitted, own].concat(),
        }
    }
}

impl Rule {
    /// May it be for a request of this kind, by somebody, about some object?
    fn is_about(&self, asked: &Attributes) -> bool {
        self.urls.is_empty()
            && (self.verbs.is_empty() || self.verbs.iter().any(|verb| verb == asked.verb))
            && (self.resources.is_empty() || self.resources.iter().any(|r| r.are_about(asked)))
    }

    /// Is it for each of them?
    fn is_for_all_of(&self, asked: &Attributes) -> bool {
        let all = |things: &Things| things.names.is_empty() && things.are_about(asked);
        self.users.is_empty()
            && self.groups.is_empty()
            && self.namespaces.is_empty()
            && (self.resources.is_empty() || self.resources.iter().any(all))
    }

    fn fits(&self, asked: &Attributes, user: Option<&User>) -> bool {
        let has = |list: &[String], word: &str| list.iter().any(|listed| listed == word);
        let is_user = user.is_some_and(|user| has(&self.users, &user.name));
        let in_group = user.is_some_and(|user| user.groups.iter().any(|g| has(&self.groups, g)));
        if !self.users.is_empty() && !is_user
            || !self.groups.is_empty() && !in_group
            || !self.verbs.is_empty() && !has(&self.verbs, asked.verb)
        {
            return false;
        }
        if !self.namespaces.is_empty() || !self.resources.is_empty() {
            return asked.is_resource
                && (self.namespaces.is_empty() || has(&self.namespaces, asked.namespace))
                && (self.resources.is_empty() || self.resources.iter().any(|r| r.fit(asked)));
        }
        self.urls.is_empty()
            || !asked.is_resource && self.urls.iter().any(|url| url_covers(url, asked.path))
    }

    fn read(rule: &Value, path: &str, problems: &mut Vec<String>) -> Result<Option<Self>, String> {
        let texts = |field| texts(rule, "PolicyRule.rules", field);
        let name = rule["level"].as_str().unwrap_or_default();
        let level = LEVELS.into_iter().find(|(known, _)| *known == name);
        if name.is_empty() {
            problems.push(format!("{path}.level: Required value"));
        } else if level.is_none() {
            let known = LEVELS.map(|(known, _)| quoted(known)).join(", ");
            let name = quoted(name);
            problems.push(format!(
                "{path}.level: Unsupported value: {name}: supported values: {known}"
            ));
        }
        let urls = texts("nonResourceURLs")?;
        for (at, url) in urls.iter().enumerate().filter(|(_, url)| *url != "*") {
            let mut wrong = |why| {
                let url = quoted(url);
                problems.push(format!("{path}.nonResourceURLs[{at}]: Invalid value: {url}: {why}"));
            };
            if !url.starts_with('/') {
                wrong("non-resource URL rules must begin with a '/' character");
            }
            if url.strip_suffix(|_: char| true).is_some_and(|but_one| but_one.contains('*')) {
                wrong("non-resource URL wildcards '*' must be the final character of the rule");
            }
        }
        let mut resources = Vec::new();
        for group in list(rule, "PolicyRule.rules.resources", "v1.GroupResources")? {
            resources.push(Things::read(group, &format!("{path}.resources"), problems)?);
        }
        let omitted = stages(&texts("omitStages")?, &format!("{path}.omitStages"), problems);
        let namespaces = texts("namespaces")?;
        if !urls.is_empty() && (!resources.is_empty() || !namespaces.is_empty()) {
            problems.push(format!(
                "{path}.nonResourceURLs: Invalid value: {}: rules cannot apply to both regular \
                 resources and non-resource URLs",
                Value::from(urls.clone())
            ));
        }
        let Some((_, level)) = level else { return Ok(None) };
        Ok(Some(Self {
            level,
            users: texts("users")?,
            groups: texts("userGroups")?,
            verbs: texts("verbs")?,
            namespaces,
            resources,
            urls,
            omitted,
        }))
    }
}

impl Things {
    /// `pods`, `pods/log`, `pods/*` and `*/log`; `*` is everything. A rule without a subresource is
    /// not about subresources.
    fn fit(&self, asked: &Attributes) -> bool {
        let named = self.names.is_empty() || self.names.iter().any(|name| name == asked.name);
        self.are_about(asked) && (self.resources.is_empty() || named)
    }

    /// The same, for whichever object.
    fn are_about(&self, asked: &Attributes) -> bool {
        let Attributes { resource, subresource, .. } = *asked;
        let whole = match subresource {
            "" => resource.to_owned(),
            _ => format!("{resource}/{subresource}"),
        };
        let fits = |listed: &String| {
            listed == "*"
                || *listed == whole
                || listed.strip_suffix("/*") == Some(resource)
                || !subresource.is_empty() && listed.strip_prefix("*/") == Some(subresource)
        };
        (self.group == "*" || self.group == asked.api_group)
            && (self.resources.is_empty() || self.resources.iter().any(fits))
    }

    fn read(group: &Value, path: &str, problems: &mut Vec<String>) -> Result<Self, String> {
        let texts = |field| texts(group, "GroupResources.rules.resources", field);
        let read = Self {
            group: group["group"].as_str().unwrap_or_default().to_owned(),
            resources: texts("resources")?,
            names: texts("resourceNames")?,
        };
        if !read.group.is_empty() && read.group != "*" {
            let wrong = names::subdomain(&read.group, false);
            if !wrong.is_empty() {
                let (group, wrong) = (quoted(&read.group), wrong.join(","));
                problems.push(format!("{path}.group: Invalid value: {group}: {wrong}"));
            }
        }
        if !read.names.is_empty() && read.resources.is_empty() {
            let shown = Value::from(read.names.clone());
            problems.push(format!(
                "{path}.resourceNames: Invalid value: {shown}: using resourceNames requires at \
                 least one resource"
            ));
        }
        Ok(read)
    }
}

/// The last word of `place` is the field.
fn list<'v>(object: &'v Value, place: &str, item: &str) -> Result<&'v [Value], String> {
    let field = place.rsplit('.').next().unwrap_or_default();
    match &object[field] {
        Value::Null => Ok(&[]),
        Value::Array(list) => Ok(list),
        other => {
            let what = go::json_type(other);
            Err(format!("cannot unmarshal {what} into Go struct field {place} of type []{item}"))
        }
    }
}

fn texts(object: &Value, place: &str, field: &str) -> Result<Vec<String>, String> {
    let place = format!("{place}.{field}");
    let text = |value: &Value| {
        value.as_str().map(str::to_owned).ok_or_else(|| {
            let what = go::json_type(value);
            format!("cannot unmarshal {what} into Go struct field {place} of type string")
        })
    };
    list(object, &place, "string")?.iter().map(text).collect()
}

fn stages(named: &[String], path: &str, problems: &mut Vec<String>) -> Vec<Stage> {
    let mut stages = Vec::new();
    for (at, name) in named.iter().enumerate() {
        if let Some((_, stage)) = STAGES.into_iter().find(|(known, _)| known == name) {
            stages.push(stage);
            continue;
        }
        let known = STAGES.map(|(known, _)| known).join(",");
        let name = quoted(name);
        problems.push(format!("{path}[{at}]: Invalid value: {name}: allowed stages are {known}"));
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a real kube-apiserver 1.37.2 said, before it ended.
    #[test]
    fn a_policy_that_is_none_is_refused_in_the_real_servers_words() {
        let head = "apiVersion: audit.k8s.io/v1\nkind: Policy\n";
        let stages = "RequestReceived,ResponseStarted,ResponseComplete,Panic";
        for (text, why) in [
            ("", "unknown group version field audit.k8s.io/__internal, Kind=Policy in policy"),
            (
                "rules:\n- level: None\n",
                "unknown group version field audit.k8s.io/__internal, Kind=Policy in policy",
            ),
            (head, "loaded illegal policy with 0 rules"),
            (
                &head.replace("Policy", "Plan"),
                "failed decoding: no kind \"Plan\" is registered for version \"audit.k8s.io/v1\" in scheme \"pkg/runtime/scheme.go:111\"",
            ),
            (
                &head.replace("v1", "v1beta1"),
                "failed decoding: no kind \"Policy\" is registered for version \"audit.k8s.io/v1beta1\" in scheme \"pkg/runtime/scheme.go:111\"",
            ),
            (
                &format!("{head}rules: 7\n"),
                "failed decoding: json: cannot unmarshal number into Go struct field Policy.rules of type []v1.PolicyRule",
            ),
            (
                &format!("{head}rules:\n- level: None\n  users: joe\n"),
                "failed decoding: json: cannot unmarshal string into Go struct field PolicyRule.rules.users of type []string",
            ),
            (
                &format!("{head}rules:\n- level: None\n  users: [7]\n"),
                "failed decoding: json: cannot unmarshal number into Go struct field PolicyRule.rules.users of type string",
            ),
            (
                &format!("{head}rules:\n- level: Foo\n"),
                "rules[0].level: Unsupported value: \"Foo\": supported values: \"None\", \"Metadata\", \"Request\", \"RequestResponse\"",
            ),
            (
                &format!(
                    "{head}omitStages: [Foo]\nrules:\n- level: None\n  nonResourceURLs: [x, /a*b, '*', '']\n  resources: [{{group: a/b, resources: [pods]}},{{group: '', resourceNames: [x]}}]\n  omitStages: [Bar]\n- {{}}\n"
                ),
                &format!(
                    "[omitStages[0]: Invalid value: \"Foo\": allowed stages are {stages}, rules[0].nonResourceURLs[0]: Invalid value: \"x\": non-resource URL rules must begin with a '/' character, rules[0].nonResourceURLs[1]: Invalid value: \"/a*b\": non-resource URL wildcards '*' must be the final character of the rule, rules[0].nonResourceURLs[3]: Invalid value: \"\": non-resource URL rules must begin with a '/' character, rules[0].resources.group: Invalid value: \"a/b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'), rules[0].resources.resourceNames: Invalid value: [\"x\"]: using resourceNames requires at least one resource, rules[0].omitStages[0]: Invalid value: \"Bar\": allowed stages are {stages}, rules[0].nonResourceURLs: Invalid value: [\"x\",\"/a*b\",\"*\",\"\"]: rules cannot apply to both regular resources and non-resource URLs, rules[1].level: Required value]"
                ),
            ),
        ] {
            assert_eq!(Policy::read(text).unwrap_err(), why, "{text}");
        }
        // An unknown field is no error there either.
        Policy::read(&format!("{head}rules:\n- level: None\n  colour: red\n")).unwrap();
        Policy::read(
            r#"{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"None"}]}"#,
        )
        .unwrap();
    }

    #[test]
    fn the_first_rule_that_fits() {
        let policy = Policy::read(
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [Panic]\nrules:\n\
             - {level: None, nonResourceURLs: [/healthz, /api*]}\n\
             - {level: Request, resources: [{group: '', resources: [secrets, pods/*, '*/token']}], omitStages: [RequestReceived]}\n\
             - {level: RequestResponse, userGroups: [g], verbs: [get], namespaces: [ns, '']}\n\
             - {level: Metadata, users: [bob], resources: [{group: '*', resources: ['*'], resourceNames: [x]}]}\n",
        )
        .unwrap();
        let bob = User { name: "bob".into(), groups: vec!["g".into()], ..User::default() };
        let level = |user: Option<&User>, verb, group, resource, subresource, namespace, name| {
            let asked = Attributes {
                user: &bob,
                verb,
                api_group: group,
                resource,
                subresource,
                namespace,
                name,
                path: resource,
                is_resource: !resource.starts_with('/'),
            };
            policy.evaluate(&asked, user).level
        };
        let bob = Some(&bob);
        assert_eq!(level(bob, "get", "", "/healthz", "", "", ""), Level::None);
        assert_eq!(level(bob, "get", "", "/apis", "", "", ""), Level::None);
        assert_eq!(level(None, "get", "", "secrets", "", "", ""), Level::Request);
        assert_eq!(level(None, "get", "apps", "secrets", "", "", ""), Level::None);
        assert_eq!(level(None, "get", "", "pods", "log", "", ""), Level::Request);
        assert_eq!(level(None, "get", "", "pods", "", "", ""), Level::Request);
        assert_eq!(level(None, "create", "", "serviceaccounts", "token", "", ""), Level::Request);
        assert_eq!(level(bob, "get", "", "nodes", "", "", "y"), Level::RequestResponse);
        assert_eq!(level(bob, "get", "", "events", "", "m", "x"), Level::Metadata);
        assert_eq!(level(bob, "get", "", "events", "", "m", "y"), Level::None);
        assert_eq!(level(None, "get", "", "events", "", "ns", "x"), Level::None);
    }
}
