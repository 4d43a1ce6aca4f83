//! Edits: what becomes of an article on its way from one publisher to another.
//!
//! In: an article. Out: the copy that another site would publish. Each kind names where it is met.

use unicode_normalization::UnicodeNormalization;

use crate::copydesk::dice::Dice;
use crate::copydesk::sentences::{count_words, join, paragraphs, sentences, spaced_words};
use crate::copydesk::{Press, Text};

/// A kind of edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Edit {
    /// Nothing is changed.
    Verbatim,
    /// Another headline, repeated as the first line of the text.
    Headline,
    /// Another opening paragraph.
    Lead,
    /// So many sentences of a hundred dropped.
    Dropped(u8),
    /// The lower part cut off: six words of ten are kept.
    CutBelow,
    /// A paragraph of its own added.
    Added,
    /// So many words of a hundred, as counted between spaces, replaced by plausible ones; elided articles stay.
    Words(u8),
    /// The paragraphs in another order.
    Shuffled,
    /// The first third, to the end of its sentence.
    FirstThird,
    /// So many opening words and an ellipsis.
    Teaser(u8),
    /// Other quotation marks, apostrophes, dashes, spaces, ligatures and capitals.
    Typography,
    /// Accents as combining marks (Unicode NFD).
    Decomposed,
    /// A publisher's lines around the text.
    Boilerplate,
    /// A publisher's links between the paragraphs.
    Links,
    /// Inside a longer text.
    Embedded,
    /// An agency's text made one's own: opening rewritten, paragraphs reordered, sentences dropped, words replaced.
    Rewired,
}

/// Sentences that a rewired text loses, of a hundred: between the light and the heavy cuts of [`Edit::Dropped`].
const REWIRED_DROPPED: usize = 20;
/// Words that it has replaced, of a hundred: between a corrector's and a rewriter's share of [`Edit::Words`].
const REWIRED_WORDS: usize = 7;

impl Edit {
    /// Every kind, in the order of tables.
    pub const ALL: [Self; 23] = [
        Self::Verbatim,
        Self::Typography,
        Self::Decomposed,
        Self::Headline,
        Self::Lead,
        Self::Boilerplate,
        Self::Links,
        Self::Dropped(10),
        Self::Dropped(20),
        Self::Dropped(30),
        Self::Dropped(40),
        Self::Dropped(50),
        Self::CutBelow,
        Self::Added,
        Self::Shuffled,
        Self::Embedded,
        Self::FirstThird,
        Self::Teaser(50),
        Self::Teaser(25),
        Self::Words(3),
        Self::Words(10),
        Self::Words(20),
        Self::Rewired,
    ];

