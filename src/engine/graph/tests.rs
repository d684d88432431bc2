use super::*;

static RULES: Rules = Rules::DEFAULT;
static CREATE_FIRST: Rules = Rules { replace: ReplaceOrder::CreateFirst, ..Rules::DEFAULT };
static AFTER_NAT: Rules = Rules { deleted_after: &["nat"], ..Rules::DEFAULT };

fn item(ty: &'static str, change: usize, action: Action) -> Item {
    Item {
        workspace: 0,
        depends_on: Some(BTreeSet::new()),
        change,
        ty,
        rules: &RULES,
        action,
        order: ReplaceOrder::DeleteFirst,
        main_changes: action == Action::Update,
        late_changes: false,
        needs: BTreeSet::new(),
        late_needs: BTreeSet::new(),
        live_refs: BTreeSet::new(),
        live_late_refs: BTreeSet::new(),
        makes_way: BTreeSet::new(),
        holds_fast: false,
        live_names: vec![format!("{ty}-{change}")],
    }
}

fn on(to: usize) -> BTreeSet<(usize, Part)> {
    BTreeSet::from([(to, Part::Main)])
}

/// Steps in order, as `change part operation`.
fn steps(items: &[Item]) -> Vec<String> {
    let nodes = build(&mut items.to_vec()).expect("no cycle");
    for (at, node) in nodes.iter().enumerate() {
        assert!(node.after.iter().all(|a| *a < at));
    }
    nodes
        .iter()
        .map(|n| format!("{} {:?} {:?}", n.change, n.part, n.operation).to_lowercase())
        .collect()
}

fn before(steps: &[String], first: &str, then: &str) {
    let at =
        |s: &str| steps.iter().position(|x| x == s).unwrap_or_else(|| panic!("{s}: {steps:?}"));
    assert!(at(first) < at(then), "{first} before {then}: {steps:?}");
}

#[test]
fn creations_follow_references_and_deletions_turn_them_round() {
    let mut subnet = item("subnet", 1, Action::Create);
    subnet.needs = on(0);
    before(&steps(&[item("vpc", 0, Action::Create), subnet]), "0 main create", "1 main create");
    let mut subnet = item("subnet", 1, Action::Delete);
    subnet.live_refs = BTreeSet::from([0]);
    before(&steps(&[item("vpc", 0, Action::Delete), subnet]), "1 main delete", "0 main delete");
}

#[test]
fn groups_that_name_each_other_are_no_cycle() {
    let pair = |action, live: bool| {
        let mut a = item("sg", 0, action);
        let mut b = item("sg", 1, action);
        (a.late_needs, b.late_needs) = (on(1), on(0));
        (a.late_changes, b.late_changes) = (true, true);
        if live {
            a.live_late_refs = BTreeSet::from([1]);
            b.live_late_refs = BTreeSet::from([0]);
        }
        [a, b]
    };
    let made = steps(&pair(Action::Create, false));
    before(&made, "1 main create", "0 late update");
    before(&made, "0 main create", "1 late update");
    let gone = steps(&pair(Action::Delete, true));
    assert_eq!(gone, ["1 late delete", "0 main delete", "1 main delete"]);
    let replaced = steps(&pair(Action::Replace, true));
    before(&replaced, "1 late delete", "0 main delete");
    before(&replaced, "0 main delete", "1 main delete");
    before(&replaced, "1 main create", "0 late update");
}

#[test]
fn late_fields_are_not_cleared_where_the_order_works_without() {
    let mut table = item("rt", 0, Action::Delete);
    table.live_late_refs = BTreeSet::from([1]);
    let gone = steps(&[table, item("igw", 1, Action::Delete)]);
    assert_eq!(gone, ["0 main delete", "1 main delete"]);
}

#[test]
fn create_first_moves_dependents_before_the_old_one_goes() {
    let mut old = item("role", 0, Action::Replace);
    old.rules = &CREATE_FIRST;
    old.order = ReplaceOrder::CreateFirst;
    let mut user = item("task", 1, Action::Update);
    user.needs = on(0);
    user.live_refs = BTreeSet::from([0]);
    assert_eq!(
        steps(&[old, user]),
        ["0 main depose", "0 main create", "1 main update", "0 main delete"]
    );
}

