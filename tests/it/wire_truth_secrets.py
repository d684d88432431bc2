"""Creates, reads back field by field and deletes keys, parameters and secrets with boto3.

    python tests/it/wire_truth_secrets.py URL
"""

import datetime
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = sys.argv[1]
ACCOUNT = "123456789012"
TAGS = [{"Key": "infra:project", "Value": "a b/c"}, {"Key": "Name", "Value": "x+y=z"}]
ARN = f"arn:aws:{{}}:eu-west-1:{ACCOUNT}:{{}}"


def client(service, region="eu-west-1"):
    return boto3.client(
        service,
        endpoint_url=URL,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, proxies={}),
    )


def same(got, wanted):
    assert got == wanted, f"\n got    {got}\n wanted {wanted}"


def by_key(tags, key="Key"):
    return sorted(tags, key=lambda tag: tag[key])


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        same(error.response["Error"]["Code"], code)
        return error.response
    raise AssertionError(f"{code} was expected")


def without(answer, *keys):
    """The answer without what differs from run to run; dates must be dates."""
    dates = ("Date", "date")
    for key, value in answer.items():
        if key.endswith(dates):
            assert isinstance(value, datetime.datetime), f"{key}: {value!r}"
    left = {*keys, "ResponseMetadata"}
    return {k: v for k, v in answer.items() if k not in left and not k.endswith(dates)}


def indexed(arn):
    """The tags that the Tagging API tells of an object, None where it tells nothing."""
    tagging = client("resourcegroupstaggingapi")
    pages = tagging.get_paginator("get_resources").paginate()
    found = {one["ResourceARN"]: one["Tags"] for page in pages
             for one in page["ResourceTagMappingList"]}
    return by_key(found[arn]) if arn in found else None


