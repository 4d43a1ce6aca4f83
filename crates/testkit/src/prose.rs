//! Invented French news: each article a pure function of a seed and a number.
//!
//! The words are ordinary and the names invented, so language detection, tokenising and stemming meet plausible text.
//! Two articles share next to no sequence of four words, so nothing here is a duplicate of anything else unless a test
//! makes it one.

mod words;

/// An invented article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prose {
    /// The headline.
    pub title: String,
    /// Paragraphs, 150 to 400 words in all. A short one without a full stop is a subheading.
    pub paragraphs: Vec<String>,
    /// The writer's name.
    pub author: String,
    /// The town it is about.
    pub place: String,
}

impl Prose {
    /// The paragraphs separated by blank lines.
    #[must_use]
    pub fn text(&self) -> String {
        self.paragraphs.join("\n\n")
    }

    /// The first `words` words, with an ellipsis: what a feed shows of a page.
    #[must_use]
    pub fn teaser(&self, words: usize) -> String {
        let text = self.text();
        let opening: Vec<&str> = text.split_whitespace().take(words).collect();
        format!("{}…", opening.join(" "))
    }
}

/// The article number `n` of the stream named `seed`.
#[must_use]
pub fn article(seed: &str, n: u64) -> Prose {
    let mut pen = Pen::new(seed, n);
    let title = pen.title();
    let place = pen.home.clone();
    let author = pen.person().0;
    let wanted = 150 + pen.below(200);
    let mut paragraphs: Vec<String> = Vec::new();
    let mut count = 0;
    while count < wanted {
        if paragraphs.len() % 4 == 3 {
            paragraphs.push(pen.pick(words::HEADINGS).to_owned());
        }
        let sentences: Vec<String> = (0..2 + pen.below(2)).map(|_| pen.sentence()).collect();
        let paragraph = sentences.join(" ");
        count += paragraph.split_whitespace().count();
        paragraphs.push(paragraph);
    }
    Prose {
        title,
        paragraphs,
        author,
        place,
    }
}

