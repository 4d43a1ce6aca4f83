//! What the names of an element say of it.
//!
//! In: the values of its `class`, `id`, `role` and the like. Out: [`Hints`] from `rules/classes.txt`. A name is cut into
//! words at separators and at capitals, since sites write `share-bar`, `shareBar` and `article__share` for the same.

use std::ops::{BitOr, BitOrAssign};
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// What is known of an element by its names and attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Hints(u16);

impl Hints {
    /// Links, buttons, offers: not the article's own text.
    pub(super) const OUT: Self = Self(1);
    /// What readers wrote.
    pub(super) const COMMENTS: Self = Self(2);
    /// The standfirst.
    pub(super) const CHAPO: Self = Self(4);
    /// Author, date, source.
    pub(super) const BYLINE: Self = Self(8);
    /// The words under a picture.
    pub(super) const CAPTION: Self = Self(16);
    /// The article's text.
    pub(super) const BODY: Self = Self(32);
    /// The article's text, or something around or beside it.
    pub(super) const WEAK: Self = Self(64);
    /// Not displayed.
    pub(super) const HIDDEN: Self = Self(128);
    /// The article's text by its microdata.
    pub(super) const PROPERTY: Self = Self(256);
    /// Named `paywall`.
    pub(super) const PAYWALL: Self = Self(512);
    /// Its writers, among what is [`Hints::BYLINE`].
    pub(super) const AUTHOR: Self = Self(2048);
    /// A subheading that is no heading element.
    pub(super) const SUBHEAD: Self = Self(4096);
    /// A sentence of the article shown once more.
    pub(super) const PULLED: Self = Self(1024);

    /// Where the page stands in its site.
    pub(super) const CRUMBS: Self = Self(16384);
    /// The box in which a maker of such boxes asks for consent.
    pub(super) const CONSENT: Self = Self(32768);
    /// The article's labels.
    pub(super) const LABELS: Self = Self(8192);
    /// What has dates of its own: comments, captions.
    pub(super) const FOREIGN_DATES: Self = Self(Self::COMMENTS.0 | Self::CAPTION.0);

    pub(super) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// A container that is named for the text it holds may be named for what stands beside it too.
    pub(super) fn settled(self) -> Self {
        if self.contains(Self::BODY) {
            Self(self.0 & !(Self::OUT.0 | Self::BYLINE.0 | Self::CAPTION.0))
        } else {
            self
        }
    }

    /// Whether an inline element of these hints is told apart from the words around it.
    pub(super) fn breaks_inline(self) -> bool {
        self.intersects(Self(
            Self::OUT.0 | Self::BYLINE.0 | Self::CAPTION.0 | Self::CHAPO.0 | Self::SUBHEAD.0,
        ))
    }
}

impl BitOr for Hints {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Hints {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Names longer than this are data or lists of a styling language's classes; what they say is said at their beginning.
pub(super) const MAX_NAMES_BYTES: usize = 400;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::parse(include_str!("../../rules/classes.txt")));

#[derive(Default)]
struct Rules {
    words: FxHashMap<&'static str, Hints>,
    pairs: FxHashMap<&'static str, Vec<(Vec<&'static str>, Hints)>>,
    stems: Vec<(&'static str, Hints)>,
    names: FxHashMap<&'static str, Hints>,
    /// Anywhere in a name without its separators.
    parts: Vec<&'static str>,
}

impl Rules {
    fn parse(written: &'static str) -> Self {
        let mut rules = Self::default();
        for line in written.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let hint = match words.next() {
                Some("out") => Hints::OUT,
                Some("comments") => Hints::COMMENTS,
                Some("chapo") => Hints::CHAPO,
                Some("byline") => Hints::BYLINE,
                Some("author") => Hints::BYLINE | Hints::AUTHOR,
                Some("caption") => Hints::CAPTION,
                Some("body") => {
                    for word in words {
                        match word.strip_prefix('=') {
                            Some(name) => *rules.names.entry(name).or_default() |= Hints::BODY,
                            None => rules.parts.push(word),
                        }
                    }
                    continue;
                }
                Some("weak") => Hints::WEAK,
                Some("paywall") => Hints::PAYWALL,
                Some("consent") => Hints::OUT | Hints::CONSENT,
                Some("crumbs") => Hints::CRUMBS,
                Some("labels") => Hints::LABELS,
                Some("pulled") => Hints::PULLED,
                Some("subhead") => Hints::SUBHEAD,
                _ => continue,
            };
            for word in words {
                if let Some(name) = word.strip_prefix('=') {
                    *rules.names.entry(name).or_default() |= hint;
                } else if let Some(stem) = word.strip_suffix('*') {
                    rules.stems.push((stem, hint));
                } else if let Some((first, rest)) = word.split_once('+') {
                    let rest = rest.split('+').collect();
                    rules.pairs.entry(first).or_default().push((rest, hint));
                } else {
                    *rules.words.entry(word).or_default() |= hint;
                }
            }
        }
        rules
    }

