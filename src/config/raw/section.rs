//! How a section of keys is declared: each key with its description, type and default.
//!
//! The description and the default go into the JSON Schema; the default is the module's own, so
//! no value is written twice.

use serde_saphyr::Location;

/// Keys that lie over each other in layers.
pub(in crate::config) trait Section {
    /// Every key with its default.
    fn complete() -> Self;

    /// These keys, and where one is left out the one beneath.
    fn over(&self, beneath: &Self) -> Self;

    /// The first key that is given, and where.
    fn first(&self) -> Option<(&'static str, Location)>;
}

/// A mapping of keys, each of which may be left out.
macro_rules! section {
    (
        $(#[$about:meta])*
        $name:ident $expecting:literal {
            $($(#[$meta:meta])* $key:ident: $type:ty = $default:expr;)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
        #[serde(default, deny_unknown_fields, expecting = $expecting)]
        pub(in crate::config) struct $name {
            $(
                $(#[$meta])*
                #[serde(skip_serializing_if = "Key::is_absent")]
                #[schemars(extend("default" = Key::<$type>::of($default)))]
                pub(in crate::config) $key: Key<$type>,
            )*
        }

        impl Section for $name {
            fn complete() -> Self {
                Self { $($key: Key::of($default),)* }
            }

            fn over(&self, beneath: &Self) -> Self {
                Self { $($key: self.$key.over(&beneath.$key),)* }
            }

            fn first(&self) -> Option<(&'static str, ::serde_saphyr::Location)> {
                let keys = [$((stringify!($key), self.$key.is_absent(), self.$key.place),)*];
                let mut given = keys.into_iter().filter(|(_, is_absent, _)| !is_absent);
                given.next().map(|(key, _, place)| (key, place))
            }
        }
    };
}

/// A section of which some keys can be chosen for a route too, and the others only for the whole
/// gateway.
macro_rules! gateway_section {
    (
        $(#[$about:meta])*
        $name:ident / $of_route:ident $expecting:literal
        $shared:tt
        gateway
        $own:tt
    ) => {
        gateway_section! { @route [$(#[$about])*] $of_route $expecting $shared }
        gateway_section! { @whole [$(#[$about])*] $name $of_route $expecting $shared $own }
    };
    (@route [$($about:tt)*] $of_route:ident $expecting:literal { $($shared:tt)* }) => {
        section! { $($about)* $of_route $expecting { $($shared)* } }
    };
    (
        @whole [$($about:tt)*] $name:ident $of_route:ident $expecting:literal
        { $($(#[$meta:meta])* $key:ident: $type:ty = $default:expr;)* }
        { $($own:tt)* }
    ) => {
        section! {
            $($about)* $name $expecting {
                $($(#[$meta])* $key: $type = $default;)*
                $($own)*
            }
        }

        impl $name {
            /// The keys that a route has too.
            pub(in crate::config) fn of_route(&self) -> $of_route {
                $of_route { $($key: self.$key.clone(),)* }
            }
        }
    };
}

/// The values of a key that names one of a module's choices.
macro_rules! choice {
    (
        $(#[$about:meta])*
        $name:ident for $of:ty {
            $($(#[$meta:meta])* $value:ident = $to:ident,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
        #[serde(rename_all = "snake_case")]
        #[schemars(inline)]
        pub(in crate::config) enum $name {
            $($(#[$meta])* $value,)*
        }

        impl From<$name> for $of {
            fn from(choice: $name) -> Self {
                match choice {
                    $($name::$value => <$of>::$to,)*
                }
            }
        }

        impl From<$of> for $name {
            fn from(choice: $of) -> Self {
                match choice {
                    $(<$of>::$to => $name::$value,)*
                }
            }
        }
    };
}
