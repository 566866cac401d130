//! What is said of URLs that may hold a secret: in logs, in errors, in the configuration that operators see.

/// Stands where a secret stood.
pub const REDACTED: &str = "(redacted)";

/// A text with the URLs in it, but not with their user info, queries and fragments.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let is_end = |c: char| c.is_whitespace() || "\"'<>`".contains(c);
        let (url, next) = after.split_at(after.find(is_end).unwrap_or(after.len()));
        let end = url.find(['/', '?', '#']).unwrap_or(url.len());
        let (authority, path) = url.split_at(end);
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                out.push_str(REDACTED);
                out.push('@');
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        match path.find(['?', '#']) {
            // Another URL may stand in a query.
            Some(end) => {
                out.push_str(&path[..=end]);
                out.push_str(REDACTED);
                rest = next;
            }
            None => {
                // The path may hold the next one.
                rest = &after[authority.len()..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_whatever_may_be_a_secret() {
        for (text, shown) in [
            ("http://h:1", "http://h:1"),
            ("https://u:p@h/x", "https://(redacted)@h/x"),
            ("https://u:p@ss@h", "https://(redacted)@h"),
            ("https://h/keys?token=t#f", "https://h/keys?(redacted)"),
            ("https://h/keys#token=t?f", "https://h/keys#(redacted)"),
            (
                "see http://u@a/ and https://b?x=1.",
                "see http://(redacted)@a/ and https://b?(redacted)",
            ),
            ("https://h/http://u:p@i", "https://h/http://(redacted)@i"),
            ("spiffe://example.org/*", "spiffe://example.org/*"),
        ] {
            assert_eq!(without_secrets(text), shown, "{text}");
        }
    }
}