    fn of_name(&self, name: &str) -> Hints {
        let words = words(name);
        let squashed = words.concat();
        let mut hints = self.names.get(squashed.as_str()).copied().unwrap_or_default();
        // `comments-open` is a state of the whole.
        if words.len() > 1 && words.last().is_some_and(|word| is_state(word)) {
            return hints;
        }
        for (at, word) in words.iter().enumerate() {
            // `has-sidebar`, `no-comments` tell of something else on the page.
            if at == 0 && words.len() > 1 && is_modifier(word) {
                return hints;
            }
            let singular = word.strip_suffix('s').unwrap_or(word);
            for form in [word.as_str(), singular] {
                hints |= self.words.get(form).copied().unwrap_or_default();
            }
            for (stem, hint) in &self.stems {
                if word.starts_with(stem) {
                    hints |= *hint;
                }
            }
            for form in [word.as_str(), singular] {
                for (rest, hint) in self.pairs.get(form).into_iter().flatten() {
                    let behind = words.get(at + 1..).unwrap_or_default();
                    if behind.len() >= rest.len()
                        && rest
                            .iter()
                            .zip(behind)
                            .all(|(a, b)| *a == b.as_str() || b.strip_suffix('s') == Some(a))
                    {
                        hints |= *hint;
                    }
                }
            }
        }
        let other = Hints(Hints::OUT.0 | Hints::COMMENTS.0 | Hints::BYLINE.0 | Hints::CAPTION.0);
        if !hints.intersects(other) && self.parts.iter().any(|part| squashed.contains(part)) {
            hints |= Hints::BODY;
        }
        hints
    }
}

fn is_modifier(word: &str) -> bool {
    matches!(
        word,
        "has"
            | "with"
            | "no"
            | "without"
            | "is"
            | "not"
            | "enable"
            | "enabled"
            | "category"
            | "tag"
            | "type"
            | "format"
    )
}

fn is_state(word: &str) -> bool {
    matches!(
        word,
        "open" | "opened" | "closed" | "enabled" | "disabled" | "on" | "off" | "active" | "true" | "false"
    )
}

/// The hints of several names, separated by white space.
pub(super) fn of_names(names: &str) -> Hints {
    let names = names.get(..MAX_NAMES_BYTES).unwrap_or(names);
    let mut hints = Hints::default();
    for name in names.split_ascii_whitespace() {
        // What styles by utility writes `md:hidden` and `w-[30px]`.
        if !name.contains([':', '[']) {
            hints |= RULES.of_name(name);
        }
    }
    hints.settled()
}

/// The hints of a microdata property.
pub(super) fn of_property(property: &str) -> Hints {
    match property {
        "articleBody" | "reviewBody" => Hints::PROPERTY | Hints::BODY,
        "author" => Hints::BYLINE | Hints::AUTHOR,
        "datePublished" | "dateModified" | "publisher" => Hints::BYLINE,
        "description" | "alternativeHeadline" | "abstract" => Hints::CHAPO,
        "caption" | "copyrightHolder" => Hints::CAPTION,
        "comment" => Hints::COMMENTS,
        _ => Hints::default(),
    }
}

/// A name's words in lower case, without digits.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut lower = false;
    for c in name.chars() {
        if c.is_alphabetic() {
            if c.is_uppercase() && lower && !current.is_empty() {
                words.push(std::mem::take(&mut current));
            }
            lower = c.is_lowercase();
            current.extend(c.to_lowercase());
        } else {
            lower = false;
            if !current.is_empty() {
                words.push(std::mem::take(&mut current));
            }
        }
    }
    if !current.is_empty() {
        words.push(current);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_however_they_are_written() {
        for names in [
            "article__share-bar",
            "articleShareBar",
            "sharing",
            "lire-aussi",
            "block_lireAussi",
            "relatedPosts",
        ] {
            assert!(of_names(names).contains(Hints::OUT), "{names}");
        }
        for names in [
            "article-body",
            "c-articleBody__main",
            "field--name-body",
            "storycontent",
            "td-post-content tagdiv-type",
        ] {
            let hints = of_names(names);
            assert!(
                hints.contains(Hints::BODY) && !hints.contains(Hints::OUT),
                "{names}"
            );
        }
    }

    #[test]
    fn a_name_that_tells_of_something_else_says_nothing() {
        for names in [
            "has-sidebar",
            "no-comments",
            "comments-open",
            "elementor-widget",
            "commentary",
            "tag-newsletter",
            "md:hidden",
            "header",
            "shared-xyz-article-body",
        ] {
            assert!(
                !of_names(names).intersects(Hints::OUT | Hints::COMMENTS) || names.contains("body"),
                "{names}"
            );
        }
        assert!(!of_names("related-content__body").contains(Hints::BODY));
        assert!(of_names("comment-content").contains(Hints::COMMENTS));
        assert!(!of_names("comment-content").contains(Hints::BODY));
    }

    #[test]
    fn a_subheading_is_no_path_through_the_site() {
        assert!(of_names("article-intertitre").contains(Hints::SUBHEAD));
        assert!(!of_names("article-intertitre").intersects(Hints::CRUMBS));
        assert!(of_names("breadcrumb").contains(Hints::CRUMBS));
        assert!(!of_names("breadcrumb").intersects(Hints::SUBHEAD));
    }
}
