//! The rules by name. Where `buf lint` has a rule it has its name.

use crate::schema::rules::rules;

rules! {
    /// What is looked for.
    pub enum Rule {
        /// A package without a version.
        PackageVersionSuffix = "PACKAGE_VERSION_SUFFIX",
            "a package ends with its version: library.v1";
        /// A file in another folder than its package's.
        PackageDirectoryMatch = "PACKAGE_DIRECTORY_MATCH",
            "a file lies in the folder of its package: library/v1";
        /// A service with a version in its own name.
        ServiceVersionInPackage = "SERVICE_VERSION_IN_PACKAGE",
            "a version is the package's, not in a service's name";
        /// Something removed, and open to be something else.
        DeletedWithoutReserved = "DELETED_WITHOUT_RESERVED",
            "what is removed leaves its number and name reserved (with --against)";
        /// A number that meant something else.
        NumberReused = "NUMBER_REUSED",
            "a number never means something else again (with --against)";
        /// A name that says nothing.
        VagueName = "VAGUE_NAME", "a name says what it holds: not data, info or value";
        /// Messages within messages within messages.
        DeepNesting = "DEEP_NESTING", "messages are not declared within messages more than twice";
        /// A write of a state, where something happens.
        ActionOverCrud = "ACTION_OVER_CRUD", "a method that makes something happen is called by it";
        /// An update that cannot tell a zero from nothing.
        UpdatePresence = "UPDATE_PRESENCE",
            "an update can tell a zero from a field that is not there";
        /// An enum whose zero means something.
        EnumZeroValueSuffix = "ENUM_ZERO_VALUE_SUFFIX",
            "an enum begins with 0, which ends with _UNSPECIFIED";
        /// A call that may take for ever.
        MethodDeadline = "METHOD_DEADLINE",
            "a call ends in time, also if its client sets no deadline";
        /// A list without pages.
        ListPagination = "LIST_PAGINATION", "a list comes in pages: page_size and page_token";
        /// An answer that grows without a bound.
        ResponseShouldStream = "RESPONSE_SHOULD_STREAM",
            "an answer without a bound comes as a stream";
        /// A body where HTTP has none.
        HttpBody = "HTTP_BODY", "GET, HEAD and DELETE have no body";
        /// A verb that means something else.
        HttpVerb = "HTTP_VERB", "the HTTP method does what the rpc's name says";
        /// A required field that no request can set.
        HttpRequiredUnbound = "HTTP_REQUIRED_UNBOUND",
            "a request can set every field that is required";
        /// A binding that is not served.
        HttpRuleRefused = "HTTP_RULE_REFUSED", "every rule of HTTP and every file can be served";
        /// Two bindings that match one URL.
        HttpAmbiguous = "HTTP_AMBIGUOUS",
            "no URL matches two bindings of which neither is more specific";
    }
}
