//! Tests of functions; most cases are the examples of Terraform's function reference.

use serde_json::{Value as Json, json};

use super::evaluate_tests::{check, fails, value};
use super::functions;
use super::value::Value;

fn table(cases: &[(&str, Json)]) {
    for (code, expected) in cases {
        check(code, expected);
    }
}

#[test]
fn numeric() {
    table(&[
        ("abs(-12.4)", json!(12.4)),
        ("abs(-9223372036854775807)", json!(9_223_372_036_854_775_807_i64)),
        ("ceil(5.1)", json!(6)),
        ("ceil(-5.9)", json!(-5)),
        ("floor(4.9)", json!(4)),
        ("floor(-4.1)", json!(-5)),
        ("log(50, 10)", json!(50_f64.ln() / 10_f64.ln())),
        ("log(16, 2)", json!(4)),
        ("log(1000, 10)", json!(3)),
        ("ceil(log(16, 2))", json!(4)),
        ("max(12, 54, 3)", json!(54)),
        ("max(1.5)", json!(1.5)),
        ("min([12, 54, 3]...)", json!(3)),
        ("parseint(\"100\", 10)", json!(100)),
        ("parseint(\"FF\", 16)", json!(255)),
        ("parseint(\"-10\", 16)", json!(-16)),
        ("parseint(\"1011111011101111\", 2)", json!(48879)),
        ("parseint(\"aA\", 62)", json!(656)),
        ("pow(3, 2)", json!(9)),
        ("pow(4, 0)", json!(1)),
        ("pow(4, 0.5)", json!(2)),
        ("pow(2, -1)", json!(0.5)),
        ("signum(-13)", json!(-1)),
        ("signum(0)", json!(0)),
        ("signum(344)", json!(1)),
        ("tonumber(\"1e3\")", json!(1000)),
    ]);
    fails("${parseint(\"12\", 2)}", "\"12\"", "no whole number in base 2");
    fails("${parseint(\"\", 10)}", "\"\"", "no whole number");
    fails("${log(0, 10)}", "log(0, 10)", "no finite number");
    fails("${max()}", "max()", "needs the argument `number`");
    fails("${abs(\"x\")}", "\"x\"", "a number is required");
}

#[test]
fn strings() {
    table(&[
        ("chomp(\"hello\\n\")", json!("hello")),
        ("chomp(\"hello\\r\\n\\n\")", json!("hello")),
        ("endswith(\"hello world\", \"world\")", json!(true)),
        ("startswith(\"hello world\", \"world\")", json!(false)),
        ("strcontains(\"hello world\", \"wor\")", json!(true)),
        (
            "\"  items: ${indent(2, \"[\\n  foo,\\n  bar,\\n]\\n\")}\"",
            json!("  items: [\n    foo,\n    bar,\n  ]\n  "),
        ),
        ("join(\"-\", [\"foo\", \"bar\", \"baz\"])", json!("foo-bar-baz")),
        ("join(\", \", [\"foo\"])", json!("foo")),
        ("join(\",\", [\"a\"], toset([\"c\", \"b\"]))", json!("a,b,c")),
        ("join(\",\", [1, true])", json!("1,true")),
        ("lower(\"АЛЛО!\")", json!("алло!")),
        ("upper(\"hello\")", json!("HELLO")),
        ("title(\"hello world\")", json!("Hello World")),
        ("regex(\"[a-z]+\", \"53453453.345345aaabbbccc23454\")", json!("aaabbbccc")),
        (
            "regex(\"(\\\\d\\\\d\\\\d\\\\d)-(\\\\d\\\\d)-(\\\\d\\\\d)\", \"2019-02-01\")",
            json!(["2019", "02", "01"]),
        ),
        (
            "regex(\"^(?:(?P<scheme>[^:/?#]+):)?(?://(?P<authority>[^/?#]*))?\", \"https://terraform.io/docs/\")",
            json!({"authority": "terraform.io", "scheme": "https"}),
        ),
        ("regex(\"(a)|(b)\", \"b\")", json!([null, "b"])),
        ("regexall(\"[a-z]+\", \"1234abcd5678efgh9\")", json!(["abcd", "efgh"])),
        ("length(regexall(\"[a-z]+\", \"123456789\")) > 0", json!(false)),
        ("replace(\"1 + 2 + 3\", \"+\", \"-\")", json!("1 - 2 - 3")),
        ("replace(\"hello world\", \"/w.*d/\", \"everybody\")", json!("hello everybody")),
        ("replace(\"ab\", \"/(a)(b)/\", \"$2-$${1}\")", json!("b-a")),
        ("replace(\"a/b\", \"/\", \".\")", json!("a.b")),
        ("split(\",\", \"foo,bar,baz\")", json!(["foo", "bar", "baz"])),
        ("split(\",\", \"\")", json!([""])),
        ("strrev(\"hello\")", json!("olleh")),
        ("strrev(\"a ☃\")", json!("☃ a")),
        ("substr(\"hello world\", 1, 4)", json!("ello")),
        ("substr(\"🤔🤷\", 0, 1)", json!("🤔")),
        ("substr(\"hello world\", -5, -1)", json!("world")),
        ("substr(\"hello world\", 6, 10)", json!("world")),
        ("substr(\"hello\", 9, 2)", json!("")),
        ("trim(\"?!hello?!\", \"!?\")", json!("hello")),
        ("trim(\"  hello! world.!  \", \"! \")", json!("hello! world.")),
        ("trimprefix(\"helloworld\", \"hello\")", json!("world")),
        ("trimprefix(\"helloworld\", \"cat\")", json!("helloworld")),
        ("trimprefix(\"--hello\", \"-\")", json!("-hello")),
        ("trimsuffix(\"helloworld\", \"world\")", json!("hello")),
        ("trimspace(\"  hello\\n\\n\")", json!("hello")),
    ]);
    fails("${regex(\"[a-z]+\", \"53\")}", "\"53\"", "does not match");
    fails("${regex(\"(\", \"53\")}", "\"(\"", "regular expression");
    fails("${regex(\"(?P<a>x)(y)\", \"xy\")}", "\"(?P<a>x)(y)\"", "named and unnamed");
}

