//! Which objects, by their labels: `app=web,tier in (a, b),!old`. The grammar and the messages are
//! those of [`labels/selector.go`][1].
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/staging/src/k8s.io/apimachinery/pkg/labels/selector.go

use super::{names, object};
use crate::authz::quote::quoted;
use serde_json::Value;
use std::fmt;

/// Requirements, all of which must hold. None of them: everything is selected.
///
/// Printed, it is a selector again, in the words of Go's `String()`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exists,
    DoesNotExist,
    In(Vec<String>),
    NotIn(Vec<String>),
    GreaterThan(i64),
    LessThan(i64),
}

impl LabelSelector {
    /// Reads `app=web,tier in (a, b)`.
    ///
    /// # Errors
    /// In the real server's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        Parser { tokens: tokens(text), at: 0 }.selector()
    }

    /// Is this object among them?
    #[must_use]
    pub fn matches(&self, object: &Value) -> bool {
        self.0
            .iter()
            .all(|requirement| requirement.matches(object::label(object, &requirement.key)))
    }

    pub(super) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (at, requirement) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let key = &self.key;
        match &self.test {
            Test::Exists => write!(f, "{key}"),
            Test::DoesNotExist => write!(f, "!{key}"),
            Test::In(values) => write!(f, "{key} in ({})", values.join(",")),
            Test::NotIn(values) => write!(f, "{key} notin ({})", values.join(",")),
            Test::GreaterThan(limit) => write!(f, "{key}>{limit}"),
            Test::LessThan(limit) => write!(f, "{key}<{limit}"),
        }
    }
}

impl Requirement {
    /// The last four look at a label that is there; only `NotIn` is content without one.
    fn matches(&self, value: Option<&str>) -> bool {
        let compare = |holds: &dyn Fn(i64) -> bool| {
            value.and_then(|value| value.parse().ok()).is_some_and(holds)
        };
        match &self.test {
            Test::Exists => value.is_some(),
            Test::DoesNotExist => value.is_none(),
            Test::In(values) => value.is_some_and(|value| values.iter().any(|v| v == value)),
            Test::NotIn(values) => !value.is_some_and(|value| values.iter().any(|v| v == value)),
            Test::GreaterThan(limit) => compare(&|value| value > *limit),
            Test::LessThan(limit) => compare(&|value| value < *limit),
        }
    }
}

/// The text's words and signs; `End` once, at the end. `in` and `notin` are words here: whether
/// they are operators depends on where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'t> {
    Word(&'t str),
    Sign(&'t str),
    End,
}

impl<'t> Token<'t> {
    fn text(&self) -> &'t str {
        match self {
            Self::Word(text) | Self::Sign(text) => text,
            Self::End => "",
        }
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    const SIGNS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];
    let is_space = |c| matches!(c, ' ' | '\t' | '\r' | '\n');
    // To Go's lexer a zero byte is the end of the text.
    let mut rest = text.split('\0').next().unwrap_or_default().trim_start_matches(is_space);
    let mut tokens = Vec::new();
    while !rest.is_empty() {
        let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
        let length = sign.map_or_else(
            || {
                let ends_word = |c| is_space(c) || "=!(),<>".contains(c);
                rest.find(ends_word).unwrap_or(rest.len())
            },
            str::len,
        );
        let (token, after) = rest.split_at(length);
        tokens.push(if sign.is_some() { Token::Sign(token) } else { Token::Word(token) });
        rest = after.trim_start_matches(is_space);
    }
    tokens.push(Token::End);
    tokens
}

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
}

