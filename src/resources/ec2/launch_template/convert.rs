//! The data of a launch template on its way to AWS and back.

use super::data::{
    BlockDeviceMapping, CreditSpecification, Ebs, InstanceProfile, LaunchTemplateData,
    MetadataOptions, Monitoring, NetworkInterface, PrivateDnsNameOptions, TagSpecification,
};
use crate::aws::ownership::IDENTITY_KEYS;
use crate::aws::tags::{from_ec2, to_ec2};
use crate::aws::{Sdk, Tags};
use crate::engine::resource::Id;
use aws_sdk_ec2::types as sdk;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;

/// What is tagged with our ownership tags at a launch.
const TAGGED: [&str; 3] = ["instance", "network-interface", "volume"];

impl LaunchTemplateData {
    /// Makes what AWS takes; what a launch makes carries these tags of ours too.
    pub(super) fn sdk(&self, ours: &Tags) -> sdk::RequestLaunchTemplateData {
        let mapping = |one: &BlockDeviceMapping| {
            sdk::LaunchTemplateBlockDeviceMappingRequest::builder()
                .device_name(&one.device_name)
                .set_ebs(one.ebs.as_ref().map(Ebs::sdk))
                .build()
        };
        let mappings = self.block_device_mappings.as_ref();
        let interfaces = self.network_interfaces.as_ref();
        let profile = self.iam_instance_profile.as_ref().map(|one| {
            sdk::LaunchTemplateIamInstanceProfileSpecificationRequest::builder()
                .set_name(one.name.as_ref().map(|id| id.as_str().to_owned()))
                .set_arn(one.arn.clone())
                .build()
        });
        let monitoring = self.monitoring.as_ref().map(|one| {
            sdk::LaunchTemplatesMonitoringRequest::builder().enabled(one.enabled).build()
        });
        let credits = self.credit_specification.as_ref().map(|one| {
            sdk::CreditSpecificationRequest::builder().cpu_credits(&one.cpu_credits).build()
        });
        let names = self.private_dns_name_options.as_ref().map(|one| {
            sdk::LaunchTemplatePrivateDnsNameOptionsRequest::builder()
                .set_hostname_type(one.hostname_type.as_ref().map(|t| t.0.clone()))
                .set_enable_resource_name_dns_a_record(one.enable_resource_name_dns_a_record)
                .set_enable_resource_name_dns_aaaa_record(one.enable_resource_name_dns_aaaa_record)
                .build()
        });
        let shutdown = self.instance_initiated_shutdown_behavior.as_ref();
        sdk::RequestLaunchTemplateData::builder()
            .set_image_id(self.image_id.clone())
            .set_instance_type(self.instance_type.as_deref().map(sdk::InstanceType::from))
            .set_key_name(self.key_name.clone())
            .set_user_data(self.user_data.as_ref().map(|text| STANDARD.encode(text)))
            .set_security_group_ids(self.security_group_ids.as_ref().map(texts))
            .set_iam_instance_profile(profile)
            .set_block_device_mappings(mappings.map(|all| all.iter().map(mapping).collect()))
            .set_network_interfaces(
                interfaces.map(|all| all.iter().map(NetworkInterface::sdk).collect()),
            )
            .set_metadata_options(self.metadata_options.as_ref().map(MetadataOptions::sdk))
            .set_monitoring(monitoring)
            .set_credit_specification(credits)
            .set_ebs_optimized(self.ebs_optimized)
            .set_instance_initiated_shutdown_behavior(shutdown.map(|one| one.0.clone()))
            .set_private_dns_name_options(names)
            .set_tag_specifications(Some(self.tagged(ours)))
            .build()
    }

    /// The tags of each kind, ours among them.
    fn tagged(&self, ours: &Tags) -> Vec<sdk::LaunchTemplateTagSpecificationRequest> {
        let given = |kind: &str| {
            let mut all = self.tag_specifications.iter().flatten();
            all.find(|one| one.resource_type == kind).map(|one| one.tags.clone())
        };
        let others = self.tag_specifications.iter().flatten().map(|one| one.resource_type.as_str());
        let others = others.filter(|kind| !TAGGED.contains(kind)).map(|kind| (kind, Tags::new()));
        let kinds = TAGGED.into_iter().map(|kind| (kind, ours.clone())).chain(others);
        let made = kinds.filter_map(|(kind, mut tags)| {
            tags.extend(given(kind).into_iter().flatten());
            let one = sdk::LaunchTemplateTagSpecificationRequest::builder();
            let one = one.resource_type(sdk::ResourceType::from(kind));
            (!tags.is_empty()).then(|| one.set_tags(Some(to_ec2(&tags))).build())
        });
        made.collect()
    }