#[test]
fn delete_first_detaches_what_stays_and_attaches_it_again() {
    let mut user = item("sg", 1, Action::Update);
    user.main_changes = false;
    user.late_changes = true;
    user.late_needs = on(0);
    user.live_late_refs = BTreeSet::from([0]);
    assert_eq!(
        steps(&[item("sg", 0, Action::Replace), user]),
        ["1 late delete", "0 main delete", "0 main create", "1 late update"]
    );
}

#[test]
fn create_first_yields_to_what_must_be_deleted_first() {
    let vpc = item("vpc", 0, Action::Replace);
    let mut sg = item("sg", 1, Action::Replace);
    sg.rules = &CREATE_FIRST;
    sg.order = ReplaceOrder::CreateFirst;
    sg.needs = on(0);
    sg.live_refs = BTreeSet::from([0]);
    let mut items = [vpc, sg];
    let s = steps(&items);
    build(&mut items).expect("an order");
    assert_eq!(items[1].order, ReplaceOrder::DeleteFirst);
    before(&s, "1 main delete", "0 main delete");
    before(&s, "0 main create", "1 main create");
}

#[test]
fn types_order_deletions_that_no_reference_tells() {
    let mut igw = item("igw", 0, Action::Delete);
    igw.rules = &AFTER_NAT;
    before(&steps(&[igw, item("nat", 1, Action::Delete)]), "1 main delete", "0 main delete");
}

#[test]
fn what_leaves_its_place_waits_as_what_is_deleted() {
    static MOVES: Rules = Rules { lets_go: true, ..AFTER_NAT };
    let mut igw = with(&MOVES, item("igw", 0, Action::Update));
    igw.live_refs = BTreeSet::from([2]);
    let nat = item("nat", 1, Action::Delete);
    let steps = steps(&[igw, nat, item("vpc", 2, Action::Delete)]);
    assert_eq!(steps, ["1 main delete", "0 main update", "2 main delete"]);
}

/// A subnet that left the stack, one of the same range that came, and what names them.
fn renamed(user: Item) -> [Item; 3] {
    let orphan = item("subnet", 0, Action::Delete);
    let mut new = item("subnet", 1, Action::Create);
    new.makes_way = BTreeSet::from([0]);
    [orphan, new, user]
}

#[test]
fn an_orphan_makes_way_for_a_new_one_of_its_kind() {
    let other = item("subnet", 2, Action::None);
    assert_eq!(steps(&renamed(other)), ["0 main delete", "1 main create"]);
}

#[test]
fn what_names_an_orphan_lets_go_of_it_before_the_new_one_comes() {
    let mut table = item("rt", 2, Action::Update);
    (table.main_changes, table.late_changes) = (false, true);
    (table.late_needs, table.live_late_refs) = (on(1), BTreeSet::from([0, 3]));
    let [orphan, new, table] = renamed(table);
    let mut items = [orphan, new, table, item("igw", 3, Action::None)];
    let nodes = build(&mut items).expect("an order");
    assert_eq!(nodes[0].lets_go_of, ["subnet-0"]);
    assert_eq!(steps(&items), ["2 late delete", "0 main delete", "1 main create", "2 late update"]);
}

#[test]
fn what_must_name_one_or_the_other_is_replaced() {
    let mut user = item("nat", 2, Action::Update);
    (user.needs, user.live_refs) = (on(1), BTreeSet::from([0]));
    let mut items = renamed(user);
    let cycle = build(&mut items).expect_err("no order");
    assert_eq!(cycle.replace, BTreeMap::from([(2, 0)]));
    items[2].action = Action::Replace;
    assert_eq!(steps(&items), ["2 main delete", "0 main delete", "1 main create", "2 main create"]);
    // However it would be replaced otherwise.
    items[2].order = ReplaceOrder::CreateFirst;
    steps(&items);
    build(&mut items).expect("an order");
    assert_eq!(items[2].order, ReplaceOrder::DeleteFirst);
}

#[test]
fn two_that_swap_what_only_one_can_have_are_both_deleted_before_either_is_made() {
    let mut pair = [0, 1].map(|i| item("subnet", i, Action::Replace));
    (pair[0].makes_way, pair[1].makes_way) = (BTreeSet::from([1]), BTreeSet::from([0]));
    let s = steps(&pair);
    before(&s, "0 main delete", "1 main create");
    before(&s, "1 main delete", "0 main create");
}

#[test]
fn an_update_lets_go_before_the_deletion() {
    let mut user = item("rt", 0, Action::Update);
    user.live_refs = BTreeSet::from([1]);
    assert_eq!(steps(&[user, item("igw", 1, Action::Delete)]), ["0 main update", "1 main delete"]);
}

