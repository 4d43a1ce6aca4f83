//! Display: whose text stands for a leader and its copies.
//!
//! In: how long a leader's text is, and its copies with the evidence by which they joined it. Out: the copy whose text is
//! shown in place of the leader's, if any. The leader stays the leader: it was the first, and everything points at it.

use depeche_model::{Evidence, Verdict};

use crate::compare::{NEAR_JACCARD, PART_CONTAINMENT};

/// A text is fuller from a tenth more words on: a signature and a date line are less.
const FULLER: f64 = 1.1;

/// A copy, as far as choosing goes.
#[derive(Debug, Clone, Copy)]
pub struct Copied<'a> {
    /// The words of its latest text.
    pub words: u32,
    /// What it was when it joined its leader.
    pub verdict: Verdict,
    /// By what it joined its leader.
    pub evidence: &'a Evidence,
    /// Whether it still resembles its leader's latest text.
    pub is_current: bool,
}

impl Copied<'_> {
    /// Whether it is the same report, and not one that holds the leader's among others: both open alike, or most of the
    /// wording of both is the same.
    fn is_same_report(&self) -> bool {
        let reaches =
            |value: Option<f32>, threshold: f64| value.is_some_and(|value| f64::from(value) >= threshold);
        matches!(self.verdict, Verdict::Near | Verdict::Contains)
            && (reaches(self.evidence.jaccard, NEAR_JACCARD)
                || reaches(self.evidence.lead_containment, PART_CONTAINMENT))
    }
}

/// Which of a leader's copies, in the order in which they joined it, has the text to show: the fullest that is the same
/// report and resembles the leader still; of equally full ones the first. `None` where the leader's own text is as full.
#[must_use]
pub fn display<'a>(leader_words: u32, copies: impl IntoIterator<Item = Copied<'a>>) -> Option<usize> {
    let mut best: Option<(usize, u32)> = None;
    for (at, copy) in copies.into_iter().enumerate() {
        let is_fuller = f64::from(copy.words) >= f64::from(leader_words) * FULLER;
        if copy.is_current
            && is_fuller
            && copy.is_same_report()
            && best.is_none_or(|(_, words)| copy.words > words)
        {
            best = Some((at, copy.words));
        }
    }
    best.map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use depeche_model::Rule;

    use super::*;

    fn alike(jaccard: f32, lead: f32) -> Evidence {
        Evidence {
            jaccard: Some(jaccard),
            containment: Some(0.95),
            lead_containment: Some(lead),
            ..Evidence::of(Rule::Containment)
        }
    }

    fn copy(words: u32, evidence: &Evidence) -> Copied<'_> {
        Copied {
            words,
            verdict: Verdict::Contains,
            evidence,
            is_current: true,
        }
    }

    #[test]
    fn the_fullest_text_of_the_same_report_is_shown() {
        let (same, opening, among_others) = (alike(0.7, 0.9), alike(0.05, 0.95), alike(0.05, 0.1));
        let of_400 = |copies: &[Copied<'_>]| display(400, copies.iter().copied());
        assert_eq!(of_400(&[]), None);
        assert_eq!(
            of_400(&[copy(500, &same), copy(620, &same), copy(620, &same)]),
            Some(1)
        );
        // A flash of which somebody made a report is opened by it; a review of the day's news holds it somewhere.
        assert_eq!(of_400(&[copy(3000, &among_others), copy(900, &opening)]), Some(1));
        assert_eq!(of_400(&[copy(3000, &among_others)]), None);
        // A signature more is no fuller text; what the leader has left behind is another.
        assert_eq!(of_400(&[copy(439, &same)]), None);
        let left_behind = Copied {
            is_current: false,
            ..copy(900, &same)
        };
        assert_eq!(of_400(&[left_behind]), None);
        let teaser = Copied {
            verdict: Verdict::Teaser,
            ..copy(900, &same)
        };
        assert_eq!(of_400(&[teaser]), None);
    }
}
