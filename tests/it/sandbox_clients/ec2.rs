//! The EC2 client against the sandbox, in process: every type once through the wire.

use aws_sdk_ec2 as ec2;
use ec2::error::ProvideErrorMetadata;
use ec2::types::{
    AttributeBooleanValue, Filter, IpPermission, IpRange, Ipv6Range, ResourceType,
    SecurityGroupRuleRequest, SecurityGroupRuleUpdate, Tag, TagSpecification, UserIdGroupPair,
    VpcAttributeName,
};

use super::client;
use infra::sandbox::{Options, Sandbox};

fn tags(of: ResourceType, name: &str) -> TagSpecification {
    let tag = Tag::builder().key("infra:resource").value(name).build();
    TagSpecification::builder().resource_type(of).tags(tag).build()
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

fn on() -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(true).build()
}

#[tokio::test]
async fn networks_are_made_read_and_deleted_in_order() {
    let sandbox = Sandbox::in_memory(Options::default());
    let ec2 = client!(ec2, sandbox);

    let made = ec2
        .create_vpc()
        .cidr_block("10.0.0.0/16")
        .amazon_provided_ipv6_cidr_block(true)
        .tag_specifications(tags(ResourceType::Vpc, "vpc.main"))
        .send()
        .await
        .unwrap();
    let vpc = made.vpc().unwrap().vpc_id().unwrap().to_owned();
    let block = made.vpc().unwrap().ipv6_cidr_block_association_set()[0].ipv6_cidr_block();
    let block = block.unwrap().replace("/56", "/64");
    assert_eq!(made.vpc().unwrap().tags()[0].value(), Some("vpc.main"));
    ec2.modify_vpc_attribute().vpc_id(&vpc).enable_dns_hostnames(on()).send().await.unwrap();
    let attribute = ec2
        .describe_vpc_attribute()
        .vpc_id(&vpc)
        .attribute(VpcAttributeName::EnableDnsHostnames)
        .send()
        .await
        .unwrap();
    assert_eq!(attribute.enable_dns_hostnames().unwrap().value(), Some(true));

    let made = ec2
        .create_subnet()
        .vpc_id(&vpc)
        .cidr_block("10.0.0.0/24")
        .ipv6_cidr_block(&block)
        .availability_zone("eu-west-1b")
        .tag_specifications(tags(ResourceType::Subnet, "subnet.public/b"))
        .send()
        .await
        .unwrap();
    let subnet = made.subnet().unwrap().subnet_id().unwrap().to_owned();
    let map = ec2.modify_subnet_attribute().subnet_id(&subnet);
    map.map_public_ip_on_launch(on()).send().await.unwrap();
    let found = ec2
        .describe_subnets()
        .filters(filter("tag:infra:resource", "subnet.public/*"))
        .send()
        .await
        .unwrap();
    assert_eq!(found.subnets()[0].available_ip_address_count(), Some(251));
    assert_eq!(found.subnets()[0].map_public_ip_on_launch(), Some(true));
    assert_eq!(
        found.subnets()[0].ipv6_cidr_block_association_set()[0].ipv6_cidr_block(),
        Some(block.as_str())
    );

    let made = ec2.create_internet_gateway().send().await.unwrap();
    let gateway = made.internet_gateway().unwrap().internet_gateway_id().unwrap().to_owned();
    let attach = ec2.attach_internet_gateway().internet_gateway_id(&gateway);
    attach.vpc_id(&vpc).send().await.unwrap();
    let found = ec2.describe_internet_gateways().internet_gateway_ids(&gateway).send().await;
    let state = found.unwrap().internet_gateways()[0].attachments()[0].state().cloned();
    assert_eq!(state.unwrap().as_str(), "available");

    let made = ec2.create_route_table().vpc_id(&vpc).send().await.unwrap();
    let table = made.route_table().unwrap().route_table_id().unwrap().to_owned();
    let route = ec2.create_route().route_table_id(&table).gateway_id(&gateway);
    route.destination_cidr_block("0.0.0.0/0").send().await.unwrap();
    let route = ec2.create_route().route_table_id(&table).gateway_id(&gateway);
    route.destination_ipv6_cidr_block("::/0").send().await.unwrap();
    let associate = ec2.associate_route_table().route_table_id(&table).subnet_id(&subnet);
    let association = associate.send().await.unwrap().association_id().unwrap().to_owned();
    let found = ec2.describe_route_tables().route_table_ids(&table).send().await.unwrap();
    let shown = &found.route_tables()[0];
    assert_eq!(shown.routes().len(), 4);
    assert_eq!(shown.associations()[0].subnet_id(), Some(subnet.as_str()));

    let error = ec2.delete_vpc().vpc_id(&vpc).send().await.unwrap_err();
    assert_eq!(error.code(), Some("DependencyViolation"));
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    let error = ec2.delete_route_table().route_table_id(&table).send().await.unwrap_err();
    assert_eq!(error.code(), Some("DependencyViolation"));

    ec2.disassociate_route_table().association_id(association).send().await.unwrap();
    ec2.delete_route_table().route_table_id(&table).send().await.unwrap();
    let detach = ec2.detach_internet_gateway().internet_gateway_id(&gateway);
    detach.vpc_id(&vpc).send().await.unwrap();
    ec2.delete_internet_gateway().internet_gateway_id(&gateway).send().await.unwrap();
    ec2.delete_subnet().subnet_id(&subnet).send().await.unwrap();
    ec2.delete_vpc().vpc_id(&vpc).send().await.unwrap();
    let error = ec2.describe_vpcs().vpc_ids(&vpc).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidVpcID.NotFound"));
    assert!(ec2.describe_vpcs().send().await.unwrap().vpcs().is_empty());
}

