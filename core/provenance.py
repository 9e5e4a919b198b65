# SPDX-License-Identifier: GPL-3.0-or-later
"""What every output says of itself: that it is synthetic, and what made it.

No time and no path is in it: the same job gives the same bytes on every machine.
"""

from __future__ import annotations

from . import version

# IPTC's code for a picture that a program has changed: https://cv.iptc.org/newscodes/digitalsourcetype/
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="{tool}"
 Iptc4xmpExt:DigitalSourceType="{source_type}"/></rdf:RDF></x:xmpmeta><?xpacket end="r"?>"""


def statement(generator: str) -> str:
    """One sentence for people."""
    return f"Synthetic media: a still picture set in motion by {_tool(generator)}."


def picture_text(generator: str) -> dict[str, str]:
    """Text chunks for a PNG: keyword -> text (the XMP keyword is the one that Adobe's specification names)."""
    return {
        "Software": _tool(generator),
        "Comment": statement(generator),
        "XML:com.adobe.xmp": _XMP.format(tool=_tool(generator), source_type=_SOURCE_TYPE),
    }


def _tool(generator: str) -> str:
    return f"Gioconda {version()} ({generator})"
