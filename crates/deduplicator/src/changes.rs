//! Changes: which words a later version of a text has in place of which others.
//!
//! In: two texts. Out: the stretches that differ, in order. The shortest script of words taken out and put in (Myers, *An
//! O(ND) Difference Algorithm and Its Variations*, 1986) between what both texts begin and end with. Where that script is
//! too long to look for, the runs of four words that stand once in either text hold the two together (after Cohen's
//! *patience diff*), and the script is looked for between those.
//!
//! Promised: time and size are bounded whatever the texts are. Both stand whole in the store, so what is left out here is
//! not lost.

use std::collections::hash_map::Entry;
use std::ops::Range;

use depeche_model::{Rewording, WordChange};
use rustc_hash::FxHashMap;

/// Words taken out and put in, at most, for which the shortest script is looked for: the search takes memory with their
/// square, 2 MB here. A text with more changes is mostly another text.
const MOST_CHANGES: usize = 500;
/// Steps of the search for one pair of texts: comparing two words, or beginning a diagonal. A tenth of a second at worst;
/// a version of 400 words with 40 changed takes some 3,000.
const MOST_STEPS: usize = 8_000_000;
/// Words in a run that holds two texts together: as many as in a shingle, and for the same reason.
const ANCHOR: usize = 4;
/// Common words between two stretches that are told as one, at most.
const HARDLY_ANYTHING: usize = 2;
/// Words that both have then, at least, taken out or put in.
const LONG_STRETCH: usize = 4;
/// Bytes that are kept of either side of a stretch: three hundred words, more than anybody reads in a list of changes.
const STRETCH_BYTES: usize = 2_000;
/// Bytes that are kept of all stretches of a pair.
const REWORDING_BYTES: usize = 32_000;

/// A stretch: where in the old text, and where in the new one.
type Stretch = (Range<usize>, Range<usize>);

/// What a later text has in place of which words of an earlier one; spaces and line breaks do not matter.
pub(crate) fn reword(old: &str, new: &str) -> Rewording {
    let old: Vec<&str> = old.split_whitespace().collect();
    let new: Vec<&str> = new.split_whitespace().collect();
    let mut numbers = FxHashMap::default();
    let old_numbers = numbered(&mut numbers, &old);
    let new_numbers = numbered(&mut numbers, &new);
    drop(numbers);
    let mut rewording = Rewording::default();
    let mut room = REWORDING_BYTES;
    let stretches = stretches(&old_numbers, &new_numbers, &mut Effort(MOST_STEPS));
    for (removed, added) in &stretches {
        rewording.words_removed += removed.len() as u32;
        rewording.words_added += added.len() as u32;
    }
    for (removed, added) in readable(stretches) {
        let change = WordChange {
            removed: written(&old[removed]),
            added: written(&new[added]),
        };
        let bytes = change.removed.len() + change.added.len();
        if rewording.left_out > 0 || bytes > room {
            rewording.left_out += 1;
        } else {
            room -= bytes;
            rewording.changes.push(change);
        }
    }
    rewording
}

/// The same with stretches joined between which hardly anything stayed: of two passages in other words, « le » and « de » are
/// all that is common, and cut into pieces at each of them nobody could read them.
fn readable(stretches: Vec<Stretch>) -> Vec<Stretch> {
    let size = |(removed, added): &Stretch| removed.len().max(added.len());
    let mut joined: Vec<Stretch> = Vec::new();
    for next in stretches {
        match joined.last_mut() {
            Some(last)
                if next.0.start - last.0.end <= HARDLY_ANYTHING
                    && size(last).min(size(&next)) >= LONG_STRETCH =>
            {
                (last.0.end, last.1.end) = (next.0.end, next.1.end);
            }
            _ => joined.push(next),
        }
    }
    joined
}

/// Words as numbers: equal words have equal ones.
fn numbered<'a>(numbers: &mut FxHashMap<&'a str, u32>, words: &[&'a str]) -> Vec<u32> {
    words
        .iter()
        .map(|word| {
            let next = numbers.len() as u32;
            *numbers.entry(word).or_insert(next)
        })
        .collect()
}

/// Words as they are kept.
fn written(words: &[&str]) -> String {
    let mut written = String::new();
    for (at, word) in words.iter().enumerate() {
        let space = usize::from(at > 0);
        if written.len() + space + word.len() > STRETCH_BYTES {
            if at == 0 {
                // A word that is longer than any: an address, or no language.
                let end = word.floor_char_boundary(STRETCH_BYTES);
                written.push_str(word.get(..end).unwrap_or_default());
            }
            written.push('…');
            break;
        }
        written.extend((space > 0).then_some(' '));
        written.push_str(word);
    }
    written
}

