//! Actions of listeners and rules: what becomes of a request.

use super::target_group::TargetGroup;
use crate::aws::Sdk;
use crate::engine::resource::{FieldProblem, Id};
use crate::stack::value::is_placeholder;
use aws_sdk_elasticloadbalancingv2::types::{
    Action as Found, ActionTypeEnum, FixedResponseActionConfig, ForwardActionConfig,
    RedirectActionConfig, RedirectActionStatusCodeEnum, TargetGroupStickinessConfig as Stickiness,
    TargetGroupTuple as Tuple,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

crate::sdk_enum! {
    ActionTypeEnum => "ActionTypeEnum",
    RedirectActionStatusCodeEnum => "RedirectActionStatusCodeEnum",
}

/// What makes two target groups of an action the same one.
const KEY: [&str; 1] = ["target_group_arn"];

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// `forward`, `redirect` or `fixed-response`.
    #[serde(rename = "type")]
    pub kind: Sdk<ActionTypeEnum>,
    /// Target group of a `forward`, instead of a `forward_config` with it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group_arn: Option<Id<TargetGroup>>,
    /// Target groups of a `forward`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_config: Option<ForwardConfig>,
    /// Where a `redirect` leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_config: Option<RedirectConfig>,
    /// The answer of a `fixed-response`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_response_config: Option<FixedResponseConfig>,
}

/// Reads actions in their canonical form: `target_group_arn` alone becomes a `forward_config`.
pub(super) fn canonical<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Action>, D::Error> {
    let given = Vec::<Action>::deserialize(deserializer)?;
    Ok(given.into_iter().map(Action::canonical).collect())
}

/// Target groups that requests are spread over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardConfig {
    /// The target groups, 1 to 5.
    #[schemars(extend("x-key" = KEY))]
    pub target_groups: Vec<TargetGroupTuple>,
    /// Whether a client stays with the target group it came to first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group_stickiness_config: Option<TargetGroupStickinessConfig>,
}

/// A target group and its share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetGroupTuple {
    /// The target group.
    pub target_group_arn: Id<TargetGroup>,
    /// Its share beside those of the others, 0 to 999; 1 when left out.
    #[serde(default = "one")]
    pub weight: i32,
}

/// Whether a client stays with a target group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetGroupStickinessConfig {
    /// Whether it does.
    pub enabled: bool,
    /// How long, in seconds: 1 to 604800.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<i32>,
}

/// Where a redirect leads; what is left out stays as the request has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedirectConfig {
    /// `HTTP_301`, for good, or `HTTP_302`, for now.
    pub status_code: Sdk<RedirectActionStatusCodeEnum>,
    /// `HTTP`, `HTTPS` or `#{protocol}`.
    #[serde(default = "same_protocol")]
    pub protocol: String,
    /// A port or `#{port}`.
    #[serde(default = "same_port")]
    pub port: String,
    /// A host; `#{host}` stands for the request's.
    #[serde(default = "same_host")]
    pub host: String,
    /// A path that begins with `/`; `#{path}` stands for the request's without that.
    #[serde(default = "same_path")]
    pub path: String,
    /// A query without `?`; `#{query}` stands for the request's.
    #[serde(default = "same_query")]
    pub query: String,
}

/// An answer that the load balancer gives by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedResponseConfig {
    /// HTTP status of the classes 2XX, 4XX and 5XX.
    pub status_code: String,
    /// `text/plain`, `text/css`, `text/html`, `application/javascript` or `application/json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The text, at most 1024 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_body: Option<String>,
}

fn one() -> i32 {
    1
}

fn same_protocol() -> String {
    "#{protocol}".to_owned()
}

fn same_port() -> String {
    "#{port}".to_owned()
}

fn same_host() -> String {
    "#{host}".to_owned()
}

fn same_path() -> String {
    "/#{path}".to_owned()
}

fn same_query() -> String {
    "#{query}".to_owned()
}

/// Finds what cannot be in actions, under the path of their field.
pub(super) fn problems(field: &str, actions: &[Action]) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut problem = |path: String, message: String| {
        problems.push(FieldProblem { path, message });
    };
    if actions.len() != 1 {
        problem(field.to_owned(), "exactly one: authentication is not offered".to_owned());
    }
    for (at, action) in actions.iter().enumerate() {
        let path = |name: &str| format!("{field}.{at}.{name}");
        let kind = action.kind.0.as_str();
        let configs = [
            ("forward", "forward_config", action.forward_config.is_some()),
            ("redirect", "redirect_config", action.redirect_config.is_some()),
            ("fixed-response", "fixed_response_config", action.fixed_response_config.is_some()),
        ];
        if configs.iter().all(|(of, ..)| *of != kind) {
            let message = "`forward`, `redirect` or `fixed-response`: others are not offered";
            problem(path("type"), message.to_owned());
        }
        for (of, config, is_there) in configs {
            if of == kind && !is_there {
                problem(path(config), format!("an action of type `{of}` needs it"));
            } else if of != kind && is_there {
                problem(path(config), format!("only an action of type `{of}` has it"));
            }
        }
        if action.target_group_arn.is_some() {
            let message = "give `target_group_arn` or `forward_config`, not both";
            problem(path("target_group_arn"), message.to_owned());
        }
        for (config, message) in values(action) {
            problem(path(config), message);
        }
    }
    problems
}

