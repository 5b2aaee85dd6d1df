//! What is behind the filters: objects, tokens, reviews, documents. Whoever comes here has been
//! authenticated and authorized.

use crate::admitted::Admitted;
use crate::api::attributes;
use crate::authn::{Chain, Credentials};
use crate::authz::{Attributes, Authorizer, escalation, forbidden};
use crate::decode::MEDIA_TYPES;
use crate::discovery::{self, Comparison, Page};
use crate::negotiate::{self, Content, Form, Reply, View};
use crate::registry::kinds::{self, ResourceKind};
use crate::registry::{PatchType, Registry, WriteOptions};
use crate::request_info::RequestInfo;
use crate::reviews::{self, Credential, ReviewKind};
use crate::status::Refusal;
use crate::table::{self, Include};
use crate::tokens::{TOKEN_REQUESTS, TokenIssuer};
use crate::trace::Trace;
use crate::views::StoredRoles;
use crate::watching::Seen;
use serde_json::Value;
use signing::KeySet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Where a server says whether it is well: to anybody, by the role `system:public-info-viewer`.
const HEALTH: [&str; 3] = ["/healthz", "/readyz", "/livez"];

/// Whether a path asks for the server's health: as a whole, or for the one part that is served.
pub(crate) fn is_health(path: &str) -> bool {
    HEALTH.contains(&path.strip_suffix("/ping").unwrap_or(path))
}

/// Everything that can be asked for.
pub struct Resources {
    /// The objects.
    pub registry: Arc<Registry>,
    /// Who signs tokens.
    pub tokens: TokenIssuer,
    /// Who looks at the token of a `TokenReview`.
    pub chain: Arc<Chain>,
    /// Who answers a `SelfSubjectAccessReview`, and guards roles.
    pub authorizer: Arc<dyn Authorizer>,
    /// The first `--service-account-issuer`.
    pub issuer: String,
    /// The keys that outsiders may check tokens with.
    pub keys: Arc<KeySet>,
    /// Where outsiders find them, if elsewhere: `--service-account-jwks-uri`.
    pub jwks_uri: Option<String>,
    /// Where clients reach the server: `127.0.0.1:16443`.
    pub address: String,
    /// What there is only so much of.
    pub limits: Limits,
}

/// How many [`Limits::turns`] there are.
const TURNS: usize = 8;

/// How many watches there may be at a time. Each is a task that every change wakes.
const WATCHES: usize = 4096;

/// What there is only so much of at a time.
#[derive(Debug)]
pub struct Limits {
    /// For those who may write: more at a time would only wait for each other.
    pub turns: Semaphore,
    /// Whose turn it is to write a role or a binding: between the check that nobody gives away more
    /// than they have and the write itself, nobody else may change what was checked.
    turn_of_roles: Mutex<()>,
    /// How many more watches there may be.
    watches: Arc<Semaphore>,
}

impl Limits {
    /// With so many watches.
    #[must_use]
    pub fn of(watches: usize) -> Self {
        Self {
            turns: Semaphore::new(TURNS),
            turn_of_roles: Mutex::default(),
            watches: Arc::new(Semaphore::new(watches)),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(WATCHES)
    }
}

/// What the real server's lists and watches say that they could be had in, besides
/// [`MEDIA_TYPES`].
const STREAMS: [&str; 2] =
    ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

/// There is nothing at this path: a `Status` below a group that is served, and text elsewhere.
fn missing(page: &Page) -> Result<Reply, Refusal> {
    match page {
        Page::NoSuchPage => Ok(Reply::text(404, "404 page not found\n")),
        _ => Err(Refusal::no_such_path()),
    }
}

impl Resources {
    /// Answers, or says what is wrong.
    ///
    /// # Errors
    /// The real server's refusals.
    pub fn answer(&self, request: &Admitted) -> Result<Reply, Refusal> {
        let info = request.info;
        if !info.is_resource {
            return self.document(request);
        }
        // Permissions are asked as if there were one slash; the router sees two.
        if info.path.starts_with("//") {
            return missing(&Page::NoSuchPage);
        }
        if let Some(kind) = reviews::find(&info.group, &info.version, &info.resource) {
            negotiate::routed(request.headers, &MEDIA_TYPES)?;
            Form::wanted(request.headers, request.query)?;
            return self.review(kind, request);
        }
        let found = kinds::find(&info.group, &info.version, &info.resource).filter(|kind| {
            kind.namespaced || info.namespace.is_empty() || kind.plural == "namespaces"
        });
        let Some(kind) = found else { return missing(&discovery::missing(&info.path)) };
        if matches!(info.verb.as_str(), "list" | "watch") {
            negotiate::routed(request.headers, &[&MEDIA_TYPES[..], &STREAMS].concat())?;
        } else {
            negotiate::routed(request.headers, &MEDIA_TYPES)?;
        }
        Form::wanted(request.headers, request.query)?;
        match info.subresource.as_str() {
            _ if info.verb == "proxy" => Err(Refusal::no_such_path()),
            "" => self.viewed(kind, request, self.object(kind, request)?),
            "token" if kind.plural == "serviceaccounts" => self.token(request),
            _ => Err(Refusal::no_such_path()),
        }
    }

