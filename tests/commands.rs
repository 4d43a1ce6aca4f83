//! Every command, as its user sees it.

use std::io::Read as _;
use std::process::Stdio;

use crate::support::{Depeche, ran, repository, seeds};

/// A store filled from the corpus.
fn filled() -> Depeche {
    let depeche = Depeche::new();
    depeche
        .run(["replay".as_ref(), seeds().as_os_str()])
        .expect_code(0);
    depeche
}

#[test]
fn a_replay_ends_with_the_table_of_verdicts() {
    let depeche = Depeche::new();
    let ran = depeche
        .run(["replay".as_ref(), seeds().as_os_str()])
        .expect_code(0);
    let counts: u64 = [
        "new",
        "revision",
        "exact",
        "near",
        "contains",
        "contained_in",
        "teaser",
    ]
    .iter()
    .map(|verdict| {
        let line = ran
            .stdout
            .lines()
            .find(|line| line.split_whitespace().next() == Some(verdict));
        line.and_then(|line| line.split_whitespace().last()?.parse::<u64>().ok())
            .expect("a count")
    })
    .sum();
    assert_eq!(counts, ran.count("articles"));
    assert!(
        !ran.stderr.contains('\u{1b}'),
        "no progress bar and no colour without a terminal"
    );
}

#[test]
fn the_export_has_its_fields_in_their_frozen_order() {
    let depeche = filled();
    let fields = "id,seq,url,canonical_url,title,summary,text,published_at,published_precision,updated_at,\
        first_seen_at,source,feed_url,guid,language,language_confidence,authors,categories,image,word_count,\
        content_from,verdict,duplicate_of,similarity,evidence,story,revision,sightings,warnings,captions,tables,display";
    let csv = depeche.run(["export", "--format", "csv"]).expect_code(0).stdout;
    assert_eq!(csv.lines().next(), Some(fields));
    let documented = std::fs::read_to_string(repository().join("docs/output.md")).expect("docs/output.md");
    let documented: String = documented.split_whitespace().collect::<Vec<_>>().join(" ");
    let listed: Vec<String> = fields.split(',').map(|field| format!("`{field}`")).collect();
    assert!(
        documented.contains(&listed.join(", ")),
        "docs/output.md lists other fields"
    );
    let jsonl = depeche.run(["export"]).expect_code(0).stdout;
    let first = jsonl.lines().next().expect("a line");
    let mut from = 0;
    for field in fields.split(',') {
        let at = first
            .find(&format!("\"{field}\":"))
            .unwrap_or_else(|| panic!("{field} is missing"));
        assert!(at >= from, "{field} is out of order");
        from = at;
    }
    let all = depeche.export(&["--all"]);
    let latest = depeche.export(&[]);
    assert_eq!((all.len(), latest.len()), (36, 24));
    assert!(latest.iter().all(|line| line["duplicate_of"].is_null()));
    assert_eq!(latest.iter().filter(|line| line["revision"] == 2).count(), 2);
    let teaser = all
        .iter()
        .find(|line| line["verdict"] == "teaser")
        .expect("a teaser");
    let leader = latest
        .iter()
        .find(|line| line["id"] == teaser["duplicate_of"])
        .expect("its leader");
    assert!(leader["text"].as_str().map(str::len) > teaser["text"].as_str().map(str::len));
    let seqs: Vec<u64> = all.iter().filter_map(|line| line["seq"].as_u64()).collect();
    assert!(seqs.is_sorted());
}

#[test]
fn an_export_to_a_file_is_whole_or_absent() {
    let depeche = filled();
    depeche.run(["export", "-o", "out.jsonl"]).expect_code(0);
    let written = std::fs::read_to_string(depeche.path().join("out.jsonl")).expect("written");
    assert_eq!(written, depeche.run(["export"]).expect_code(0).stdout);
    let ran = depeche
        .run(["export", "-o", "no/such/folder/out.jsonl"])
        .expect_code(1);
    assert!(ran.stderr.contains("no/such/folder/out.jsonl"), "{}", ran.stderr);
}

