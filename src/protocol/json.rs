//! The JSON that the gateway writes of itself, around errors and ends: strings, and metadata.

use http::HeaderMap;

/// Appends a string.
pub(super) fn string(text: &str, out: &mut Vec<u8>) {
    // A string is always JSON, and a Vec takes every byte: it cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// Appends metadata as an object: each name with all its values, in their order.
pub(super) fn metadata(fields: &HeaderMap, out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, name) in fields.keys().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        string(name.as_str(), out);
        out.extend_from_slice(b":[");
        for (at, value) in fields.get_all(name).iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            string(&String::from_utf8_lossy(value.as_bytes()), out);
        }
        out.push(b']');
    }
    out.push(b'}');
}
