//! Where pages say their date: what the head, the lines around the article and the address give together.
//!
//! Each case is a page with the same text; `day` is the day a person would say, or nothing where nobody could.

use depeche_normalizer::{PageArticle, read_page};

/// A page's parts that differ.
struct Case {
    name: &'static str,
    url: &'static str,
    head: &'static str,
    /// Above the title, in the article.
    above: &'static str,
    /// Between title and text.
    below: &'static str,
    /// Behind the text, in the article.
    behind: &'static str,
    /// Behind the article.
    outside: &'static str,
    day: &'static str,
    warnings: &'static str,
}

const PLAIN: Case = Case {
    name: "",
    url: "https://www.example.org/le-pont-de-la-scierie-rouvre",
    head: "",
    above: "",
    below: "",
    behind: "",
    outside: "",
    day: "",
    warnings: "",
};

fn page(case: &Case) -> PageArticle {
    let html = format!(
        "<!DOCTYPE html><html lang=fr><head><meta charset=utf-8><title>Le pont de la scierie rouvre</title>{}</head><body>\
         <header><a href=/>Accueil</a><span>Samedi 21 novembre 2026</span></header><main><article>{}<h1>Le pont de la scierie \
         rouvre</h1>{}<div class=contenu><p>Fermé depuis l’effondrement d’une pile, le pont de la scierie a été rendu aux \
         voitures lundi matin, après neuf mois de travaux suivis de près par les habitants.</p><p>Les riverains, qui faisaient \
         un détour de douze kilomètres, ont klaxonné en passant. « On revit », sourit la boulangère, qui avait perdu la moitié \
         de ses clients.</p><p>L’ouvrage, construit le 12 juin 1931, avait déjà été réparé en 1987. Le département promet une \
         visite tous les deux ans.</p></div>{}</article></main>{}<footer>© 2009-2026 Le Courrier</footer></body></html>",
        case.head, case.above, case.below, case.behind, case.outside
    );
    read_page(&html, case.url).expect("a page within the caps")
}

