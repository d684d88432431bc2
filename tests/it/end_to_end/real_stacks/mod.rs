//! The stacks of this repository, all three workspaces at once: made, as the stacks say, changed, and
//! unmade until nothing is left.

mod changes;
mod environments;
mod failures;
mod variables;

use super::stage::Stage;
use serde_json::{Value, json};

const INFRASTRUCTURE: &str = "supporting-infrastructure";
const SERVICES: [&str; 2] = ["order-api", "order-processor"];

/// How services do, read with boto3: deployments, their tasks, and the targets behind them.
const SERVICES_DO: &str = "
env = input['environment']
ecs, elb = client('ecs', input['region']), client('elbv2', input['region'])
result = {}
for name in ('order-api', 'order-processor'):
    cluster = f'{env}-cluster'
    service = ecs.describe_services(cluster=cluster, services=[name])['services'][0]
    arns = ecs.list_tasks(cluster=cluster, serviceName=name)['taskArns']
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)['tasks'] if arns else []
    definition = ecs.describe_task_definition(taskDefinition=service['taskDefinition'])
    result[name] = {
        'deployments': [d['rolloutState'] for d in service['deployments']],
        'desired': service['desiredCount'],
        'tasks': [task['lastStatus'] for task in tasks],
        'health': sorted({task['healthStatus'] for task in tasks}),
        'as asked': all(t['taskDefinitionArn'] == service['taskDefinition'] for t in tasks),
        'image': definition['taskDefinition']['containerDefinitions'][0]['image'].split('/')[1],
        'zones': len({task['availabilityZone'] for task in tasks}),
        'targets': [
            target['TargetHealth']['State']
            for balancer in service['loadBalancers']
            for target in elb.describe_target_health(
                TargetGroupArn=balancer['targetGroupArn'])['TargetHealthDescriptions']
            if target['TargetHealth']['State'] != 'draining'
        ],
    }
";

impl Stage {
    /// Applies all workspaces, and insists that nothing differs afterwards.
    #[track_caller]
    fn apply_all(&self) -> Value {
        let ran = self.run(&["apply", "--all", "--yes"]);
        assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
        let ran = self.run(&["plan", "--all", "--format", "json", "--detailed-exitcode"]);
        assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
        ran.json()
    }

    /// Insists that both services run this many healthy tasks of their current definition; returns
    /// what boto3 says of them.
    #[track_caller]
    fn healthy(&self, tasks: usize) -> Value {
        self.healthy_in("eu-west-1", tasks)
    }

    #[track_caller]
    fn healthy_in(&self, region: &str, tasks: usize) -> Value {
        let input = json!({ "environment": self.environment(), "region": region });
        let told = self.python(SERVICES_DO, input);
        for name in SERVICES {
            let service = &told[name];
            assert_eq!(service["deployments"], json!(["COMPLETED"]), "{name}: {told:#}");
            assert_eq!(service["desired"], tasks, "{name}: {told:#}");
            if self.is_moto() {
                // Its services count tasks and have none.
                continue;
            }
            assert_eq!(service["tasks"], json!(vec!["RUNNING"; tasks]), "{name}: {told:#}");
            assert_eq!(service["as asked"], true, "{name}: {told:#}");
        }
        if self.is_moto() {
            return told;
        }
        assert_eq!(told["order-processor"]["health"], json!(["HEALTHY"]), "{told:#}");
        assert_eq!(told["order-api"]["targets"], json!(vec!["healthy"; tasks]), "{told:#}");
        told
    }

    /// Destroys all workspaces, and insists that neither inventory nor boto3 find anything.
    #[track_caller]
    fn nothing_is_left_after(&self, destroy: &[&str]) {
        let ran = self.run(destroy);
        assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
        assert_eq!(self.owned(), Vec::<String>::new());
        let inventory = self.run(&["inventory", "--format", "json"]).exits(0).json();
        assert_eq!(inventory["residue"], 0, "{inventory:#}");
    }
}
