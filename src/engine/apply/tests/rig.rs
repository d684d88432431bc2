//! A stack of the in-memory AWS, a planner that is just enough for it, and an observer.

use crate::aws::{Cx, Tags};
use crate::engine::apply::{Input, Options, Outcome, apply};
use crate::engine::diff;
use crate::engine::event::{Event, EventType, Observer};
use crate::engine::fingerprint::fingerprint;
use crate::engine::graph::{self, Item};
use crate::engine::identity::{self, Sought};
use crate::engine::plan::{Action, Change, Mode, Part, Plan, Reason, WorkspacePlan};
use crate::engine::references::LiveReferences;
use crate::engine::resource::{
    Handler, LiveObject, Registry, ReplaceOrder, Snapshot, Status, Step,
};
use crate::engine::snapshot;
use crate::engine::testing::{Cloud, cx};
use crate::engine::wanted::{Fields, Wanted, WantedObject};
use crate::stack::value::{is_placeholder, placeholder_refs, unknown_placeholder};
use crate::stack::{Address, Diagnostics};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(super) const WORKSPACE: &str = "w";

/// Resources by address; a string `@net.a` stands for the id of `net.a`.
pub(super) type Stack = BTreeMap<Address, Json>;

/// Makes a stack from `{"net.a": {…}}`.
pub(super) fn stack(resources: Json) -> Stack {
    let resources = resources.as_object().expect("a table").clone();
    let address = |text: &str| Address::parse(text).expect("an address");
    resources.into_iter().map(|(text, spec)| (address(&text), spec)).collect()
}

/// Evaluates a stack with the ids known so far.
pub(super) struct TestWanted {
    registry: Arc<Registry>,
    cx: Arc<Cx>,
    pub(super) stack: Stack,
    pub(super) known: Mutex<BTreeMap<Address, String>>,
    pub(super) budget: Option<Duration>,
}

impl TestWanted {
    fn resolve(&self, value: &Json) -> Json {
        match value {
            Json::String(s) if s.starts_with('@') => {
                let address = Address::parse(&s[1..]).expect("an address");
                match self.known.lock().unwrap().get(&address) {
                    Some(id) => json!(id),
                    None => json!(unknown_placeholder(&BTreeSet::from([format!("{address}.id")]))),
                }
            }
            Json::Array(items) => {
                let items: Vec<Json> = items.iter().map(|v| self.resolve(v)).collect();
                let open = |v: &Json| v.as_str().filter(|s| is_placeholder(s)).map(placeholder_refs);
                let refs: BTreeSet<String> = items.iter().filter_map(open).flatten().collect();
                // A set with an unknown element is unknown as a whole.
                if refs.is_empty() { Json::Array(items) } else { json!(unknown_placeholder(&refs)) }
            }
            other => other.clone(),
        }
    }

    fn spec(&self, address: &Address, fields: Fields) -> Json {
        let handler = self.registry.get(&address.ty).expect("a type");
        let fields_given = self.stack[address].as_object().expect("a table");
        let spec: serde_json::Map<String, Json> = fields_given
            .iter()
            .filter(|(f, _)| !f.starts_with("tag:"))
            .filter(|(f, _)| fields == Fields::All || !handler.entry().is_late(f))
            .map(|(f, v)| (f.clone(), self.resolve(v)))
            .collect();
        handler.normalize(&Json::Object(spec)).expect("a shape")
    }

    fn tags(&self, address: &Address) -> Tags {
        let mut tags = self.cx.scope.identity_tags(WORKSPACE, address);
        let given = self.stack[address].as_object().expect("a table");
        tags.extend(given.iter().filter_map(|(f, v)| {
            Some((f.strip_prefix("tag:")?.to_owned(), v.as_str()?.to_owned()))
        }));
        tags
    }
}

impl Wanted for TestWanted {
    fn wanted(
        &self,
        _: &str,
        address: &Address,
        fields: Fields,
    ) -> Result<WantedObject, Diagnostics> {
        let spec = self.spec(address, fields);
        Ok(WantedObject { spec, tags: self.tags(address), without_tags: Vec::new() })
    }

    fn known(&self, _: &str, address: &Address, live: &LiveObject) {
        self.known.lock().unwrap().insert(address.clone(), live.id.clone());
    }

