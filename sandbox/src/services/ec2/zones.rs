//! Regions, their Availability Zones, and what an account is told of itself.

use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::Filters;
use super::{View, rules};
use crate::partition;
use crate::state::Account;

/// A region: name, what its zone ids begin with, its zones by letter and number, whether it must be
/// opted into.
struct Region(&'static str, &'static str, &'static [(char, u8)], bool);

const ABC: &[(char, u8)] = &[('a', 1), ('b', 2), ('c', 3)];
const ABCD: &[(char, u8)] = &[('a', 1), ('b', 2), ('c', 3), ('d', 4)];

/// AWS's regions. Which letter is which zone id differs between accounts; here they are in order
/// where AWS numbers them so.
static REGIONS: &[Region] = &[
    Region("af-south-1", "afs1", ABC, true),
    Region("ap-east-1", "ape1", ABC, true),
    Region("ap-northeast-1", "apne1", &[('a', 4), ('c', 1), ('d', 2)], false),
    Region("ap-northeast-2", "apne2", ABCD, false),
    Region("ap-northeast-3", "apne3", ABC, false),
    Region("ap-south-1", "aps1", ABC, false),
    Region("ap-south-2", "aps2", ABC, true),
    Region("ap-southeast-1", "apse1", ABC, false),
    Region("ap-southeast-2", "apse2", ABC, false),
    Region("ap-southeast-3", "apse3", ABC, true),
    Region("ap-southeast-4", "apse4", ABC, true),
    Region("ca-central-1", "cac1", &[('a', 1), ('b', 2), ('d', 4)], false),
    Region("ca-west-1", "caw1", ABC, true),
    Region("eu-central-1", "euc1", ABC, false),
    Region("eu-central-2", "euc2", ABC, true),
    Region("eu-north-1", "eun1", ABC, false),
    Region("eu-south-1", "eus1", ABC, true),
    Region("eu-south-2", "eus2", ABC, true),
    Region("eu-west-1", "euw1", ABC, false),
    Region("eu-west-2", "euw2", ABC, false),
    Region("eu-west-3", "euw3", ABC, false),
    Region("il-central-1", "ilc1", ABC, true),
    Region("me-central-1", "mec1", ABC, true),
    Region("me-south-1", "mes1", ABC, true),
    Region("sa-east-1", "sae1", ABC, false),
    Region(
        "us-east-1",
        "use1",
        &[('a', 1), ('b', 2), ('c', 4), ('d', 6), ('e', 3), ('f', 5)],
        false,
    ),
    Region("us-east-2", "use2", ABC, false),
    Region("us-west-1", "usw1", ABC, false),
    Region("us-west-2", "usw2", ABCD, false),
    Region("cn-north-1", "cnn1", &[('a', 1), ('b', 2), ('d', 4)], false),
    Region("cn-northwest-1", "cnnw1", ABC, false),
    Region("us-gov-east-1", "usge1", ABC, false),
    Region("us-gov-west-1", "usgw1", ABC, false),
];

/// An Availability Zone.
pub(crate) struct Zone {
    /// Its name, such as `eu-west-1a`.
    pub(crate) name: String,
    /// Its id, the same in every account, such as `euw1-az1`.
    pub(crate) id: String,
}

/// Returns the zones of a region; one that AWS does not have gets three.
pub(crate) fn of_region(name: &str) -> Vec<Zone> {
    let known = REGIONS.iter().find(|region| region.0 == name);
    let (prefix, zones) = known.map_or((name, ABC), |region| (region.1, region.2));
    zones
        .iter()
        .map(|(letter, number)| Zone {
            name: format!("{name}{letter}"),
            id: format!("{prefix}-az{number}"),
        })
        .collect()
}

/// Returns the id of a zone by its name.
pub(crate) fn id_of(name: &str) -> String {
    let region = name.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let found = of_region(region).into_iter().find(|zone| zone.name == name);
    found.map(|zone| zone.id).unwrap_or_default()
}

/// Whether a region is opted into: the sandbox's account is in none that must be, unless it works
/// there.
fn opt_in_status(call: &Call, region: &str) -> &'static str {
    let must = REGIONS.iter().any(|known| known.0 == region && known.3);
    if !must {
        "opt-in-not-required"
    } else if call.region == region {
        "opted-in"
    } else {
        "not-opted-in"
    }
}