#[test]
fn a_circle_is_reported() {
    let mut a = item("a", 0, Action::Create);
    let mut b = item("b", 1, Action::Create);
    (a.needs, b.needs) = (on(1), on(0));
    let cycle = Cycle { items: BTreeSet::from([0, 1]), replace: BTreeMap::new() };
    assert_eq!(build(&mut [a, b]), Err(cycle));
}

static SERVICE: Rules = Rules { quiesces: true, ..Rules::DEFAULT };
static GROUP: Rules = Rules { quiesces: true, deleted_after: &["service"], ..Rules::DEFAULT };
static PROVIDER: Rules = Rules { quiesced_before: &["group"], ..Rules::DEFAULT };
static CLUSTER: Rules =
    Rules { quiesced_before: &["group"], deleted_after: &["group"], ..Rules::DEFAULT };

fn with(rules: &'static Rules, item: Item) -> Item {
    Item { rules, ..item }
}

/// A cluster whose late part names a provider, which names a group that must be empty first; a
/// service that runs on all of them.
fn platform(action: Action) -> [Item; 4] {
    let mut cluster = with(&CLUSTER, item("cluster", 0, action));
    let mut provider = with(&PROVIDER, item("provider", 1, action));
    let group = with(&GROUP, item("group", 2, action));
    let mut service = with(&SERVICE, item("service", 3, action));
    cluster.live_late_refs = BTreeSet::from([1]);
    provider.live_refs = BTreeSet::from([2]);
    service.live_refs = BTreeSet::from([0, 1]);
    [cluster, provider, group, service]
}

#[test]
fn a_group_is_emptied_between_the_services_and_its_provider() {
    assert_eq!(
        steps(&platform(Action::Delete)),
        [
            "3 quiesce delete",
            "3 main delete",
            "2 quiesce delete",
            "0 late delete",
            "1 main delete",
            "2 main delete",
            "0 main delete",
        ]
    );
}

#[test]
fn a_group_is_not_emptied_before_services_have_moved_off_its_provider() {
    let [cluster, provider, group, mut service] = platform(Action::Replace);
    let keep = |item: Item| Item { action: Action::None, ..item };
    service.action = Action::Update;
    service.main_changes = true;
    let steps =
        steps(&[keep(cluster), provider, Item { action: Action::Delete, ..group }, service]);
    before(&steps, "3 main update", "2 quiesce delete");
    before(&steps, "2 quiesce delete", "1 main delete");
}

#[test]
fn types_order_nothing_between_workspaces_that_do_not_know_each_other() {
    let of = |workspace: usize, depends_on: Option<BTreeSet<usize>>, item: Item| Item {
        workspace,
        depends_on,
        ..item
    };
    let gone = |base: Option<BTreeSet<usize>>, user: Option<BTreeSet<usize>>| {
        let group = of(0, base, with(&GROUP, item("group", 0, Action::Delete)));
        let service = of(1, user, with(&SERVICE, item("service", 0, Action::Delete)));
        let nodes = build(&mut [group, service]).expect("no cycle");
        let quiesce = |n: &&Node| n.workspace == 0 && n.part == Part::Quiesce;
        nodes.iter().find(quiesce).map(|n| n.after.len()).unwrap_or_default()
    };
    let none = || Some(BTreeSet::new());
    assert_eq!(gone(none(), Some(BTreeSet::from([0]))), 1, "the service's depends on the group's");
    assert_eq!(gone(none(), none()), 0, "neither depends on the other");
    assert_eq!(gone(Some(BTreeSet::from([1])), none()), 0, "the group's depends on the service's");
    assert_eq!(gone(None, none()), 1, "nobody knows of a workspace without a file");
    assert_eq!(gone(none(), None), 1, "nor the other way round");
}

#[test]
fn rules_stand_until_what_needs_them_is_gone() {
    static RULED: Rules = Rules { deleted_after: &["service"], ..Rules::DEFAULT };
    let mut a = with(&RULED, item("sg", 0, Action::Delete));
    let mut b = with(&RULED, item("sg", 1, Action::Delete));
    a.live_late_refs = BTreeSet::from([1]);
    b.live_late_refs = BTreeSet::from([0]);
    let steps = steps(&[a, b, item("service", 2, Action::Delete)]);
    assert_eq!(steps[0], "2 main delete", "{steps:?}");
}
