//! What the controller manager does, and the one thing that this lab needs of a kubelet. Each
//! controller looks at what has changed and writes what should follow from it; what it writes is a
//! change as well, so the others look at that in turn, until nothing follows any more.
//!
//! On a real cluster this happens moments later, in another process. Here it belongs to the same
//! commit, so that nobody ever sees a namespace without its `default` account; only the answer to
//! the write itself shows the object as it was before the controllers came.

mod cluster_roles;
mod namespaces;
mod root_ca;
mod service_accounts;
mod tokens;

use super::object;
use super::world::Change;
use super::writer::Writer;
use std::collections::BTreeSet;

/// Whom a legacy token is for, and the Secret that holds it: all that its claims say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegacyToken<'a> {
    /// The namespace of both.
    pub namespace: &'a str,
    /// The account's name.
    pub account: &'a str,
    /// The account's uid.
    pub uid: &'a str,
    /// The Secret's name.
    pub secret: &'a str,
}

/// Makes a signed token; `None` if it cannot.
type SignLegacy = Box<dyn Fn(&LegacyToken) -> Option<String> + Send + Sync>;

/// The controllers, and what they hand out.
pub struct Controllers {
    ca_pem: String,
    sign_legacy: SignLegacy,
}

impl Controllers {
    /// Controllers that publish this certificate authority (`--root-ca-file`, PEM) and sign legacy
    /// tokens with this (`--service-account-private-key-file`).
    #[must_use]
    pub fn new(
        ca_pem: impl Into<String>,
        sign_legacy: impl Fn(&LegacyToken) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self { ca_pem: ca_pem.into(), sign_legacy: Box::new(sign_legacy) }
    }

    /// Follows up on all that a writer has written.
    pub(super) fn follow(&self, writer: &mut Writer) {
        self.catch_up(Vec::new(), writer);
    }

    /// Looks at everything there is, as when the controller manager starts.
    pub(super) fn catch_up(&self, everything: Vec<Change>, writer: &mut Writer) {
        let mut later = Later::default();
        for change in everything {
            self.on(&change, &mut later, writer);
        }
        let mut seen = 0;
        loop {
            while let Some(change) = writer.draft.changes().get(seen).cloned() {
                self.on(&change, &mut later, writer);
                seen += 1;
            }
            if std::mem::take(&mut later.aggregate) {
                cluster_roles::aggregate(writer);
            }
            for namespace in std::mem::take(&mut later.finish) {
                namespaces::finish(writer, &namespace);
            }
            if writer.draft.changes().len() == seen {
                return;
            }
        }
    }

    /// A controller may do no more than anybody else. When it is refused, say because a name is
    /// taken, it has nothing left to do.
    fn on(&self, change: &Change, later: &mut Later, writer: &mut Writer) {
        let Some(object) = change.after.as_ref().or(change.before.as_ref()) else { return };
        let (namespace, name) = (object::namespace(object), object::name(object));
        if change.kind.namespaced && namespaces::is_terminating(writer, namespace) {
            later.finish.insert(namespace.to_owned());
        }
        match (change.kind.kind, change.after.is_some()) {
            ("Namespace", true) if namespaces::is_terminating(writer, name) => {
                namespaces::empty(writer, name);
                later.finish.insert(name.to_owned());
            }
            ("Namespace", true) => {
                service_accounts::ensure_default(writer, name);
                root_ca::publish(writer, name, &self.ca_pem);
            }
            ("ConfigMap", _) if name == root_ca::NAME => {
                root_ca::publish(writer, namespace, &self.ca_pem);
            }
            ("ServiceAccount", false) if !namespaces::is_terminating(writer, namespace) => {
                tokens::delete_all_of(writer, object);
                service_accounts::ensure_default(writer, namespace);
            }
            ("Secret", true) => tokens::fill(writer, object, self),
            ("Secret", false) => tokens::forget(writer, object),
            ("ClusterRole", _) => later.aggregate = true,
            // The kubelet stops a pod at once.
            ("Pod", true) if object::deletion_timestamp(object).is_some() => {
                writer.finish_deletion(change.kind, object);
            }
            _ => {}
        }
    }
}

/// What looks at many objects, and so is done once, however many of them have changed.
#[derive(Default)]
struct Later {
    /// Gather the rules of cluster roles.
    aggregate: bool,
    /// Let these namespaces go, if they are empty now.
    finish: BTreeSet<String>,
}
