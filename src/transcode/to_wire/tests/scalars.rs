//! Every kind of scalar, and every way not to write one.

use super::{read, reads, reads_as, refuses};

#[test]
fn every_scalar_reads_like_the_judge() {
    for json in [
        r#"{}"#,
        r#" { "aDouble" : 1.5 , "aFloat":-2.25,"anInt32":-1,"anInt64":"-9223372036854775808" } "#,
        r#"{"aUint32":4294967295,"aUint64":"18446744073709551615","aSint32":-2147483648}"#,
        r#"{"aSint64":-9223372036854775808,"aFixed32":7,"aFixed64":18446744073709551615}"#,
        r#"{"aSfixed32":-7,"aSfixed64":"-8","aBool":true,"aString":"h\u00e9\n\ud83d\ude00/\/","aBytes":"AQID"}"#,
        r#"{"aColor":"BLUE","maybeInt32":0,"maybeString":"","maybeColor":0}"#,
        r#"{"a_double":1,"an_int32":2,"maybe_color":"CRIMSON"}"#,
        r#"{"aColor":-7,"anInt64":9007199254740993}"#,
        r#"{"aColor":1234}"#,
        r#"{"aDouble":"NaN","aFloat":"-Infinity"}"#,
        r#"{"aDouble":"Infinity","aFloat":"NaN"}"#,
        r#"{"aDouble":1e-400,"aFloat":3.4028234e38}"#,
        r#"{"aDouble":5e-324,"aFloat":1.17549435e-38}"#,
        r#"{"anInt32":null,"aString":null,"aBytes":null,"aColor":null,"maybeInt32":null}"#,
        r#"{"aString":"","aBytes":"","anInt32":0,"aBool":false,"aDouble":0}"#,
        r#"{"aBool":false,"aString":"01234567\\abcdefg\"h"}"#,
        r#"{"a\u0053tring":"escaped key"}"#,
    ] {
        reads("Scalars", json);
    }
    // The judge compares with the largest float before it rounds.
    assert_eq!(
        read("Scalars", r#"{"aFloat":3.4028235e38}"#).unwrap(),
        [0x15, 0xFF, 0xFF, 0x7F, 0x7F]
    );
    // The judge takes -0.0 for a zero, which by its bits it is not.
    assert_eq!(
        read("Scalars", r#"{"aDouble":0,"aFloat":-0.0}"#).unwrap(),
        [0x15, 0, 0, 0, 0x80]
    );
    reads_as(
        "Scalars",
        r#"{"aDouble":"1.5","anInt32":"7"}"#,
        r#"{"aDouble":1.5,"anInt32":7}"#,
    );
}

#[test]
fn integers_may_be_written_as_decimals_if_they_are_integers() {
    for (text, value) in [
        ("1e2", 100),
        ("1.0", 1),
        ("\"1e2\"", 100),
        ("-1.50e1", -15),
        ("0.00e9", 0),
        ("-0", 0),
        ("2147483647.000", i32::MAX),
        ("-2147483648", i32::MIN),
        ("100e-2", 1),
        ("0e999999999999999999999999", 0),
    ] {
        let json = format!(r#"{{"anInt32":{text}}}"#);
        reads_as("Scalars", &json, &format!(r#"{{"anInt32":{value}}}"#));
    }
    let json = format!(r#"{{"anInt32":0.{}1e1001}}"#, "0".repeat(1000));
    reads_as("Scalars", &json, r#"{"anInt32":1}"#);
    reads_as(
        "Scalars",
        r#"{"aUint64":1844674407370955161.5e1}"#,
        r#"{"aUint64":"18446744073709551615"}"#,
    );
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    for (field, text, reason) in [
        ("anInt32", "2147483648", "range"),
        ("anInt32", "-2147483649", "range"),
        ("anInt32", "1.5", "not an integer"),
        ("anInt32", "\"1e400\"", "range"),
        ("anInt32", "1e999999", "range"),
        ("anInt32", "1e-1", "not an integer"),
        ("anInt32", "\"\"", "not a number"),
        ("anInt32", "\" 1\"", "not a number"),
        ("anInt32", "\"1 \"", "not a number"),
        ("anInt32", "\"+1\"", "not a number"),
        ("anInt32", "\"NaN\"", "not a number"),
        ("anInt32", "true", "an int32"),
        ("anInt32", "+1", "an int32"),
        ("anInt32", "01", "`,` or `}`"),
        ("anInt32", "1.", "an int32"),
        ("anInt32", ".5", "an int32"),
        ("anInt32", "1e", "an int32"),
        ("anInt32", "0x10", "`,` or `}`"),
        ("anInt32", "-", "an int32"),
        ("anInt32", "{}", "found an object"),
        ("aUint32", "-1", "range"),
        ("aUint32", "4294967296", "range"),
        ("anInt64", "9223372036854775808", "range"),
        ("aUint64", "18446744073709551616", "range"),
        ("aUint64", "184467440737095516150", "range"),
        ("aDouble", "1e309", "range"),
        ("aDouble", "NaN", "a double"),
        ("aDouble", "Infinity", "a double"),
        ("aDouble", "\"nan\"", "not a number"),
        ("aFloat", "3.5e38", "range"),
        ("aFloat", "\"1e39\"", "range"),
        ("aBool", "\"true\"", "true or false"),
        ("aBool", "1", "true or false"),
        ("aString", "1", "a string"),
        ("aString", "'x'", "a string"),
        ("aBytes", "\"A\"", "base64"),
        ("aBytes", "\"AQI==\"", "base64"),
        ("aBytes", "\"A*ID\"", "base64"),
        ("aBytes", "\"AQ=D\"", "base64"),
        ("aColor", "\"PINK\"", "enum"),
        ("aColor", "1.5", "not an integer"),
        ("aColor", "2147483648", "range"),
        ("aColor", "true", "enum"),
    ] {
        let path = if reason.starts_with('`') { "" } else { field };
        refuses("Scalars", &format!(r#"{{"{field}":{text}}}"#), path, reason);
    }
}

#[test]
fn a_number_of_a_hundred_thousand_digits_is_out_of_range() {
    let digits = "9".repeat(100_000);
    for field in ["anInt32", "anInt64", "aUint64", "aDouble", "aFloat"] {
        refuses(
            "Scalars",
            &format!(r#"{{"{field}":{digits}}}"#),
            field,
            "range",
        );
        refuses(
            "Scalars",
            &format!(r#"{{"{field}":"{digits}"}}"#),
            field,
            "range",
        );
    }
    reads_as(
        "Scalars",
        &format!(r#"{{"aDouble":0.{digits}}}"#),
        r#"{"aDouble":1}"#,
    );
}

#[test]
fn base64_comes_in_both_alphabets_padded_or_not() {
    for text in ["-_-_AQ==", "-_-_AQ", "+/+/AQ==", "+/+/AQ"] {
        let json = format!(r#"{{"aBytes":"{text}"}}"#);
        reads_as("Scalars", &json, r#"{"aBytes":"+/+/AQ=="}"#);
    }
    for text in ["AA==", "AB", "QID", "AQID", "AQIDBA", "AQIDBAU", "__-"] {
        reads("Scalars", &format!(r#"{{"aBytes":"{text}"}}"#));
    }
}
