//! What a reader sees of versions, copies and stories, as the commands print it.

use serde_json::{Value, json};

use crate::support::{Depeche, seeds};

const BUDGET: &str = "Le conseil municipal de Vannes a voté mardi soir le budget de la ville pour l’année prochaine, par \
    vingt-huit voix contre onze. Les impôts locaux n’augmenteront pas, a promis l’adjointe aux finances, mais le prix du \
    stationnement passera de douze à quatorze euros par mois pour les riverains de l’intra-muros. La salle des fêtes de \
    Ménimur sera rénovée au printemps, et les travaux du port commenceront en septembre seulement.";
const CORRECTED: &str = "Le conseil municipal de Vannes a voté mardi soir le budget de la ville pour l’année prochaine, par \
    vingt-neuf voix contre onze. Les impôts locaux n’augmenteront pas, a promis l’adjointe aux finances, mais le prix du \
    stationnement passera de douze à quinze euros par mois pour les riverains de l’intra-muros. La salle des fêtes de \
    Ménimur sera rénovée au printemps, et les travaux du port commenceront en septembre seulement.";
const FULLER: &str = " Le groupe d’opposition regrette que le théâtre n’obtienne rien, alors que sa toiture fuit depuis deux \
    hivers et que trois représentations ont dû être annulées. La maire a répondu qu’un diagnostic serait rendu avant l’été, \
    et que la région prendrait à sa charge un tiers de la dépense si la commission compétente y consent.";
const OTHER: &str = "La tempête a couché dans la nuit plus de deux cents arbres le long du canal, entre Josselin et Redon. \
    Les éclusiers dégagent les berges à la tronçonneuse, et la navigation restera interdite jusqu’à dimanche au moins. Un \
    cycliste a été légèrement blessé près de Malestroit par la chute d’une branche, ont annoncé les pompiers du Morbihan.";

/// Articles as JSON lines, replayed in this order, and what else is in a line.
fn replayed(lines: &[(&str, &str, &str, &str)]) -> Depeche {
    let depeche = Depeche::new();
    let lines: Vec<String> = lines
        .iter()
        .map(|(source, guid, title, text)| {
            let line = json!({
                "source": source,
                "guid": guid,
                "url": format!("https://{source}.example/{guid}"),
                "title": title,
                "text": text,
            });
            line.to_string()
        })
        .collect();
    depeche.write("flux.jsonl", lines.join("\n"));
    depeche.run(["replay", "flux.jsonl"]).expect_code(0);
    depeche
}

fn printed(depeche: &Depeche, arguments: &[&str]) -> String {
    depeche.run(arguments).expect_code(0).stdout
}

fn json_of(depeche: &Depeche, arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(depeche, arguments)).expect("JSON")
}

/// The id of the article that came as that record.
fn id_of(depeche: &Depeche, seq: u64) -> String {
    let all = depeche.export(&["--all"]);
    let line = all.iter().find(|line| line["seq"] == seq).expect("a record");
    line["id"].as_str().expect("an id").to_owned()
}

#[test]
fn each_version_is_shown_with_the_words_it_changed() {
    let depeche = replayed(&[
        ("lejour", "1", "Le budget est voté", BUDGET),
        ("lejour", "1", "Le budget est voté", CORRECTED),
        ("lejour", "1", "Le budget est adopté", CORRECTED),
    ]);
    let id = id_of(&depeche, 1);
    let shown = printed(&depeche, &["show", &id]);
    for told in [
        "3 versions",
        "2 words out, 2 words in",
        "« vingt-huit » → « vingt-neuf »",
        "« quatorze » → « quinze »",
        "no word of the text changed",
        "Le budget est adopté",
    ] {
        assert!(shown.contains(told), "{told} is not in\n{shown}");
    }
    let json = json_of(&depeche, &["show", &id, "--format", "json"]);
    let revisions = json["revisions"].as_array().expect("a list");
    assert_eq!(revisions.len(), 3);
    assert_eq!(revisions[0]["rewording"], Value::Null);
    assert_eq!(
        revisions[1]["rewording"],
        json!({
            "changes": [
                { "removed": "vingt-huit", "added": "vingt-neuf" },
                { "removed": "quatorze", "added": "quinze" },
            ],
            "left_out": 0,
            "words_removed": 2,
            "words_added": 2,
        })
    );
    assert_eq!(revisions[2]["rewording"]["changes"], json!([]));
    let line = printed(&depeche, &["show", &id, "--format", "jsonl"]);
    assert_eq!(line.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&line).expect("JSON"), json);
    let explained = printed(&depeche, &["explain", &id]);
    assert!(
        explained.contains("guid compared") && explained.contains("the same: 1 of lejour"),
        "{explained}"
    );
}

