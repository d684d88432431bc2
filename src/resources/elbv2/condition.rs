//! Conditions of listener rules: which requests they are for.

use crate::engine::resource::FieldProblem;
use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig,
    PathPatternConditionConfig, QueryStringConditionConfig, QueryStringKeyValuePair,
    RuleCondition as Found, SourceIpConditionConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;

/// How many values all conditions of a rule may have (Quotas, user guide).
const MOST: usize = 5;

/// Which requests a rule is for; one with any of the values counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// `host-header`, `http-header`, `http-request-method`, `path-pattern`, `query-string` or
    /// `source-ip`.
    pub field: String,
    /// Values of a `host-header` or a `path-pattern`, in which `*` stands for any letters and `?`
    /// for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<BTreeSet<String>>,
    /// Values of a `host-header`, instead of `values`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_header_config: Option<ValuesConfig>,
    /// Values of a `path-pattern`, instead of `values`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_pattern_config: Option<ValuesConfig>,
    /// Name and values of an `http-header`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_header_config: Option<HttpHeaderConfig>,
    /// Values of an `http-request-method`, in capitals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_request_method_config: Option<ValuesConfig>,
    /// Pairs of a `query-string`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_string_config: Option<QueryStringConfig>,
    /// Address ranges of a `source-ip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ip_config: Option<ValuesConfig>,
}

/// Values of a condition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValuesConfig {
    /// The values.
    pub values: BTreeSet<String>,
}

/// A header and its values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpHeaderConfig {
    /// Name of the header.
    pub http_header_name: String,
    /// The values.
    pub values: BTreeSet<String>,
}

/// Pairs of a query string.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryStringConfig {
    /// The pairs.
    pub values: BTreeSet<QueryStringPair>,
}

/// A pair of a query string.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryStringPair {
    /// The key; any when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value.
    pub value: String,
}

/// Reads conditions in their canonical form: `values` where AWS takes the plain list.
pub(super) fn canonical<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeSet<Condition>, D::Error> {
    let given = BTreeSet::<Condition>::deserialize(deserializer)?;
    Ok(given.into_iter().map(Condition::canonical).collect())
}

/// Finds what cannot be in conditions.
pub(super) fn problems(conditions: &BTreeSet<Condition>) -> Vec<FieldProblem> {
    let problem = |message: String| FieldProblem { path: "conditions".to_owned(), message };
    let mut problems = Vec::new();
    if conditions.is_empty() {
        problems.push(problem("at least one".to_owned()));
    }
    let mut seen = BTreeSet::new();
    for condition in conditions {
        let field = condition.field.as_str();
        let parts = condition.parts();
        match parts.iter().find(|(of, ..)| of.contains(&field)) {
            None => {
                let known = "host-header`, `http-header`, `http-request-method`, `path-pattern`, \
                             `query-string`, `source-ip";
                problems.push(problem(format!("`{field}` is not one of `{known}`")));
            }
            Some((_, _, 0)) => problems.push(problem(format!("`{field}` has no values"))),
            Some(_) => {}
        }
        for (of, name, count) in parts {
            if count > 0 && !of.contains(&field) {
                let message = format!("`{name}` is not for `{field}`");
                problems.push(problem(message));
            }
        }
        let repeats = ["http-header", "query-string"].contains(&field);
        if !seen.insert(field) && !repeats {
            problems.push(problem(format!("`{field}` is there twice: put its values together")));
        }
    }
    let values = conditions.iter().flat_map(Condition::parts).map(|(.., count)| count);
    if values.sum::<usize>() > MOST {
        problems.push(problem(format!("AWS takes {MOST} values in all conditions together")));
    }
    problems
}

/// Writes conditions for AWS.
pub(super) fn to_sdk(conditions: &BTreeSet<Condition>) -> Vec<Found> {
    conditions.iter().map(Condition::sdk).collect()
}

/// Reads AWS's conditions.
pub(super) fn of_sdk(conditions: &[Found]) -> BTreeSet<Condition> {
    conditions.iter().map(Condition::of).collect()
}

impl Condition {
    /// What may hold values: the fields it is for, its name, and how many values it has.
    fn parts(&self) -> [(&'static [&'static str], &'static str, usize); 5] {
        let count = |config: &Option<ValuesConfig>| config.as_ref().map_or(0, |c| c.values.len());
        let of_header = self.http_header_config.as_ref().map_or(0, |c| c.values.len());
        let of_query = self.query_string_config.as_ref().map_or(0, |c| c.values.len());
        let of_values = self.values.as_ref().map_or(0, BTreeSet::len)
            + count(&self.host_header_config)
            + count(&self.path_pattern_config);
        let of_method = count(&self.http_request_method_config);
        [
            (&["host-header", "path-pattern"], "values", of_values),
            (&["http-header"], "http_header_config", of_header),
            (&["http-request-method"], "http_request_method_config", of_method),
            (&["query-string"], "query_string_config", of_query),
            (&["source-ip"], "source_ip_config", count(&self.source_ip_config)),
        ]
    }

    /// AWS gives the values of hosts and paths in both places (aws-semantics.md 8).
    fn canonical(mut self) -> Self {
        let config = match self.field.as_str() {
            "host-header" => self.host_header_config.take(),
            "path-pattern" => self.path_pattern_config.take(),
            _ => None,
        };
        if let Some(config) = config {
            self.values.get_or_insert_default().extend(config.values);
        }
        self
    }

