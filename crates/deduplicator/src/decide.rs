//! Deciding: one article after another, in the order of the stream.
//!
//! In: what normalising made of a capture. Out: a decision on each item, numbered without gaps where it is to be
//! stored. Promised: the same stream gives the same decisions, and a deduplicator that was restored from what was kept,
//! or made to remember every stored record, decides like the one that never stopped. So deciding changes the state
//! through the very functions that remember (`remember`), and by nothing else; only the texts and ids of recent
//! records are kept besides.
//!
//! The order of rules: identity (guid, address), the folded body, resemblance and containment, and where none of
//! them speaks a new article, which is given its story.

use std::borrow::Cow;

use depeche_model::{
    ArticleId, CaptureRef, Decided, Decision, Evidence, Hasher, Judged, Keep, Key, Normalized, Output,
    Rejection, Remembered, Rule, Seq, Sighting, StoryId, TermVector, Verdict, Warning, WarningCode,
};
use jiff::Timestamp;

use crate::aliases::Aliases;
use crate::changes::reword;
use crate::compare::{Kinship, Match};
use crate::fold::Folded;
use crate::identity::Identity;
use crate::incoming::{Incoming, SharedGuids};
use crate::leaders::Leaders;
use crate::options::Options;
use crate::recent::RecentRecords;
use crate::registry::{Body, Registry};
use crate::remember::Met;
use crate::shingles::{Similarity, Sketches};
use crate::size::{Held, Size};
use crate::stories::{Hint, Stories};

/// Reads back the text of a stored record.
pub trait Recall: Send {
    /// The text of the record's article; `None` when the store does not have it.
    fn text(&self, seq: Seq) -> Option<String>;

    /// Whether the store has a record of this article, however long ago it was last met. Asked before an article is
    /// told under an id of its own: ids are made of key and content, so one that was forgotten and is listed again
    /// would be told twice. Records that are decided and not yet stored need not be known here.
    ///
    /// A store that is never older than the memory of keys has nothing to add, so by itself this says no.
    fn knows(&self, article: ArticleId) -> bool {
        let _ = article;
        false
    }

    /// The articles that were ever stored as copies of this one, in the order in which they joined it. Copies that are
    /// decided and not stored yet need not be among them.
    ///
    /// By itself this says none, and then only the copies among the recent records are known.
    fn copies(&self, leader: ArticleId) -> Vec<ArticleId> {
        let _ = leader;
        Vec::new()
    }
}

/// The state machine.
pub struct Deduplicator {
    pub(crate) registry: Registry,
    pub(crate) leaders: Leaders,
    pub(crate) stories: Stories,
    pub(crate) recent: RecentRecords,
    pub(crate) next: Seq,
    /// The latest capture time of any record: the clock that forgetting goes by.
    pub(crate) stream: Timestamp,
    /// What is to be kept of what was taken in, but for what is known of articles.
    pub(crate) kept: Vec<Keep>,
    /// The articles that were met since.
    pub(crate) met: Met,
}