const CASES: &[Case] = &[
    Case {
        name: "a change in the head, beside a date of publication that cannot be",
        head: "<meta property=article:published_time content=1970-01-01><meta property=article:modified_time content=2025-11-20T08:00:00+01:00>",
        day: "2025-11-20",
        warnings: "date_from_update",
        ..PLAIN
    },
    Case {
        name: "other articles behind the text have headings that are links, and dates",
        behind: "<div class=b><h3><a href=/a>Le marché couvert ouvre ses portes</a></h3><p>Publié le 3 janvier 2020</p></div>",
        ..PLAIN
    },
    Case {
        name: "the article's own date stands before them",
        below: "<p>Publié le 4 mars 2019</p>",
        outside: "<div><h3><a href=/a>Le marché couvert ouvre</a></h3><time datetime=2020-01-03>3 janvier 2020</time></div>",
        day: "2019-03-04",
        ..PLAIN
    },
    Case {
        name: "a scholarly blog with both times",
        below: "<div class=entry-meta><span class=posted-on><a href=#><time class='entry-date published' datetime='2019-03-04T10:12:00+01:00'>04/03/2019</time><time class=updated datetime='2021-06-01T09:00:00+02:00'>01/06/2021</time></a></span></div>",
        day: "2019-03-04",
        ..PLAIN
    },
    Case {
        name: "a hosted blog signs and dates in one line",
        above: "<p class=date>Publié le 3 mars 2018 par Jeanne</p>",
        day: "2018-03-03",
        ..PLAIN
    },
    Case {
        name: "a diary has its day above the title",
        above: "<div class=dateheader>03 mars 2018</div>",
        day: "2018-03-03",
        ..PLAIN
    },
    Case {
        name: "a ministry says when it was updated last",
        below: "<p class='fr-text--sm'>Publié le 04/03/2024 | Dernière mise à jour le 05/04/2024</p>",
        day: "2024-03-04",
        warnings: "date_guessed",
        ..PLAIN
    },
    Case {
        name: "a town hall has the weekday in front",
        below: "<div class='field field--name-created'>lun 04/03/2024 - 10:12</div>",
        day: "2024-03-04",
        ..PLAIN
    },
    Case {
        name: "an association has the moment in a title",
        below: "<p class='info-publi'><abbr class=published title='2016-05-03T08:00:00Z'>mardi 3 mai 2016</abbr>, par <span class='vcard author'>Le bureau</span></p>",
        day: "2016-05-03",
        ..PLAIN
    },
    Case {
        name: "microdata in a meta of the body",
        below: "<meta itemprop=datePublished content='2020-10-01T07:30:00+02:00'><meta itemprop=dateModified content='2020-10-02T07:30:00+02:00'>",
        day: "2020-10-01",
        ..PLAIN
    },
    Case {
        name: "resource description in attributes",
        below: "<span class='date-display-single' property='dc:date' datatype='xsd:dateTime' content='2014-11-20T10:12:00+01:00'>Jeudi, 20 novembre, 2014 - 10:12</span>",
        day: "2014-11-20",
        ..PLAIN
    },
    Case {
        name: "below the text",
        behind: "<p class=signature>Article publié le 12 septembre 2021</p>",
        day: "2021-09-12",
        ..PLAIN
    },
    Case {
        name: "a footer of the entry",
        behind: "<footer class=entry-footer>Publié le <time class=entry-date datetime='2021-09-12T10:00:00+02:00'>12 septembre 2021</time> dans <a href=/c>Ponts</a></footer>",
        day: "2021-09-12",
        ..PLAIN
    },
    Case {
        name: "old tables name the field",
        below: "<table><tr><td>Auteur :</td><td>R. Colin</td></tr><tr><td>Date :</td><td>12/09/2011</td></tr></table>",
        day: "2011-09-12",
        warnings: "date_guessed",
        ..PLAIN
    },
    Case {
        name: "a calendar leaf in three spans",
        above: "<div class=post-date><span class=day>03</span><span class=month>Mars</span><span class=year>2024</span></div>",
        day: "2024-03-03",
        ..PLAIN
    },
    Case {
        name: "capitals",
        below: "<div class=meta>3 MARS 2024</div>",
        day: "2024-03-03",
        ..PLAIN
    },
    Case {
        name: "linked data of the page without an article",
        head: "<script type='application/ld+json'>{\"@context\":\"https://schema.org\",\"@graph\":[{\"@type\":\"WebSite\",\"name\":\"Le Courrier\"},{\"@type\":\"WebPage\",\"datePublished\":\"2022-02-02T08:00:00+00:00\",\"dateModified\":\"2023-02-02T08:00:00+00:00\"}]}</script>",
        day: "2022-02-02",
        ..PLAIN
    },
    Case {
        name: "the month of an archive",
        url: "https://www.example.org/2013/04/le-pont-de-la-scierie-rouvre.html",
        day: "2013-04-01",
        warnings: "date_from_address",
        ..PLAIN
    },
    Case {
        name: "the month of an archive and a line in it",
        url: "https://www.example.org/2013/04/le-pont-de-la-scierie-rouvre.html",
        above: "<h2 class=date-header>mercredi 17 avril 2013</h2>",
        day: "2013-04-17",
        ..PLAIN
    },
    Case {
        name: "comments have dates too",
        outside: "<div id=comments><ol><li><cite>Paul</cite> <a href=#c1><time datetime='2020-05-05T10:00:00+02:00'>5 mai 2020 à 10 h 00</time></a><p>Merci !</p></li></ol></div>",
        day: "",
        ..PLAIN
    },
    Case {
        name: "related articles have dates too",
        outside: "<section class=related><h2>À lire aussi</h2><article><h3><a href=/a>La piscine ferme</a></h3><time datetime='2020-05-05'>5 mai 2020</time></article><article><h3><a href=/b>Le marché déménage</a></h3><time datetime='2020-05-06'>6 mai 2020</time></article></section>",
        day: "",
        ..PLAIN
    },
    Case {
        name: "an agenda beside the article",
        below: "<div class=agenda><h3>Agenda</h3><p>Réunion publique le 4 décembre 2026 à 20 h</p></div>",
        day: "",
        ..PLAIN
    },
    Case {
        name: "a caption has the day of the picture",
        below: "<figure><img src=/p.jpg><figcaption>Le pont, le 9 février 2026.</figcaption></figure><p class=meta>Publié le 12 février 2026 à 6h00</p>",
        day: "2026-02-12",
        ..PLAIN
    },
    Case {
        name: "only a caption",
        below: "<figure><img src=/p.jpg><figcaption>Le pont, le 9 février 2026</figcaption></figure>",
        day: "",
        ..PLAIN
    },
    Case {
        name: "a default of the system in every field",
        head: "<meta property='article:published_time' content='1970-01-01T00:00:00+00:00'><meta name=date content='0000-00-00'>",
        day: "",
        warnings: "date_impossible",
        ..PLAIN
    },
    Case {
        name: "a default of the system and a line",
        head: "<meta property='article:published_time' content='-0001-11-30T00:00:00+00:00'>",
        below: "<p>Mis en ligne le 8 octobre 2017</p>",
        day: "2017-10-08",
        ..PLAIN
    },
    Case {
        name: "the day of the build in the metadata, another in line and address",
        url: "https://www.example.org/actualites/2017-10-08-le-pont-de-la-scierie-rouvre/",
        head: "<meta property='article:published_time' content='2025-01-15T04:00:00Z'>",
        below: "<p>Le 8 octobre 2017</p><p class=x>Publié le 8 octobre 2017</p>",
        day: "2017-10-08",
        warnings: "date_contradicted",
        ..PLAIN
    },
    Case {
        name: "metadata against a line",
        head: "<meta property='article:published_time' content='2025-01-15T04:00:00Z'>",
        below: "<p>Publié le 8 octobre 2017</p>",
        day: "2025-01-15",
        warnings: "date_contradicted",
        ..PLAIN
    },
    Case {
        name: "a sentence says when something else was published",
        below: "<p>Le rapport, publié le 3 mars 2026, décrit un ouvrage à bout de souffle.</p>",
        day: "",
        ..PLAIN
    },
    Case {
        name: "an update alone stands in for the publication, and says so",
        below: "<p>Mis à jour le 8 octobre 2017 à 10h12</p>",
        day: "2017-10-08",
        warnings: "date_from_update",
        ..PLAIN
    },
    Case {
        name: "published in the night between two days",
        head: "<meta property='article:published_time' content='2026-02-03T23:30:00Z'>",
        below: "<p>Publié le 4 février 2026</p>",
        day: "2026-02-03",
        ..PLAIN
    },
    Case {
        name: "milliseconds since 1970",
        head: "<meta name='cXenseParse:recs:publishtime' content='1770220800000'>",
        day: "2026-02-04",
        ..PLAIN
    },
    Case {
        name: "a list of fields under the title",
        below: "<ul class=infos><li>Par Jeanne Martin</li><li>12 août 2025, 06:02</li><li>3 commentaires</li></ul>",
        day: "2025-08-12",
        ..PLAIN
    },
    Case {
        name: "a box of buttons has the date",
        below: "<div class='share-bar meta'><span>12 août 2025</span> <a href=#>Partager</a></div><div class=tools>Publié le 12 août 2025 à 06:02</div>",
        day: "2025-08-12",
        ..PLAIN
    },
    Case {
        name: "the label has a line of its own",
        below: "<dl><dt>Publié</dt><dd>12 août 2025</dd><dt>Mis à jour</dt><dd>13 août 2025</dd></dl>",
        day: "2025-08-12",
        ..PLAIN
    },
    Case {
        name: "an update first, then the publication",
        below: "<p>Mis à jour le 13 août 2025 à 10h00 - Publié le 12 août 2025 à 06h02</p>",
        day: "2025-08-12",
        ..PLAIN
    },
    Case {
        name: "a standfirst that tells of a death dates nothing",
        below: "<p class=chapo>Mort de Jean Dupont le 3 mars 2024 à Lyon</p>",
        ..PLAIN
    },
    Case {
        name: "nor does one without a place",
        below: "<p class=chapo>Mort de Jean Dupont, le 3 mars 2024</p>",
        ..PLAIN
    },
    Case {
        name: "nor one in capitals",
        below: "<p class=chapo>ATTENTAT DE NICE, 14 JUILLET 2016</p>",
        ..PLAIN
    },
    Case {
        name: "nor one that begins with a day",
        below: "<p class=chapo>3 mars 2024 : l’armée entre en ville</p>",
        ..PLAIN
    },
    Case {
        name: "a report that was published is no article",
        below: "<p class=chapo>Le rapport publié le 3 mars 2024 par le département décrit une pile usée jusqu’à la pierre</p>",
        ..PLAIN
    },
    Case {
        name: "a law that was is none either",
        below: "<p class=chapo>Loi publiée le 3 mars 2024 au journal officiel</p>",
        ..PLAIN
    },
    Case {
        name: "an article that says when it was is one",
        below: "<p class=chapo>Cet article a été initialement publié le 3 mars 2024</p>",
        day: "2024-03-03",
        ..PLAIN
    },
    Case {
        name: "so is one of a kind",
        below: "<p>Tribune publiée le 3 mars 2024 à 8h</p>",
        day: "2024-03-03",
        ..PLAIN
    },
    Case {
        name: "a name, a stroke and a date",
        below: "<p>Jeanne Martin - 3 mars 2024 - 12 commentaires</p>",
        day: "2024-03-03",
        ..PLAIN
    },
    Case {
        name: "a blog says where it filed it",
        below: "<p>3 mars 2024 dans Politique</p>",
        day: "2024-03-03",
        ..PLAIN
    },
    Case {
        name: "a template that was not filled in",
        head: "<meta property=article:published_time content='{{ article.date }}'>",
        warnings: "date_impossible",
        ..PLAIN
    },
    Case {
        name: "a line whose day no calendar has",
        below: "<p>Publié le 31/02/2026 à 18h30</p>",
        warnings: "date_impossible",
        ..PLAIN
    },
    Case {
        name: "an element for a time that holds none",
        below: "<p>Publié le <time datetime=Invalid-date>NaN/NaN/NaN</time></p>",
        warnings: "date_impossible",
        ..PLAIN
    },
    Case {
        name: "what cannot be read beside what can",
        head: "<meta property=article:published_time content='Invalid date'>",
        below: "<p>Publié le 3 mars 2024</p>",
        day: "2024-03-03",
        ..PLAIN
    },
];

#[test]
fn a_page_is_dated_as_a_person_would_date_it() {
    let mut told = Vec::new();
    for case in CASES {
        let page = page(case);
        let published = page.published.map(|date| date.at.to_string()).unwrap_or_default();
        let day = published.get(..10).unwrap_or("");
        if day != case.day {
            told.push(format!("{}: {day:?} instead of {:?}", case.name, case.day));
        }
        let warnings = page.warnings.iter().map(|warning| warning.code.as_str());
        let dated: Vec<&str> = warnings.filter(|code| code.starts_with("date_")).collect();
        if dated.join("|") != case.warnings {
            told.push(format!("{}: {dated:?} instead of {:?}", case.name, case.warnings));
        }
    }
    assert!(told.is_empty(), "of {} pages\n{}", CASES.len(), told.join("\n"));
}
