//! What a launch checks, and what it makes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::super::network_interface::{self, Owner, Placement};
use super::super::tags::{self, Tags};
use super::super::{View, ids, image, instance_type, launch_template, rules, state_mut};
use super::{Instance, PENDING};
use crate::rules::Refusal;
use crate::services::{Call, Input, Members};
use crate::state::Account;

/// The members that a launch acts on or shows; a launch with any other is refused.
const MODELLED: &[&str] = &[
    "BlockDeviceMappings",
    "CreditSpecification",
    "EbsOptimized",
    "IamInstanceProfile",
    "ImageId",
    "InstanceInitiatedShutdownBehavior",
    "InstanceType",
    "KeyName",
    "MetadataOptions",
    "Monitoring",
    "NetworkInterfaces",
    "PrivateDnsNameOptions",
    "SecurityGroupIds",
    "TagSpecifications",
    "UserData",
];

/// The members that an instance shows as they were asked for.
const SHOWN: &[&str] = &["EbsOptimized", "MetadataOptions", "Monitoring", "PrivateDnsNameOptions"];

/// One instance to be launched.
pub(crate) struct Launch<'a> {
    /// What a launch template's data or RunInstances says.
    pub(crate) data: &'a Map<String, Value>,
    /// The subnet, where the data does not name one itself.
    pub(crate) subnet: Option<&'a str>,
    /// Tags beyond those of the data; of one key these win.
    pub(crate) tags: Tags,
    /// The reservation it belongs to; a new one where absent.
    pub(crate) reservation: Option<&'a str>,
}

/// A launch that AWS would accept.
struct Checked {
    image: String,
    instance_type: &'static instance_type::InstanceType,
    subnet: String,
    groups: Vec<String>,
    address: Option<std::net::Ipv4Addr>,
    public: Option<bool>,
    profile: Option<String>,
    user_data: Option<String>,
    tags: Tags,
    interface_tags: Tags,
}

/// Lays the members of RunInstances over those of the launch template it names.
pub(super) fn merged(
    account: &Account,
    call: &Call,
    input: &Input,
) -> Result<Map<String, Value>, Refusal> {
    let mut data = match input.object("LaunchTemplate") {
        Some(named) => launch_template::data(View::new(account, call), named)?.1,
        None => Map::new(),
    };
    let own = input.iter().filter(|(member, _)| MODELLED.contains(&member.as_str()));
    data.extend(own.map(|(member, value)| (member.clone(), value.clone())));
    Ok(data)
}

/// Refuses a launch as RunInstances would.
pub(crate) fn check(account: &Account, call: &Call, what: &Launch<'_>) -> Result<(), Refusal> {
    checked(account, call, what).map(|_| ())
}

fn checked(account: &Account, call: &Call, what: &Launch<'_>) -> Result<Checked, Refusal> {
    let data = what.data;
    crate::services::modelled(data, "a launch", MODELLED)?;
    let image = image_of(call, data)?;
    let named = data.text("InstanceType").unwrap_or("m1.small");
    let instance_type =
        instance_type::find(named).ok_or_else(|| rules::INSTANCE_TYPE_UNKNOWN.refuse(&[named]))?;
    if instance_type.architecture != image.architecture {
        let names = [instance_type.architecture, image.architecture];
        return Err(rules::ARCHITECTURES_DIFFER.refuse(&names));
    }
    let profile = match data.object("IamInstanceProfile") {
        Some(named) => Some(profile_of(account, call, named)?),
        None => None,
    };
    if let Some(key) = data.text("KeyName") {
        return Err(rules::KEY_PAIR_NOT_FOUND.refuse(&[key]));
    }
    let user_data = data.text("UserData").map(decoded).transpose()?;
    let interfaces = data.list("NetworkInterfaces");
    let interface = interfaces.first().and_then(Value::as_object);
    let members = [
        "AssociatePublicIpAddress",
        "DeleteOnTermination",
        "Description",
        "DeviceIndex",
        "Groups",
        "PrivateIpAddress",
        "SubnetId",
    ];
    if let Some(interface) = interface {
        crate::services::modelled(interface, "a network interface of a launch", &members)?;
    }
    if interface.is_some() && !data.list("SecurityGroupIds").is_empty() {
        return Err(rules::GROUPS_TWICE.refuse(&[]));
    }
    let own = interface.and_then(|interface| interface.text("SubnetId"));
    let subnet = own.or(what.subnet).ok_or_else(|| rules::LAUNCH_WITHOUT_SUBNET.refuse(&[]))?;
    let state = View::new(account, call).state;
    ids::SUBNET.check(state, subnet)?;
    let groups = match interface {
        Some(interface) => interface.texts("Groups"),
        None => data.texts("SecurityGroupIds"),
    };
    let groups: Vec<String> = groups.into_iter().map(str::to_owned).collect();
    network_interface::checked_groups(state, &state.subnets[subnet].vpc, groups.clone())?;
    let address = interface.and_then(|interface| interface.text("PrivateIpAddress"));
    let address =
        address.map(|text| text.parse().map_err(|_| rules::ADDRESS_MALFORMED.refuse(&[text])));
    let mut tags = tags::of_type(data, "instance")?;
    tags.extend(what.tags.clone());
    Ok(Checked {
        image: image.id,
        instance_type,
        subnet: subnet.to_owned(),
        groups,
        address: address.transpose()?,
        public: interface.and_then(|interface| interface.flag("AssociatePublicIpAddress")),
        profile,
        user_data,
        tags,
        interface_tags: tags::of_type(data, "network-interface")?,
    })
}

