//! What is wrong before anything runs.

use super::{Written, env};
use crate::diagnostic::Diagnostics;
use crate::expr::Ty;

fn check(source: &str) -> (Option<Ty>, Vec<String>) {
    let written = Written::block(source);
    let expression = written.read().unwrap_or_else(|problems| panic!("`{source}`: {problems:?}"));
    let mut out = Diagnostics::new();
    let ty = expression.check(&env(), &mut out);
    (ty, out.iter().map(|problem| written.words(problem)).collect())
}

fn fault(source: &str) -> String {
    let (ty, mut problems) = check(source);
    assert!(ty.is_none() && problems.len() == 1, "`{source}`: {ty:?} {problems:?}");
    problems.remove(0)
}

fn ty(source: &str) -> String {
    let (ty, problems) = check(source);
    assert!(problems.is_empty(), "`{source}`: {problems:?}");
    ty.expect("no problem, so a type").to_string()
}

#[test]
fn types_are_known() {
    for (source, expected) in [
        ("response.items.map(i, i.price)[0]", "an int"),
        ("response.items.filter(i, i.price > 1)[0].name", "a string"),
        ("count + 1u", "a uint"),
        ("response.color", "an enum `t.Color`"),
        ("response.by_id[1].tags", "a list"),
        ("response.wrapped", "a value"),
        ("response.any.whatever.it[0].holds", "a value"),
        ("response.at - response.at", "a duration"),
        ("response.?maybe.orValue(1)", "an int"),
        ("who + 'x'", "a string"),
        ("response.item", "a message `t.Item`"),
        ("status.code", "an int"),
        ("env.HOME", "a string"),
        ("servers.greeter.address", "a string"),
        ("response.numbers.sort()", "a list"),
        ("[1, 'a'][0]", "a value"),
    ] {
        assert_eq!(ty(source), expected, "{source}");
    }
}

#[test]
fn unknown_names_and_fields_are_told() {
    for (source, expected) in [
        ("respnse.b", "respnse: `respnse` is not defined | no such name | did you mean `response`?"),
        ("response.itms.size() > 0", "itms: unknown field `itms` | not a field of `t.M` | did you mean `items`?"),
        (
            "response.items[0].nmae == ''",
            "nmae: unknown field `nmae` | not a field of `t.Item` | did you mean `name`? | its fields are `name`, `price`, `note` or `tags`",
        ),
        (
            "response.items.all(i, i.nmae == '')",
            "nmae: unknown field `nmae` | not a field of `t.Item` | did you mean `name`? | its fields are `name`, `price`, `note` or `tags`",
        ),
        ("response.items.all(item, itm.name == '')", "itm: `itm` is not defined | no such name | did you mean `item`?"),
        (
            "response.by_id[1].price_ == 1",
            "price_: unknown field `price_` | not a field of `t.Item` | did you mean `price`? | its fields are `name`, `price`, `note` or `tags`",
        ),
        (
            "status.cod == 1",
            "cod: `status` has no `cod` | no such member | did you mean `code`? | it has `code`, `details` or `message`",
        ),
        (
            "has(response.item.nme)",
            "nme: unknown field `nme` | not a field of `t.Item` | did you mean `name`? | its fields are `name`, `price`, `note` or `tags`",
        ),
        (
            "None == 1",
            "None: `None` is not defined | no such name | write `null`, or ask `has(…)` whether a field is set",
        ),
        ("uuid == ''", "uuid: `uuid` is a function | not a value | call it: `uuid(…)`"),
        (
            "env == ''",
            "env: `env` is no value | it holds the environment's variables | write `env.NAME`, as in `env.HOME`",
        ),
    ] {
        let found = fault(source);
        assert!(found.starts_with(expected), "{source}\n{found}\n{expected}");
    }
    assert!(fault("zebra == 1").starts_with("zebra: `zebra` is not defined | no such name | known here: "));
}

