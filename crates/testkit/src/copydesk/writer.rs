//! Writes articles about an event: who, where, which bodies and things, which figures.
//!
//! Two articles about one event share these and not their sentences; two events of one theme share the theme's words.

use crate::copydesk::dice::Dice;
use crate::copydesk::grammar::{Entry, Form, Gender, Grammar, Made, Part, begins_with_vowel};

/// A theme: its words compiled together with what all themes share.
#[derive(Debug)]
pub(super) struct Theme {
    pub(super) name: String,
    grammar: Grammar,
    lists: Lists,
}

/// The lists that the writer asks for by itself.
#[derive(Debug)]
struct Lists {
    sentence: usize,
    title: usize,
    heading: usize,
    bodies: usize,
    things: usize,
    units: usize,
    adjectives: usize,
    roles: usize,
    places: usize,
    men: usize,
    women: usize,
    families: usize,
}

impl Lists {
    fn first_names(&self, gender: Gender) -> usize {
        match gender {
            Gender::Masculine => self.men,
            Gender::Feminine => self.women,
        }
    }
}

impl Theme {
    /// Compiles a theme; a mistake in its lists is one in the repository, so it ends the test that meets it.
    pub(super) fn new(name: &str, texts: &[&str]) -> Self {
        let grammar = Grammar::new(texts).unwrap_or_else(|mistake| panic!("{name}: {}", mistake.0));
        let find = |list| {
            grammar
                .list(list)
                .unwrap_or_else(|mistake| panic!("{name}: {}", mistake.0))
        };
        let lists = Lists {
            sentence: find("phrase"),
            title: find("titre"),
            heading: find("intertitre"),
            bodies: find("corps"),
            things: find("chose"),
            units: find("unité"),
            adjectives: find("adj"),
            roles: find("rôle"),
            places: find("lieu"),
            men: find("prénom_m"),
            women: find("prénom_f"),
            families: find("nom"),
        };
        Self {
            name: name.to_owned(),
            grammar,
            lists,
        }
    }

    /// Compiles a sentence of its own, for templates.
    pub(super) fn sentence(&self, line: &str) -> Vec<Part> {
        self.grammar
            .parts(line)
            .unwrap_or_else(|mistake| panic!("{}: {}", self.name, mistake.0))
    }

    fn entries(&self, list: usize) -> &[Entry] {
        self.grammar.lists.get(list).map_or(&[], Vec::as_slice)
    }
}

/// What an article is about: places in the theme's lists.
#[derive(Debug, Clone)]
pub struct Event {
    people: [Person; 4],
    places: [usize; 3],
    bodies: [usize; 3],
    things: [usize; 5],
    facts: [(i64, usize); 3],
}

#[derive(Debug, Clone, Copy)]
struct Person {
    gender: Gender,
    first: usize,
    family: usize,
    role: usize,
}

impl Event {
    /// Draws an event of a theme.
    pub(super) fn draw(theme: &Theme, dice: &mut Dice) -> Self {
        let lists = &theme.lists;
        let size = |list| theme.entries(list).len();
        let people = std::array::from_fn(|_| Person::draw(theme, dice));
        let places = std::array::from_fn(|_| dice.below(size(lists.places)));
        let bodies = std::array::from_fn(|_| dice.below(size(lists.bodies)));
        let things = std::array::from_fn(|_| dice.below(size(lists.things)));
        let facts = std::array::from_fn(|_| (dice.between(13, 2900), dice.below(size(lists.units))));
        Self {
            people,
            places,
            bodies,
            things,
            facts,
        }
    }

    /// Another event in the same place and before the same body, with one of its things: what one newsroom's beat brings.
    pub(super) fn neighbour(&self, theme: &Theme, dice: &mut Dice) -> Self {
        let mut other = Self::draw(theme, dice);
        other.places[0] = self.places[0];
        other.bodies[0] = self.bodies[0];
        other.things[0] = self.things[0];
        other
    }
}

impl Person {
    fn draw(theme: &Theme, dice: &mut Dice) -> Self {
        let gender = if dice.chance(50) {
            Gender::Feminine
        } else {
            Gender::Masculine
        };
        let first = theme.lists.first_names(gender);
        Self {
            gender,
            first: dice.below(theme.entries(first).len()),
            family: dice.below(theme.entries(theme.lists.families).len()),
            role: dice.below(theme.entries(theme.lists.roles).len()),
        }
    }
}

/// Writes into one string, sentence after sentence.
pub(super) struct Writer<'a> {
    theme: &'a Theme,
    event: &'a Event,
    dice: Dice,
    /// What was written so far.
    pub(super) out: String,
    /// Who was presented already.
    met: [bool; 4],
    /// Of the latest noun or person.
    latest: Gender,
    /// A role was written, and a comma is due unless something closes it.
    apposition: bool,
    frames: [usize; 8],
}

