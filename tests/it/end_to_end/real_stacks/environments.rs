//! All environments, and several regions, beside each other in one account.

use super::super::stage::Stage;
use serde_json::{Value, json};

/// What tells the environments apart, read with boto3.
const FACTS: &str = r#"
import json
env = input['environment']
ours = [{'Name': 'tag:infra:environment', 'Values': [env]}]
tables = call('ec2', 'describe_route_tables', {'Filters': ours})['RouteTables']
routes = [route for table in tables for route in table['Routes']]
endpoints = [
    endpoint for endpoint in call('ec2', 'describe_vpc_endpoints', {})['VpcEndpoints']
    if any(tag == {'Key': 'infra:environment', 'Value': env} for tag in endpoint['Tags'])
]
dynamodb = client('dynamodb')
def table(name):
    found = dynamodb.describe_table(TableName=f'{env}-{name}')['Table']
    backups = dynamodb.describe_continuous_backups(TableName=f'{env}-{name}')
    backups = backups['ContinuousBackupsDescription']['PointInTimeRecoveryDescription']
    throughputs = [found, *found.get('GlobalSecondaryIndexes', [])]
    return {
        'billing': found.get('BillingModeSummary', {}).get('BillingMode', 'PROVISIONED'),
        'read': [t.get('ProvisionedThroughput', {}).get('ReadCapacityUnits') for t in throughputs],
        'keys': [f"{key['KeyType']} {key['AttributeName']}"
                 for t in throughputs for key in t['KeySchema']],
        'protected': found['DeletionProtectionEnabled'],
        'recovery': backups['PointInTimeRecoveryStatus'],
    }
repositories = []
for name in ('order-api', 'order-processor'):
    name = f'{env}-{name}'
    found = client('ecr').describe_repositories(repositoryNames=[name])['repositories'][0]
    policy = client('ecr').get_lifecycle_policy(repositoryName=name)['lifecyclePolicyText']
    repositories.append([
        found['imageTagMutability'],
        found['imageScanningConfiguration']['scanOnPush'],
        json.loads(policy)['rules'][0]['selection']['countNumber'],
    ])
elb = client('elbv2')
balancer = elb.describe_load_balancers(Names=[f'{env}-public'])['LoadBalancers'][0]
attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer['LoadBalancerArn'])
attributes = {each['Key']: each['Value'] for each in attributes['Attributes']}
listeners = elb.describe_listeners(LoadBalancerArn=balancer['LoadBalancerArn'])['Listeners']
group = client('autoscaling').describe_auto_scaling_groups(
    AutoScalingGroupNames=[f'{env}-instances'])['AutoScalingGroups'][0]
cluster = client('ecs').describe_clusters(
    clusters=[f'{env}-cluster'], include=['SETTINGS'])['clusters'][0]
targets = [
    target for target in call('application-autoscaling', 'describe_scalable_targets',
                              {'ServiceNamespace': 'dynamodb'})['ScalableTargets']
    if target['ResourceId'].startswith(f'table/{env}-')
]
result = {
    'nat': len({route['NatGatewayId'] for route in routes if 'NatGatewayId' in route}),
    'routes over nat': sum('NatGatewayId' in route for route in routes),
    'routes over egress': sum('EgressOnlyInternetGatewayId' in route for route in routes),
    'gateway endpoints': sorted(e['ServiceName'].rsplit('.', 1)[-1] for e in endpoints
                                if e['VpcEndpointType'] == 'Gateway'),
    'interface endpoints': sum(e['VpcEndpointType'] == 'Interface' for e in endpoints),
    'subnets of each': sorted({len(e['SubnetIds']) for e in endpoints if e.get('SubnetIds')}),
    'orders': table('orders'),
    'inventory': table('inventory'),
    'repositories': repositories,
    'balancer': [attributes['deletion_protection.enabled'], attributes['access_logs.s3.enabled']],
    'listeners': sorted(f"{each['Protocol']} {each['DefaultActions'][0]['Type']}"
                        for each in listeners),
    'sizes': [group['MinSize'], group['MaxSize']],
    'instances': sorted({instance['InstanceType'] for instance in group['Instances']}),
    'insights': [each['value'] for each in cluster['settings']],
    'capacities that scale': len(targets),
}
"#;

/// What an environment has of its own.
struct Expected {
    resources: usize,
    /// Of which AWS lists none by tags: account settings and records.
    untagged: usize,
    tasks: usize,
    nat_gateways: u32,
    interface_endpoints: u32,
    on_demand: bool,
    protected: bool,
    capacity: u32,
    kept_images: u32,
    instance_type: &'static str,
    sizes: [u32; 2],
    insights: &'static str,
    https: bool,
    /// What a destruction needs to be allowed.
    allowed: &'static [&'static str],
}

const DEV: Expected = Expected {
    resources: 50,
    untagged: 0,
    tasks: 2,
    nat_gateways: 1,
    interface_endpoints: 3,
    on_demand: false,
    protected: false,
    capacity: 5,
    kept_images: 5,
    instance_type: "t3.medium",
    sizes: [1, 6],
    insights: "disabled",
    https: false,
    allowed: &[],
};
const UAT: Expected = Expected {
    resources: 62,
    untagged: 3,
    interface_endpoints: 9,
    on_demand: true,
    instance_type: "m6i.large",
    sizes: [2, 6],
    https: true,
    ..DEV
};
const PROD: Expected = Expected {
    resources: 73,
    untagged: 3,
    tasks: 3,
    nat_gateways: 3,
    protected: true,
    on_demand: false,
    capacity: 10,
    kept_images: 20,
    instance_type: "m6i.xlarge",
    sizes: [3, 12],
    insights: "enabled",
    allowed: &[
        "--allow-protected",
        "dynamodb_table.inventory",
        "--allow-protected",
        "dynamodb_table.orders",
        "--allow-protected",
        "load_balancer.public",
        "--allow-data-loss",
        "s3_bucket.access_logs",
    ],
    ..UAT
};

