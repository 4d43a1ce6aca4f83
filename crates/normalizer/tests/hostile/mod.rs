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
#[expect(clippy::too_many_lines, reason = "a list of pages")]
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
    .into_iter()
    .chain(nested())
    .chain(misnested())
    .collect()
}

/// Nesting of the sizes at which other parsers overflow a stack or take seconds.
fn nested() -> Vec<(&'static str, String)> {
    vec![
        ("31 kB of nested tables", "<table><tr><td>".repeat(2_067)),
        ("220 kB of nested tables", "<table><tr><td>".repeat(14_667)),
        ("31 kB of nested div", "<div>".repeat(6_200)),
        ("220 kB of nested div", "<div>".repeat(44_000)),
        ("nested svg", "<svg><g>".repeat(50_000)),
        ("nested math", "<math><mi>".repeat(50_000)),
        ("nested templates", "<template>".repeat(50_000)),
        ("nested lists", "<ul><li>".repeat(50_000)),
        (
            "nested buttons, selects, options",
            "<button><select><option>".repeat(50_000),
        ),
        ("nested span without end", "<span>".repeat(50_000)),
        ("nested objects", "<object><p>".repeat(50_000)),
    ]
}

/// What the tree builder has to set right: formatting elements across others (the "adoption agency" of HTML §13.2.6.4.7),
/// formatting elements that are all alike or all different ("Noah's Ark", §13.2.4.3), what stands in a table and may not
/// ("foster parenting", §13.2.6.1), attributes of a second `body`.
fn misnested() -> Vec<(&'static str, String)> {
    let each = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().concat();
    let many_attributes = |n: usize| {
        let attributes = (0..250)
            .map(|at| format!(" a{at}={n}"))
            .collect::<Vec<_>>()
            .concat();
        format!("<b{attributes}>")
    };
    vec![
        (
            "b, i and a across each other",
            "<b><i><a href=x>y</b></i></a>".repeat(20_000),
        ),
        ("b across div", "<b><div>x</b></div>".repeat(20_000)),
        ("a in a in div", "<a href=x><div>y".repeat(20_000)),
        ("a in p in a", "<a href=x><p>y</a>".repeat(20_000)),
        (
            "b above 400 div, closed over and over",
            format!(
                "{}{}",
                "<b>".repeat(40),
                format!("{}</b>", "<div>".repeat(8)).repeat(50)
            ) + &"</b>".repeat(400_000),
        ),
        (
            "b and div as deep as allowed, closed across",
            format!("{}{}", "<b><div>".repeat(120), "</b>".repeat(400_000)),
        ),
        (
            "b and div as deep as allowed, over and over",
            format!("{}{}", "<b><div>".repeat(120), "</b></div>".repeat(120)).repeat(100),
        ),
        ("b, all alike", "<p><b class=x>y".repeat(50_000)),
        (
            "240 different b, then others one by one",
            each(240, &|n| format!("<b id=a{n}>")) + &each(50_000, &|n| format!("<b id=z{n}></b>")),
        ),
        (
            "240 different b, then alike ones",
            each(240, &|n| format!("<b id=a{n}>")) + &"<b class=x></b>".repeat(50_000),
        ),
        (
            "240 b of 250 attributes",
            each(240, &many_attributes) + &each(2_000, &|n| format!("{}</b>", many_attributes(n + 240))),
        ),
        (
            "240 b of 250 attributes, opened again in paragraphs",
            format!("<p>{}", each(240, &many_attributes)) + &"<p>x".repeat(2_000),
        ),
        (
            "200 different font, opened again in paragraphs",
            format!("<p>{}", each(200, &|n| format!("<font size={n}>"))) + &"<p>x".repeat(40_000),
        ),
        ("select and option", "<select><option>x".repeat(50_000)),
        ("tables in select", "<select><table><tr><td>".repeat(10_000)),
        (
            "template and td",
            "<template><td>x</td></template>".repeat(30_000),
        ),
        ("svg and p", "<svg><p>x".repeat(30_000)),
        (
            "math and table",
            "<math><mtext><table><td>x</table></mtext></math>".repeat(20_000),
        ),
        ("words in a table", format!("<table>{}", "x<tr>".repeat(60_000))),
        ("b in a table", format!("<table>{}", "<b>x<tr>".repeat(30_000))),
        (
            "links in a table",
            format!("<table>{}", "<a href=x>y<td>z</td>".repeat(20_000)),
        ),
        ("tables in tables without cells", "<table><table>x".repeat(30_000)),
        (
            "body with another attribute",
            each(50_000, &|n| format!("<body a{n}>")),
        ),
        (
            "html with 250 other attributes",
            each(3_000, &|n| {
                let attributes = (0..250)
                    .map(|at| format!(" a{n}b{at}"))
                    .collect::<Vec<_>>()
                    .concat();
                format!("<html{attributes}>")
            }),
        ),
        ("forms in forms", "<form><div><form></div>".repeat(20_000)),
        ("headings in headings", "<h1><h2>x".repeat(30_000)),
        ("framesets", "<frameset><frame>".repeat(30_000)),
        ("stray end tags", "x</b></p></br></table></a></h1>".repeat(70_000)),
        (
            "end tags of nothing, 490 deep",
            format!("{}{}", "<span>".repeat(490), "</x>".repeat(400_000)),
        ),
        (
            "spans and end tags of nothing, 490 deep",
            format!("{}{}", "<div>".repeat(490), "<i></x></i>".repeat(50_000)),
        ),
    ]
}

