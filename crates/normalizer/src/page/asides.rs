//! What a page sets behind an article and among its paragraphs without a name that says so: what readers wrote, boxes
//! with a form.
//!
//! In: the [`Skim`] and which of its blocks are prose. Out: the blocks under a heading over what readers wrote, which no
//! container may count as its own, and the elements that are small boxes around a field or a button.

use rustc_hash::FxHashMap;

use super::classes::Hints;
use super::score::ends_sentence;
use super::skim::{Kind, Skim, Tag};
use crate::text::{Line, line_kind};

/// Words of prose between the title and a heading over what readers wrote. Of a line that is no heading more is asked:
/// "3 comments" stands above the text as well.
const MIN_WORDS_ABOVE_HEADING: usize = 15;
const MIN_WORDS_ABOVE_LINE: usize = 60;

/// Words of a heading over what readers wrote.
const MAX_HEADING_WORDS: usize = 16;

/// Blocks and words of a box with a form.
const MAX_BOX_BLOCKS: usize = 8;
const MAX_BOX_WORDS: usize = 80;

/// Elements of the same classes with a button each are how a site shows its paragraphs or pictures.
const MAX_EQUAL_BOXES: usize = 3;

/// Which blocks stand under a heading over what readers wrote, to the end of its box.
pub(super) fn written_by_readers(skim: &Skim, prose: &[bool], title: Option<usize>) -> Vec<bool> {
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
    theirs
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