#[test]
fn unknown_functions_and_their_arguments_are_told() {
    for (source, expected) in [
        (
            "response.s.length() > 1",
            "length: there is no function `length` | no such function | it is written `size()` here",
        ),
        (
            "response.s.length > 1",
            "length: a string has no fields | not a message or a map | write `response.s.size()`",
        ),
        (
            "response.items.len > 1",
            "len: a list has no fields | not a message or a map | write `response.items.size()`",
        ),
        (
            "response.items.name == ''",
            "name: a list has no fields | not a message or a map | one element: `response.items[0].name` | all of them: `response.items.map(x, x.name)`",
        ),
        (
            "len(response.items) > 1",
            "len: there is no function `len` | no such function | it is written `size(…)`, or `list.size()` here",
        ),
        (
            "response.s.startWith('a')",
            "startWith: there is no function `startWith` | no such function | did you mean `startsWith`?",
        ),
        (
            "contains(response.s, 'a')",
            "contains: `contains` is called on a value | called on nothing | write `text.contains(text)`",
        ),
        ("response.s.uuid() == ''", "uuid: `uuid` is not called on a value | called on `response.s` | write `uuid()`"),
        (
            "greatest(1, 2) == 2",
            "greatest: there is no function `greatest` | no such function | write `math.greatest(1, 2)`",
        ),
        ("math.absolute(1) == 1", "absolute: there is no function `math.absolute` | no such function | known here: "),
        (
            "response.s.startsWith() ",
            "startsWith: `startsWith` takes 1 argument | found 0 | as in `text.startsWith(text)`",
        ),
        (
            "response.s.replace('a') == ''",
            "replace: `replace` takes 2 or 3 arguments | found 1 | as in `text.replace(text, text, number)`",
        ),
        ("response.s.startsWith(1)", "1: `startsWith` takes a string here | this is an int | write `string(1)`"),
        (
            "response.i32.startsWith('1')",
            "startsWith: `startsWith` cannot be called on an int | it is called on a string | as text: `string(response.i32).startsWith(…)`",
        ),
        (
            "response.color.startsWith('R')",
            "startsWith: `startsWith` cannot be called on an enum `t.Color` | it is called on a string | the name of the enum's value: `string(response.color).startsWith(…)`",
        ),
        ("size(1) == 1", "1: `size` takes a string, bytes, a list or a map here | this is an int"),
        ("response.items.all(i.price > 0)", "all: `all` takes 2 arguments | found 1 | as in `list.all(x, x > 0)`"),
        (
            "response.items.all(1, true)",
            "1: a name is wanted here | it stands for each element | as in `list.all(x, x > 0)`",
        ),
        ("response.i32.all(x, x > 0)", "response.i32: `all` goes over a list or a map | this is an int"),
        (
            "response.items.all(i, i.price)",
            "i.price: `all` takes what is true or false | this is an int | compare it, as in `i.price != 0`",
        ),
        ("has(response)", "response: `has` asks for a field | not a field | as in `has(response.user)`"),
        (
            "has(response.counts['a'])",
            "response.counts['a']: `has` asks for a field | not a field | whether a map has a key: `'key' in map`; a list, `list.size() > 2`",
        ),
        (
            "response.s.matches('[a')",
            "'[a': this is not a regular expression | unclosed character class | the syntax is that of Rust's `regex`; in `r'…'` a backslash is itself",
        ),
        ("elapsed < duration('5 minutes')", "duration('5 minutes'): `duration` failed | "),
        ("base64.encode(response.s) == ''", "response.s: `base64.encode` takes bytes here"),
        (
            "free_port() == 1",
            "free_port: `free_port` is not known here | only the `start` and `address` of a server know it",
        ),
    ] {
        let found = fault(source);
        let expected = expected.replace("`base64.encode` takes", "`encode` takes");
        assert!(found.starts_with(&*expected), "{source}\n{found}\n{expected}");
    }
}

