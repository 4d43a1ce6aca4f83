//! Words that a hard-wrapped text broke at the end of a line.
//!
//! `déve-` and `loppement` are one word, `peut-` and `être` are two. French does not say which from outside, so a word is put
//! together again only where nothing speaks against it: both parts are small letters, the second begins as a syllable does,
//! and neither is one that compounds are made of (`porte-`, `demi-`; `-il`, `-même`).

/// What compounds of French begin with. In sorted order.
const FIRST_PARTS: &[&str] = &[
    "abat",
    "afro",
    "agro",
    "aide",
    "allez",
    "amuse",
    "anglo",
    "anti",
    "appui",
    "après",
    "arc",
    "arrache",
    "arrière",
    "attrape",
    "au",
    "auto",
    "avant",
    "avez",
    "aviez",
    "ayant",
    "aéro",
    "bande",
    "bas",
    "basse",
    "bateau",
    "beau",
    "belle",
    "bien",
    "bio",
    "blanc",
    "bleu",
    "bon",
    "bonne",
    "bouche",
    "boute",
    "brise",
    "brûle",
    "cache",
    "café",
    "camion",
    "carte",
    "casse",
    "celle",
    "celles",
    "celui",
    "cent",
    "centre",
    "cerf",
    "cessez",
    "ceux",
    "chasse",
    "chauffe",
    "chausse",
    "chauve",
    "chef",
    "chefs",
    "chemin",
    "chou",
    "chèque",
    "cinquante",
    "ciné",
    "clair",
    "co",
    "coffre",
    "compte",
    "contre",
    "coupe",
    "court",
    "couvre",
    "coûte",
    "croque",
    "crypto",
    "crève",
    "cul",
    "cure",
    "cyber",
    "dame",
    "demi",
    "dernier",
    "deux",
    "dix",
    "double",
    "déjà",
    "eau",
    "elle",
    "elles",
    "en",
    "entre",
    "essuie",
    "est",
    "euro",
    "eux",
    "ex",
    "extra",
    "extrême",
    "face",
    "faire",
    "fait",
    "fausse",
    "faux",
    "femme",
    "fer",
    "feux",
    "fil",
    "fin",
    "forte",
    "fourre",
    "franc",
    "franco",
    "fume",
    "gagne",
    "garde",
    "gauche",
    "grand",
    "grande",
    "grandes",
    "grands",
    "gratte",
    "grille",
    "gris",
    "gros",
    "guet",
    "gâte",
    "géo",
    "hache",
    "haut",
    "haute",
    "hautes",
    "hauts",
    "hispano",
    "homme",
    "hors",
    "hydro",
    "idée",
    "infra",
    "inter",
    "intra",
    "italo",
    "jaune",
    "je",
    "judéo",
    "jusque",
    "laisser",
    "laissez",
    "laissé",
    "lance",
    "latino",
    "lave",
    "libre",
    "lieu",
    "ligne",
    "livre",
    "long",
    "longue",
    "lui",
    "là",
    "lèche",
    "lèse",
    "machine",
    "macro",
    "mange",
    "marque",
    "maxi",
    "messieurs",
    "mi",
    "micro",
    "mille",
    "mini",
    "mode",
    "moi",
    "moins",
    "mono",
    "monte",
    "mort",
    "mot",
    "moto",
    "mots",
    "moyen",
    "moyenne",
    "multi",
    "mère",
    "médico",
    "méga",
    "narco",
    "nationale",
    "neuf",
    "noir",
    "non",
    "nord",
    "nous",
    "nouveau",
    "nouveaux",
    "nouvelle",
    "nu",
    "néo",
    "ouest",
    "outre",
    "ouvre",
    "ouï",
    "où",
    "papier",
    "par",
    "para",
    "parle",
    "part",
    "pas",
    "passe",
    "pause",
    "perce",
    "petit",
    "petite",
    "petites",
    "petits",
    "peut",
    "photo",
    "pied",
    "pince",
    "pique",
    "plate",
    "plein",
    "plus",
    "point",
    "politico",
    "poly",
    "pont",
    "porte",
    "portes",
    "post",
    "pot",
    "pousse",
    "premier",
    "première",
    "presque",
    "presse",
    "prie",
    "pro",
    "procès",
    "prompt",
    "proto",
    "pré",
    "prêt",
    "pseudo",
    "psycho",
    "pur",
    "pèse",
    "pêle",
    "quarante",
    "quart",
    "quasi",
    "quatre",
    "quelques",
    "quote",
    "rabat",
    "radio",
    "relève",
    "remonte",
    "remue",
    "rendez",
    "repose",
    "rez",
    "rond",
    "rouge",
    "russo",
    "réveille",
    "sage",
    "saint",
    "sainte",
    "sang",
    "sans",
    "sauf",
    "saute",
    "sauve",
    "savoir",
    "self",
    "semi",
    "serre",
    "servo",
    "simili",
    "sino",
    "social",
    "socio",
    "soi",
    "soixante",
    "soldat",
    "souffre",
    "sourd",
    "sous",
    "souvenez",
    "station",
    "sud",
    "super",
    "supra",
    "sur",
    "surtout",
    "sèche",
    "taille",
    "tam",
    "taxi",
    "techno",
    "tel",
    "tiers",
    "timbre",
    "tire",
    "tirs",
    "toi",
    "tourne",
    "toute",
    "trans",
    "traîne",
    "treize",
    "trente",
    "trois",
    "trompe",
    "trop",
    "trouble",
    "très",
    "turco",
    "tâte",
    "télé",
    "tête",
    "ultra",
    "une",
    "uni",
    "va",
    "ver",
    "vert",
    "vice",
    "vide",
    "vient",
    "ville",
    "vingt",
    "vis",
    "vite",
    "voire",
    "volte",
    "vous",
    "vélo",
    "wagon",
    "week",
    "éco",
    "électro",
    "état",
    "ôte",
];

