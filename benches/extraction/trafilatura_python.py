"""The row of Python trafilatura for the table that the Rust side of this folder prints; same pages, same measure."""

import json
import pathlib
import re
import sys
import time
from collections import Counter

import trafilatura


def shingles(text):
    words = re.findall(r"\w+", text)
    size = max(1, min(4, len(words)))
    return Counter(tuple(words[at : at + size]) for at in range(len(words) - size + 1))


def score(expected, found):
    expected, found = shingles(expected), shingles(found)
    common = sum((expected & found).values())
    return common / max(1, found.total()), common / max(1, expected.total())


def average(scores):
    precision = sum(score[0] for score in scores) / max(1, len(scores))
    recall = sum(score[1] for score in scores) / max(1, len(scores))
    return 2 * precision * recall / max(1e-9, precision + recall)


def read(html):
    return trafilatura.extract(html, include_comments=False, include_tables=False, with_metadata=True) or ""


pages = []
for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    expect = json.loads((folder / "expect.json").read_text())
    pages.append((expect, (folder / "page.html").read_text()))
scores = []
for expect, html in pages:
    # Metadata stand before the text, between lines of dashes.
    text = re.sub(r"\A---\n.*?\n---\n", "", read(html), flags=re.DOTALL)
    scores.append((expect["held_out"], score(expect["text"], text)))
start = time.process_time()
for _, html in pages:
    read(html)
speed = len(pages) / (time.process_time() - start)
of = lambda wanted: average([score for held_out, score in scores if held_out in wanted])
print(f"| Python trafilatura {trafilatura.__version__}, with metadata | {of([False]):.3f} | {of([True]):.3f} | {of([False, True]):.3f} | {speed:.0f} | |")
