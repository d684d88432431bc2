//! What Cloud Map refuses.

use crate::rules::rules;

rules! { "servicediscovery":
    NAMESPACE_EXISTS [CreatePrivateDnsNamespace, CreatePublicDnsNamespace, CreateHttpNamespace]
        "NamespaceAlreadyExists"
        "Namespace with name {} already exists, id {}"
        <- "aws-semantics.md 7; CreatePrivateDnsNamespace API reference, errors";
    NAMESPACE_NOT_FOUND [GetNamespace, DeleteNamespace, UpdatePrivateDnsNamespace,
        UpdatePublicDnsNamespace, UpdateHttpNamespace, CreateService] "NamespaceNotFound" (404)
        "Namespace {} not found"
        <- "API reference of each operation, errors";
    NAMESPACE_NAME_NOT_FOUND [DiscoverInstances] "NamespaceNotFound" (404)
        "Namespace with name {} not found"
        <- "DiscoverInstances API reference, errors";
    NAMESPACE_IN_USE [DeleteNamespace] "ResourceInUse" (409)
        "Namespace {} has {} services and cannot be deleted"
        <- "aws-semantics.md 7: while services exist, Service Connect's own too";
    NAMESPACE_KIND [UpdatePrivateDnsNamespace, UpdatePublicDnsNamespace, UpdateHttpNamespace]
        "InvalidInput"
        "Namespace {} is of type {}"
        <- "UpdatePrivateDnsNamespace API reference: updates a private DNS namespace";
    NAMESPACE_NAME [CreatePrivateDnsNamespace, CreatePublicDnsNamespace, CreateHttpNamespace]
        "InvalidInput"
        "The name {} of a namespace must not begin with arn:"
        <- "CreateHttpNamespace API reference, Name, pattern (?!arn:)";
    DUPLICATE [CreatePrivateDnsNamespace, CreatePublicDnsNamespace, CreateHttpNamespace,
        DeleteNamespace, UpdatePrivateDnsNamespace, UpdatePublicDnsNamespace, UpdateHttpNamespace,
        UpdateService, RegisterInstance, DeregisterInstance] "DuplicateRequest" (409)
        "The operation {} for {} is already in progress"
        <- "API reference of each operation: the operation is already in progress";
    OPERATION_NOT_FOUND [GetOperation] "OperationNotFound" (404)
        "Operation {} not found"
        <- "GetOperation API reference, errors";
    FILTER [ListNamespaces, ListServices, ListOperations] "InvalidInput"
        "The condition {} is not supported for the filter {}"
        <- "NamespaceFilter, ServiceFilter and OperationFilter API reference, Condition";
    TOKEN [ListNamespaces, ListServices, ListOperations, ListInstances] "InvalidInput"
        "The NextToken is invalid"
        <- "ListNamespaces API reference, NextToken";
    SERVICE_EXISTS [CreateService] "ServiceAlreadyExists"
        "Service with name {} already exists in namespace {}, id {}"
        <- "CreateService API reference, errors: names are unique in a namespace";
    SERVICE_NOT_FOUND [GetService, UpdateService, DeleteService, RegisterInstance,
        DeregisterInstance, ListInstances, GetInstance] "ServiceNotFound" (404)
        "Service {} not found"
        <- "API reference of each operation, errors";
    SERVICE_NAME_NOT_FOUND [DiscoverInstances] "ServiceNotFound" (404)
        "Service with name {} not found in namespace {}"
        <- "DiscoverInstances API reference, errors";
    SERVICE_NAME [CreateService] "InvalidInput"
        "The name {} of a service has more than 127 characters"
        <- "CreateService API reference, Name, pattern (?=^.{1,127}$)";
    SERVICE_NAMESPACE [CreateService] "InvalidInput"
        "A service needs exactly one NamespaceId, beside or inside DnsConfig"
        <- "CreateService API reference, NamespaceId; DnsConfig, NamespaceId (deprecated)";
    SERVICE_IN_USE [DeleteService] "ResourceInUse" (409)
        "Service {} contains registered instances; delete the instances before deleting the service"
        <- "aws-semantics.md 7; DeleteService API reference, errors";
    DNS_IN_HTTP [CreateService, UpdateService] "InvalidInput"
        "{} is not supported for services in the HTTP namespace {}"
        <- "CreateService API reference, DnsConfig; UpdateService: not on HTTP namespaces";
    DNS_MISSING [CreateService] "InvalidInput"
        "A service in the DNS namespace {} needs a DnsConfig, or the type HTTP"
        <- "CreateService API reference, Type";
    DNS_RECORDS [CreateService, UpdateService] "InvalidInput"
        "The DNS records {} are not a valid combination"
        <- "DnsRecord API reference, Type: CNAME alone, each type once; UpdateService: existing ones";
    CNAME_ROUTING [CreateService] "InvalidInput"
        "A CNAME record needs the routing policy WEIGHTED"
        <- "DnsConfig API reference, RoutingPolicy; DnsRecord, CNAME";
    HEALTH_CHECKS [CreateService] "InvalidInput"
        "HealthCheckConfig and HealthCheckCustomConfig exclude each other"
        <- "CreateService API reference, HealthCheckCustomConfig";
    HEALTH_CHECK_PRIVATE [CreateService, UpdateService] "InvalidInput"
        "HealthCheckConfig needs a public DNS namespace; {} is none"
        <- "HealthCheckConfig API reference: public DNS namespaces only";
    INSTANCE_NOT_FOUND [GetInstance, DeregisterInstance] "InstanceNotFound" (404)
        "Instance {} not found in service {}"
        <- "GetInstance API reference, errors";
    INSTANCE_ATTRIBUTE [RegisterInstance] "InvalidInput"
        "A record of type {} needs the attribute {}"
        <- "RegisterInstance API reference, Attributes: AWS_INSTANCE_IPV4, AWS_INSTANCE_PORT";
    RESOURCE_NOT_FOUND [TagResource, UntagResource, ListTagsForResource]
        "ResourceNotFoundException" (404)
        "Resource {} not found"
        <- "TagResource API reference, errors";
    TOO_MANY_TAGS [TagResource, CreateService, CreateHttpNamespace, CreatePrivateDnsNamespace,
        CreatePublicDnsNamespace] "TooManyTagsException"
        "Resource {} has more than 50 tags"
        <- "TagResource API reference, errors; developer guide, tagging";
    RESERVED_TAG [TagResource, CreateService, CreateHttpNamespace, CreatePrivateDnsNamespace,
        CreatePublicDnsNamespace] "InvalidInput"
        "The tag key {} begins with aws:, which is reserved"
        <- "developer guide, tagging: the prefix aws: is reserved";
}
