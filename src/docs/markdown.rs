//! Comments as HTML. They come with descriptors, so they are hostile text:
//!
//! - HTML in them is shown as the text it is;
//! - links lead to `http:`, `https:`, to a place on the page or of this server, else they are plain text;
//! - pictures are their descriptions;
//! - headings are bold lines, so that a comment cannot disturb the outline of its page;
//! - what is longer or deeper nested than the bounds below is cut or flattened.
//!
//! `[Book][library.v1.Book]` and `[library.v1.Book][]` lead to the page of that element.

use std::borrow::Cow;

use maud::{Markup, PreEscaped};
use pulldown_cmark::{
    BrokenLink, BrokenLinkCallback, CowStr, Event, Options, Parser, Tag, html::push_html,
};

use super::{View, resources};

/// Bytes of one comment that are shown.
const COMMENT_MAX: usize = 32 << 10;

/// Bytes of a comment that are shown where there is room for a line.
const LINE_MAX: usize = 600;

/// Elements within each other that are kept.
const DEPTH_MAX: usize = 16;

/// A whole comment.
pub(super) fn block(view: &View<'_>, text: &str) -> Markup {
    if text.trim().is_empty() {
        return PreEscaped(String::new());
    }
    PreEscaped(written(view, &cut(text, COMMENT_MAX), Form::Blocks))
}

/// The first paragraph of a comment, for places that take text only.
pub(super) fn line(view: &View<'_>, text: &str) -> Markup {
    let first = text.trim().split("\n\n").next().unwrap_or_default();
    PreEscaped(written(view, &cut(first, LINE_MAX), Form::Line))
}

/// Which elements are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// All.
    Blocks,
    /// Those within a paragraph.
    Line,
}

fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", &text[..text.floor_char_boundary(most)]))
}

fn written(view: &View<'_>, text: &str, form: Form) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let parser = Parser::new_with_broken_link_callback(text, options, Some(Elements(view)));
    let mut filter = Filter {
        form,
        open: Vec::new(),
    };
    let mut html = String::with_capacity(text.len() + 64);
    push_html(&mut html, parser.filter_map(|event| filter.pass(event)));
    html
}

/// Finds the elements that references name.
struct Elements<'v>(&'v View<'v>);

impl<'t> BrokenLinkCallback<'t> for Elements<'_> {
    fn handle_broken_link(&mut self, link: BrokenLink<'t>) -> Option<(CowStr<'t>, CowStr<'t>)> {
        let name = link.reference.trim();
        let target = resources::target(self.0, name);
        // A full name that is not shown here keeps its text and loses its brackets.
        if target.is_none() && !(name.contains('.') && is_dotted(name)) {
            return None;
        }
        Some((CowStr::from(target.unwrap_or_default()), CowStr::from("")))
    }
}

fn is_dotted(name: &str) -> bool {
    name.split('.').all(|part| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// Decides event by event; knows what is open, so that starts and ends stay pairs.
struct Filter {
    form: Form,
    /// For each element that is open: what its end becomes.
    open: Vec<Option<Event<'static>>>,
}

impl Filter {
    fn pass<'e>(&mut self, event: Event<'e>) -> Option<Event<'e>> {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(_) => self.open.pop().flatten(),
            Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
            Event::Text(_) | Event::Code(_) | Event::SoftBreak => Some(event),
            Event::HardBreak | Event::Rule => match self.form {
                Form::Blocks => Some(event),
                Form::Line => Some(Event::SoftBreak),
            },
            Event::InlineMath(text) | Event::DisplayMath(text) => Some(Event::Text(text)),
            Event::FootnoteReference(_) | Event::TaskListMarker(_) => None,
        }
    }

    fn start<'e>(&mut self, tag: Tag<'e>) -> Option<Event<'e>> {
        let kept = if self.open.len() < DEPTH_MAX {
            self.kept(tag)
        } else {
            None
        };
        let (start, end) = kept.unzip();
        self.open.push(end);
        start
    }

    /// What an element's start and end become.
    fn kept<'e>(&self, tag: Tag<'e>) -> Option<(Event<'e>, Event<'static>)> {
        let as_it_is = |tag: Tag<'e>| {
            let end = Event::End(tag.to_end());
            Some((Event::Start(tag), end))
        };
        let html = |start: String, end: &'static str| {
            let end = Event::Html(CowStr::Borrowed(end));
            Some((Event::Html(CowStr::from(start)), end))
        };
        match tag {
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough => as_it_is(tag),
            Tag::Link { dest_url, .. } if may_lead_to(&dest_url) => html(
                format!(
                    "<a href=\"{}\" rel=\"noopener noreferrer nofollow\">",
                    escaped(&dest_url)
                ),
                "</a>",
            ),
            Tag::Link { .. } | Tag::Image { .. } => None,
            _ if self.form == Form::Line => None,
            Tag::Heading { .. } => html("<p class=\"heading\">".to_owned(), "</p>\n"),
            // It may be wider than its place, and then has to be reached by keys.
            Tag::CodeBlock(_) => html("<pre tabindex=\"0\"><code>".to_owned(), "</code></pre>\n"),
            // Without alignment, which would be written as a style.
            Tag::Table(_) => as_it_is(Tag::Table(Vec::new())),
            Tag::Paragraph
            | Tag::BlockQuote(_)
            | Tag::List(_)
            | Tag::Item
            | Tag::TableHead
            | Tag::TableRow
            | Tag::TableCell => as_it_is(tag),
            _ => None,
        }
    }
}