/// DescribeAvailabilityZones.
pub(super) fn describe_zones(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let names = [
        "group-name",
        "opt-in-status",
        "region-name",
        "state",
        "zone-id",
        "zone-name",
        "zone-type",
    ];
    let filters = Filters::read(view, input, &names)?;
    let mut zones = of_region(&call.region);
    for (member, of) in [("ZoneNames", name as fn(&Zone) -> &str), ("ZoneIds", id)] {
        let wanted = input.texts(member);
        if let Some(unknown) = wanted.iter().find(|it| !zones.iter().any(|zone| of(zone) == **it)) {
            return Err(rules::ZONE_UNKNOWN.refuse(&[unknown]));
        }
        zones.retain(|zone| wanted.is_empty() || wanted.contains(&of(zone)));
    }
    let opted = opt_in_status(call, &call.region);
    let group = format!("{}-zg-1", call.region);
    let found = zones.iter().filter(|zone| {
        filters.accept_fields(|name| {
            let value = match name {
                "group-name" => group.as_str(),
                "opt-in-status" => opted,
                "region-name" => &call.region,
                "state" => "available",
                "zone-id" => &zone.id,
                "zone-name" => &zone.name,
                "zone-type" => "availability-zone",
                _ => return Vec::new(),
            };
            vec![value.to_owned()]
        })
    });
    let shown: Vec<Value> = found
        .map(|zone| {
            json!({
                "State": "available",
                "OptInStatus": opted,
                "Messages": [],
                "RegionName": call.region,
                "ZoneName": zone.name,
                "ZoneId": zone.id,
                "GroupName": group,
                "NetworkBorderGroup": call.region,
                "ZoneType": "availability-zone",
            })
        })
        .collect();
    Ok(json!({ "AvailabilityZones": shown }))
}

fn name(zone: &Zone) -> &str {
    &zone.name
}

fn id(zone: &Zone) -> &str {
    &zone.id
}

/// DescribeRegions: those of the partition; those not opted into only with `AllRegions`.
pub(super) fn describe_regions(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let filters = Filters::read(view, input, &["endpoint", "opt-in-status", "region-name"])?;
    let wanted = input.texts("RegionNames");
    let all = || REGIONS.iter().filter(|region| partition(region.0) == call.partition);
    if let Some(unknown) = wanted.iter().find(|it| !all().any(|region| region.0 == **it)) {
        return Err(rules::REGION_UNKNOWN.refuse(&[unknown]));
    }
    let suffix = if call.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let everything = input.flag("AllRegions") == Some(true);
    let shown: Vec<Value> = all()
        .map(|region| {
            let endpoint = format!("ec2.{}.{suffix}", region.0);
            (region.0, endpoint, opt_in_status(call, region.0))
        })
        .filter(|(name, endpoint, status)| {
            let asked = wanted.contains(name) || wanted.is_empty();
            let shown = everything || *status != "not-opted-in";
            asked
                && shown
                && filters.accept_fields(|filter| match filter {
                    "endpoint" => vec![endpoint.clone()],
                    "opt-in-status" => vec![(*status).to_owned()],
                    "region-name" => vec![(*name).to_owned()],
                    _ => Vec::new(),
                })
        })
        .map(|(name, endpoint, status)| {
            json!({ "RegionName": name, "Endpoint": endpoint, "OptInStatus": status })
        })
        .collect();
    Ok(json!({ "Regions": shown }))
}

/// DescribeAccountAttributes: there is no default VPC, and no other platform.
#[expect(clippy::unnecessary_wraps, reason = "operations have one signature")]
pub(super) fn describe_account_attributes(
    _account: &Account,
    _call: &Call,
    input: &Input,
) -> Answer {
    let wanted = input.texts("AttributeNames");
    let known = [("supported-platforms", "VPC"), ("default-vpc", "none")];
    let shown: Vec<Value> = known
        .iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.contains(name))
        .map(|(name, value)| {
            json!({ "AttributeName": name, "AttributeValues": [{ "AttributeValue": value }] })
        })
        .collect();
    Ok(json!({ "AccountAttributes": shown }))
}
