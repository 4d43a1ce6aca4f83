use super::*;

fn feed(url: &str, name: Option<&str>, tags: &[&str]) -> ListedFeed {
    ListedFeed {
        url: url.to_owned(),
        name: name.map(str::to_owned),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..ListedFeed::default()
    }
}

fn in_folder(folder: &str, feed: ListedFeed) -> ListedFeed {
    ListedFeed {
        folder: Some(folder.to_owned()),
        ..feed
    }
}

fn shown(list: &FeedList) -> Vec<String> {
    list.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_written_reads_back() {
    let feeds = [
        in_folder(
            "Presse nationale/Quotidiens \\/ matin",
            ListedFeed {
                site: Some("https://a.fr/?x&y".to_owned()),
                language: Some("fr-CA".to_owned()),
                ..feed(
                    "https://a.fr/rss?a=1&b=2",
                    Some("L’« Écho » <du> \"Val\" & d'ailleurs"),
                    &["Presse nationale", "Quotidiens / matin", "ouest", "a/b"],
                )
            },
        ),
        in_folder(
            "Presse nationale",
            feed("https://b.fr/", None, &["Presse nationale"]),
        ),
        feed("https://c.fr/", Some("deux\nlignes"), &["national"]),
        feed("https://d.fr/", Some("D"), &[]),
    ];
    let list = parse("x", write("Mes flux & co", &feeds).as_bytes());
    assert_eq!(list.problems, []);
    assert_eq!(list.feeds, feeds);
    assert_eq!(list.title.as_deref(), Some("Mes flux & co"));
}

#[test]
fn the_list_that_comes_along_is_what_an_export_of_it_gives() {
    let text = include_str!("../../../../config/feeds.opml");
    let list = parse("feeds.opml", text.as_bytes());
    assert_eq!(list.problems, []);
    assert_eq!(write(list.title.as_deref().unwrap(), &list.feeds), text);
}

#[test]
fn a_list_reads_back_as_the_same_wherever_blanks_stand_in_its_names() {
    // The cut at 200 characters falls behind a blank.
    let long = format!("{} suite", "é".repeat(199));
    let opml = format!(
        "<opml><head><title> &#32;T </title></head><body><outline text=' {long}'>\
           <outline text='&#9;https://a.fr/ ' xmlUrl='feed: https://a.fr/' category='/ une, // deux ,/,national'/>\
           </outline><outline text='{long}' title='&#160;'><outline text=' B&#10;' xmlUrl=' https://b.fr/'/></outline>"
    );
    let list = parse("x", opml.as_bytes());
    let name = "é".repeat(199);
    assert_eq!(
        list.feeds,
        [
            in_folder(
                &name,
                feed("https://a.fr/", None, &[&name, "une", "deux", "national"])
            ),
            in_folder(&name, feed("https://b.fr/", Some("B"), &[&name])),
        ]
    );
    let again = parse("x", write(" T ", &list.feeds).as_bytes());
    assert_eq!(again, list);
}

#[test]
fn a_folder_that_a_list_did_not_name_is_written_as_it_will_be_read() {
    let path = format!(" Presse /{} x/ ", "e".repeat(199));
    let names = folder_names(&path);
    assert_eq!(names, ["Presse", &"e".repeat(199)]);
    let read = parse(
        "x",
        write("t", &[in_folder(&path, feed("https://a.fr/", None, &[]))]).as_bytes(),
    );
    assert_eq!(read.feeds[0].tags, names);
}

#[test]
fn an_export_of_any_list_reads_back_to_the_byte() {
    for text in [
        &b"<opml><body><outline text='A'><outline text='B/C'><outline xmlUrl='https://a.fr/' category='z,A,y'/></outline>\
            <outline xmlUrl='https://b.fr/'/></outline><outline text='A'><outline xmlUrl='https://c.fr/'/></outline>"[..],
        b"https://a.fr/ A \\ B\nhttps://b.fr/",
    ] {
        let once = write("t", &parse("x", text).feeds);
        let list = parse("x", once.as_bytes());
        assert_eq!(write("t", &list.feeds), once);
        assert!(list.problems.is_empty() && !list.feeds.is_empty());
    }
}

#[test]
fn an_old_and_careless_list_is_read() {
    let opml =
        b"<?xml version='1.0' encoding='ISO-8859-1'?><opml><body>\n<outline text='Presse r\xe9gionale'>\n\
        <OUTLINE TEXT='A' xmlurl='http://a.fr/?x=1&y=2' category='/une,/une/deux'/>\n\
        <outline text='B' title='' xmlUrl='feed://b.fr/rss'>\n</outline></outline>\n\
        <outline text='C' xmlUrl='feed:https://c.fr/'/></body>";
    let list = parse("x", opml);
    assert_eq!(list.problems, []);
    let regional = "Presse régionale";
    assert_eq!(
        list.feeds,
        [
            in_folder(
                regional,
                feed("http://a.fr/?x=1&y=2", Some("A"), &[regional, "une", "une/deux"])
            ),
            in_folder(regional, feed("http://b.fr/rss", Some("B"), &[regional])),
            feed("https://c.fr/", Some("C"), &[]),
        ]
    );
}

#[test]
fn lists_of_each_opml_version_are_read() {
    for (version, outline) in [
        ("1.0", "<outline type=\"rss\" text=\"A\" url=\"https://a.fr/\"/>"),
        (
            "1.1",
            "<outline type=\"rss\" title=\"A\" xmlUrl=\"https://a.fr/\" isComment=\"false\"/>",
        ),
        (
            "2.0",
            "<outline type=\"atom\" text=\"A\" xmlUrl=\"https://a.fr/\" description=\"d\" version=\"RSS2\"/>",
        ),
    ] {
        let opml = format!(
            "<?xml version=\"1.0\"?>\n<opml version=\"{version}\"><head><title>T</title><ownerName>x\
            </ownerName></head><body>{outline}</body></opml>"
        );
        let list = parse("x", opml.as_bytes());
        assert_eq!(
            (list.problems, list.feeds),
            (vec![], vec![feed("https://a.fr/", Some("A"), &[])]),
            "{version}"
        );
        assert_eq!(list.title.as_deref(), Some("T"));
    }
}

#[test]
fn any_charset_is_read() {
    let opml = "<?xml version=\"1.0\" encoding=\"LABEL\"?><opml><body>\n<outline text=\"Été\" xmlUrl=\"https://a.fr/\"/>\n</body></opml>";
    let utf_16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { opml.encode_utf16().flat_map(bytes).collect() };
    let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(utf_16(u16::to_le_bytes)).collect();
    let windows = encoding_rs::WINDOWS_1252.encode(opml).0.into_owned();
    let mut mixed = opml.replace("LABEL", "UTF-8").into_bytes();
    mixed.extend_from_slice(b"<!-- \xe9 -->");
    for bytes in [
        utf_16(u16::to_le_bytes),
        utf_16(u16::to_be_bytes),
        marked,
        windows,
        mixed,
    ] {
        let list = parse("x", &bytes);
        assert_eq!(list.feeds, [feed("https://a.fr/", Some("Été"), &[])]);
    }
}

#[test]
fn one_address_a_line_with_comments_and_names() {
    let list = parse(
        "flux.txt",
        "\u{feff}# presse\nhttps://a.fr/ \r\n\n  https://b.fr/#une\tLe Courrier du Val  # local\nhttps://c.fr/ # rien\n"
            .as_bytes(),
    );
    assert_eq!(list.problems, []);
    assert_eq!(
        list.feeds,
        [
            feed("https://a.fr/", None, &[]),
            feed("https://b.fr/", Some("Le Courrier du Val"), &[]),
            feed("https://c.fr/", None, &[]),
        ]
    );
}

#[test]
fn a_bad_line_is_named_and_costs_only_itself() {
    let lines = parse(
        "flux.txt",
        b"https://a.fr/\nn'importe quoi\nftp://x.fr/\nhttps://A.fr\n",
    );
    let opml = parse(
        "flux.opml",
        b"<opml><body>\n<outline xmlUrl='https://a.fr/'/>\n<outline\n xmlUrl='rien'/>\n<outline xmlUrl='https://a.fr/'/></body></opml>",
    );
    assert_eq!((lines.feeds.len(), opml.feeds.len()), (1, 1));
    assert_eq!(
        [shown(&lines), shown(&opml)].concat(),
        [
            "flux.txt:2: `n'importe` is not an address: relative URL without a base",
            "flux.txt:3: `ftp://x.fr/` is not an http or https address",
            "flux.txt:4: `https://A.fr` is listed already on line 1; the first counts",
            "flux.opml:3: `rien` is not an address: relative URL without a base",
            "flux.opml:5: `https://a.fr/` is listed already on line 2; the first counts",
        ]
    );
}

#[test]
fn a_broken_list_gives_what_can_be_read_and_says_where_it_broke() {
    let list = parse(
        "x",
        b"<opml><body>\n<outline text='A' xmlUrl='https://a.fr/ />\n<outline text='B' xmlUrl='https://b.fr/'\n\
          <outline text=C xmlUrl=https://c.fr/rss/>\n<outline text='D & <d>' xmlUrl='https://d.fr/'/>\n<outline text='E' xmlUrl='https://e",
    );
    assert_eq!(
        list.feeds
            .iter()
            .map(|feed| feed.url.as_str())
            .collect::<Vec<_>>(),
        [
            "https://a.fr/",
            "https://b.fr/",
            "https://c.fr/rss",
            "https://d.fr/",
            "https://e/"
        ]
    );
    assert_eq!(
        shown(&list),
        [
            "x:2: a quote is not closed; what could be read of the outline is kept",
            "x:3: a tag is not closed with `>`; what could be read of the outline is kept",
            "x:6: the document ends inside a tag; what could be read of the outline is kept",
        ]
    );
}

#[test]
fn an_outline_that_is_no_feed_is_told() {
    let list = parse(
        "x",
        b"<opml><body>\n<outline type='include' text='I' url='https://a.fr/liste'/>\n<outline type='link' url='https://a.fr/l.OPML?x'/>\n\
          <outline type='link' text='L' url='https://a.fr/page'/>\n<outline text='S' htmlUrl='https://s.fr/'/>\n\
          <outline type='rss' text='N'/>\n<outline text='Note'/>\n<outline text='F' htmlUrl='https://s.fr/'><outline xmlUrl='https://f.fr/'/></outline>",
    );
    assert_eq!(list.feeds, [in_folder("F", feed("https://f.fr/", None, &["F"]))]);
    assert_eq!(
        shown(&list),
        [
            "x:2: includes the list `https://a.fr/liste`, which is not read; import it by itself",
            "x:3: includes the list `https://a.fr/l.OPML?x`, which is not read; import it by itself",
            "x:4: `https://a.fr/page` is a link and no feed",
            "x:5: has no `xmlUrl`; `depeche feeds discover https://s.fr/` looks for the site's feeds",
            "x:6: has no `xmlUrl`, so there is nothing to poll",
        ]
    );
}

#[test]
fn what_is_no_list_says_so() {
    assert!(shown(&parse("x", b"<html></html>"))[0].contains("no `outline`"));
    assert_eq!(parse("x", b""), FeedList::default());
}

#[test]
fn a_hostile_list_stays_small_and_quick() {
    let deep = format!(
        "{}<outline xmlUrl='https://a.fr/'/>",
        format!("<outline text='{}'>", "é".repeat(500)).repeat(20_000)
    );
    let list = parse("x", deep.as_bytes());
    let [only] = &list.feeds[..] else {
        panic!("{} feeds", list.feeds.len());
    };
    assert_eq!(
        only.folder.as_deref().map(|path| path.chars().count()),
        Some(32 * 201 - 1)
    );
    assert_eq!(shown(&list).len(), 1, "the depth is told once");
    let wrong = parse("x", "rien\n".repeat(5000).as_bytes());
    assert_eq!(wrong.problems.len(), 1001);
    assert!(shown(&wrong)[1000].ends_with("and 4000 problems more from here on"));
}

#[test]
fn every_spelling_of_an_address_is_one_and_what_is_none_is_told_with_its_reason() {
    for (written, known) in [
        (" HTTP://Exemple.FR:80/gz.xml#haut ", "http://exemple.fr/gz.xml"),
        ("https://exemple.fr", "https://exemple.fr/"),
        ("https://exemple.fr/a b", "https://exemple.fr/a%20b"),
        ("https://exemple.fr/été", "https://exemple.fr/%C3%A9t%C3%A9"),
        ("https://a.fr/x/../rss", "https://a.fr/rss"),
        ("feed:https://a.fr/rss", "https://a.fr/rss"),
        ("feed://a.fr/rss", "http://a.fr/rss"),
    ] {
        assert_eq!(address(written).as_deref(), Ok(known), "{written}");
    }
    for (written, told) in [
        ("http://x:99999", "port"),
        ("example.org/rss", "`https://example.org/rss` may be meant"),
        (
            "example.org:8080/rss",
            "`https://example.org:8080/rss` may be meant",
        ),
        ("ftp://x.fr/", "not an http or https address"),
        ("mailto:a@x.fr", "not an http or https address"),
        ("", "not an address"),
    ] {
        let error = address(written).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
}