    /// What tables call it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Verbatim => "verbatim".into(),
            Self::Headline => "headline".into(),
            Self::Lead => "lead rewritten".into(),
            Self::Dropped(share) => format!("{share} % of sentences dropped"),
            Self::CutBelow => "lower part cut".into(),
            Self::Added => "paragraph added".into(),
            Self::Words(share) => format!("{share} % of words replaced"),
            Self::Shuffled => "paragraphs shuffled".into(),
            Self::FirstThird => "first third".into(),
            Self::Teaser(count) => format!("{count}-word teaser"),
            Self::Typography => "typography".into(),
            Self::Decomposed => "NFD".into(),
            Self::Boilerplate => "boilerplate around".into(),
            Self::Links => "links between".into(),
            Self::Embedded => "inside a longer text".into(),
            Self::Rewired => "full rewire".into(),
        }
    }

    /// Where it is met.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Verbatim => {
                "titles of one group print each other's articles; aggregators and portals take them over whole"
            }
            Self::Headline => {
                "desks write their own headline, and many systems repeat it at the top of the text in the feed"
            }
            Self::Lead => {
                "the usual courtesy to an agency's text: a first paragraph of one's own, the rest as delivered"
            }
            Self::Dropped(_) => {
                "texts are fitted to a page: sentences go until it fits, a few of them or half"
            }
            Self::CutBelow => {
                "agencies write so that a text can be cut from below, and print editions cut it there"
            }
            Self::Added => "a local paragraph, or what happened since, joins the agency's text",
            Self::Words(3) => "a corrector's changes: house style, names, figures brought up to date",
            Self::Words(_) => {
                "synonyms put in by hand or by rewriting programs, to pass for a text of one's own"
            }
            Self::Shuffled => "the order of paragraphs is changed to bring another aspect to the top",
            Self::FirstThird => "the free part of an article that subscribers read whole",
            Self::Teaser(_) => {
                "what feeds and portals show of an article; WordPress cuts at 55 words by default"
            }
            Self::Typography => {
                "content systems differ in quotation marks, apostrophes, spaces before marks, ligatures, capitals"
            }
            Self::Decomposed => {
                "texts that passed through macOS file names or old converters have their accents decomposed"
            }
            Self::Boilerplate => {
                "notices, calls to subscribe and copyright lines stay around a text where extraction misses them"
            }
            Self::Links => "\"read also\" lines stand between the paragraphs of most French sites",
            Self::Embedded => "live pages, reviews of the press and Sunday digests hold whole articles",
            Self::Rewired => {
                "what is left of an agency's text that a desk has worked on: all of the above, each a little"
            }
        }
    }

    /// The copy number `number` of an article.
    #[must_use]
    pub fn apply(self, press: &Press, base: &Text, number: u64) -> Text {
        let mut dice = Dice::new("edit", number.wrapping_mul(64).wrapping_add(self.tag()));
        let body = &base.body;
        let body = match self {
            Self::Verbatim => body.clone(),
            Self::Headline => {
                let title = other_headline(press, &mut dice);
                let body = format!("{title}\n\n{body}");
                return Text { title, body };
            }
            Self::Lead => with_another_lead(press, body, &mut dice),
            Self::Dropped(share) => without_sentences(body, usize::from(share), &mut dice),
            Self::CutBelow => opening(body, count_words(body) * 6 / 10),
            Self::Added => with_a_paragraph(press, body, &mut dice),
            Self::Words(share) => with_other_words(press, body, usize::from(share), &mut dice),
            Self::Shuffled => shuffled(body, 0, &mut dice),
            Self::FirstThird => opening(body, count_words(body) / 3),
            Self::Teaser(count) => teaser(body, usize::from(count)),
            Self::Typography => other_typography(body, &mut dice),
            Self::Decomposed => body.nfd().collect(),
            Self::Boilerplate => press.with_boilerplate(body, dice.draw()),
            Self::Links => with_links(press, body, &mut dice),
            Self::Embedded => embedded(press, body, &mut dice),
            Self::Rewired => {
                let body = with_another_lead(press, body, &mut dice);
                let body = shuffled(&body, 1, &mut dice);
                let body = without_sentences(&body, REWIRED_DROPPED, &mut dice);
                with_other_words(press, &body, REWIRED_WORDS, &mut dice)
            }
        };
        Text {
            title: base.title.clone(),
            body,
        }
    }

    /// A number of its own for each kind, so that two edits of one copy draw apart.
    fn tag(self) -> u64 {
        Self::ALL
            .iter()
            .position(|edit| *edit == self)
            .map_or(63, |place| place as u64)
    }
}

/// A paragraph about something else, in the words of another desk.
fn foreign_paragraph(press: &Press, dice: &mut Dice) -> String {
    let text = press.article("renfort", dice.draw());
    paragraphs(&text.body)
        .first()
        .copied()
        .unwrap_or_default()
        .to_owned()
}

fn other_headline(press: &Press, dice: &mut Dice) -> String {
    press.article("titraille", dice.draw()).title
}

fn with_another_lead(press: &Press, body: &str, dice: &mut Dice) -> String {
    let lead = foreign_paragraph(press, dice);
    let mut all = paragraphs(body);
    match all.first_mut() {
        Some(first) => *first = &lead,
        None => return lead,
    }
    all.join("\n\n")
}

fn with_a_paragraph(press: &Press, body: &str, dice: &mut Dice) -> String {
    let added = foreign_paragraph(press, dice);
    let mut all = paragraphs(body);
    all.insert(dice.below(all.len() + 1), &added);
    all.join("\n\n")
}

/// Drops a share of the sentences, rounded; the last one that is left stays.
fn without_sentences(body: &str, percent: usize, dice: &mut Dice) -> String {
    let mut all = sentences(body);
    let count: usize = all.iter().map(Vec::len).sum();
    let wanted = ((count * percent + 50) / 100).min(count.saturating_sub(1));
    let dropped = dice.positions(wanted, count);
    let mut place = 0;
    for paragraph in &mut all {
        paragraph.retain(|_| {
            place += 1;
            dropped.binary_search(&(place - 1)).is_err()
        });
    }
    join(&all)
}

