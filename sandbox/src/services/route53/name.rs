//! Domain names as Route 53 writes them: in small letters, with a dot at the end, and letters other
//! than `a-z`, `0-9`, `-` and `_` as octal escapes such as `\052` for `*` (developer guide, "DNS
//! domain name format").

/// Returns a name in Route 53's form; none when it is no domain name.
pub(super) fn canonical(name: &str) -> Option<String> {
    let name = unescaped(name)?.to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    let label = |label: &str| !label.is_empty() && label.len() <= 63;
    if name.is_empty() || name.len() > 255 || !name.split('.').all(label) {
        return None;
    }
    let mut out = String::new();
    for letter in name.chars() {
        match letter {
            'a'..='z' | '0'..='9' | '-' | '_' | '.' => out.push(letter),
            ' '..='~' => out.push_str(&format!("\\{:03o}", u32::from(letter))),
            _ => return None,
        }
    }
    out.push('.');
    Some(out)
}

fn unescaped(name: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('\\') {
        let code = u8::from_str_radix(after.get(..3)?, 8).ok().filter(u8::is_ascii)?;
        out.push_str(before);
        out.push(char::from(code));
        rest = &after[3..];
    }
    out.push_str(rest);
    Some(out)
}

/// Tells whether a name lies in a zone: is its apex, or below it.
pub(super) fn within(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

/// Returns what names are sorted by: their labels from the right, each ended by the smallest letter
/// so that a name comes before those below it.
pub(super) fn order(name: &str) -> String {
    let labels: Vec<_> = name.trim_end_matches('.').split('.').rev().collect();
    format!("{}\u{1}", labels.join("\u{1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_into_one_form() {
        for (name, form) in [
            ("Example.COM", Some("example.com.")),
            ("*.example.com.", Some("\\052.example.com.")),
            ("\\052.example.com", Some("\\052.example.com.")),
            ("_x.a", Some("_x.a.")),
            ("a..b", None),
            ("", None),
            ("\u{fc}.de", None),
        ] {
            assert_eq!(canonical(name).as_deref(), form, "{name}");
        }
        assert!(within("a.example.com.", "example.com."));
        assert!(!within("aexample.com.", "example.com."));
    }

    #[test]
    fn a_name_comes_before_those_below_it() {
        let mut names = ["b.a.", "a.", "a-b.", "c.b.a.", "z.a."];
        names.sort_by_key(|name| order(name));
        assert_eq!(names, ["a.", "b.a.", "c.b.a.", "z.a.", "a-b."]);
    }
}