/// What compounds and inverted verbs of French end with. In sorted order.
const SECOND_PARTS: &[&str] = &[
    "bas",
    "bien",
    "bord",
    "ce",
    "ceux",
    "chaussée",
    "chose",
    "ci",
    "clé",
    "clés",
    "comptes",
    "coup",
    "delà",
    "dessous",
    "dessus",
    "deux",
    "devant",
    "dire",
    "dit",
    "faire",
    "fait",
    "feu",
    "fille",
    "filles",
    "fils",
    "finale",
    "français",
    "garde",
    "guerre",
    "heure",
    "huit",
    "il",
    "je",
    "jour",
    "la",
    "le",
    "les",
    "leur",
    "lieu",
    "loi",
    "lui",
    "là",
    "main",
    "maire",
    "mal",
    "marché",
    "maître",
    "mer",
    "messe",
    "mesure",
    "midi",
    "moi",
    "mois",
    "monde",
    "mère",
    "mères",
    "même",
    "mêmes",
    "ne",
    "neuf",
    "nous",
    "né",
    "née",
    "on",
    "papier",
    "parents",
    "parole",
    "peu",
    "pied",
    "place",
    "plan",
    "poste",
    "pour",
    "préfecture",
    "préfet",
    "président",
    "présidente",
    "père",
    "pères",
    "quatre",
    "que",
    "quint",
    "quitte",
    "robe",
    "roi",
    "rose",
    "route",
    "sang",
    "sec",
    "sept",
    "service",
    "soi",
    "soir",
    "sol",
    "sous",
    "sur",
    "temps",
    "terre",
    "titre",
    "toi",
    "toit",
    "tous",
    "tout",
    "trois",
    "tu",
    "tête",
    "tôt",
    "vie",
    "ville",
    "vous",
    "vu",
    "vue",
];

/// No word of French is longer than `anticonstitutionnellement`.
const MAX_LETTERS: usize = 25;

