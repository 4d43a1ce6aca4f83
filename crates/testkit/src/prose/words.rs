//! The generator's vocabulary. One list a slot, entries separated by `|`.

/// Bodies that act, with their article.
pub(super) const BODIES: &str = "le conseil municipal|la chambre d'agriculture|le syndicat des eaux|l'office du tourisme|\
la préfecture|le tribunal administratif|la métropole|le comité de quartier|l'agence régionale|la coopérative laitière|\
le rectorat|la fédération départementale|le port autonome|l'association des riverains|la régie des transports|\
le centre hospitalier|la cour des comptes|le parquet|l'union des commerçants|la capitainerie|le musée maritime|\
la société des courses|l'école d'ingénieurs|le collectif citoyen|la direction du festival|le club cycliste|\
l'observatoire du littoral|la mutuelle viticole|le conservatoire|la compagnie ferroviaire|l'institut météorologique|\
le parc naturel|la chambre des métiers|le bailleur social|l'intercommunalité|la brigade fluviale|le laboratoire marin|\
la ligue de handball|l'établissement foncier|le théâtre national|la banque alimentaire|le réseau des bibliothèques";

/// Things, with their article; an adjective may follow.
pub(super) const THINGS: &str = "le projet|la réforme|l'enquête|le chantier|la digue|l'accord|le budget|la passerelle|\
l'usine|le calendrier|la récolte|l'exposition|le tramway|la fermeture|l'audience|le rapport|la convention|l'étude|\
le barrage|la piscine|l'appel|le marché|la subvention|l'inventaire|le dispositif|la desserte|l'itinéraire|le manuscrit|\
la toiture|l'embarcadère|le tarif|la candidature|l'expertise|le protocole|la zone|l'ouvrage|le diagnostic|la charte|\
l'arrêté|le gisement|la plateforme|l'éclairage|le recours|la ferme|l'atelier|le vignoble|la retenue|l'archive|\
le plan|la mesure|l'amende|le stade|la cantine|l'abattoir|le cadastre|la tourbière|l'aérodrome|le concert|la pêcherie|\
l'hypothèse|le verger|la chapelle|l'estuaire|le forage|la souscription|l'internat|le tunnel|la déchetterie|l'emprunt|\
le sentier|la centrale|l'indemnité|le carrefour|la licence|l'inspection|le troupeau|la fresque|l'échangeur|le moulin|\
la grève|l'avenant|le remblai|la verrière|l'horaire|le scrutin|la navette|l'orgue|le phare|la pépinière|l'écluse";

/// Adjectives as masculine and feminine, separated by `/` where they differ.
pub(super) const ADJECTIVES: &str = "municipal/municipale|provisoire|hivernal/hivernale|contesté/contestée|ambitieux/ambitieuse|\
littoral/littorale|tardif/tardive|expérimental/expérimentale|routier/routière|commun/commune|modeste|inédit/inédite|\
agricole|fluvial/fluviale|triennal/triennale|confidentiel/confidentielle|ancien/ancienne|solaire|définitif/définitive|\
coûteux/coûteuse|partiel/partielle|nocturne|scolaire|judiciaire|rural/rurale|urbain/urbaine|technique|collectif/collective|\
prudent/prudente|historique|portuaire|sanitaire|forestier/forestière|discret/discrète|annuel/annuelle|fragile|\
inachevé/inachevée|populaire|viticole|énergétique|numérique|pilote|régional/régionale|frontalier/frontalière|durable|\
maritime|estival/estivale|complémentaire|contradictoire|montagnard/montagnarde|artisanal/artisanale|sévère|gratuit/gratuite|\
autonome|réversible|saisonnier/saisonnière|exigeant/exigeante|climatique|lointain/lointaine|opaque|équitable|massif/massive|\
improvisé/improvisée|minutieux/minutieuse|bruyant/bruyante|paisible|symbolique|archéologique|ferroviaire|thermique";

