//! The words of gnostic's `openapi.v3.*`.
//!
//! Paths, links, callbacks, bodies and the schemas of answers are not among them: those are structure, which
//! comes from the descriptors alone.

use super::read::{Form, Member, member};

pub(super) static DOCUMENT: [Member; 7] = [
    member(2, "info", Form::Message(&INFO)),
    member(3, "servers", Form::Messages(&SERVER)),
    member(5, "components", Form::Message(&COMPONENTS)),
    member(6, "security", Form::Requirements),
    member(7, "tags", Form::Messages(&TAG)),
    member(8, "externalDocs", Form::Message(&EXTERNAL)),
    member(9, "", Form::NamedYaml),
];

static INFO: [Member; 8] = [
    member(1, "title", Form::Text),
    member(2, "description", Form::Text),
    member(3, "termsOfService", Form::Text),
    member(4, "contact", Form::Message(&CONTACT)),
    member(5, "license", Form::Message(&LICENSE)),
    member(6, "version", Form::Text),
    member(7, "", Form::NamedYaml),
    member(8, "summary", Form::Text),
];

static CONTACT: [Member; 4] = [
    member(1, "name", Form::Text),
    member(2, "url", Form::Text),
    member(3, "email", Form::Text),
    member(4, "", Form::NamedYaml),
];

static LICENSE: [Member; 3] = [
    member(1, "name", Form::Text),
    member(2, "url", Form::Text),
    member(3, "", Form::NamedYaml),
];

static SERVER: [Member; 4] = [
    member(1, "url", Form::Text),
    member(2, "description", Form::Text),
    member(3, "variables", Form::Named(&VARIABLE)),
    member(4, "", Form::NamedYaml),
];

static VARIABLE: [Member; 4] = [
    member(1, "enum", Form::Texts),
    member(2, "default", Form::Text),
    member(3, "description", Form::Text),
    member(4, "", Form::NamedYaml),
];

static EXTERNAL: [Member; 3] = [
    member(1, "description", Form::Text),
    member(2, "url", Form::Text),
    member(3, "", Form::NamedYaml),
];

static TAG: [Member; 4] = [
    member(1, "name", Form::Text),
    member(2, "description", Form::Text),
    member(3, "externalDocs", Form::Message(&EXTERNAL)),
    member(4, "", Form::NamedYaml),
];

static COMPONENTS: [Member; 1] = [member(7, "securitySchemes", Form::Named(&SCHEME_OR))];

static SCHEME_OR: [Member; 1] = [member(1, "", Form::Message(&SCHEME))];

static SCHEME: [Member; 9] = [
    member(1, "type", Form::Text),
    member(2, "description", Form::Text),
    member(3, "name", Form::Text),
    member(4, "in", Form::Text),
    member(5, "scheme", Form::Text),
    member(6, "bearerFormat", Form::Text),
    member(7, "flows", Form::Message(&FLOWS)),
    member(8, "openIdConnectUrl", Form::Text),
    member(9, "", Form::NamedYaml),
];

static FLOWS: [Member; 5] = [
    member(1, "implicit", Form::Message(&FLOW)),
    member(2, "password", Form::Message(&FLOW)),
    member(3, "clientCredentials", Form::Message(&FLOW)),
    member(4, "authorizationCode", Form::Message(&FLOW)),
    member(5, "", Form::NamedYaml),
];

static FLOW: [Member; 5] = [
    member(1, "authorizationUrl", Form::Text),
    member(2, "tokenUrl", Form::Text),
    member(3, "refreshUrl", Form::Text),
    member(4, "scopes", Form::NamedTexts),
    member(5, "", Form::NamedYaml),
];

pub(super) static OPERATION: [Member; 10] = [
    member(1, "tags", Form::Texts),
    member(2, "summary", Form::Text),
    member(3, "description", Form::Text),
    member(4, "externalDocs", Form::Message(&EXTERNAL)),
    member(5, "operationId", Form::Text),
    member(6, "parameters", Form::Messages(&PARAMETER_OR)),
    member(8, "responses", Form::Message(&RESPONSES)),
    member(10, "deprecated", Form::Flag),
    member(11, "security", Form::Requirements),
    member(13, "", Form::NamedYaml),
];

