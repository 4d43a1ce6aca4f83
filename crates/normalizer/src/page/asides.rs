//! What a page sets behind an article and among its paragraphs without a name that says so: what readers wrote, lists of
//! teasers, boxes with a form.
//!
//! In: the [`Skim`] and which of its blocks are prose. Out: the blocks that no container may count as its own, and the
//! elements that are small boxes around a field or a button. What readers wrote is known by the heading above it, or by
//! its rows: a name, a text, and the same links below each. Teasers are rows of a link and its text. What was posted elsewhere
//! is a quote that is signed with a name to answer to.

use rustc_hash::FxHashMap;

use super::barrier;
use super::classes::Hints;
use super::score::ends_sentence;
use super::skim::{Kind, Skim, Tag};
use crate::text::{Line, fold, line_kind};

/// Words of prose between the title and a heading over what readers wrote. Of a line that is no heading more is asked:
/// "3 comments" stands above the text as well.
const MIN_WORDS_ABOVE_HEADING: usize = 15;
const MIN_WORDS_ABOVE_LINE: usize = 60;

/// Words of a heading over what readers wrote.
const MAX_HEADING_WORDS: usize = 16;

/// Rows of the same classes that are a list.
const MIN_ROWS: usize = 4;

/// The share of a row's text that is links where it is a teaser.
const TEASER_LINK_SHARE: f32 = 0.25;

/// Words of a writer's name.
const MAX_NAME_WORDS: usize = 4;

/// How a site says that its text is its own, in lower case.
const RESERVED: &[&str] = &[
    "rights reserved",
    "droits réservés",
    "derechos reservados",
    "rechte vorbehalten",
    "diritti riservati",
    "direitos reservados",
    "rechten voorbehouden",
    "prawa zastrzeżone",
    "права защищены",
];

/// Words of a notice that says so, with the company's address and its market data.
const MAX_NOTICE_WORDS: usize = 120;

/// Blocks of a box that sells something: a name, what others say of it, a price, a link to the shop.
const MAX_GOODS_BLOCKS: usize = 6;

/// Blocks of a quote that shows what was posted elsewhere.
const MAX_POST_BLOCKS: usize = 12;

/// Words under a picture.
const MAX_CAPTION_WORDS: usize = 40;

/// Words of a button, and buttons of a page that are looked at.
const MAX_BUTTON_WORDS: usize = 5;
const MAX_BUTTONS: usize = 40;

/// Elements around two buttons that are looked at.
const MAX_CONSENT_DEPTH: usize = 8;

/// Words in sentences beside a box that asks for consent on a page that has an article too.
const MIN_WORDS_BESIDE_CONSENT: usize = 40;

/// Words of a price.
const MAX_PRICE_WORDS: usize = 5;

/// Blocks and words of a box with a form.
const MAX_BOX_BLOCKS: usize = 8;
const MAX_BOX_WORDS: usize = 80;

/// Elements of the same classes with a button each are how a site shows its paragraphs or pictures.
const MAX_EQUAL_BOXES: usize = 3;

