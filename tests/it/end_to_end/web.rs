//! Zones, records, certificates and buckets.

use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};

on_both!(domains, records_in_a_zone_of_others, certificates, buckets);

fn zone_id(stage: &Stage, name: &str) -> String {
    let zones = stage.call("route53", "list_hosted_zones", json!({}));
    let zones = zones["HostedZones"].as_array().expect("a list");
    let zone = zones.iter().find(|zone| zone["Name"] == format!("{name}."));
    let id = zone.unwrap_or_else(|| panic!("no zone {name}"))["Id"].as_str().expect("an id");
    id.rsplit('/').next().unwrap_or(id).to_owned()
}

fn records(stage: &Stage, zone: &str) -> Vec<String> {
    let list = stage.call("route53", "list_resource_record_sets", json!({ "HostedZoneId": zone }));
    let list = list["ResourceRecordSets"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    list.iter().map(|set| format!("{} {}", text(&set["Name"]), text(&set["Type"]))).collect()
}

fn domains(stage: &Stage) {
    let name = format!("{}.example.com", stage.environment());
    let zone = |comment: &str| {
        format!(
            "[route53_zone.main]\nname = \"{name}\"\ntags = {{ team = \"shop\" }}\n\
             hosted_zone_config = {{ comment = \"{comment}\" }}\n"
        )
    };
    let record = |label: &str, ttl: u32| {
        format!(
            "[route53_record.{label}]\nhosted_zone_id = \"${{route53_zone.main.id}}\"\n\
             name = \"{label}.{name}\"\ntype = \"A\"\nttl = {ttl}\n\
             resource_records = [\"192.0.2.1\", \"192.0.2.2\"]\n"
        )
    };
    stage.stack("names", &(zone("one") + &record("api", 60) + &record("web", 60)));
    stage.apply("names");
    stage.settled("names");
    let id = zone_id(stage, &name);
    assert!(records(stage, &id).contains(&format!("api.{name}. A")));
    stage.stack("names", &(zone("two") + &record("api", 300)));
    stage.changes(
        "names",
        &[
            "update route53_record.api: ttl",
            "delete route53_record.web",
            "update route53_zone.main: hosted_zone_config.comment",
        ],
    );
    assert!(!records(stage, &id).iter().any(|record| record.contains("web.")));
    // What others put there is theirs, and goes only when that is allowed.
    let set = json!({ "Name": format!("mail.{name}"), "Type": "A", "TTL": 5,
                      "ResourceRecords": [{ "Value": "192.0.2.9" }] });
    let batch = json!({ "Changes": [{ "Action": "CREATE", "ResourceRecordSet": set }] });
    let change = json!({ "HostedZoneId": id, "ChangeBatch": batch });
    stage.call("route53", "change_resource_record_sets", change);
    stage.settled("names");
    let blocked = stage.run(&["destroy", "--all", "--yes"]).exits(4);
    assert!(blocked.stderr.contains("1 record of others"), "{}", blocked.stderr);
    let allow = ["destroy", "--all", "--yes", "--allow-data-loss", "route53_zone.main"];
    stage.run(&allow).exits(0);
    assert_eq!(stage.owned(), Vec::<String>::new());
}

fn records_in_a_zone_of_others(stage: &Stage) {
    let name = format!("{}.example.com", stage.environment());
    let theirs = json!({ "Name": name, "CallerReference": name });
    stage.call("route53", "create_hosted_zone", theirs);
    let zone = zone_id(stage, &name);
    let before = records(stage, &zone);
    let stack = |label: &str| {
        format!(
            "[data.route53_zone.theirs]\nname = \"{name}\"\n[route53_record.api]\n\
             hosted_zone_id = \"${{data.route53_zone.theirs.id}}\"\nname = \"{label}.{name}\"\n\
             type = \"TXT\"\nttl = 60\nresource_records = [\"\\\"v=1\\\"\"]\n"
        )
    };
    stage.stack("records", &stack("one"));
    stage.apply("records");
    stage.settled("records");
    stage.stack("records", &stack("two"));
    stage.changes("records", &["replace route53_record.api: name"]);
    let now = records(stage, &zone);
    assert!(
        now.contains(&format!("two.{name}. TXT")) && !now.contains(&format!("one.{name}. TXT"))
    );
    // No tag in the account tells of them: a destruction finds them by the stack.
    stage.run(&["destroy", "--all", "--yes"]).exits(0);
    assert_eq!(records(stage, &zone), before);
}

fn certificates(stage: &Stage) {
    let name = format!("{}.example.com", stage.environment());
    let stack = |names: &str| {
        format!(
            "[route53_zone.main]\nname = \"{name}\"\n\
             [acm_certificate.main]\ndomain_name = \"{name}\"\n\
             subject_alternative_names = [{names}]\n\
             domain_validation_options = [{{ domain_name = \"{name}\", \
             hosted_zone_id = \"${{route53_zone.main.id}}\" }}]\n"
        )
    };
    stage.stack("certificates", &stack(&format!("\"*.{name}\"")));
    stage.apply("certificates");
    let plan = stage.settled("certificates");
    let arn = plan.id("acm_certificate.main");
    let found = stage.call("acm", "describe_certificate", json!({ "CertificateArn": arn }));
    assert_eq!(found["Certificate"]["Status"], "ISSUED");
    let record = &found["Certificate"]["DomainValidationOptions"][0]["ResourceRecord"];
    let record = record["Name"].as_str().expect("a name");
    let id = zone_id(stage, &name);
    assert!(records(stage, &id).contains(&format!("{record} CNAME")));
    // Another name is another certificate: it comes first, and needs the record still.
    stage.stack("certificates", &stack(""));
    stage.changes("certificates", &["replace acm_certificate.main: subject_alternative_names"]);
    assert!(records(stage, &id).contains(&format!("{record} CNAME")));
    stage.destroy_all();
}

fn buckets(stage: &Stage) {
    let name = format!("e2e-{}-logs", stage.environment());
    let stack = |days: u32, more: &str| {
        format!(
            "[s3_bucket.logs]\nname = \"{name}\"\ntags = {{ team = \"shop\" }}\n\
             policy = {{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", \
             Principal = {{ Service = \"logdelivery.elasticloadbalancing.amazonaws.com\" }}, \
             Action = \"s3:PutObject\", Resource = \"arn:aws:s3:::{name}/*\" }}] }}\n\
             lifecycle_configuration = [{{ id = \"expire\", expiration = {{ days = {days} }} }}]\n\
             bucket_encryption = {{ sse_algorithm = \"AES256\" }}\n\
             public_access_block_configuration = {{}}\n{more}"
        )
    };
    stage.stack("buckets", &stack(90, ""));
    stage.apply("buckets");
    stage.settled("buckets");
    stage.stack("buckets", &stack(30, "versioning_configuration = { status = \"Enabled\" }\n"));
    stage.changes(
        "buckets",
        &["update s3_bucket.logs: lifecycle_configuration[expire].expiration.days \
           versioning_configuration"],
    );
    let object = json!({ "Bucket": name, "Key": "AWSLogs/a" });
    for _ in 0..2 {
        stage.call("s3", "put_object", object.clone());
    }
    let blocked = stage.run(&["destroy", "--all", "--yes"]).exits(4);
    assert!(blocked.stderr.contains("1 object and 1 older version"), "{}", blocked.stderr);
    stage.run(&["destroy", "--all", "--yes", "--allow-data-loss", "s3_bucket.logs"]).exits(0);
    assert_eq!(stage.owned(), Vec::<String>::new());
}