/// What a body or a person did to a thing.
pub(super) const DEEDS: &str = "annoncé|présenté|défendu|suspendu|relancé|contesté|financé|inauguré|reporté|approuvé|critiqué|\
détaillé|révisé|évoqué|salué|abandonné|confirmé|dénoncé|rédigé|obtenu|signé|préparé|examiné|simplifié|rejeté|soutenu|\
transmis|accéléré|corrigé|publié|chiffré|validé|interrompu|amorcé|négocié|prolongé|regretté|vérifié|élargi|exigé|ralenti|\
promis|clarifié|découvert|amendé|recensé|justifié|rouvert|retardé|imposé|étudié|commenté|restauré|cédé|classé|déplacé|\
ajourné|réclamé|supervisé|arbitré|conclu|esquissé|tranché|complété|remanié|nuancé|débattu|encadré|repoussé|dévoilé";

/// When.
pub(super) const TIMES: &str = "lundi matin|mardi soir|mercredi|jeudi après-midi|vendredi|samedi|dimanche|avant l'été|\
après deux reports|dès la rentrée|au printemps|en fin de semaine|à la mi-journée|au lendemain du vote|pendant la nuit|\
depuis trois semaines|à l'automne|en séance publique|sans attendre|au terme des débats|quelques heures plus tard|\
à huis clos|dans la matinée|pour la première fois|à l'issue du comité|en présence des élus|sous les applaudissements|\
malgré la pluie|devant une salle comble|en quelques minutes|avec un an d'avance|comme chaque hiver";

/// Why, for whom, against what: stands before a thing or a body.
pub(super) const LINKS: &str = "malgré|contre|sans|avec|pour|après|avant|devant|sous|dans|outre|moyennant|via|quitte à perdre|\
vu|passé|sauf|hormis|derrière|pour sauver|pour financer|afin de garder|sans toucher|plutôt que|concernant|suivant";

/// The same before `de`.
pub(super) const LINKS_DE: &str = "au nom|en raison|à cause|au profit|au détriment|en échange|par crainte|à la faveur|en vertu|au lieu|\
au bénéfice|à proximité|au sujet|à la charge|au cœur|en marge|à défaut|au service|à l'image|en faveur|autour|à l'abri|au prix";

/// What people are: masculine and feminine.
pub(super) const ROLES: &str = "le maire/la maire|le président/la présidente|le directeur/la directrice|un éleveur/une éleveuse|\
le porte-parole/la porte-parole|un ingénieur/une ingénieure|l'avocat/l'avocate|un riverain/une riveraine|\
le sous-préfet/la sous-préfète|un historien/une historienne|le trésorier/la trésorière|un enseignant/une enseignante|\
le capitaine/la capitaine|un restaurateur/une restauratrice|le chercheur/la chercheuse|un artisan/une artisane|\
le délégué/la déléguée|un géologue/une géologue|le conservateur/la conservatrice|un viticulteur/une viticultrice";

/// First names, men's.
pub(super) const MEN: &str = "Achille|Basile|Cyprien|Donatien|Edgar|Fabrice|Gaspard|Honoré|Irénée|Jocelyn|Killian|Léandre|Marceau|\
Norbert|Octave|Philémon|Quentin|Rodrigue|Sylvain|Timothée|Ulysse|Valère|Wilfried|Xavier|Yannick|Zacharie";

/// First names, women's.
pub(super) const WOMEN: &str = "Apolline|Bertille|Clothilde|Delphine|Edwige|Faustine|Ghislaine|Hortense|Ismérie|Joséphine|Karine|\
Léontine|Mahaut|Noémie|Ombeline|Perrine|Quitterie|Rosalie|Sidonie|Tiphaine|Ursule|Victoire|Wivine|Yolaine|Zélie";