    fn gone(&self, _: &str, address: &Address) {
        self.known.lock().unwrap().remove(address);
    }

    fn timeout(&self, _: &str, _: &Address, _: Step) -> Option<Duration> {
        self.budget
    }
}

/// Remembers events.
#[derive(Default)]
pub(super) struct Log(pub(super) Mutex<Vec<Event>>);

impl Observer for Log {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Log {
    /// Reasons of all events of a kind of one address.
    pub(super) fn reasons(&self, kind: EventType, address: &str) -> Vec<String> {
        let all = self.0.lock().unwrap();
        let address = Address::parse(address);
        let of = all.iter().filter(|e| e.kind == kind && e.address == address);
        of.filter_map(|e| e.reason.clone()).collect()
    }

    pub(super) fn count(&self, kind: EventType) -> usize {
        self.0.lock().unwrap().iter().filter(|e| e.kind == kind).count()
    }
}

/// A plan with what it takes to carry it out.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) snapshot: Snapshot,
    pub(super) wanted: TestWanted,
    at: Instant,
}

/// An account, its types, and a stack.
pub(super) struct Rig {
    pub(super) cloud: Arc<Cloud>,
    registry: Arc<Registry>,
    pub(super) cx: Arc<Cx>,
    pub(super) log: Log,
    pub(super) parallelism: usize,
    pub(super) stop: CancellationToken,
    pub(super) budget: Option<Duration>,
}

impl Rig {
    pub(super) fn new() -> Self {
        let (cloud, registry) = Cloud::new();
        Self {
            cloud,
            registry: Arc::new(registry),
            cx: Arc::new(cx()),
            log: Log::default(),
            parallelism: 10,
            stop: CancellationToken::new(),
            budget: None,
        }
    }

    pub(super) fn wanted(&self, stack: &Stack) -> TestWanted {
        TestWanted {
            registry: Arc::clone(&self.registry),
            cx: Arc::clone(&self.cx),
            stack: stack.clone(),
            known: Mutex::default(),
            budget: self.budget,
        }
    }

    /// Plans; problems of identity are a panic, because no test wants them.
    pub(super) async fn plan(&self, stack: &Stack) -> Planned {
        let names = stack.iter().filter_map(|(address, spec)| {
            let handler = self.registry.get(&address.ty)?;
            Some((handler.entry().name, BTreeSet::from([handler.natural_name(spec)?])))
        });
        let names = names.collect();
        let workspaces = [WORKSPACE.to_owned()];
        let snapshot =
            snapshot::read(&self.registry, &self.cx, &workspaces, &names, None).await.unwrap();
        let wanted = self.wanted(stack);
        let plan = plan(&self.registry, &self.cx, &wanted, &snapshot);
        Planned { plan, snapshot, wanted, at: Instant::now() }
    }

    /// Carries a plan out; `None` when the process was killed.
    pub(super) async fn carry_out(&self, planned: &Planned, saved: bool) -> Option<Outcome> {
        let input = Input {
            plan: &planned.plan,
            registry: &self.registry,
            cx: &self.cx,
            wanted: &planned.wanted,
            live: &planned.snapshot,
            observer: &self.log,
        };
        let options = Options {
            parallelism: self.parallelism,
            planned_at: (!saved).then_some(planned.at),
            run_id: format!("{:?}", planned.at),
            stop: self.stop.clone(),
        };
        tokio::select! {
            biased;
            () = self.cloud.killed() => None,
            outcome = apply(input, options) => Some(outcome),
        }
    }

    pub(super) async fn apply(&self, stack: &Stack) -> Outcome {
        let planned = self.plan(stack).await;
        self.carry_out(&planned, false).await.expect("nobody kills it")
    }

    /// Applies, and wants all of it done.
    pub(super) async fn make(&self, stack: &Stack) {
        let outcome = self.apply(stack).await;
        assert!(outcome.is_complete(), "{outcome:#?}");
        assert_eq!(outcome.exit_code(), 0);
        self.assert_same(stack).await;
    }

