"""What is in a folder, as THREDDS says it: for programs (catalogue 1.0) and as a page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import flask

from catalog.server.bounds import SUFFIXES
from catalog.server.folder import Listing

CATALOGUE, DODS, FILES = "/thredds/catalog/", "/thredds/dodsC/", "/thredds/fileServer/"
"""How the addresses of folders, of NetCDF by OPeNDAP, and of whole files begin."""

_NAMESPACE = "http://www.unidata.ucar.edu/namespaces/thredds/InvCatalog/v1.0"
_XLINK = "http://www.w3.org/1999/xlink"


def is_netcdf(path: Path) -> bool:
    """Return whether a file can be had by OPeNDAP, going by its name."""
    return path.suffix.lower() in SUFFIXES


def catalogue_of(listing: Listing, root: str = "") -> bytes:
    """Return the catalogue of a folder as XML.

    Parameters
    ----------
    listing : Listing
    root : str
        What stands before all addresses, as behind some proxies.
    """
    ElementTree.register_namespace("", _NAMESPACE)
    ElementTree.register_namespace("xlink", _XLINK)
    top = _element(None, "catalog", name=listing.title, version="1.0.1")
    services = _element(top, "service", name="all", serviceType="Compound", base="")
    _element(services, "service", name="odap", serviceType="OPENDAP", base=root + DODS)
    _element(services, "service", name="http", serviceType="HTTPServer", base=root + FILES)
    within = _element(top, "dataset", name=listing.title, ID=f"witoil/{listing.title}")
    for name, title in listing.folders:
        link = {f"{{{_XLINK}}}href": f"{quote(name)}/catalog.xml", f"{{{_XLINK}}}title": title}
        _element(within, "catalogRef", name=title, **link)
    for name, path in listing.files:
        size, changed = _facts(path)
        dataset = _element(within, "dataset", name=path.name, ID=name)
        _element(dataset, "dataSize", units="bytes").text = str(size)
        _element(dataset, "date", type="modified").text = changed
        for service in ("odap", "http") if is_netcdf(path) else ("http",):
            _element(dataset, "access", serviceName=service, urlPath=quote(name))
    ElementTree.indent(top)
    content: bytes = ElementTree.tostring(top, "utf-8", xml_declaration=True)
    return content


def _facts(path: Path) -> tuple[int, str]:
    status = path.stat()
    return status.st_size, f"{datetime.fromtimestamp(status.st_mtime, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _element(parent: ElementTree.Element | None, tag: str, **attrs: str) -> ElementTree.Element:
    name = f"{{{_NAMESPACE}}}{tag}"
    if parent is None:
        return ElementTree.Element(name, attrs)
    return ElementTree.SubElement(parent, name, attrs)


_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1f2933 }
table { border-collapse: collapse; width: 100% } th { text-align: left }
td, th { padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #d4dde4 }
td.number { text-align: right; font-variant-numeric: tabular-nums }
p.note { color: #5b6673 }
</style>
<h1>{{ title }}</h1>
{% if not folders and not files %}<p>There is nothing here yet.</p>{% endif %}
{% if folders %}<ul>{% for href, name in folders %}<li><a href="{{ href }}">{{ name }}</a></li>{% endfor %}</ul>{% endif %}
{% if files %}<table>
<tr><th>File<th>Size<th>Modified<th>OPeNDAP</tr>
{% for each in files %}<tr><td><a href="{{ each.file }}">{{ each.name }}</a><td class="number">{{ each.size }}<td>{{ each.changed }}
<td>{% if each.dap %}<a href="{{ each.dap }}.dds">variables</a> <a href="{{ each.dap }}.das">attributes</a>{% endif %}</tr>
{% endfor %}</table>{% endif %}
<p class="note">For programs: <a href="catalog.xml">catalog.xml</a> (THREDDS). Data by OPeNDAP are at the addresses of
<i>variables</i> without <code>.dds</code>.</p>
</html>
"""  # noqa: E501


def page_of(listing: Listing, root: str = "") -> str:
    """Return a page for people that lists a folder.

    Parameters
    ----------
    listing, root
        As for `catalogue_of`.
    """
    rows = []
    for name, path in listing.files:
        size, changed = _facts(path)
        dap = f"{root}{DODS}{quote(name)}" if is_netcdf(path) else ""
        rows.append(
            {
                "name": path.name,
                "file": f"{root}{FILES}{quote(name)}",
                "size": _size(size),
                "changed": changed,
                "dap": dap,
            }
        )
    folders = [(f"{quote(name)}/catalog.html", title) for name, title in listing.folders]
    return flask.render_template_string(_PAGE, title=listing.title, folders=folders, files=rows)


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