/// Finds values that AWS refuses.
fn values(action: &Action) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    if let Some(config) = &action.forward_config {
        let field = "forward_config.target_groups";
        if !(1..=5).contains(&config.target_groups.len()) {
            problems.push((field, "1 to 5 target groups".to_owned()));
        }
        if config.target_groups.iter().any(|tuple| !(0..=999).contains(&tuple.weight)) {
            problems.push((field, "a `weight` is 0 to 999".to_owned()));
        }
    }
    if let Some(config) = &action.redirect_config {
        let known = |text: &String| !is_placeholder(text);
        let port_fits =
            |text: &String| text == "#{port}" || text.parse::<u16>().is_ok_and(|port| port > 0);
        if known(&config.port) && !port_fits(&config.port) {
            problems.push(("redirect_config.port", "a port or `#{port}`".to_owned()));
        }
        if known(&config.path) && !config.path.starts_with('/') {
            problems.push(("redirect_config.path", "begins with `/`".to_owned()));
        }
        let protocols = ["HTTP", "HTTPS", "#{protocol}"];
        if known(&config.protocol) && !protocols.contains(&config.protocol.as_str()) {
            let message = format!("one of `{}`", protocols.join("`, `"));
            problems.push(("redirect_config.protocol", message));
        }
    }
    if let Some(config) = &action.fixed_response_config {
        let fits = |code: u16| (200..300).contains(&code) || (400..600).contains(&code);
        let text = &config.status_code;
        if !is_placeholder(text) && !text.parse().is_ok_and(fits) {
            let message = "a status of the classes 2XX, 4XX and 5XX".to_owned();
            problems.push(("fixed_response_config.status_code", message));
        }
    }
    problems
}

/// Writes actions for AWS.
pub(super) fn to_sdk(actions: &[Action]) -> Vec<Found> {
    actions.iter().map(Action::sdk).collect()
}

/// Reads AWS's actions, those that authenticate by their type alone.
pub(super) fn of_sdk(actions: &[Found]) -> Vec<Action> {
    actions.iter().map(Action::of).collect()
}

impl Action {
    fn canonical(self) -> Self {
        match (self.target_group_arn, self.forward_config) {
            (Some(target_group_arn), None) => {
                let target_groups = vec![TargetGroupTuple { target_group_arn, weight: one() }];
                let config = ForwardConfig { target_groups, target_group_stickiness_config: None };
                Self { target_group_arn: None, forward_config: Some(config), ..self }
            }
            (target_group_arn, forward_config) => Self { target_group_arn, forward_config, ..self },
        }
    }

    fn sdk(&self) -> Found {
        let forward = self.forward_config.as_ref().map(|config| {
            let tuples = config.target_groups.iter().map(|tuple| {
                let arn = tuple.target_group_arn.as_str();
                Tuple::builder().target_group_arn(arn).weight(tuple.weight).build()
            });
            let stickiness = config.target_group_stickiness_config.as_ref().map(|config| {
                Stickiness::builder()
                    .enabled(config.enabled)
                    .set_duration_seconds(config.duration_seconds)
                    .build()
            });
            ForwardActionConfig::builder()
                .set_target_groups(Some(tuples.collect()))
                .set_target_group_stickiness_config(stickiness)
                .build()
        });
        let redirect = self.redirect_config.as_ref().map(|config| {
            RedirectActionConfig::builder()
                .status_code(config.status_code.0.clone())
                .protocol(&config.protocol)
                .port(&config.port)
                .host(&config.host)
                .path(&config.path)
                .query(&config.query)
                .build()
        });
        let fixed = self.fixed_response_config.as_ref().map(|config| {
            FixedResponseActionConfig::builder()
                .status_code(&config.status_code)
                .set_content_type(config.content_type.clone())
                .set_message_body(config.message_body.clone())
                .build()
        });
        Found::builder()
            .r#type(self.kind.0.clone())
            .set_forward_config(forward)
            .set_redirect_config(redirect)
            .set_fixed_response_config(fixed)
            .build()
    }

