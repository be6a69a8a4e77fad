import html
import re
from dataclasses import replace

import numpy as np
import pytest

from tests.witoil.command import witoil
from tests.witoil.player.made import ISLAND, OPEN_SEA, drifting, particles_of, run_of
from witoil.errors import OutputError
from witoil.outputs.pictures import write_page
from witoil.player.page import bundled, embedded, render, static_files

HOSTILE = """</script><img src=x onerror="document.title='taken'"> "ü" & 'ß' $name <!-- \u2028"""


def test_the_page_loads_nothing_and_forbids_it():
    page = render(drifting(), ISLAND)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?://", page)
    assert not re.search(r'\s(src|href)="(?!data:,")', page)


def test_no_name_ends_what_it_stands_in():
    plain, hostile = render(drifting(), ISLAND), render(replace(drifting(), name=HOSTILE), ISLAND)
    for text in ("<script", "</script", "<img", "<!--", "<style"):
        assert hostile.count(text) == plain.count(text)
    assert f"<title>{html.escape(HOSTILE)}</title>" in hostile


def test_pages_are_the_same_each_time(tmp_path):
    for name in ("a", "b"):
        write_page(drifting(), tmp_path / name, ISLAND)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert b"\r" not in (tmp_path / "a").read_bytes()


def test_a_page_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "run.html").mkdir()
    with pytest.raises(OutputError, match="could not be written"):
        write_page(drifting(), tmp_path / "run.html", OPEN_SEA)
    assert [p.name for p in tmp_path.iterdir()] == ["run.html"]


def test_another_page_holds_the_player_as_text():
    frame = embedded(replace(drifting(), name=HOSTILE), ISLAND)
    assert frame.count("<") == 2  # an element, and its end
    assert 'sandbox="allow-scripts"' in frame


def test_a_folder_that_is_no_run_is_refused_in_a_line(tmp_path):
    answer = witoil("view", tmp_path, "--out", tmp_path / "run.html")
    assert answer.returncode == 2
    assert "is no run" in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert not (tmp_path / "run.html").exists()


def test_modules_become_one_in_order():
    modules = {
        "main.js": 'import { b } from "./b.js";\nimport {\n  a,\n} from "./a.js";\nprint(a + b);\n',
        "b.js": 'import { a } from "./a.js";\nconst hidden = 1;\nexport const b = a + hidden;\n',
        "a.js": "const hidden = 2;\nexport const a = hidden;\nexport function f() {}\n",
    }
    text = bundled(modules)
    assert text.index("// a.js") < text.index("// b.js") < text.index("// main.js")
    assert text.count("// a.js") == 1
    assert "return { a, f };" in text
    assert "export" not in text
    assert "import" not in text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"a.js": 'import { b } from "./main.js";\nexport const a = 1;\n'}, "imports itself"),
        ({"a.js": "export default 1;\n"}, "a.js: found 'export default 1;'"),
        ({"a.js": 'import * as b from "./b.js";\n'}, "a.js: found 'import"),
    ],
)
def test_what_cannot_become_one_is_refused(changed, message):
    modules = {"main.js": 'import { a } from "./a.js";\n'} | changed
    with pytest.raises(ValueError, match=re.escape(message)):
        bundled(modules)


def test_every_module_is_used_and_says_what_it_is_for():
    text = bundled(static_files())
    for name, module in static_files().items():
        assert f"// {name}\n" in text
        assert module.startswith("// ")
        assert len(module.splitlines()) <= 350


def test_an_empty_field_has_a_page(tmp_path):
    still = np.array([[19.6, 19.6]])
    page = render(run_of(particles_of(still, still)), OPEN_SEA)
    assert "a spill" in page
