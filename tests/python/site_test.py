"""The pages as a site: whole, searchable, and nothing of it from elsewhere."""

import json
import os
import re
import subprocess
import unittest
from html.parser import HTMLParser
from pathlib import Path

SOURCES = Path(os.environ["SOLITON_SOURCES"])


class Links(HTMLParser):
    """What a page loads, and where it leads."""

    def __init__(self, page):
        super().__init__()
        self.loads, self.leads = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag in ("script", "img", "iframe") and found.get("src"):
            self.loads.append(found["src"])
        if tag == "link" and found.get("href") and found.get("rel") != "canonical":
            self.loads.append(found["href"])
        if tag == "a" and found.get("href"):
            self.leads.append(found["href"])


class Site(unittest.TestCase):
    def test_it_needs_nothing_from_elsewhere_and_finds_every_page(self):
        subprocess.run([SOURCES / ".ci/site", "site"], check=True)
        site = Path("site")
        for file in site.rglob("*.html"):
            links = Links(file.read_text())
            for url in links.loads:
                self.assertNotRegex(url, r"^(https?:)?//", file)
                target = site / url.lstrip("/") if url.startswith("/") else file.parent / url.split("?")[0]
                self.assertTrue(target.exists(), (file, url))
        for file in site.rglob("*.css"):
            self.assertNotRegex(file.read_text(), r"url\(['\"]?(https?:)?//|@import", file)
        found = {entry["location"].split("#")[0] for entry in json.loads((site / "search/search_index.json").read_text())["docs"]}
        pages = [str(page.relative_to(SOURCES)) for where in ("docs/*.md", "docs/experiments/*.md") for page in SOURCES.glob(where)]
        for page in pages:
            self.assertTrue(page.endswith("README.md") or page.replace(".md", ".html") in found, page)
        named = re.findall(r"- (docs/\S+\.md)", (SOURCES / "docs/site.yml").read_text())
        self.assertEqual(sorted(set(named) - {"docs/decisions/README.md"}), sorted(pages))


if __name__ == "__main__":
    unittest.main()
