//! IAM: roles with their policies, customer policies and instance profiles.
//!
//! Documents are kept as they were sent and given back URL-encoded (RFC 3986), as IAM does. AWS's
//! own managed policies are known by the form of their ARN.

mod allows;
mod policies;
mod profiles;
mod roles;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use allows::allows;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::paging::page;
use super::{Answer, Bucket, Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::rules::{Refusal, rules};
use crate::state::Account;

/// What IAM keeps for the account. Roles and profiles are found by their names in lower case,
/// because names are not distinguished by case.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    roles: BTreeMap<String, Role>,
    policies: BTreeMap<String, Policy>,
    profiles: BTreeMap<String, Profile>,
}

/// A role.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) trust: String,
    /// Seconds.
    pub(crate) max_session: i64,
    /// From when other services and documents know the role.
    pub(crate) known_from: Time,
    created: Time,
    description: Option<String>,
    boundary: Option<String>,
    tags: BTreeMap<String, String>,
    inline: BTreeMap<String, String>,
    attached: BTreeSet<String>,
}

/// A customer policy, with its only version.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Policy {
    name: String,
    path: String,
    id: String,
    created: Time,
    known_from: Time,
    description: Option<String>,
    document: String,
    tags: BTreeMap<String, String>,
}

/// An instance profile.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Profile {
    name: String,
    path: String,
    id: String,
    arn: String,
    created: Time,
    /// From when other services know the profile.
    known_from: Time,
    /// The role's name in lower case.
    role: Option<String>,
    tags: BTreeMap<String, String>,
}

impl State {
    /// Returns a role by its ARN.
    pub(crate) fn role_by_arn(&self, arn: &str) -> Option<&Role> {
        self.roles.values().find(|role| role.arn == arn)
    }

    /// Returns the ARN of a profile by its name or ARN and whether it has a role, once other services
    /// know it.
    pub(crate) fn profile_for_launch(&self, named: &str, now: Time) -> Option<(String, bool)> {
        let profile = self.profiles.values().find(|it| it.name == named || it.arn == named)?;
        (profile.known_from <= now).then(|| (profile.arn.clone(), profile.role.is_some()))
    }

    /// Returns the role in a profile, by the profile's ARN.
    pub(crate) fn role_of_profile(&self, named: &str) -> Option<&Role> {
        let profile =
            self.profiles.values().find(|profile| profile.arn == named || profile.name == named)?;
        self.roles.get(profile.role.as_ref()?)
    }

    fn role(&self, input: &Input) -> Result<&Role, Refusal> {
        let name = input.text("RoleName").unwrap_or_default();
        self.roles.get(&name.to_lowercase()).ok_or_else(|| NO_ROLE.refuse(&[name]))
    }

    fn role_mut(&mut self, input: &Input) -> Result<&mut Role, Refusal> {
        let name = input.text("RoleName").unwrap_or_default();
        self.roles.get_mut(&name.to_lowercase()).ok_or_else(|| NO_ROLE.refuse(&[name]))
    }

    /// Returns whether a policy may be attached: a customer one that is known by now, or AWS's.
    fn attachable(&self, arn: &str, call: &Call) -> bool {
        match self.policies.get(arn) {
            Some(policy) => policy.known_from <= call.now,
            None => is_aws_policy(arn, call),
        }
    }
}

/// Returns whether an ARN has the form of AWS's own managed policies.
fn is_aws_policy(arn: &str, call: &Call) -> bool {
    let prefix = format!("arn:{}:iam::aws:policy/", call.partition);
    arn.strip_prefix(&prefix).is_some_and(|rest| {
        let name = rest.rsplit('/').next().unwrap_or_default();
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
    })
}

