//! Labelled pairs: what must not be taken for a copy, and what must meet in a story.

use crate::copydesk::dice::Dice;
use crate::copydesk::sentences::{count_words, paragraphs};
use crate::copydesk::{Press, Text};

/// Two texts.
pub type Pair = (Text, Text);

/// Of a hundred words of the shorter text, those that both took from an earlier article.
const RECYCLED: usize = 25;

impl Press {
    /// Two articles that have a publisher's lines in common and nothing else.
    #[must_use]
    pub fn same_boilerplate(&self, number: u64) -> Pair {
        let lined = |article: u64| {
            let text = self.article("sans rapport", article);
            Text {
                body: self.with_boilerplate(&text.body, number),
                title: text.title,
            }
        };
        (lined(2 * number), lined(2 * number + 1))
    }

    /// Two articles of which the later one takes a quarter from the earlier one: the background that a newsroom recycles.
    #[must_use]
    pub fn recycled_background(&self, number: u64) -> Pair {
        let theme = number * self.themes.len() as u64 + number;
        let old = self.article("ancien", theme);
        let new = self.article("nouveau", theme);
        // The later text grows by what it takes.
        let (from_old, of_new) = (count_words(&old.body), count_words(&new.body));
        let wanted = (from_old * RECYCLED / 100).min(of_new * RECYCLED / (100 - RECYCLED));
        let mut background = String::new();
        // The background stands at the end of an article, so it is taken from there.
        for sentence in paragraphs(&old.body)
            .iter()
            .rev()
            .flat_map(|paragraph| paragraph.split_inclusive(". "))
        {
            if count_words(&background) + count_words(sentence) > wanted {
                break;
            }
            background.push_str(sentence);
            if !background.ends_with(' ') {
                background.push(' ');
            }
        }
        let body = format!("{}\n\n{}", new.body, background.trim_end());
        (old, Text { body, ..new })
    }

    /// Two articles about one event in different words: one story, and no copy.
    #[must_use]
    pub fn same_event(&self, number: u64) -> Pair {
        let event = self.event("événement", number);
        let report = |name: &str| {
            let mut dice = Dice::new(name, number);
            let words = super::words(&mut dice);
            self.report(number, &event, dice, words)
        };
        (report("premier récit"), report("second récit"))
    }

    /// Two articles about different events of one theme, in one town and before one body: neither copies nor one story.
    #[must_use]
    pub fn neighbouring_events(&self, number: u64) -> Pair {
        let event = self.event("événement voisin", number);
        let other = event.neighbour(self.theme(number), &mut Dice::new("voisinage", number));
        let report = |name: &str, event| {
            let mut dice = Dice::new(name, number);
            let words = super::words(&mut dice);
            self.report(number, event, dice, words)
        };
        (report("ici", &event), report("là", &other))
    }

    /// The articles written by hand that have a second account, with it.
    #[must_use]
    pub fn second_accounts(&self) -> Vec<Pair> {
        self.accounts
            .iter()
            .filter_map(|(key, account)| {
                let (_, article) = self.hand_written.iter().find(|(known, _)| known == key)?;
                Some((article.clone(), account.clone()))
            })
            .collect()
    }
}
