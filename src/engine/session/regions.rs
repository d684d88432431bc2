//! What several regions of one run must not have in common.

use crate::engine::planner::GlobalName;
use crate::stack::{Address, Diagnostic, Diagnostics};
use std::collections::{BTreeMap, BTreeSet};

/// Reports names that count in all regions of an account and come out equal in several of these:
/// one problem for each block of a file. Regions are given with the names of each.
pub fn one_region_each(regions: &[(&str, Vec<GlobalName>)]) -> Diagnostics {
    let mut all: BTreeMap<(&str, &str), Vec<(&str, &GlobalName)>> = BTreeMap::new();
    for (region, names) in regions {
        for one in names {
            all.entry((one.ty, &one.name)).or_default().push((region, one));
        }
    }
    let mut by_block: BTreeMap<(&str, Address), Vec<&[(&str, &GlobalName)]>> = BTreeMap::new();
    for uses in all.values() {
        let places: BTreeSet<&str> = uses.iter().map(|(region, _)| *region).collect();
        if let (Some((_, first)), true) = (uses.first(), places.len() > 1) {
            let block = Address { key: None, ..first.address.clone() };
            by_block.entry((&first.workspace, block)).or_default().push(uses);
        }
    }
    let mut problems: Diagnostics = by_block.values().filter_map(|names| problem(names)).collect();
    problems.sort();
    problems
}

fn problem(names: &[&[(&str, &GlobalName)]]) -> Option<Diagnostic> {
    let uses = names.first()?;
    let (_, first) = uses.first()?;
    let regions: BTreeSet<&str> = uses.iter().map(|(region, _)| *region).collect();
    let regions: Vec<&str> = regions.into_iter().collect();
    let message = format!(
        "`{}` would be called `{}` in {}, but such a name counts in all regions of an account",
        first.address,
        first.name,
        regions.join(" and in ")
    );
    let mut problem = Diagnostic::error("same_global_name", message)
        .at_location(Some(first.at.clone()))
        .label("comes out the same in each region");
    if names.len() > 1 {
        let more = names.iter().skip(1).filter_map(|uses| uses.first());
        let more: Vec<String> = more.map(|(_, one)| format!("`{}`", one.name)).collect();
        problem = problem.note(format!("The same goes for {}.", more.join(", ")));
    }
    Some(problem.hint("put the region into the name: `${region}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::{Location, Source};
    use std::sync::Arc;

    fn name(ty: &'static str, address: &str, name: &str) -> GlobalName {
        let source = Arc::new(Source { name: "stacks/w.toml".into(), text: "name = 1".into() });
        GlobalName {
            ty,
            name: name.into(),
            workspace: "w".into(),
            address: Address::parse(address).unwrap(),
            at: Location { source, range: 0..4 },
        }
    }

    #[test]
    fn a_name_is_told_once_and_only_where_two_regions_give_it() {
        let role = |region: &str| name("iam_role", "iam_role.app", &format!("{region}app"));
        let each = |key: &str| {
            name("iam_role", &format!("iam_role.each[\"{key}\"]"), &format!("each-{key}"))
        };
        let with = |region: &str| {
            vec![role(region), each("a"), each("b"), name("s3_bucket", "s3_bucket.app", region)]
        };
        assert!(one_region_each(&[("eu-west-1", with("x"))]).is_empty());
        let own = |region: &str| vec![role(region), name("s3_bucket", "s3_bucket.app", region)];
        assert!(one_region_each(&[("a", own("a")), ("b", own("b"))]).is_empty());
        let found = one_region_each(&[("a", with("a")), ("b", with("b"))]);
        let [problem] = found.0.as_slice() else { panic!("{found:#?}") };
        assert!(problem.message.contains("`each-a` in a and in b"), "{}", problem.message);
        assert_eq!(problem.notes, ["The same goes for `each-b`."]);
        assert!(problem.at.is_some());
        // A name of one type is not that of another.
        let mixed = [
            ("a", vec![name("iam_role", "iam_role.a", "x")]),
            ("b", vec![name("s3_bucket", "s3_bucket.a", "x")]),
        ];
        assert!(one_region_each(&mixed).is_empty());
    }
}