#[test]
fn a_closed_pipe_is_success() {
    let depeche = filled();
    let mut child = depeche
        .command(["export", "--all"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut said)
        .expect("read");
    assert_eq!(
        (child.wait().expect("ended").code(), said.as_str()),
        (Some(0), "")
    );
}

#[test]
fn an_article_can_be_listed_shown_and_explained() {
    let depeche = filled();
    let rows = depeche
        .run(["list", "--verdict", "near", "--format", "jsonl"])
        .expect_code(0)
        .stdout;
    assert_eq!(rows.lines().count(), 5);
    let row: serde_json::Value = serde_json::from_str(rows.lines().next().expect("a row")).expect("JSON");
    let id = row["id"].as_str().expect("an id");
    let leader = row["duplicate_of"].as_str().expect("a leader");

    let shown = depeche.run(["show", id]).expect_code(0).stdout;
    assert!(
        shown.contains(row["title"].as_str().expect("a title")) && shown.contains("near"),
        "{shown}"
    );
    let short: String = id.chars().take(8).collect();
    let shown: serde_json::Value = serde_json::from_str(
        &depeche
            .run(["show", &short, "--format", "json"])
            .expect_code(0)
            .stdout,
    )
    .expect("JSON");
    assert_eq!(
        (&shown["id"], &shown["duplicate_of"]),
        (&row["id"], &row["duplicate_of"])
    );

    let explained = depeche.run(["explain", id]).expect_code(0).stdout;
    for word in [
        "verdict near",
        "jaccard",
        "containment",
        "passage in common",
        "story similarity",
        ": one story",
    ] {
        assert!(explained.contains(word), "{word} is not in\n{explained}");
    }
    let pair = depeche
        .run(["explain", id, leader, "--format", "json"])
        .expect_code(0)
        .stdout;
    let pair: serde_json::Value = serde_json::from_str(&pair).expect("JSON");
    assert!(
        pair["comparison"]["jaccard"].as_f64().is_some_and(|j| j >= 0.3),
        "{pair:#}"
    );

    assert_eq!(
        shown["evidence"]["on_full_texts"], true,
        "what is stored is counted, not estimated"
    );
    let stored = shown["similarity"].as_f64().expect("a similarity");
    let compared = pair["comparison"]["jaccard"].as_f64().expect("a similarity");
    assert!(
        (stored - compared).abs() < 0.001,
        "{stored} stored, {compared} explained"
    );

    let story = depeche.run([
        "story",
        row["story"].as_str().expect("a story"),
        "--format",
        "csv",
    ]);
    assert!(story.expect_code(0).stdout.lines().count() >= 3);
    let story = depeche.run(["story", row["story"].as_str().expect("a story")]);
    let heading: String = story.expect_code(0).stdout.lines().take(2).collect();
    assert!(heading.contains(" articles from "), "{heading}");
    let places = depeche
        .run(["show", leader, "--format", "json"])
        .expect_code(0)
        .stdout;
    assert!(places.contains("\"sightings\""), "{places}");

    let wrong = depeche
        .run(["show", "ffffffffffffffffffffffffffffffff"])
        .expect_code(1);
    assert!(wrong.stderr.contains("no article has an id"), "{}", wrong.stderr);
}

#[test]
fn the_change_log_and_the_counts_agree() {
    let depeche = filled();
    let tail = depeche
        .run(["tail", "-n", "1000", "--format", "json"])
        .expect_code(0)
        .stdout;
    let seqs: Vec<u64> = tail
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["seq"]
                .as_u64()
                .expect("seq")
        })
        .collect();
    assert_eq!(seqs, (1..=40).collect::<Vec<u64>>(), "no gap");
    let stats: serde_json::Value =
        serde_json::from_str(&depeche.run(["stats", "--format", "json"]).expect_code(0).stdout)
            .expect("JSON");
    assert_eq!((&stats["captures"], &stats["records"]), (&40.into(), &36.into()));
    assert_eq!(stats["rejected"]["language"], 3);
    let stories: std::collections::BTreeMap<String, usize> = depeche
        .export(&["--all"])
        .iter()
        .filter(|line| line["revision"] == 1)
        .fold(std::collections::BTreeMap::new(), |mut sizes, line| {
            *sizes.entry(line["story"].to_string()).or_default() += 1;
            sizes
        });
    let several = stories.values().filter(|size| **size > 1).count();
    let largest = stories.values().max().copied();
    assert_eq!(
        (
            &stats["stories"],
            &stats["stories_of_several"],
            &stats["largest_story"]
        ),
        (&stories.len().into(), &several.into(), &largest.into())
    );
    depeche.run(["stats"]).expect_code(0);
}

#[test]
fn rejected_articles_stay_visible_with_their_language() {
    let depeche = filled();
    let dead = depeche
        .run(["dead", "list", "--reason", "language", "--format", "jsonl"])
        .expect_code(0)
        .stdout;
    for language in ["`en`", "`it`", "`ca`"] {
        assert!(dead.contains(language), "{language} is not in\n{dead}");
    }
    assert!(
        depeche
            .run(["dead", "list"])
            .expect_code(0)
            .stdout
            .contains("no text")
    );
}

