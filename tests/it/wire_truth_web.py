"""Creates, reads back field by field and deletes zones, buckets and certificates with boto3.

    python tests/it/wire_truth_web.py URL
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = sys.argv[1]
TAGS = [{"Key": "infra:project", "Value": "a b/c"}, {"Key": "Name", "Value": "x+y=z"}]


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


def by_key(tags):
    return sorted(tags, key=lambda tag: tag["Key"])


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        same(error.response["Error"]["Code"], code)
        return error.response
    raise AssertionError(f"{code} was expected")


def change(route53, zone, *changes):
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}
                         for action, record in changes]}
    return route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]


def route53():
    route53 = client("route53")
    made = route53.create_hosted_zone(
        Name="Shop.example.com", CallerReference="one", HostedZoneConfig={"Comment": "a & <b>"})
    same(made["ResponseMetadata"]["HTTPStatusCode"], 201)
    zone = made["HostedZone"]["Id"]
    assert zone.startswith("/hostedzone/Z") and made["Location"].endswith(zone), made
    assert len(made["DelegationSet"]["NameServers"]) == 4, made
    refused("HostedZoneAlreadyExists", route53.create_hosted_zone, Name="a.org",
            CallerReference="one")
    found = route53.get_hosted_zone(Id=zone)
    same(found["HostedZone"], {
        "Id": zone, "Name": "shop.example.com.", "CallerReference": "one",
        "Config": {"Comment": "a & <b>", "PrivateZone": False}, "ResourceRecordSetCount": 2})
    same(found["DelegationSet"], made["DelegationSet"])
    same([one["Id"] for one in route53.list_hosted_zones()["HostedZones"]], [zone])
    by_name = route53.list_hosted_zones_by_name(DNSName="shop.example.com")
    same([one["Id"] for one in by_name["HostedZones"]], [zone])
    bare = zone.rsplit("/", 1)[1]
    route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=bare, AddTags=TAGS)
    tags = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=bare)
    same(by_key(tags["ResourceTagSet"]["Tags"]), by_key(TAGS))
    sets = route53.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[bare])
    same(by_key(sets["ResourceTagSets"][0]["Tags"]), by_key(TAGS))
    index = client("resourcegroupstaggingapi", "us-east-1").get_resources()
    arns = [one["ResourceARN"] for one in index["ResourceTagMappingList"]]
    same(arns, [f"arn:aws:route53:::hostedzone/{bare}"])
    text = {"Name": "shop.example.com.", "Type": "TXT", "TTL": 60,
            "ResourceRecords": [{"Value": '"a=b" "c \\"d\\""'}]}
    alias = {"Name": "\\052.shop.example.com.", "Type": "A", "AliasTarget": {
        "HostedZoneId": "Z32O12XQLNTSW2", "EvaluateTargetHealth": True,
        "DNSName": "dualstack.lb-1.eu-west-1.elb.amazonaws.com."}}
    weighted = {"Name": "w.shop.example.com.", "Type": "A", "SetIdentifier": "x", "Weight": 7,
                "TTL": 5, "ResourceRecords": [{"Value": "192.0.2.1"}, {"Value": "192.0.2.2"}]}
    info = change(route53, zone, ("CREATE", text), ("UPSERT", alias), ("CREATE", weighted))
    route53.get_waiter("resource_record_sets_changed").wait(Id=info["Id"])
    same(route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"], "INSYNC")
    pages = route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone, PaginationConfig={"PageSize": 2})
    records = [record for page in pages for record in page["ResourceRecordSets"]]
    same(records[2:], [text, alias, weighted])
    same([record["Type"] for record in records[:2]], ["NS", "SOA"])
    answer = refused("InvalidChangeBatch", route53.change_resource_record_sets, HostedZoneId=zone,
                     ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": text}]})
    assert "but it already exists" in answer["Error"]["Message"], answer
    same(answer["ResponseMetadata"]["HTTPStatusCode"], 400)
    refused("HostedZoneNotEmpty", route53.delete_hosted_zone, Id=zone)
    change(route53, zone, *(("DELETE", record) for record in (text, alias, weighted)))
    route53.update_hosted_zone_comment(Id=zone)
    assert "Comment" not in route53.get_hosted_zone(Id=zone)["HostedZone"]["Config"]
    route53.delete_hosted_zone(Id=zone)
    same(refused("NoSuchHostedZone", route53.get_hosted_zone, Id=zone)[
        "ResponseMetadata"]["HTTPStatusCode"], 404)
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    vpc = {"VPCRegion": "eu-west-1", "VPCId": vpc}
    private = route53.create_hosted_zone(Name="internal", CallerReference="two", VPC=vpc)
    private = private["HostedZone"]["Id"]
    same(route53.get_hosted_zone(Id=private)["VPCs"], [vpc])
    refused("LastVPCAssociation", route53.disassociate_vpc_from_hosted_zone,
            HostedZoneId=private, VPC=vpc)
    route53.delete_hosted_zone(Id=private)
    ec2.delete_vpc(VpcId=vpc["VPCId"])


def settings(s3, bucket):
    same(s3.get_bucket_location(Bucket=bucket)["LocationConstraint"], "eu-west-1")
    same(by_key(s3.get_bucket_tagging(Bucket=bucket)["TagSet"]), by_key(TAGS))
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": TAGS[:1]})
    same(s3.get_bucket_tagging(Bucket=bucket)["TagSet"], TAGS[:1])
    s3.delete_bucket_tagging(Bucket=bucket)
    refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)
    refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=bucket)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}}]})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    same(s3.get_bucket_policy(Bucket=bucket)["Policy"], policy)
    s3.delete_bucket_policy(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    same(s3.get_bucket_versioning(Bucket=bucket)["Status"], "Enabled")
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
              "BucketKeyEnabled": True}]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
    found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    same(found["Rules"], rules)
    s3.delete_bucket_encryption(Bucket=bucket)
    found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    same(found["Rules"][0]["ApplyServerSideEncryptionByDefault"], {"SSEAlgorithm": "AES256"})
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    same(block, dict.fromkeys(names, True))
    block = dict.fromkeys(names, False) | {"BlockPublicAcls": True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    same(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"], block)
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    controls = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    same(controls["Rules"], [{"ObjectOwnership": "ObjectWriter"}])
    refused("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=bucket)
    rules = [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "x/"},
              "Expiration": {"Days": 9}, "Transitions": [{"Days": 3, "StorageClass": "GLACIER"}],
              "NoncurrentVersionExpiration": {"NoncurrentDays": 2},
              "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
             {"ID": "b", "Status": "Disabled", "Filter": {"Prefix": ""},
              "Expiration": {"ExpiredObjectDeleteMarker": True}}]
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    same(s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"], rules)
    s3.delete_bucket_lifecycle(Bucket=bucket)


def s3():
    s3 = client("s3")
    bucket = "dev-shop.logs"
    config = {"LocationConstraint": "eu-west-1", "Tags": TAGS}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=config)
    refused("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket=bucket,
            CreateBucketConfiguration=config)
    refused("BucketAlreadyExists", s3.create_bucket, Bucket="logs",
            CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    refused("IllegalLocationConstraintException", s3.create_bucket, Bucket="elsewhere")
    same(s3.head_bucket(Bucket=bucket)["BucketRegion"], "eu-west-1")
    same(refused("404", s3.head_bucket, Bucket="gone")["ResponseMetadata"]["HTTPStatusCode"], 404)
    same(refused("403", s3.head_bucket, Bucket="logs")["ResponseMetadata"]["HTTPStatusCode"], 403)
    same([one["Name"] for one in s3.list_buckets()["Buckets"]], [bucket])
    index = client("resourcegroupstaggingapi").get_resources(ResourceTypeFilters=["s3"])
    same([one["ResourceARN"] for one in index["ResourceTagMappingList"]],
         [f"arn:aws:s3:::{bucket}"])
    settings(s3, bucket)
    keys = ["a/1", "a/2", "b c&<ü>", "z/"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"text", ContentType="text/plain",
                      Metadata={"who": "me"})
    found = s3.get_object(Bucket=bucket, Key=keys[2])
    same((found["Body"].read(), found["ContentType"], found["Metadata"]),
         (b"text", "text/plain", {"who": "me"}))
    head = s3.head_object(Bucket=bucket, Key=keys[2])
    same((head["ContentLength"], head["ETag"], head["LastModified"]),
         (4, found["ETag"], found["LastModified"]))
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 3})
    listed = [one["Key"] for page in pages for one in page["Contents"]]
    same(listed, keys)
    folders = s3.list_objects_v2(Bucket=bucket, Delimiter="/", Prefix="a")
    same(folders["CommonPrefixes"], [{"Prefix": "a/"}])
    refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="gone")
    s3.delete_object(Bucket=bucket, Key="a/1")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="up")["UploadId"]
    same([one["UploadId"] for one in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]],
         [upload])
    s3.abort_multipart_upload(Bucket=bucket, Key="up", UploadId=upload)
    refused("BucketNotEmpty", s3.delete_bucket, Bucket=bucket)
    versions = s3.list_object_versions(Bucket=bucket)
    same((len(versions["Versions"]), len(versions["DeleteMarkers"])), (4, 1))
    every = [{"Key": one["Key"], "VersionId": one["VersionId"]}
             for kind in ("Versions", "DeleteMarkers") for one in versions[kind]]
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": every})
    same(sorted(one["Key"] for one in gone["Deleted"]), sorted(one["Key"] for one in every))
    s3.delete_bucket(Bucket=bucket)
    refused("NoSuchBucket", s3.get_bucket_policy, Bucket=bucket)


def acm():
    acm, route53 = client("acm"), client("route53")
    names = ["shop.example.com", "*.shop.example.com"]
    wanted = {"DomainName": names[0], "SubjectAlternativeNames": names[1:],
              "ValidationMethod": "DNS", "IdempotencyToken": "once", "Tags": TAGS}
    arn = acm.request_certificate(**wanted)["CertificateArn"]
    same(acm.request_certificate(**wanted)["CertificateArn"], arn)
    found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    same((found["Status"], found["DomainName"], found["SubjectAlternativeNames"]),
         ("PENDING_VALIDATION", names[0], names))
    same((found["KeyAlgorithm"], found["Type"], found["InUseBy"]),
         ("RSA-2048", "AMAZON_ISSUED", []))
    same(by_key(acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]), by_key(TAGS))
    record = found["DomainValidationOptions"][0]["ResourceRecord"]
    same(found["DomainValidationOptions"][1]["ResourceRecord"], record)
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="acm")
    zone = zone["HostedZone"]["Id"]
    record = {"Name": record["Name"], "Type": record["Type"], "TTL": 300,
              "ResourceRecords": [{"Value": record["Value"]}]}
    change(route53, zone, ("CREATE", record))
    acm.get_waiter("certificate_validated").wait(CertificateArn=arn)
    found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    same({one["ValidationStatus"] for one in found["DomainValidationOptions"]}, {"SUCCESS"})
    assert found["NotAfter"] > found["IssuedAt"], found
    summary = acm.list_certificates(CertificateStatuses=["ISSUED"])["CertificateSummaryList"][0]
    same((summary["CertificateArn"], summary["SubjectAlternativeNameSummaries"]), (arn, names))
    ecdsa = acm.request_certificate(DomainName="a.org", ValidationMethod="DNS",
                                    KeyAlgorithm="EC_prime256v1")["CertificateArn"]
    same(len(acm.list_certificates()["CertificateSummaryList"]), 1)
    types = {"keyTypes": ["EC_prime256v1"]}
    same(acm.list_certificates(Includes=types)["CertificateSummaryList"][0]["CertificateArn"],
         ecdsa)
    acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": "Name"}])
    acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    same(by_key(acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]),
         by_key(TAGS[:1] + [{"Key": "a", "Value": "b"}]))
    for one in (arn, ecdsa):
        acm.delete_certificate(CertificateArn=one)
    refused("ResourceNotFoundException", acm.describe_certificate, CertificateArn=arn)
    change(route53, zone, ("DELETE", record))
    route53.delete_hosted_zone(Id=zone)


def main():
    for check in (route53, s3, acm):
        check()
        print(f"{check.__name__}: as expected")


main()
