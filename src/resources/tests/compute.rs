//! Launch templates and Auto Scaling groups through their lives.

use super::World;
use crate::engine::diff;
use crate::engine::resource::{Changed, LiveObject, Status};
use crate::sandbox::{Calls, Effect, Fault, Options as SandboxOptions, Sandbox, Slow};
use aws_sdk_autoscaling::types::{AutoScalingGroup, LifecycleState};
use aws_sdk_ec2::types::{RequestLaunchTemplateData, ResponseLaunchTemplateData};
use serde_json::{Value as Json, json};
use std::time::Duration;

const TEMPLATE: &str = "launch_template";
const GROUP: &str = "autoscaling_group";

async fn slow() -> World {
    let options = SandboxOptions { slow: Slow::Aws, ..SandboxOptions::default() };
    World::over(Sandbox::in_memory(options)).await
}

/// The sandbox's newest image for clusters.
async fn image(world: &World) -> String {
    let by = crate::aws::tags::filter("name", ["al2023-ami-ecs-hvm-*-x86_64"]);
    let found = world.cx.ec2().describe_images().filters(by).send().await.unwrap();
    found.images()[0].image_id().unwrap().to_owned()
}

async fn template(world: &World, name: &str, more: Json) -> (LiveObject, usize) {
    let mut data = json!({ "image_id": image(world).await, "instance_type": "t3.small" });
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let spec = json!({ "name": name, "launch_template_data": data });
    world.apply(TEMPLATE, name, spec).await
}

async fn data(world: &World, id: &str, version: &str) -> ResponseLaunchTemplateData {
    let call = world.cx.ec2().describe_launch_template_versions().launch_template_id(id);
    let found = call.versions(version).send().await.unwrap();
    found.launch_template_versions()[0].launch_template_data().unwrap().clone()
}

