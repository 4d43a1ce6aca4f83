//! The main text of a page: standfirst, paragraphs, subheadings, lists, quotes.
//!
//! In: the [`Skim`] and what the metadata know of the article. Out: its lines. First the element that holds the article
//! ([`Scores`]), then what belongs to it outside (the standfirst, a second part behind an advertisement), then what does
//! not inside: by names, by links, by phrases (`rules/boilerplate.txt`), by place. The `articleBody` of JSON-LD is a vote:
//! where the page shows most of it, its first and last paragraphs bound the article; where the page shows little, it
//! stands in; where the two have nothing in common, the page is believed.

use std::ops::Range;

use super::beside::Beside;
use super::classes::Hints;
use super::filter;
use super::score::{Out, Scores, Trust, ends_sentence};
use super::skim::{Kind, Skim, Tag, shortened};
use super::title;
use super::words::Shingles;
use crate::text::{Line, fold, line_kind, word_count};

/// Fewer words than this is no article: it is looked for again without trust in names.
const MIN_WORDS: usize = 40;

/// The share of `articleBody` that must stand on the page for it to bound the article.
const AGREEING_SHARE: f32 = 0.6;

/// A structured text of fewer words is a summary.
const MIN_BODY_WORDS: usize = 40;

/// Bytes of a structured text; the longest reports of the press stay under 100 kB.
const MAX_BODY_BYTES: usize = 400_000;

/// Bytes of what a page says of itself that are compared with its blocks.
const MAX_DESCRIPTION_BYTES: usize = 1_000;

/// The share of a block's shingles that makes it part of `articleBody`.
pub(super) const VOTED_SHARE: f32 = 0.75;

/// Words of a standfirst, all its lines together. Those of the French press run to 60, of magazines to 100.
const MAX_CHAPO_WORDS: usize = 140;

/// Words of a paragraph that presents an author.
const MAX_BIO_WORDS: usize = 70;

/// Words of a last line with an address to write to.
const MAX_CONTACT_WORDS: usize = 30;

/// What follows an author's name where the author is presented, folded.
const BIO_VERBS: &[&str] = &[
    "is", "was", "covers", "writes", "has", "reports", "works", "lives", "can", "joined", "teaches", "est",
    "ecrit", "ist", "schreibt", "arbeitet", "es", "escribe", "e", "scrive",
];

/// What is known of the article from elsewhere.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clues<'a> {
    pub(super) title: Option<&'a str>,
    pub(super) description: Option<&'a str>,
    /// The `articleBody` of JSON-LD, without markup.
    pub(super) body: Option<&'a str>,
    pub(super) authors: &'a [String],
}

/// The main text.
#[derive(Debug, Default)]
pub(super) struct MainText {
    /// One line a block.
    pub(super) text: String,
    /// It is the structured text, of which the page shows little.
    pub(super) from_body: bool,
    /// The blocks of the element that holds it, the article's or not.
    pub(super) around: Range<usize>,
    /// Captions and tables.
    pub(super) beside: Beside,
}

/// Extracts the main text.
pub(super) fn extract(skim: &Skim, clues: Clues<'_>) -> MainText {
    let title = title_block(skim, clues.title);
    let body = clues
        .body
        .filter(|body| body.len() <= MAX_BODY_BYTES)
        .map(|body| (body, Shingles::of(body)))
        .filter(|(_, shingles)| shingles.count >= MIN_BODY_WORDS);
    let description = shortened(clues.description.unwrap_or(""), MAX_DESCRIPTION_BYTES);
    let description = Some((description, Shingles::of(description))).filter(|(_, said)| said.count > 5);
    let read = |trust| {
        let scores = Scores::of(skim, title, trust);
        let finder = Finder {
            skim,
            scores,
            title,
            clues,
            description: description.as_ref().map(|(text, said)| (*text, said)),
            body: body.as_ref().map(|(_, shingles)| shingles),
        };
        let around = skim
            .elements
            .get(finder.scores.container)
            .map(|element| element.blocks.clone());
        (finder.text(), around.unwrap_or_default(), finder.beside())
    };
    let (mut text, mut around, mut beside) = read(Trust::Names);
    let words = word_count(&text);
    if words < MIN_WORDS {
        let again = read(Trust::Nothing);
        if word_count(&again.0) > words.max(MIN_WORDS) * 2 {
            (text, around, beside) = again;
        }
    }
    if let Some((body, shingles)) = &body {
        let words = word_count(&text);
        // The page shows little of it: a paywall's free part, or a shell that scripts fill.
        let belongs = words < MIN_WORDS || shingles.cover(&text) > 0.3;
        if (words as f32) < shingles.count as f32 * AGREEING_SHARE && belongs {
            return MainText {
                text: (*body).to_owned(),
                from_body: true,
                around,
                beside,
            };
        }
    }
    MainText {
        text,
        from_body: false,
        around,
        beside,
    }
}

