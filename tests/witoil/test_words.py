"""Words mean one thing each, and sentences can be read alone: the code as a text."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("witoil", "aquatic", "simulator", "optimizer", "catalog", "web")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
_, *WORDS = re.findall(r"^\| ([a-z]+) \|", GLOSSARY, re.MULTILINE)

# What is called so: the types that parameters and fields of these names have, and only these.
TYPES = {
    "case": r"Case\b|CaseFile|^Path$|dict\[str, Any\]|^Any$",
    "detection": r"Detection\b",
    "event": r"Event\b|^str$|^str \| None$|typer",
    "leg": r"\bScenario\b|\bint\b",
    "mask": r"\bMask\b",
    "origin": r"\bstr\b",
    "outcome": r"\bOutcome\b|dict\[str, Any\]",
    "release": r"Release\b|\bSource\b|int32",
    "scenario": r"Scenario\b",
    # what a reconstruction found, a place, places, or which releases leak
    "source": r"Reconstruction|dict\[str, Any\]|tuple\[float, float\]|float64|tuple\[bool, ",
    # trace.slick names one
    "slick": r"Slick\b|\bSlickMasks\b|\bObservation\b|^str \| None$|^Sequence\[str\]$|typer",
    "swath": r"\bMask\b|\bPaths\b",
    "trial": r"\bTrial\b",
    "window": r"\bint\b|typer",
}

# Where a word would mean something else.
ABSENT = {
    "source": "optimizer simulator/kernels simulator/fields simulator/forcing catalog/files "
    "catalog/forcing catalog/remote catalog/services catalog/shapes catalog/paths catalog/locate "
    "catalog/server witoil/case/forcing witoil/scenario/forcing witoil/ensemble "
    "witoil/outputs/provenance witoil/runs",
    "origin": "simulator catalog witoil/scenario witoil/ensemble witoil/case",
    "outcome": "simulator catalog witoil/ensemble witoil/scenario",
    "trial": "simulator catalog witoil/ensemble witoil/scenario witoil/case",
    "window": "simulator catalog witoil/forecast witoil/scenario",
}
# terms of the field that have such a word in them
TERMS = {"_FALSE_ORIGIN", "with_origin_in"}

PREPOSITION = re.compile(
    r"(As|At|Beside|Between|By|For|From|In|Into|None|Of|On|Over|Per|Since|To|Under|Until|With|"
    r"Within|Without)\b"
)


@cache
def modules() -> dict[str, ast.Module]:
    """Return all modules of the packages, parsed."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


@cache
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Return all of a module, which many tests go through."""
    return tuple(ast.walk(tree))


def names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield what a module gives a name to, and in which line."""
    for node in nodes(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno


def typed(tree: ast.AST, called: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    """Yield parameters and fields of some names, with their types."""
    for node in nodes(tree):
        match node:
            case ast.arg(arg=name, annotation=ast.expr() as kind) if name in called:
                yield name, ast.unparse(kind), node.lineno
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind) if name in called:
                yield name, ast.unparse(kind), node.lineno


def sentences(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the documentation of modules, classes, functions, values and keys."""
    for node in nodes(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield text, getattr(node, "lineno", 1)
            for before, after in zip(node.body, node.body[1:], strict=False):
                match before, after:
                    case ast.Assign() | ast.AnnAssign(), ast.Expr(ast.Constant(str() as said)):
                        yield said, after.lineno
        match node:
            case ast.keyword(arg="description", value=ast.Constant(str() as said)):
                yield said, node.value.lineno


def singular(word: str) -> str:
    """Return a word without the ending of the plural; one in s has lost it, too."""
    return re.sub("ies$", "y", word.lower()).removesuffix("s")


@cache
def parts(name: str) -> set[str]:
    """Return the words that a name is made of, in the singular."""
    return {*map(singular, re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name))}


def test_the_glossary_has_each_word_once():
    assert len(WORDS) == len(set(WORDS)) > 30
    asked = {"source", "release", "slick", "origin", "outcome", "trial", "window", "class"}
    assert asked <= set(WORDS)
    assert {"role", "input", "leg"} <= set(WORDS)


@pytest.mark.slow
def test_the_code_has_every_word_of_the_glossary():
    used = {part for tree in modules().values() for name, _ in names(tree) for part in parts(name)}
    used |= {part for name in modules() for part in parts(name)}
    assert [word for word in WORDS if singular(word) not in used] == []


@pytest.mark.slow
@pytest.mark.parametrize("word", TYPES)
def test_what_is_called_so_is_of_its_kind(word):
    called = [
        (f"{module}:{line}", name, kind)
        for module, tree in modules().items()
        for name, kind, line in typed(tree, (word, f"{word}s"))
    ]
    assert called
    counted = {"legs"}  # their number
    assert [it for it in called if not re.search(TYPES[word], it[2]) and it[1] not in counted] == []


@pytest.mark.slow
@pytest.mark.parametrize("word", ABSENT)
def test_a_word_is_not_used_where_it_would_mean_something_else(word):
    assert [
        f"{module}:{line} {name}"
        for module, tree in modules().items()
        if module.startswith(tuple(ABSENT[word].split()))
        for name, line in names(tree)
        if word in parts(name) and name not in TERMS
    ] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_documentation_can_be_read_alone(package):
    said = [
        (f"{module}:{line}", text)
        for module, tree in modules().items()
        if module.startswith(f"{package}/")
        for text, line in sentences(tree)
    ]
    assert said
    assert [where for where, text in said if PREPOSITION.match(text.strip())] == []


def test_times_are_turned_and_written_in_one_module():
    written = re.compile(r"%Y-%m-%dT|tzinfo=|astimezone")
    assert [
        module
        for module in modules()
        if module.startswith("witoil/")
        and written.search((ROOT / module).read_text(encoding="utf-8"))
    ] == ["witoil/times.py"]


def test_the_mask_of_permissions_is_never_changed():
    """It is one for the process, and threads write files at the same time."""
    assert [m for m in modules() if "umask" in (ROOT / m).read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_classes_of_a_package_have_one_name(package):
    classes = Counter(
        node.name
        for module, tree in modules().items()
        if module.startswith(f"{package}/")
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in classes.items() if count > 1] == []
