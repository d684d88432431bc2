//! CloudWatch Logs: log groups, and the streams and events in them.

mod streams;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::paging::page;
use super::{Answer, Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::rules::{Refusal, rules};
use crate::state::Account;

/// What Logs keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    groups: BTreeMap<String, Group>,
}

/// A log group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Group {
    created: Time,
    class: String,
    retention: Option<i64>,
    key: Option<String>,
    protected: bool,
    tags: BTreeMap<String, String>,
    streams: BTreeMap<String, streams::Stream>,
}

pub(crate) use streams::{has_group, make_group, write_line};

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "logs",
    shapes: include_str!("../shapes/logs.json"),
    validation_code: "InvalidParameterException",
    throttle_code: "ThrottlingException",
    operations: &[
        write(
            "CreateLogGroup",
            &["logGroupName", "kmsKeyId", "tags", "logGroupClass", "deletionProtectionEnabled"],
            create,
        ),
        read(
            "DescribeLogGroups",
            &[
                "logGroupNamePrefix",
                "logGroupNamePattern",
                "nextToken",
                "limit",
                "logGroupClass",
                "logGroupIdentifiers",
            ],
            describe,
        ),
        write("DeleteLogGroup", &["logGroupName"], delete),
        write("PutRetentionPolicy", &["logGroupName", "retentionInDays"], put_retention),
        write("DeleteRetentionPolicy", &["logGroupName"], delete_retention),
        write(
            "PutLogGroupDeletionProtection",
            &["logGroupIdentifier", "deletionProtectionEnabled"],
            put_protection,
        ),
        write("AssociateKmsKey", &["logGroupName", "kmsKeyId", "resourceIdentifier"], set_key),
        write("DisassociateKmsKey", &["logGroupName", "resourceIdentifier"], set_key),
        write("TagResource", &["resourceArn", "tags"], tag_resource),
        write("UntagResource", &["resourceArn", "tagKeys"], untag_resource),
        read("ListTagsForResource", &["resourceArn"], list_tags),
        write("TagLogGroup", &["logGroupName", "tags"], tag_group),
        write("UntagLogGroup", &["logGroupName", "tags"], untag_group),
        read("ListTagsLogGroup", &["logGroupName"], list_group_tags),
        write("CreateLogStream", &["logGroupName", "logStreamName"], streams::create),
        read(
            "DescribeLogStreams",
            &[
                "logGroupName",
                "logGroupIdentifier",
                "logStreamNamePrefix",
                "orderBy",
                "descending",
                "nextToken",
                "limit",
            ],
            streams::describe,
        ),
        write("PutLogEvents", &["logGroupName", "logStreamName", "logEvents"], streams::put),
        read(
            "GetLogEvents",
            &[
                "logGroupName",
                "logGroupIdentifier",
                "logStreamName",
                "startTime",
                "endTime",
                "nextToken",
                "limit",
                "startFromHead",
            ],
            streams::get,
        ),
        read(
            "FilterLogEvents",
            &[
                "logGroupName",
                "logGroupIdentifier",
                "logStreamNames",
                "logStreamNamePrefix",
                "startTime",
                "endTime",
                "filterPattern",
                "nextToken",
                "limit",
                "interleaved",
            ],
            streams::filter,
        ),
    ],
    rules: RULES,
    tagged,
    ..Service::EMPTY
};