/// How long a new role, policy or profile is unknown elsewhere (aws-semantics.md 3).
const PROPAGATION: Duration = Duration::from_secs(8);

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "iam",
    shapes: include_str!("../../shapes/iam.json"),
    operations: &[
        write(
            "CreateRole",
            &[
                "RoleName",
                "Path",
                "AssumeRolePolicyDocument",
                "Description",
                "MaxSessionDuration",
                "PermissionsBoundary",
                "Tags",
            ],
            roles::create,
        ),
        read("GetRole", &["RoleName"], roles::get),
        read("ListRoles", &["PathPrefix", "Marker", "MaxItems"], roles::list),
        write("UpdateRole", &["RoleName", "Description", "MaxSessionDuration"], roles::update),
        write("DeleteRole", &["RoleName"], roles::delete),
        write("UpdateAssumeRolePolicy", &["RoleName", "PolicyDocument"], roles::update_trust),
        write("PutRolePolicy", &["RoleName", "PolicyName", "PolicyDocument"], roles::put_inline),
        read("GetRolePolicy", &["RoleName", "PolicyName"], roles::get_inline),
        read("ListRolePolicies", &["RoleName", "Marker", "MaxItems"], roles::list_inline),
        write("DeleteRolePolicy", &["RoleName", "PolicyName"], roles::delete_inline),
        write("AttachRolePolicy", &["RoleName", "PolicyArn"], roles::attach),
        write("DetachRolePolicy", &["RoleName", "PolicyArn"], roles::detach),
        read(
            "ListAttachedRolePolicies",
            &["RoleName", "PathPrefix", "Marker", "MaxItems"],
            roles::list_attached,
        ),
        write(
            "PutRolePermissionsBoundary",
            &["RoleName", "PermissionsBoundary"],
            roles::put_boundary,
        ),
        write("DeleteRolePermissionsBoundary", &["RoleName"], roles::delete_boundary),
        write("TagRole", &["RoleName", "Tags"], roles::tag),
        write("UntagRole", &["RoleName", "TagKeys"], roles::untag),
        read("ListRoleTags", &["RoleName", "Marker", "MaxItems"], roles::list_tags),
        read(
            "GetAccountAuthorizationDetails",
            &["Filter", "MaxItems", "Marker"],
            roles::authorization_details,
        ),
        write("CreatePolicy", policies::CREATE, policies::create),
        read("GetPolicy", &["PolicyArn"], policies::get),
        read("GetPolicyVersion", &["PolicyArn", "VersionId"], policies::get_version),
        read("ListPolicyVersions", &["PolicyArn", "Marker", "MaxItems"], policies::list_versions),
        write("DeletePolicy", &["PolicyArn"], policies::delete),
        read(
            "ListPolicies",
            &["Scope", "OnlyAttached", "PathPrefix", "Marker", "MaxItems"],
            policies::list,
        ),
        read("ListEntitiesForPolicy", &["PolicyArn", "Marker", "MaxItems"], policies::entities),
        write("CreateInstanceProfile", &["InstanceProfileName", "Path", "Tags"], profiles::create),
        read("GetInstanceProfile", &["InstanceProfileName"], profiles::get),
        write("DeleteInstanceProfile", &["InstanceProfileName"], profiles::delete),
        read("ListInstanceProfiles", &["PathPrefix", "Marker", "MaxItems"], profiles::list),
        read(
            "ListInstanceProfilesForRole",
            &["RoleName", "Marker", "MaxItems"],
            profiles::list_for_role,
        ),
        write("AddRoleToInstanceProfile", &["InstanceProfileName", "RoleName"], profiles::add_role),
        write(
            "RemoveRoleFromInstanceProfile",
            &["InstanceProfileName", "RoleName"],
            profiles::remove_role,
        ),
        write("TagInstanceProfile", &["InstanceProfileName", "Tags"], profiles::tag),
        write("UntagInstanceProfile", &["InstanceProfileName", "TagKeys"], profiles::untag),
        read(
            "ListInstanceProfileTags",
            &["InstanceProfileName", "Marker", "MaxItems"],
            profiles::list_tags,
        ),
    ],
    rules: RULES,
    // IAM does not publish its rates; it throttles well below EC2 (aws-semantics.md 0).
    bucket: |_, _| Bucket { burst: 40.0, per_second: 10.0 },
    tagged,
    ..Service::EMPTY
};

