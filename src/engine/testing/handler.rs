//! The handler of each type, which calls the in-memory account.

use super::account::Object;
use super::account::ids;
use super::kind::Kind;
use super::{Cloud, aws_error};
use crate::aws::{Cx, Result, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Handler, Holds, IdentityBy, LiveObject, Rules,
    ShapeError, Standing, Want,
};
use crate::stack::TypeEntry;
use futures::future::BoxFuture;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

pub(super) struct Fake {
    pub(super) kind: &'static Kind,
    pub(super) entry: TypeEntry,
    pub(super) cloud: Arc<Cloud>,
}

impl Handler for Fake {
    fn entry(&self) -> &TypeEntry {
        &self.entry
    }

    fn rules(&self) -> &'static Rules {
        &self.kind.rules
    }

    fn normalize(&self, spec: &Json) -> std::result::Result<Json, ShapeError> {
        let mut spec = spec.clone();
        for value in spec.as_object_mut().into_iter().flat_map(|m| m.values_mut()) {
            if let Json::Array(items) = value {
                items.sort_by_key(ToString::to_string);
                items.dedup();
            }
        }
        Ok(spec)
    }

    fn validate(&self, _: &Json) -> Vec<FieldProblem> {
        Vec::new()
    }

    fn natural_name(&self, spec: &Json) -> Option<String> {
        let by_name = self.kind.rules.identity == IdentityBy::Name;
        spec["name"].as_str().filter(|_| by_name).map(str::to_owned)
    }

    fn clashes(&self, leaving: &[&Json], coming: &[&Json]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (i, live) in leaving.iter().enumerate() {
            for (j, wanted) in coming.iter().enumerate() {
                if self.kind.clashes(live, wanted) {
                    found.push((i, j));
                }
            }
        }
        found
    }

    fn list<'a>(&'a self, cx: &'a Cx, want: Want<'a>) -> BoxFuture<'a, Result<Vec<LiveObject>>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let mut account = self.cloud.account();
            let asked = match want {
                Want::Ids(ids) => ids.len(),
                Want::Owned { .. } => 0,
            };
            account.lists.push((self.kind.name, asked));
            let at = Instant::now().checked_sub(account.lag).expect("a clock that runs");
            let all = account.objects.iter().filter(|o| o.ty == self.kind.name);
            let all = all.filter_map(|o| o.seen_at(at));
            Ok(match want {
                Want::Ids(ids) => all.filter(|live| ids.contains(&live.id)).collect(),
                Want::Owned { workspaces, names } => all
                    .filter(|live| {
                        let owner = cx.scope.owner(&live.tags);
                        let named = self.natural_name(&live.spec);
                        owner.is_some_and(|o| {
                            workspaces.is_empty() || workspaces.contains(&o.workspace)
                        }) || named.is_some_and(|n| names.contains(&n))
                    })
                    .collect(),
            })
        })
    }

    fn create<'a>(
        &'a self,
        _: &'a Cx,
        spec: &'a Json,
        with: Creation<'a>,
    ) -> BoxFuture<'a, Result<String>> {
        assert!(with.token.len() == 32 && with.token.chars().all(|c| c.is_ascii_alphanumeric()));
        let call = ("create", self.kind.name, "");
        Box::pin(self.cloud.write(call, move |a| a.create(self.kind, spec, with.tags)))
    }

    fn update<'a>(
        &'a self,
        _: &'a Cx,
        live: &'a LiveObject,
        spec: &'a Json,
        changed: &'a Changed,
    ) -> BoxFuture<'a, Result<()>> {
        let call = ("update", self.kind.name, live.id.as_str());
        Box::pin(self.cloud.write(call, move |account| {
            account.check_references("Update", spec)?;
            if account.deaf.contains(self.kind.name) {
                return Ok(());
            }
            for field in &changed.0 {
                let view = self.entry.spec().property(field).expect("a known field");
                assert!(!view.is_immutable(), "{field} cannot be changed");
            }
            account.find("Update", &live.id)?.mended.get_or_insert_with(Instant::now);
            let step = if self.kind.rules.stepwise { 1 } else { changed.0.len() };
            account.write("Update", &live.id, |now, _| {
                for field in changed.0.iter().take(step) {
                    now[field] = spec[field].clone();
                }
            })
        }))
    }

    fn tag<'a>(
        &'a self,
        _: &'a Cx,
        live: &'a LiveObject,
        set: &'a Tags,
        remove: &'a [String],
    ) -> BoxFuture<'a, Result<()>> {
        let call = ("tag", self.kind.name, live.id.as_str());
        Box::pin(self.cloud.write(call, move |account| {
            account.write("Tag", &live.id, |_, tags| {
                tags.extend(set.clone());
                tags.retain(|key, _| !remove.contains(key));
            })
        }))
    }

    fn stands(&self, wanted: &Json, live: &LiveObject) -> Vec<Standing> {
        let number = live.spec["number"].as_i64();
        let scaled = self.kind.name == "dpl" && wanted.get("number").is_some();
        let stands = scaled && number.is_some_and(|number| (2..=4).contains(&number));
        let standing = Standing { path: "number".to_owned(), owner: "a scaler".to_owned() };
        stands.then_some(standing).into_iter().collect()
    }

    fn reasons<'a>(&'a self, _: &'a Cx, live: &'a LiveObject) -> BoxFuture<'a, Vec<String>> {
        let of = format!("{} cannot be pulled", live.spec["image"]);
        Box::pin(async { if self.kind.name == "dpl" { vec![of] } else { Vec::new() } })
    }

    fn quiesce<'a>(&'a self, _: &'a Cx, live: &'a LiveObject) -> BoxFuture<'a, Result<()>> {
        let call = ("quiesce", self.kind.name, live.id.as_str());
        Box::pin(self.cloud.write(call, move |account| {
            account.write("Quiesce", &live.id, |spec, _| spec["count"] = json!(0))
        }))
    }

    fn holds<'a>(&'a self, _: &'a Cx, _: &'a LiveObject) -> BoxFuture<'a, Result<Holds>> {
        let data = self.cloud.account().held.clone().filter(|_| self.kind.rules.stateful);
        Box::pin(async { Ok(Holds { data, protected: false }) })
    }

    fn unlock<'a>(&'a self, _: &'a Cx, live: &'a LiveObject) -> BoxFuture<'a, Result<()>> {
        let call = ("unlock", self.kind.name, live.id.as_str());
        Box::pin(self.cloud.write(call, move |account| {
            account.held = None;
            Ok(())
        }))
    }

    fn delete<'a>(&'a self, _: &'a Cx, live: &'a LiveObject) -> BoxFuture<'a, Result<()>> {
        let call = ("delete", self.kind.name, live.id.as_str());
        Box::pin(self.cloud.write(call, move |account| {
            if self.kind.rules.stateful && account.held.is_some() {
                return Err(aws_error("NotEmpty", "it holds something"));
            }
            account.delete(self.kind, &live.id)
        }))
    }

    fn blockers<'a>(
        &'a self,
        _: &'a Cx,
        live: &'a LiveObject,
    ) -> BoxFuture<'a, Result<Vec<Blocker>>> {
        Box::pin(async move {
            let account = self.cloud.account();
            let leaves = |o: &Object| {
                o.deleted.map(|_| "it is being deleted".to_owned()).or(account.leaves.clone())
            };
            Ok(account
                .alive()
                .filter(|o| o.id != live.id && ids(&o.latest().0).contains(&live.id))
                .map(|o| Blocker { what: o.id.clone(), leaves: leaves(o) })
                .collect())
        })
    }
}
