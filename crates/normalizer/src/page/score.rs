//! Where in a page its article is.
//!
//! In: the [`Skim`]. Out: which elements are no part of the article, and the one that holds it. A block of prose speaks
//! for the elements around it, the nearest the most, as in Readability (Arc90, 2009); links and short scraps speak
//! against them. Names only weigh: an element that is called a side matter but holds much of the page's prose is kept.

use std::ops::Range;

use super::asides;
use super::classes::Hints;
use super::skim::{Block, Element, Kind, Skim, Tag};

/// What a block's worth keeps from an element to the one around it. A container wins over its better part as long as the
/// rest adds more than a sixth.
const DECAY: f32 = 0.85;

/// What the prose of a teaser counts: a line or two between two links.
const TEASER_WORTH: f32 = 0.25;

/// Words of a teaser.
const MAX_TEASER_WORDS: usize = 45;

/// Share of the page's prose above which a name or a tag no longer takes an element out.
const KEPT_SHARE: f32 = 0.35;

/// The same for `nav` and `footer`, which are seldom wrong, and for what is not displayed.
const KEPT_SHARE_OF_FRAME: f32 = 0.5;

/// The same for a box of a maker of boxes that ask for consent: a page of nothing else has no article.
const KEPT_SHARE_OF_CONSENT: f32 = 0.9;

/// The share of the article's text that is its rest behind a wall. A note or a window to open is a sentence or two, of
/// which no article of five paragraphs has a third.
const MIN_REST_SHARE: f32 = 0.3;

/// Paragraphs that a button unfolds; an offer or a teaser has one or two.
const MIN_FOLDED: usize = 3;

/// Words that make a block prose when it ends as a sentence does, and when it does not.
const PROSE_WORDS: usize = 8;
const PROSE_WORDS_OPEN: usize = 20;

/// The share of the page's prose under which a box with a form is no article.
const BOX_SHARE: f32 = 0.2;

/// Bytes of prose that stand between the title and such a box: the box above them may be the standfirst's.
const MIN_BYTES_ABOVE_BOX: usize = 100;

/// Lines that are one text.
const PROSE_LINES: usize = 3;

/// What an element's worth keeps that ends before the page's title, and one that begins behind other prose.
const BEFORE_TITLE: f32 = 0.4;
const BEHIND_OTHERS: f32 = 0.75;

/// What a block's worth keeps that stands behind the box that holds both the title and text named as the article's: a
/// column of twenty headlines has up to six times the prose of a dispatch.
const OUTSIDE_HOME: f32 = 0.2;

/// Bytes of prose in text that is named so: a dispatch of sixty words has 350, most standfirsts fewer than this.
const MIN_HOME_BYTES: usize = 250;

/// Bytes of prose between the title and the text: a standfirst, and a notice.
const MAX_LEAD_BYTES: usize = 900;

/// A table whose cells hold fewer bytes than this on average is data.
const CELL_BYTES: usize = 120;

/// Why an element is no part of the article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Out {
    No,
    /// It is about the article: a standfirst in it still counts.
    Field,
    Yes,
}

/// What was found out about the elements of a page.
pub(super) struct Scores {
    pub(super) out: Vec<Out>,
    /// Whether each block is prose.
    pub(super) prose: Vec<bool>,
    /// Whether each block is what readers wrote, or a teaser in a list of them.
    pub(super) theirs: Vec<bool>,
    /// Whether each element is a small box with a form.
    boxes: Vec<bool>,
    /// Bytes of prose before each block.
    sums: Vec<usize>,
    /// The element that holds the article.
    pub(super) container: usize,
}

/// Whether names and tags may take elements out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    Names,
    Nothing,
}

/// Whether a block reads like a sentence or more.
fn is_prose(block: &Block, text: &str) -> bool {
    let ends = ends_sentence(text) && !ends_in_hour(text);
    !matches!(block.kind, Kind::Heading(_))
        && block.link_share() < 0.5
        && ((block.words >= PROSE_WORDS && ends) || block.words >= PROSE_WORDS_OPEN)
}

