//! What Secrets Manager refuses.

use crate::rules::rules;

rules! { "secretsmanager":
    EXISTS [CreateSecret] "ResourceExistsException"
        "The operation failed because the secret {} already exists."
        <- "CreateSecret API reference, errors";
    SCHEDULED [CreateSecret] "InvalidRequestException"
        "You can't create this secret because a secret with this name is already scheduled for deletion."
        <- "aws-semantics.md 4; CreateSecret API reference, Name";
    DELETED [UpdateSecret, PutSecretValue, GetSecretValue, PutResourcePolicy, GetResourcePolicy,
        DeleteResourcePolicy, TagResource, UntagResource]
        "InvalidRequestException"
        "You can't perform this operation on the secret because it was marked for deletion."
        <- "API reference of each operation, InvalidRequestException";
    DELETED_ALREADY [DeleteSecret] "InvalidRequestException"
        "You can't perform this operation on the secret because it was already scheduled for deletion."
        <- "DeleteSecret API reference, InvalidRequestException";
    NOT_FOUND [DescribeSecret, UpdateSecret, PutSecretValue, GetSecretValue, DeleteSecret,
        RestoreSecret, PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy, TagResource,
        UntagResource, ListSecretVersionIds]
        "ResourceNotFoundException"
        "Secrets Manager can't find the specified secret."
        <- "API reference of each operation, errors";
    NO_VALUE [GetSecretValue] "ResourceNotFoundException"
        "Secrets Manager can't find the specified secret value for {}: {}"
        <- "GetSecretValue API reference, errors";
    NAME [CreateSecret] "ValidationException"
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
        <- "CreateSecret API reference, Name";
    TWO_VALUES [CreateSecret, UpdateSecret, PutSecretValue] "InvalidParameterException"
        "You can't specify both a binary secret value and a string secret value in the same secret."
        <- "CreateSecret API reference, SecretBinary";
    VALUE_NEEDED [PutSecretValue] "InvalidRequestException"
        "You must provide either SecretString or SecretBinary."
        <- "PutSecretValue API reference, SecretString";
    VERSION_EXISTS [UpdateSecret, PutSecretValue] "ResourceExistsException"
        "You can't use ClientRequestToken {} because that value is already in use for a version of secret {}."
        <- "PutSecretValue API reference, ClientRequestToken";
    KEY [CreateSecret, UpdateSecret, PutSecretValue] "EncryptionFailure"
        "Secrets Manager can't encrypt the protected secret text using the provided KMS key: {}"
        <- "CreateSecret API reference, errors";
    WINDOW [DeleteSecret] "InvalidParameterException"
        "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
        <- "DeleteSecret API reference, RecoveryWindowInDays";
    WINDOW_AND_FORCE [DeleteSecret] "InvalidParameterException"
        "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        <- "DeleteSecret API reference; aws-semantics.md 4";
    MALFORMED [PutResourcePolicy] "MalformedPolicyDocumentException"
        "{}"
        <- "PutResourcePolicy API reference, errors; aws-semantics.md 0, IAM EC";
    PUBLIC [PutResourcePolicy] "PublicPolicyException"
        "You can't attach a resource policy that allows broad access to the secret."
        <- "PutResourcePolicy API reference, BlockPublicPolicy";
    TAG [CreateSecret, TagResource] "InvalidParameterException"
        "{}"
        <- "TagResource API reference, Tags";
    TAG_COUNT [CreateSecret, TagResource] "InvalidParameterException"
        "A secret can have at most 50 tags."
        <- "TagResource API reference: restrictions of tags";
    TOKEN [ListSecrets, ListSecretVersionIds] "InvalidNextTokenException"
        "The NextToken value is invalid."
        <- "ListSecrets API reference, errors";
    FILTER [ListSecrets] "InvalidParameterException"
        "A filter needs a key and 1 to 10 values"
        <- "API reference, Filter";
    PASSWORD [GetRandomPassword] "InvalidParameterException"
        "The password length {} is too short, or nothing is left to make it of."
        <- "GetRandomPassword API reference, errors";
}
