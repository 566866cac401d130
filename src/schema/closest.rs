//! "Did you mean": the method name nearest to one that is not there.

/// Longest name that is looked for; the distance costs the product of the lengths.
const WANTED_BYTES_MAX: usize = 200;

/// The path nearest to `wanted`, without its leading slash, if it is near enough to be a slip.
pub(super) fn closest<'m>(wanted: &str, paths: impl Iterator<Item = &'m str>) -> Option<&'m str> {
    let wanted = wanted.trim_start_matches('/');
    if wanted.is_empty() || wanted.len() > WANTED_BYTES_MAX {
        return None;
    }
    let wanted = wanted.to_ascii_lowercase();
    // A third of the letters wrong is another word, not a slip.
    let near = wanted.len() / 3;
    paths
        .map(|path| path.trim_start_matches('/'))
        .map(|path| (distance(&wanted, path), path))
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, path)| path)
}

/// The least distance to any form in which people write the method.
fn distance(wanted: &str, path: &str) -> usize {
    let path = path.to_ascii_lowercase();
    let (service, method) = path.rsplit_once('/').unwrap_or(("", &path));
    let short = service.rsplit('.').next().unwrap_or(service);
    let between = |form: &str| strsim::damerau_levenshtein(wanted, form);
    if !wanted.contains(['/', '.']) {
        return between(method);
    }
    // A dot for the slash is a slip of its own, less than a letter's.
    between(&path)
        .min(between(&format!("{service}.{method}")))
        .min(between(&format!("{short}/{method}")))
        .min(between(&format!("{short}.{method}")))
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn slips_find_their_method_and_other_words_do_not() {
        let paths = [
            "/shop.v1.Orders/GetOrder",
            "/shop.v1.Orders/ListOrders",
            "/shop.v1.Users/GetUser",
        ];
        for (wanted, expected) in [
            ("shop.v1.Orders/GetOrdr", Some("shop.v1.Orders/GetOrder")),
            ("/shop.v1.Orders/getOrder", Some("shop.v1.Orders/GetOrder")),
            ("shop.v1.Orders.GetOrder", Some("shop.v1.Orders/GetOrder")),
            ("Users/GetUsers", Some("shop.v1.Users/GetUser")),
            ("ListOrder", Some("shop.v1.Orders/ListOrders")),
            ("shop.v1.User/GetUser", Some("shop.v1.Users/GetUser")),
            ("Delete", None),
            ("completely.other.Thing/Else", None),
            ("", None),
            ("/", None),
        ] {
            assert_eq!(closest(wanted, paths.into_iter()), expected, "{wanted}");
        }
        assert_eq!(closest(&"a".repeat(1000), paths.into_iter()), None);
    }
}
