//! What a group is set to: checks, and the calls that change it.

use super::{AutoscalingGroup, LaunchTemplateSpecification};
use crate::aws::{Cx, Result};
use crate::engine::resource::{Changed, FieldProblem, Id, Live};
use crate::stack::value::contains_placeholder;
use aws_sdk_autoscaling::types as sdk;
use std::collections::BTreeSet;

impl LaunchTemplateSpecification {
    pub(super) fn sdk(&self) -> sdk::LaunchTemplateSpecification {
        sdk::LaunchTemplateSpecification::builder()
            .launch_template_id(self.launch_template_id.as_str())
            .version(&self.version)
            .build()
    }
}

impl AutoscalingGroup {
    /// Checks rules between fields.
    pub(super) fn problems(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: String| {
            problems.push(FieldProblem { path: path.into(), message });
        };
        if self.name.is_empty() || self.name.len() > 255 || self.name.contains(':') {
            problem("name", "a name has 1 to 255 characters, and no colon".to_owned());
        }
        let (least, most) = (self.min_size, self.max_size);
        if least > most {
            problem("min_size", format!("it is above `max_size`, which is {most}"));
        } else if let Some(desired) = self.desired_capacity.filter(|n| !(least..=most).contains(n))
        {
            problem("desired_capacity", format!("{desired} is not within {least} to {most}"));
        }
        if self.vpc_zone_identifier.is_empty() {
            problem("vpc_zone_identifier", "give a subnet at least".to_owned());
        }
        let version = &self.launch_template.version;
        let named = ["$Latest", "$Default"].contains(&version.as_str());
        if !named && !contains_placeholder(version) && version.parse::<u64>().is_err() {
            problem("launch_template.version", format!("`{version}` is no number of a version"));
        }
        let days = self.max_instance_lifetime.unwrap_or_default();
        if days != 0 && days < 86_400 {
            problem("max_instance_lifetime", "it is a day, 86400, at least".to_owned());
        }
        if let Some(policy) = &self.instance_maintenance_policy {
            let (least, most) = (policy.min_healthy_percentage, policy.max_healthy_percentage);
            if (least, most) != (-1, -1) && (least < 0 || most < 100 || most - least > 100) {
                let message = "from 100 to 200, and at most 100 above the least".to_owned();
                problem("instance_maintenance_policy.max_healthy_percentage", message);
            }
        }
        if let Some(refresh) = &self.instance_refresh {
            let path = "instance_refresh.max_healthy_percentage";
            match (refresh.min_healthy_percentage, refresh.max_healthy_percentage) {
                (None, Some(_)) => {
                    problem(path, "give `min_healthy_percentage` beside it".to_owned());
                }
                (Some(least), Some(most)) if most - least > 100 => {
                    problem(path, "it is at most 100 above the least".to_owned());
                }
                _ => {}
            }
        }
        problems
    }

    pub(super) fn subnets(&self) -> String {
        let ids: Vec<&str> = self.vpc_zone_identifier.iter().map(Id::as_str).collect();
        ids.join(",")
    }

    pub(super) fn maintenance(&self) -> Option<sdk::InstanceMaintenancePolicy> {
        let policy = self.instance_maintenance_policy.as_ref()?;
        let built = sdk::InstanceMaintenancePolicy::builder()
            .min_healthy_percentage(policy.min_healthy_percentage)
            .max_healthy_percentage(policy.max_healthy_percentage);
        Some(built.build())
    }

    pub(super) fn distribution(&self) -> Option<sdk::AvailabilityZoneDistribution> {
        let strategy =
            &self.availability_zone_distribution.as_ref()?.capacity_distribution_strategy;
        let built = sdk::AvailabilityZoneDistribution::builder();
        let strategy = strategy.as_ref().map(|strategy| strategy.0.clone());
        Some(built.set_capacity_distribution_strategy(strategy).build())
    }

