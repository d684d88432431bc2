#!/usr/bin/env python3
"""Writes the shape tables of the sandbox from the service models that botocore carries.

    python3 -m venv VENV && VENV/bin/pip install botocore
    VENV/bin/python sandbox/src/shapes/trim.py

Kept: the operations listed here, the shapes they reach, and of each shape only names, types, wire
locations, constraints and error codes. No prose. The models are Apache-2.0 (botocore).
"""

import gzip
import json
import pathlib
import re

import botocore
import botocore.loaders

SERVICES = {
    "ec2": """
        CreateVpc DescribeVpcs DeleteVpc DescribeVpcAttribute ModifyVpcAttribute ModifyVpcTenancy
        AssociateVpcCidrBlock DisassociateVpcCidrBlock
        CreateSubnet DescribeSubnets DeleteSubnet ModifySubnetAttribute AssociateSubnetCidrBlock
        DisassociateSubnetCidrBlock
        CreateInternetGateway DescribeInternetGateways AttachInternetGateway DetachInternetGateway
        DeleteInternetGateway
        CreateRouteTable DescribeRouteTables DeleteRouteTable CreateRoute ReplaceRoute DeleteRoute
        AssociateRouteTable DisassociateRouteTable ReplaceRouteTableAssociation
        CreateSecurityGroup DescribeSecurityGroups DeleteSecurityGroup DescribeSecurityGroupRules
        ModifySecurityGroupRules UpdateSecurityGroupRuleDescriptionsIngress
        UpdateSecurityGroupRuleDescriptionsEgress AuthorizeSecurityGroupIngress
        AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress
        CreateTags DeleteTags DescribeTags
        DescribeAvailabilityZones DescribeRegions DescribeAccountAttributes
        CreateNetworkInterface DescribeNetworkInterfaces ModifyNetworkInterfaceAttribute
        DeleteNetworkInterface
        DescribeNetworkAcls DescribePrefixLists DescribeManagedPrefixLists
        CreateEgressOnlyInternetGateway DescribeEgressOnlyInternetGateways
        DeleteEgressOnlyInternetGateway
        AllocateAddress DescribeAddresses DescribeAddressesAttribute ReleaseAddress AssociateAddress
        DisassociateAddress
        CreateNatGateway DescribeNatGateways DeleteNatGateway
        CreateVpcEndpoint DescribeVpcEndpoints ModifyVpcEndpoint DeleteVpcEndpoints
        DescribeVpcEndpointServices
        CreateLaunchTemplate CreateLaunchTemplateVersion DescribeLaunchTemplates
        DescribeLaunchTemplateVersions ModifyLaunchTemplate DeleteLaunchTemplate
        DeleteLaunchTemplateVersions
        RunInstances DescribeInstances DescribeInstanceTypes TerminateInstances DescribeImages
    """,
    "autoscaling": """
        CreateAutoScalingGroup DescribeAutoScalingGroups UpdateAutoScalingGroup
        DeleteAutoScalingGroup CreateOrUpdateTags DeleteTags DescribeTags SetDesiredCapacity
        SetInstanceProtection DescribeAutoScalingInstances TerminateInstanceInAutoScalingGroup
        PutLifecycleHook DescribeLifecycleHooks DeleteLifecycleHook CompleteLifecycleAction
        StartInstanceRefresh DescribeInstanceRefreshes CancelInstanceRefresh
        RollbackInstanceRefresh DescribeScalingActivities SuspendProcesses ResumeProcesses
        EnableMetricsCollection DisableMetricsCollection
        AttachLoadBalancerTargetGroups DetachLoadBalancerTargetGroups
        DescribeLoadBalancerTargetGroups PutScalingPolicy DescribePolicies DeletePolicy
    """,
    "ecs": """
        CreateCluster DescribeClusters ListClusters UpdateCluster UpdateClusterSettings
        DeleteCluster PutClusterCapacityProviders
        CreateCapacityProvider DescribeCapacityProviders UpdateCapacityProvider
        DeleteCapacityProvider
        RegisterTaskDefinition DescribeTaskDefinition ListTaskDefinitions
        ListTaskDefinitionFamilies DeregisterTaskDefinition DeleteTaskDefinitions
        CreateService DescribeServices ListServices UpdateService DeleteService
        ListServiceDeployments DescribeServiceDeployments DescribeServiceRevisions
        RunTask ListTasks DescribeTasks StopTask UpdateTaskProtection GetTaskProtection
        ListContainerInstances DescribeContainerInstances DeregisterContainerInstance
        UpdateContainerInstancesState
        PutAccountSetting PutAccountSettingDefault ListAccountSettings DeleteAccountSetting
        TagResource UntagResource ListTagsForResource
    """,
    "elbv2": """
        CreateLoadBalancer DescribeLoadBalancers DeleteLoadBalancer DescribeLoadBalancerAttributes
        ModifyLoadBalancerAttributes SetSubnets SetSecurityGroups SetIpAddressType
        CreateTargetGroup DescribeTargetGroups ModifyTargetGroup DeleteTargetGroup
        DescribeTargetGroupAttributes ModifyTargetGroupAttributes
        RegisterTargets DeregisterTargets DescribeTargetHealth
        CreateListener DescribeListeners ModifyListener DeleteListener
        DescribeListenerAttributes ModifyListenerAttributes
        AddListenerCertificates RemoveListenerCertificates DescribeListenerCertificates
        CreateRule DescribeRules ModifyRule DeleteRule SetRulePriorities
        AddTags RemoveTags DescribeTags DescribeSSLPolicies
    """,
    "servicediscovery": """
        CreatePrivateDnsNamespace CreateHttpNamespace CreatePublicDnsNamespace GetNamespace
        ListNamespaces DeleteNamespace UpdatePrivateDnsNamespace UpdateHttpNamespace
        UpdatePublicDnsNamespace GetOperation ListOperations
        CreateService GetService ListServices UpdateService DeleteService
        RegisterInstance DeregisterInstance ListInstances GetInstance DiscoverInstances
        TagResource UntagResource ListTagsForResource
    """,
    "application-autoscaling": """
        RegisterScalableTarget DescribeScalableTargets DeregisterScalableTarget
        PutScalingPolicy DescribeScalingPolicies DeleteScalingPolicy
        DescribeScalingActivities TagResource UntagResource ListTagsForResource
    """,
    "cloudwatch": """
        PutMetricAlarm PutCompositeAlarm DescribeAlarms DeleteAlarms EnableAlarmActions DisableAlarmActions
        TagResource UntagResource ListTagsForResource
    """,
    "acm": """
        RequestCertificate DescribeCertificate ListCertificates DeleteCertificate
        UpdateCertificateOptions AddTagsToCertificate RemoveTagsFromCertificate
        ListTagsForCertificate
    """,
    "kms": """
        CreateKey DescribeKey ListKeys ScheduleKeyDeletion CancelKeyDeletion EnableKey DisableKey
        UpdateKeyDescription GetKeyPolicy PutKeyPolicy GetKeyRotationStatus EnableKeyRotation
        DisableKeyRotation CreateAlias UpdateAlias DeleteAlias ListAliases
        TagResource UntagResource ListResourceTags
    """,
    "ssm": """
        PutParameter GetParameter GetParameters GetParametersByPath GetParameterHistory
        DescribeParameters DeleteParameter DeleteParameters
        AddTagsToResource RemoveTagsFromResource ListTagsForResource
    """,
    "secretsmanager": """
        CreateSecret DescribeSecret ListSecrets UpdateSecret PutSecretValue GetSecretValue
        ListSecretVersionIds GetRandomPassword DeleteSecret RestoreSecret PutResourcePolicy GetResourcePolicy DeleteResourcePolicy
        TagResource UntagResource
    """,
    "iam": """
        CreateRole GetRole ListRoles UpdateRole DeleteRole UpdateAssumeRolePolicy
        PutRolePolicy GetRolePolicy ListRolePolicies DeleteRolePolicy
        AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies
        PutRolePermissionsBoundary DeleteRolePermissionsBoundary
        TagRole UntagRole ListRoleTags GetAccountAuthorizationDetails
        CreateInstanceProfile GetInstanceProfile DeleteInstanceProfile ListInstanceProfiles
        ListInstanceProfilesForRole AddRoleToInstanceProfile RemoveRoleFromInstanceProfile
        TagInstanceProfile UntagInstanceProfile ListInstanceProfileTags
        CreatePolicy GetPolicy GetPolicyVersion ListPolicyVersions DeletePolicy ListPolicies
        ListEntitiesForPolicy
    """,
    "logs": """
        CreateLogGroup DescribeLogGroups DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy
        TagResource UntagResource ListTagsForResource TagLogGroup UntagLogGroup ListTagsLogGroup
        PutLogGroupDeletionProtection AssociateKmsKey DisassociateKmsKey
        CreateLogStream DescribeLogStreams PutLogEvents GetLogEvents FilterLogEvents
    """,
    "dynamodb": """
        CreateTable DescribeTable ListTables UpdateTable DeleteTable
        UpdateTimeToLive DescribeTimeToLive UpdateContinuousBackups DescribeContinuousBackups
        TagResource UntagResource ListTagsOfResource DescribeLimits
        PutItem GetItem UpdateItem DeleteItem Scan Query
    """,
    "ecr": """
        CreateRepository DescribeRepositories DeleteRepository
        PutImageTagMutability PutImageScanningConfiguration
        PutLifecyclePolicy GetLifecyclePolicy DeleteLifecyclePolicy
        SetRepositoryPolicy GetRepositoryPolicy DeleteRepositoryPolicy
        TagResource UntagResource ListTagsForResource
        PutImage ListImages DescribeImages BatchGetImage BatchDeleteImage
    """,
    "sts": "GetCallerIdentity AssumeRole",
    "route53": """
        CreateHostedZone GetHostedZone ListHostedZones ListHostedZonesByName DeleteHostedZone
        UpdateHostedZoneComment AssociateVPCWithHostedZone DisassociateVPCFromHostedZone
        ListHostedZonesByVPC GetHostedZoneCount
        ChangeResourceRecordSets ListResourceRecordSets GetChange
        ChangeTagsForResource ListTagsForResource ListTagsForResources
    """,
    "s3": """
        CreateBucket HeadBucket DeleteBucket ListBuckets GetBucketLocation
        PutBucketTagging GetBucketTagging DeleteBucketTagging
        PutBucketPolicy GetBucketPolicy DeleteBucketPolicy
        PutBucketVersioning GetBucketVersioning
        PutBucketEncryption GetBucketEncryption DeleteBucketEncryption
        PutPublicAccessBlock GetPublicAccessBlock DeletePublicAccessBlock
        PutBucketOwnershipControls GetBucketOwnershipControls DeleteBucketOwnershipControls
        PutBucketLifecycleConfiguration GetBucketLifecycleConfiguration DeleteBucketLifecycle
        PutObject GetObject HeadObject DeleteObject DeleteObjects ListObjectsV2 ListObjectVersions
        CreateMultipartUpload ListMultipartUploads AbortMultipartUpload
    """,
    "resourcegroupstaggingapi": "GetResources",
}