rules! { "logs":
    EXISTS [CreateLogGroup] "ResourceAlreadyExistsException"
        "The specified log group already exists"
        <- "aws-semantics.md 4; CreateLogGroup API reference";
    RESERVED_NAME [CreateLogGroup] "InvalidParameterException"
        "Log groups starting with aws/ are reserved for AWS"
        <- "CreateLogGroup API reference: names can't start with aws/";
    UNKNOWN_KEY [CreateLogGroup, AssociateKmsKey] "InvalidParameterException"
        "The specified KMS key ID could not be found: {}"
        <- "CreateLogGroup API reference: the key must exist; kmsKeyId is an ARN";
    NOT_FOUND [DeleteLogGroup, PutRetentionPolicy, DeleteRetentionPolicy, TagResource,
        UntagResource, ListTagsForResource, AssociateKmsKey, DisassociateKmsKey,
        PutLogGroupDeletionProtection, TagLogGroup, UntagLogGroup, ListTagsLogGroup]
        "ResourceNotFoundException"
        "The specified log group does not exist."
        <- "API reference of each operation";
    PROTECTED [DeleteLogGroup] "ValidationException"
        "The log group {} has deletion protection enabled. Disable deletion protection first."
        <- "aws-semantics.md 9.4; PutLogGroupDeletionProtection API reference";
    RETENTION [PutRetentionPolicy] "InvalidParameterException"
        "1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]"
        <- "aws-semantics.md 4; PutRetentionPolicy API reference";
    PREFIX_AND_PATTERN [DescribeLogGroups] "InvalidParameterException"
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        <- "DescribeLogGroups API reference";
    IDENTIFIERS_ALONE [DescribeLogGroups] "InvalidParameterException"
        "logGroupIdentifiers may not be combined with {}"
        <- "DescribeLogGroups API reference, logGroupIdentifiers";
    TOKEN [DescribeLogGroups] "InvalidParameterException"
        "The specified nextToken is invalid."
        <- "DescribeLogGroups API reference, nextToken";
    BAD_ARN [TagResource, UntagResource, ListTagsForResource] "ValidationException"
        "Invalid resourceArn"
        <- "aws-semantics.md 0.1 (no :*); boto/boto3#4104";
    TOO_MANY_TAGS [TagResource] "TooManyTagsException"
        "A resource can have no more than 50 tags."
        <- "TagResource API reference";
    RESERVED_TAG [CreateLogGroup, TagResource, TagLogGroup] "InvalidParameterException"
        "aws: prefixed tag key names are not allowed for external use."
        <- "CloudWatch Logs user guide, tag restrictions";
    STREAM_EXISTS [CreateLogStream] "ResourceAlreadyExistsException"
        "The specified log stream already exists"
        <- "CreateLogStream API reference";
    NO_STREAM [PutLogEvents, GetLogEvents] "ResourceNotFoundException"
        "The specified log stream does not exist."
        <- "PutLogEvents API reference";
    EVENTS_ORDER [PutLogEvents] "InvalidParameterException"
        "Log events in a single PutLogEvents request must be in chronological order."
        <- "PutLogEvents API reference";
    WHICH_GROUP [AssociateKmsKey, DisassociateKmsKey] "InvalidParameterException"
        "Exactly one of logGroupName and resourceIdentifier must be given"
        <- "AssociateKmsKey API reference";
}

const RETENTIONS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

fn group_mut<'a>(
    account: &'a mut Account,
    call: &Call,
    name: &str,
) -> Result<&'a mut Group, Refusal> {
    let groups = account.regions.get_mut(&call.region).map(|region| &mut region.logs.groups);
    groups.and_then(|groups| groups.get_mut(name)).ok_or_else(|| NOT_FOUND.refuse(&[]))
}

fn group<'a>(account: &'a Account, call: &Call, name: &str) -> Result<&'a Group, Refusal> {
    let groups = account.region(&call.region).map(|region| &region.logs.groups);
    groups.and_then(|groups| groups.get(name)).ok_or_else(|| NOT_FOUND.refuse(&[]))
}

fn name(input: &Input) -> &str {
    input.text("logGroupName").unwrap_or_default()
}

fn arn(call: &Call, name: &str) -> String {
    call.arn("logs", &format!("log-group:{name}"))
}

