//! What a request asks for, read from its method and path alone. Authorization decides on this,
//! before anybody has looked whether such a thing exists ([`requestinfo.go`][1]).
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go

use http::Method;

/// The words of a request. For a path outside `/api/V/...` and `/apis/G/V/...` only the verb (the
/// method in small letters) and the path are set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestInfo {
    /// Whether it is about a resource at all.
    pub is_resource: bool,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`.
    pub verb: String,
    /// The path, without the query.
    pub path: String,
    /// The group; empty for the core group under `/api`.
    pub group: String,
    /// `v1`.
    pub version: String,
    /// Empty at cluster scope.
    pub namespace: String,
    /// The plural name, as it stands in the path.
    pub resource: String,
    /// `token`, `status`, ...
    pub subresource: String,
    /// The object's name; empty for a whole collection.
    pub name: String,
    /// Whether the verb stands in the path, as it did before there was `?watch=true`:
    /// `/api/v1/watch/pods`.
    pub verb_in_path: bool,
    /// Whether nothing follows such a verb. Then it is no request at all.
    pub incomplete: bool,
}

impl RequestInfo {
    /// Reads method, path and query.
    #[must_use]
    pub fn new(method: &Method, path: &str, query: &Query) -> Self {
        let mut info = Self {
            verb: method.as_str().to_ascii_lowercase(),
            path: path.to_owned(),
            ..Self::default()
        };
        let trimmed = path.trim_matches('/');
        let parts: Vec<&str> = trimmed.split('/').collect();
        let rest = match parts[..] {
            ["api", version, ref rest @ ..] if !rest.is_empty() => {
                version.clone_into(&mut info.version);
                rest
            }
            ["apis", group, version, ref rest @ ..] if !rest.is_empty() => {
                group.clone_into(&mut info.group);
                version.clone_into(&mut info.version);
                rest
            }
            _ => return info,
        };
        info.is_resource = true;
        let (rest, special) = match *rest {
            [verb @ ("watch" | "proxy"), ref rest @ ..] => (rest, Some(verb)),
            _ => (rest, None),
        };
        info.verb_in_path = special.is_some();
        info.incomplete = rest.is_empty();
        let verb = match *method {
            _ if special.is_some() => special.unwrap_or_default(),
            Method::POST => "create",
            Method::GET | Method::HEAD => "get",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE => "delete",
            _ => "",
        };
        verb.clone_into(&mut info.verb);

        let rest = info.leave_namespace(rest);
        for (part, field) in
            rest.iter().zip([&mut info.resource, &mut info.name, &mut info.subresource])
        {
            (*part).clone_into(field);
        }
        if info.name.is_empty() && !info.verb_in_path {
            info.verb = match info.verb.as_str() {
                "get" if query.is_true("watch") => "watch".to_owned(),
                "get" => "list".to_owned(),
                "delete" => "deletecollection".to_owned(),
                _ => info.verb,
            };
            if matches!(info.verb.as_str(), "list" | "watch") {
                query.selected_name().unwrap_or_default().clone_into(&mut info.name);
            }
        }
        info
    }

    /// `namespaces/NS/pods/...` is about pods in NS; `namespaces/NS` and its own subresources are
    /// about the namespace itself, and still "in" it.
    fn leave_namespace<'p>(&mut self, parts: &'p [&'p str]) -> &'p [&'p str] {
        match *parts {
            ["namespaces", namespace, ref rest @ ..] => {
                namespace.clone_into(&mut self.namespace);
                match rest {
                    [] | ["status" | "finalize", ..] => parts,
                    rest => rest,
                }
            }
            _ => parts,
        }
    }
}

/// The query of a request, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Takes `a=b&c=d` apart.
    #[must_use]
    pub fn parse(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The first value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The one name that `fieldSelector` asks for. Who may list or watch just this object may do
    /// so by such a request.
    fn selected_name(&self) -> Option<&str> {
        let mut terms = self.get("fieldSelector")?.split(',');
        let name = terms.find_map(|term| term.strip_prefix("metadata.name="))?;
        let name = name.strip_prefix('=').unwrap_or(name);
        (!matches!(name, "." | "..") && !name.contains(['/', '%', '\\'])).then_some(name)
    }

    /// Whether the key is there and says neither `false` nor `0`.
    #[must_use]
    pub fn is_true(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| !matches!(value.to_lowercase().as_str(), "false" | "0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(method: &str, path_and_query: &str) -> String {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let info = RequestInfo::new(&method, path, &Query::parse(Some(query)));
        if !info.is_resource {
            return format!("{} {}", info.verb, info.path);
        }
        let RequestInfo { verb, group, version, namespace, resource, subresource, name, .. } = info;
        format!("{verb} {group}|{version}|{namespace}|{resource}|{name}|{subresource}")
    }

    #[test]
    fn paths_of_resources() {
        for (method, path, expected) in [
            ("GET", "/api/v1/pods", "list |v1||pods||"),
            ("GET", "/api/v1/pods?watch=true", "watch |v1||pods||"),
            ("GET", "/api/v1/pods?watch=0", "list |v1||pods||"),
            ("GET", "/api/v1/pods?fieldSelector=a%3Db,metadata.name%3Dx", "list |v1||pods|x|"),
            ("GET", "/api/v1/pods?watch=1&fieldSelector=metadata.name==x", "watch |v1||pods|x|"),
            ("GET", "/api/v1/pods?fieldSelector=metadata.name!%3Dx", "list |v1||pods||"),
            ("GET", "/api/v1/pods?fieldSelector=metadata.name%3D..", "list |v1||pods||"),
            ("GET", "/api/v1/watch/pods?fieldSelector=metadata.name%3Dx", "watch |v1||pods||"),
            ("POST", "/api/v1/watch/namespaces/x/pods/p", "watch |v1|x|pods|p|"),
            ("GET", "/apis/g/v1/watch/roles", "watch g|v1||roles||"),
            ("DELETE", "/api/v1/proxy/nodes/n", "proxy |v1||nodes|n|"),
            ("GET", "/api/v1/watch", "watch |v1||||"),
            ("GET", "/api/v1/namespaces", "list |v1||namespaces||"),
            ("GET", "/api/v1/namespaces/x", "get |v1|x|namespaces|x|"),
            ("PUT", "/api/v1/namespaces/x/finalize", "update |v1|x|namespaces|x|finalize"),
            ("DELETE", "/api/v1/namespaces/x/pods", "deletecollection |v1|x|pods||"),
            ("HEAD", "/api/v1/namespaces/x/pods/p/", "get |v1|x|pods|p|"),
            (
                "POST",
                "/api/v1/namespaces/x/serviceaccounts/d/token",
                "create |v1|x|serviceaccounts|d|token",
            ),
            (
                "PATCH",
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/r",
                "patch rbac.authorization.k8s.io|v1||clusterroles|r|",
            ),
        ] {
            assert_eq!(words(method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn paths_of_nothing() {
        for path in ["/", "/api", "/api/v1", "/apis/g/v1", "/healthz", "/metrics/x/y/z", "//"] {
            assert_eq!(words("GET", path), format!("get {path}"));
        }
    }
}
