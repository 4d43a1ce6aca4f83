//! The state that a page's scripts start from: the article of a page that shows none until its scripts have run.
//!
//! In: scripts of data (`application/json`, `window.name = {…}`) and the titles that the page gives itself. Out: the object
//! whose title is one of these, as an article of schema.org. Only a page that shows little is asked, and only the object
//! that bears its title is believed: states hold menus, teasers and other articles. Of that object the field with the most
//! text is the article, its blocks in order; what a block's kind names as picture, offer or teaser is left out.

use serde_json::{Map, Value, json};

use super::skim::{Kind, Skim, shortened};
use crate::text::{fold, markup_to_text, word_count};

/// Bytes of a page's scripts of data that are kept; states of the press have 30 kB to 1 MB.
const MAX_STATE_BYTES: usize = 2_000_000;

/// Bytes of a script below which it holds no article of forty words: a setting, a counter.
const MIN_STATE_BYTES: usize = 250;

/// Bytes in which the name stands that a script gives its object.
const MAX_NAME_BYTES: usize = 120;

/// Words in sentences of a page that shows its article. A shell has a notice and a line about its publisher.
const MAX_SHOWN_WORDS: usize = 120;

/// Words of a sentence.
const MIN_SENTENCE_WORDS: usize = 8;

/// Words of a text; a standfirst has fewer.
const MIN_WORDS: usize = 40;

/// Bytes of a title; the longest of the press have 250.
const MAX_TITLE_BYTES: usize = 600;

/// Levels of a state that are looked through; frameworks nest an article under five to ten.
const MAX_DEPTH: usize = 24;

/// Fields that hold a title, a standfirst, writers, dates, in lower case without separators.
const TITLES: &[&str] = &["headline", "title", "titre", "heading", "name"];
const LEADS: &[&str] = &[
    "lead",
    "lede",
    "chapo",
    "chapeau",
    "standfirst",
    "subtitle",
    "subheadline",
    "abstract",
    "intro",
    "deck",
];
const AUTHORS: &[&str] = &[
    "authors",
    "author",
    "auteurs",
    "auteur",
    "byline",
    "signature",
    "writers",
];
const PUBLISHED: &[&str] = &[
    "datepublished",
    "publicationdate",
    "publishedat",
    "publishedfrom",
    "publisheddate",
    "firstpublished",
    "firstpublishedat",
    "publishdate",
    "datepublication",
    "publication",
];
const UPDATED: &[&str] = &[
    "datemodified",
    "modificationdate",
    "updatedat",
    "modifiedat",
    "lastupdated",
    "lastmodified",
    "datemodification",
    "updateddate",
];

/// Fields of a block that hold text, and fields that hold blocks, in lower case without separators.
const TEXTS: &[&str] = &[
    "html",
    "text",
    "texte",
    "content",
    "contenu",
    "value",
    "body",
    "paragraph",
    "markup",
];
const BLOCKS: &[&str] = &[
    "content",
    "contents",
    "contenu",
    "body",
    "corps",
    "articlebody",
    "bodyelements",
    "contentelements",
    "components",
    "paragraphs",
    "blocks",
    "elements",
    "items",
    "children",
    "nodes",
    "data",
    "document",
    "json",
    "value",
    "story",
    "article",
    "richtext",
    "sections",
    "html",
    "text",
    "texte",
];

/// What the kind of a block names that is no text of the article, in lower case.
const NO_TEXT: &[&str] = &[
    "image",
    "photo",
    "picture",
    "figure",
    "video",
    "audio",
    "player",
    "podcast",
    "gallery",
    "slideshow",
    "embed",
    "newsletter",
    "related",
    "teaser",
    "promo",
    "readmore",
    "readalso",
    "linklist",
    "advert",
    "pub",
    "button",
    "cta",
    "caption",
    "author",
    "tag",
    "breadcrumb",
    "form",
    "poll",
    "map",
    "script",
    "iframe",
    "tweet",
    "social",
    "comment",
];

/// What a page's scripts of data say of its article, in the words of schema.org. `titles` are those the page gives itself.
pub(super) fn article(html: &str, skim: &Skim, titles: &[&str]) -> Option<Value> {
    if shows_article(skim) {
        return None;
    }
    let titles: Vec<String> = titles.iter().map(|title| fold(title)).collect();
    let mut room = MAX_STATE_BYTES;
    scripts(html)
        .filter(|script| script.len() >= MIN_STATE_BYTES)
        .filter_map(|script| {
            room = room.checked_sub(script.len())?;
            parse(script)
        })
        .filter_map(|state| {
            let mut best = None;
            find(&state, &titles, 0, &mut best);
            best
        })
        .max_by_key(|(words, _)| *words)
        .map(|(_, article)| article)
}

/// Whether what a page shows may be its article.
fn shows_article(skim: &Skim) -> bool {
    let sentences = skim.blocks.iter().filter(|block| {
        block.words >= MIN_SENTENCE_WORDS
            && block.link_share() < 0.5
            && !matches!(block.kind, Kind::Heading(_))
    });
    sentences.map(|block| block.words).sum::<usize>() > MAX_SHOWN_WORDS
}