#[test]
fn every_spelling_of_an_address_is_one_feed() {
    let depeche = Depeche::new();
    let plain = "http://exemple.fr/gz.xml";
    let feeds = |arguments: &[&str], code: i32| {
        let ran = depeche.run(["feeds"].iter().chain(arguments)).expect_code(code);
        format!("{}{}", ran.stdout, ran.stderr)
    };
    assert!(feeds(&["add", " http://exemple.fr:80/gz.xml#haut "], 0).contains(&format!("{plain}: added")));
    for spelt in ["HTTP://exemple.fr/gz.xml", "http://EXEMPLE.fr/./gz.xml", plain] {
        assert!(feeds(&["add", spelt], 0).contains("there already"), "{spelt}");
    }
    depeche.write("liste.txt", "http://Exemple.fr/gz.xml\nhttps://exemple.be/été\n");
    assert!(feeds(&["import", "liste.txt"], 0).contains("2 feeds, 1 of them new"));
    let list = feeds(&["list", "--format", "jsonl"], 0);
    assert!(
        list.contains(&format!("\"url\":\"{plain}\"")) && list.contains("https://exemple.be/%C3%A9t%C3%A9"),
        "{list}"
    );
    // A list from elsewhere that names a feed twice locks nothing.
    depeche.write(
        "data/feeds.opml",
        "<opml><body>\n<outline xmlUrl='http://exemple.fr/gz.xml'/>\n<outline xmlUrl='HTTP://exemple.fr/gz.xml'/>\n\
         <outline xmlUrl='https://a.fr/#x'/></body></opml>",
    );
    assert!(feeds(&["add", "https://b.fr/"], 0).contains("listed already on line 2"));
    assert!(!feeds(&["add", "https://c.fr"], 0).contains("listed already"));
    feeds(&["remove", "HTTPS://C.fr/#y"], 0);
    feeds(&["remove", "HTTP://exemple.fr:80/gz.xml"], 0);
    assert_eq!(feeds(&["list", "--format", "jsonl"], 0).lines().count(), 2);
    for (wrong, told) in [
        ("http://x:99999", "invalid port number"),
        ("example.org/rss", "`https://example.org/rss`"),
    ] {
        assert!(feeds(&["add", wrong], 1).contains(told), "{wrong}");
    }
}

#[test]
fn feeds_are_added_listed_exported_imported_and_removed() {
    let depeche = Depeche::new();
    depeche.write(
        "depeche.toml",
        "[[feed]]\nurl = \"https://exemple.fr/rss\"\nname = \"Exemple\"\ntags = [\"essai\"]\n",
    );
    let add = [
        "feeds",
        "add",
        "https://exemple.be/rss",
        "--name",
        "L’Exemple belge",
        "--tag",
        "Belgique",
    ];
    assert!(depeche.run(add).expect_code(0).stdout.contains("added"));
    assert!(depeche.run(add).expect_code(0).stdout.contains("there already"));
    let list = depeche
        .run(["feeds", "list", "--format", "jsonl"])
        .expect_code(0)
        .stdout;
    assert_eq!(list.lines().count(), 2);
    assert!(
        list.contains("L’Exemple belge") && list.contains("\"origin\":\"added\""),
        "{list}"
    );
    depeche.run(["feeds", "export", "-o", "all.opml"]).expect_code(0);
    let other = Depeche::new();
    let all = depeche.path().join("all.opml");
    let imported = other
        .run(["feeds".as_ref(), "import".as_ref(), all.as_os_str()])
        .expect_code(0);
    assert!(
        imported.stdout.contains("2 feeds, 2 of them new"),
        "{}",
        imported.stdout
    );
    assert_eq!(
        other.run(["feeds", "export"]).expect_code(0).stdout,
        std::fs::read_to_string(all).expect("written")
    );
    depeche.write(
        "dossiers.opml",
        "<opml><body><outline text='Presse'><outline text='Sud/Ouest'>\n<outline text='Le Val' \
         xmlUrl='https://val.example/rss' htmlUrl='https://val.example/'/>\n<outline type='include' url='https://x.example/'/>",
    );
    let told = depeche.run(["feeds", "import", "dossiers.opml"]).expect_code(3);
    assert!(
        told.stderr.contains("dossiers.opml:3: includes the list"),
        "{}",
        told.stderr
    );
    let list = depeche.run(["feeds", "list", "--format", "jsonl"]).stdout;
    assert!(
        list.contains("\"folder\":\"Presse/Sud\\\\/Ouest\",\"site\":\"https://val.example/\""),
        "{list}"
    );
    let exported = depeche.run(["feeds", "export"]).stdout;
    assert!(exported.contains("<outline text=\"Sud/Ouest\""), "{exported}");
    for url in ["https://val.example/rss", "https://exemple.be/rss"] {
        depeche.run(["feeds", "remove", url]).expect_code(0);
    }
    let refused = depeche
        .run(["feeds", "remove", "https://exemple.fr/rss"])
        .expect_code(1);
    assert!(refused.stderr.contains("[[feed]]"), "{}", refused.stderr);
    assert_eq!(
        depeche
            .run(["feeds", "list", "--format", "jsonl"])
            .expect_code(0)
            .stdout
            .lines()
            .count(),
        1
    );
}

