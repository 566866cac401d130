//! The rules by name. Where `buf breaking` has a rule it has its name; those of URLs stand behind them.

use crate::schema::rules::rules;

rules! {
    /// Why a change breaks somebody.
    pub enum Rule {
        /// An enum in JSON that is no longer promised to work.
        EnumSameJsonFormat = "ENUM_SAME_JSON_FORMAT", "an enum keeps its support of JSON";
        /// A value is gone, and its name may come again as something else.
        EnumValueNoDeleteUnlessNameReserved = "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
            "a value of an enum is not removed, unless its name is reserved";
        /// A value is gone, and its number may come again as something else.
        EnumValueNoDeleteUnlessNumberReserved = "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED",
            "a value of an enum is not removed, unless its number is reserved";
        /// A value has another name.
        EnumValueSameName = "ENUM_VALUE_SAME_NAME", "a value of an enum keeps its name";
        /// A field is gone, and its name may come again as something else.
        FieldNoDeleteUnlessNameReserved = "FIELD_NO_DELETE_UNLESS_NAME_RESERVED",
            "a field is not removed, unless its name is reserved";
        /// A field is gone, and its number may come again as something else.
        FieldNoDeleteUnlessNumberReserved = "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
            "a field is not removed, unless its number is reserved";
        /// A field has another default.
        FieldSameDefault = "FIELD_SAME_DEFAULT", "a field keeps its default";
        /// A field has another name in JSON.
        FieldSameJsonName = "FIELD_SAME_JSON_NAME", "a field keeps its name in JSON";
        /// A field has another name.
        FieldSameName = "FIELD_SAME_NAME", "a field keeps its name";
        /// A field is in another oneof, or in none.
        FieldSameOneof = "FIELD_SAME_ONEOF", "a field stays in its oneof, or outside of any";
        /// One became many, say.
        FieldWireJsonCompatibleCardinality = "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
            "a field stays single, required, repeated or a map";
        /// A type that does not read what the old one wrote.
        FieldWireJsonCompatibleType = "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
            "a field's type reads what the old one wrote, as bytes and as JSON";
        /// A file is of another package.
        FileSamePackage = "FILE_SAME_PACKAGE", "a file stays in its package";
        /// A message in JSON that is no longer promised to work.
        MessageSameJsonFormat = "MESSAGE_SAME_JSON_FORMAT", "a message keeps its support of JSON";
        /// Fields became required, or are so no more.
        MessageSameRequiredFields = "MESSAGE_SAME_REQUIRED_FIELDS",
            "no field becomes required, or stops being so";
        /// A service is gone.
        PackageServiceNoDelete = "PACKAGE_SERVICE_NO_DELETE", "a service is not removed";
        /// An enum reserves less.
        ReservedEnumNoDelete = "RESERVED_ENUM_NO_DELETE", "what an enum reserves stays reserved";
        /// A message reserves less.
        ReservedMessageNoDelete = "RESERVED_MESSAGE_NO_DELETE",
            "what a message reserves stays reserved";
        /// A method is gone.
        RpcNoDelete = "RPC_NO_DELETE", "a method is not removed";
        /// The client's side streams, or does so no more.
        RpcSameClientStreaming = "RPC_SAME_CLIENT_STREAMING",
            "the client's side goes on to stream, or not to";
        /// A method promises something else about calls that are repeated.
        RpcSameIdempotencyLevel = "RPC_SAME_IDEMPOTENCY_LEVEL",
            "a method keeps its idempotency_level";
        /// A method takes another message.
        RpcSameRequestType = "RPC_SAME_REQUEST_TYPE", "a method goes on to take the same message";
        /// A method answers with another message.
        RpcSameResponseType = "RPC_SAME_RESPONSE_TYPE",
            "a method goes on to answer with the same message";
        /// The server's side streams, or does so no more.
        RpcSameServerStreaming = "RPC_SAME_SERVER_STREAMING",
            "the server's side goes on to stream, or not to";
        /// A URL that led to a method leads nowhere.
        HttpBindingNoDelete = "HTTP_BINDING_NO_DELETE",
            "a URL that leads to a method goes on to lead there";
        /// A URL takes its body as something else.
        HttpBindingSameBody = "HTTP_BINDING_SAME_BODY",
            "a URL goes on to take its body as the same thing";
        /// A URL leads to another method.
        HttpBindingSameMethod = "HTTP_BINDING_SAME_METHOD", "a URL does not lead to another method";
        /// A URL answers with another part of the message.
        HttpBindingSameResponseBody = "HTTP_BINDING_SAME_RESPONSE_BODY",
            "a URL goes on to answer with the same part of the message";
        /// A part of a URL sets another field.
        HttpBindingSameVariables = "HTTP_BINDING_SAME_VARIABLES",
            "the parts of a URL go on to set the same fields";
    }
}
