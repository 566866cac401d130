//! How well something fits what is looked for: every word has to be somewhere, and a name counts more
//! than a comment.

use super::entries::Entry;

/// Words that are looked for.
const WORDS_MAX: usize = 8;

/// What is looked for: words in lower case.
#[derive(Debug)]
pub(super) struct Wanted(Vec<String>);

impl Wanted {
    /// None if there is nothing to look for.
    pub(super) fn new(text: &str) -> Option<Self> {
        let words: Vec<String> = text
            .split_whitespace()
            .take(WORDS_MAX)
            .map(str::to_lowercase)
            .collect();
        (!words.is_empty()).then_some(Self(words))
    }
}

/// The fit; none if a word is nowhere.
pub(super) fn score(wanted: &Wanted, entry: &Entry<'_>) -> Option<u32> {
    let mut total = 0;
    for word in &wanted.0 {
        let best = word_score(word, entry);
        if best == 0 {
            return None;
        }
        total += best;
    }
    Some(total + weight(entry))
}

fn word_score(word: &str, entry: &Entry<'_>) -> u32 {
    let name = entry.name().to_lowercase();
    if name == word || entry.other_name().is_some_and(|name| name == word) {
        return 100;
    }
    if name.starts_with(word) {
        return 60;
    }
    if name.contains(word) || entry.other_name().is_some_and(|name| name.contains(word)) {
        return 40;
    }
    let http = entry.operations().iter().any(|operation| {
        operation.path.to_lowercase().contains(word)
            || operation.template.to_lowercase().contains(word)
            || operation.verb.eq_ignore_ascii_case(word)
    });
    if http {
        return 30;
    }
    // `pkg.Service/Method` and `pkg.Message.field`.
    let within = entry.within().to_lowercase();
    if word.contains(['.', '/'])
        && (format!("{within}.{name}").contains(word) || format!("/{within}/{name}").contains(word))
    {
        return 50;
    }
    if within.contains(word) {
        return 15;
    }
    if entry.text().to_lowercase().contains(word) {
        return 10;
    }
    0
}

/// What is called comes before what it is made of.
const fn weight(entry: &Entry<'_>) -> u32 {
    match entry {
        Entry::Package(_) => 3,
        Entry::Service(..) => 5,
        Entry::Method(..) => 6,
        Entry::Message(_) | Entry::Enum(_) => 4,
        Entry::Field(..) => 2,
        Entry::Value(..) => 1,
    }
}