/// Which blocks are what readers wrote, from its heading to the end of its box, or rows of a list.
pub(super) fn not_of_article(skim: &Skim, prose: &[bool], title: Option<usize>) -> Vec<bool> {
    let mut theirs = vec![false; skim.blocks.len()];
    let mut words_above = 0;
    let mut number = title.map_or(0, |title| title + 1);
    while let Some(block) = skim.blocks.get(number) {
        if prose[number] {
            words_above += block.words;
        }
        let is_heading = matches!(block.kind, Kind::Heading(_));
        let enough = if is_heading {
            MIN_WORDS_ABOVE_HEADING
        } else {
            MIN_WORDS_ABOVE_LINE
        };
        let text = skim.text(block);
        if words_above < enough
            || block.words > MAX_HEADING_WORDS
            || block.link_share() > 0.5
            || !(is_heading || text.ends_with(':') || !ends_sentence(text))
            || line_kind(text) != Line::Readers
        {
            number += 1;
            continue;
        }
        let end = skim
            .around(block.element)
            .map(|element| skim.elements[element].blocks.end)
            .find(|end| *end > number + 1)
            .unwrap_or(number + 1);
        theirs[number..end].fill(true);
        number = end;
    }
    mark_rows(skim, prose, title, &mut theirs);
    mark_consent(skim, prose, title, &mut theirs);
    for (number, element) in skim.elements.iter().enumerate() {
        let Some(blocks) = skim.blocks.get(element.blocks.clone()) else {
            continue;
        };
        if (2..=MAX_GOODS_BLOCKS).contains(&blocks.len())
            && !prose
                .get(element.blocks.clone())
                .is_some_and(|prose| prose.contains(&true))
            && blocks.iter().any(|block| block.link_share() > 0.5)
            && blocks
                .iter()
                .any(|block| block.words <= MAX_PRICE_WORDS && is_price(skim.text(block)))
            && title.is_none_or(|title| !element.blocks.contains(&title))
        {
            theirs[element.blocks.clone()].fill(true);
        }
        // Words under a picture in a box of both.
        if element.has_image
            && element.tag == Tag::Other
            && let [words] = blocks
            && words.words <= MAX_CAPTION_WORDS
            && skim.elements[words.element].tag == Tag::Other
            && words.kind == Kind::Text
            && words.element > number
            && !words.is_bold()
        {
            theirs[element.blocks.clone()].fill(true);
        }
        if element.tag == Tag::Quote
            && blocks.len() <= MAX_POST_BLOCKS
            && blocks.iter().any(|block| signs_post(skim.text(block)))
        {
            theirs[element.blocks.clone()].fill(true);
        }
    }
    for (number, block) in skim.blocks.iter().enumerate() {
        if prose[number] && block.words <= MAX_NOTICE_WORDS && skim.text(block).contains('©') {
            let text = skim.text(block).to_lowercase();
            theirs[number] |= RESERVED.iter().any(|words| text.contains(words));
        }
    }
    theirs
}

/// Whether a line is a price and nothing else: `17,90 €`, `CHF 25.-`, `$1,299.00`, "à partir de 49 €".
fn is_price(line: &str) -> bool {
    let signs = ["€", "$", "£", "CHF", "EUR"];
    let Some(sign) = signs.iter().find(|sign| line.contains(**sign)) else {
        return false;
    };
    let bare = line.replace(sign, " ").to_lowercase();
    let bare = ["à partir de", "dès", "from", "ab"]
        .iter()
        .find_map(|lead| bare.trim().strip_prefix(lead).map(str::to_owned))
        .unwrap_or(bare);
    bare.contains(|c: char| c.is_ascii_digit())
        && bare
            .chars()
            .all(|c| c.is_ascii_digit() || c.is_whitespace() || matches!(c, ',' | '.' | '-' | '\'' | '’'))
}

/// Whether a line signs what was posted elsewhere and is shown in a box: "— La mairie (@mairie) 19 octobre 2026".
fn signs_post(line: &str) -> bool {
    line.rsplit_once("(@")
        .is_some_and(|(before, handle)| handle.contains(')') && before.contains(['—', '–', '―']))
}

/// Marks boxes that ask for consent without a name that says so: two buttons to agree, refuse or choose among words about
/// cookies that speak to a visitor. Not where the page says nothing else: then it is no article, and is told so.
fn mark_consent(skim: &Skim, prose: &[bool], title: Option<usize>, theirs: &mut [bool]) {
    let Some(title) = title else { return };
    let buttons: Vec<usize> = skim
        .blocks
        .iter()
        .enumerate()
        .filter(|(_, block)| {
            block.words <= MAX_BUTTON_WORDS
                && !matches!(block.kind, Kind::Heading(_))
                && barrier::is_button(&fold(skim.text(block)))
        })
        .map(|(number, _)| number)
        .take(MAX_BUTTONS)
        .collect();
    for pair in buttons.windows(2) {
        let [first, second] = *pair else { continue };
        if theirs[first] && theirs[second] {
            continue;
        }
        let around = skim.around(skim.blocks[first].element);
        let boxes = around
            .skip_while(|element| !skim.elements[*element].blocks.contains(&second))
            .take_while(|element| {
                let element = &skim.elements[*element];
                !element.blocks.contains(&title)
                    && !matches!(element.tag, Tag::Body | Tag::Main | Tag::Article)
            });
        let asks = boxes
            .take(MAX_CONSENT_DEPTH)
            .map(|element| skim.elements[element].blocks.clone())
            .take_while(|blocks| {
                let words: usize = skim.blocks[blocks.clone()].iter().map(|block| block.words).sum();
                words <= barrier::MAX_CONSENT_WORDS
            })
            .filter(|blocks| barrier::is_consent(&fold(&skim.lines(blocks.clone()))))
            .last();
        if let Some(asks) = asks {
            let others = (0..skim.blocks.len()).filter(|number| prose[*number] && !asks.contains(number));
            let words: usize = others.map(|number| skim.blocks[number].words).sum();
            if words >= MIN_WORDS_BESIDE_CONSENT {
                theirs[asks].fill(true);
            }
        }
    }
}

