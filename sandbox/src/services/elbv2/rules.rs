//! What Elastic Load Balancing refuses.

use crate::rules::rules;

rules! { "elasticloadbalancing":
    NAME_LENGTH [CreateLoadBalancer, CreateTargetGroup] "ValidationError"
        "The {} name '{}' must be between 1 and 32 characters long"
        <- "CreateLoadBalancer and CreateTargetGroup API reference, Name";
    NAME_HYPHEN [CreateLoadBalancer, CreateTargetGroup] "ValidationError"
        "The {} name '{}' cannot begin or end with '-'"
        <- "CreateLoadBalancer and CreateTargetGroup API reference, Name";
    NAME_LETTERS [CreateLoadBalancer, CreateTargetGroup] "ValidationError"
        "The {} name '{}' can only contain characters that are alphanumeric characters and hyphens(-)"
        <- "CreateLoadBalancer and CreateTargetGroup API reference, Name";
    NAME_INTERNAL [CreateLoadBalancer] "ValidationError"
        "The load balancer name '{}' cannot begin with 'internal-'"
        <- "CreateLoadBalancer API reference, Name";
    MARKER [DescribeLoadBalancers, DescribeTargetGroups, DescribeListeners, DescribeRules,
        DescribeListenerCertificates, DescribeSSLPolicies]
        "ValidationError"
        "The marker is invalid"
        <- "API reference, Marker";
    NAMES_AND_ARNS [DescribeLoadBalancers, DescribeTargetGroups] "ValidationError"
        "{} names and ARNs cannot be specified at the same time"
        <- "DescribeLoadBalancers API reference";
    ARN_FORM [DeleteLoadBalancer, AddTags, RemoveTags, DescribeTags, DeleteTargetGroup,
        DeleteListener, DeleteRule]
        "ValidationError"
        "'{}' is not a valid ARN of what the operation is for"
        <- "API reference of each operation";
    SUBNETS_TWO_WAYS [CreateLoadBalancer, SetSubnets] "ValidationError"
        "You can specify either subnets or subnet mappings, but not both"
        <- "CreateLoadBalancer API reference, Subnets";
    SUBNET_NOT_FOUND [CreateLoadBalancer, SetSubnets] "SubnetNotFound"
        "The subnet ID '{}' does not exist"
        <- "CreateLoadBalancer API reference, errors";
    SUBNETS_OF_VPCS [CreateLoadBalancer, SetSubnets] "InvalidConfigurationRequest"
        "All subnets must belong to the same VPC"
        <- "CreateLoadBalancer API reference, errors";
    ZONE_TWICE [CreateLoadBalancer, SetSubnets] "InvalidConfigurationRequest"
        "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        <- "CreateLoadBalancer API reference, Subnets; coldbrewcloud/coldbrew-cli#44";
    TWO_ZONES [CreateLoadBalancer, SetSubnets] "ValidationError"
        "At least two subnets in two different Availability Zones must be specified"
        <- "CreateLoadBalancer API reference, Subnets; aws-semantics.md 8";
    SUBNET_FULL [CreateLoadBalancer, SetSubnets] "InvalidSubnet"
        "Not enough IP space available in {}. ELB requires at least 8 free IP addresses in each subnet."
        <- "Subnets for your load balancer, user guide";
    SUBNET_WITHOUT_IPV6 [CreateLoadBalancer, SetSubnets, SetIpAddressType] "InvalidSubnet"
        "You must specify subnets with an associated IPv6 CIDR block: {} has none"
        <- "SetIpAddressType API reference";
    NO_INTERNET_GATEWAY [CreateLoadBalancer] "InvalidSubnet"
        "VPC {} has no internet gateway"
        <- "CreateLoadBalancer API reference, errors; aws-semantics.md 9.1";
    SECURITY_GROUP_NOT_FOUND [CreateLoadBalancer, SetSecurityGroups] "InvalidSecurityGroup"
        "The security group '{}' does not exist"
        <- "kubernetes-sigs/aws-load-balancer-controller#2371";
    SECURITY_GROUP_VPC [CreateLoadBalancer, SetSecurityGroups] "InvalidConfigurationRequest"
        "Security group \"{}\" does not belong to VPC \"{}\""
        <- "kubernetes/cloud-provider-aws#78";
    SECURITY_GROUP_LIMIT [CreateLoadBalancer, SetSecurityGroups] "InvalidConfigurationRequest"
        "The maximum number of security groups per load balancer has been reached"
        <- "boto/boto3#177";
    NO_SECURITY_GROUPS [SetSecurityGroups] "ValidationError"
        "At least one security group must be specified"
        <- "SetSecurityGroups API reference: an application load balancer has at least one";
    NETWORK_SECURITY_GROUPS [SetSecurityGroups] "InvalidConfigurationRequest"
        "You cannot set security groups of a load balancer that was created without any"
        <- "SetSecurityGroups API reference";
    LOAD_BALANCER_EXISTS [CreateLoadBalancer] "DuplicateLoadBalancerName"
        "A load balancer with the same name '{}' exists, but with different settings"
        <- "aws-semantics.md 8; CreateLoadBalancer API reference, errors";
    LOAD_BALANCER_LIMIT [CreateLoadBalancer] "TooManyLoadBalancers"
        "The maximum number of load balancers has been reached"
        <- "Quotas for your Application Load Balancers, user guide";
    LOAD_BALANCER_NOT_FOUND [DescribeLoadBalancers, DescribeLoadBalancerAttributes,
        ModifyLoadBalancerAttributes, SetSubnets, SetSecurityGroups, SetIpAddressType,
        DescribeListeners, DescribeTargetGroups, AddTags, RemoveTags, DescribeTags]
        "LoadBalancerNotFound"
        "One or more load balancers not found"
        <- "API reference of each operation, errors";
    PROTECTED [DeleteLoadBalancer] "OperationNotPermitted"
        "Load balancer '{}' cannot be deleted because deletion protection is enabled"
        <- "aws-semantics.md 8; DeleteLoadBalancer API reference, errors";
    ATTRIBUTE_KEY [ModifyLoadBalancerAttributes, ModifyTargetGroupAttributes,
        ModifyListenerAttributes]
        "ValidationError"
        "Attribute key '{}' is not recognized"
        <- "LoadBalancerAttribute, TargetGroupAttribute, ListenerAttribute API reference";
    ATTRIBUTE_VALUE [ModifyLoadBalancerAttributes, ModifyTargetGroupAttributes,
        ModifyListenerAttributes]
        "ValidationError"
        "Attribute value '{}' is not valid for attribute key '{}'"
        <- "LoadBalancerAttribute, TargetGroupAttribute, ListenerAttribute API reference";
    ATTRIBUTE_TWICE [ModifyLoadBalancerAttributes, ModifyTargetGroupAttributes,
        ModifyListenerAttributes]
        "ValidationError"
        "Attribute key '{}' is specified more than once"
        <- "ModifyLoadBalancerAttributes API reference";
    LOGS_WITHOUT_BUCKET [ModifyLoadBalancerAttributes] "InvalidConfigurationRequest"
        "The S3 bucket name must be specified when logs are enabled"
        <- "LoadBalancerAttribute API reference, access_logs.s3.bucket";
    LOGS_DENIED [ModifyLoadBalancerAttributes] "InvalidConfigurationRequest"
        "Access Denied for bucket: {}. Please check S3bucket permission"
        <- "aws-semantics.md 8";
    TARGET_GROUP_MEMBER [CreateTargetGroup] "ValidationError"
        "A {} must be specified for target groups with target type '{}'"
        <- "CreateTargetGroup API reference: required unless the target is a Lambda function";
    VPC_NOT_FOUND [CreateTargetGroup] "ValidationError"
        "The VPC ID '{}' is not found"
        <- "CreateTargetGroup API reference, VpcId";
    PROTOCOL_VERSION [CreateTargetGroup] "ValidationError"
        "Protocol version '{}' is not one of HTTP1, HTTP2, GRPC"
        <- "CreateTargetGroup API reference, ProtocolVersion";
    PROTOCOL_VERSION_TCP [CreateTargetGroup] "ValidationError"
        "Protocol version cannot be specified for target groups with protocol TCP"
        <- "CreateTargetGroup API reference, ProtocolVersion";
    CHECK_PROTOCOL [CreateTargetGroup, ModifyTargetGroup] "ValidationError"
        "Health check protocol '{}' is not supported for target groups with protocol '{}'"
        <- "CreateTargetGroup API reference, HealthCheckProtocol";
    CHECK_DISABLED [CreateTargetGroup, ModifyTargetGroup] "ValidationError"
        "Health checks can only be disabled for target groups with target type 'lambda'"
        <- "CreateTargetGroup API reference, HealthCheckEnabled";
    CHECK_PORT [CreateTargetGroup, ModifyTargetGroup] "ValidationError"
        "Health check port '{}' must be 'traffic-port' or a number between 1 and 65535"
        <- "CreateTargetGroup API reference, HealthCheckPort";
    CHECK_PATH [CreateTargetGroup, ModifyTargetGroup] "ValidationError"
        "Health check path '{}' must begin with a '/'"
        <- "CreateTargetGroup API reference, HealthCheckPath";
    CHECK_TCP [CreateTargetGroup, ModifyTargetGroup] "ValidationError"
        "A health check {} cannot be specified for TCP health checks"
        <- "CreateTargetGroup API reference, HealthCheckPath, Matcher";
    CHECK_MATCHER [CreateTargetGroup, ModifyTargetGroup] "ValidationError"
        "Health check matcher '{}' is not valid"
        <- "Matcher API reference";
    CHECK_TIMEOUT [CreateTargetGroup, ModifyTargetGroup] "ValidationError"
        "Health check timeout '{}' must be smaller than the interval '{}'"
        <- "Health checks for your target groups, user guide";
    TARGET_GROUP_EXISTS [CreateTargetGroup] "DuplicateTargetGroupName"
        "A target group with the same name '{}' exists, but with different settings"
        <- "CreateTargetGroup API reference, errors";
    TARGET_GROUP_LIMIT [CreateTargetGroup] "TooManyTargetGroups"
        "The maximum number of target groups has been reached"
        <- "Quotas for your Application Load Balancers, user guide";
    TARGET_GROUP_NOT_FOUND [DescribeTargetGroups, ModifyTargetGroup, DescribeTargetGroupAttributes,
        ModifyTargetGroupAttributes, RegisterTargets, DeregisterTargets, DescribeTargetHealth,
        AddTags, RemoveTags, DescribeTags]
        "TargetGroupNotFound"
        "One or more target groups not found"
        <- "API reference of each operation, errors";
    TARGET_GROUP_IN_USE [DeleteTargetGroup] "ResourceInUse"
        "Target group '{}' is currently in use by a listener or a rule"
        <- "aws-semantics.md 8";
    SLOW_START [ModifyTargetGroupAttributes] "ValidationError"
        "Slow start mode cannot be enabled with another algorithm than round robin"
        <- "Target group attributes, user guide: slow start mode";
    COOKIE_NAME [ModifyTargetGroupAttributes] "ValidationError"
        "The attribute 'stickiness.app_cookie.cookie_name' must be set for application-based stickiness"
        <- "TargetGroupAttribute API reference";
    INSTANCE_TARGET [RegisterTargets] "InvalidTarget"
        "The following targets are not in a running state and cannot be registered: '{}'"
        <- "RegisterTargets API reference, errors";
    ADDRESS_TARGET [RegisterTargets] "ValidationError"
        "The IP address '{}' is not a valid IPv4 address"
        <- "TargetDescription API reference, Id";
    ADDRESS_OUTSIDE [RegisterTargets] "InvalidTarget"
        "The IP address '{}' is not within the VPC of the target group"
        <- "TargetDescription API reference, Id and AvailabilityZone";
    TARGET_LIMIT [RegisterTargets] "TooManyTargets"
        "The maximum number of targets has been reached"
        <- "Quotas for your Application Load Balancers, user guide";
    LISTENER_MEMBER [CreateListener] "ValidationError"
        "A listener {} must be specified"
        <- "CreateListener API reference: required but for gateway load balancers";
    LISTENER_PROTOCOL [CreateListener, ModifyListener] "UnsupportedProtocol"
        "Listener protocol '{}' is not supported by load balancers of type '{}'"
        <- "CreateListener API reference, Protocol";
    NOT_SECURE [CreateListener, ModifyListener, AddListenerCertificates,
        RemoveListenerCertificates]
        "ValidationError"
        "{} cannot be specified for a listener with protocol '{}'"
        <- "CreateListener API reference, Certificates, SslPolicy";
    SSL_POLICY_NOT_FOUND [CreateListener, ModifyListener, DescribeSSLPolicies] "SSLPolicyNotFound"
        "SSL policy '{}' not found"
        <- "CreateListener API reference, errors";
    ONE_CERTIFICATE [CreateListener, ModifyListener] "ValidationError"
        "You can specify exactly one default certificate"
        <- "CreateListener API reference, Certificates";
    CERTIFICATE_MISSING [CreateListener, ModifyListener] "ValidationError"
        "A certificate must be specified for {} listeners"
        <- "CreateListener API reference, Certificates";
    CERTIFICATE_NOT_FOUND [CreateListener, ModifyListener, AddListenerCertificates]
        "CertificateNotFound"
        "Certificate '{}' not found"
        <- "aws-semantics.md 8; CreateListener API reference, errors";
    CERTIFICATE_PENDING [CreateListener, ModifyListener, AddListenerCertificates]
        "UnsupportedCertificate"
        "The certificate '{}' must have a fully-qualified domain name, a supported signature, and a supported key size."
        <- "aws-semantics.md 8: a certificate is to be issued first";
    CERTIFICATE_LIMIT [AddListenerCertificates] "TooManyCertificates"
        "The maximum number of certificates per load balancer has been reached"
        <- "Quotas for your Application Load Balancers, user guide";
    DEFAULT_CERTIFICATE [RemoveListenerCertificates] "OperationNotPermitted"
        "The default certificate '{}' cannot be removed"
        <- "RemoveListenerCertificates API reference, errors";
    LISTENER_LOAD_BALANCER [CreateListener] "LoadBalancerNotFound"
        "Load balancer '{}' not found"
        <- "CreateListener API reference, errors";
    LISTENER_EXISTS [CreateListener, ModifyListener] "DuplicateListener"
        "A listener already exists on this port for this load balancer '{}'"
        <- "aws-semantics.md 8; CreateListener API reference, errors";
    LISTENER_LIMIT [CreateListener] "TooManyListeners"
        "The maximum number of listeners per load balancer has been reached"
        <- "Quotas for your Application Load Balancers, user guide";
    LISTENER_NOT_FOUND [DescribeListeners, ModifyListener, DeleteListener, CreateRule,
        DescribeRules, DescribeListenerAttributes, ModifyListenerAttributes,
        AddListenerCertificates, RemoveListenerCertificates, DescribeListenerCertificates, AddTags,
        RemoveTags, DescribeTags]
        "ListenerNotFound"
        "One or more listeners not found"
        <- "API reference of each operation, errors";
    WHICH_LISTENERS [DescribeListeners] "ValidationError"
        "You must specify either listener ARNs or a load balancer ARN"
        <- "DescribeListeners API reference";
    ONE_ACTION [CreateListener, ModifyListener, CreateRule, ModifyRule] "InvalidLoadBalancerAction"
        "You must specify exactly one action of type forward, redirect or fixed-response"
        <- "Action API reference";
    ACTION_OF_NETWORK [CreateListener, ModifyListener] "InvalidLoadBalancerAction"
        "Actions of type '{}' are not supported by network load balancers"
        <- "CreateListener API reference, DefaultActions";
    ACTION_MEMBER [CreateListener, ModifyListener, CreateRule, ModifyRule] "ValidationError"
        "{} cannot be specified for an action of type '{}'"
        <- "Action API reference";
    ACTION_WITHOUT_CONFIG [CreateListener, ModifyListener, CreateRule, ModifyRule]
        "ValidationError"
        "The configuration of the action of type '{}' must be specified"
        <- "Action API reference";
    FORWARD_WITHOUT_TARGET [CreateListener, ModifyListener, CreateRule, ModifyRule]
        "ValidationError"
        "A target group ARN must be specified"
        <- "Action API reference, TargetGroupArn";
    FORWARD_TWO_WAYS [CreateListener, ModifyListener, CreateRule, ModifyRule] "ValidationError"
        "The target group ARN must be the only one of the forward configuration"
        <- "Action API reference, ForwardConfig";
    STICKINESS_DURATION [CreateListener, ModifyListener, CreateRule, ModifyRule] "ValidationError"
        "The stickiness duration must be between 1 and 604800 seconds"
        <- "TargetGroupStickinessConfig API reference";
    TARGET_GROUPS_PER_ACTION [CreateListener, ModifyListener, CreateRule, ModifyRule]
        "TooManyTargetGroups"
        "The maximum number of target groups per action has been reached"
        <- "Quotas for your Application Load Balancers, user guide";
    TARGET_GROUPS_PER_LOAD_BALANCER [CreateListener, ModifyListener, CreateRule, ModifyRule]
        "TooManyUniqueTargetGroupsPerLoadBalancer"
        "The maximum number of unique target groups per load balancer has been reached"
        <- "CreateRule API reference, errors";
    TARGET_GROUP_TWICE [CreateListener, ModifyListener, CreateRule, ModifyRule] "ValidationError"
        "Target group '{}' is specified more than once"
        <- "ForwardActionConfig API reference";
    WEIGHT [CreateListener, ModifyListener, CreateRule, ModifyRule] "ValidationError"
        "The weight of a target group must be between 0 and 999"
        <- "TargetGroupTuple API reference";
    TARGET_GROUPS_NOT_FOUND [CreateListener, ModifyListener, CreateRule, ModifyRule]
        "TargetGroupNotFound"
        "Target groups '{}' not found"
        <- "CreateListener API reference, errors";
    PROTOCOLS [CreateListener, ModifyListener, CreateRule, ModifyRule] "IncompatibleProtocols"
        "Listener protocol '{}' is not supported with a target group with protocol '{}'"
        <- "CreateListener API reference, errors";
    TARGET_GROUP_VPC [CreateListener, ModifyListener, CreateRule, ModifyRule]
        "InvalidConfigurationRequest"
        "The following target groups are in a different VPC than the load balancer: {}"
        <- "CreateListener API reference, errors";
    TARGET_GROUP_OF_ANOTHER [CreateListener, ModifyListener, CreateRule, ModifyRule]
        "TargetGroupAssociationLimit"
        "The following target groups cannot be associated with more than one load balancer: {}"
        <- "CreateListener API reference, errors";
    REDIRECT_PORT [CreateListener, ModifyListener, CreateRule, ModifyRule] "ValidationError"
        "The redirect port '{}' must be '#{port}' or a number between 1 and 65535"
        <- "RedirectActionConfig API reference, Port";
    REDIRECT_PATH [CreateListener, ModifyListener, CreateRule, ModifyRule] "ValidationError"
        "The redirect path '{}' must begin with a '/'"
        <- "RedirectActionConfig API reference, Path";
    REDIRECT_LOOP [CreateListener, ModifyListener, CreateRule, ModifyRule]
        "InvalidLoadBalancerAction"
        "The redirect configuration is not valid because it creates a loop"
        <- "RedirectActionConfig API reference";
    CONTENT_TYPE [CreateListener, ModifyListener, CreateRule, ModifyRule] "ValidationError"
        "Content type '{}' is not valid"
        <- "FixedResponseActionConfig API reference";
    RULE_OF_NETWORK [CreateRule] "OperationNotPermitted"
        "Rules are not supported by listeners of network load balancers"
        <- "CreateRule API reference: for application load balancers";
    CONDITION_MISSING [CreateRule, ModifyRule] "ValidationError"
        "A condition must be specified"
        <- "CreateRule API reference, Conditions";
    CONDITION_FIELD [CreateRule, ModifyRule] "ValidationError"
        "Condition field '{}' must be one of 'http-header', 'http-request-method', 'host-header', 'path-pattern', 'query-string', 'source-ip'"
        <- "RuleCondition API reference, Field";
    CONDITION_TWICE [CreateRule, ModifyRule] "ValidationError"
        "A rule can only have one '{}' condition"
        <- "CreateRule API reference, Conditions";
    CONDITION_MEMBER [CreateRule, ModifyRule] "ValidationError"
        "{} cannot be specified for a '{}' condition"
        <- "RuleCondition API reference";
    CONDITION_TWO_WAYS [CreateRule, ModifyRule] "ValidationError"
        "The values of a '{}' condition cannot be specified in two ways"
        <- "RuleCondition API reference, Values";
    CONDITION_EMPTY [CreateRule, ModifyRule] "ValidationError"
        "A '{}' condition must have a value"
        <- "RuleCondition API reference";
    CONDITION_HEADER [CreateRule, ModifyRule] "ValidationError"
        "An 'http-header' condition must name the header"
        <- "HttpHeaderConditionConfig API reference";
    CONDITION_VALUE [CreateRule, ModifyRule] "ValidationError"
        "Condition value '{}' is not valid for a '{}' condition"
        <- "RuleCondition API reference";
    CONDITION_VALUES [CreateRule, ModifyRule] "ValidationError"
        "A rule can only have '5' condition values"
        <- "Quotas for your Application Load Balancers, user guide";
    PRIORITY_IN_USE [CreateRule, SetRulePriorities] "PriorityInUse"
        "Priority '{}' is currently in use"
        <- "aws-semantics.md 8; CreateRule API reference, errors";
    RULE_LIMIT [CreateRule] "TooManyRules"
        "The maximum number of rules per load balancer has been reached"
        <- "Quotas for your Application Load Balancers, user guide";
    RULE_NOT_FOUND [DescribeRules, ModifyRule, DeleteRule, SetRulePriorities, AddTags, RemoveTags,
        DescribeTags]
        "RuleNotFound"
        "One or more rules not found"
        <- "API reference of each operation, errors";
    WHICH_RULES [DescribeRules] "ValidationError"
        "You must specify either rule ARNs or a listener ARN"
        <- "DescribeRules API reference";
    DEFAULT_RULE [ModifyRule, DeleteRule, SetRulePriorities] "OperationNotPermitted"
        "Default rule '{}' cannot be {}"
        <- "DeleteRule and SetRulePriorities API reference, errors";
    TAG_RESERVED [CreateLoadBalancer, CreateTargetGroup, CreateListener, CreateRule, AddTags]
        "ValidationError"
        "aws: prefixed tag key names are not allowed for external use"
        <- "Tag API reference";
    TAG_TWICE [CreateLoadBalancer, CreateTargetGroup, CreateListener, CreateRule, AddTags]
        "DuplicateTagKeys"
        "Tag keys must be unique"
        <- "AddTags API reference, errors";
    TAG_LIMIT [CreateLoadBalancer, CreateTargetGroup, CreateListener, CreateRule, AddTags]
        "TooManyTags"
        "The maximum number of tags per resource has been reached"
        <- "AddTags API reference, errors";
    TAGS_ARNS [AddTags, RemoveTags, DescribeTags] "ValidationError"
        "You can specify at most 20 resources in one call"
        <- "aws-semantics.md 0.1; DescribeTags API reference";
}
