//! A rule stands for all its words, each with each. To compare it with what somebody holds, it is
//! looked at one by one: each single permission is held whole or not at all.

use crate::authz::rbac::{self, PolicyRule};

/// One verb on one thing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Single<'r> {
    /// A resource, or only the one object of it that is named.
    Resource { verb: &'r str, group: &'r str, resource: &'r str, name: Option<&'r str> },
    /// A path that is no resource.
    Path { verb: &'r str, url: &'r str },
}

/// All of a rule, none of them made before it is asked for.
pub(super) fn all_of(rule: &PolicyRule) -> impl Iterator<Item = Single<'_>> {
    let names = move || {
        let any = rule.resource_names.is_empty().then_some(None);
        any.into_iter().chain(rule.resource_names.iter().map(|name| Some(name.as_str())))
    };
    let resources = rule.api_groups.iter().flat_map(move |group| {
        rule.resources.iter().flat_map(move |resource| {
            rule.verbs.iter().flat_map(move |verb| {
                names().map(move |name| Single::Resource { verb, group, resource, name })
            })
        })
    });
    let paths = rule
        .non_resource_urls
        .iter()
        .flat_map(|url| rule.verbs.iter().map(move |verb| Single::Path { verb, url }));
    resources.chain(paths)
}

/// How many that would be.
pub(super) fn count(rule: &PolicyRule) -> usize {
    let names = rule.resource_names.len().max(1);
    let things = rule.api_groups.len().saturating_mul(rule.resources.len()).saturating_mul(names);
    things.saturating_add(rule.non_resource_urls.len()).saturating_mul(rule.verbs.len())
}

impl Single<'_> {
    /// Does a rule that is held cover it? Unlike in a request, its words may be `*` or `*/log`
    /// themselves, and are covered by no list of all the words there are.
    pub(super) fn is_covered_by(&self, held: &PolicyRule) -> bool {
        match *self {
            Self::Resource { verb, group, resource, name } => {
                has(&held.verbs, verb)
                    && has(&held.api_groups, group)
                    && has_resource(held, resource)
                    && has_name(held, name)
            }
            Self::Path { verb, url } => {
                has(&held.verbs, verb) && has_url(held, url) && has_name(held, None)
            }
        }
    }
}

/// Does one rule that is held cover all of another? Then nobody has to look at each.
pub(super) fn covers(held: &PolicyRule, rule: &PolicyRule) -> bool {
    let name = || {
        has_name(held, None)
            || rule.non_resource_urls.is_empty()
                && !rule.resource_names.is_empty()
                && rule.resource_names.iter().all(|name| has_name(held, Some(name)))
    };
    rule.verbs.iter().all(|verb| has(&held.verbs, verb))
        && rule.api_groups.iter().all(|group| has(&held.api_groups, group))
        && rule.resources.iter().all(|resource| has_resource(held, resource))
        && rule.non_resource_urls.iter().all(|url| has_url(held, url))
        && name()
}

fn has(held: &[String], asked: &str) -> bool {
    held.iter().any(|word| word == "*" || word == asked)
}

fn has_resource(held: &PolicyRule, asked: &str) -> bool {
    let subresource = asked.split_once('/').map(|(_, subresource)| subresource);
    held.resources.iter().any(|covered| {
        covered == "*"
            || covered == asked
            || subresource.is_some() && covered.strip_prefix("*/") == subresource
    })
}

fn has_url(held: &PolicyRule, asked: &str) -> bool {
    held.non_resource_urls.iter().any(|url| rbac::url_covers(url, asked))
}

fn has_name(held: &PolicyRule, asked: Option<&str>) -> bool {
    held.resource_names.is_empty()
        || asked.is_some_and(|asked| held.resource_names.iter().any(|name| name == asked))
}
