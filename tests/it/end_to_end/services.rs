//! Clusters, task definitions and services.

use super::on_both;
use super::stage::Stage;

on_both!(settings_of_a_cluster);

fn settings_of_a_cluster(stage: &Stage) {
    let cluster = |insights: &str, more: &str| {
        let name = stage.environment();
        format!(
            "[ecs_cluster.main]\nname = \"{name}\"\n\
             settings = [{{ name = \"containerInsights\", value = \"{insights}\" }}]\n{more}\n"
        )
    };
    let fargate = "capacity_providers = [\"FARGATE\"]\n\
                   default_capacity_provider_strategy = \
                   [{ capacity_provider = \"FARGATE\", weight = 1 }]";
    stage.stack("base", &cluster("disabled", fargate));
    stage.apply("base");
    stage.settled("base");
    stage.stack(
        "base",
        &cluster(
            "enabled",
            "capacity_providers = []\n\
                                             default_capacity_provider_strategy = []",
        ),
    );
    stage.changes(
        "base",
        &["update ecs_cluster.main: capacity_providers default_capacity_provider_strategy settings"],
    );
    stage.destroy_all();
}
