//! History: what a later version changed, in its words and in its company.
//!
//! Both are told once, by the record that brings the change, and kept beside it: nothing that was stored before changes,
//! so every state that ever was can be told from its lines.

use serde::{Deserialize, Serialize};

use crate::{ArticleId, Evidence, Seq};

/// A stretch in which two versions of a text differ; a word or two inside a long one may be common to both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordChange {
    /// The words of the earlier version, or their beginning and `…`; empty where words were put in.
    pub removed: String,
    /// The words of the later version, or their beginning and `…`; empty where words were taken out.
    pub added: String,
}

/// What a later version of a text has in place of which words of the earlier one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewording {
    /// The stretches that differ, in the order of the text; the last ones are left out where there are too many.
    pub changes: Vec<WordChange>,
    /// Stretches that are left out.
    pub left_out: u32,
    /// Words taken out, of the whole text.
    pub words_removed: u32,
    /// Words put in, of the whole text.
    pub words_added: u32,
}

/// What happened between a copy and its leader. Codes are only ever added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Regrouped {
    /// A new article was found to repeat the leader.
    Joined,
    /// A version of the copy no longer resembles the leader: from then on the copy is an article of its own.
    Left,
    /// A version of the leader no longer resembles the copy, which goes on repeating an earlier one.
    LeftBehind,
    /// A version of the leader resembles again a copy that the version before it had left behind.
    Returned,
}

impl Regrouped {
    /// The word for it, as `show` and `tail` print it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Left => "left",
            Self::LeftBehind => "left_behind",
            Self::Returned => "returned",
        }
    }
}

/// One line of the log of a leader's copies, told by the record that brought it about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Regrouping {
    /// What happened.
    pub what: Regrouped,
    /// The copy.
    pub copy: ArticleId,
    /// The copy's record at that time.
    pub version: Seq,
    /// The leader.
    pub leader: ArticleId,
    /// The leader's record that the copy repeated before; `None` when it repeated none.
    pub before: Option<Seq>,
    /// The leader's record that it repeats from then on; `None` when it repeats none.
    pub after: Option<Seq>,
    /// What was compared, and how alike it was.
    pub evidence: Evidence,
}
