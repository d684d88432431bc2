use super::*;
use serde_json::json;

fn problems(more: Json) -> Vec<String> {
    let mut whole = json!({
        "name": "main", "min_size": 1, "max_size": 4, "vpc_zone_identifier": ["subnet-1"],
        "launch_template": { "launch_template_id": "lt-1", "version": "3" },
    });
    if let (Json::Object(whole), Json::Object(more)) = (&mut whole, more) {
        whole.extend(more);
    }
    let group: AutoscalingGroup = serde_json::from_value(whole).unwrap();
    group.problems().into_iter().map(|p| format!("{}: {}", p.path, p.message)).collect()
}

#[test]
fn sizes_percentages_and_versions_fit_together() {
    assert_eq!(problems(json!({})), [""; 0]);
    assert_eq!(
        problems(json!({ "desired_capacity": 5 })),
        ["desired_capacity: 5 is not within 1 to 4"]
    );
    assert_eq!(
        problems(json!({ "min_size": 5 })),
        ["min_size: it is above `max_size`, which is 4"]
    );
    assert_eq!(
        problems(json!({ "instance_refresh": { "max_healthy_percentage": 150 } })),
        ["instance_refresh.max_healthy_percentage: give `min_healthy_percentage` beside it"]
    );
    let wide = json!({ "min_healthy_percentage": 50, "max_healthy_percentage": 200 });
    assert_eq!(problems(json!({ "instance_refresh": wide })).len(), 1);
    assert_eq!(problems(json!({ "instance_maintenance_policy": wide })).len(), 1);
    let named = json!({ "launch_template_id": "lt-1", "version": "newest" });
    assert_eq!(
        problems(json!({ "launch_template": named })),
        ["launch_template.version: `newest` is no number of a version"]
    );
}
