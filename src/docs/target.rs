//! What a URL beneath the site's paths asks for.

use super::Config;
use crate::openapi::{Edition, Format, Profile, Scope, Version};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A document.
    Document {
        /// Which, its scope still a name.
        name: String,
        /// The version.
        version: Version,
        /// Who it is for.
        profile: Profile,
        /// How it is written.
        format: Format,
    },
    /// A page of the site: its path beneath the site's, empty or with a `/` in front, and its query.
    Page {
        /// The path.
        path: String,
        /// The query.
        query: Option<String>,
    },
}

impl Target {
    /// What this URL asks for; none if it leads elsewhere.
    pub(super) fn of(config: &Config, path: &str, query: Option<&str>) -> Option<Self> {
        if let Some(rest) = path.strip_prefix(config.path.as_str())
            && (rest.is_empty() || rest.starts_with('/'))
        {
            return Some(Self::Page {
                path: rest.to_owned(),
                query: query.map(str::to_owned),
            });
        }
        let rest = path.strip_prefix(config.openapi_path.as_str())?;
        let (name, format) = match (rest.strip_suffix(".json"), rest.strip_suffix(".yaml")) {
            (Some(name), _) => (name, Format::Json),
            (_, Some(name)) => (name, Format::Yaml),
            (None, None) => return None,
        };
        let (name, version) = match name.rsplit_once('-') {
            Some((name, version)) => (name, Some(version.parse().ok()?)),
            None => (name, None),
        };
        let name = match name.strip_prefix('/') {
            Some(name) if !name.is_empty() => name,
            None if name.is_empty() => "",
            Some(_) | None => return None,
        };
        let asked = |key: &str| {
            query
                .unwrap_or_default()
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(name, _)| *name == key)
                .map(|(_, value)| value)
        };
        let version = version.or_else(|| asked("version").and_then(|text| text.parse().ok()));
        let profile = match asked("profile") {
            Some("simple") => Profile::Simple,
            Some(_) | None => Profile::Full,
        };
        Some(Self::Document {
            name: name.to_owned(),
            version: version.unwrap_or_default(),
            profile,
            format,
        })
    }
}

/// The document that a name stands for: nothing, a package, or a service.
pub(super) fn edition(
    name: &str,
    is_package: bool,
    (version, profile, format): (Version, Profile, Format),
) -> Edition {
    let scope = match name {
        "" => Scope::All,
        name if is_package => Scope::Package(name.to_owned()),
        name => Scope::Service(name.to_owned()),
    };
    Edition {
        scope,
        version,
        profile,
        format,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(url: &str) -> Option<Target> {
        let (path, query) = url
            .split_once('?')
            .map_or((url, None), |(p, q)| (p, Some(q)));
        Target::of(&Config::default(), path, query)
    }

    fn document(url: &str) -> (String, String, Profile, Format) {
        match of(url).unwrap() {
            Target::Document {
                name,
                version,
                profile,
                format,
            } => (name, version.to_string(), profile, format),
            Target::Page { .. } => panic!("{url} is a page"),
        }
    }

    #[test]
    fn documents_are_found_by_name_version_and_format() {
        use Format::{Json, Yaml};
        use Profile::{Full, Simple};
        for (url, name, version, profile, format) in [
            ("/openapi.json", "", "3.1", Full, Json),
            ("/openapi.yaml", "", "3.1", Full, Yaml),
            ("/openapi-3.2.json", "", "3.2", Full, Json),
            ("/openapi.json?version=3.0", "", "3.0", Full, Json),
            ("/openapi-3.0.json?profile=simple", "", "3.0", Simple, Json),
            ("/openapi/library.v1.json", "library.v1", "3.1", Full, Json),
            (
                "/openapi/library.v1-3.2.yaml",
                "library.v1",
                "3.2",
                Full,
                Yaml,
            ),
            ("/openapi/index.json", "index", "3.1", Full, Json),
        ] {
            let expected = (name.to_owned(), version.to_owned(), profile, format);
            assert_eq!(document(url), expected, "{url}");
        }
    }

    #[test]
    fn other_paths_lead_elsewhere() {
        for url in [
            "/",
            "/docsx",
            "/openapi",
            "/openapi/",
            "/openapi/.json",
            "/openapi-4.json",
        ] {
            assert_eq!(of(url), None, "{url}");
        }
        assert!(matches!(of("/docs").unwrap(), Target::Page { path, .. } if path.is_empty()));
        assert!(matches!(of("/docs/a?q=1").unwrap(), Target::Page { path, .. } if path == "/a"));
    }
}
