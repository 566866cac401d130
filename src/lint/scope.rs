//! Whose declarations are judged: nobody changes what others have declared.

use std::fmt;
use std::str::FromStr;

use prost_reflect::FileDescriptor;

/// Packages that come with other people's libraries and tools, by their first component.
const OTHERS: &[&str] = &[
    "buf",
    "cel",
    "envoy",
    "gnostic",
    "gogoproto",
    "google",
    "grpc",
    "opencensus",
    "opentelemetry",
    "udpa",
    "validate",
    "xds",
];

/// Most bytes of a package's name.
const BYTES_MAX: usize = 1024;

/// A package and those beneath it: `shop` is `shop.v1` and `shop.orders.v1` too, and not `shopping`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package(String);

/// A text that is no package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of a package, such as `shop` or `shop.v1`")]
pub struct NoPackage;

impl FromStr for Package {
    type Err = NoPackage;

    fn from_str(text: &str) -> Result<Self, NoPackage> {
        let is_name = |part: &str| {
            !part.is_empty()
                && !part.starts_with(|c: char| c.is_ascii_digit())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        if text.len() > BYTES_MAX || !text.split('.').all(is_name) {
            return Err(NoPackage);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Package {
    /// True if what has this full name is in it, or it is its name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        is_within(name, &self.0)
    }
}

/// Whose declarations are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Those of all packages, but for well-known ones of others (`google`, `buf` and the like). Where
    /// there is nothing else, those are judged too: they are what was given.
    #[default]
    Own,
    /// Those of these packages.
    Within(Vec<Package>),
}

/// The same for one schema.
pub(super) enum Judged<'s> {
    Everything,
    ButOthers,
    Within(&'s [Package]),
}

impl Scope {
    pub(super) fn of(&self, files: impl IntoIterator<Item = FileDescriptor>) -> Judged<'_> {
        match self {
            Self::Within(packages) => Judged::Within(packages),
            Self::Own if files.into_iter().all(|file| is_others(file.package_name())) => {
                Judged::Everything
            }
            Self::Own => Judged::ButOthers,
        }
    }
}

impl Judged<'_> {
    /// True if what has this name is judged: the full name of an element, or the path of a file.
    pub(super) fn has(&self, name: &str) -> bool {
        // A file lies in the folder of its package, or nobody knows whose it is.
        let name = &name.replace('/', ".");
        match self {
            Self::Everything => true,
            Self::ButOthers => !is_others(name),
            Self::Within(packages) => packages.iter().any(|package| package.has(name)),
        }
    }
}

/// True for what others have declared.
fn is_others(name: &str) -> bool {
    OTHERS.iter().any(|package| is_within(name, package))
}

fn is_within(name: &str, package: &str) -> bool {
    let rest = name.strip_prefix(package);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_whole_components() {
        for good in ["shop", "shop.v1", "_a.b1"] {
            assert!(good.parse::<Package>().is_ok(), "{good}");
        }
        for bad in ["", ".", "shop.", "shop.*", "shop/v1", "1a", "a..b"] {
            assert_eq!(bad.parse::<Package>(), Err(NoPackage), "{bad}");
        }
        let shop: Package = "shop".parse().unwrap();
        assert!(shop.has("shop") && shop.has("shop.v1.Book.name"));
        assert!(!shop.has("shopping.v1.Cart") && !shop.has("a.shop"));
    }
}
