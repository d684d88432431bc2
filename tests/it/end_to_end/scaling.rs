//! Namespaces of Cloud Map, alarms, and what scales tables.

use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};

on_both!(namespaces, http_namespaces, scaled_tables);

fn namespaces(stage: &Stage) {
    let stack = |label: &str, ttl: u32, words: &str| {
        let name = format!("{label}.{}", stage.environment());
        format!(
            "[vpc.main]\ncidr_block = \"10.51.0.0/16\"\n\
             [service_discovery_namespace.main]\nname = \"{name}\"\ntype = \"DNS_PRIVATE\"\n\
             vpc = \"${{vpc.main.id}}\"\ntags = {{ team = \"shop\" }}\n\
             [service_discovery_service.api]\nname = \"api\"\n\
             namespace_id = \"${{service_discovery_namespace.main.id}}\"\n\
             description = \"{words}\"\nhealth_check_custom_config = {{}}\n\
             dns_config = {{ dns_records = [{{ type = \"SRV\", ttl = 10 }}, \
             {{ type = \"A\", ttl = {ttl} }}] }}\n"
        )
    };
    stage.stack("names", &stack("one", 10, "the API"));
    stage.apply("names");
    let plan = stage.settled("names");
    let id = plan.id("service_discovery_namespace.main");
    assert!(id.starts_with("ns-"), "{id}");
    let found = stage.call("servicediscovery", "get_namespace", json!({ "Id": id }));
    assert_eq!(found["Namespace"]["Type"], "DNS_PRIVATE");
    stage.stack("names", &stack("one", 60, "all of the API"));
    stage.changes(
        "names",
        &["update service_discovery_service.api: description dns_config.dns_records[0].ttl"],
    );
    // What others registered holds the service, and is told.
    let service = plan.id("service_discovery_service.api");
    let found = stage.call("servicediscovery", "get_service", json!({ "Id": service }));
    assert_eq!(found["Service"]["DnsConfig"]["DnsRecords"][0]["TTL"], 60);
    if !stage.is_moto() {
        let instance = json!({ "ServiceId": service, "InstanceId": "theirs",
            "Attributes": { "AWS_INSTANCE_IPV4": "10.51.0.9", "AWS_INSTANCE_PORT": "80" } });
        stage.call("servicediscovery", "register_instance", instance);
        let blocked = stage.run(&["destroy", "--all", "--yes"]);
        assert!(blocked.code != 0, "{}", blocked.stdout);
        assert!(blocked.stderr.contains("registered instance theirs"), "{}", blocked.stderr);
        let instance = json!({ "ServiceId": service, "InstanceId": "theirs" });
        stage.call("servicediscovery", "deregister_instance", instance);
        stage.apply("names");
    }
    // Another name: both go and come.
    stage.stack("names", &stack("two", 60, "all of the API"));
    let expected = [
        "replace service_discovery_service.api: namespace_id",
        "replace service_discovery_namespace.main: name",
    ];
    let plan = stage.plan(&["names"]);
    let mut shown = plan.changes();
    shown.sort();
    let mut expected = expected.map(str::to_owned);
    expected.sort();
    assert_eq!(shown, expected);
    if !stage.is_moto() {
        // moto 5.2.5 allows a VPC one private namespace of whatever name.
        stage.apply("names");
        stage.settled("names");
    }
    stage.destroy_all();
}

fn http_namespaces(stage: &Stage) {
    // moto 5.2.5 changes no namespaces.
    let changes = !stage.is_moto();
    let name = format!("http-{}", stage.environment());
    let stack = |words: &str| {
        format!(
            "[service_discovery_namespace.main]\nname = \"{name}\"\ntype = \"HTTP\"\n\
             description = \"{words}\"\n"
        )
    };
    stage.stack("names", &stack("one"));
    stage.apply("names");
    let plan = stage.settled("names");
    if changes {
        stage.stack("names", &stack("two"));
        stage.changes("names", &["update service_discovery_namespace.main: description"]);
    }
    // A tag that somebody took away comes back.
    let id = plan.id("service_discovery_namespace.main");
    let found = stage.call("servicediscovery", "get_namespace", json!({ "Id": id }));
    let arn = &found["Namespace"]["Arn"];
    let tags = json!([{ "Key": "theirs", "Value": "stays" }]);
    stage.call("servicediscovery", "tag_resource", json!({ "ResourceARN": arn, "Tags": tags }));
    stage.settled("names");
    stage.destroy_all();
}

#[test]
fn alarms_in_the_sandbox() {
    let stage = Stage::in_the_sandbox();
    let name = format!("{}-errors", stage.environment());
    let stack = |threshold: &str, more: &str| {
        format!(
            "[cloudwatch_alarm.errors]\nname = \"{name}\"\ntags = {{ team = \"shop\" }}\n\
             namespace = \"AWS/ApplicationELB\"\nmetric_name = \"HTTPCode_Target_5XX_Count\"\n\
             dimensions = [{{ name = \"LoadBalancer\", value = \"app/x/1\" }}, \
             {{ name = \"AvailabilityZone\", value = \"eu-west-1a\" }}]\n\
             statistic = \"Sum\"\nperiod = 60\nevaluation_periods = 5\n\
             threshold = {threshold}\ncomparison_operator = \"GreaterThanThreshold\"\n{more}\n"
        )
    };
    stage.stack("alarms", &stack("10", "alarm_description = \"errors\""));
    stage.apply("alarms");
    stage.settled("alarms");
    stage.stack("alarms", &stack("2.5", "treat_missing_data = \"notBreaching\""));
    stage.changes("alarms", &["update cloudwatch_alarm.errors: threshold treat_missing_data"]);
    let found =
        stage.call("cloudwatch", "describe_alarms", json!({ "AlarmNames": [name] }))["MetricAlarms"]
            [0]
        .clone();
    assert_eq!((&found["Threshold"], &found["Period"]), (&json!(2.5), &json!(60)));
    // What the stack says no more is not managed, and stays.
    assert_eq!(found["AlarmDescription"], "errors");
    // By hand, behind our back.
    let by_hand = json!({
        "AlarmName": name, "Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount",
        "Statistic": "Sum", "Period": 120, "EvaluationPeriods": 5, "Threshold": 2.5,
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
    });
    stage.call("cloudwatch", "put_metric_alarm", by_hand);
    stage.changes("alarms", &["update cloudwatch_alarm.errors: dimensions metric_name period"]);
    stage.destroy_all();
}

