//! What ECS tells of deployments after they have ended, and of the revisions they brought:
//! ListServiceDeployments, DescribeServiceDeployments and DescribeServiceRevisions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::rules::NO_SERVICE;
use super::super::task::{self, Count};
use super::super::{Call, Input, Members, at_most, cluster, names, page, state};
use super::{Deployment, Service, key};
use crate::clock::Time;
use crate::services::Answer;
use crate::state::Account;

/// How many deployments a service remembers. AWS keeps them for 90 days.
const REMEMBERED: usize = 100;

/// How a deployment goes or went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Course {
    #[default]
    InProgress,
    Successful,
    /// Another one took its place, or its circuit breaker ended it.
    Stopped,
    RollingBack,
    RolledBack,
}

impl Course {
    fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollingBack => "ROLLBACK_IN_PROGRESS",
            Self::RolledBack => "ROLLBACK_SUCCESSFUL",
        }
    }
}

/// One deployment of a service.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    /// The last part of its ARN.
    id: String,
    /// Counts the deployments of the service.
    number: usize,
    /// The deployment's id, which has the number of its revision.
    deployment: String,
    created: Time,
    updated: Time,
    ended: Option<Time>,
    course: Course,
    reason: Option<String>,
    /// The deployments that had tasks when it began.
    sources: Vec<String>,
    revision: Map<String, Value>,
    configuration: Map<String, Value>,
    failed: u32,
    threshold: u32,
    /// The deployment it gave way to, and when.
    back_to: Option<(String, Time)>,
}

impl Record {
    fn is_open(&self) -> bool {
        matches!(self.course, Course::InProgress | Course::RollingBack)
    }

    fn end(&mut self, course: Course, reason: &str, now: Time) {
        (self.course, self.ended, self.updated) = (course, Some(now), now);
        self.reason = (!reason.is_empty()).then(|| reason.to_owned());
    }
}

impl Service {
    /// Remembers a deployment that begins; one that has not ended ends with it.
    pub(super) fn begin(&mut self, deployment: &Deployment, now: Time) {
        self.interrupt(
            "Service deployment was stopped because a new deployment took its place.",
            now,
        );
        let sources = self.deployments.iter().filter(|it| it.id != deployment.id);
        let record = Record {
            id: deployment.record.clone(),
            number: self.history.first().map_or(0, |last| last.number + 1),
            deployment: deployment.id.clone(),
            created: now,
            updated: now,
            sources: sources.map(|it| it.id.clone()).collect(),
            revision: deployment.revision.clone(),
            configuration: self.configuration.clone(),
            threshold: self.threshold(),
            ..Record::default()
        };
        self.history.insert(0, record);
        self.history.truncate(REMEMBERED);
    }

    /// Ends what is in progress.
    pub(super) fn interrupt(&mut self, reason: &str, now: Time) {
        for record in self.history.iter_mut().filter(|it| it.is_open()) {
            record.end(Course::Stopped, reason, now);
        }
    }

    /// Remembers that a deployment is complete, or that the way back from a failed one is.
    pub(super) fn remember_success(&mut self, now: Time) {
        for record in self.history.iter_mut().filter(|it| it.is_open()) {
            match record.course {
                Course::RollingBack => {
                    record.end(Course::RolledBack, "Service deployment rolled back.", now);
                }
                _ => record.end(Course::Successful, "", now),
            }
        }
    }

    /// Remembers that tasks of a deployment failed too often, and to which one it gives way.
    pub(super) fn remember_failure(&mut self, failed: &str, back_to: Option<&str>, now: Time) {
        let threshold = self.threshold();
        let found = self.history.iter_mut().find(|it| it.deployment == failed);
        let Some(record) = found.filter(|it| it.is_open()) else { return };
        (record.failed, record.threshold) = (threshold, threshold);
        match back_to {
            Some(to) => {
                record.course = Course::RollingBack;
                record.updated = now;
                record.back_to = Some((to.to_owned(), now));
            }
            None => record.end(
                Course::Stopped,
                "Service deployment failed: tasks failed to start.",
                now,
            ),
        }
    }
}

/// Writes the ARN of the latest deployment.
pub(super) fn current(call: &Call, service: &Service, key: &str) -> Option<String> {
    service.history.first().map(|record| record_arn(call, key, record))
}

/// Shows the revisions that have tasks or are to have some.
pub(super) fn current_revisions(
    call: &Call,
    service: &Service,
    key: &str,
    count: impl Fn(&str) -> Count,
) -> Value {
    let deployments = service.deployments.iter().enumerate();
    deployments
        .map(|(place, it)| summary(call, key, &it.id, asked(service, place), count(&it.id)))
        .collect()
}

/// The number of tasks that a deployment is to have: all for the primary one.
fn asked(service: &Service, place: usize) -> u32 {
    if place == 0 { service.desired } else { 0 }
}

fn record_arn(call: &Call, key: &str, record: &Record) -> String {
    names::arn(call, "service-deployment", &format!("{key}/{}", record.id))
}

fn revision_arn(call: &Call, key: &str, deployment: &str) -> String {
    names::arn(call, "service-revision", &format!("{key}/{}", names::last(deployment)))
}

fn summary(call: &Call, key: &str, deployment: &str, asked: u32, count: Count) -> Value {
    json!({
        "arn": revision_arn(call, key, deployment),
        "requestedTaskCount": asked,
        "runningTaskCount": count.running,
        "pendingTaskCount": count.pending,
    })
}

fn time(time: Option<Time>) -> Option<String> {
    time.map(|time| time.to_string())
}

