//! What Auto Scaling refuses. The API reference is
//! <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/>.

use crate::rules::rules;

rules! { "autoscaling":
    // Groups.
    EXISTS [CreateAutoScalingGroup] "AlreadyExists"
        "AutoScalingGroup by this name already exists - A group with the name {} already exists"
        <- "aws-semantics.md 2, autoscaling_group";
    EXISTS_PENDING_DELETE [CreateAutoScalingGroup] "AlreadyExists"
        "AutoScalingGroup by this name already exists - A group with the name {} already exists and is pending delete.  Please wait until Autoscaling completes the deletion process before creating another group with the same name."
        <- "aws-semantics.md 2, autoscaling_group; hashicorp/terraform#1105";
    NOT_FOUND [] "ValidationError" "AutoScalingGroup name not found - AutoScalingGroup {} not found"
        <- "aws-semantics.md 2: gone is ValidationError, not found";
    PENDING_DELETE [] "ValidationError"
        "The AutoScaling group may not be modified while it is pending delete"
        <- "kubernetes/kops#1001";
    SIZE_BOUNDS [CreateAutoScalingGroup, UpdateAutoScalingGroup] "ValidationError"
        "Max bound, {}, must be greater than or equal to min bound, {}"
        <- "API reference, CreateAutoScalingGroup, MaxSize; wording not confirmed";
    DESIRED_BOUNDS [CreateAutoScalingGroup, UpdateAutoScalingGroup] "ValidationError"
        "Desired capacity:{} must be between the specified min size:{} and max size:{}"
        <- "API reference, CreateAutoScalingGroup, DesiredCapacity";
    DESIRED_ABOVE [SetDesiredCapacity] "ValidationError"
        "New SetDesiredCapacity value {} is above max value {} for the AutoScalingGroup."
        <- "API reference, SetDesiredCapacity";
    DESIRED_BELOW [SetDesiredCapacity] "ValidationError"
        "New SetDesiredCapacity value {} is below min value {} for the AutoScalingGroup."
        <- "API reference, SetDesiredCapacity";
    NO_TEMPLATE [CreateAutoScalingGroup] "ValidationError"
        "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter."
        <- "API reference, CreateAutoScalingGroup";
    TEMPLATE [CreateAutoScalingGroup, UpdateAutoScalingGroup, StartInstanceRefresh] "ValidationError"
        "You must use a valid fully-formed launch template. {}"
        <- "aws-semantics.md 0, IAM; hashicorp/terraform-provider-aws#29866";
    NO_ZONE [CreateAutoScalingGroup] "ValidationError"
        "At least one Availability Zone or VPC Subnet is required."
        <- "API reference, CreateAutoScalingGroup, VPCZoneIdentifier";
    SUBNET [CreateAutoScalingGroup, UpdateAutoScalingGroup] "ValidationError"
        "The subnet ID '{}' does not exist"
        <- "API reference, CreateAutoScalingGroup, VPCZoneIdentifier; wording not confirmed";
    ZONE_NOT_SERVED [CreateAutoScalingGroup, UpdateAutoScalingGroup] "ValidationError"
        "The availability zones of the specified subnets and the Auto Scaling group do not match"
        <- "API reference, UpdateAutoScalingGroup, VPCZoneIdentifier";
    TERMINATION_POLICY [CreateAutoScalingGroup, UpdateAutoScalingGroup] "ValidationError"
        "Invalid termination policy: {}"
        <- "Auto Scaling user guide, Work with termination policies; wording not confirmed";
    HEALTH_CHECK [CreateAutoScalingGroup, UpdateAutoScalingGroup] "ValidationError"
        "Invalid health check type: {}"
        <- "API reference, CreateAutoScalingGroup, HealthCheckType; wording not confirmed";
    MAINTENANCE [CreateAutoScalingGroup, UpdateAutoScalingGroup] "ValidationError"
        "MinHealthyPercentage must be 0 to 100 and MaxHealthyPercentage 100 to 200, with no more than 100 between them"
        <- "API reference, InstanceMaintenancePolicy; wording not confirmed";
    REFRESH_OWNS_TEMPLATE [UpdateAutoScalingGroup] "ValidationError"
        "An active instance refresh with a desired configuration exists. All configuration options derived from the desired configuration are not available for update while the instance refresh is active."
        <- "Auto Scaling user guide, Understand the default values for an instance refresh";
    IN_USE [DeleteAutoScalingGroup] "ResourceInUse"
        "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group."
        <- "aws-semantics.md 2, autoscaling_group; cloud-custodian/cloud-custodian#1686";
    IN_PROGRESS [DeleteAutoScalingGroup] "ScalingActivityInProgress"
        "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group."
        <- "aws-semantics.md 2, autoscaling_group; cloud-custodian/cloud-custodian#1689";
    PROTECTED [DeleteAutoScalingGroup] "ValidationError"
        "The AutoScalingGroup {} has deletion protection {}. Change it before the group is deleted."
        <- "Auto Scaling user guide, Configure deletion protection; wording not confirmed";

    // Instances.
    NOT_A_MEMBER [SetInstanceProtection] "ValidationError"
        "The instance {} is not part of Auto Scaling group {}."
        <- "aws-semantics.md 2, autoscaling_group";
    TOO_MANY_INSTANCES [SetInstanceProtection] "ValidationError"
        "1 validation error detected: Value at 'instanceIds' failed to satisfy constraint: Member must have length less than or equal to 50"
        <- "aws-semantics.md 2: at most 50 a call; wording not confirmed";
    NOT_IN_SERVICE [SetInstanceProtection] "ValidationError"
        "The instance {} is not in InService or EnteringStandby or Standby."
        <- "API reference, SetInstanceProtection; wording not confirmed";
    INSTANCE_UNKNOWN [TerminateInstanceInAutoScalingGroup] "ValidationError"
        "Instance Id not found - No managed instance found for instance ID: {}"
        <- "API reference, TerminateInstanceInAutoScalingGroup";
    BELOW_MIN [TerminateInstanceInAutoScalingGroup] "ValidationError"
        "Currently, desiredSize equals minSize ({}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size."
        <- "API reference, TerminateInstanceInAutoScalingGroup";
    PROCESS [SuspendProcesses, ResumeProcesses] "ValidationError"
        "1 validation error detected: Value '{}' is not a scaling process"
        <- "API reference, SuspendProcesses; wording not confirmed";
    METRIC [EnableMetricsCollection, DisableMetricsCollection] "ValidationError"
        "Invalid metric: {}"
        <- "API reference, EnableMetricsCollection; wording not confirmed";

    // Lifecycle hooks.
    HOOK_TRANSITION [PutLifecycleHook, CreateAutoScalingGroup] "ValidationError"
        "Lifecycle transition must be autoscaling:EC2_INSTANCE_LAUNCHING or autoscaling:EC2_INSTANCE_TERMINATING"
        <- "API reference, PutLifecycleHook; wording not confirmed";
    HOOK_TIMEOUT [PutLifecycleHook, CreateAutoScalingGroup] "ValidationError"
        "HeartbeatTimeout must be from 30 to 7200 seconds"
        <- "API reference, PutLifecycleHook; wording not confirmed";
    HOOK_RESULT [PutLifecycleHook, CreateAutoScalingGroup, CompleteLifecycleAction]
        "ValidationError" "The result must be CONTINUE or ABANDON, not {}"
        <- "API reference, PutLifecycleHook, CompleteLifecycleAction; wording not confirmed";
    HOOK_LIMIT [PutLifecycleHook, CreateAutoScalingGroup] "LimitExceeded"
        "A group can have no more than 50 lifecycle hooks."
        <- "Auto Scaling user guide, quotas";
    HOOK_NOT_FOUND [DeleteLifecycleHook] "ValidationError"
        "No Lifecycle Hook found with name {}"
        <- "API reference, DeleteLifecycleHook; wording not confirmed";
    NO_ACTION [CompleteLifecycleAction] "ValidationError"
        "No active Lifecycle Action found with instance ID {}" <- "convox/rack#2432";

    // Instance refreshes.
    REFRESH_IN_PROGRESS [StartInstanceRefresh] "InstanceRefreshInProgress"
        "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."
        <- "aws-semantics.md 2; API reference, StartInstanceRefresh";
    REFRESH_PERCENTAGES [StartInstanceRefresh] "ValidationError"
        "MinHealthyPercentage must be 0 to 100 and MaxHealthyPercentage 100 to 200, given together with no more than 100 between them"
        <- "API reference, RefreshPreferences; wording not confirmed";
    REFRESH_ROLLBACK [StartInstanceRefresh] "ValidationError"
        "Auto rollback needs a desired configuration with a numbered launch template version whose image is no parameter, and a group that launches from one."
        <- "Auto Scaling user guide, Undo changes with a rollback; wording not confirmed";
    REFRESH_NOT_ACTIVE [CancelInstanceRefresh, RollbackInstanceRefresh]
        "ActiveInstanceRefreshNotFound"
        "No in progress or pending Instance Refresh found for Auto Scaling group {}"
        <- "API reference, CancelInstanceRefresh; wording not confirmed";
    REFRESH_IRREVERSIBLE [RollbackInstanceRefresh] "IrreversibleInstanceRefresh"
        "The desired configuration of the instance refresh does not allow a rollback."
        <- "API reference, RollbackInstanceRefresh; wording not confirmed";

    // Tags, policies, lists.
    TAG_RESERVED [CreateAutoScalingGroup, CreateOrUpdateTags] "ValidationError"
        "Tag keys starting with aws: are reserved for AWS use: {}"
        <- "Auto Scaling user guide, Tag naming and usage restrictions; wording not confirmed";
    TAG_LETTERS [CreateAutoScalingGroup, CreateOrUpdateTags] "ValidationError"
        "The tag {} is invalid: keys have 1 to 128 and values up to 256 letters, spaces, numbers and + - = . _ : / @"
        <- "Auto Scaling user guide, Tag naming and usage restrictions; wording not confirmed";
    TAG_LIMIT [CreateAutoScalingGroup, CreateOrUpdateTags] "LimitExceeded"
        "A group can have no more than 50 tags." <- "Auto Scaling user guide, quotas";
    POLICY_TYPE [PutScalingPolicy] "ValidationError" "Policy type {} is not modelled or does not fit"
        <- "API reference, PutScalingPolicy; wording not confirmed";
    POLICY_NOT_FOUND [DeletePolicy] "ValidationError" "No scaling policy found with name {}"
        <- "API reference, DeletePolicy; wording not confirmed";
    TOKEN [] "InvalidNextToken" "The token '{}' is invalid."
        <- "API reference, common errors of the Describe operations";
    PAGE [] "ValidationError" "MaxRecords must be from 1 to 100" <- "aws-semantics.md 0.1";
    FILTER [DescribeAutoScalingGroups, DescribeTags] "ValidationError"
        "The filter {} is not valid" <- "API reference, Filter; wording not confirmed";
}