/// The block of the article's heading: the one that says the page's title, else the first of the first level.
pub(super) fn title_block(skim: &Skim, title: Option<&str>) -> Option<usize> {
    let wanted = title.map(fold).unwrap_or_default();
    let headings = || {
        skim.blocks
            .iter()
            .enumerate()
            .filter(|(_, block)| matches!(block.kind, Kind::Heading(_)))
    };
    let says = |level: u8| {
        headings().find(|(_, block)| {
            let Kind::Heading(found) = block.kind else {
                return false;
            };
            let text = fold(skim.text(block));
            // Some have the section's name in the heading, in front of the title.
            found <= level
                && text.len() > 8
                && (wanted.starts_with(&text) || text.starts_with(&wanted) || text.ends_with(&wanted))
        })
    };
    let by_title = if wanted.len() > 8 {
        says(1).or_else(|| says(3))
    } else {
        None
    };
    by_title
        .or_else(|| {
            headings().find(|(_, block)| {
                block.kind == Kind::Heading(1) && block.words > 2 && block.link_share() < 0.5
            })
        })
        .map(|(number, _)| number)
        .or_else(|| title::block(skim))
}

/// Whether a line is initials, as local papers sign: "B. D.", "J.-P. K.".
fn is_initials(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let dots = text.chars().filter(|c| *c == '.').count();
    (2..=4).contains(&letters)
        && letters == dots
        && text
            .chars()
            .all(|c| c.is_uppercase() || matches!(c, '.' | ' ' | '-' | '(' | ')' | '\u{a0}'))
}

/// Whether a structured text was cut off.
fn breaks_off(body: &str) -> bool {
    let body = body.trim_end_matches([' ', ']', ')', '\n']);
    body.ends_with('…') || body.ends_with("..") || !ends_sentence(body)
}

/// Finds the main text of one page.
pub(super) struct Finder<'a> {
    pub(super) skim: &'a Skim,
    pub(super) scores: Scores,
    /// The block of the title's heading.
    pub(super) title: Option<usize>,
    pub(super) clues: Clues<'a>,
    /// What the page says of itself, and its shingles.
    description: Option<(&'a str, &'a Shingles)>,
    body: Option<&'a Shingles>,
}

