//! The rules by name. Where `buf breaking` has a rule it has its name.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Why a change breaks somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// An enum in JSON that is no longer promised to work.
    EnumSameJsonFormat,
    /// A value is gone, and its name may come again as something else.
    EnumValueNoDeleteUnlessNameReserved,
    /// A value is gone, and its number may come again as something else.
    EnumValueNoDeleteUnlessNumberReserved,
    /// A value has another name.
    EnumValueSameName,
    /// A field is gone, and its name may come again as something else.
    FieldNoDeleteUnlessNameReserved,
    /// A field is gone, and its number may come again as something else.
    FieldNoDeleteUnlessNumberReserved,
    /// A field has another default.
    FieldSameDefault,
    /// A field has another name in JSON.
    FieldSameJsonName,
    /// A field has another name.
    FieldSameName,
    /// A field is in another oneof, or in none.
    FieldSameOneof,
    /// One became many, say.
    FieldWireJsonCompatibleCardinality,
    /// A type that does not read what the old one wrote.
    FieldWireJsonCompatibleType,
    /// A file is of another package.
    FileSamePackage,
    /// A message in JSON that is no longer promised to work.
    MessageSameJsonFormat,
    /// Fields became required, or are so no more.
    MessageSameRequiredFields,
    /// An enum reserves less.
    ReservedEnumNoDelete,
    /// A message reserves less.
    ReservedMessageNoDelete,
    /// A service is gone.
    PackageServiceNoDelete,
    /// A method is gone.
    RpcNoDelete,
    /// The client's side streams, or does so no more.
    RpcSameClientStreaming,
    /// A method promises something else about calls that are repeated.
    RpcSameIdempotencyLevel,
    /// A method takes another message.
    RpcSameRequestType,
    /// A method answers with another message.
    RpcSameResponseType,
    /// The server's side streams, or does so no more.
    RpcSameServerStreaming,
    /// A URL that led to a method leads nowhere.
    HttpBindingNoDelete,
    /// A URL takes its body as something else.
    HttpBindingSameBody,
    /// A URL leads to another method.
    HttpBindingSameMethod,
    /// A URL answers with another part of the message.
    HttpBindingSameResponseBody,
    /// A part of a URL sets another field.
    HttpBindingSameVariables,
}

/// A name that no rule has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found no rule {0:?}, expected one of {all}", all = names())]
pub struct NoRule(String);

impl Rule {
    /// All of them, by name.
    pub const ALL: [Self; 29] = [
        Self::EnumSameJsonFormat,
        Self::EnumValueNoDeleteUnlessNameReserved,
        Self::EnumValueNoDeleteUnlessNumberReserved,
        Self::EnumValueSameName,
        Self::FieldNoDeleteUnlessNameReserved,
        Self::FieldNoDeleteUnlessNumberReserved,
        Self::FieldSameDefault,
        Self::FieldSameJsonName,
        Self::FieldSameName,
        Self::FieldSameOneof,
        Self::FieldWireJsonCompatibleCardinality,
        Self::FieldWireJsonCompatibleType,
        Self::FileSamePackage,
        Self::HttpBindingNoDelete,
        Self::HttpBindingSameBody,
        Self::HttpBindingSameMethod,
        Self::HttpBindingSameResponseBody,
        Self::HttpBindingSameVariables,
        Self::MessageSameJsonFormat,
        Self::MessageSameRequiredFields,
        Self::PackageServiceNoDelete,
        Self::ReservedEnumNoDelete,
        Self::ReservedMessageNoDelete,
        Self::RpcNoDelete,
        Self::RpcSameClientStreaming,
        Self::RpcSameIdempotencyLevel,
        Self::RpcSameRequestType,
        Self::RpcSameResponseType,
        Self::RpcSameServerStreaming,
    ];