#[test]
fn types_that_do_not_go_together_are_told() {
    for (source, expected) in [
        ("who + 1 == ''", "who + 1: `+` does not take these values | a string and an int | as text: `string(1)`"),
        (
            "response.i32 && true",
            "response.i32: `&&` takes what is true or false | this is an int | compare it, as in `response.i32 != 0`",
        ),
        (
            "!response.s",
            "response.s: `!` takes what is true or false | this is a string | is it empty? `response.s == ''`",
        ),
        (
            "response.items || true",
            "response.items: `||` takes what is true or false | this is a list | is it empty? `response.items.size() == 0`",
        ),
        (
            "response.color == 'BLUE'",
            "'BLUE': `BLUE` is no value of this enum | not a name of the enum `t.Color` | its values are `COLOR_UNSPECIFIED`, `RED` or `GREEN`",
        ),
        (
            "response.color == 'GREN'",
            "'GREN': `GREN` is no value of this enum | not a name of the enum `t.Color` | did you mean `GREEN`? | its values are `COLOR_UNSPECIFIED`, `RED` or `GREEN`",
        ),
        (
            "response.color in ['RED', 'unspecified']",
            "'unspecified': `unspecified` is no value of this enum | not a name of the enum `t.Color` | did you mean `COLOR_UNSPECIFIED`? | its values are `COLOR_UNSPECIFIED`, `RED` or `GREEN`",
        ),
        (
            "response.color == GREEN",
            "GREEN: `GREEN` is not defined | no such name | the name of an enum's value is written in quotes: `'GREEN'`",
        ),
        (
            "response.i32 == '1'",
            "response.i32 == '1': these are never equal | an int and a string | write the number without quotes: `1`",
        ),
        (
            "response.s == 1",
            "response.s == 1: these are never equal | a string and an int | text is written in quotes: `'1'`",
        ),
        (
            "response.b == 'true'",
            "response.b == 'true': these are never equal | a bool and a string | write `true` without quotes",
        ),
        (
            "response.item == null",
            "response.item == null: these are never equal | a message `t.Item` and null | a field that is not set reads as its default; ask `!has(response.item)`",
        ),
        (
            "response.item != null",
            "response.item != null: these are never equal | a message `t.Item` and null | a field that is not set reads as its default; ask `has(response.item)`",
        ),
        (
            "elapsed < '200ms'",
            "elapsed < '200ms': these have no order with each other | a duration and a string | a duration is written `duration('200ms')`",
        ),
        (
            "elapsed < 2",
            "elapsed < 2: these have no order with each other | a duration and an int | a duration is written with its unit: `duration('200ms')`",
        ),
        (
            "response.at > '2024-01-01T00:00:00Z'",
            "response.at > '2024-01-01T00:00:00Z': these have no order with each other | a timestamp and a string | a timestamp is written `timestamp('2024-01-01T00:00:00Z')`",
        ),
        ("response.items > 1", "response.items > 1: these have no order with each other | a list and an int"),
        (
            "response.s[0] == 'a'",
            "0: a string has no elements | not a list or a map | a character is `response.s.charAt(0)`, a part `response.s.substring(0, 3)`",
        ),
        ("response.items['0'].name == ''", "'0': an element of a list is told by its number | this is a string"),
        (
            "response.items[-1].name == ''",
            "-1: elements are counted from 0 | before the first | the last one: `response.items[response.items.size() - 1]`",
        ),
        ("response.counts[1] == 1", "1: the keys of this map are strings | this is an int"),
        (
            "response['item'] == 1",
            "'item': `t.M` is a message, neither list nor map | not an index | a field is written `message.field`",
        ),
        (
            "'a' in response.s",
            "response.s: `in` looks into a list or a map | this is a string | a part of a text is `response.s.contains('a')`",
        ),
        (
            "'a' in response.numbers",
            "'a' in response.numbers: no element is ever equal to it | a string, and elements that are ints",
        ),
        ("response.i32.x == 1", "x: an int has no fields | not a message or a map"),
        (
            "response.at.seconds > 1",
            "seconds: a timestamp has no fields | not a message or a map | seconds since 1970: `int(response.at)`; parts: `response.at.getFullYear()`",
        ),
        ("response.?maybe == 1", "response.?maybe == 1: these are never equal | an optional and an int"),
        (
            "response.?maybe",
            "response.?maybe: an optional is no value | it may be none | say what to take then: `.orValue('otherwise')`",
        ),
        ("response.d % 2 == 0.0", "%: `%` takes whole numbers | found a double and an int"),
        ("-who == ''", "who: `-` takes a number or a duration | this is a string"),
        (
            "response.i32 ? 1 : 2",
            "response.i32: `?` takes what is true or false | this is an int | compare it, as in `response.i32 != 0`",
        ),
        (
            "{response.item: 1}.size() == 1",
            "response.item: a key is a text, a whole number or a bool | this is a message `t.Item`",
        ),
    ] {
        let found = fault(source);
        assert_eq!(found, expected, "{source}");
    }
}

#[test]
fn several_faults_are_told_at_once() {
    let (_, problems) = check("response.nope == 1 && who + 1 == '' && zebra.x || response.items.all(i, i.b)");
    assert_eq!(problems.len(), 4, "{problems:?}");
}

#[test]
fn what_is_not_known_is_left_alone() {
    for source in [
        "response.value + 1 == 2 && response.value.x[0].y == 'z'",
        "response.any.name.startsWith('a')",
        "response.wrapped == null || response.wrapped > 1",
        "response.struct.a.b == 1",
        "[1, 'a'].exists(x, x == 1)",
        "size(response.value) == 1 && response.value.all(x, x)",
        "type(response.value) == string",
    ] {
        assert_eq!(check(source).1, Vec::<String>::new(), "{source}");
    }
}
