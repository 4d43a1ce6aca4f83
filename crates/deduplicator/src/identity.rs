//! Identity: what guid and address say before any text is compared.
//!
//! A guid names an article inside one feed, a canonical address names it everywhere. Publishers break both
//! promises, so a text that has nothing to do with the known one is let through as an article of its own.

use depeche_model::{ArticleId, ContentFrom, Evidence, Rule, Seq};

use crate::decide::{Deduplicator, Recall};
use crate::fold::Folded;
use crate::incoming::{COMPARABLE_TOKENS, Incoming};
use crate::registry::{Half, Known, Lead, Registry};
use crate::shingles::Similarity;

/// From here on two texts under one key are versions of each other: a tenth of all wording in common. Two
/// unrelated articles share less than a hundredth.
const VERSION_JACCARD: f64 = 0.10;
/// The same where one text is much longer: a flash that grew into a report.
const VERSION_CONTAINMENT: f64 = 0.30;
/// From here on a much shorter text at a known address is a part of the known one: its teaser in another feed.
const PART_CONTAINMENT: f64 = 0.60;
/// At most this share of the known text's tokens makes a text much shorter. One that is cut a little is a part only where it has
/// no word that the known one lacks; else it may be a correction, and is told.
const PART_LENGTH: f64 = 0.60;

/// What identity says.
pub(crate) enum Identity {
    /// Known, and nothing changed.
    Unchanged,
    /// Known, met at a new place or with another entry around the same text.
    MetAgain {
        /// The article.
        article: ArticleId,
        /// Whether the place is new.
        at_new_place: bool,
    },
    /// A later version.
    Version {
        /// The article.
        article: ArticleId,
        /// Why.
        evidence: Evidence,
    },
    /// Not known by any key.
    Stranger {
        /// Whether its guid is known from another text.
        reused_guid: bool,
    },
}

/// How a text compares with the known one under the same key.
struct Versions {
    similarity: Option<Similarity>,
    /// Both are long enough for wording to say anything.
    comparable: bool,
    /// The tokens of the new text over those of the known one.
    length: f64,
    /// The new text has a word that the known one lacks, or has it more often.
    adds_words: bool,
}

impl Versions {
    fn resemble(&self) -> bool {
        !self.comparable || self.similarity.is_none() || self.share_wording()
    }

    fn share_wording(&self) -> bool {
        self.similarity.is_some_and(share_wording)
    }

    fn new_is_part_of_known(&self) -> bool {
        let is_part = self.length <= PART_LENGTH || (self.length < 1.0 && !self.adds_words);
        is_part && self.similarity.is_some_and(|s| s.containment >= PART_CONTAINMENT)
    }
}

impl Deduplicator {
    /// What the article's keys say.
    pub(crate) fn identify(&self, incoming: &Incoming, recall: &dyn Recall) -> Identity {
        let by_guid = incoming.guid.as_ref().and_then(|key| self.registry.lead(key));
        let by_url = incoming.url.as_ref().and_then(|key| self.registry.lead(key));
        let by_number = incoming.number.as_ref().and_then(|key| self.registry.lead(key));
        let by_entry = incoming.entry.as_ref().and_then(|key| self.registry.lead(key));

        if let Some(lead) = by_guid
            && lead.entry_digest.is_some()
            && lead.entry_digest == incoming.article.entry_digest.map(Half::of)
        {
            return self.keep_alive(lead.article);
        }
        for lead in [by_guid, by_url, by_number, by_entry].into_iter().flatten() {
            if self
                .registry
                .article(lead.article)
                .is_some_and(|known| known.content == incoming.content)
            {
                return self.same_content(incoming, lead.article, by_guid);
            }
        }
        if let Some(lead) = by_guid
            && let Some(known) = self.registry.article(lead.article)
        {
            let shares_url = by_url.is_some_and(|other| other.article == lead.article);
            if let Some(identity) = self.under_known_guid(incoming, lead, &known, shares_url, recall) {
                return identity;
            }
        }
        if let Some(lead) = by_url
            && let Some(known) = self.registry.article(lead.article)
            && let Some(identity) = self.at_known_url(incoming, lead, &known, by_guid, recall)
        {
            return identity;
        }
        if let Some(lead) = by_number
            && let Some(known) = self.registry.article(lead.article)
            && let Some(identity) = self.of_known_number(incoming, lead, &known, recall)
        {
            return identity;
        }
        Identity::Stranger {
            reused_guid: by_guid.is_some(),
        }
    }

    /// Known and unchanged; told again when it would otherwise be forgotten while its publisher still lists it.
    fn keep_alive(&self, article: ArticleId) -> Identity {
        match self.registry.article(article) {
            Some(known) if Registry::is_fading(&known, self.stream()) => Identity::MetAgain {
                article,
                at_new_place: false,
            },
            _ => Identity::Unchanged,
        }
    }

    /// The same title and text: what is left to tell is a new place or a changed entry.
    fn same_content(&self, incoming: &Incoming, article: ArticleId, by_guid: Option<Lead>) -> Identity {
        let known_here = self
            .registry
            .article(article)
            .is_some_and(|known| known.is_known_at(incoming.place_mark()));
        if !known_here {
            return Identity::MetAgain {
                article,
                at_new_place: true,
            };
        }
        let entry = incoming.article.entry_digest.map(Half::of);
        let entry_changed = entry.is_some()
            && by_guid.is_some_and(|lead| lead.article == article && lead.entry_digest != entry);
        if entry_changed {
            return Identity::MetAgain {
                article,
                at_new_place: false,
            };
        }
        self.keep_alive(article)
    }

