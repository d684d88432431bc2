//! Reading listeners: by the load balancers that are in question.

use super::action;
use super::listener::{Certificate, Listener, ListenerOut};
use super::{read, tags};
use crate::aws::{Cx, Error, Result, Sdk, Tags, unless_missing};
use crate::engine::resource::{Id, Live, Status, Want};
use aws_sdk_elasticloadbalancingv2::types::{Listener as Found, ProtocolEnum};
use std::collections::BTreeSet;

/// Reads the listeners in question: those of load balancers that are ours or asked for, as far as
/// they carry tags of ours.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Listener>>> {
    let balancers = match want {
        Want::Ids(ids) => {
            return whole(cx, read::by_arn(cx, ids, |arn| one(cx, arn)).await?).await;
        }
        Want::Owned { names, .. } => names.iter().cloned(),
    };
    let cell = cx.tag_index().await?;
    let index = cell.get();
    let indexed = tags::indexed(cx, index, "listener/").map(|(arn, _)| balancer_of(arn));
    let mut balancers: BTreeSet<String> = balancers.chain(indexed).collect();
    balancers.extend(tags::indexed(cx, index, "loadbalancer/").map(|(arn, _)| arn.clone()));
    let found = read::each(balancers, |arn| async move { of_balancer(cx, &arn).await }).await?;
    whole(cx, read::marked(cx, found.into_iter().flatten().collect(), index).await?).await
}

/// The load balancer in the ARN of a listener.
fn balancer_of(listener: &str) -> String {
    let arn = listener.rsplit_once('/').map_or(listener, |(balancer, _)| balancer);
    arn.replacen(":listener/", ":loadbalancer/", 1)
}

async fn one(cx: &Cx, arn: String) -> Result<Option<Vec<Found>>> {
    let call = cx.elbv2().describe_listeners().listener_arns(arn);
    Ok(unless_missing(call.send().await)?.and_then(|answer| answer.listeners))
}

/// Reads the listeners of a load balancer; of one that is gone there are none.
pub(super) async fn of_balancer(cx: &Cx, arn: &str) -> Result<Vec<Found>> {
    let pages = cx.elbv2().describe_listeners().load_balancer_arn(arn).page_size(400);
    let found = pages.into_paginator().items().send();
    let found = found.collect::<std::result::Result<Vec<Found>, _>>().await;
    match found.map_err(Error::from) {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        other => other,
    }
}

/// Reads what the list does not tell.
async fn whole(cx: &Cx, found: Vec<(Found, Tags)>) -> Result<Vec<Live<Listener>>> {
    read::each(found, |(found, tags)| async move {
        let certificates = match found.protocol {
            Some(ProtocolEnum::Https | ProtocolEnum::Tls) => others(cx, &found).await?,
            _ => BTreeSet::new(),
        };
        Ok(live(found, tags, certificates))
    })
    .await
}

/// Reads the certificates of a listener beside its default one.
async fn others(cx: &Cx, found: &Found) -> Result<BTreeSet<String>> {
    let arn = found.listener_arn.as_deref().unwrap_or_default();
    let pages = cx.elbv2().describe_listener_certificates().listener_arn(arn).into_paginator();
    let all = pages.items().send().collect::<std::result::Result<Vec<_>, _>>().await;
    let all = match all.map_err(Error::from) {
        Err(error) if error.is_not_found() => Vec::new(),
        other => other?,
    };
    let default: Vec<&str> =
        found.certificates().iter().filter_map(|it| it.certificate_arn()).collect();
    let others = all.into_iter().filter(|it| it.is_default != Some(true));
    let arns = others.filter_map(|it| it.certificate_arn);
    Ok(arns.filter(|arn| !default.contains(&arn.as_str())).collect())
}

fn live(found: Found, tags: Tags, others: BTreeSet<String>) -> Live<Listener> {
    let id = found.listener_arn.clone().unwrap_or_default();
    let default = found.certificates().iter().filter_map(|it| it.certificate_arn.clone());
    let default = default
        .map(|arn| Certificate { certificate_arn: Id::new(arn) })
        .collect::<Vec<Certificate>>();
    let spec = Listener {
        load_balancer_arn: Id::new(found.load_balancer_arn.clone().unwrap_or_default()),
        port: found.port.and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
        protocol: Sdk(found.protocol.clone().unwrap_or(ProtocolEnum::Http)),
        ssl_policy: found.ssl_policy.clone().filter(|policy| !policy.is_empty()),
        certificates: Some(default),
        listener_certificates: Some(others.into_iter().map(Id::new).collect()),
        default_actions: action::of_sdk(found.default_actions()),
    };
    let out = ListenerOut { id: id.clone(), arn: id.clone() };
    Live { id, tags, status: Status::Ready, spec, out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_s_arn_tells_its_load_balancer() {
        let arn = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/main/50dc/f2f7";
        let balancer = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/main/50dc";
        assert_eq!(balancer_of(arn), balancer);
    }
}
