//! An AWS in memory: types with references, late fields, names, slow states, lagging lists,
//! refusals and faults, for tests of the engine on a paused clock.

use super::resource::{
    Blocker, Creation, FieldProblem, Handler, IdentityBy, LiveObject, Registry, ReplaceOrder,
    Rules, ShapeError, Status, Want,
};
use super::resource::{Changed, Holds, Retryable, Step};
use crate::aws::{Cx, Error, ErrorClass, Result, Scope, Tags};
use crate::stack::TypeEntry;
use futures::future::BoxFuture;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// One type of the in-memory AWS.
pub(super) struct Kind {
    pub(super) name: &'static str,
    rules: Rules,
    properties: fn() -> Json,
    /// Fields the creating call does not take.
    not_at_creation: &'static [&'static str],
    /// How long creation and deletion take.
    creates: Duration,
    deletes: Duration,
}

fn id_of(ty: &str) -> Json {
    json!({"type": "string", "x-ref": ty})
}

const SLOW: Duration = Duration::from_secs(40);

/// A network: tags identity, a field that only an update takes.
static NET: Kind = Kind {
    name: "net",
    rules: Rules {
        retry: &[Retryable {
            step: Step::Create,
            code: "NotYet",
            message: "region",
            reason: "the region to wake up",
        }],
        replace: ReplaceOrder::CreateFirst,
        ..Rules::DEFAULT
    },
    properties: || {
        json!({
            "cidr": {"type": "string", "x-immutable": true},
            "dns": {"type": "boolean"},
            "note": {"type": "string", "x-sensitive": true},
        })
    },
    not_at_creation: &["dns"],
    creates: Duration::ZERO,
    deletes: Duration::ZERO,
};

/// A part of a network, slow both ways.
static SUB: Kind = Kind {
    name: "sub",
    rules: Rules::DEFAULT,
    properties: || {
        json!({
            "net_id": {"type": "string", "x-ref": "net", "x-immutable": true},
            "zone": {"type": "string", "x-immutable": true},
            "public": {"type": "boolean"},
        })
    },
    not_at_creation: &[],
    creates: SLOW,
    deletes: SLOW,
};

/// A group whose late rules name other groups.
static GRP: Kind = Kind {
    name: "grp",
    rules: Rules { replace: ReplaceOrder::CreateFirst, ..Rules::DEFAULT },
    properties: || {
        json!({
            "net_id": {"type": "string", "x-ref": "net", "x-immutable": true},
            "note": {"type": "string"},
            "rules": {"type": "array", "uniqueItems": true, "x-late": true, "items": id_of("grp")},
        })
    },
    not_at_creation: &["rules"],
    creates: Duration::ZERO,
    deletes: Duration::ZERO,
};

/// A template that is replaced by creating first.
static TMPL: Kind = Kind {
    name: "tmpl",
    rules: Rules { replace: ReplaceOrder::CreateFirst, ..Rules::DEFAULT },
    properties: || {
        json!({
            "image": {"type": "string", "x-immutable": true},
            "grp_id": {"type": "string", "x-ref": "grp"},
        })
    },
    not_at_creation: &[],
    creates: Duration::ZERO,
    deletes: Duration::ZERO,
};

/// A service: found by name, wound down before it is deleted.
static SVC: Kind = Kind {
    name: "svc",
    rules: Rules { identity: IdentityBy::Name, quiesces: true, ..Rules::DEFAULT },
    properties: || {
        json!({
            "name": {"type": "string", "x-immutable": true},
            "sub_id": {"type": "string", "x-ref": "sub", "x-immutable": true},
            "tmpl_id": {"type": "string", "x-ref": "tmpl"},
            "count": {"type": "integer"},
        })
    },
    not_at_creation: &[],
    creates: SLOW,
    deletes: SLOW,
};