/// Lines of one element that breaks part, of verse or of an old page, are prose together.
fn lines_of_prose(skim: &Skim, prose: &mut [bool]) {
    let mut start = 0;
    while start < skim.blocks.len() {
        let element = skim.blocks[start].element;
        let end = (start + 1..skim.blocks.len())
            .find(|number| skim.blocks[*number].element != element || !skim.blocks[*number].continues)
            .unwrap_or(skim.blocks.len());
        let run = &skim.blocks[start..end];
        let (words, bytes, links) = run.iter().fold((0, 0, 0), |(words, bytes, links), block| {
            (
                words + block.words,
                bytes + block.bytes(),
                links + block.link_bytes,
            )
        });
        if run.len() >= PROSE_LINES
            && words >= PROSE_WORDS_OPEN
            && links * 5 < bytes
            && words >= run.len() * 4
        {
            for (number, block) in run.iter().enumerate() {
                prose[start + number] |=
                    block.words > 2 && block.link_bytes == 0 && !matches!(block.kind, Kind::Heading(_));
            }
        }
        start = end;
    }
}

/// Whether a text ends in an hour as English has it, whose full stop ends no sentence.
pub(super) fn ends_in_hour(text: &str) -> bool {
    ["a.m.", "p.m."].iter().any(|hour| text.ends_with(hour))
}

/// Whether a text ends as sentences do.
pub(super) fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(['»', '"', '”', '’', ')', ']', ' ', '\u{a0}', '\u{202f}', '*'])
        .ends_with([
            '.', '!', '?', '…', ':', ';', '。', '！', '？', '」', '؟', '।', '۔',
        ])
}

impl Scores {
    /// Weighs the elements of a page. `title` is the block of its heading.
    pub(super) fn of(skim: &Skim, title: Option<usize>, trust: Trust) -> Self {
        let mut prose: Vec<bool> = skim
            .blocks
            .iter()
            .map(|block| is_prose(block, skim.text(block)))
            .collect();
        lines_of_prose(skim, &mut prose);
        let (theirs, boxes) = if trust == Trust::Names {
            (
                asides::not_of_article(skim, &prose, title),
                asides::boxes_with_forms(skim),
            )
        } else {
            (vec![false; skim.blocks.len()], vec![false; skim.elements.len()])
        };
        for (prose, theirs) in prose.iter_mut().zip(&theirs) {
            *prose &= !theirs;
        }
        let mut sums = Vec::with_capacity(prose.len() + 1);
        let mut sum = 0;
        sums.push(0);
        for (block, prose) in skim.blocks.iter().zip(&prose) {
            sum += if *prose {
                block.bytes() - block.link_bytes
            } else {
                0
            };
            sums.push(sum);
        }
        let mut scores = Self {
            out: Vec::with_capacity(skim.elements.len()),
            prose,
            theirs,
            boxes,
            sums,
            container: 0,
        };
        let comments = scores.comments(skim);
        let total = sum.saturating_sub(comments);
        for element in 0..skim.elements.len() {
            let out = scores.verdict(skim, element, total, title, trust);
            scores.out.push(out);
        }
        scores.container = scores.best(skim, title);
        scores
    }

    /// Bytes of prose in an element.
    pub(super) fn prose_in(&self, skim: &Skim, element: usize) -> usize {
        let blocks = &skim.elements[element].blocks;
        self.sums[blocks.end].saturating_sub(self.sums[blocks.start])
    }

    /// Bytes of prose in what readers wrote.
    fn comments(&self, skim: &Skim) -> usize {
        let (mut bytes, mut next) = (0, 0);
        for (number, element) in skim.elements.iter().enumerate() {
            if number >= next
                && element.hints.contains(Hints::COMMENTS)
                && !element.hints.contains(Hints::BODY)
            {
                let inside = self.prose_in(skim, number);
                // Of a container around everything the name tells what it holds besides.
                if inside * 100 < self.sums.last().copied().unwrap_or(0) * 97 {
                    bytes += inside;
                    next = element.end;
                }
            }
        }
        bytes
    }

