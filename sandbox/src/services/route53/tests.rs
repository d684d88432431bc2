use super::*;
use crate::rules::Rule;
use crate::{Options, Sandbox, Slow};

/// A sandbox with the zone example.com.
struct Lab {
    sandbox: Sandbox,
    id: String,
}

impl Lab {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        let sandbox = Sandbox::in_memory(options);
        let zone = json!({"Name": "example.com", "CallerReference": "first"});
        let made = sandbox.call("route53", "CreateHostedZone", zone).unwrap();
        let id = bare(made["HostedZone"]["Id"].as_str().unwrap()).to_owned();
        Self { sandbox, id }
    }

    fn does(&self, operation: &str, input: Value) -> Value {
        self.sandbox.call("route53", operation, input).unwrap()
    }

    fn no(&self, operation: &str, input: Value) -> Refusal {
        self.sandbox.call("route53", operation, input).unwrap_err()
    }

    fn batch(&self, changes: Value) -> Value {
        json!({"HostedZoneId": self.id, "ChangeBatch": {"Changes": changes}})
    }

    fn change(&self, action: &str, record: Value) -> Value {
        self.does("ChangeResourceRecordSets", self.batch(json!([one(action, record)])))
    }

    fn refuses(&self, action: &str, record: Value) -> Refusal {
        self.no("ChangeResourceRecordSets", self.batch(json!([one(action, record)])))
    }

    fn names(&self) -> Vec<String> {
        let list = self.does("ListResourceRecordSets", json!({"HostedZoneId": self.id}));
        let sets = list["ResourceRecordSets"].as_array().unwrap().iter();
        sets.map(|set| {
            format!("{} {}", set["Name"].as_str().unwrap(), set["Type"].as_str().unwrap())
        })
        .collect()
    }

    fn vpc(&self) -> String {
        let vpc = self.sandbox.call("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}));
        vpc.unwrap()["Vpc"]["VpcId"].as_str().unwrap().to_owned()
    }

    fn private(&self, name: &str, vpc: &str) -> Value {
        let vpc = json!({"VPCRegion": "eu-west-1", "VPCId": vpc});
        let id = self.does(
            "CreateHostedZone",
            json!({"Name": name, "CallerReference": format!("private {name} {vpc}"), "VPC": vpc}),
        );
        json!({"HostedZoneId": bare(id["HostedZone"]["Id"].as_str().unwrap()), "VPC": vpc})
    }
}

fn one(action: &str, record: Value) -> Value {
    json!({"Action": action, "ResourceRecordSet": record})
}

