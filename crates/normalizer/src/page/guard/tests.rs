//! What the caps admit and refuse, and what is left of a tree.

use dom_query::Document;

use super::*;

fn refusal(html: &str) -> Option<Refused> {
    parse(html).err()
}

fn attributes(count: usize) -> String {
    (0..count).map(|n| format!(" a{n}")).collect::<Vec<_>>().concat()
}

#[test]
fn the_depth_cap_counts_what_is_open() {
    // The document, `html`, `body` and the kept `head` count too.
    assert_eq!(refusal(&"<div>".repeat(MAX_DEPTH - 4)), None);
    assert_eq!(refusal(&"<div>".repeat(MAX_DEPTH - 3)), Some(Refused::Depth));
    assert_eq!(refusal(&"<div></div>".repeat(MAX_DEPTH * 4)), None);
    assert_eq!(refusal(&"<p>Un<li>deux<td>trois".repeat(2000)), None);
    assert_eq!(refusal(&"<div></x>".repeat(MAX_DEPTH)), Some(Refused::Depth));
}

#[test]
fn nothing_hides_depth() {
    for (before, nested) in [
        ("<!-- --!>", "<div>"),
        ("<a =\">", "<div>"),
        ("<svg><style>", "<g>"),
        ("<svg><title>", "<div>"),
        ("<svg>", "<tr>"),
        ("<math>", "<td>"),
        ("<noscript><!--</noscript>-->", "<div>"),
        ("<script><!--</script>", "<div>"),
        ("<table>", "<tr><td><table>"),
    ] {
        let html = format!("{before}{}", nested.repeat(MAX_DEPTH));
        assert_eq!(refusal(&html), Some(Refused::Depth), "{before}{nested}");
    }
}

#[test]
fn markup_in_scripts_comments_and_values_counts_for_nothing() {
    let script = format!("<script>{}</script>", "<div>".repeat(2000));
    let words = format!("<script>if (i<n{}) {{}}</script>", attributes(2000));
    let comment = format!("<!-- {} <b{} -->", "<div>".repeat(2000), attributes(2000));
    let value = format!("<a title=\"{}\">", "<div a b='c'>".repeat(2000));
    for html in [script, words, comment, value] {
        assert_eq!(
            refusal(&html),
            None,
            "{}",
            html.chars().take(20).collect::<String>()
        );
    }
}

#[test]
fn nothing_hides_attributes() {
    let many = attributes(MAX_ATTRIBUTES + 1);
    for before in [
        "<p",
        "<<p",
        "</><p",
        "<!----><p",
        "<!-- --!><p",
        "<?x><p",
        "<!doctype html><p",
        "<svg><![CDATA[]]><p",
        "<p =\"<b",
        "<p a='<b' c=\"d\"",
        "</p",
        "<script></script",
        "<svg><style><p",
        "<script></script><p",
    ] {
        assert_eq!(
            refusal(&format!("{before}{many}>")),
            Some(Refused::Attributes),
            "{before}"
        );
    }
    assert_eq!(refusal(&format!("<p{}>", attributes(MAX_ATTRIBUTES))), None);
}

#[test]
fn other_caps_hold() {
    assert_eq!(refusal(&"<p>".repeat(MAX_ELEMENTS + 1)), Some(Refused::Elements));
    let fonts = (0..200)
        .map(|n| format!("<font size={n}>"))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(refusal(&format!("{fonts}{}", "<p>a</p>".repeat(2000))), None);
    assert_eq!(
        refusal(&format!("<p>{fonts}{}", "<p>a".repeat(2000))),
        Some(Refused::Nodes)
    );
    assert_eq!(refusal(&"</b>".repeat(MAX_TOKENS - 2)), None);
    assert_eq!(refusal(&"</b>".repeat(MAX_TOKENS + 1)), Some(Refused::Tokens));
    assert_eq!(refusal(&" ".repeat(MAX_BYTES + 1)), Some(Refused::Bytes));
}

#[test]
fn the_tree_is_the_one_of_the_parser_alone() {
    for html in [
        "<!doctype html><html lang=fr><head><title>Un &amp; deux</title></head><body><p>Été &eacute; a < b<p>c",
        "\u{feff}é<table><b>x<tr><td>y</table><svg><title><p>z",
        "<noscript><p>a</noscript><script type=application/ld+json>if (a<b) '</p>'</script>&am<b>p;</b>",
        "<script><!-- <script>a</script> --></script>b<textarea><p></textarea>",
        "<a href='x<y'>z</a><pre>\n\na\nb</pre><textarea>\nc\r\n</textarea>",
        "<b>a\n<table>b\n<tr>c\n&amp;<td>d</table>e\n<i>f</b>g\nh",
    ] {
        let tree = parse(html).map(|document| document.html().to_string());
        assert_eq!(tree, Ok(Document::from(html).html().to_string()), "{html}");
    }
}

