//! The JSON Schema for editors.

use super::*;
use crate::stack::schema_document;

/// A small validator: enough of JSON Schema for what we write.
fn fits(root: &Json, schema: &Json, value: &Json) -> bool {
    let Some(map) = schema.as_object() else { return schema.as_bool().unwrap_or(false) };
    map.iter().all(|(word, rule)| match word.as_str() {
        "$ref" => {
            let path = rule.as_str().unwrap().trim_start_matches('#');
            let target = root.pointer(path).unwrap_or_else(|| panic!("{path} leads nowhere"));
            fits(root, target, value)
        }
        "type" => {
            let is = |ty: &str| match ty {
                "string" => value.is_string(),
                "integer" => value.is_i64(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                "array" => value.is_array(),
                "object" => value.is_object(),
                "null" => panic!("TOML has no null"),
                other => panic!("{other}"),
            };
            match rule {
                Json::String(ty) => is(ty),
                types => types.as_array().unwrap().iter().any(|ty| is(ty.as_str().unwrap())),
            }
        }
        "enum" => rule.as_array().unwrap().contains(value),
        "const" => rule == value,
        "anyOf" | "oneOf" => rule.as_array().unwrap().iter().any(|s| fits(root, s, value)),
        "minimum" => value.as_f64().is_none_or(|n| n >= rule.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|n| n <= rule.as_f64().unwrap()),
        "pattern" => {
            let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
            value.as_str().is_none_or(|text| pattern.is_match(text))
        }
        "items" => value.as_array().is_none_or(|v| v.iter().all(|v| fits(root, rule, v))),
        "required" => {
            let names = rule.as_array().unwrap();
            value
                .as_object()
                .is_none_or(|v| names.iter().all(|n| v.contains_key(n.as_str().unwrap())))
        }
        "properties" => value.as_object().is_none_or(|v| {
            rule.as_object().unwrap().iter().all(|(k, s)| v.get(k).is_none_or(|v| fits(root, s, v)))
        }),
        "additionalProperties" => {
            let known = map.get("properties").and_then(Json::as_object);
            value.as_object().is_none_or(|v| {
                v.iter()
                    .filter(|(k, _)| known.is_none_or(|known| !known.contains_key(*k)))
                    .all(|(_, v)| fits(root, rule, v))
            })
        }
        _ => true,
    })
}

#[test]
fn accepts_stacks_and_refuses_mistakes() {
    let schema = schema_document(&catalog());
    let stack = |text: &str| -> Json {
        serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
    };
    for text in [
        "[workspace]\ndepends_on = [\"a\"]\n[variables]\nx = { type = \"number\", default = 3 }\n",
        "[vpc.a]\ncidr_block = \"x\"\nenable_dns_support = \"${var.x}\"\nprotect = true\n",
        "[security_group.a]\nname = \"a\"\ningress = [{ protocol = \"tcp\", from_port = \"${var.p}\" }]\n",
        "[security_group.a]\ningress = \"${local.rules}\"\nfor_each = [\"a\"]\n",
        "[defaults.vpc]\nenable_dns_support = true\ntags = { a = \"b\" }\n[outputs]\na = { value = [1] }\n",
        "[data.availability_zones.a]\nstate = \"available\"\nwhen = \"${env == 1}\"\n",
        "[load_balancer.a]\nsubnet_ids = [\"a\"]\npolicy = { a = [1] }\ncount = 3\n",
    ] {
        assert!(fits(&schema, &schema, &stack(text)), "{text}");
    }
    for text in [
        "[vcp.a]\n",
        "[vpc.a]\ncidr = \"x\"\n",
        "[vpc.a]\nenable_dns_support = \"yes\"\n",
        "[security_group.a]\ningress = [{ protocol = \"tpc\", from_port = 1 }]\n",
        "[security_group.a]\ningress = [{ protocol = \"tcp\", from_port = 99999 }]\n",
        "[defaults.vpc]\nwhen = true\n",
        "[data.vpc.a]\nprotect = true\ncidr_block = \"x\"\n",
        "[outputs]\na = \"x\"\n",
    ] {
        assert!(!fits(&schema, &schema, &stack(text)), "{text}");
    }
}
