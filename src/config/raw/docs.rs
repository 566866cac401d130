//! Documentation: the section `docs`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::section::Section;
use crate::config::text::{PagePath, PublicUrl, Selected};
use crate::{catalog, docs, openapi};

section! {
    /// The documentation site and the OpenAPI documents, made from the schema that is served.
    Docs "a mapping of `docs` keys" {
        /// Where they are served. The admin listener has them unless they are `off`.
        serve: Serve = docs::Place::default().into();
        /// The site's path.
        path: PagePath = PagePath::of(docs::Config::default().path);
        /// The documents' path: `/openapi` has `/openapi.json` and `/openapi/library.v1.json`.
        openapi_path: PagePath = PagePath::of(docs::Config::default().openapi_path);
        /// The API's title. Empty: what the protos say.
        title: String = String::new();
        /// What the API is, in Markdown. Empty: what the protos say.
        description: String = String::new();
        /// The API's version. Empty: the packages' versions.
        version: String = String::new();
        /// A picture beside the title: an SVG, PNG, JPEG or WebP file of at most 256 KiB. Empty: none.
        logo: PathBuf = PathBuf::new();
        /// A folder for the revisions of the schema, of which changes are told: a descriptor set each, 50 at
        /// most. Empty: those since the start.
        history: PathBuf = PathBuf::new();
        /// A YAML file with texts and examples that win over those of the protos. Empty: none.
        overlay: PathBuf = PathBuf::new();
        /// One of so many answers of REST is checked against its document, and the coverage page tells what
        /// was found. 0: none.
        sample: u32 = 0;
        /// A folder with the script of Scalar's page, as `docs/scalar.sh` fetches it. Empty: there is no such
        /// page.
        scalar: PathBuf = PathBuf::new();
        /// Public URLs of this gateway, such as `https://api.example.com`. Empty: where the reader
        /// found it.
        servers: Vec<PublicUrl> = Vec::new();
        /// Methods that are public, such as `library.v1.*`. Empty: all that are served.
        only: Vec<Selected> = Vec::new();
        /// Labels of `google.api.*_visibility` that readers have. What is restricted to others is
        /// nowhere to be seen.
        labels: Vec<String> = Vec::new();
        /// How operations are named in OpenAPI.
        ids: Ids = catalog::Ids::default().into();
        /// How messages are named in OpenAPI.
        names: Names = openapi::ComponentNames::default().into();
        /// Which fields are `null` in OpenAPI where they are absent.
        nullable: Nullable = openapi::Nullable::default().into();
        /// Whether OpenAPI says that floating-point numbers may be `"NaN"` and the like.
        numbers: Numbers = openapi::Numbers::default().into();
        /// Whether requests and answers have components of their own in OpenAPI.
        split: Split = openapi::Split::default().into();
        /// Whether objects have other properties than those of OpenAPI.
        additional_properties: AdditionalProperties =
            openapi::AdditionalProperties::default().into();
        /// Whether OpenAPI lists the mask of a PATCH, which is filled out of the body where it is absent.
        update_mask: UpdateMask = openapi::UpdateMask::default().into();
    }
}

choice! {
    /// Where the documentation is served.
    Serve for docs::Place {
        /// To clients, and on the admin listener.
        Public = Public,
        /// On the admin listener alone.
        Admin = Admin,
        /// Nowhere.
        Off = Off,
    }
}

choice! {
    /// How operations are named.
    Ids for catalog::Ids {
        /// `Service_Method`, with the package where two services have one name.
        Short = Short,
        /// `package_Service_Method` always.
        Qualified = Qualified,
    }
}

choice! {
    /// How messages are named.
    Names for openapi::ComponentNames {
        /// `library.v1.Book`.
        Full = Full,
        /// `Book` where no other message has that name.
        Simple = Simple,
    }
}

choice! {
    /// Which fields may be `null`.
    Nullable for openapi::Nullable {
        /// None is said to be.
        None = None,
        /// Those of the wrapper types.
        Wrappers = Wrappers,
        /// Those, and `optional` ones.
        Optional = Optional,
    }
}

choice! {
    /// Floating-point numbers that JSON cannot write.
    Numbers for openapi::Numbers {
        /// A plain `number`.
        Plain = Plain,
        /// `"NaN"`, `"Infinity"` and `"-Infinity"` too.
        Strict = Strict,
    }
}

choice! {
    /// Components of what differs by direction.
    Split for openapi::Split {
        /// One for both directions.
        One = One,
        /// `Book` for answers, in which nothing is required, and `BookInput` for requests.
        Two = Two,
    }
}

choice! {
    /// Properties that a message does not declare.
    AdditionalProperties for openapi::AdditionalProperties {
        /// Names as in the proto file are taken too, so nothing is said.
        Open = Open,
        /// `additionalProperties: false`.
        Closed = Closed,
    }
}

choice! {
    /// The mask of a PATCH.
    UpdateMask for openapi::UpdateMask {
        /// A parameter that may be left out.
        Listed = Listed,
        /// No parameter.
        Hidden = Hidden,
    }
}
