//! The words of grpc-gateway's `openapiv2_*`.

use super::read::{Form, Member, member};

const SCHEMES: &[&str] = &["", "http", "https", "ws", "wss"];
const TYPES: &[&str] = &[
    "", "array", "boolean", "integer", "null", "number", "object", "string",
];

pub(super) static DOCUMENT: [Member; 10] = [
    member(2, "info", Form::Message(&INFO)),
    member(3, "host", Form::Text),
    member(4, "basePath", Form::Text),
    member(5, "schemes", Form::Choices(SCHEMES)),
    member(10, "responses", Form::Map(&RESPONSE)),
    member(11, "securityDefinitions", Form::Message(&DEFINITIONS)),
    member(12, "security", Form::Requirements),
    member(13, "tags", Form::Messages(&TAG)),
    member(14, "externalDocs", Form::Message(&EXTERNAL)),
    member(15, "", Form::ValueMap),
];

static INFO: [Member; 7] = [
    member(1, "title", Form::Text),
    member(2, "description", Form::Text),
    member(3, "termsOfService", Form::Text),
    member(4, "contact", Form::Message(&CONTACT)),
    member(5, "license", Form::Message(&LICENSE)),
    member(6, "version", Form::Text),
    member(7, "", Form::ValueMap),
];

pub(super) static CONTACT: [Member; 3] = [
    member(1, "name", Form::Text),
    member(2, "url", Form::Text),
    member(3, "email", Form::Text),
];

static LICENSE: [Member; 2] = [member(1, "name", Form::Text), member(2, "url", Form::Text)];

static EXTERNAL: [Member; 2] = [
    member(1, "description", Form::Text),
    member(2, "url", Form::Text),
];

pub(super) static TAG: [Member; 4] = [
    member(1, "name", Form::Text),
    member(2, "description", Form::Text),
    member(3, "externalDocs", Form::Message(&EXTERNAL)),
    member(4, "", Form::ValueMap),
];

static DEFINITIONS: [Member; 1] = [member(1, "", Form::Map(&SCHEME))];

static SCHEME: [Member; 9] = [
    member(1, "type", Form::Choice(&["", "basic", "apiKey", "oauth2"])),
    member(2, "description", Form::Text),
    member(3, "name", Form::Text),
    member(4, "in", Form::Choice(&["", "query", "header"])),
    member(
        5,
        "flow",
        Form::Choice(&[
            "",
            "implicit",
            "password",
            "clientCredentials",
            "authorizationCode",
        ]),
    ),
    member(6, "authorizationUrl", Form::Text),
    member(7, "tokenUrl", Form::Text),
    member(8, "scopes", Form::Message(&SCOPES)),
    member(9, "", Form::ValueMap),
];

static SCOPES: [Member; 1] = [member(1, "", Form::TextMap)];

pub(super) static OPERATION: [Member; 10] = [
    member(1, "tags", Form::Texts),
    member(2, "summary", Form::Text),
    member(3, "description", Form::Text),
    member(4, "externalDocs", Form::Message(&EXTERNAL)),
    member(5, "operationId", Form::Text),
    member(9, "responses", Form::Map(&RESPONSE)),
    member(11, "deprecated", Form::Flag),
    member(12, "security", Form::Requirements),
    member(13, "", Form::ValueMap),
    member(14, "", Form::Message(&PARAMETERS)),
];

static PARAMETERS: [Member; 1] = [member(1, "headers", Form::Messages(&PARAMETER))];

static PARAMETER: [Member; 5] = [
    member(1, "name", Form::Text),
    member(2, "description", Form::Text),
    member(
        3,
        "type",
        Form::Choice(&["", "string", "number", "integer", "boolean"]),
    ),
    member(4, "format", Form::Text),
    member(5, "required", Form::Flag),
];

static RESPONSE: [Member; 4] = [
    member(1, "description", Form::Text),
    member(3, "headers", Form::Map(&HEADER)),
    member(4, "examples", Form::TextMap),
    member(5, "", Form::ValueMap),
];

static HEADER: [Member; 5] = [
    member(1, "description", Form::Text),
    member(2, "type", Form::Text),
    member(3, "format", Form::Text),
    member(6, "default", Form::Json),
    member(13, "pattern", Form::Text),
];

pub(super) static SCHEMA: [Member; 4] = [
    member(1, "", Form::Message(&FIELD)),
    member(3, "readOnly", Form::Flag),
    member(5, "externalDocs", Form::Message(&EXTERNAL)),
    member(6, "example", Form::Json),
];

pub(super) static FIELD: [Member; 25] = [
    member(3, "$ref", Form::Text),
    member(5, "title", Form::Text),
    member(6, "description", Form::Text),
    member(7, "default", Form::Json),
    member(8, "readOnly", Form::Flag),
    member(9, "example", Form::Json),
    member(10, "multipleOf", Form::Real),
    member(11, "maximum", Form::Real),
    member(12, "exclusiveMaximum", Form::Flag),
    member(13, "minimum", Form::Real),
    member(14, "exclusiveMinimum", Form::Flag),
    member(15, "maxLength", Form::Count),
    member(16, "minLength", Form::Count),
    member(17, "pattern", Form::Text),
    member(20, "maxItems", Form::Count),
    member(21, "minItems", Form::Count),
    member(22, "uniqueItems", Form::Flag),
    member(24, "maxProperties", Form::Count),
    member(25, "minProperties", Form::Count),
    member(26, "required", Form::Texts),
    member(35, "type", Form::Choices(TYPES)),
    member(36, "format", Form::Text),
    member(46, "enum", Form::Jsons),
    member(48, "", Form::ValueMap),
    member(1001, "", Form::Message(&CONFIGURATION)),
];

static CONFIGURATION: [Member; 1] = [member(49, "deprecated", Form::Flag)];

pub(super) static ENUM: [Member; 8] = [
    member(1, "description", Form::Text),
    member(2, "default", Form::Text),
    member(3, "title", Form::Text),
    member(5, "readOnly", Form::Flag),
    member(6, "externalDocs", Form::Message(&EXTERNAL)),
    member(7, "example", Form::Json),
    member(8, "$ref", Form::Text),
    member(9, "", Form::ValueMap),
];