impl Deduplicator {
    /// A deduplicator that knows nothing yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            registry: Registry::default(),
            leaders: Leaders::new(options.near_window, options.max_texts),
            stories: Stories::new(options.story_window, options.aliases),
            recent: RecentRecords::default(),
            next: Seq(1),
            stream: Timestamp::MIN,
            kept: Vec::new(),
            met: Met::default(),
        }
    }

    /// Decides about every item of a capture.
    pub fn decide(&mut self, normalized: Normalized, recall: &dyn Recall) -> Decided {
        let Normalized {
            capture,
            outputs,
            warnings,
        } = normalized;
        let shared_guids = SharedGuids::of(&outputs);
        let decisions = outputs
            .into_iter()
            .map(|output| match output {
                Output::Article(article) => {
                    self.decide_article(Incoming::new(*article, &capture, &shared_guids), &capture, recall)
                }
                Output::PageWanted(order) => {
                    let link = order.entry.link.as_deref().unwrap_or_default();
                    let guid = shared_guids.own(order.key(), link);
                    if self.registry.answers(&order, &guid) {
                        Decision::Unchanged
                    } else {
                        Decision::PageOwed(order)
                    }
                }
                Output::Rejected(rejection) => self.decide_rejection(rejection),
            })
            .collect();
        Decided {
            capture,
            decisions,
            keeping: self.keeping(),
            warnings,
        }
    }

    /// Reads names with these spellings from now on; what was decided stays.
    pub fn set_aliases(&mut self, aliases: &Aliases) {
        self.stories.set_aliases(aliases);
    }

    /// The number that the next stored decision gets.
    #[must_use]
    pub fn next_seq(&self) -> Seq {
        self.next
    }

    /// How much is held, by part.
    #[must_use]
    pub fn size(&self) -> Size {
        let texts = self.leaders.size();
        Size {
            texts: Held {
                count: texts.texts,
                bytes: texts.bytes,
            },
            keys: self.registry.held(),
            stories: self.stories.held(),
            recent: self.recent.held(),
        }
    }

    fn decide_rejection(&mut self, rejection: Rejection) -> Decision {
        let known = rejection
            .key
            .as_ref()
            .is_some_and(|key| self.registry.is_refused(key, rejection.digest));
        if known {
            return Decision::Unchanged;
        }
        let seq = self.next;
        self.take_in_rejection(seq, &rejection);
        Decision::Rejected(seq, rejection)
    }

    fn decide_article(&mut self, incoming: Incoming, capture: &CaptureRef, recall: &dyn Recall) -> Decision {
        match self.identify(&incoming, recall) {
            Identity::Unchanged => Decision::Unchanged,
            Identity::MetAgain {
                article,
                at_new_place,
            } => self.meet_again(&incoming, article, at_new_place),
            Identity::Version { article, evidence } => self.revise(incoming, article, evidence, None, recall),
            Identity::Stranger { reused_guid } => {
                let now = self.stream.max(capture.captured_at);
                self.judge_stranger(incoming, reused_guid, now, recall)
            }
        }
    }

    fn meet_again(&mut self, incoming: &Incoming, article: ArticleId, at_new_place: bool) -> Decision {
        let Some(known) = self.registry.article(article) else {
            return Decision::Unchanged;
        };
        let sighting = Sighting {
            seq: self.next,
            of: known.latest,
            article,
            place: at_new_place.then(|| incoming.place()),
            keys: incoming.identity_keys(),
            entry_digest: incoming.article.entry_digest,
        };
        self.take_in_sighting(&sighting);
        Decision::Seen(sighting)
    }

    fn judge_stranger(
        &mut self,
        mut incoming: Incoming,
        reused_guid: bool,
        now: Timestamp,
        recall: &dyn Recall,
    ) -> Decision {
        if self.was_told(incoming.article_id(), recall) {
            return Decision::Unchanged;
        }
        if reused_guid {
            let guid = incoming.article.guid.clone().unwrap_or_default();
            incoming
                .article
                .warnings
                .push(Warning::new(WarningCode::GuidReused, guid));
        }
        let Some(body) = incoming.body() else {
            return self.open(incoming, Evidence::of(Rule::TooShort), now, recall);
        };
        if let Some(known) = self.registry.body(body, now) {
            let found = self.same_body(&incoming, known, recall);
            return self.copy(incoming, &found, recall);
        }
        match self.find_leader(&incoming, now, recall) {
            Kinship::Copy(found) => self.copy(incoming, &found, recall),
            Kinship::Rewrite { article, evidence } => {
                let similarity = evidence.jaccard;
                self.revise(incoming, article, evidence, similarity, recall)
            }
            Kinship::None(evidence) => self.open(incoming, evidence, now, recall),
        }
    }

    /// Whether an article that is not in memory was told before: stored, or decided and not stored yet.
    fn was_told(&self, article: ArticleId, recall: &dyn Recall) -> bool {
        self.registry.article(article).is_none() && (self.recent.has(article) || recall.knows(article))
    }

    /// A copy of the text behind a known folded body. The first record of that text may itself repeat a leader:
    /// then the new one repeats that leader in the same way.
    fn same_body(&self, incoming: &Incoming, known: Body, recall: &dyn Recall) -> Match {
        let mut evidence = Evidence::of(Rule::SameBody);
        let (Some((of, leader)), true) = (known.leader, known.verdict != Verdict::Exact) else {
            let (of, article) = known.leader.unwrap_or((known.record, known.article));
            evidence.against = Some(article);
            return Match {
                verdict: Verdict::Exact,
                of,
                article,
                similarity: Some(1.0),
                evidence,
            };
        };
        evidence.against = Some(leader);
        let mut similarity = None;
        if let Some(text) = self.text(of, recall) {
            let counted = Similarity::count(incoming.folded.tokens(), Folded::of(&text).tokens());
            evidence.jaccard = Some(counted.jaccard as f32);
            evidence.containment = Some(counted.containment as f32);
            evidence.on_full_texts = true;
            similarity = if known.verdict == Verdict::Near {
                evidence.jaccard
            } else {
                evidence.containment
            };
        }
        let verdict = match known.verdict {
            Verdict::New | Verdict::Revision => Verdict::Near,
            verdict => verdict,
        };
        Match {
            verdict,
            of,
            article: leader,
            similarity,
            evidence,
        }
    }

    /// The id of an article of its own: another than usual where a guid went from this text to another and back,
    /// so that the usual one is taken.
    fn free_id(&self, incoming: &Incoming) -> ArticleId {
        let article = incoming.article_id();
        if self.registry.article(article).is_none() {
            return article;
        }
        ArticleId(
            Hasher::default()
                .part(&article.0.0)
                .part(&self.next.0.to_be_bytes())
                .finish(),
        )
    }

    /// Records a new article and gives it its story.
    fn open(
        &mut self,
        incoming: Incoming,
        evidence: Evidence,
        now: Timestamp,
        recall: &dyn Recall,
    ) -> Decision {
        let article = self.free_id(&incoming);
        let hint = match (evidence.rule, evidence.against) {
            (Rule::PartialReuse, Some(against)) => Hint::Reuses(against),
            (Rule::TemplateGuard, Some(against)) => Hint::FillsTemplateOf(against),
            _ => Hint::None,
        };
        let terms = self.stories.terms(&incoming.article, incoming.captured_at);
        let story = self
            .stories
            .find(&terms, incoming.event(), hint, now)
            .unwrap_or_else(|| StoryId(Hasher::default().part(&article.0.0).finish()));
        let outline = Outline {
            article,
            revision: 1,
            verdict: Verdict::New,
            of: None,
            story,
            terms,
        };
        self.record(
            incoming,
            outline,
            Because {
                duplicate_of: None,
                similarity: None,
                evidence,
            },
            recall,
        )
    }

    /// Records a copy of a leader.
    fn copy(&mut self, incoming: Incoming, found: &Match, recall: &dyn Recall) -> Decision {
        let story = self.registry.article(found.article).map(|leader| leader.story);
        let article = self.free_id(&incoming);
        let outline = Outline {
            article,
            revision: 1,
            verdict: found.verdict,
            of: Some(found.of),
            story: story.unwrap_or_else(|| StoryId(Hasher::default().part(&found.article.0.0).finish())),
            terms: TermVector::default(),
        };
        let because = Because {
            duplicate_of: Some(found.article),
            similarity: found.similarity,
            evidence: found.evidence.clone(),
        };
        self.record(incoming, outline, because, recall)
    }

    /// Records a later version of a known article.
    fn revise(
        &mut self,
        incoming: Incoming,
        article: ArticleId,
        evidence: Evidence,
        similarity: Option<f32>,
        recall: &dyn Recall,
    ) -> Decision {
        let Some(known) = self.registry.article(article) else {
            return Decision::Unchanged;
        };
        let outline = Outline {
            article,
            revision: known.revision + 1,
            verdict: Verdict::Revision,
            of: Some(known.latest),
            story: known.story,
            terms: self.stories.terms(&incoming.article, incoming.captured_at),
        };
        self.record(
            incoming,
            outline,
            Because {
                duplicate_of: None,
                similarity,
                evidence,
            },
            recall,
        )
    }

    fn record(
        &mut self,
        incoming: Incoming,
        outline: Outline,
        because: Because,
        recall: &dyn Recall,
    ) -> Decision {
        let seq = self.next;
        let event = incoming.event();
        let place = incoming.place();
        let mut keys = incoming.identity_keys();
        keys.extend(incoming.body().map(Key::Body));
        let Sketches { whole, lead } = incoming.sketches;
        let (article, folded) = (incoming.article, incoming.folded);
        let rewording = (outline.verdict == Verdict::Revision)
            .then_some(outline.of)
            .flatten()
            .and_then(|before| Some(reword(&self.text(before, recall)?, &article.text)));
        let repeated = self
            .registry
            .article(outline.article)
            .and_then(|known| known.leader);
        let record = Remembered {
            seq,
            article: outline.article,
            revision: outline.revision,
            verdict: outline.verdict,
            of: outline.of,
            captured_at: incoming.captured_at,
            event,
            source: article.source.clone(),
            keys,
            content: incoming.content,
            entry_digest: article.entry_digest,
            tokens: folded.tokens().len() as u32,
            sketch: whole,
            lead,
            story: outline.story,
            terms: outline.terms,
        };
        self.take_in(&record);
        let joined = outline.of.zip(because.duplicate_of);
        let joined = joined.map(|(of, leader)| (of, leader, &because.evidence));
        let regroupings = self.regroupings(&record, &folded, joined, repeated, recall);
        self.recent.keep(
            seq,
            record.article,
            because.duplicate_of,
            article.text.clone(),
            recall,
        );
        // A version of a copy is a copy still while it resembles its leader.
        let duplicate_of = because.duplicate_of.or_else(|| {
            let leader = self.registry.article(record.article)?.leader?;
            Some(leader.1)
        });
        Decision::Judged(Box::new(Judged {
            article,
            record,
            duplicate_of,
            similarity: because.similarity,
            evidence: because.evidence,
            place,
            rewording,
            regroupings,
        }))
    }

    /// The text of a record, from memory or from the store.
    pub(crate) fn text<'a>(&'a self, seq: Seq, recall: &dyn Recall) -> Option<Cow<'a, str>> {
        match self.recent.text(seq) {
            Some(text) => Some(Cow::Borrowed(text)),
            None => recall.text(seq).map(Cow::Owned),
        }
    }

    /// The stream's own time.
    pub(crate) fn stream(&self) -> Timestamp {
        self.stream
    }
}

/// What is decided about a record beyond what the article itself says.
struct Outline {
    article: ArticleId,
    revision: u32,
    verdict: Verdict,
    of: Option<Seq>,
    story: StoryId,
    terms: TermVector,
}

/// What led to the decision about a record.
struct Because {
    duplicate_of: Option<ArticleId>,
    similarity: Option<f32>,
    evidence: Evidence,
}
