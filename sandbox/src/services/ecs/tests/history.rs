//! What is remembered of deployments, and of requests that are repeated.

use serde_json::{Value, json};

use super::with;
use super::world::World;

fn listed(world: &World, more: Value) -> Vec<Value> {
    let input = with(json!({"cluster": "main", "service": "web"}), more);
    let answer = world.ok("ListServiceDeployments", input);
    answer["serviceDeployments"].as_array().unwrap().clone()
}

fn courses(world: &World) -> Vec<String> {
    let all = listed(world, json!({}));
    all.iter().map(|it| it["status"].as_str().unwrap().to_owned()).collect()
}

/// A revision whose image nobody has.
fn broken(world: &World) -> String {
    let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:none";
    world.revision(json!({"container": {"image": image}}))
}

#[test]
fn a_deployment_ends_when_another_takes_its_place_or_the_service_goes() {
    let world = World::slow(2);
    let definition = world.revision(json!({}));
    world.serve(&definition, 1, json!({}));
    assert_eq!(courses(&world), ["IN_PROGRESS"]);
    world.update(json!({"forceNewDeployment": true}));
    assert_eq!(courses(&world), ["IN_PROGRESS", "STOPPED"]);
    world.skip(300);
    assert_eq!(courses(&world), ["SUCCESSFUL", "STOPPED"]);
    world.update(json!({"desiredCount": 2}));
    assert_eq!(courses(&world).len(), 2, "a number is no deployment");
    let stopped = listed(&world, json!({"status": ["STOPPED"]}));
    assert_eq!(stopped.len(), 1);
    let first = listed(&world, json!({"maxResults": 1}));
    assert_eq!(first[0]["status"], "SUCCESSFUL", "the newest comes first");
    world.update(json!({"forceNewDeployment": true}));
    world.ok("DeleteService", json!({"cluster": "main", "service": "web", "force": true}));
    assert_eq!(courses(&world), ["STOPPED", "SUCCESSFUL", "STOPPED"]);
}

#[test]
fn a_breaker_stops_a_deployment_or_rolls_it_back() {
    for (rolls_back, course) in [(false, "STOPPED"), (true, "ROLLBACK_SUCCESSFUL")] {
        let world = World::new(2);
        let first = world.revision(json!({}));
        let breaker = json!({"deploymentConfiguration":
            {"deploymentCircuitBreaker": {"enable": true, "rollback": rolls_back}}});
        world.serve(&first, 1, breaker);
        assert_eq!(courses(&world), ["SUCCESSFUL"]);
        world.update(json!({"taskDefinition": broken(&world)}));
        world.skip(600);
        assert_eq!(courses(&world), [course, "SUCCESSFUL"]);
        let arns = listed(&world, json!({}));
        let asked = json!({"serviceDeploymentArns": [arns[0]["serviceDeploymentArn"]]});
        let shown = world.ok("DescribeServiceDeployments", asked)["serviceDeployments"][0].clone();
        assert_eq!(
            shown["deploymentCircuitBreaker"],
            json!({"status": "TRIGGERED", "failureCount": 3, "threshold": 3})
        );
        let before = &arns[1]["targetServiceRevisionArn"];
        assert_eq!(&shown["sourceServiceRevisions"][0]["arn"], before);
        let back_to = &shown["rollback"]["serviceRevisionArn"];
        assert_eq!(back_to, if rolls_back { before } else { &Value::Null });
        let asked = json!({"serviceRevisionArns": [before, "arn:aws:ecs:eu-west-1:123456789012:service-revision/main/web/1"]});
        let revisions = world.ok("DescribeServiceRevisions", asked);
        assert_eq!(revisions["serviceRevisions"][0]["taskDefinition"], json!(first));
        assert_eq!(revisions["failures"][0]["reason"], "MISSING");
    }
}

#[test]
fn a_repeated_request_starts_no_second_task() {
    let world = World::new(1);
    let network = world.input("", 0, json!({}))["networkConfiguration"].clone();
    let run = |token: &str| {
        let input = json!({"cluster": "main", "taskDefinition": "web", "clientToken": token,
            "networkConfiguration": network});
        world.ok("RunTask", input)["tasks"][0]["taskArn"].clone()
    };
    world.revision(json!({}));
    let first = run("one");
    assert_eq!(run("one"), first);
    assert_ne!(run("two"), first);
    assert_eq!(world.tasks(true).len(), 2);
}

#[test]
fn instances_are_found_by_what_they_are() {
    let world = World::new(2);
    world.serve(&world.revision(json!({})), 1, json!({}));
    let count = |filter: &str| {
        let listed =
            world.ok("ListContainerInstances", json!({"cluster": "main", "filter": filter}));
        listed["containerInstanceArns"].as_array().unwrap().len()
    };
    let id = world.container_instances()[0]["ec2InstanceId"].as_str().unwrap().to_owned();
    for (filter, found) in [
        (format!("ec2InstanceId=={id}"), 1),
        ("runningTasksCount >= 1".to_owned(), 1),
        ("runningTasksCount < 1 and agentConnected == true".to_owned(), 1),
        ("attribute:ecs.instance-type =~ t3.*".to_owned(), 2),
        ("attribute:ecs.availability-zone in [eu-west-1a]".to_owned(), 1),
        ("attribute:stack exists".to_owned(), 0),
        ("status == DRAINING or attribute:ecs.os-type == linux".to_owned(), 2),
    ] {
        assert_eq!(count(&filter), found, "{filter}");
    }
}
