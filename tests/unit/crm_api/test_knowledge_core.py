"""Terms, snippets, differences, rights and files of the knowledge base."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.core.knowledge.files import FileRefused, media_type_of
from ringway.crm_api.core.knowledge.fold import fold
from ringway.crm_api.core.knowledge.history import Change, difference
from ringway.crm_api.core.knowledge.rights import Access, Node, Rule, reach
from ringway.crm_api.core.knowledge.snippet import candidates, marked, plain, snippet
from ringway.crm_api.core.knowledge.terms import question, vector, words
from ringway.crm_api.core.knowledge.tokens import Kind, tokens

pytestmark = pytest.mark.unit

_TEXT = st.text(
    st.sampled_from("退款流程申请的怎么 ab refund1-2.E,。'\\\u0301\u200d😀Ａ訂單\n"), max_size=80
)


def _stems(*texts: str) -> dict[str, str]:
    """Stand in for the dictionary: a word is its first four letters."""
    return {word: word[:4] for word in words(texts) if word not in ("the", "of")}


def _terms(text: str) -> set[str]:
    return {f"{token.kind}:{token.text}" for token in tokens(text)}


def test_chinese_is_pairs_and_single_characters() -> None:
    assert _terms("退款流程") == {
        f"east:{t}" for t in ("退", "款", "流", "程", "退款", "款流", "流程")
    }
    assert _terms("退款 流程") >= {"east:退款", "east:流程"}
    assert "east:款流" not in _terms("退款 流程")


def test_codes_stay_whole_and_are_found_by_their_parts() -> None:
    assert {"code:e1024", "code:1024", "word:e"} <= _terms("Error E-1024")
    assert _terms("E1024") >= {"code:e1024", "code:1024"}
    assert "code:4008001234" in _terms("400-800-1234")
    assert _terms("ＡＢＣ") == {"word:abc"}
    assert _terms("customer's") == {"word:customer"}
    assert _terms("e-mail") == {"word:email", "word:e", "word:mail"}


@given(st.text())
def test_folding_keeps_places(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


@given(_TEXT)
def test_terms_stand_where_they_are_said_to(text: str) -> None:
    for token in tokens(text):
        assert 0 <= token.start < token.end <= len(text)
        if token.kind is not Kind.CODE and not {*"-./'"} & {*text[token.start : token.end]}:
            assert fold(text[token.start : token.end])[:64] == token.text


@given(_TEXT, _TEXT)
def test_the_same_text_written_otherwise_is_found(before: str, text: str) -> None:
    """Whatever a question asks for strongly in a text is in that text's terms."""
    whole = f"{before} {text}"
    stems = _stems(whole, text)
    stored = vector([(whole, "A")], stems, owner="@x")
    for term in question(text, stems).terms:
        assert term.query in stored


def test_questions_leave_out_how_people_ask() -> None:
    asked = question("请问怎么申请退款呢?", {})
    assert {"申请", "退款", "请退"} == asked.lexemes
    assert question("怎么", {}).terms  # but if that is all, it is asked for
    assert question("the of", _stems("the of")).terms == ()
    assert question("refu", _stems("refu"), is_typing=True).prefix == "=refu"
    assert question("refu ", _stems("refu"), is_typing=True).prefix == ""


def test_whatever_is_asked_stays_one_tsquery() -> None:
    for bad in ("'", "\\", "a'b\\c", "!&|():*<->"):
        for term in question(bad, _stems(bad)).terms:
            assert term.query.startswith("'")
            assert term.query.removesuffix(":*").endswith("'")


@given(_TEXT, _TEXT, st.integers(20, 60))
def test_pieces_are_the_text_and_nothing_else(text: str, asked: str, most: int) -> None:
    stems = _stems(text, asked)
    found = question(asked, stems, is_typing=True)
    assert "".join(piece.text for piece in marked(text, found, stems)) == text
    pieces = snippet(text, found, stems, most_chars=most)
    inside = "".join(piece.text for piece in pieces if piece.text != "…" or piece.is_match)
    assert inside in text
    assert len(inside) <= max(most, 0) + 1
    assert all(piece.text for piece in pieces)
    assert candidates(text, found) <= words([text])


def test_a_snippet_is_cut_around_the_match_and_between_words() -> None:
    text = "word " * 100 + "the refund desk " + "more " * 100
    stems = _stems(text)
    pieces = snippet(text, question("refund", stems), stems, most_chars=60)
    assert pieces[0].text == pieces[-1].text == "…"
    assert [piece.text for piece in pieces if piece.is_match] == ["refund"]
    assert "".join(piece.text for piece in pieces[1:-1]).split()[0] in ("word", "the")
    assert plain("# A **b** [c](http://d) ![e](f)\n- g | `h`") == "A b c e g h"


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_a_difference_holds_both_texts(old: list[str], new: list[str]) -> None:
    found = difference("\n".join(old), "\n".join(new))
    without = {"old": Change.ADDED, "new": Change.REMOVED}
    for text, left_out in (("\n".join(old), without["old"]), ("\n".join(new), without["new"])):
        lines = [line for each in found if each.change is not left_out for line in each.lines]
        assert "\n".join(lines) == text


_KEYS = st.sampled_from("abcdef")
_RULES = st.lists(
    st.builds(Rule, st.sampled_from(["role:x", "team:y"]), st.sampled_from(Access)), max_size=2
)
_TREES = st.dictionaries(
    _KEYS, st.builds(Node, st.none() | _KEYS, _RULES.map(tuple)), min_size=1, max_size=6
)


@given(_TREES, st.sets(st.sampled_from(["role:x", "team:y"])))
def test_rights_of_any_tree(nodes: dict[str, Node], grants: set[str]) -> None:
    found = reach(nodes, grants)
    assert found.writable <= found.readable <= set(nodes)
    for key in found.readable:
        parent = nodes[key].parent
        assert parent is None or parent in found.readable
        rules = nodes[key].rules
        assert not rules or any(rule.grantee in grants for rule in rules)
    assert found.readable <= reach(nodes, {"role:x", "team:y"}).readable


def test_rings_and_lost_parents_are_nobodys() -> None:
    nodes = {"a": Node("b"), "b": Node("a"), "c": Node("gone"), "d": Node(None), "e": Node("a")}
    assert reach(nodes, []).readable == {"d"}


def test_files_are_what_their_names_say() -> None:
    assert media_type_of("a.PDF", b"%PDF-1.7") == "application/pdf"
    assert media_type_of("a.csv", "名".encode()) == "text/csv; charset=utf-8"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("[Content_Types].xml", "")
        made.writestr("xl/workbook.xml", "")
    assert media_type_of("a.xlsx", archive.getvalue()).endswith("spreadsheetml.sheet")
    for name, content in (
        ("a.docx", archive.getvalue()),
        ("a.xlsx", archive.getvalue()[:40]),
        ("a.svg", b"<svg>"),
        ("pdf", b"%PDF-"),
        ("a.png", b"%PDF-"),
        ("a.txt", b"\x00"),
    ):
        with pytest.raises(FileRefused):
            media_type_of(name, content)
