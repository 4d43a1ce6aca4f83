//! The words of depeche as types.
//!
//! Every crate speaks in these: what came from outside is a [`Capture`], what a publisher wrote in a feed is an
//! [`Entry`], what is left after normalising is an [`Article`], what the deduplicator decided is a
//! [`Judged`] article with a [`Verdict`], and what travels between two stages is a [`Delivery`].
//!
//! Nothing here reads a clock, a disk or a socket. Modules are listed in the order of the flow.

mod digest;

mod address;
mod clock;
mod ids;

mod capture;
mod content_encoding;
mod feed;

mod entry;

mod article;
mod warning;

mod sketch;
mod verdict;

mod history;
mod kept;

mod delivery;
mod flow;

pub use address::{comparing_form, without_www};
pub use article::{Article, ContentFrom, Precision, Published, Table};
pub use capture::{Capture, CaptureKind, CaptureRef, Header, HttpAnswer, PageOrder, Payload, Validators};
pub use clock::{Clock, SystemClock};
pub use content_encoding::{
    BodyDecoder, DecodeError, DecodeLimits, Decoded, RATIO_FREE_BYTES, decode_body, is_gzip,
};
pub use delivery::{Delivery, Outcome, panic_message};
pub use digest::{Digest, Hasher};
pub use entry::Entry;
pub use feed::{FetchRecord, PagePolicy, PollOutcome, PollReport, Timings};
pub use flow::{Decided, Decision, Journaled, Normalized, Output, Position, Rejection, RejectionReason};
pub use history::{Regrouped, Regrouping, Rewording, WordChange};
pub use ids::{ArticleId, CaptureId, ParseIdError, Seq, StoryId};
pub use kept::{
    Horizon, Keep, Keeping, KnownArticle, KnownBody, PostedText, RefusedEntry, StoryPart, StreamDay,
};
pub use sketch::{Sketch, TermVector};
pub use verdict::{Evidence, Judged, Key, Place, Remembered, Rule, Sighting, Verdict};
pub use warning::{Warning, WarningCode};
