//! Multipart bodies against a reader that splits lines, and their bounds.

use proptest::prelude::*;

use super::*;

fn read<'b>(boundary: &'b Boundary, body: &'b [u8]) -> Result<Vec<Part<'b>>, Malformed> {
    parts(boundary, body).collect()
}

fn boundary() -> Boundary {
    Boundary::of("multipart/form-data; boundary=XX").unwrap()
}

#[test]
fn a_boundary_is_taken_as_a_token_and_as_a_quoted_string() {
    for (content_type, expected) in [
        ("multipart/form-data; boundary=abc", Some("abc")),
        (
            "multipart/form-data;charset=utf-8 ; Boundary=\"a b\"",
            Some("a b"),
        ),
        ("multipart/form-data; boundary=\"a\\\"b\"", Some("a\"b")),
        (
            "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk; charset=utf-8",
            Some("----WebKitFormBoundary7MA4YWxk"),
        ),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary", None),
        ("multipart/form-data; boundary=", None),
        ("multipart/form-data; boundary=\"a \"", None),
        ("multipart/form-data; boundary=\"a", None),
        ("multipart/form-data; boundary=a; boundary=a", None),
    ] {
        let found = Boundary::of(content_type).ok();
        let expected = expected.map(|text| ["\r\n--", text].concat().into_bytes());
        assert_eq!(
            found.map(|found| found.delimiter),
            expected,
            "{content_type}"
        );
    }
}

#[test]
fn the_preamble_the_epilogue_and_white_space_behind_a_boundary_are_passed_over() {
    let body = b"to whom it may concern\r\n--XX \t\r\nContent-Disposition: FORM-DATA; name=a\r\nx-other: 1\r\n\r\n1\r\n--XX\r\ncontent-disposition: form-data ;name=\"b\" ; filename=\"C:\\dir\\f\"\r\ncontent-type:text/plain\r\n\r\n\r\n--XX--\r\nthe end";
    let boundary = boundary();
    let parts = read(&boundary, body).unwrap();
    let part = |name, is_file, content_type, data| Part {
        name: Cow::Borrowed(name),
        is_file,
        content_type,
        data,
    };
    assert_eq!(
        parts,
        [
            part("a", false, "", &b"1"[..]),
            part("b", true, "text/plain", b"")
        ]
    );
}

#[test]
fn headers_are_bounded() {
    let boundary = boundary();
    let with = |headers: &str| {
        format!("--XX\r\n{headers}content-disposition: form-data; name=a\r\n\r\nx\r\n--XX--")
    };
    let many = with(&"a: b\r\n".repeat(HEADER_COUNT_MAX));
    assert_eq!(read(&boundary, many.as_bytes()), Err(Malformed::Headers(6)));
    let some = with(&"a: b\r\n".repeat(HEADER_COUNT_MAX - 1));
    assert!(read(&boundary, some.as_bytes()).is_ok());
    let long = with(&format!("a: {}\r\n", "b".repeat(HEADERS_MAX)));
    assert_eq!(read(&boundary, long.as_bytes()), Err(Malformed::Headers(6)));
    let endless = format!("--XX\r\n{}", "b".repeat(2 * HEADERS_MAX));
    assert_eq!(
        read(&boundary, endless.as_bytes()),
        Err(Malformed::Headers(6))
    );
}

/// The same, by a reader that knows no better than to split lines.
fn naive(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text: String = body.iter().map(|byte| char::from(*byte)).collect();
    let text = format!("\r\n{text}");
    let mut pieces: Vec<&str> = text.split("\r\n--XX").collect();
    pieces.remove(0);
    let last = pieces.iter().position(|piece| piece.starts_with("--"))?;
    pieces[..last]
        .iter()
        .map(|piece| {
            let piece = piece.trim_start_matches([' ', '\t']).strip_prefix("\r\n")?;
            // Headers of exactly one line, which is all that the generator makes.
            let (head, data) = piece.split_once("\r\n\r\n").or_else(|| {
                // An empty part: its headers end by the line break of the boundary.
                Some((piece.strip_suffix("\r\n")?, ""))
            })?;
            (head == "content-disposition: form-data; name=a")
                .then(|| data.chars().map(|c| c as u8).collect())
        })
        .collect()
}

proptest! {
    /// What was put into parts comes out of them.
    #[test]
    fn parts_come_out_as_they_went_in(contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..5)) {
        prop_assume!(contents.iter().all(|content| memmem::find(content, b"--XX").is_none()));
        let mut body = Vec::new();
        for content in &contents {
            body.extend_from_slice(b"--XX\r\ncontent-disposition: form-data; name=a\r\n\r\n");
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--XX--");
        let boundary = boundary();
        let read = read(&boundary, &body).unwrap();
        let read: Vec<_> = read.iter().map(|part| part.data).collect();
        prop_assert_eq!(read, contents);
        // And no beginning of it is a whole body.
        for end in 0..body.len() {
            prop_assert!(parts(&boundary, &body[..end]).any(|part| part.is_err()));
        }
    }

    /// Pieces of bodies in any order: what both read, both read alike, and nothing panics.
    #[test]
    fn pieces_in_any_order_are_read_as_a_splitter_of_lines_reads_them(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "--XX", "\r\n", "--", "content-disposition: form-data; name=a", "\r\n\r\n", "x", "-", " ", "\r", "\n", "XX",
            "\r\n--XX\r\ncontent-disposition: form-data; name=a\r\n\r\n",
        ]), 0..24),
    ) {
        let body = pieces.concat();
        let boundary = boundary();
        if let (Ok(ours), Some(theirs)) = (read(&boundary, body.as_bytes()), naive(body.as_bytes())) {
            let ours: Vec<_> = ours.iter().map(|part| part.data.to_vec()).collect();
            prop_assert_eq!(ours, theirs, "{:?}", body);
        }
    }
}