/// ListServiceDeployments: newest first.
pub(crate) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let cluster = names::cluster(call, input)?;
    let state = state(account, &call.region);
    cluster::active(state, cluster)?;
    let key = key(cluster, names::last(input.text("service").unwrap_or_default()));
    let service = state.services.get(&key).ok_or_else(|| NO_SERVICE.refuse(&[]))?;
    let wanted = input.texts("status");
    let between = input.object("createdAt");
    let bound = |member: &str| between.and_then(|it| it.text(member)).map(str::to_owned);
    let (after, before) = (bound("after"), bound("before"));
    let items = service
        .history
        .iter()
        .filter(|it| wanted.is_empty() || wanted.contains(&it.course.name()))
        .filter(|it| after.as_ref().is_none_or(|after| it.created.to_string() > *after))
        .filter(|it| before.as_ref().is_none_or(|before| it.created.to_string() < *before))
        .map(|it| {
            let shown = json!({
                "serviceDeploymentArn": record_arn(call, &key, it),
                "serviceArn": names::arn(call, "service", &key),
                "clusterArn": names::arn(call, "cluster", cluster),
                "createdAt": it.created.to_string(),
                "startedAt": it.created.to_string(),
                "finishedAt": time(it.ended),
                "targetServiceRevisionArn": revision_arn(call, &key, &it.deployment),
                "status": it.course.name(),
                "statusReason": it.reason,
            });
            (format!("{:020}", usize::MAX - it.number), shown)
        })
        .collect();
    let (shown, next) = page(input, 20, items)?;
    Ok(json!({"serviceDeployments": shown, "nextToken": next}))
}

/// Splits the ARN of a deployment or revision into its service's key and its own last part.
fn parts<'a>(
    call: &Call,
    kind: &str,
    arn: &'a str,
) -> Result<(&'a str, &'a str), crate::rules::Refusal> {
    let path = names::of(call, kind, arn)?;
    Ok(path.rsplit_once('/').unwrap_or((path, "")))
}

/// DescribeServiceDeployments: up to twenty.
pub(crate) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    at_most(input, "serviceDeploymentArns", 20)?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in input.texts("serviceDeploymentArns") {
        let (key, id) = parts(call, "service-deployment", arn)?;
        let service = state(account, &call.region).services.get(key);
        let record = service.and_then(|it| it.history.iter().find(|record| record.id == id));
        match (service, record) {
            (Some(service), Some(record)) => found.push(shown(account, call, key, service, record)),
            _ => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceDeployments": found, "failures": failures}))
}

fn shown(account: &Account, call: &Call, key: &str, service: &Service, it: &Record) -> Value {
    let counts = task::count(state(account, &call.region), key);
    let of = |deployment: &str| {
        let place = service.deployments.iter().position(|one| one.id == deployment);
        let asked = place.map_or(0, |place| asked(service, place));
        let count = counts.get(deployment).copied().unwrap_or_default();
        summary(call, key, deployment, asked, count)
    };
    let (breaks, _) = service.breaker();
    let live = service.deployments.iter().find(|one| one.id == it.deployment);
    let failed = live.map_or(it.failed, |live| live.failed.max(it.failed));
    let status = match it.course {
        _ if !breaks => "DISABLED",
        Course::InProgress => "MONITORING",
        Course::Successful => "MONITORING_COMPLETE",
        _ => "TRIGGERED",
    };
    let rollback = it.back_to.as_ref().map(|(to, since)| {
        json!({
            "reason": "Service deployment rolled back because of the circuit breaker.",
            "startedAt": since.to_string(),
            "serviceRevisionArn": revision_arn(call, key, to),
        })
    });
    json!({
        "serviceDeploymentArn": record_arn(call, key, it),
        "serviceArn": names::arn(call, "service", key),
        "clusterArn": names::arn(call, "cluster", &service.cluster),
        "createdAt": it.created.to_string(),
        "startedAt": it.created.to_string(),
        "updatedAt": it.updated.to_string(),
        "finishedAt": time(it.ended.filter(|_| it.course != Course::Stopped)),
        "stoppedAt": time(it.ended.filter(|_| it.course == Course::Stopped)),
        "sourceServiceRevisions": it.sources.iter().map(|id| of(id)).collect::<Vec<_>>(),
        "targetServiceRevision": of(&it.deployment),
        "status": it.course.name(),
        "statusReason": it.reason,
        "deploymentConfiguration": it.configuration,
        "rollback": rollback,
        "deploymentCircuitBreaker":
            {"status": status, "failureCount": failed, "threshold": it.threshold},
    })
}

/// DescribeServiceRevisions: up to twenty.
pub(crate) fn revisions(account: &Account, call: &Call, input: &Input) -> Answer {
    at_most(input, "serviceRevisionArns", 20)?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in input.texts("serviceRevisionArns") {
        let (key, number) = parts(call, "service-revision", arn)?;
        let service = state(account, &call.region).services.get(key);
        let record = service
            .and_then(|it| it.history.iter().find(|it| names::last(&it.deployment) == number));
        let (Some(service), Some(record)) = (service, record) else {
            failures.push(json!({"arn": arn, "reason": "MISSING"}));
            continue;
        };
        let mut shown = record.revision.clone();
        for (member, value) in [
            ("serviceRevisionArn", revision_arn(call, key, &record.deployment)),
            ("serviceArn", names::arn(call, "service", key)),
            ("clusterArn", names::arn(call, "cluster", &service.cluster)),
            ("createdAt", record.created.to_string()),
        ] {
            shown.insert(member.to_owned(), json!(value));
        }
        found.push(Value::Object(shown));
    }
    Ok(json!({"serviceRevisions": found, "failures": failures}))
}
