"""The offline model: a deterministic, extractive digest of a window. No network, no learning.

In: `Material`. Out: a `Reflection` whose every line cites its material, or the reason why there is
nothing to say. It counts, names subjects and pairs, quotes and lists open questions; it ascribes
no traits and no feelings.
"""

from __future__ import annotations

from zos.llm.digest.insights import digest_insights
from zos.llm.digest.messages import digest_messages
from zos.llm.digest.words import read_items
from zos.llm.output import Reflection
from zos.llm.request import Material

__all__ = ["digest"]


def digest(material: Material) -> Reflection | str:
    """Return the digest of `material`, or in words why it is dry.

    Messages are digested if there are any: insights recalled beside them are no evidence.
    """
    messages = [item for item in material.items if item.ref.startswith("m")]
    if messages:
        return digest_messages(material, read_items(messages))
    if material.items:
        return digest_insights(read_items(material.items))
    return "the window is empty"
