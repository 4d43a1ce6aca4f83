//! Template families: texts that one publisher fills again and again, and that are no copies of each other.
//!
//! A real dump of one day's headlines held 21,408 pairs of titles with a Jaccard similarity of .5 and more, practically all
//! of this kind: weather by town, closing prices, racing results.

use crate::copydesk::dice::Dice;
use crate::copydesk::grammar::Part;
use crate::copydesk::writer::{Event, Theme, Writer};
use crate::copydesk::{COMMON, NAMES, Press, THEMES, Text};

const TEMPLATES: &str = include_str!("../../../../tests/data/copydesk/templates.txt");

/// Templates, compiled.
#[derive(Debug)]
pub(super) struct Templates {
    theme: Theme,
    families: Vec<Family>,
}

#[derive(Debug)]
struct Family {
    name: String,
    title: Vec<Part>,
    paragraphs: Vec<Vec<Part>>,
}

impl Templates {
    pub(super) fn new() -> Self {
        let mut parts = TEMPLATES.split("\n== ");
        let lists = parts.next().unwrap_or_default();
        // People in templates have the roles of any theme; none is shown.
        let people = THEMES
            .split("\n== ")
            .nth(1)
            .and_then(|part| part.split_once('\n'))
            .map_or("", |(_, people)| people);
        let theme = Theme::new("gabarits", &[NAMES, COMMON, people, lists]);
        let families = parts
            .filter_map(|part| {
                let mut lines = part.lines().filter(|line| !line.trim().is_empty());
                Some(Family {
                    name: lines.next()?.trim().to_owned(),
                    title: theme.sentence(lines.next()?),
                    paragraphs: lines.map(|line| theme.sentence(line)).collect(),
                })
            })
            .collect();
        Self { theme, families }
    }
}

impl Press {
    /// The names of the template families.
    #[must_use]
    pub fn families(&self) -> Vec<&str> {
        self.templates
            .families
            .iter()
            .map(|family| family.name.as_str())
            .collect()
    }

    /// The filling number `number` of a family; empty for one that does not exist.
    #[must_use]
    pub fn filling(&self, family: usize, number: u64) -> Text {
        let theme = &self.templates.theme;
        let mut dice = Dice::new("gabarit", number.wrapping_mul(64).wrapping_add(family as u64));
        let event = Event::draw(theme, &mut dice);
        let mut writer = Writer::new(theme, &event, dice);
        let Some(family) = self.templates.families.get(family) else {
            return Text {
                title: String::new(),
                body: String::new(),
            };
        };
        writer.fill(&family.title);
        let title = writer.take();
        let paragraphs: Vec<String> = family
            .paragraphs
            .iter()
            .map(|paragraph| {
                writer.fill(paragraph);
                writer.take()
            })
            .collect();
        Text {
            title,
            body: paragraphs.join("\n\n"),
        }
    }
}
