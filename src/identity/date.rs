//! Days and moments in a file: `2027-01-31` and `2027-01-31T12:00:00Z`, in UTC (RFC 3339).

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Years that are read: from the epoch, to the last with four digits.
const FIRST_YEAR: u64 = 1970;

/// Seconds since the epoch; of a day, those of its begin. None of anything else.
pub(super) fn parse(text: &str) -> Option<u64> {
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let [year, month, day] = numbers(day, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    if year < FIRST_YEAR || !(1..=12).contains(&month) || day == 0 || day > days(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let years: u64 = (FIRST_YEAR..year)
        .map(|year| if is_leap(year) { 366 } else { 365 })
        .sum();
    let months: u64 = (1..month).map(|month| days(year, month)).sum();
    Some((years + months + day - 1) * DAY + hour * 3600 + minute * 60 + second)
}

/// Three numbers of so many digits.
fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(between);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_seconds_since_the_epoch() {
        for (text, seconds) in [
            ("1970-01-01", 0),
            ("1970-01-02T00:00:01Z", DAY + 1),
            ("2000-02-29", 951_782_400),
            ("2000-03-01", 951_868_800),
            ("2026-11-28T12:13:14Z", 1_795_867_994),
            ("2100-03-01", 4_107_542_400),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(parse(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_day_is_nothing() {
        for text in [
            "",
            "2027",
            "2027-1-1",
            "2027-00-01",
            "2027-13-01",
            "2027-02-29",
            "2100-02-29",
            "2027-04-31",
            "2027-01-00",
            "1969-12-31",
            "02027-01-01",
            "2027-01-01T",
            "2027-01-01T12:00:00",
            "2027-01-01T24:00:00Z",
            "2027-01-01T12:60:00Z",
            "2027-01-01T12:00:60Z",
            "2027-01-01Z",
            "2027-01-01T12:00:00+01:00",
            "+027-01-01",
            "2027-01-01-01",
            "２０２７-01-01",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