#[test]
fn parse_shows_every_entry_of_a_feed_whatever_its_language() {
    let depeche = Depeche::new();
    let english =
        "The fishermen blocked the harbour on Wednesday to protest against the new quotas. ".repeat(3);
    depeche.write(
        "feed.xml",
        format!(
            "<rss><channel><item><title>Le port rouvre</title></item><item><link>/2</link></item>\
             <item><description>{english}</description></item><item/>"
        ),
    );
    let url = "https://quai.example/rss";
    let parsed = depeche.run(["parse", "feed.xml", "--as", "feed", "--url", url]);
    let lines: Vec<serde_json::Value> = parsed
        .expect_code(0)
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("one JSON line an entry"))
        .collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["title"], "Le port rouvre");
    assert_eq!(
        (&lines[1]["url"], &lines[1]["title"]),
        (&"https://quai.example/2".into(), &serde_json::Value::Null)
    );
    let warnings = lines[2]["warnings"].to_string();
    assert!(warnings.contains("language_unwanted: en"), "{warnings}");
    depeche.write("page.xml", "<html><body><p>Page introuvable.</p></body></html>");
    depeche.run(["parse", "page.xml", "--as", "feed"]).expect_code(3);
}

#[test]
fn parse_shows_what_normalising_makes_of_a_file() {
    let depeche = Depeche::new();
    let text = "Les pêcheurs de Guilvinec ont bloqué mercredi l’accès au port pour protester contre la baisse des \
        quotas de langoustine décidée à Bruxelles, a constaté un correspondant.";
    depeche.write("a.txt", format!(" date 2025-06 {text}"));
    let parsed = depeche.run(["parse", "a.txt"]).expect_code(0).stdout;
    let parsed: serde_json::Value = serde_json::from_str(&parsed).expect("one JSON line");
    assert_eq!(
        (&parsed["text"], &parsed["language"]),
        (&text.into(), &"fr".into())
    );
    assert_eq!(parsed["published_precision"], "month");
    assert!(
        parsed["warnings"].to_string().contains("title_derived"),
        "{parsed:#}"
    );
    let page = format!(
        "<html><head><title>Port bloqué - Le Quai</title></head><body><article><h1>Port bloqué</h1><p>{text}</p><p>{text}</p></article></body></html>"
    );
    depeche.write("page", &page);
    let parsed = depeche.run([
        "parse",
        "page",
        "--as",
        "page",
        "--url",
        "https://quai.example/a?utm_source=x",
    ]);
    let parsed: serde_json::Value =
        serde_json::from_str(&parsed.expect_code(0).stdout).expect("one JSON line");
    assert_eq!(parsed["canonical_url"], "https://quai.example/a");
    let piped = std::fs::File::open(depeche.path().join("a.txt")).expect("a file");
    let mut command = depeche.command(["parse", "-", "--as", "text"]);
    command.stdin(piped);
    assert!(ran(command).expect_code(0).stdout.contains("Guilvinec"));
    depeche.write(
        "en.txt",
        "The fishermen blocked the harbour on Wednesday to protest against the new quotas. ".repeat(3),
    );
    let rejected = depeche.run(["parse", "en.txt"]).expect_code(3);
    assert!(
        rejected.stderr.contains("language is `en`"),
        "{}",
        rejected.stderr
    );
}

