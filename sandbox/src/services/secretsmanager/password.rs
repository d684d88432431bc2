//! Passwords made up by AWS; here from the account's counter, so that runs repeat.

use serde_json::json;

use super::rules::PASSWORD;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// Makes a password of the kinds of characters that are not excluded.
pub(super) fn random(account: &mut Account, _: &Call, input: &Input) -> Answer {
    let kinds = [
        ("ExcludeLowercase", "abcdefghijklmnopqrstuvwxyz"),
        ("ExcludeUppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("ExcludeNumbers", "0123456789"),
        ("ExcludePunctuation", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    ];
    let excluded = input.text("ExcludeCharacters").unwrap_or_default();
    let flag = |name| input.flag(name).unwrap_or_default();
    let mut kinds: Vec<Vec<char>> = kinds
        .into_iter()
        .filter(|(name, _)| !flag(name))
        .map(|(_, kind)| kind.chars().filter(|c| !excluded.contains(*c)).collect())
        .filter(|kind: &Vec<char>| !kind.is_empty())
        .collect();
    if flag("IncludeSpace") {
        kinds.push(vec![' ']);
    }
    let length = input.integer("PasswordLength").unwrap_or(32);
    let letters: Vec<char> = kinds.iter().flatten().copied().collect();
    let each = input.flag("RequireEachIncludedType").unwrap_or(true);
    let wanted = usize::try_from(length).unwrap_or_default();
    if letters.is_empty() || wanted == 0 || (each && wanted < kinds.len()) {
        return Err(PASSWORD.refuse(&[&length.to_string()]));
    }
    let mut password = String::new();
    while password.chars().count() < wanted {
        let digits = account.new_digits();
        let pairs = digits
            .as_bytes()
            .chunks(4)
            .map(|four| four.iter().fold(0_usize, |sum, byte| sum * 31 + usize::from(*byte)));
        for number in pairs.take(wanted - password.chars().count()) {
            let at = password.chars().count();
            let of = kinds.get(at).filter(|_| each).unwrap_or(&letters);
            password.push(of[number % of.len()]);
        }
    }
    Ok(json!({"RandomPassword": password}))
}