/// A table: holds data, and is changed one field after another.
static TBL: Kind = Kind {
    name: "tbl",
    rules: Rules { stateful: true, stepwise: true, ..Rules::DEFAULT },
    properties: || {
        let fields = ["a", "b", "c", "d", "e"].map(|field| (field, json!({"type": "integer"})));
        Json::Object(fields.into_iter().map(|(field, ty)| (field.to_owned(), ty)).collect())
    },
    not_at_creation: &[],
    creates: Duration::ZERO,
    deletes: Duration::ZERO,
};

impl Kind {
    /// Names are unique; so are the zones of a network.
    fn clashes(&self, one: &Json, other: &Json) -> bool {
        let same = |field: &str| !one[field].is_null() && one[field] == other[field];
        match self.name {
            "sub" => same("net_id") && same("zone"),
            _ => self.rules.identity == IdentityBy::Name && same("name"),
        }
    }
}

const KINDS: [&Kind; 6] = [&NET, &SUB, &GRP, &TMPL, &SVC, &TBL];

/// What happens to a writing call.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// It is refused.
    Refuse(Error),
    /// Its answer is lost; it may have taken effect.
    Lose { effect: bool },
    /// The process is killed while it is under way.
    Kill { effect: bool },
}

#[derive(Clone, Debug)]
struct Object {
    ty: &'static str,
    id: String,
    made: Instant,
    ready: Instant,
    deleted: Option<Instant>,
    gone: Option<Instant>,
    failed: Option<String>,
    /// Spec and tags, each since when.
    versions: Vec<(Instant, Json, Tags)>,
}

impl Object {
    fn seen_at(&self, at: Instant) -> Option<LiveObject> {
        if at < self.made || self.gone.is_some_and(|gone| at >= gone) {
            return None;
        }
        let (_, spec, tags) = self.versions.iter().rev().find(|(since, ..)| *since <= at)?;
        let status = if self.deleted.is_some_and(|deleted| at >= deleted) {
            Status::Deleting("deleting".into())
        } else if let Some(why) = &self.failed {
            Status::Failed(why.clone())
        } else if at < self.ready {
            Status::Pending("pending".into())
        } else {
            Status::Ready
        };
        Some(LiveObject {
            id: self.id.clone(),
            tags: tags.clone(),
            status,
            spec: spec.clone(),
            out: json!({"id": self.id}),
            holds: Holds::default(),
        })
    }
}

/// What the account holds, and what it shall do wrong.
#[derive(Default)]
pub(super) struct Account {
    next: u32,
    objects: Vec<Object>,
    /// Writing calls so far: operation, type, id.
    pub(super) writes: Vec<(&'static str, &'static str, String)>,
    /// Listing calls so far: type, ids asked for.
    pub(super) lists: Vec<(&'static str, usize)>,
    /// By number of the writing call.
    pub(super) faults: BTreeMap<usize, Fault>,
    /// How far lists lag behind.
    pub(super) lag: Duration,
    /// Whether creations leave the tags away.
    pub(super) loses_tags: bool,
    /// Types whose updates have no effect.
    pub(super) deaf: BTreeSet<&'static str>,
    /// Types whose new objects fail.
    pub(super) breaks: BTreeSet<&'static str>,
    /// What stateful objects hold; they are not deleted as long as they do.
    pub(super) held: Option<String>,
    /// Who takes blockers away, as told.
    pub(super) leaves: Option<String>,
    /// Largest number of writing calls under way at once.
    pub(super) widest: usize,
    under_way: usize,
}

/// The account, shared by the handlers of all types.
#[derive(Default)]
pub(super) struct Cloud {
    account: Mutex<Account>,
    killed: Notify,
}

fn refused(operation: &str, code: &str, class: ErrorClass) -> Error {
    Error { code: Some(code.into()), class, ..Error::local(operation, format!("{code} from AWS")) }
}

/// An error that AWS answers with.
pub(super) fn aws_error(code: &str, message: &str) -> Error {
    Error { code: Some(code.into()), ..Error::local("Call", message) }
}

impl Account {
    fn alive(&self) -> impl Iterator<Item = &Object> {
        let now = Instant::now();
        self.objects.iter().filter(move |o| o.gone.is_none_or(|gone| gone > now))
    }

