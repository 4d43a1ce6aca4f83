"""datasketch and rensa on the texts that the example `copies` exported: recall for each kind of edit, wrong hits, and
microseconds a text beside ours. Argument: the folder of the export. `scripts/quality --copies --python` runs it."""

import json
import sys
import time
import unicodedata
from pathlib import Path

from datasketch import MinHash, MinHashLSH
from rensa import RMinHash, RMinHashLSH

# The bands and the threshold of the baseline in crates/deduplicator/benches/baselines/minhash.rs.
MINIMA, BANDS, ROWS, THRESHOLD = 128, 32, 4, 0.3


def shingles(text):
    """The word 4-grams of a text without case and accents, as bytes."""
    letters = (c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    words = "".join(c if c.isalnum() else " " for c in letters).split()
    return [" ".join(words[at : at + 4]).encode() for at in range(len(words) - 3)]


class Datasketch:
    name = "datasketch"

    def __init__(self):
        self.index = MinHashLSH(num_perm=MINIMA, params=(BANDS, ROWS))
        self.known = []

    def sketch(self, text):
        minhash = MinHash(num_perm=MINIMA)
        minhash.update_batch(shingles(text))
        return minhash

    def insert(self, sketch):
        self.index.insert(len(self.known), sketch)
        self.known.append(sketch)

    def find(self, sketch):
        return best((sketch.jaccard(self.known[key]), -key) for key in self.index.query(sketch))


class Rensa:
    name = "rensa"

    def __init__(self):
        self.index = RMinHashLSH(THRESHOLD, MINIMA, BANDS)
        self.known = []

    def sketch(self, text):
        minhash = RMinHash(MINIMA, 42)
        minhash.update(shingles(text))
        return minhash

    def insert(self, sketch):
        self.index.insert(len(self.known), sketch)
        self.known.append(sketch)

    def find(self, sketch):
        return best((sketch.jaccard(self.known[key]), -key) for key in set(self.index.query(sketch)))


def best(candidates):
    """The number of the most similar candidate, of equals the first; None below the threshold."""
    jaccard, key = max(candidates, default=(0.0, 0))
    return -key if jaccard >= THRESHOLD else None


def read(path):
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def recall(folder):
    rows = read(folder / "copies.jsonl")
    bases = [row["text"] for row in rows if row["edit"] is None]
    copies = [row for row in rows if row["edit"] is not None]
    score = {}
    for engine in (Datasketch(), Rensa()):
        for text in bases:
            engine.insert(engine.sketch(text))
        for copy in copies:
            found = engine.find(engine.sketch(copy["text"]))
            right, wrong, count = score.get((copy["edit"], engine.name), (0, 0, 0))
            right += found == copy["of"]
            wrong += found is not None and found != copy["of"]
            score[copy["edit"], engine.name] = (right, wrong, count + 1)
    print(f"\nThe same {len(bases)} base texts, J ≥ {THRESHOLD}, {BANDS}×{ROWS} (recall, wrong hits):\n")
    print("| edit | datasketch | rensa |\n|---|---|---|")
    for edit in dict.fromkeys(copy["edit"] for copy in copies):
        cells = []
        for name in ("datasketch", "rensa"):
            right, wrong, count = score[edit, name]
            cells.append(f"{right / count:.3f}" + (f", {wrong} wrong" if wrong else ""))
        print(f"| {edit} | {' | '.join(cells)} |")


def speed(folder):
    texts = [row["text"] for row in read(folder / "stream.jsonl")]
    rows = json.loads((folder / "speed.json").read_text(encoding="utf-8"))
    for engine in (Datasketch(), Rensa()):
        sketching = microseconds(texts, engine.sketch)

        def take_in(text):
            sketch = engine.sketch(text)
            engine.find(sketch)
            engine.insert(sketch)

        rows.append({"name": engine.name, "sketch": sketching, "whole": microseconds(texts, take_in)})
    ours = rows[0]
    print(f"\nMicroseconds of processor time a text, over {len(texts)} of a stream; ours decides identity, verdict and story in the whole:\n")
    print("| method | sketch | to ours | sketch, ask, take in | to ours |\n|---|---|---|---|---|")
    for row in rows:
        ratios = [row[key] / ours[key] for key in ("sketch", "whole")]
        print(f"| {row['name']} | {row['sketch']:.1f} | {ratios[0]:.1f} | {row['whole']:.1f} | {ratios[1]:.2f} |")


def microseconds(texts, each):
    # Of the processor's time, as the example takes it: other work on the machine takes no part in a ratio.
    start = time.process_time()
    for text in texts:
        each(text)
    return (time.process_time() - start) * 1e6 / len(texts)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python_baselines.py FOLDER, where the example `copies` exported to")
    recall(Path(sys.argv[1]))
    speed(Path(sys.argv[1]))
