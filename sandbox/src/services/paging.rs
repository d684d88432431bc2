//! Pages of a list: the token names the last item given, so that items that come and go in between
//! neither repeat nor hide others.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// One page: its items and the token for the next, if there is one.
pub(crate) type Page = (Vec<Value>, Option<String>);

/// Cuts one page out of items in the order of their keys; none for a token that was never given.
pub(crate) fn page(
    mut items: Vec<(String, Value)>,
    size: usize,
    token: Option<&str>,
) -> Option<Page> {
    items.sort_by(|(left, _), (right, _)| left.cmp(right));
    let start = match token {
        None | Some("") => 0,
        Some(token) => {
            let last = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
            items.partition_point(|(key, _)| *key <= last)
        }
    };
    let end = (start + size).min(items.len());
    let more = end < items.len() && end > start;
    let next = more.then(|| URL_SAFE_NO_PAD.encode(&items[end - 1].0));
    let page = items.drain(start..end).map(|(_, item)| item).collect();
    Some((page, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_everything_once() {
        let items = || (0..5).map(|n| (format!("k{n}"), Value::from(n))).collect::<Vec<_>>();
        let (first, token) = page(items(), 2, None).unwrap();
        assert_eq!(first, [0, 1]);
        let (second, token) = page(items(), 2, token.as_deref()).unwrap();
        assert_eq!(second, [2, 3]);
        let (third, token) = page(items(), 2, token.as_deref()).unwrap();
        assert_eq!((third, token), (vec![Value::from(4)], None));
        assert!(page(items(), 2, Some("!")).is_none());
    }
}
