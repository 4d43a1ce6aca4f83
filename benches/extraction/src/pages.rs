//! The labelled pages, and the same made as heavy as real ones.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A page and what a person would read of it.
#[derive(Clone)]
pub struct Page {
    /// The name of its folder.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Its source.
    pub html: String,
    /// Its text, as labelled.
    pub text: String,
    /// Of a template that no rule is written for.
    pub held_out: bool,
    /// In French.
    pub french: bool,
}

/// The pages of `tests/data/pages` whose names hold `filter`.
pub fn labelled(filter: Option<&str>) -> Vec<Page> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/pages");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("tests/data/pages is beside this crate")
        .map(|entry| entry.expect("an entry of tests/data/pages").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
        .into_iter()
        .map(|folder| {
            let read =
                |name: &str| std::fs::read_to_string(folder.join(name)).expect("page.html and expect.json");
            let expect: Value = serde_json::from_str(&read("expect.json")).expect("expect.json is JSON");
            let string = |name: &str| expect[name].as_str().unwrap_or("").to_owned();
            Page {
                name: folder
                    .file_name()
                    .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
                url: string("url"),
                html: read("page.html"),
                text: string("text"),
                held_out: expect["held_out"] == Value::Bool(true),
                french: string("language") == "fr",
            }
        })
        .filter(|page| filter.is_none_or(|filter| page.name.contains(filter)))
        .collect()
}

/// The page with so much around it that it has `bytes`, in the shares that pages of the French press have: 35 % lists of
/// links, 13 % styles, the rest scripts.
pub fn heavy(page: &Page, bytes: usize) -> Page {
    let missing = bytes.saturating_sub(page.html.len());
    let link = |n: usize| {
        format!(
            "<li class=\"river__item\"><a href=\"/actualite/article-{n}.html\" class=\"river__link\">\
             <span class=\"river__title\">Un autre titre du jour, numéro {n}</span></a></li>\n"
        )
    };
    let links: String = (0..missing * 35 / 100 / link(100).len()).map(link).collect();
    let rule = ".article__title{font-family:serif;line-height:1.2}\n";
    let style = rule.repeat(missing * 13 / 100 / rule.len());
    let push = "window.__state.push({\"id\":12345,\"html\":\"<div class=x>\"});\n";
    let script = push.repeat(missing.saturating_sub(links.len() + style.len()) / push.len());
    let html = page
        .html
        .replacen(
            "</head>",
            &format!("<style>{style}</style><script>{script}</script></head>"),
            1,
        )
        .replacen(
            "</body>",
            &format!("<div class=\"river\"><ul>{links}</ul></div></body>"),
            1,
        );
    Page { html, ..page.clone() }
}
