//! Origins of pages, as browsers write them, and the patterns that allow some.
//!
//! | pattern | has | has not |
//! |---|---|---|
//! | `https://example.com` | `https://example.com`, `https://EXAMPLE.com:443` | `http://example.com`, `https://example.com:8443`, `https://a.example.com` |
//! | `https://*.example.com` | `https://a.example.com` | `https://example.com`, `https://a.b.example.com`, `https://evil-example.com` |
//! | `http://localhost:3000` | `http://localhost:3000` | `http://localhost` |
//!
//! `*` is one whole label, as in a certificate: whoever means deeper names says so. Both sides are
//! read by one parser and compared part by part, so nothing in front of a name, behind it or
//! between its dots can make another name of it.

use std::str::FromStr;

/// What a page's address has in common with those it may speak to freely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin<'o> {
    scheme: &'o str,
    host: Host<'o>,
}

/// A host and a port, as in an origin and in `host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Host<'o> {
    name: &'o str,
    /// `None` for the scheme's own.
    port: Option<u16>,
}

impl<'o> Origin<'o> {
    /// Reads an origin; `null`, and whatever else names no host, is none.
    pub(super) fn parse(text: &'o str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let host = Host::parse(authority, scheme)?;
        is_scheme.then_some(Self { scheme, host })
    }

    /// True for a page that was got from this authority by HTTP. Which of the two schemes it was
    /// cannot be seen here: somebody in front may have ended TLS.
    pub(super) fn is_at(&self, authority: &str) -> bool {
        default_port(self.scheme).is_some()
            && Host::parse(authority, self.scheme).is_some_and(|own| {
                own.port == self.host.port && own.name.eq_ignore_ascii_case(self.host.name)
            })
    }
}

impl<'o> Host<'o> {
    fn parse(authority: &'o str, scheme: &str) -> Option<Self> {
        let end = if authority.starts_with('[') {
            authority.find(']')? + 1
        } else {
            authority.find(':').unwrap_or(authority.len())
        };
        let (name, port) = authority.split_at_checked(end)?;
        let is_host = match name.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')) {
            Some(ip) => ip
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte)),
            None => name.split('.').all(|label| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            }),
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            None => return None,
            Some(digits) => Some(parse_port(digits)?),
        };
        let port = port.filter(|port| default_port(scheme) != Some(*port));
        is_host.then_some(Self { name, port })
    }
}

/// The digits of a port, and nothing else that `u16` would take.
fn parse_port(digits: &str) -> Option<u16> {
    let is_number = digits.starts_with(|first: char| matches!(first, '1'..='9'))
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        _ if scheme.eq_ignore_ascii_case("https") => Some(443),
        _ if scheme.eq_ignore_ascii_case("http") => Some(80),
        _ => None,
    }
}

/// One origin, or those of a domain's direct sub-domains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    scheme: String,
    name: String,
    port: Option<u16>,
    extent: Extent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// The name itself.
    Name,
    /// Names with one label more.
    Beneath,
}

impl Pattern {
    pub(super) fn has(&self, origin: &Origin<'_>) -> bool {
        let name = match self.extent {
            Extent::Name => Some(origin.host.name),
            Extent::Beneath => origin.host.name.split_once('.').map(|(_, above)| above),
        };
        name.is_some_and(|name| name.eq_ignore_ascii_case(&self.name))
            && origin.host.port == self.port
            && origin.scheme.eq_ignore_ascii_case(&self.scheme)
    }
}