    /// The guid is known with another text.
    fn under_known_guid(
        &self,
        incoming: &Incoming,
        lead: Lead,
        known: &Known<'_>,
        shares_url: bool,
        recall: &dyn Recall,
    ) -> Option<Identity> {
        let versions = self.versions(incoming, known.latest, recall);
        if incoming.is_known_to_be_partial() && versions.new_is_part_of_known() {
            // A page that cannot be read any more does not replace its text by the feed's teaser.
            return Some(self.less_of_the_same(incoming, lead.article, known));
        }
        let different_place = match (&incoming.url, known.has_url) {
            (Some(_), true) => !shares_url,
            // Without addresses a file's text alone tells; an entry is trusted to be its guid's.
            (None, false) => incoming.article.content_from == ContentFrom::File,
            _ => false,
        };
        (versions.resemble() || !different_place).then(|| Identity::Version {
            article: lead.article,
            evidence: evidence(Rule::SameGuid, lead.article, &versions),
        })
    }

    /// The address is known, under another guid or none.
    fn at_known_url(
        &self,
        incoming: &Incoming,
        lead: Lead,
        known: &Known<'_>,
        by_guid: Option<Lead>,
        recall: &dyn Recall,
    ) -> Option<Identity> {
        let versions = self.versions(incoming, known.latest, recall);
        if incoming.folded.tokens().is_empty() || versions.new_is_part_of_known() {
            return Some(self.less_of_the_same(incoming, lead.article, known));
        }
        // Several entries of one feed that link to one address (its home page) are not versions of one another.
        let one_of_many = incoming.guid.is_some()
            && by_guid.is_none_or(|guid| guid.article != lead.article)
            && known.is_known_in_feed_of(incoming.place_mark())
            && !versions.resemble();
        (!one_of_many).then(|| Identity::Version {
            article: lead.article,
            evidence: evidence(Rule::SameUrl, lead.article, &versions),
        })
    }

    /// The number in the address is known, and the address around it is not. A number may count something else than
    /// articles, so only texts that resemble each other are versions.
    fn of_known_number(
        &self,
        incoming: &Incoming,
        lead: Lead,
        known: &Known<'_>,
        recall: &dyn Recall,
    ) -> Option<Identity> {
        let versions = self.versions(incoming, known.latest, recall);
        if versions.new_is_part_of_known() {
            return Some(self.less_of_the_same(incoming, lead.article, known));
        }
        versions.share_wording().then(|| Identity::Version {
            article: lead.article,
            evidence: evidence(Rule::SameNumber, lead.article, &versions),
        })
    }

    /// A part of a known text, met under a key of its article.
    fn less_of_the_same(&self, incoming: &Incoming, article: ArticleId, known: &Known) -> Identity {
        let at_new_place = !known.is_known_at(incoming.place_mark());
        let entry = incoming.article.entry_digest.map(Half::of);
        let by_guid = incoming.guid.as_ref().and_then(|key| self.registry.lead(key));
        if at_new_place || (entry.is_some() && by_guid.is_some_and(|lead| lead.entry_digest != entry)) {
            return Identity::MetAgain {
                article,
                at_new_place,
            };
        }
        self.keep_alive(article)
    }

    fn versions(&self, incoming: &Incoming, known: Seq, recall: &dyn Recall) -> Versions {
        let new = incoming.folded.tokens();
        match self.text(known, recall).map(|text| Folded::of(&text)) {
            Some(old) => Versions {
                similarity: Some(Similarity::count(new, old.tokens())),
                comparable: new.len().min(old.tokens().len()) >= COMPARABLE_TOKENS,
                length: new.len() as f64 / old.tokens().len().max(1) as f64,
                adds_words: !holds(old.tokens(), new),
            },
            None => Versions {
                similarity: None,
                comparable: false,
                length: 1.0,
                adds_words: false,
            },
        }
    }
}

/// Whether a text has every word of another as often as that one has it.
fn holds(text: &[u64], other: &[u64]) -> bool {
    let (mut text, mut other) = (text.to_vec(), other.to_vec());
    text.sort_unstable();
    other.sort_unstable();
    let mut held = text.iter();
    other
        .iter()
        .all(|word| held.by_ref().find(|held| *held >= word) == Some(word))
}

/// Whether two texts under one key have as much in common as versions do.
pub(crate) fn share_wording(similarity: Similarity) -> bool {
    similarity.jaccard >= VERSION_JACCARD || similarity.containment >= VERSION_CONTAINMENT
}

fn evidence(rule: Rule, against: ArticleId, versions: &Versions) -> Evidence {
    let similarity = versions.similarity;
    Evidence {
        against: Some(against),
        jaccard: similarity.map(|s| s.jaccard as f32),
        containment: similarity.map(|s| s.containment as f32),
        lead_containment: similarity.map(|s| s.lead as f32),
        on_full_texts: similarity.is_some(),
        ..Evidence::of(rule)
    }
}