    fn verdict(&self, skim: &Skim, number: usize, total: usize, title: Option<usize>, trust: Trust) -> Out {
        let element = &skim.elements[number];
        let outer = match self.out.get(element.parent) {
            Some(outer) if number > 0 => *outer,
            _ => Out::No,
        };
        if outer == Out::Yes || (outer == Out::Field && !element.hints.contains(Hints::CHAPO)) {
            return outer;
        }
        let share = self.prose_in(skim, number) as f32 / total.max(1) as f32;
        let hints = element.hints;
        let holds_title = title.is_some_and(|title| element.blocks.contains(&title));
        let by_tag = match element.tag {
            Tag::Button => !unfolds(skim, number),
            Tag::Caption => true,
            Tag::Figure => {
                !skim.blocks[element.blocks.clone()]
                    .iter()
                    .any(|block| block.kind == Kind::Quote)
                    && share < KEPT_SHARE
            }
            Tag::Table => is_data(skim, number) && share < KEPT_SHARE_OF_FRAME,
            // The foot of a quote says whose words they are.
            Tag::Footer if self.is_in_quote(skim, number) => false,
            Tag::Nav | Tag::Footer => share < KEPT_SHARE_OF_FRAME && trust == Trust::Names,
            Tag::Aside | Tag::Form => share < KEPT_SHARE && trust == Trust::Names && !holds_title,
            _ => false,
        };
        if by_tag {
            return Out::Yes;
        }
        // What asks for consent is never the article, however little the page says besides.
        if hints.contains(Hints::CONSENT) && share < KEPT_SHARE_OF_CONSENT && !holds_title {
            return Out::Yes;
        }
        // A wall that scripts raise hides the rest of the article and not a side matter.
        let is_hidden = hints.contains(Hints::HIDDEN) && share < KEPT_SHARE_OF_FRAME && !holds_title;
        if is_hidden && (hints.contains(Hints::OUT) || !self.is_rest_of_body(skim, number)) {
            return Out::Yes;
        }
        if trust == Trust::Nothing || hints.contains(Hints::BODY) || holds_title {
            return Out::No;
        }
        if hints.contains(Hints::COMMENTS) && share < 30.0 {
            return Out::Yes;
        }
        if share >= KEPT_SHARE || matches!(element.tag, Tag::Body | Tag::Main) {
            return Out::No;
        }
        let starts_below = title.is_some_and(|title| {
            element.blocks.start > title
                && self.sums[element.blocks.start].saturating_sub(self.sums[title]) >= MIN_BYTES_ABOVE_BOX
        });
        if self.boxes[number] && share < BOX_SHARE && starts_below {
            return Out::Yes;
        }
        if hints.intersects(Hints::OUT | Hints::CAPTION | Hints::BYLINE)
            && (self.is_most_of_body(skim, number) || self.is_fold(skim, number, title))
        {
            return Out::No;
        }
        if hints.contains(Hints::CHAPO) {
            Out::No
        } else if hints.intersects(Hints::OUT | Hints::CAPTION) {
            Out::Yes
        } else if hints.contains(Hints::BYLINE) && !self.is_in_quote(skim, number) {
            Out::Field
        } else {
            Out::No
        }
    }

    /// Whether an element stands in a quote that is the article's: what is named for an author there is whose words these are.
    fn is_in_quote(&self, skim: &Skim, number: usize) -> bool {
        skim.around(number)
            .skip(1)
            .take(2)
            .any(|outer| skim.is_quote(outer) && self.out.get(outer) == Some(&Out::No))
    }

    /// Whether an element is what a button unfolds: most of a text's paragraphs, directly in what may be the text's box
    /// and is no box of the whole page.
    fn is_fold(&self, skim: &Skim, number: usize, title: Option<usize>) -> bool {
        let element = &skim.elements[number];
        let outer = &skim.elements[element.parent];
        let prose = |range: &Range<usize>| range.clone().filter(|block| self.prose[*block]).count();
        outer.hints.intersects(Hints::WEAK | Hints::BODY)
            && title.is_some_and(|title| outer.blocks.start > title)
            && self.prose_in(skim, number) * 2 > self.prose_in(skim, element.parent)
            && prose(&element.blocks) >= MIN_FOLDED
    }

    /// Whether an element stands directly in what its site marks as the article's text and holds a good part of it.
    fn is_rest_of_body(&self, skim: &Skim, number: usize) -> bool {
        let parent = skim.elements[number].parent;
        let named = skim.elements[parent].hints.contains(Hints::BODY);
        named && self.prose_in(skim, number) as f32 > self.prose_in(skim, parent) as f32 * MIN_REST_SHARE
    }

    /// Whether an element holds most of the article's text as its site marks that: what stands around the article, a
    /// banner for consent, a list of teasers, is no measure for what stands in it.
    fn is_most_of_body(&self, skim: &Skim, number: usize) -> bool {
        let inside = self.prose_in(skim, number);
        inside > 0
            && skim
                .around(number)
                .skip(1)
                .find(|outer| skim.elements[*outer].hints.contains(Hints::BODY))
                .is_some_and(|body| inside * 2 > self.prose_in(skim, body))
    }

