//! The generator keeps what its labels say.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;

use super::sentences::{paragraphs, sentences, spaced_words, words};
use super::*;

/// The 4-grams of a text, hashed with the standard library's hasher.
fn grams(text: &str) -> HashSet<u64> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let lower = text.to_lowercase();
    let words: Vec<&str> = words(&lower)
        .into_iter()
        .filter_map(|(start, end)| lower.get(start..end))
        .collect();
    words
        .windows(4)
        .map(|window| {
            let mut hasher = DefaultHasher::new();
            window.hash(&mut hasher);
            hasher.finish()
        })
        .collect()
}

/// The names and figures that two texts share, over those of the one that has fewer.
fn names_in_common(a: &str, b: &str) -> f64 {
    let names = |text: &str| -> HashSet<String> {
        words(text)
            .into_iter()
            .filter_map(|(start, end)| text.get(start..end))
            .filter(|word| {
                word.len() > 1 && word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
            })
            .map(str::to_owned)
            .collect()
    };
    let (a, b) = (names(a), names(b));
    a.intersection(&b).count() as f64 / a.len().min(b.len()).max(1) as f64
}

#[expect(clippy::cast_sign_loss, reason = "a share of a length")]
fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

#[test]
fn the_same_name_and_number_give_the_same_text_and_others_another() {
    let (press, again) = (Press::new(), Press::new());
    assert_eq!(press.article("a", 3), again.article("a", 3));
    assert_ne!(press.article("a", 3), press.article("a", 4));
    assert_ne!(press.article("a", 3), press.article("b", 3));
    let base = press.article("a", 3);
    for edit in Edit::ALL {
        assert_eq!(
            edit.apply(&press, &base, 5),
            edit.apply(&again, &base, 5),
            "{edit:?}"
        );
    }
    let stream = Stream::new(&press, 1000);
    assert_eq!(stream.item(77).text, Stream::new(&again, 1000).item(77).text);
}

#[test]
fn the_generator_writes_these_very_sentences_everywhere() {
    // A change of the generator changes every figure that was measured with it.
    let press = Press::new();
    let text = press.article("ancre", 7);
    assert_eq!(
        (text.title.as_str(), count_words(&text.body)),
        (
            "La négociation russe : la Maison-Blanche d'Aubusson veut expulser le veto",
            521
        )
    );
}

#[test]
fn lengths_are_those_of_news() {
    let press = Press::new();
    let mut lengths: Vec<f64> = (0..400)
        .map(|number| count_words(&press.article("longueur", number).body) as f64)
        .collect();
    lengths.sort_by(f64::total_cmp);
    let (short, long) = LENGTHS;
    assert!(
        lengths[0] >= short as f64 && lengths[399] <= long as f64 * 1.3,
        "{} {}",
        lengths[0],
        lengths[399]
    );
    let mean = lengths.iter().sum::<f64>() / 400.0;
    assert!((350.0..550.0).contains(&mean), "{mean}");
    assert!(
        quantile(&lengths, 0.1) < 280.0 && quantile(&lengths, 0.9) > 600.0,
        "{lengths:?}"
    );
}

#[test]
fn base_texts_are_as_far_apart_as_unrelated_news() {
    let press = Press::new();
    let bases = press.base_texts(332);
    let written = press.hand_written.len();
    assert!(written >= 30);
    let themes = press.themes.len();
    let sets: Vec<HashSet<u64>> = bases.iter().map(|text| grams(&text.body)).collect();
    let (mut unrelated, mut same_theme) = (Vec::new(), Vec::new());
    for (later, b) in sets.iter().enumerate() {
        for (earlier, a) in sets[..later].iter().enumerate() {
            let shared = a.intersection(b).count() as f64;
            let jaccard = shared / ((a.len() + b.len()) as f64 - shared);
            let related = earlier >= written && (later - earlier) % themes == 0;
            if related { &mut same_theme } else { &mut unrelated }.push(jaccard);
        }
    }
    unrelated.sort_by(f64::total_cmp);
    same_theme.sort_by(f64::total_cmp);
    for (pairs, usual, most) in [(&unrelated, 0.005, 0.01), (&same_theme, 0.015, 0.02)] {
        assert!(quantile(pairs, 0.99) <= usual, "{}", quantile(pairs, 0.99));
        assert!(pairs[pairs.len() - 1] <= most, "{}", pairs[pairs.len() - 1]);
    }
}

