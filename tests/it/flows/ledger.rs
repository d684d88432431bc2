//! What an account has, read from its own state: no handler of ours takes part.

use serde_json::Value;

/// One line a thing: kind, the address its tag says, and how much belongs to it; sorted.
pub(super) type Ledger = Vec<String>;

/// Lists everything a client can make, but what AWS makes along with a VPC.
pub(super) fn of(state: &Value) -> Ledger {
    let mut lines = Vec::new();
    for region in entries(&state["regions"]).map(|(_, region)| region) {
        let ec2 = &region["ec2"];
        let mut line = |kind: &str, id: &str, more: String| {
            lines.push(format!("{kind} {}{more}", address(&ec2["tags"][id])));
        };
        for kind in [
            "vpcs",
            "subnets",
            "internet_gateways",
            "egress_only_internet_gateways",
            "network_interfaces",
            "addresses",
            "vpc_endpoints",
            "launch_templates",
        ] {
            for (id, _) in entries(&ec2[kind]) {
                line(kind, id, String::new());
            }
        }
        // Deleted ones are listed for an hour; until then their interface is still there.
        for (id, _) in entries(&ec2["nat_gateways"]).filter(|(_, nat)| nat["deletion"].is_null()) {
            line("nat_gateways", id, String::new());
        }
        // Terminated ones are listed for an hour as well.
        for (id, _) in entries(&ec2["instances"]).filter(|(_, one)| one["shutdown"].is_null()) {
            line("instances", id, String::new());
        }
        for (id, table) in entries(&ec2["route_tables"]) {
            let is_main = |a: &Value| a["with"] == "Main";
            let associations = table["associations"].as_array().map_or(&[][..], Vec::as_slice);
            if !associations.iter().any(is_main) {
                let routes = count(&table["routes"]);
                line(
                    "route_tables",
                    id,
                    format!(": {routes} routes, {} subnets", associations.len()),
                );
            }
        }
        for (id, group) in entries(&ec2["security_groups"]) {
            if group["name"] != "default" {
                line("security_groups", id, format!(": {} rules", count(&group["rules"])));
            }
        }
        for (name, _) in entries(&region["autoscaling"]["groups"]) {
            lines.push(format!("autoscaling groups {name}"));
        }
        // Keys and secrets that wait for their deletion are gone for us.
        let stays = |one: &Value| one["deletion"].is_null();
        for (id, key) in entries(&region["kms"]["keys"]).filter(|(_, key)| stays(key)) {
            let aliases = entries(&region["kms"]["aliases"]).filter(|(_, a)| a["key"] == **id);
            let rotates = if key["rotation"].is_null() { "" } else { ", rotates" };
            let tags = address(&key["tags"]);
            lines.push(format!("keys {tags}: {} aliases{rotates}", aliases.count()));
        }
        for (_, one) in entries(&region["ssm"]["parameters"]) {
            lines.push(format!("parameters {}", address(&one["tags"])));
        }
        for (_, one) in entries(&region["secretsmanager"]["secrets"]).filter(|(_, one)| stays(one))
        {
            let policy = if one["policy"].is_null() { "no" } else { "its" };
            let tags = address(&one["tags"]);
            lines.push(format!("secrets {tags}: {policy} policy"));
        }
        for (service, kind) in [
            ("logs", "groups"),
            ("dynamodb", "tables"),
            ("ecr", "repositories"),
            ("servicediscovery", "namespaces"),
            ("servicediscovery", "services"),
            ("cloudwatch", "alarms"),
        ] {
            for (_, item) in entries(&region[service][kind]) {
                lines.push(format!("{service} {kind} {}", address(&item["tags"])));
            }
        }
        for (_, target) in entries(&region["applicationautoscaling"]["targets"]) {
            let (of, policies) = (address(&target["tags"]), count(&target["policies"]));
            lines.push(format!("scaling targets {of}: {policies} policies"));
        }
        lines.extend(balancing(&region["elbv2"]));
    }
    for (_, role) in entries(&state["global"]["iam"]["roles"]) {
        let (inline, attached) = (count(&role["inline"]), count(&role["attached"]));
        let tags = address(&role["tags"]);
        lines.push(format!("roles {tags}: {inline} inline, {attached} attached"));
    }
    for (_, profile) in entries(&state["global"]["iam"]["profiles"]) {
        let role = profile["role"].as_str().unwrap_or("none");
        lines.push(format!("profiles {}: role {role}", address(&profile["tags"])));
    }
    lines.sort();
    lines
}

/// Load balancers and what belongs to them; default rules belong to their listeners.
fn balancing(elbv2: &Value) -> Ledger {
    let mut lines = Ledger::new();
    for kind in ["load_balancers", "target_groups", "listeners", "rules"] {
        for (arn, item) in entries(&elbv2[kind])
            .filter(|(_, item)| item["priority"] != Value::Null || kind != "rules")
        {
            let more = match kind {
                "load_balancers" => format!(
                    ": {} subnets, {} groups",
                    count(&item["subnets"]),
                    count(&item["groups"])
                ),
                "listeners" => format!(": {}", item["port"]),
                "rules" => format!(": {}", item["priority"]),
                _ => String::new(),
            };
            lines.push(format!("{kind} {}{more}", address(&elbv2["tags"][arn])));
        }
    }
    lines
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn count(value: &Value) -> usize {
    value.as_array().map_or_else(|| value.as_object().map_or(0, serde_json::Map::len), Vec::len)
}

fn address(tags: &Value) -> String {
    let tag = |key: &str| tags[key].as_str();
    let of = tag("infra:resource").unwrap_or("(not ours)");
    if tag("infra:deposed").is_some() { format!("{of} (deposed)") } else { of.to_owned() }
}