impl FromStr for Pattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("null") {
            return Err(
                "an origin such as `https://app.example.com`: `null` is what files and sandboxed \
                 frames of anybody say",
            );
        }
        let Some((scheme, authority)) = text.split_once("://") else {
            return Err("an origin with its scheme, such as `https://app.example.com`");
        };
        if authority.contains(['/', '?', '#']) {
            return Err("an origin without a path, such as `https://app.example.com`");
        }
        let (authority, extent) = match authority.strip_prefix("*.") {
            Some(domain) if !domain.starts_with('[') => (domain, Extent::Beneath),
            Some(_) | None => (authority, Extent::Name),
        };
        if authority.contains('*') {
            return Err(
                "`*` alone or as the whole first label of a host, such as `https://*.example.com`",
            );
        }
        let whole = format!("{scheme}://{authority}");
        let Origin { scheme, host } = Origin::parse(&whole)
            .ok_or("an origin such as `https://app.example.com` or `http://localhost:3000`")?;
        Ok(Self {
            scheme: scheme.to_owned(),
            name: host.name.to_owned(),
            port: host.port,
            extent,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, has: &[&str], has_not: &[&str]) {
        let pattern: Pattern = pattern.parse().unwrap();
        let fits = |text: &&str| Origin::parse(text).is_some_and(|origin| pattern.has(&origin));
        for text in has {
            assert!(fits(text), "{pattern:?} has {text}");
        }
        for text in has_not {
            assert!(!fits(text), "{pattern:?} has not {text}");
        }
    }

    #[test]
    fn an_origin_is_itself_and_nothing_that_only_looks_like_it() {
        check(
            "https://example.com",
            &[
                "https://example.com",
                "https://example.com:443",
                "HTTPS://EXAMPLE.com",
            ],
            &[
                "null",
                "",
                "*",
                "example.com",
                "http://example.com",
                "https://example.com:80",
                "https://example.com:8443",
                "https://example.com:443:443",
                "https://example.com:0443",
                "https://example.com:",
                "https://example.com:+443",
                "https://example.com.",
                "https://example.com/",
                "https://example.com,https://evil.example",
                "https://example.com https://evil.example",
                "https://example.com.attacker",
                "https://evil-example.com",
                "https://evilexample.com",
                "https://a.example.com",
                "https://example.com@evil.example",
                "https://evil.example@example.com",
                "https://evil.example#example.com",
                "https://evil.example/example.com",
                "https://evil.example\\.example.com",
                "https:example.com",
                "https:/example.com",
                "://example.com",
                "xhttps://example.com",
            ],
        );
    }

    #[test]
    fn a_star_is_one_whole_label() {
        check(
            "https://*.example.com",
            &[
                "https://a.example.com",
                "https://xn--bcher-kva.example.com",
                "https://A_b-1.EXAMPLE.COM:443",
            ],
            &[
                "https://example.com",
                "https://.example.com",
                "https://*.example.com",
                "https://a.b.example.com",
                "https://a..example.com",
                "https://evil-example.com",
                "https://evilexample.com",
                "https://a.example.com.evil.example",
                "https://a.example.com.",
                "https://a.example.comevil",
                "https://evil.example/.example.com",
                "https://evil.example#.example.com",
                "https://evil.example:1.example.com",
                "https://evil@.example.com",
                "https://evil%2f.example.com",
                "https://a\0.example.com",
                "http://a.example.com",
                "https://a.example.com:8443",
                "null",
            ],
        );
        check(
            "http://*.localhost:3000",
            &["http://shop.localhost:3000"],
            &[
                "http://shop.localhost",
                "http://localhost:3000",
                "http://shop.localhost:30000",
            ],
        );
    }

    #[test]
    fn hosts_and_schemes_of_every_kind() {
        check(
            "http://127.0.0.1:5173",
            &["http://127.0.0.1:5173"],
            &["http://127.0.0.1"],
        );
        check(
            "http://[::1]:80",
            &["http://[::1]"],
            &["http://[::1]:8080", "http://[::2]", "http://[::1"],
        );
        check(
            "capacitor://localhost",
            &["capacitor://localhost"],
            &["capacitor://localhost:80", "http://localhost"],
        );
    }

    #[test]
    fn what_is_no_origin_is_told_what_one_is() {
        for (text, part) in [
            ("null", "`null` is what files"),
            ("example.com", "with its scheme"),
            ("*.example.com", "with its scheme"),
            ("", "with its scheme"),
            ("https://example.com/", "without a path"),
            ("https://example.com?a", "without a path"),
            ("https://a.*.example.com", "first label"),
            ("https://*example.com", "first label"),
            ("https://*", "first label"),
            ("https://*.*.example.com", "first label"),
            ("http://localhost:*", "first label"),
            ("https://*.[::1]", "first label"),
            ("https://*.", "an origin such as"),
            ("https://", "an origin such as"),
            ("https://bücher.example", "an origin such as"),
            ("https://a@example.com", "an origin such as"),
            ("https://example.com:99999", "an origin such as"),
            ("https://example.com:0", "an origin such as"),
            (" https://example.com", "an origin such as"),
        ] {
            let expected = text.parse::<Pattern>().unwrap_err();
            assert!(expected.contains(part), "{text:?}: {expected}");
        }
    }

    #[test]
    fn a_page_is_at_home_where_it_came_from() {
        for (origin, authority, expected) in [
            ("https://api.example:8443", "api.example:8443", true),
            ("http://API.example:8443", "api.EXAMPLE:8443", true),
            ("https://api.example", "api.example:443", true),
            ("http://api.example:80", "api.example", true),
            ("http://[::1]:1", "[::1]:1", true),
            ("https://api.example", "api.example:8443", false),
            ("https://api.example", "api.example:80", false),
            ("https://api.example", "", false),
            ("https://api.example", "user@api.example", false),
            ("capacitor://api.example", "api.example", false),
        ] {
            let parsed = Origin::parse(origin).unwrap();
            assert_eq!(parsed.is_at(authority), expected, "{origin} {authority}");
        }
    }
}
