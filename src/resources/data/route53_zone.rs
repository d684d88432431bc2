//! `data.route53_zone`: a hosted zone that others own.

use crate::aws::{Cx, Error, Result, Tags};
use crate::engine::resource::DataSource;
use crate::resources::PARALLEL;
use crate::resources::route53::name::DnsName;
use crate::resources::route53::zone_read::{bare, tags_of};
use aws_sdk_route53::types::{HostedZone, HostedZoneConfig};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A hosted zone that others own, by its name; what else is given must leave exactly one, because
/// AWS allows several of one name.
///
/// ```toml
/// [data.route53_zone.main]
/// name         = "example.com"
/// private_zone = false
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route53Zone {
    /// Domain name.
    pub name: DnsName,
    /// Whether it is private; either when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_zone: Option<bool>,
    /// A VPC that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    /// Tags it carries, among others.
    #[serde(default)]
    pub match_tags: Tags,
}

/// What AWS says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Route53ZoneOut {
    /// Id, e.g. `Z0123456789ABCDEFGHIJ`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Domain name.
    pub name: String,
    /// Whether it is private.
    pub private_zone: bool,
    /// What is said of it.
    pub comment: Option<String>,
    /// The name servers of a public zone.
    pub name_servers: Vec<String>,
    /// The VPCs that a private zone answers.
    pub vpc_ids: Vec<String>,
    /// All its tags.
    pub tags: Tags,
}

impl DataSource for Route53Zone {
    const TYPE: &'static str = "route53_zone";
    const AWS_NAME: &'static str = "AWS::Route53::HostedZone";
    type Out = Route53ZoneOut;

    async fn read(&self, cx: &Cx) -> Result<Vec<Self::Out>> {
        // Sorted by name, so those of this name come first.
        let call = cx.route53().list_hosted_zones_by_name().dns_name(self.name.as_str());
        let zones = call.max_items(100).send().await?.hosted_zones;
        let private = |zone: &HostedZone| zone.config().is_some_and(HostedZoneConfig::private_zone);
        let wanted = zones.into_iter().filter(|zone| {
            DnsName::new(zone.name()) == self.name
                && self.private_zone.is_none_or(|wanted| private(zone) == wanted)
        });
        let found: Vec<Route53ZoneOut> = stream::iter(wanted)
            .map(|zone| async move {
                let id = bare(zone.id()).to_owned();
                let answer = cx.route53().get_hosted_zone().id(&id).send().await;
                let answer = answer.map_err(Error::from)?;
                let vpcs = answer.vpcs.unwrap_or_default().into_iter();
                Ok::<_, Error>(Route53ZoneOut {
                    arn: format!("arn:{}:route53:::hostedzone/{id}", cx.partition),
                    name: DnsName::new(zone.name()).as_str().to_owned(),
                    private_zone: private(&zone),
                    comment: zone.config().and_then(|c| c.comment()).map(str::to_owned),
                    name_servers: answer
                        .delegation_set
                        .map(|set| set.name_servers)
                        .unwrap_or_default(),
                    vpc_ids: vpcs.filter_map(|vpc| vpc.vpc_id).collect(),
                    tags: Tags::new(),
                    id,
                })
            })
            .buffered(PARALLEL)
            .try_collect()
            .await?;
        let ids: Vec<String> = found.iter().map(|zone| zone.id.clone()).collect();
        let mut tags = tags_of(cx, &ids).await?;
        let tagged = found
            .into_iter()
            .map(|zone| Route53ZoneOut { tags: tags.remove(&zone.id).unwrap_or_default(), ..zone });
        let fits = |zone: &Route53ZoneOut| {
            self.vpc_id.as_ref().is_none_or(|id| zone.vpc_ids.contains(id))
                && self.match_tags.iter().all(|(key, value)| zone.tags.get(key) == Some(value))
        };
        Ok(tagged.filter(fits).collect())
    }
}
