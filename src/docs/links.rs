//! Where things of the site are: every path that a page refers to is written here, and read back in
//! `address`.
//!
//! | path beneath the prefix | is |
//! |---|---|
//! | `/{package}`, `/{package}/{Service}`, `/{package}/{Service}/{Method}#{field}` | what their names say |
//! | `/{package}/messages/{Message}`, `/{package}/enums/{Enum}` | types |
//! | `/errors`, `/search` and the like | the site's own pages |
//!
//! A package or service whose name is that of something else there has `~` before it; so has the
//! package without a name, which is `~` alone.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::catalog::{Enum, Message, Method, Package, Service};

/// Names beneath the prefix that are no packages.
pub(super) const RESERVED: [&str; 15] = [
    "",
    "api.binpb",
    "assets",
    "authentication",
    "changes",
    "changes.atom",
    "coverage",
    "downloads",
    "errors",
    "llms.txt",
    "scalar",
    "search",
    "search.json",
    "swagger",
    "test",
];

/// Names beneath a package that are no services.
pub(super) const RESERVED_IN_PACKAGE: [&str; 2] = ["enums", "messages"];

/// Marks a name that would be taken for something else.
pub(super) const MARK: char = '~';

const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'_')
    .remove(b'-')
    .remove(b'~');

/// Writes paths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links<'a> {
    prefix: &'a str,
}

impl<'a> Links<'a> {
    pub(super) const fn new(prefix: &'a str) -> Self {
        Self { prefix }
    }

    pub(super) fn home(self) -> String {
        if self.prefix.is_empty() {
            "/".to_owned()
        } else {
            self.prefix.to_owned()
        }
    }

    /// One of the names of [`RESERVED`].
    pub(super) fn own(self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    pub(super) fn package(self, name: &str) -> String {
        let mark = if RESERVED.contains(&name) { "~" } else { "" };
        format!("{}/{mark}{}", self.prefix, encoded(name))
    }

    pub(super) fn service(self, package: &Package, service: &Service) -> String {
        let mark = if RESERVED_IN_PACKAGE.contains(&service.short.as_str()) {
            "~"
        } else {
            ""
        };
        let package = self.package(&package.name);
        format!("{package}/{mark}{}", encoded(&service.short))
    }

    pub(super) fn method(self, package: &Package, service: &Service, method: &Method) -> String {
        let service = self.service(package, service);
        format!("{service}/{}", encoded(&method.served.name))
    }

    pub(super) fn message(self, message: &Message) -> String {
        let descriptor = &message.descriptor;
        self.within(
            descriptor.package_name(),
            "messages",
            descriptor.full_name(),
        )
    }

    pub(super) fn enumeration(self, enumeration: &Enum) -> String {
        let descriptor = &enumeration.descriptor;
        self.within(descriptor.package_name(), "enums", descriptor.full_name())
    }

    fn within(self, package: &str, folder: &str, full_name: &str) -> String {
        let name = relative(package, full_name);
        format!("{}/{folder}/{}", self.package(package), encoded(name))
    }
}

/// A full name without its package.
pub(super) fn relative<'n>(package: &str, full_name: &'n str) -> &'n str {
    full_name
        .strip_prefix(package)
        .map_or(full_name, |rest| rest.trim_start_matches('.'))
}

/// What a file about a package is called.
pub(super) fn file_stem(package: &Package) -> &str {
    if package.name.is_empty() {
        "api"
    } else {
        &package.name
    }
}

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, COMPONENT).to_string()
}