/// Replaces a share of the words, rounded, each by another. Words are counted between spaces; of `l'enquête` the last part is
/// replaced.
fn with_other_words(press: &Press, body: &str, percent: usize, dice: &mut Dice) -> String {
    let spaced = spaced_words(body);
    let wanted = (spaced.len() * percent + 50) / 100;
    let mut edited = String::with_capacity(body.len());
    let mut end = 0;
    for place in dice.positions(wanted, spaced.len()) {
        let Some((start, stop)) = spaced.get(place).copied() else {
            continue;
        };
        edited.push_str(body.get(end..start).unwrap_or_default());
        let word = body.get(start..stop).unwrap_or_default();
        edited.push_str(&press.lexicon.instead_of(word, dice));
        end = stop;
    }
    edited.push_str(body.get(end..).unwrap_or_default());
    edited
}

/// Another order of the paragraphs from the one at `from`; where there are two, always another one.
fn shuffled(body: &str, from: usize, dice: &mut Dice) -> String {
    let mut all = paragraphs(body);
    if let Some(rest) = all.get_mut(from..)
        && rest.len() > 1
    {
        let before = rest.to_vec();
        dice.shuffle(rest);
        if *rest == *before {
            rest.rotate_left(1);
        }
    }
    all.join("\n\n")
}

/// The opening: at least so many words, to the end of the sentence.
fn opening(body: &str, wanted: usize) -> String {
    let mut kept: Vec<Vec<&str>> = Vec::new();
    let mut count = 0;
    for paragraph in sentences(body) {
        let mut sentences = Vec::new();
        for sentence in paragraph {
            if count >= wanted {
                break;
            }
            count += count_words(sentence);
            sentences.push(sentence);
        }
        kept.push(sentences);
    }
    join(&kept)
}

/// So many words, as a reader counts them between spaces, and an ellipsis.
fn teaser(body: &str, wanted: usize) -> String {
    let mut count = 0;
    let mut opening: Vec<&str> = Vec::new();
    for piece in body.split_whitespace() {
        if piece.contains(char::is_alphanumeric) {
            count += 1;
        }
        if count > wanted {
            break;
        }
        opening.push(piece);
    }
    format!("{}…", opening.join(" "))
}

fn other_typography(body: &str, dice: &mut Dice) -> String {
    let straight = dice.chance(50);
    let mut edited = String::with_capacity(body.len() + 100);
    for c in body.chars() {
        match c {
            '\'' => edited.push('’'),
            '’' => edited.push('\''),
            '«' | '»' => {
                edited.push(match (straight, c == '«') {
                    (true, _) => '"',
                    (false, true) => '“',
                    (false, false) => '”',
                });
            }
            '…' => edited.push_str("..."),
            '–' | '—' => edited.push('-'),
            'œ' => edited.push_str("oe"),
            'Œ' => edited.push_str("OE"),
            'É' | 'È' | 'Ê' => edited.push('E'),
            'À' | 'Â' => edited.push('A'),
            'Ç' => edited.push('C'),
            '\u{a0}' => edited.push('\u{202f}'),
            ':' | ';' | '!' | '?' if edited.ends_with(' ') => {
                edited.pop();
                edited.push('\u{a0}');
                edited.push(c);
            }
            c => edited.push(c),
        }
    }
    edited
}

fn with_links(press: &Press, body: &str, dice: &mut Dice) -> String {
    let mut edited: Vec<String> = Vec::new();
    for (place, paragraph) in paragraphs(body).into_iter().enumerate() {
        // Sites put one behind every second or third paragraph.
        if place > 0 && place % 3 == 2 {
            let line = dice.pick(&press.boilerplate.between).cloned().unwrap_or_default();
            edited.push(line.replace("{titre}", &other_headline(press, dice)));
        }
        edited.push(paragraph.to_owned());
    }
    edited.join("\n\n")
}

/// Between two other texts, which together are longer than it.
fn embedded(press: &Press, body: &str, dice: &mut Dice) -> String {
    let long = count_words(body) * 3 / 5 + 20;
    let mut around = || press.article_of("revue", dice.draw(), long).body;
    let (before, after) = (around(), around());
    format!("{before}\n\n{body}\n\n{after}")
}
