//! Chapter 4: does it expire?
//!
//! A signature says who made a token, not whether it still holds. That is for its claims to say,
//! and for a [`Validator`] to check: against a clock, an issuer and an audience.
//!
//! - [`Window`]: `nbf`, `exp` and `iat`, with [`LEEWAY`] for clocks that disagree.
//! - [`Validator::check`]: the whole claims check, in the order and the words of kube-apiserver.
//! - [`lifetime`]: how long a token one is given, whatever was asked for.
//! - [`refresh`]: when a kubelet fetches the next one.
//! - [`timeline`]: all of that as a drawing.
//! - [`library`]: what the crate jsonwebtoken checks, beside what Kubernetes checks.
//!
//! ```
//! use chrono::{DateTime, TimeDelta};
//! use expiry::{ClaimsRejection, LEEWAY, Window};
//!
//! let exp = 1_664_705_605; // Sunday 2 October 2022, 10:13:25 UTC
//! let window = Window { expires_at: Some(exp), ..Window::default() };
//! let last = DateTime::from_timestamp(exp, 0).unwrap() + LEEWAY;
//!
//! assert_eq!(window.check(last), Ok(()));
//! assert_eq!(window.check(last + TimeDelta::nanoseconds(1)), Err(ClaimsRejection::Expired));
//! ```
//!
//! What a claims check can't know: whether the account, the pod or the secret that the token names
//! still exists. The API server looks them up afterwards, whenever it checks the token; a yes is good
//! for ten seconds.
//!
//! Sources, at v1.37.2: [`pkg/serviceaccount/jwt.go`][jwt] (issuer, audience),
//! [`pkg/serviceaccount/claims.go`][claims] (the messages about time), and
//! [`jwt/validation.go`][jose] of go-jose 2.6.3 (the comparisons). The claims themselves:
//! [RFC 7519, section 4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1).
//!
//! [jwt]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/serviceaccount/jwt.go
//! [claims]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/serviceaccount/claims.go
//! [jose]: https://github.com/go-jose/go-jose/blob/v2.6.3/jwt/validation.go

use crate::moment::Moment;
use chrono::{DateTime, TimeDelta, Utc};
use jwt_anatomy::{Claims, UnverifiedToken};
use signing::SignedClaims;

pub mod at;
pub mod go;
pub mod library;
pub mod lifetime;
pub mod moment;
pub mod refresh;
mod rejection;
pub mod timeline;
pub mod tool;
pub mod walk;

pub use rejection::ClaimsRejection;

/// How far two clocks may disagree: a minute, both ways. go-jose calls it `DefaultLeeway`, and
/// kube-apiserver has no flag for it.
pub const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// The three dates of a token, unix seconds. One that is missing is not checked: a token without
/// `exp` never expires.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// `nbf`: not valid before.
    pub not_before: Option<i64>,
    /// `exp`: not valid after.
    pub expires_at: Option<i64>,
    /// `iat`: when it was made.
    pub issued_at: Option<i64>,
}

impl Window {
    /// The dates of these claims.
    #[must_use]
    pub fn of(claims: &Claims) -> Self {
        Self {
            not_before: claims.not_before,
            expires_at: claims.expires_at,
            issued_at: claims.issued_at,
        }
    }

    /// Is `now` inside, give or take [`LEEWAY`]? The edges belong to it: a minute after `exp` to the
    /// nanosecond still passes.
    ///
    /// # Errors
    /// [`ClaimsRejection::NotValidYet`], [`Expired`](ClaimsRejection::Expired) or
    /// [`IssuedInTheFuture`](ClaimsRejection::IssuedInTheFuture), in this order.
    pub fn check(&self, now: impl Into<Moment>) -> Result<(), ClaimsRejection> {
        self.check_with_leeway(now, LEEWAY)
    }