/// Much of the same beside each other, and single things of megabytes.
#[expect(clippy::too_many_lines, reason = "a list of pages")]
pub(crate) fn floods() -> Vec<(&'static str, String)> {
    vec![
        ("1,000,000 siblings", "<p>x".repeat(1_000_000)),
        ("1,000,000 br", "<br>".repeat(1_000_000)),
        ("59,000 siblings", "<p>x</p>".repeat(59_000)),
        ("59,000 br", "x<br>".repeat(59_000)),
        ("59,000 links", "<a href=x>y</a> ".repeat(59_000)),
        ("59,000 items", "<li><a href=x>y</a>".repeat(29_500)),
        ("a text of 4.9 MB", format!("<p>{}", "é à ".repeat(816_000))),
        (
            "a class of 4 MB",
            format!("<p class='{}'>{SENTENCE}", "ab-cd ".repeat(666_000)),
        ),
        (
            "an id of 4 MB",
            format!("<p id='{}'>{SENTENCE}", "aB".repeat(2_000_000)),
        ),
        (
            "a style of 4 MB",
            format!("<p style='{}'>{SENTENCE}", "color:red;".repeat(400_000)),
        ),
        (
            "an attribute's name of 4 MB",
            format!("<p {}>{SENTENCE}", "a".repeat(4_000_000)),
        ),
        (
            "a tag's name of 4 MB",
            format!("<{}>{SENTENCE}", "a".repeat(4_000_000)),
        ),
        (
            "an open attribute",
            format!("<p>{SENTENCE}<a title=\"{}", "<p>x</p>".repeat(500_000)),
        ),
        (
            "an open comment",
            format!("<p>{SENTENCE}<!--{}", "<p>x</p> - -- ".repeat(350_000)),
        ),
        ("comments without end", "<!-- ".repeat(900_000)),
        ("an open title", format!("<title>{}", "<p>x</p>".repeat(500_000))),
        (
            "an open textarea",
            format!("<textarea>{}", "</textare".repeat(500_000)),
        ),
        ("an open style", format!("<style>{}", "</styl".repeat(700_000))),
        ("plaintext", format!("<plaintext>{}", "<p>x</p>".repeat(500_000))),
        (
            "scripts in comments in scripts",
            "<script><!--<script></script>".repeat(59_000),
        ),
        ("doctypes", "<!doctype html>".repeat(330_000)),
        ("1,000,000 &amp;", format!("<p>{}", "&amp;".repeat(980_000))),
        ("4 MB of &", format!("<p>{}", "&".repeat(4_000_000))),
        (
            "long references",
            format!("<p>{}", "&CounterClockwiseContourIntegral;".repeat(150_000)),
        ),
        (
            "references that are none",
            format!("<p>{}", "&CounterClockwiseContourIntegra ".repeat(150_000)),
        ),
        (
            "references escaped over and over",
            format!("<p>&{}eacute;", "amp;".repeat(1_200_000)),
        ),
        (
            "numbers of characters",
            format!("<p>{}", "&#x10FFFF;&#0;&#128;".repeat(250_000)),
        ),
        (
            "combining marks",
            format!("<p>e{}", "\u{301}\u{323}".repeat(1_200_000)),
        ),
        ("mojibake", format!("<p>{}", "Ã©tÃ© â€™ ".repeat(250_000))),
        (
            "invisible characters",
            format!("<p>{}", "\u{200b}\u{ad}x".repeat(800_000)),
        ),
        ("4 MB of NUL", format!("<p>{}", "\0".repeat(4_000_000))),
        ("4 MB of line breaks", format!("<p>{}", "\r\n".repeat(2_000_000))),
        (
            "linked data of many articles",
            format!(
                "<script type=application/ld+json>[{}{{}}]</script><p>{SENTENCE}",
                "{\"@type\":\"NewsArticle\",\"headline\":\"x\"},".repeat(90_000)
            ),
        ),
        (
            "many pieces of linked data",
            "<script type=application/ld+json>{\"@type\":\"NewsArticle\",\"headline\":\"x\"}</script>"
                .repeat(45_000),
        ),
        ("metas", "<meta property=og:title content=x>".repeat(58_000)),
        (
            "bylines",
            format!("<p>{}</p>", "Par Jeanne Martin, ".repeat(3)).repeat(50_000),
        ),
        (
            "one byline",
            format!("<p class=author>{}", "Jeanne Martin et ".repeat(250_000)),
        ),
        (
            "times of one day",
            "<time datetime=2026-02-05>5 février</time>".repeat(50_000),
        ),
    ]
}
