//! What an element means: the one table of every format's names.
//!
//! Names are compared without case. Where a vocabulary has a name of another one's meaning (`media:title`), the field
//! is the same with a lower rank: the better one wins, whichever comes first.

use super::names::Space;

/// What an element is to a reader of feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// One entry.
    Entry,
    /// One sitemap of an index.
    Sitemap,
    /// A text that means something, and how much it is worth.
    Field(Field, u8),
    /// An element whose children are fields.
    Holder(Holder),
    /// Anything else.
    Unknown,
}

/// Texts that mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Title,
    Link,
    OriginalLink,
    Guid,
    Summary,
    Content,
    Published,
    Updated,
    Author,
    PersonName,
    PersonMail,
    Category,
    Keywords,
    Language,
    ImageAddress,
    Ttl,
    SkippedHour,
    SkippedDay,
    UpdatePeriod,
    UpdateFrequency,
    /// Known, and of no interest: a text that must not be taken for a part of another.
    Ignored,
}

/// Elements whose children are fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// `rss`, `channel`, `feed`, `rdf:RDF`, `urlset`.
    Feed,
    /// The image of a feed or an entry.
    Image,
    /// Where an entry was taken from: its title and links are not the entry's.
    Source,
    /// Media, whose title and text stand in for missing ones.
    Media,
    /// `news:news`, `news:publication`, `image:image` and the like: their children are the entry's fields.
    Part,
    /// A text box or whatever else has a title of its own.
    Foreign,
    /// Lists of hours and days.
    List,
}

/// The longest name that means something, in bytes.
const LONGEST_NAME: usize = 24;

/// What an element is. `inside` is the innermost holder around it.
pub(super) fn element(space: Space, local: &str, inside: Option<Holder>) -> Element {
    let mut buffer = [0_u8; LONGEST_NAME];
    let Some(lower) = buffer.get_mut(..local.len()) else {
        return Element::Unknown;
    };
    lower.copy_from_slice(local.as_bytes());
    lower.make_ascii_lowercase();
    let Ok(name) = std::str::from_utf8(lower) else {
        return Element::Unknown;
    };
    match space {
        Space::Plain | Space::Atom => core(name, inside),
        Space::DublinCore => dublin_core(name),
        Space::Content => match name {
            "encoded" => Element::Field(Field::Content, 4),
            // RSS 1.0's first content module wrapped the text in `content:item`.
            "items" | "item" => Element::Holder(Holder::Part),
            _ => Element::Unknown,
        },
        Space::Media => media(name),
        Space::Itunes => itunes(name),
        Space::Syndication => match name {
            "updateperiod" => Element::Field(Field::UpdatePeriod, 1),
            "updatefrequency" => Element::Field(Field::UpdateFrequency, 1),
            _ => Element::Unknown,
        },
        Space::Feedburner => match name {
            "origlink" => Element::Field(Field::OriginalLink, 1),
            _ => Element::Unknown,
        },
        Space::News => news(name),
        Space::Image => match name {
            "image" => Element::Holder(Holder::Image),
            "loc" => Element::Field(Field::ImageAddress, 3),
            _ => Element::Field(Field::Ignored, 0),
        },
        Space::Rdf => match name {
            "rdf" => Element::Holder(Holder::Feed),
            "value" => Element::Field(Field::Content, 2),
            // A container of RDF, not the field of that name.
            "description" => Element::Unknown,
            // Some put RSS 1.0 into the wrong one of its two namespaces.
            _ => core(name, inside),
        },
        Space::Xhtml => match name {
            "body" => Element::Field(Field::Content, 3),
            _ => Element::Unknown,
        },
        Space::Other => Element::Unknown,
    }
}

