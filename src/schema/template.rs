//! The path templates of `google.api.http`, parsed once into segments that cannot be wrong.
//!
//! ```text
//! Template  = "/" [ Segments [ ":" Verb ] ]
//! Segments  = Segment { "/" Segment }
//! Segment   = "*" | "**" | LITERAL | "{" FieldPath [ "=" Segments ] "}"
//! FieldPath = IDENT { "." IDENT }
//! ```
//!
//! That is the grammar of `http.proto` and two things beyond it: `**` may stand before further
//! segments, and `/` alone is a template. A variable dissolves into the segments it covers, so
//! `{name=shelves/*}` and `shelves/{id}` have one shape, and two bindings of one shape clash.

use std::ops::Range;

use super::percent;

#[cfg(test)]
mod tests;

/// Longest template text. Far above any that people write, it bounds what a hostile descriptor
/// makes us keep.
pub(crate) const TEMPLATE_BYTES_MAX: usize = 4096;

/// Most segments of a template. It bounds the recursion of matching too.
pub(crate) const SEGMENTS_MAX: usize = 128;

/// Most variables of a template.
pub(crate) const VARIABLES_MAX: usize = 64;

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// What a path has to look like; variables are dissolved into their segments.
    pub(crate) segments: Vec<Segment>,
    /// The verb without its colon, percent-decoded; empty without one.
    pub(crate) verb: Box<[u8]>,
    /// The variables, in the order they are written.
    pub(crate) variables: Vec<Capture>,
}

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// This text, percent-decoded.
    Literal(Box<[u8]>),
    /// `*`: any one segment that is not empty.
    One,
    /// `**`: any number of segments, none included.
    Rest,
}

/// A variable and the segments it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capture {
    /// The field path as written.
    pub(crate) field: String,
    /// Which of the template's segments.
    pub(crate) segments: Range<usize>,
    /// Whether the value may hold a `/`.
    pub(crate) multi: bool,
}

/// Why a template is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at}: {reason}")]
pub(crate) struct TemplateError {
    /// Byte offset into the template.
    pub(crate) at: usize,
    /// What was found and what was expected.
    pub(crate) reason: Reason,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    #[error("a template starts with `/`")]
    NoSlash,
    #[error("the template is longer than {TEMPLATE_BYTES_MAX} bytes")]
    TooLong,
    #[error("more than {SEGMENTS_MAX} segments")]
    TooManySegments,
    #[error("more than {VARIABLES_MAX} variables")]
    TooManyVariables,
    #[error("an empty segment; expected a literal, `*`, `**` or `{{`")]
    EmptySegment,
    #[error("an empty verb after `:`")]
    EmptyVerb,
    #[error("a second `**`; a template has at most one")]
    SecondRest,
    #[error("a variable within a variable")]
    Nested,
    #[error("a `{{` that is never closed")]
    Unclosed,
    #[error("`{found}` after a segment; expected `/`, `:` or the end")]
    Trailing { found: char },
    #[error("`{found}` cannot stand in a literal")]
    Literal { found: char },
    #[error("`%` is not followed by two hexadecimal digits")]
    Percent,
    #[error("expected the name of a field")]
    FieldName,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// The first place where the text leaves the grammar.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(TemplateError {
                at: TEMPLATE_BYTES_MAX,
                reason: Reason::TooLong,
            });
        }
        let mut parser = Parser {
            text,
            at: 0,
            template: Self {
                segments: Vec::new(),
                verb: Box::default(),
                variables: Vec::new(),
            },
        };
        parser.whole()?;
        Ok(parser.template)
    }

    /// Where the template's only `**` stands.
    pub(crate) fn rest(&self) -> Option<usize> {
        self.segments
            .iter()
            .position(|segment| *segment == Segment::Rest)
    }
}

/// A cursor over the text. `at` is always on a character boundary.
struct Parser<'t> {
    text: &'t str,
    at: usize,
    template: Template,
}

