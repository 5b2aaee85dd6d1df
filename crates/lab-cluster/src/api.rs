//! One request, from its first header to its answer, through the same filters in the same order as
//! in the real server ([`config.go`][1]):
//!
//! 1. [`RequestInfo`]: what is asked, by method and path alone;
//! 2. [`authn`]: who asks. Nobody: 401, and no more is looked at;
//!    Here the [audit log](crate::audit) begins a line, and ends it with the answer;
//! 3. impersonation: whom do they want to be taken for, and may they be? Mostly nobody else. From
//!    here on the request is the other one's ([headers](crate::authn::impersonation),
//!    [permission](crate::authz::impersonation));
//! 4. [`authz`](crate::authz): may they? No: 403, even about a path that does not exist;
//! 5. the body, read only now;
//! 6. the answer: an object of the registry, a token, a review, a document.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apiserver/pkg/server/config.go

use crate::admitted::Admitted;
use crate::audit::{Audit, Record, Stage};
use crate::authn::{self, Authenticated, Chain, Credentials};
use crate::authz::chain::is_master;
use crate::authz::impersonation::Impersonation;
use crate::authz::{Attributes, Authorizer, Decision, forbidden};
use crate::dashboard::Dashboard;
use crate::negotiate::{Form, Reply, respond};
use crate::registry::{IdSource, Registry};
use crate::request_info::{Query, RequestInfo};
use crate::resources::{Resources, is_health};
use crate::status::Refusal;
use crate::trace::Trace;
use crate::watching::Answer;
use expiry::go::quote;
use http::header::{AUTHORIZATION, CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use rustls::pki_types::CertificateDer;
use static_tokens::User;
use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;
use tokio::time::timeout;

/// The largest body, bytes: `MaxRequestBodyBytes` of the real server.
const MAX_BODY_BYTES: usize = 3 << 20;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Hears of every request.
pub type Listener = Box<dyn Fn(&Trace) + Send + Sync>;

/// Everything that answers requests.
pub struct Api {
    /// Who asks.
    pub chain: Arc<Chain>,
    /// May they.
    pub authorizer: Arc<dyn Authorizer>,
    /// May they be somebody else.
    pub impersonation: Impersonation,
    /// What is there.
    pub resources: Resources,
    /// The objects, for whoever wants to look past the API.
    pub registry: Arc<Registry>,
    /// Where the ids of requests come from.
    pub ids: Arc<dyn IdSource>,
    /// Who hears of every request.
    pub listener: Listener,
    /// A page beside the API, unless there is none.
    pub dashboard: Option<Dashboard>,
    /// Who writes it down.
    pub audit: Option<Arc<Audit>>,
}

/// Where a request comes from: an extension of the request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// A request whose headers have come.
struct Asked<'r> {
    info: RequestInfo,
    query: Query,
    credentials: Credentials<'r>,
    parts: &'r Parts,
    audit_id: Option<String>,
}

/// What will have been told about a request when it is over.
#[derive(Default)]
struct Told {
    trace: Trace,
    /// `None` when nothing is to be written down.
    record: Option<Record>,
}

impl Api {
    /// Answers one request. `certificates` is the chain that the client's connection came with.
    pub async fn answer<B>(
        &self,
        request: Request<B>,
        certificates: &[CertificateDer<'static>],
    ) -> Response<Answer>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        if let Some(page) = self.dashboard.as_ref().and_then(|dashboard| dashboard.page(&parts)) {
            return page;
        }
        let path = percent_encoding::percent_decode_str(parts.uri.path()).decode_utf8_lossy();
        let query = Query::parse(parts.uri.query());
        let audit_id = parts.headers.get("audit-id").and_then(|value| value.to_str().ok());
        let asked = Asked {
            info: RequestInfo::new(&parts.method, &path, &query),
            credentials: Credentials {
                certificates,
                authorization: parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes),
            },
            query,
            // Who keeps no log names the request when it is answered.
            audit_id: audit_id
                .map(str::to_owned)
                .or_else(|| self.audit.as_ref().map(|_| self.ids.uid())),
            parts: &parts,
        };
        if asked.info.incomplete {
            return no_request(&parts, &asked.audit_id.unwrap_or_else(|| self.ids.uid()));
        }
        let request = format!("{} {}", parts.method, target(&parts));
        let mut told = Told { trace: Trace { request, ..Trace::default() }, record: None };

