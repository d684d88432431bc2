//! What Route 53 refuses.

use crate::rules::rules;

rules! { "route53":
    NO_ZONE [GetHostedZone, DeleteHostedZone, UpdateHostedZoneComment, AssociateVPCWithHostedZone,
        DisassociateVPCFromHostedZone, ChangeResourceRecordSets, ListResourceRecordSets,
        ChangeTagsForResource, ListTagsForResource, ListTagsForResources]
        "NoSuchHostedZone" (404)
        "No hosted zone found with ID: {}"
        <- "GetHostedZone API reference, NoSuchHostedZone";
    NO_CHANGE [GetChange] "NoSuchChange" (404)
        "Could not find resource with ID: {}"
        <- "GetChange API reference, NoSuchChange";
    DOMAIN_NAME [CreateHostedZone] "InvalidDomainName"
        "{} is not a valid domain name"
        <- "CreateHostedZone API reference, InvalidDomainName";
    REFERENCE_USED [CreateHostedZone] "HostedZoneAlreadyExists" (409)
        "A hosted zone has already been created with the specified caller reference."
        <- "aws-semantics.md 8; CreateHostedZone API reference, CallerReference must be unique each time";
    VPC_UNKNOWN [CreateHostedZone, AssociateVPCWithHostedZone] "InvalidVPCId"
        "The VPC: {} in region {} that you provided is not authorized to make the association."
        <- "CreateHostedZone API reference, InvalidVPCId";
    PRIVATE_WITHOUT_VPC [CreateHostedZone] "InvalidInput"
        "When you are creating a private hosted zone, you must specify a VPC."
        <- "CreateHostedZone API reference, HostedZoneConfig: PrivateZone needs VPC";
    DOMAIN_CONFLICT [CreateHostedZone, AssociateVPCWithHostedZone] "ConflictingDomainExists"
        "The VPC {} in region {} has already been associated with the hosted zone {} with the same domain name."
        <- "aws-semantics.md 8; AssociateVPCWithHostedZone API reference, ConflictingDomainExists";
    PUBLIC_ZONE [AssociateVPCWithHostedZone, DisassociateVPCFromHostedZone]
        "PublicZoneVPCAssociation"
        "The hosted zone {} is a public hosted zone, so no VPC can be associated with it."
        <- "AssociateVPCWithHostedZone API reference, PublicZoneVPCAssociation";
    LAST_VPC [DisassociateVPCFromHostedZone] "LastVPCAssociation"
        "The VPC {} is the last one associated with the hosted zone {}."
        <- "aws-semantics.md 8; DisassociateVPCFromHostedZone API reference, LastVPCAssociation";
    NOT_ASSOCIATED [DisassociateVPCFromHostedZone] "VPCAssociationNotFound" (404)
        "The VPC {} is not associated with the hosted zone {}."
        <- "DisassociateVPCFromHostedZone API reference, VPCAssociationNotFound";
    NOT_EMPTY [DeleteHostedZone] "HostedZoneNotEmpty"
        "The specified hosted zone contains non-required resource record sets and so cannot be deleted."
        <- "aws-semantics.md 8; DeleteHostedZone API reference, HostedZoneNotEmpty";
    LINKED [DeleteHostedZone, ChangeResourceRecordSets] "AccessDenied" (403)
        "The resource hostedzone/{} can only be managed through AWS Cloud Map ({})"
        <- "aws-semantics.md 7; Cloud Map developer guide: the zone of a namespace is Cloud Map's";
    RECORD_NAME [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[{} is not a valid domain name]"
        <- "developer guide, DNS domain name format";
    OUTSIDE [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[RRSet with DNS name {} is not permitted in zone {}]"
        <- "ChangeResourceRecordSets API reference, InvalidChangeBatch";
    RECORD_EXISTS [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[Tried to create resource record set [name='{}', type='{}'] but it already exists]"
        <- "ChangeResourceRecordSets API reference, InvalidChangeBatch";
    RECORD_MISSING [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[Tried to delete resource record set [name='{}', type='{}'] but it was not found]"
        <- "ChangeResourceRecordSets API reference, InvalidChangeBatch";
    RECORD_DIFFERS [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[Tried to delete resource record set [name='{}', type='{}'] but the values provided do not match the current values]"
        <- "aws-semantics.md 8: DELETE needs exact values";
    RECORD_TWICE [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[The request contains an invalid set of changes for a resource record set '{} {}']"
        <- "ChangeResourceRecordSets API reference, InvalidChangeBatch";
    CNAME_AT_APEX [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[RRSet of type CNAME with DNS name {} is not permitted at apex in zone {}]"
        <- "developer guide, CNAME record type";
    CNAME_CONFLICT [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[RRSet of type CNAME with DNS name {} is not permitted as it conflicts with other records with the same DNS name in zone {}]"
        <- "developer guide, CNAME record type";
    NEEDS_SOA [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[A HostedZone must contain exactly one SOA record.]"
        <- "aws-semantics.md 8: apex NS and SOA stay";
    NEEDS_NS [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[A HostedZone must contain at least one NS record for the zone itself.]"
        <- "aws-semantics.md 8: apex NS and SOA stay";
    BAD_VALUE [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[Invalid Resource Record: 'FATAL problem: {} encountered with '{}'']"
        <- "developer guide, supported DNS record types";
    DUPLICATE_VALUE [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[Duplicate Resource Record: '{}']"
        <- "ChangeResourceRecordSets API reference, ResourceRecords: no duplicate values";
    ONE_CNAME_VALUE [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[Too many resource records in RRSet with DNS name {}, type CNAME: there may be one]"
        <- "developer guide, CNAME record type";
    ALIAS_TARGET [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[Tried to create an alias that targets {}, type {} in zone {}, but that target was not found]"
        <- "AliasTarget API reference: a record of the same zone, or an AWS resource";
    SIMPLE_AND_OTHER [ChangeResourceRecordSets] "InvalidChangeBatch"
        "[RRSet with DNS name {}, type {}, cannot be created as other RRSets exist with the same name and type.]"
        <- "ResourceRecordSet API reference, SetIdentifier";
    NO_TTL [ChangeResourceRecordSets] "InvalidInput"
        "Invalid request: Missing field 'TTL' in Change with [Name={}, Type={}]"
        <- "ResourceRecordSet API reference, TTL: needed unless it is an alias";
    ALIAS_OR_VALUES [ChangeResourceRecordSets] "InvalidInput"
        "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found {} in Change with [Name={}, Type={}]"
        <- "ResourceRecordSet API reference, AliasTarget and ResourceRecords";
    SET_WITHOUT_POLICY [ChangeResourceRecordSets] "InvalidInput"
        "Invalid request: Missing field 'Weight' or 'MultiValueAnswer' in Change with [Name={}, Type={}, SetIdentifier={}]"
        <- "ResourceRecordSet API reference, SetIdentifier: for routing other than simple";
    POLICY_WITHOUT_SET [ChangeResourceRecordSets] "InvalidInput"
        "Invalid request: Missing field 'SetIdentifier' in Change with [Name={}, Type={}]"
        <- "ResourceRecordSet API reference, SetIdentifier: for routing other than simple";
    START [ListResourceRecordSets] "InvalidInput"
        "Invalid request: {} is given without {}"
        <- "ListResourceRecordSets API reference: the start names a name before a type before an identifier";
    MARKER [ListHostedZones] "InvalidInput"
        "The marker {} is not valid."
        <- "ListHostedZones API reference, Marker";
    MAX_ITEMS [ListHostedZones, ListHostedZonesByName, ListHostedZonesByVPC, ListResourceRecordSets]
        "InvalidInput"
        "The value {} of MaxItems is not valid."
        <- "ListHostedZones API reference, MaxItems";
    NO_TAGS [ChangeTagsForResource] "InvalidInput"
        "Either AddTags or RemoveTagKeys must be given."
        <- "ChangeTagsForResource API reference";
    TOO_MANY_TAGS [ChangeTagsForResource] "InvalidInput"
        "A resource can have no more than 10 tags."
        <- "ChangeTagsForResource API reference: add up to 10 tags";
    TAGGED_TYPE [ChangeTagsForResource, ListTagsForResource, ListTagsForResources]
        "NoSuchHealthCheck" (404)
        "No health check exists with the specified ID: {}"
        <- "ListTagsForResource API reference, ResourceType";
}
