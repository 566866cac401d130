//! What a configuration changes about the names that pass: lists of names and of beginnings.
//!
//! A list lets in what is withheld otherwise (`cookie`), or keeps out what would pass. Names that
//! belong to a hop, to gRPC or to the gateway never pass, whatever a list says. Where both lists
//! have a name, the more exact one decides, and of two that are alike the denial:
//!
//! ```text
//! allow: [x-*]   deny: [x-internal-*]     x-tenant passes, x-internal-id does not
//! allow: [x-a]   deny: ["*"]              nothing but x-a passes
//! ```

use super::{ASSERTED, Fate, MAPPED_PREFIX, Shown, fate, passes_read_with_hyphens, shown};

/// Patterns in one list, at most: every header of a request is compared with each.
pub const PATTERNS_MAX: usize = 100;

/// Which names pass, beyond what holds for everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Request headers that pass although they are withheld otherwise.
    request_allow: Vec<Pattern>,
    /// Request headers that do not pass.
    request_deny: Vec<Pattern>,
    /// Response metadata that become headers although they are withheld otherwise.
    response_allow: Vec<Pattern>,
    /// Request headers with `_` in their name.
    underscores: Underscores,
}

/// What becomes of a request that has a header with `_` in its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Underscores {
    /// The header passes, unless it is a name of the gateway's own when `_` is read as `-`.
    #[default]
    Pass,
    /// The request is refused.
    Refuse,
}

/// A header name, or the beginning of some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Lower case, and `_` read as `-`.
    name: String,
    extent: Extent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Name,
    Beginning,
}

/// How exactly a pattern has a name, the greater decides: by its length; then a whole name before a
/// beginning, and what means mapped names only before what means all.
type Fit = (usize, (bool, bool));

/// What the lists say about a request header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    Denied,
    Unsaid,
}

impl std::str::FromStr for Pattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, extent) = match text.strip_suffix('*') {
            Some(beginning) => (beginning, Extent::Beginning),
            None => (text, Extent::Name),
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if (name.is_empty() && extent == Extent::Name) || !name.bytes().all(is_name) {
            return Err("a header name such as `cookie`, or the beginning of some, such as `x-*`");
        }
        Ok(Self {
            name: name.to_ascii_lowercase().replace('_', "-"),
            extent,
        })
    }
}

impl Pattern {
    /// `*`: every name.
    #[must_use]
    pub const fn any() -> Self {
        Self {
            name: String::new(),
            extent: Extent::Beginning,
        }
    }

    /// True if it has this name, in lower case.
    pub(in crate::protocol) fn has(&self, name: &str) -> bool {
        self.fit(&name.replace('_', "-"), Mapped::No).is_some()
    }

    /// How exactly it has this name, if it does.
    fn fit(&self, name: &str, mapped: Mapped) -> Option<Fit> {
        let fit = |pattern: &str, only_mapped: bool| {
            let fits = match self.extent {
                Extent::Name => pattern == name,
                Extent::Beginning => name.starts_with(pattern),
            };
            let exact = self.extent == Extent::Name;
            fits.then_some((pattern.len(), (exact, only_mapped)))
        };
        let as_mapped = match mapped {
            Mapped::Yes => self.name.strip_prefix(MAPPED_PREFIX),
            Mapped::No => None,
        };
        fit(&self.name, false).max(as_mapped.and_then(|pattern| fit(pattern, true)))
    }

    /// True if some name that it has can be let into a request.
    fn can_enter(&self) -> bool {
        match self.extent {
            Extent::Beginning => true,
            Extent::Name => fate(&self.name) != Fate::Never,
        }
    }

    /// True if some name that it has can be shown to a client.
    fn can_be_shown(&self) -> bool {
        match self.extent {
            Extent::Beginning => true,
            Extent::Name => shown(&self.name, super::Reader::Other) != Shown::Never,
        }
    }
}

/// Whether a header was sent as `grpc-metadata-…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mapped {
    Yes,
    No,
}

impl Rules {
    /// Rules of these lists.
    ///
    /// # Errors
    /// The list and the place in it of a name that no list can let pass, or of a pattern too many.
    pub fn new(
        request_allow: Vec<Pattern>,
        request_deny: Vec<Pattern>,
        response_allow: Vec<Pattern>,
        underscores: Underscores,
    ) -> Result<Self, (List, usize)> {
        let lists = [
            (List::RequestAllow, &request_allow),
            (List::RequestDeny, &request_deny),
            (List::ResponseAllow, &response_allow),
        ];
        for (list, patterns) in lists {
            let wrong = patterns.iter().enumerate().position(|(index, pattern)| {
                let can = match list {
                    List::RequestAllow => pattern.can_enter(),
                    List::ResponseAllow => pattern.can_be_shown(),
                    List::RequestDeny => true,
                };
                !can || index >= PATTERNS_MAX
            });
            if let Some(index) = wrong {
                return Err((list, index));
            }
        }
        Ok(Self {
            request_allow,
            request_deny,
            response_allow,
            underscores,
        })
    }

    /// True if a backend may see a request header of this name (in lower case), from the client or by the
    /// gateway's own word.
    #[must_use]
    pub fn can_pass(&self, name: &str) -> bool {
        let passes = match self.of_request(name, Mapped::No) {
            Verdict::Denied => false,
            Verdict::Allowed => fate(name) != Fate::Never,
            Verdict::Unsaid => fate(name) == Fate::Pass,
        };
        passes || ASSERTED.contains(&name) || passes_read_with_hyphens(name, Mapped::Yes, self)
    }

    /// What becomes of a request that has a header with `_` in its name.
    pub(super) const fn underscores(&self) -> Underscores {
        self.underscores
    }

    /// What the lists say about a request header; `_` in its name is read as `-`.
    pub(super) fn of_request(&self, name: &str, mapped: Mapped) -> Verdict {
        if self.request_allow.is_empty() && self.request_deny.is_empty() {
            return Verdict::Unsaid;
        }
        let fit = |patterns: &[Pattern]| {
            let fits = patterns.iter().filter_map(|p| p.fit(name, mapped));
            fits.max()
        };
        match (fit(&self.request_allow), fit(&self.request_deny)) {
            (None, None) => Verdict::Unsaid,
            (allow, deny) if deny >= allow => Verdict::Denied,
            (_, _) => Verdict::Allowed,
        }
    }

    /// True if the list lets response metadata of this name pass.
    pub(super) fn shows(&self, name: &str) -> bool {
        self.response_allow
            .iter()
            .any(|pattern| pattern.fit(name, Mapped::No).is_some())
    }
}

/// One of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Request headers that pass.
    RequestAllow,
    /// Request headers that do not.
    RequestDeny,
    /// Response metadata that pass.
    ResponseAllow,
}
