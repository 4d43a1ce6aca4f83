//! Lines below a heading that date their page, and lines that tell of a day and date nothing.
//!
//! Each line of `tests/data/dates/lines.tsv` is markup, and the date that a person gives to the page: moment, precision, and the
//! warnings about it in brackets where they matter.

use bytes::Bytes;
use depeche_model::{Capture, CaptureKind, Journaled, Output, PagePolicy, Payload, Position, Precision};
use depeche_normalizer::{Normalizer, Options};

fn dated(normalizer: &Normalizer, line: &str) -> String {
    let html = format!(
        "<!DOCTYPE html><html lang=fr><head><meta charset=utf-8><title>Le pont de la scierie rouvre</title></head><body>\
         <header><a href=/>Accueil</a></header><main><article><h1>Le pont de la scierie rouvre</h1>{line}<div class=contenu>\
         <p>Fermé depuis l’effondrement d’une pile, le pont de la scierie a été rendu aux voitures lundi matin, après neuf mois \
         de travaux suivis de près par les habitants.</p><p>Les riverains, qui faisaient un détour de douze kilomètres, ont \
         klaxonné en passant. « On revit », sourit la boulangère, qui avait perdu la moitié de ses clients.</p><p>L’ouvrage, \
         construit le 12 juin 1931, avait déjà été réparé en 1987. Le département promet une visite tous les deux \
         ans.</p></div></article></main><footer>Le Courrier</footer></body></html>"
    );
    let capture = Capture {
        kind: CaptureKind::Page,
        uri: "https://www.example.org/le-pont-de-la-scierie-rouvre".to_owned(),
        final_uri: None,
        captured_at: "2026-11-21T10:00:00Z".parse().expect("a time"),
        source: "example".to_owned(),
        page_policy: PagePolicy::Never,
        timezone: None,
        order: None,
        payload: Payload::File {
            content_type: Some("text/html".to_owned()),
            body: Bytes::from(html),
        },
    };
    let position = Position {
        ordinal: 1,
        segment: 0,
        offset: 0,
        length: 0,
    };
    let normalized = normalizer.normalize(&Journaled {
        capture,
        position,
        given_up: Vec::new(),
    });
    let [Output::Article(article)] = &normalized.outputs[..] else {
        panic!("{line}: {:?}", normalized.outputs);
    };
    let published = article.published.expect("every article has a date");
    let told = article
        .warnings
        .iter()
        .map(|warning| warning.code.as_str())
        .filter(|code| code.starts_with("date_"));
    let at = match published.precision {
        Precision::None => "none".to_owned(),
        _ => published.at.to_string(),
    };
    format!(
        "{at} {} [{}]",
        published.precision.as_str(),
        told.collect::<Vec<_>>().join(" ")
    )
}

#[test]
fn a_line_dates_its_page_only_where_it_says_so() {
    let normalizer = Normalizer::new(Options::default());
    let lines = include_str!("data/dates/lines.tsv");
    let cases: Vec<(&str, &str)> = lines
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once('\t').unwrap())
        .collect();
    assert!(cases.len() >= 40, "{}", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(line, expected)| {
            let found = dated(&normalizer, line);
            (!found.starts_with(expected)).then(|| format!("{line}: {found} and not {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "of {} lines\n{}", cases.len(), wrong.join("\n"));
}
