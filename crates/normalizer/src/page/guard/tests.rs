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
        "<a href='x<y'>z</a><!-- a < b --><![CDATA[ c ]]>",
    ] {
        let tree = parse(html).map(|document| document.html().to_string());
        assert_eq!(tree, Ok(Document::from(html).html().to_string()), "{html}");
    }
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
