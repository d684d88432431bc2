//! Clusters and capacity providers as their states go, with AWS's slow ones.

use serde_json::{Value, json};

use super::{Lab, with};

fn cluster(lab: &Lab) -> Value {
    let all = ["SETTINGS", "TAGS", "ATTACHMENTS"];
    lab.ok("DescribeClusters", json!({"clusters": ["main"], "include": all}))["clusters"][0].clone()
}

fn put(lab: &Lab, providers: &[&str], strategy: Value) -> Value {
    lab.ok(
        "PutClusterCapacityProviders",
        json!({"cluster": "main",
        "capacityProviders": providers, "defaultCapacityProviderStrategy": strategy}),
    )
}

#[test]
fn a_deleted_cluster_stays_an_hour_as_inactive() {
    let lab = Lab::new();
    let insights = json!([{"name": "containerInsights", "value": "enabled"}]);
    let made = json!({"clusterName": "main", "settings": insights,
        "tags": [{"key": "a", "value": "1"}]});
    lab.ok("CreateCluster", made.clone());
    lab.ok("CreateCluster", json!({"clusterName": "main"}));
    let read = cluster(&lab);
    assert_eq!((&read["status"], &read["settings"]), (&json!("ACTIVE"), &insights));
    assert_eq!(read["tags"], made["tags"]);
    lab.ok("DeleteCluster", json!({"cluster": "main"}));
    assert_eq!(cluster(&lab)["status"], "INACTIVE");
    assert_eq!(lab.ok("ListClusters", json!({}))["clusterArns"], json!([]));
    lab.skip(3601);
    let gone = lab.ok("DescribeClusters", json!({"clusters": ["main"]}));
    assert_eq!(gone["failures"][0]["reason"], "MISSING");
}

#[test]
fn settings_of_the_account_are_the_defaults_of_new_clusters() {
    let lab = Lab::new();
    let set = json!({"name": "containerInsights", "value": "enhanced"});
    lab.ok("PutAccountSettingDefault", set);
    lab.ok("CreateCluster", json!({"clusterName": "main"}));
    assert_eq!(cluster(&lab)["settings"][0]["value"], "enhanced");
    let effective = lab.ok(
        "ListAccountSettings",
        json!({"effectiveSettings": true,
        "name": "containerInsights"}),
    );
    assert_eq!(effective["settings"][0]["value"], "enhanced");
    assert_eq!(lab.ok("ListAccountSettings", json!({}))["settings"], json!([]));
    lab.ok("PutAccountSetting", json!({"name": "containerInsights", "value": "disabled"}));
    let own = lab.ok("ListAccountSettings", json!({"name": "containerInsights"}));
    assert_eq!(own["settings"][0]["value"], "disabled");
    lab.ok("DeleteAccountSetting", json!({"name": "containerInsights"}));
    assert_eq!(lab.ok("ListAccountSettings", json!({}))["settings"], json!([]));
}

#[test]
fn fargate_is_there_for_everybody() {
    let lab = Lab::slow();
    lab.ok("CreateCluster", json!({"clusterName": "main"}));
    let strategy = json!([{"capacityProvider": "FARGATE", "weight": 1}]);
    put(&lab, &["FARGATE"], strategy);
    let read = cluster(&lab);
    assert_eq!(
        read["defaultCapacityProviderStrategy"],
        json!([{"capacityProvider": "FARGATE", "weight": 1, "base": 0}])
    );
    assert_eq!(read["attachmentsStatus"], with(json!({}), json!({}))["none"]);
    lab.ok("DeleteCluster", json!({"cluster": "main"}));
}