impl<'t> Parser<'t> {
    fn look(&self) -> Token<'t> {
        self.tokens.get(self.at).cloned().unwrap_or(Token::End)
    }

    fn take(&mut self) -> Token<'t> {
        let token = self.look();
        self.at += 1;
        token
    }

    fn selector(mut self) -> Result<LabelSelector, String> {
        let mut requirements = Vec::new();
        loop {
            match self.look() {
                Token::End => return Ok(LabelSelector(requirements)),
                Token::Word(_) | Token::Sign("!") => {}
                Token::Sign(found) => {
                    return Err(format!(
                        "found '{found}', expected: !, identifier, or 'end of string'"
                    ));
                }
            }
            let requirement =
                self.requirement().map_err(|why| format!("unable to parse requirement: {why}"))?;
            requirements.push(requirement);
            match self.take() {
                Token::End => return Ok(LabelSelector(requirements)),
                Token::Sign(",") => {}
                other => {
                    let found = other.text();
                    return Err(format!("found '{found}', expected: ',' or 'end of string'"));
                }
            }
            if !matches!(self.look(), Token::Word(_) | Token::Sign("!")) {
                let found = self.look().text();
                return Err(format!("found '{found}', expected: identifier after ','"));
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let negated = self.look() == Token::Sign("!");
        if negated {
            self.take();
        }
        let key = match self.take() {
            Token::Word(key) => key.to_owned(),
            other => return Err(format!("found '{}', expected: identifier", other.text())),
        };
        wrong("<nil>", &key, &names::label_key(&key))?;
        let test = match self.look() {
            _ if negated => Test::DoesNotExist,
            Token::End | Token::Sign(",") => Test::Exists,
            _ => self.comparison()?,
        };
        if let Test::In(values) | Test::NotIn(values) = &test {
            for (at, value) in values.iter().enumerate() {
                wrong(&format!("values[{at}][{key}]"), value, &names::label_value(value))?;
            }
        }
        Ok(Requirement { key, test })
    }

    fn comparison(&mut self) -> Result<Test, String> {
        Ok(match self.take() {
            Token::Sign("=" | "==") => Test::In(vec![self.value()?]),
            Token::Sign("!=") => Test::NotIn(vec![self.value()?]),
            Token::Sign(">") => Test::GreaterThan(self.number()?),
            Token::Sign("<") => Test::LessThan(self.number()?),
            Token::Word("in") => Test::In(self.values()?),
            Token::Word("notin") => Test::NotIn(self.values()?),
            other => {
                let found = other.text();
                return Err(format!("found '{found}', expected: in, notin, =, ==, !=, gt, lt"));
            }
        })
    }

    fn value(&mut self) -> Result<String, String> {
        if matches!(self.look(), Token::End | Token::Sign(",")) {
            return Ok(String::new());
        }
        match self.take() {
            Token::Word(value) => Ok(value.to_owned()),
            other => Err(format!("found '{}', expected: identifier", other.text())),
        }
    }

    fn number(&mut self) -> Result<i64, String> {
        let value = self.value()?;
        value.parse().map_err(|_| {
            let value = quoted(&value);
            format!(
                "values[0]: Invalid value: {value}: for 'Gt', 'Lt' operators, the value must be an integer"
            )
        })
    }

    /// `(a, b)`; `()` and a missing word between commas stand for the empty value.
    fn values(&mut self) -> Result<Vec<String>, String> {
        match self.take() {
            Token::Sign("(") => {}
            other => return Err(format!("found '{}' expected: '('", other.text())),
        }
        match self.look() {
            Token::Word(_) | Token::Sign("," | ")") => {}
            other => {
                let found = other.text();
                return Err(format!("found '{found}', expected: ',', ')' or identifier"));
            }
        }
        let mut values = Vec::new();
        loop {
            values.push(match self.look() {
                Token::Word(value) => {
                    self.take();
                    value.to_owned()
                }
                _ => String::new(),
            });
            match self.take() {
                Token::Sign(")") => break,
                Token::Sign(",") => {}
                other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
            }
        }
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }
}

fn wrong(field: &str, value: &str, reasons: &[String]) -> Result<(), String> {
    if reasons.is_empty() {
        return Ok(());
    }
    Err(format!("{field}: Invalid value: {}: {}", quoted(value), reasons.join("; ")))
}