#[test]
fn formats() {
    table(&[
        ("format(\"Hello, %s!\", \"Ander\")", json!("Hello, Ander!")),
        ("format(\"There are %d lights\", 4)", json!("There are 4 lights")),
        ("format(\"%s%02d\", \"foo\", 1)", json!("foo01")),
        ("format(\"%[2]s-%[1]s\", \"a\", \"b\")", json!("b-a")),
        ("format(\"%[2]s\", \"a\", \"b\")", json!("b")),
        ("format(\"%v %v %v %v\", \"a\", 1.5, true, null)", json!("a 1.5 true null")),
        ("format(\"%v\", [1, \"a\"])", json!("[1,\"a\"]")),
        ("format(\"%#v\", \"a\")", json!("\"a\"")),
        ("format(\"%v\", 999999)", json!("999999")),
        ("format(\"%v\", 1234567)", json!("1.234567e+06")),
        ("format(\"%d\", 1234567)", json!("1234567")),
        ("format(\"%s\", 1234567)", json!("1234567")),
        ("format(\"%q\", \"a\\\"<\")", json!("\"a\\\"\\u003c\"")),
        ("format(\"%t\", \"true\")", json!("true")),
        ("format(\"%b %o %x %X\", 5, 8, 255, 255)", json!("101 10 ff FF")),
        ("format(\"%#x\", 255)", json!("0xff")),
        ("format(\"%e\", 123456)", json!("1.234560e+05")),
        ("format(\"%.2e\", 0.00012)", json!("1.20e-04")),
        (
            "format(\"%f|%.2f|%9.2f|%-9.2f|\", 1.5, 1.25, 3.14159, 3.14159)",
            json!("1.500000|1.25|     3.14|3.14     |"),
        ),
        ("format(\"%g %g %g\", 1.5, 100000, 1000000)", json!("1.5 100000 1e+06")),
        ("format(\"%.3g\", 1234.5)", json!("1.23e+03")),
        ("format(\"%.3g\", 12.345)", json!("12.3")),
        ("format(\"%+d % d %05d %-5d|\", 5, 5, -42, 7)", json!("+5  5 -0042 7    |")),
        ("format(\"%5s|%-5s|%.2s\", \"ab\", \"ab\", \"abc\")", json!("   ab|ab   |ab")),
        ("format(\"100%%\")", json!("100%")),
        (
            "formatlist(\"Hello, %s!\", [\"Valentina\", \"Ander\"])",
            json!(["Hello, Valentina!", "Hello, Ander!"]),
        ),
        (
            "formatlist(\"%s, %s!\", \"Salutations\", [\"Olivia\", \"Sam\"])",
            json!(["Salutations, Olivia!", "Salutations, Sam!"]),
        ),
        ("formatlist(\"%s\", [])", json!([])),
        ("formatlist(\"%s=%d\", [\"a\", \"b\"], [1, 2])", json!(["a=1", "b=2"])),
    ]);
    fails("${format(\"%s\")}", "\"%s\"", "no argument 1");
    fails("${format(\"%s\", \"a\", \"b\")}", "\"b\"", "uses 1 of 2");
    fails("${format(\"%y\", 1)}", "\"%y\"", "`%y`");
    fails("${format(\"%\", 1)}", "\"%\"", "`%`");
    fails("${format(\"%d\", \"x\")}", "\"x\"", "a number is required");
    fails("${format(\"%s\", null)}", "null", "must not be null");
    fails("${formatlist(\"%s%s\", [1], [1, 2])}", "[1, 2]", "one length");
}

