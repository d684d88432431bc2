//! What KMS refuses.

use crate::rules::rules;

rules! { "kms":
    NO_KEY [DescribeKey, ScheduleKeyDeletion, CancelKeyDeletion, EnableKey, DisableKey,
        UpdateKeyDescription, GetKeyPolicy, PutKeyPolicy, GetKeyRotationStatus, EnableKeyRotation,
        DisableKeyRotation, CreateAlias, UpdateAlias, ListAliases, TagResource, UntagResource,
        ListResourceTags]
        "NotFoundException"
        "Key '{}' does not exist"
        <- "API reference of each operation, errors";
    NO_ALIAS [DescribeKey, ScheduleKeyDeletion, UpdateAlias, DeleteAlias] "NotFoundException"
        "Alias {} is not found."
        <- "API reference of each operation: most take a key's id or ARN only";
    PENDING [ScheduleKeyDeletion, EnableKey, DisableKey, UpdateKeyDescription, EnableKeyRotation,
        DisableKeyRotation, CreateAlias, UpdateAlias, TagResource, UntagResource]
        "KMSInvalidStateException"
        "{} is pending deletion."
        <- "KMS developer guide, key states, [3]; aws-semantics.md 4";
    NOT_PENDING [CancelKeyDeletion] "KMSInvalidStateException"
        "{} is not pending deletion."
        <- "KMS developer guide, key states, [4]";
    DISABLED [EnableKeyRotation, DisableKeyRotation] "DisabledException"
        "{} is disabled."
        <- "KMS developer guide, key states, [1]";
    WINDOW [ScheduleKeyDeletion] "ValidationException"
        "1 validation error detected: Value '{}' at 'pendingWindowInDays' failed to satisfy constraint: the waiting period is from 7 to 30 days"
        <- "ScheduleKeyDeletion API reference, PendingWindowInDays; aws-semantics.md 4";
    NO_ROTATION [GetKeyRotationStatus, EnableKeyRotation, DisableKeyRotation]
        "UnsupportedOperationException"
        "{} key spec is not valid for this operation."
        <- "EnableKeyRotation API reference: symmetric encryption keys only";
    USAGE [CreateKey] "ValidationException"
        "KeyUsage {} is not compatible with KeySpec {}"
        <- "CreateKey API reference, KeyUsage";
    USAGE_NEEDED [CreateKey] "ValidationException"
        "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
        <- "CreateKey API reference, KeyUsage";
    TWO_SPECS [CreateKey] "ValidationException"
        "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated."
        <- "CreateKey API reference, CustomerMasterKeySpec";
    ORIGIN [CreateKey] "UnsupportedOperationException"
        "the sandbox does not model keys of origin {}"
        <- "CreateKey API reference, Origin: other origins need a key store or imported material";
    TAGS [CreateKey, TagResource] "TagException"
        "{}"
        <- "API reference, Tag; CreateKey API reference, errors";
    TAG_COUNT [CreateKey, TagResource] "LimitExceededException"
        "A KMS key may have at most 50 tags."
        <- "KMS developer guide, quotas";
    MALFORMED [CreateKey, PutKeyPolicy] "MalformedPolicyDocumentException"
        "{}"
        <- "CreateKey API reference, Policy: principals must exist; aws-semantics.md 0, IAM EC";
    LOCKOUT [CreateKey, PutKeyPolicy] "MalformedPolicyDocumentException"
        "The new key policy will not allow you to update the key policy in the future."
        <- "CreateKey API reference, BypassPolicyLockoutSafetyCheck";
    POLICY_NAME [GetKeyPolicy, PutKeyPolicy] "NotFoundException"
        "No such policy exists"
        <- "GetKeyPolicy API reference, PolicyName: default is the only one";
    ALIAS_FORM [CreateAlias, UpdateAlias, DeleteAlias] "ValidationException"
        "Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
        <- "CreateAlias API reference, AliasName";
    ALIAS_RESERVED [CreateAlias, DeleteAlias] "NotAuthorizedException"
        "The alias name begins with alias/aws/, which is reserved for AWS managed keys"
        <- "CreateAlias API reference, AliasName";
    ALIAS_EXISTS [CreateAlias] "AlreadyExistsException"
        "An alias with the name {} already exists"
        <- "CreateAlias API reference, errors";
    ALIAS_KIND [UpdateAlias] "ValidationException"
        "The current and the new key of an alias must have the same type and usage"
        <- "UpdateAlias API reference, TargetKeyId";
    MARKER [ListKeys, ListAliases, ListResourceTags] "InvalidMarkerException"
        "Could not deserialize marker '{}'"
        <- "API reference of each operation, errors";
}
