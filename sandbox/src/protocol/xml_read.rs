//! Reading XML: what clients of the REST-XML services send, and no more of XML than that. Comments
//! and declarations are passed over, document types are refused.

/// One element, with what is between its tags.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name, without a prefix.
    pub(super) name: String,
    /// The elements in it, in their order.
    pub(super) children: Vec<Element>,
    /// The text in it, entities resolved.
    pub(super) text: String,
}

/// Reads a document; none when it is not well-formed.
pub(super) fn parse(text: &str) -> Option<Element> {
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        match open.last_mut() {
            Some(element) => element.text.push_str(&resolved(before)?),
            None if before.trim().is_empty() => {}
            None => return None,
        }
        if let Some(after) = tag.strip_prefix("<?") {
            rest = after.split_once("?>")?.1;
        } else if let Some(after) = tag.strip_prefix("<!--") {
            rest = after.split_once("-->")?.1;
        } else if let Some(after) = tag.strip_prefix("<![CDATA[") {
            let (data, after) = after.split_once("]]>")?;
            open.last_mut()?.text.push_str(data);
            rest = after;
        } else if let Some(after) = tag.strip_prefix("</") {
            let (name, after) = after.split_once('>')?;
            let element = open.pop().filter(|element| element.name == local(name.trim()))?;
            close(&mut open, &mut root, element)?;
            rest = after;
        } else if tag.starts_with("<!") {
            return None;
        } else {
            let end = end_of_tag(tag)?;
            let (inside, after) = (&tag[1..end], &tag[end + 1..]);
            let (inside, alone) = match inside.strip_suffix('/') {
                Some(inside) => (inside, true),
                None => (inside, false),
            };
            let name = inside.split_whitespace().next().filter(|name| !name.is_empty())?;
            let element = Element { name: local(name).to_owned(), ..Element::default() };
            if alone {
                close(&mut open, &mut root, element)?;
            } else {
                open.push(element);
            }
            rest = after;
        }
    }
    if open.is_empty() && rest.trim().is_empty() { root } else { None }
}

/// Puts a whole element where it belongs; none when there is a root already.
fn close(open: &mut [Element], root: &mut Option<Element>, element: Element) -> Option<()> {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None if root.is_none() => *root = Some(element),
        None => return None,
    }
    Some(())
}

/// Finds the `>` that ends a tag: not one in the quotes of an attribute.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, letter) in tag.char_indices() {
        match (quote, letter) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            _ => {}
        }
    }
    None
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Resolves the entities of a text; none when one is unknown.
fn resolved(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (name, after) = after.split_once(';')?;
        out.push_str(before);
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)?
            }
        });
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_attributes_and_entities_are_read() {
        let text = "<?xml version=\"1.0\"?>\n<a xmlns=\"u\" b='>'><!-- x --><n:b>1 &lt; &#x32;</n:b>\
                    <b/><c><![CDATA[<&]]></c></a>\n";
        let root = parse(text).unwrap();
        assert_eq!(root.name, "a");
        let read: Vec<_> =
            root.children.iter().map(|c| (c.name.as_str(), c.text.as_str())).collect();
        assert_eq!(read, [("b", "1 < 2"), ("b", ""), ("c", "<&")]);
    }

    #[test]
    fn what_is_not_well_formed_is_nothing() {
        for text in ["", "a", "<a>", "<a></b>", "<a/><b/>", "<!DOCTYPE a><a/>", "<a>&x;</a>"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
