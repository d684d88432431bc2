//! Log groups through their lives.

use super::World;
use serde_json::json;

#[tokio::test]
async fn a_log_group_lives_and_dies() {
    let (world, name) = (World::sandbox().await, "/ecs/app");
    let spec = |days: i32| json!({ "name": name, "retention_in_days": days });
    let (live, updates) = world.apply("log_group", "app", spec(14)).await;
    assert_eq!((live.id.as_str(), updates), (name, 1));
    assert!(live.out["arn"].as_str().unwrap().ends_with(&format!(":log-group:{name}")));
    world.apply("log_group", "app", spec(0)).await;
    let set = [("team".to_owned(), "shop".to_owned())].into();
    world.handler("log_group").tag(&world.cx, &live, &set, &[]).await.unwrap();
    assert_eq!(world.by_id("log_group", name).await.unwrap().tags["team"], "shop");
    world.delete("log_group", "app").await;
}

#[tokio::test]
async fn the_index_is_evidence_and_what_it_lacks_is_asked_for() {
    let world = World::sandbox().await;
    for number in 0..8 {
        let spec = json!({ "name": format!("/ecs/dev/{number}") });
        world.apply("log_group", &format!("g{number}"), spec).await;
    }
    let call = world.cx.logs().create_log_group().log_group_name("/ecs/dev/theirs");
    call.send().await.unwrap();
    let before = world.cx.calls();
    let names: Vec<_> = (0..8).map(|n| format!("/ecs/dev/{n}")).collect();
    let all = [names, vec!["/ecs/dev/theirs".to_owned()]].concat();
    let found = world.owned("log_group", &all).await;
    assert_eq!(found.len(), 9);
    assert_eq!(found.iter().filter(|g| g.tags.is_empty()).count(), 1);
    let spent = |operation: &str| {
        let of = |calls: &std::collections::BTreeMap<String, u64>| {
            calls.get(operation).copied().unwrap_or_default()
        };
        of(&world.cx.calls()) - of(&before)
    };
    assert_eq!(spent("tagging.GetResources"), 1);
    assert_eq!(spent("logs.DescribeLogGroups"), 1, "one listing under the common start");
    assert_eq!(spent("logs.ListTagsForResource"), 1, "only of the one the index does not know");
}