#[test]
fn collections() {
    table(&[
        ("alltrue([\"true\", true])", json!(true)),
        ("alltrue([true, false])", json!(false)),
        ("alltrue([])", json!(true)),
        ("anytrue([true, false])", json!(true)),
        ("anytrue([])", json!(false)),
        (
            "chunklist([\"a\", \"b\", \"c\", \"d\", \"e\"], 2)",
            json!([["a", "b"], ["c", "d"], ["e"]]),
        ),
        ("chunklist([\"a\", \"b\"], 0)", json!([["a", "b"]])),
        ("coalesce(\"a\", \"b\")", json!("a")),
        ("coalesce(\"\", \"b\")", json!("b")),
        ("coalesce(1, 2)", json!(1)),
        ("coalesce([\"\", \"b\"]...)", json!("b")),
        ("coalesce(1, \"b\")", json!("1")),
        ("coalescelist([], [\"c\", \"d\"])", json!(["c", "d"])),
        ("compact([\"a\", \"\", \"b\", null, \"c\"])", json!(["a", "b", "c"])),
        ("concat([\"a\", \"\"], [\"b\", \"c\"])", json!(["a", "", "b", "c"])),
        ("contains([\"a\", \"b\", \"c\"], \"a\")", json!(true)),
        ("contains([\"a\", \"b\", \"c\"], \"d\")", json!(false)),
        ("contains(toset([\"a\"]), \"a\")", json!(true)),
        ("contains([\"1\"], 1)", json!(false)),
        ("distinct([\"a\", \"b\", \"a\", \"c\", \"d\", \"b\"])", json!(["a", "b", "c", "d"])),
        ("element([\"a\", \"b\", \"c\"], 1)", json!("b")),
        ("element([\"a\", \"b\", \"c\"], 3)", json!("a")),
        ("element([\"a\", \"b\", \"c\"], -1)", json!("c")),
        ("flatten([[\"a\", \"b\"], [], [\"c\"]])", json!(["a", "b", "c"])),
        ("flatten([[[\"a\", \"b\"], []], [\"c\"]])", json!(["a", "b", "c"])),
        ("flatten([\"a\", [\"b\"]])", json!(["a", "b"])),
        ("index([\"a\", \"b\", \"c\"], \"b\")", json!(1)),
        ("keys({\"a\" = 1, \"c\" = 2, \"d\" = 3})", json!(["a", "c", "d"])),
        ("length([])", json!(0)),
        ("length({\"a\" = \"b\"})", json!(1)),
        ("length(\"hello\")", json!(5)),
        ("length(\"☃é\")", json!(2)),
        ("lookup({a=\"ay\", b=\"bee\"}, \"a\", \"what?\")", json!("ay")),
        ("lookup({a=\"ay\", b=\"bee\"}, \"c\", \"what?\")", json!("what?")),
        ("lookup({a=1}, \"c\", null)", json!(null)),
        (
            "matchkeys([\"i-123\", \"i-abc\", \"i-def\"], [\"us-west\", \"us-east\", \"us-east\"], [\"us-east\"])",
            json!(["i-abc", "i-def"]),
        ),
        ("merge({a=\"b\", c=\"d\"}, {e=\"f\", c=\"z\"})", json!({"a": "b", "c": "z", "e": "f"})),
        ("merge({a=\"b\"}, null, {a=[1,2]})", json!({"a": [1, 2]})),
        ("merge()", json!({})),
        ("merge([{a = 1}, {b = 2}]...)", json!({"a": 1, "b": 2})),
        ("one([])", json!(null)),
        ("one([\"hello\"])", json!("hello")),
        ("one(toset([\"hello\"]))", json!("hello")),
        ("range(3)", json!([0, 1, 2])),
        ("range(1, 4)", json!([1, 2, 3])),
        ("range(1, 8, 2)", json!([1, 3, 5, 7])),
        ("range(1, 4, 0.5)", json!([1, 1.5, 2, 2.5, 3, 3.5])),
        ("range(4, 1)", json!([4, 3, 2])),
        ("range(10, 5, -2)", json!([10, 8, 6])),
        ("range(0)", json!([])),
        ("reverse([1, 2, 3])", json!([3, 2, 1])),
        ("slice([\"a\", \"b\", \"c\", \"d\"], 1, 3)", json!(["b", "c"])),
        ("sort([\"e\", \"d\", \"a\", \"x\"])", json!(["a", "d", "e", "x"])),
        ("sum([10, 13, 6, 4.5])", json!(33.5)),
        (
            "transpose({\"a\" = [\"1\", \"2\"], \"b\" = [\"2\", \"3\"]})",
            json!({"1": ["a"], "2": ["a", "b"], "3": ["b"]}),
        ),
        ("values({\"a\" = 3, \"c\" = 2, \"d\" = 1})", json!([3, 2, 1])),
        ("zipmap([\"a\", \"b\"], [1, 2])", json!({"a": 1, "b": 2})),
        ("setintersection([\"a\", \"b\"], [\"b\", \"c\"], [\"b\", \"d\"])", json!(["b"])),
        ("setsubtract([\"a\", \"b\", \"c\"], [\"a\", \"c\"])", json!(["b"])),
        ("setunion([\"a\", \"b\"], [\"b\", \"c\"], [\"d\"])", json!(["a", "b", "c", "d"])),
        (
            "setproduct([\"x\", \"y\"], [\"a\", 2])",
            json!([["x", "a"], ["x", "2"], ["y", "a"], ["y", "2"]]),
        ),
        ("setproduct([\"a\"], [])", json!([])),
    ]);
    fails("${lookup({name = 1}, \"nmae\")}", "\"nmae\"", "did you mean \"name\"?");
    fails("${element([], 0)}", "[]", "empty");
    fails("${index([1], 2)}", "2", "not in the list");
    fails("${one([1, 2])}", "[1, 2]", "there are 2");
    fails("${coalesce(\"\", null)}", "coalesce(\"\", null)", "every argument");
    fails("${range(1, 2, -1)}", "-1", "leads away");
    fails("${range(1, 2, 0)}", "0", "must not be 0");
    fails("${range(2000)}", "range(2000)", "1024");
    fails("${slice([1], 0, 2)}", "2", "from 0 to 1");
    fails("${zipmap([\"a\"], [])}", "[]", "as many values as keys");
    fails("${merge({}, [1])}", "[1]", "a map is required");
    fails("${sum([])}", "[]", "empty");
    fails("${keys([1])}", "[1]", "a map is required");
    fails("${length(5)}", "5", "this is a number");
}

