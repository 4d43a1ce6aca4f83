//! Who signs a page: what its head, the lines around the title and the links to writers' pages give together.
//!
//! Each case is a page with the same text; `names` is what a person would note, agencies behind the people.

use depeche_normalizer::read_page;

/// What a page is called, what differs in it, and the names expected, separated by `|`.
struct Case {
    head: &'static str,
    below: &'static str,
    behind: &'static str,
    names: &'static str,
}

const PLAIN: Case = Case {
    head: "",
    below: "",
    behind: "",
    names: "",
};

fn names(case: &Case) -> String {
    let html = format!(
        "<!DOCTYPE html><html lang=fr><head><meta charset=utf-8><title>Le pont de la scierie rouvre</title><meta \
         property=og:site_name content='Le Courrier'>{}</head><body><header><a href=/>Accueil</a></header><main><article><h1>Le \
         pont de la scierie rouvre</h1>{}<div class=contenu><p>Fermé depuis l’effondrement d’une pile, le pont de la scierie a \
         été rendu aux voitures lundi matin, après neuf mois de travaux suivis de près par les habitants.</p><p>Les riverains, \
         qui faisaient un détour de douze kilomètres, ont klaxonné en passant. « On revit », sourit la boulangère, qui avait \
         perdu la moitié de ses clients.</p><p>L’ouvrage, construit en 1931, avait déjà été réparé en 1987. Le département \
         promet une visite tous les deux ans.</p></div>{}</article></main><section class=related><article><h3><a href=/b>Le \
         marché déménage</a></h3><p>Par Sylvie Autran</p></article></section><footer>© Le Courrier</footer></body></html>",
        case.head, case.below, case.behind
    );
    let page = read_page(&html, "https://www.lecourrier.example/pont").expect("a page within the caps");
    page.authors.join("|")
}

const CASES: &[Case] = &[
    Case {
        behind: "<div class=b><h3><a href=/a>Le marché couvert ouvre ses portes</a></h3><p>Par Sylvie Autran</p></div>",
        names: "",
        ..PLAIN
    },
    Case {
        below: "<p class=meta>Par <a href=/auteurs/anne>Anne Le Bihan</a> et <a href=/auteurs/luc>Luc Faure</a>, avec AFP</p>",
        names: "Anne Le Bihan|Luc Faure|AFP",
        ..PLAIN
    },
    Case {
        below: "<div><a href=/journaliste/anne-le-bihan>Anne Le Bihan</a></div><div>12 août 2025 à 06:02</div>",
        names: "Anne Le Bihan",
        ..PLAIN
    },
    Case {
        below: "<div class=auteur>Anne LE BIHAN</div>",
        names: "Anne LE BIHAN",
        ..PLAIN
    },
    Case {
        below: "<p>Anne Le Bihan, envoyée spéciale à Royan</p><p>Publié le 12 août 2025</p>",
        names: "Anne Le Bihan",
        ..PLAIN
    },
    Case {
        head: "<script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"headline\":\"Le pont de la scierie rouvre\",\"author\":{\"@type\":\"Organization\",\"name\":\"Le Courrier\"}}</script>",
        below: "<p>Par La rédaction avec AFP</p>",
        names: "AFP",
        ..PLAIN
    },
    Case {
        head: "<script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"headline\":\"Le pont de la scierie rouvre\",\"author\":[{\"@type\":\"Person\",\"name\":\"Anne Le Bihan\"},{\"@type\":\"Person\",\"name\":\"AFP\"}]}</script>",
        names: "Anne Le Bihan|AFP",
        ..PLAIN
    },
    Case {
        head: "<meta name=author content='Anne Le Bihan, journaliste au Courrier'>",
        names: "Anne Le Bihan",
        ..PLAIN
    },
    Case {
        head: "<meta property=article:author content='https://www.facebook.com/lecourrier'>",
        below: "<p class=byline>Anne Le Bihan (texte) et Luc Faure (photos)</p>",
        names: "Anne Le Bihan",
        ..PLAIN
    },
    Case {
        below: "<p>Le Courrier avec AFP</p><p>Publié le 12/08/2025</p>",
        names: "AFP",
        ..PLAIN
    },
    Case {
        behind: "<p><em>Anne Le Bihan</em></p><p>(Avec AFP)</p>",
        names: "Anne Le Bihan|AFP",
        ..PLAIN
    },
    Case {
        below: "<p>De notre correspondante à Rome, Anne Le Bihan</p>",
        names: "Anne Le Bihan",
        ..PLAIN
    },
    Case {
        below: "<p>Propos recueillis par Anne Le Bihan</p><p>Le 12 août 2025</p>",
        names: "Anne Le Bihan",
        ..PLAIN
    },
    Case {
        below: "<p>Temps de lecture : 3 min</p><p>Publié le 12 août 2025</p><p>Partager</p>",
        names: "",
        ..PLAIN
    },
    Case {
        below: "<span>ANNE LE BIHAN</span><time datetime=2025-08-12>12 août 2025</time>",
        names: "ANNE LE BIHAN",
        ..PLAIN
    },
    Case {
        below: "<p class=infos>Publié le 12 août 2025 à 6h02 par <b>Anne Le Bihan</b></p>",
        names: "Anne Le Bihan",
        ..PLAIN
    },
    Case {
        behind: "<p>Anne Le Bihan</p>",
        names: "Anne Le Bihan",
        ..PLAIN
    },
    Case {
        behind: "<p>A. L. B. avec AFP</p>",
        names: "AFP",
        ..PLAIN
    },
    Case {
        behind: "<p>Recueilli par Anne Le Bihan</p>",
        names: "Anne Le Bihan",
        ..PLAIN
    },
    Case {
        head: "<meta name=author content='Luc Faure'>",
        behind: "<p>Anne Le Bihan (avec Reuters)</p>",
        names: "Luc Faure|Reuters",
        ..PLAIN
    },
    // A name below a quote is whom it is from; a place is nobody.
    Case {
        behind: "<p>« Il faut de la patience. »</p><p>Anne Le Bihan</p>",
        names: "",
        ..PLAIN
    },
    Case {
        behind: "<p>La Baule</p>",
        names: "",
        ..PLAIN
    },
];

#[test]
fn a_page_is_signed_by_who_wrote_it() {
    let told: Vec<String> = CASES
        .iter()
        .filter_map(|case| {
            let found = names(case);
            (found != case.names).then(|| {
                format!(
                    "{}{}: {found:?} instead of {:?}",
                    case.head, case.below, case.names
                )
            })
        })
        .collect();
    assert!(told.is_empty(), "of {} pages\n{}", CASES.len(), told.join("\n"));
}