METADATA = """
    apiVersion protocols jsonVersion targetPrefix xmlNamespace signingName endpointPrefix
    awsQueryCompatible
""".split()
SHAPE = "type required enum min max pattern flattened timestampFormat sensitive payload".split()
REFERENCE = "shape location locationName queryName flattened xmlAttribute".split()

# The outermost elements of S3's answers, which its model leaves out (API reference, "Response
# Syntax" of each operation). An empty one stands for its only member without a wrapper.
ROOTS = {
    "ListBuckets": "ListAllMyBucketsResult",
    "ListObjectsV2": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketLocation": "",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
}

# Patterns of the models that the services themselves judge later, with another error: Logs answers
# ValidationException "Invalid resourceArn" to an ARN ending in :* (github.com/boto/boto3/issues/4104).
UNENFORCED_PATTERNS = {("logs", "AmazonResourceName")}

# Values that AWS answers though its models do not list them: an internet gateway's attachment reads
# "available" (API reference, InternetGatewayAttachment), a new network interface "pending" (API
# reference, CreateNetworkInterface, example), a VPC endpoint has its state in small letters (API
# reference, DescribeVpcEndpoints, example), a NAT gateway's interface is of type "nat_gateway" (API
# reference, DescribeNetworkInterfaces, filter interface-type), certificates write their algorithm
# with a dash (API reference, DescribeCertificate, example).
MISSING_VALUES = {
    ("ec2", "AttachmentStatus"): ["available"],
    ("ec2", "NetworkInterfaceStatus"): ["pending"],
    ("ec2", "NetworkInterfaceType"): ["nat_gateway"],
    ("acm", "KeyAlgorithm"): ["RSA-1024", "RSA-2048", "EC-prime256v1", "EC-secp384r1"],
    ("ec2", "State"): ["pending", "available", "deleting"],
}


