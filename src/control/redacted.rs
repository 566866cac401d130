//! What is said of URLs that may hold a secret: in logs, in errors, in the configuration that operators see.

/// Stands where a secret stood.
pub const REDACTED: &str = "(redacted)";

/// What may stand after a URL.
fn is_end(letter: char) -> bool {
    letter.is_whitespace() || "\"'<>`".contains(letter)
}

/// A text with the URLs in it, but not with their user info, queries and fragments. What has no scheme may
/// be meant as one: it loses `user:password` before an `@`, too.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut begins_within = false;
    while let Some((before, after)) = rest.split_once("://") {
        bare(before, begins_within, &mut out);
        out.push_str("://");
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
                begins_within = false;
            }
            None => {
                // The path may hold the next one.
                rest = &after[authority.len()..];
                begins_within = true;
            }
        }
    }
    bare(rest, begins_within, &mut out);
    out
}

/// A text without schemes; its first word may be the end of a URL.
fn bare(text: &str, begins_within: bool, out: &mut String) {
    for (at, word) in text.split_inclusive(is_end).enumerate() {
        match word.rsplit_once('@') {
            Some((user, host)) if user.contains(':') && !(at == 0 && begins_within) => {
                out.push_str(REDACTED);
                out.push('@');
                out.push_str(host);
            }
            Some(_) | None => out.push_str(word),
        }
    }
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
            ("u:p@h:9191", "(redacted)@h:9191"),
            ("http:/u:p@ss@h/x", "(redacted)@h/x"),
            ("found `u:p@h`, expected", "found `(redacted)@h`, expected"),
            (
                "u:p@a https://b c:d@e",
                "(redacted)@a https://b (redacted)@e",
            ),
            ("https://h/a:b@c", "https://h/a:b@c"),
            ("ada@example.org: yes", "ada@example.org: yes"),
            ("spiffe://example.org/*", "spiffe://example.org/*"),
        ] {
            assert_eq!(without_secrets(text), shown, "{text}");
        }
    }
}
