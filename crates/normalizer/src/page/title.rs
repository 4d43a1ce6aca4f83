//! A page's title: the article's own, without its section's and its site's.

use super::skim::{Kind, Skim};
use crate::text::{fold, without_site_name};

/// What stands between a title and the names behind it.
const SEPARATORS: &[&str] = &[" - ", " | ", " – ", " — ", " • ", " · ", " :: ", " » ", " / "];

/// Words of a section's name.
const MAX_SECTION_WORDS: usize = 4;

/// Where titles are.
pub(super) struct Candidates<'a> {
    /// JSON-LD.
    pub(super) headline: Option<String>,
    pub(super) open_graph: Option<String>,
    /// The first heading of the first level.
    pub(super) heading: Option<String>,
    /// The document's `title`.
    pub(super) document: Option<String>,
    pub(super) site_name: Option<&'a str>,
}

/// The block of the page's first heading of the first level that has words.
pub(super) fn block(skim: &Skim) -> Option<usize> {
    let named = |block: &super::skim::Block| block.kind == Kind::Heading(1) && block.words > 1;
    // A site that makes its name a heading has it in a link.
    let first = skim
        .blocks
        .iter()
        .position(|block| named(block) && block.words > 2 && block.link_share() < 0.5)
        .or_else(|| skim.blocks.iter().position(named));
    match first {
        Some(first) => Some(under_site_name(skim, &skim.blocks[first]).unwrap_or(first)),
        None => without_heading(skim),
    }
}

/// The line that says the title on a page without headings, as old ones set theirs in large letters: the document's own
/// title has it, with the site's name before or behind.
fn without_heading(skim: &Skim) -> Option<usize> {
    let is_heading = |block: &super::skim::Block| matches!(block.kind, Kind::Heading(_));
    if skim.blocks.iter().any(is_heading) {
        return None;
    }
    let document = skim.head.title.as_deref()?;
    let whole = fold(document);
    let parts = SEPARATORS.iter().flat_map(|separator| document.split(separator));
    let parts: Vec<String> = parts
        .map(fold)
        .filter(|part| part.split(' ').count() > 2)
        .collect();
    skim.blocks.iter().position(|block| {
        block.words > 2 && block.bytes() <= document.len() && block.link_share() < 0.5 && {
            let line = fold(skim.text(block));
            line == whole || parts.contains(&line)
        }
    })
}

/// The heading of the article where the first one is the site's name: the document's title ends in that and begins with
/// another heading.
fn under_site_name(skim: &Skim, first: &super::skim::Block) -> Option<usize> {
    let document = fold(skim.head.title.as_deref()?);
    let site = fold(skim.text(first));
    // In front of it the name is a link to the site's first page: a heading may begin as the document's title does.
    let behind = || document.strip_prefix(&site).filter(|_| first.link_share() > 0.5);
    let own = document
        .strip_suffix(&site)
        .or_else(behind)
        .map(str::trim)
        .filter(|own| own.contains(' '))?;
    skim.blocks
        .iter()
        .position(|block| matches!(block.kind, Kind::Heading(2 | 3)) && fold(skim.text(block)) == own)
}

/// The text of that heading.
pub(super) fn heading(skim: &Skim) -> Option<String> {
    let block = block(skim)?;
    let first = &skim.blocks[block];
    let mut text = skim.text(first).to_owned();
    // Its later lines.
    for next in skim.blocks.iter().skip(block + 1) {
        if next.element != first.element || !next.continues || !matches!(first.kind, Kind::Heading(_)) {
            break;
        }
        text.push(' ');
        text.push_str(skim.text(next));
    }
    Some(text)
}