fn core(name: &str, inside: Option<Holder>) -> Element {
    use Element::{Field as F, Holder as H};
    match name {
        "item" | "entry" | "url" if inside == Some(Holder::Image) => F(
            if name == "url" {
                Field::ImageAddress
            } else {
                Field::Ignored
            },
            2,
        ),
        "item" | "entry" => Element::Entry,
        "sitemap" => Element::Sitemap,
        "rss" | "channel" | "feed" | "rdf" | "urlset" | "sitemapindex" | "items" | "entries" => {
            H(Holder::Feed)
        }
        "title" => F(Field::Title, 4),
        "link" | "loc" => F(Field::Link, 4),
        "guid" | "id" => F(Field::Guid, 4),
        "description" | "summary" => F(Field::Summary, 4),
        "abstract" => F(Field::Summary, 3),
        "tagline" | "subtitle" => F(Field::Ignored, 0),
        "content" | "encoded" => F(Field::Content, 4),
        "body" | "fulltext" | "full-text" | "fullitem" => F(Field::Content, 3),
        "pubdate" | "published" | "issued" => F(Field::Published, 4),
        "publisheddate" | "publicationdate" | "date" | "datetime" => F(Field::Published, 3),
        "created" => F(Field::Published, 2),
        "updated" | "modified" | "lastmod" | "lastmodified" => F(Field::Updated, 4),
        "author" | "creator" => F(Field::Author, 4),
        "name" => F(Field::PersonName, 4),
        "email" => F(Field::PersonMail, 4),
        "category" | "subject" => F(Field::Category, 4),
        "keywords" | "tags" => F(Field::Keywords, 4),
        "language" => F(Field::Language, 4),
        "image" => H(Holder::Image),
        "source" => H(Holder::Source),
        "textinput" | "cloud" | "contributor" => H(Holder::Foreign),
        "ttl" => F(Field::Ttl, 1),
        "skiphours" | "skipdays" => H(Holder::List),
        "hour" => F(Field::SkippedHour, 1),
        "day" => F(Field::SkippedDay, 1),
        "enclosure" | "comments" | "generator" | "copyright" | "rights" | "docs" | "lastbuilddate"
        | "managingeditor" | "webmaster" | "rating" | "logo" | "icon" | "changefreq" | "priority" | "uri" => {
            F(Field::Ignored, 0)
        }
        _ => Element::Unknown,
    }
}

fn dublin_core(name: &str) -> Element {
    use Element::Field as F;
    match name {
        "title" => F(Field::Title, 3),
        "description" | "abstract" => F(Field::Summary, 3),
        "creator" => F(Field::Author, 4),
        "contributor" => F(Field::Author, 1),
        "date" | "issued" => F(Field::Published, 3),
        "created" | "available" => F(Field::Published, 2),
        "modified" => F(Field::Updated, 3),
        "subject" => F(Field::Category, 4),
        "language" => F(Field::Language, 4),
        "identifier" => F(Field::Guid, 1),
        "publisher" | "source" | "relation" | "rights" | "type" | "format" | "coverage" => {
            F(Field::Ignored, 0)
        }
        _ => Element::Unknown,
    }
}

fn media(name: &str) -> Element {
    use Element::Field as F;
    match name {
        "group" | "content" => Element::Holder(Holder::Media),
        "title" => F(Field::Title, 1),
        "description" | "text" => F(Field::Summary, 1),
        "keywords" => F(Field::Keywords, 1),
        "category" => F(Field::Category, 1),
        _ => F(Field::Ignored, 0),
    }
}

fn itunes(name: &str) -> Element {
    use Element::Field as F;
    match name {
        "title" => F(Field::Title, 2),
        "summary" => F(Field::Summary, 2),
        "subtitle" => F(Field::Summary, 1),
        "author" => F(Field::Author, 2),
        "keywords" => F(Field::Keywords, 2),
        _ => F(Field::Ignored, 0),
    }
}

fn news(name: &str) -> Element {
    use Element::Field as F;
    match name {
        "news" | "publication" => Element::Holder(Holder::Part),
        "title" => F(Field::Title, 4),
        "publication_date" | "publicationdate" => F(Field::Published, 4),
        "language" => F(Field::Language, 4),
        "keywords" => F(Field::Keywords, 4),
        // The newspaper's name, stock tickers, access.
        _ => F(Field::Ignored, 0),
    }
}
