use serde_json::{Value, json};

use super::rules::*;
use crate::rules::{Refusal, Rule};
use crate::{Options, Sandbox};

struct Ssm(Sandbox);

impl Ssm {
    fn new() -> Self {
        Self(Sandbox::in_memory(Options::default()))
    }

    /// A sandbox with the parameter `/a/b`.
    fn with(more: Value) -> Self {
        let ssm = Self::new();
        ssm.does("PutParameter", parameter(more));
        ssm
    }

    fn does(&self, operation: &str, input: Value) -> Value {
        self.0
            .call("ssm", operation, input)
            .unwrap_or_else(|refusal| panic!("{operation}: {} {}", refusal.code, refusal.message))
    }

    fn refuses(&self, operation: &str, input: Value) -> Refusal {
        self.0.call("ssm", operation, input).unwrap_err()
    }

    fn get(&self, name: &str) -> Value {
        self.does("GetParameter", json!({"Name": name}))["Parameter"].clone()
    }
}

fn parameter(more: Value) -> Value {
    let mut input = json!({"Name": "/a/b", "Value": "v", "Type": "String"});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn put_refused(more: Value) -> Refusal {
    Ssm::new().refuses("PutParameter", parameter(more))
}

fn search_refused(filters: Value) -> Refusal {
    Ssm::new().refuses("DescribeParameters", json!({"ParameterFilters": filters}))
}

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&EXISTS, || Ssm::with(json!({})).refuses("PutParameter", parameter(json!({})))),
    (&TAGS_AND_OVERWRITE, || {
        put_refused(json!({"Overwrite": true, "Tags": [{"Key": "a", "Value": "b"}]}))
    }),
    (&TYPE_NEEDED, || Ssm::new().refuses("PutParameter", json!({"Name": "a", "Value": "b"}))),
    (&NAME, || put_refused(json!({"Name": "a b"}))),
    (&NOT_QUALIFIED, || put_refused(json!({"Name": "a/b"}))),
    (&RESERVED, || put_refused(json!({"Name": "/AWS/x"}))),
    (&TOO_DEEP, || put_refused(json!({"Name": "/a".repeat(16)}))),
    (&EMPTY, || put_refused(json!({"Value": ""}))),
    (&TOO_LONG, || put_refused(json!({"Value": "v".repeat(4097)}))),
    (&DOWNGRADE, || {
        let down = parameter(json!({"Tier": "Standard", "Overwrite": true}));
        Ssm::with(json!({"Tier": "Advanced"})).refuses("PutParameter", down)
    }),
    (&KEY_FOR_SECURE, || put_refused(json!({"KeyId": "alias/aws/ssm"}))),
    (&KEY, || put_refused(json!({"Type": "SecureString", "KeyId": "alias/none"}))),
    (&DATA_TYPE, || put_refused(json!({"DataType": "aws:ec2:image"}))),
    (&PATTERN, || put_refused(json!({"AllowedPattern": "[0-9]+"}))),
    (&BAD_PATTERN, || put_refused(json!({"AllowedPattern": "["}))),
    (&NOT_FOUND, || Ssm::new().refuses("GetParameter", json!({"Name": "/a/b"}))),
    (&NO_VERSION, || Ssm::with(json!({})).refuses("GetParameter", json!({"Name": "/a/b:2"}))),
    (&TWICE, || Ssm::new().refuses("GetParameters", json!({"Names": ["a", "a"]}))),
    (&PATH, || Ssm::new().refuses("GetParametersByPath", json!({"Path": "a"}))),
    (&TWO_FILTERS, || {
        let old = json!([{"Key": "Name", "Values": ["a"]}]);
        Ssm::new().refuses("DescribeParameters", json!({"Filters": old, "ParameterFilters": []}))
    }),
    (&FILTER_KEY, || {
        let filters = json!([{"Key": "Name", "Values": ["a"]}]);
        let input = json!({"Path": "/", "ParameterFilters": filters});
        Ssm::new().refuses("GetParametersByPath", input)
    }),
    (&FILTER_OPTION, || {
        search_refused(json!([{"Key": "Name", "Option": "OneLevel", "Values": ["a"]}]))
    }),
    (&FILTER_VALUE, || search_refused(json!([{"Key": "Name"}]))),
    (&FILTER_TWICE, || {
        let filter = json!({"Key": "Name", "Values": ["a"]});
        search_refused(json!([filter, filter]))
    }),
    (&TOKEN, || Ssm::new().refuses("DescribeParameters", json!({"NextToken": "?"}))),
    (&RESOURCE_TYPE, || {
        let document = json!({"ResourceType": "Document", "ResourceId": "a"});
        Ssm::new().refuses("ListTagsForResource", document)
    }),
    (&RESOURCE, || {
        let nothing = json!({"ResourceType": "Parameter", "ResourceId": "a"});
        Ssm::new().refuses("ListTagsForResource", nothing)
    }),
    (&TAG_COUNT, || {
        let tag = |n: u8| json!({"Key": format!("k{n}"), "Value": "v"});
        put_refused(json!({"Tags": (0..51).map(tag).collect::<Vec<_>>()}))
    }),
    (&TAG, || put_refused(json!({"Tags": [{"Key": "aws:a", "Value": "b"}]}))),
];

