//! Packages: their version, their folder, the services in them.

use prost_reflect::FileDescriptor;

use super::{Linter, Place, Rule};

/// `FileDescriptorProto.package`, as source info counts it.
const PACKAGE: &[i32] = &[2];

impl Linter<'_> {
    pub(super) fn package(&mut self, file: &FileDescriptor) {
        let (path, package) = (file.name(), file.package_name());
        let place = Place {
            file: path,
            path: PACKAGE,
        };
        if package.is_empty() {
            let text = "has no package; name one, with its version: `package library.v1;`";
            self.add(Rule::PackageVersionSuffix, Some(&place), path, text);
        } else {
            let last = package.rsplit('.').next().unwrap_or_default();
            if !is_version(last) {
                let text = format!(
                    "has no version; call it {package}.v1, so that {package}.v2 can stand beside it"
                );
                self.add(Rule::PackageVersionSuffix, Some(&place), package, text);
            }
            let (folder, _) = path.rsplit_once('/').unwrap_or_default();
            let expected = package.replace('.', "/");
            if folder != expected {
                let text = format!(
                    "{path} lies in {folder:?}, expected {expected:?}, so that imports say what they bring"
                );
                self.add(Rule::PackageDirectoryMatch, Some(&place), package, text);
            }
        }
        for service in file.services() {
            if let Some((name, version)) = versioned(service.name()) {
                let place = Place {
                    file: path,
                    path: service.path(),
                };
                let text = format!(
                    "call it {name}, in a package that ends with {}: whole packages have versions",
                    version.to_ascii_lowercase()
                );
                let full = service.full_name();
                self.add(Rule::ServiceVersionInPackage, Some(&place), full, text);
            }
        }
    }
}

/// `v1`, `v2beta3`, `v1p1alpha1`.
fn is_version(part: &str) -> bool {
    let digits =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let Some(rest) = part.strip_prefix('v') else {
        return false;
    };
    let major = digits(rest);
    let (major, mut rest) = rest.split_at(major);
    if major.is_empty() || major.starts_with('0') {
        return false;
    }
    if let Some(point) = rest.strip_prefix('p') {
        let minor = digits(point);
        if minor == 0 {
            return false;
        }
        rest = point.get(minor..).unwrap_or_default();
        // A point release is one of an alpha or beta.
        if rest.is_empty() {
            return false;
        }
    }
    rest.is_empty()
        || ["alpha", "beta", "test"].iter().any(|stage| {
            let number = rest.strip_prefix(stage);
            number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        })
}

/// A name and the version at its end, as in `LibraryV2` and `LibraryServiceV2`, or before its last word.
fn versioned(name: &str) -> Option<(String, String)> {
    let (base, suffix) = match name.strip_suffix("Service") {
        Some(base) if !base.is_empty() => (base, "Service"),
        _ => (name, ""),
    };
    let letters = base.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = base
        .get(letters.len()..)
        .filter(|number| !number.is_empty())?;
    // `IPV6` is a word; a version follows a small letter or a digit.
    let plain = letters.strip_suffix('V')?;
    let follows = plain.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    follows.then(|| (format!("{plain}{suffix}"), format!("V{number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_words() {
        for good in ["v1", "v12", "v1alpha", "v1beta2", "v1p1beta1", "v2test"] {
            assert!(is_version(good), "{good}");
        }
        for bad in [
            "", "v", "v0", "1", "v1x", "v1p1", "vpn", "v1pbeta1", "version1", "V1",
        ] {
            assert!(!is_version(bad), "{bad}");
        }
    }

    #[test]
    fn a_version_in_a_name_is_found_and_taken_out() {
        for (name, expected) in [
            ("LibraryV2", Some("Library")),
            ("LibraryServiceV2", Some("LibraryService")),
            ("LibraryV2Service", Some("LibraryService")),
            ("LibraryService", None),
            ("IPV6", None),
            ("V2", None),
            ("Level3", None),
        ] {
            let found = versioned(name).map(|(name, _)| name);
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }
}