/// A number in 0–2^64 that depends on a text and a number alone (FNV-1a, then the `SplitMix64` finish).
#[must_use]
pub fn mix(text: &str, n: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes().chain(n.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    finish(hash)
}

/// The output step of `SplitMix64` (Steele, Lea and Flood, 2014).
fn finish(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gender {
    Masculine,
    Feminine,
}

/// Writes one article; what it chose before keeps the grammar of what follows.
struct Pen {
    state: u64,
    home: String,
    /// The gender of the latest thing, for an adjective or participle that refers to it.
    latest: Gender,
    /// The gender of the latest person.
    latest_person: Gender,
    latest_frame: usize,
}

impl Pen {
    fn new(seed: &str, n: u64) -> Self {
        let mut pen = Self {
            state: mix(seed, n),
            home: String::new(),
            latest: Gender::Masculine,
            latest_person: Gender::Masculine,
            latest_frame: usize::MAX,
        };
        pen.home = pen.place();
        pen
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        finish(self.state)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn pick(&mut self, list: &'static str) -> &'static str {
        let index = self.below(list.split('|').count());
        list.split('|').nth(index).unwrap_or_default()
    }

    fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn place(&mut self) -> String {
        let (head, middle, end) = (
            self.pick(words::HEADS),
            self.pick(words::MIDDLES),
            self.pick(words::PLACE_ENDS),
        );
        format!("{head}{middle}{end}")
    }

    /// A person's name and gender.
    fn person(&mut self) -> (String, Gender) {
        let gender = if self.coin() {
            Gender::Masculine
        } else {
            Gender::Feminine
        };
        (self.name(gender), gender)
    }

    fn name(&mut self, gender: Gender) -> String {
        let first = self.pick(match gender {
            Gender::Masculine => words::MEN,
            Gender::Feminine => words::WOMEN,
        });
        let (head, middle, end) = (
            self.pick(words::HEADS),
            self.pick(words::MIDDLES),
            self.pick(words::FAMILY_ENDS),
        );
        self.latest_person = gender;
        format!("{first} {head}{middle}{end}")
    }

    fn adjective(&mut self) -> &'static str {
        let both = self.pick(words::ADJECTIVES);
        inflect(both, self.latest)
    }

    /// A thing with its article, and an adjective two times of three.
    fn thing(&mut self) -> String {
        let thing = self.pick(words::THINGS);
        self.latest = gender_of(thing);
        if self.below(3) == 0 {
            thing.to_owned()
        } else {
            format!("{thing} {}", self.adjective())
        }
    }

    /// Why, for whom or against what.
    fn reason(&mut self) -> String {
        // The latest thing stays the one before: what follows agrees with that.
        let latest = self.latest;
        let what = if self.below(3) == 0 {
            self.pick(words::BODIES).to_owned()
        } else {
            self.thing()
        };
        self.latest = latest;
        if self.coin() {
            format!("{} {what}", self.pick(words::LINKS))
        } else {
            format!("{} {}", self.pick(words::LINKS_DE), of(&what))
        }
    }

    /// A participle in the gender of the latest thing.
    fn agreed(&mut self) -> String {
        let deed = self.pick(words::DEEDS);
        match self.latest {
            Gender::Masculine => deed.to_owned(),
            Gender::Feminine => format!("{deed}e"),
        }
    }

    fn number(&mut self) -> String {
        let number = 11 + self.below(978);
        if self.below(4) == 0 {
            format!("{} {:03}", 1 + number / 90, number)
        } else {
            number.to_string()
        }
    }

    fn title(&mut self) -> String {
        let home = self.home.clone();
        let (thing, body, deed) = (self.thing(), self.pick(words::BODIES), self.pick(words::DEEDS));
        let title = match self.below(3) {
            0 => format!("{home} : {body} a {deed} {thing}"),
            1 => format!("{thing} {}, à {home}, {}", of(body), self.reason()),
            _ => format!("à {home}, {thing} fait débat {}", self.pick(words::TIMES)),
        };
        capitalised(&title)
    }

    fn sentence(&mut self) -> String {
        // Never the same frame twice in a row.
        let mut frame = self.below(words::FRAMES.len());
        if frame == self.latest_frame {
            frame = (frame + 1) % words::FRAMES.len();
        }
        self.latest_frame = frame;
        let mut rest = words::FRAMES.get(frame).copied().unwrap_or_default();
        let mut sentence = String::new();
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, after) = after.split_once('}').unwrap_or((after, ""));
            sentence.push_str(before);
            sentence.push_str(&self.fill(slot));
            rest = after;
        }
        sentence.push_str(rest);
        capitalised(&sentence)
    }

    fn fill(&mut self, slot: &str) -> String {
        match slot {
            "body" => self.pick(words::BODIES).to_owned(),
            "of_body" => of(self.pick(words::BODIES)),
            "thing" => self.thing(),
            "of_thing" => of(&self.thing()),
            "deed" => self.pick(words::DEEDS).to_owned(),
            "deed_said" => self.pick(words::SAID).to_owned(),
            "deed_agreed" | "deed_agreed_last" => self.agreed(),
            "deed_intransitive" => self.pick(words::INTRANSITIVE).to_owned(),
            "adjective_of_last" => self.adjective().to_owned(),
            "time" => self.pick(words::TIMES).to_owned(),
            "reason" => self.reason(),
            "person" => self.person().0,
            "man" => self.name(Gender::Masculine),
            "role_of_person" => {
                let both = self.pick(words::ROLES);
                inflect(both, self.latest_person).to_owned()
            }
            "number" => self.number(),
            "unit" => self.pick(words::UNITS).to_owned(),
            "place" if self.below(3) == 0 => self.home.clone(),
            "place" => self.place(),
            "of_place" if self.below(3) == 0 => format!("de {}", self.home),
            "of_place" => format!("de {}", self.place()),
            "day" => (2 + self.below(27)).to_string(),
            "month" => self.pick(words::MONTHS).to_owned(),
            _ => unreachable!("frames name no other slot than these"),
        }
    }
}

/// `masculine/feminine`, or one form for both.
fn inflect(both: &'static str, gender: Gender) -> &'static str {
    let mut forms = both.split('/');
    let masculine = forms.next().unwrap_or_default();
    match gender {
        Gender::Masculine => masculine,
        Gender::Feminine => forms.next().unwrap_or(masculine),
    }
}

/// The gender of a thing by its article, or by its ending after an elided one.
fn gender_of(thing: &str) -> Gender {
    let elided_feminine = [
        "l'enquête",
        "l'usine",
        "l'exposition",
        "l'audience",
        "l'étude",
        "l'expertise",
        "l'archive",
        "l'amende",
        "l'hypothèse",
        "l'indemnité",
        "l'inspection",
        "l'écluse",
    ];
    if thing.starts_with("la ") || elided_feminine.contains(&thing) {
        Gender::Feminine
    } else {
        Gender::Masculine
    }
}

/// `de` before a thing with its article.
fn of(thing: &str) -> String {
    match thing.strip_prefix("le ") {
        Some(rest) => format!("du {rest}"),
        None => format!("de {thing}"),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn fours(text: &str) -> HashSet<Vec<String>> {
        let words: Vec<String> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        words.windows(4).map(<[String]>::to_vec).collect()
    }

    #[test]
    fn the_same_number_gives_the_same_article_and_another_another() {
        assert_eq!(article("a", 1), article("a", 1));
        assert_ne!(article("a", 1).title, article("a", 2).title);
        assert_ne!(article("a", 1).title, article("b", 1).title);
    }

    #[test]
    fn every_article_is_of_newspaper_length() {
        for n in 0..500 {
            let words = article("longueur", n).text().split_whitespace().count();
            assert!((150..=400).contains(&words), "{n}: {words}");
        }
    }

    #[test]
    fn unrelated_articles_share_next_to_no_four_words() {
        let texts: Vec<_> = (0..200).map(|n| fours(&article("gazette", n).text())).collect();
        let mut worst = 0.0_f64;
        for (i, a) in texts.iter().enumerate() {
            for b in &texts[..i] {
                let shared = a.intersection(b).count() as f64;
                worst = worst.max(shared / (a.len() + b.len()) as f64 * 2.0);
            }
        }
        // Names of bodies and times of day recur; copies begin many times higher.
        assert!(worst < 0.08, "{worst}");
    }

    #[test]
    fn no_slot_is_left_and_sentences_begin_and_end_as_such() {
        for n in 0..200 {
            let prose = article("forme", n);
            let text = prose.text();
            assert!(!text.contains(['{', '}', '|', '/']), "{text}");
            assert!(!text.contains("de le ") && !text.contains("  "), "{text}");
            assert!(prose.paragraphs[0].ends_with(['.', '?', '»']), "{text}");
        }
    }
}