fn record(name: &str, kind: &str, value: &str) -> Value {
    json!({"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]})
}

fn with(mut record: Value, more: Value) -> Value {
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

fn bad(record: Value) -> Refusal {
    Lab::new().refuses("UPSERT", record)
}

fn alias(name: &str, zone: &str) -> Value {
    json!({"Name": "a.example.com", "Type": "A", "AliasTarget": {"HostedZoneId": zone,
        "DNSName": name, "EvaluateTargetHealth": false}})
}

const GONE: &str = "Z0GONE";

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&rules::NO_ZONE, || Lab::new().no("GetHostedZone", json!({"Id": GONE}))),
    (&rules::LINKED, || {
        let sandbox = Sandbox::in_memory(Options::default());
        let namespace = json!({"Name": "x.example", "CreatorRequestId": "1"});
        sandbox.call("servicediscovery", "CreatePublicDnsNamespace", namespace).unwrap();
        let zones = sandbox.call("route53", "ListHostedZones", json!({})).unwrap();
        let id = zones["HostedZones"][0]["Id"].clone();
        sandbox.call("route53", "DeleteHostedZone", json!({"Id": id})).unwrap_err()
    }),
    (&rules::NO_CHANGE, || Lab::new().no("GetChange", json!({"Id": "C0GONE"}))),
    (&rules::DOMAIN_NAME, || {
        Lab::new().no("CreateHostedZone", json!({"Name": "a..b", "CallerReference": "x"}))
    }),
    (&rules::REFERENCE_USED, || {
        let lab = Lab::new();
        lab.does("DeleteHostedZone", json!({"Id": lab.id}));
        lab.no("CreateHostedZone", json!({"Name": "example.org", "CallerReference": "first"}))
    }),
    (&rules::VPC_UNKNOWN, || {
        let vpc = json!({"VPCRegion": "eu-west-1", "VPCId": "vpc-0123456789abcdef0"});
        let zone = json!({"Name": "example.org", "CallerReference": "x", "VPC": vpc});
        Lab::new().no("CreateHostedZone", zone)
    }),
    (&rules::PRIVATE_WITHOUT_VPC, || {
        let config = json!({"PrivateZone": true});
        let zone = json!({"Name": "a.org", "CallerReference": "x", "HostedZoneConfig": config});
        Lab::new().no("CreateHostedZone", zone)
    }),
    (&rules::DOMAIN_CONFLICT, || {
        let lab = Lab::new();
        let vpc = lab.vpc();
        lab.private("internal", &vpc);
        let vpc = json!({"VPCRegion": "eu-west-1", "VPCId": vpc});
        let zone = json!({"Name": "Internal.", "CallerReference": "x", "VPC": vpc});
        lab.no("CreateHostedZone", zone)
    }),
    (&rules::PUBLIC_ZONE, || {
        let lab = Lab::new();
        let vpc = json!({"VPCRegion": "eu-west-1", "VPCId": lab.vpc()});
        lab.no("AssociateVPCWithHostedZone", json!({"HostedZoneId": lab.id, "VPC": vpc}))
    }),
    (&rules::LAST_VPC, || {
        let lab = Lab::new();
        let zone = lab.private("internal", &lab.vpc());
        lab.no("DisassociateVPCFromHostedZone", zone)
    }),
    (&rules::NOT_ASSOCIATED, || {
        let lab = Lab::new();
        let mut zone = lab.private("internal", &lab.vpc());
        zone["VPC"]["VPCId"] = json!(lab.vpc());
        lab.no("DisassociateVPCFromHostedZone", zone)
    }),
    (&rules::NOT_EMPTY, || {
        let lab = Lab::new();
        lab.change("CREATE", record("a.example.com", "A", "192.0.2.1"));
        lab.no("DeleteHostedZone", json!({"Id": lab.id}))
    }),
    (&rules::RECORD_NAME, || bad(record("a..example.com", "A", "192.0.2.1"))),
    (&rules::OUTSIDE, || bad(record("a.example.org", "A", "192.0.2.1"))),
    (&rules::RECORD_EXISTS, || {
        let lab = Lab::new();
        lab.change("CREATE", record("a.example.com", "A", "192.0.2.1"));
        lab.refuses("CREATE", record("A.example.com.", "A", "192.0.2.2"))
    }),
    (&rules::RECORD_MISSING, || {
        Lab::new().refuses("DELETE", record("a.example.com", "A", "192.0.2.1"))
    }),
    (&rules::RECORD_DIFFERS, || {
        let lab = Lab::new();
        lab.change("UPSERT", record("a.example.com", "A", "192.0.2.1"));
        lab.refuses("DELETE", record("a.example.com", "A", "192.0.2.2"))
    }),
    (&rules::RECORD_TWICE, || {
        let lab = Lab::new();
        let change = one("UPSERT", record("a.example.com", "A", "192.0.2.1"));
        lab.no("ChangeResourceRecordSets", lab.batch(json!([change, change])))
    }),
    (&rules::CNAME_AT_APEX, || bad(record("example.com", "CNAME", "a.org"))),
    (&rules::CNAME_CONFLICT, || {
        let lab = Lab::new();
        lab.change("CREATE", record("a.example.com", "A", "192.0.2.1"));
        lab.refuses("CREATE", record("a.example.com", "CNAME", "b.org"))
    }),
    (&rules::NEEDS_SOA, || {
        let lab = Lab::new();
        let list = lab.does("ListResourceRecordSets", json!({"HostedZoneId": lab.id}));
        lab.refuses("DELETE", stripped(&list["ResourceRecordSets"][1]))
    }),
    (&rules::NEEDS_NS, || {
        let lab = Lab::new();
        let list = lab.does("ListResourceRecordSets", json!({"HostedZoneId": lab.id}));
        lab.refuses("DELETE", stripped(&list["ResourceRecordSets"][0]))
    }),
    (&rules::BAD_VALUE, || bad(record("a.example.com", "A", "192.0.2.256"))),
    (&rules::DUPLICATE_VALUE, || {
        let values = json!({"ResourceRecords": [{"Value": "192.0.2.1"}, {"Value": "192.0.2.1"}]});
        bad(with(record("a.example.com", "A", ""), values))
    }),
    (&rules::ONE_CNAME_VALUE, || {
        let values = json!({"ResourceRecords": [{"Value": "a.org"}, {"Value": "b.org"}]});
        bad(with(record("a.example.com", "CNAME", ""), values))
    }),
    (&rules::ALIAS_TARGET, || {
        let lab = Lab::new();
        lab.refuses("UPSERT", alias("b.example.com", &lab.id))
    }),
    (&rules::SIMPLE_AND_OTHER, || {
        let lab = Lab::new();
        lab.change("CREATE", record("a.example.com", "A", "192.0.2.1"));
        let set = json!({"SetIdentifier": "x", "Weight": 1});
        lab.refuses("CREATE", with(record("a.example.com", "A", "192.0.2.1"), set))
    }),
    (&rules::NO_TTL, || {
        let mut record = record("a.example.com", "A", "192.0.2.1");
        record.as_object_mut().unwrap().remove("TTL");
        bad(record)
    }),
    (&rules::ALIAS_OR_VALUES, || bad(json!({"Name": "a.example.com", "Type": "A", "TTL": 1}))),
    (&rules::SET_WITHOUT_POLICY, || {
        bad(with(record("a.example.com", "A", "192.0.2.1"), json!({"SetIdentifier": "x"})))
    }),
    (&rules::POLICY_WITHOUT_SET, || {
        bad(with(record("a.example.com", "A", "192.0.2.1"), json!({"Weight": 1})))
    }),
    (&rules::START, || {
        let lab = Lab::new();
        let start = json!({"HostedZoneId": lab.id, "StartRecordType": "A"});
        lab.no("ListResourceRecordSets", start)
    }),
    (&rules::MARKER, || Lab::new().no("ListHostedZones", json!({"Marker": "?"}))),
    (&rules::MAX_ITEMS, || Lab::new().no("ListHostedZones", json!({"MaxItems": "many"}))),
    (&rules::NO_TAGS, || {
        let lab = Lab::new();
        let zone = json!({"ResourceType": "hostedzone", "ResourceId": lab.id});
        lab.no("ChangeTagsForResource", zone)
    }),
    (&rules::TOO_MANY_TAGS, || {
        let lab = Lab::new();
        let tags = |from: u32| {
            let tags = (from..from + 6).map(|n| json!({"Key": n.to_string(), "Value": ""}));
            json!({"ResourceType": "hostedzone", "ResourceId": lab.id,
                "AddTags": tags.collect::<Vec<_>>()})
        };
        lab.does("ChangeTagsForResource", tags(0));
        lab.no("ChangeTagsForResource", tags(6))
    }),
    (&rules::TAGGED_TYPE, || {
        let check = json!({"ResourceType": "healthcheck", "ResourceId": "x"});
        Lab::new().no("ListTagsForResource", check)
    }),
];

/// Drops nulls, which an input has none of.
fn stripped(value: &Value) -> Value {
    let members = value.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
    Value::Object(members.map(|(key, value)| (key.clone(), value.clone())).collect())
}

#[test]
fn a_batch_takes_effect_whole_or_not_at_all() {
    let lab = Lab::new();
    let first = one("CREATE", record("a.example.com", "A", "192.0.2.1"));
    let second = one("DELETE", record("b.example.com", "A", "192.0.2.1"));
    lab.no("ChangeResourceRecordSets", lab.batch(json!([first, second])));
    assert_eq!(lab.names(), ["example.com. NS", "example.com. SOA"]);
    let wildcard = one("CREATE", record("*.example.com", "CNAME", "a.example.com"));
    lab.does("ChangeResourceRecordSets", lab.batch(json!([first, wildcard])));
    let names =
        ["example.com. NS", "example.com. SOA", "\\052.example.com. CNAME", "a.example.com. A"];
    assert_eq!(lab.names(), names);
    // The values' order does not matter to a deletion, their number does.
    let values = json!({"ResourceRecords": [{"Value": "192.0.2.1"}, {"Value": "192.0.2.2"}]});
    let turned = json!({"ResourceRecords": [{"Value": "192.0.2.2"}, {"Value": "192.0.2.1"}]});
    let both = |values: &Value| with(record("a.example.com", "A", ""), values.clone());
    lab.change("UPSERT", both(&values));
    lab.change("DELETE", both(&turned));
    assert_eq!(lab.names(), names[..3]);
}

#[test]
fn pages_of_records_join_up() {
    let lab = Lab::new();
    for n in 0..5 {
        lab.change("CREATE", record(&format!("n{n}.example.com"), "A", "192.0.2.1"));
    }
    let mut input = json!({"HostedZoneId": lab.id, "MaxItems": "3"});
    let mut seen = 0;
    loop {
        let page = lab.does("ListResourceRecordSets", input.clone());
        seen += page["ResourceRecordSets"].as_array().unwrap().len();
        if page["IsTruncated"] == json!(false) {
            break;
        }
        input["StartRecordName"] = page["NextRecordName"].clone();
        input["StartRecordType"] = page["NextRecordType"].clone();
    }
    assert_eq!(seen, 7);
}

#[test]
fn a_name_may_repeat_and_zones_are_listed_by_name() {
    let lab = Lab::new();
    for (name, reference) in [("example.com", "second"), ("a.example.com", "third")] {
        lab.does("CreateHostedZone", json!({"Name": name, "CallerReference": reference}));
    }
    let list = lab.does("ListHostedZonesByName", json!({"DNSName": "example.com"}));
    let names: Vec<_> =
        list["HostedZones"].as_array().unwrap().iter().map(|z| &z["Name"]).collect();
    assert_eq!(names, ["example.com.", "example.com.", "a.example.com."]);
    let page = lab.does("ListHostedZones", json!({"MaxItems": "2"}));
    let rest = lab.does("ListHostedZones", json!({"Marker": page["NextMarker"]}));
    assert_eq!(rest["HostedZones"].as_array().unwrap().len(), 1);
    let records = list["HostedZones"][0]["ResourceRecordSetCount"].as_i64();
    assert_eq!(records, Some(2));
}

#[test]
fn a_change_is_pending_for_a_while() {
    let lab = Lab::with(Options { slow: Slow::Aws, ..Options::default() });
    let change = lab.change("CREATE", record("a.example.com", "A", "192.0.2.1"));
    assert_eq!(change["ChangeInfo"]["Status"], "PENDING");
    let id = json!({"Id": bare(change["ChangeInfo"]["Id"].as_str().unwrap())});
    assert_eq!(lab.does("GetChange", id.clone())["ChangeInfo"]["Status"], "PENDING");
    lab.sandbox.skip(Duration::from_secs(60));
    assert_eq!(lab.does("GetChange", id)["ChangeInfo"]["Status"], "INSYNC");
}

#[test]
fn private_zones_have_vpcs_and_tags_are_known_in_one_region() {
    let lab = Lab::new();
    let (one, two) = (lab.vpc(), lab.vpc());
    let mut zone = lab.private("internal", &one);
    zone["VPC"]["VPCId"] = json!(two);
    lab.does("AssociateVPCWithHostedZone", zone.clone());
    let id = json!({"Id": zone["HostedZoneId"]});
    let found = lab.does("GetHostedZone", id);
    assert_eq!(found["VPCs"].as_array().unwrap().len(), 2);
    assert_eq!(found["HostedZone"]["Config"]["PrivateZone"], true);
    let by_vpc = json!({"VPCId": two, "VPCRegion": "eu-west-1"});
    let zones = lab.does("ListHostedZonesByVPC", by_vpc);
    assert_eq!(zones["HostedZoneSummaries"][0]["Name"], "internal.");
    lab.does("DisassociateVPCFromHostedZone", zone);

    let tags = json!({"ResourceType": "hostedzone", "ResourceId": lab.id,
        "AddTags": [{"Key": "a", "Value": "b"}]});
    lab.does("ChangeTagsForResource", tags);
    let many = json!({"ResourceType": "hostedzone", "ResourceIds": [lab.id]});
    let sets = lab.does("ListTagsForResources", many);
    assert_eq!(sets["ResourceTagSets"][0]["Tags"][0]["Value"], "b");
    for (region, count) in [("us-east-1", 1), ("eu-west-1", 0)] {
        let found = lab.sandbox.call_in(region, "tagging", "GetResources", json!({})).unwrap();
        assert_eq!(found["ResourceTagMappingList"].as_array().unwrap().len(), count, "{region}");
    }
}
