//! What CloudWatch refuses of alarms.

use crate::rules::rules;

rules! { "monitoring":
    WHAT [PutMetricAlarm] "ValidationError"
        "Exactly one of MetricName and Metrics must be given"
        <- "PutMetricAlarm API reference, MetricName and Metrics";
    MISSING [PutMetricAlarm] "MissingParameter"
        "The parameter {} is required"
        <- "PutMetricAlarm API reference: required for alarms on metrics";
    STATISTIC [PutMetricAlarm] "InvalidParameterCombination"
        "Exactly one of Statistic and ExtendedStatistic must be given"
        <- "PutMetricAlarm API reference, Statistic";
    THRESHOLD [PutMetricAlarm] "InvalidParameterCombination"
        "Exactly one of Threshold and ThresholdMetricId must be given"
        <- "PutMetricAlarm API reference, Threshold and ThresholdMetricId";
    PERIOD [PutMetricAlarm] "ValidationError"
        "Invalid period {}: it must be 10, 20, 30 or a multiple of 60"
        <- "PutMetricAlarm API reference, Period";
    WINDOW [PutMetricAlarm] "ValidationError"
        "Metrics cannot be checked across more than {} (EvaluationPeriods * Period must be <= {})"
        <- "PutMetricAlarm API reference, EvaluationPeriods: a day, or seven for periods of an hour";
    DATAPOINTS [PutMetricAlarm] "ValidationError"
        "DatapointsToAlarm {} must not be greater than EvaluationPeriods {}"
        <- "PutMetricAlarm API reference, DatapointsToAlarm: M out of N";
    WORD [PutMetricAlarm] "ValidationError"
        "Invalid value {} for {}: it must be one of {}"
        <- "PutMetricAlarm API reference, TreatMissingData and EvaluateLowSampleCountPercentile";
    RETURNED [PutMetricAlarm] "ValidationError"
        "Exactly one of the metrics must return data, not {}"
        <- "PutMetricAlarm API reference, Metrics: one expression or metric returns data";
    ACTION [PutMetricAlarm, PutCompositeAlarm] "ValidationError"
        "Invalid arn syntax: {}"
        <- "PutMetricAlarm API reference, AlarmActions: ARNs";
    RULE [PutCompositeAlarm] "ValidationError"
        "The AlarmRule {} refers to no alarm"
        <- "PutCompositeAlarm API reference, AlarmRule";
    RULE_ALARM [PutCompositeAlarm] "ValidationError"
        "The alarm {} in the AlarmRule does not exist"
        <- "PutCompositeAlarm API reference, AlarmRule: existing alarms";
    OTHER_TYPE [PutMetricAlarm, PutCompositeAlarm] "ValidationError"
        "An alarm of another type has the name {}"
        <- "PutMetricAlarm API reference, AlarmName: unique within the Region";
    NAMES_AND_PREFIX [DescribeAlarms] "InvalidParameterCombination"
        "AlarmNames and AlarmNamePrefix exclude each other"
        <- "DescribeAlarms API reference, AlarmNamePrefix";
    TOKEN [DescribeAlarms] "InvalidNextToken"
        "The next token specified is invalid."
        <- "DescribeAlarms API reference, errors";
    NOT_FOUND [DeleteAlarms] "ResourceNotFound" (404)
        "The named resource does not exist: {}"
        <- "DeleteAlarms API reference, errors";
    COMPOSITES [DeleteAlarms] "ValidationError"
        "One request deletes at most one composite alarm"
        <- "DeleteAlarms API reference: no more than one composite alarm";
    RESOURCE [TagResource, UntagResource, ListTagsForResource] "ResourceNotFoundException" (404)
        "The named resource does not exist: {}"
        <- "TagResource API reference, errors";
    RESERVED_TAG [PutMetricAlarm, PutCompositeAlarm, TagResource] "InvalidParameterValue"
        "The tag key {} begins with aws:, which is reserved"
        <- "CloudWatch user guide, tagging: the prefix aws: is reserved";
    TOO_MANY_TAGS [PutMetricAlarm, PutCompositeAlarm, TagResource] "InvalidParameterValue"
        "A resource can have no more than 50 tags"
        <- "PutMetricAlarm API reference, Tags: as many as 50";
}
