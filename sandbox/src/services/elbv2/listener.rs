//! Listeners: a port of a load balancer and what it does by default.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::action::{self, Place};
use super::attributes::{self, Attribute};
use super::{
    Answer, Call, Input, Members, State, listener_certificate, listener_rule, paged, relate, room,
    rules, ssl_policy, state, state_mut, tags,
};
use crate::rules::Refusal;
use crate::services::modelled;
use crate::state::Account;

/// A listener.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listener {
    pub(super) load_balancer: String,
    pub(super) port: u16,
    pub(super) protocol: String,
    pub(super) ssl_policy: Option<String>,
    /// The default certificate.
    pub(super) certificate: Option<String>,
    /// Those beside the default one.
    pub(super) certificates: Vec<String>,
    /// As AWS gives them back.
    pub(super) actions: Vec<Value>,
    pub(super) attributes: attributes::Set,
}

impl Listener {
    fn table(&self) -> &'static [Attribute] {
        if self.protocol == "TCP" { attributes::TCP_LISTENER } else { attributes::HTTP_LISTENER }
    }

    pub(super) fn is_secure(&self) -> bool {
        self.protocol == "HTTPS"
    }

    /// Tells whether it serves a certificate.
    pub(super) fn has_certificate(&self, arn: &str) -> bool {
        let all = self.certificate.iter().chain(&self.certificates);
        all.into_iter().any(|own| own == arn)
    }
}

/// What a call says of a listener's protocol, port, policy and certificate.
struct Front {
    port: u16,
    protocol: String,
    ssl_policy: Option<String>,
    certificate: Option<String>,
}

/// Reads it, over what was there before, and refuses what does not go together.
fn front(
    account: &Account,
    call: &Call,
    input: &Input,
    before: Option<&Listener>,
    is_application: bool,
) -> Result<Front, Refusal> {
    let port = input.integer("Port").and_then(|port| u16::try_from(port).ok());
    let port = port.or(before.map(|it| it.port));
    let port = port.ok_or_else(|| rules::LISTENER_MEMBER.refuse(&["port"]))?;
    let protocol = input.text("Protocol").or(before.map(|it| it.protocol.as_str()));
    let protocol = protocol.ok_or_else(|| rules::LISTENER_MEMBER.refuse(&["protocol"]))?;
    if is_application != matches!(protocol, "HTTP" | "HTTPS") {
        let kind = if is_application { "application" } else { "network" };
        return Err(rules::LISTENER_PROTOCOL.refuse(&[protocol, kind]));
    }
    if !matches!(protocol, "HTTP" | "HTTPS" | "TCP") {
        let message = format!("the sandbox does not model listeners over {protocol}");
        return Err(Refusal::new("ValidationError", message));
    }
    if protocol != "HTTPS" {
        let given = ["Certificates", "SslPolicy"].into_iter().find(|it| input.contains_key(*it));
        return match given {
            Some(member) => Err(rules::NOT_SECURE.refuse(&[member, protocol])),
            None => Ok(Front {
                port,
                protocol: protocol.to_owned(),
                ssl_policy: None,
                certificate: None,
            }),
        };
    }
    let before = before.filter(|it| it.is_secure());
    let policy = input.text("SslPolicy").or(before.and_then(|it| it.ssl_policy.as_deref()));
    let policy = policy.unwrap_or(ssl_policy::DEFAULT);
    ssl_policy::check(policy)?;
    let certificate = if input.contains_key("Certificates") {
        let [certificate] = &listener_certificate::given(account, call, input)?[..] else {
            return Err(rules::ONE_CERTIFICATE.refuse(&[]));
        };
        Some(certificate.clone())
    } else {
        before.and_then(|it| it.certificate.clone())
    };
    if certificate.is_none() {
        return Err(rules::CERTIFICATE_MISSING.refuse(&[protocol]));
    }
    let (protocol, ssl_policy) = (protocol.to_owned(), Some(policy.to_owned()));
    Ok(Front { port, protocol, ssl_policy, certificate })
}

/// CreateListener: the same settings again succeed, others on the same port do not.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let balancer_arn = input.text("LoadBalancerArn").unwrap_or_default();
    let state = state(account, &call.region);
    let balancer = state.load_balancers.get(balancer_arn);
    let balancer = balancer.ok_or_else(|| rules::LISTENER_LOAD_BALANCER.refuse(&[balancer_arn]))?;
    let front = front(account, call, input, None, balancer.is_application())?;
    let place =
        Place { state, balancer_arn, balancer, protocol: &front.protocol, port: front.port };
    let new = Listener {
        load_balancer: balancer_arn.to_owned(),
        actions: action::read(place, input.list("DefaultActions"))?,
        port: front.port,
        protocol: front.protocol,
        ssl_policy: front.ssl_policy,
        certificate: front.certificate,
        certificates: Vec::new(),
        attributes: attributes::Set::new(),
    };
    let new_tags = tags::given(input)?;
    let own = || state.listeners.iter().filter(|(_, it)| it.load_balancer == balancer_arn);
    if let Some((arn, existing)) = own().find(|(_, it)| it.port == new.port) {
        let settings = Listener {
            certificates: existing.certificates.clone(),
            attributes: existing.attributes.clone(),
            ..new
        };
        if *existing == settings && tags::same(state, arn, &new_tags) {
            return Ok(json!({ "Listeners": [show(arn, existing)] }));
        }
        return Err(rules::LISTENER_EXISTS.refuse(&[balancer_arn]));
    }
    room(own().count(), state.limits.listeners_per_load_balancer, &rules::LISTENER_LIMIT)?;
    let digits = account.new_digits()[..16].to_owned();
    let arn = format!("{}/{digits}", balancer_arn.replacen(":loadbalancer/", ":listener/", 1));
    let shown = show(&arn, &new);
    let state = state_mut(account, &call.region);
    tags::keep(state, &arn, new_tags)?;
    state.listeners.insert(arn.clone(), new);
    listener_rule::create_default(account, call, &arn);
    relate(state_mut(account, &call.region), call.now);
    Ok(json!({ "Listeners": [shown] }))
}

