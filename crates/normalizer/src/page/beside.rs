//! What belongs to an article and is no part of its text: the captions of its pictures, its tables of data.
//!
//! In: the page's arrays and what was found out about them. Out: both in the page's order, clean, within bounds. They are looked
//! for where the article is: from its heading, or the `article` around that, to the end of the element that holds its
//! text. What stands there in a box of links, of advertisements or of comments is another article's. A table that lays out
//! the page, holds one row or one column, or links more than it says, is none.

use std::ops::Range;

use depeche_model::Table;
use rustc_hash::FxHashSet;

use super::caption::without_credit;
use super::classes::Hints;
use super::main_text::Finder;
use super::score::{Out, is_data};
use super::skim::{Kind, Tag};
use crate::text::{Line, Repairs, clean_line, fold, line_kind, shorten};

/// Captions of one article. The longest galleries of the French press have 60 pictures.
const MAX_CAPTIONS: usize = 100;

/// Characters of a caption; those of agencies, with place, date and photographer, run to 500.
const MAX_CAPTION_CHARS: usize = 1_000;

/// Tables of one article.
const MAX_TABLES: usize = 20;

/// Rows of one table, and cells of one row: results by commune and league tables fit, a database does not.
const MAX_ROWS: usize = 500;
const MAX_CELLS: usize = 40;

/// Characters of a cell.
const MAX_CELL_CHARS: usize = 300;

/// Bytes of all tables of an article.
const MAX_TABLE_BYTES: usize = 100_000;

/// Captions and tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Beside {
    pub(crate) captions: Vec<String>,
    pub(crate) tables: Vec<Table>,
    /// There was more than is kept.
    pub(crate) cut: bool,
}

/// What an element is named that shows nothing of the article.
const NOT_OWN: [Hints; 3] = [Hints::OUT, Hints::COMMENTS, Hints::HIDDEN];

/// What was found out last: neighbours ask for the same.
#[derive(Default)]
struct Judged {
    /// An element that is left out, and whether what is in it is the article's all the same.
    out: Option<(usize, bool)>,
    /// An `article`, and whether it is another.
    article: Option<(usize, bool)>,
}