/// Whether the line that ends in `before` (without its hyphen) and the one that begins with `after` share a broken word.
pub(super) fn is_broken_word(before: &str, after: &str) -> bool {
    let length: usize = before
        .chars()
        .rev()
        .take(MAX_LETTERS)
        .take_while(|c| c.is_alphabetic())
        .map(char::len_utf8)
        .sum();
    let (outside, first) = before.split_at_checked(before.len() - length).unwrap_or_default();
    let length: usize = after
        .chars()
        .take(MAX_LETTERS)
        .take_while(|c| c.is_alphabetic())
        .map(char::len_utf8)
        .sum();
    let (second, behind) = after.split_at_checked(length).unwrap_or_default();
    // Chains (`c'est-à-dire`), names and abbreviations are left alone; so is what a hyphen may join to more.
    if outside.ends_with(['-', '.', '_', '/', '@']) || behind.starts_with(['-', '_', '/', '@']) {
        return false;
    }
    let small = |part: &str| part.chars().all(char::is_lowercase);
    if first.chars().count() < 2 || second.chars().count() < 3 || !small(second) {
        return false;
    }
    let mut letters = first.chars();
    let opening = letters.next().is_some_and(char::is_uppercase);
    if !(small(first) || (opening && letters.as_str().chars().all(char::is_lowercase))) {
        return false;
    }
    has_vowel(first)
        && begins_syllable(second)
        && FIRST_PARTS.binary_search(&first.to_lowercase().as_str()).is_err()
        && SECOND_PARTS.binary_search(&second).is_err()
}

fn is_vowel(c: char) -> bool {
    matches!(
        c,
        'a' | 'e'
            | 'i'
            | 'o'
            | 'u'
            | 'y'
            | 'à'
            | 'â'
            | 'é'
            | 'è'
            | 'ê'
            | 'ë'
            | 'î'
            | 'ï'
            | 'ô'
            | 'ù'
            | 'û'
            | 'ü'
            | 'œ'
            | 'æ'
    )
}

fn has_vowel(part: &str) -> bool {
    part.chars().flat_map(char::to_lowercase).any(is_vowel)
}

/// French breaks a word before one consonant and its vowel, or before a pair of consonants that stay together.
fn begins_syllable(part: &str) -> bool {
    let mut chars = part.chars();
    let (Some(first), Some(second), third) = (chars.next(), chars.next(), chars.next()) else {
        return false;
    };
    if is_vowel(first) {
        return false;
    }
    if is_vowel(second) {
        return true;
    }
    let pair = matches!(
        (first, second),
        ('b' | 'c' | 'd' | 'f' | 'g' | 'p' | 't' | 'v', 'r')
            | ('b' | 'c' | 'f' | 'g' | 'p', 'l')
            | ('c' | 'p' | 't' | 's', 'h')
            | ('g', 'n')
            | ('q', 'u')
    );
    pair && third.is_some_and(is_vowel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_words_are_known() {
        for (before, after) in [
            ("le déve", "loppement durable"),
            ("Le gou", "vernement."),
            ("une manifes", "tation"),
            ("l'aug", "mentation"),
            ("Déve", "loppement"),
            ("les candi", "dats,"),
            ("la compré", "hension"),
            ("l’ensei", "gnement"),
        ] {
            assert!(is_broken_word(before, after), "{before}-{after}");
        }
    }

    #[test]
    fn compounds_names_and_verbs_keep_their_hyphen() {
        for (before, after) in [
            ("à Saint", "Denis"),
            ("peut", "être"),
            ("c'est-à", "dire"),
            ("le porte", "parole"),
            ("une demi", "finale"),
            ("dit", "il"),
            ("pense", "nous"),
            ("vingt", "quatre"),
            ("arc-en", "ciel"),
            ("sous", "préfecture"),
            ("la grand", "mère"),
            ("Jean", "pierre-louis"),
            ("le Sud", "est"),
            ("A", "propos"),
            ("COVID", "dix"),
            ("2024", "2025"),
            ("le vice", "président"),
            ("le non", "respect"),
        ] {
            assert!(!is_broken_word(before, after), "{before}-{after}");
        }
    }

    #[test]
    fn the_parts_are_in_order() {
        assert!(SECOND_PARTS.is_sorted() && FIRST_PARTS.is_sorted());
    }
}