static PARAMETER_OR: [Member; 1] = [member(1, "", Form::Message(&PARAMETER))];

static PARAMETER: [Member; 10] = [
    member(1, "name", Form::Text),
    member(2, "in", Form::Text),
    member(3, "description", Form::Text),
    member(4, "required", Form::Flag),
    member(5, "deprecated", Form::Flag),
    member(7, "style", Form::Text),
    member(8, "explode", Form::Flag),
    member(10, "schema", Form::Message(&SCHEMA_OR)),
    member(11, "example", Form::Yaml),
    member(14, "", Form::NamedYaml),
];

/// Codes and their answers; gnostic has the default one apart, and no document of ours has it.
static RESPONSES: [Member; 1] = [member(2, "list", Form::Messages(&NAMED_RESPONSE))];

static NAMED_RESPONSE: [Member; 2] = [
    member(1, "code", Form::Text),
    member(2, "response", Form::Message(&RESPONSE_OR)),
];

static RESPONSE_OR: [Member; 1] = [member(1, "", Form::Message(&RESPONSE))];

static RESPONSE: [Member; 3] = [
    member(1, "description", Form::Text),
    member(2, "headers", Form::Named(&HEADER_OR)),
    member(5, "", Form::NamedYaml),
];

static HEADER_OR: [Member; 1] = [member(1, "", Form::Message(&HEADER))];

static HEADER: [Member; 6] = [
    member(1, "description", Form::Text),
    member(2, "required", Form::Flag),
    member(3, "deprecated", Form::Flag),
    member(8, "schema", Form::Message(&SCHEMA_OR)),
    member(9, "example", Form::Yaml),
    member(12, "", Form::NamedYaml),
];

static SCHEMA_OR: [Member; 1] = [member(1, "", Form::Message(&SCHEMA))];

pub(super) static SCHEMA: [Member; 34] = [
    member(1, "nullable", Form::Flag),
    member(3, "readOnly", Form::Flag),
    member(4, "writeOnly", Form::Flag),
    member(6, "externalDocs", Form::Message(&EXTERNAL)),
    member(7, "example", Form::Yaml),
    member(8, "deprecated", Form::Flag),
    member(9, "title", Form::Text),
    member(10, "multipleOf", Form::Real),
    member(11, "maximum", Form::Real),
    member(12, "exclusiveMaximum", Form::Flag),
    member(13, "minimum", Form::Real),
    member(14, "exclusiveMinimum", Form::Flag),
    member(15, "maxLength", Form::Count),
    member(16, "minLength", Form::Count),
    member(17, "pattern", Form::Text),
    member(18, "maxItems", Form::Count),
    member(19, "minItems", Form::Count),
    member(20, "uniqueItems", Form::Flag),
    member(21, "maxProperties", Form::Count),
    member(22, "minProperties", Form::Count),
    member(23, "required", Form::Texts),
    member(24, "enum", Form::Yamls),
    member(25, "type", Form::Text),
    member(26, "allOf", Form::Messages(&SCHEMA_OR)),
    member(27, "oneOf", Form::Messages(&SCHEMA_OR)),
    member(28, "anyOf", Form::Messages(&SCHEMA_OR)),
    member(29, "not", Form::Message(&SCHEMA)),
    member(30, "items", Form::Message(&ITEMS)),
    member(31, "properties", Form::Named(&SCHEMA_OR)),
    member(32, "additionalProperties", Form::Message(&SCHEMA_OR)),
    member(33, "default", Form::Default),
    member(34, "description", Form::Text),
    member(35, "format", Form::Text),
    member(36, "", Form::NamedYaml),
];

static ITEMS: [Member; 1] = [member(1, "", Form::Message(&SCHEMA_OR))];