#[test]
fn conversions() {
    table(&[
        ("tobool(\"true\")", json!(true)),
        ("tobool(null)", json!(null)),
        ("tonumber(\"1.5\")", json!(1.5)),
        ("tostring(1)", json!("1")),
        ("tostring(true)", json!("true")),
        ("tolist([\"a\", \"b\", 3])", json!(["a", "b", "3"])),
        ("tolist(toset([\"b\", \"a\"]))", json!(["a", "b"])),
        ("tomap({\"a\" = \"foo\", \"b\" = true})", json!({"a": "foo", "b": "true"})),
        ("toset([\"c\", \"b\", \"b\"])", json!(["b", "c"])),
        ("toset([\"a\", \"b\", 3])", json!(["3", "a", "b"])),
        ("toset([\"a\"]) == toset([\"a\", \"a\"])", json!(true)),
    ]);
    assert_eq!(value("${toset([2, 1, 2])}"), Value::Set(vec![1.into(), 2.into()]));
    fails("${tobool(\"no\")}", "\"no\"", "neither");
    fails("${tonumber(\"no\")}", "\"no\"", "a number is required");
    fails("${tonumber(\"\")}", "\"\"", "a number is required");
    fails("${tonumber(\"inf\")}", "\"inf\"", "a number is required");
    fails("${tostring([])}", "[]", "this is a list");
    fails("${tolist({})}", "{}", "cannot become a list");
}

