//! The binary, from stack files to a live account and back, against the sandbox on a port and
//! against moto; boto3 changes things behind its back and lists what is left.
//!
//! Gaps of moto met here, each handled where its name stands:
//! - the state of a subnet's IPv6 range is no word, and descriptions of rules that name a group are
//!   lost: mended in `support/moto_server.py`;
//! - see [`stage::Judge::lacks`] for what moto does not know at all.

mod answers;
mod calls;
mod drift;
mod ownership;
mod refusals;
mod replacement;
mod saved_plans;
mod stage;
mod updates;

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