rules! { "iam":
    NO_ROLE [GetRole, UpdateRole, DeleteRole, UpdateAssumeRolePolicy, PutRolePolicy,
        GetRolePolicy, ListRolePolicies, DeleteRolePolicy, AttachRolePolicy, DetachRolePolicy,
        ListAttachedRolePolicies, PutRolePermissionsBoundary, DeleteRolePermissionsBoundary,
        TagRole, UntagRole, ListRoleTags, ListInstanceProfilesForRole, AddRoleToInstanceProfile]
        "NoSuchEntity" (404)
        "The role with name {} cannot be found."
        <- "aws-semantics.md 0 (IAM EC); API reference, NoSuchEntity";
    ROLE_EXISTS [CreateRole] "EntityAlreadyExists" (409)
        "Role with name {} already exists."
        <- "CreateRole API reference: unique, not distinguished by case";
    ROLE_HAS_POLICIES [DeleteRole] "DeleteConflict" (409)
        "Cannot delete entity, must delete policies first."
        <- "aws-semantics.md 3; awslabs/aws-orbit-workbench#633";
    ROLE_HAS_ATTACHMENTS [DeleteRole] "DeleteConflict" (409)
        "Cannot delete entity, must detach all policies first."
        <- "aws-semantics.md 3; cloud-custodian/cloud-custodian#4078";
    ROLE_IN_PROFILE [DeleteRole] "DeleteConflict" (409)
        "Cannot delete entity, must remove roles from instance profile first."
        <- "aws-semantics.md 3; 99designs/iamy#68";
    PROFILE_HAS_ROLE [DeleteInstanceProfile] "DeleteConflict" (409)
        "Cannot delete entity, must remove roles from instance profile first."
        <- "99designs/iamy#47";
    MALFORMED [CreateRole, UpdateAssumeRolePolicy, PutRolePolicy, CreatePolicy]
        "MalformedPolicyDocument"
        "{}"
        <- "API reference, MalformedPolicyDocument; IAM user guide, policy elements";
    BAD_PRINCIPAL [CreateRole, UpdateAssumeRolePolicy] "MalformedPolicyDocument"
        "Invalid principal in policy: \"AWS\":\"{}\""
        <- "aws-semantics.md 0 (IAM EC)";
    NO_INLINE [GetRolePolicy, DeleteRolePolicy] "NoSuchEntity" (404)
        "The role policy with name {} cannot be found."
        <- "GetRolePolicy API reference, NoSuchEntity";
    NOT_ATTACHABLE [AttachRolePolicy] "NoSuchEntity" (404)
        "Policy {} does not exist or is not attachable."
        <- "AttachRolePolicy API reference, NoSuchEntity";
    BAD_BOUNDARY [CreateRole, PutRolePermissionsBoundary] "NoSuchEntity" (404)
        "Scope ARN: {} does not exist or is not attachable."
        <- "PutRolePermissionsBoundary API reference, NoSuchEntity";
    NOT_ATTACHED [DetachRolePolicy, GetPolicy, GetPolicyVersion, ListPolicyVersions,
        DeletePolicy, ListEntitiesForPolicy] "NoSuchEntity" (404)
        "Policy {} was not found."
        <- "DetachRolePolicy API reference, NoSuchEntity";
    NO_VERSION [GetPolicyVersion] "NoSuchEntity" (404)
        "Policy {} version {} does not exist or is not attachable."
        <- "GetPolicyVersion API reference, NoSuchEntity";
    TOO_MANY_ATTACHED [AttachRolePolicy] "LimitExceeded" (409)
        "Cannot exceed quota for PoliciesPerRole: 10"
        <- "IAM user guide, quotas: managed policies attached to a role";
    TRUST_TOO_LONG [CreateRole, UpdateAssumeRolePolicy] "LimitExceeded" (409)
        "Cannot exceed quota for ACLSizePerRole: 2048"
        <- "IAM user guide, quotas: role trust policy length";
    INLINE_TOO_LONG [PutRolePolicy] "LimitExceeded" (409)
        "Maximum policy size of 10240 bytes exceeded for role {}"
        <- "IAM user guide, quotas: sum of inline policies of a role";
    TOO_MANY_TAGS [TagRole, TagInstanceProfile] "LimitExceeded" (409)
        "The number of tags has reached the maximum limit."
        <- "TagRole API reference, LimitExceeded; 50 tags";
    DUPLICATE_TAGS [CreateRole, TagRole, CreatePolicy, CreateInstanceProfile, TagInstanceProfile]
        "InvalidInput"
        "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        <- "IAM user guide, rules for tagging";
    RESERVED_TAG [CreateRole, TagRole, CreatePolicy, CreateInstanceProfile, TagInstanceProfile]
        "InvalidInput"
        "The tag key {} is reserved: keys may not start with aws:"
        <- "IAM user guide, rules for tagging";
    POLICY_EXISTS [CreatePolicy] "EntityAlreadyExists" (409)
        "A policy called {} already exists. Duplicate names are not allowed."
        <- "CreatePolicy API reference, EntityAlreadyExists";
    POLICY_ATTACHED [DeletePolicy] "DeleteConflict" (409)
        "Cannot delete a policy attached to entities."
        <- "aws-semantics.md 3; gruntwork-io/cloud-nuke#972";
    NO_PROFILE [GetInstanceProfile, DeleteInstanceProfile, AddRoleToInstanceProfile,
        RemoveRoleFromInstanceProfile, TagInstanceProfile, UntagInstanceProfile,
        ListInstanceProfileTags] "NoSuchEntity" (404)
        "Instance Profile {} cannot be found."
        <- "GetInstanceProfile API reference, NoSuchEntity";
    PROFILE_EXISTS [CreateInstanceProfile] "EntityAlreadyExists" (409)
        "Instance Profile {} already exists."
        <- "CreateInstanceProfile API reference, EntityAlreadyExists";
    PROFILE_FULL [AddRoleToInstanceProfile] "LimitExceeded" (409)
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
        <- "aws-semantics.md 3: one role a profile";
    NOT_IN_PROFILE [RemoveRoleFromInstanceProfile] "NoSuchEntity" (404)
        "The role with name {} cannot be found in the instance profile {}."
        <- "RemoveRoleFromInstanceProfile API reference, NoSuchEntity";
    MARKER [ListRoles, ListRolePolicies, ListAttachedRolePolicies, ListRoleTags, ListPolicies,
        GetAccountAuthorizationDetails, ListInstanceProfiles, ListInstanceProfilesForRole,
        ListPolicyVersions, ListEntitiesForPolicy, ListInstanceProfileTags] "ValidationError"
        "Invalid Marker."
        <- "ListRoles API reference, Marker";
}