#[test]
fn encodings() {
    table(&[
        ("base64encode(\"Hello World\")", json!("SGVsbG8gV29ybGQ=")),
        ("base64decode(\"SGVsbG8gV29ybGQ=\")", json!("Hello World")),
        (
            "csvdecode(\"a,b,c\\n1,2,3\\n4,\\\"5,\\\"\\\"x\\\"\\\"\\\",6\\r\\n\\n\")",
            json!([{"a": "1", "b": "2", "c": "3"}, {"a": "4", "b": "5,\"x\"", "c": "6"}]),
        ),
        (
            "jsondecode(\"{\\\"hello\\\": [\\\"world\\\", 1.0, null]}\")",
            json!({"hello": ["world", 1, null]}),
        ),
        ("jsonencode({\"hello\"=\"world\"})", json!("{\"hello\":\"world\"}")),
        (
            "jsonencode({b = [1, 2.5, null, true], a = \"<&>\\\"\\n\"})",
            json!("{\"a\":\"\\u003c\\u0026\\u003e\\\"\\n\",\"b\":[1,2.5,null,true]}"),
        ),
        ("jsonencode(toset([\"b\", \"a\"]))", json!("[\"a\",\"b\"]")),
        ("jsonencode(\"é\\u2028\")", json!("\"é\\u2028\"")),
        ("urlencode(\"Hello World!\")", json!("Hello+World%21")),
        ("urlencode(\"☃\")", json!("%E2%98%83")),
        ("urlencode(\"a-_.~*/\")", json!("a-_.~%2A%2F")),
    ]);
    fails("${base64decode(\"???\")}", "\"???\"", "not base64");
    fails("${base64decode(\"/w==\")}", "\"/w==\"", "not UTF-8");
    fails("${jsondecode(\"{\")}", "\"{\"", "not JSON");
    fails("${csvdecode(\"a,b\\n1\")}", "\"a,b\\n1\"", "row 1 has 1 fields");
    fails("${csvdecode(\"a,a\\n1,2\")}", "\"a,a\\n1,2\"", "two columns");
}

#[test]
fn hashes() {
    table(&[
        ("md5(\"hello world\")", json!("5eb63bbbe01eeed093cb22bb8f5acdc3")),
        ("sha1(\"hello world\")", json!("2aae6c35c94fcfb415dbe95f408b9ce91ee846ed")),
        (
            "sha256(\"hello world\")",
            json!("b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"),
        ),
        ("base64sha256(\"hello world\")", json!("uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=")),
        (
            "base64sha512(\"hello world\")",
            json!(
                "MJ7MSJwS1utMxA9QyQLytNDtd+5RGnx6m808qG1M2G+YndNbxf9JlnDaNCVbRbDP2DDoH2Bdz33FVC6TrpzXbw=="
            ),
        ),
        ("length(sha512(\"\"))", json!(128)),
        ("uuidv5(\"dns\", \"www.terraform.io\")", json!("a5008fae-b28c-5ba5-96cd-82b4c53552d6")),
        (
            "uuidv5(\"url\", \"https://www.terraform.io/\")",
            json!("9db6f67c-dd95-5ea0-aa5b-e70e5c5f7cf5"),
        ),
        ("uuidv5(\"oid\", \"1.3.6.1.4\")", json!("af9d40a5-7a36-5c07-b23a-851cd99fbfa5")),
        ("uuidv5(\"x500\", \"CN=Example,C=GB\")", json!("84e09961-4aa4-57f8-95b7-03edb1073253")),
        (
            "uuidv5(\"743ac3c0-3bf7-4a5b-9e6c-59360447c757\", \"LIBS:diskfont.library\")",
            json!("ede1a974-df7e-5f17-84b9-76208818b2c8"),
        ),
    ]);
    fails("${uuidv5(\"nope\", \"a\")}", "\"nope\"", "namespace");
}