/// Finds the image a launch names, also by AWS's public parameter of the ECS-optimised ones.
fn image_of(call: &Call, data: &Map<String, Value>) -> Result<image::Image, Refusal> {
    let named = data.text("ImageId").ok_or_else(|| rules::IMAGE_MISSING.refuse(&[]))?;
    if let Some(parameter) = named.strip_prefix("resolve:ssm:") {
        let of = "/aws/service/ecs/optimized-ami/amazon-linux-2023/";
        let architecture = match parameter.strip_prefix(of) {
            Some("recommended/image_id") => "x86_64",
            Some("arm64/recommended/image_id") => "arm64",
            _ => return Err(rules::IMAGE_PARAMETER.refuse(&[parameter])),
        };
        let found = image::ecs_optimized(&call.region, architecture);
        return found.ok_or_else(|| rules::IMAGE_PARAMETER.refuse(&[parameter]));
    }
    if !ids::well_formed("ami", named) {
        return Err(rules::IMAGE_MALFORMED.refuse(&[named]));
    }
    image::find(&call.region, named).ok_or_else(|| rules::IMAGE_NOT_FOUND.refuse(&[named]))
}

/// Finds the profile a launch names: IAM must have told EC2 of it, and it must have a role.
fn profile_of(
    account: &Account,
    call: &Call,
    named: &Map<String, Value>,
) -> Result<String, Refusal> {
    let (by, what, name) = match (named.text("Arn"), named.text("Name")) {
        (Some(arn), _) => ("arn", "ARN", arn),
        (None, name) => ("name", "name", name.unwrap_or_default()),
    };
    let known = account.global.iam.profile_for_launch(name, call.now);
    let (arn, has_role) = known.ok_or_else(|| rules::PROFILE_INVALID.refuse(&[name, by, what]))?;
    if has_role { Ok(arn) } else { Err(rules::PROFILE_WITHOUT_ROLE.refuse(&[&arn])) }
}

/// Decodes user data.
fn decoded(text: &str) -> Result<String, Refusal> {
    let bytes = STANDARD.decode(text).map_err(|_| rules::USER_DATA_MALFORMED.refuse(&[]))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Launches one instance and returns its id. Refuses what RunInstances refuses.
pub(crate) fn launch(
    account: &mut Account,
    call: &Call,
    what: Launch<'_>,
) -> Result<String, Refusal> {
    let checked = checked(account, call, &what)?;
    let id = account.new_id("i");
    let digits = account.new_digits();
    let reservation = match what.reservation {
        Some(reservation) => reservation.to_owned(),
        None => account.new_id("r"),
    };
    let placement = Placement {
        subnet: checked.subnet.clone(),
        description: String::new(),
        groups: checked.groups,
        address: checked.address,
        owner: Some(Owner {
            resource: id.clone(),
            interface_type: "interface".to_owned(),
            attached_by: call.account_id.clone(),
            instance: Some(id.clone()),
            requester: None,
            attachment: account.new_id("eni-attach"),
            attached: call.now,
            delete_on_termination: true,
        }),
    };
    let interface = network_interface::place(account, call, placement, checked.interface_tags)?;
    let state = state_mut(account, call);
    let subnet = &state.subnets[&checked.subnet];
    if checked.public.unwrap_or(subnet.map_public_ip) {
        network_interface::give_public(state, &interface, &digits);
    }
    let held = &state.network_interfaces[&interface];
    let shown = what.data.iter().filter(|(member, _)| SHOWN.contains(&member.as_str()));
    let instance = Instance {
        image: checked.image,
        instance_type: checked.instance_type.name.clone(),
        architecture: checked.instance_type.architecture.to_owned(),
        subnet: checked.subnet,
        vpc: held.vpc.clone(),
        zone: held.zone.clone(),
        private_ip: held.address,
        public_ip: held.public.as_ref().map(|public| public.ip),
        interface,
        security_groups: held.groups.clone(),
        profile: checked.profile,
        user_data: checked.user_data,
        launched: call.now,
        ready: call.after(PENDING),
        shutdown: None,
        reason: String::new(),
        reservation,
        settings: shown.map(|(member, value)| (member.clone(), value.clone())).collect(),
    };
    state.instances.insert(id.clone(), instance);
    tags::keep(state, &id, checked.tags)?;
    Ok(id)
}
