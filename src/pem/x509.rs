//! What stands in a certificate: when it is good, and whose it is.
//!
//! rustls checks certificates and tells nothing of what is in them; this reads the three fields that
//! the gateway speaks of. It takes any bytes, reads none twice and never fails but by saying nothing.

use std::net::IpAddr;

/// When a certificate is good, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The first second in which it is good, since 1970.
    pub not_before: u64,
    /// The last one.
    pub not_after: u64,
    /// Its alternative names, in its order, without the addresses.
    pub names: Vec<Name>,
    /// Its IP addresses.
    pub addresses: Vec<IpAddr>,
}

/// An alternative name, as it is in the certificate; what is not UTF-8 in it is U+FFFD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A URI, SPIFFE ids among them.
    Uri(String),
    /// A host.
    Dns(String),
    /// A mailbox.
    Email(String),
}

impl Facts {
    /// What stands in a certificate in DER; nothing if it is none.
    #[must_use]
    pub fn of(der: &[u8]) -> Option<Self> {
        let mut certificate = Der(Der(der).take(SEQUENCE)?);
        let mut signed = Der(certificate.take(SEQUENCE)?);
        signed.skip(VERSION);
        signed.take(INTEGER)?; // the serial number
        signed.take(SEQUENCE)?; // how it is signed
        signed.take(SEQUENCE)?; // by whom
        let mut validity = Der(signed.take(SEQUENCE)?);
        let not_before = time(validity.next()?)?;
        let not_after = time(validity.next()?)?;
        signed.take(SEQUENCE)?; // whom it is for
        signed.take(SEQUENCE)?; // its key
        let (mut names, mut addresses) = (Vec::new(), Vec::new());
        while let Some((tag, content)) = signed.next() {
            if tag == EXTENSIONS {
                for (tag, text) in alternative_names(content).unwrap_or_default() {
                    names.extend(name(tag, text));
                    addresses.extend(address(tag, text));
                }
            }
        }
        Some(Self {
            not_before,
            not_after,
            names,
            addresses,
        })
    }

    /// The hosts among its names.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.names.iter().filter_map(|name| match name {
            Name::Dns(host) => Some(host.as_str()),
            Name::Uri(_) | Name::Email(_) => None,
        })
    }
}

/// True of a list of revoked certificates that is of version 1, which says no version: how it is signed
/// stands where a later one has its number.
pub(super) fn is_first_version(list: &[u8]) -> bool {
    let signed = Der(list).take(SEQUENCE);
    let signed = signed.and_then(|list| Der(list).take(SEQUENCE));
    signed
        .and_then(|list| Der(list).next())
        .is_some_and(|(tag, _)| tag == SEQUENCE)
}

/// A moment in words, `2026-01-31T12:00:00Z`.
#[must_use]
pub fn utc(seconds: u64) -> String {
    let (days, of_day) = (seconds / DAY, seconds % DAY);
    // Days since 0000-03-01, in eras of 400 years; years begin in March.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

const DAY: u64 = 86_400;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// `subjectAltName`, 2.5.29.17.
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// Values in DER, one after the other.
struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    /// The next value's tag and content.
    fn next(&mut self) -> Option<(u8, &'d [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, mut rest) = rest.split_first()?;
        let mut length = usize::from(*first);
        if *first >= 0x80 {
            let (bytes, after) = rest.split_at_checked(length & 0x7f)?;
            if bytes.is_empty() || bytes.len() > 4 {
                return None;
            }
            length = bytes
                .iter()
                .fold(0, |length, byte| (length << 8) | usize::from(*byte));
            rest = after;
        }
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// The content of the next value, which has this tag.
    fn take(&mut self, expected: u8) -> Option<&'d [u8]> {
        let (tag, content) = self.next()?;
        (tag == expected).then_some(content)
    }

    /// Goes past a value that need not be there.
    fn skip(&mut self, optional: u8) {
        if self.0.first() == Some(&optional) {
            self.next();
        }
    }
}

/// Tags and contents.
fn alternative_names(extensions: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut extensions = Der(Der(extensions).take(SEQUENCE)?);
    loop {
        let mut extension = Der(extensions.take(SEQUENCE)?);
        if extension.take(OBJECT)? == ALTERNATIVE_NAMES {
            extension.skip(BOOLEAN);
            let mut names = Der(Der(extension.take(OCTETS)?).take(SEQUENCE)?);
            return Some(std::iter::from_fn(|| names.next()).collect());
        }
    }
}

fn name(tag: u8, text: &[u8]) -> Option<Name> {
    let of = match tag {
        0x81 => Name::Email,
        0x82 => Name::Dns,
        0x86 => Name::Uri,
        _ => return None,
    };
    Some(of(String::from_utf8_lossy(text).into_owned()))
}

