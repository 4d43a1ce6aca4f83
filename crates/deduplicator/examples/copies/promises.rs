//! What the tables promise, on fewer texts.

use depeche_testkit::copydesk::{Chain, Edit, Press, count_words};

use crate::detectors::{Ours, all};
use crate::labelled;
use crate::trials::{Apart, Score, apart, bar, chain, copies, fillings, lowest, reach, second_hand};

/// Of the base texts that the table is run on, every so many is tested: four written by hand, the others invented.
const STEP: usize = 8;

#[test]
fn every_kind_of_copy_reaches_its_bar_and_none_hits_another_text() {
    let press = Press::new();
    let bases: Vec<_> = press.base_texts(332).into_iter().step_by(STEP).collect();
    for edit in Edit::ALL {
        let score = copies(&press, &bases, edit, &mut Ours::new());
        assert_eq!(score.wrong, 0, "{}", edit.name());
        let within = reach(&press, &bases, edit);
        let least = bar(edit).map_or(0.0, |bar| lowest(bar, within));
        // One more text of these few.
        let least = if within < 1.0 {
            least - 1.0 / bases.len() as f64
        } else {
            least
        };
        assert!(
            score.recall() >= least,
            "{}: {score:?}, {within:.3} in reach",
            edit.name()
        );
    }
}

#[test]
fn a_copy_of_what_holds_a_text_leads_back_to_that_text() {
    let press = Press::new();
    let bases: Vec<_> = press.base_texts(332).into_iter().step_by(STEP * 2).collect();
    for edits in [
        [Edit::Verbatim, Edit::Embedded, Edit::Headline],
        [Edit::CutBelow, Edit::Verbatim, Edit::Boilerplate],
    ] {
        let score = second_hand(&press, &bases, edits);
        assert_eq!((score.right, score.wrong), (score.of, 0), "{edits:?}");
    }
}

#[test]
fn what_must_stay_apart_does() {
    let press = Press::new();
    for kind in [
        Apart::Recycled,
        Apart::SameEvent,
        Apart::Neighbours,
        Apart::SecondAccounts,
    ] {
        let pairs = kind.pairs(&press, 30);
        assert_eq!(apart(kind, &pairs, &mut Ours::new()).wrong, 0, "{}", kind.name());
    }
}

#[test]
fn a_baseline_finds_what_is_the_same_and_not_what_is_a_teaser() {
    let press = Press::new();
    let bases: Vec<_> = press
        .base_texts(40)
        .into_iter()
        .filter(|text| count_words(&text.body) > 150)
        .collect();
    for place in 1..all().len() {
        let with = |edit| -> Score {
            let mut detectors = all();
            copies(&press, &bases, edit, detectors[place].as_mut())
        };
        let name = all()[place].name();
        assert!(with(Edit::Verbatim).recall() > 0.99, "{name}");
        assert!(with(Edit::Teaser(25)).recall() < 0.1, "{name}");
    }
}

#[test]
fn a_publisher_s_own_changes_are_told_from_copies() {
    let press = Press::new();
    for kind in [
        Chain::Corrected,
        Chain::Growing,
        Chain::Retitled,
        Chain::GuidOfTheDay,
        Chain::GuidReused,
    ] {
        let score = chain(&press, kind, 6);
        assert_eq!(score.right, score.of, "{}", kind.name());
    }
}

#[test]
fn fillings_of_one_source_s_templates_with_figures_stay_apart() {
    let press = Press::new();
    for (family, name) in press.families().into_iter().enumerate() {
        if ["météo", "bourse", "quinté", "marées", "carburants"].contains(&name) {
            let score = fillings(&press, family, 12, true, &mut Ours::new());
            assert_eq!(score.wrong, 0, "{name}");
        }
    }
}

#[test]
fn stories_are_the_events_of_labelled_streams() {
    let press = Press::new();
    for (name, stream) in [
        ("by hand", labelled::sagas(&press)),
        ("invented", labelled::days(&press, 100)),
    ] {
        let agreement = labelled::judge(&stream);
        assert!(
            agreement.is_enough(),
            "{name}: precision {:.3}, F1 {:.3}",
            agreement.precision,
            agreement.f1()
        );
    }
}
