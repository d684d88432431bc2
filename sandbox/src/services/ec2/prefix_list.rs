//! The prefix lists that AWS itself keeps in each region.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::{Answer, Call, Input, Members};
use super::describe::{Filters, Page};
use super::{View, rules};
use crate::rules::Refusal;
use crate::state::Account;

/// A list of addresses of an AWS service.
struct PrefixList {
    id: String,
    name: String,
    family: &'static str,
    blocks: &'static [&'static str],
}

/// Returns the lists of a region. Their ids are the sandbox's own.
fn of_region(region: &str) -> Vec<PrefixList> {
    let lists: [(&str, &str, &[&str]); 2] = [
        ("s3", "IPv4", &["52.218.0.0/17", "3.5.64.0/21"]),
        ("dynamodb", "IPv4", &["52.94.24.0/23"]),
    ];
    let list = |(service, family, blocks): &(&str, &'static str, &'static [&'static str])| {
        let name = format!("com.amazonaws.{region}.{service}");
        let digest = Sha256::digest(name.as_bytes());
        let [a, b, c, d] = [digest[0], digest[1], digest[2], digest[3]].map(u32::from);
        let number = a << 24 | b << 16 | c << 8 | d;
        PrefixList { id: format!("pl-{number:08x}"), name, family, blocks }
    };
    lists.iter().map(list).collect()
}

/// Returns the id of the list of a service's addresses, by the service's whole name.
pub(super) fn of_service(region: &str, service: &str) -> Option<String> {
    of_region(region).into_iter().find(|list| list.name == service).map(|list| list.id)
}

/// Refuses the id of no list of the call's region.
pub(super) fn check(call: &Call, id: &str) -> Result<(), Refusal> {
    if of_region(&call.region).iter().any(|list| list.id == id) {
        Ok(())
    } else {
        Err(rules::PREFIX_LIST_NOT_FOUND.refuse(&[id]))
    }
}

/// DescribePrefixLists.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    answer(
        View::new(account, call),
        input,
        |_, list| json!({ "PrefixListId": list.id, "PrefixListName": list.name, "Cidrs": list.blocks }),
    )
}

/// DescribeManagedPrefixLists.
pub(super) fn describe_managed(account: &Account, call: &Call, input: &Input) -> Answer {
    answer(View::new(account, call), input, |call, list| {
        let (partition, region) = (call.partition, &call.region);
        json!({
            "PrefixListId": list.id,
            "PrefixListName": list.name,
            "AddressFamily": list.family,
            "OwnerId": "AWS",
            "State": "create-complete",
            "PrefixListArn": format!("arn:{partition}:ec2:{region}:aws:prefix-list/{}", list.id),
            "MaxEntries": 55,
            "Tags": [],
        })
    })
}

fn answer(view: View<'_>, input: &Input, show: fn(&Call, &PrefixList) -> Value) -> Answer {
    let wanted = input.texts("PrefixListIds");
    for id in &wanted {
        check(view.call, id)?;
    }
    let page = Page::of(view, input, 100)?;
    let filters = Filters::read(view, input, &["owner-id", "prefix-list-id", "prefix-list-name"])?;
    let mut lists = of_region(&view.call.region);
    lists.retain(|list| {
        (wanted.is_empty() || wanted.contains(&list.id.as_str()))
            && filters.accept_fields(|name| match name {
                "owner-id" => vec!["AWS".to_owned()],
                "prefix-list-id" => vec![list.id.clone()],
                "prefix-list-name" => vec![list.name.clone()],
                _ => Vec::new(),
            })
    });
    lists.sort_by(|one, other| one.id.cmp(&other.id));
    let (found, next) = page.cut(lists.into_iter().map(|list| (list.id.clone(), list)));
    let shown: Vec<Value> = found.iter().map(|(_, list)| show(view.call, list)).collect();
    Ok(json!({ "PrefixLists": shown, "NextToken": next }))
}