#[test]
fn sentences_are_whole() {
    let press = Press::new();
    for number in 0..300 {
        let text = press.article("forme", number);
        let all = format!("{}\n{}", text.title, text.body);
        assert!(!all.contains(['{', '}', '|', '+', '_']), "{all}");
        for wrong in [
            "  ", " ,", " .", " de le ", " de les ", " à le ", " que a", " de é", "? l", "\n\n\n",
        ] {
            assert!(!all.contains(wrong), "{wrong:?} in {all}");
        }
        assert!(
            !text.title.is_empty() && paragraphs(&text.body).len() > 1,
            "{all}"
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one arm an edit")]
fn each_edit_does_what_it_says() {
    let press = Press::new();
    for (number, base) in press.base_texts(80).into_iter().enumerate() {
        let number = number as u64;
        let sentence_count = |text: &str| sentences(text).iter().map(Vec::len).sum::<usize>();
        let (before, count) = (sentence_count(&base.body), count_words(&base.body));
        let written = |text: &str, (start, end): (usize, usize)| text.get(start..end).map(str::to_lowercase);
        let known: HashSet<&str> = sentences(&base.body).into_iter().flatten().collect();
        for edit in Edit::ALL {
            let copy = edit.apply(&press, &base, number);
            let (jaccard, containment) = resemblance(&base.body, &copy.body);
            let after = sentence_count(&copy.body);
            let at = format!(
                "{edit:?} of {number}: J {jaccard:.3} C {containment:.3}\n{}",
                copy.body
            );
            let kept_sentences = sentences(&copy.body)
                .into_iter()
                .flatten()
                .filter(|sentence| known.contains(sentence))
                .count();
            match edit {
                Edit::Verbatim => assert_eq!(copy, base),
                Edit::Headline => {
                    assert_ne!(copy.title, base.title);
                    assert_eq!(copy.body, format!("{}\n\n{}", copy.title, base.body));
                }
                Edit::Lead => {
                    let (old, new) = (paragraphs(&base.body), paragraphs(&copy.body));
                    assert_ne!(old[0], new[0], "{at}");
                    assert_eq!(old[1..], new[1..], "{at}");
                }
                Edit::Dropped(share) => {
                    let dropped = (before * usize::from(share) + 50) / 100;
                    assert_eq!(after, before - dropped.min(before - 1), "{at}");
                    assert_eq!(kept_sentences, after, "{at}");
                }
                Edit::CutBelow | Edit::FirstThird => {
                    let wanted = if edit == Edit::CutBelow {
                        count * 6 / 10
                    } else {
                        count / 3
                    };
                    assert!(base.body.starts_with(&copy.body), "{at}");
                    assert!((wanted..wanted + 60).contains(&count_words(&copy.body)), "{at}");
                }
                Edit::Added => {
                    assert_eq!(
                        paragraphs(&copy.body).len(),
                        paragraphs(&base.body).len() + 1,
                        "{at}"
                    );
                    assert!(containment > 0.95, "{at}");
                }
                Edit::Words(share) => {
                    let (old, new) = (words(&base.body), words(&copy.body));
                    assert_eq!(old.len(), new.len(), "{at}");
                    let replaced = old
                        .iter()
                        .zip(&new)
                        .filter(|(a, b)| written(&base.body, **a) != written(&copy.body, **b))
                        .count();
                    let spaced = spaced_words(&base.body).len();
                    assert_eq!(replaced, (spaced * usize::from(share) + 50) / 100, "{at}");
                }
                Edit::Shuffled => {
                    let (mut old, mut new) = (paragraphs(&base.body), paragraphs(&copy.body));
                    assert_ne!(old, new, "{at}");
                    old.sort_unstable();
                    new.sort_unstable();
                    assert_eq!(old, new, "{at}");
                }
                Edit::Teaser(wanted) => {
                    let opening = copy.body.trim_end_matches('…');
                    let shown = opening
                        .split_whitespace()
                        .filter(|word| word.contains(char::is_alphanumeric));
                    assert_eq!(shown.count(), usize::from(wanted), "{at}");
                    let squeezed = base.body.split_whitespace().collect::<Vec<_>>().join(" ");
                    assert!(squeezed.starts_with(opening), "{at}");
                }
                Edit::Typography => {
                    assert_ne!(copy.body, base.body, "{at}");
                    assert!(!copy.body.contains(['«', '»', 'œ', '—']), "{at}");
                }
                Edit::Decomposed => {
                    assert_ne!(copy.body, base.body, "{at}");
                    assert_eq!(
                        copy.body.nfc().collect::<String>(),
                        base.body.nfc().collect::<String>()
                    );
                }
                Edit::Boilerplate | Edit::Embedded => {
                    assert!(copy.body.contains(&format!("\n\n{}\n\n", base.body)), "{at}");
                    let longer = count_words(&copy.body) > 2 * count;
                    assert!(edit == Edit::Boilerplate || longer, "{at}");
                }
                Edit::Links => {
                    let kept: Vec<&str> = paragraphs(&copy.body)
                        .into_iter()
                        .filter(|paragraph| base.body.contains(paragraph))
                        .collect();
                    assert_eq!(kept, paragraphs(&base.body), "{at}");
                    let added = paragraphs(&copy.body).len() - kept.len();
                    assert_eq!(added, paragraphs(&base.body).len() / 3, "{at}");
                }
                Edit::Rewired => {
                    assert_ne!(paragraphs(&base.body)[0], paragraphs(&copy.body)[0], "{at}");
                    assert!((0.1..0.75).contains(&jaccard), "{at}");
                }
            }
        }
    }
}

#[test]
fn pairs_are_as_alike_as_their_label_says() {
    let press = Press::new();
    let mut alike = [0.0_f64; 2];
    for number in 0..100 {
        let (old, new) = press.recycled_background(number);
        let (jaccard, containment) = resemblance(&old.body, &new.body);
        assert!(
            (0.08..0.27).contains(&containment) && jaccard < 0.16,
            "{number}: {jaccard} {containment}"
        );
        for (place, pair) in [press.same_event(number), press.neighbouring_events(number)]
            .into_iter()
            .enumerate()
        {
            let (jaccard, containment) = resemblance(&pair.0.body, &pair.1.body);
            assert!(
                jaccard < 0.08 && containment < 0.2,
                "{number}: {jaccard} {containment}"
            );
            alike[place] += names_in_common(&pair.0.body, &pair.1.body);
        }
    }
    assert!(press.second_accounts().len() >= 12);
    for (article, account) in press.second_accounts() {
        let (jaccard, containment) = resemblance(&article.body, &account.body);
        assert!(
            jaccard < 0.03 && containment < 0.12,
            "{}: {jaccard} {containment}",
            account.title
        );
    }
    // Reports of one event have its names and figures in common, those of neighbours only the beat.
    assert!(alike[0] > alike[1] * 1.4 && alike[0] > 30.0, "{alike:?}");
}

#[test]
fn fillings_of_a_template_resemble_each_other_and_differ() {
    let press = Press::new();
    let families = press.families().len();
    assert!(families >= 10);
    for family in 0..families {
        let fillings: Vec<Text> = (0..20).map(|number| press.filling(family, number)).collect();
        let distinct: HashSet<&str> = fillings.iter().map(|text| text.body.as_str()).collect();
        assert_eq!(distinct.len(), 20, "{}", press.families()[family]);
        let mean = fillings[1..]
            .iter()
            .map(|text| resemblance(&fillings[0].body, &text.body).0)
            .sum::<f64>()
            / 19.0;
        assert!((0.1..0.9).contains(&mean), "{}: {mean}", press.families()[family]);
        assert!(!fillings[3].body.contains(['{', '}']) && count_words(&fillings[3].body) > 60);
    }
}

#[test]
fn chains_begin_with_a_new_article_and_go_forward() {
    let press = Press::new();
    for chain in Chain::ALL {
        for number in 0..20 {
            let versions = chain.versions(&press, number);
            assert!(
                versions.len() > 1 && versions[0].expected == Expected::New,
                "{chain:?}"
            );
            assert!(
                versions.windows(2).all(|pair| pair[0].minutes < pair[1].minutes),
                "{chain:?}"
            );
        }
    }
}

#[test]
fn a_stream_copies_two_thirds_and_only_what_came_before() {
    let press = Press::new();
    let stream = Stream::new(&press, 500);
    let mut copies = 0;
    for number in 0..600 {
        let item = stream.item(number);
        if let Some((base, edit)) = item.copy_of {
            copies += 1;
            let original = stream.item(base);
            assert!(base < number && original.copy_of.is_none(), "{number} {base}");
            let (_, containment) = resemblance(&original.text.body, &item.text.body);
            assert!(containment > 0.3, "{edit:?} {number}: {containment}");
        }
    }
    assert!((330..440).contains(&copies), "{copies}");
    assert_eq!(stream.item(1250).secs, 86_400 * 5 / 2);
}
