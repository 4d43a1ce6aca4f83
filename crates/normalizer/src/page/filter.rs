//! What stands in an article's element and is not the article: links, teasers, phrases, repetitions.
//!
//! In: the blocks that are kept so far. Out: those that remain. Nothing that JSON-LD's `articleBody` has goes for its links
//! or its shape.

use rustc_hash::FxHashMap;

use super::byline;
use super::classes::Hints;
use super::main_text::{Finder, VOTED_SHARE};
use super::score::{ends_in_hour, ends_sentence};
use super::skim::{Block, Kind, Tag};
use super::words::Shingles;
use crate::text::{Line, fold, line_kind_of};

/// Blocks of a teaser: label, heading, two lines, author, date.
const MAX_TEASER_BLOCKS: usize = 6;

/// Blocks of an offer to subscribe: heading, what is offered, conditions, thanks.
const MAX_OFFER_BLOCKS: usize = 8;

/// The share of a quote's shingles that the article has where it was pulled from it: it may be shortened, and name its
/// source.
const PULLED_SHARE: f32 = 0.6;

/// The share of a line that is links above which it may lead to other articles.
const LINKED_SHARE: f32 = 0.3;

/// Words of a line that a page may show twice, for a small and a large screen.
const MAX_REPEATED_WORDS: usize = 40;

/// Blocks from a subheading up to a paragraph.
const MAX_BLOCKS_ABOVE: usize = 4;

/// Signs that begin the label of a player.
const PLAYERS: &[char] = &['▶', '🎥', '🎧', '📺', '🔊', '🎬'];

/// Words of a scrap, and how often a page shows the same one where it is a button.
const MAX_SCRAP_WORDS: usize = 6;
const MIN_EQUAL_SCRAPS: usize = 3;

/// Dates that head a paragraph each, in one list, where they are the article's steps.
const MIN_STEPS: usize = 3;

/// Words of a line that is a date with a name, and those of the name: first name, two surnames, a place.
const MAX_CREDIT_WORDS: usize = 14;
const MAX_NAME_WORDS: usize = 4;

/// Links that follow a heading.
#[derive(Debug, Clone, Copy)]
struct Links {
    /// The first block behind them.
    until: usize,
    /// They stand in an element of their own, with all that is in it.
    box_of_its_own: bool,
}

/// Whether a line is an hour and nothing else, as the posts of a live report have above them: `14h47`, `9:05 am`.
fn is_hour(text: &str) -> bool {
    let text = text.trim_end_matches("am").trim_end_matches("pm").trim_end();
    let numbers: Option<Vec<u8>> = text
        .splitn(2, ['h', 'H', ':', '.'])
        .map(|number| {
            let number = number.trim();
            let is_number = (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| number.parse().ok()).flatten()
        })
        .collect();
    matches!(numbers.as_deref(), Some([hour, minute]) if *hour < 25 && *minute < 60)
}

/// Whether a line says who wrote it, or when.
pub(super) fn is_credit(text: &str) -> bool {
    if ends_sentence(text) && !ends_in_hour(text) {
        return false;
    }
    byline::is_byline(text) || byline::is_lead(text) || is_date_in_parts(text)
}

/// Whether a line is a date, or has one between two strokes.
fn is_date_in_parts(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit())
        && (depeche_feed::parse_date(text).is_some()
            || [" | ", " - ", " – ", " — ", " · ", " • "]
                .iter()
                .any(|separator| {
                    text.split(separator).count() > 1
                        && text
                            .split(separator)
                            .any(|part| depeche_feed::parse_date(part).is_some())
                }))
}

/// What was said, folded, and what will be: to know what says it again.
struct Seen {
    title: String,
    /// The heading that says the title.
    heading: Option<String>,
    /// The last heading of each text. A line that says the same above it is in the list of contents.
    headings: FxHashMap<String, usize>,
    /// The element around the first line of each text, and its classes.
    lines: FxHashMap<String, (usize, u32)>,
}

impl Seen {
    fn of(finder: &Finder<'_>, kept: &[bool]) -> Self {
        let text = |number: usize| fold(finder.skim.text(&finder.skim.blocks[number]));
        let blocks = finder.skim.blocks.iter().enumerate();
        Self {
            title: finder.clues.title.map(fold).unwrap_or_default(),
            heading: finder.title.map(text),
            headings: blocks
                .filter(|(number, block)| kept[*number] && matches!(block.kind, Kind::Heading(_)))
                .map(|(number, _)| (text(number), number))
                .collect(),
            lines: FxHashMap::default(),
        }
    }

