//! What changed, as an Atom feed (RFC 4287). The same changes give the same bytes.

use std::fmt::Write as _;

use maud::html;

use super::View;
use super::changes::{count, element, surface};
use super::moment::Moment;
use super::timeline::Step;

/// Changes of one revision that are listed; breaking ones first.
const LISTED_MAX: usize = 200;

/// The origin of a reader who does not say where the gateway is: an id has to be absolute.
const NOWHERE: &str = "http://localhost";

/// The feed.
pub(super) fn atom(view: &View<'_>) -> String {
    let origin = match view.origin {
        "" => NOWHERE,
        origin => origin,
    };
    let page = format!("{origin}{}", view.links().own("changes"));
    let timeline = view.timeline;
    let newest = timeline.steps.first().map(|step| step.at);
    let updated = newest.or(timeline.begins).unwrap_or(Moment::zero());
    let title = escaped(&format!("Changes of {}", view.site.title));
    let mut feed = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let page = escaped(&page);
    // Writing to a `String` cannot fail.
    let _ = write!(
        feed,
        "<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<id>{page}</id>\n<title>{title}</title>\n\
         <updated>{}</updated>\n<author><name>{}</name></author>\n\
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{page}.atom\"/>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{page}\"/>\n",
        updated.rfc3339(),
        escaped(&view.site.title),
    );
    for step in &timeline.steps {
        entry(&mut feed, &page, step);
    }
    feed.push_str("</feed>\n");
    feed
}

fn entry(feed: &mut String, page: &str, step: &Step) {
    let at = step.at.rfc3339();
    let place = format!("{page}#r-{}", step.at.stem());
    let content = escaped(&content(step));
    let _ = write!(
        feed,
        "<entry>\n<id>{place}</id>\n<title>{}: {}</title>\n<updated>{at}</updated>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{place}\"/>\n\
         <content type=\"html\">{content}</content>\n</entry>\n",
        step.at.date(),
        escaped(&count(step)),
    );
}

/// In HTML.
fn content(step: &Step) -> String {
    let (breaking, adding): (Vec<_>, Vec<_>) = step.changes.iter().partition(|c| c.is_breaking());
    let markup = html! {
        ul {
            @for change in breaking.into_iter().chain(adding).take(LISTED_MAX) {
                li {
                    (element(change.element)) " " code { (change.name) } ": " (change.text)
                    @if !change.breaks.is_empty() {
                        " (breaks "
                        @for (at, broken) in change.breaks.iter().enumerate() {
                            @if at > 0 { ", " }
                            (surface(*broken))
                        }
                        ")"
                    }
                }
            }
        }
        @if step.changes.len() > LISTED_MAX { p { "and " (step.changes.len() - LISTED_MAX) " more" } }
    };
    markup.into_string()
}

/// Text of XML 1.0: what is markup escaped, what no document may hold replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for each in text.chars() {
        match each {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(each),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out_of_the_document_or_is_none_of_xml() {
        let text = "<a href=\"x\">&amp;\u{0}\u{1b}\u{ffff}\r\n]]>é";
        let expected =
            "&lt;a href=&quot;x&quot;&gt;&amp;amp;\u{fffd}\u{fffd}\u{fffd}\u{fffd}\n]]&gt;é";
        assert_eq!(escaped(text), expected);
    }
}
