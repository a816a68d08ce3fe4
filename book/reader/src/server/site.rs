//! The pages in memory, and what a browser may do with each.
//!
//! A build is read whole and then exchanged for the one before: no request meets
//! half of a book, and no request names a file.

use crate::markup::escape;
use anyhow::{Context, Result};
use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// One file of the book.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Its content.
    pub bytes: Bytes,
    /// Its media type.
    pub kind: &'static str,
    /// Its content security policy.
    pub policy: String,
}

/// All files of the book, by their path below its address.
#[derive(Debug, Default)]
pub(super) struct Site {
    files: HashMap<String, File>,
}

impl Site {
    /// Reads a built book.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub(super) fn read(folder: &Path) -> Result<Site> {
        let mut site = Site::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(current) = folders.pop() {
            for entry in fs::read_dir(&current)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let bytes = fs::read(&path)
                    .with_context(|| format!("{} cannot be read", path.display()))?;
                let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
                site.files.insert(name.clone(), File::new(&name, bytes));
            }
        }
        Ok(site)
    }

    /// The file at a path as browsers ask for it.
    #[must_use]
    pub(super) fn find(&self, path: &str) -> Option<&File> {
        let path = path.trim_start_matches('/');
        let name = if path.is_empty() { "index.html" } else { path };
        self.files.get(name)
    }

    /// A page like those of the book, with other content.
    #[must_use]
    pub(super) fn page(&self, title: &str, content: &str) -> File {
        let shell = self.files.get("404.html").map(|file| &file.bytes[..]);
        let shell = String::from_utf8_lossy(shell.unwrap_or(PLAIN)).into_owned();
        let (before, rest) = shell.split_once("<main>").unwrap_or((&shell, ""));
        let (_, after) = rest.split_once("</main>").unwrap_or(("", ""));
        let page = format!("{before}<main>{content}</main>{after}");
        let (head, rest) = page.split_once("<title>").unwrap_or((&page, ""));
        let (_, tail) = rest.split_once("</title>").unwrap_or(("", rest));
        let page = format!("{head}<title>{}</title>{tail}", escape(title));
        File::new("page.html", page.into_bytes())
    }
}

/// What stands in for the book's pages before there are any.
const PLAIN: &[u8] =
    b"<!DOCTYPE html><html lang=\"en\"><head><title></title></head>\
                       <body><main></main></body></html>";

impl File {
    fn new(name: &str, bytes: Vec<u8>) -> File {
        let kind = match name.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("json") => "application/json",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("woff2") => "font/woff2",
            _ => "text/plain; charset=utf-8",
        };
        let policy =
            policy(&String::from_utf8_lossy(&bytes), name.ends_with(".html"));
        File {
            bytes: bytes.into(),
            kind,
            policy,
        }
    }
}

/// Everything from here, nothing from elsewhere; of inline scripts only those that
/// mdBook wrote into this very page. mdBook sets style attributes, which nothing
/// but `'unsafe-inline'` allows.
fn policy(text: &str, is_page: bool) -> String {
    if !is_page {
        return "default-src 'none'; style-src 'unsafe-inline'; sandbox".to_owned();
    }
    let mut hashes = String::new();
    for script in inline_scripts(text) {
        let hash = STANDARD.encode(Sha256::digest(script.as_bytes()));
        hashes.push_str(&format!(" 'sha256-{hash}'"));
    }
    format!(
        "default-src 'none'; script-src 'self'{hashes}; style-src 'self'; \
         style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; frame-src 'self'; frame-ancestors 'self'; \
         base-uri 'self'; form-action 'none'"
    )
}

fn inline_scripts(page: &str) -> Vec<&str> {
    let mut scripts = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("<script") {
        let Some((attributes, body)) = after.split_once('>') else {
            break;
        };
        let Some((script, after)) = body.split_once("</script>") else {
            break;
        };
        if !attributes.contains("src=") {
            scripts.push(script);
        }
        rest = after;
    }
    scripts
}

#[cfg(test)]
mod tests {
    use super::{inline_scripts, policy};

    #[test]
    fn inline_scripts_are_allowed_by_hash() {
        let page = "<script src=\"a.js\"></script><script>\nx()\n</script>";
        assert_eq!(inline_scripts(page), ["\nx()\n"]);
        let policy = policy(page, true);
        assert_eq!(policy.matches("'sha256-").count(), 1);
        assert!(!policy.contains("script-src 'self' 'unsafe-inline'"));
    }
}