/// What may still be spent on a pair of texts.
struct Effort(usize);

impl Effort {
    /// Takes a step; `None` when there is none left.
    fn step(&mut self) -> Option<()> {
        self.0 = self.0.checked_sub(1)?;
        Some(())
    }
}

/// The stretches of both that differ, in order.
fn stretches(old: &[u32], new: &[u32], effort: &mut Effort) -> Vec<Stretch> {
    let mut found = Vec::new();
    let (old, new, before) = trimmed(old, new);
    // Half of it is kept for the stretches between anchors.
    let mut half = Effort(effort.0 / 2);
    effort.0 -= half.0;
    let is_found = shortest(old, new, (before, before), &mut half, &mut found);
    effort.0 += half.0;
    if !is_found {
        between_anchors(old, new, before, effort, &mut found);
    }
    found
}

/// Both without what they begin and end with alike, and how much was taken off their beginnings.
fn trimmed<'a>(old: &'a [u32], new: &'a [u32]) -> (&'a [u32], &'a [u32], usize) {
    let before = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[before..], &new[before..]);
    let behind = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    (&old[..old.len() - behind], &new[..new.len() - behind], before)
}

/// Adds a stretch, or makes the last one longer where no common word stands between them.
fn push(found: &mut Vec<Stretch>, removed: Range<usize>, added: Range<usize>) {
    if removed.is_empty() && added.is_empty() {
        return;
    }
    match found.last_mut() {
        Some((last_removed, last_added))
            if last_removed.end == removed.start && last_added.end == added.start =>
        {
            (last_removed.end, last_added.end) = (removed.end, added.end);
        }
        _ => found.push((removed, added)),
    }
}

/// Adds the stretches of the shortest script, each moved by `at`; false, and nothing added, where it is too long to look
/// for.
fn shortest(
    old: &[u32],
    new: &[u32],
    at: (usize, usize),
    effort: &mut Effort,
    found: &mut Vec<Stretch>,
) -> bool {
    let Some(steps) = steps(old, new, effort) else {
        return false;
    };
    for (x, y, is_removal) in steps.into_iter().rev() {
        let (end_x, end_y) = if is_removal { (x + 1, y) } else { (x, y + 1) };
        push(found, at.0 + x..at.0 + end_x, at.1 + y..at.1 + end_y);
    }
    true
}

/// Adds the stretches between the runs of words that stand once in either text. What is too different between two runs is
/// one stretch.
fn between_anchors(old: &[u32], new: &[u32], before: usize, effort: &mut Effort, found: &mut Vec<Stretch>) {
    let (mut x, mut y) = (0, 0);
    let end = (old.len(), new.len());
    for (next_x, next_y) in anchors(old, new).into_iter().chain([end]) {
        // An anchor that overlaps the one before it on another diagonal.
        if next_x < x || next_y < y {
            continue;
        }
        let (old_gap, new_gap) = (&old[x..next_x], &new[y..next_y]);
        let at = (before + x, before + y);
        if !shortest(old_gap, new_gap, at, effort, found) {
            push(found, at.0..before + next_x, at.1..before + next_y);
        }
        (x, y) = (next_x, next_y);
        while x < old.len() && y < new.len() && old[x] == new[y] {
            (x, y) = (x + 1, y + 1);
        }
    }
}

/// Where runs of four words begin that stand once in either text, in order in both.
fn anchors(old: &[u32], new: &[u32]) -> Vec<(usize, usize)> {
    let once = |words: &[u32]| {
        let mut places: FxHashMap<[u32; ANCHOR], Option<usize>> = FxHashMap::default();
        for (at, run) in runs(words) {
            match places.entry(run) {
                Entry::Vacant(place) => {
                    place.insert(Some(at));
                }
                Entry::Occupied(mut place) => {
                    place.insert(None);
                }
            }
        }
        places
    };
    let (old_places, new_places) = (once(old), once(new));
    let pairs: Vec<(usize, usize)> = runs(new)
        .filter(|(at, run)| new_places.get(run) == Some(&Some(*at)))
        .filter_map(|(at, run)| Some(((*old_places.get(&run)?)?, at)))
        .collect();
    rising(&pairs)
}

/// Every run of four words, with where it begins.
fn runs(words: &[u32]) -> impl Iterator<Item = (usize, [u32; ANCHOR])> {
    let runs = words.windows(ANCHOR).enumerate();
    runs.filter_map(|(at, run)| Some((at, run.try_into().ok()?)))
}