/// Returns the listener that the input names.
pub(super) fn known<'a>(state: &State, input: &'a Input) -> Result<(&'a str, Listener), Refusal> {
    let arn = input.text("ListenerArn").unwrap_or_default();
    if tags::Kind::of(arn) != Some(tags::Kind::Listener) {
        return Err(rules::ARN_FORM.refuse(&[arn]));
    }
    match state.listeners.get(arn) {
        Some(listener) => Ok((arn, listener.clone())),
        None => Err(rules::LISTENER_NOT_FOUND.refuse(&[])),
    }
}

/// DescribeListeners: of one load balancer, or by ARN.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let state = state(account, &call.region);
    let arns = input.texts("ListenerArns");
    let balancer = input.text("LoadBalancerArn");
    if arns.is_empty() == balancer.is_none() {
        return Err(rules::WHICH_LISTENERS.refuse(&[]));
    }
    if balancer.is_some_and(|arn| !state.load_balancers.contains_key(arn)) {
        return Err(rules::LOAD_BALANCER_NOT_FOUND.refuse(&[]));
    }
    if arns.iter().any(|arn| !state.listeners.contains_key(*arn)) {
        return Err(rules::LISTENER_NOT_FOUND.refuse(&[]));
    }
    let wanted = state.listeners.iter().filter(|(arn, listener)| {
        balancer == Some(listener.load_balancer.as_str()) || arns.contains(&arn.as_str())
    });
    let items = wanted.map(|(arn, listener)| (arn.clone(), show(arn, listener))).collect();
    paged(input, "Listeners", items)
}

/// ModifyListener: what is not given stays; the default certificate and policy go when it is no
/// longer secure.
pub(super) fn modify(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state(account, &call.region);
    let (arn, mut listener) = known(state, input)?;
    let Some(balancer) = state.load_balancers.get(&listener.load_balancer) else {
        return Err(rules::LOAD_BALANCER_NOT_FOUND.refuse(&[]));
    };
    let front = front(account, call, input, Some(&listener), balancer.is_application())?;
    let taken = state.listeners.iter().any(|(other, it)| {
        other != arn && it.load_balancer == listener.load_balancer && it.port == front.port
    });
    if taken {
        return Err(rules::LISTENER_EXISTS.refuse(&[&listener.load_balancer]));
    }
    if input.contains_key("DefaultActions") {
        let place = Place {
            state,
            balancer_arn: &listener.load_balancer,
            balancer,
            protocol: &front.protocol,
            port: front.port,
        };
        listener.actions = action::read(place, input.list("DefaultActions"))?;
    }
    listener.port = front.port;
    listener.protocol = front.protocol;
    listener.ssl_policy = front.ssl_policy;
    listener.certificate = front.certificate;
    if !listener.is_secure() {
        listener.certificates.clear();
    }
    let shown = show(arn, &listener);
    let state = state_mut(account, &call.region);
    state.listeners.insert(arn.to_owned(), listener);
    relate(state, call.now);
    Ok(json!({ "Listeners": [shown] }))
}

/// Takes a listener away with its rules.
pub(super) fn remove(state: &mut State, arn: &str) {
    let rules = state.rules.iter().filter(|(_, rule)| rule.listener == arn);
    let rules: Vec<String> = rules.map(|(arn, _)| arn.clone()).collect();
    for rule in &rules {
        state.rules.remove(rule);
        state.tags.remove(rule);
    }
    state.listeners.remove(arn);
    state.tags.remove(arn);
}

/// DeleteListener.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, &call.region);
    let (arn, _) = known(state, input)?;
    remove(state, arn);
    relate(state, call.now);
    Ok(json!({}))
}

/// DescribeListenerAttributes.
pub(super) fn describe_attributes(account: &Account, call: &Call, input: &Input) -> Answer {
    let (_, listener) = known(state(account, &call.region), input)?;
    Ok(json!({ "Attributes": attributes::show(listener.table(), &listener.attributes) }))
}

/// ModifyListenerAttributes.
pub(super) fn modify_attributes(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, &call.region);
    let (arn, mut listener) = known(state, input)?;
    listener.attributes.extend(attributes::given(listener.table(), input)?);
    let shown = attributes::show(listener.table(), &listener.attributes);
    state.listeners.insert(arn.to_owned(), listener);
    Ok(json!({ "Attributes": shown }))
}

fn show(arn: &str, listener: &Listener) -> Value {
    let mutual = listener.is_secure().then(|| json!({ "Mode": "off" }));
    let default = listener.certificate.as_ref();
    let certificates = default.map(|arn| json!([{ "CertificateArn": arn }]));
    json!({
        "ListenerArn": arn,
        "LoadBalancerArn": listener.load_balancer,
        "Port": listener.port,
        "Protocol": listener.protocol,
        "Certificates": certificates,
        "SslPolicy": listener.ssl_policy,
        "DefaultActions": listener.actions,
        "MutualAuthentication": mutual,
    })
}

/// Refuses members of a certificate that a call cannot set.
pub(super) fn certificate_arn(certificate: &Input) -> Result<String, Refusal> {
    modelled(certificate, "Certificates", &["CertificateArn"])?;
    Ok(certificate.text("CertificateArn").unwrap_or_default().to_owned())
}