    /// The element whose prose outweighs its scraps the most.
    fn best(&self, skim: &Skim, title: Option<usize>) -> usize {
        let mut worth = vec![0.0_f32; skim.elements.len()];
        let is_link = |number: usize| {
            skim.blocks
                .get(number)
                .is_some_and(|block| block.link_share() > 0.5)
        };
        let home = title.and_then(|title| self.home(skim, title));
        for (number, block) in skim.blocks.iter().enumerate() {
            let outside = home
                .as_ref()
                .is_some_and(|home| number >= home.end && self.prose[number]);
            // What readers wrote says nothing of what is above it; links do, wherever they are.
            let counts = !self.theirs[number] || block.link_bytes > 0;
            if self.out[block.element] == Out::No && counts {
                let teaser = block.words <= MAX_TEASER_WORDS
                    && is_link(number + 1)
                    && number.checked_sub(1).is_some_and(is_link);
                let share = match (teaser, outside) {
                    (true, _) => TEASER_WORTH,
                    (_, true) => OUTSIDE_HOME,
                    _ => 1.0,
                };
                worth[block.element] += value(block, self.prose[number]) * share;
            }
        }
        let mut best = (0, 0.0_f32);
        let within = self.article_of_title(skim, title);
        let mut limited = (0, 0.0_f32);
        for number in (0..skim.elements.len()).rev() {
            let element = &skim.elements[number];
            if number > 0 {
                worth[element.parent] += worth[number] * DECAY;
            }
            if self.out[number] != Out::No || matches!(element.tag, Tag::Quote | Tag::Heading(_) | Tag::Line)
            {
                continue;
            }
            let weighed = worth[number] * weight(element.tag, element.hints) * self.place(element, title);
            // Children come first here, so of equals the inner one stays.
            if weighed > best.1 {
                best = (number, weighed);
            }
            if weighed > limited.1 && within.is_some_and(|article| skim.is_within(number, article)) {
                limited = (number, weighed);
            }
        }
        // Where several articles stand on the page, it is the one under the page's title.
        match within {
            Some(article)
                if limited.1 > 0.0
                    && !skim.is_within(best.0, article)
                    && !skim.is_within(article, best.0)
                    && limited.1 * 4.0 > best.1 =>
            {
                limited.0
            }
            _ => best.0,
        }
    }

    /// The blocks of the smallest box around the title in which text stands that is named as the article's: a column
    /// beside it may hold more prose than a short dispatch does.
    fn home(&self, skim: &Skim, title: usize) -> Option<Range<usize>> {
        let body = skim.elements.iter().enumerate().position(|(number, element)| {
            element.hints.contains(Hints::BODY)
                && element.blocks.start > title
                && self.out[number] == Out::No
                && self.prose_in(skim, number) >= MIN_HOME_BYTES
        })?;
        let blocks = skim.elements[body].blocks.clone();
        skim.around(skim.blocks[title].element)
            .map(|element| skim.elements[element].blocks.clone())
            .find(|around| around.end >= blocks.end)
    }

    /// An article's text stands under its title.
    fn place(&self, element: &Element, title: Option<usize>) -> f32 {
        match title {
            Some(title) if element.blocks.end <= title => BEFORE_TITLE,
            Some(title)
                if element.blocks.start > title
                    && self.sums[element.blocks.start].saturating_sub(self.sums[title]) > MAX_LEAD_BYTES =>
            {
                BEHIND_OTHERS
            }
            _ => 1.0,
        }
    }

    /// The nearest `article` around the title that holds more than it.
    fn article_of_title(&self, skim: &Skim, title: Option<usize>) -> Option<usize> {
        let heading = skim.blocks.get(title?)?.element;
        skim.around(heading)
            .find(|number| skim.elements[*number].tag == Tag::Article && self.prose_in(skim, *number) > 300)
    }
}

/// Whether a button is the heading over what it unfolds, or the question.
fn unfolds(skim: &Skim, button: usize) -> bool {
    let element = &skim.elements[button];
    matches!(skim.elements[element.parent].tag, Tag::Heading(_))
        || matches!(&skim.blocks[element.blocks.clone()], [only] if only.words > 2 && skim.text(only).trim_end().ends_with('?'))
}

