//! Certificates of listeners.

use serde_json::{Value, json};

use super::super::acm;
use super::listener::{self, certificate_arn};
use super::{Answer, Call, Input, Members, paged, room, rules, state, state_mut};
use crate::rules::Refusal;
use crate::state::Account;

/// Reads the certificates of a call, each of which must be there and issued.
pub(super) fn given(account: &Account, call: &Call, input: &Input) -> Result<Vec<String>, Refusal> {
    let certificates = input.list("Certificates").iter().filter_map(Value::as_object);
    certificates
        .map(|certificate| {
            let arn = certificate_arn(certificate)?;
            match acm::certificate(account, &call.region, &arn) {
                None => Err(rules::CERTIFICATE_NOT_FOUND.refuse(&[&arn])),
                Some(it) if !it.is_issued(call.now) => {
                    Err(rules::CERTIFICATE_PENDING.refuse(&[&arn]))
                }
                Some(_) => Ok(arn),
            }
        })
        .collect()
}

/// Returns the listener that the input names, which must be secure.
fn secure<'a>(
    account: &Account,
    call: &Call,
    input: &'a Input,
) -> Result<(&'a str, listener::Listener), Refusal> {
    let (arn, listener) = listener::known(state(account, &call.region), input)?;
    if listener.is_secure() {
        Ok((arn, listener))
    } else {
        Err(rules::NOT_SECURE.refuse(&["Certificates", &listener.protocol]))
    }
}

/// AddListenerCertificates: those that are there already stay.
pub(super) fn add(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (arn, mut listener) = secure(account, call, input)?;
    let new = given(account, call, input)?;
    for certificate in &new {
        if !listener.has_certificate(certificate) {
            listener.certificates.push(certificate.clone());
        }
    }
    let state = state_mut(account, &call.region);
    let others = state
        .listeners
        .iter()
        .filter(|(other, it)| *other != arn && it.load_balancer == listener.load_balancer);
    let have: usize = others.map(|(_, it)| it.certificates.len()).sum();
    let limit = state.limits.certificates_per_load_balancer;
    room(have + listener.certificates.len(), limit + 1, &rules::CERTIFICATE_LIMIT)?;
    state.listeners.insert(arn.to_owned(), listener);
    let shown: Vec<Value> =
        new.iter().map(|arn| json!({ "CertificateArn": arn, "IsDefault": false })).collect();
    Ok(json!({ "Certificates": shown }))
}

/// RemoveListenerCertificates: what is not there is removed already; the default one stays.
pub(super) fn remove(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (arn, mut listener) = secure(account, call, input)?;
    for certificate in input.list("Certificates").iter().filter_map(Value::as_object) {
        let certificate = certificate_arn(certificate)?;
        if listener.certificate.as_ref() == Some(&certificate) {
            return Err(rules::DEFAULT_CERTIFICATE.refuse(&[&certificate]));
        }
        listener.certificates.retain(|own| *own != certificate);
    }
    state_mut(account, &call.region).listeners.insert(arn.to_owned(), listener);
    Ok(json!({}))
}

/// DescribeListenerCertificates: the default one is among them.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let (_, listener) = listener::known(state(account, &call.region), input)?;
    let shown = |arn: &String, is_default: bool| {
        (arn.clone(), json!({ "CertificateArn": arn, "IsDefault": is_default }))
    };
    let default = listener.certificate.iter().map(|arn| shown(arn, true));
    let others = listener.certificates.iter().map(|arn| shown(arn, false));
    paged(input, "Certificates", default.chain(others).collect())
}
