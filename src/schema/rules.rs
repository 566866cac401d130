//! Rules by name: what each is called, and what it asks for, in one place.

/// Makes an enum `Rule` out of its variants, each with a comment, a name and a purpose, with an error
/// `NoRule` for names that none has.
macro_rules! rules {
    (
        $(#[$about:meta])*
        pub enum Rule {
            $(
                $(#[$comment:meta])*
                $variant:ident = $name:literal, $purpose:literal;
            )+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $( $(#[$comment])* $variant, )+
        }

        /// A name that no rule has.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("found no rule {0:?}, expected one of {all}", all = Rule::ALL.map(Rule::name).join(", "))]
        pub struct NoRule(String);

        impl Rule {
            /// All of them.
            pub const ALL: [Self; [$( $name ),+].len()] = [$( Self::$variant ),+];

            /// The name, in capitals.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$variant => $name, )+
                }
            }

            /// What it asks for, in a line.
            #[must_use]
            pub const fn purpose(self) -> &'static str {
                match self {
                    $( Self::$variant => $purpose, )+
                }
            }
        }

        impl std::fmt::Display for Rule {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for Rule {
            type Err = NoRule;

            fn from_str(text: &str) -> Result<Self, NoRule> {
                let named = |rule: &Self| rule.name() == text;
                let found = Self::ALL.into_iter().find(named);
                found.ok_or_else(|| NoRule(text.chars().take(100).collect()))
            }
        }

        impl serde::Serialize for Rule {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.name())
            }
        }
    };
}

pub(crate) use rules;