#[test]
fn a_parameter_has_versions_and_keeps_what_an_overwrite_leaves_out() {
    let ssm = Ssm::with(json!({"Description": "d", "AllowedPattern": "v[0-9]*"}));
    let again = ssm.does("PutParameter", json!({"Name": "/a/b", "Value": "v2", "Overwrite": true}));
    assert_eq!(again, json!({"Version": 2, "Tier": "Standard"}));
    let now = ssm.get("/a/b");
    assert_eq!((&now["Value"], &now["Type"]), (&json!("v2"), &json!("String")));
    assert_eq!(now["ARN"], "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b");
    assert_eq!(ssm.get("/a/b:1")["Value"], "v");
    assert_eq!(ssm.get(now["ARN"].as_str().unwrap())["Value"], "v2");
    let shown = ssm.does("DescribeParameters", json!({}))["Parameters"][0].clone();
    assert_eq!((&shown["Description"], &shown["Version"]), (&json!("d"), &json!(2)));
    let wrong = json!({"Name": "/a/b", "Value": "w", "Overwrite": true});
    assert_eq!(ssm.refuses("PutParameter", wrong).code, "ParameterPatternMismatchException");
    let history = ssm.does("GetParameterHistory", json!({"Name": "/a/b"}));
    assert_eq!(history["Parameters"][0]["Value"], "v");
    ssm.does("DeleteParameter", json!({"Name": "/a/b"}));
    assert_eq!(ssm.refuses("GetParameter", json!({"Name": "/a/b"})).code, "ParameterNotFound");
}

#[test]
fn a_secure_string_is_told_only_to_who_decrypts() {
    let ssm = Ssm::with(json!({"Type": "SecureString", "Value": "hunter2"}));
    assert!(!ssm.get("/a/b").to_string().contains("hunter2"));
    let open = ssm.does("GetParameter", json!({"Name": "/a/b", "WithDecryption": true}));
    assert_eq!(open["Parameter"]["Value"], "hunter2");
    let shown = ssm.does("DescribeParameters", json!({}))["Parameters"][0].clone();
    assert_eq!(shown["KeyId"], "alias/aws/ssm");
    let alias = ssm.0.call("kms", "ListAliases", json!({})).unwrap();
    assert_eq!(alias["Aliases"][0]["AliasName"], "alias/aws/ssm");
}

#[test]
fn pages_are_cut_before_they_are_filtered() {
    let ssm = Ssm::new();
    for n in 0..12 {
        let tags = if n == 11 { json!([{"Key": "last", "Value": "yes"}]) } else { json!([]) };
        ssm.does("PutParameter", parameter(json!({"Name": format!("/n/{n:02}"), "Tags": tags})));
    }
    let filters = json!([{"Key": "tag:last", "Values": ["yes"]}]);
    let first = ssm.does("DescribeParameters", json!({"ParameterFilters": filters}));
    assert_eq!(first["Parameters"], json!([]));
    let next = json!({"ParameterFilters": filters, "NextToken": first["NextToken"]});
    let second = ssm.does("DescribeParameters", next);
    assert_eq!(second["Parameters"][0]["Name"], "/n/11");
    assert_eq!(second["NextToken"], Value::Null);
    let by = |key: &str, option: &str, value: &str| {
        let filter = json!([{"Key": key, "Option": option, "Values": [value]}]);
        let input = json!({"ParameterFilters": filter, "MaxResults": 50});
        ssm.does("DescribeParameters", input)["Parameters"].as_array().unwrap().len()
    };
    assert_eq!(by("Name", "BeginsWith", "/n/0"), 10);
    assert_eq!(by("Name", "Contains", "1"), 3);
    assert_eq!(by("Path", "Recursive", "/n"), 12);
    assert_eq!(by("Path", "OneLevel", "/"), 0);
    let path = json!({"Path": "/n", "MaxResults": 10});
    assert_eq!(ssm.does("GetParametersByPath", path)["Parameters"].as_array().unwrap().len(), 10);
}

#[test]
fn several_are_read_and_tagged() {
    let ssm = Ssm::with(json!({}));
    let got = ssm.does("GetParameters", json!({"Names": ["/a/b", "/a/c"]}));
    assert_eq!(got["Parameters"][0]["Name"], "/a/b");
    assert_eq!(got["InvalidParameters"], json!(["/a/c"]));
    let on = json!({"ResourceType": "Parameter", "ResourceId": "/a/b"});
    let with = |more: Value| {
        let mut input = on.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]);
    ssm.does("AddTagsToResource", with(json!({"Tags": tags})));
    ssm.does("RemoveTagsFromResource", with(json!({"TagKeys": ["a"]})));
    assert_eq!(ssm.does("ListTagsForResource", on)["TagList"], json!([tags[1]]));
    let tagged = ssm.0.call("tagging", "GetResources", json!({})).unwrap();
    let arn = &tagged["ResourceTagMappingList"][0]["ResourceARN"];
    assert_eq!(arn, "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b");
    let gone = ssm.does("DeleteParameters", json!({"Names": ["/a/b", "/a/c"]}));
    assert_eq!(gone, json!({"DeletedParameters": ["/a/b"], "InvalidParameters": ["/a/c"]}));
}
