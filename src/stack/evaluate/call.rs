//! Calls of functions, of those too that need the evaluator: `try`, `can` and templates.

use std::ops::Range;

use super::{Evaluated, Evaluator, Named, Taint, error};
use crate::stack::access::article;
use crate::stack::convert::to_text;
use crate::stack::expression::ExpressionError;
use crate::stack::functions::{self, FunctionError};
use crate::stack::syntax::{self, Ast, Name};
use crate::stack::value::Value;

impl Evaluator<'_> {
    pub(super) fn call(
        &mut self,
        name: &Name,
        args: &[Ast],
        expand: bool,
        span: &Range<usize>,
    ) -> Evaluated {
        match name.text.as_str() {
            "try" | "can" if args.is_empty() => {
                return error(format!("`{}` needs an argument", name.text), span);
            }
            "try" => return self.try_each(args, span),
            "can" if args.len() > 1 => return error("`can` takes 1 argument", &args[1].span),
            "can" => {
                return Ok(match self.try_each(args, span) {
                    Ok(value) if value.contains_unknown() => value.unmark().0,
                    result => Value::Bool(result.is_ok()),
                });
            }
            _ => {}
        }
        functions::find(&name.text).map_err(|e| in_call(e, args, &name.span))?;
        let mut values = Vec::with_capacity(args.len());
        let mut taint = Taint::default();
        for (at, arg) in args.iter().enumerate() {
            let value = self.eval(arg)?;
            if !expand || at + 1 < args.len() {
                values.push(value);
                continue;
            }
            match taint.take(value) {
                None => {}
                Some(Value::List(items) | Value::Set(items)) => values.extend(items),
                Some(other) => {
                    return error(
                        format!(
                            "`...` expands a list or set; this is {}",
                            article(other.type_name())
                        ),
                        &arg.span,
                    );
                }
            }
        }
        if taint.unknown() {
            return Ok(taint.finish(|| Value::Null));
        }
        let result = match name.text.as_str() {
            "templatefile" | "templatestring" => {
                self.render_template(&name.text, values, args, span)?
            }
            _ => functions::call(&name.text, values, self.files)
                .map_err(|e| in_call(e, args, span))?,
        };
        Ok(taint.finish(|| result))
    }

    /// `try`: the first argument that evaluates without an error. What is not wholly known may
    /// still fail after apply, so the result is unknown as a whole then.
    fn try_each(&mut self, args: &[Ast], span: &Range<usize>) -> Evaluated {
        let mut last = None;
        for arg in args {
            let locals = self.locals.len();
            match self.eval(arg) {
                Ok(value) => {
                    return Ok(match value.unknown_refs() {
                        None => value,
                        Some(refs) => Value::unknown(refs).mark_if(value.contains_sensitive()),
                    });
                }
                Err(e) => {
                    self.locals.truncate(locals);
                    last = Some(e);
                }
            }
        }
        let why = last.map(|e| format!("; the last: {}", e.message)).unwrap_or_default();
        error(format!("every argument of `try` fails{why}"), span)
    }

    /// `templatefile(path, vars)` and `templatestring(text, vars)`.
    fn render_template(
        &mut self,
        function: &str,
        values: Vec<Value>,
        args: &[Ast],
        span: &Range<usize>,
    ) -> Evaluated {
        if self.in_template {
            return error(format!("`{function}` cannot be called from inside a template"), span);
        }
        let Ok([source, vars]) = <[Value; 2]>::try_from(values) else {
            return error(
                format!("`{function}` takes two arguments: the template and its variables"),
                span,
            );
        };
        let arg_span =
            |at: usize| args.get(at).or(args.last()).map_or(span.clone(), |a| a.span.clone());
        let mut taint = Taint::default();
        let (Some(source), Some(vars)) = (taint.take(source), taint.take(vars)) else {
            return Ok(taint.finish(|| Value::Null));
        };
        let source = to_text(&source).map_err(|m| ExpressionError::new(m, arg_span(0)))?;
        let Value::Map(vars) = vars else {
            return error("the variables of a template are a map", &arg_span(1));
        };
        let text = if function == "templatefile" {
            functions::read_text(self.files, &source).map_err(|e| in_call(e, args, span))?
        } else {
            source.clone()
        };
        let place = |e: &ExpressionError| {
            let before = text.get(..e.span.start).unwrap_or(&text);
            let line = before.matches('\n').count() + 1;
            match function {
                "templatefile" => format!("{source}, line {line}: {}", e.message),
                _ => format!("line {line} of the template: {}", e.message),
            }
        };
        let inside = |e: ExpressionError| ExpressionError {
            message: place(&e),
            span: arg_span(0),
            hint: e.hint.clone(),
        };
        let ast = syntax::parse_template(&text).map_err(inside)?;
        let scope = Named(&vars);
        let mut evaluator =
            Evaluator { scope: &scope, files: self.files, locals: Vec::new(), in_template: true };
        let result = evaluator.eval(&ast).map_err(inside)?;
        Ok(taint.finish(|| result))
    }
}

fn in_call(e: FunctionError, args: &[Ast], span: &Range<usize>) -> ExpressionError {
    let span = e
        .argument
        .and_then(|at| args.get(at).or(args.last()))
        .map_or_else(|| span.clone(), |arg| arg.span.clone());
    ExpressionError { message: e.message, span, hint: e.hint }
}
