//! Running subjects: several events among the same people and places, each told by several papers.

use crate::copydesk::{Press, SAGAS, Text, titled};

/// A report of an event of a running subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The event: reports of one event are one story. The subject stands before the slash.
    pub event: String,
    /// Hours since the first report of the subject.
    pub hours: i64,
    /// Headline and text.
    pub text: Text,
}

impl Press {
    /// Reports of running subjects, written by hand, in the order in which they appear.
    ///
    /// # Panics
    ///
    /// When the list of the repository breaks its rules; the message names the headline.
    #[must_use]
    pub fn sagas(&self) -> Vec<Report> {
        let mut reports: Vec<Report> = titled(SAGAS)
            .into_iter()
            .map(|(event, text)| {
                let broken = || panic!("sagas.txt: no hours before `{}`", text.title);
                let (hours, title) = text.title.split_once(" | ").unwrap_or_else(broken);
                let hours = hours
                    .parse()
                    .unwrap_or_else(|_| panic!("sagas.txt: no hours before `{title}`"));
                let text = Text {
                    title: title.to_owned(),
                    body: text.body.clone(),
                };
                Report { event, hours, text }
            })
            .collect();
        reports.sort_by_key(|report| report.hours);
        reports
    }
}
