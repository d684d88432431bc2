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
        ] {
            for (id, _) in entries(&ec2[kind]) {
                line(kind, id, String::new());
            }
        }
        // Deleted ones are listed for an hour; until then their interface is still there.
        for (id, _) in entries(&ec2["nat_gateways"]).filter(|(_, nat)| nat["deletion"].is_null()) {
            line("nat_gateways", id, String::new());
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
        for (service, kind) in [("logs", "groups"), ("dynamodb", "tables"), ("ecr", "repositories")]
        {
            for (_, item) in entries(&region[service][kind]) {
                lines.push(format!("{service} {kind} {}", address(&item["tags"])));
            }
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