#[test]
fn the_fullest_text_of_the_same_report_is_displayed_and_the_earliest_stays_the_leader() {
    let fuller = format!("{BUDGET}{FULLER}");
    let depeche = replayed(&[
        ("lejour", "1", "Le budget est voté", BUDGET),
        ("lesoir", "2", "Vannes vote son budget", &fuller),
        ("lematin", "3", "Budget", BUDGET),
    ]);
    let (leader, copy) = (id_of(&depeche, 1), id_of(&depeche, 2));
    let export = depeche.export(&[]);
    assert_eq!(export.len(), 1, "the leader alone");
    assert_eq!(
        (&export[0]["id"], &export[0]["text"]),
        (&json!(leader), &json!(BUDGET))
    );
    let display = &export[0]["display"];
    assert_eq!(
        (&display["id"], &display["source"], &display["text"]),
        (&json!(copy), &json!("lesoir"), &json!(fuller))
    );
    let of_copy = &depeche.export(&["--all"])[1];
    assert_eq!(
        (&of_copy["verdict"], &of_copy["display"]),
        (&json!("near"), &Value::Null)
    );
    let shown = printed(&depeche, &["show", &leader]);
    for told in [
        "words of lesoir: the fullest text of its copies",
        "2 copies",
        "near 0.",
        "exact 1.00",
        "lematin",
    ] {
        assert!(shown.contains(told), "{told} is not in\n{shown}");
    }
    let shown = json_of(&depeche, &["show", &leader, "--format", "json"]);
    assert_eq!(&shown["display"], display);
    let duplicates = shown["duplicates"].as_array().expect("a list");
    assert_eq!(duplicates.len(), 2);
    assert_eq!(
        (&duplicates[1]["verdict"], &duplicates[1]["standing"]),
        (&json!("exact"), &json!("copy"))
    );
    let shown = printed(&depeche, &["show", &copy]);
    assert!(
        shown.contains("duplicate of") && shown.contains("lejour: Le budget est voté"),
        "{shown}"
    );
}