    /// A forward to one group reads as both `TargetGroupArn` and `ForwardConfig` (aws-semantics.md
    /// 8); an emulator may tell only the first.
    fn of(found: &Found) -> Self {
        let kind = found.r#type.clone().unwrap_or(ActionTypeEnum::Forward);
        let forward_config = found.forward_config.as_ref().map(|config| {
            let stickiness = config.target_group_stickiness_config.as_ref();
            ForwardConfig {
                target_groups: config.target_groups().iter().map(tuple).collect(),
                target_group_stickiness_config: stickiness.map(|config| {
                    let enabled = config.enabled.unwrap_or(false);
                    let duration_seconds = config.duration_seconds.filter(|_| enabled);
                    TargetGroupStickinessConfig { enabled, duration_seconds }
                }),
            }
        });
        let redirect_config = found.redirect_config.as_ref().map(|config| RedirectConfig {
            status_code: Sdk(config
                .status_code
                .clone()
                .unwrap_or(RedirectActionStatusCodeEnum::Http301)),
            protocol: config.protocol.clone().unwrap_or_else(same_protocol),
            port: config.port.clone().unwrap_or_else(same_port),
            host: config.host.clone().unwrap_or_else(same_host),
            path: config.path.clone().unwrap_or_else(same_path),
            query: config.query.clone().unwrap_or_else(same_query),
        });
        let fixed = found.fixed_response_config.as_ref().map(|config| FixedResponseConfig {
            status_code: config.status_code.clone().unwrap_or_default(),
            content_type: config.content_type.clone(),
            message_body: config.message_body.clone(),
        });
        let is_forward = kind == ActionTypeEnum::Forward;
        let arn = found.target_group_arn.as_ref().filter(|_| is_forward);
        let whole = Self {
            kind: Sdk(kind),
            target_group_arn: arn.filter(|_| forward_config.is_none()).map(Id::new),
            forward_config,
            redirect_config,
            fixed_response_config: fixed,
        };
        whole.canonical()
    }
}

fn tuple(found: &Tuple) -> TargetGroupTuple {
    let arn = found.target_group_arn.clone().unwrap_or_default();
    TargetGroupTuple { target_group_arn: Id::new(arn), weight: found.weight.unwrap_or(1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn action(value: Value) -> Action {
        canonical(json!([value])).unwrap().remove(0)
    }

    #[test]
    fn a_forward_to_one_group_is_the_same_in_both_forms() {
        let short = action(json!({ "type": "forward", "target_group_arn": "arn:tg" }));
        let groups = json!([{ "target_group_arn": "arn:tg", "weight": 1 }]);
        let long = json!({ "type": "forward", "forward_config": { "target_groups": groups } });
        assert_eq!(serde_json::to_value(&short).unwrap(), long);
        assert_eq!(short, action(long));
        let again = Action::of(&short.sdk());
        assert_eq!(again, short);
        let emulated =
            Found::builder().r#type(ActionTypeEnum::Forward).target_group_arn("arn:tg").build();
        assert_eq!(Action::of(&emulated), short);
    }

    #[test]
    fn what_a_redirect_leaves_out_is_the_request_s() {
        let config = json!({ "status_code": "HTTP_301", "protocol": "HTTPS", "port": "443" });
        let redirect = action(json!({ "type": "redirect", "redirect_config": config }));
        let filled = redirect.redirect_config.clone().unwrap();
        let rest = (filled.host.as_str(), filled.path.as_str(), filled.query.as_str());
        assert_eq!(rest, ("#{host}", "/#{path}", "#{query}"));
        assert_eq!(Action::of(&redirect.sdk()), redirect);
        let fixed = json!({ "status_code": "404", "content_type": "text/plain" });
        let fixed = action(json!({ "type": "fixed-response", "fixed_response_config": fixed }));
        assert_eq!(Action::of(&fixed.sdk()), fixed);
    }

    #[test]
    fn an_action_has_what_its_type_asks_for() {
        let paths = |value: Value| -> Vec<String> {
            let found = problems("actions", &[action(value)]);
            found.into_iter().map(|problem| problem.path).collect()
        };
        assert_eq!(paths(json!({ "type": "forward" })), ["actions.0.forward_config"]);
        let config = json!({ "status_code": "HTTP_301", "port": "https", "path": "x" });
        assert_eq!(
            paths(json!({ "type": "redirect", "redirect_config": config })),
            ["actions.0.redirect_config.port", "actions.0.redirect_config.path"]
        );
        assert_eq!(paths(json!({ "type": "authenticate-oidc" })), ["actions.0.type"]);
        let fixed = json!({ "status_code": "302" });
        let fixed = json!({ "type": "fixed-response", "fixed_response_config": fixed });
        assert_eq!(paths(fixed), ["actions.0.fixed_response_config.status_code"]);
        assert_eq!(problems("actions", &[])[0].path, "actions");
    }
}
