//! What Parameter Store refuses.

use crate::rules::rules;

rules! { "ssm":
    EXISTS [PutParameter] "ParameterAlreadyExists"
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
        <- "aws-semantics.md 4; PutParameter API reference, Overwrite";
    TAGS_AND_OVERWRITE [PutParameter] "ValidationException"
        "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource."
        <- "aws-semantics.md 0.1; PutParameter API reference, Tags";
    TYPE_NEEDED [PutParameter] "ValidationException"
        "A parameter type is required when you create a parameter."
        <- "PutParameter API reference, Type";
    NAME [PutParameter] "ValidationException"
        "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"
        <- "PutParameter API reference, Name";
    NOT_QUALIFIED [PutParameter] "ValidationException"
        "Parameter name must be a fully qualified name."
        <- "PutParameter API reference, Name: a hierarchy begins with a slash";
    RESERVED [PutParameter] "AccessDeniedException"
        "No access to reserved parameter name: {}."
        <- "PutParameter API reference, Name: no prefix aws or ssm";
    TOO_DEEP [PutParameter] "HierarchyLevelLimitExceededException"
        "Parameter hierarchy exceeds the limit of 15 levels."
        <- "PutParameter API reference, errors";
    EMPTY [PutParameter] "ValidationException"
        "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1."
        <- "PutParameter API reference, Value";
    TOO_LONG [PutParameter] "ValidationException"
        "{} tier parameters support a maximum parameter value of {} characters."
        <- "PutParameter API reference, Value and Tier";
    DOWNGRADE [PutParameter] "ValidationException"
        "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter."
        <- "aws-semantics.md 4; PutParameter API reference, Tier";
    KEY_FOR_SECURE [PutParameter] "ValidationException"
        "KeyId is required for SecureString type parameter only."
        <- "PutParameter API reference, KeyId";
    KEY [PutParameter] "InvalidKeyId"
        "{}"
        <- "PutParameter API reference, errors";
    DATA_TYPE [PutParameter] "ValidationException"
        "The following data type is not supported: {} (Data type names are all lowercase.)"
        <- "PutParameter API reference, DataType";
    PATTERN [PutParameter] "ParameterPatternMismatchException"
        "Parameter value, cannot be validated against allowedPattern: {}"
        <- "PutParameter API reference, errors";
    BAD_PATTERN [PutParameter] "InvalidAllowedPatternException"
        "The request doesn't meet the regular expression requirement: {}"
        <- "PutParameter API reference, errors";
    NOT_FOUND [GetParameter, GetParameterHistory, DeleteParameter] "ParameterNotFound"
        "Parameter {} not found."
        <- "API reference of each operation, errors";
    NO_VERSION [GetParameter] "ParameterVersionNotFound"
        "Systems Manager could not find version {} of {}. Verify the version and try again."
        <- "GetParameter API reference, errors";
    TWICE [GetParameters] "ValidationException"
        "Duplicate parameter names in the request"
        <- "GetParameters API reference, Names";
    PATH [GetParametersByPath] "ValidationException"
        "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\"."
        <- "GetParametersByPath API reference, Path";
    TWO_FILTERS [DescribeParameters] "ValidationException"
        "You can use either Filters or ParameterFilters in a single request."
        <- "DescribeParameters API reference, Filters";
    FILTER_KEY [DescribeParameters, GetParametersByPath] "InvalidFilterKey"
        "The specified filter key is not valid here: {}."
        <- "API reference, ParameterStringFilter: GetParametersByPath knows Type, KeyId and Label";
    FILTER_OPTION [DescribeParameters] "InvalidFilterOption"
        "The following filter option is not valid: {}. Valid options include: {}."
        <- "API reference, ParameterStringFilter, Option";
    FILTER_VALUE [DescribeParameters] "InvalidFilterValue"
        "The following filter values are missing or not valid for {}"
        <- "API reference, ParameterStringFilter, Values";
    FILTER_TWICE [DescribeParameters] "ValidationException"
        "The following filters are duplicated in the request: {}. A request can contain only one instance of a specific filter."
        <- "DescribeParameters API reference, ParameterFilters";
    TOKEN [DescribeParameters, GetParametersByPath, GetParameterHistory] "InvalidNextToken"
        "The specified token is not valid."
        <- "API reference of each operation, errors";
    RESOURCE_TYPE [AddTagsToResource, RemoveTagsFromResource, ListTagsForResource]
        "InvalidResourceType"
        "{} is not a valid resource type"
        <- "AddTagsToResource API reference: the sandbox has parameters only";
    RESOURCE [AddTagsToResource, RemoveTagsFromResource, ListTagsForResource] "InvalidResourceId"
        "The resource ID \"{}\" is not valid. Verify the ID and try again."
        <- "AddTagsToResource API reference, errors";
    TAG_COUNT [PutParameter, AddTagsToResource] "TooManyTagsError"
        "A parameter can have at most 50 tags."
        <- "AddTagsToResource API reference, errors";
    TAG [PutParameter, AddTagsToResource] "ValidationException"
        "{}"
        <- "AddTagsToResource API reference, Tags: no prefix aws:, no key twice";
}
