//! Trials: labelled texts put to a detector, and how often it was right.

use depeche_model::Verdict;
use depeche_testkit::copydesk::{Chain, Edit, Expected, Pair, Press, Text, resemblance};

use crate::detectors::{Detector, Ours};
use crate::reader::{Appearance, Reader};

/// How a trial went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Score {
    /// Texts that had to be told.
    pub(crate) of: usize,
    /// Told as they should.
    pub(crate) right: usize,
    /// Taken for a copy of a text that they do not copy.
    pub(crate) wrong: usize,
}

impl Score {
    /// The share that was told right, 0–1.
    pub(crate) fn recall(self) -> f64 {
        self.right as f64 / self.of.max(1) as f64
    }
}

/// The share of copies of a kind that must be recognised, where one is set: word 4-grams sampled 1 in 8 reach these on real French
/// news, with teasers by their lead.
pub(crate) fn bar(edit: Edit) -> Option<f64> {
    match edit {
        Edit::Words(20) => Some(0.29),
        Edit::Words(_) | Edit::CutBelow | Edit::Embedded | Edit::Links => None,
        Edit::Rewired => Some(0.84),
        Edit::Dropped(40 | 50) | Edit::Teaser(25) => Some(0.99),
        _ => Some(1.0),
    }
}

/// The share of copies that counting every 4-gram would recognise, at the thresholds of resemblance and containment: a sketch
/// is better only by chance, and what lies below a bar here lies below it for the text's sake.
pub(crate) fn reach(press: &Press, bases: &[Text], edit: Edit) -> f64 {
    let counted = bases.iter().enumerate().filter(|(number, base)| {
        let copy = edit.apply(press, base, *number as u64);
        let (jaccard, containment) = resemblance(&base.body, &copy.body);
        jaccard >= 0.30 || containment >= 0.60
    });
    counted.count() as f64 / bases.len().max(1) as f64
}

/// What recall must reach: the bar, or where counting itself falls short of it what counting reaches, less two texts in a hundred
/// that it puts just over a threshold and an estimate just below.
pub(crate) fn lowest(bar: f64, within: f64) -> f64 {
    if within < 1.0 { bar.min(within - 0.02) } else { bar }
}

/// Wrong hits among all texts that were put, at most.
pub(crate) const WRONG_HITS: f64 = 0.002;

/// Puts a copy of each base text to a detector that knows all of them. Copies are of other sources than the base.
pub(crate) fn copies(press: &Press, bases: &[Text], edit: Edit, detector: &mut dyn Detector) -> Score {
    let mut score = Score::default();
    for (number, base) in bases.iter().enumerate() {
        let merged = detector.add(base, &format!("journal {}", number % 40));
        score.wrong += usize::from(merged.is_some());
    }
    for (number, base) in bases.iter().enumerate() {
        let copy = edit.apply(press, base, number as u64);
        let found = detector.find(&copy, &format!("reprise {}", number % 30));
        score.of += 1;
        score.right += usize::from(found == Some(number));
        score.wrong += usize::from(found.is_some_and(|found| found != number));
    }
    score
}

/// Copies of copies: what is met first, then what of it, each to be led back to the first text.
pub(crate) const SECOND_HAND: [(&str, [Edit; 3]); 5] = [
    (
        "teaser, then the text, then a copy",
        [Edit::Teaser(50), Edit::Verbatim, Edit::Dropped(20)],
    ),
    (
        "text, rewire, copy of the rewire",
        [Edit::Verbatim, Edit::Rewired, Edit::Dropped(10)],
    ),
    (
        "text, digest with it, copy of the digest",
        [Edit::Verbatim, Edit::Embedded, Edit::Headline],
    ),
    (
        "text, first third, teaser of that",
        [Edit::Verbatim, Edit::FirstThird, Edit::Teaser(25)],
    ),
    (
        "cut version, text, boilerplate around",
        [Edit::CutBelow, Edit::Verbatim, Edit::Boilerplate],
    ),
];

/// Puts three appearances of each text: two edits of the text itself, and an edit of the second. Right are those of the second and third that are led back to the first.
pub(crate) fn second_hand(press: &Press, bases: &[Text], edits: [Edit; 3]) -> Score {
    let mut detector = Ours::new();
    let mut score = Score::default();
    for (number, base) in bases.iter().enumerate() {
        let [first, second, third] = edits;
        let seed = number as u64;
        let met = second.apply(press, base, seed);
        let texts = [
            first.apply(press, base, seed),
            third.apply(press, &met, seed),
            met,
        ];
        let [first, last, middle] = &texts;
        // Numbers in the detector: three for each base text.
        let leader = number * 3;
        score.wrong += usize::from(detector.add(first, "journal").is_some());
        for (text, source) in [(middle, "concurrent"), (last, "portail")] {
            let found = detector.add(text, source);
            score.of += 1;
            score.right += usize::from(found == Some(leader));
            score.wrong += usize::from(found.is_some_and(|found| found / 3 != number));
        }
    }
    score
}