impl Expected {
    fn facts(&self) -> Value {
        let table = |keys: Value, throughputs: usize| {
            let read = if self.on_demand { 0 } else { self.capacity };
            json!({
                "billing": if self.on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" },
                "read": vec![read; throughputs],
                "keys": keys,
                "protected": self.protected,
                "recovery": if self.protected { "ENABLED" } else { "DISABLED" },
            })
        };
        let repository = json!(["IMMUTABLE", true, self.kept_images]);
        let protected = if self.protected { "true" } else { "false" };
        json!({
            "nat": self.nat_gateways,
            "routes over nat": 3,
            "routes over egress": 3,
            "gateway endpoints": ["dynamodb", "s3"],
            "interface endpoints": self.interface_endpoints,
            "subnets of each": [3],
            "orders": table(json!(["HASH customer_id", "RANGE created_at", "HASH order_id"]), 2),
            "inventory": table(json!(["HASH product_id"]), 1),
            "repositories": [repository, repository],
            "balancer": [protected, protected],
            "listeners": if self.https {
                json!(["HTTP redirect", "HTTPS fixed-response"])
            } else {
                json!(["HTTP fixed-response"])
            },
            "sizes": self.sizes,
            "instances": [self.instance_type],
            "insights": [self.insights],
            "capacities that scale": if self.protected { 6 } else { 0 },
        })
    }
}

/// Makes an environment from nothing, and looks at it with boto3.
fn comes(stage: &mut Stage, environment: &str, expected: &Expected) {
    stage.turn_to(environment);
    let plan = stage.plan(&["--all"]);
    // The account's settings are there before; trunking goes with HTTPS here.
    let created = expected.resources - usize::from(expected.https);
    assert_eq!(plan.0["summary"]["create"], created, "{environment}");
    let plan = stage.apply_all();
    assert_eq!(plan["summary"]["unchanged"], expected.resources, "{environment}");
    stands(stage, environment, expected);
    let facts = stage.python(FACTS, json!({ "environment": environment }));
    assert_eq!(facts, expected.facts(), "{environment}");
    for workspace in ["supporting-infrastructure", "order-processor", "order-api"] {
        let outputs = stage.run(&["outputs", workspace, "--format", "json"]).exits(0).json();
        let count = outputs.to_string().matches("null").count();
        assert_eq!(count, 0, "every output has a value: {outputs:#}");
    }
}

/// Insists that an environment is whole: no difference, all tasks, nothing more nor less.
fn stands(stage: &mut Stage, environment: &str, expected: &Expected) {
    stage.turn_to(environment);
    stage.run(&["plan", "--all", "--detailed-exitcode"]).exits(0);
    stage.healthy(expected.tasks);
    let mut owned = stage.owned();
    // Those of the group carry its tags.
    owned.retain(|each| !each.starts_with("instance "));
    assert_eq!(owned.len(), expected.resources - expected.untagged, "{owned:#?}");
}

/// Destroys an environment, which takes asking for each thing that is protected.
fn goes(stage: &mut Stage, environment: &str, expected: &Expected) {
    stage.turn_to(environment);
    let destroy = ["destroy", "--all", "--yes"];
    if !expected.allowed.is_empty() {
        let held = stage.plan(&["--all", "--destroy"]).changes();
        for address in ["dynamodb_table.orders", "load_balancer.public", "s3_bucket.access_logs"] {
            let line = format!("blocked delete {address}");
            assert!(held.contains(&line), "{address}: {held:#?}");
        }
        assert!(held.contains(&"delete ecs_cluster.main".to_owned()), "{held:#?}");
    }
    stage.nothing_is_left_after(&[&destroy[..], expected.allowed].concat());
}

#[test]
fn live_side_by_side_and_go_one_by_one() {
    let mut stage = Stage::of_real_stacks("dev");
    comes(&mut stage, "dev", &DEV);
    comes(&mut stage, "uat", &UAT);
    comes(&mut stage, "prod", &PROD);
    goes(&mut stage, "uat", &UAT);
    stands(&mut stage, "dev", &DEV);
    stands(&mut stage, "prod", &PROD);
    goes(&mut stage, "dev", &DEV);
    stands(&mut stage, "prod", &PROD);
    goes(&mut stage, "prod", &PROD);
}

#[test]
fn two_regions_live_side_by_side() {
    let stage = Stage::of_real_stacks("dev");
    let (file, one) = ("environments/dev.toml", "[\"eu-west-1\"]");
    let text = stage.read(file);
    assert!(text.contains(one));
    stage.write(file, &text.replace(one, "[\"eu-west-1\", \"eu-central-1\"]"));
    stage.apply_all();
    stage.healthy_in("eu-west-1", 2);
    stage.healthy_in("eu-central-1", 2);
    stage.run(&["destroy", "--all", "--region", "eu-west-1", "--yes"]).exits(0);
    let left = ["inventory", "--region", "eu-west-1", "--format", "json"];
    assert_eq!(stage.run(&left).exits(0).json()["residue"], 0);
    let other = ["plan", "--all", "--region", "eu-central-1", "--detailed-exitcode"];
    stage.run(&other).exits(0);
    stage.healthy_in("eu-central-1", 2);
    stage.nothing_is_left_after(&["destroy", "--all", "--yes"]);
}