#[test]
fn every_joining_and_leaving_is_a_line_with_what_was_before_and_after() {
    let depeche = replayed(&[
        ("lejour", "1", "Le budget est voté", BUDGET),
        ("lesoir", "2", "Vannes vote son budget", BUDGET),
        ("lematin", "3", "Vannes : le budget", CORRECTED),
        // The second becomes another text under its guid, and so does the leader.
        ("lesoir", "2", "La tempête", OTHER),
        ("lejour", "1", "Ce qu’il faut retenir", FULLER),
    ]);
    let (leader, gone, left) = (id_of(&depeche, 1), id_of(&depeche, 2), id_of(&depeche, 3));
    let shown = json_of(&depeche, &["show", &leader, "--format", "json"]);
    let lines: Vec<(&Value, &Value, &Value, &Value, &Value)> = shown["regroupings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|line| {
            (
                &line["seq"],
                &line["what"],
                &line["copy"],
                &line["before"],
                &line["after"],
            )
        })
        .collect();
    let (one, none) = (json!(1), Value::Null);
    assert_eq!(
        lines,
        [
            (&json!(2), &json!("joined"), &json!(gone), &none, &one),
            (&json!(3), &json!("joined"), &json!(left), &none, &one),
            (&json!(4), &json!("left"), &json!(gone), &one, &none),
            (&json!(5), &json!("left_behind"), &json!(left), &one, &none),
        ]
    );
    assert!(
        shown["regroupings"][2]["evidence"]["jaccard"]
            .as_f64()
            .is_some_and(|jaccard| jaccard < 0.05)
    );
    let standings: Vec<&Value> = shown["duplicates"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|copy| &copy["standing"])
        .collect();
    assert_eq!(standings, ["left", "left_behind"]);
    // Nothing is deleted: the copy that left is an article of its own, the other a copy of the version it repeats.
    assert_eq!(depeche.export(&[]).len(), 2);
    assert_eq!(depeche.export(&["--all"]).len(), 5);
    let own = json_of(&depeche, &["show", &gone, "--format", "json"]);
    assert_eq!(
        (&own["duplicate_of"], own["regroupings"].as_array().map(Vec::len)),
        (&Value::Null, Some(2))
    );
    let shown = printed(&depeche, &["show", &leader]);
    for told in [
        "4 lines",
        "joined",
        "left behind",
        "a copy of record 1 → none",
        "(of an earlier version)",
    ] {
        assert!(shown.contains(told), "{told} is not in\n{shown}");
    }
    let tail = printed(&depeche, &["tail"]);
    let short = |id: &str| id.chars().take(12).collect::<String>();
    for told in [
        format!("joins {}", short(&leader)),
        format!("leaves {}", short(&leader)),
        format!("leaves {} behind", short(&left)),
    ] {
        assert!(tail.contains(&told), "{told} is not in\n{tail}");
    }
    depeche.run(["verify"]).expect_code(0);
    // All of it is a function of the journal.
    let before = (
        printed(&depeche, &["show", &leader, "--format", "json"]),
        printed(&depeche, &["export", "--all"]),
    );
    depeche.run(["rebuild"]).expect_code(0);
    let after = (
        printed(&depeche, &["show", &leader, "--format", "json"]),
        printed(&depeche, &["export", "--all"]),
    );
    assert_eq!(before, after);
}

#[test]
fn a_story_is_told_by_its_title_time_sources_size_and_articles() {
    let depeche = replayed(&[
        ("lejour", "1", "Le budget est voté", BUDGET),
        ("lesoir", "2", "Vannes vote son budget", BUDGET),
        ("lejour", "1", "Le budget de Vannes est voté", CORRECTED),
        ("lematin", "4", "La tempête", OTHER),
    ]);
    let (first, alone) = (id_of(&depeche, 1), id_of(&depeche, 4));
    let story = json_of(&depeche, &["story", &first, "--format", "json"]);
    assert_eq!(
        (&story["title"], &story["size"], &story["sources"]),
        (
            &json!("Le budget de Vannes est voté"),
            &json!(2),
            &json!(["lejour", "lesoir"])
        )
    );
    assert!(story["first"].as_str() <= story["last"].as_str());
    let ids: Vec<&Value> = story["articles"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| &row["id"])
        .collect();
    assert_eq!(
        ids,
        [&json!(first), &json!(id_of(&depeche, 2))],
        "each once, in the order in which they came"
    );
    let told = printed(&depeche, &["story", story["id"].as_str().expect("an id")]);
    assert!(
        told.starts_with("Le budget de Vannes est voté\n2 articles from 2 sources, "),
        "{told}"
    );
    assert_eq!(
        printed(&depeche, &["story", &first, "--format", "jsonl"])
            .lines()
            .count(),
        2
    );
    let told = printed(&depeche, &["story", &alone]);
    assert!(
        told.starts_with("La tempête\n1 article from 1 source, "),
        "{told}"
    );
    let shown = printed(&depeche, &["show", &alone]);
    assert!(shown.contains("of this article alone"), "{shown}");
}