impl<'a> Writer<'a> {
    pub(super) fn new(theme: &'a Theme, event: &'a Event, dice: Dice) -> Self {
        Self {
            theme,
            event,
            dice,
            out: String::with_capacity(3000),
            met: [false; 4],
            latest: Gender::Masculine,
            apposition: false,
            frames: [usize::MAX; 8],
        }
    }

    /// Takes out what was written.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    /// A headline.
    pub(super) fn title(&mut self) -> String {
        let before = self.met;
        self.entry(self.theme.lists.title);
        self.met = before;
        let mut title = self.take();
        capitalise(&mut title, 0);
        title
    }

    /// Paragraphs of at least `words` words in all.
    pub(super) fn body(&mut self, words: usize) -> String {
        let mut paragraphs = 0;
        let mut written = 0;
        while written < words {
            if paragraphs > 0 {
                self.out.push_str("\n\n");
            }
            if paragraphs % 4 == 3 && words - written > 60 {
                let heading = self.out.len();
                self.entry(self.theme.lists.heading);
                capitalise(&mut self.out, heading);
                self.out.push_str("\n\n");
            }
            for place in 0..2 + self.dice.below(3) {
                let start = self.out.len();
                if place > 0 {
                    self.out.push(' ');
                }
                self.any_sentence();
                let sentence = self.out.get(start..).unwrap_or_default();
                written += sentence.split(' ').filter(|word| !word.is_empty()).count();
                if written >= words && place > 0 {
                    break;
                }
            }
            paragraphs += 1;
        }
        self.take()
    }

    /// Another sentence, never one of the last eight frames.
    pub(super) fn any_sentence(&mut self) {
        let list = self.theme.lists.sentence;
        let known = self.theme.entries(list).len();
        let mut frame = self.dice.below(known);
        while self.frames.contains(&frame) {
            frame = (frame + 1) % known;
        }
        self.frames.rotate_right(1);
        self.frames[0] = frame;
        self.apposition = false;
        let start = self.out.len();
        self.nth(list, frame);
        capitalise(&mut self.out, start);
    }

    /// A sentence that was compiled apart.
    pub(super) fn fill(&mut self, parts: &[Part]) {
        self.apposition = false;
        let start = self.out.len();
        for part in parts {
            self.part(part);
        }
        capitalise(&mut self.out, start);
    }

    fn entry(&mut self, list: usize) {
        let place = self.dice.below(self.theme.entries(list).len());
        self.nth(list, place);
    }

    fn nth(&mut self, list: usize, place: usize) {
        self.write(list, place, Form::Plain, false);
    }

    fn write(&mut self, list: usize, place: usize, form: Form, adjective: bool) {
        let theme = self.theme;
        match theme.entries(list).get(place) {
            Some(Entry::Parts(parts)) => {
                if form == Form::De {
                    self.push_of(parts);
                }
                for part in parts {
                    self.part(part);
                }
            }
            Some(Entry::Noun(noun)) => {
                self.latest = noun.gender;
                self.push(noun.form(form));
                // Two of three; a noun of several words reads better alone.
                if adjective && self.dice.chance(66) {
                    self.adjective();
                }
            }
            Some(Entry::Verb(forms)) => {
                let place = match form {
                    Form::Verb(place) => place,
                    _ => 0,
                };
                self.push(&forms[place]);
            }
            Some(Entry::Pair(masculine, feminine)) => {
                let word = match self.latest {
                    Gender::Masculine => masculine,
                    Gender::Feminine => feminine,
                };
                self.push(word);
            }
            None => {}
        }
    }

    /// `de` or `d'` before the name of a place.
    fn push_of(&mut self, parts: &[Part]) {
        let elided = matches!(parts.first(), Some(Part::Text(text)) if begins_with_vowel(text));
        self.push(if elided { "d'" } else { "de " });
    }

