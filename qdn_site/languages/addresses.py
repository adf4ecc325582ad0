"""`{% url %}`, whose addresses keep the language that the page's own address asks for."""

from django import template
from django.template import Context
from django.template.base import Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as url_node

from dispatch.http import LANGUAGE_PARAMETER

register = template.Library()
FILES = {"brand-icon", "brand-style", "track-photo"}  # the same in all languages


class KeepingURLNode(URLNode):
    def render(self, context: Context) -> str:
        address = str(super().render(context))
        language = getattr(getattr(context, "request", None), "carried_language", "")
        if not language or self.view_name.resolve(context) in FILES:
            return address
        query = f"?{LANGUAGE_PARAMETER}={language}"
        if self.asvar:
            context[self.asvar] += query
            return ""
        return address + query


@register.tag
def url(parser: Parser, token: Token) -> KeepingURLNode:
    node = url_node(parser, token)
    return KeepingURLNode(node.view_name, node.args, node.kwargs, node.asvar)