    fn find(&mut self, operation: &str, id: &str) -> Result<&mut Object> {
        let now = Instant::now();
        let found = self.objects.iter_mut().find(|o| o.id == id && o.gone.is_none_or(|g| g > now));
        found.ok_or_else(|| refused(operation, "NotFound", ErrorClass::NotFound))
    }

    fn kind(ty: &str) -> &'static Kind {
        KINDS.into_iter().find(|k| k.name == ty).expect("a known type")
    }

    /// Everything a spec refers to must be there and stay.
    fn check_references(&self, operation: &str, spec: &Json) -> Result<()> {
        for id in ids(spec) {
            if !self.alive().any(|o| o.id == id && o.deleted.is_none()) {
                return Err(refused(operation, "InvalidReference", ErrorClass::Other));
            }
        }
        Ok(())
    }

    fn create(&mut self, kind: &'static Kind, spec: &Json, tags: &Tags) -> Result<String> {
        self.check_references("Create", spec)?;
        let taken = |o: &Object| o.ty == kind.name && kind.clashes(&o.latest().0, spec);
        if self.alive().any(taken) {
            return Err(refused("Create", "AlreadyExists", ErrorClass::AlreadyExists));
        }
        self.next += 1;
        let id = format!("{}-{}", kind.name, self.next);
        let now = Instant::now();
        let mut spec = spec.clone();
        for field in kind.not_at_creation {
            spec.as_object_mut().expect("a table").remove(*field);
        }
        let tags = if self.loses_tags { Tags::new() } else { tags.clone() };
        self.objects.push(Object {
            ty: kind.name,
            id: id.clone(),
            made: now,
            ready: now + kind.creates,
            deleted: None,
            gone: None,
            failed: self.breaks.contains(kind.name).then(|| "no capacity".to_owned()),
            versions: vec![(now, spec, tags)],
        });
        Ok(id)
    }

    /// Writes a new version of spec and tags.
    fn write(
        &mut self,
        operation: &str,
        id: &str,
        change: impl FnOnce(&mut Json, &mut Tags),
    ) -> Result<()> {
        let object = self.find(operation, id)?;
        if object.deleted.is_some() {
            return Err(refused(operation, "IncorrectState", ErrorClass::Other));
        }
        let (mut spec, mut tags) = object.latest().clone();
        change(&mut spec, &mut tags);
        object.versions.push((Instant::now(), spec, tags));
        Ok(())
    }

    fn delete(&mut self, kind: &Kind, id: &str) -> Result<()> {
        self.find("Delete", id)?;
        if self.alive().any(|o| o.id != id && ids(&o.latest().0).contains(id)) {
            return Err(refused("Delete", "DependencyViolation", ErrorClass::InUse));
        }
        let object = self.find("Delete", id)?;
        if object.latest().0["count"].as_i64().is_some_and(|count| count > 0) {
            return Err(refused("Delete", "NotScaledDown", ErrorClass::Other));
        }
        if object.deleted.is_none() {
            object.deleted = Some(Instant::now());
            object.gone = Some(Instant::now() + kind.deletes);
        }
        Ok(())
    }
}

impl Object {
    fn latest(&self) -> (Json, Tags) {
        let (_, spec, tags) = self.versions.last().expect("a first version");
        (spec.clone(), tags.clone())
    }
}

/// Ids of objects in a value.
fn ids(value: &Json) -> BTreeSet<String> {
    match value {
        Json::String(s) => {
            let is_id = KINDS.iter().any(|k| {
                s.strip_prefix(k.name)
                    .and_then(|rest| rest.strip_prefix('-'))
                    .is_some_and(|n| n.parse::<u32>().is_ok())
            });
            if is_id { BTreeSet::from([s.clone()]) } else { BTreeSet::new() }
        }
        Json::Array(items) => items.iter().flat_map(ids).collect(),
        Json::Object(map) => map.values().flat_map(ids).collect(),
        _ => BTreeSet::new(),
    }
}