    /// Whether a short line says what another says: the title, a heading below, a line that was rendered before.
    fn says_again(&mut self, finder: &Finder<'_>, number: usize, is_first: bool) -> bool {
        let block = &finder.skim.blocks[number];
        let is_heading = matches!(block.kind, Kind::Heading(_));
        if block.words >= MAX_REPEATED_WORDS && !is_heading {
            return false;
        }
        let prose = finder.scores.prose[number];
        let folded = fold(finder.skim.text(block));
        if !prose
            && !is_heading
            && self
                .headings
                .get(&folded)
                .is_some_and(|heading| *heading > number)
        {
            return true;
        }
        let says_title = folded == self.title || self.heading.as_ref() == Some(&folded);
        if says_title && (is_heading || is_first) {
            return true;
        }
        // Said again elsewhere it is a second rendering; a refrain stands beside the first.
        let element = &finder.skim.elements[block.element];
        let here = (element.parent, element.class);
        let first = *self.lines.entry(folded).or_insert(here);
        block.words >= 5 && (first.0 != here.0 || (prose && first.1 != here.1))
    }
}

impl Finder<'_> {
    /// The blocks that are kept once links, phrases and repetitions are out.
    pub(super) fn filtered(&self, kept: &[bool], voted: &[Option<f32>]) -> Vec<usize> {
        let mut lines: Vec<usize> = Vec::new();
        let mut seen = Seen::of(self, kept);
        let mut links: Option<Links> = None;
        let mut announcing = None;
        let scraps = self.scraps(kept);
        for (number, block) in self
            .skim
            .blocks
            .iter()
            .enumerate()
            .filter(|(number, _)| kept[*number])
        {
            let text = self.skim.text(block);
            let prose = self.scores.prose[number];
            let is_voted = prose && voted[number].is_some_and(|share| share >= VOTED_SHARE);
            if let Some(Links {
                until,
                box_of_its_own,
            }) = links
            {
                if number >= until {
                    links = None;
                } else if !is_voted && (box_of_its_own || block.link_share() > 0.5) {
                    // The first teaser under such a heading goes whole, as the others do.
                    if let Some(until) = self.teaser_behind(number).filter(|_| !box_of_its_own) {
                        links = Some(Links {
                            until,
                            box_of_its_own: true,
                        });
                    }
                    continue;
                } else if prose || matches!(block.kind, Kind::Heading(_)) {
                    links = None;
                }
            }
            match line_kind_of(text, block.link_share() > LINKED_SHARE) {
                Line::Text => {}
                Line::Boilerplate | Line::Readers => continue,
                Line::Offer if is_voted => {}
                Line::Offer => {
                    if let Some(boxed) = self.offer_box(number) {
                        lines.retain(|line| !boxed.contains(line));
                        links = Some(Links {
                            until: boxed.end,
                            box_of_its_own: true,
                        });
                    }
                    continue;
                }
                Line::Links => {
                    if block.words <= 12 && block.link_share() < 0.3 {
                        links = Some(self.links_behind(number));
                    }
                    continue;
                }
            }
            if !is_voted && !prose && self.is_post_head(number, text) {
                continue;
            }
            // What a sentence announces belongs to it: a list of sources, of tracks, of shops.
            let announced = block.kind == Kind::Item
                && lines.last().is_some_and(|last: &usize| {
                    let before = &self.skim.blocks[*last];
                    (announcing == Some(*last) && before.kind == Kind::Item)
                        || self.skim.text(before).trim_end().ends_with(':')
                });
            let again = !prose
                && block.kind == Kind::Text
                && scraps.get(text).is_some_and(|count| *count >= MIN_EQUAL_SCRAPS);
            let is_step = || self.is_step_of_chronicle(number, text);
            if !is_voted && !announced && (again || self.is_scrap(number, text, prose)) && !is_step() {
                if let Some(until) = self.teaser_behind(number) {
                    links = Some(Links {
                        until,
                        box_of_its_own: true,
                    });
                }
                continue;
            }
            if announced {
                announcing = Some(number);
            }
            if seen.says_again(self, number, lines.is_empty()) {
                continue;
            }
            lines.push(number);
        }
        self.without_pulled(lines)
    }

    /// Whether a line is the date over a paragraph of a chronicle, which has several.
    pub(super) fn is_step_of_chronicle(&self, number: usize, text: &str) -> bool {
        let elements = &self.skim.elements;
        let heads = |number: usize| {
            let block = &self.skim.blocks[number];
            let tag = elements[block.element].tag;
            matches!(tag, Tag::Item | Tag::Paragraph)
                && (tag == Tag::Item || block.is_bold())
                && self.scores.prose.get(number + 1).is_some_and(|prose| *prose)
                && depeche_feed::parse_date(self.skim.text(block)).is_some()
        };
        if depeche_feed::parse_date(text).is_none() || !heads(number) {
            return false;
        }
        let list = elements[self.skim.blocks[number].element].parent;
        let others = elements[list].blocks.clone();
        others.filter(|other| heads(*other)).take(MIN_STEPS).count() == MIN_STEPS
    }

    /// Whether a line is an hour, a date, the writers' names: what a post or the article has above it.
    fn is_post_head(&self, number: usize, text: &str) -> bool {
        let block = &self.skim.blocks[number];
        self.is_post_hour(block, text)
            || self.is_dated_credit(number, text)
            || (block.kind == Kind::Text
                && (byline::is_names_of(text, self.clues.authors)
                    || byline::is_date_behind(text, self.clues.authors)))
    }

    /// Whether a line is the hour of a post, among its buttons. A programme has its hours in paragraphs, and a report that has
    /// them as headings is told by them.
    fn is_post_hour(&self, block: &Block, text: &str) -> bool {
        self.skim.elements[block.element].tag != Tag::Paragraph
            && !matches!(block.kind, Kind::Heading(_))
            && is_hour(text)
    }

    /// Whether a line is a `time` element and a name or a place beside it, in whatever language.
    fn is_dated_credit(&self, number: usize, text: &str) -> bool {
        let words = self.skim.blocks[number].words;
        words <= MAX_CREDIT_WORDS && self.skim.blocks[number].kind == Kind::Text && !ends_sentence(text) && {
            // They are in document order.
            let times = &self.skim.head.times;
            let first = times.partition_point(|time| time.block < number);
            let mut inside = times.iter().skip(first).take_while(|time| time.block == number);
            inside.any(|time| {
                let shown = time.shown.split_whitespace().count();
                shown >= 2 && shown + MAX_NAME_WORDS >= words
            })
        }
    }

    /// How often each scrap that is no paragraph is shown.
    fn scraps(&self, kept: &[bool]) -> FxHashMap<&str, usize> {
        let mut scraps: FxHashMap<&str, usize> = FxHashMap::default();
        for (number, block) in self.skim.blocks.iter().enumerate() {
            let tag = self.skim.elements[block.element].tag;
            if kept[number]
                && block.kind == Kind::Text
                && block.words <= MAX_SCRAP_WORDS
                && !matches!(tag, Tag::Paragraph | Tag::Pre)
                && !block.is_bold()
            {
                *scraps.entry(self.skim.text(block)).or_default() += 1;
            }
        }
        scraps
    }

    /// The blocks of the box that an offer to subscribe stands in.
    fn offer_box(&self, number: usize) -> Option<std::ops::Range<usize>> {
        let container = self.scores.container;
        let all = self.scores.prose_in(self.skim, container);
        self.skim
            .around(self.skim.blocks[number].element)
            .take_while(|element| *element != container)
            .map(|element| (element, self.skim.elements[element].blocks.clone()))
            .find(|(_, blocks)| blocks.len() > 1)
            .filter(|(element, blocks)| {
                blocks.len() <= MAX_OFFER_BLOCKS && self.scores.prose_in(self.skim, *element) * 4 < all
            })
            .map(|(_, blocks)| blocks)
    }

    /// What a heading over links heads: the rest of the box it stands in, or the links behind it.
    fn links_behind(&self, number: usize) -> Links {
        let container = self.scores.container;
        let boxed = self
            .skim
            .around(self.skim.blocks[number].element)
            .take_while(|element| *element != container)
            .find(|element| self.skim.elements[*element].blocks.len() > 1)
            .filter(|element| {
                let all = self.scores.prose_in(self.skim, container);
                let blocks = &self.skim.elements[*element].blocks;
                // The heading is the first of its box, and the box no section of the article.
                blocks.start + 1 >= number && self.scores.prose_in(self.skim, *element) * 4 < all
            });
        match boxed {
            Some(element) => Links {
                until: self.skim.elements[element].blocks.end,
                box_of_its_own: true,
            },
            None => Links {
                until: self.skim.blocks.len(),
                box_of_its_own: false,
            },
        }
    }

    /// The end of the teaser that a linked heading opens, where it has a box of its own.
    fn teaser_behind(&self, number: usize) -> Option<usize> {
        let block = &self.skim.blocks[number];
        if !matches!(block.kind, Kind::Heading(_)) || block.link_share() < 0.6 {
            return None;
        }
        let boxed = self.skim.elements[block.element].parent;
        let blocks = &self.skim.elements[boxed].blocks;
        let is_teaser = boxed != self.scores.container
            && blocks.len() <= MAX_TEASER_BLOCKS
            && blocks.start + 2 >= number
            && !self.title.is_some_and(|title| blocks.contains(&title));
        is_teaser.then_some(blocks.end)
    }

    /// Whether a block is links, a scrap of the page's furniture, or a line about who wrote when.
    fn is_scrap(&self, number: usize, text: &str, prose: bool) -> bool {
        let block = &self.skim.blocks[number];
        let links = block.link_share();
        let most = match block.kind {
            Kind::Text => 16,
            Kind::Item => 8,
            _ => 0,
        };
        // Among lines that breaks part, the date is the first and who asked the questions the last.
        let is_outer = block.kind == Kind::Text
            && !ends_sentence(text)
            && (byline::says_who_asked(text) || is_date_in_parts(text));
        if (!prose || is_outer) && block.words <= most && is_credit(text) {
            return true;
        }
        match block.kind {
            Kind::Heading(_) => links > 0.6,
            Kind::Item => links > 0.6 && block.words < 25,
            _ if prose => links > 0.6,
            _ => {
                let tag = self.skim.elements[block.element].tag;
                let paragraph = matches!(tag, Tag::Paragraph | Tag::Quote | Tag::Pre)
                    || block.kind == Kind::Quote
                    || self
                        .skim
                        .around(block.element)
                        .take(3)
                        .any(|outer| self.skim.is_quote(outer));
                links > 0.6
                    || text.starts_with(PLAYERS)
                    || text.chars().all(|c| !c.is_alphanumeric())
                    || (!paragraph
                        && block.words < 4
                        && !ends_sentence(text)
                        && !block.is_bold()
                        && !self.skim.elements[block.element].hints.contains(Hints::SUBHEAD)
                        && !self.is_among_paragraphs(number))
            }
        }
    }

    /// Whether a line of two words or more stands between two paragraphs as they do, where these are boxes: a subheading.
    fn is_among_paragraphs(&self, number: usize) -> bool {
        let block = &self.skim.blocks[number];
        let parent = |number: usize| {
            let element = self.skim.blocks[number].element;
            let is_box = self.skim.elements[element].tag == Tag::Other;
            (is_box && self.scores.prose[number]).then(|| self.skim.elements[element].parent)
        };
        let here = &self.skim.elements[block.element];
        block.words > 1
            && here.tag == Tag::Other
            && here.blocks.len() == 1
            && number + 1 < self.skim.blocks.len()
            && parent(number + 1) == Some(here.parent)
            // A link to another article may stand between it and the paragraph above.
            && (1..=MAX_BLOCKS_ABOVE.min(number)).any(|above| parent(number - above) == Some(here.parent))
    }

    /// A sentence set large beside the text that it is taken from is there twice.
    fn without_pulled(&self, lines: Vec<usize>) -> Vec<usize> {
        let is_pulled = |number: usize| {
            let block = &self.skim.blocks[number];
            block.words <= 60
                && block.words > 3
                && (block.kind == Kind::Quote
                    || self
                        .skim
                        .around(block.element)
                        .take(3)
                        .any(|element| self.skim.elements[element].hints.contains(Hints::PULLED)))
        };
        if !lines.iter().any(|number| is_pulled(*number)) {
            return lines;
        }
        let mut rest = Shingles::default();
        for number in lines.iter().filter(|number| !is_pulled(**number)) {
            rest.add(self.skim.text(&self.skim.blocks[*number]));
        }
        let mut kept: Vec<usize> = Vec::with_capacity(lines.len());
        let mut dropped: Option<usize> = None;
        for number in lines {
            let text = self.skim.text(&self.skim.blocks[number]);
            let follows = dropped.is_some_and(|last| self.is_of_one_quote(last, number));
            // Who said it goes with it.
            if (follows && !ends_sentence(text)) || (is_pulled(number) && rest.cover(text) >= PULLED_SHARE) {
                dropped = Some(number);
            } else {
                dropped = None;
                kept.push(number);
            }
        }
        kept
    }

    /// Whether two blocks stand in the same quote.
    fn is_of_one_quote(&self, first: usize, second: usize) -> bool {
        let first = self.skim.blocks[first].element;
        self.skim
            .around(first)
            .take(3)
            .find(|element| self.skim.is_quote(*element))
            .is_some_and(|quote| self.skim.elements[quote].blocks.contains(&second))
    }
}

#[cfg(test)]
mod tests {
    use super::is_hour;

    #[test]
    fn an_hour_alone_is_told_from_a_score_and_a_sum() {
        for hour in ["14h47", "14 h 47", "9:05", "9.05 pm", "23H10"] {
            assert!(is_hour(hour), "{hour}");
        }
        for other in ["3-2", "120", "14h47 Le pont rouvre", "78:90", "1.000", "", "h"] {
            assert!(!is_hour(other), "{other}");
        }
    }
}