    /// Checks that a plan has nothing to do and that each resource is there once, nothing else.
    pub(super) async fn assert_same(&self, stack: &Stack) {
        let again = self.plan(stack).await;
        assert!(again.plan.nodes.is_empty(), "{:#?}", again.plan);
        assert_eq!(self.owned(), stack.keys().map(Address::to_tag).collect::<Vec<_>>());
    }

    /// Addresses of all objects of ours in the account, each as often as it is there.
    pub(super) fn owned(&self) -> Vec<String> {
        let objects = self.cloud.objects();
        let mut all: Vec<String> = objects
            .values()
            .filter_map(|live| Some(self.cx.scope.owner(&live.tags)?.address.to_tag()))
            .collect();
        all.sort();
        all
    }

    /// The object of an address.
    pub(super) fn object(&self, address: &str) -> LiveObject {
        let address = Address::parse(address).unwrap();
        let is = |live: &LiveObject| {
            self.cx.scope.owner(&live.tags).is_some_and(|o| o.address == address)
        };
        self.cloud.objects().into_values().find(is).expect("it is there")
    }
}

struct One {
    change: Change,
    live: Option<LiveObject>,
    main_changes: bool,
    late_changes: bool,
    orphan: bool,
}

/// Decides and orders, as the real planner does for stack files.
fn plan(registry: &Registry, cx: &Cx, wanted: &TestWanted, snapshot: &Snapshot) -> Plan {
    let stack = &wanted.stack;
    let mut found: BTreeMap<Address, LiveObject> = BTreeMap::new();
    let mut all: Vec<One> = Vec::new();
    for (ty, handler) in &registry.resources {
        let sought: Vec<Sought> = stack
            .iter()
            .filter(|(address, _)| address.ty == *ty)
            .map(|(address, spec)| Sought {
                address: address.clone(),
                moved_from: None,
                name: handler.natural_name(spec),
                at: None,
            })
            .collect();
        let live = snapshot.get(*ty).map_or(&[][..], Vec::as_slice);
        let matches =
            identity::match_type(handler.as_ref(), &cx.scope, WORKSPACE, &sought, live);
        assert!(matches.problems.is_empty(), "{:#?}", matches.problems);
        found.extend(matches.found.into_iter().map(|(address, m)| (address, m.live)));
        let orphans = matches.orphans.into_iter().map(|o| (o, false));
        let deposed = matches.deposed.into_iter().map(|o| (o, true));
        for ((address, live), deposed) in orphans.chain(deposed) {
            let change = Change {
                id: Some(live.id.clone()),
                reason: Some(Reason::NotInStack),
                fingerprint: Some(fingerprint(&live, [])),
                deposed,
                ..change(&address, Action::Delete)
            };
            all.push(One {
                change,
                live: Some(live),
                main_changes: false,
                late_changes: false,
                orphan: true,
            });
        }
    }
    // What is replaced has an unknown id, which may replace others.
    let mut replaced: BTreeSet<Address> = BTreeSet::new();
    loop {
        let ids = found.iter().filter(|(a, _)| !replaced.contains(*a));
        *wanted.known.lock().unwrap() = ids.map(|(a, l)| (a.clone(), l.id.clone())).collect();
        let more = found.iter().filter(|(address, live)| {
            let schema = registry.get(&address.ty).unwrap().entry().spec();
            let spec = wanted.spec(address, Fields::Main);
            let forced = diff::diff(schema, &live.spec, &spec);
            matches!(live.status, Status::Failed(_)) || forced.iter().any(|f| f.forces_replacement)
        });
        let more: BTreeSet<Address> = more.map(|(a, _)| a.clone()).collect();
        if more.is_subset(&replaced) {
            break;
        }
        replaced.extend(more);
    }
    for address in stack.keys() {
        let handler = registry.get(&address.ty).unwrap();
        all.push(decide(handler, address, found.get(address), replaced.contains(address), wanted));
    }
    let names: BTreeMap<&Address, usize> = all
        .iter()
        .enumerate()
        .filter(|(_, one)| !one.orphan)
        .map(|(i, one)| (&one.change.address, i))
        .collect();
    let live = LiveReferences::new(all.iter().map(|one| one.live.as_ref()));
    let mut items: Vec<Item> = Vec::new();
    for (index, one) in all.iter().enumerate() {
        let handler = registry.get(&one.change.address.ty).unwrap();
        let (mut needs, mut late_needs) = (BTreeSet::new(), BTreeSet::new());
        if !one.orphan {
            for (field, value) in stack[&one.change.address].as_object().unwrap() {
                let into =
                    if handler.entry().is_late(field) { &mut late_needs } else { &mut needs };
                into.extend(references(value).iter().map(|a| (names[a], Part::Main)));
            }
        }
        let (live_refs, live_late_refs) = live.of(handler.entry(), one.live.as_ref(), index);
        items.push(Item {
            workspace: 0,
            change: index,
            ty: handler.entry().name,
            rules: handler.rules(),
            action: one.change.action,
            order: one.change.replace_order.unwrap_or(ReplaceOrder::DeleteFirst),
            main_changes: one.main_changes,
            late_changes: one.late_changes,
            needs,
            late_needs,
            live_refs,
            live_late_refs,
            orphan: one.orphan,
        });
    }
    graph::settle_orders(&mut items);
    let nodes = graph::build(&items).expect("no circle");
    let mut changes: Vec<Change> = all.into_iter().map(|one| one.change).collect();
    for (change, item) in changes.iter_mut().zip(&items) {
        if change.action == Action::Replace {
            change.replace_order = Some(item.order);
        }
    }
    Plan {
        mode: Mode::Apply,
        scope: cx.scope.clone(),
        account_id: cx.account_id.clone(),
        workspaces: vec![WorkspacePlan { name: WORKSPACE.into(), changes, outputs: Vec::new() }],
        nodes,
        warnings: Vec::new(),
        api_calls: 0,
        calls_by_operation: BTreeMap::new(),
    }
}

