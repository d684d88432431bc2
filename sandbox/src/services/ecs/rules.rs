//! What ECS refuses.

use crate::rules::rules;

rules! { "ecs":
    IDENTIFIER [] "InvalidParameterException"
        "Invalid identifier: {}"
        <- "API reference of each operation: names and ARNs of this region and account";
    NO_CLUSTER [UpdateCluster, UpdateClusterSettings, DeleteCluster, PutClusterCapacityProviders,
        CreateService, UpdateService, DeleteService, DescribeServices, ListServices, RunTask,
        StopTask, ListTasks, DescribeTasks, ListContainerInstances, DescribeContainerInstances]
        "ClusterNotFoundException"
        "Cluster not found."
        <- "aws-semantics.md 6; API reference, ClusterNotFoundException";
    CLUSTER_NAME [CreateCluster] "InvalidParameterException"
        "Cluster name must be up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens."
        <- "CreateCluster API reference, clusterName";
    SETTING_NAME [CreateCluster, UpdateCluster, UpdateClusterSettings] "InvalidParameterException"
        "Cluster setting is invalid: {}"
        <- "API reference, ClusterSetting";
    CONTAINS_SERVICES [DeleteCluster] "ClusterContainsServicesException"
        "The Cluster cannot be deleted while Services are active."
        <- "aws-semantics.md 6; DeleteCluster API reference";
    CONTAINS_TASKS [DeleteCluster] "ClusterContainsTasksException"
        "The Cluster cannot be deleted while Tasks are active."
        <- "aws-semantics.md 6; DeleteCluster API reference";
    CONTAINS_INSTANCES [DeleteCluster] "ClusterContainsContainerInstancesException"
        "The Cluster cannot be deleted while Container Instances are active or draining."
        <- "aws-semantics.md 6; DeleteCluster API reference";
    CONTAINS_PROVIDERS [DeleteCluster] "ClusterContainsCapacityProviderException"
        "The Cluster cannot be deleted while Capacity Providers are associated with it."
        <- "aws-semantics.md 6; DeleteCluster API reference";
    UPDATE_IN_PROGRESS [PutClusterCapacityProviders, DeleteCluster] "UpdateInProgressException"
        "The specified cluster is in a busy state. Cluster attachments status must be in UPDATE_COMPLETE or UPDATE_FAILED state."
        <- "aws-semantics.md 6; PutClusterCapacityProviders API reference";
    NO_PROVIDER [PutClusterCapacityProviders, CreateCluster] "InvalidParameterException"
        "The specified capacity provider does not exist. Specify a valid name or ARN and try again: {}"
        <- "PutClusterCapacityProviders API reference";
    PROVIDER_IN_USE [PutClusterCapacityProviders] "ResourceInUseException"
        "The specified capacity provider is in use and cannot be removed."
        <- "aws-semantics.md 6; PutClusterCapacityProviders API reference";
    STRATEGY_NOT_ASSOCIATED [PutClusterCapacityProviders, CreateCluster, CreateService,
        UpdateService, RunTask] "InvalidParameterException"
        "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again."
        <- "API reference, capacityProviderStrategy; github.com/hashicorp/terraform-provider-aws/issues/11351";
    STRATEGY_WEIGHTS [PutClusterCapacityProviders, CreateCluster, CreateService, UpdateService,
        RunTask] "InvalidParameterException"
        "The specified capacity provider strategy is invalid: {}"
        <- "API reference, CapacityProviderStrategyItem";
    STRATEGY_MIXED [PutClusterCapacityProviders, CreateCluster, CreateService, UpdateService,
        RunTask] "InvalidParameterException"
        "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers. Specify one or the other and try again."
        <- "developer guide, capacity providers: considerations";
    PROVIDER_NAME [CreateCapacityProvider] "InvalidParameterException"
        "The specified capacity provider name is invalid. Up to 255 letters, numbers, underscores, and hyphens are allowed, and it cannot be prefixed with aws, ecs, or fargate."
        <- "CreateCapacityProvider API reference, name";
    PROVIDER_EXISTS [CreateCapacityProvider] "ClientException"
        "The specified capacity provider already exists. To change the configuration of an existing capacity provider, update the capacity provider."
        <- "CreateCapacityProvider API reference, name: you can't change it, names are unique";
    PROVIDER_MISSING [UpdateCapacityProvider, DeleteCapacityProvider] "ClientException"
        "The specified capacity provider does not exist. Specify a valid name or ARN and try again."
        <- "aws-semantics.md 6 (\"does not exist\")";
    PROVIDER_KIND [CreateCapacityProvider, UpdateCapacityProvider] "InvalidParameterException"
        "Exactly one of autoScalingGroupProvider and managedInstancesProvider must be specified."
        <- "CreateCapacityProvider API reference";
    PROVIDER_BUSY [UpdateCapacityProvider, DeleteCapacityProvider] "UpdateInProgressException"
        "The specified capacity provider is being updated. Wait for the current update to complete and try again."
        <- "UpdateCapacityProvider API reference, errors";
    RESERVED_PROVIDER [DeleteCapacityProvider, UpdateCapacityProvider] "ClientException"
        "The specified capacity provider is reserved and cannot be changed or deleted."
        <- "DeleteCapacityProvider API reference: FARGATE and FARGATE_SPOT are reserved";
    NO_GROUP [CreateCapacityProvider] "ClientException"
        "The specified Auto Scaling group ARN does not exist. Specify a valid Auto Scaling group ARN and try again."
        <- "API reference, AutoScalingGroupProvider";
    GROUP_USED [CreateCapacityProvider] "ClientException"
        "The specified Auto Scaling group ARN is already being used by another capacity provider. Specify a unique Auto Scaling group ARN and try again."
        <- "aws-semantics.md 6";
    PROTECTION_SCALING [CreateCapacityProvider, UpdateCapacityProvider] "InvalidParameterException"
        "The managed termination protection setting for the capacity provider is invalid. To enable managed termination protection for a capacity provider, managed scaling must be enabled."
        <- "aws-semantics.md 6; API reference, AutoScalingGroupProvider";
    PROTECTION_GROUP [CreateCapacityProvider, UpdateCapacityProvider] "InvalidParameterException"
        "The managed termination protection setting for the capacity provider is invalid. To enable managed termination protection for a capacity provider, the Auto Scaling group must have instance protection from scale in enabled."
        <- "aws-semantics.md 6; API reference, AutoScalingGroupProvider";
    STEPS [CreateCapacityProvider, UpdateCapacityProvider] "InvalidParameterException"
        "The minimum scaling step size must not be larger than the maximum scaling step size."
        <- "API reference, ManagedScaling";
    SETTING_VALUE [PutAccountSetting, PutAccountSettingDefault] "InvalidParameterException"
        "The value {} is not valid for the account setting {}."
        <- "PutAccountSetting API reference, value";
    RESERVED_TAG [] "InvalidParameterException"
        "Tag keys may not begin with aws: {}"
        <- "API reference, Tag: aws: is reserved";
    TAG_COUNT [] "InvalidParameterException"
        "The maximum number of tags per resource has been exceeded. Up to 50 tags are allowed per resource."
        <- "TagResource API reference, tags";
    TAG_TARGET [TagResource, UntagResource, ListTagsForResource] "InvalidParameterException"
        "The specified {} is inactive. Specify an active {} and try again."
        <- "TagResource API reference; github.com/hashicorp/terraform-provider-aws/issues/16529";
    TOKEN [] "InvalidParameterException"
        "The specified nextToken is invalid."
        <- "API reference of each list, nextToken";
    TOO_MANY [DescribeServices, DescribeClusters, DescribeTasks, DescribeContainerInstances,
        DeleteTaskDefinitions, UpdateContainerInstancesState, DescribeServiceDeployments,
        DescribeServiceRevisions] "InvalidParameterException"
        "{} must have at most {} items."
        <- "API reference of each operation: up to 10 services, 100 clusters, tasks and container instances";

    FAMILY [RegisterTaskDefinition] "ClientException"
        "Family contains invalid characters. It must be up to 255 letters (uppercase and lowercase), numbers, hyphens, and underscores."
        <- "RegisterTaskDefinition API reference, family";
    CONTAINER_MISSING [RegisterTaskDefinition] "ClientException"
        "Container.{} should not be null or empty."
        <- "API reference, ContainerDefinition: name and image are required";
    CONTAINERS [RegisterTaskDefinition] "ClientException"
        "{}"
        <- "developer guide, task definition parameters, container definitions";
    CONTAINER_MEMORY [RegisterTaskDefinition] "ClientException"
        "Invalid setting for container '{}'. At least one of 'memory' or 'memoryReservation' must be specified."
        <- "API reference, ContainerDefinition, memory";
    CONTAINER_SIZE [RegisterTaskDefinition] "ClientException"
        "Invalid setting for container '{}'. {}"
        <- "API reference, ContainerDefinition, memory and cpu";
    TASK_SIZE [RegisterTaskDefinition] "ClientException"
        "Invalid '{}' setting for task. {}"
        <- "RegisterTaskDefinition API reference, cpu and memory";
    NETWORK_MODE [RegisterTaskDefinition] "ClientException"
        "When networkMode={}, {}"
        <- "developer guide, task definition parameters, network mode and port mappings";
    PORT_MAPPING [RegisterTaskDefinition] "ClientException"
        "Invalid port mapping of container '{}': {}"
        <- "API reference, PortMapping";
    ROLE [RegisterTaskDefinition] "ClientException"
        "Role is not valid"
        <- "aws-semantics.md 0 and 6";
    SECRETS_ROLE [RegisterTaskDefinition] "ClientException"
        "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
        <- "API reference, Secret; RegisterTaskDefinition, executionRoleArn";
    SECRET_NAME [RegisterTaskDefinition] "ClientException"
        "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '{}'."
        <- "API reference, Secret, name";
    LOG_OPTIONS [RegisterTaskDefinition] "ClientException"
        "Log driver awslogs requires options: {}"
        <- "API reference, LogConfiguration, options";
    VOLUME [RegisterTaskDefinition] "ClientException"
        "{} volume '{}'."
        <- "API reference, MountPoint, sourceVolume; Volume, name";
    DEPENDENCY [RegisterTaskDefinition] "ClientException"
        "Invalid dependency of container '{}': {}"
        <- "API reference, ContainerDependency";
    HEALTH_CHECK [RegisterTaskDefinition] "ClientException"
        "Invalid health check of container '{}': {}"
        <- "API reference, HealthCheck";
    FARGATE [RegisterTaskDefinition] "ClientException"
        "Fargate only supports {}."
        <- "developer guide, Fargate task definition differences";
    NO_DEFINITION [DescribeTaskDefinition, DeregisterTaskDefinition, CreateService, UpdateService,
        RunTask] "ClientException"
        "Unable to describe task definition."
        <- "DescribeTaskDefinition API reference; aws-semantics.md 6";
    REVISION [DeregisterTaskDefinition] "ClientException"
        "Task definition must have a revision: {}"
        <- "DeregisterTaskDefinition API reference, taskDefinition";
    DEREGISTERED [DeregisterTaskDefinition] "InvalidParameterException"
        "The specified task definition is inactive. Specify an active task definition and try again."
        <- "DeregisterTaskDefinition API reference";

    INACTIVE_DEFINITION [CreateService, UpdateService, RunTask] "ClientException"
        "TaskDefinition is inactive"
        <- "CreateService API reference, taskDefinition: an ACTIVE revision";
    NAME [CreateService] "InvalidParameterException"
        "Service name must be up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens."
        <- "CreateService API reference, serviceName";
    NOT_IDEMPOTENT [CreateService] "InvalidParameterException"
        "Creation of service was not idempotent."
        <- "aws-semantics.md 6";
    DRAINING [CreateService] "InvalidParameterException"
        "Unable to Start a service that is still Draining."
        <- "aws-semantics.md 6";
    DESIRED_COUNT [CreateService, UpdateService] "InvalidParameterException"
        "desiredCount {}"
        <- "CreateService API reference, desiredCount";
    LAUNCH_AND_STRATEGY [CreateService, RunTask] "InvalidParameterException"
        "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        <- "CreateService API reference, capacityProviderStrategy";
    UNMODELLED_LAUNCH [CreateService, UpdateService, RunTask] "InvalidParameterException"
        "the sandbox does not model {}: only tasks on EC2 instances, with ECS's own deployments"
        <- "design.md 5: what the sandbox does not model is an error";
    NETWORK_MISSING [CreateService, UpdateService, RunTask] "InvalidParameterException"
        "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        <- "aws-semantics.md 6; CreateService API reference, networkConfiguration";
    NETWORK_REFUSED [CreateService, UpdateService, RunTask] "InvalidParameterException"
        "Network Configuration is not valid for the given networkMode of this task definition."
        <- "aws-semantics.md 6; CreateService API reference, networkConfiguration";
    SUBNETS [CreateService, UpdateService, RunTask] "InvalidParameterException"
        "Error retrieving subnet information: {}"
        <- "API reference, AwsVpcConfiguration, subnets";
    SECURITY_GROUPS [CreateService, UpdateService, RunTask] "InvalidParameterException"
        "Error retrieving security group information: The security group '{}' {}"
        <- "API reference, AwsVpcConfiguration, securityGroups";
    TARGET_GROUP [CreateService, UpdateService] "InvalidParameterException"
        "Unable to assume role and validate the specified targetGroupArn: the target group {} does not exist."
        <- "API reference, LoadBalancer, targetGroupArn";
    TARGET_GROUP_LONELY [CreateService, UpdateService] "InvalidParameterException"
        "The target group with targetGroupArn {} does not have an associated load balancer."
        <- "aws-semantics.md 6";
    TARGET_TYPE [CreateService, UpdateService] "InvalidParameterException"
        "The provided target group {} has target type {}, which is incompatible with the {} network mode specified in the task definition."
        <- "aws-semantics.md 6; API reference, LoadBalancer, targetGroupArn";
    CONTAINER_PORT [CreateService, UpdateService] "InvalidParameterException"
        "The container {} did not have a container port {} defined."
        <- "API reference, LoadBalancer, containerPort";
    PERCENTAGES [CreateService, UpdateService] "InvalidParameterException"
        "{}"
        <- "API reference, DeploymentConfiguration; CreateService, healthCheckGracePeriodSeconds";
    BREAKER [CreateService, UpdateService] "InvalidParameterException"
        "Deployment circuit breaker rollback cannot be enabled while the circuit breaker is not."
        <- "API reference, DeploymentCircuitBreaker";
    REBALANCING [CreateService, UpdateService] "InvalidParameterException"
        "Availability Zone rebalancing is not supported for {}."
        <- "aws-semantics.md 6; developer guide, Availability Zone rebalancing";
    PLACEMENT [CreateService, UpdateService] "InvalidParameterException"
        "Invalid placement: {}."
        <- "API reference, PlacementConstraint and PlacementStrategy";
    CONNECT [CreateService, UpdateService] "InvalidParameterException"
        "Invalid Service Connect configuration: {}."
        <- "API reference, ServiceConnectConfiguration";
    NO_NAMESPACE [CreateService, UpdateService] "NamespaceNotFoundException"
        "The specified namespace wasn't found."
        <- "CreateService API reference, NamespaceNotFoundException";
    NO_SERVICE [UpdateService, DeleteService, ListServiceDeployments, ListTasks]
        "ServiceNotFoundException"
        "Service not found."
        <- "UpdateService API reference, ServiceNotFoundException";
    NOT_ACTIVE [UpdateService] "ServiceNotActiveException"
        "Service was not ACTIVE."
        <- "UpdateService API reference, ServiceNotActiveException";
    SCALED [DeleteService] "InvalidParameterException"
        "The service cannot be stopped while it is scaled above 0."
        <- "DeleteService API reference, force";
    RUN_COUNT [RunTask] "InvalidParameterException"
        "count must be between 1 and 10."
        <- "RunTask API reference, count";
    NO_TASK [StopTask, UpdateTaskProtection] "InvalidParameterException"
        "The referenced task was not found."
        <- "StopTask API reference, errors";
    PROTECTION_SERVICE [UpdateTaskProtection] "InvalidParameterException"
        "Task protection is only supported for tasks of a service."
        <- "UpdateTaskProtection API reference";
    NO_INSTANCE [DeregisterContainerInstance] "InvalidParameterException"
        "Referenced container instance was not found."
        <- "DeregisterContainerInstance API reference, errors";
    HAS_TASKS [DeregisterContainerInstance] "InvalidParameterException"
        "Found running tasks on the instance."
        <- "DeregisterContainerInstance API reference, force";
    INSTANCE_FILTER [ListContainerInstances] "InvalidParameterException"
        "Unable to parse filter expression: {}"
        <- "ListContainerInstances API reference, filter; developer guide, cluster query language";
    INSTANCE_STATUS [UpdateContainerInstancesState] "InvalidParameterException"
        "Container instance status must be ACTIVE or DRAINING, not {}."
        <- "UpdateContainerInstancesState API reference, status";
}
