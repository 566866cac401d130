//! The built web demo: the files of a folder, as pages under [`PATH`].
//!
//! They are read once, at the start, and served from memory: a path is looked up among the names that
//! were found, so nothing beside the folder can be asked for. Links in the folder are not followed.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::{fmt, fs, io};

use axum::body::{Body, Bytes};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Response, StatusCode, request};

use crate::protocol::{self, Pages};
use crate::schema::Schema;

/// Where it is served.
pub(super) const PATH: &str = "/demo/";

/// Where it is looked for unless a flag says otherwise.
const FOLDER: &str = "web-demo/dist";
/// The page that [`PATH`] shows.
const INDEX: &str = "index.html";
/// Most files.
const FILES_MAX: usize = 256;
/// Most bytes of all files together.
const BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Why the folder is not served.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// It was asked for, and is not there or not built.
    #[error(
        "{} has no {INDEX}; `npm ci && npm run build` in web-demo/ makes web-demo/dist", .0.display()
    )]
    NotBuilt(PathBuf),
    /// It cannot be read.
    #[error("{}: {cause}", .folder.display())]
    Unreadable {
        /// Where.
        folder: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// It is something else than a built page.
    #[error("{} has more than {FILES_MAX} files or {BYTES_MAX} bytes; expected a built page", .0.display())]
    TooMuch(PathBuf),
}

/// The files, by their paths behind [`PATH`].
pub(super) struct WebDemo(BTreeMap<String, Bytes>);

impl WebDemo {
    /// Reads the folder that a flag names, or the usual one where that is built.
    pub(super) fn find(asked: Option<&Path>) -> Result<Option<Self>, Error> {
        let folder = asked.unwrap_or(Path::new(FOLDER));
        if folder.join(INDEX).is_file() {
            return Self::read(folder).map(Some);
        }
        match asked {
            Some(folder) => Err(Error::NotBuilt(folder.to_owned())),
            None => Ok(None),
        }
    }

    fn read(root: &Path) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        let mut bytes = 0;
        let mut folders = vec![(root.to_owned(), String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            let unreadable = |cause| Error::Unreadable {
                folder: folder.clone(),
                cause,
            };
            for entry in fs::read_dir(&folder).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                let kind = entry.file_type().map_err(unreadable)?;
                // A name that is no text cannot be asked for by a page either.
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                if kind.is_dir() {
                    folders.push((entry.path(), format!("{prefix}{name}/")));
                } else if kind.is_file() {
                    bytes += entry.metadata().map_err(unreadable)?.len();
                    if files.len() == FILES_MAX || bytes > BYTES_MAX {
                        return Err(Error::TooMuch(root.to_owned()));
                    }
                    let content = fs::read(entry.path()).map_err(unreadable)?;
                    files.insert(format!("{prefix}{name}"), content.into());
                }
            }
            if folders.len() > FILES_MAX {
                return Err(Error::TooMuch(root.to_owned()));
            }
        }
        Ok(Self(files))
    }

    /// The answer to a path, if it is one of the demo's.
    fn look_up(&self, method: &Method, path: &str) -> Option<Response<Body>> {
        if path == PATH.trim_end_matches('/') {
            // The page's own links are relative, so it has to know that it is in a folder.
            let mut response = empty(StatusCode::PERMANENT_REDIRECT);
            let to = HeaderValue::from_static(PATH);
            response.headers_mut().insert(LOCATION, to);
            return Some(response);
        }
        let name = match path.strip_prefix(PATH)? {
            "" => INDEX,
            name => name,
        };
        let content = self.0.get(name)?;
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
            let verbs = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(ALLOW, verbs);
            return Some(response);
        }
        let mut response = Response::new(Body::from(content.clone()));
        let headers = response.headers_mut();
        for (name, value) in [
            (CONTENT_TYPE, media_type(name)),
            (CACHE_CONTROL, keep(name)),
            // What the page may do it says itself; this much only a header can say.
            (CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
            (REFERRER_POLICY, "no-referrer"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Some(response)
    }
}

impl Pages for WebDemo {
    fn answer(
        &self,
        _: &Arc<Schema>,
        _: &protocol::Config,
        request: &request::Parts,
    ) -> Option<Pin<Box<dyn Future<Output = Response<Body>> + Send>>> {
        let response = self.look_up(&request.method, request.uri.path())?;
        Some(Box::pin(ready(response)))
    }
}

impl fmt::Debug for WebDemo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// What the build makes, and a little more.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" | "map" => "application/json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// Names of assets hold a digest of what is in them; the page itself may be another one tomorrow.
fn keep(name: &str) -> &'static str {
    if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built() -> WebDemo {
        let file = |name: &str| (name.to_owned(), Bytes::from(name.to_owned()));
        WebDemo([INDEX, "mark.svg", "assets/main-1a.js"].map(file).into())
    }

    #[test]
    fn a_file_has_its_type_and_says_how_long_it_is_good() {
        for (path, media_type, keep) in [
            ("/demo/", "text/html; charset=utf-8", "no-cache"),
            ("/demo/index.html", "text/html; charset=utf-8", "no-cache"),
            ("/demo/mark.svg", "image/svg+xml", "no-cache"),
            (
                "/demo/assets/main-1a.js",
                "text/javascript; charset=utf-8",
                "public, max-age=31536000, immutable",
            ),
        ] {
            let answer = built().look_up(&Method::GET, path).unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            assert_eq!(answer.headers()[CONTENT_TYPE], media_type, "{path}");
            assert_eq!(answer.headers()[CACHE_CONTROL], keep, "{path}");
        }
    }

    #[test]
    fn the_folder_without_its_slash_is_elsewhere() {
        let answer = built().look_up(&Method::GET, "/demo").unwrap();
        assert_eq!(answer.status(), StatusCode::PERMANENT_REDIRECT);
        assert_eq!(answer.headers()[LOCATION], "/demo/");
    }

    #[test]
    fn a_page_takes_nothing() {
        let answer = built().look_up(&Method::POST, "/demo/").unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[test]
    fn paths_that_lead_elsewhere_are_nobodys() {
        for path in [
            "/",
            "/demos/",
            "/demo/missing.js",
            "/demo//index.html",
            "/demo/../Cargo.toml",
            "/demo/assets/../../Cargo.toml",
            "/demo/%2e%2e/Cargo.toml",
            "/demo//etc/passwd",
        ] {
            assert!(built().look_up(&Method::GET, path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_folder_that_is_asked_for_has_to_be_built() {
        let error = WebDemo::find(Some(Path::new("/no/such/folder"))).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("/no/such/folder has no index.html"),
            "{error}"
        );
    }
}
