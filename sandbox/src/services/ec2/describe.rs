//! What all Describe operations have in common: ids, filters, pages.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};

use super::super::{Answer, Input, Members};
use super::ids::Kind;
use super::{View, rules};
use crate::rules::Refusal;

/// How one type is listed.
pub(super) struct Listing<T: 'static> {
    /// The kind of its ids.
    pub(super) kind: &'static Kind,
    /// The member that asks for ids.
    pub(super) ids: &'static str,
    /// The member that answers.
    pub(super) answer: &'static str,
    /// The longest page; 5 is the shortest.
    pub(super) page: i64,
    /// The names of its filters; `tag:<key>` is one of every type's.
    pub(super) filters: &'static [&'static str],
    /// The values of one filter for one object, any of which may match.
    pub(super) field: fn(View<'_>, &str, &T, &str) -> Vec<String>,
    /// The object as the API shows it.
    pub(super) show: fn(View<'_>, &str, &T) -> Value,
}

impl<T> Listing<T> {
    /// Answers a Describe operation over the given objects.
    pub(super) fn answer<'a>(
        &self,
        view: View<'a>,
        input: &Input,
        objects: impl Iterator<Item = (&'a str, &'a T)>,
    ) -> Answer
    where
        T: 'a,
    {
        let wanted = input.texts(self.ids);
        for id in &wanted {
            self.kind.check(view.state, id)?;
        }
        let page = Page::of(view, input, self.page)?;
        if !wanted.is_empty() && input.contains_key("MaxResults") {
            let member = lower_first(self.ids);
            return Err(rules::IDS_WITH_PAGES.refuse(&[&member]));
        }
        let filters = Filters::read(view, input, self.filters)?;
        let found = objects.filter(|(id, object)| {
            (wanted.is_empty() || wanted.contains(id))
                && filters.accept(view, id, |name| (self.field)(view, id, object, name))
        });
        let (found, next) = page.cut(found.map(|(id, object)| (id.to_owned(), object)));
        let shown: Vec<Value> =
            found.iter().map(|(id, object)| (self.show)(view, id, object)).collect();
        Ok(json!({ self.answer: shown, "NextToken": next }))
    }

    /// Answers a Describe operation over a map of objects.
    pub(super) fn answer_map(
        &self,
        view: View<'_>,
        input: &Input,
        objects: &BTreeMap<String, T>,
    ) -> Answer {
        self.answer(view, input, objects.iter().map(|(id, object)| (id.as_str(), object)))
    }
}

/// Writes a member name as AWS's messages do: `vpcIds`.
fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// The page a call asks for. Tokens name the last key shown, so a page goes on in the right place
/// whatever came or went meanwhile.
pub(super) struct Page {
    operation: &'static str,
    after: Option<String>,
    size: usize,
}

impl Page {
    /// Reads `MaxResults` and `NextToken`.
    pub(super) fn of(view: View<'_>, input: &Input, longest: i64) -> Result<Self, Refusal> {
        let operation = view.call.operation;
        let size = match input.integer("MaxResults") {
            None => usize::MAX,
            Some(size) if size < 5 => {
                return Err(rules::PAGE_TOO_SHORT.refuse(&[&size.to_string()]));
            }
            Some(size) if size > longest => {
                let names = [&*size.to_string(), &*longest.to_string()];
                return Err(rules::PAGE_TOO_LONG.refuse(&names));
            }
            Some(size) => usize::try_from(size).unwrap_or(usize::MAX),
        };
        let after = match input.text("NextToken") {
            None => None,
            Some(token) => Some(
                read_token(operation, token).ok_or_else(|| rules::NEXT_TOKEN.refuse(&[token]))?,
            ),
        };
        Ok(Self { operation, after, size })
    }

    /// Cuts the page out of what is sorted by key, and makes the token of the next one.
    pub(super) fn cut<T>(
        &self,
        sorted: impl Iterator<Item = (String, T)>,
    ) -> (Vec<(String, T)>, Option<String>) {
        let mut rest = sorted
            .skip_while(|(key, _)| self.after.as_ref().is_some_and(|after| key <= after))
            .peekable();
        let mut page = Vec::new();
        while page.len() < self.size {
            match rest.next() {
                Some(entry) => page.push(entry),
                None => break,
            }
        }
        let last = page.last().map(|(key, _)| key);
        let next = rest.peek().and(last).map(|key| write_token(self.operation, key));
        (page, next)
    }
}