/// Kinds of pairs that must stay apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Apart {
    /// The same publisher's lines around different articles.
    Boilerplate,
    /// A quarter of the text recycled from an earlier article of the house.
    Recycled,
    /// One event in different words.
    SameEvent,
    /// Different events of one beat.
    Neighbours,
    /// One event in different words, written by hand.
    SecondAccounts,
}

impl Apart {
    pub(crate) const ALL: [Self; 5] = [
        Self::Boilerplate,
        Self::Recycled,
        Self::SameEvent,
        Self::Neighbours,
        Self::SecondAccounts,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Boilerplate => "same boilerplate, other article",
            Self::Recycled => "25 % recycled background",
            Self::SameEvent => "one event, other words",
            Self::Neighbours => "other event, same town and body",
            Self::SecondAccounts => "second accounts, by hand",
        }
    }

    pub(crate) fn pairs(self, press: &Press, wanted: u64) -> Vec<Pair> {
        let numbers = 0..wanted;
        match self {
            Self::Boilerplate => numbers.map(|number| press.same_boilerplate(number)).collect(),
            Self::Recycled => numbers.map(|number| press.recycled_background(number)).collect(),
            Self::SameEvent => numbers.map(|number| press.same_event(number)).collect(),
            Self::Neighbours => numbers.map(|number| press.neighbouring_events(number)).collect(),
            Self::SecondAccounts => press.second_accounts(),
        }
    }

    /// Boilerplate and background are one house's own; events are reported by several.
    fn sources(self) -> (&'static str, &'static str) {
        match self {
            Self::Boilerplate | Self::Recycled => ("maison", "maison"),
            _ => ("journal", "concurrent"),
        }
    }
}

/// Puts pairs that must stay apart; right is what stayed apart.
pub(crate) fn apart(kind: Apart, pairs: &[Pair], detector: &mut dyn Detector) -> Score {
    let (first, second) = kind.sources();
    let mut score = Score::default();
    for (old, new) in pairs {
        let early = detector.add(old, first);
        let late = detector.add(new, second);
        score.of += 2;
        score.wrong += usize::from(early.is_some()) + usize::from(late.is_some());
    }
    score.right = score.of - score.wrong;
    score
}

/// Puts the fillings of a template, of one source or each of another; right is what stayed apart.
pub(crate) fn fillings(
    press: &Press,
    family: usize,
    wanted: u64,
    one_source: bool,
    detector: &mut dyn Detector,
) -> Score {
    let mut score = Score::default();
    for number in 0..wanted {
        let source = if one_source {
            "régional".to_owned()
        } else {
            format!("régional {number}")
        };
        let merged = detector.add(&press.filling(family, number), &source);
        score.of += 1;
        score.wrong += usize::from(merged.is_some());
    }
    score.right = score.of - score.wrong;
    score
}

/// How many pairs share a story. All first texts are met before all second ones, which follow three hours behind theirs.
pub(crate) fn stories(pairs: &[Pair]) -> Score {
    let mut reader = Reader::new();
    let mut met = |text: &Text, source: &str, minutes: i64| {
        reader
            .decide(&Appearance {
                text,
                source,
                guid: None,
                url: None,
                minutes,
            })
            .story
    };
    let mut minutes = 0;
    let first: Vec<_> = pairs
        .iter()
        .map(|(text, _)| {
            minutes += 2;
            met(text, "journal", minutes)
        })
        .collect();
    minutes = 180;
    let mut together = 0;
    for ((_, text), story) in pairs.iter().zip(first) {
        minutes += 2;
        together += usize::from(met(text, "concurrent", minutes) == story);
    }
    Score {
        of: pairs.len(),
        right: together,
        wrong: 0,
    }
}

/// What publishers do to their own articles: a version that is told as expected is right.
pub(crate) fn chain(press: &Press, kind: Chain, wanted: u64) -> Score {
    let mut score = Score::default();
    for number in 0..wanted {
        let mut reader = Reader::new();
        let mut first = None;
        for version in kind.versions(press, number) {
            let ruling = reader.decide(&Appearance {
                text: &version.text,
                source: &version.source,
                guid: version.guid.as_deref(),
                url: version.url.as_deref(),
                minutes: version.minutes,
            });
            let of_first = ruling.article == first;
            let right = match version.expected {
                Expected::New => ruling.verdict == Some(Verdict::New) && !ruling.guid_reused,
                Expected::NewWithReusedGuid => ruling.verdict == Some(Verdict::New) && ruling.guid_reused,
                Expected::Revision => ruling.verdict == Some(Verdict::Revision) && of_first,
                Expected::Again => ruling.verdict.is_none() && (of_first || ruling.article.is_none()),
                Expected::Duplicate => {
                    ruling.verdict.is_some_and(Verdict::is_duplicate) && ruling.leader == first
                }
            };
            score.of += 1;
            score.right += usize::from(right);
            first = first.or(ruling.article);
        }
    }
    score.wrong = score.of - score.right;
    score
}
