//! Texts: collected while a field is open, and given to entry or feed when it ends.

use super::draft::link;
use super::elements::{Field, Holder};
use super::flaws::Flaws;
use super::references::push_allowed;
use super::{Form, Frame, Reader, Role};
use crate::address::absolute;

impl<'a> Reader<'a> {
    pub(super) fn character_data(&mut self, text: &str) {
        let Some((field, _, form, inside_markup)) = self.open_field() else {
            let blank = text
                .trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
                .is_empty();
            if !blank && self.root.is_none() {
                self.flaws.add(Flaws::RUBBISH_BEFORE);
            }
            if !blank && !self.inner.is_empty() {
                self.stray_address(text.trim());
            }
            return;
        };
        if field == Field::Ignored {
            return;
        }
        let mut flaws = Flaws::default();
        let text = if text.contains("]]>") {
            flaws.add(Flaws::STRAY_CDATA_END);
            std::borrow::Cow::Owned(text.replace("]]>", ""))
        } else {
            std::borrow::Cow::Borrowed(text)
        };
        if inside_markup || matches!(form, Form::Xml | Form::Foreign) {
            // It is read as HTML later, which undoes its references.
            push_allowed(&mut self.text, &text, &mut flaws);
        } else {
            self.references.push(&mut self.text, &text, &mut flaws);
        }
        self.note(flaws);
    }

    /// An address that stands in no field: behind `<link/>`, as serializers of HTML write it, or in an `image`.
    fn stray_address(&mut self, text: &str) {
        if !(text.starts_with("http://") || text.starts_with("https://")) {
            return;
        }
        match self.inner.last().map(|frame| frame.role) {
            Some(Role::Entry) => self.draft.take_link(link::OTHER_FORM, text, None),
            Some(Role::Holder(Holder::Image)) => self.draft.take_image(2, text, None),
            _ => {}
        }
    }

    pub(super) fn cdata(&mut self, text: &str) {
        match self.open_field() {
            None | Some((Field::Ignored, ..)) => {}
            Some(_) => {
                let mut flaws = Flaws::default();
                push_allowed(&mut self.text, text, &mut flaws);
                self.note(flaws);
            }
        }
    }

    pub(super) fn take_field(
        &mut self,
        frame: &Frame<'a>,
        field: Field,
        rank: u8,
        form: Form,
        in_entry: bool,
    ) {
        let text = self.text.split_off(frame.text_from.min(self.text.len()));
        let text = if form == Form::Base64 {
            self.base64_undone(text)
        } else {
            text
        };
        if text.trim().is_empty() {
            return;
        }
        let foreign = self.is_foreign();
        let weak = self.stack().iter().any(|frame| frame.role == Role::Unknown);
        // What stands inside an element that nobody knows may be that element's; it counts where nothing else is said.
        let rank = if weak && in_entry { 0 } else { rank };
        let base = frame
            .base
            .as_deref()
            .or_else(|| self.current_base())
            .map(str::to_owned);
        let base = base.as_deref();
        if in_entry {
            let person_of_a_foreigner = foreign && !matches!(field, Field::ImageAddress);
            let person_outside = field == Field::PersonName
                && !self
                    .stack()
                    .iter()
                    .any(|frame| matches!(frame.role, Role::Field(Field::Author, ..)));
            if !person_of_a_foreigner && !person_outside {
                self.draft.take(field, rank, &text, base, self.dates);
            }
        } else if self.stack().iter().any(|frame| frame.role == Role::Sitemap) {
            self.header.take_of_child(field, &text);
        } else if !foreign {
            self.header.take(field, rank, &text, base);
            if field == Field::Link && self.base.is_none() {
                // A document of unknown origin: its links are relative to its site.
                self.base = absolute(&text, None);
            }
        }
    }

    fn base64_undone(&mut self, text: String) -> String {
        // Broken into lines, with or without padding.
        let digits: Vec<u8> = text
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=')
            .collect();
        let bytes = data_encoding::BASE64_NOPAD.decode(&digits).ok();
        if let Some(decoded) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
            return decoded;
        }
        self.note(Flaws::BAD_BASE64);
        // A picture is no text; what only claims to be base 64 is.
        if text.contains(' ') { text } else { String::new() }
    }
}
