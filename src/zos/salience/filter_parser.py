"""Reading a target filter's text into conditions.

    either     = both { OR both }
    both       = one { AND one }
    one        = NOT one | "(" either ")" | comparison
    comparison = field ( > | >= | < | <= | = | != ) number

AND binds tighter than OR. Words and fields may be in any case.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NamedTuple

from zos.core.errors import FilterError
from zos.salience.conditions import OPERATORS, Both, Comparison, Condition, Either, FilterField, Not

_LONGEST_TEXT = 1_000
_DEEPEST = 20


def parse(text: str) -> Condition:
    """Return what `text` says; the empty text is met by everything.

    Raises:
        FilterError: With the position, and the nearest field name if one is unknown.
    """
    return _Parser(text).whole() if text.strip() else Both(())


class _Token(NamedTuple):
    kind: str  # number, word, sign, bracket, end
    text: str
    position: int


_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<word>[^\W\d]\w*)|(?P<sign>[<>!=]=?)|(?P<bracket>[()]))"
)


def _tokens(text: str) -> list[_Token]:
    found = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise _error(
                text, len(text) - len(text[position:].lstrip()), "nothing known begins here"
            )
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind], match.start(kind)))
        position = match.end()
    return [*found, _Token("end", "", len(text))]


def _error(text: str, position: int, problem: str, hint: str = "") -> FilterError:
    return FilterError(
        f"The target filter {text!r} is not valid at character {position + 1}: {problem}.",
        hint=hint or "Write, for example, salience > 30 AND last_reflected_days_ago > 1.",
    )


class _Parser:
    """Recursive descent, one method a rule of the grammar."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST_TEXT:
            raise _error(
                text[:40] + "…", _LONGEST_TEXT, f"it is longer than {_LONGEST_TEXT} characters"
            )
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    def whole(self) -> Condition:
        condition = self._either()
        if self._token.kind != "end":
            raise self._unexpected("AND, OR or the end")
        return condition

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._token
        self._next += 1
        return token

    def _takes_word(self, word: str) -> bool:
        is_there = self._token.kind == "word" and self._token.text.casefold() == word
        self._next += is_there
        return is_there

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._takes_word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._takes_word("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _error(self._text, self._token.position, "it is nested too deeply")
        try:
            if self._takes_word("not"):
                return Not(self._one())
            if self._token.text == "(":
                return self._bracketed()
            return self._comparison()
        finally:
            self._depth -= 1

    def _bracketed(self) -> Condition:
        self._take()
        condition = self._either()
        if self._token.text != ")":
            raise self._unexpected("a closing bracket")
        self._take()
        return condition

    def _comparison(self) -> Comparison:
        field = self._field()
        if self._token.kind != "sign" or self._sign(self._token.text) not in OPERATORS:
            raise self._unexpected("one of > >= < <= = !=")
        sign = self._sign(self._take().text)
        if self._token.kind != "number":
            raise self._unexpected("a number")
        return Comparison(field, sign, float(self._take().text) * field.unit)

    @staticmethod
    def _sign(text: str) -> str:
        return "=" if text == "==" else text

    def _field(self) -> FilterField:
        token = self._token
        if token.kind != "word":
            raise self._unexpected("a field")
        name = token.text.casefold()
        if name not in set(FilterField):
            near = get_close_matches(name, list(FilterField), n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(FilterField)}."
            raise _error(self._text, token.position, f"there is no field {token.text!r}", hint)
        self._take()
        return FilterField(name)

    def _unexpected(self, wanted: str) -> FilterError:
        found = repr(self._token.text) if self._token.text else "its end"
        return _error(self._text, self._token.position, f"{wanted} is missing before {found}")