fn references(value: &Json) -> BTreeSet<Address> {
    match value {
        Json::String(s) => s.strip_prefix('@').and_then(Address::parse).into_iter().collect(),
        Json::Array(items) => items.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

fn change(address: &Address, action: Action) -> Change {
    Change {
        address: address.clone(),
        action,
        reason: None,
        moved_from: None,
        id: None,
        deposed: false,
        replace_order: None,
        fields: Vec::new(),
        depends_on: Vec::new(),
        blocked: None,
        fingerprint: None,
    }
}

fn decide(
    handler: &dyn Handler,
    address: &Address,
    live: Option<&LiveObject>,
    replaced: bool,
    wanted: &TestWanted,
) -> One {
    let schema = handler.entry().spec();
    let (main, all) = (wanted.spec(address, Fields::Main), wanted.spec(address, Fields::All));
    let is_late = |f: &crate::engine::plan::FieldChange| f.late;
    let mut late = match live {
        Some(live) if !replaced => diff::diff(schema, &live.spec, &all),
        _ => diff::creation(schema, &all),
    };
    late.retain(is_late);
    let Some(live) = live else {
        let mut one = change(address, Action::Create);
        one.fields = diff::creation(schema, &main);
        one.fields.extend(late.iter().cloned());
        return One {
            change: one,
            live: None,
            main_changes: false,
            late_changes: !late.is_empty(),
            orphan: false,
        };
    };
    let tags = wanted.tags(address).into_iter().map(|(k, v)| (k, json!(v))).collect();
    let mut fields = diff::diff(schema, &live.spec, &main);
    fields.extend(diff::tags(&live.tags, &tags, &[]));
    let main_changes = !replaced && !fields.is_empty();
    let action = match (replaced, fields.is_empty() && late.is_empty()) {
        (true, _) => Action::Replace,
        (false, false) => Action::Update,
        (false, true) => Action::None,
    };
    let same_name = handler.natural_name(&all).is_some()
        && handler.natural_name(&live.spec) == handler.natural_name(&all);
    let order = if same_name { ReplaceOrder::DeleteFirst } else { handler.rules().replace };
    let late_changes = !late.is_empty();
    fields.extend(late);
    let given: Vec<&str> = all.as_object().unwrap().keys().map(String::as_str).collect();
    let change = Change {
        id: Some(live.id.clone()),
        fingerprint: Some(fingerprint(live, given)),
        replace_order: replaced.then_some(order),
        fields,
        ..change(address, action)
    };
    One { change, live: Some(live.clone()), main_changes, late_changes, orphan: false }
}