/// What the rows of a list are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Row {
    Comment,
    Teaser,
}

/// What an element is as a row of a list, by its blocks.
fn row(skim: &Skim, number: usize) -> Option<Row> {
    let element = &skim.elements[number];
    if element.class == 0
        || element.hints.contains(Hints::BODY)
        || !matches!(element.tag, Tag::Other | Tag::Section | Tag::Article | Tag::Item)
    {
        return None;
    }
    let blocks = skim.blocks.get(element.blocks.clone())?;
    match blocks {
        [one] => (one.link_share() > TEASER_LINK_SHARE).then_some(Row::Teaser),
        [name, .., foot] if blocks.len() >= 3 => {
            let is_name = name.words <= MAX_NAME_WORDS && is_name(skim.text(name));
            let is_foot = foot.link_share() > 0.5 && foot.words <= MAX_NAME_WORDS;
            let headed = blocks.iter().any(|block| matches!(block.kind, Kind::Heading(_)));
            (is_name && is_foot && !headed).then_some(Row::Comment)
        }
        _ => None,
    }
}

/// Whether a short line could be a name, and no time: an entry of a live report begins with its hour.
fn is_name(line: &str) -> bool {
    line.trim_start_matches('@').starts_with(char::is_alphabetic)
        && (!line.contains(|c: char| c.is_ascii_digit()) || !line.contains(' '))
}

/// Marks the rows of lists of teasers, and of what readers wrote below an article.
fn mark_rows(skim: &Skim, prose: &[bool], title: Option<usize>, theirs: &mut [bool]) {
    let start = title.map_or(0, |title| title + 1);
    let mut lists: FxHashMap<(usize, u32, bool), Vec<usize>> = FxHashMap::default();
    for (number, element) in skim.elements.iter().enumerate() {
        if let Some(row) = row(skim, number) {
            let key = (element.parent, element.class, row == Row::Comment);
            lists.entry(key).or_default().push(number);
        }
    }
    for ((_, _, comments), rows) in lists {
        if rows.len() < MIN_ROWS {
            continue;
        }
        if comments {
            let first = skim.elements[rows[0]].blocks.start;
            let above: usize = (start..first)
                .filter(|number| prose[*number])
                .map(|number| skim.blocks[number].words)
                .sum();
            // The foot is the same under each.
            let foot = |row: &usize| skim.text(&skim.blocks[skim.elements[*row].blocks.end - 1]);
            if above < MIN_WORDS_ABOVE_LINE || rows.iter().any(|row| foot(row) != foot(&rows[0])) {
                continue;
            }
        }
        for row in &rows {
            theirs[skim.elements[*row].blocks.clone()].fill(true);
        }
        if comments {
            // A comment of a word looks like none.
            let first = &skim.elements[rows[0]];
            let around = &skim.elements[first.parent];
            for element in &skim.elements[rows[0]..around.end] {
                if element.parent == first.parent && element.class == first.class {
                    theirs[element.blocks.clone()].fill(true);
                }
            }
        }
    }
}

/// Which elements are small boxes around a field or a button, as newsletters and offers have them.
pub(super) fn boxes_with_forms(skim: &Skim) -> Vec<bool> {
    let mut with_control: Vec<bool> = skim.elements.iter().map(|element| element.has_control).collect();
    for number in (1..skim.elements.len()).rev() {
        if with_control[number] {
            with_control[skim.elements[number].parent] = true;
        }
    }
    let mut of_class: FxHashMap<u32, usize> = FxHashMap::default();
    for (number, element) in skim.elements.iter().enumerate() {
        if with_control[number] && is_box(skim, number) {
            *of_class.entry(element.class).or_default() += 1;
        }
    }
    (0..skim.elements.len())
        .map(|number| {
            with_control[number]
                && is_box(skim, number)
                && of_class
                    .get(&skim.elements[number].class)
                    .is_some_and(|count| *count <= MAX_EQUAL_BOXES)
        })
        .collect()
}

