//! Changes: which words a later version of a text has in place of which others.
//!
//! In: two texts. Out: the stretches that differ, in order. The shortest script of words taken out and put in (Myers, *An
//! O(ND) Difference Algorithm and Its Variations*, 1986) between what both texts begin and end with. Both texts of every
//! revision are stored whole, so the script can be had at any time and is not stored beside them.

use std::ops::Range;

/// Words taken out and put in, at most, for which the shortest script is looked for: the search takes memory with their
/// square, 1 MB here. A text with more changes is another text.
const MOST_CHANGES: usize = 500;

/// A stretch in which two versions differ.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// The words of the earlier version; empty where words were put in.
    pub removed: String,
    /// The words of the later version; empty where words were taken out.
    pub added: String,
}

/// The stretches in which a later text differs from an earlier one; spaces and line breaks do not matter. `None` where
/// more than 500 words differ.
pub(crate) fn changes(old: &str, new: &str) -> Option<Vec<Change>> {
    let old: Vec<&str> = old.split_whitespace().collect();
    let new: Vec<&str> = new.split_whitespace().collect();
    let before = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[before..], &new[before..]);
    let behind = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (old, new) = (&old[..old.len() - behind], &new[..new.len() - behind]);
    let stretches = stretches(old, new)?;
    Some(
        stretches
            .into_iter()
            .map(|(removed, added)| Change {
                removed: old[removed].join(" "),
                added: new[added].join(" "),
            })
            .collect(),
    )
}

/// The stretches of both that differ.
fn stretches(old: &[&str], new: &[&str]) -> Option<Vec<(Range<usize>, Range<usize>)>> {
    let mut found: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    // From the last step to the first: each takes a word out or puts one in, and joins the stretch behind it where no
    // common word stands between them.
    for (x, y, is_removal) in steps(old, new)? {
        let (end_x, end_y) = if is_removal { (x + 1, y) } else { (x, y + 1) };
        match found.last_mut() {
            Some((removed, added)) if removed.start == end_x && added.start == end_y => {
                (removed.start, added.start) = (x, y);
            }
            _ => found.push((x..end_x, y..end_y)),
        }
    }
    found.reverse();
    Some(found)
}

/// The steps of the shortest script, the last first: where in both texts each begins, and whether it takes a word out.
fn steps(old: &[&str], new: &[&str]) -> Option<Vec<(usize, usize, bool)>> {
    let most = (old.len() + new.len()).min(MOST_CHANGES);
    // How far into the old text each diagonal (old minus new, moved by `most`) reaches with so many steps.
    let mut reach = vec![0_usize; 2 * most + 3];
    let mut history: Vec<Vec<usize>> = Vec::new();
    let middle = most + 1;
    for step in 0..=most {
        history.push(reach[middle - step..=middle + step].to_vec());
        for diagonal in (middle - step..=middle + step).step_by(2) {
            let mut x = furthest(&reach, diagonal, middle, step);
            let mut y = x + middle - diagonal;
            while x < old.len() && y < new.len() && old[x] == new[y] {
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
        let found = changes(old, new).unwrap();
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|change| (change.removed.as_str(), change.added.as_str()))
            .collect();
        assert_eq!(found, expected, "{old} → {new}");
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
    fn another_text_is_no_change() {
        let text = |word: &str| {
            let words: Vec<String> = (0..300).map(|n| format!("{word}{n}")).collect();
            words.join(" ")
        };
        assert_eq!(changes(&text("a"), &text("b")), None);
    }

    proptest! {
        #[test]
        fn the_changes_make_the_later_text_of_the_earlier_one(
            old in prop::collection::vec(0..6_u8, 0..60),
            new in prop::collection::vec(0..6_u8, 0..60),
        ) {
            let old: Vec<String> = old.iter().map(|word| format!("m{word}")).collect();
            let new: Vec<String> = new.iter().map(|word| format!("m{word}")).collect();
            let (a, b): (Vec<&str>, Vec<&str>) = (
                old.iter().map(String::as_str).collect(),
                new.iter().map(String::as_str).collect(),
            );
            let (mut made, mut at) = (Vec::new(), 0);
            for (removed, added) in stretches(&a, &b).unwrap() {
                prop_assert!(at <= removed.start && !(removed.is_empty() && added.is_empty()));
                made.extend_from_slice(&a[at..removed.start]);
                made.extend_from_slice(&b[added]);
                at = removed.end;
            }
            made.extend_from_slice(&a[at..]);
            prop_assert_eq!(made, b);
        }
    }
}
