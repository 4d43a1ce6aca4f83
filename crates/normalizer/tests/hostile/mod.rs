//! Pages made to cost, for tests and benches.

const SENTENCE: &str = "Le conseil a voté mardi soir, après six heures de débats, un budget en baisse. ";

/// Pieces that pages are made of, for pages of any shape.
pub(crate) const PIECES: &[&str] = &[
    "<p>",
    "</p>",
    "<div class='article-body'>",
    "<div class='related share'>",
    "</div>",
    "<table><tr><td>",
    "</table>",
    "<h1>Le budget est voté</h1>",
    "<h2>",
    "</h2>",
    "<ul><li>",
    "</ul>",
    "<a href=/x>",
    "<a href='#y'>",
    "</a>",
    "<article>",
    "</article>",
    "<blockquote>",
    "<br>",
    "<frameset>",
    "<svg><title>",
    "<template>",
    "<time datetime='2026-02-05'>",
    "<span itemprop=author>Jeanne Martin",
    "<title>Le budget est voté - Exemple</title>",
    "<meta property='og:title' content='Le budget est voté'>",
    "<script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"articleBody\":\"Le conseil a voté\"}</script>",
    "<script>",
    "<!--",
    "-->",
    "Le conseil a voté mardi soir, après six heures de débats, un budget en baisse. ",
    "À lire aussi",
    "Par Jeanne Martin avec AFP",
    "\u{a0}é…»",
    "东京电视台今天报道了这条消息，市民们都很高兴。",
];

/// Names and pages.
pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let numbered = |count: usize, one: &dyn Fn(usize) -> String| -> String {
        let body = (0..count).map(one).collect::<Vec<_>>().concat();
        format!("<html><body><h1>Le budget est voté</h1>{body}</body></html>")
    };
    vec![
        ("100,000 nested div", "<div>".repeat(100_000)),
        ("100,000 nested tables", "<table><tr><td>".repeat(100_000)),
        ("100,000 nested b", "<b>".repeat(100_000)),
        ("100,000 nested a", "<a href=x>".repeat(100_000)),
        ("10 MB of <", "<".repeat(10_000_000)),
        ("4 MB of <", "<".repeat(4_000_000)),
        ("1,000,000 attributes", {
            let attributes = (0..1_000_000)
                .map(|n| format!(" a{n}"))
                .collect::<Vec<_>>()
                .concat();
            format!("<p{attributes}>")
        }),
        ("tables as deep as allowed", {
            let open = "<table><tbody><tr><td>".repeat(120);
            format!("{open}{}", "<td>x".repeat(40_000))
        }),
        ("div as deep as allowed, over and over", {
            let deep = format!("{}x{}", "<div>".repeat(490), "</div>".repeat(490));
            deep.repeat(110)
        }),
        ("paragraphs, as deep as allowed", {
            format!(
                "{}{}",
                "<div>".repeat(490),
                format!("<p>{SENTENCE}</p>").repeat(30_000)
            )
        }),
        (
            "50,000 paragraphs",
            numbered(50_000, &|_| format!("<p>{SENTENCE}")),
        ),
        (
            "50,000 different classes",
            numbered(50_000, &|n| {
                format!("<p class='a{n}-share b{n}-related article-c{n}' id=d{n}>{n}")
            }),
        ),
        (
            "50,000 headings",
            numbered(50_000, &|n| format!("<h2>Le budget est voté {n}</h2>")),
        ),
        (
            "50,000 links to read also",
            numbered(50_000, &|_| "<p>À lire aussi</p>".to_owned()),
        ),
        (
            "50,000 lines",
            numbered(1, &|_| "Un vers de plus<br>".repeat(50_000)),
        ),
        (
            "nested times",
            format!("{}x{}", "<time>".repeat(490), SENTENCE.repeat(10_000)),
        ),
        (
            "20,000 times",
            numbered(20_000, &|n| format!("<time>5 février {n}</time>")),
        ),
        (
            "20,000 quotes",
            numbered(20_000, &|_| format!("<blockquote>{SENTENCE}</blockquote>")),
        ),
        ("a long description", {
            let description = SENTENCE.repeat(20_000);
            let body = format!("<p>{SENTENCE}</p>").repeat(20_000);
            format!(
                "<head><meta name=description content='{description}'></head><body><h1>Le budget</h1>{body}"
            )
        }),
        ("a long author", {
            format!(
                "<meta name=author content='{}'><p>{SENTENCE}",
                "Jeanne Martin, ".repeat(300_000)
            )
        }),
        ("4 MB of linked data", {
            let body = SENTENCE.repeat(50_000);
            format!(
                "<script type=application/ld+json>{{\"@type\":\"NewsArticle\",\"articleBody\":\"{body}\"}}</script><p>{SENTENCE}"
            )
        }),
        ("nested linked data", {
            format!(
                "<script type=application/ld+json>{}</script>",
                "{\"@graph\":[".repeat(100_000)
            )
        }),
        ("4 MB of one paragraph", format!("<p>{}", SENTENCE.repeat(50_000))),
        ("4 MB of one word", format!("<p>{}", "a".repeat(4_000_000))),
        ("4 MB of scripts", "<script>a</script>".repeat(50_000)),
        ("an open script", format!("<script>{}", "</scrip".repeat(600_000))),
        ("comments", "<!-- x -->".repeat(400_000)),
    ]
}