#[test]
fn captions_and_tables_are_stored_beside_the_text_and_make_no_other_article() {
    let text = "Les pêcheurs de Guilvinec ont bloqué mercredi l’accès au port pour protester contre la baisse des \
        quotas de langoustine décidée à Bruxelles, a constaté un correspondant.";
    let beside = "<figure><img src=p.jpg><figcaption>Le port, mercredi.</figcaption></figure><table><tr><th>Port</th>\
        <th>Tonnes</th></tr><tr><td>Guilvinec</td><td>820</td></tr></table>";
    let depeche = Depeche::new();
    let replayed = |beside: &str| {
        let page = format!(
            "<html><body><article><h1>Port bloqué</h1><p>{text}</p>{beside}<p>{text} {text}</p></article></body></html>"
        );
        depeche.write("page.html", page);
        depeche.run(["replay", "page.html"]).expect_code(0);
        depeche.run(["export", "--all"]).expect_code(0).stdout
    };
    let first = replayed(beside);
    let line: serde_json::Value = serde_json::from_str(&first).expect("one JSON line");
    assert_eq!(line["captions"], serde_json::json!(["Le port, mercredi."]));
    assert_eq!(
        line["tables"],
        serde_json::json!([[["Port", "Tonnes"], ["Guilvinec", "820"]]])
    );
    assert!(!line["text"].to_string().contains("820"), "{line:#}");
    let id = line["id"].as_str().expect("an id");
    let shown = depeche.run(["show", id]).expect_code(0).stdout;
    assert!(
        shown.contains("[Le port, mercredi.]") && shown.contains("Guilvinec | 820"),
        "{shown}"
    );
    let csv = depeche.run(["export", "--format", "csv"]).expect_code(0).stdout;
    assert!(
        csv.contains(r#""Le port, mercredi.","[[""Port"",""Tonnes""],"#),
        "{csv}"
    );
}

#[test]
fn the_effective_configuration_is_shown_and_checked() {
    let depeche = Depeche::new();
    let mut command = depeche.command(["config", "show", "--data-dir", "elsewhere"]);
    command.env("DEPECHE_FETCH__TIMEOUT", "20s");
    let shown = ran(command).expect_code(0).stdout;
    assert!(
        shown.contains("timeout = \"20s\"") && shown.contains("data_dir = \"elsewhere\""),
        "{shown}"
    );
    depeche.write("again.toml", shown);
    assert!(
        depeche
            .run(["-c", "again.toml", "check"])
            .expect_code(0)
            .stdout
            .contains("no problem")
    );
}

#[test]
fn help_completions_and_the_manual_come_from_the_command_line_itself() {
    let depeche = Depeche::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            depeche
                .run(["completions", shell])
                .expect_code(0)
                .stdout
                .contains("replay"),
            "{shell}"
        );
    }
    let manual = depeche.run(["man"]).expect_code(0).stdout;
    assert!(manual.starts_with(".ie") && manual.contains("replay"), "{manual}");
    assert!(
        depeche
            .run(["--help"])
            .expect_code(0)
            .stdout
            .contains("Exit codes")
    );
    depeche.run(["no-such-command"]).expect_code(2);
}

#[test]
fn parse_says_why_nothing_comes_of_a_file() {
    let depeche = Depeche::new();
    let rss = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>x</title><link>https://a.fr/</link>\
               <description>d</description></channel></rss>";
    let index = "<?xml version=\"1.0\"?><sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><sitemap>\
                 <loc>https://a.fr/1.xml</loc></sitemap><sitemap><loc>https://a.fr/2.xml</loc></sitemap></sitemapindex>";
    let wall = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><script>window._cf_chl_opt={}\
                </script><noscript>Enable JavaScript and cookies to continue</noscript></body></html>";
    let consent = "<!DOCTYPE html><html lang=fr><head><title>L’Écho</title></head><body><p>Avec votre consentement, nos \
                   partenaires et nous utilisons des cookies ou traceurs.</p><button>Continuer sans accepter</button>\
                   <button>Tout accepter</button></body></html>";
    for (name, content, told) in [
        ("empty.xml", rss, "a feed without entries"),
        ("index.xml", index, "a sitemap index of 2 sitemaps"),
        (
            "wall.html",
            wall,
            "a wall against robots stands in its place (cloudflare)",
        ),
        ("consent.html", consent, "asks for consent"),
    ] {
        depeche.write(name, content);
        for arguments in [
            vec!["parse", name],
            vec!["parse", name, "--url", "https://a.fr/x"],
        ] {
            let ran = depeche.run(arguments);
            assert!(ran.stderr.contains(told), "{name}: {}", ran.stderr);
        }
    }
    let wrong = depeche
        .run(["parse", "empty.xml", "--url", "a.fr/rss"])
        .expect_code(2);
    assert!(
        wrong.stderr.contains("--url") && wrong.stderr.contains("`https://a.fr/rss` may be meant"),
        "{}",
        wrong.stderr
    );
}
