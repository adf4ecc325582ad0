"""`{% kept name=value … %}…{% endkept %}`: a part of a page, rendered once for all who see it.

Inside, only the business, the language and the named values are known. These are also the key by
which the HTML is kept, so that it cannot show anything that is not in the key: a token, a member or
a revision gets in only by name. With `when=condition` it is kept only where that is true; `most=8`
says how many are kept, the newest (MOST where it is not said).
"""

from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from dispatch import wiring
from dispatch.domain.job import Window

register = template.Library()
MOST = 32
# Values of these types are compared by value, tuples by what they hold, and all others, which must
# never change, by identity.
COMPARED = (str, int, date, Decimal, type(None), Window)


class Same:
    """A key for one object, unlike that of any other. It holds the object, so that no other one can
    get its address in memory.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value


def _key(value: object) -> object:
    if isinstance(value, tuple):
        return type(value), *map(_key, value)
    # With its type: a text that is safe is not one that somebody typed.
    return (type(value), value) if isinstance(value, COMPARED) else Same(value)


class KeptNode(Node):
    """What it keeps lives as long as its template; each release has templates of its own."""

    def __init__(
        self,
        named: dict[str, FilterExpression],
        nodelist: NodeList,
        when: FilterExpression | None,
        most: int,
    ) -> None:
        self.named, self.nodelist, self.when, self.most = named, nodelist, when, most
        self.kept: dict[tuple[Any, ...], SafeString] = {}

    def render(self, context: Context) -> SafeString:
        business = context.get("business")
        shown = {name: value.resolve(context) for name, value in self.named.items()}
        if self.when and not self.when.resolve(context):
            return self._made(context, business, shown)
        key = (
            *(get_language(), getattr(getattr(context, "request", None), "carried_language", "")),
            Same(business),
            business and business.today(wiring.now()),  # beside which other dates say their year
            *map(_key, shown.values()),
        )
        if (known := self.kept.get(key)) is None:
            if len(self.kept) >= self.most:
                self.kept.pop(next(iter(self.kept)), None)
            known = self.kept[key] = self._made(context, business, shown)
        return known

    def _made(self, context: Context, business: object, shown: dict[str, Any]) -> SafeString:
        return self.nodelist.render(context.new({"business": business, **shown}))


@register.tag
def kept(parser: Parser, token: Token) -> KeptNode:
    name, *bits = token.split_contents()
    named = token_kwargs(bits, parser)
    if bits:
        raise TemplateSyntaxError(f"{{% {name} %}} takes name=value, not {bits[0]!r}.")
    nodelist = parser.parse((f"end{name}",))
    parser.delete_first_token()
    when, most = (named.pop(option, None) for option in ("when", "most"))
    return KeptNode(named, nodelist, when, int(most.token) if most else MOST)
