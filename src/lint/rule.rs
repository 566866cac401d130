//! The rules by name. Where `buf lint` has a rule it has its name.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A package without a version.
    PackageVersionSuffix,
    /// A file in another folder than its package's.
    PackageDirectoryMatch,
    /// A service with a version in its own name.
    ServiceVersionInPackage,
    /// Something removed, and open to be something else.
    DeletedWithoutReserved,
    /// A number that meant something else.
    NumberReused,
    /// A name that says nothing.
    VagueName,
    /// Messages within messages within messages.
    DeepNesting,
    /// A write of a state, where something happens.
    ActionOverCrud,
    /// An update that cannot tell a zero from nothing.
    UpdatePresence,
    /// An enum whose zero means something.
    EnumZeroValueSuffix,
    /// A call that may take for ever.
    MethodDeadline,
    /// A list without pages.
    ListPagination,
    /// An answer that grows without a bound.
    ResponseShouldStream,
    /// A body where HTTP has none.
    HttpBody,
    /// A verb that means something else.
    HttpVerb,
    /// A required field that no request can set.
    HttpRequiredUnbound,
    /// A binding that is not served.
    HttpRuleRefused,
    /// Two bindings that match one URL.
    HttpAmbiguous,
}

/// A name that no rule has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found no rule {0:?}, expected one of {all}", all = names())]
pub struct NoRule(String);

impl Rule {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::PackageVersionSuffix,
        Self::PackageDirectoryMatch,
        Self::ServiceVersionInPackage,
        Self::DeletedWithoutReserved,
        Self::NumberReused,
        Self::VagueName,
        Self::DeepNesting,
        Self::ActionOverCrud,
        Self::UpdatePresence,
        Self::EnumZeroValueSuffix,
        Self::MethodDeadline,
        Self::ListPagination,
        Self::ResponseShouldStream,
        Self::HttpBody,
        Self::HttpVerb,
        Self::HttpRequiredUnbound,
        Self::HttpRuleRefused,
        Self::HttpAmbiguous,
    ];

    /// The name, in capitals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PackageVersionSuffix => "PACKAGE_VERSION_SUFFIX",
            Self::PackageDirectoryMatch => "PACKAGE_DIRECTORY_MATCH",
            Self::ServiceVersionInPackage => "SERVICE_VERSION_IN_PACKAGE",
            Self::DeletedWithoutReserved => "DELETED_WITHOUT_RESERVED",
            Self::NumberReused => "NUMBER_REUSED",
            Self::VagueName => "VAGUE_NAME",
            Self::DeepNesting => "DEEP_NESTING",
            Self::ActionOverCrud => "ACTION_OVER_CRUD",
            Self::UpdatePresence => "UPDATE_PRESENCE",
            Self::EnumZeroValueSuffix => "ENUM_ZERO_VALUE_SUFFIX",
            Self::MethodDeadline => "METHOD_DEADLINE",
            Self::ListPagination => "LIST_PAGINATION",
            Self::ResponseShouldStream => "RESPONSE_SHOULD_STREAM",
            Self::HttpBody => "HTTP_BODY",
            Self::HttpVerb => "HTTP_VERB",
            Self::HttpRequiredUnbound => "HTTP_REQUIRED_UNBOUND",
            Self::HttpRuleRefused => "HTTP_RULE_REFUSED",
            Self::HttpAmbiguous => "HTTP_AMBIGUOUS",
        }
    }

    /// What it asks for, in a line.
    #[must_use]
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::PackageVersionSuffix => "a package ends with its version: library.v1",
            Self::PackageDirectoryMatch => "a file lies in the folder of its package: library/v1",
            Self::ServiceVersionInPackage => "a version is the package's, not in a service's name",
            Self::DeletedWithoutReserved => {
                "what is removed leaves its number and name reserved (with --against)"
            }
            Self::NumberReused => "a number never means something else again (with --against)",
            Self::VagueName => "a name says what it holds: not data, info or value",
            Self::DeepNesting => "messages are not declared within messages more than twice",
            Self::ActionOverCrud => "a method that makes something happen is called by it",
            Self::UpdatePresence => "an update can tell a zero from a field that is not there",
            Self::EnumZeroValueSuffix => "an enum begins with 0, which ends with _UNSPECIFIED",
            Self::MethodDeadline => "a call ends in time, also if its client sets no deadline",
            Self::ListPagination => "a list comes in pages: page_size and page_token",
            Self::ResponseShouldStream => "an answer without a bound comes as a stream",
            Self::HttpBody => "GET, HEAD and DELETE have no body",
            Self::HttpVerb => "the HTTP method does what the rpc's name says",
            Self::HttpRequiredUnbound => "a request can set every field that is required",
            Self::HttpRuleRefused => "every rule of HTTP and every file can be served",
            Self::HttpAmbiguous => "no URL matches two bindings of which neither is more specific",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Rule {
    type Err = NoRule;

    fn from_str(text: &str) -> Result<Self, NoRule> {
        let named = |rule: &Self| rule.name() == text;
        let found = Self::ALL.into_iter().find(named);
        found.ok_or_else(|| NoRule(text.chars().take(100).collect()))
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

fn names() -> String {
    Rule::ALL.map(Rule::name).join(", ")
}
