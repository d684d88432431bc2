//! What Application Auto Scaling refuses.

use crate::rules::rules;

rules! { "application-autoscaling":
    NOT_MODELLED [RegisterScalableTarget, DeregisterScalableTarget, PutScalingPolicy,
        DeleteScalingPolicy] "ValidationException"
        "the sandbox does not model the service namespace {}"
        <- "the sandbox's own: ecs and dynamodb";
    RESOURCE_ID [RegisterScalableTarget, DeregisterScalableTarget, PutScalingPolicy,
        DeleteScalingPolicy] "ValidationException"
        "Unsupported resource id {} for the service namespace {}"
        <- "RegisterScalableTarget API reference, ResourceId: service/<cluster>/<service>, table/<name>[/index/<name>]";
    DIMENSION [RegisterScalableTarget, DeregisterScalableTarget, PutScalingPolicy,
        DeleteScalingPolicy] "ValidationException"
        "Unsupported scalable dimension {} for the resource {}"
        <- "RegisterScalableTarget API reference, ScalableDimension";
    DIMENSION_ALONE [DescribeScalableTargets, DescribeScalingPolicies] "ValidationException"
        "If you specify a scalable dimension, you must also specify a resource ID"
        <- "DescribeScalableTargets API reference, ScalableDimension";
    NO_SERVICE [RegisterScalableTarget] "ValidationException"
        "ECS service doesn't exist: {}"
        <- "aws-semantics.md 0, IAM EC";
    NO_TABLE [RegisterScalableTarget] "ValidationException"
        "DynamoDB table does not exist: {}"
        <- "RegisterScalableTarget API reference: the resource must exist";
    CAPACITIES [RegisterScalableTarget] "ValidationException"
        "MinCapacity and MaxCapacity are required when registering a new scalable target"
        <- "RegisterScalableTarget API reference, MinCapacity and MaxCapacity";
    RANGE [RegisterScalableTarget] "ValidationException"
        "Maximum capacity cannot be less than minimum capacity: {} to {}"
        <- "RegisterScalableTarget API reference, MinCapacity and MaxCapacity";
    NO_TARGET [DeregisterScalableTarget, PutScalingPolicy] "ObjectNotFoundException"
        "No scalable target registered for service namespace: {}, resource ID: {}, scalable dimension: {}"
        <- "aws-semantics.md 5; DeregisterScalableTarget API reference, errors";
    NO_POLICY [DeleteScalingPolicy] "ObjectNotFoundException"
        "No scaling policy found for service namespace: {}, resource ID: {}, scalable dimension: {}, policy name: {}"
        <- "DeleteScalingPolicy API reference, errors";
    POLICY_TYPE [PutScalingPolicy] "ValidationException"
        "the sandbox does not model policies of the type {}"
        <- "the sandbox's own: target tracking and step scaling";
    TYPE_CHANGE [PutScalingPolicy] "ValidationException"
        "The type of the policy {} cannot be changed"
        <- "PutScalingPolicy API reference: updates the policy of that name";
    CONFIGURATION [PutScalingPolicy] "ValidationException"
        "A policy of the type {} needs {} and no other configuration"
        <- "PutScalingPolicy API reference, PolicyType";
    ONE_METRIC [PutScalingPolicy] "ValidationException"
        "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be given"
        <- "TargetTrackingScalingPolicyConfiguration API reference";
    METRIC [PutScalingPolicy] "ValidationException"
        "The predefined metric {} does not fit the scalable dimension"
        <- "PredefinedMetricSpecification API reference, PredefinedMetricType";
    METRIC_TWICE [PutScalingPolicy] "ValidationException"
        "Only one TargetTrackingScaling policy for a given metric specification is allowed."
        <- "user guide, target tracking: policies of a target use different metrics";
    LABEL [PutScalingPolicy] "ValidationException"
        "A resource label is needed for ALBRequestCountPerTarget only, not for {}"
        <- "PredefinedMetricSpecification API reference, ResourceLabel";
    TARGET_VALUE [PutScalingPolicy] "ValidationException"
        "The target value {} is out of range"
        <- "TargetTrackingScalingPolicyConfiguration API reference; DynamoDB developer guide: 20 to 90";
    STEPS [PutScalingPolicy] "ValidationException"
        "Step adjustments must be of one type, at least one, and follow each other without gaps and overlaps"
        <- "StepAdjustment API reference, rules for step adjustments";
    PAGE_SIZE [DescribeScalableTargets, DescribeScalingPolicies] "ValidationException"
        "MaxResults must be between 1 and {}"
        <- "DescribeScalingPolicies API reference, MaxResults";
    TOKEN [DescribeScalableTargets, DescribeScalingPolicies] "InvalidNextTokenException"
        "The next token supplied was invalid."
        <- "DescribeScalableTargets API reference, errors";
    TAG_TARGET [TagResource, UntagResource, ListTagsForResource] "ResourceNotFoundException"
        "No scalable target found for resource ARN: {}"
        <- "TagResource API reference, errors";
    TOO_MANY_TAGS [RegisterScalableTarget, TagResource] "TooManyTagsException"
        "A scalable target can have no more than 50 tags"
        <- "TagResource API reference, errors";
    RESERVED_TAG [RegisterScalableTarget, TagResource] "ValidationException"
        "The tag key {} begins with aws:, which is reserved"
        <- "user guide, tagging: the prefix aws: is reserved";
}
