//! What can be chosen.

use jiff::SignedDuration;

use crate::aliases::Aliases;

/// The deduplicator's options. All windows are measured in the captures' time.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a text can be recognised in a changed copy.
    pub near_window: SignedDuration,
    /// How far apart the articles of one story may be.
    pub story_window: SignedDuration,
    /// Names with several spellings.
    pub aliases: Aliases,
    /// Texts kept for recognising changed copies, at most; the oldest are forgotten first, even inside the window.
    pub max_texts: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            near_window: SignedDuration::from_hours(14 * 24),
            story_window: SignedDuration::from_hours(72),
            aliases: Aliases::built_in(),
            // Three times what a day of 20,000 leaders makes of the near window. At 0.45 kB each (`cargo bench --bench
            // stream`), a bound of 450 MB.
            max_texts: 1_000_000,
        }
    }
}

/// How long guids, addresses and folded bodies are remembered after they were last met: longer than feeds
/// keep their entries.
pub(crate) const KEY_WINDOW: SignedDuration = SignedDuration::from_hours(90 * 24);