    fn sdk(&self) -> Found {
        let list = |values: &BTreeSet<String>| Some(values.iter().cloned().collect::<Vec<_>>());
        let of = |config: &Option<ValuesConfig>| config.as_ref().map(|c| c.values.clone());
        let values = self.values.as_ref();
        let host = values.filter(|_| self.field == "host-header");
        let path = values.filter(|_| self.field == "path-pattern");
        let header = self.http_header_config.as_ref().map(|config| {
            HttpHeaderConditionConfig::builder()
                .http_header_name(&config.http_header_name)
                .set_values(list(&config.values))
                .build()
        });
        let query = self.query_string_config.as_ref().map(|config| {
            let pairs = config.values.iter().map(|pair| {
                let builder = QueryStringKeyValuePair::builder().set_key(pair.key.clone());
                builder.value(&pair.value).build()
            });
            QueryStringConditionConfig::builder().set_values(Some(pairs.collect())).build()
        });
        let method = of(&self.http_request_method_config).map(|values| {
            HttpRequestMethodConditionConfig::builder().set_values(list(&values)).build()
        });
        let source = of(&self.source_ip_config)
            .map(|values| SourceIpConditionConfig::builder().set_values(list(&values)).build());
        Found::builder()
            .field(&self.field)
            .set_host_header_config(host.map(|values| {
                HostHeaderConditionConfig::builder().set_values(list(values)).build()
            }))
            .set_path_pattern_config(path.map(|values| {
                PathPatternConditionConfig::builder().set_values(list(values)).build()
            }))
            .set_http_header_config(header)
            .set_query_string_config(query)
            .set_http_request_method_config(method)
            .set_source_ip_config(source)
            .build()
    }

    fn of(found: &Found) -> Self {
        let set = |values: &[String]| values.iter().cloned().collect::<BTreeSet<String>>();
        let some =
            |values: &[String]| (!values.is_empty()).then(|| ValuesConfig { values: set(values) });
        let field = found.field.clone().unwrap_or_default();
        let host = found.host_header_config.as_ref().map(HostHeaderConditionConfig::values);
        let path = found.path_pattern_config.as_ref().map(PathPatternConditionConfig::values);
        let mirrored = host.or(path).unwrap_or_default();
        let mut values = set(found.values());
        values.extend(mirrored.iter().cloned());
        let is_plain = ["host-header", "path-pattern"].contains(&field.as_str());
        let method = found.http_request_method_config.as_ref();
        let source = found.source_ip_config.as_ref();
        Self {
            values: Some(values).filter(|_| is_plain),
            host_header_config: None,
            path_pattern_config: None,
            http_header_config: found.http_header_config.as_ref().map(|config| HttpHeaderConfig {
                http_header_name: config.http_header_name.clone().unwrap_or_default(),
                values: set(config.values()),
            }),
            http_request_method_config: method.and_then(|config| some(config.values())),
            query_string_config: found.query_string_config.as_ref().map(|config| {
                let pairs = config.values().iter().map(|pair| QueryStringPair {
                    key: pair.key.clone(),
                    value: pair.value.clone().unwrap_or_default(),
                });
                QueryStringConfig { values: pairs.collect() }
            }),
            source_ip_config: source.and_then(|config| some(config.values())),
            field,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn conditions(value: Value) -> BTreeSet<Condition> {
        canonical(value).unwrap()
    }

    #[test]
    fn both_forms_of_paths_are_the_same_and_order_does_not_count() {
        let header = json!({ "field": "http-header",
            "http_header_config": { "http_header_name": "X-Api", "values": ["2", "1"] } });
        let plain = json!({ "field": "path-pattern", "values": ["/a", "/b"] });
        let config =
            json!({ "field": "path-pattern", "path_pattern_config": { "values": ["/b", "/a"] } });
        let one = conditions(json!([plain, header]));
        assert_eq!(one, conditions(json!([header, config])));
        assert_eq!(of_sdk(&to_sdk(&one)), one);
        // AWS mirrors the values.
        let mirrored = Found::builder().field("path-pattern").values("/a").values("/b");
        let both = PathPatternConditionConfig::builder().values("/a").values("/b").build();
        let mirrored = [mirrored.path_pattern_config(both).build()];
        assert_eq!(of_sdk(&mirrored), conditions(json!([plain])));
    }

    #[test]
    fn every_field_comes_back_as_it_was_written() {
        let all = json!([
            { "field": "host-header", "values": ["a.com"] },
            { "field": "http-request-method", "http_request_method_config": { "values": ["GET"] } },
            { "field": "query-string",
              "query_string_config": { "values": [{ "key": "v", "value": "1" }, { "value": "2" }] } },
            { "field": "source-ip", "source_ip_config": { "values": ["10.0.0.0/8"] } },
        ]);
        let all = conditions(all);
        assert_eq!(problems(&all), []);
        assert_eq!(of_sdk(&to_sdk(&all)), all);
    }

    #[test]
    fn conditions_are_what_aws_takes() {
        let messages = |value: Value| -> Vec<String> {
            problems(&conditions(value)).into_iter().map(|problem| problem.message).collect()
        };
        assert_eq!(messages(json!([])), ["at least one"]);
        assert_eq!(
            messages(json!([{ "field": "source-ip", "values": ["10.0.0.0/8"] }])),
            ["`source-ip` has no values", "`values` is not for `source-ip`"]
        );
        let paths = |values: &[&str]| json!({ "field": "path-pattern", "values": values });
        assert_eq!(
            messages(json!([paths(&["/a"]), paths(&["/b"])])),
            ["`path-pattern` is there twice: put its values together"]
        );
        let many = paths(&["/1", "/2", "/3", "/4", "/5", "/6"]);
        assert_eq!(messages(json!([many])), ["AWS takes 5 values in all conditions together"]);
        assert!(messages(json!([{ "field": "path" }]))[0].starts_with("`path` is not one of"));
    }
}