        let admitted = self.admit(&asked, &mut told);
        // The real server's filters mark what they refuse, a 401 excepted; its storage does not.
        let no_sniff = admitted.as_ref().is_err_and(|reply| reply.status != 401);
        let reply = match admitted {
            Err(reply) => *reply,
            Ok(who) => {
                let work = self.work(&asked, &who.user, body, &mut told.record);
                let mut reply = work.await.unwrap_or_else(Reply::from);
                reply.warnings.splice(0..0, who.warnings);
                reply
            }
        };
        told.trace.status = reply.status;
        (self.listener)(&told.trace);
        if let Some(record) = &mut told.record {
            record.answered(&reply);
        }
        // What no form fits is refused in the one that a person can read.
        let form = Form::wanted(&parts.headers, &asked.query).unwrap_or(Form::PrettyJson);
        let audit_id = asked.audit_id.unwrap_or_else(|| self.ids.uid());
        let mut response = respond(reply, form, &audit_id);
        if no_sniff {
            let value = HeaderValue::from_static("nosniff");
            response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, value);
        }
        if let Some(dashboard) = &self.dashboard {
            dashboard.explain(&parts, &told.trace, response.headers_mut());
        }
        match (told.record, response.body_mut()) {
            (None, _) => {}
            (Some(record), Answer::Lines(_, ending)) => {
                record.write(Stage::ResponseStarted);
                *ending = Some(Box::new(record));
            }
            // So the real server names the stage of a 401.
            (Some(record), _) if told.trace.user.is_none() => record.end(Stage::ResponseStarted),
            (Some(record), _) => record.end(Stage::ResponseComplete),
        }
        response
    }

    /// Filters 2 to 4: who, as whom, and may they?
    fn admit(&self, asked: &Asked, told: &mut Told) -> Result<Authenticated, Box<Reply>> {
        let audiences = &self.chain.api_audiences;
        let known = self.chain.authenticate(asked.credentials, audiences, &mut told.trace);
        told.record = self.record(asked, known.as_ref().ok());
        let who = known.map_err(|nobody| {
            let refused = Reply::from(Refusal::unauthorized());
            Box::new(Reply { warnings: nobody.warnings, ..refused })
        })?;
        told.trace.user = Some(in_words(&who.user));
        let refused =
            |refusal| Box::new(Reply { warnings: who.warnings.clone(), ..Reply::from(refusal) });

        let other = self.impersonated(asked, &who.user, told).map_err(refused)?;
        let user = other.unwrap_or_else(|| who.user.clone());

        let asked = attributes(&asked.info, &user);
        let decision = self.authorizer.authorize(&asked);
        told.trace.authorizer = Some(describe(&decision, &user));
        if let Some(record) = &mut told.record {
            let outcome = if decision.allowed() { "allow" } else { "forbid" };
            record.annotate("authorization.k8s.io/decision", outcome);
            record.annotate("authorization.k8s.io/reason", decision.reason());
        }
        if !decision.allowed() {
            return Err(refused(forbidden(&asked, decision.reason())));
        }
        Ok(Authenticated { user, ..who })
    }

    /// Begins a line of the audit log, if there is one, and it is to tell of this.
    fn record(&self, asked: &Asked, who: Option<&Authenticated>) -> Option<Record> {
        let user = who.map(|who| &who.user);
        let from = asked.parts.extensions.get::<Peer>().map(|peer| peer.0);
        let what = (asked.audit_id.as_deref().unwrap_or_default(), target(asked.parts));
        let from = (&asked.parts.headers, from);
        let mut record = Record::begin(self.audit.as_ref()?, &asked.info, user, what, from)?;
        if let Some(who) = who {
            record.write(Stage::RequestReceived);
            for (key, value) in &who.annotations {
                record.annotate(key, value.as_str());
            }
        }
        Some(record)
    }

    /// Whom the sender is to be taken for, if the headers say so and permissions allow it.
    fn impersonated(
        &self,
        asked: &Asked,
        sender: &User,
        told: &mut Told,
    ) -> Result<Option<User>, Refusal> {
        let wanted = authn::impersonation::wanted(&asked.parts.headers)?;
        let Some(wanted) = wanted else { return Ok(None) };
        let request = attributes(&asked.info, sender);
        match self.impersonation.become_other(&*self.authorizer, &request, &wanted) {
            Ok(other) => {
                let by = other.constraint.unwrap_or("impersonate");
                told.trace.impersonation = Some(format!("as {}, by {by}", in_words(&other.user)));
                if let Some(record) = &mut told.record {
                    record.impersonates(other.clone());
                }
                Ok(Some(other.user))
            }
            Err(refusal) => {
                told.trace.impersonation = Some(format!("denied: {refusal}"));
                Err(refusal)
            }
        }
    }

    /// Filters 5 and 6: the body, and the answer.
    async fn work<B>(
        &self,
        asked: &Asked<'_>,
        user: &User,
        body: B,
        record: &mut Option<Record>,
    ) -> Result<Reply, Refusal>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let body = read(body).await?;
        // Allowed like a GET, and answered by nobody: HEAD, a method that is GET in small letters, and
        // what is called a watch by its path alone.
        let gets = asked.parts.method == Method::GET;
        let like_get = matches!(asked.info.verb.as_str(), "get" | "list" | "watch")
            || asked.parts.method == Method::HEAD;
        if like_get && !gets && !is_health(&asked.info.path) {
            return Err(Refusal::method_not_allowed());
        }
        // What may write waits for the disk, and must not keep who reads from being answered.
        let writes = !gets;
        let _turn = if writes { self.resources.limits.turns.acquire().await.ok() } else { None };
        let (Asked { info, query, .. }, headers) = (asked, &asked.parts.headers);
        let notes = record.is_some().then(RefCell::default);
        let notes = notes.as_ref();
        let admitted = Admitted { info, query, headers, user, body: &body, notes };
        let answer = || self.resources.answer(&admitted);
        let reply = if writes { aside(answer) } else { answer() };
        if let (Some(record), Some(notes)) = (record, notes) {
            record.note(notes.take());
        }
        reply
    }
}