#[test]
fn networks() {
    table(&[
        ("cidrhost(\"10.12.112.0/20\", 16)", json!("10.12.112.16")),
        ("cidrhost(\"10.12.112.0/20\", 268)", json!("10.12.113.12")),
        ("cidrhost(\"10.0.0.0/8\", -2)", json!("10.255.255.254")),
        ("cidrhost(\"fd00:fd12:3456:7890:00a2::/72\", 34)", json!("fd00:fd12:3456:7890::22")),
        ("cidrnetmask(\"172.16.0.0/12\")", json!("255.240.0.0")),
        ("cidrnetmask(\"0.0.0.0/0\")", json!("0.0.0.0")),
        ("cidrsubnet(\"172.16.0.0/12\", 4, 2)", json!("172.18.0.0/16")),
        ("cidrsubnet(\"10.1.2.0/24\", 4, 15)", json!("10.1.2.240/28")),
        (
            "cidrsubnet(\"fd00:fd12:3456:7890::/56\", 16, 162)",
            json!("fd00:fd12:3456:7800:a200::/72"),
        ),
        ("cidrsubnet(\"10.1.2.3/16\", 0, 0)", json!("10.1.0.0/16")),
        ("cidrsubnet(\"0.0.0.0/0\", 32, 4294967295)", json!("255.255.255.255/32")),
        (
            "cidrsubnets(\"10.1.0.0/16\", 4, 4, 8, 4)",
            json!(["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"]),
        ),
        (
            "cidrsubnets(\"fd00:fd12:3456:7890::/56\", 16, 16, 16, 32)",
            json!([
                "fd00:fd12:3456:7800::/72",
                "fd00:fd12:3456:7800:100::/72",
                "fd00:fd12:3456:7800:200::/72",
                "fd00:fd12:3456:7800:300::/88"
            ]),
        ),
        (
            "[for c in cidrsubnets(\"10.0.0.0/8\", 8, 8) : cidrsubnets(c, 4, 4)]",
            json!([["10.0.0.0/20", "10.0.16.0/20"], ["10.1.0.0/20", "10.1.16.0/20"]]),
        ),
        ("cidrsubnets(\"::/0\", 1, 1)", json!(["::/1", "8000::/1"])),
        ("cidrsubnets(\"10.0.0.0/8\")", json!([])),
    ]);
    fails("${cidrsubnet(\"10.0.0.0/16\", 3, 8)}", "8", "from 0 to 7");
    fails("${cidrsubnet(\"10.0.0.0/16\", 17, 0)}", "17", "cannot be extended by 17");
    fails("${cidrsubnet(\"10.0.0.0/16\", 3, -1)}", "-1", "from 0 to 7");
    fails("${cidrsubnet(\"10.0.0.0\", 3, 0)}", "\"10.0.0.0\"", "there is no `/`");
    fails("${cidrsubnet(\"10.0.0/16\", 3, 0)}", "\"10.0.0/16\"", "address is wrong");
    fails("${cidrsubnet(\"10.0.0.0/33\", 3, 0)}", "\"10.0.0.0/33\"", "too long");
    fails("${cidrsubnet(\"10.0.0.0/16\", 1.5, 0)}", "1.5", "whole number");
    fails("${cidrhost(\"10.0.0.0/30\", 4)}", "4", "no host 4");
    fails("${cidrhost(\"10.0.0.0/30\", -5)}", "-5", "no host -5");
    fails("${cidrnetmask(\"::/0\")}", "\"::/0\"", "only IPv4");
    fails("${cidrsubnets(\"10.0.0.0/24\", 1, 1, 1)}", "1", "no room left");
    fails("${cidrsubnets(\"::/0\", 1, 1, 1)}", "1", "no room left");
}

