"""Serves moto on a free port, which it prints, until standard input closes.

The pipe closes with whoever started this, however that process ends: no server is left behind.
"""

import json
import logging
import os
import sys

import moto.backends
import moto.ec2.utils
import moto.resourcegroupstaggingapi.models as tagging
from moto.acm.models import CertBundle
from moto.autoscaling.responses import AutoScalingResponse
from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    applicationautoscaling_backends,
)
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.core.serialize import S3Serializer
from moto.ec2.models.launch_templates import LaunchTemplateBackend
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ecr.models import Repository, ecr_backends
from moto.ecs.models import EC2ContainerServiceBackend, Service
from moto.elbv2.models import elbv2_backends
from moto.route53.models import route53_backends
from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend
from moto.server import ThreadedMotoServer
from moto.servicediscovery.models import servicediscovery_backends

# Gaps of moto that no test can go around, mended here and nowhere else.


def associations(subnet):
    """The state is a word; moto 5.2.5 answers `{'State': 'associated'}` as the text of it."""
    return [
        {
            "ipv6CidrBlock": association["ipv6CidrBlock"],
            "associationId": association["associationId"],
            "ipv6CidrBlockState": association["ipv6CidrBlockState"],
        }
        for association in subnet.ipv6_cidr_block_associations.values()
        if association["ipv6CidrBlockState"]["State"] == "associated"
    ]


Subnet.ipv6_cidr_block_association_set = property(associations)


def description(rule):
    """A rule that names a group has a description too; moto 5.2.5 answers without it."""
    for end in (rule.ip_range, rule.source_group):
        if end.get("Description"):
            return end["Description"]
    return None


SecurityGroupRule.description = property(description)


# An endpoint is found by the filter `vpc-endpoint-id`; moto 5.2.5 refuses it as not implemented.
VPCEndPoint.vpc_endpoint_id = property(lambda endpoint: endpoint.id)


keep_address = NatGatewayBackend.delete_nat_gateway


def delete_nat_gateway(self, nat_gateway_id):
    """A NAT gateway leaves its address and its interface; moto 5.2.5 keeps both with it."""
    gateway = keep_address(self, nat_gateway_id)
    for address in gateway.address_set:
        if address.get("associationId"):
            self.disassociate_address(association_id=address.pop("associationId"))
        self.enis.pop(address["networkInterfaceId"], None)
    return gateway


NatGatewayBackend.delete_nat_gateway = delete_nat_gateway


# What `DescribeTags` calls these types; moto 5.2.5 has names of its own.
moto.ec2.utils.EC2_PREFIX_TO_RESOURCE.update(eipalloc="elastic-ip", nat="natgateway")


strict = moto.ec2.utils.is_filter_matching


def is_filter_matching(found, name, values):
    """Any of a filter's values is enough; moto 5.2.5 wants all tag keys, or no others."""
    if name == "tag-key":
        return any(strict(found, name, [value]) for value in values)
    return strict(found, name, values)


moto.ec2.utils.is_filter_matching = is_filter_matching



class Repositories:
    """Repositories have tags as well; the Tagging API of moto 5.2.5 leaves them out."""

    def __init__(self, backend):
        self.backend = backend

    def iter_tagged_resources(self):
        for repository in list(self.backend.repositories.values()):
            tags = self.backend.tagger.get_tag_dict_for_resource(repository.arn)
            yield TaggedResource(repository.arn, tags, "ecr:repository")


class Zones:
    """So have hosted zones, in the region that Route 53 is run from."""

    def __init__(self, backend):
        self.backend = backend

    def iter_tagged_resources(self):
        for name in list(self.backend.zones):
            tags = dict(self.backend.resource_tags.get(name, {}))
            arn = f"arn:aws:route53:::hostedzone/{name}"
            yield TaggedResource(arn, tags, "route53:hostedzone")


class Names:
    """So have the namespaces of Cloud Map and their services."""

    def __init__(self, backend):
        self.backend = backend

    def iter_tagged_resources(self):
        for kind in ("namespace", "service"):
            for one in list(getattr(self.backend, f"{kind}s").values()):
                tags = self.backend.tagger.get_tag_dict_for_resource(one.arn)
                yield TaggedResource(one.arn, tags, f"servicediscovery:{kind}")


# Tags of scaling targets by their ARNs; moto 5.2.5 has none.
TARGET_TAGS = {}


class Targets:
    """And so have scaling targets."""

    def __init__(self, backend):
        self.backend = backend

    def iter_tagged_resources(self):
        for targets in list(self.backend.targets.values()):
            for target in list(targets.values()):
                tags = dict(TARGET_TAGS.get(target.arn, {}))
                yield TaggedResource(target.arn, tags, "application-autoscaling:scalable-target")


taggable = tagging.iter_taggable_backends


def iter_taggable_backends(account_id, region_name):
    yield from taggable(account_id, region_name)
    yield Repositories(ecr_backends[account_id][region_name])
    yield Names(servicediscovery_backends[account_id][region_name])
    yield Targets(applicationautoscaling_backends[account_id][region_name])
    if region_name == "us-east-1":
        yield Zones(route53_backends[account_id]["aws"])


tagging.iter_taggable_backends = iter_taggable_backends