/// A table with 5 units, whose reads a target moves.
fn table(stage: &Stage, target: &str) -> String {
    format!(
        "[dynamodb_table.orders]\nname = \"{}-scaled\"\nbilling_mode = \"PROVISIONED\"\n\
         key_schema = [{{ attribute_name = \"id\", attribute_type = \"S\", key_type = \"HASH\" }}]\n\
         provisioned_throughput = {{ read_capacity_units = 5, write_capacity_units = 5 }}\n{target}",
        stage.environment()
    )
}

fn target(least: u32, policies: &str) -> String {
    format!(
        "[scaling_target.reads]\nservice_namespace = \"dynamodb\"\n\
         resource_id = \"table/${{dynamodb_table.orders.id}}\"\n\
         scalable_dimension = \"dynamodb:table:ReadCapacityUnits\"\nmin_capacity = {least}\n\
         max_capacity = 20\ntags = {{ team = \"shop\" }}\nscaling_policies = [{policies}]\n"
    )
}

fn policy(name: &str, value: u32) -> String {
    format!(
        "{{ policy_name = \"{name}\", target_tracking_scaling_policy_configuration = {{ \
         target_value = {value}, scale_in_cooldown = 60, predefined_metric_specification = {{ \
         predefined_metric_type = \"DynamoDBReadCapacityUtilization\" }} }} }}"
    )
}

fn units(stage: &Stage, reads: u32, writes: u32) {
    let name = format!("{}-scaled", stage.environment());
    let units = json!({ "ReadCapacityUnits": reads, "WriteCapacityUnits": writes });
    let change = json!({ "TableName": name, "ProvisionedThroughput": units });
    stage.call("dynamodb", "update_table", change);
    let script = "client('dynamodb').get_waiter('table_exists').wait(TableName=input, \
                  WaiterConfig={'Delay': 1})";
    stage.python(script, name.into());
}

fn reads(stage: &Stage) -> Value {
    let name = format!("{}-scaled", stage.environment());
    let found = stage.call("dynamodb", "describe_table", json!({ "TableName": name }));
    found["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"].clone()
}

fn scaled_tables(stage: &Stage) {
    stage.stack("tables", &table(stage, &target(5, &policy("reads", 70))));
    stage.apply("tables");
    let plan = stage.settled("tables");
    let id = plan.id("scaling_target.reads");
    let name = format!("{}-scaled", stage.environment());
    assert_eq!(id, format!("dynamodb/table/{name}/dynamodb:table:ReadCapacityUnits"));
    // What scaling made of it stands, and the plan says who decides it.
    units(stage, 8, 5);
    let plan = stage.settled("tables");
    let left = &plan.change("dynamodb_table.orders")["left"][0];
    assert_eq!(left["path"], "provisioned_throughput.read_capacity_units");
    assert!(left.to_string().contains("its scaling target (5 to 20)"), "{left}");
    // A change beside it leaves it as it is.
    units(stage, 8, 9);
    stage.changes(
        "tables",
        &["update dynamodb_table.orders: provisioned_throughput.write_capacity_units"],
    );
    assert_eq!(reads(stage), 8);
    // Beyond the range it is a difference.
    units(stage, 30, 5);
    stage.changes(
        "tables",
        &["update dynamodb_table.orders: provisioned_throughput.read_capacity_units"],
    );
    assert_eq!(reads(stage), 5);
    let path = "scaling_policies[reads].target_tracking_scaling_policy_configuration";
    stage.stack("tables", &table(stage, &target(6, &policy("reads", 50))));
    let changed = format!("update scaling_target.reads: min_capacity {path}.target_value");
    if stage.is_moto() {
        // moto 5.2.5 brings nothing into a range.
        units(stage, 6, 5);
    }
    stage.changes("tables", &[&changed]);
    assert_eq!(reads(stage), 6);
    stage.stack("tables", &table(stage, &target(6, &policy("other", 50))));
    stage.changes("tables", &["update scaling_target.reads: scaling_policies"]);
    let policies = json!({ "ServiceNamespace": "dynamodb", "ResourceId": format!("table/{name}") });
    let found = stage.call("application-autoscaling", "describe_scaling_policies", policies);
    let found = found["ScalingPolicies"].as_array().expect("a list");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["PolicyName"], "other");
    stage.stack("tables", &table(stage, ""));
    assert_eq!(stage.plan(&["tables"]).changes(), ["delete scaling_target.reads"]);
    stage.apply("tables");
    // Nobody else decides the units any more.
    stage.changes(
        "tables",
        &["update dynamodb_table.orders: provisioned_throughput.read_capacity_units"],
    );
    stage.destroy_all();
}
