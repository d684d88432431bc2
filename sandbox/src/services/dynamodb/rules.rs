//! What DynamoDB refuses.

use crate::rules::rules;

rules! { "dynamodb":
    NAME [] "ValidationException"
        "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'"
        <- "CreateTable API reference, TableName; developer guide, naming rules";
    EXISTS [CreateTable] "ResourceInUseException"
        "Table already exists: {}"
        <- "aws-semantics.md 5; CreateTable API reference, ResourceInUseException";
    SIMULTANEOUS [CreateTable, UpdateTable, DeleteTable] "LimitExceededException"
        "Subscriber limit exceeded: Up to 500 CreateTable, UpdateTable or DeleteTable operations may run simultaneously"
        <- "aws-semantics.md 5; CreateTable API reference, LimitExceededException";
    KEY_ORDER [CreateTable, UpdateTable] "ValidationException"
        "Invalid KeySchema: The {} KeySchemaElement is not a {} key type"
        <- "CreateTable API reference, KeySchema";
    KEY_TWICE [CreateTable, UpdateTable] "ValidationException"
        "Invalid KeySchema: Both the Hash Key and the Range Key element in the KeySchema have the same name"
        <- "CreateTable API reference, KeySchema";
    KEY_UNDEFINED [CreateTable, UpdateTable] "ValidationException"
        "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], AttributeDefinitions: [{}]"
        <- "CreateTable API reference, AttributeDefinitions";
    ATTRIBUTE_UNUSED [CreateTable] "ValidationException"
        "One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [{}], keys used: [{}]"
        <- "aws-semantics.md 5 (key attributes only); CreateTable API reference";
    ATTRIBUTE_TWICE [CreateTable, UpdateTable] "ValidationException"
        "One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: {}"
        <- "CreateTable API reference, AttributeDefinitions";
    ATTRIBUTE_RETYPED [UpdateTable] "ValidationException"
        "One or more parameter values were invalid: Attribute type of {} cannot be changed while a key uses it"
        <- "UpdateTable API reference, AttributeDefinitions";
    CAPACITY_MISSING [CreateTable, UpdateTable] "ValidationException"
        "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        <- "aws-semantics.md 5; CreateTable API reference, BillingMode";
    INDEX_CAPACITY_MISSING [CreateTable, UpdateTable] "ValidationException"
        "One or more parameter values were invalid: Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: {}"
        <- "aws-semantics.md 5 (give RCU/WCU for table and all GSIs)";
    CAPACITY_ON_DEMAND [CreateTable, UpdateTable] "ValidationException"
        "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        <- "CreateTable API reference, ProvisionedThroughput";
    LIMIT_PROVISIONED [CreateTable, UpdateTable] "ValidationException"
        "One or more parameter values were invalid: MaxReadRequestUnits and MaxWriteRequestUnits for OnDemandThroughput cannot be specified when BillingMode is PROVISIONED"
        <- "API reference, OnDemandThroughput";
    INDEX_TWICE [CreateTable] "ValidationException"
        "One or more parameter values were invalid: Duplicate index name: {}"
        <- "CreateTable API reference, IndexName";
    GLOBAL_INDEXES [CreateTable, UpdateTable] "ValidationException"
        "One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of 20"
        <- "developer guide, quotas";
    LOCAL_INDEXES [CreateTable] "ValidationException"
        "One or more parameter values were invalid: Number of LocalSecondaryIndexes exceeds per-table limit of 5"
        <- "CreateTable API reference, LocalSecondaryIndexes";
    LOCAL_RANGE [CreateTable] "ValidationException"
        "One or more parameter values were invalid: Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        <- "CreateTable API reference, LocalSecondaryIndexes";
    LOCAL_HASH [CreateTable] "ValidationException"
        "One or more parameter values were invalid: Index KeySchema does not have the same leading hash key as table KeySchema for index: {}"
        <- "CreateTable API reference, LocalSecondaryIndexes";
    PROJECTION [CreateTable, UpdateTable] "ValidationException"
        "One or more parameter values were invalid: ProjectionType is {}, but NonKeyAttributes is {}"
        <- "API reference, Projection";
    STREAM_VIEW [CreateTable, UpdateTable] "ValidationException"
        "One or more parameter values were invalid: StreamSpecification {}"
        <- "API reference, StreamSpecification";
    ENCRYPTION [CreateTable, UpdateTable] "ValidationException"
        "One or more parameter values were invalid: {}"
        <- "API reference, SSESpecification";
    ENCRYPTION_SAME [UpdateTable] "ValidationException"
        "One or more parameter values were invalid: Table is already encrypted by given KMSMasterKeyId"
        <- "API reference, SSESpecification";
    TAG_KEY [CreateTable, TagResource] "ValidationException"
        "One or more parameter values were invalid: {}"
        <- "developer guide, tagging restrictions";
    TAG_COUNT [CreateTable, TagResource] "ValidationException"
        "One or more parameter values were invalid: Too many tags; a table may have at most 50"
        <- "developer guide, tagging restrictions";
    NOT_FOUND [DescribeTable, UpdateTable, DeleteTable, UpdateTimeToLive, DescribeTimeToLive]
        "ResourceNotFoundException"
        "Requested resource not found: Table: {} not found"
        <- "aws-semantics.md 5; DescribeTable API reference";
    IN_USE [UpdateTable, DeleteTable, UpdateTimeToLive, TagResource, UntagResource]
        "ResourceInUseException"
        "Attempt to change a resource which is still in use: {}"
        <- "aws-semantics.md 5; github.com/terraform-aws-modules/terraform-aws-dynamodb-table/issues/51";
    PROTECTED [DeleteTable] "ValidationException"
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
        <- "aws-semantics.md 5 and 9.4; github.com/aws-bench/aws-bench/pull/41";
    NOTHING [UpdateTable] "ValidationException"
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required"
        <- "UpdateTable API reference";
    STREAM_AND_CAPACITY [UpdateTable] "ValidationException"
        "One or more parameter values were invalid: You cannot modify stream status while updating table IOPS"
        <- "github.com/hashicorp/terraform-provider-aws/issues/35673";
    ONE_KIND [UpdateTable] "ValidationException"
        "One or more parameter values were invalid: Only one kind of change can be made at once, not both {} and {}"
        <- "aws-semantics.md 5; UpdateTable API reference: only one of the following operations at once";
    ONE_INDEX [UpdateTable] "LimitExceededException"
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
        <- "aws-semantics.md 5; UpdateTable API reference, GlobalSecondaryIndexUpdates";
    INDEX_EXISTS [UpdateTable] "ValidationException"
        "Attempting to create an index which already exists"
        <- "UpdateTable API reference, GlobalSecondaryIndexUpdates";
    NO_INDEX [UpdateTable, Query, Scan] "ValidationException"
        "The table does not have the specified index: {}"
        <- "UpdateTable and Query API references, IndexName";
    NO_INDEX_TO_DELETE [UpdateTable] "ResourceNotFoundException"
        "Requested resource not found"
        <- "UpdateTable API reference, ResourceNotFoundException";
    SAME_CAPACITY [UpdateTable] "ValidationException"
        "The provisioned throughput for the {} {} will not change. The requested value equals the current value."
        <- "developer guide, provisioned throughput; ProvisionedThroughput API reference";
    DECREASES [UpdateTable] "LimitExceededException"
        "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds."
        <- "developer guide, quotas: decreasing provisioned throughput";
    TO_ON_DEMAND [UpdateTable] "LimitExceededException"
        "Subscriber limit exceeded: Update to PayPerRequest mode are limited to 4 times in a 24-hour window"
        <- "aws-semantics.md 5: at most 4 in 24 hours";
    STREAM_ON [UpdateTable] "ValidationException"
        "Table already has an enabled stream: TableName: {}"
        <- "aws-semantics.md 5; UpdateTable API reference, StreamSpecification";
    STREAM_OFF [UpdateTable] "ValidationException"
        "Table is already in disabled stream state: TableName: {}"
        <- "UpdateTable API reference, StreamSpecification";
    TTL_INTERVAL [UpdateTimeToLive] "ValidationException"
        "Time to live has been modified multiple times within a fixed interval"
        <- "aws-semantics.md 5; UpdateTimeToLive API reference: one hour";
    TTL_SAME [UpdateTimeToLive] "ValidationException"
        "TimeToLive is already {}"
        <- "UpdateTimeToLive API reference";
    TTL_OTHER [UpdateTimeToLive] "ValidationException"
        "TimeToLive is active on a different AttributeName: current AttributeName is {}"
        <- "aws-semantics.md 5: attribute change = disable, enable";
    NO_TABLE [UpdateContinuousBackups, DescribeContinuousBackups] "TableNotFoundException"
        "Table not found: {}"
        <- "UpdateContinuousBackups API reference";
    BACKUPS_UNAVAILABLE [UpdateContinuousBackups] "ContinuousBackupsUnavailableException"
        "Backups are being enabled for the table: {}. Please retry later"
        <- "aws-semantics.md 5; UpdateContinuousBackups API reference";
    RECOVERY_PERIOD [UpdateContinuousBackups] "ValidationException"
        "One or more parameter values were invalid: RecoveryPeriodInDays can only be given when point in time recovery is enabled"
        <- "API reference, PointInTimeRecoverySpecification";
    ARN [TagResource, UntagResource, ListTagsOfResource] "ValidationException"
        "Invalid TableArn: {}"
        <- "TagResource API reference, ResourceArn";
    NO_ARN [TagResource, UntagResource, ListTagsOfResource] "ResourceNotFoundException"
        "Requested resource not found: ResourceArn: {} not found"
        <- "ListTagsOfResource API reference";
    NO_ITEMS [PutItem, GetItem, UpdateItem, DeleteItem, Scan, Query] "ResourceNotFoundException"
        "Requested resource not found"
        <- "PutItem API reference: the table does not exist, or is not ACTIVE";
    VALUE [] "ValidationException"
        "Supplied AttributeValue {}"
        <- "API reference, AttributeValue";
    NO_KEY [PutItem] "ValidationException"
        "One or more parameter values were invalid: Missing the key {} in the item"
        <- "PutItem API reference, Item";
    KEY_TYPE [PutItem] "ValidationException"
        "One or more parameter values were invalid: Type mismatch for key {} expected: {} actual: {}"
        <- "PutItem API reference, Item";
    KEY_EMPTY [] "ValidationException"
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: {}"
        <- "PutItem API reference, Item";
    KEY_MISMATCH [] "ValidationException"
        "The provided key element does not match the schema"
        <- "GetItem API reference, Key";
    KEY_CHANGED [UpdateItem] "ValidationException"
        "One or more parameter values were invalid: Cannot update attribute {}. This attribute is part of the key"
        <- "UpdateItem API reference, UpdateExpression";
    SIZE [PutItem, UpdateItem] "ValidationException"
        "Item size has exceeded the maximum allowed size"
        <- "developer guide, quotas: 400 KB";
    RETURN_VALUES [PutItem, DeleteItem] "ValidationException"
        "Return values set to invalid value"
        <- "PutItem API reference, ReturnValues";
    CONDITION [PutItem, UpdateItem, DeleteItem] "ConditionalCheckFailedException"
        "The conditional request failed"
        <- "PutItem API reference, ConditionExpression";
    SYNTAX [PutItem, UpdateItem, DeleteItem, Scan, Query] "ValidationException"
        "Invalid {}: Syntax error; token: \"{}\""
        <- "developer guide, expressions";
    RESERVED [PutItem, UpdateItem, DeleteItem, Scan, Query] "ValidationException"
        "Invalid {}: Attribute name is a reserved keyword; reserved keyword: {}"
        <- "developer guide, reserved words";
    NAME_UNDEFINED [PutItem, UpdateItem, DeleteItem, Scan, Query] "ValidationException"
        "Invalid {}: An expression attribute name used in the document path is not defined; attribute name: {}"
        <- "developer guide, expression attribute names";
    VALUE_UNDEFINED [PutItem, UpdateItem, DeleteItem, Scan, Query] "ValidationException"
        "Invalid {}: An expression attribute value used in expression is not defined; attribute value: {}"
        <- "developer guide, expression attribute values";
    UNUSED [PutItem, UpdateItem, DeleteItem, Scan, Query] "ValidationException"
        "Value provided in {} unused in expressions: keys: {}"
        <- "developer guide, expression attribute names and values";
    OPERAND [PutItem, UpdateItem, DeleteItem, Scan, Query] "ValidationException"
        "Invalid {}: Incorrect operand type for operator or function; operator or function: {}"
        <- "developer guide, operators and functions";
    CHANGE_TYPE [UpdateItem] "ValidationException"
        "An operand in the update expression has an incorrect data type"
        <- "UpdateItem API reference, UpdateExpression";
    CHANGE_PATH [UpdateItem] "ValidationException"
        "The document path provided in the update expression is invalid for update"
        <- "UpdateItem API reference, UpdateExpression";
    CHANGE_MISSING [UpdateItem] "ValidationException"
        "The provided expression refers to an attribute that does not exist in the item"
        <- "UpdateItem API reference, UpdateExpression";
    CHANGE_TWICE [UpdateItem] "ValidationException"
        "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [{}], path two: [{}]"
        <- "UpdateItem API reference, UpdateExpression";
    KEY_CONDITION [Query] "ValidationException"
        "{}"
        <- "Query API reference, KeyConditionExpression";
    SELECT [Scan, Query] "ValidationException"
        "{}"
        <- "Query API reference, Select and ConsistentRead";
}