fn write_token(operation: &str, key: &str) -> String {
    URL_SAFE.encode(format!("{operation}\n{key}"))
}

fn read_token(operation: &str, token: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE.decode(token).ok()?).ok()?;
    let (of, key) = text.split_once('\n')?;
    (of == operation).then(|| key.to_owned())
}

/// The filters of a call: all must match, each by any of its values.
pub(super) struct Filters(Vec<(String, Vec<String>)>);

impl Filters {
    /// Reads `Filters`, refusing names the operation does not know.
    pub(super) fn read(view: View<'_>, input: &Input, names: &[&str]) -> Result<Self, Refusal> {
        let filters = input.list("Filters").iter().filter_map(Value::as_object);
        let filters: Vec<(String, Vec<String>)> = filters
            .map(|filter| {
                let name = filter.text("Name").unwrap_or("null").to_owned();
                (name, filter.texts("Values").into_iter().map(str::to_owned).collect())
            })
            .collect();
        for (name, values) in &filters {
            if !names.contains(&name.as_str()) && !name.starts_with("tag:") {
                return Err(rules::FILTER_UNKNOWN.refuse(&[name]));
            }
            if values.is_empty() {
                return Err(rules::FILTER_EMPTY.refuse(&[name]));
            }
        }
        let values = filters.iter().map(|(_, values)| values.len()).sum();
        view.state.limits.check_filter_values(values)?;
        Ok(Self(filters))
    }

    /// Tells whether the object of an id matches; `field` gives its values for a filter's name.
    pub(super) fn accept(
        &self,
        view: View<'_>,
        id: &str,
        field: impl Fn(&str) -> Vec<String>,
    ) -> bool {
        let tags = view.state.tags.get(id);
        self.0.iter().all(|(name, patterns)| {
            let values = if let Some(key) = name.strip_prefix("tag:") {
                tags.and_then(|tags| tags.get(key)).cloned().into_iter().collect()
            } else if name == "tag-key" {
                tags.map(|tags| tags.keys().cloned().collect()).unwrap_or_default()
            } else {
                field(name)
            };
            values.iter().any(|value| patterns.iter().any(|pattern| glob(pattern, value)))
        })
    }

    /// Tells whether something without an id matches, `tag:` filters included, by its fields.
    pub(super) fn accept_fields(&self, field: impl Fn(&str) -> Vec<String>) -> bool {
        self.0.iter().all(|(name, patterns)| {
            field(name).iter().any(|value| patterns.iter().any(|pattern| glob(pattern, value)))
        })
    }
}

/// Matches a filter value: `*` is any run of characters, `?` any one, `\` takes the next literally.
fn glob(pattern: &str, value: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let value: Vec<char> = value.chars().collect();
    matches(&pattern, &value)
}

fn matches(pattern: &[char], value: &[char]) -> bool {
    match pattern {
        [] => value.is_empty(),
        ['*', rest @ ..] => (0..=value.len()).any(|taken| matches(rest, &value[taken..])),
        ['?', rest @ ..] => !value.is_empty() && matches(rest, &value[1..]),
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            value.first() == Some(literal) && matches(rest, &value[1..])
        }
    }
}

/// Writes a boolean as filters compare it.
pub(super) fn flag(value: bool) -> Vec<String> {
    vec![value.to_string()]
}

/// Gives the values of an optional field.
pub(super) fn optional(value: Option<impl ToString>) -> Vec<String> {
    value.map(|value| value.to_string()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_awss_filters_do() {
        assert!(glob("web-*", "web-1"));
        assert!(glob("web-?", "web-1"));
        assert!(!glob("web-?", "web-"));
        assert!(glob("*", ""));
        assert!(glob("a*b*c", "a--b--c"));
        assert!(!glob("Web-1", "web-1"));
        assert!(glob(r"what\?", "what?"));
        assert!(!glob(r"what\?", "whats"));
        assert!(glob(r"back\\slash", r"back\slash"));
    }
}
