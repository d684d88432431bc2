//! Templates: text with expressions and directives in it.

use super::{Evaluated, Evaluator, Taint};
use crate::stack::access::article;
use crate::stack::convert::to_text;
use crate::stack::expression::ExpressionError;
use crate::stack::syntax::Part;
use crate::stack::value::Value;

impl Evaluator<'_> {
    pub(super) fn template(&mut self, parts: &[Part]) -> Evaluated {
        let mut text = String::new();
        let mut taint = Taint::default();
        self.parts(parts, &mut text, &mut taint)?;
        Ok(taint.finish(|| Value::String(text)))
    }

    fn parts(
        &mut self,
        parts: &[Part],
        text: &mut String,
        taint: &mut Taint,
    ) -> Result<(), ExpressionError> {
        for part in parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Interpolation(ast) => {
                    let value = self.eval(ast)?;
                    match taint.take(value) {
                        None => {}
                        Some(Value::Null) => {
                            return Err(ExpressionError::new(
                                "the value is null, which cannot stand in a string",
                                ast.span.clone(),
                            )
                            .hint("`coalesce(…, \"…\")` gives a value instead of null"));
                        }
                        Some(value) => match to_text(&value) {
                            Ok(s) => text.push_str(&s),
                            Err(_) => {
                                return Err(ExpressionError::new(
                                    format!(
                                        "{} cannot stand in a string",
                                        article(value.type_name())
                                    ),
                                    ast.span.clone(),
                                )
                                .hint("`join` or `jsonencode` makes a string of it"));
                            }
                        },
                    }
                }
                Part::If { condition, then, otherwise } => {
                    match self.condition(condition, taint)? {
                        None => {}
                        Some(true) => self.parts(then, text, taint)?,
                        Some(false) => self.parts(otherwise, text, taint)?,
                    }
                }
                Part::For { key_name, value_name, collection, body } => {
                    let Some(pairs) = self.iterate(collection, taint)? else { continue };
                    for pair in pairs {
                        self.with_element((key_name.as_ref(), value_name), pair, |this| {
                            this.parts(body, text, taint)
                        })?;
                    }
                }
            }
        }
        Ok(())
    }
}