/// The objects of a page's scripts of data. The tree has none of what scripts hold (`guard`), so they are read off the page.
fn scripts(html: &str) -> impl Iterator<Item = &str> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            let (_, behind) = rest.split_once("<script")?;
            let (tag, content) = behind.split_once('>')?;
            let (content, behind) = content.split_once("</script").unwrap_or((content, ""));
            rest = behind;
            let json = match tag.split_once("type=") {
                Some((_, kind)) if kind.contains("application/json") => Some(content.trim_start()),
                Some((_, kind)) if !kind.contains("text/javascript") => None,
                _ => object(content),
            };
            if json.is_some() {
                return json;
            }
        }
    })
}

/// The object that a script gives a name, and what follows it.
fn object(script: &str) -> Option<&str> {
    let script = script.trim_start();
    if !script.starts_with("window") && !script.starts_with("var ") && !script.starts_with("const ") {
        return None;
    }
    let at = shortened(script, MAX_NAME_BYTES).find('{')?;
    let name = script.get(..at)?.trim_end();
    name.ends_with('=').then(|| script.get(at..)).flatten()
}

fn parse(json: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(json)
        .into_iter::<Value>()
        .next()?
        .ok()
}

/// A field's name in lower case, without separators.
fn squashed(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The first of these fields that an object has, in their order.
fn field<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| {
        let found = object.iter().find(|(key, _)| squashed(key) == *name);
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    })
}

/// A field's string; some wrap it in an object of one (`{"basic": "…"}`).
fn string(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text)
            .filter(|text| !text.trim().is_empty())
            .map(String::as_str),
        Value::Object(object) => object.values().find_map(Value::as_str),
        _ => None,
    }
}

/// The object that bears one of the titles and has the most text.
fn find(value: &Value, titles: &[String], depth: usize, best: &mut Option<(usize, Value)>) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Array(values) => values
            .iter()
            .for_each(|value| find(value, titles, depth + 1, best)),
        Value::Object(object) => {
            if bears(object, titles)
                && let Some((words, article)) = read(object)
                && best.as_ref().is_none_or(|(most, _)| words > *most)
            {
                *best = Some((words, article));
            }
            object
                .values()
                .for_each(|value| find(value, titles, depth + 1, best));
        }
        _ => {}
    }
}

/// Whether an object's title is one of the page's, the site's name behind it left aside.
fn bears(object: &Map<String, Value>, titles: &[String]) -> bool {
    object.iter().any(|(key, value)| {
        let written = string(value).filter(|title| (8..=MAX_TITLE_BYTES).contains(&title.len()));
        written
            .filter(|_| TITLES.contains(&squashed(key).as_str()))
            .is_some_and(|title| {
                let title = fold(title);
                title.len() > 8 && titles.iter().any(|own| own.starts_with(&title))
            })
    })
}

/// An article's object, and how many words its text has.
fn read(object: &Map<String, Value>) -> Option<(usize, Value)> {
    let mut text = String::new();
    let mut most = 0;
    for (key, value) in object {
        if !BLOCKS.contains(&squashed(key).as_str()) {
            continue;
        }
        let mut written = String::new();
        blocks(value, 0, &mut written);
        let words = word_count(&markup_to_text(&written));
        if words > most {
            (most, text) = (words, written);
        }
    }
    if most < MIN_WORDS {
        return None;
    }
    let lead = field(object, LEADS).and_then(string);
    let body = match lead {
        Some(lead) if !fold(&markup_to_text(&text)).contains(&fold(&markup_to_text(lead))) => {
            format!("<p>{lead}</p>{text}")
        }
        _ => text,
    };
    let mut article = json!({ "articleBody": body });
    let fields = article.as_object_mut()?;
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    put(
        "headline",
        field(object, TITLES).and_then(string).map(Value::from),
    );
    put("description", lead.map(Value::from));
    put("datePublished", field(object, PUBLISHED).cloned());
    put("dateModified", field(object, UPDATED).cloned());
    put("author", field(object, AUTHORS).map(people));
    Some((most, article))
}

/// Writers as schema.org has them: names, or objects with one.
fn people(written: &Value) -> Value {
    match written {
        Value::Array(people) => Value::Array(people.iter().map(self::people).collect()),
        Value::Object(person) => field(person, &["name", "fullname", "displayname", "nom", "title"])
            .cloned()
            .unwrap_or(Value::Null),
        other => other.clone(),
    }
}

