//! The inventory knows our types by their ARNs, though no type tells it its ARN.

use crate::aws::arn::Arn;
use crate::aws::inventory::{Findings, Found};
use crate::engine::inventory::Inventory;

#[test]
fn types_are_known_by_their_arns() {
    let regional = |rest: &str| {
        let (service, resource) = rest.split_once(' ').unwrap();
        format!("arn:aws:{service}:eu-west-1:123456789012:{resource}")
    };
    let registry = crate::resources::registry();
    // Types not there yet are passed over; those of the registry that are missing here must have a
    // name made like their ARN.
    let known = [
        ("vpc", regional("ec2 vpc/vpc-1")),
        ("subnet", regional("ec2 subnet/subnet-1")),
        ("internet_gateway", regional("ec2 internet-gateway/igw-1")),
        ("egress_only_internet_gateway", regional("ec2 egress-only-internet-gateway/eigw-1")),
        ("eip", regional("ec2 elastic-ip/eipalloc-1")),
        ("nat_gateway", regional("ec2 natgateway/nat-1")),
        ("route_table", regional("ec2 route-table/rtb-1")),
        ("security_group", regional("ec2 security-group/sg-1")),
        ("vpc_endpoint", regional("ec2 vpc-endpoint/vpce-1")),
        ("iam_role", "arn:aws:iam::123456789012:role/path/name".to_owned()),
        ("iam_instance_profile", "arn:aws:iam::123456789012:instance-profile/name".to_owned()),
        ("log_group", regional("logs log-group:/ecs/app")),
        ("ecr_repository", regional("ecr repository/team/app")),
        ("dynamodb_table", regional("dynamodb table/orders")),
        ("launch_template", regional("ec2 launch-template/lt-1")),
        (
            "autoscaling_group",
            regional("autoscaling autoScalingGroup:0-1:autoScalingGroupName/main"),
        ),
        ("kms_key", regional("kms key/0a1b2c3d-1111-2222-3333-444455556666")),
        ("ssm_parameter", regional("ssm parameter/dev/level")),
        ("secretsmanager_secret", regional("secretsmanager secret:dev/db-AbC123")),
        ("service_discovery_namespace", regional("servicediscovery namespace/ns-1")),
        ("service_discovery_service", regional("servicediscovery service/srv-1")),
        ("scaling_target", regional("application-autoscaling scalable-target/1a2b")),
        ("cloudwatch_alarm", regional("cloudwatch alarm:dev-errors")),
    ];
    let mut checked = 0;
    for (ty, arn) in known {
        let found = Found {
            arn: Arn::parse(&arn).unwrap(),
            tags: crate::aws::Tags::new(),
            confirmed: true,
            indexed: true,
        };
        let findings = Findings { there: vec![found], ..Findings::default() };
        let inventory = Inventory::of(findings, &registry);
        let expected = registry.resources.get_key_value(ty).map(|(name, _)| *name);
        assert_eq!(inventory.items[&arn].ty, expected, "{arn}");
        checked += usize::from(expected.is_some());
    }
    assert!(checked >= 7, "only {checked} types are there");
}
