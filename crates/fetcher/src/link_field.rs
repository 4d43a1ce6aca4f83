//! The field `Link` (RFC 8288): where a publisher says which hub carries a feed's news, and which feeds a site has.
//!
//! Read as the world writes it: several links in a field, several fields, relations in one quoted list, in any case,
//! bare or quoted. A link that speaks of another resource (`anchor`) says nothing of the one that was asked for.

/// A link of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// As written; relative to the address that answered.
    pub(crate) target: String,
    /// The relation types, in lower case.
    pub(crate) relations: Vec<String>,
    /// The media type of what it leads to.
    pub(crate) media_type: Option<String>,
    /// Its title.
    pub(crate) title: Option<String>,
}

/// The links of one field. What cannot be read ends the field: guessing where the next link begins would let a
/// quoted comma begin one.
pub(crate) fn read(field: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut rest = field;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let Some((target, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) else {
            return links;
        };
        let mut link = Link {
            target: target.trim().to_owned(),
            relations: Vec::new(),
            media_type: None,
            title: None,
        };
        let mut speaks_of_another = false;
        rest = after;
        loop {
            rest = rest.trim_start_matches([' ', '\t']);
            let Some(after) = rest.strip_prefix(';') else {
                break;
            };
            let (name, value, after) = parameter(after);
            rest = after;
            match name.to_ascii_lowercase().as_str() {
                // RFC 8288 §3.3: the first `rel` counts.
                "rel" if link.relations.is_empty() => {
                    link.relations = value
                        .split_ascii_whitespace()
                        .map(str::to_ascii_lowercase)
                        .collect();
                }
                "type" => link.media_type = Some(value),
                "title" => link.title = Some(value),
                "anchor" => speaks_of_another = true,
                _ => {}
            }
        }
        if !speaks_of_another {
            links.push(link);
        }
        if !rest.starts_with(',') {
            return links;
        }
    }
}

/// One `name=value` behind a semicolon, and what follows it.
fn parameter(text: &str) -> (&str, String, &str) {
    let text = text.trim_start_matches([' ', '\t']);
    let (name, rest) = split_before(text, |c| matches!(c, '=' | ';' | ','));
    let Some(value) = rest.strip_prefix('=') else {
        return (name.trim(), String::new(), rest);
    };
    let value = value.trim_start_matches([' ', '\t']);
    let Some(quoted) = value.strip_prefix('"') else {
        let (value, rest) = split_before(value, |c| matches!(c, ';' | ','));
        return (name.trim(), value.trim().to_owned(), rest);
    };
    let mut content = String::new();
    let mut characters = quoted.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => break,
            '\\' => content.extend(characters.next()),
            other => content.push(other),
        }
    }
    (name.trim(), content, characters.as_str())
}

fn split_before(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.find(ends).map_or((text, ""), |at| text.split_at(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_read_with_its_parameters() {
        let field = "<https://a.fr/x>; rel=\"Alternate home\"; type=application/rss+xml; title=\"Un, <deux>; \\\"trois\\\"\";x,\
                     </y>;rel=next, <z>;anchor=\"/\";rel=hub";
        let links = read(field);
        assert_eq!(links.len(), 2);
        assert_eq!(
            links[0],
            Link {
                target: "https://a.fr/x".to_owned(),
                relations: vec!["alternate".to_owned(), "home".to_owned()],
                media_type: Some("application/rss+xml".to_owned()),
                title: Some("Un, <deux>; \"trois\"".to_owned()),
            }
        );
        assert_eq!(
            (links[1].target.as_str(), links[1].relations.as_slice()),
            ("/y", &["next".to_owned()][..])
        );
    }

    #[test]
    fn whatever_is_written_is_read_to_an_end() {
        const PIECES: [&str; 8] = ["<", ">", ";", ",", "=", "\"", "\\", "é"];
        let mut fields = vec![String::new()];
        for _ in 0..6 {
            fields = fields
                .iter()
                .flat_map(|field| PIECES.map(|piece| format!("{field}{piece}")))
                .collect();
            for field in &fields {
                assert!(read(field).len() <= field.len());
            }
            fields.truncate(8 * 8 * 8 * 8 * 2);
        }
    }
}
