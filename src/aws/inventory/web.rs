//! Asks Route 53, S3 and Certificate Manager what is there.

use crate::aws::arn::Arn;
use crate::aws::{Cx, Error, Result, unless_missing};

/// Asks whether an object is there; `None` for kinds that are not asked after.
pub(super) async fn exists(cx: &Cx, arn: &Arn) -> Result<Option<bool>> {
    let asked = match (arn.service.as_str(), arn.kind.as_str()) {
        ("route53", "hostedzone") => {
            cx.route53().get_hosted_zone().id(&arn.name).send().await.map(drop).map_err(Error::from)
        }
        ("acm", "certificate") => {
            let call = cx.acm().describe_certificate().certificate_arn(arn.as_str());
            call.send().await.map(drop).map_err(Error::from)
        }
        ("s3", "") => match cx.s3().head_bucket().bucket(&arn.name).send().await {
            Ok(_) => Ok(()),
            // The answer has no body: only its status tells.
            Err(error) if error.raw_response().is_some_and(|r| r.status().as_u16() == 404) => {
                return Ok(Some(false));
            }
            Err(error) => Err(error.into()),
        },
        _ => return Ok(None),
    };
    Ok(Some(unless_missing(asked)?.is_some()))
}