#[tokio::test]
async fn security_groups_and_their_rules_go_through_the_wire() {
    let sandbox = Sandbox::in_memory(Options::default());
    let ec2 = client!(ec2, sandbox);
    let vpc = ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.unwrap();
    let vpc = vpc.vpc().unwrap().vpc_id().unwrap().to_owned();
    let made = ec2
        .create_security_group()
        .vpc_id(&vpc)
        .group_name("web")
        .description("web")
        .tag_specifications(tags(ResourceType::SecurityGroup, "security_group.web"))
        .send()
        .await
        .unwrap();
    let group = made.group_id().unwrap().to_owned();
    let permission = IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(443)
        .to_port(443)
        .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").description("in").build())
        .ipv6_ranges(Ipv6Range::builder().cidr_ipv6("2001:DB8::/32").build())
        .user_id_group_pairs(UserIdGroupPair::builder().group_id(&group).build())
        .build();
    let made = ec2
        .authorize_security_group_ingress()
        .group_id(&group)
        .ip_permissions(permission.clone())
        .tag_specifications(tags(ResourceType::SecurityGroupRule, "rule"))
        .send()
        .await
        .unwrap();
    assert_eq!(made.security_group_rules().len(), 3);
    let rule = made.security_group_rules()[0].security_group_rule_id().unwrap().to_owned();
    let again = ec2.authorize_security_group_ingress().group_id(&group);
    let error = again.ip_permissions(permission).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidPermission.Duplicate"));

    let request = SecurityGroupRuleRequest::builder()
        .ip_protocol("tcp")
        .from_port(80)
        .to_port(80)
        .cidr_ipv4("10.0.0.0/8")
        .build();
    let update = SecurityGroupRuleUpdate::builder()
        .security_group_rule_id(&rule)
        .security_group_rule(request)
        .build();
    let modify = ec2.modify_security_group_rules().group_id(&group);
    modify.security_group_rules(update).send().await.unwrap();
    let found = ec2
        .describe_security_group_rules()
        .filters(filter("group-id", &group))
        .send()
        .await
        .unwrap();
    assert_eq!(found.security_group_rules().len(), 4);
    let changed = found
        .security_group_rules()
        .iter()
        .find(|it| it.security_group_rule_id() == Some(rule.as_str()));
    assert_eq!(changed.unwrap().from_port(), Some(80));
    assert_eq!(changed.unwrap().tags()[0].value(), Some("rule"));
    let found = ec2.describe_security_groups().group_ids(&group).send().await.unwrap();
    let shown = &found.security_groups()[0];
    assert_eq!(shown.ip_permissions().len(), 2);
    assert_eq!(shown.ip_permissions_egress()[0].from_port(), None);

    ec2.revoke_security_group_ingress()
        .group_id(&group)
        .security_group_rule_ids(&rule)
        .send()
        .await
        .unwrap();
    ec2.delete_security_group().group_id(&group).send().await.unwrap();
    ec2.delete_vpc().vpc_id(&vpc).send().await.unwrap();
}

#[tokio::test]
async fn pages_zones_and_tags_go_through_the_wire() {
    let sandbox = Sandbox::in_memory(Options::default());
    let ec2 = client!(ec2, sandbox);
    let zones = ec2.describe_availability_zones().send().await.unwrap();
    assert_eq!(zones.availability_zones()[2].zone_id(), Some("euw1-az3"));
    let mut ids = Vec::new();
    for _ in 0..7 {
        let made = ec2.create_internet_gateway().send().await.unwrap();
        ids.push(made.internet_gateway().unwrap().internet_gateway_id().unwrap().to_owned());
    }
    ids.sort();
    let pages = ec2.describe_internet_gateways().max_results(5).into_paginator().items().send();
    let found: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    let found: Vec<_> = found.iter().filter_map(|it| it.internet_gateway_id()).collect();
    assert_eq!(found, ids);

    let tag = Tag::builder().key("a").value("b c").build();
    let create = ec2.create_tags().set_resources(Some(ids.clone())).tags(tag);
    create.send().await.unwrap();
    let found = ec2.describe_tags().filters(filter("value", "b*")).send().await.unwrap();
    assert_eq!(found.tags().len(), 7);
    assert_eq!(found.tags()[0].resource_type(), Some(&ResourceType::InternetGateway));
    let delete = ec2.delete_tags().resources(&ids[0]);
    delete.tags(Tag::builder().key("a").build()).send().await.unwrap();
    assert_eq!(ec2.describe_tags().send().await.unwrap().tags().len(), 6);
    let error = ec2.describe_vpcs().max_results(4).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
}