    fn adjective(&mut self) {
        self.out.push(' ');
        self.entry(self.theme.lists.adjectives);
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Text(text) => self.push(text),
            Part::Number(low, high) => {
                let number = self.dice.between(*low, *high);
                self.number(number);
            }
            Part::List {
                list,
                form,
                adjective,
            } => {
                let place = self.dice.below(self.theme.entries(*list).len());
                self.write(*list, place, *form, *adjective);
            }
            Part::Made(made, form, adjective) => self.make(*made, *form, *adjective),
        }
    }

    fn make(&mut self, made: Made, form: Form, adjective: bool) {
        let (theme, event) = (self.theme, self.event);
        match made {
            Made::Large => {
                let number = self.dice.between(11, 989) * 100 + self.dice.between(0, 9) * 10;
                self.number(number);
            }
            Made::Percent => {
                let (whole, tenth) = (self.dice.between(1, 89), self.dice.between(1, 9));
                self.number(whole);
                self.out.push(',');
                self.number(tenth);
                self.out.push_str(" %");
            }
            Made::Sum => {
                let (number, tenth) = (self.dice.between(2, 970), self.dice.between(1, 9));
                self.number(number);
                match self.dice.below(3) {
                    0 => self.out.push_str(" 000 euros"),
                    1 => self.out.push_str(" millions d'euros"),
                    _ => {
                        self.out.push(',');
                        self.number(tenth);
                        self.out.push_str(" millions d'euros");
                    }
                }
            }
            Made::Fact => {
                let (number, unit) = event.facts[self.dice.below(event.facts.len())];
                self.number(number);
                self.out.push(' ');
                self.nth(theme.lists.units, unit);
            }
            Made::Person => self.person(false),
            Made::Presented => self.person(true),
            // What an article is about comes back in it; the shares leave about half of the mentions to chance.
            Made::Place => {
                let place = self.own_or_any(&event.places, 65, theme.lists.places);
                self.write(theme.lists.places, place, form, false);
            }
            Made::Town => self.write(theme.lists.places, event.places[0], form, false),
            Made::Body => {
                let place = self.own_or_any(&event.bodies, 45, theme.lists.bodies);
                self.write(theme.lists.bodies, place, form, adjective);
            }
            Made::Thing => {
                let place = self.own_or_any(&event.things, 35, theme.lists.things);
                self.write(theme.lists.things, place, form, adjective);
            }
        }
    }

    fn own_or_any(&mut self, own: &[usize], percent: usize, list: usize) -> usize {
        if self.dice.chance(percent) {
            own.get(self.dice.below(own.len())).copied().unwrap_or_default()
        } else {
            self.dice.below(self.theme.entries(list).len())
        }
    }

    /// A name; with a role when it is presented, shortened when it was met before.
    fn person(&mut self, presented: bool) {
        let (theme, lists) = (self.theme, &self.theme.lists);
        let place = self.dice.below(self.event.people.len());
        let (known, stranger) = (self.event.people[place], self.dice.chance(25));
        let person = if stranger {
            Person::draw(theme, &mut self.dice)
        } else {
            known
        };
        let first = lists.first_names(person.gender);
        let met = !stranger && self.met[place];
        if met && !presented && self.dice.chance(60) {
            self.push(match person.gender {
                Gender::Masculine => "M. ",
                Gender::Feminine => "Mme ",
            });
        } else {
            self.nth(first, person.first);
            self.out.push(' ');
        }
        self.nth(lists.families, person.family);
        if presented && !(met && self.dice.chance(60)) {
            self.out.push_str(", ");
            self.latest = person.gender;
            self.nth(lists.roles, person.role);
            if self.dice.chance(40) {
                self.out.push(' ');
                self.make(Made::Place, Form::De, false);
            }
            self.apposition = true;
        }
        if !stranger {
            self.met[place] = true;
        }
    }

    /// A number as French prints it: thousands apart.
    fn number(&mut self, number: i64) {
        let mut digits = [0_u8; 20];
        let mut rest = number.unsigned_abs();
        let mut count = 0;
        loop {
            digits[count] = b'0' + (rest % 10) as u8;
            rest /= 10;
            count += 1;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            self.out.push('-');
        }
        let years = (1700..2200).contains(&number);
        for place in (0..count).rev() {
            self.out.push(char::from(digits[place]));
            if place > 0 && place % 3 == 0 && !years {
                self.out.push('\u{a0}');
            }
        }
    }

    /// Appends, with the vowel of `que` and `de` lost before another, a capital behind a question and a comma behind a
    /// role that goes on.
    fn push(&mut self, text: &str) {
        if std::mem::take(&mut self.apposition)
            && text
                .strip_prefix(' ')
                .is_some_and(|rest| rest.starts_with(char::is_alphabetic))
        {
            self.out.push(',');
        }
        let start = self.out.len();
        let behind_a_question = self.out.ends_with("? ");
        if self.out.ends_with("e ") && begins_with_vowel(text) && !text.starts_with(['h', 'H']) {
            let loses = [" que ", " de ", " ne ", " se ", " me "]
                .iter()
                .any(|word| self.out.ends_with(word));
            if loses {
                self.out.truncate(self.out.len() - 2);
                self.out.push('\'');
            }
        }
        self.out.push_str(text);
        if behind_a_question {
            capitalise(&mut self.out, start);
        }
    }
}

/// Begins what stands from `start` with a capital.
pub(super) fn capitalise(text: &mut String, start: usize) {
    let Some(first) = text.get(start..).and_then(|rest| rest.chars().next()) else {
        return;
    };
    // Behind an opening quotation mark the first letter follows.
    let start = match first {
        '«' => start + "« ".len(),
        _ => start,
    };
    let Some(first) = text.get(start..).and_then(|rest| rest.chars().next()) else {
        return;
    };
    if first.is_lowercase() {
        let upper: String = first.to_uppercase().collect();
        text.replace_range(start..start + first.len_utf8(), &upper);
    }
}