    /// The answer as the client wants to see it: as a table, say. A `Status` stays what it is.
    fn viewed(
        &self,
        kind: &'static ResourceKind,
        request: &Admitted,
        reply: Reply,
    ) -> Result<Reply, Refusal> {
        let Some(view) = View::wanted(request.headers) else { return Ok(reply) };
        let now = self.tokens.clock.now();
        let what = request.included(view)?;
        let content = match (view, reply.content) {
            (View::Table, Content::Object(object)) => {
                Content::Value(table::of_object(kind, &object, now, what))
            }
            (View::Table, Content::List(list)) => Content::Value(table::of_list(&list, now, what)),
            (View::Metadata, Content::Object(object)) => {
                Content::Value(table::metadata_of(&object))
            }
            (View::MetadataOfAll, Content::List(list)) => {
                Content::Value(table::metadata_of_all(&list))
            }
            (View::Metadata, Content::List(_)) => {
                return Err(Refusal::not_in_this_form(format!(
                    "you requested PartialObjectMetadata, but the requested object is a list \
                     (*{}.{}List)",
                    kind.go_package(),
                    kind.kind
                )));
            }
            (View::MetadataOfAll, Content::Object(_)) => {
                return Err(Refusal::not_in_this_form(format!(
                    "you requested PartialObjectMetadataList, but the requested object is not a \
                     list (*{}.{})",
                    kind.go_package(),
                    kind.kind
                )));
            }
            (_, other) => other,
        };
        Ok(Reply { content, ..reply })
    }

    /// A path that is no resource: the server's health, its version, what it serves, its keys.
    fn document(&self, request: &Admitted) -> Result<Reply, Refusal> {
        let RequestInfo { path, verb, .. } = request.info;
        if is_health(path) {
            return Ok(Reply::text(200, "ok"));
        }
        if negotiate::wants(request.headers, discovery::AGGREGATED)
            && let Some(all) = discovery::aggregated(path).filter(|_| verb == "get")
        {
            let media_type = discovery::AGGREGATED;
            let (cache_control, text) = (Some("public"), all.to_string());
            return Ok(Reply::new(200, Content::Document { media_type, cache_control, text }));
        }
        let Self { issuer, keys, address, .. } = self;
        let jwks_uri = self.jwks_uri.as_deref();
        let server = discovery::Server { address, issuer, keys, jwks_uri };
        let comparison = discovery::comparison(path);
        match discovery::page(path, &server) {
            page @ (Page::NoSuchPage | Page::NoSuchResource) => missing(&page),
            _ if verb != "get" => Err(Refusal::method_not_allowed()),
            Page::Object(object) => {
                if comparison == Comparison::LetterByLetter {
                    negotiate::routed(request.headers, &MEDIA_TYPES)?;
                }
                Form::wanted(request.headers, request.query)?;
                Ok(Reply::new(200, Content::Value(object)))
            }
            Page::Document { media_type, cache_control, text } => {
                match comparison {
                    Comparison::LetterByLetter => {
                        negotiate::routed(request.headers, &[media_type])?;
                    }
                    Comparison::Ranges => negotiate::offered(request.headers, media_type)?,
                    Comparison::Never => {}
                }
                Ok(Reply::new(200, Content::Document { media_type, cache_control, text }))
            }
        }
    }