impl Finder<'_> {
    /// What stands beside the text.
    pub(super) fn beside(&self) -> Beside {
        let mut beside = Beside::default();
        let mut known = FxHashSet::default();
        let mut bytes = 0;
        let mut judged = Judged::default();
        let around = self.around();
        let mut number = around.start;
        while let Some(element) = self.skim.elements.get(number).filter(|_| number < around.end) {
            let end = element.end.max(number + 1);
            if element.tag == Tag::Table && self.is_table(number, &mut judged) {
                self.add_table(number, &mut bytes, &mut beside);
                self.add_captions_within(number, &mut known, &mut beside);
                number = end;
            } else if self.is_caption(number, &mut judged) {
                self.add_caption(number, &mut known, &mut beside);
                number = end;
            } else {
                number += 1;
            }
        }
        beside
    }

    /// The elements among which they are looked for.
    fn around(&self) -> Range<usize> {
        let container = self.scores.container;
        let end = self.skim.elements.get(container).map_or(0, |element| element.end);
        let heading = self
            .title
            .map(|title| self.skim.blocks[title].element)
            .filter(|heading| *heading < container);
        let start = heading.map_or(container, |heading| {
            self.skim
                .around(heading)
                .find(|outer| self.skim.elements[*outer].tag == Tag::Article)
                .filter(|article| self.skim.is_within(container, *article))
                .unwrap_or(heading)
        });
        start..end
    }

    /// Whether an element holds a caption: by its tag, or by its name where that is not the name of the text too.
    fn is_caption(&self, number: usize, judged: &mut Judged) -> bool {
        let element = &self.skim.elements[number];
        let named = element.hints.contains(Hints::CAPTION) && self.scores.out[number] == Out::Yes;
        (element.tag == Tag::Caption || named) && self.is_own(number, judged)
    }

    /// Whether an element is data that the text leaves out.
    fn is_table(&self, number: usize, judged: &mut Judged) -> bool {
        let element = &self.skim.elements[number];
        let is_left_out = self.scores.out[number] == Out::Yes
            && !NOT_OWN.iter().any(|hint| element.hints.contains(*hint))
            && self.is_own(number, judged);
        // Only now: tables in tables are counted once, by the outermost.
        if !is_left_out {
            return false;
        }
        let blocks = self.skim.blocks.get(element.blocks.clone()).unwrap_or_default();
        let (bytes, links) = blocks.iter().fold((0, 0), |(bytes, links), block| {
            (bytes + block.bytes(), links + block.link_bytes)
        });
        bytes > 0 && links * 2 < bytes && is_data(self.skim, number)
    }

    /// Whether an element is this article's: nothing around it takes it out but the figure or the gallery that it belongs
    /// to, and it stands under no other article's heading.
    fn is_own(&self, number: usize, judged: &mut Judged) -> bool {
        if self.skim.elements[number].hints.contains(Hints::HIDDEN) {
            return false;
        }
        let outermost = self
            .skim
            .around(number)
            .take_while(|outer| self.scores.out[*outer] != Out::No)
            .last()
            .unwrap_or(number);
        let is_left_in = match judged.out {
            Some((known, is_left_in)) if known == outermost => is_left_in,
            _ => outermost == number || self.is_figure(outermost) || self.is_gallery(outermost),
        };
        judged.out = Some((outermost, is_left_in));
        is_left_in && !self.is_of_another(number, judged)
    }

    fn is_figure(&self, number: usize) -> bool {
        let element = &self.skim.elements[number];
        !NOT_OWN.iter().any(|hint| element.hints.contains(*hint))
            && (matches!(element.tag, Tag::Figure | Tag::Caption) || element.hints.contains(Hints::CAPTION))
    }

    /// Whether an element that is left out for its name shows pictures rather than links: slides without headings.
    fn is_gallery(&self, number: usize) -> bool {
        let element = &self.skim.elements[number];
        if element.hints.intersects(Hints::COMMENTS | Hints::HIDDEN)
            || matches!(element.tag, Tag::Aside | Tag::Nav | Tag::Footer | Tag::Form)
        {
            return false;
        }
        let blocks = self.skim.blocks.get(element.blocks.clone()).unwrap_or_default();
        let (bytes, links) = blocks.iter().fold((0, 0), |(bytes, links), block| {
            (bytes + block.bytes(), links + block.link_bytes)
        });
        let figures = (number + 1..element.end).filter(|inner| self.skim.elements[*inner].tag == Tag::Figure);
        links * 10 <= bytes
            && !blocks.iter().any(|block| matches!(block.kind, Kind::Heading(_)))
            && figures.take(2).count() == 2
    }

    /// Whether an element stands in an `article` with a heading of the first level that is not this one's.
    fn is_of_another(&self, number: usize, judged: &mut Judged) -> bool {
        let Some(article) = self
            .skim
            .around(number)
            .find(|outer| self.skim.elements[*outer].tag == Tag::Article)
        else {
            return false;
        };
        if let Some((known, is_another)) = judged.article
            && known == article
        {
            return is_another;
        }
        let blocks = self.skim.elements[article].blocks.clone();
        let is_another = self.title.is_some_and(|title| !blocks.contains(&title))
            && self
                .skim
                .blocks
                .get(blocks)
                .unwrap_or_default()
                .iter()
                .any(|block| block.kind == Kind::Heading(1));
        judged.article = Some((article, is_another));
        is_another
    }

    fn add_captions_within(&self, table: usize, known: &mut FxHashSet<String>, beside: &mut Beside) {
        for number in table + 1..self.skim.elements[table].end {
            if self.skim.elements[number].tag == Tag::Caption {
                self.add_caption(number, known, beside);
            }
        }
    }

    fn add_caption(&self, number: usize, known: &mut FxHashSet<String>, beside: &mut Beside) {
        let blocks = &self.skim.elements[number].blocks;
        let mut written = String::new();
        for block in self.skim.blocks.get(blocks.clone()).unwrap_or_default() {
            let text = without_credit(self.skim.text(block));
            if !text.is_empty() && line_kind(text) == Line::Text {
                written.push_str(text);
                written.push(' ');
            }
        }
        let caption = clean_line(&written, &mut Repairs::default());
        if caption.is_empty() || !known.insert(fold(&caption)) {
            return;
        }
        if beside.captions.len() == MAX_CAPTIONS {
            beside.cut = true;
            return;
        }
        let kept = shorten(&caption, MAX_CAPTION_CHARS);
        beside.cut |= kept != caption;
        beside.captions.push(kept);
    }

    fn add_table(&self, number: usize, bytes: &mut usize, beside: &mut Beside) {
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut current = None;
        let mut cut = false;
        for inner in number + 1..self.skim.elements[number].end {
            let element = &self.skim.elements[inner];
            if element.tag != Tag::Cell {
                continue;
            }
            if current != Some(element.parent) {
                if rows.len() == MAX_ROWS || *bytes > MAX_TABLE_BYTES {
                    cut = true;
                    break;
                }
                current = Some(element.parent);
                rows.push(Vec::new());
            }
            let Some(row) = rows.last_mut().filter(|row| row.len() < MAX_CELLS) else {
                cut = true;
                continue;
            };
            let cell = clean_line(&self.skim.lines(element.blocks.clone()), &mut Repairs::default());
            let kept = shorten(&cell, MAX_CELL_CHARS);
            cut |= kept != cell;
            *bytes += kept.len();
            row.push(kept);
        }
        rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
        if rows.len() < 2 || rows.iter().all(|row| row.len() < 2) {
            return;
        }
        if beside.tables.len() == MAX_TABLES {
            beside.cut = true;
            return;
        }
        beside.cut |= cut;
        beside.tables.push(Table(rows));
    }
}