/// Encodes a document as IAM answers it: RFC 3986, everything but unreserved characters.
fn encoded(document: &str) -> String {
    const RESERVED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(document, RESERVED).to_string()
}

/// Reads the tags of an input; their keys are not distinguished by case.
fn tags_of(input: &Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let key = tag.text("Key").unwrap_or_default();
        if key.to_lowercase().starts_with("aws:") {
            return Err(RESERVED_TAG.refuse(&[key]));
        }
        let twice = |known: &String| known.to_lowercase() == key.to_lowercase();
        if tags.keys().any(twice) {
            return Err(DUPLICATE_TAGS.refuse(&[]));
        }
        tags.insert(key.to_owned(), tag.text("Value").unwrap_or_default().to_owned());
    }
    Ok(tags)
}

const MAX_TAGS: usize = 50;

/// Adds the tags of an input. A key in another case is the same tag and keeps its first spelling.
fn add_tags(tags: &mut BTreeMap<String, String>, input: &Input) -> Answer {
    for (key, value) in tags_of(input)? {
        let known = tags.keys().find(|known| known.to_lowercase() == key.to_lowercase());
        let key = known.cloned().unwrap_or(key);
        tags.insert(key, value);
    }
    if tags.len() > MAX_TAGS {
        return Err(TOO_MANY_TAGS.refuse(&[]));
    }
    Ok(Value::Null)
}

/// Takes the tags away whose keys an input names.
fn remove_tags(tags: &mut BTreeMap<String, String>, input: &Input) {
    let keys: Vec<_> = input.texts("TagKeys").iter().map(|key| key.to_lowercase()).collect();
    tags.retain(|key, _| !keys.contains(&key.to_lowercase()));
}

/// Answers a page of tags.
fn paged_tags(tags: &BTreeMap<String, String>, input: &Input) -> Answer {
    let shown =
        |(key, value): (&String, &String)| (key.clone(), json!({"Key": key, "Value": value}));
    paged(Map::new(), "Tags", tags.iter().map(shown).collect(), input)
}

/// Puts one page of a list under `name` of an answer, with IAM's `IsTruncated` and `Marker`.
fn paged(
    mut answer: Map<String, Value>,
    name: &str,
    items: Vec<(String, Value)>,
    input: &Input,
) -> Result<Value, Refusal> {
    let size = usize::try_from(input.integer("MaxItems").unwrap_or(100)).unwrap_or(100);
    let (items, next) =
        page(items, size, input.text("Marker")).ok_or_else(|| MARKER.refuse(&[]))?;
    answer.insert(name.to_owned(), Value::Array(items));
    answer.insert("IsTruncated".to_owned(), Value::Bool(next.is_some()));
    answer.insert("Marker".to_owned(), next.into());
    Ok(Value::Object(answer))
}

/// Shows what the Tagging API knows of IAM, in the region its partition's IAM lives in: profiles
/// and customer policies, but not roles: "GetResources does not currently support IAM users and
/// roles" (Tagging API reference, supported services).
fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    if !matches!(region, "us-east-1" | "cn-north-1" | "us-gov-west-1") {
        return Vec::new();
    }
    let iam = &account.global.iam;
    let profiles = iam.profiles.values().map(|profile| Tagged {
        arn: profile.arn.clone(),
        resource_type: "iam:instance-profile",
        tags: profile.tags.clone(),
    });
    let policies = iam.policies.iter().map(|(arn, policy)| Tagged {
        arn: arn.clone(),
        resource_type: "iam:policy",
        tags: policy.tags.clone(),
    });
    profiles.chain(policies).collect()
}
