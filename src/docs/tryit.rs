//! The part of a method's page that calls it: a place for the script's form, and the data it is made from.
//!
//! The data stand in a block that is no script: the content security policy lets it be, and nothing runs
//! it.

use maud::{Markup, PreEscaped, html};
use serde_json::Value;

use super::{View, assets};
use crate::catalog::{Method, Package, Service};

mod page;
mod secret;

use page::Own;

/// The section. Without a script it says what can be done instead.
pub(super) fn section(
    view: &View<'_>,
    _package: &Package,
    service: &Service,
    method: &Method,
) -> Markup {
    let own = match view.schema.unannotated_method(&method.served.path) {
        Some(_) => Own::Served,
        None => Own::Off,
    };
    let mut servers = vec![view.origin.to_owned()];
    servers.extend(view.site.callable.iter().cloned());
    servers.dedup();
    let data = page::data(view.catalog, service, method, own, &servers);
    let asset = |name| assets::path(&view.site.prefix, name);
    html! {
        section aria-labelledby="s-try" {
            h2 id="s-try" { "Try it" }
            link rel="stylesheet" href=(asset("tryit.css"));
            div id="try-form" class="tryit" {
                p class="quiet" {
                    "The form that calls this method needs a script. The commands below do the same."
                }
            }
            script type="application/json" id="try-data" { (PreEscaped(block(&data))) }
            @for name in assets::modules() { link rel="modulepreload" href=(asset(name)); }
            script type="module" src=(asset("tryit.js")) {}
        }
    }
}

/// JSON that no text in it can end: a comment may hold `</script>`.
fn block(data: &Value) -> String {
    data.to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_comment_cannot_end_the_block() {
        let data = json!({"comment": "</script><script>alert(1)</script><!--"});
        let text = block(&data);
        assert!(!text.contains('<'), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(data));
    }
}
