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

const ASKS: &str = "<div class=q><h2>Vos données vous appartiennent</h2><p>Avec votre accord, nous et nos partenaires \
    utilisons des cookies pour mesurer l’audience de nos pages et vous proposer des contenus personnalisés.</p>\
    <p>Vous pouvez retirer votre consentement à tout moment, nos annonceurs ne vous suivront plus.</p>\
    <button>Tout accepter</button><button>Tout refuser</button></div>";

#[test]
fn a_box_that_asks_for_consent_goes_whatever_it_is_called() {
    for text in [text_of(ASKS), text_of(&format!("<div>{ASKS}</div>"))] {
        assert!(
            text.contains("numéro un") && text.contains("numéro quatre") && !text.contains("cookies"),
            "{text}"
        );
    }
}

#[test]
fn an_article_about_such_boxes_stays() {
    let text = text_of(
        "<h2>Tout accepter</h2><p>Ce bouton donne votre accord à chacun des partenaires, cookies compris.</p>\
         <h2>Tout refuser</h2><p>Celui-ci ne garde que les cookies sans lesquels votre visite ne marche pas.</p>",
    );
    assert!(text.contains("Tout refuser\n\nCelui-ci ne garde"), "{text}");
}

#[test]
fn dates_that_head_the_steps_of_a_chronicle_stay() {
    let steps = |count: usize| -> String {
        let step = |day| {
            format!(
                "<dt>{day} octobre 2025</dt><dd>La borne du pont a bougé de onze mètres dans la nuit.</dd>"
            )
        };
        format!(
            "<dl>{}</dl>",
            (1..=count).map(|step_of| step(step_of + 2)).collect::<String>()
        )
    };
    let text = text_of(&steps(4));
    assert!(
        text.contains("3 octobre 2025") && text.contains("6 octobre 2025"),
        "{text}"
    );
    let text = text_of(&steps(1));
    assert!(!text.contains("octobre"), "{text}");
}

#[test]
fn words_under_a_picture_in_an_unnamed_box_go() {
    let text = text_of(
        "<div class=a><img src=p.jpg><div class=b>Le pont, achevé en 1632. Photo du club.</div></div>",
    );
    assert!(!text.contains("1632"), "{text}");
    let text = text_of(
        "<div class=a><img src=p.jpg><p>Le pont a été achevé en 1632 par un maçon de la vallée.</p></div>",
    );
    assert!(text.contains("1632"), "{text}");
}

#[test]
fn questions_on_buttons_head_their_answers() {
    let pair = |question: &str| {
        format!(
            "<div class=acc><h2><button aria-expanded=false>{question}</button></h2><div><p>Oui, chaque jour de \
             l’année, sauf en cas de gel ou de crue.</p></div></div>"
        )
    };
    let text = text_of(&(pair("Le pont est-il ouvert aux piétons ?") + &pair("Et aux chevaux ?")));
    assert!(
        text.contains("ouvert aux piétons ?\n\nOui") && text.contains("Et aux chevaux ?"),
        "{text}"
    );
}

#[test]
fn how_a_speech_begins_and_a_letter_ends_stays() {
    let html = "<html><body><article><h1>Discours de la présidente</h1><div><p>Mesdames et Messieurs,</p>\
        <p>Il y a un an, ici même, nous disions que l’eau serait l’affaire de la décennie entière.</p>\
        <p>Nous nous trompions, car elle est l’affaire de l’été, et de chacun de ceux qui viennent.</p>\
        <p>À dimanche,</p><p align=right>B. D.</p></div></article></body></html>";
    let text = read_page(html, "https://a.example/d")
        .expect("a page within the caps")
        .text;
    assert!(
        text.starts_with("Mesdames et Messieurs,") && text.ends_with("À dimanche,"),
        "{text}"
    );
}

