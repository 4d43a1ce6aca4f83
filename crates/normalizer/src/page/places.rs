//! What on a page belongs to its article, as far as its date, its writers and its labels are concerned.
//!
//! In: an element and a block of the [`Skim`]. Out: whether what stands there is said of the article, or of something else:
//! of another article, a comment, a picture, the site. Names of classes are hints only: many sites have the date in a box
//! with the buttons, so by the heading a small box counts as doubtful, not as foreign.

use super::classes::Hints;
use super::skim::{Block, Kind, Skim, Tag};

/// Names of what surely is not the article's own.
const FOREIGN: Hints = Hints::FOREIGN_DATES;

/// Blocks of a box of buttons that has the article's date among them.
const MAX_BOX_BLOCKS: usize = 10;

/// Blocks behind the heading in which such a box stands.
const BLOCKS_BESIDE: usize = 16;

/// The share of a heading that is a link where it is another article's: all of it, but for a mark.
const HEADING_LINKED_SHARE: f32 = 0.9;

/// Where a block stands, as far as the article is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the article, or right by its heading.
    Own,
    /// By the heading, in what is named for buttons and links.
    Beside,
    /// In something else.
    Foreign,
}

/// Which elements are the article's.
pub(super) struct Places<'a> {
    skim: &'a Skim,
    title: Option<usize>,
    /// The `article` around the heading, or the first behind it.
    article: Option<usize>,
}

impl<'a> Places<'a> {
    /// Finds the article of the heading that stands in block `title`.
    pub(super) fn of(skim: &'a Skim, title: Option<usize>) -> Self {
        let around = title.and_then(|title| {
            skim.around(skim.blocks[title].element)
                .find(|element| skim.elements[*element].tag == Tag::Article)
        });
        let article = around.or_else(|| {
            let from = title.unwrap_or(0);
            let first = skim
                .elements
                .iter()
                .position(|element| element.tag == Tag::Article && element.blocks.start >= from)?;
            // Several of the same classes in a row are cards that lead to others.
            let card = &skim.elements[first];
            let is_card = title.is_some()
                && skim.elements.get(card.end).is_some_and(|next| {
                    next.tag == Tag::Article && next.parent == card.parent && next.class == card.class
                });
            (!is_card).then_some(first)
        });
        Self { skim, title, article }
    }

    /// The block at which other articles begin: the first heading behind the article's own that is a link from end to end. The
    /// number of blocks where there is none.
    pub(super) fn others(&self) -> usize {
        let blocks = &self.skim.blocks;
        let heads_another = |block: &Block| {
            matches!(block.kind, Kind::Heading(_)) && block.link_share() >= HEADING_LINKED_SHARE
        };
        self.title
            .and_then(|title| {
                let mut behind = blocks.iter().enumerate().skip(title + 1);
                behind.find(|(_, block)| heads_another(block))
            })
            .map_or(blocks.len(), |(number, _)| number)
    }

    /// Where something stands. `is_marked` is what needs no article around it on a page without a heading.
    pub(super) fn of_element(&self, element: usize, block: usize, is_marked: bool) -> Place {
        let (mut place, mut marked) = (Place::Own, false);
        for number in self.skim.around(element) {
            let outer = &self.skim.elements[number];
            let holds_title = self.title.is_some_and(|title| outer.blocks.contains(&title));
            if holds_title && number != element {
                marked |= matches!(outer.tag, Tag::Article | Tag::Main);
                continue;
            }
            if outer.tag == Tag::Article && self.article.map_or(self.title.is_some(), |own| own != number) {
                return Place::Foreign;
            }
            marked |= matches!(outer.tag, Tag::Article | Tag::Main);
            if matches!(outer.tag, Tag::Nav | Tag::Figure | Tag::Caption | Tag::Form)
                || outer.hints.intersects(FOREIGN)
            {
                return Place::Foreign;
            }
            if matches!(outer.tag, Tag::Aside | Tag::Footer) || outer.hints.contains(Hints::OUT) {
                // A column beside the article has its date; a list of others has many.
                if outer.blocks.len() > MAX_BOX_BLOCKS {
                    return Place::Foreign;
                }
                place = Place::Beside;
            }
        }
        let from = self.title.unwrap_or(0);
        if place == Place::Beside && !(from..from + BLOCKS_BESIDE).contains(&block) {
            return Place::Foreign;
        }
        // Above the heading stands today's date, unless the page marks it as the article's.
        if self.title.is_some_and(|title| block < title) && !marked {
            return Place::Foreign;
        }
        if self.title.is_none() && !marked && !is_marked {
            return Place::Foreign;
        }
        place
    }

    /// Where labels stand: boxes of them are named for what they hold, at whatever distance from the heading.
    pub(super) fn of_labels(&self, element: usize) -> Place {
        let mut marked = self.article.is_none();
        for number in self.skim.around(element) {
            let outer = &self.skim.elements[number];
            marked |= Some(number) == self.article;
            if matches!(outer.tag, Tag::Nav | Tag::Aside | Tag::Figure | Tag::Form)
                || (outer.tag == Tag::Article && self.article.is_some_and(|own| own != number))
                || outer.hints.intersects(FOREIGN)
            {
                return Place::Foreign;
            }
        }
        if marked { Place::Own } else { Place::Foreign }
    }
}