/// Writes the text of blocks, one paragraph or heading each.
fn blocks(value: &Value, depth: usize, out: &mut String) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::String(text) if text.contains("<p") || text.contains("<h2") => out.push_str(text),
        Value::String(text) if !text.trim().is_empty() => {
            out.push_str("<p>");
            out.push_str(text);
            out.push_str("</p>");
        }
        Value::Array(values) => values.iter().for_each(|value| blocks(value, depth + 1, out)),
        Value::Object(object) => {
            let kind = ["type", "kind", "__typename", "name", "component", "blocktype"]
                .iter()
                .find_map(|name| object.get(*name)?.as_str())
                .map(squashed)
                .unwrap_or_default();
            if NO_TEXT.iter().any(|word| kind.contains(word)) {
                return;
            }
            let line = line(object);
            if let Some(line) = line.filter(|line| !line.trim().is_empty()) {
                let (open, close) = if kind.contains("head") || kind.contains("title") {
                    ("<h2>", "</h2>")
                } else if line.contains("<p") {
                    ("", "")
                } else {
                    ("<p>", "</p>")
                };
                out.push_str(open);
                out.push_str(&line);
                out.push_str(close);
                return;
            }
            for name in BLOCKS {
                if let Some(inner) = field(object, &[name])
                    && (inner.is_array() || inner.is_object())
                {
                    blocks(inner, depth + 1, out);
                    return;
                }
            }
        }
        _ => {}
    }
}

/// The text of a block that holds no others: its own string, or those of the words, links and bold parts in it.
fn line(object: &Map<String, Value>) -> Option<String> {
    for name in TEXTS {
        match field(object, &[name]) {
            Some(Value::String(text)) => return Some(text.clone()),
            Some(Value::Array(parts)) if is_line(parts) => return Some(joined(parts)),
            _ => {}
        }
    }
    let parts = field(object, &["children", "nodes", "spans"])?.as_array()?;
    is_line(parts).then(|| joined(parts))
}

/// Whether parts are the words of one line: at least one is text by itself.
fn is_line(parts: &[Value]) -> bool {
    let is_text = |part: &Value| {
        let kind = part
            .get("type")
            .or_else(|| part.get("nodeType"))
            .and_then(Value::as_str);
        kind.is_none_or(|kind| matches!(kind, "text" | "span" | "leaf"))
            && (part.get("text").is_some_and(Value::is_string)
                || part.get("value").is_some_and(Value::is_string))
    };
    parts.iter().any(is_text)
}

fn joined(parts: &[Value]) -> String {
    parts
        .iter()
        .filter_map(|part| match part {
            Value::String(text) => Some(text.clone()),
            Value::Object(object) => line(object),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::page::read_page;

    /// The text and the writers of a page of this title that shows nothing and carries a script.
    fn read(script: &str) -> (String, Vec<String>) {
        let html = format!(
            "<html><head><title>Le pont rouvre ce matin - Le Bac</title></head><body><main><p>Chargement…</p></main>\
             {script}</body></html>"
        );
        let page = read_page(&html, "https://a.example/pont").unwrap();
        (page.text, page.authors)
    }

    const FIRST: &str = "Après trois mois de travaux et deux reports, le pont de la vallée rouvre ce matin aux voitures et \
                         aux camions légers, dit la mairie.";
    const SECOND: &str = "Les riverains, eux, attendent encore le mur promis contre le bruit, qui sera construit avant la \
                          fin de l’hiver si le département tient parole.";

    #[test]
    fn a_shell_is_read_from_the_state_that_bears_its_title() {
        let script = format!(
            r#"<script id="__NEXT_DATA__" type="application/json">{{"props":{{"menu":[{{"title":"Accueil"}}],
            "page":{{"title":"Le pont rouvre ce matin","author":[{{"name":"Lise Roy"}}],"body":[
            {{"type":"paragraph","html":"{FIRST}"}},{{"type":"newsletter","text":"Recevez notre lettre chaque matin."}},
            {{"type":"heading","text":"Un mur promis"}},{{"type":"paragraph","children":[{{"text":"{SECOND}"}},
            {{"type":"link","children":[{{"text":" Voir le plan."}}]}}]}}]}},
            "next":{{"title":"Un autre article","body":"{FIRST} {FIRST} {SECOND}"}}}}}}</script>"#
        );
        let (text, authors) = read(&script);
        assert_eq!(
            text,
            format!("{FIRST}\n\nUn mur promis\n\n{SECOND} Voir le plan.")
        );
        assert_eq!(authors, ["Lise Roy"]);
    }

    #[test]
    fn a_named_object_is_a_state_and_a_program_is_none() {
        let state = format!(
            r#"{{"article":{{"headline":"Le pont rouvre ce matin","content":"<p>{FIRST}</p><p>{SECOND}</p>"}}}}"#
        );
        let (text, _) = read(&format!("<script>window.__STATE__ = {state}; start();</script>"));
        assert!(
            text.contains("trois mois") && text.contains("riverains"),
            "{text}"
        );
        let (text, _) = read(&format!(
            "<script>window.start(function () {{ return {state} }})</script>"
        ));
        assert!(!text.contains("trois mois"), "{text}");
    }

    #[test]
    fn a_state_of_another_article_is_not_taken() {
        let (text, _) = read(&format!(
            r#"<script type="application/json">{{"title":"Un autre article de ce site","body":"<p>{FIRST}</p><p>{SECOND}</p><p>{FIRST}</p>"}}</script>"#
        ));
        assert!(!text.contains("trois mois"), "{text}");
    }
}