#[test]
fn a_blog_s_name_in_its_first_heading_is_no_title() {
    let html = "<html><head><title>Les grains de Malice: La pluie et les gares</title></head><body>\
        <h1><a href=/>Les grains de Malice</a></h1><div class=post><h3>La pluie et les gares</h3>\
        <div class=post-body>Je tiens un registre des gares où j’ai attendu, et il y en a cent quatre-vingt-deux.<br>\
        La plus belle est Limoges, la plus froide Culoz, et les panneaux y parlent même la nuit.</div>\
        <span>Publié à <abbr class=published title=\"2026-01-18T21:03:00+01:00\">21:03</abbr></span></div></body></html>";
    let page = read_page(html, "https://a.example/2026/01/pluie.html").expect("a page within the caps");
    assert_eq!(page.title.as_deref(), Some("La pluie et les gares"));
    assert!(
        page.published
            .is_some_and(|date| date.at.to_string() == "2026-01-18T20:03:00Z")
    );
}

#[test]
fn a_standfirst_that_is_shown_for_two_screens_is_read_once() {
    let lead =
        "Les ponts de la vallée rouvrent après trois mois de travaux, et deux d’entre eux sont plus larges.";
    let text = text_of("");
    let html = format!(
        "<html><body><div><h1>Les ponts rouvrent</h1><div class=s>{lead}</div><div class=l>{lead}</div><div>{}</div></div></body></html>",
        text.replace("\n\n", "<br><br>")
    );
    let page = read_page(&html, "https://a.example/ponts").expect("a page within the caps");
    assert_eq!(page.text.matches("plus larges").count(), 1, "{}", page.text);
}

#[test]
fn a_quote_between_two_parts_of_the_text_stays() {
    let part = |number| {
        format!(
            "<div class=k><div class=html-content><p>Le pont numéro {number} de la vallée rouvre ce matin aux voitures \
             et aux camions légers, dit la mairie.</p></div></div>"
        )
    };
    let html = format!(
        "<html><body><main><h1>Les ponts rouvrent</h1><div>{}<div class=z><figure><blockquote>On peignait la nuit, pour \
         que le voisin ne copie pas.</blockquote></figure></div>{}</div></main></body></html>",
        part("un"),
        part("deux")
    );
    let page = read_page(&html, "https://a.example/ponts").expect("a page within the caps");
    assert!(page.text.contains("On peignait la nuit"), "{}", page.text);
}

#[test]
fn a_list_of_contents_is_not_read_for_the_headings_below_it() {
    let text = text_of(
        "<div><strong>Au sommaire</strong><br><a href=\"#a\">Quand rouvre-t-il ?</a><br><a href=\"#b\">Pour qui ?</a></div>\
         <h2 id=a>Quand rouvre-t-il ?</h2><p>Lundi à six heures, si le gel le permet, dit la mairie.</p>\
         <h2 id=b>Pour qui ?</h2><p>Pour tous, et pour les ânes de moins de trois ans aussi.</p>",
    );
    assert!(
        text.contains("Quand rouvre-t-il ?\n\nLundi") && text.contains("Pour qui ?\n\nPour tous"),
        "{text}"
    );
    assert_eq!(text.matches("Pour qui ?").count(), 1, "{text}");
}

#[test]
fn a_date_glued_to_the_writers_is_a_field() {
    let text = text_of("<div><span>Lise Roy et Paul Marin</span><span>17 mars 2026 à 19h00</span></div>");
    assert!(!text.contains("2026"), "{text}");
}

#[test]
fn a_line_among_paragraphs_that_are_boxes_is_a_subheading() {
    let html = |line: &str| {
        let par = |text: &str| format!("<div class=par>{text}</div>");
        let page = format!(
            "<html><body><div><h1>Un orignal dans la piscine</h1>{}<div class=x><span>À lire aussi</span><div>\
             <a href=/1>Un ours au cégep</a></div></div>{line}{}{}</div></body></html>",
            par(
                "La bête serait tombée à travers la toile vers deux heures, et un camelot a entendu les clapotis."
            ),
            par(
                "On a vidé le bassin de moitié, construit une rampe avec des palettes, puis éteint les lumières."
            ),
            par(
                "L’orignal est remonté de lui-même, a traversé la rue au feu vert et disparu derrière l’aréna."
            )
        );
        read_page(&page, "https://a.example/o")
            .expect("a page within the caps")
            .text
    };
    let text = html("<div class=par>Vider le bassin</div>");
    assert!(
        text.contains("Vider le bassin\n\nOn a vidé") && !text.contains("ours"),
        "{text}"
    );
    let text = html("<div class=par>▶ La vidéo</div>");
    assert!(!text.contains("La vidéo"), "{text}");
}
