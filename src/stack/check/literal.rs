//! Values written in the file against the schema: types, keys, closed lists, references.

use std::ops::Range;

use super::Checker;
use super::access::Problem;
use super::shape::Shape;
use crate::stack::catalog::BlockKind;
use crate::stack::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::stack::document::{Data, Node, Table, Text, listed, unknown_key};
use crate::stack::schema::SchemaView;

impl<'a> Checker<'a, '_> {
    /// Checks a value against what is expected of it; `key` names it in messages.
    pub(super) fn value(&mut self, node: &'a Node, view: Option<SchemaView<'a>>, key: &str) {
        let Some(view) = view else { return self.free(node) };
        if let Data::Text(text) = &node.data
            && text.literal().is_none()
        {
            return self.text_value(text, view, key);
        }
        let variants = view.variants();
        if variants.is_empty() {
            self.plain(node, view, key);
        } else {
            self.one_of(node, &variants, key);
        }
    }

    /// Checks a value of which nothing is expected.
    pub(super) fn free(&mut self, node: &'a Node) {
        match &node.data {
            Data::Text(text) if text.literal().is_none() => {
                let shape = self.text(text);
                self.escape(&shape);
            }
            Data::Array(items) => items.iter().for_each(|item| self.free(item)),
            Data::Table(table) => self.free_table(table),
            _ => {}
        }
    }

    pub(super) fn free_table(&mut self, table: &'a Table) {
        table.entries.values().for_each(|entry| self.free(&entry.node));
    }

    fn text_value(&mut self, text: &'a Text, view: SchemaView<'a>, key: &str) {
        let shape = self.text(text);
        self.escape(&shape);
        let outer = self.text.replace(text);
        self.fits(&shape, view, key);
        self.text = outer;
    }

    /// Takes the alternative that fits; when none does, the problems of the nearest.
    fn one_of(&mut self, node: &'a Node, variants: &[SchemaView<'a>], key: &str) {
        let before = std::mem::take(&mut self.report.found);
        let uses = self.uses.len();
        let mut nearest: Option<Diagnostics> = None;
        for view in variants {
            self.value(node, Some(*view), key);
            let found = std::mem::take(&mut self.report.found);
            let fits = found.is_empty();
            // A wrong form as a whole is further off than faults inside the right form.
            let rank = |found: &Diagnostics| {
                let whole = found.0.iter().any(|d| {
                    d.code == "wrong_type" && d.at.as_ref().is_some_and(|at| at.range == node.range)
                });
                (whole, found.0.len())
            };
            if nearest.as_ref().is_none_or(|best| rank(&found) < rank(best)) {
                nearest = Some(found);
            }
            if fits {
                break;
            }
        }
        // References are the same in every alternative.
        let mut seen = Vec::new();
        for used in self.uses.split_off(uses) {
            if !seen.iter().any(|s: &super::Use| s.at == used.at && s.what == used.what) {
                seen.push(used);
            }
        }
        self.uses.extend(seen);
        self.report.found = before;
        if let Some(found) = nearest {
            self.report.found.extend(found);
        }
    }

    fn plain(&mut self, node: &'a Node, view: SchemaView<'a>, key: &str) {
        let types = view.types();
        let takes = |ty: &str| types.is_empty() || types.contains(&ty);
        match &node.data {
            Data::Bad => {}
            Data::Text(text) => {
                let Some(literal) = text.literal() else { return };
                if !takes("string") {
                    return self.wrong_literal(node, &types, literal);
                }
                self.listed_value(literal, &node.range, view, key);
            }
            Data::Number(n) => {
                let whole = !n.is_f64();
                if !(takes("number") || whole && takes("integer")) {
                    return self.wrong_literal(node, &types, &n.to_string());
                }
                self.bounds(n.as_f64().unwrap_or_default(), &node.range, view, key);
            }
            Data::Bool(b) => {
                if !takes("boolean") {
                    self.wrong_literal(node, &types, &b.to_string());
                }
            }
            Data::Array(items) => {
                if !takes("array") {
                    return self.wrong_literal(node, &types, "");
                }
                for item in items {
                    self.value(item, view.items(), key);
                }
            }
            Data::Table(table) => {
                if !takes("object") {
                    return self.wrong_literal(node, &types, "");
                }
                self.object(table, &node.range, view, key);
            }
        }
    }

    fn wrong_literal(&mut self, node: &'a Node, types: &[&str], written: &str) {
        let wanted: Vec<&str> = types.iter().map(|ty| type_words(ty)).collect();
        let mut problem = node.mismatch(self.report, &wanted.join(" or "));
        problem = match (&node.data, types) {
            (Data::Text(_), ["integer" | "number"]) if written.parse::<f64>().is_ok() => {
                problem.hint(format!("write `{written}` without quotes"))
            }
            (Data::Text(_), ["boolean"]) if matches!(written, "true" | "false") => {
                problem.hint(format!("write `{written}` without quotes"))
            }
            (Data::Number(_) | Data::Bool(_), ["string"]) => {
                problem.hint(format!("write \"{written}\""))
            }
            (Data::Table(_), ["array"]) if self.is_header(&node.range) => {
                problem.hint("write the header in double brackets: `[[…]]` adds one element")
            }
            (_, ["array"]) => problem.hint("write it in brackets: `[…]`"),
            _ => problem,
        };
        self.report.push(problem);
        // What is inside still has names to check.
        if matches!(node.data, Data::Array(_) | Data::Table(_)) {
            self.free(node);
        }
    }

    fn is_header(&self, range: &Range<usize>) -> bool {
        self.report.source.text[range.clone()].starts_with('[')
    }

    fn listed_value(
        &mut self,
        literal: &str,
        range: &Range<usize>,
        view: SchemaView<'a>,
        key: &str,
    ) {
        let values = view.enum_values();
        let is_only_strings = !values.is_empty() && !values.contains(&literal);
        if !is_only_strings {
            return;
        }
        let message = format!("`{key}` cannot be {literal:?}");
        let problem = self.report.error("invalid_value", range, message);
        let hint = match nearest(literal, values.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None if values.len() <= 24 => {
                let quoted: Vec<String> = values.iter().map(|v| format!("\"{v}\"")).collect();
                format!("it can be {}", quoted.join(", "))
            }
            None => "`infra explain` lists the values".to_owned(),
        };
        self.report.push(problem.hint(hint));
    }

    fn bounds(&mut self, n: f64, range: &Range<usize>, view: SchemaView<'a>, key: &str) {
        let message = match (view.minimum(), view.maximum()) {
            (Some(min), Some(max)) if n < min || n > max => {
                format!("`{key}` must be from {min} to {max}")
            }
            (Some(min), None) if n < min => format!("`{key}` must be at least {min}"),
            (None, Some(max)) if n > max => format!("`{key}` must be at most {max}"),
            _ => return,
        };
        let problem = self.report.error("invalid_value", range, message);
        self.report.push(problem);
    }

    fn object(&mut self, table: &'a Table, range: &Range<usize>, view: SchemaView<'a>, key: &str) {
        let other = view.values();
        for (name, entry) in &table.entries {
            self.value(&entry.node, view.property(name).or(other), name);
        }
        self.unknown_keys(table, view, &format!("`{key}`"));
        for name in view.required() {
            if table.get(name).is_none() {
                let message = format!("`{key}` needs `{name}`");
                let problem = self.report.error("missing_key", range, message);
                self.report.push(problem);
            }
        }
    }

    /// Reports keys of a table that its schema does not have.
    pub(super) fn unknown_keys(&mut self, table: &Table, view: SchemaView<'a>, place: &str) {
        if !view.is_closed() {
            return;
        }
        let known: Vec<&str> = view.properties().into_iter().map(|(name, _)| name).collect();
        for (name, entry) in &table.entries {
            if view.property(name).is_none() {
                let problem = unknown_key(self.report, name, &entry.key, &known, place);
                self.report.push(problem);
            }
        }
    }

    /// Checks a shape against the schema: ids of the right type, lists where lists are wanted.
    fn fits(&mut self, shape: &Shape<'a>, view: SchemaView<'a>, key: &str) {
        if !view.variants().is_empty() {
            return;
        }
        let types = view.types();
        let wants = |ty: &str| types.is_empty() || types.contains(&ty);
        match shape {
            Shape::Any | Shape::Null => {}
            Shape::Union(shapes) => shapes.iter().for_each(|s| self.fits(s, view, key)),
            Shape::List(inner) => match view.items() {
                Some(view) => self.fits(inner, view, key),
                None if !wants("array") => self.wrong_form(key, &types, "a list"),
                None => {}
            },
            Shape::Map(inner) => match view.values() {
                Some(view) => self.fits(inner, view, key),
                None if !wants("object") => self.wrong_form(key, &types, "a map"),
                None => {}
            },
            Shape::Object(fields) => {
                if !wants("object") {
                    return self.wrong_form(key, &types, "a map");
                }
                for (name, shape) in fields {
                    match view.property(name).or_else(|| view.values()) {
                        Some(view) => self.fits(shape, view, name),
                        None if view.is_closed() => {
                            let known: Vec<&str> =
                                view.properties().into_iter().map(|(name, _)| name).collect();
                            let problem =
                                self.whole("unknown_key", format!("`{key}` has no key `{name}`"));
                            let problem = match nearest(name, known.iter().copied()) {
                                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                                None => problem.hint(format!("it has {}", listed(&known))),
                            };
                            self.report.push(problem);
                        }
                        None => {}
                    }
                }
            }
            Shape::Scalar => {
                if !["string", "integer", "number", "boolean"].into_iter().any(wants) {
                    self.wrong_form(key, &types, "a single value");
                }
            }
            Shape::Id { ty, written, span } => {
                if !wants("string") {
                    return self.reference_form(key, &types, written, span, "a string");
                }
                if let Some(wanted) = view.reference().filter(|wanted| wanted != ty) {
                    let what = format!("`{written}` is the id of {}", article(ty));
                    self.wrong_reference(key, wanted, &what, span);
                }
            }
            Shape::Field { view: given, written, span } => {
                self.field_fits((*given, written, span), view, key);
            }
            Shape::Instance { written, span, .. } => {
                if let Some(wanted) = view.reference() {
                    self.wrong_reference(
                        key,
                        wanted,
                        &format!("`{written}` is a whole object"),
                        span,
                    );
                } else if !wants("object") {
                    self.reference_form(key, &types, written, span, "a whole object");
                }
            }
            Shape::Instances { target, written, span } => {
                if let Some(wanted) = view.reference() {
                    let what = format!("`{written}` is a map of objects by key");
                    let first = target.keys.as_ref().and_then(|keys| keys.first());
                    let first = first.map_or("…", String::as_str);
                    let mut problem = self.reference_problem(key, wanted, &what, span);
                    if target.id.ty == wanted {
                        problem =
                            problem.hint(format!("`{written}[\"{first}\"].id` is one of them"));
                    }
                    self.report(problem);
                } else if !wants("object") {
                    let span = span.clone();
                    let message = form_message(key, &types, written, "a map of objects by key");
                    let problem = Problem::new("wrong_type", &span, message);
                    self.report(
                        problem.hint(format!("`[for x in {written} : x.id]` is a list of ids")),
                    );
                }
            }
        }
    }

    fn field_fits(
        &mut self,
        (given, written, span): (SchemaView<'a>, &String, &Range<usize>),
        view: SchemaView<'a>,
        key: &str,
    ) {
        if !given.variants().is_empty() {
            return;
        }
        if let (Some(given), Some(view)) = (given.items(), view.items()) {
            return self.field_fits((given, written, span), view, key);
        }
        let types = view.types();
        let given_types = given.types();
        let is_scalar = |ty: &&str| matches!(*ty, "string" | "integer" | "number" | "boolean");
        let scalar = |types: &[&str]| types.iter().all(is_scalar);
        let alike =
            |a: &[&str], b: &[&str]| scalar(a) && scalar(b) || a.iter().any(|t| b.contains(t));
        if !types.is_empty() && !given_types.is_empty() && !alike(&types, &given_types) {
            let words: Vec<&str> = given_types.iter().map(|ty| type_words(ty)).collect();
            return self.reference_form(key, &types, written, span, &words.join(" or "));
        }
        let Some(wanted) = view.reference() else { return };
        match given.reference() {
            Some(of) if of == wanted => {}
            Some(of) => {
                let what = format!("`{written}` is the id of {}", article(of));
                self.wrong_reference(key, wanted, &what, span);
            }
            None if given_types.is_empty() => {}
            None => {
                let what = format!("`{written}` is something else");
                self.wrong_reference(key, wanted, &what, span);
            }
        }
    }

    fn wrong_reference(&mut self, key: &str, wanted: &str, what: &str, span: &Range<usize>) {
        let problem = self.reference_problem(key, wanted, what, span);
        self.report(problem);
    }

    fn reference_problem(
        &self,
        key: &str,
        wanted: &str,
        what: &str,
        span: &Range<usize>,
    ) -> Problem {
        let message = format!("`{key}` takes the id of {}; {what}", article(wanted));
        let problem = Problem::new("wrong_reference", span, message);
        let mut blocks = self.declared.blocks.values().filter(|block| block.id.ty == wanted);
        match (blocks.next(), blocks.next()) {
            (Some(only), None) if only.has_for_each => {
                problem.hint(format!("`{}[…].id` is one", only.id))
            }
            (Some(only), None) => problem.hint(format!("did you mean `{}.id`?", only.id)),
            (Some(first), Some(_)) => problem.hint(format!("such as `{}.id`", first.id)),
            (None, _) => match self.declared.catalog.get(BlockKind::Data, wanted) {
                Some(_) => problem.hint(format!("`[data.{wanted}.<name>]` reads an existing one")),
                None => problem,
            },
        }
    }

    fn reference_form(
        &mut self,
        key: &str,
        types: &[&str],
        written: &str,
        span: &Range<usize>,
        what: &str,
    ) {
        let problem = Problem::new("wrong_type", span, form_message(key, types, written, what));
        let problem = match (types, what) {
            (["array"], "a string") => problem.hint(format!("write `[{written}]`")),
            (_, "a whole object") => {
                problem.hint(format!("name an attribute, such as `{written}.id`"))
            }
            _ => problem,
        };
        self.report(problem);
    }

    /// An error about the whole expression at hand.
    fn whole(&self, code: &'static str, message: String) -> Diagnostic {
        let span = self.text.map_or(0..0, |text| text.locate(&(0..text.raw().len())));
        self.report.error(code, &span, message)
    }

    fn wrong_form(&mut self, key: &str, types: &[&str], what: &str) {
        let wanted: Vec<&str> = types.iter().map(|ty| type_words(ty)).collect();
        let message = format!("`{key}` takes {}, this is {what}", wanted.join(" or "));
        let problem = self.whole("wrong_type", message);
        self.report.push(problem);
    }
}

fn form_message(key: &str, types: &[&str], written: &str, what: &str) -> String {
    let wanted: Vec<&str> = types.iter().map(|ty| type_words(ty)).collect();
    format!("`{key}` takes {}, `{written}` is {what}", wanted.join(" or "))
}

fn type_words(ty: &str) -> &str {
    match ty {
        "string" => "a string",
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "a boolean",
        "array" => "a list",
        "object" => "a table",
        other => other,
    }
}

/// Puts `a` or `an` before the name of a type.
fn article(ty: &str) -> String {
    let vowel = ty.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} `{ty}`", if vowel { "an" } else { "a" })
}