    /// Reads what AWS has.
    pub(super) fn of_sdk(found: sdk::ResponseLaunchTemplateData) -> Self {
        let user_data = found.user_data.map(|text| match STANDARD.decode(&text) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => text,
        });
        let mappings = found.block_device_mappings.unwrap_or_default();
        let mappings = mappings.into_iter().map(|one| BlockDeviceMapping {
            device_name: one.device_name.unwrap_or_default(),
            ebs: one.ebs.map(Ebs::of_sdk),
        });
        let interfaces = found.network_interfaces.unwrap_or_default();
        let tagged = found.tag_specifications.unwrap_or_default();
        let tagged = tagged.into_iter().filter_map(|one| {
            let mut tags = from_ec2(one.tags);
            tags.retain(|key, _| !IDENTITY_KEYS.contains(&key.as_str()));
            let resource_type = one.resource_type?.as_str().to_owned();
            (!tags.is_empty()).then_some(TagSpecification { resource_type, tags })
        });
        Self {
            image_id: found.image_id,
            instance_type: found.instance_type.map(|kind| kind.as_str().to_owned()),
            key_name: found.key_name,
            user_data,
            security_group_ids: ids(found.security_group_ids),
            iam_instance_profile: found
                .iam_instance_profile
                .map(|one| InstanceProfile { name: one.name.map(Id::new), arn: one.arn }),
            block_device_mappings: some(mappings.collect(), BTreeSet::is_empty),
            network_interfaces: some(
                interfaces.into_iter().map(NetworkInterface::of_sdk).collect(),
                Vec::is_empty,
            ),
            metadata_options: found.metadata_options.map(|one| MetadataOptions {
                http_tokens: one.http_tokens.map(Sdk),
                http_put_response_hop_limit: one.http_put_response_hop_limit,
                http_endpoint: one.http_endpoint.map(Sdk),
                instance_metadata_tags: one.instance_metadata_tags.map(Sdk),
            }),
            monitoring: found
                .monitoring
                .map(|one| Monitoring { enabled: one.enabled.unwrap_or(false) }),
            credit_specification: found
                .credit_specification
                .and_then(|one| Some(CreditSpecification { cpu_credits: one.cpu_credits? })),
            ebs_optimized: found.ebs_optimized,
            instance_initiated_shutdown_behavior: found
                .instance_initiated_shutdown_behavior
                .map(Sdk),
            private_dns_name_options: found.private_dns_name_options.map(|one| {
                PrivateDnsNameOptions {
                    hostname_type: one.hostname_type.map(Sdk),
                    enable_resource_name_dns_a_record: one.enable_resource_name_dns_a_record,
                    enable_resource_name_dns_aaaa_record: one.enable_resource_name_dns_aaaa_record,
                }
            }),
            tag_specifications: some(tagged.collect(), BTreeSet::is_empty),
        }
    }
}

impl Ebs {
    fn sdk(&self) -> sdk::LaunchTemplateEbsBlockDeviceRequest {
        sdk::LaunchTemplateEbsBlockDeviceRequest::builder()
            .set_volume_size(self.volume_size)
            .set_volume_type(self.volume_type.as_ref().map(|kind| kind.0.clone()))
            .set_iops(self.iops)
            .set_throughput(self.throughput)
            .set_encrypted(self.encrypted)
            .set_kms_key_id(self.kms_key_id.clone())
            .set_snapshot_id(self.snapshot_id.clone())
            .set_delete_on_termination(self.delete_on_termination)
            .build()
    }

    fn of_sdk(found: sdk::LaunchTemplateEbsBlockDevice) -> Self {
        Self {
            volume_size: found.volume_size,
            volume_type: found.volume_type.map(Sdk),
            iops: found.iops,
            throughput: found.throughput,
            encrypted: found.encrypted,
            kms_key_id: found.kms_key_id,
            snapshot_id: found.snapshot_id,
            delete_on_termination: found.delete_on_termination,
        }
    }
}

impl NetworkInterface {
    fn sdk(&self) -> sdk::LaunchTemplateInstanceNetworkInterfaceSpecificationRequest {
        sdk::LaunchTemplateInstanceNetworkInterfaceSpecificationRequest::builder()
            .set_device_index(self.device_index)
            .set_groups(self.groups.as_ref().map(texts))
            .set_associate_public_ip_address(self.associate_public_ip_address)
            .set_delete_on_termination(self.delete_on_termination)
            .set_description(self.description.clone())
            .set_subnet_id(self.subnet_id.as_ref().map(|id| id.as_str().to_owned()))
            .build()
    }

    fn of_sdk(found: sdk::LaunchTemplateInstanceNetworkInterfaceSpecification) -> Self {
        Self {
            device_index: found.device_index,
            groups: ids(found.groups),
            associate_public_ip_address: found.associate_public_ip_address,
            delete_on_termination: found.delete_on_termination,
            description: found.description,
            subnet_id: found.subnet_id.map(Id::new),
        }
    }
}

impl MetadataOptions {
    fn sdk(&self) -> sdk::LaunchTemplateInstanceMetadataOptionsRequest {
        sdk::LaunchTemplateInstanceMetadataOptionsRequest::builder()
            .set_http_tokens(self.http_tokens.as_ref().map(|state| state.0.clone()))
            .set_http_put_response_hop_limit(self.http_put_response_hop_limit)
            .set_http_endpoint(self.http_endpoint.as_ref().map(|state| state.0.clone()))
            .set_instance_metadata_tags(
                self.instance_metadata_tags.as_ref().map(|state| state.0.clone()),
            )
            .build()
    }
}

fn texts<R>(ids: &BTreeSet<Id<R>>) -> Vec<String> {
    ids.iter().map(|id| id.as_str().to_owned()).collect()
}

fn ids<R>(found: Option<Vec<String>>) -> Option<BTreeSet<Id<R>>> {
    let found: BTreeSet<_> = found.unwrap_or_default().into_iter().map(Id::new).collect();
    some(found, BTreeSet::is_empty)
}

/// A list that AWS has none of reads as not said.
fn some<T>(list: T, is_empty: impl Fn(&T) -> bool) -> Option<T> {
    (!is_empty(&list)).then_some(list)
}
