//! `data.acm_certificate`: a certificate that others own.

use crate::aws::{Cx, Result, Sdk, Tags};
use crate::engine::resource::DataSource;
use crate::resources::PARALLEL;
use crate::resources::acm::read::{algorithm, describe, tags_of};
use crate::resources::acm::validation::list;
use crate::resources::route53::name::DnsName;
use aws_sdk_acm::types::{CertificateStatus, KeyAlgorithm};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A certificate of the region that others own and that is issued, by its domain; what else is given
/// must leave exactly one.
///
/// ```toml
/// [data.acm_certificate.main]
/// domain_name = "shop.example.com"
/// most_recent = true
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcmCertificate {
    /// Its name, as it was requested with.
    pub domain_name: DnsName,
    /// Algorithm of its key; any when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_algorithm: Option<Sdk<KeyAlgorithm>>,
    /// Whether the one issued last is taken of several.
    #[serde(default)]
    pub most_recent: bool,
    /// Tags it carries, among others.
    #[serde(default)]
    pub match_tags: Tags,
}

/// What AWS says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct AcmCertificateOut {
    /// The ARN.
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// Its name.
    pub domain_name: String,
    /// All its names.
    pub subject_alternative_names: Vec<String>,
    /// Algorithm of its key.
    pub key_algorithm: String,
    /// When it ceases to be valid, in RFC 3339; AWS renews it before while its records stand.
    pub not_after: Option<String>,
    /// All its tags.
    pub tags: Tags,
}

impl DataSource for AcmCertificate {
    const TYPE: &'static str = "acm_certificate";
    const AWS_NAME: &'static str = "AWS::CertificateManager::Certificate";
    type Out = AcmCertificateOut;

    async fn read(&self, cx: &Cx) -> Result<Vec<Self::Out>> {
        let issued = list(cx, &[CertificateStatus::Issued]).await?;
        let of_domain = issued.into_iter().filter(|summary| {
            summary.domain_name().is_some_and(|name| DnsName::new(name) == self.domain_name)
        });
        let arns = of_domain.filter_map(|summary| summary.certificate_arn);
        let found: Vec<_> = stream::iter(arns)
            .map(|arn| async move {
                let (found, tags) = futures::try_join!(describe(cx, &arn), tags_of(cx, &arn))?;
                Ok::<_, crate::aws::Error>(found.zip(tags).map(|(found, tags)| (arn, found, tags)))
            })
            .buffered(PARALLEL)
            .try_filter_map(|found| async { Ok(found) })
            .try_collect()
            .await?;
        let mut fitting: Vec<_> = found
            .into_iter()
            .filter(|(_, found, tags)| {
                let wanted = self.key_algorithm.as_ref();
                wanted.is_none_or(|wanted| algorithm(found).as_ref() == Some(&wanted.0))
                    && self.match_tags.iter().all(|(key, value)| tags.get(key) == Some(value))
            })
            .collect();
        if self.most_recent {
            fitting.sort_by_key(|(_, found, _)| {
                found.issued_at().map(aws_smithy_types::DateTime::secs)
            });
            fitting = fitting.pop().into_iter().collect();
        }
        let out = |(arn, found, tags)| {
            let found: aws_sdk_acm::types::CertificateDetail = found;
            let names = found.subject_alternative_names().iter();
            let format = aws_smithy_types::date_time::Format::DateTime;
            let key = algorithm(&found).map(|key| key.as_str().to_owned());
            AcmCertificateOut {
                id: String::clone(&arn),
                arn,
                domain_name: self.domain_name.as_str().to_owned(),
                subject_alternative_names: names.map(|name| name.to_lowercase()).collect(),
                key_algorithm: key.unwrap_or_default(),
                not_after: found.not_after().and_then(|time| time.fmt(format).ok()),
                tags,
            }
        };
        Ok(fitting.into_iter().map(out).collect())
    }
}