    /// The same with another leeway. A client that wonders whether its token will do takes none.
    ///
    /// # Errors
    /// As [`Window::check`].
    pub fn check_with_leeway(
        &self,
        now: impl Into<Moment>,
        leeway: TimeDelta,
    ) -> Result<(), ClaimsRejection> {
        let now = now.into();
        let ahead = |date| Moment::of_claim(date) > now.later_by(leeway);
        let behind = |date| Moment::of_claim(date) < now.earlier_by(leeway);

        if self.not_before.is_some_and(ahead) {
            Err(ClaimsRejection::NotValidYet)
        } else if self.expires_at.is_some_and(behind) {
            Err(ClaimsRejection::Expired)
        } else if self.issued_at.is_some_and(ahead) {
            Err(ClaimsRejection::IssuedInTheFuture)
        } else {
            Ok(())
        }
    }
}

/// What an API server expects of a token that is meant for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validator {
    /// `--service-account-issuer`: the first signs new tokens, all are accepted.
    pub issuers: Vec<String>,
    /// `--api-audiences`: the names this API server answers to.
    pub api_audiences: Vec<String>,
}

impl Validator {
    /// A validator for the two flags. Without `--api-audiences` an API server answers to the names
    /// of its issuers.
    #[must_use]
    pub fn new(issuers: Vec<String>, api_audiences: Vec<String>) -> Self {
        let api_audiences = if api_audiences.is_empty() { issuers.clone() } else { api_audiences };
        Self { issuers, api_audiences }
    }

    /// The first look, before any signature is checked: does the token name one of our issuers at
    /// all? If not, it is for another authenticator to judge.
    #[must_use]
    pub fn is_mine(&self, token: &UnverifiedToken) -> bool {
        token.unverified_issuer().is_some_and(|issuer| self.issuers.contains(&issuer))
    }

    /// Do these claims hold now? Gives the audiences that the token is good for: those of
    /// `requested` (none: the API server's own) that it names.
    ///
    /// Only claims that somebody with the key signed can be asked about: to get a [`SignedClaims`]
    /// is chapter 3's work.
    ///
    /// # Errors
    /// The first check that fails, in the real server's order: issuer, audience, `nbf`, `exp`, `iat`.
    pub fn check(
        &self,
        signed: &SignedClaims,
        requested: &[String],
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, ClaimsRejection> {
        self.check_unverified(signed.claims(), requested, now)
    }

    /// The same check of claims that anybody may have written. It answers "would this be refused?"
    /// for a reader who has a token and no key, and must never let anyone in.
    ///
    /// # Errors
    /// As [`Validator::check`].
    pub fn check_unverified(
        &self,
        claims: &Claims,
        requested: &[String],
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, ClaimsRejection> {
        self.check_issuer(claims)?;
        let good_for = self.check_audiences(claims, requested)?;
        Window::of(claims).check(now)?;
        Ok(good_for)
    }

    /// Is it from one of our issuers? Compared letter by letter: a slash more is another issuer.
    ///
    /// # Errors
    /// [`ClaimsRejection::Issuer`].
    pub fn check_issuer(&self, claims: &Claims) -> Result<(), ClaimsRejection> {
        if self.issuers.contains(&claims.issuer) {
            Ok(())
        } else {
            Err(ClaimsRejection::Issuer(claims.issuer.clone()))
        }
    }

    /// Is it for whom it was shown to? One name in common is enough.
    ///
    /// # Errors
    /// [`ClaimsRejection::Audiences`].
    pub fn check_audiences(
        &self,
        claims: &Claims,
        requested: &[String],
    ) -> Result<Vec<String>, ClaimsRejection> {
        // A token that names nobody is taken to mean the API server: legacy tokens do.
        let token = or(&claims.audiences, &self.api_audiences);
        let target = or(requested, &self.api_audiences);

        let good_for: Vec<_> = target.iter().filter(|name| token.contains(name)).cloned().collect();
        if good_for.is_empty() && !self.api_audiences.is_empty() {
            return Err(ClaimsRejection::Audiences { token: token.into(), target: target.into() });
        }
        Ok(good_for)
    }
}

fn or<'a>(names: &'a [String], default: &'a [String]) -> &'a [String] {
    if names.is_empty() { default } else { names }
}
