//! What is kept for a restart: every row fits the record it is of, and every record whose days are not over has its rows.
//!
//! Which texts are posted is the deduplicator's business, so a missing sketch is missed by the count of rows alone.

use depeche_model::{KnownArticle, PostedText, RefusedEntry, StoryPart, StreamDay, Verdict};

use super::{Check, Fault, Held, Numbers, RowName, in_words};
use crate::kept::{Counts, Kept};
use crate::keys;
use crate::rows::{ArticleRow, DeadRow};

/// What the kept rows are of.
#[derive(Default)]
pub(super) struct KeptOf {
    /// From when on rows are asked for; `None` where none are kept.
    kept: Option<Kept>,
    /// Records of which a row says that they are the latest of their article.
    latest: Numbers,
    /// Records that added something to a story.
    parts: Numbers,
}

impl Check<'_> {
    /// Compares every row with the record it is of.
    pub(super) fn kept_rows(&mut self) {
        let kept = match in_words(self.store.kept()) {
            Ok(kept) => kept,
            Err(why) => {
                self.report(RowName::Kept, Fault::Unreadable { why });
                None
            }
        };
        let Some(kept) = kept else { return };
        self.kept.kept = Some(kept);
        let mut counted = Counts::default();
        for (kind, from) in kept.kinds() {
            self.list(kind, &mut |check, key, bytes| {
                *counted.of(kind) += 1;
                let is_past = *key < *keys::day(kind, from);
                match kind {
                    keys::KNOWN => check.known(key, bytes, is_past),
                    keys::REFUSED => check.refused(key, bytes),
                    keys::POSTED => check.posted(key, bytes),
                    _ => check.part(key, bytes, is_past),
                }
            });
        }
        for (what, says, counted) in [
            ("known articles", kept.counts.known, counted.known),
            ("refused entries", kept.counts.refused, counted.refused),
            ("posted texts", kept.counts.posted, counted.posted),
            ("additions to stories", kept.counts.parts, counted.parts),
        ] {
            if says != counted {
                self.differs(
                    RowName::Kept,
                    format!("{what}: it says {says}, there are {counted}"),
                );
            }
        }
    }

    /// A record without a row that is still asked for.
    pub(super) fn is_kept(&mut self, row: &ArticleRow, seq: depeche_model::Seq) {
        let Some(kept) = self.kept.kept else { return };
        // The stream's day is the capture's or a later one.
        let day = StreamDay::from(row.captured_at);
        let is_latest = || {
            let next = keys::revision(row.id, row.revision.saturating_add(1));
            matches!(self.store.raw(&next), Ok(None))
        };
        if day >= kept.horizon.known && !self.kept.latest.contains(seq.0) && is_latest() {
            self.report(RowName::Known(row.id), Fault::Missing);
        }
        if row.verdict == Verdict::New && day >= kept.horizon.parts && !self.kept.parts.contains(seq.0) {
            self.report(RowName::StoryPart(seq), Fault::Missing);
        }
    }

    fn known(&mut self, key: &[u8], bytes: &sled::IVec, is_past: bool) {
        let Some(known) = self.listed::<KnownArticle>(key, bytes) else {
            return;
        };
        let name = RowName::Known(known.article);
        if *key != *keys::known(known.met.into(), known.article) {
            self.differs(name.clone(), "its key is that of another article or day");
        }
        if !is_past {
            self.kept.latest.insert(known.latest.0);
        }
        match self.peek::<ArticleRow>(&keys::by_seq(keys::ARTICLE, known.latest)) {
            Held::Row(row) => {
                let same = [
                    ("article", row.id == known.article),
                    ("revision", row.revision == known.revision),
                    ("story", row.story == known.story),
                    ("verdict", row.verdict == known.verdict),
                ];
                self.compare(&name, &same);
            }
            Held::Missing => self.stray(name, format!("record {} is not there", known.latest)),
            // Reported where that record stands.
            Held::Unreadable(_) => {}
        }
    }

    fn refused(&mut self, key: &[u8], bytes: &sled::IVec) {
        let Some(refused) = self.listed::<RefusedEntry>(key, bytes) else {
            return;
        };
        let name = RowName::Refused(refused.seq);
        if *key != *keys::on_day(keys::REFUSED, refused.met.into(), refused.seq) {
            self.differs(name.clone(), "its key is that of another rejection or day");
        }
        match self.peek::<DeadRow>(&keys::by_seq(keys::DEAD, refused.seq)) {
            Held::Row(dead) => self.compare(&name, &[("digest", dead.rejection.digest == refused.digest)]),
            Held::Missing => self.stray(name, format!("rejection {} is not there", refused.seq)),
            Held::Unreadable(_) => {}
        }
    }

    fn posted(&mut self, key: &[u8], bytes: &sled::IVec) {
        let Some(posted) = self.listed::<PostedText>(key, bytes) else {
            return;
        };
        let name = RowName::Posted(posted.seq);
        if *key != *keys::on_day(keys::POSTED, posted.since.into(), posted.seq) {
            self.differs(name.clone(), "its key is that of another record or day");
        }
        match self.peek::<ArticleRow>(&keys::by_seq(keys::ARTICLE, posted.seq)) {
            Held::Row(row) => {
                let same = [
                    ("article", row.id == posted.article),
                    ("time", row.captured_at == posted.captured_at),
                    ("source", row.article.source == posted.source),
                ];
                self.compare(&name, &same);
            }
            Held::Missing => self.stray(name.clone(), format!("record {} is not there", posted.seq)),
            Held::Unreadable(_) => {}
        }
        if let Held::Row(text) = self.peek::<String>(&keys::by_seq(keys::TEXT, posted.seq))
            && (self.sketch)(&text) != (posted.sketch, posted.lead)
        {
            self.differs(name, "its sketches are not those of the text");
        }
    }

    fn part(&mut self, key: &[u8], bytes: &sled::IVec, is_past: bool) {
        let Some(part) = self.listed::<StoryPart>(key, bytes) else {
            return;
        };
        let name = RowName::StoryPart(part.seq);
        if *key != *keys::on_day(keys::STORY_PART, part.added_at.into(), part.seq) {
            self.differs(name.clone(), "its key is that of another record or day");
        }
        if !is_past {
            self.kept.parts.insert(part.seq.0);
        }
        match self.peek::<ArticleRow>(&keys::by_seq(keys::ARTICLE, part.seq)) {
            Held::Row(row) => {
                let same = [
                    ("article", row.id == part.article),
                    ("story", row.story == part.story),
                    ("verdict", row.verdict == part.verdict),
                ];
                self.compare(&name, &same);
            }
            Held::Missing => self.stray(name, format!("record {} is not there", part.seq)),
            Held::Unreadable(_) => {}
        }
    }

    fn compare(&mut self, name: &RowName, same: &[(&str, bool)]) {
        for (what, _) in same.iter().filter(|(_, same)| !same) {
            self.differs(name.clone(), format!("its {what} is not the record's"));
        }
    }
}