#[test]
fn long_text_is_cut_and_nothing_is_lost() {
    for (unit, rest) in [("é à ", ""), ("<", "<"), ("a<", " b"), ("< /", "p>")] {
        let text = unit.repeat(3 * LONG_PIECE_BYTES / unit.len() + 7) + rest;
        let pieces: Vec<&str> =
            std::iter::successors(Some(text.as_str()), |left| left.get(piece(left).len()..))
                .take_while(|left| !left.is_empty())
                .map(piece)
                .collect();
        assert_eq!(pieces.concat(), text, "{unit}");
        assert!(pieces.len() > 1, "{unit}");
        for cut in pieces.windows(2) {
            let begins = ["<", "</", "<!", "<?"]
                .iter()
                .any(|begin| cut[0].ends_with(begin));
            assert!(!begins || cut[1].starts_with('<'), "{unit}");
        }
    }
}

#[test]
fn a_cut_hides_no_attributes() {
    let many = attributes(MAX_ATTRIBUTES + 1);
    for before in ["<", "a", "< ", "é", "a<"] {
        for length in LONG_PIECE_BYTES - 2..LONG_PIECE_BYTES + 3 {
            for factor in [1, 2] {
                let text = before.repeat(factor * length / before.len() + 1);
                let html = format!("{text}<p{many}>");
                assert_eq!(refusal(&html), Some(Refused::Attributes), "{before} {length}");
            }
        }
    }
}

#[test]
fn comments_and_nul_characters_leave_no_trace() {
    for html in [
        "<p>a<!-- < b -->c<![CDATA[ d ]]>\0e<?x?>f",
        "<p>a</!>c<!x>e<!-->f",
        "<p>ac<!-- <p> --!>ef<!--",
    ] {
        let document = parse(html).unwrap();
        assert_eq!(&*document.select("body").inner_html(), "<p>acef</p>", "{html}");
        let paragraph = document.select("p").nodes().first().copied().unwrap();
        assert_eq!(paragraph.children_it(false).count(), 1, "{html}");
    }
}

#[test]
fn what_the_builder_goes_through_is_counted() {
    let each = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().concat();
    let different = each(200, &|n| format!("<b id=a{n}>"));
    let named = |n: usize| format!("<b{} id=z{n}>", attributes(200));
    for (html, why) in [
        (
            format!("{}{}", "<div>".repeat(450), "</x>".repeat(60_000)),
            "end tags of nothing",
        ),
        (
            different.clone() + &each(20_000, &|n| format!("<b id=z{n}></b>")),
            "others compared with all",
        ),
        (
            each(200, &named) + &each(1_000, &|n| named(n + 200) + "</b>"),
            "attributes compared",
        ),
        (
            format!("<p>{}", each(100, &named)) + &"<p>x".repeat(500),
            "attributes copied",
        ),
    ] {
        assert_eq!(refusal(&html), Some(Refused::Steps), "{why}");
    }
    // What the press writes stays far below.
    for html in [
        "<div>".repeat(100) + &"<p><a href=x class=y>z</a> <b>a</b></p>".repeat(15_000),
        format!("<table>{}", "<tr><td><b class=x>y</td>".repeat(15_000)),
    ] {
        assert_eq!(
            refusal(&html),
            None,
            "{}",
            html.chars().take(20).collect::<String>()
        );
    }
}

#[test]
fn the_attributes_of_later_bodies_are_few() {
    let bodies = (0..5_000)
        .map(|n| format!("<body a{n}>"))
        .collect::<Vec<_>>()
        .concat();
    let document = parse(&format!("<body class=x>{bodies}<p>y")).unwrap();
    let body = document.select("body");
    assert!(body.attr("class").is_some() && body.attr("a9").is_some());
    let count = body.nodes().first().map_or(0, |body| body.attrs().len());
    assert!(count < 100, "{count} attributes");
}

#[test]
fn what_scripts_and_styles_hold_is_left_out() {
    for (html, body) in [
        // Up to the next `<` the content came with the tag.
        (
            "<script>if (a<b) '</p>'</scripty></SCRIPT >x<p>y",
            "<script>if (a</script>x<p>y</p>",
        ),
        ("<style></p>p > a{}</style>x", "<style></style>x"),
        ("<script><p>a", "<script></script>"),
        ("<svg><style><p>x", "<svg><style></style></svg><p>x</p>"),
        (
            "<script type='application/ld+json'><p>a</script>",
            "<script type=\"application/ld+json\"><p>a</script>",
        ),
    ] {
        let html = format!("<body>{html}");
        let document = parse(&html).unwrap();
        assert_eq!(&*document.select("body").inner_html(), body, "{html}");
    }
}
