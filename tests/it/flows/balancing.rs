//! Load balancers with what they stand in: interfaces that outlive them, logs, networks made anew.

use super::bench::{Bench, told};
use super::slow::waited_for;
use infra::engine::plan::{Action, Mode};
use infra::sandbox::{Options, Sandbox, Slow};

const FRONT: &str = r#"
[vpc.main]
cidr_block = "10.0.0.0/16"

[internet_gateway.main]
vpc_id = "${vpc.main.id}"

[subnet.public]
for_each          = { a = 0, b = 1, c = 2 }
vpc_id            = "${vpc.main.id}"
cidr_block        = "${cidrsubnet(vpc.main.cidr_block, 8, each.value)}"
availability_zone = "${region}${each.key}"

[security_group.front]
name        = "front"
description = "requests"
vpc_id      = "${vpc.main.id}"

[load_balancer.main]
name            = "main"
subnets         = "${[for s in subnet.public : s.id]}"
security_groups = ["${security_group.front.id}"]

[listener.http]
load_balancer_arn = "${load_balancer.main.id}"
protocol          = "HTTP"
port              = 80
default_actions   = [{ type = "fixed-response", fixed_response_config = { status_code = "404" } }]
"#;

fn slow() -> Sandbox {
    Sandbox::in_memory(Options { slow: Slow::Aws, ..Options::default() })
}

#[tokio::test(start_paused = true)]
async fn interfaces_that_outlive_a_load_balancer_are_waited_for() {
    let bench = Bench::over(slow(), FRONT);
    let ran = bench.applied().await;
    assert!(waited_for(&ran, "it to be ready, it is provisioning"), "{:#?}", ran.waits());
    let ran = bench.destroyed().await;
    let reason = "load_balancer.main: it to be gone, it is 3 of its network interfaces";
    assert!(waited_for(&ran, reason), "{:#?}", ran.waits());

    // Somebody else deletes it: nothing in the account tells of it but its interfaces.
    bench.applied().await;
    let (cx, ids) = (bench.cx().await, bench.ids().await);
    let delete = cx.elbv2().delete_load_balancer();
    delete.load_balancer_arn(&ids["load_balancer.main"]).send().await.expect("deleted");
    let ran = bench.destroyed().await;
    for address in ["subnet.public[\"a\"]", "security_group.front", "internet_gateway.main"] {
        let told = |wait: &String| {
            wait.starts_with(&format!("{address}: "))
                && wait.contains("network interface eni-")
                && wait.contains(" of ELB app/main/")
                && wait.contains("the load balancer's deletion takes it away")
        };
        assert!(ran.waits().iter().any(told), "{address}: {:#?}", ran.waits());
    }
}

#[tokio::test(start_paused = true)]
async fn logs_go_to_a_bucket_whose_policy_lets_them() {
    let bucket = |service: &str| {
        format!(
            "[s3_bucket.logs]\nname = \"front-logs\"\n\
             policy = {{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", \
             Principal = {{ Service = \"{service}\" }}, Action = \"s3:PutObject\", \
             Resource = \"arn:aws:s3:::front-logs/front/AWSLogs/${{account_id}}/*\" }}] }}\n\
             [load_balancer.main.load_balancer_attributes]\n\
             access_logs_s3_enabled = true\n\
             access_logs_s3_bucket  = \"${{s3_bucket.logs.id}}\"\n\
             access_logs_s3_prefix  = \"front\"\n"
        )
    };
    let mut bench = Bench::new(&(FRONT.to_owned() + &bucket("delivery.logs.amazonaws.com")));
    let ran = bench.run(Mode::Apply).await;
    let told = told(&ran.outcome);
    assert!(!ran.outcome.is_complete(), "AWS may not write there");
    assert!(told.contains("Access Denied for bucket: front-logs"), "{told}");
    assert!(waited_for(&ran, "the policy of the bucket to be known"), "{:#?}", ran.waits());
    let writer = "logdelivery.elasticloadbalancing.amazonaws.com";
    bench.edit(&(FRONT.to_owned() + &bucket(writer)));
    let ran = bench.applied().await;
    assert!(
        ran.done("s3_bucket.logs", Action::Update) < ran.done("load_balancer.main", Action::Update)
    );
    bench.destroyed().await;

    // From nothing, and in one go.
    let ran = bench.applied().await;
    assert!(!waited_for(&ran, "the policy of the bucket"), "{:#?}", ran.waits());
    bench.destroyed().await;
}

/// The one group of a load balancer is made anew under its name: AWS's default one stands in for it.
#[tokio::test(start_paused = true)]
async fn a_group_is_made_anew_while_its_load_balancer_stays() {
    let mut bench = Bench::new(FRONT);
    bench.applied().await;
    let before = bench.ids().await;
    bench.replace("\"requests\"", "\"requests of clients\"");
    bench.sandbox.clear_calls();
    let ran = bench.applied().await;
    let actions = [
        ("load_balancer.main".to_owned(), Action::Update),
        ("security_group.front".to_owned(), Action::Replace),
    ];
    assert_eq!(ran.actions(), actions);
    assert_eq!(bench.refused(), [""; 0]);
    assert_eq!(bench.ids().await["load_balancer.main"], before["load_balancer.main"]);
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_is_made_anew_with_all_its_subnets_and_stays_while_two_are_left() {
    let mut bench = Bench::new(FRONT);
    bench.applied().await;
    let before = bench.ids().await;
    // One of three, which moves to another range.
    bench.replace("c = 2 }", "c = 3 }");
    bench.sandbox.clear_calls();
    bench.applied().await;
    let after = bench.ids().await;
    assert_ne!(after["subnet.public[\"c\"]"], before["subnet.public[\"c\"]"]);
    assert_eq!(after["load_balancer.main"], before["load_balancer.main"]);
    assert_eq!(bench.refused(), [""; 0]);
    // All of them.
    bench.replace("10.0.0.0/16", "10.1.0.0/16");
    let ran = bench.applied().await;
    for address in ["load_balancer.main", "listener.http", "vpc.main"] {
        assert!(ran.actions().contains(&(address.to_owned(), Action::Replace)), "{address}");
    }
    let balancer = |action| ran.done("load_balancer.main", action);
    let moved = ran.done("internet_gateway.main", Action::Update);
    assert!(balancer(Action::Delete) < moved && moved < balancer(Action::Create));
    assert_eq!(bench.refused(), [""; 0]);
    bench.destroyed().await;
}