fn address(tag: u8, bytes: &[u8]) -> Option<IpAddr> {
    let four = || <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from);
    let sixteen = || <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from);
    (tag == 0x87).then(|| four().or_else(sixteen))?
}

/// Seconds since 1970 of `YYMMDDHHMMSSZ`, which is of 1950 to 2049, or of `YYYYMMDDHHMMSSZ`.
fn time((tag, text): (u8, &[u8])) -> Option<u64> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let pairs: Vec<u64> = digits
        .chunks(2)
        .map(|pair| {
            pair.iter()
                .fold(0, |n, digit| n * 10 + u64::from(digit - b'0'))
        })
        .collect();
    let (year, rest) = match (tag, &*pairs) {
        (UTC_TIME, [year, rest @ ..]) => (year + if *year < 50 { 2000 } else { 1900 }, rest),
        (GENERALIZED_TIME, [century, year, rest @ ..]) => (century * 100 + year, rest),
        _ => return None,
    };
    let [month, day, hour, minute, second] = rest else {
        return None;
    };
    if digits.len() % 2 != 0
        || !(1..=12).contains(month)
        || !(1..=31).contains(day)
        || *hour > 23
        || *minute > 59
        || *second > 60
    {
        return None;
    }
    // Whatever began before 1970 has begun.
    let days = days(year, *month, *day).unwrap_or(0);
    Some(days * DAY + hour * 3600 + minute * 60 + second)
}

/// Days from 1970-01-01; none if it was before.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month <= 2 {
        year.checked_sub(1)?
    } else {
        year
    };
    let (era, of_era) = (year / 400, year % 400);
    let month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * month + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    (era * 146_097 + of_era).checked_sub(719_468)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use rcgen::string::Ia5String;
    use rcgen::{CertificateParams, KeyPair, SanType, date_time_ymd};

    use super::*;

    fn certificate() -> Vec<u8> {
        let text = |text: &str| Ia5String::try_from(text.to_owned()).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = vec![
            SanType::DnsName(text("a.example")),
            SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()),
            SanType::URI(text("spiffe://example/a")),
            SanType::Rfc822Name(text("a@example")),
            SanType::DnsName(text("*.b.example")),
        ];
        params.not_before = date_time_ymd(1999, 12, 31);
        params.not_after = date_time_ymd(2050, 3, 1);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn names_and_times_are_those_of_the_certificate() {
        let facts = Facts::of(&certificate()).unwrap();
        assert_eq!(utc(facts.not_before), "1999-12-31T00:00:00Z");
        assert_eq!(utc(facts.not_after), "2050-03-01T00:00:00Z");
        assert_eq!(
            facts.names,
            [
                Name::Dns("a.example".to_owned()),
                Name::Uri("spiffe://example/a".to_owned()),
                Name::Email("a@example".to_owned()),
                Name::Dns("*.b.example".to_owned()),
            ]
        );
        assert_eq!(facts.addresses, [IpAddr::from([127, 0, 0, 1])]);
        assert_eq!(
            facts.hosts().collect::<Vec<_>>(),
            ["a.example", "*.b.example"]
        );
    }

    #[test]
    fn times_are_seconds_since_1970_and_nothing_else_is_a_time() {
        for (tag, text, seconds) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (UTC_TIME, "500101000000Z", Some(0)),
            (GENERALIZED_TIME, "20240229120000Z", Some(1_709_208_000)),
            (GENERALIZED_TIME, "00000101000000Z", Some(0)),
            (GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            (GENERALIZED_TIME, "20241301000000Z", None),
            (GENERALIZED_TIME, "2024022912000Z", None),
            (UTC_TIME, "7001010000Z", None),
            (UTC_TIME, "700101000000", None),
            (UTC_TIME, "7001010000-1Z", None),
            (INTEGER, "700101000000Z", None),
        ] {
            assert_eq!(time((tag, text.as_bytes())), seconds, "{text}");
        }
        assert_eq!(utc(1_709_208_000), "2024-02-29T12:00:00Z");
        assert_eq!(utc(253_402_300_799), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn half_a_certificate_is_none() {
        let whole = certificate();
        for length in 0..whole.len() {
            assert_eq!(Facts::of(&whole[..length]), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Facts::of(&bytes);
        }

        #[test]
        fn a_certificate_with_other_bytes_is_read_without_harm(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut bytes = certificate();
            for (at, byte) in changes {
                let length = bytes.len();
                bytes[at.index(length)] = byte;
            }
            let _ = Facts::of(&bytes);
        }
    }
}