impl Cloud {
    /// Makes an empty account and handlers of all types.
    pub(super) fn new() -> (Arc<Self>, Registry) {
        let cloud = Arc::new(Self::default());
        let handlers = KINDS.into_iter().map(|kind| -> Box<dyn Handler> {
            let entry = TypeEntry {
                name: kind.name,
                aws_name: kind.name,
                spec: json!({"type": "object", "properties": (kind.properties)()}),
                out: json!({"type": "object", "properties": {"id": {"type": "string"}}}),
            };
            Box::new(Fake { kind, entry, cloud: Arc::clone(&cloud) })
        });
        (Arc::clone(&cloud), Registry::new(handlers.collect(), Vec::new()))
    }

    /// Reads or changes the account behind the engine's back.
    pub(super) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().expect("no test panics while it holds it")
    }

    /// Waits until the process is killed.
    pub(super) async fn killed(&self) {
        self.killed.notified().await;
    }

    /// All objects as they are now, by id; those on their way out too.
    pub(super) fn objects(&self) -> BTreeMap<String, LiveObject> {
        let now = Instant::now();
        let account = self.account();
        account.objects.iter().filter_map(|o| Some((o.id.clone(), o.seen_at(now)?))).collect()
    }

    /// Changes an object behind the engine's back.
    pub(super) fn meddle(&self, id: &str, change: impl FnOnce(&mut Json, &mut Tags)) {
        self.account().write("Meddle", id, change).expect("it is there");
    }

    /// Makes an object behind the engine's back.
    pub(super) fn make(&self, ty: &str, spec: &Json, tags: &Tags) -> String {
        self.account().create(Account::kind(ty), spec, tags).expect("it can be made")
    }

    /// Takes an object away behind the engine's back.
    pub(super) fn take_away(&self, id: &str) {
        let now = Instant::now();
        let mut account = self.account();
        let object = account.find("TakeAway", id).expect("it is there");
        (object.deleted, object.gone) = (Some(now), Some(now));
    }

    /// Ids of a type's writing calls of one operation.
    pub(super) fn calls(&self, operation: &str) -> Vec<String> {
        let account = self.account();
        let of = account.writes.iter().filter(|(op, ..)| *op == operation);
        of.map(|(_, _, id)| id.clone()).collect()
    }

    /// One writing call, with its fault, if one is due.
    async fn write<T>(
        &self,
        call: (&'static str, &'static str, &str),
        effect: impl FnOnce(&mut Account) -> Result<T>,
    ) -> Result<T> {
        let fault = {
            let mut account = self.account();
            let number = account.writes.len();
            account.writes.push((call.0, call.1, call.2.to_owned()));
            account.under_way += 1;
            account.widest = account.widest.max(account.under_way);
            account.faults.remove(&number)
        };
        // Calls take time, so that others can run beside them.
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.account().under_way -= 1;
        let lost = || {
            let class = ErrorClass::Ambiguous;
            Error { class, ..Error::local(call.0, "connection reset") }
        };
        match fault {
            None => effect(&mut self.account()),
            Some(Fault::Refuse(error)) => Err(error),
            Some(Fault::Lose { effect: true }) => {
                let _ = effect(&mut self.account());
                Err(lost())
            }
            Some(Fault::Lose { effect: false }) => Err(lost()),
            Some(Fault::Kill { effect: happens }) => {
                if happens {
                    let _ = effect(&mut self.account());
                }
                self.killed.notify_one();
                std::future::pending().await
            }
        }
    }
}

/// Makes access to no account for this scope.
pub(super) fn cx() -> Cx {
    let scope =
        Scope { project: "p".into(), environment: "dev".into(), region: "eu-west-1".into() };
    Cx::detached(scope, "123456789012", "aws")
}

struct Fake {
    kind: &'static Kind,
    entry: TypeEntry,
    cloud: Arc<Cloud>,
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