impl Finder<'_> {
    fn text(&self) -> String {
        let container = self.scores.container;
        let mut kept = vec![false; self.skim.blocks.len()];
        self.keep(container, &mut kept);
        self.keep_parts(container, &mut kept);
        let voted = self.vote(&mut kept);
        self.drop_second_article(&mut kept);
        let mut lines = self.filtered(&kept, &voted);
        self.trim(&mut lines, &voted);
        let chapo = self.chapo(&lines);
        let mut out = String::new();
        for number in chapo.iter().chain(&lines) {
            out.push_str(self.skim.text(&self.skim.blocks[*number]));
            out.push('\n');
        }
        out
    }

    fn keep(&self, element: usize, kept: &mut [bool]) {
        let range = self.skim.elements[element].blocks.clone();
        for number in range {
            kept[number] =
                self.scores.out[self.skim.blocks[number].element] == Out::No && !self.scores.theirs[number];
        }
    }

    /// Other parts of an article that was cut in several: elements of the same classes, and prose beside it.
    fn keep_parts(&self, container: usize, kept: &mut [bool]) {
        let element = &self.skim.elements[container];
        let parent = element.parent;
        let named = element.hints.contains(Hints::BODY);
        let hinted = named || element.hints.contains(Hints::WEAK);
        let around = self
            .skim
            .around(container)
            .skip(1)
            .find(|number| matches!(self.skim.elements[*number].tag, Tag::Article | Tag::Main))
            .unwrap_or(parent);
        let mut number = around + 1;
        let mut joined = false;
        while number < self.skim.elements[around].end {
            let other = &self.skim.elements[number];
            let beside = other.parent == parent;
            if number == container || self.scores.out[number] != Out::No {
                number = other.end;
                continue;
            }
            let prose = self.scores.prose_in(self.skim, number);
            let twin = other.class == element.class && other.tag == element.tag && other.class != 0;
            // A column of a grid has the classes of the next.
            let follows = beside && number > container && matches!(other.tag, Tag::Paragraph | Tag::Quote);
            if prose > 0 && (follows || (twin && (named || (beside && hinted)))) {
                self.keep(number, kept);
                number = other.end;
                joined = true;
            } else {
                number += 1;
            }
        }
        if joined {
            self.keep_quotes_between(kept);
        }
    }

    /// What is quoted between two parts of an article that was cut in several has a box of its own.
    fn keep_quotes_between(&self, kept: &mut [bool]) {
        let first = kept.iter().position(|kept| *kept).unwrap_or(0);
        let last = kept.iter().rposition(|kept| *kept).unwrap_or(0);
        let between = kept.iter_mut().enumerate().take(last).skip(first);
        for (number, kept) in between {
            let block = &self.skim.blocks[number];
            *kept |= block.kind == Kind::Quote
                && self.scores.out[block.element] == Out::No
                && !self.scores.theirs[number]
                && block.link_bytes == 0;
        }
    }

    /// How much of each block `articleBody` has; what it says bounds what is kept.
    fn vote(&self, kept: &mut [bool]) -> Vec<Option<f32>> {
        let blocks = &self.skim.blocks;
        let mut voted = vec![None; blocks.len()];
        let Some(body) = self.body else { return voted };
        let mut words = 0;
        for (number, block) in blocks.iter().enumerate() {
            if kept[number] || self.scores.prose[number] {
                let share = body.cover(self.skim.text(block));
                voted[number] = Some(share);
                if share >= VOTED_SHARE && self.scores.prose[number] {
                    words += block.words;
                }
            }
        }
        if (words as f32) < body.count as f32 * AGREEING_SHARE {
            return vec![None; blocks.len()];
        }
        let yes = |number: &usize| {
            self.scores.prose[*number] && voted[*number].is_some_and(|share| share >= VOTED_SHARE)
        };
        let (Some(first), Some(last)) = ((0..blocks.len()).find(yes), (0..blocks.len()).rev().find(yes))
        else {
            return voted;
        };
        let outside = |range: Range<usize>| -> usize {
            range
                .filter(|number| kept[*number] && self.scores.prose[*number])
                .map(|number| blocks[number].words)
                .sum()
        };
        // A structured text that breaks off says nothing of what follows.
        let behind = outside(last + 1..blocks.len());
        let truncated = behind > words || (behind > 0 && self.clues.body.is_some_and(breaks_off));
        for (number, share) in voted.iter().enumerate() {
            let share = share.unwrap_or(0.0);
            if share >= VOTED_SHARE && self.scores.prose[number] {
                kept[number] = true;
            } else if number > last && !truncated && share < VOTED_SHARE {
                kept[number] = false;
            } else if number < first && share < VOTED_SHARE && self.scores.prose[number] {
                kept[number] = self.is_chapo(number);
            }
        }
        voted
    }

    /// A second article in the same container begins at its own heading of the first level.
    fn drop_second_article(&self, kept: &mut [bool]) {
        let Some(title) = self.title else { return };
        let article = |number: usize| {
            self.skim
                .around(self.skim.blocks[number].element)
                .find(|element| self.skim.elements[*element].tag == Tag::Article)
        };
        if self.skim.blocks[title].kind != Kind::Heading(1) {
            return;
        }
        let Some(own) = article(title) else { return };
        let second = (title + 1..self.skim.blocks.len()).find(|number| {
            self.skim.blocks[*number].kind == Kind::Heading(1)
                && self.skim.blocks[*number].element != self.skim.blocks[title].element
                && article(*number) != Some(own)
                && article(*number).is_some_and(|article| self.scores.prose_in(self.skim, article) > 300)
        });
        if let Some(second) = second
            && kept[..second]
                .iter()
                .zip(&self.scores.prose)
                .any(|(kept, prose)| *kept && *prose)
        {
            kept[second..].fill(false);
        }
    }

    /// Takes off what stands before the first prose and behind the last, and headings above nothing.
    fn trim(&self, lines: &mut Vec<usize>, voted: &[Option<f32>]) {
        let blocks = &self.skim.blocks;
        let prose = |number: &usize| self.scores.prose[*number];
        // What stands above the title is the site's, unless little stands below.
        if let Some(title) = self.title {
            let words = |above: bool| -> usize {
                let side = lines.iter().filter(|number| (**number < title) == above);
                side.map(|number| blocks[*number].words).sum()
            };
            if words(false) > words(true) * 2 {
                lines.retain(|number| *number >= title || self.is_chapo(*number));
            }
        }
        let Some(first) = lines.iter().position(prose) else {
            return;
        };
        let mut index = 0;
        lines.retain(|number| {
            let block = &blocks[*number];
            let before = index < first;
            index += 1;
            !before
                || self.is_chapo(*number)
                || match block.kind {
                    Kind::Heading(level) => {
                        // A word by itself is a button's, unless the text begins with it: "Brest".
                        (block.words > 1 || index == first)
                            && (level > 1 || self.title.is_some_and(|title| title < *number))
                    }
                    Kind::Quote => true,
                    Kind::Text => {
                        let text = self.skim.text(block);
                        (ends_sentence(text) && block.words > 4) || self.is_address(*number, text)
                    }
                    Kind::Item => self.is_step_of_chronicle(*number, self.skim.text(block)),
                }
        });
        while let Some(last) = lines.last() {
            let block = &blocks[*last];
            let is_voted = voted[*last].is_some_and(|share| share >= VOTED_SHARE);
            let text = self.skim.text(block);
            let before = lines.len().checked_sub(2).map(|index| &blocks[lines[index]]);
            // "Regrettez-vous ce choix ?" "Non."
            let is_answer = before.is_some_and(|before| self.skim.text(before).trim_end().ends_with('?'));
            let stays = match block.kind {
                Kind::Heading(_) => false,
                Kind::Item => block.link_share() < 0.3,
                Kind::Quote => true,
                Kind::Text
                    if lines.len() > 1
                        && !is_voted
                        && (self.is_about_author(text, block.words) || self.is_under_author(*last)) =>
                {
                    false
                }
                // An address to write to.
                Kind::Text if block.words <= MAX_CONTACT_WORDS && text.contains('@') && !is_voted => false,
                Kind::Text if is_initials(text) && !is_voted => false,
                Kind::Text if block.is_bold() && !prose(last) && !ends_sentence(text) => false,
                Kind::Text => {
                    (prose(last) && block.link_share() < 0.4)
                        || (ends_sentence(text)
                            && !text.trim_end().ends_with(':')
                            && (block.words > 1 || is_answer))
                        || self.is_address(*last, text)
                        || is_voted
                }
            };
            if stays {
                break;
            }
            lines.pop();
        }
        // A heading directly above another of its own level or a higher one stands above nothing.
        let mut headed: Vec<usize> = Vec::with_capacity(lines.len());
        for number in lines.iter().copied() {
            if let (Some(previous), Kind::Heading(level)) = (headed.last(), blocks[number].kind)
                && let Kind::Heading(before) = blocks[*previous].kind
                && level <= before
                && blocks[*previous].element != blocks[number].element
            {
                headed.pop();
            }
            headed.push(number);
        }
        *lines = headed;
    }

    /// Whether a paragraph is how a letter or a speech begins or ends: "Mesdames et Messieurs,".
    fn is_address(&self, number: usize, text: &str) -> bool {
        let block = &self.skim.blocks[number];
        self.skim.elements[block.element].tag == Tag::Paragraph
            && block.link_bytes == 0
            && text.ends_with(',')
            && self.title.is_some_and(|title| title < number)
    }

    /// Whether a last paragraph presents who wrote the article.
    fn is_about_author(&self, text: &str, words: usize) -> bool {
        if words > MAX_BIO_WORDS {
            return false;
        }
        let folded = fold(text);
        self.clues.authors.iter().any(|author| {
            let author = fold(author);
            author.contains(' ')
                && folded
                    .strip_prefix(author.as_str())
                    .and_then(|rest| rest.trim_start().split(' ').next())
                    .is_some_and(|verb| BIO_VERBS.contains(&verb))
        })
    }

    /// Whether a last paragraph stands under the name of who wrote the article, alone in its line.
    fn is_under_author(&self, number: usize) -> bool {
        let above = number
            .checked_sub(1)
            .and_then(|above| self.skim.blocks.get(above));
        let is_name = above.is_some_and(|above| {
            let name = fold(self.skim.text(above));
            name.contains(' ') && self.clues.authors.iter().any(|author| fold(author) == name)
        });
        is_name
            && self.skim.blocks[number].words <= MAX_BIO_WORDS
            && self.title.is_none_or(|title| title + 4 < number)
    }

    /// The standfirst, where it stands outside the container.
    fn chapo(&self, lines: &[usize]) -> Vec<usize> {
        let Some(first) = lines.first().copied() else {
            return Vec::new();
        };
        let from = match self.title {
            Some(title) if title < first => title + 1,
            _ => first.saturating_sub(40),
        };
        let titled = self.title.is_some_and(|title| title < first);
        let mut found: Vec<usize> = Vec::new();
        let mut words = 0;
        for number in from..first {
            let block = &self.skim.blocks[number];
            let least = if block.kind == Kind::Item { 3 } else { 5 };
            if self.scores.out[block.element] != Out::No || block.link_share() > 0.3 || block.words < least {
                continue;
            }
            let text = self.skim.text(block);
            let plain = titled
                && self.scores.prose[number]
                && block.kind == Kind::Text
                && block.words >= 10
                && ends_sentence(text);
            // A heading right below the title that is as long as a sentence.
            let below = self
                .title
                .is_some_and(|title| (title + 1..title + 3).contains(&number))
                && matches!(block.kind, Kind::Heading(2..=4))
                && block.words >= 8;
            // Where the standfirst is a list, all its items: sentences, without links.
            let is_point = |number: usize| {
                self.skim.blocks.get(number).is_some_and(|block| {
                    block.kind == Kind::Item
                        && block.link_bytes == 0
                        && block.words > 2
                        && ends_sentence(self.skim.text(block))
                })
            };
            let points = titled && is_point(number) && (is_point(number + 1) || is_point(number - 1));
            let item = block.kind == Kind::Item
                && found.last().is_some_and(|last| {
                    let list = |number: usize| {
                        let element = self.skim.blocks[number].element;
                        let mut around = self.skim.around(element);
                        around.find(|outer| self.skim.elements[*outer].tag == Tag::List)
                    };
                    self.skim.blocks[*last].kind == Kind::Item && list(*last) == list(number)
                });
            let is_again = || {
                let said = |other: &usize| self.skim.text(&self.skim.blocks[*other]) == text;
                found.iter().any(said)
            };
            if (plain || below || item || points || self.is_chapo(number))
                && !is_again()
                && !filter::is_credit(text)
                && line_kind(text) == Line::Text
                && words + block.words <= MAX_CHAPO_WORDS
                && !lines
                    .iter()
                    .take(3)
                    .any(|line| Shingles::of(self.skim.text(&self.skim.blocks[*line])).cover(text) > 0.8)
            {
                words += block.words;
                found.push(number);
            }
        }
        found
    }

    /// Whether a block is named a standfirst, or says what the page says of itself.
    fn is_chapo(&self, number: usize) -> bool {
        let block = &self.skim.blocks[number];
        if block.words < 5 {
            return false;
        }
        let named = self
            .skim
            .around(block.element)
            .take(3)
            .any(|element| self.skim.elements[element].hints.contains(Hints::CHAPO));
        named
            || (block.words >= 8
                && self.description.is_some_and(|(description, said)| {
                    let text = self.skim.text(block);
                    said.cover(text) > 0.7
                        || (block.words <= MAX_CHAPO_WORDS && Shingles::of(text).cover(description) > 0.8)
                }))
    }
}
