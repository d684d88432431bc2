//! Instance refreshes.

use serde_json::{Value, json};

use super::{Lab, named};

/// Starts a refresh to version 2 of the lab's template.
fn start(lab: &Lab, preferences: Value) {
    let template = json!({ "LaunchTemplateId": lab.template, "Version": "2" });
    let input = json!({
        "AutoScalingGroupName": "web",
        "DesiredConfiguration": { "LaunchTemplate": template },
        "Preferences": preferences,
    });
    lab.ok("StartInstanceRefresh", input);
}

fn versions(lab: &Lab) -> Vec<String> {
    let shown = lab.show();
    let members = shown["Instances"].as_array().unwrap().iter();
    let version = |member: &Value| member["LaunchTemplate"]["Version"].as_str().unwrap().to_owned();
    members.map(version).collect()
}

#[test]
fn instances_are_replaced_a_few_at_a_time() {
    let lab = Lab::slow();
    lab.group(2, json!({}));
    lab.skip(60);
    lab.next_version(json!({ "InstanceType": "t3.small" }));
    start(&lab, json!({ "MinHealthyPercentage": 50 }));
    assert_eq!(lab.refresh()["Status"], "Pending");
    lab.skip(8);
    let shown = lab.refresh();
    assert_eq!((&shown["Status"], &shown["PercentageComplete"]), (&json!("InProgress"), &json!(0)));
    assert_eq!(shown["InstancesToUpdate"], 1);
    let held = lab.no(
        "UpdateAutoScalingGroup",
        json!({
            "AutoScalingGroupName": "web", "LaunchTemplate": { "LaunchTemplateId": lab.template },
        }),
    );
    assert!(held.message.contains("active instance refresh"), "{}", held.message);
    assert_eq!(lab.show()["LaunchTemplate"]["Version"], "1");
    let (mut halves, mut seconds) = (0, 0);
    while lab.refresh()["Status"] == "InProgress" {
        let in_service = lab.states().iter().filter(|state| *state == "InService").count();
        assert!(in_service >= 1);
        halves += usize::from(lab.refresh()["PercentageComplete"] == 50);
        lab.skip(5);
        seconds += 5;
        assert!(seconds < 600, "{}", lab.refresh());
    }
    assert!(halves > 0);
    assert_eq!(lab.refresh()["Status"], "Successful");
    assert_eq!(lab.refresh()["PercentageComplete"], 100);
    assert_eq!(lab.show()["LaunchTemplate"]["Version"], "2");
    lab.skip(60);
    assert_eq!(versions(&lab), ["2", "2"]);
}

#[test]
fn a_hundred_percent_launches_before_it_terminates() {
    let lab = Lab::slow();
    lab.group(1, json!({}));
    lab.skip(60);
    lab.next_version(json!({}));
    start(&lab, json!({ "MinHealthyPercentage": 100, "MaxHealthyPercentage": 200 }));
    for _ in 0..60 {
        lab.skip(5);
        assert!(lab.states().contains(&"InService".to_owned()), "{:?}", lab.states());
    }
    assert_eq!(lab.refresh()["Status"], "Successful");
    assert_eq!(versions(&lab), ["2"]);
}

#[test]
fn protected_instances_are_waited_for_passed_over_or_replaced() {
    let state_after = |mode: Option<&str>| {
        let lab = Lab::new();
        lab.group(1, json!({ "NewInstancesProtectedFromScaleIn": true }));
        assert_eq!(lab.states(), ["InService"]);
        lab.next_version(json!({}));
        start(&lab, json!({ "ScaleInProtectedInstances": mode.unwrap_or("Wait") }));
        let first = lab.refresh()["Status"].clone();
        lab.skip(3601);
        (first, lab.refresh()["Status"].clone(), versions(&lab))
    };
    let of = |first: &str, last: &str, version: &str| {
        (json!(first), json!(last), vec![version.to_owned()])
    };
    assert_eq!(state_after(None), of("InProgress", "Failed", "1"));
    assert_eq!(state_after(Some("Ignore")), of("Successful", "Successful", "1"));
    assert_eq!(state_after(Some("Refresh")), of("Successful", "Successful", "2"));
}

#[test]
fn what_matches_is_skipped_if_asked() {
    let lab = Lab::new();
    lab.next_version(json!({}));
    let version = json!({ "LaunchTemplateId": lab.template, "Version": "2" });
    lab.group(1, json!({ "LaunchTemplate": version }));
    let before = lab.members();
    start(&lab, json!({ "SkipMatching": true }));
    assert_eq!(lab.refresh()["Status"], "Successful");
    assert_eq!(lab.members(), before);
    start(&lab, json!({}));
    assert_eq!(lab.refresh()["Status"], "Successful");
    assert_ne!(lab.members(), before);
}

#[test]
fn a_refresh_whose_instances_do_not_come_fails_or_rolls_back() {
    for (rolls_back, end) in [(false, "Failed"), (true, "RollbackSuccessful")] {
        let lab = Lab::new();
        lab.group(2, json!({}));
        assert_eq!(versions(&lab), ["1", "1"]);
        lab.next_version(json!({}));
        start(&lab, json!({ "AutoRollback": rolls_back }));
        // The template's next version passes the checks, and cannot be launched later.
        lab.sandbox.change(|account| {
            let state = &mut account.region_mut("eu-west-1").ec2;
            let template = state.launch_templates.get_mut(&lab.template).unwrap();
            let data = &mut template.versions.get_mut(&2).unwrap().data;
            data.insert("ImageId".to_owned(), "ami-00000000000000000".into());
        });
        assert_eq!(lab.refresh()["Status"], "InProgress");
        assert_eq!(lab.states(), ["InService"]);
        lab.skip(3601);
        assert!(lab.refresh()["StatusReason"].as_str().is_some());
        lab.skip(120);
        assert_eq!(lab.refresh()["Status"], end);
        assert_eq!(lab.show()["LaunchTemplate"]["Version"], "1");
        assert_eq!(versions(&lab), ["1", "1"]);
    }
}

#[test]
fn a_cancelled_refresh_leaves_what_it_did_and_a_rollback_undoes_it() {
    let lab = Lab::slow();
    lab.group(2, json!({}));
    lab.skip(60);
    lab.next_version(json!({}));
    start(&lab, json!({ "MinHealthyPercentage": 50 }));
    lab.skip(20);
    lab.ok("CancelInstanceRefresh", named());
    assert_eq!(lab.refresh()["Status"], "Cancelling");
    lab.skip(120);
    assert_eq!(lab.refresh()["Status"], "Cancelled");
    let mut mixed = versions(&lab);
    mixed.sort();
    assert_eq!(mixed, ["1", "2"]);
    start(&lab, json!({ "MinHealthyPercentage": 50, "SkipMatching": true }));
    lab.skip(20);
    lab.ok("RollbackInstanceRefresh", named());
    assert_eq!(lab.refresh()["Status"], "RollbackInProgress");
    lab.skip(300);
    assert_eq!(lab.refresh()["Status"], "RollbackSuccessful");
    assert_eq!(versions(&lab), ["1", "1"]);
}