#[test]
fn dates() {
    let at = "\"2018-01-02T23:12:01Z\"";
    for (spec, expected) in [
        ("DD MMM YYYY hh:mm ZZZ", "02 Jan 2018 23:12 UTC"),
        ("EEEE, DD-MMM-YY hh:mm:ss ZZZ", "Tuesday, 02-Jan-18 23:12:01 UTC"),
        ("MMM DD, YYYY", "Jan 02, 2018"),
        ("HH:mmaa", "11:12pm"),
        ("YYYY-MM-DD'T'hh:mm:ssZ", "2018-01-02T23:12:01Z"),
    ] {
        check(&format!("formatdate(\"{spec}\", {at})"), &json!(expected));
    }
    table(&[
        (
            "formatdate(\"EEE, DD MMM YYYY hh:mm:ss ZZZ\", \"2018-01-02T23:12:01-08:00\")",
            json!("Tue, 02 Jan 2018 23:12:01 -0800"),
        ),
        ("formatdate(\"h'h'mm\", \"2018-01-02T23:12:01-08:00\")", json!("23h12")),
        ("formatdate(\"H 'o''clock'\", \"2018-01-02T23:12:01-08:00\")", json!("11 o'clock")),
        ("formatdate(\"ZZZZZ Z\", \"2018-01-02T23:12:01+05:30\")", json!("+05:30 +05:30")),
        ("timeadd(\"2017-11-22T00:00:00Z\", \"10m\")", json!("2017-11-22T00:10:00Z")),
        ("timeadd(\"2017-11-22T00:00:00+02:00\", \"-1h30m\")", json!("2017-11-21T22:30:00+02:00")),
        ("timeadd(\"2017-11-22T00:00:00Z\", \"1.5h\")", json!("2017-11-22T01:30:00Z")),
        ("timecmp(\"2017-11-22T00:00:00Z\", \"2017-11-22T00:00:00Z\")", json!(0)),
        ("timecmp(\"2017-11-22T00:00:00Z\", \"2017-11-22T01:00:00Z\")", json!(-1)),
        ("timecmp(\"2017-11-22T01:00:00Z\", \"2017-11-22T00:00:00Z\")", json!(1)),
        ("timecmp(\"2017-11-22T01:00:00Z\", \"2017-11-22T00:00:00-01:00\")", json!(0)),
    ]);
    fails("${timeadd(\"2017-11-22\", \"1h\")}", "\"2017-11-22\"", "no timestamp");
    fails("${timeadd(\"2017-11-22T00:00:00Z\", \"1 day\")}", "\"1 day\"", "no duration");
    fails("${timeadd(\"2017-11-22T00:00:00Z\", \"1é\")}", "\"1é\"", "no duration");
    fails("${formatdate(\"QQ\", \"2017-11-22T00:00:00Z\")}", "\"QQ\"", "`QQ`");
    fails("${formatdate(\"'x\", \"2017-11-22T00:00:00Z\")}", "\"'x\"", "never closed");
}

#[test]
fn paths() {
    table(&[
        ("basename(\"foo/bar/baz.txt\")", json!("baz.txt")),
        ("dirname(\"foo/bar/baz.txt\")", json!("foo/bar")),
    ]);
    fails("${file(\"no.txt\")}", "\"no.txt\"", "no such file");
}

/// Every function is called with every kind of value, alone and twice: none may panic, and none may
/// lose that an argument was unknown or sensitive by accident.
#[test]
fn nothing_panics() {
    let odd = [
        "null",
        "true",
        "-1",
        "1.5",
        "1e300",
        "\"\"",
        "\"é\"",
        "\"10.0.0.0/8\"",
        "[]",
        "[null]",
        "[[1], \"a\"]",
        "{}",
        "{a = null}",
        "toset([\"a\"])",
        "var.unknown",
        "var.secret",
        "var.partly",
        "var.mixed",
        "var.partly_map",
    ];
    for name in functions::names() {
        for a in odd {
            let _ = super::evaluate_tests::eval(&format!("${{{name}({a})}}"));
            for b in odd {
                let _ = super::evaluate_tests::eval(&format!("${{{name}({a}, {b})}}"));
            }
            for b in ["null", "-1", "1e300", "\"\"", "[]", "var.unknown", "var.mixed"] {
                let _ = super::evaluate_tests::eval(&format!("${{{name}({a}, {b}, {b})}}"));
            }
        }
        let Ok(secret) = super::evaluate_tests::eval(&format!("${{{name}(var.secret)}}")) else {
            continue;
        };
        let shows = ["nonsensitive", "issensitive", "can"].contains(&name);
        assert_eq!(secret.contains_sensitive(), !shows, "{name}: {secret:?}");
    }
}
