//! Which lines of a page are its article's, where one element decides it.

use depeche_normalizer::read_page;

/// An article around these elements.
fn text_of(inside: &str) -> String {
    let paragraph = |number| {
        format!(
            "<p>Le pont numéro {number} de la vallée rouvre ce matin aux voitures et aux camions légers, dit la mairie.</p>"
        )
    };
    let html = format!(
        "<html><head><meta name=author content=\"Lise Roy, Paul Marin\"></head><body><article>\
         <h1>Les ponts de la vallée rouvrent</h1>{}{}{inside}{}{}</article></body></html>",
        paragraph("un"),
        paragraph("deux"),
        paragraph("trois"),
        paragraph("quatre")
    );
    read_page(&html, "https://a.example/ponts")
        .expect("a page within the caps")
        .text
}

#[test]
fn hours_that_head_the_posts_of_a_live_report_stay() {
    let text = text_of(
        "<div class=post><h3>14h32</h3><p>La barrière se lève sous les applaudissements des riverains.</p></div>\
         <div class=post><h3>13h05</h3><p>Une grue arrive, la circulation est encore coupée.</p></div>",
    );
    assert!(
        text.contains("14h32\n\nLa barrière") && text.contains("13h05\n\nUne grue"),
        "{text}"
    );
}

#[test]
fn lines_of_preformatted_text_stay_lines() {
    let text =
        text_of("<pre>Sous le pont de la Sorgue\nl’eau passe et ne dit rien\nque le nom des absents</pre>");
    assert!(
        text.contains("Sorgue\n\nl’eau passe et ne dit rien\n\nque le nom"),
        "{text}"
    );
}

#[test]
fn who_said_a_quote_stays_with_it_and_goes_with_it() {
    let quote = |words: &str| {
        text_of(&format!(
            "<blockquote><p>{words}</p><footer class=quote-author>Anne Berthier, riveraine</footer></blockquote>"
        ))
    };
    let own = quote("« Nous avons attendu ce matin pendant trois hivers. »");
    assert!(
        own.contains("trois hivers. »\n\nAnne Berthier, riveraine"),
        "{own}"
    );
    let again = quote("« Le pont numéro deux de la vallée rouvre ce matin »");
    assert!(!again.contains('«') && !again.contains("Berthier"), "{again}");
}

#[test]
fn what_was_posted_elsewhere_is_not_the_article() {
    let text = text_of(
        "<blockquote class=x><p>Nous y étions, quelle fête !</p>— Ville de Die (@ville_die) <a href=/s>3 mai 2026</a></blockquote>",
    );
    assert!(
        !text.contains("quelle fête") && !text.contains("ville_die"),
        "{text}"
    );
}

#[test]
fn names_of_the_writers_alone_in_a_line_are_a_field() {
    let text = text_of("<p>Lise Roy et Paul Marin</p>");
    assert!(!text.contains("Marin"), "{text}");
    let text = text_of("<p>Lise Roy et Paul Marin attendaient au bout du quai.</p>");
    assert!(text.contains("Paul Marin attendaient"), "{text}");
}

#[test]
fn a_page_without_headings_has_its_title_from_the_line_that_says_it() {
    let html = "<html><head><title>La Gazette du Haut-Bois - Le lavoir retrouve son toit</title></head><body><table><tr><td>\
        <font size=5>Le lavoir retrouve son toit</font><br>Samedi 14 mars 2026 - par L. Roy<br><br>\
        Sept ans après l’orage qui l’avait éventré, le lavoir a été couvert à neuf par les élèves du lycée.<br><br>\
        Ils étaient dix-huit, en deux équipes, et ils ont posé onze mille tuiles en vingt-trois jours de travail.<br><br>\
        On l’inaugurera au mois de mai, avec la fanfare et un discours du maire, qui a promis d’être bref.\
        </td></tr></table></body></html>";
    let page = read_page(html, "https://a.example/lavoir.htm").unwrap();
    assert_eq!(page.title.as_deref(), Some("Le lavoir retrouve son toit"));
    assert!(page.text.starts_with("Sept ans après"), "{}", page.text);
    assert!(
        page.published
            .is_some_and(|date| date.at.to_string().starts_with("2026-03-14"))
    );
}

#[test]
fn raised_numbers_that_lead_to_notes_are_not_glued_to_words() {
    let text = text_of(
        "<p>Le courant emporte les grains<sup id=r1><a href=\"#n1\">1</a></sup>. Il va vers le bord<a href=\"#n2\"><sup>12</sup></a> \
         de la goutte, dit l’auteur <a href=\"#n3\">[3]</a>, et 10 m<sup>2</sup> suffisent.</p>",
    );
    assert!(
        text.contains(
            "emporte les grains. Il va vers le bord de la goutte, dit l’auteur [3], et 10 m2 suffisent."
        ),
        "{text}"
    );
}

#[test]
fn a_box_with_a_price_and_a_shop_is_not_the_article() {
    let boxed = |price: &str| {
        text_of(&format!(
            "<div class=k><div>Plinthe à brosse en aluminium</div><div>{price}</div><a href=/s>Voir le prix</a></div>"
        ))
    };
    assert!(!boxed("17,90 €").contains("Plinthe"));
    assert!(boxed("En 1990 la vallée en avait trois.").contains("Plinthe"));
}

#[test]
fn what_a_button_unfolds_among_the_paragraphs_stays() {
    let text = text_of(
        "<div class=toggle-card><h4>Comment avons-nous compté ?</h4><button></button>\
         <div><p>Nous avons repris les relevés de deux années, sur quatre cantons tirés au sort.</p></div></div>",
    );
    assert!(
        text.contains("avons-nous compté ?\n\nNous avons repris"),
        "{text}"
    );
}

#[test]
fn a_station_and_an_agency_are_told_from_a_reporter() {
    let authors = |lines: &str| {
        let html = format!(
            "<html><head><meta property=og:site_name content=\"Onde locale\"></head><body><article>\
             <h1>Les ponts de la vallée rouvrent</h1>{lines}<p>Le pont de la vallée rouvre ce matin aux voitures et aux \
             camions légers, dit la mairie.</p></article></body></html>"
        );
        let page = read_page(&html, "https://a.example/ponts").expect("a page within the caps");
        page.authors
    };
    assert_eq!(
        authors(
            "<div>De <a href=/equipe/ca>Camille Auclair</a></div><div>Par <a href=/c>Onde locale Creuse</a></div>"
        ),
        ["Camille Auclair"]
    );
    assert_eq!(
        authors("<div><span>ATS</span><span>Publié: 19.03.2026, 11h48</span></div>"),
        ["ATS"]
    );
    assert_eq!(authors("<p>Texte et photos : Inès Caradec</p>"), ["Inès Caradec"]);
    assert_eq!(
        authors("<p>par <span class=author>Anne Roy</span>, <span class=author>Hadi Ferrouk</span></p>"),
        ["Anne Roy", "Hadi Ferrouk"]
    );
}