def scanning(repository, image_scanning_configuration):
    """An empty setting is off, as AWS reads what its own clients send; moto 5.2.5 ignores it."""
    repository.image_scanning_configuration = image_scanning_configuration or {"scanOnPush": False}


Repository._update_image_scanning_configuration = scanning

named_providers = EC2ContainerServiceBackend.describe_capacity_providers


def describe_capacity_providers(self, names):
    """Without names all are meant; moto 5.2.5 fails."""
    return named_providers(self, list(self.capacity_providers) if names is None else names)


EC2ContainerServiceBackend.describe_capacity_providers = describe_capacity_providers


def in_use_by(certificate):
    """Listeners that are there use a certificate; moto 5.2.5 forgets none that ever was."""
    _, _, _, region, account, _ = certificate.arn.split(":", 5)
    balancers = list(elbv2_backends[account][region].load_balancers.values())
    return [balancer.arn for balancer in balancers
            if any(certificate.arn in listener.certificates
                   for listener in list(balancer.listeners.values()))]


CertBundle.in_use_by = property(in_use_by, lambda certificate, users: None)


def describe_instance_refreshes(self):
    """There was none; moto 5.2.5 has no instance refreshes."""
    return ActionResult({"InstanceRefreshes": []})


AutoScalingResponse.describe_instance_refreshes = describe_instance_refreshes


made_template = LaunchTemplateBackend.create_launch_template


def create_launch_template(self, name, description, template_data, tag_spec):
    """A template's own tags are nothing it launches with; moto 5.2.5 puts them into its data."""
    kinds = template_data.get("TagSpecifications", [])
    kinds = [one for one in kinds if one["ResourceType"] != "launch-template"]
    data = dict(template_data, TagSpecifications=kinds)
    return made_template(self, name, description, data, tag_spec)


LaunchTemplateBackend.create_launch_template = create_launch_template

# The outermost elements of S3's answers; moto 5.2.5 writes the operation's name and `Response`, which
# only boto3 does not mind.
ROOTS = {
    "ListObjectVersions": "ListVersionsResult",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "DeleteObjects": "DeleteResult",
}
as_named = S3Serializer._serialized_result_to_response


def by_root(self, resp, result, shape, serialized_result):
    name = self.operation_model.name
    resp = as_named(self, resp, result, shape, serialized_result)
    if name in ROOTS and isinstance(resp["body"], str):
        resp["body"] = resp["body"].replace(f"{name}Response", ROOTS[name])
    return resp


S3Serializer._serialized_result_to_response = by_root

registered = ApplicationAutoScalingResponse.register_scalable_target


def register_scalable_target(self):
    """Tags come with the call that makes a target; moto 5.2.5 drops them."""
    answer = registered(self)
    TARGET_TAGS.setdefault(json.loads(answer)["ScalableTargetARN"], self._get_param("Tags") or {})
    return answer


def tag_target(self):
    TARGET_TAGS[self._get_param("ResourceARN")].update(self._get_param("Tags"))
    return "{}"


def untag_target(self):
    for key in self._get_param("TagKeys"):
        TARGET_TAGS[self._get_param("ResourceARN")].pop(key, None)
    return "{}"


def tags_of_target(self):
    return json.dumps({"Tags": TARGET_TAGS[self._get_param("ResourceARN")]})


ApplicationAutoScalingResponse.register_scalable_target = register_scalable_target
ApplicationAutoScalingResponse.tag_resource = tag_target
ApplicationAutoScalingResponse.untag_resource = untag_target
ApplicationAutoScalingResponse.list_tags_for_resource = tags_of_target

deregistered = ApplicationAutoscalingBackend.deregister_scalable_target


def deregister_scalable_target(self, namespace, r_id, dimension):
    """A target's policies go with it; moto 5.2.5 keeps them."""
    deregistered(self, namespace, r_id, dimension)
    for key, policy in list(self.policies.items()):
        if (policy.resource_id, policy.scalable_dimension) == (r_id, dimension):
            policy.delete_alarms(self.account_id, self.region_name)
            del self.policies[key]


ApplicationAutoscalingBackend.deregister_scalable_target = deregister_scalable_target

taken = SecretsManagerBackend._check_with_existing_secrets_and_versions


def name_is_free(self, name, *given, on_create=False, **named):
    """A deleted secret keeps its name, which AWS says; to moto 5.2.5 it is as any other."""
    if on_create and name in self.secrets and self.secrets[name].is_deleted():
        raise InvalidRequestException(
            "You can't create this secret because a secret with this name is already "
            "scheduled for deletion."
        )
    return taken(self, name, *given, on_create=on_create, **named)


SecretsManagerBackend._check_with_existing_secrets_and_versions = name_is_free


made = Service.__init__


def made_service(self, *given, **named):
    """A service comes to run the tasks it wants; those of moto 5.2.5 run none, or all as many."""
    made(self, *given, **named)
    self.running_count, self.pending_count = self.desired_count, 0
    for deployment in self.deployments:
        deployment.update(
            runningCount=self.desired_count, pendingCount=0, rolloutState="COMPLETED"
        )


Service.__init__ = made_service

# Not a gap, only slow: moto 5.2.5 looks through its own folder at every request.
MODULES = tuple(moto.backends.list_of_moto_modules())
moto.backends.list_of_moto_modules = lambda: MODULES
logging.getLogger("werkzeug").setLevel(logging.WARNING)

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.buffer.read()
os._exit(0)
