//! Handlers against the embedded AWS; `tests/it` has the same types meet others.

mod acm;
mod compute;
mod conformance;
mod discovery;
mod dynamodb;
mod ecr;
mod ecs;
mod ecs_round_trip;
mod ecs_services;
mod elbv2;
mod faults;
mod gateways;
mod iam;
mod inventory;
mod logs;
mod network;
mod route53;
mod s3;

use crate::aws::{Cx, Options, Scope, Tags};
use crate::engine::resource::{Creation, Handler, LiveObject, Registry, Want};
use crate::engine::{diff, references};
use crate::sandbox::{Options as SandboxOptions, Sandbox};
use crate::stack::Address;
use serde_json::Value as Json;

pub(super) const WORKSPACE: &str = "net";

/// An account with nothing of ours in it.
pub(super) struct World {
    pub(super) cx: Cx,
    pub(super) registry: Registry,
    pub(super) sandbox: Sandbox,
}

impl World {
    /// The embedded AWS.
    pub(super) async fn sandbox() -> Self {
        Self::over(Sandbox::in_memory(SandboxOptions::default())).await
    }

    /// An embedded AWS of this kind.
    pub(super) async fn over(sandbox: Sandbox) -> Self {
        let mut options = Options::new(scope("dev"));
        options.http_client = Some(sandbox.http_client());
        let cx = Cx::connect(options).await.unwrap();
        Self { cx, registry: super::registry(), sandbox }
    }

    pub(super) fn handler(&self, ty: &str) -> &dyn Handler {
        self.registry.get(ty).unwrap()
    }

    pub(super) fn tags(&self, ty: &str, name: &str) -> Tags {
        self.cx.scope.identity_tags(WORKSPACE, &Address::new(ty, name))
    }

    /// Reads one object of ours by its tags.
    pub(super) async fn find(&self, ty: &str, name: &str) -> Option<LiveObject> {
        let wanted = self.tags(ty, name);
        let all = self.owned(ty, &[]).await;
        all.into_iter().find(|o| wanted.iter().all(|(k, v)| o.tags.get(k) == Some(v)))
    }

    pub(super) async fn owned(&self, ty: &str, names: &[String]) -> Vec<LiveObject> {
        self.cx.forget_tag_index();
        let workspaces = [WORKSPACE.to_owned()];
        let want = Want::Owned { workspaces: &workspaces, names };
        self.handler(ty).list(&self.cx, want).await.unwrap()
    }

    pub(super) async fn by_id(&self, ty: &str, id: &str) -> Option<LiveObject> {
        let ids = [id.to_owned()];
        self.handler(ty).list(&self.cx, Want::Ids(&ids)).await.unwrap().pop()
    }

    /// Creates or changes as the executor does: create, then converge. Returns the object, and how
    /// often it was updated; in the end nothing may differ.
    pub(super) async fn apply(&self, ty: &str, name: &str, spec: Json) -> (LiveObject, usize) {
        let handler = self.handler(ty);
        let spec = handler.normalize(&spec).unwrap_or_else(|e| panic!("{ty}.{name}: {e:?}"));
        assert_eq!(handler.validate(&spec), []);
        let id = match self.find(ty, name).await {
            Some(live) => live.id,
            None => {
                let tags = self.tags(ty, name);
                let token = format!("{}{}", ty.replace('_', ""), name);
                let with = Creation { tags: &tags, token: &token };
                handler.create(&self.cx, &spec, with).await.unwrap()
            }
        };
        let mut updates = 0;
        loop {
            let live = self.by_id(ty, &id).await.unwrap();
            let fields = diff::diff(handler.entry().spec(), &live.spec, &spec);
            if fields.is_empty() {
                return (live, updates);
            }
            let most = if handler.rules().stepwise { 40 } else { 3 };
            assert!(updates < most, "{ty}.{name} does not converge: {fields:?}");
            assert!(fields.iter().all(|f| !f.forces_replacement), "{ty}.{name}: {fields:?}");
            let changed = diff::changed(&fields);
            handler.update(&self.cx, &live, &spec, &changed).await.unwrap();
            updates += 1;
        }
    }

    /// Has an object let go of others, as the executor does before these are deleted.
    pub(super) async fn lets_go(&self, ty: &str, live: &LiveObject, names: &[&str]) {
        let handler = self.handler(ty);
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let (rest, changed) =
            references::without(handler.entry(), &live.spec, &names, !handler.rules().lets_go);
        handler.update(&self.cx, live, &rest, &changed).await.unwrap();
    }

    pub(super) async fn delete(&self, ty: &str, name: &str) {
        let live = self.find(ty, name).await.unwrap();
        self.handler(ty).delete(&self.cx, &live).await.unwrap();
        assert!(self.find(ty, name).await.is_none(), "{ty}.{name} is still there");
        // A repeated deletion is done as well.
        self.handler(ty).delete(&self.cx, &live).await.unwrap();
    }
}

fn scope(environment: &str) -> Scope {
    let (project, region) = ("shop".to_owned(), "eu-west-1".to_owned());
    Scope { project, environment: environment.to_owned(), region }
}