/// The longest part of some pairs, which are in the order of their second halves, whose first halves rise too.
fn rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length, the pair that ends the part of that length with the least first half; and what stands before each.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, (x, _)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].0 < *x);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut longest = Vec::with_capacity(ends.len());
    let mut at = ends.last().copied();
    while let Some(pair) = at {
        longest.push(pairs[pair]);
        at = before[pair];
    }
    longest.reverse();
    longest
}

/// The steps of the shortest script, the last first: where in both texts each begins, and whether it takes a word out.
fn steps(old: &[u32], new: &[u32], effort: &mut Effort) -> Option<Vec<(usize, usize, bool)>> {
    effort.step()?;
    let most = (old.len() + new.len()).min(MOST_CHANGES);
    // Every script is at least that long.
    if old.len().abs_diff(new.len()) > most {
        return None;
    }
    // How far into the old text each diagonal (old minus new, moved by `most`) reaches with so many steps.
    let mut reach = vec![0_usize; 2 * most + 3];
    let mut history: Vec<Vec<usize>> = Vec::new();
    let middle = most + 1;
    for step in 0..=most {
        history.push(reach[middle - step..=middle + step].to_vec());
        for diagonal in (middle - step..=middle + step).step_by(2) {
            effort.step()?;
            let mut x = furthest(&reach, diagonal, middle, step);
            let mut y = x + middle - diagonal;
            while x < old.len() && y < new.len() && old[x] == new[y] {
                effort.step()?;
                (x, y) = (x + 1, y + 1);
            }
            reach[diagonal] = x;
            if x >= old.len() && y >= new.len() {
                return Some(trace(&history, middle, step, diagonal));
            }
        }
    }
    None
}
/// How far the next step leads on a diagonal: from the one above by putting a word in, or from the one below by taking one
/// out.
fn furthest(reach: &[usize], diagonal: usize, middle: usize, step: usize) -> usize {
    if step == 0 {
        0
    } else if is_addition(reach, diagonal, middle, step) {
        reach[diagonal + 1]
    } else {
        reach[diagonal - 1] + 1
    }
}

fn is_addition(reach: &[usize], diagonal: usize, middle: usize, step: usize) -> bool {
    diagonal == middle - step || (diagonal != middle + step && reach[diagonal - 1] < reach[diagonal + 1])
}