/// The article's title.
pub(super) fn choose(candidates: Candidates<'_>) -> Option<String> {
    let Candidates {
        headline,
        open_graph,
        heading,
        document,
        site_name,
    } = candidates;
    let whole = |title: &String| !title.trim_end().ends_with(['…']) && !title.trim_end().ends_with("...");
    let site = site_name.unwrap_or("");
    let is_site = |title: &String| !site.is_empty() && fold(title) == fold(site);
    let usable = |title: &Option<String>| {
        title
            .clone()
            .filter(|title| !title.trim().is_empty() && !is_site(title))
    };
    let (headline, open_graph, heading, document) = (
        usable(&headline),
        usable(&open_graph),
        usable(&heading),
        usable(&document),
    );
    // A label inside the heading's element, without a space: the document's own title has none.
    let heading = heading.map(|heading| {
        document
            .as_deref()
            .map(without_sections)
            .filter(|title| is_glued_before(&heading, title))
            .unwrap_or(heading)
    });
    let chosen = headline
        .clone()
        .filter(whole)
        .or_else(|| open_graph.clone().filter(whole))
        .or_else(|| heading.clone())
        .or(open_graph)
        .or(headline)
        .or_else(|| document.map(|title| without_sections(&title)))?;
    Some(cleaned(&chosen, heading.as_deref(), site))
}

/// Whether a heading is a title with another word directly in front of it.
fn is_glued_before(heading: &str, title: &str) -> bool {
    title.split(' ').count() >= 4
        && heading
            .strip_suffix(title)
            .is_some_and(|label| label.ends_with(char::is_alphanumeric))
}

/// The title without the site's name; the heading's words where the rest is names.
fn cleaned(title: &str, heading: Option<&str>, site: &str) -> String {
    if let Some(heading) = heading {
        let (inner, outer) = (fold(heading), fold(title));
        let names = outer.len() > inner.len()
            && inner.split(' ').count() > 2
            && (outer.starts_with(&format!("{inner} ")) || outer.ends_with(&format!(" {inner}")))
            && SEPARATORS.iter().any(|separator| title.contains(separator));
        if names {
            return heading.to_owned();
        }
    }
    let mut title = title.to_owned();
    for _ in 0..2 {
        title = without_site_name(&title, &[site]);
    }
    title
}

/// A document's title without the short names behind it.
fn without_sections(title: &str) -> String {
    let mut title = title.trim();
    for _ in 0..3 {
        let Some((head, tail)) = SEPARATORS
            .iter()
            .filter_map(|separator| title.rsplit_once(separator))
            .min_by_key(|(_, tail)| tail.len())
        else {
            break;
        };
        let (before, behind) = (head.split_whitespace().count(), tail.split_whitespace().count());
        if behind > MAX_SECTION_WORDS || before < behind + 2 {
            break;
        }
        title = head.trim();
    }
    title.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_glued_to_the_title_goes() {
        assert_eq!(
            chosen(
                "",
                "",
                "LogementLe budget est voté de justesse",
                "Le budget est voté de justesse | Le Quotidien"
            )
            .as_deref(),
            Some("Le budget est voté de justesse")
        );
    }

    fn chosen(headline: &str, open_graph: &str, heading: &str, document: &str) -> Option<String> {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        choose(Candidates {
            headline: given(headline),
            open_graph: given(open_graph),
            heading: given(heading),
            document: given(document),
            site_name: Some("Le Quotidien"),
        })
    }

    #[test]
    fn names_of_site_and_section_go() {
        let title = Some("Le budget est voté de justesse".to_owned());
        for (headline, open_graph, heading, document) in [
            ("Le budget est voté de justesse", "", "", ""),
            ("Le budget est voté de…", "Le budget est voté de justesse", "", ""),
            ("", "Le budget est voté de justesse - Le Quotidien", "", ""),
            (
                "",
                "Le budget est voté de justesse | Politique | Le Quotidien",
                "Le budget est voté de justesse",
                "",
            ),
            (
                "",
                "Le Quotidien",
                "",
                "Le budget est voté de justesse - Politique - Le Quotidien",
            ),
            ("", "", "Le budget est voté de justesse", "Accueil"),
        ] {
            assert_eq!(chosen(headline, open_graph, heading, document), title);
        }
        assert_eq!(chosen("", "", "", ""), None);
        // A dash inside a title is the title's.
        assert_eq!(
            chosen("", "", "", "Lyon - Rennes : le match à rejouer").as_deref(),
            Some("Lyon - Rennes : le match à rejouer")
        );
    }
}
