//! What had to be repaired, as a set: one warning tells all of it.

/// A set of flaws.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flaws(u32);

macro_rules! flaws {
    ($($(#[$doc:meta])* $name:ident => $told:literal,)*) => {
        flaws!(@number 0; $($(#[$doc])* $name => $told,)*);
        /// Every flaw with how people are told of it.
        const TOLD: &[(Flaws, &str)] = &[$((Flaws::$name, $told),)*];
    };
    (@number $n:expr; $(#[$doc:meta])* $name:ident => $told:literal, $($rest:tt)*) => {
        impl Flaws {
            $(#[$doc])*
            pub(crate) const $name: Self = Self(1 << ($n));
        }
        flaws!(@number $n + 1; $($rest)*);
    };
    (@number $n:expr;) => {};
}

flaws! {
    /// Text or markup before the root element.
    RUBBISH_BEFORE => "rubbish before the feed",
    /// An XML declaration that is not the first thing in the document.
    SECOND_PROLOG => "a second prolog",
    /// A declaration without its `?>`.
    OPEN_PROLOG => "a prolog that does not end",
    /// `rss` without a version, or with one that was never published.
    ODD_VERSION => "no known RSS version",
    /// An ampersand that begins no reference.
    BARE_AMPERSAND => "bare ampersands",
    /// A named reference that HTML knows and XML does not.
    HTML_REFERENCE => "HTML references",
    /// A reference without its semicolon.
    OPEN_REFERENCE => "references without semicolon",
    /// A number between 128 and 159, which means windows-1252.
    C1_REFERENCE => "references numbered after windows-1252",
    /// A number that is no character.
    BAD_REFERENCE => "references to no character",
    /// An entity that expands beyond what is allowed.
    ENTITY_BOMB => "entities that expand too far",
    /// A character that XML forbids.
    CONTROL_CHARACTERS => "control characters",
    /// Tags in a text that should have been escaped.
    BARE_MARKUP => "markup that is not escaped",
    /// A `<` that begins no tag.
    BARE_LESS_THAN => "bare less-than signs",
    /// A CDATA section without its end.
    OPEN_CDATA => "a CDATA section that does not end",
    /// A CDATA section inside another.
    NESTED_CDATA => "nested CDATA sections",
    /// `]]>` outside CDATA.
    STRAY_CDATA_END => "the end of a CDATA section without its start",
    /// A comment without its end.
    OPEN_COMMENT => "a comment that does not end",
    /// A tag without its `>`.
    OPEN_TAG => "a tag that does not end",
    /// An attribute value without quotes, or with only one.
    UNQUOTED_ATTRIBUTE => "attributes without quotes",
    /// An attribute given twice.
    DUPLICATE_ATTRIBUTE => "attributes given twice",
    /// An element that another one's start or end closed.
    OPEN_ELEMENT => "elements that are not closed",
    /// An end tag of nothing that is open.
    STRAY_END => "end tags of nothing that is open",
    /// A prefix that was never declared.
    UNDECLARED_PREFIX => "prefixes that are not declared",
    /// The document ends inside this.
    TRUNCATED => "cut off",
    /// Base64 that cannot be decoded.
    BAD_BASE64 => "base64 that cannot be decoded",
    /// JSON that is not quite.
    BROKEN_JSON => "JSON that is not well-formed",
    /// Markup nested too deep, read flat.
    TOO_DEEP => "elements nested too deep",
    /// More entries than are read.
    TOO_MANY => "more entries than are read",
}

impl Flaws {
    /// Adds flaws.
    pub(crate) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Takes the set, leaving an empty one.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// All of them in one line for people.
    pub(crate) fn told(self) -> String {
        TOLD.iter()
            .filter(|(flaw, _)| self.0 & flaw.0 != 0)
            .map(|(_, told)| *told)
            .collect::<Vec<&str>>()
            .join(", ")
    }
}
