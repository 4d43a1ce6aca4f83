"""Python trafilatura on the pages that the Rust side of this folder gives it, for its tables.

In: the name of a JSON file with the pages. Out, on standard output, as JSON: the text of each labelled page, and the
pages a second of processor time of each set, the best of some rounds. Scoring is the Rust side's, so that it is one.
"""

import json
import pathlib
import re
import sys
import time

import trafilatura


def read(html):
    return trafilatura.extract(html, include_comments=False, include_tables=False, with_metadata=True) or ""


def rate(pages, seconds):
    start, count = time.process_time(), 0
    while time.process_time() - start < seconds:
        for html in pages:
            read(html)
            count += 1
    return count / (time.process_time() - start)


given = json.loads(pathlib.Path(sys.argv[1]).read_text())
rates = [0.0] * len(given["sets"])
for _ in range(given["rounds"]):
    for number, pages in enumerate(given["sets"]):
        rates[number] = max(rates[number], rate(pages, given["seconds"]))
# Metadata stand before the text, between lines of dashes.
texts = [re.sub(r"\A---\n.*?\n---\n", "", read(html), flags=re.DOTALL) for html in given["pages"]]
json.dump({"version": trafilatura.__version__, "texts": texts, "rates": rates}, sys.stdout)
