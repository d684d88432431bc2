//! What the in-memory account holds, and what it refuses.

use super::Fault;
use super::kind::{KINDS, Kind};
use crate::aws::{Error, ErrorClass, Result, Tags};
use crate::engine::resource::{Holds, LiveObject, Status};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) ty: &'static str,
    pub(super) id: String,
    pub(super) made: Instant,
    pub(super) ready: Instant,
    pub(super) deleted: Option<Instant>,
    pub(super) gone: Option<Instant>,
    pub(super) failed: Option<String>,
    /// When an update tried again what failed.
    pub(super) mended: Option<Instant>,
    /// Spec and tags, each since when.
    pub(super) versions: Vec<(Instant, Json, Tags)>,
}

impl Object {
    pub(super) fn seen_at(&self, at: Instant) -> Option<LiveObject> {
        if at < self.made || self.gone.is_some_and(|gone| at >= gone) {
            return None;
        }
        let (_, spec, tags) = self.versions.iter().rev().find(|(since, ..)| *since <= at)?;
        let status = if self.deleted.is_some_and(|deleted| at >= deleted) {
            Status::Deleting("deleting".into())
        } else if let Some(why) = &self.failed
            && self.mended.is_none_or(|mended| at < mended)
        {
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
            out: json!({"id": self.id, "version": self.images_until(at)}),
            holds: Holds::default(),
        })
    }

    /// How many images it had one after another.
    fn images_until(&self, at: Instant) -> usize {
        let images = self.versions.iter().filter(|(since, ..)| *since <= at);
        let mut images: Vec<&Json> = images.map(|(_, spec, _)| &spec["image"]).collect();
        images.dedup();
        images.len()
    }

    pub(super) fn latest(&self) -> (Json, Tags) {
        let (_, spec, tags) = self.versions.last().expect("a first version");
        (spec.clone(), tags.clone())
    }
}

/// What the account holds, and what it shall do wrong.
#[derive(Default)]
pub(in crate::engine) struct Account {
    next: u32,
    pub(super) objects: Vec<Object>,
    /// Writing calls so far: operation, type, id.
    pub(in crate::engine) writes: Vec<(&'static str, &'static str, String)>,
    /// Listing calls so far: type, ids asked for.
    pub(in crate::engine) lists: Vec<(&'static str, usize)>,
    /// By number of the writing call.
    pub(in crate::engine) faults: BTreeMap<usize, Fault>,
    /// How far lists lag behind.
    pub(in crate::engine) lag: Duration,
    /// Whether creations leave the tags away.
    pub(in crate::engine) loses_tags: bool,
    /// Types whose updates have no effect.
    pub(in crate::engine) deaf: BTreeSet<&'static str>,
    /// Types whose new objects fail.
    pub(in crate::engine) breaks: BTreeSet<&'static str>,
    /// What stateful objects hold; they are not deleted as long as they do.
    pub(in crate::engine) held: Option<String>,
    /// Who takes blockers away, as told.
    pub(in crate::engine) leaves: Option<String>,
    /// Largest number of writing calls under way at once.
    pub(in crate::engine) widest: usize,
    pub(super) under_way: usize,
}

fn refused(operation: &str, code: &str, class: ErrorClass) -> Error {
    Error { code: Some(code.into()), class, ..Error::local(operation, format!("{code} from AWS")) }
}

impl Account {
    pub(super) fn alive(&self) -> impl Iterator<Item = &Object> {
        let now = Instant::now();
        self.objects.iter().filter(move |o| o.gone.is_none_or(|gone| gone > now))
    }

    pub(super) fn find(&mut self, operation: &str, id: &str) -> Result<&mut Object> {
        let now = Instant::now();
        let found = self.objects.iter_mut().find(|o| o.id == id && o.gone.is_none_or(|g| g > now));
        found.ok_or_else(|| refused(operation, "NotFound", ErrorClass::NotFound))
    }

    pub(super) fn kind(ty: &str) -> &'static Kind {
        KINDS.into_iter().find(|k| k.name == ty).expect("a known type")
    }

    /// Everything a spec refers to must be there and stay.
    pub(super) fn check_references(&self, operation: &str, spec: &Json) -> Result<()> {
        for id in ids(spec) {
            if !self.alive().any(|o| o.id == id && o.deleted.is_none()) {
                return Err(refused(operation, "InvalidReference", ErrorClass::Other));
            }
        }
        Ok(())
    }

    pub(super) fn create(
        &mut self,
        kind: &'static Kind,
        spec: &Json,
        tags: &Tags,
    ) -> Result<String> {
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
            mended: None,
            failed: self.breaks.contains(kind.name).then(|| "no capacity".to_owned()),
            versions: vec![(now, spec, tags)],
        });
        Ok(id)
    }

    /// Writes a new version of spec and tags.
    pub(super) fn write(
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

    pub(super) fn delete(&mut self, kind: &Kind, id: &str) -> Result<()> {
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

/// Ids of objects in a value.
pub(super) fn ids(value: &Json) -> BTreeSet<String> {
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