#[tokio::test]
async fn a_change_of_a_template_is_a_new_default_version() {
    let world = World::sandbox().await;
    let ec2 = world.cx.ec2();
    let more = json!({ "user_data": "#!/bin/bash\necho ECS_CLUSTER=main\n",
        "metadata_options": { "http_tokens": "required", "http_put_response_hop_limit": 1 },
        "block_device_mappings": [{ "device_name": "/dev/xvda",
            "ebs": { "volume_size": 30, "volume_type": "gp3", "encrypted": true } }],
        "monitoring": { "enabled": false },
        "credit_specification": { "cpu_credits": "standard" },
        "tag_specifications": [{ "resource_type": "instance", "tags": { "team": "shop" } }] });
    let (first, updates) = template(&world, "host", more.clone()).await;
    assert_eq!((updates, &first.out["latest_version"]), (0, &json!(1)));
    assert_eq!(first.spec["default_version"], "$Latest");
    assert_eq!(world.find(TEMPLATE, "host").await.as_ref(), Some(&first));
    let sent = data(&world, &first.id, "1").await;
    assert_eq!(sent.user_data(), Some("IyEvYmluL2Jhc2gKZWNobyBFQ1NfQ0xVU1RFUj1tYWluCg=="));
    let tagged = |kind: &str| {
        let one = sent
            .tag_specifications()
            .iter()
            .find(|one| one.resource_type().is_some_and(|resource| resource.as_str() == kind));
        let tags = one.unwrap().tags().iter();
        tags.map(|tag| tag.key().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for kind in ["instance", "volume", "network-interface"] {
        assert!(tagged(kind).contains(&"infra:resource".to_owned()), "{kind}");
    }
    assert!(tagged("instance").contains(&"team".to_owned()));

    // Left out is not said: the version has no word of it.
    let mut less = more.clone();
    less.as_object_mut().unwrap().remove("user_data");
    let (second, updates) = template(&world, "host", less.clone()).await;
    assert_eq!((updates, &second.out["latest_version"]), (1, &json!(2)));
    assert_eq!(data(&world, &first.id, "$Default").await.user_data(), None);

    // Somebody else's version is none of ours, default or not.
    let other = RequestLaunchTemplateData::builder().image_id("ami-1").build();
    let call = ec2.create_launch_template_version().launch_template_id(&first.id);
    call.launch_template_data(other).send().await.unwrap();
    let (fourth, updates) = template(&world, "host", less.clone()).await;
    assert_eq!((updates, &fourth.out["latest_version"]), (1, &json!(4)));
    let call = ec2.modify_launch_template().launch_template_id(&first.id);
    call.default_version("1").send().await.unwrap();
    let now = world.find(TEMPLATE, "host").await.unwrap();
    assert_eq!(now.spec["default_version"], "1");
    let (healed, updates) = template(&world, "host", less).await;
    assert_eq!((updates, &healed.out["latest_version"]), (1, &json!(4)), "no version more");
    world.delete(TEMPLATE, "host").await;
}

#[tokio::test]
async fn templates_are_found_by_name_whoever_owns_them_and_many_in_one_call() {
    let world = World::sandbox().await;
    let data = RequestLaunchTemplateData::builder().image_id("ami-1").build();
    let call = world.cx.ec2().create_launch_template().launch_template_name("theirs");
    call.launch_template_data(data).send().await.unwrap();
    assert_eq!(world.owned(TEMPLATE, &[]).await, []);
    assert_eq!(world.owned(TEMPLATE, &["theirs".to_owned()]).await.len(), 1);
    for name in ["one", "two", "three", "four"] {
        template(&world, name, json!({})).await;
    }
    let before = world.cx.calls()["ec2.DescribeLaunchTemplateVersions"];
    assert_eq!(world.owned(TEMPLATE, &[]).await.len(), 4);
    assert_eq!(world.cx.calls()["ec2.DescribeLaunchTemplateVersions"], before + 1);
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_version() {
    let world = World::sandbox().await;
    let (live, _) = template(&world, "host", json!({})).await;
    let handler = world.handler(TEMPLATE);
    let mut spec = live.spec.clone();
    spec["launch_template_data"]["instance_type"] = json!("t3.large");
    let changed = diff::changed(&diff::diff(handler.entry().spec(), &live.spec, &spec));
    let create = Calls::of("CreateLaunchTemplateVersion");
    world.sandbox.inject(Fault::new(create, 1, Effect::DropAnswer));
    // Sent again with its token, at once and by another try.
    handler.update(&world.cx, &live, &spec, &changed).await.unwrap();
    handler.update(&world.cx, &live, &spec, &changed).await.unwrap();
    assert_eq!(world.cx.calls()["ec2.CreateLaunchTemplateVersion"], 3);
    let now = world.find(TEMPLATE, "host").await.unwrap();
    let both = (&now.out["latest_version"], &now.spec["default_version"]);
    assert_eq!(both, (&json!(2), &json!("$Latest")));
}

/// Two subnets in two zones, of 16 addresses each.
async fn subnets(world: &World) -> Vec<String> {
    let (vpc, _) = world.apply("vpc", "main", json!({ "cidr_block": "10.60.0.0/24" })).await;
    let mut ids = Vec::new();
    for (zone, at) in [("a", 0), ("b", 16)] {
        let subnet = json!({ "vpc_id": vpc.id, "cidr_block": format!("10.60.0.{at}/28"),
                             "availability_zone": format!("eu-west-1{zone}") });
        ids.push(world.apply("subnet", zone, subnet).await.0.id);
    }
    ids
}

fn group(template: &LiveObject, subnets: &[String], more: Json) -> Json {
    let mut spec = json!({ "name": "main", "min_size": 1, "max_size": 4,
        "vpc_zone_identifier": subnets,
        "launch_template": { "launch_template_id": template.id,
                             "version": template.out["latest_version"].to_string() } });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec
}

async fn seen(world: &World) -> AutoScalingGroup {
    let call = world.cx.autoscaling().describe_auto_scaling_groups();
    let found = call.auto_scaling_group_names("main").send().await.unwrap();
    found.auto_scaling_groups()[0].clone()
}

/// Lets sandbox time pass until a group is as wanted.
async fn until(world: &World, what: &str, is: impl Fn(&LiveObject) -> bool) -> LiveObject {
    let mut last = None;
    for _ in 0..400 {
        let live = world.by_id(GROUP, "main").await.unwrap();
        if is(&live) {
            return live;
        }
        last = Some(live.status);
        world.sandbox.skip(Duration::from_secs(5));
    }
    panic!("never {what}: {last:?}");
}

async fn ready(world: &World) -> LiveObject {
    until(world, "ready", |live| live.status == Status::Ready).await
}

/// Makes the calls of an emptying until it succeeds.
async fn quiesce(world: &World) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..400 {
        let live = world.by_id(GROUP, "main").await.unwrap();
        match world.handler(GROUP).quiesce(&world.cx, &live).await {
            Ok(()) => return told,
            Err(error) => assert!(error.is("ScalingActivityInProgress"), "{error}"),
        }
        let blockers = world.handler(GROUP).blockers(&world.cx, &live).await.unwrap();
        told.extend(blockers.into_iter().map(|one| one.what));
        world.sandbox.skip(Duration::from_secs(5));
    }
    panic!("never empty: {told:?}");
}

#[tokio::test]
async fn a_group_lives_and_dies() {
    let world = World::sandbox().await;
    let subnets = subnets(&world).await;
    let (template, _) = template(&world, "host", json!({})).await;
    let all = json!({ "desired_capacity": 2, "new_instances_protected_from_scale_in": true,
        "health_check_type": "EC2", "health_check_grace_period": 60, "default_cooldown": 200,
        "default_instance_warmup": 30, "termination_policies": ["OldestInstance"],
        "max_instance_lifetime": 86400, "capacity_rebalance": true,
        "instance_maintenance_policy": { "min_healthy_percentage": 100,
                                         "max_healthy_percentage": 150 },
        "availability_zone_distribution": { "capacity_distribution_strategy": "balanced-only" },
        "deletion_protection": "prevent-all-deletion",
        "enabled_metrics": ["GroupMaxSize", "GroupMinSize"],
        "suspended_processes": ["AZRebalance"],
        "instance_refresh": { "min_healthy_percentage": 50 } });
    let spec = group(&template, &subnets, all);
    let (live, updates) = world.apply(GROUP, "main", spec.clone()).await;
    assert_eq!((live.id.as_str(), updates), ("main", 1), "metrics and processes come after");
    assert!(live.out["arn"].as_str().unwrap().ends_with(":autoScalingGroupName/main"));
    assert_eq!(live.out["availability_zones"], json!(["eu-west-1a", "eu-west-1b"]));
    assert_eq!(live.status, Status::Ready);
    assert_eq!(world.find(GROUP, "main").await.as_ref(), Some(&live), "in bulk as by name");
    let instances = seen(&world).await.instances.unwrap();
    assert_eq!(instances.len(), 2);
    let id = instances[0].instance_id().unwrap();
    let found = world.cx.ec2().describe_instances().instance_ids(id).send().await.unwrap();
    let tags = crate::aws::tags::from_ec2(found.reservations()[0].instances()[0].tags.clone());
    assert_eq!(tags["infra:resource"], "autoscaling_group.main");

    // Everything back to what AWS starts with.
    let none = json!({ "desired_capacity": 1, "new_instances_protected_from_scale_in": false,
        "health_check_type": "EC2", "health_check_grace_period": 0, "default_cooldown": 300,
        "default_instance_warmup": -1, "termination_policies": ["Default"],
        "max_instance_lifetime": 0, "capacity_rebalance": false,
        "instance_maintenance_policy": { "min_healthy_percentage": -1,
                                         "max_healthy_percentage": -1 },
        "availability_zone_distribution": {
            "capacity_distribution_strategy": "balanced-best-effort" },
        "deletion_protection": "none", "enabled_metrics": [], "suspended_processes": [],
        "max_size": 3, "vpc_zone_identifier": [subnets[0]] });
    let (live, updates) = world.apply(GROUP, "main", group(&template, &subnets, none)).await;
    assert_eq!(updates, 1, "all in one call");
    assert_eq!(live.spec["vpc_zone_identifier"], json!([subnets[0]]));
    let set = [("team".to_owned(), "shop".to_owned())].into();
    let handler = world.handler(GROUP);
    handler.tag(&world.cx, &live, &set, &["infra:protect".to_owned()]).await.unwrap();
    assert_eq!(world.by_id(GROUP, "main").await.unwrap().tags["team"], "shop");

    // Instances stay protected when the group's setting is gone; they are let go all the same.
    quiesce(&world).await;
    assert_eq!(seen(&world).await.instances().len(), 0);
    world.delete(GROUP, "main").await;
}

#[tokio::test]
async fn a_protected_group_is_weighed_before_it_is_deleted() {
    let world = World::sandbox().await;
    let subnets = subnets(&world).await;
    let (template, _) = template(&world, "host", json!({})).await;
    let protection = json!({ "min_size": 0, "deletion_protection": "prevent-all-deletion" });
    let (live, _) = world.apply(GROUP, "main", group(&template, &subnets, protection)).await;
    let handler = world.handler(GROUP);
    assert!(handler.holds(&world.cx, &live).await.unwrap().protected);
    handler.unlock(&world.cx, &live).await.unwrap();
    world.delete(GROUP, "main").await;
}

#[tokio::test]
async fn instances_come_are_replaced_and_leave_with_numbers() {
    let world = slow().await;
    let subnets = subnets(&world).await;
    let (one, _) = template(&world, "host", json!({})).await;
    let more = json!({ "desired_capacity": 2, "new_instances_protected_from_scale_in": true,
        "instance_refresh": { "min_healthy_percentage": 50 } });
    let (live, _) = world.apply(GROUP, "main", group(&one, &subnets, more.clone())).await;
    let Status::Pending(text) = live.status else { panic!("{:?}", live.status) };
    assert!(text.starts_with("0 of 2 instances in service"), "{text}");
    ready(&world).await;

    // Another version: a refresh, which is followed by whoever comes later.
    let (two, _) = template(&world, "host", json!({ "instance_type": "t3.medium" })).await;
    let wanted = group(&two, &subnets, more);
    let changed = Changed(["launch_template".to_owned()].into());
    let handler = world.handler(GROUP);
    let spec = handler.normalize(&wanted).unwrap();
    let live = world.find(GROUP, "main").await.unwrap();
    handler.update(&world.cx, &live, &spec, &changed).await.unwrap();
    let half = until(
        &world,
        "half done",
        |live| matches!(&live.status, Status::Pending(text) if text.starts_with("instance refresh 50%")),
    );
    let half = half.await;
    assert_eq!(half.spec["launch_template"]["version"], "1", "until the refresh has ended");
    handler.update(&world.cx, &half, &spec, &changed).await.unwrap();
    let done = ready(&world).await;
    assert_eq!(done.spec["launch_template"]["version"], "2");
    assert_eq!(world.cx.calls()["autoscaling.StartInstanceRefresh"], 1);
    let instances = seen(&world).await.instances.unwrap();
    let serving = instances.iter().filter(|one| one.protected_from_scale_in() == Some(true));
    let serving = serving.filter(|one| one.lifecycle_state() == Some(&LifecycleState::InService));
    let versions: Vec<_> =
        serving.map(|one| one.launch_template().unwrap().version().unwrap()).collect();
    assert_eq!(versions, ["2", "2"]);

    let told = quiesce(&world).await;
    assert!(told.iter().any(|what| what.contains("(InService)")), "{told:?}");
    assert!(told.iter().any(|what| what.contains("(Terminating")), "{told:?}");
    let live = world.find(GROUP, "main").await.unwrap();
    handler.delete(&world.cx, &live).await.unwrap();
    let going = world.by_id(GROUP, "main").await.unwrap();
    assert_eq!(going.status, Status::Deleting("Delete in progress".to_owned()));
    world.sandbox.skip(Duration::from_secs(60));
    assert_eq!(world.by_id(GROUP, "main").await, None);
}

#[tokio::test]
async fn a_refresh_for_another_version_is_ended_first() {
    let world = slow().await;
    let subnets = subnets(&world).await;
    let (one, _) = template(&world, "host", json!({})).await;
    world.apply(GROUP, "main", group(&one, &subnets, json!({}))).await;
    let live = ready(&world).await;
    let handler = world.handler(GROUP);
    let changed = Changed(["launch_template".to_owned()].into());
    let (two, _) = template(&world, "host", json!({ "instance_type": "t3.medium" })).await;
    let spec = handler.normalize(&group(&two, &subnets, json!({}))).unwrap();
    handler.update(&world.cx, &live, &spec, &changed).await.unwrap();
    let (three, _) = template(&world, "host", json!({ "instance_type": "t3.large" })).await;
    let spec = handler.normalize(&group(&three, &subnets, json!({}))).unwrap();
    let refused = handler.update(&world.cx, &live, &spec, &changed).await.unwrap_err();
    assert!(refused.is("InstanceRefreshInProgress"), "{refused}");
    world.sandbox.skip(Duration::from_secs(10));
    let reasons = handler.reasons(&world.cx, &live).await;
    assert!(reasons[0].starts_with("instance refresh Cancelled"), "{reasons:?}");
    handler.update(&world.cx, &live, &spec, &changed).await.unwrap();
    assert_eq!(ready(&world).await.spec["launch_template"]["version"], "3");
}

#[tokio::test]
async fn a_refused_launch_is_a_failure_with_aws_s_words() {
    let world = slow().await;
    let subnets = subnets(&world).await;
    let (template, _) = template(&world, "host", json!({})).await;
    let small = |n: i32| {
        let more = json!({ "desired_capacity": n, "max_size": 30,
                           "vpc_zone_identifier": [subnets[0]] });
        group(&template, &subnets, more)
    };
    // 16 addresses, five of them AWS's own.
    world.apply(GROUP, "main", small(12)).await;
    let failed = until(&world, "failed", |live| matches!(live.status, Status::Failed(_))).await;
    let Status::Failed(why) = &failed.status else { panic!("{:?}", failed.status) };
    assert!(why.contains("free addresses") || why.contains("InsufficientFreeAddresses"), "{why}");
    let reasons = world.handler(GROUP).reasons(&world.cx, &failed).await;
    assert_eq!(reasons, [format!("an instance was not launched: {why}")]);
    world.apply(GROUP, "main", small(11)).await;
    ready(&world).await;
}

#[tokio::test]
async fn a_template_that_cannot_be_launched_is_replaced_at_once_where_no_instance_is() {
    let world = World::sandbox().await;
    let subnets = subnets(&world).await;
    let (one, _) = template(&world, "host", json!({})).await;
    world.apply(GROUP, "main", group(&one, &subnets, json!({ "min_size": 0 }))).await;
    let (two, _) = template(&world, "host", json!({ "instance_type": "t3.medium" })).await;
    let (live, _) =
        world.apply(GROUP, "main", group(&two, &subnets, json!({ "min_size": 0 }))).await;
    assert_eq!(live.spec["launch_template"]["version"], "2");
    assert_eq!(world.cx.calls().get("autoscaling.StartInstanceRefresh"), None);
}

#[tokio::test]
async fn what_ecs_adds_is_no_difference() {
    let world = World::sandbox().await;
    let subnets = subnets(&world).await;
    let (template, _) = template(&world, "host", json!({})).await;
    let more = json!({ "desired_capacity": 2, "new_instances_protected_from_scale_in": true });
    let spec = group(&template, &subnets, more);
    let (live, _) = world.apply(GROUP, "main", spec.clone()).await;
    let handler = world.handler(GROUP);
    assert_eq!(handler.stands(&spec, &live), [], "nobody else scales it");
    let provider = json!({ "name": "capacity", "auto_scaling_group_provider": {
        "auto_scaling_group_arn": live.out["arn"], "managed_termination_protection": "ENABLED",
        "managed_scaling": { "status": "ENABLED", "target_capacity": 80 } } });
    world.apply("ecs_capacity_provider", "main", provider).await;
    let call = world.cx.autoscaling().set_desired_capacity().auto_scaling_group_name("main");
    call.desired_capacity(3).send().await.unwrap();
    let live = world.find(GROUP, "main").await.unwrap();
    assert_eq!(live.out["ecs_managed"], true);
    let mut fields = diff::diff(handler.entry().spec(), &live.spec, &spec);
    let left = diff::leave(&mut fields, &handler.stands(&spec, &live));
    assert_eq!((fields, left.len()), (Vec::new(), 1));
    assert_eq!(left[0].owner, "the managed scaling of its capacity provider (1 to 4)");
}