/// What a block says for the element around it.
fn value(block: &Block, prose: bool) -> f32 {
    let bytes = block.bytes() as f32;
    let links = block.link_bytes as f32;
    match block.kind {
        _ if prose => bytes - links * 2.0,
        Kind::Heading(_) if block.link_share() > 0.5 => -30.0,
        Kind::Heading(_) | Kind::Quote => 0.0,
        Kind::Item if block.link_share() > 0.5 => -25.0,
        _ if block.link_share() > 0.5 => -20.0,
        _ => -6.0,
    }
}

fn weight(tag: Tag, hints: Hints) -> f32 {
    let named = if hints.contains(Hints::PROPERTY) {
        1.5
    } else if hints.contains(Hints::BODY) {
        1.35
    } else if hints.contains(Hints::WEAK) {
        1.08
    } else {
        1.0
    };
    match tag {
        Tag::Article => f32::max(named, 1.08),
        Tag::Item | Tag::Paragraph => named * 0.9,
        _ => named,
    }
}

/// Whether a table holds data rather than the page's layout.
pub(super) fn is_data(skim: &Skim, table: usize) -> bool {
    let element = &skim.elements[table];
    let inside = &skim.elements[table + 1..element.end];
    let cells = inside.iter().filter(|inner| inner.tag == Tag::Cell).count();
    let nested = inside
        .iter()
        .any(|inner| matches!(inner.tag, Tag::Table | Tag::Heading(1) | Tag::Article));
    let bytes: usize = skim.blocks[element.blocks.clone()].iter().map(Block::bytes).sum();
    !nested && cells > 1 && bytes / cells < CELL_BYTES
}

#[cfg(test)]
mod tests {
    use crate::page::read_page;

    const WIRE: &str = "<div class=w><span>8h10</span><p>La mairie de Niort demande la fin des travaux de la rocade.</p></div>";

    fn text_of(body: &str) -> String {
        let html = format!("<html><body><nav><a href=/n>Accueil</a></nav>{body}</body></html>");
        read_page(&html, "https://a.example/x").unwrap().text
    }

    fn sentences(count: usize) -> String {
        let sentence = |number| {
            format!(
                "<div class=q{number}>Le pont numéro {number} de la vallée rouvre ce matin aux voitures et aux \
                 camions légers.</div>"
            )
        };
        (0..count).map(sentence).collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_dispatch_is_found_beside_a_longer_column() {
        let text = text_of(&format!(
            "<div><div><h1>Séisme au large de l’archipel</h1><div class=richtext>{}</div></div><div>{}</div></div>",
            sentences(4),
            WIRE.repeat(20)
        ));
        assert!(text.contains("numéro 3") && !text.contains("Niort"), "{text}");
    }

    #[test]
    fn a_standfirst_in_a_box_named_as_text_does_not_hide_the_article() {
        let text = text_of(&format!(
            "<div><div><h1>Les ponts rouvrent</h1><div class=richtext>{}</div></div><div><div>{}</div></div></div>",
            "Après trois mois de travaux et deux reports, les ponts de la vallée rouvrent ce matin aux voitures. ".repeat(3),
            sentences(24)
        ));
        assert!(
            text.contains("deux reports") && text.contains("numéro 23"),
            "{text}"
        );
    }

    #[test]
    fn a_text_that_a_wall_hides_is_read_and_a_note_that_opens_is_not() {
        let hidden = |paragraphs: &str| {
            text_of(&format!(
                "<article><h1>Les ponts rouvrent</h1><div class=article-body>{}<div style=\"display:none\">\
                 <p>Le tablier de métal a été repeint en vert par une équipe de douze personnes.</p>{paragraphs}\
                 </div></div></article>",
                sentences(4)
            ))
        };
        let rest = hidden(
            "<p>Chaque pile a été sondée par des plongeurs de la marine nationale.</p>\
             <p>Les riverains, eux, attendent encore le mur promis contre le bruit.</p>\
             <p>Le département dit qu’il sera construit avant la fin de l’hiver.</p>",
        );
        assert!(rest.contains("tablier") && rest.contains("hiver"), "{rest}");
        let note = hidden("");
        assert!(!note.contains("tablier"), "{note}");
    }
}
