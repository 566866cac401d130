//! The words of grpc-gateway's `openapiv3_*`.

use super::read::{Form, Member, member};
use super::swagger::CONTACT;

pub(super) static DOCUMENT: [Member; 4] = [
    member(1, "info", Form::Message(&INFO)),
    member(2, "servers", Form::Messages(&SERVER)),
    member(3, "externalDocs", Form::Message(&EXTERNAL)),
    member(4, "tags", Form::Messages(&TAG)),
];

static INFO: [Member; 7] = [
    member(1, "title", Form::Text),
    member(2, "summary", Form::Text),
    member(3, "description", Form::Text),
    member(4, "termsOfService", Form::Text),
    member(5, "contact", Form::Message(&CONTACT)),
    member(6, "license", Form::Message(&LICENSE)),
    member(7, "version", Form::Text),
];

static LICENSE: [Member; 3] = [
    member(1, "name", Form::Text),
    member(2, "identifier", Form::Text),
    member(3, "url", Form::Text),
];

static SERVER: [Member; 2] = [
    member(1, "url", Form::Text),
    member(2, "description", Form::Text),
];

static EXTERNAL: [Member; 2] = [
    member(1, "description", Form::Text),
    member(2, "url", Form::Text),
];

pub(super) static TAG: [Member; 3] = [
    member(1, "name", Form::Text),
    member(2, "description", Form::Text),
    member(3, "externalDocs", Form::Message(&EXTERNAL)),
];

pub(super) static OPERATION: [Member; 6] = [
    member(1, "tags", Form::Texts),
    member(2, "summary", Form::Text),
    member(3, "description", Form::Text),
    member(4, "externalDocs", Form::Message(&EXTERNAL)),
    member(5, "operationId", Form::Text),
    member(6, "deprecated", Form::Flag),
];

pub(super) static SCHEMA: [Member; 3] = [
    member(1, "title", Form::Text),
    member(2, "description", Form::Text),
    member(3, "deprecated", Form::Flag),
];