/// Whether an element could be such a box by its size and kind.
fn is_box(skim: &Skim, number: usize) -> bool {
    let element = &skim.elements[number];
    let Some(blocks) = skim.blocks.get(element.blocks.clone()) else {
        return false;
    };
    matches!(element.tag, Tag::Other | Tag::Section | Tag::Aside)
        && !element.hints.intersects(Hints::BODY | Hints::WEAK | Hints::CHAPO)
        && (2..=MAX_BOX_BLOCKS).contains(&blocks.len())
        && blocks.iter().map(|block| block.words).sum::<usize>() <= MAX_BOX_WORDS
        && !skim.elements[number..element.end]
            .iter()
            .any(|inner| matches!(inner.tag, Tag::Pre | Tag::Table))
}

#[cfg(test)]
mod tests {
    use crate::page::read_page;

    /// The text of a page with this body.
    fn text_of(body: &str) -> String {
        let html = format!("<html><body><nav><a href=/n>Home</a></nav>{body}</body></html>");
        read_page(&html, "https://a.example/x").unwrap().text
    }

    const ARTICLE: &str = "<h1>Ferry to run through the night</h1>\
        <p>The ferry to the island will sail through the night for the first time in its history, the port said.</p>\
        <p>Five more crossings will begin in June, paid for by a surcharge of forty cents on each ticket.</p>\
        <p>Nearly half of the people of the island work on the mainland, many of them on the late shift.</p>\
        <p>Whether it stays will be decided after the second summer, once the passengers have been counted.</p>";

    const REMARK: &str =
        "My brother would have done all of that with a ladder and two weekends, and for less.";

    #[test]
    fn what_readers_wrote_ends_with_its_box_whatever_it_is_called() {
        for heading in [
            "Comments (3)",
            "3 Responses to Ferry to run",
            "Join the conversation",
            "Reacties",
        ] {
            let text = text_of(&format!(
                "<div>{ARTICLE}<div><h3>{heading}</h3><div>{REMARK}</div><div>{REMARK} Twice.</div></div></div>"
            ));
            assert!(text.contains("have been counted"), "{heading}: {text}");
            assert!(!text.contains("ladder"), "{heading}: {text}");
        }
    }

    #[test]
    fn a_count_of_comments_above_the_text_takes_nothing_away() {
        let text = text_of(&format!("<div><div>3 comments</div>{ARTICLE}</div>"));
        assert!(text.contains("Five more crossings"), "{text}");
    }

    #[test]
    fn rows_of_a_name_a_text_and_the_same_links_are_a_debate() {
        let row = |name: &str| {
            format!(
                "<div class=row><div>{name}</div><div>{REMARK}</div><div><a href=/r>Reply</a></div></div>"
            )
        };
        let rows: String = ["HarborRat", "mtn_goat_77", "J. Pettigrew", "Sandra L.", "Kit"]
            .map(row)
            .concat();
        let text = text_of(&format!("<div>{ARTICLE}<div class=n>{rows}</div></div>"));
        assert!(
            text.contains("have been counted") && !text.contains("ladder"),
            "{text}"
        );
    }

    #[test]
    fn the_entries_of_a_live_report_are_no_debate() {
        let entry = |hour: &str| {
            format!(
                "<div class=row><div>{hour}</div><div>{REMARK} At {hour}.</div><div><a href=/s>Share</a></div></div>"
            )
        };
        let rows: String = ["6.42pm", "5.15pm", "3.58pm", "2.20pm", "1.05pm"]
            .map(entry)
            .concat();
        let text = text_of(&format!("<div>{ARTICLE}<div class=n>{rows}</div></div>"));
        assert!(text.contains("ladder"), "{text}");
    }

    #[test]
    fn a_small_box_with_a_field_among_the_paragraphs_goes() {
        let offer = "<div><p>Do you like stories about boats and harbours as much as we do?</p>\
            <p>There is one every Friday.</p><input type=email><button>Go</button></div>";
        let text = text_of(&format!(
            "<div>{}</div>",
            ARTICLE.replace("<p>Whether", &format!("{offer}<p>Whether"))
        ));
        assert!(
            text.contains("have been counted") && !text.contains("as we do"),
            "{text}"
        );
    }
}
