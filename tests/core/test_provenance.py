# SPDX-License-Identifier: GPL-3.0-or-later
"""What outputs say of themselves, as other programs read it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from core import version
from core.provenance import picture_text, statement

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
XMP = "{http://ns.adobe.com/xap/1.0/}"


def test_the_sentence_for_people() -> None:
    assert statement("warp").startswith("Synthetic media")
    assert f"Gioconda {version()} (warp)" in statement("warp")
    assert version() != "unknown"


def test_the_packet_for_programs_is_xmp() -> None:
    text = picture_text("warp")
    assert set(text) == {"Software", "Comment", "XML:com.adobe.xmp"}
    description = ET.fromstring(text["XML:com.adobe.xmp"]).find(f"{RDF}RDF/{RDF}Description")  # noqa: S314 - our own
    assert description is not None
    source = description.attrib[f"{IPTC}DigitalSourceType"]
    assert source == "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
    assert description.attrib[f"{XMP}CreatorTool"] == f"Gioconda {version()} (warp)"