def kms():
    kms = client("kms")
    tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in TAGS]
    made = kms.create_key(Description="a & <b>", Tags=tags)["KeyMetadata"]
    key = made["KeyId"]
    arn = ARN.format("kms", f"key/{key}")
    shown = {
        "AWSAccountId": ACCOUNT, "KeyId": key, "Arn": arn, "Enabled": True,
        "Description": "a & <b>", "KeyUsage": "ENCRYPT_DECRYPT", "KeyState": "Enabled",
        "Origin": "AWS_KMS", "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "MultiRegion": False}
    same(without(made), shown)
    same(without(kms.describe_key(KeyId=arn)["KeyMetadata"]), shown)
    assert {"KeyId": key, "KeyArn": arn} in kms.list_keys()["Keys"]
    same(by_key(kms.list_resource_tags(KeyId=key)["Tags"], "TagKey"), by_key(tags, "TagKey"))
    same(indexed(arn), by_key(TAGS))
    kms.untag_resource(KeyId=key, TagKeys=["Name"])
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}])
    same(indexed(arn), by_key(TAGS[:1] + [{"Key": "a", "Value": "b"}]))

    policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    same(policy["Statement"][0]["Principal"], {"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    policy["Statement"].append({
        "Sid": "more", "Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"},
        "Action": "kms:Encrypt", "Resource": "*"})
    kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))
    same(json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]), policy)
    locked = {"Version": "2012-10-17", "Statement": [policy["Statement"][1]]}
    refused("MalformedPolicyDocumentException", kms.put_key_policy, KeyId=key,
            Policy=json.dumps(locked))
    refused("MalformedPolicyDocumentException", kms.create_key, Policy="{")

    same(kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"], False)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key)
    same(without(status), {"KeyId": arn, "KeyRotationEnabled": True, "RotationPeriodInDays": 90})
    assert isinstance(status["NextRotationDate"], datetime.datetime)
    kms.disable_key(KeyId=key)
    found = kms.describe_key(KeyId=key)["KeyMetadata"]
    same((found["KeyState"], found["Enabled"]), ("Disabled", False))
    refused("DisabledException", kms.disable_key_rotation, KeyId=key)
    kms.enable_key(KeyId=key)
    kms.disable_key_rotation(KeyId=key)
    same(kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"], False)
    kms.update_key_description(KeyId=key, Description="other")
    same(kms.describe_key(KeyId=key)["KeyMetadata"]["Description"], "other")

    kms.create_alias(AliasName="alias/orders", TargetKeyId=key)
    refused("AlreadyExistsException", kms.create_alias, AliasName="alias/orders", TargetKeyId=key)
    refused("ValidationException", kms.create_alias, AliasName="orders", TargetKeyId=key)
    refused("NotAuthorizedException", kms.create_alias, AliasName="alias/aws/orders",
            TargetKeyId=key)
    aliases = kms.list_aliases(KeyId=key)["Aliases"]
    same([without(alias) for alias in aliases], [{
        "AliasName": "alias/orders", "AliasArn": ARN.format("kms", "alias/orders"),
        "TargetKeyId": key}])
    same(kms.describe_key(KeyId="alias/orders")["KeyMetadata"]["Arn"], arn)
    other = kms.create_key(MultiRegion=True)["KeyMetadata"]
    same(other["MultiRegionConfiguration"], {
        "MultiRegionKeyType": "PRIMARY", "ReplicaKeys": [],
        "PrimaryKey": {"Arn": other["Arn"], "Region": "eu-west-1"}})
    kms.update_alias(AliasName="alias/orders", TargetKeyId=other["KeyId"])
    same(kms.describe_key(KeyId="alias/orders")["KeyMetadata"]["KeyId"], other["KeyId"])
    signing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    same(signing["SigningAlgorithms"], ["ECDSA_SHA_256"])
    refused("UnsupportedOperationException", kms.enable_key_rotation, KeyId=signing["KeyId"])
    refused("ValidationException", kms.update_alias, AliasName="alias/orders",
            TargetKeyId=signing["KeyId"])
    kms.delete_alias(AliasName="alias/orders")
    refused("NotFoundException", kms.describe_key, KeyId="alias/orders")

    refused("ValidationException", kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=6)
    gone = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    same(without(gone), {"KeyId": arn, "KeyState": "PendingDeletion", "PendingWindowInDays": 7})
    found = kms.describe_key(KeyId=key)["KeyMetadata"]
    same((found["KeyState"], found["DeletionDate"]), ("PendingDeletion", gone["DeletionDate"]))
    same(indexed(arn), by_key(TAGS[:1] + [{"Key": "a", "Value": "b"}]))
    refused("KMSInvalidStateException", kms.schedule_key_deletion, KeyId=key)
    refused("KMSInvalidStateException", kms.enable_key, KeyId=key)
    same(without(kms.cancel_key_deletion(KeyId=key)), {"KeyId": arn})
    same(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"], "Disabled")
    for one in (key, other["KeyId"], signing["KeyId"]):
        kms.schedule_key_deletion(KeyId=one)
    refused("NotFoundException", kms.describe_key, KeyId="0a1b2c3d-1111-2222-3333-444455556666")


def ssm():
    ssm = client("ssm")
    made = ssm.put_parameter(Name="/dev/level", Value="info", Type="String", Description="a & <b>",
                             AllowedPattern="[a-z]+", Tags=TAGS)
    same(without(made), {"Version": 1, "Tier": "Standard"})
    arn = ARN.format("ssm", "parameter/dev/level")
    value = {"Name": "/dev/level", "Type": "String", "Value": "info", "Version": 1, "ARN": arn,
             "DataType": "text"}
    same(without(ssm.get_parameter(Name="/dev/level")["Parameter"]), value)
    same(without(ssm.get_parameter(Name=arn)["Parameter"]), value)
    filters = [{"Key": "Name", "Values": ["/dev/level"]}]
    detail = ssm.describe_parameters(ParameterFilters=filters)["Parameters"][0]
    assert detail["LastModifiedUser"].startswith("arn:aws:"), detail
    same(without(detail, "LastModifiedUser"), {
        "Name": "/dev/level", "ARN": arn, "Type": "String", "Description": "a & <b>",
        "AllowedPattern": "[a-z]+", "Version": 1, "Tier": "Standard", "Policies": [],
        "DataType": "text"})
    named = {"ResourceType": "Parameter", "ResourceId": "/dev/level"}
    same(by_key(ssm.list_tags_for_resource(**named)["TagList"]), by_key(TAGS))
    same(indexed(arn), by_key(TAGS))
    refused("ParameterAlreadyExists", ssm.put_parameter, Name="/dev/level", Value="x",
            Type="String")
    refused("ValidationException", ssm.put_parameter, Name="/dev/level", Value="x", Type="String",
            Overwrite=True, Tags=TAGS)
    refused("ParameterPatternMismatchException", ssm.put_parameter, Name="/dev/level", Value="X1",
            Type="String", Overwrite=True)
    made = ssm.put_parameter(Name="/dev/level", Value="debug", Overwrite=True, Tier="Advanced")
    same(without(made), {"Version": 2, "Tier": "Advanced"})
    same(ssm.get_parameter(Name="/dev/level:1")["Parameter"]["Value"], "info")
    refused("ParameterVersionNotFound", ssm.get_parameter, Name="/dev/level:7")
    versions = ssm.get_parameter_history(Name="/dev/level")["Parameters"]
    same([one["Value"] for one in versions], ["info", "debug"])
    refused("ValidationException", ssm.put_parameter, Name="/dev/level", Value="x",
            Overwrite=True, Tier="Standard")
    ssm.remove_tags_from_resource(**named, TagKeys=["Name"])
    ssm.add_tags_to_resource(**named, Tags=[{"Key": "a", "Value": "b"}])
    same(indexed(arn), by_key(TAGS[:1] + [{"Key": "a", "Value": "b"}]))

    ssm.put_parameter(Name="zones", Value="a,b", Type="StringList")
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    ssm.put_parameter(Name="/dev/token", Value="hidden", Type="SecureString", KeyId=key)
    open_value = ssm.get_parameter(Name="/dev/token")["Parameter"]["Value"]
    assert "hidden" not in open_value, open_value
    read = ssm.get_parameter(Name="/dev/token", WithDecryption=True)["Parameter"]
    same((read["Type"], read["Value"]), ("SecureString", "hidden"))
    detail = ssm.describe_parameters(
        ParameterFilters=[{"Key": "Type", "Values": ["SecureString"]}])["Parameters"]
    same([(one["Name"], one["KeyId"]) for one in detail], [("/dev/token", key)])
    refused("InvalidKeyId", ssm.put_parameter, Name="/dev/other", Value="x", Type="SecureString",
            KeyId="alias/none")
    several = ssm.get_parameters(Names=["/dev/level", "zones", "/dev/none"])
    same([one["Name"] for one in several["Parameters"]], ["/dev/level", "zones"])
    same(several["InvalidParameters"], ["/dev/none"])
    path = ssm.get_parameters_by_path(Path="/dev", Recursive=True)["Parameters"]
    same([one["Name"] for one in path], ["/dev/level", "/dev/token"])
    pages = ssm.get_paginator("describe_parameters").paginate(PaginationConfig={"PageSize": 1})
    same([one["Name"] for page in pages for one in page["Parameters"]],
         ["/dev/level", "/dev/token", "zones"])

    image = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended"
    found = ssm.get_parameter(Name=f"{image}/image_id")["Parameter"]
    assert found["Value"].startswith("ami-"), found
    same(found["ARN"], f"arn:aws:ssm:eu-west-1::parameter{image}/image_id")
    whole = json.loads(ssm.get_parameter(Name=image)["Parameter"]["Value"])
    same(whole["image_id"], found["Value"])
    refused("AccessDeniedException", ssm.put_parameter, Name="/aws/mine", Value="x", Type="String")

    same(without(ssm.delete_parameter(Name="zones")), {})
    refused("ParameterNotFound", ssm.delete_parameter, Name="zones")
    gone = ssm.delete_parameters(Names=["/dev/level", "/dev/token", "zones"])
    same((sorted(gone["DeletedParameters"]), gone["InvalidParameters"]),
         (["/dev/level", "/dev/token"], ["zones"]))
    refused("ParameterNotFound", ssm.get_parameter, Name="/dev/level")
    refused("InvalidResourceId", ssm.list_tags_for_resource, **named)
    same(indexed(arn), None)


def secretsmanager():
    secrets = client("secretsmanager")
    made = secrets.create_secret(Name="dev/db", Description="a & <b>", SecretString="one",
                                 Tags=TAGS)
    arn, first = made["ARN"], made["VersionId"]
    start = ARN.format("secretsmanager", "secret:dev/db-")
    assert arn.startswith(start) and len(arn) == len(start) + 6, arn
    same(made["Name"], "dev/db")
    shown = {"ARN": arn, "Name": "dev/db", "Description": "a & <b>"}
    for name in ("dev/db", arn, arn[:-7]):
        found = secrets.describe_secret(SecretId=name)
        same(without(found, "Tags"), {**shown, "VersionIdsToStages": {first: ["AWSCURRENT"]}})
        same(by_key(found["Tags"]), by_key(TAGS))
    same(indexed(arn), by_key(TAGS))
    read = secrets.get_secret_value(SecretId="dev/db")
    same(without(read), {"ARN": arn, "Name": "dev/db", "VersionId": first, "SecretString": "one",
                         "VersionStages": ["AWSCURRENT"]})
    refused("ResourceExistsException", secrets.create_secret, Name="dev/db")
    second = secrets.put_secret_value(SecretId="dev/db", SecretString="two")
    same(second["VersionStages"], ["AWSCURRENT"])
    same(secrets.get_secret_value(SecretId=arn)["SecretString"], "two")
    same(secrets.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")["SecretString"], "one")
    same(secrets.describe_secret(SecretId=arn)["VersionIdsToStages"],
         {first: ["AWSPREVIOUS"], second["VersionId"]: ["AWSCURRENT"]})
    third = "0a1b2c3d-1111-2222-3333-444455556666"
    for _ in range(2):
        again = secrets.put_secret_value(SecretId=arn, SecretString="three",
                                         ClientRequestToken=third)
        same(again["VersionId"], third)
    refused("ResourceExistsException", secrets.put_secret_value, SecretId=arn,
            SecretString="four", ClientRequestToken=third)
    listed = secrets.list_secret_version_ids(SecretId=arn)["Versions"]
    same({one["VersionId"]: one["VersionStages"] for one in listed},
         {second["VersionId"]: ["AWSPREVIOUS"], third: ["AWSCURRENT"]})
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    secrets.update_secret(SecretId=arn, Description="other", KmsKeyId=key)
    found = secrets.describe_secret(SecretId=arn)
    same((found["Description"], found["KmsKeyId"]), ("other", key))
    refused("EncryptionFailure", secrets.update_secret, SecretId=arn, KmsKeyId="alias/none",
            SecretString="x")
    secrets.untag_resource(SecretId=arn, TagKeys=["Name"])
    secrets.tag_resource(SecretId=arn, Tags=[{"Key": "a", "Value": "b"}])
    same(indexed(arn), by_key(TAGS[:1] + [{"Key": "a", "Value": "b"}]))

    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=arn)
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]}
    secrets.put_resource_policy(SecretId=arn, ResourcePolicy=json.dumps(policy))
    same(json.loads(secrets.get_resource_policy(SecretId=arn)["ResourcePolicy"]), policy)
    policy["Statement"][0]["Principal"] = "*"
    refused("PublicPolicyException", secrets.put_resource_policy, SecretId=arn,
            ResourcePolicy=json.dumps(policy), BlockPublicPolicy=True)
    refused("MalformedPolicyDocumentException", secrets.put_resource_policy, SecretId=arn,
            ResourcePolicy="{}")
    secrets.delete_resource_policy(SecretId=arn)
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=arn)

    made = secrets.get_random_password(PasswordLength=40, ExcludePunctuation=True)
    assert len(made["RandomPassword"]) == 40 and made["RandomPassword"].isalnum(), made
    secrets.create_secret(Name="dev/bytes", SecretBinary=b"\x00\x01")
    same(secrets.get_secret_value(SecretId="dev/bytes")["SecretBinary"], b"\x00\x01")
    secrets.create_secret(Name="dev/empty")
    refused("ResourceNotFoundException", secrets.get_secret_value, SecretId="dev/empty")
    names = [{"Key": "name", "Values": ["dev/"]}]
    same({one["Name"] for one in secrets.list_secrets(Filters=names)["SecretList"]},
         {"dev/db", "dev/bytes", "dev/empty"})

    refused("InvalidParameterException", secrets.delete_secret, SecretId=arn,
            RecoveryWindowInDays=6)
    refused("InvalidParameterException", secrets.delete_secret, SecretId=arn,
            RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)
    gone = secrets.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    same(without(gone), {"ARN": arn, "Name": "dev/db"})
    assert isinstance(secrets.describe_secret(SecretId=arn)["DeletedDate"], datetime.datetime)
    refused("InvalidRequestException", secrets.get_secret_value, SecretId=arn)
    refused("InvalidRequestException", secrets.create_secret, Name="dev/db")
    refused("InvalidRequestException", secrets.delete_secret, SecretId=arn)
    assert all(one["Name"] != "dev/db" for one in secrets.list_secrets()["SecretList"])
    planned = secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert any(one["Name"] == "dev/db" for one in planned), planned
    same(without(secrets.restore_secret(SecretId="dev/db")), {"ARN": arn, "Name": "dev/db"})
    same(secrets.get_secret_value(SecretId=arn)["SecretString"], "three")
    for one in ("dev/db", "dev/bytes", "dev/empty"):
        secrets.delete_secret(SecretId=one, ForceDeleteWithoutRecovery=True)
    refused("ResourceNotFoundException", secrets.describe_secret, SecretId="dev/none")


def main():
    for check in (kms, ssm, secretsmanager):
        check()
        print(f"{check.__name__}: as expected")


main()
