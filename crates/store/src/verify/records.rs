//! What a line of the change log asks for: the rows of a record, a sighting or a rejection.

use depeche_model::{ArticleId, Digest, Place, Remembered, Rewording, Seq, Sighting, Sketch, Verdict};
use jiff::Timestamp;

use super::{Check, Held, RowName};
use crate::keys;
use crate::rows::{ArticleRow, DeadRow, GroupRow, PlaceRow};
use crate::verify::Fault;

impl Check<'_> {
    /// The rows of an article: itself, its text, what is remembered of it, and where it is listed.
    pub(super) fn record(&mut self, seq: Seq) {
        self.checked.articles += 1;
        let (row, there) = self.need::<ArticleRow>(&keys::by_seq(keys::ARTICLE, seq));
        self.found.articles += u64::from(there);
        let (text, there) = self.need::<String>(&keys::by_seq(keys::TEXT, seq));
        self.found.texts += u64::from(there);
        let (memory, there) = self.need::<Remembered>(&keys::by_seq(keys::MEMORY, seq));
        self.found.memories += u64::from(there);
        if let (Some(text), Some(memory)) = (&text, &memory) {
            self.sketches(seq, text, memory);
        }
        let Some(row) = row else {
            self.records_are_whole = false;
            return;
        };
        *self.counted.verdicts.entry(row.verdict).or_default() += 1;
        if let Some(memory) = &memory {
            self.compare_memory(seq, &row, memory);
            let content = text
                .as_ref()
                .map(|text| Digest::of([row.article.title.as_bytes(), text.as_bytes()]));
            if content.is_some_and(|content| content != memory.content) {
                self.differs(
                    RowName::Text(seq),
                    "title and text do not have the digest that is remembered of them",
                );
            }
        }
        self.is_kept(&row, seq);
        self.lineage(seq, &row);
        self.listings(seq, &row);
        self.history(seq, &row);
        let place = Place {
            source: row.article.source.clone(),
            feed_url: row.article.feed_url.clone(),
            url: row.article.url.clone(),
            seen_at: row.captured_at,
        };
        let leader = row.duplicate_of.filter(|leader| *leader != row.id);
        for article in [Some(row.id), leader].into_iter().flatten() {
            self.place(article, seq, &place, Some(row.verdict));
        }
    }

    /// A record of before sketches were kept by themselves has them for good.
    fn sketches(&mut self, seq: Seq, text: &str, memory: &Remembered) {
        if memory.sketch == Sketch::default() && memory.lead == Sketch::default() {
            return;
        }
        let (whole, lead) = (self.sketch)(text);
        if whole != memory.sketch || lead != memory.lead {
            self.differs(RowName::Memory(seq), "its sketches are not those of the text");
        }
    }

    fn compare_memory(&mut self, seq: Seq, row: &ArticleRow, memory: &Remembered) {
        let url = row.article.canonical_url.as_ref();
        let same = [
            ("number", memory.seq == seq),
            ("article", memory.article == row.id),
            ("revision", memory.revision == row.revision),
            ("verdict", memory.verdict == row.verdict),
            ("predecessor or leader", memory.of == row.of),
            ("story", memory.story == row.story),
            ("time", memory.captured_at == row.captured_at),
            ("source", memory.source == row.article.source),
            ("entry digest", memory.entry_digest == row.article.entry_digest),
            (
                "canonical address",
                url.is_none_or(|url| {
                    let same = |key: &depeche_model::Key| matches!(key, depeche_model::Key::Url(known) if known == url);
                    memory.keys.iter().any(same)
                }),
            ),
        ];
        for (what, _) in same.iter().filter(|(_, same)| !same) {
            self.differs(RowName::Memory(seq), format!("its {what} is not the article's"));
        }
    }

    /// What comes before: nothing for a new article, the earlier revision, the leader of a duplicate.
    fn lineage(&mut self, seq: Seq, row: &ArticleRow) {
        let mut wrong = Vec::new();
        let of = row
            .of
            .map(|of| (of, self.peek::<Remembered>(&keys::by_seq(keys::MEMORY, of))));
        let is_earlier = row.of.is_none_or(|of| of < seq);
        match (row.verdict, of) {
            (Verdict::New, None) if row.revision == 1 && row.duplicate_of.is_none() => {}
            (Verdict::New, _) => wrong.push("it is new and has an earlier revision or a leader".to_owned()),
            (Verdict::Revision, Some((of, Held::Row(earlier)))) => {
                let is_next = earlier.revision.checked_add(1) == Some(row.revision);
                if earlier.article != row.id || !is_next || !is_earlier {
                    wrong.push(format!(
                        "record {of}, which it revises, is not its revision before"
                    ));
                }
                if earlier.story != row.story {
                    wrong.push(format!("its story is not that of record {of}, which it revises"));
                }
            }
            (verdict, Some((of, Held::Row(leader)))) if verdict.is_duplicate() => {
                if row.duplicate_of != Some(leader.article) || row.revision != 1 || !is_earlier {
                    wrong.push(format!(
                        "record {of}, which it repeats, is not of the article it repeats"
                    ));
                }
            }
            // Reported where that record stands.
            (_, Some((_, Held::Unreadable(_)))) => {}
            (_, Some((of, _))) => wrong.push(format!("record {of}, which it revises or repeats, is missing")),
            (verdict, None) => wrong.push(format!("it is `{}` of no record", verdict.as_str())),
        }
        let first_seen_at = match row.revision {
            1 => Some(row.captured_at),
            _ => self.first_seen_at(row.id),
        };
        if first_seen_at.is_some_and(|at| at != row.first_seen_at) {
            wrong.push("the time it was first seen is not that of its first revision".to_owned());
        }
        for why in wrong {
            self.differs(RowName::Article(seq), why);
        }
    }

    fn first_seen_at(&self, id: ArticleId) -> Option<Timestamp> {
        let first: Seq = self.peek(&keys::revision(id, 1)).row()?;
        let first: ArticleRow = self.peek(&keys::by_seq(keys::ARTICLE, first)).row()?;
        Some(first.first_seen_at)
    }

    /// Where an article is listed: under its id and in its story.
    fn listings(&mut self, seq: Seq, row: &ArticleRow) {
        let name = RowName::Revision(row.id, row.revision);
        match self.need::<Seq>(&keys::revision(row.id, row.revision)) {
            (Some(listed), _) if listed != seq => {
                self.differs(name, format!("it leads to record {listed} and not to {seq}"));
            }
            (_, there) => self.found.revisions += u64::from(there),
        }
        let name = RowName::StoryMember(row.story, seq);
        let (member, there) = self.need::<ArticleId>(&keys::story_member(row.story, seq));
        self.found.members += u64::from(there);
        if member.is_some_and(|member| member != row.id) {
            self.differs(name, format!("it names another article than record {seq}"));
        }
    }

    /// What stands beside an article that changed something: its words, or which copies a leader has.
    fn history(&mut self, seq: Seq, row: &ArticleRow) {
        if row.has_rewording {
            let (_, there) = self.need::<Rewording>(&keys::by_seq(keys::REWORDING, seq));
            self.found.rewordings += u64::from(there);
            if row.verdict != Verdict::Revision {
                self.differs(RowName::Article(seq), "it has a rewording and is no revision");
            }
        }
        let Some(leader) = row.regrouped else {
            return;
        };
        let key = keys::regrouping(leader, seq);
        let (group, there) = self.need::<GroupRow>(&key);
        self.found.regroupings += u64::from(there);
        let Some(GroupRow { lines }) = group else {
            return;
        };
        // The record's own article is one of the two; a copy that it speaks of is known by an earlier record, or this one.
        let is_told = |line: &depeche_model::Regrouping| {
            line.leader == leader
                && (leader == row.id || (line.copy == row.id && line.version == seq))
                && line.version <= seq
                && line.before.is_some() != line.after.is_some()
        };
        if lines.is_empty() || !lines.iter().all(is_told) {
            self.differs(RowName::of(&key), format!("it is not what record {seq} can tell"));
        }
    }

    /// A place that a record or a sighting told: kept under its own number, or known from an earlier one.
    fn place(&mut self, article: ArticleId, seq: Seq, place: &Place, verdict: Option<Verdict>) {
        let key = keys::place(article, seq);
        match self.read::<PlaceRow>(&key) {
            Held::Row(kept) => {
                self.found.places += 1;
                if kept.place != *place || kept.verdict != verdict {
                    self.differs(RowName::of(&key), format!("it is not the place that {seq} tells"));
                }
            }
            Held::Unreadable(_) => self.found.places += 1,
            Held::Missing => {
                if !self.is_known_earlier(article, seq, place) {
                    self.report(RowName::of(&key), Fault::Missing);
                }
            }
        }
    }

    fn is_known_earlier(&mut self, article: ArticleId, seq: Seq, place: &Place) -> bool {
        let mut rows = self.store.range(keys::places(article)..keys::place(article, seq));
        loop {
            match rows.next().transpose() {
                Ok(Some((key, bytes))) => match self.store.row::<PlaceRow>(&key, &bytes) {
                    Ok(known) if known.place.is_same_place(place) => return true,
                    // An unreadable place is reported where it stands, and may be this one.
                    Err(_) => return true,
                    Ok(_) => {}
                },
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    /// The row of a sighting, the record it met again, and the place it told.
    pub(super) fn sighting(&mut self, seq: Seq) {
        self.checked.sightings += 1;
        let (sighting, there) = self.need::<Sighting>(&keys::by_seq(keys::SIGHTING, seq));
        self.found.sightings += u64::from(there);
        let Some(sighting) = sighting else {
            self.records_are_whole = false;
            return;
        };
        let name = RowName::Sighting(seq);
        if sighting.seq != seq {
            self.differs(
                name.clone(),
                format!("it says that its number is {}", sighting.seq),
            );
        }
        match self.peek::<Remembered>(&keys::by_seq(keys::MEMORY, sighting.of)) {
            Held::Row(met) if met.article == sighting.article && sighting.of < seq => {}
            // Reported where that record stands.
            Held::Unreadable(_) => {}
            Held::Row(_) => self.differs(
                name,
                format!("record {} is not of the article it met", sighting.of),
            ),
            Held::Missing => self.differs(name, format!("record {}, which it met, is missing", sighting.of)),
        }
        match &sighting.place {
            Some(place) => {
                self.counted.sightings += 1;
                self.place(sighting.article, seq, place, None);
            }
            None => self.counted.unchanged += 1,
        }
    }

    /// The row of a rejection.
    pub(super) fn rejection(&mut self, seq: Seq) {
        self.checked.rejections += 1;
        let (dead, there) = self.need::<DeadRow>(&keys::by_seq(keys::DEAD, seq));
        self.found.rejections += u64::from(there);
        match dead {
            Some(dead) => {
                let code = dead.rejection.reason.code().to_owned();
                *self.counted.rejected.entry(code).or_default() += 1;
            }
            None => self.records_are_whole = false,
        }
    }
}