/// Returns the name in a log group's ARN, which here carries no `:*`.
fn name_in_arn<'a>(call: &Call, input: &'a Input) -> Result<&'a str, Refusal> {
    let name = input.text("resourceArn").and_then(|text| text.strip_prefix(&arn(call, "")));
    name.filter(|name| !name.contains(':')).ok_or_else(|| BAD_ARN.refuse(&[]))
}

fn check_key(call: &Call, key: &str) -> Result<(), Refusal> {
    let prefix = format!("arn:{}:kms:", call.partition);
    if key.starts_with(&prefix) && key.contains(":key/") {
        Ok(())
    } else {
        Err(UNKNOWN_KEY.refuse(&[key]))
    }
}

fn tags_of(input: &Input) -> Result<BTreeMap<String, String>, Refusal> {
    let tags: BTreeMap<String, String> = input
        .object("tags")
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    if tags.keys().any(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(RESERVED_TAG.refuse(&[]));
    }
    Ok(tags)
}

fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = name(input);
    if name.starts_with("aws/") {
        return Err(RESERVED_NAME.refuse(&[]));
    }
    if let Some(key) = input.text("kmsKeyId") {
        check_key(call, key)?;
    }
    let group = Group {
        created: call.now,
        class: input.text("logGroupClass").unwrap_or("STANDARD").to_owned(),
        retention: None,
        key: input.text("kmsKeyId").map(str::to_owned),
        protected: input.flag("deletionProtectionEnabled").unwrap_or_default(),
        tags: tags_of(input)?,
        ..Group::default()
    };
    let groups = &mut account.region_mut(&call.region).logs.groups;
    if groups.contains_key(name) {
        return Err(EXISTS.refuse(&[]));
    }
    groups.insert(name.to_owned(), group);
    Ok(Value::Null)
}

fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let (prefix, pattern) = (input.text("logGroupNamePrefix"), input.text("logGroupNamePattern"));
    if prefix.is_some() && pattern.is_some() {
        return Err(PREFIX_AND_PATTERN.refuse(&[]));
    }
    let identifiers = input.texts("logGroupIdentifiers");
    if !identifiers.is_empty() {
        let other = input.keys().find(|key| *key != "logGroupIdentifiers");
        if let Some(other) = other {
            return Err(IDENTIFIERS_ALONE.refuse(&[other]));
        }
    }
    let class = |group: &Group| match input.text("logGroupClass") {
        None => true,
        Some("INFREQUENT_ACCESS" | "ESSENTIALS") => {
            matches!(group.class.as_str(), "INFREQUENT_ACCESS" | "ESSENTIALS")
        }
        Some(class) => class == group.class,
    };
    let named = |name: &str| {
        prefix.is_none_or(|prefix| name.starts_with(prefix))
            && pattern.is_none_or(|pattern| name.contains(pattern))
            && (identifiers.is_empty()
                || identifiers.contains(&name)
                || identifiers.contains(&arn(call, name).as_str()))
    };
    let items = account
        .region(&call.region)
        .into_iter()
        .flat_map(|region| &region.logs.groups)
        .filter(|(name, group)| named(name) && class(group))
        .map(|(name, group)| (name.clone(), shown(call, name, group, pattern.is_some())))
        .collect();
    let size = usize::try_from(input.integer("limit").unwrap_or(50)).unwrap_or(50);
    let (groups, next) =
        page(items, size, input.text("nextToken")).ok_or_else(|| TOKEN.refuse(&[]))?;
    Ok(json!({"logGroups": groups, "nextToken": next}))
}

/// Writes a group; a search by pattern gives only name, time and ARN.
fn shown(call: &Call, name: &str, group: &Group, brief: bool) -> Value {
    let arn = arn(call, name);
    let mut shown = json!({
        "logGroupName": name, "creationTime": group.created.millis(), "arn": format!("{arn}:*"),
        "logGroupArn": arn,
    });
    if !brief && let Some(shown) = shown.as_object_mut() {
        shown.extend(Map::from_iter([
            ("metricFilterCount".to_owned(), json!(0)),
            ("storedBytes".to_owned(), json!(0)),
            ("logGroupClass".to_owned(), json!(group.class)),
            ("deletionProtectionEnabled".to_owned(), json!(group.protected)),
            ("retentionInDays".to_owned(), json!(group.retention)),
            ("kmsKeyId".to_owned(), json!(group.key)),
        ]));
    }
    shown
}

fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    if group_mut(account, call, name(input))?.protected {
        return Err(PROTECTED.refuse(&[name(input)]));
    }
    account.region_mut(&call.region).logs.groups.remove(name(input));
    Ok(Value::Null)
}

fn put_retention(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let days = input.integer("retentionInDays").unwrap_or_default();
    if !RETENTIONS.contains(&days) {
        return Err(RETENTION.refuse(&[&days.to_string()]));
    }
    group_mut(account, call, name(input))?.retention = Some(days);
    Ok(Value::Null)
}

fn delete_retention(account: &mut Account, call: &Call, input: &Input) -> Answer {
    group_mut(account, call, name(input))?.retention = None;
    Ok(Value::Null)
}

fn put_protection(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let identifier = input.text("logGroupIdentifier").unwrap_or_default();
    let prefix = arn(call, "");
    let name = identifier.strip_prefix(&prefix).unwrap_or(identifier);
    let name = name.strip_suffix(":*").unwrap_or(name);
    let protected = input.flag("deletionProtectionEnabled").unwrap_or_default();
    group_mut(account, call, name)?.protected = protected;
    Ok(Value::Null)
}

/// Sets or, without one, removes the key of a group.
fn set_key(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let prefix = arn(call, "");
    let by_arn = input.text("resourceIdentifier");
    let name = match (input.text("logGroupName"), by_arn) {
        (Some(name), None) => name,
        (None, Some(arn)) => arn.strip_prefix(&prefix).ok_or_else(|| NOT_FOUND.refuse(&[]))?,
        _ => return Err(WHICH_GROUP.refuse(&[])),
    };
    let key = input.text("kmsKeyId");
    if let Some(key) = key {
        check_key(call, key)?;
    }
    group_mut(account, call, name)?.key = key.map(str::to_owned);
    Ok(Value::Null)
}

fn add_tags(group: &mut Group, input: &Input) -> Answer {
    group.tags.extend(tags_of(input)?);
    if group.tags.len() > 50 {
        return Err(TOO_MANY_TAGS.refuse(&[]));
    }
    Ok(Value::Null)
}

fn tag_resource(account: &mut Account, call: &Call, input: &Input) -> Answer {
    add_tags(group_mut(account, call, name_in_arn(call, input)?)?, input)
}

fn untag_resource(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let group = group_mut(account, call, name_in_arn(call, input)?)?;
    group.tags.retain(|key, _| !input.texts("tagKeys").contains(&key.as_str()));
    Ok(Value::Null)
}

fn list_tags(account: &Account, call: &Call, input: &Input) -> Answer {
    Ok(json!({"tags": group(account, call, name_in_arn(call, input)?)?.tags}))
}

fn tag_group(account: &mut Account, call: &Call, input: &Input) -> Answer {
    add_tags(group_mut(account, call, name(input))?, input)
}

fn untag_group(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let group = group_mut(account, call, name(input))?;
    group.tags.retain(|key, _| !input.texts("tags").contains(&key.as_str()));
    Ok(Value::Null)
}

fn list_group_tags(account: &Account, call: &Call, input: &Input) -> Answer {
    Ok(json!({"tags": group(account, call, name(input))?.tags}))
}

fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let partition = super::partition(region);
    let groups = account.region(region).into_iter().flat_map(|state| &state.logs.groups);
    groups
        .map(|(name, group)| Tagged {
            arn: format!("arn:{partition}:logs:{region}:{}:log-group:{name}", account.id),
            resource_type: "logs:log-group",
            tags: group.tags.clone(),
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests;