    /// The name, in capitals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EnumSameJsonFormat => "ENUM_SAME_JSON_FORMAT",
            Self::EnumValueNoDeleteUnlessNameReserved => {
                "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED"
            }
            Self::EnumValueNoDeleteUnlessNumberReserved => {
                "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED"
            }
            Self::EnumValueSameName => "ENUM_VALUE_SAME_NAME",
            Self::FieldNoDeleteUnlessNameReserved => "FIELD_NO_DELETE_UNLESS_NAME_RESERVED",
            Self::FieldNoDeleteUnlessNumberReserved => "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
            Self::FieldSameDefault => "FIELD_SAME_DEFAULT",
            Self::FieldSameJsonName => "FIELD_SAME_JSON_NAME",
            Self::FieldSameName => "FIELD_SAME_NAME",
            Self::FieldSameOneof => "FIELD_SAME_ONEOF",
            Self::FieldWireJsonCompatibleCardinality => "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
            Self::FieldWireJsonCompatibleType => "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
            Self::FileSamePackage => "FILE_SAME_PACKAGE",
            Self::MessageSameJsonFormat => "MESSAGE_SAME_JSON_FORMAT",
            Self::MessageSameRequiredFields => "MESSAGE_SAME_REQUIRED_FIELDS",
            Self::ReservedEnumNoDelete => "RESERVED_ENUM_NO_DELETE",
            Self::ReservedMessageNoDelete => "RESERVED_MESSAGE_NO_DELETE",
            Self::PackageServiceNoDelete => "PACKAGE_SERVICE_NO_DELETE",
            Self::RpcNoDelete => "RPC_NO_DELETE",
            Self::RpcSameClientStreaming => "RPC_SAME_CLIENT_STREAMING",
            Self::RpcSameIdempotencyLevel => "RPC_SAME_IDEMPOTENCY_LEVEL",
            Self::RpcSameRequestType => "RPC_SAME_REQUEST_TYPE",
            Self::RpcSameResponseType => "RPC_SAME_RESPONSE_TYPE",
            Self::RpcSameServerStreaming => "RPC_SAME_SERVER_STREAMING",
            Self::HttpBindingNoDelete => "HTTP_BINDING_NO_DELETE",
            Self::HttpBindingSameBody => "HTTP_BINDING_SAME_BODY",
            Self::HttpBindingSameMethod => "HTTP_BINDING_SAME_METHOD",
            Self::HttpBindingSameResponseBody => "HTTP_BINDING_SAME_RESPONSE_BODY",
            Self::HttpBindingSameVariables => "HTTP_BINDING_SAME_VARIABLES",
        }
    }

    /// What it asks for, in a line.
    #[must_use]
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::EnumSameJsonFormat => "an enum keeps its support of JSON",
            Self::EnumValueNoDeleteUnlessNameReserved => {
                "a value of an enum is not removed, unless its name is reserved"
            }
            Self::EnumValueNoDeleteUnlessNumberReserved => {
                "a value of an enum is not removed, unless its number is reserved"
            }
            Self::EnumValueSameName => "a value of an enum keeps its name",
            Self::FieldNoDeleteUnlessNameReserved => {
                "a field is not removed, unless its name is reserved"
            }
            Self::FieldNoDeleteUnlessNumberReserved => {
                "a field is not removed, unless its number is reserved"
            }
            Self::FieldSameDefault => "a field keeps its default",
            Self::FieldSameJsonName => "a field keeps its name in JSON",
            Self::FieldSameName => "a field keeps its name",
            Self::FieldSameOneof => "a field stays in its oneof, or outside of any",
            Self::FieldWireJsonCompatibleCardinality => {
                "a field stays single, required, repeated or a map"
            }
            Self::FieldWireJsonCompatibleType => {
                "a field's type reads what the old one wrote, as bytes and as JSON"
            }
            Self::FileSamePackage => "a file stays in its package",
            Self::MessageSameJsonFormat => "a message keeps its support of JSON",
            Self::MessageSameRequiredFields => "no field becomes required, or stops being so",
            Self::ReservedEnumNoDelete => "what an enum reserves stays reserved",
            Self::ReservedMessageNoDelete => "what a message reserves stays reserved",
            Self::PackageServiceNoDelete => "a service is not removed",
            Self::RpcNoDelete => "a method is not removed",
            Self::RpcSameClientStreaming => "the client's side goes on to stream, or not to",
            Self::RpcSameIdempotencyLevel => "a method keeps its idempotency_level",
            Self::RpcSameRequestType => "a method goes on to take the same message",
            Self::RpcSameResponseType => "a method goes on to answer with the same message",
            Self::RpcSameServerStreaming => "the server's side goes on to stream, or not to",
            Self::HttpBindingNoDelete => "a URL that leads to a method goes on to lead there",
            Self::HttpBindingSameBody => "a URL goes on to take its body as the same thing",
            Self::HttpBindingSameMethod => "a URL does not lead to another method",
            Self::HttpBindingSameResponseBody => {
                "a URL goes on to answer with the same part of the message"
            }
            Self::HttpBindingSameVariables => "the parts of a URL go on to set the same fields",
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
