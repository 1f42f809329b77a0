"""A sitemap or an index of sitemaps (sitemaps.org): which pages a site has, and when each was written."""

from __future__ import annotations

from dataclasses import dataclass

from retrieval.parsing import xml


@dataclass(frozen=True, slots=True)
class Sitemap:
    """Pages with what the sitemap says of their time, perhaps nothing; further sitemaps."""

    pages: tuple[tuple[str, str], ...] = ()
    sitemaps: tuple[str, ...] = ()


def read(name: str, data: bytes) -> Sitemap:
    """Raises `Unreadable` for what is no sitemap."""
    root = xml.tree(name, data, "sitemap", ("urlset", "sitemapindex"))
    pages = ((xml.text(one, "loc"), xml.text(one, "lastmod")) for one in root.iterchildren("url"))
    sitemaps = (xml.text(one, "loc") for one in root.iterchildren("sitemap"))
    return Sitemap(tuple(page for page in pages if page[0]), tuple(filter(None, sitemaps)))
