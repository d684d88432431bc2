"""Creates, reads back field by field and deletes tables and repositories with boto3.

    python tests/it/wire_truth_data.py URL
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = sys.argv[1]
TAGS = [{"Key": "infra:project", "Value": "a b/c"}, {"Key": "Name", "Value": "x+y=z"}]


def client(service):
    return boto3.client(
        service,
        endpoint_url=URL,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, proxies={}),
    )


def same(got, wanted):
    assert got == wanted, f"\n got    {got}\n wanted {wanted}"


def by_key(tags):
    return sorted(tags, key=lambda tag: tag["Key"])


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        same(error.response["Error"]["Code"], code)
        return
    raise AssertionError(f"{code} was expected")


def dynamodb():
    dynamodb = client("dynamodb")
    keys = [{"AttributeName": "customer", "KeyType": "HASH"},
            {"AttributeName": "at", "KeyType": "RANGE"}]
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 4}
    index = {"IndexName": "by-id", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
             "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["price"]},
             "ProvisionedThroughput": units}
    local = {"IndexName": "by-state",
             "KeySchema": [keys[0], {"AttributeName": "state", "KeyType": "RANGE"}],
             "Projection": {"ProjectionType": "KEYS_ONLY"}}
    types = [{"AttributeName": name, "AttributeType": "S"}
             for name in ("at", "customer", "id", "state")]
    dynamodb.create_table(
        TableName="orders", KeySchema=keys, AttributeDefinitions=types,
        ProvisionedThroughput=units, GlobalSecondaryIndexes=[index],
        LocalSecondaryIndexes=[local], Tags=TAGS, DeletionProtectionEnabled=True,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        SSESpecification={"Enabled": True, "SSEType": "KMS"},
        TableClass="STANDARD_INFREQUENT_ACCESS",
    )
    dynamodb.get_waiter("table_exists").wait(TableName="orders")
    table = dynamodb.describe_table(TableName="orders")["Table"]
    same(table["KeySchema"], keys)
    same(sorted(table["AttributeDefinitions"], key=lambda one: one["AttributeName"]), types)
    same({key: table["ProvisionedThroughput"][key] for key in units}, units)
    found = table["GlobalSecondaryIndexes"][0]
    same({key: found[key] for key in ("IndexName", "KeySchema", "Projection")},
         {key: index[key] for key in ("IndexName", "KeySchema", "Projection")})
    same(found["IndexStatus"], "ACTIVE")
    found = table["LocalSecondaryIndexes"][0]
    same({key: found[key] for key in local}, local)
    same(table["StreamSpecification"], {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    assert table["LatestStreamArn"].startswith(table["TableArn"] + "/stream/")
    same((table["SSEDescription"]["Status"], table["SSEDescription"]["SSEType"]),
         ("ENABLED", "KMS"))
    same(table["TableClassSummary"]["TableClass"], "STANDARD_INFREQUENT_ACCESS")
    same((table["DeletionProtectionEnabled"], table["ItemCount"]), (True, 0))
    same(by_key(dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]),
         by_key(TAGS))
    found = client("resourcegroupstaggingapi").get_resources(
        ResourceTypeFilters=["dynamodb:table"])["ResourceTagMappingList"]
    same([one["ResourceARN"] for one in found], [table["TableArn"]])
    dynamodb.update_time_to_live(
        TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "gone"})
    same(dynamodb.describe_time_to_live(TableName="orders")["TimeToLiveDescription"],
         {"TimeToLiveStatus": "ENABLED", "AttributeName": "gone"})
    dynamodb.update_continuous_backups(
        TableName="orders", PointInTimeRecoverySpecification={
            "PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7})
    backups = dynamodb.describe_continuous_backups(TableName="orders")
    backups = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    same((backups["PointInTimeRecoveryStatus"], backups["RecoveryPeriodInDays"]), ("ENABLED", 7))
    refused("ValidationException", dynamodb.update_table, TableName="orders",
            ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            StreamSpecification={"StreamEnabled": False})
    items = boto3.resource("dynamodb", endpoint_url=URL, region_name="eu-west-1",
                           aws_access_key_id="test", aws_secret_access_key="test").Table("orders")
    items.put_item(Item={"customer": "c", "at": "1", "id": "i", "price": 7, "left": {"a", "b"}})
    refused("ConditionalCheckFailedException", items.put_item, Item={"customer": "c", "at": "1"},
            ConditionExpression="attribute_not_exists(customer)")
    items.update_item(Key={"customer": "c", "at": "1"}, UpdateExpression="SET price = price + :n",
                      ExpressionAttributeValues={":n": 3})
    same(items.get_item(Key={"customer": "c", "at": "1"})["Item"],
         {"customer": "c", "at": "1", "id": "i", "price": 10, "left": {"a", "b"}})
    condition = boto3.dynamodb.conditions.Key("id").eq("i")
    found = items.query(IndexName="by-id", KeyConditionExpression=condition)["Items"]
    same(found, [{"customer": "c", "at": "1", "id": "i", "price": 10}])
    same(items.scan(Select="COUNT")["Count"], 1)
    items.delete_item(Key={"customer": "c", "at": "1"})
    refused("ValidationException", dynamodb.delete_table, TableName="orders")
    dynamodb.update_table(TableName="orders", DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName="orders")
    dynamodb.get_waiter("table_not_exists").wait(TableName="orders")
    refused("ResourceNotFoundException", dynamodb.describe_table, TableName="orders")
    same(dynamodb.list_tables()["TableNames"], [])


def ecr():
    ecr = client("ecr")
    filters = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    made = ecr.create_repository(
        repositoryName="team/app", tags=TAGS, imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=filters,
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "KMS"},
    )["repository"]
    read = ecr.describe_repositories(repositoryNames=["team/app"])["repositories"][0]
    same(read, made)
    same((read["imageTagMutability"], read["imageTagMutabilityExclusionFilters"]),
         ("IMMUTABLE_WITH_EXCLUSION", filters))
    same((read["imageScanningConfiguration"], read["encryptionConfiguration"]["encryptionType"]),
         ({"scanOnPush": True}, "KMS"))
    same(read["repositoryUri"], "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app")
    same(by_key(ecr.list_tags_for_resource(resourceArn=read["repositoryArn"])["tags"]),
         by_key(TAGS))
    refused("RepositoryAlreadyExistsException", ecr.create_repository, repositoryName="team/app")
    refused("LifecyclePolicyNotFoundException", ecr.get_lifecycle_policy,
            repositoryName="team/app")
    policy = json.dumps({"rules": [{"rulePriority": 1, "action": {"type": "expire"}, "selection": {
        "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5}}]})
    ecr.put_lifecycle_policy(repositoryName="team/app", lifecyclePolicyText=policy)
    same(ecr.get_lifecycle_policy(repositoryName="team/app")["lifecyclePolicyText"], policy)
    rights = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "ecr:BatchGetImage", "Principal": {"AWS": "210987654321"}}]})
    ecr.set_repository_policy(repositoryName="team/app", policyText=rights)
    same(ecr.get_repository_policy(repositoryName="team/app")["policyText"], rights)
    manifest = json.dumps({"schemaVersion": 2, "layers": [{"size": 12}]})
    ecr.put_image(repositoryName="team/app", imageManifest=manifest, imageTag="v1")
    refused("ImageTagAlreadyExistsException", ecr.put_image, repositoryName="team/app",
            imageManifest=json.dumps({"schemaVersion": 2, "layers": []}), imageTag="v1")
    image = ecr.describe_images(repositoryName="team/app")["imageDetails"][0]
    same((image["imageTags"], image["imageSizeInBytes"]), (["v1"], 12))
    refused("RepositoryNotEmptyException", ecr.delete_repository, repositoryName="team/app")
    gone = ecr.batch_delete_image(repositoryName="team/app", imageIds=[{"imageTag": "v1"}])
    same(len(gone["imageIds"]), 1)
    ecr.delete_repository(repositoryName="team/app")
    same(ecr.describe_repositories()["repositories"], [])


def main():
    for check in (dynamodb, ecr):
        check()
        print(f"{check.__name__}: as expected")


main()