impl Parser<'_> {
    fn whole(&mut self) -> Result<(), TemplateError> {
        if !self.eat("/") {
            return Err(self.error(Reason::NoSlash));
        }
        if self.rest_of_text().is_empty() {
            return self.push(Segment::Literal(Box::default()));
        }
        self.segments(Within::Template)?;
        if self.eat(":") {
            return self.verb();
        }
        match self.peek() {
            None => Ok(()),
            Some(found) => Err(self.error(Reason::Trailing { found })),
        }
    }

    fn segments(&mut self, within: Within) -> Result<(), TemplateError> {
        loop {
            self.segment(within)?;
            if !self.eat("/") {
                return Ok(());
            }
        }
    }

    fn segment(&mut self, within: Within) -> Result<(), TemplateError> {
        match self.peek() {
            Some('*') => {
                let at = self.at;
                let segment = if self.eat("**") {
                    Segment::Rest
                } else {
                    Segment::One
                };
                if segment == Segment::One {
                    self.eat("*");
                } else if self.template.rest().is_some() {
                    return Err(TemplateError {
                        at,
                        reason: Reason::SecondRest,
                    });
                }
                self.push(segment)
            }
            Some('{') if within == Within::Variable => Err(self.error(Reason::Nested)),
            Some('{') => self.variable(),
            _ => self.literal(within),
        }
    }

    fn variable(&mut self) -> Result<(), TemplateError> {
        let opened = self.at;
        if self.template.variables.len() >= VARIABLES_MAX {
            return Err(self.error(Reason::TooManyVariables));
        }
        self.eat("{");
        let field = self.field_path()?;
        let first = self.template.segments.len();
        if self.eat("=") {
            self.segments(Within::Variable)?;
        } else {
            self.push(Segment::One)?;
        }
        if !self.eat("}") {
            return Err(match self.peek() {
                None => TemplateError {
                    at: opened,
                    reason: Reason::Unclosed,
                },
                Some(found) => self.error(Reason::Trailing { found }),
            });
        }
        let segments = first..self.template.segments.len();
        let multi = segments.len() > 1 || self.template.segments.last() == Some(&Segment::Rest);
        self.template.variables.push(Capture {
            field,
            segments,
            multi,
        });
        Ok(())
    }

    fn field_path(&mut self) -> Result<String, TemplateError> {
        let start = self.at;
        loop {
            let name = self.rest_of_text();
            let length = name
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(name.len());
            if length == 0 || name.starts_with(|c: char| c.is_ascii_digit()) {
                return Err(match self.peek() {
                    None => TemplateError {
                        at: start,
                        reason: Reason::Unclosed,
                    },
                    Some(_) => self.error(Reason::FieldName),
                });
            }
            self.at += length;
            if !self.eat(".") {
                return Ok(self.text.get(start..self.at).unwrap_or_default().to_owned());
            }
        }
    }

    /// A literal ends at `/`, `}` or `{`. In the template's last segment its last colon starts
    /// the verb; in every other segment, and within a variable, a colon is a character like others.
    fn literal(&mut self, within: Within) -> Result<(), TemplateError> {
        let rest = self.rest_of_text();
        let mut raw = rest
            .get(..rest.find(['/', '{', '}']).unwrap_or(rest.len()))
            .unwrap_or(rest);
        if within == Within::Template && raw.len() == rest.len() {
            raw = raw
                .get(..raw.rfind(':').unwrap_or(raw.len()))
                .unwrap_or(raw);
        }
        if raw.is_empty() {
            return Err(self.error(Reason::EmptySegment));
        }
        let literal = Self::text_at(self.at, raw)?;
        self.at += raw.len();
        self.push(Segment::Literal(literal))
    }

    fn verb(&mut self) -> Result<(), TemplateError> {
        let raw = self.rest_of_text();
        if raw.is_empty() {
            return Err(self.error(Reason::EmptyVerb));
        }
        self.template.verb = Self::text_at(self.at, raw)?;
        Ok(())
    }

    /// Checks and decodes literal text that begins at `start`.
    fn text_at(start: usize, raw: &str) -> Result<Box<[u8]>, TemplateError> {
        // A space, a control character, `?` or `#` never reaches the gateway within a path, and
        // the others have a meaning in the grammar.
        let wrong = |c: char| {
            c.is_ascii_control() || matches!(c, ' ' | '?' | '#' | '\\' | '{' | '}' | '/' | '*')
        };
        if let Some((offset, found)) = raw.char_indices().find(|&(_, c)| wrong(c)) {
            return Err(TemplateError {
                at: start + offset,
                reason: Reason::Literal { found },
            });
        }
        percent::decode(raw.as_bytes())
            .map(Into::into)
            .ok_or(TemplateError {
                at: start,
                reason: Reason::Percent,
            })
    }

    fn push(&mut self, segment: Segment) -> Result<(), TemplateError> {
        if self.template.segments.len() >= SEGMENTS_MAX {
            return Err(self.error(Reason::TooManySegments));
        }
        self.template.segments.push(segment);
        Ok(())
    }

    fn rest_of_text(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest_of_text().chars().next()
    }

    fn eat(&mut self, expected: &str) -> bool {
        let found = self.rest_of_text().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    fn error(&self, reason: Reason) -> TemplateError {
        TemplateError {
            at: self.at,
            reason,
        }
    }
}

/// What a segment is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Template,
    Variable,
}
