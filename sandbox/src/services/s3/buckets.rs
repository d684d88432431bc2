//! Buckets: made, listed and deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::paging::page;
use super::super::{Answer, Call, Input, Members, modelled};
use super::{Bucket, OTHERS, bucket, owner, rules, settings};
use crate::rules::Refusal;
use crate::state::Account;

/// How long the name of a deleted bucket cannot be had again.
const RELEASE: Duration = Duration::from_secs(60);

/// CreateBucket. In us-east-1 one that is there already is no error.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("Bucket").unwrap_or_default();
    check_name(name)?;
    let empty = Map::new();
    let config = input.object("CreateBucketConfiguration").unwrap_or(&empty);
    modelled(config, "CreateBucketConfiguration", &["LocationConstraint", "Tags"])?;
    let tags = settings::tags_of(config.list("Tags"))?;
    check_location(config.text("LocationConstraint"), &call.region)?;
    if OTHERS.contains(&name) {
        return Err(rules::TAKEN.refuse(&[]));
    }
    let s3 = &mut account.global.s3;
    if let Some(known) = s3.buckets.get(name) {
        if known.region != "us-east-1" || call.region != "us-east-1" {
            return Err(rules::OWNED.refuse(&[]));
        }
    } else {
        if s3.free_from.get(name).is_some_and(|time| *time > call.now) {
            return Err(rules::JUST_DELETED.refuse(&[]));
        }
        let ownership = input.text("ObjectOwnership").unwrap_or("BucketOwnerEnforced");
        let made = Bucket {
            region: call.region.clone(),
            created: call.now,
            tags,
            // New buckets let nobody in (S3 user guide, default settings for new buckets).
            public_access_block: Some(json!({
                "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true,
                "RestrictPublicBuckets": true,
            })),
            ownership: Some(ownership.to_owned()),
            smallest_moved: "all_storage_classes_128K".to_owned(),
            ..Bucket::default()
        };
        s3.buckets.insert(name.to_owned(), made);
        s3.free_from.remove(name);
    }
    Ok(json!({"Location": format!("/{name}"),
        "BucketArn": format!("arn:{}:s3:::{name}", call.partition)}))
}

/// Checks a name by the rules for general purpose buckets.
fn check_name(name: &str) -> Result<(), Refusal> {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let address = name.parse::<std::net::Ipv4Addr>().is_ok();
    let good = (3..=63).contains(&name.len())
        && name.chars().all(|c| letter(c) || c == '-' || c == '.')
        && name.starts_with(letter)
        && name.ends_with(letter)
        && !name.contains("..")
        && !address
        && !["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|start| name.starts_with(start))
        && !["-s3alias", "--ol-s3", ".mrap", "--x-s3"].iter().any(|end| name.ends_with(end));
    if good { Ok(()) } else { Err(rules::BUCKET_NAME.refuse(&[name])) }
}

/// The region must be told, and be the one that is called; us-east-1 is the one that is not told.
fn check_location(told: Option<&str>, region: &str) -> Result<(), Refusal> {
    let good = match told {
        None => region == "us-east-1",
        Some("EU") => region == "eu-west-1",
        Some(told) => told == region && region != "us-east-1",
    };
    if good { Ok(()) } else { Err(rules::LOCATION.refuse(&[told.unwrap_or("unspecified")])) }
}

/// HeadBucket.
pub(super) fn head(account: &Account, call: &Call, input: &Input) -> Answer {
    let bucket = bucket(account, call, input)?;
    let name = input.text("Bucket").unwrap_or_default();
    Ok(json!({"BucketRegion": bucket.region,
        "BucketArn": format!("arn:{}:s3:::{name}", call.partition)}))
}

/// GetBucketLocation: us-east-1 has none.
pub(super) fn location(account: &Account, call: &Call, input: &Input) -> Answer {
    let region = bucket(account, call, input)?.region.as_str();
    Ok(json!({"LocationConstraint": (region != "us-east-1").then_some(region)}))
}

/// DeleteBucket: versions and delete markers must be gone; unfinished uploads go with it.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let found = bucket(account, call, input)?;
    if !found.keys.is_empty() {
        let versioned = found.versioning.is_some();
        let more = if versioned { " You must delete all versions in the bucket." } else { "" };
        return Err(rules::NOT_EMPTY.refuse(&[more]));
    }
    let name = input.text("Bucket").unwrap_or_default();
    let s3 = &mut account.global.s3;
    s3.buckets.remove(name);
    s3.free_from.insert(name.to_owned(), call.after(RELEASE));
    Ok(Value::Null)
}

/// ListBuckets: of all regions, unless one is asked for.
pub(super) fn list(account: &Account, _: &Call, input: &Input) -> Answer {
    let (prefix, region) = (input.text("Prefix"), input.text("BucketRegion"));
    let wanted = |(name, bucket): &(&String, &Bucket)| {
        prefix.is_none_or(|prefix| name.starts_with(prefix))
            && region.is_none_or(|region| region == bucket.region)
    };
    let buckets: BTreeMap<_, _> = account.global.s3.buckets.iter().filter(wanted).collect();
    let items = buckets.into_iter().map(|(name, bucket)| {
        let shown = json!({"Name": name, "CreationDate": bucket.created.to_string(),
            "BucketRegion": bucket.region});
        (name.clone(), shown)
    });
    let size = usize::try_from(input.integer("MaxBuckets").unwrap_or(10_000)).unwrap_or(10_000);
    let (buckets, next) = page(items.collect(), size, input.text("ContinuationToken"))
        .ok_or_else(|| rules::TOKEN.refuse(&[]))?;
    Ok(json!({"Buckets": buckets, "Owner": {"ID": owner(account)}, "ContinuationToken": next,
        "Prefix": prefix}))
}
