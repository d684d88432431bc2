"""Serves moto on a free port, which it prints, until standard input closes.

The pipe closes with whoever started this, however that process ends: no server is left behind.
"""

import os
import sys

import moto.ec2.utils
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.subnets import Subnet
from moto.server import ThreadedMotoServer

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


strict = moto.ec2.utils.is_filter_matching


def is_filter_matching(found, name, values):
    """Any of a filter's values is enough; moto 5.2.5 wants all tag keys, or no others."""
    if name == "tag-key":
        return any(strict(found, name, [value]) for value in values)
    return strict(found, name, values)


moto.ec2.utils.is_filter_matching = is_filter_matching

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.buffer.read()
os._exit(0)
