//! What editors do to a text, and how often its copies are still recognised.
//!
//! Every edit is applied to every base text with several seeds; the share that is recognised is asserted for each
//! kind. The negatives are texts that share less than a copy does.

use depeche_model::Verdict;
use unicode_normalization::UnicodeNormalization;

use crate::support::{Desk, article, base, hours, start};

const BASES: [&str; 4] = ["canal", "tramway", "fromagerie", "observatoire"];
const SEEDS: u64 = 12;

/// A small deterministic generator (xorshift), so that every run tests the same edits.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive(". ").collect()
}

fn new_lead(text: &str, _: &mut Dice) -> String {
    let rest = text.split_once("\n\n").unwrap().1;
    format!(
        "Voici ce qu'il faut savoir d'une affaire qui occupe toute une région depuis des jours.\n\n{rest}"
    )
}

fn drop_sentences(text: &str, dice: &mut Dice) -> String {
    let percent = 10 + dice.below(41);
    // The third always goes, lest nothing does.
    sentences(text)
        .into_iter()
        .zip(0..)
        .filter(|(_, place)| !dice.happens(percent) && *place != 2)
        .map(|(sentence, _)| sentence)
        .collect()
}

fn add_paragraph(text: &str, dice: &mut Dice) -> String {
    let other = base("etranger");
    let added = other.split("\n\n").nth(dice.below(3)).unwrap();
    format!("{text}\n\n{added}")
}

fn replace_words(text: &str, dice: &mut Dice) -> String {
    let percent = 3 + dice.below(8);
    let replace = |word: &str, dice: &mut Dice| {
        if dice.happens(percent) {
            "autrement".to_owned()
        } else {
            word.to_owned()
        }
    };
    text.split(' ')
        .map(|word| replace(word, dice))
        .collect::<Vec<_>>()
        .join(" ")
}

fn shuffle_paragraphs(text: &str, dice: &mut Dice) -> String {
    let mut paragraphs: Vec<&str> = text.split("\n\n").collect();
    for last in (1..paragraphs.len()).rev() {
        paragraphs.swap(last, dice.below(last + 1));
    }
    paragraphs.join("\n\n")
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn first_third(text: &str, _: &mut Dice) -> String {
    let words = words(text);
    words[..words.len() / 3].join(" ")
}

fn teaser(text: &str, dice: &mut Dice) -> String {
    format!("{}…", words(text)[..25 + dice.below(26)].join(" "))
}

fn typography(text: &str, dice: &mut Dice) -> String {
    let text = text
        .replace('\'', "’")
        .replace("« ", "\"")
        .replace(" »", "\"")
        .replace(" :", "\u{a0}:");
    if dice.happens(50) {
        text.nfd().collect()
    } else {
        text.to_uppercase()
    }
}

fn boilerplate(text: &str, _: &mut Dice) -> String {
    format!(
        "Par la rédaction, avec agence. Publié aujourd'hui, mis à jour à l'instant. Lecture deux minutes.\n\n{text}\n\n\
         Abonnez-vous à notre lettre du matin pour recevoir chaque jour l'essentiel de l'actualité. Tous droits de \
         reproduction et de diffusion réservés. Suivez-nous aussi sur les réseaux sociaux."
    )
}

type Edit = fn(&str, &mut Dice) -> String;

#[test]
fn edited_copies_are_recognised() {
    let kinds: [(&str, Edit, &[Verdict], f64); 9] = [
        ("new lead", new_lead, &[Verdict::Near], 1.0),
        (
            "sentences dropped",
            drop_sentences,
            &[Verdict::Near, Verdict::ContainedIn],
            0.98,
        ),
        ("paragraph added", add_paragraph, &[Verdict::Near], 1.0),
        ("words replaced", replace_words, &[Verdict::Near], 0.98),
        (
            "paragraphs shuffled",
            shuffle_paragraphs,
            &[Verdict::Near, Verdict::Exact],
            1.0,
        ),
        (
            "first third",
            first_third,
            &[Verdict::Near, Verdict::Teaser, Verdict::ContainedIn],
            1.0,
        ),
        ("teaser", teaser, &[Verdict::Teaser], 0.98),
        ("typography", typography, &[Verdict::Exact], 1.0),
        ("boilerplate around", boilerplate, &[Verdict::Near], 1.0),
    ];
    let mut problems = Vec::new();
    for (kind, edit, accepted, least) in kinds {
        let (mut found, mut all) = (0_u32, 0_u32);
        let mut desk = Desk::new();
        for name in BASES {
            desk.judge(start(), article(name, "0", &base(name)));
        }
        for name in BASES {
            for seed in 1..=SEEDS {
                let copy = edit(base(name).trim(), &mut Dice(seed * 7919));
                let judged = desk.judge(hours(5), article("copie", &format!("{name} {seed}"), &copy));
                let leader = BASES.iter().position(|base| *base == name).unwrap() as u64 + 1;
                all += 1;
                if accepted.contains(&judged.record.verdict)
                    && judged.record.of.is_some_and(|of| of.0 == leader)
                {
                    found += 1;
                } else {
                    println!(
                        "{kind}, {name}, seed {seed}: {:?} {:?}",
                        judged.record.verdict, judged.evidence
                    );
                }
            }
        }
        let recall = f64::from(found) / f64::from(all);
        println!("{kind}: {found} of {all}");
        if recall < least {
            problems.push(format!("{kind}: {found} of {all}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn texts_that_only_share_boilerplate_or_background_are_new() {
    for name in BASES {
        for other in BASES.iter().filter(|other| **other != name) {
            let mut desk = Desk::new();
            let frame = |text: &str| boilerplate(text, &mut Dice(1));
            desk.judge(start(), article("a", "1", &frame(&base(name))));
            let framed = desk.judge(hours(1), article("b", "2", &frame(&base(other))));
            assert_eq!(
                framed.record.verdict,
                Verdict::New,
                "{name} {other}: {:?}",
                framed.evidence
            );

            // A quarter of the new text is background taken over from the old one.
            let mut desk = Desk::new();
            desk.judge(start(), article("a", "1", &base(name)));
            let text = base(other);
            let own = words(&text);
            let old = base(name);
            let background = words(&old);
            let recycled = [
                own[..own.len() * 3 / 4].join(" "),
                background[background.len() * 3 / 4..].join(" "),
            ]
            .join("\n\n");
            let judged = desk.judge(hours(1), article("b", "2", &recycled));
            assert_eq!(
                judged.record.verdict,
                Verdict::New,
                "{name} {other}: {:?}",
                judged.evidence
            );
        }
    }
}