#[test]
fn two_articles_are_compared_whatever_was_decided_about_them() {
    let depeche = replayed(&[
        ("lejour", "1", "Le budget est voté", BUDGET),
        ("lesoir", "2", "Vannes vote son budget", CORRECTED),
        ("lematin", "3", "La tempête", OTHER),
        ("lematin", "4", "Une brève", "Le pont est fermé."),
    ]);
    let ids: Vec<String> = (1..=4).map(|seq| id_of(&depeche, seq)).collect();
    for (a, b) in [(0, 1), (1, 0), (0, 2), (0, 3), (3, 3), (1, 1)] {
        let told = printed(&depeche, &["explain", &ids[a], &ids[b]]);
        for word in [
            "address compared",
            "shared fingerprints",
            "jaccard (J)",
            "containment (C)",
            "lead containment (lead C)",
            "story similarity",
            "these two alone",
        ] {
            assert!(told.contains(word), "{a} and {b}: {word} is not in\n{told}");
        }
        assert_eq!(a == b, told.contains("one and the same record"), "{told}");
        let told = json_of(&depeche, &["explain", &ids[a], &ids[b], "--format", "json"]);
        assert_eq!((&told["id"], &told["against"]), (&json!(ids[a]), &json!(ids[b])));
        assert_eq!(told["keys"][0]["kind"], "guid");
    }
    let told = printed(&depeche, &["explain", &ids[1], &ids[0]]);
    let passage = "« voix contre onze. Les impôts locaux n’augmenteront pas, a promis l’adjointe";
    assert!(
        told.contains(passage),
        "passages are as the text writes them:\n{told}"
    );
}

#[test]
fn an_id_that_names_nothing_or_too_much_is_told_in_words() {
    let depeche = Depeche::new();
    depeche
        .run(["replay".as_ref(), seeds().as_os_str()])
        .expect_code(0);
    let ids: Vec<String> = depeche
        .export(&["--all"])
        .iter()
        .map(|line| line["id"].as_str().expect("an id").to_owned())
        .collect();
    // With so many articles some begin alike.
    let digit = (0..16).map(|n| format!("{n:x}")).find(|digit| {
        let mut alike: Vec<&String> = ids.iter().filter(|id| id.starts_with(digit)).collect();
        alike.dedup();
        alike.sort();
        alike.dedup();
        alike.len() > 1
    });
    let digit = digit.expect("two ids that begin alike");
    for command in ["show", "explain", "story"] {
        for (id, told) in [
            (digit.as_str(), "give more digits"),
            ("zebre", "`zebre` is no id"),
            ("", "`` is no id"),
            ("ffffffffffffffffffffffffffffffff", "has an id that starts with"),
        ] {
            let ran = depeche.run([command, id]).expect_code(1);
            assert!(ran.stderr.contains(told), "{command} {id}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_version_of_five_megabytes_is_shown_by_what_it_changed_first() {
    let paragraph = |n: usize, what: &str| format!("{BUDGET} Séance numéro {n}, {what}.\n\n");
    let text = |what: &str| (0..9_500).map(|n| paragraph(n, what)).collect::<String>();
    let (first, second) = (text("close à minuit"), text("levée à vingt heures"));
    assert!(first.len() > 4_500_000);
    let depeche = replayed(&[
        ("lejour", "1", "Le registre", &first),
        ("lejour", "1", "Le registre", &second),
    ]);
    let id = id_of(&depeche, 1);
    let shown = json_of(&depeche, &["show", &id, "--format", "json"]);
    let rewording = &shown["revisions"][1]["rewording"];
    assert_eq!(
        (&rewording["words_removed"], &rewording["words_added"]),
        (&json!(19_000), &json!(28_500))
    );
    assert!(rewording["left_out"].as_u64().is_some_and(|left| left > 0));
    assert!(
        rewording.to_string().len() < 100_000,
        "{}",
        rewording.to_string().len()
    );
    let shown = printed(&depeche, &["show", &id]);
    assert!(shown.contains("more stretches"));
    let explained = printed(&depeche, &["explain", &id]);
    assert!(
        explained.contains("revision, by rule same_guid") && explained.len() < 20_000,
        "{}",
        explained.len()
    );
}
