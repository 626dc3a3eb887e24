"""A picture's SVG made ready for a page: marks that can be focused, colours that follow the page, no fixed font."""

import xml.etree.ElementTree as ET

from interest_platform.report.picture import Picture

SVG = "http://www.w3.org/2000/svg"
_VEGA_ROLES = ("role", "aria-roledescription")


def inline_svg(picture: Picture) -> str:
    """The picture as an `<svg>` for HTML: described marks are images with a label, all others hidden from readers.

    A mark's `data-segments` says whose it is. Texts of users are escaped by the XML writer.
    """
    root = ET.fromstring(picture.svg)
    for element in root.iter():
        _plain(element)
    for group in root.iter(f"{{{SVG}}}g"):
        for name in set(group.get("class", "").split()) & picture.marks.keys():
            _mark(list(group), picture.marks[name])
    root.set("role", "group")
    root.set("class", "picture")
    root.set("aria-label", f"{picture.title}. {picture.summary}")
    ET.register_namespace("", SVG)
    return ET.tostring(root, encoding="unicode")


def _plain(element: ET.Element) -> None:
    """Without Vega's own roles (a screen reader would read out every group) and without its font."""
    for name in (*_VEGA_ROLES, "font-family"):
        element.attrib.pop(name, None)
    if "mark-" in element.get("class", ""):
        element.attrib.pop("aria-label", None)


def _mark(items: list[ET.Element], segments: list[str]) -> None:
    for item, ids in zip(items, segments, strict=True):
        item.set("data-segments", ids)
        item.set("class", "mark")
        if item.get("aria-label"):
            item.set("role", "img")
            item.set("tabindex", "-1")
        else:
            item.set("aria-hidden", "true")
