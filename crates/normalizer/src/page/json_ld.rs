//! JSON-LD: what a page's scripts of linked data say of its article (schema.org `NewsArticle` and its like).
//!
//! In: the scripts' contents. Out: the article objects among them, wherever they are nested. Publishers write line breaks
//! into strings, comment marks around the object and commas behind the last element; such scripts are mended and read.

use serde_json::Value;

use super::skim::filled;
use crate::text::fold;
use crate::urls;

/// Nested objects are looked through to this depth: `@graph` and `mainEntity` need three.
const MAX_DEPTH: usize = 6;

/// Articles of a page. Front pages list hundreds.
const MAX_ARTICLES: usize = 32;

/// Steps of a path: site, section, part of it, title.
const MAX_CRUMBS: usize = 8;

/// Letters of a word that tells one headline from another; auxiliaries and prepositions are shorter.
const TELLING_LETTERS: usize = 5;

/// What a page's scripts say.
#[derive(Debug, Default)]
pub(super) struct Linked {
    /// All article objects, in document order.
    pub(super) articles: Vec<Value>,
    /// Names of the path to the page, its site first.
    pub(super) crumbs: Vec<String>,
    /// The name of the site, where an object of its own says it.
    pub(super) site_name: Option<String>,
    /// When the page was published and changed, where it is told of the page and not of an article.
    pub(super) page_published: Option<String>,
    pub(super) page_modified: Option<String>,
    /// People that are told apart from what they wrote, by their identifiers.
    people: Vec<(String, String)>,
}

impl Linked {
    /// Reads a page's scripts.
    pub(super) fn of(scripts: &[String]) -> Self {
        let mut linked = Self::default();
        for script in scripts {
            if let Some(value) = parse(script) {
                linked.collect(value, 0);
            }
        }
        linked
    }