def keep(thing, keys):
    return {key: thing[key] for key in keys if key in thing}


def rest_namespace(model):
    """REST-XML models name their namespace where it is written, not in their metadata."""
    inputs = (operation.get("input", {}) for operation in model["operations"].values())
    members = (m for shape in model["shapes"].values() for m in shape.get("members", {}).values())
    found = (thing["xmlNamespace"] for place in (inputs, members) for thing in place
             if "xmlNamespace" in thing)
    return next(found)["uri"]


def reference(thing):
    return keep(thing, REFERENCE)


LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{{0,61}}[A-Za-z0-9]){}"


def pattern(text):
    """Java's \\uXXXX is Rust's \\u{XXXX}; models write code points beyond four digits as they are, or
    as a pair of surrogates. Rust knows no look-around: what Cloud Map's patterns say by it (no name
    that begins with arn:, at most 127 letters) its service in the sandbox says."""
    text = text.replace("\\u10000-\\u10FFFF", "\\u{10000}-\\u{10FFFF}")
    # A label that does not begin with a dash, without looking ahead, which Rust's expressions lack.
    text = text.replace("(?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9]", LABEL.format("?"))
    text = text.replace("(?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9]", LABEL.format(""))
    text = text.replace("\\uD800\\uDC00-\\uDBFF\\uDFFF", "\\u{10000}-\\u{10FFFF}")
    text = text.replace("\\p{Print}", "[[:print:]]")
    text = text.replace("(?!arn:)", "").replace("(?=^.{1,127}$)", "")
    return re.sub(r"\\u([0-9A-Fa-f]{4})", r"\\u{\1}", text)


