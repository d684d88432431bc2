//! The types of the in-memory AWS.

use crate::engine::resource::{IdentityBy, ReplaceOrder, Retryable, Rules, Step};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// One type of the in-memory AWS.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) rules: Rules,
    pub(super) properties: fn() -> Json,
    /// What others may refer to beside the id.
    pub(super) out: fn() -> Json,
    /// Fields the creating call does not take.
    pub(super) not_at_creation: &'static [&'static str],
    /// How long creation and deletion take.
    pub(super) creates: Duration,
    pub(super) deletes: Duration,
}

fn id_of(ty: &str) -> Json {
    json!({"type": "string", "x-ref": ty})
}

const SLOW: Duration = Duration::from_secs(40);

/// A network: tags identity, a field that only an update takes.
static NET: Kind = Kind {
    name: "net",
    rules: Rules {
        retry: &[
            Retryable {
                step: Step::Create,
                code: "NotYet",
                message: "region",
                reason: "the region to wake up",
            },
            Retryable {
                step: Step::Update,
                code: "NotYet",
                message: "names",
                reason: "names to be served",
            },
        ],
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
    out: || json!({}),
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
    out: || json!({}),
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
    out: || json!({}),
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
    out: || json!({}),
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
            "version": {"type": "integer"},
        })
    },
    out: || json!({}),
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
    out: || json!({}),
    not_at_creation: &[],
    creates: Duration::ZERO,
    deletes: Duration::ZERO,
};

/// A thing of which each update makes a new version; its notes make none.
static VER: Kind = Kind {
    name: "ver",
    rules: Rules::DEFAULT,
    properties: || json!({"image": {"type": "string"}, "note": {"type": "string"}}),
    out: || json!({"version": {"type": "integer", "x-renewed": ["image"]}}),
    not_at_creation: &[],
    creates: Duration::ZERO,
    deletes: Duration::ZERO,
};

/// A setting of the account: set, and never owned.
static SET: Kind = Kind {
    name: "set",
    rules: Rules { identity: IdentityBy::Name, unowned: true, ..Rules::DEFAULT },
    properties: || json!({"name": {"type": "string", "x-immutable": true}, "value": {"type": "string"}}),
    out: || json!({}),
    not_at_creation: &[],
    creates: Duration::ZERO,
    deletes: Duration::ZERO,
};

/// A deployment: it may fall back by itself, and a scaler says how many there are from 2 to 4.
static DPL: Kind = Kind {
    name: "dpl",
    rules: Rules { falls_back: true, tries_again: true, ..Rules::DEFAULT },
    properties: || json!({"image": {"type": "string"}, "number": {"type": "integer"}}),
    out: || json!({}),
    not_at_creation: &[],
    creates: Duration::ZERO,
    deletes: Duration::ZERO,
};

impl Kind {
    /// Names are unique; so are the zones of a network.
    pub(super) fn clashes(&self, one: &Json, other: &Json) -> bool {
        let same = |field: &str| !one[field].is_null() && one[field] == other[field];
        match self.name {
            "sub" => same("net_id") && same("zone"),
            _ => self.rules.identity == IdentityBy::Name && same("name"),
        }
    }
}

pub(super) const KINDS: [&Kind; 9] = [&NET, &SUB, &GRP, &TMPL, &SVC, &TBL, &VER, &SET, &DPL];
