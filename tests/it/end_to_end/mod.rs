//! The binary, from stack files to a live account and back, against the sandbox on a port and
//! against moto; boto3 changes things behind its back and lists what is left.
//!
//! Gaps of moto 5.2.5 that these flows meet. Mended in `support/moto_server.py`, because nothing can
//! go around them:
//! - the state of a subnet's IPv6 range is answered as `{'State': 'associated'}`;
//! - descriptions of rules that name a group are lost;
//! - a `tag-key` filter with several values wants them all;
//! - the Tagging API leaves repositories, hosted zones and Cloud Map out, and scanning cannot be
//!   turned off by its default;
//! - EC2's list of tags has other names for addresses and NAT gateways;
//! - the outermost elements of some of S3's answers have another name;
//! - capacity providers cannot be listed without naming them;
//! - a certificate is in use for ever once a listener had it;
//! - instance refreshes cannot be listed;
//! - the name of a deleted secret is told to be another's, not one that waits;
//! - services of every size run the same number of tasks;
//! - scaling targets have no tags, and leave their policies behind.
//!
//! Left out of what is asked of moto, where the flow says so:
//! - classes and deletion protection of log groups;
//! - private DNS and address types of VPC endpoints, which it does not change, and the routes of a
//!   gateway endpoint whose tables change;
//! - usage metrics of VPCs, and attributes of subnets beyond public addresses;
//! - changes of a table's encryption;
//! - instance refreshes, and changes of a group's cooldown;
//! - zones of other regions, in which it makes subnets;
//! - changes of namespaces, a second private one for a VPC, and services that are in use;
//! - alarms: it does not speak CBOR, the one protocol of CloudWatch that the SDK speaks;
//! - how often a key rotates;
//! - Service Connect, which it refuses;
//! - capacities that are brought into the range of their target;
//! - rules of other protocols than TCP, UDP and ICMP, which it answers with a page of HTML.

mod answers;
mod balancing;
mod calls;
mod compute;
mod drift;
mod drift_verb;
mod endpoints;
mod gateways;
mod graph;
mod inventory;
mod man;
mod ownership;
mod real_stacks;
mod refusals;
mod replacement;
mod repositories;
mod saved_plans;
mod scaling;
mod secrets;
mod secrets_hidden;
mod services;
mod side_by_side;
mod stage;
mod tables;
mod types;
mod updates;
mod web;

/// Makes two tests of each flow: in the sandbox, and on moto.
macro_rules! on_both {
    ($($flow:ident),* $(,)?) => {
        $(
            mod $flow {
                #[test]
                fn in_the_sandbox() {
                    super::$flow(&crate::end_to_end::stage::Stage::in_the_sandbox());
                }

                #[test]
                fn on_moto() {
                    super::$flow(&crate::end_to_end::stage::Stage::on_moto(stringify!($flow)));
                }
            }
        )*
    };
}
use on_both;
