"""What people are called where they are shown: members who consented by name, all others `<chat_N>`.

In: members in the order in which they appear, members whose names stand in the texts, and a
`ConsentView`. Out: labels, and texts in which no name of a member without consent is left. The numbers
mean nothing outside one conversation.

A name is left where it stands if a member who consented, or a bot, takes part under it, and where it
is an ordinary word: see `_is_meant`. Names that mean a place are no names here: see `KnownMember`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from zos.core.consent import ConsentView
from zos.core.names import KnownMember, NameFinder, Standing, without_unseen, words_of_name
from zos.llm.digest.background import is_everyday_word, is_function_word
from zos.prompts.blocks import inline

_ANONYMOUS = re.compile(r"<chat_\d+>")
_MARKUP = re.compile(
    r"<chat_\d+>|<@!?(?P<member>\d{1,20})>|<a?(?P<emoji>:\w{1,40}:)\d{1,20}>", re.ASCII
)
_SENTENCE_BEGINS = frozenset('.!?…:;>•*"“”(\n')
_MAX_NAME = 40
_MIN_LETTERS = 2
SOMEONE = "someone"


class Labels:
    """The labels of one conversation.

    Args:
        names: Display names of all members who may appear, by id.
        order: Members by first appearance; numbers are given in this order.
        consent: Who may be named.
        bots: Members who are bots: they are always named.
        known: Members whose names stand in the texts, whether or not they appear.
    """

    def __init__(
        self,
        names: Mapping[int, str],
        order: Iterable[int],
        consent: ConsentView,
        bots: frozenset[int] = frozenset(),
        known: Mapping[int, KnownMember] | None = None,
    ) -> None:
        known = known or {}
        self._names = names
        self._bots = bots | {one for one, member in known.items() if member.is_bot}
        self._named = {one for one in names if one in self._bots or consent.allows(one)}
        self._labels: dict[int, str] = {}
        self._anonymous = 0
        for member_id in order:
            self.label(member_id)
        borne = [*_borne(names, known)]
        self._kept = {words for one, words in borne if one in self._named | self._bots}
        self._hidden = {words: one for one, words in reversed(borne) if not consent.allows(one)}
        self._called = {words for _, words in borne}
        self._finder = NameFinder(self._called)

    def label(self, member_id: int) -> str:
        """Return what `member_id` is called."""
        if member_id not in self._labels:
            self._labels[member_id] = self._new_label(member_id)
        return self._labels[member_id]

    def rewrite(self, text: str) -> str:
        """Return `text` with mentions as labels and without the names of those who may not be named."""
        shown: list[str] = []
        end = 0
        for found in _MARKUP.finditer(text):
            shown += (self._without_names(text[end : found.start()]), self._resolved(found))
            end = found.end()
        return "".join((*shown, self._without_names(text[end:])))

    def is_name(self, text: str) -> bool:
        """Return whether `text` is what somebody here is called, whoever it is."""
        words = words_of_name(text)
        return bool(words) and words in self._called

    def named_in(self, text: str) -> frozenset[int]:
        """Return the members, bots apart, whose own name stands in `text` as a word."""
        return frozenset(
            member_id
            for member_id, label in self._labels.items()
            if member_id in self._named - self._bots and label in text and _word(label).search(text)
        )

    def _without_names(self, text: str) -> str:
        shown: list[str] = []
        end = 0
        for found in self._finder.find(text):
            hidden = None if found.words in self._kept else self._hidden.get(found.words)
            if hidden is not None and _is_meant(found, text):
                shown += (text[end : found.start], self.label(hidden))
                end = found.end
        return "".join((*shown, text[end:]))

    def _resolved(self, markup: re.Match[str]) -> str:
        if markup["member"] is not None:
            member_id = int(markup["member"])
            return f"@{self.label(member_id) if member_id in self._names else SOMEONE}"
        return markup["emoji"] or SOMEONE

    def _new_label(self, member_id: int) -> str:
        if member_id not in self._named:
            self._anonymous += 1
            return f"<chat_{self._anonymous}>"
        name = inline(self._names[member_id])[:_MAX_NAME].strip() or "somebody"
        taken = set(self._labels.values())
        label, number = name, 2
        while label in taken:
            label, number = f"{name} ({number})", number + 1
        return label


def nameless(
    known: Mapping[int, KnownMember], consent: ConsentView, people: Iterable[int] = ()
) -> Callable[[str], str]:
    """Return what puts `someone` in texts for those who may not be named.

    Args:
        known: Members whose names stand in the texts.
        consent: Who may be named.
        people: Whom the texts are about, or quote: their names stay, if they may be named.
    """
    names = {one: known[one].names[-1] for one in people if one in known and known[one].names}
    labels = Labels(names, (), consent, known=known)
    return lambda text: anonymous(labels.rewrite(text))


def anonymous(text: str) -> str:
    """Return `text` with every `<chat_N>` as `someone`: outside its conversation a number says nothing."""
    return _ANONYMOUS.sub(SOMEONE, text)


def _borne(
    names: Mapping[int, str], known: Mapping[int, KnownMember]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield members with the words of their names, those who appear first.

    What is known of their names goes before what they are shown under.
    """
    for member_id, name in names.items():
        if member_id not in known:
            yield member_id, words_of_name(name)
    for member_id, member in known.items():
        yield from ((member_id, words_of_name(name)) for name in member.names)


def _is_meant(name: Standing, text: str) -> bool:
    """Return whether a name that stands in `text` is one there, and no ordinary word."""
    letters = "".join(name.words)
    if name.mentioned or len(letters) < _MIN_LETTERS or letters.isdecimal():
        return name.mentioned
    written = without_unseen(text[name.start : name.end])
    if all(map(is_function_word, name.words)):
        return written.istitle() and not _begins_sentence(text, name.start)
    return any(map(str.isupper, written)) or not all(map(is_everyday_word, name.words))


def _begins_sentence(text: str, start: int) -> bool:
    """Return whether a sentence begins at `start`. It looks back as far as the last letter, and no farther."""
    for position in range(start - 1, -1, -1):
        if text[position] in _SENTENCE_BEGINS:
            return True
        if text[position].isalnum():
            return False
    return True


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])")