def trim(service, model, names):
    operations, shapes, queue = {}, {}, []
    for name in names:
        operation = model["operations"][name]
        kept = keep(operation, ["input", "output"])
        for side, value in kept.items():
            queue.append(value["shape"])
            kept[side] = keep(value, ["shape", "resultWrapper", "locationName"])
            if service == "s3" and side == "output" and name in ROOTS:
                kept[side]["locationName"] = ROOTS[name]
        if model["metadata"]["protocol"] == "rest-xml":
            kept["http"] = operation["http"]
        kept["errors"] = [error["shape"] for error in operation.get("errors", [])]
        queue.extend(kept["errors"])
        operations[name] = kept
    while queue:
        name = queue.pop()
        if name in shapes:
            continue
        shape = model["shapes"][name]
        kept = keep(shape, SHAPE)
        if (service, name) in UNENFORCED_PATTERNS:
            kept.pop("pattern")
        if (service, name) in MISSING_VALUES:
            kept["enum"] = kept["enum"] + MISSING_VALUES[service, name]
        if "pattern" in kept:
            kept["pattern"] = pattern(kept["pattern"])
        if "error" in shape:
            kept["error"] = keep(shape["error"], ["code", "httpStatusCode"])
        if "exception" in shape:
            kept["exception"] = True
        if "members" in shape:
            kept["members"] = {key: reference(value) for key, value in shape["members"].items()}
            queue.extend(value["shape"] for value in shape["members"].values())
        for key in ("member", "key", "value"):
            if key in shape:
                kept[key] = reference(shape[key])
                queue.append(shape[key]["shape"])
        shapes[name] = kept
    metadata = keep(model["metadata"], METADATA)
    if model["metadata"]["protocol"] == "rest-xml":
        metadata["xmlNamespace"] = rest_namespace(model)
    return {
        "metadata": metadata,
        "operations": operations,
        "shapes": dict(sorted(shapes.items())),
    }


def lines(table):
    """One line a shape, so that a diff of two model versions can be read."""
    out = ['{"metadata":' + json.dumps(table["metadata"], separators=(",", ":"))]
    for part in ("operations", "shapes"):
        rows = (
            json.dumps(key) + ":" + json.dumps(value, separators=(",", ":"))
            for key, value in table[part].items()
        )
        out.append(f',"{part}":{{\n' + ",\n".join(rows) + "\n}")
    return "\n".join(out) + "}\n"


def main():
    here = pathlib.Path(__file__).parent
    data = pathlib.Path(botocore.__file__).parent / "data"
    loader = botocore.loaders.Loader()
    for service, names in SERVICES.items():
        version = loader.determine_latest_version(service, "service-2")
        path = data / service / version / "service-2.json.gz"
        with gzip.open(path) as file:
            model = json.load(file)
        target = here / f"{service}.json"
        target.write_text(lines(trim(service, model, names.split())))
        print(f"{target.name}: {target.stat().st_size // 1024} KiB, botocore {botocore.__version__}")


if __name__ == "__main__":
    main()