/// Beginnings of invented names of places and people; each begins with a consonant, so `de` stays `de`.
pub(super) const HEADS: &str = "Bar|Bel|Bour|Bri|Cam|Cer|Chan|Char|Cor|Cour|Dam|Dor|Fer|Flo|Fon|Fré|Gar|Gre|Jar|Jon|Lam|Lar|Lon|\
Mal|Mar|Mer|Mon|Mor|Mour|Nan|Ner|Par|Per|Plou|Pon|Pré|Quer|Rai|Ré|Ro|Sau|Sen|Sor|Tal|Ter|Tour|Val|Ver|Vil|Vou";

/// Middles of invented names.
pub(super) const MIDDLES: &str =
    "ba|be|ci|da|de|di|fa|ga|go|la|le|li|lo|ma|mi|mo|na|ni|no|pi|po|ra|re|ri|sa|se|ta|te|ti|va|ve|vi|zo";

/// Ends of invented place names.
pub(super) const PLACE_ENDS: &str =
    "court|gnac|gny|ville|mont|nes|sac|zan|gues|thun|dun|lles|rac|bourg|cey|vaux|zelle|quen|lieu|ron";

/// Ends of invented family names.
pub(super) const FAMILY_ENDS: &str =
    "teau|nier|lard|dec|gaud|rel|llon|zic|sset|vin|bert|dot|quet|rieu|may|noy|gue|tier|ric|don";

/// What is counted.
pub(super) const UNITS: &str = "emplois|hectares|millions d'euros|logements|visiteurs|tonnes de blé|kilomètres|signatures|élèves|\
mètres cubes|bénévoles|foyers|places de stationnement|litres de lait|arbres|licenciés|dossiers|tables rondes|panneaux|barques";

/// Sentences to be: `{…}` is a slot. No run of fixed words is longer than three, so that two texts share next to no
/// sequence of four.
pub(super) const FRAMES: &[&str] = &[
    "{body} a {deed} {thing} {reason}.",
    "{time}, {body} a {deed} {thing} {of_place}.",
    "« {thing} reste {adjective_of_last} », a {deed_said} {person}, {role_of_person}.",
    "Selon {person}, {thing} concerne {number} {unit} {reason}.",
    "{thing}, {deed_agreed} {time}, pèse sur {thing} {of_body}.",
    "Près de {number} {unit} dépendent {of_thing}, {deed_agreed_last} {reason}.",
    "À {place}, {body} a {deed} {thing} et {deed} {thing}.",
    "{person}, {role_of_person} {of_place}, a {deed} {thing} {time}.",
    "Entre {place} et {place}, {thing} a coûté {number} {unit}.",
    "{reason}, {body} a {deed} {thing} {time}.",
    "Ni {body} ni {person} n'a {deed} {thing} {of_place}.",
    "Il y a {number} ans, {thing} {of_place} employait {person} {time}.",
    "{body} a {deed} {thing}, tandis que {person} a {deed} {thing}.",
    "Interrogé {time}, {man} a {deed} {thing} {reason}.",
    "Faut-il garder {thing} ? {body} a {deed} {thing} {time}.",
    "Le {day} {month}, {body} a {deed} {thing} devant {number} {unit}.",
    "{person} a compté {number} {unit} à {place}, {reason}.",
    "« On a {deed} {thing} {reason} », regrette {person}.",
    "{thing} {of_body} attend {thing} {time}.",
    "Plus loin, vers {place}, {thing} a {deed_intransitive} {time}.",
];

/// Months with their preposition taken away.
pub(super) const MONTHS: &str =
    "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre";

/// What a thing did by itself.
pub(super) const INTRANSITIVE: &str =
    "tenu|cédé|repris|résisté|brûlé|rouvert|fermé|tremblé|ralenti|disparu|grandi|vieilli|payé|plié";

/// How something was said.
pub(super) const SAID: &str =
    "déclaré|assuré|répété|glissé|lancé|reconnu|soufflé|expliqué|insisté|prévenu|admis|tempéré";

/// Subheadings.
pub(super) const HEADINGS: &str = "Un calendrier serré|Des voix discordantes|La facture en question|Retour sur dix ans|\
Ce que dit la loi|Et maintenant|Une attente ancienne|Le terrain d'abord|Des chiffres têtus|À qui la faute";