    /// Changes all but the launch template.
    pub(super) async fn change_settings(
        &self,
        cx: &Cx,
        live: &Live<Self>,
        changed: &Changed,
    ) -> Result<()> {
        let has = |field: &str| changed.has(field);
        let by_call = ["launch_template", "enabled_metrics", "suspended_processes"];
        if changed.0.iter().any(|field| !by_call.contains(&field.as_str())) {
            let protects = self.new_instances_protected_from_scale_in;
            let protection = self.deletion_protection.as_ref().map(|p| p.0.clone());
            cx.autoscaling()
                .update_auto_scaling_group()
                .auto_scaling_group_name(&live.id)
                .set_min_size(has("min_size").then_some(self.min_size))
                .set_max_size(has("max_size").then_some(self.max_size))
                .set_desired_capacity(self.desired_capacity.filter(|_| has("desired_capacity")))
                .set_vpc_zone_identifier(has("vpc_zone_identifier").then(|| self.subnets()))
                .set_new_instances_protected_from_scale_in(
                    protects.filter(|_| has("new_instances_protected_from_scale_in")),
                )
                .set_health_check_type(
                    self.health_check_type.clone().filter(|_| has("health_check_type")),
                )
                .set_health_check_grace_period(
                    self.health_check_grace_period.filter(|_| has("health_check_grace_period")),
                )
                .set_default_instance_warmup(
                    self.default_instance_warmup.filter(|_| has("default_instance_warmup")),
                )
                .set_default_cooldown(self.default_cooldown.filter(|_| has("default_cooldown")))
                .set_termination_policies(
                    self.termination_policies.clone().filter(|_| has("termination_policies")),
                )
                .set_max_instance_lifetime(
                    self.max_instance_lifetime.filter(|_| has("max_instance_lifetime")),
                )
                .set_capacity_rebalance(
                    self.capacity_rebalance.filter(|_| has("capacity_rebalance")),
                )
                .set_instance_maintenance_policy(
                    self.maintenance().filter(|_| has("instance_maintenance_policy")),
                )
                .set_availability_zone_distribution(
                    self.distribution().filter(|_| has("availability_zone_distribution")),
                )
                .set_deletion_protection(protection.filter(|_| has("deletion_protection")))
                .send()
                .await?;
        }
        if let Some(wanted) = self.enabled_metrics.as_ref().filter(|_| has("enabled_metrics")) {
            self.change_metrics(cx, live, wanted).await?;
        }
        if let Some(wanted) =
            self.suspended_processes.as_ref().filter(|_| has("suspended_processes"))
        {
            change_processes(cx, live, wanted).await?;
        }
        Ok(())
    }

    async fn change_metrics(
        &self,
        cx: &Cx,
        live: &Live<Self>,
        wanted: &BTreeSet<String>,
    ) -> Result<()> {
        let now = live.spec.enabled_metrics.clone().unwrap_or_default();
        // Without a name, AWS takes all of them.
        let (more, less) = (beyond(wanted, &now), beyond(&now, wanted));
        if !more.is_empty() {
            let call = cx.autoscaling().enable_metrics_collection();
            let call = call.auto_scaling_group_name(&live.id).granularity("1Minute");
            call.set_metrics(Some(more)).send().await?;
        }
        if !less.is_empty() {
            let call = cx.autoscaling().disable_metrics_collection();
            let call = call.auto_scaling_group_name(&live.id);
            call.set_metrics(Some(less)).send().await?;
        }
        Ok(())
    }
}

async fn change_processes(
    cx: &Cx,
    live: &Live<AutoscalingGroup>,
    wanted: &BTreeSet<String>,
) -> Result<()> {
    let now = live.spec.suspended_processes.clone().unwrap_or_default();
    let (more, less) = (beyond(wanted, &now), beyond(&now, wanted));
    if !more.is_empty() {
        let call = cx.autoscaling().suspend_processes().auto_scaling_group_name(&live.id);
        call.set_scaling_processes(Some(more)).send().await?;
    }
    if !less.is_empty() {
        let call = cx.autoscaling().resume_processes().auto_scaling_group_name(&live.id);
        call.set_scaling_processes(Some(less)).send().await?;
    }
    Ok(())
}

fn beyond(some: &BTreeSet<String>, others: &BTreeSet<String>) -> Vec<String> {
    some.difference(others).cloned().collect()
}
