//! Names as the generators of other languages make them.

use prost_reflect::{EnumDescriptor, MessageDescriptor};

/// What `r#` stands before in Rust.
const KEYWORDS: [&str; 53] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static",
    "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield", "i128", "u128", "Self", "union", "raw", "safe",
];

/// The words of a name: they end before `_`, before a capital behind a small letter, and before the last
/// capital of several.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (place, &c) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map_or('_', |place| letters[place]);
        let after = letters.get(place + 1).copied().unwrap_or('_');
        let capital = c.is_ascii_uppercase();
        let begins = capital && (before.is_ascii_lowercase() || before.is_ascii_digit())
            || capital && before.is_ascii_uppercase() && after.is_ascii_lowercase();
        if (c == '_' || begins) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c != '_' {
            word.push(c);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// `book_count`.
pub(crate) fn snake(name: &str) -> String {
    let words: Vec<String> = words(name)
        .iter()
        .map(|word| word.to_ascii_lowercase())
        .collect();
    words.join("_")
}

/// `BookCount`; a type of Rust cannot be called `Self`.
pub(super) fn camel(name: &str) -> String {
    let name: String = words(name)
        .iter()
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_ascii_uppercase().to_string() + &letters.as_str().to_ascii_lowercase()
            })
        })
        .collect();
    if name == "Self" {
        return "Self_".to_owned();
    }
    name
}

/// A name that is no keyword of Rust.
pub(super) fn identifier(name: &str) -> String {
    match name {
        "self" | "super" | "crate" | "extern" => format!("{name}_"),
        name if KEYWORDS.contains(&name) => format!("r#{name}"),
        name => name.to_owned(),
    }
}

/// `pkg.Outer.Inner` as prost has it: `pkg::outer::Inner`, without `pkg` at home.
pub(super) fn rust_path(full_name: &str, package: &str, home: &str) -> String {
    let names = if package.is_empty() {
        full_name
    } else {
        full_name.get(package.len() + 1..).unwrap_or(full_name)
    };
    let mut parts: Vec<&str> = names.split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let packages = package
        .split('.')
        .filter(|part| package != home && !part.is_empty());
    let mut path: Vec<String> = packages
        .chain(parts)
        .map(|part| identifier(&snake(part)))
        .collect();
    path.push(camel(last));
    path.join("::")
}

/// A value of an enum: prost takes the enum's name off its values.
pub(super) fn rust_variant(descriptor: &EnumDescriptor, value: &str) -> String {
    let whole = camel(value);
    let short = camel(descriptor.name());
    match whole.strip_prefix(&short) {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_uppercase()) => rest.to_owned(),
        _ => whole,
    }
}

/// The module of a package in Rust.
pub(super) fn rust_module(package: &str) -> String {
    let parts: Vec<String> = package
        .split('.')
        .map(|part| identifier(&snake(part)))
        .collect();
    parts.join("::")
}

/// A message as protobuf-es names it: `Outer_Inner`.
pub(super) fn es_name(message: &MessageDescriptor) -> String {
    nested(message).replace('.', "_")
}

/// The name without its package: `Outer.Inner`.
pub(super) fn nested(message: &MessageDescriptor) -> String {
    let (full, package) = (message.full_name(), message.package_name());
    let skipped = if package.is_empty() {
        0
    } else {
        package.len() + 1
    };
    full.get(skipped..).unwrap_or(full).to_owned()
}

/// Where protobuf-es puts what a file defines.
pub(super) fn es_module(file: &str) -> String {
    if file.starts_with("google/protobuf/") {
        return "@bufbuild/protobuf/wkt".to_owned();
    }
    format!("./gen/{}_pb.js", stem(file))
}

/// A method's name in TypeScript: `getBook`. What every object has is another one's.
pub(super) fn es_method(name: &str) -> String {
    let mut letters = name.chars();
    let mut made = letters.next().map_or_else(String::new, |first| {
        first.to_ascii_lowercase().to_string() + letters.as_str()
    });
    if ["constructor", "toString", "toJSON", "valueOf"].contains(&made.as_str()) {
        made.push('$');
    }
    made
}

/// What Python keeps for itself.
const PYTHON_KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// Something within something else, in Python: `client.Get`, `getattr(client, "import")`.
pub(super) fn python_member(of: &str, name: &str) -> String {
    if PYTHON_KEYWORDS.contains(&name) {
        return format!("getattr({of}, \"{name}\")");
    }
    format!("{of}.{name}")
}

/// How Python imports what a file defines: the statement, and the module's name.
pub(super) fn python_module(file: &str, ending: &str) -> (String, String) {
    let stem = stem(file).replace('-', "_");
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", &stem));
    let module = format!("{name}{ending}");
    if folder
        .split('/')
        .any(|part| PYTHON_KEYWORDS.contains(&part))
    {
        let dotted = folder.replace('/', ".");
        let import = format!("{module} = import_module(\"{dotted}.{module}\")");
        return (import, module);
    }
    if folder.is_empty() {
        return (format!("import {module}"), module);
    }
    (
        format!("from {} import {module}", folder.replace('/', ".")),
        module,
    )
}

fn stem(file: &str) -> &str {
    file.strip_suffix(".proto").unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_where_prost_cuts_them() {
        for (name, small, large) in [
            ("book_count", "book_count", "BookCount"),
            ("GetBook", "get_book", "GetBook"),
            ("HTTPRule", "http_rule", "HttpRule"),
            ("NON_FICTION", "non_fiction", "NonFiction"),
            ("Int64Value", "int64_value", "Int64Value"),
            ("V1", "v1", "V1"),
            ("self", "self", "Self_"),
        ] {
            assert_eq!(snake(name), small);
            assert_eq!(camel(name), large);
        }
        assert_eq!(
            rust_path("google.type.Money", "google.type", "demo.library.v1"),
            "google::r#type::Money"
        );
        assert_eq!(rust_path("a.B.C", "a", "a"), "b::C");
    }

    #[test]
    fn names_that_a_language_has_itself_are_written_in_another_way() {
        assert_eq!(es_method("GetBook"), "getBook");
        assert_eq!(es_method("ToString"), "toString$");
        assert_eq!(es_method("valueOf"), "valueOf$");
        assert_eq!(python_member("client", "Get"), "client.Get");
        assert_eq!(
            python_member("client", "await"),
            "getattr(client, \"await\")"
        );
        assert_eq!(
            python_module("a/import/b.proto", "_pb2"),
            (
                "b_pb2 = import_module(\"a.import.b_pb2\")".to_owned(),
                "b_pb2".to_owned()
            )
        );
    }
}