/// The way back from the end.
fn trace(
    history: &[Vec<usize>],
    middle: usize,
    steps: usize,
    mut diagonal: usize,
) -> Vec<(usize, usize, bool)> {
    let mut taken = Vec::with_capacity(steps);
    for step in (1..=steps).rev() {
        // What was reached before this step, where it can have begun.
        let mut reach = vec![0; 2 * middle + 1];
        reach[middle - step..=middle + step].copy_from_slice(&history[step]);
        let is_addition = is_addition(&reach, diagonal, middle, step);
        diagonal = if is_addition { diagonal + 1 } else { diagonal - 1 };
        let x = reach[diagonal];
        taken.push((x, x + middle - diagonal, !is_addition));
    }
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(old: &str, new: &str, expected: &[(&str, &str)]) {
        let found = reword(old, new);
        let changes: Vec<(&str, &str)> = found
            .changes
            .iter()
            .map(|change| (change.removed.as_str(), change.added.as_str()))
            .collect();
        assert_eq!(changes, expected, "{old} → {new}");
        let words = |side: fn(&WordChange) -> &String| -> usize {
            let sides = found.changes.iter().map(side);
            sides.map(|side| side.split_whitespace().count()).sum()
        };
        assert_eq!(
            (
                found.words_removed as usize,
                found.words_added as usize,
                found.left_out
            ),
            (words(|change| &change.removed), words(|change| &change.added), 0)
        );
    }

    /// So many numbered words.
    fn words(word: &str, numbers: Range<usize>) -> String {
        let words: Vec<String> = numbers.map(|n| format!("{word}{n}")).collect();
        words.join(" ")
    }

    #[test]
    fn the_words_that_were_changed_are_told_in_order() {
        check("le pont ferme", "le  pont\nferme", &[]);
        check(
            "le pont ferme lundi",
            "le pont ferme mardi",
            &[("lundi", "mardi")],
        );
        check("le pont ferme", "le vieux pont ferme", &[("", "vieux")]);
        check("le vieux pont ferme", "le pont ferme", &[("vieux", "")]);
        check(
            "douze morts selon le maire de la ville",
            "quinze morts selon le préfet et la ville entière",
            &[("douze", "quinze"), ("maire de", "préfet et"), ("", "entière")],
        );
        check("", "tout est neuf", &[("", "tout est neuf")]);
        check("tout est parti", "", &[("tout est parti", "")]);
    }

    #[test]
    fn long_stretches_with_hardly_a_common_word_between_them_are_told_as_one() {
        let found = reword(
            "le conseil municipal de Vannes a voté mardi soir le budget de la ville par vingt voix",
            "le groupe d’opposition regrette à nouveau que le théâtre n’obtienne rien cette année encore",
        );
        assert_eq!(found.changes.len(), 1, "{found:#?}");
        assert!(found.changes[0].removed.contains("soir le budget"));
        assert!(found.changes[0].added.contains("que le théâtre"));
        assert_eq!((found.words_removed, found.words_added), (15, 12));
    }

    #[test]
    fn another_text_is_one_change_of_which_the_beginning_is_kept() {
        let found = reword(&words("a", 0..3000), &words("b", 0..2000));
        assert_eq!(
            (found.words_removed, found.words_added, found.left_out),
            (3000, 2000, 0)
        );
        let [change] = found.changes.as_slice() else {
            panic!("{} changes", found.changes.len())
        };
        assert!(change.removed.starts_with("a0 a1 ") && change.removed.ends_with('…'));
        assert!(change.added.starts_with("b0 b1 ") && change.added.len() <= STRETCH_BYTES + '…'.len_utf8());
    }

    #[test]
    fn a_text_with_many_changes_is_still_held_together_by_what_stayed() {
        // Each sixth word another one: a thousand changes, for which no shortest script is looked for.
        let old: Vec<String> = (0..6000).map(|n| format!("m{n}")).collect();
        let mut new = old.clone();
        for word in new.iter_mut().step_by(6) {
            word.push('x');
        }
        let found = reword(&old.join(" "), &new.join(" "));
        assert_eq!((found.words_removed, found.words_added), (1000, 1000));
        assert_eq!(found.changes[1].removed, "m6");
        assert_eq!(found.changes[1].added, "m6x");
    }

    #[test]
    fn time_and_size_are_bounded_whatever_the_texts_are() {
        let repeated = |word: &str, count: usize| vec![word; count].join(" ");
        let sparse = |step: usize| {
            let words = (0..60_000).map(|n| {
                if n % step == 0 {
                    format!("v{n}")
                } else {
                    format!("m{n}")
                }
            });
            words.collect::<Vec<_>>().join(" ")
        };
        // Nothing in common, hardly anything else than one word, changed everywhere, moved about, and
        // five megabytes without a space.
        let texts = [
            (words("a", 0..80_000), words("b", 0..80_000)),
            (
                format!("{} fin", repeated("le la", 200_000)),
                format!("début {}", repeated("la le le", 130_000)),
            ),
            (sparse(7), sparse(5)),
            (
                format!("{} {}", words("a", 0..40_000), words("b", 0..40_000)),
                format!("{} {}", words("b", 0..40_000), words("a", 0..40_000)),
            ),
            ("é".repeat(2_500_000), "à".repeat(2_500_000)),
        ];
        for (old, new) in texts {
            let rewording = reword(&old, &new);
            let bytes: usize = rewording
                .changes
                .iter()
                .map(|change| change.removed.len() + change.added.len())
                .sum();
            assert!(bytes <= REWORDING_BYTES, "{bytes} bytes");
            assert!(rewording.words_removed > 0 && rewording.words_added > 0);
            assert!(!rewording.changes.is_empty());
        }
    }

    #[test]
    fn the_search_ends_when_its_steps_are_spent() {
        let alike: Vec<u32> = (0..20_000).map(|n| n % 2).collect();
        let moved: Vec<u32> = (0..20_000).map(|n| n % 3).collect();
        let mut effort = Effort(1000);
        let found = stretches(&alike, &moved, &mut effort);
        assert_eq!(effort.0, 0);
        assert!(!found.is_empty());
    }

    /// Texts of few words, so that they have much in common, in any order.
    fn few_words(most: usize) -> impl Strategy<Value = Vec<u32>> {
        prop::collection::vec(0..12_u32, 0..most)
    }

    proptest! {
        #[test]
        fn the_changes_make_the_later_text_of_the_earlier_one(
            old in few_words(60),
            new in few_words(60),
            effort in 0..4000_usize,
        ) {
            let (mut made, mut at) = (Vec::new(), 0);
            for (removed, added) in stretches(&old, &new, &mut Effort(effort)) {
                prop_assert!(at <= removed.start && !(removed.is_empty() && added.is_empty()));
                made.extend_from_slice(&old[at..removed.start]);
                made.extend_from_slice(&new[added]);
                at = removed.end;
            }
            made.extend_from_slice(&old[at..]);
            prop_assert_eq!(made, new);
        }
    }
}