    /// `POST .../serviceaccounts/NAME/token`.
    fn token(&self, request: &Admitted) -> Result<Reply, Refusal> {
        let info = request.info;
        if info.verb != "create" {
            return Err(Refusal::method_not_allowed());
        }
        request.write_options()?; // one that is only tried out is signed all the same
        let body = request.question(&TOKEN_REQUESTS)?;
        self.registry.get(&kinds::NAMESPACES, "", &info.namespace)?;
        let issued = self.tokens.issue(&info.namespace, &info.name, &body)?;
        request.note(|notes| notes.issued_credential = Some(issued.credential_id));
        let content = Content::Value(issued.object);
        let warnings = [body.warnings, issued.warnings].concat();
        Ok(Reply { status: 201, content, warnings })
    }

    /// A question: it is created, and stored nowhere.
    fn review(&self, kind: &'static ReviewKind, request: &Admitted) -> Result<Reply, Refusal> {
        let RequestInfo { name, namespace, .. } = request.info;
        if !name.is_empty() || kind.namespaced == namespace.is_empty() {
            return Err(Refusal::no_such_path());
        }
        if request.info.verb != "create" {
            return Err(Refusal::method_not_allowed());
        }
        let body = request.question(kind)?;
        let user = request.user;
        let authorizer = &*self.authorizer;
        let answer = match kind.kind {
            "TokenReview" => {
                reviews::token_review(&body, &self.chain.api_audiences, |header, audiences| {
                    self.whose(header, audiences)
                })?
            }
            "SelfSubjectReview" => reviews::self_subject_review(user, self.tokens.clock.now()),
            "SelfSubjectAccessReview" => {
                reviews::self_subject_access_review(&body, user, authorizer)?
            }
            "SelfSubjectRulesReview" => {
                reviews::self_subject_rules_review(&body, user, authorizer)?
            }
            "LocalSubjectAccessReview" => {
                reviews::local_subject_access_review(&body, namespace, authorizer)?
            }
            _ => reviews::subject_access_review(&body, authorizer)?,
        };
        Ok(Reply { status: 201, content: Content::Value(answer), warnings: body.warnings })
    }

    /// What the chain says of a header that somebody else was sent.
    fn whose(&self, header: &str, audiences: &[String]) -> Credential {
        let credentials = Credentials { certificates: &[], authorization: Some(header.as_bytes()) };
        match self.chain.authenticate(credentials, audiences, &mut Trace::default()) {
            Ok(known) => Credential::Of(known.user, known.audiences),
            Err(nobody) if nobody.reasons.is_empty() => Credential::Nobodys,
            Err(nobody) => Credential::Refused(nobody.message()),
        }
    }

