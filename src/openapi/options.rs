//! What can be chosen about schemas: plain values, one enum a choice, the default first.

use crate::protocol;

/// How documents are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Names of components.
    pub names: ComponentNames,
    /// Which schemas take `null`.
    pub nullable: Nullable,
    /// Whether floating-point numbers that JSON cannot write are in the schemas.
    pub numbers: Numbers,
    /// One component for both directions, or two.
    pub split: Split,
    /// Whether objects are closed.
    pub additional_properties: AdditionalProperties,
    /// Whether a mask that the gateway fills is a parameter.
    pub update_mask: UpdateMask,
    /// How the gateway prints where no route says otherwise; its direction does not count. Components of
    /// this form have plain names.
    pub form: Form,
}

/// Names of components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ComponentNames {
    /// `library.v1.Book`.
    #[default]
    Full,
    /// `Book`, where no other package has one.
    Simple,
}

/// Which schemas take `null`. The gateway reads it as "not set" everywhere, and never writes it for these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nullable {
    /// None: generated Go breaks on it.
    #[default]
    None,
    /// Those of wrappers.
    Wrappers,
    /// Those of wrappers, and of fields with presence that are no messages.
    Optional,
}

/// Whether floating-point numbers that JSON cannot write are in the schemas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// They are not: a plain `number`.
    #[default]
    Plain,
    /// `"NaN"`, `"Infinity"` and `"-Infinity"` are.
    Strict,
}

/// One component for both directions, or two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Split {
    /// One.
    #[default]
    One,
    /// `Book` for answers, in which nothing is required, and `BookInput` for requests, where they differ.
    Two,
}

/// Whether objects are closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdditionalProperties {
    /// They are not: names as in the proto file are taken too.
    #[default]
    Open,
    /// `additionalProperties: false`.
    Closed,
}

/// Whether the mask of a PATCH, which the gateway fills out of the body where it is absent, is a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpdateMask {
    /// It is, and never required.
    #[default]
    Listed,
    /// It is not.
    Hidden,
}

/// How a route prints, and which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Form {
    /// Who sends it.
    pub direction: Direction,
    /// Names of fields.
    pub names: FieldNames,
    /// Enum values.
    pub enums: EnumForm,
    /// Fields that hold their default.
    pub zeros: Zeros,
}

/// Who sends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The gateway.
    #[default]
    Response,
    /// A client.
    Request,
}

/// Names of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldNames {
    /// lowerCamelCase, or what `json_name` says.
    #[default]
    Json,
    /// As in the proto file.
    Proto,
}

/// Enum values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnumForm {
    /// By name.
    #[default]
    Names,
    /// By number.
    Numbers,
}

/// Fields that hold their default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zeros {
    /// Left out.
    #[default]
    Omitted,
    /// Written.
    Written,
}

impl Form {
    /// The form of a route's answers, or of requests to it.
    #[must_use]
    pub fn of(options: &protocol::Options, direction: Direction) -> Self {
        let print = &options.print;
        Self {
            direction,
            names: if print.proto_names {
                FieldNames::Proto
            } else {
                FieldNames::Json
            },
            enums: if print.enum_numbers {
                EnumForm::Numbers
            } else {
                EnumForm::Names
            },
            zeros: if print.emit_defaults {
                Zeros::Written
            } else {
                Zeros::Omitted
            },
        }
    }
}