/// Does what may take its time, while the runtime's other threads take over what this one had to do.
fn aside<R>(work: impl FnOnce() -> R) -> R {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => block_in_place(work),
        // There is one thread and no other.
        _ => work(),
    }
}

/// What is answered to a path that ends where a resource should follow. Nobody is asked who sent it.
fn no_request(parts: &Parts, audit_id: &str) -> Response<Answer> {
    let target = target(parts);
    let text = format!(
        "Internal Server Error: {}: failed to create RequestInfo: unable to determine kind and \
         namespace from url, {target}\n",
        quote(target)
    );
    let mut response = respond(Reply::text(500, &text), Form::Json, audit_id);
    response.headers_mut().remove(CACHE_CONTROL);
    response
}

fn target(parts: &Parts) -> &str {
    parts.uri.path_and_query().map_or("", |target| target.as_str())
}

async fn read<B>(body: B) -> Result<Bytes, Refusal>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Refusal::too_large(&format!("limit is {MAX_BODY_BYTES}")))
        }
        Ok(Err(error)) => Err(Refusal::broken_off(&*error)),
        Err(_) => Err(Refusal::bad_request("the body of the request took too long")),
    }
}

/// What the authorizer is asked about.
#[must_use]
pub fn attributes<'a>(info: &'a RequestInfo, user: &'a User) -> Attributes<'a> {
    Attributes {
        user,
        verb: &info.verb,
        api_group: &info.group,
        resource: &info.resource,
        subresource: &info.subresource,
        namespace: &info.namespace,
        name: &info.name,
        path: &info.path,
        is_resource: info.is_resource,
    }
}

fn in_words(user: &User) -> String {
    format!("{} [{}]", user.name, user.groups.join(", "))
}

/// The decision in words. Two authorizers give no reason of their own.
fn describe(decision: &Decision, user: &User) -> String {
    match decision {
        Decision::Allow { reason } if !reason.is_empty() => format!("allowed: {reason}"),
        Decision::Allow { .. } if is_master(user) => {
            "allowed: system:masters may do everything".to_owned()
        }
        Decision::Allow { .. } => "allowed: AlwaysAllow, like everything".to_owned(),
        Decision::Deny { reason } => format!("denied: {reason}"),
        Decision::NoOpinion { .. } => "denied: no rule allows it".to_owned(),
    }
}
