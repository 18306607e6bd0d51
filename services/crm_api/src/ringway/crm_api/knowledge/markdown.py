"""Markdown as HTML, in which nothing was HTML before.

markdown-it escapes HTML in its source and refuses addresses such as javascript:. Pictures from
elsewhere would tell their owners who reads: there are none.
"""

from __future__ import annotations

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_ADDRESS = re.compile(r"^(?:https?://|mailto:|tel:)", re.IGNORECASE)


class _Renderer(RendererHTML):
    def link_open(self, tokens: list[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Open a link that does not tell where it was followed from."""
        tokens[idx].attrSet("rel", "noopener noreferrer nofollow")
        tokens[idx].attrSet("target", "_blank")
        return self.renderToken(tokens, idx, options, env)


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Return whether a link may lead there."""
        return bool(_ADDRESS.match(url)) and super().validateLink(url)


_parser = _Parser("commonmark", {"html": False, "maxNesting": 20}, renderer_cls=_Renderer)
_parser.enable("table").disable("image")


@lru_cache(maxsize=64)
def to_html(markdown: str) -> str:
    """Return a text of Markdown as HTML that may stand in any page.

    A text made for it costs a second or two: call it in a thread.
    """
    html: str = _parser.render(markdown)
    return html
