//! The comments of every file, by the place of what they stand at.
//!
//! The pool does not keep them: comments and places are the most of a file. Here is the text alone, one
//! entry for each element that has some, made once when the schema is built. A leading comment comes
//! first, the trailing one after it as a paragraph; comments that stand at nothing are dropped.

use std::collections::HashMap;

use prost::Message as _;

use super::descriptor::File;

/// Texts by their place in one file.
type Places = HashMap<Box<[i32]>, Box<str>>;

/// Comments of all files.
#[derive(Debug, Default)]
pub struct Comments {
    files: HashMap<Box<str>, Places>,
}

impl Comments {
    /// The comment at a place of a file, in the words of `SourceCodeInfo.Location.path`; empty if there
    /// is none.
    #[must_use]
    pub fn of(&self, file: &str, path: &[i32]) -> &str {
        let comments = self.files.get(file);
        comments
            .and_then(|comments| comments.get(path))
            .map_or("", |text| text)
    }

    /// True if a file came with any comment at all.
    #[must_use]
    pub fn has(&self, file: &str) -> bool {
        self.files.contains_key(file)
    }

    /// Takes in the comments of a file. Of several at one place the first counts.
    pub(super) fn add(&mut self, file: &File) {
        let Some(info) = file.source_code_info.as_ref() else {
            return;
        };
        let Ok(info) = prost_types::SourceCodeInfo::decode(info.clone()) else {
            return;
        };
        let mut comments = Places::new();
        for at in info.location {
            let leading = at.leading_comments.as_deref().map(tidy);
            let trailing = at.trailing_comments.as_deref().map(tidy);
            let mut text = leading.unwrap_or_default();
            if let Some(trailing) = trailing.filter(|trailing| !trailing.is_empty()) {
                if !text.is_empty() {
                    text.push_str("\n\n");
                }
                text.push_str(&trailing);
            }
            if !text.is_empty() {
                comments
                    .entry(at.path.into())
                    .or_insert_with(|| text.into());
            }
        }
        if !comments.is_empty() {
            self.files.insert(file.name().into(), comments);
        }
    }
}

/// Without the space that follows the comment's mark on every line.
fn tidy(comment: &str) -> String {
    let lines: Vec<_> = comment
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end())
        .collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use prost_types::source_code_info::Location;

    use super::*;

    #[test]
    fn a_trailing_comment_follows_and_a_detached_one_is_dropped() {
        let at = |path: &[i32], leading: Option<&str>, trailing: Option<&str>| Location {
            path: path.to_vec(),
            leading_comments: leading.map(str::to_owned),
            trailing_comments: trailing.map(str::to_owned),
            leading_detached_comments: vec!["Licence.".to_owned()],
            ..Location::default()
        };
        let info = prost_types::SourceCodeInfo {
            location: vec![
                at(&[4, 0], Some(" A book.\n   Indented.\n"), Some(" After.\n")),
                at(&[4, 0], Some("second"), None),
                at(&[4, 1], None, Some(" Only after.")),
                at(&[2], None, None),
            ],
        };
        let mut comments = Comments::default();
        comments.add(&File {
            name: Some("a.proto".to_owned()),
            source_code_info: Some(info.encode_to_vec().into()),
            ..File::default()
        });
        assert_eq!(
            comments.of("a.proto", &[4, 0]),
            "A book.\n  Indented.\n\nAfter."
        );
        assert_eq!(comments.of("a.proto", &[4, 1]), "Only after.");
        assert_eq!(comments.of("a.proto", &[2]), "");
        assert_eq!(comments.of("b.proto", &[4, 0]), "");
        assert!(comments.has("a.proto") && !comments.has("b.proto"));
    }
}