    /// The names of a field's people, those told elsewhere included.
    pub(super) fn names(&self, article: &Value, field: &str) -> Vec<String> {
        let named = texts(article, field);
        if !named.is_empty() {
            return named;
        }
        let known = |value: &Value| {
            let id = value.get("@id")?.as_str()?;
            self.people
                .iter()
                .find(|(known, _)| known == id)
                .map(|(_, name)| name.clone())
        };
        match article.get(field) {
            Some(Value::Array(values)) => values.iter().filter_map(known).collect(),
            Some(value) => known(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    fn collect(&mut self, value: Value, depth: usize) {
        if depth > MAX_DEPTH || self.articles.len() >= MAX_ARTICLES {
            return;
        }
        match value {
            Value::Array(values) => values
                .into_iter()
                .for_each(|value| self.collect(value, depth + 1)),
            Value::Object(mut object) => {
                let own = is_article(object.get("@type"));
                let nested: Vec<Value> = ["@graph", "mainEntity", "mainEntityOfPage", "breadcrumb"]
                    .iter()
                    // What an article is the main entity of names its address.
                    .filter_map(|name| {
                        if own {
                            object.get(*name).cloned()
                        } else {
                            object.remove(*name)
                        }
                    })
                    .collect();
                let value = Value::Object(object);
                if own {
                    self.articles.push(value);
                } else {
                    self.other(&value);
                }
                for value in nested {
                    self.collect(value, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// What is said beside the article.
    fn other(&mut self, object: &Value) {
        let is = |kind: &str| match object.get("@type") {
            Some(Value::String(found)) => found == kind,
            Some(Value::Array(found)) => found.iter().any(|found| found.as_str() == Some(kind)),
            _ => false,
        };
        if is("BreadcrumbList") && self.crumbs.is_empty() {
            let items = object.get("itemListElement").and_then(Value::as_array);
            self.crumbs = items
                .into_iter()
                .flatten()
                .take(MAX_CRUMBS)
                .filter_map(|item| text(item, "name").or_else(|| named(item.get("item")?, "name")))
                .collect();
        } else if is("WebSite") || is("NewsMediaOrganization") {
            self.site_name = self.site_name.take().or_else(|| text(object, "name"));
        } else if [
            "WebPage",
            "ItemPage",
            "VideoObject",
            "PodcastEpisode",
            "RadioEpisode",
        ]
        .into_iter()
        .any(is)
        {
            self.page_published = self
                .page_published
                .take()
                .or_else(|| date(object, "datePublished"))
                .or_else(|| date(object, "uploadDate"));
            self.page_modified = self.page_modified.take().or_else(|| date(object, "dateModified"));
        } else if is("Person")
            && let (Some(id), Some(name)) = (text(object, "@id"), text(object, "name"))
            && self.people.len() < MAX_ARTICLES
        {
            self.people.push((id, name));
        }
    }
}

/// The article that the page is about: the one whose headline its own title repeats, else the first that may be. `addresses`
/// are those of the page. One that names another address and shares no telling word with the titles is another article's: lists
/// of related ones are told so too.
pub(super) fn own<'a>(articles: &'a [Value], titles: &[&str], addresses: &[&str]) -> Option<&'a Value> {
    let titles: Vec<String> = titles
        .iter()
        .map(|title| fold(title))
        .filter(|title| title.len() > 8)
        .collect();
    let says_title = |article: &&Value| {
        text(article, "headline")
            .or_else(|| text(article, "name"))
            .is_some_and(|headline| {
                let headline = fold(&headline);
                headline.len() > 8
                    && titles.iter().any(|title| {
                        title.starts_with(&headline)
                            || headline.starts_with(title)
                            || title.ends_with(&headline)
                    })
            })
    };
    let own_keys = || -> Vec<String> {
        let addresses = addresses.iter().filter(|address| !address.is_empty());
        addresses.map(|address| urls::key(address)).collect()
    };
    articles.iter().find(says_title).or_else(|| {
        let keys = own_keys();
        articles
            .iter()
            .find(|article| !is_anothers(article, &titles, &keys))
    })
}

/// Whether an article names an address that is none of these, and a headline of other words than the (folded) titles.
fn is_anothers(article: &Value, titles: &[String], keys: &[String]) -> bool {
    let address = text(article, "url").or_else(|| named(article.get("mainEntityOfPage")?, "@id"));
    let Some(address) = address.filter(|address| address.starts_with("http")) else {
        return false;
    };
    let Some(headline) = text(article, "headline").or_else(|| text(article, "name")) else {
        return false;
    };
    let headline = fold(&headline);
    let shares_word = |title: &String| {
        let telling = |word: &&str| word.chars().count() >= TELLING_LETTERS;
        title
            .split(' ')
            .filter(telling)
            .any(|word| headline.split(' ').any(|other| other == word))
    };
    !keys.is_empty()
        && !titles.is_empty()
        && !keys.contains(&urls::key(&address))
        && !titles.iter().any(shares_word)
}

fn parse(script: &str) -> Option<Value> {
    let json = script
        .trim()
        .trim_start_matches("<!--")
        .trim_start_matches("//<![CDATA[")
        .trim_start_matches("/*<![CDATA[*/")
        .trim_start_matches("<![CDATA[")
        .trim_end_matches("-->")
        .trim_end_matches("/*]]>*/")
        .trim_end_matches("//]]>")
        .trim_end_matches("]]>")
        .trim()
        .trim_end_matches(';');
    serde_json::from_str(json)
        .ok()
        .or_else(|| serde_json::from_str(&mended(json)).ok())
}

/// Control characters as spaces, and no comma before a closing bracket.
fn mended(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in json.chars() {
        if quoted {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = false,
                _ => {}
            }
        } else {
            match c {
                '"' => quoted = true,
                '}' | ']' => {
                    let kept = out.trim_end();
                    if let Some(without) = kept.strip_suffix(',') {
                        out.truncate(without.len());
                    }
                }
                _ => {}
            }
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

/// `NewsArticle`, `ReportageNewsArticle`, `BlogPosting`, `LiveBlogPosting` and their like.
fn is_article(kind: Option<&Value>) -> bool {
    match kind {
        Some(Value::String(kind)) => {
            kind.ends_with("Article")
                || kind.ends_with("BlogPosting")
                || kind == "SocialMediaPosting"
                || kind == "Report"
                || kind == "Review"
        }
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| is_article(Some(kind))),
        _ => false,
    }
}

/// A field's text.
pub(super) fn text(article: &Value, field: &str) -> Option<String> {
    article.get(field).and_then(first_string)
}

/// A field's date as it is written; some write the seconds or milliseconds since 1970 as a number.
pub(super) fn date(article: &Value, field: &str) -> Option<String> {
    match article.get(field)? {
        Value::Number(number) => Some(number.to_string()),
        value => first_string(value),
    }
}

/// A field's texts: those of a list, or one.
pub(super) fn texts(article: &Value, field: &str) -> Vec<String> {
    match article.get(field) {
        Some(Value::Array(values)) => values.iter().filter_map(|value| named(value, "name")).collect(),
        Some(value) => named(value, "name").into_iter().collect(),
        None => Vec::new(),
    }
}

fn first_string(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => filled(Some(text)),
        Value::Array(values) => values.iter().find_map(first_string),
        _ => None,
    }
}

/// A string, or the `field` of an object, or the first of several of either.
pub(super) fn named(value: &Value, field: &str) -> Option<String> {
    match value {
        Value::Object(object) => object.get(field).and_then(first_string),
        Value::Array(values) => values.iter().find_map(|value| named(value, field)),
        _ => first_string(value),
    }
}

/// Whether everybody may read all of it, where it says so.
pub(super) fn is_free(article: &Value) -> Option<bool> {
    let own = |value: &Value| match value.get("isAccessibleForFree") {
        Some(Value::Bool(free)) => Some(*free),
        Some(Value::String(free)) if free.eq_ignore_ascii_case("false") => Some(false),
        Some(Value::String(free)) if free.eq_ignore_ascii_case("true") => Some(true),
        _ => None,
    };
    own(article).or_else(|| match article.get("hasPart")? {
        Value::Array(parts) => parts.iter().find_map(own),
        part => own(part),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_read_as_they_are_written() {
        for script in [
            r#"{"@type":"NewsArticle","headline":"Le budget est voté"}"#,
            r#"<!-- {"@type":["NewsArticle"],"headline":"Le budget est voté"} -->"#,
            r#"{"@graph":[{"@type":"WebPage"},{"@type":"ReportageNewsArticle","headline":"Le budget est voté"}]}"#,
            "{\"@type\":\"Article\",\"headline\":\"Le budget\nest voté\",}",
            r#"[{"@type":"BlogPosting","headline":"Le budget est voté"}];"#,
        ] {
            let found = Linked::of(&[script.to_owned()]).articles;
            assert_eq!(found.len(), 1, "{script}");
            assert_eq!(
                text(&found[0], "headline").as_deref(),
                Some("Le budget est voté"),
                "{script}"
            );
        }
        assert!(
            Linked::of(&["{".to_owned(), "nul".to_owned()])
                .articles
                .is_empty()
        );
    }

    #[test]
    fn an_article_of_another_address_and_other_words_is_not_the_pages() {
        let related = r#"[{"@type":"NewsArticle","headline":"Une autre histoire du jour","url":"https://www.example.org/autre"}]"#;
        let found = Linked::of(&[related.to_owned()]).articles;
        let titles = ["Le budget est voté"];
        assert_eq!(own(&found, &titles, &["https://www.example.org/budget"]), None);
        // One of both is not enough: headlines are written anew, and an article has several addresses.
        let address = "https://example.org/autre?utm_source=fil";
        assert!(own(&found, &titles, &["https://www.example.org/budget", address]).is_some());
        let retold = ["L’histoire du budget voté"];
        assert!(own(&found, &retold, &["https://www.example.org/budget"]).is_some());
        assert!(own(&found, &titles, &[""]).is_some());
    }

    #[test]
    fn of_several_articles_the_pages_own_is_taken() {
        let list = r#"[{"@type":"NewsArticle","headline":"Une autre histoire du jour"},{"@type":"NewsArticle","headline":"Le budget est voté"}]"#;
        let found = Linked::of(&[list.to_owned()]).articles;
        let own = own(&found, &["Le budget est voté - Exemple"], &[]).unwrap();
        assert_eq!(text(own, "headline").as_deref(), Some("Le budget est voté"));
    }
}