fn escaped(text: &str) -> String {
    maud::html! { (text) }.into_string()
}

/// Whether a comment may have a link to this.
fn may_lead_to(target: &str) -> bool {
    let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
    let elsewhere = lower.starts_with("https://") || lower.starts_with("http://");
    // A path of this server; two slashes or a backslash would leave it.
    let here = target.starts_with('/') && !target[1..].starts_with(['/', '\\']);
    let plain = !target.contains(|c: char| c.is_control() || c == '\\');
    plain && (elsewhere || here || target.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::docs::Site;
    use crate::schema::{self, Schema};

    fn rendered(text: &str, form: Form) -> String {
        let schema = Schema::build(Vec::new(), &schema::Options::default());
        let schema = schema.expect("nothing is a schema");
        let view = View {
            catalog: &Catalog::default(),
            timeline: &crate::docs::Timeline::default(),
            checked: None,
            schema: &schema,
            protocol: &crate::protocol::Config::default(),
            site: &Site::default(),
            origin: "http://localhost",
        };
        written(&view, text, form)
    }

    #[test]
    fn what_looks_like_html_is_text() {
        for hostile in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<div\nonclick=x>\n\n*a*",
            "<!-- <script> -->",
            "&lt;script&gt;",
        ] {
            let html = rendered(hostile, Form::Blocks);
            assert!(!html.contains("<script"), "{html}");
            assert!(!html.contains("<img"), "{html}");
            assert!(!html.contains("<div"), "{html}");
            assert!(!html.contains("<!--"), "{html}");
        }
    }

    #[test]
    fn links_lead_to_the_web_and_to_this_server_alone() {
        for (target, leads) in [
            ("https://example.com/a?b=c", true),
            ("HTTP://example.com", true),
            ("/docs/x", true),
            ("#field", true),
            ("javascript:alert(1)", false),
            ("JaVaScRiPt:alert(1)", false),
            ("data:text/html,x", false),
            ("//evil.example", false),
            ("/\\\\evil.example", false),
            ("vbscript:x", false),
            ("relative", false),
            ("", false),
        ] {
            let html = rendered(&format!("[text](<{target}>)"), Form::Blocks);
            assert_eq!(html.contains("<a "), leads, "{target}: {html}");
            assert!(html.contains("text"), "{html}");
        }
        let html = rendered("[x](https://a.example/\"onmouseover=\"b)", Form::Blocks);
        assert!(!html.contains("\"onmouseover"), "{html}");
    }

    #[test]
    fn pictures_and_headings_and_styles_do_not_come_through() {
        let html = rendered(
            "# Title\n\n![a picture](https://x.example/p.png)\n\n|a|b|\n|:-:|-:|\n|1|2|",
            Form::Blocks,
        );
        assert!(html.contains("<p class=\"heading\">Title</p>"), "{html}");
        assert!(
            html.contains("a picture") && !html.contains("<img"),
            "{html}"
        );
        assert!(
            html.contains("<table>") && !html.contains("style"),
            "{html}"
        );
    }

    #[test]
    fn deep_nesting_is_flattened_and_long_text_is_cut() {
        let html = rendered(&"> ".repeat(5000), Form::Blocks);
        assert!(html.matches("<blockquote>").count() <= DEPTH_MAX);
        let text = cut(&"é".repeat(COMMENT_MAX), COMMENT_MAX).into_owned();
        assert!(text.len() <= COMMENT_MAX + 3 && text.ends_with('…'));
    }

    #[test]
    fn a_line_has_no_blocks() {
        let html = rendered("- a `b`\n- *c*\n\n    code", Form::Line);
        assert!(!html.contains("<ul") && !html.contains("<pre"), "{html}");
        assert!(
            html.contains("<code>b</code>") && html.contains("<em>c</em>"),
            "{html}"
        );
    }

    #[test]
    fn references_to_what_is_not_shown_keep_their_text() {
        let html = rendered("A [Book][library.v1.Book], [or not].", Form::Blocks);
        assert_eq!(html.trim(), "<p>A Book, [or not].</p>");
    }
}
