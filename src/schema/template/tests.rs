//! The grammar as a table.

use super::*;

/// Segments as text, `name=first..last` per variable, verb.
fn show(text: &str) -> String {
    match Template::parse(text) {
        Err(error) => error.to_string(),
        Ok(template) => {
            let segments: Vec<_> = template
                .segments
                .iter()
                .map(|segment| match segment {
                    Segment::Literal(literal) => String::from_utf8_lossy(literal).into_owned(),
                    Segment::One => "*".to_owned(),
                    Segment::Rest => "**".to_owned(),
                })
                .collect();
            let mut out = segments.join(" ");
            for variable in &template.variables {
                let multi = if variable.multi { "+" } else { "" };
                out += &format!(" {}={:?}{multi}", variable.field, variable.segments);
            }
            if !template.verb.is_empty() {
                out += &format!(" :{}", String::from_utf8_lossy(&template.verb));
            }
            out
        }
    }
}

#[test]
fn templates() {
    for (text, expected) in [
        ("/", ""),
        ("/v1", "v1"),
        ("/v1/shelves", "v1 shelves"),
        ("/v1/*", "v1 *"),
        ("/v1/**", "v1 **"),
        ("/v1/{id}", "v1 * id=1..2"),
        ("/v1/{id=*}", "v1 * id=1..2"),
        ("/v1/{a.b.c_2}", "v1 * a.b.c_2=1..2"),
        ("/v1/{name=shelves/*}", "v1 shelves * name=1..3+"),
        ("/v1/{name=shelves}", "v1 shelves name=1..2"),
        (
            "/v1/{name=shelves/*/books/*}:move",
            "v1 shelves * books * name=1..5+ :move",
        ),
        ("/v1/{path=**}", "v1 ** path=1..2+"),
        ("/v1/{path=**}/raw", "v1 ** raw path=1..2+"),
        ("/v1/{path=**/raw}/{id}", "v1 ** raw * path=1..3+ id=3..4"),
        ("/v1/**/{id}", "v1 ** * id=2..3"),
        ("/v1:undo", "v1 :undo"),
        ("/v1/{id}:undo", "v1 * id=1..2 :undo"),
        ("/v1/*:undo", "v1 * :undo"),
        // After a variable or wildcard the first colon starts the verb, in a literal the last.
        ("/v1/{id}:a:b", "v1 * id=1..2 :a:b"),
        ("/v1/a:b:c", "v1 a:b :c"),
        ("/v1/a:b/c", "v1 a:b c"),
        ("/v1/{name=a:b/*}", "v1 a:b * name=1..3+"),
        ("/v1/a%3Ab", "v1 a:b"),
        ("/caf%C3%A9", "café"),
        ("/café", "café"),
        ("/a-b._~!$&'()+,;=@", "a-b._~!$&'()+,;=@"),
    ] {
        assert_eq!(show(text), expected, "{text}");
    }
}

#[test]
fn broken_templates_say_where_and_why() {
    for (text, expected) in [
        ("", "at byte 0: a template starts with `/`"),
        ("v1", "at byte 0: a template starts with `/`"),
        (
            "//",
            "at byte 1: an empty segment; expected a literal, `*`, `**` or `{`",
        ),
        (
            "/v1/",
            "at byte 4: an empty segment; expected a literal, `*`, `**` or `{`",
        ),
        (
            "/v1//a",
            "at byte 4: an empty segment; expected a literal, `*`, `**` or `{`",
        ),
        (
            "/:a",
            "at byte 1: an empty segment; expected a literal, `*`, `**` or `{`",
        ),
        ("/v1:", "at byte 4: an empty verb after `:`"),
        ("/{id}:", "at byte 6: an empty verb after `:`"),
        ("/{id}:a/b", "at byte 7: `/` cannot stand in a literal"),
        ("/{id", "at byte 1: a `{` that is never closed"),
        ("/{", "at byte 2: a `{` that is never closed"),
        ("/{}", "at byte 2: expected the name of a field"),
        ("/{=*}", "at byte 2: expected the name of a field"),
        ("/{1a}", "at byte 2: expected the name of a field"),
        ("/{a..b}", "at byte 4: expected the name of a field"),
        (
            "/{a-b}",
            "at byte 3: `-` after a segment; expected `/`, `:` or the end",
        ),
        (
            "/{a=}",
            "at byte 4: an empty segment; expected a literal, `*`, `**` or `{`",
        ),
        ("/{a={b}}", "at byte 4: a variable within a variable"),
        (
            "/{a}{b}",
            "at byte 4: `{` after a segment; expected `/`, `:` or the end",
        ),
        (
            "/{a}b",
            "at byte 4: `b` after a segment; expected `/`, `:` or the end",
        ),
        (
            "/a}",
            "at byte 2: `}` after a segment; expected `/`, `:` or the end",
        ),
        (
            "/a{b}",
            "at byte 2: `{` after a segment; expected `/`, `:` or the end",
        ),
        (
            "/***",
            "at byte 3: `*` after a segment; expected `/`, `:` or the end",
        ),
        ("/a*", "at byte 2: `*` cannot stand in a literal"),
        (
            "/{a=**}/{b=**}",
            "at byte 11: a second `**`; a template has at most one",
        ),
        (
            "/**/**",
            "at byte 4: a second `**`; a template has at most one",
        ),
        ("/a b", "at byte 2: ` ` cannot stand in a literal"),
        ("/a?b", "at byte 2: `?` cannot stand in a literal"),
        (
            "/%zz",
            "at byte 1: `%` is not followed by two hexadecimal digits",
        ),
        (
            "/é{",
            "at byte 3: `{` after a segment; expected `/`, `:` or the end",
        ),
    ] {
        assert_eq!(show(text), expected, "{text}");
    }
}

#[test]
fn sizes_are_bounded() {
    assert!(show(&"/a".repeat(SEGMENTS_MAX + 1)).contains("more than 128 segments"));
    assert!(show(&"/{a}".repeat(VARIABLES_MAX + 1)).contains("more than 64 variables"));
    assert!(show(&format!("/{}", "a".repeat(TEMPLATE_BYTES_MAX))).contains("longer than 4096"));
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[/{}*:=a.%é0-]{0,40}") {
        let _ = Template::parse(&text);
    }
}