    /// One object, or a collection of them.
    fn object(&self, kind: &'static ResourceKind, request: &Admitted) -> Result<Reply, Refusal> {
        let RequestInfo { namespace, name, verb, .. } = request.info;
        // A namespace's own path stands "in" that namespace; the object does not.
        let namespace = if kind.namespaced { namespace.as_str() } else { "" };
        let registry = &self.registry;
        let options = request.write_options()?;
        let writes_roles =
            kind.group == escalation::GROUP && !matches!(verb.as_str(), "get" | "list" | "watch");
        let _turn = writes_roles
            .then(|| self.limits.turn_of_roles.lock().unwrap_or_else(PoisonError::into_inner));
        // Of a list, a name only says whose right to see it is asked for.
        let whole = name.is_empty() || matches!(verb.as_str(), "list" | "watch");
        let found = |object| Ok(Reply::new(200, Content::Object(object)));
        let one_is_watched = request.info.verb_in_path && !name.is_empty();
        if kind.namespaced && namespace.is_empty() && (!whole || one_is_watched) {
            return Err(Refusal::no_such_path());
        }
        if !whole {
            request.check_name()?;
        }
        match (verb.as_str(), whole) {
            ("get", false) => {
                request.get_options(registry.revision())?;
                found(registry.get(kind, namespace, name)?)
            }
            ("list", true) => {
                request.list_revision(registry.revision())?;
                let list = registry.list(kind, namespace, &request.list_options()?)?;
                Ok(Reply::new(200, Content::List(list)))
            }
            ("watch", true) => {
                // A watch comes in lines, and YAML has no lines of its own.
                if Form::wanted(request.headers, request.query)? == Form::Yaml {
                    return Err(Refusal::no_such_form(&STREAMS));
                }
                let view = View::wanted(request.headers);
                let include = view.map_or(Ok(Include::None), |view| request.included(view))?;
                let Ok(place) = self.limits.watches.clone().try_acquire_owned() else {
                    return Ok(Reply::too_many_requests());
                };
                let watch = registry.watch(kind, namespace, &request.watch_options()?)?;
                let seen = Seen {
                    kind,
                    view,
                    include,
                    lasts: request.lasts(),
                    clock: self.tokens.clock.clone(),
                };
                Ok(Reply::new(200, Content::Watch(seen.follow(watch, place))))
            }
            // Creating needs a namespace to create in.
            ("create", true) if !kind.namespaced || !namespace.is_empty() => {
                let (body, warnings) = request.object(kind)?;
                self.confirm(request, &body, None)?;
                let object = registry.create(kind, namespace, body, &options)?;
                Ok(Reply { status: 201, content: Content::Object(object), warnings })
            }
            ("update", false) => {
                let (body, warnings) = request.object(kind)?;
                let old = registry.get(kind, namespace, name).ok();
                if old.is_none() {
                    self.may_create(request)?;
                }
                self.confirm(request, &body, old.as_deref())?;
                let object = registry.update(kind, namespace, name, body, &options)?;
                // Roles and bindings that are not there yet are made.
                let status = if old.is_some() { 200 } else { 201 };
                Ok(Reply { status, content: Content::Object(object), warnings })
            }
            ("patch", false) => self.patch(kind, namespace, request, options),
            ("delete", false) => {
                let (preconditions, options) = request.deletion()?;
                let gone = registry.delete(kind, namespace, name, &preconditions, &options)?;
                Ok(Reply::new(200, Content::Value(gone)))
            }
            ("deletecollection", true) if kind.verbs.contains(&"deletecollection") => {
                let selection = request.list_options()?;
                let (_, options) = request.deletion()?;
                let list = registry.delete_collection(kind, namespace, &selection, &options)?;
                Ok(Reply::new(200, Content::List(list)))
            }
            _ => Err(Refusal::method_not_allowed()),
        }
    }

    fn patch(
        &self,
        kind: &'static ResourceKind,
        namespace: &str,
        request: &Admitted,
        options: WriteOptions,
    ) -> Result<Reply, Refusal> {
        let (registry, name) = (&self.registry, &request.info.name);
        let (patch_type, patch) = request.patch()?;
        let old = match registry.get(kind, namespace, name) {
            Ok(old) => Some(old),
            Err(_) if patch_type == PatchType::Apply => None,
            Err(missing) => return Err(missing),
        };
        if old.is_none() {
            self.may_create(request)?;
        }
        let validation = request.field_validation();
        let warnings = registry.field_warnings_of_patch(
            kind,
            namespace,
            name,
            (patch_type, &patch),
            validation,
        )?;
        let dry = WriteOptions { dry_run: true };
        let outcome = registry.patch(kind, namespace, name, patch_type, &patch, &dry)?;
        self.confirm(request, &outcome, old.as_deref())?;
        let object = registry.patch(kind, namespace, name, patch_type, &patch, &options)?;
        let status = if old.is_some() { 200 } else { 201 };
        Ok(Reply { status, content: Content::Object(object), warnings })
    }

    /// Who makes an object by a request that usually changes one needs the right to make it, too.
    fn may_create(&self, request: &Admitted) -> Result<(), Refusal> {
        let attributes = Attributes { verb: "create", ..attributes(request.info, request.user) };
        let decision = self.authorizer.authorize(&attributes);
        if decision.allowed() {
            return Ok(());
        }
        Err(forbidden(&attributes, decision.reason()))
    }

    /// Who writes roles and bindings may not give away more than they have.
    fn confirm(
        &self,
        request: &Admitted,
        object: &Value,
        old: Option<&Value>,
    ) -> Result<(), Refusal> {
        let attributes = attributes(request.info, request.user);
        let roles = StoredRoles::new(self.registry.clone());
        escalation::confirm_write(&*self.authorizer, &roles, &attributes, object, old)
    }
}
