//! A corpus of any size from the project's seeds: every copy has a name of its own and its words in another order,
//! so that nothing merges and every text costs what a new one costs.

use std::path::Path;

/// The accepted texts of `seeds/`, `copies` times over: file name and text. The same on every run.
pub(crate) fn shuffled_seeds(copies: u64) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("seeds/")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let expected = std::fs::read_to_string(folder.join("expected.jsonl")).expect("seeds/expected.jsonl");
    let accepted = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        expected
            .lines()
            .any(|line| line.contains(name.as_ref()) && !line.contains("rejected"))
    };
    // Long enough for every rule, and UTF-8: the windows-1252 file is one of forty.
    let texts: Vec<String> = files
        .iter()
        .filter(|path| accepted(path))
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .filter(|text| text.split_whitespace().count() >= 100)
        .collect();
    let mut corpus = Vec::new();
    for copy in 0..copies {
        for (n, text) in texts.iter().enumerate() {
            let mut random = Random(copy * 1_000_003 + n as u64 + 1);
            let paragraphs: Vec<String> = text
                .lines()
                .map(|line| {
                    let mut words: Vec<&str> = line.split_whitespace().collect();
                    random.shuffle(&mut words);
                    words.join(" ")
                })
                .collect();
            corpus.push((format!("{copy:04}_{n:016x}.txt"), paragraphs.join("\n")));
        }
    }
    corpus
}

/// `SplitMix64` (Steele, Lea, Flood 2014): small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
    }
}
