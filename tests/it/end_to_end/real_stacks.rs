//! The stack of this repository in each of its environments: made, as the stack says, unmade until
//! nothing is left.

use super::stage::Stage;
use serde_json::{Value, json};

const STACK: &str = "supporting-infrastructure";

/// What tells the environments apart, read with boto3.
const FACTS: &str = r#"
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
}
"#;

/// What an environment has of its own.
struct Expected {
    resources: usize,
    nat_gateways: u32,
    interface_endpoints: u32,
    on_demand: bool,
    protected: bool,
    kept_images: u32,
}

const DEV: Expected = Expected {
    resources: 27,
    nat_gateways: 1,
    interface_endpoints: 3,
    on_demand: false,
    protected: false,
    kept_images: 5,
};
const UAT: Expected = Expected { resources: 33, interface_endpoints: 9, on_demand: true, ..DEV };
const PROD: Expected = Expected {
    resources: 37,
    nat_gateways: 3,
    interface_endpoints: 9,
    on_demand: false,
    protected: true,
    kept_images: 20,
};

impl Expected {
    fn facts(&self) -> Value {
        let table = |keys: Value, throughputs: usize| {
            let read = if self.on_demand { 0 } else { 5 };
            json!({
                "billing": if self.on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" },
                "read": vec![read; throughputs],
                "keys": keys,
                "protected": self.protected,
                "recovery": if self.protected { "ENABLED" } else { "DISABLED" },
            })
        };
        let repository = json!(["IMMUTABLE", true, self.kept_images]);
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
        })
    }
}

fn comes_and_goes(stage: &Stage, expected: &Expected) {
    let plan = stage.plan(&[STACK]);
    assert_eq!(plan.0["summary"]["create"], expected.resources);
    stage.apply(STACK);
    let plan = stage.settled(STACK);
    assert_eq!(plan.0["summary"]["unchanged"], expected.resources);
    assert_eq!(stage.owned().len(), expected.resources, "{:#?}", stage.owned());
    let environment = json!({ "environment": stage.environment() });
    let facts = format!("import json\n{FACTS}");
    assert_eq!(stage.python(&facts, environment), expected.facts());
    let outputs = stage.run(&["outputs", STACK, "--format", "json"]).exits(0).json();
    let count = outputs.to_string().matches("null").count();
    assert_eq!(count, 0, "every output has a value: {outputs:#}");

    let tables = ["dynamodb_table.inventory", "dynamodb_table.orders"];
    let mut destroy = vec!["destroy", STACK, "--yes"];
    if expected.protected {
        // All else goes; the tables and what they hold stay.
        stage.run(&destroy).exits(4);
        let left = ["inventory", "orders"].map(|t| {
            let environment = stage.environment();
            format!("dynamodb_table {environment}-{t}")
        });
        assert_eq!(stage.owned(), left);
        destroy.extend(tables.iter().flat_map(|table| ["--allow-protected", table]));
    }
    stage.run(&destroy).exits(0);
    assert_eq!(stage.owned(), Vec::<String>::new());
    let inventory = stage.run(&["inventory", "--format", "json"]).exits(0).json();
    assert_eq!(inventory["residue"], 0, "{inventory:#}");
}

#[test]
fn dev_in_the_sandbox() {
    comes_and_goes(&Stage::in_the_sandbox().with_real_stacks("dev"), &DEV);
}

#[test]
fn uat_in_the_sandbox() {
    comes_and_goes(&Stage::in_the_sandbox().with_real_stacks("uat"), &UAT);
}

#[test]
fn prod_in_the_sandbox() {
    comes_and_goes(&Stage::in_the_sandbox().with_real_stacks("prod"), &PROD);
}

/// Each way out can become each other one where it stands.
#[test]
fn nat_gateways_come_and_go_by_variable() {
    let stage = Stage::in_the_sandbox().with_real_stacks("dev");
    stage.apply(STACK);
    for (wanted, gateways, create, update, delete) in [
        ("per-zone", 3, 4, 2, 0),
        ("none", 0, 0, 3, 6),
        ("single", 1, 2, 3, 0),
        ("none", 0, 0, 3, 2),
    ] {
        let variable = format!("nat_gateways={wanted}");
        let plan = stage.plan(&[STACK, "--var", &variable]);
        let summary = ["create", "update", "replace", "delete"].map(|a| &plan.0["summary"][a]);
        assert_eq!(json!(summary), json!([create, update, 0, delete]), "{wanted}");
        stage.run(&["apply", STACK, "--yes", "--var", &variable]).exits(0);
        let again = ["plan", STACK, "--detailed-exitcode", "--var", &variable];
        stage.run(&again).exits(0);
        let owned = stage.owned();
        for kind in ["nat_gateway ", "eip "] {
            let number = owned.iter().filter(|line| line.starts_with(kind)).count();
            assert_eq!(number, gateways, "{wanted}: {owned:#?}");
        }
    }
    stage.destroy_all();
}

#[test]
fn names_that_are_none_of_the_stack_s_are_refused() {
    let stage = Stage::in_the_sandbox().with_real_stacks("dev");
    for (variable, told) in [
        ("nat_gateways=two", "`per-zone`, `single` or `none`"),
        ("interface_endpoints=[\"xray\"]", "interface endpoints are of ecr.api"),
        ("table_billing_mode=ON_DEMAND", "`PROVISIONED` or `PAY_PER_REQUEST`"),
    ] {
        let ran = stage.run(&["validate", STACK, "--var", variable]).exits(1);
        let words: Vec<_> = ran.stderr.split_whitespace().collect();
        let all = words.join(" ") + &ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(all.contains(told), "{variable}: {all}");
    }
}
