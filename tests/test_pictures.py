"""Claims about the diagram: what it shows, which files it writes, what happens when it cannot."""

import sys
import time
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compmake.errors import UserError
from compmake.job import JobId, JobState
from compmake.ui.graphviz import find_engine
from compmake.ui.pictures import MAX_EDGES_DRAWN, MAX_JOBS_DRAWN, Node, dot_text, write_diagram

SVG = "{http://www.w3.org/2000/svg}"


def node(job_id, function, state=JobState.DONE, *dependencies):
    return Node(JobId(job_id), function, state, tuple(JobId(d) for d in dependencies))


PROGRAM = [
    node("load", "load"),
    node("fit", "fit", JobState.FAILED, "load"),
    node("fit-2", "fit", JobState.DONE, "load"),
    node("plot", "plot", JobState.BLOCKED, "fit"),
]


def draw_svg(tmp_path, nodes, title="my_program"):
    (path,) = write_diagram(nodes, [tmp_path / "picture.svg"], title)
    return ElementTree.parse(path).getroot()


def texts(element):
    found = (" ".join((text.text or "").split()) for text in element.iter(f"{SVG}text"))
    return [text for text in found if text]


def groups(root, kind):
    return [g for g in root.iter(f"{SVG}g") if g.get("class") == kind]


@pytest.fixture
def only_dot_on_path(tmp_path, monkeypatch):
    """A machine where pygraphviz does not import; returns the only folder on PATH."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "pygraphviz.py").write_text("raise ImportError('libexpat.so.1 is missing')\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(broken))
    monkeypatch.setenv("PATH", str(programs))
    return programs


def test_a_job_is_one_node_with_its_id_and_the_word_of_its_state(tmp_path):
    """Colour is never alone: each node carries the job's id and its state as a word."""
    nodes = [texts(g) for g in groups(draw_svg(tmp_path, PROGRAM), "node")]
    expected = [["done", "load"], ["failed", "fit"], ["done", "fit-2"], ["blocked", "plot"]]
    assert sorted(nodes) == sorted(expected)


def test_jobs_are_grouped_by_function(tmp_path):
    """Each function is a group that bears the function's name."""
    titles = [" ".join(texts(g)) for g in groups(draw_svg(tmp_path, PROGRAM), "cluster")]
    assert sorted(titles) == ["fit() 2 jobs", "load()", "plot()"]


def test_each_dependency_is_one_arrow(tmp_path):
    """Edges are the dependencies between the jobs drawn; those on jobs left out are left out too."""
    assert len(groups(draw_svg(tmp_path, PROGRAM), "edge")) == 3
    assert len(groups(draw_svg(tmp_path, PROGRAM[1:]), "edge")) == 1


def test_the_title_line_counts_the_states(tmp_path):
    """The legend names each state that occurs, with its count and its colour."""
    shown = " ".join(texts(draw_svg(tmp_path, PROGRAM)))
    assert "my_program" in shown
    assert "4 jobs" in shown
    assert all(words in shown for words in ("2 done", "1 failed", "1 blocked"))
    assert "todo" not in shown


def test_many_jobs_become_one_node_a_function_with_counts(tmp_path):
    """Above the limit the picture shows functions, their states counted, and how many dependencies lie between."""
    nodes = [node(f"load-{i}", "load") for i in range(MAX_JOBS_DRAWN)]
    nodes += [node(f"fit-{i}", "fit", JobState.FAILED if i < 3 else JobState.TODO, f"load-{i}") for i in range(20)]
    root = draw_svg(tmp_path, nodes)
    drawn = sorted(texts(g) for g in groups(root, "node"))
    assert drawn == [["fit()", "20 jobs", "3 failed", "17 todo"], ["load()", "300 jobs", "300 done"]]
    assert [texts(g) for g in groups(root, "edge")] == [["20"]]


def test_too_many_dependencies_are_drawn_between_functions():
    """Few jobs with thousands of dependencies are drawn by function too, since such a layout takes minutes."""
    nodes = [node(f"a-{i}", "a") for i in range(50)]
    nodes += [node(f"b-{i}", "b", JobState.DONE, *(f"a-{j}" for j in range(50))) for i in range(50)]
    assert MAX_EDGES_DRAWN < 50 * 50
    assert dot_text(nodes, "dense").count("->") == 1


@pytest.mark.parametrize(
    "name, start", [("p.svg", b"<?xml"), ("p.PNG", b"\x89PNG"), ("p.pdf", b"%PDF"), ("p.dot", b"digraph")]
)
def test_the_suffix_names_the_format(tmp_path, name, start):
    """SVG, PNG, PDF and DOT are written by file name, in either case, and the paths are returned."""
    path = tmp_path / name
    assert write_diagram(PROGRAM, [path], "my_program") == [path]
    assert path.read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [name], "temporary files are left"


def test_an_unknown_suffix_is_refused_before_anything_is_written(tmp_path):
    """The error lists what can be written, and no file appears, not even those with good names."""
    with pytest.raises(UserError, match=r"x\.gif.*\.svg, \.png, \.pdf, \.dot"):
        write_diagram(PROGRAM, [tmp_path / "x.svg", tmp_path / "x.gif"], "my_program")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_a_user_error(tmp_path):
    """A picture that cannot be written is the user's error, with the path and a way out."""
    path = tmp_path / "missing" / "x.dot"
    with pytest.raises(UserError, match=r"missing.x\.dot cannot be written: No such file.*out=FILE"):
        write_diagram(PROGRAM, [path], "my_program")


FOREIGN = [
    'a"b',
    "a\\",
    "\\N",
    "<b>&amp;",
    "]]>",
    "a\nb\tc",
    "\x1b[31m",
    "\ufffe\uffff",
    "\udcff",
    "",
    " ",
    "漢字",
    "}; x -> y",
    "é",
]


def _drawable(path, names):
    nodes = [node(name, names[i // 2], JobState.STALE, *names[:i]) for i, name in enumerate(names)]
    write_diagram(nodes, [path], title=names[-1])
    return groups(ElementTree.parse(path).getroot(), "node")


def test_hostile_names_are_shown_as_text(tmp_path):
    """Quotes, backslashes, markup and controls in ids and function names are text, never DOT, HTML or XML."""
    assert len(_drawable(tmp_path / "x.svg", FOREIGN)) == len(FOREIGN)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(), min_size=1, max_size=12, unique=True))
def test_any_names_can_be_drawn(tmp_path, names):
    """Whatever ids, functions and titles hold, Graphviz draws every job."""
    assert len(_drawable(tmp_path / "x.svg", names)) == len(names)


def test_a_long_id_is_cut_in_the_middle(tmp_path):
    """Both ends of a long id stay readable, and pointing at the node shows all of it."""
    long_id = "train-" + "x" * 500 + "-lr=0.1"
    (drawn,) = groups(draw_svg(tmp_path, [node(long_id, "train")]), "node")
    shown = texts(drawn)[1]
    assert len(shown) < 60
    assert shown.startswith("train-x") and shown.endswith("x-lr=0.1") and "…" in shown
    assert long_id in ElementTree.tostring(drawn, encoding="unicode")


def test_no_jobs_make_an_empty_picture(tmp_path):
    """A program without jobs has a diagram too."""
    assert "0 jobs" in texts(draw_svg(tmp_path, []))


def test_the_dot_program_serves_where_pygraphviz_does_not_import(tmp_path, only_dot_on_path):
    """A `dot` on PATH draws when the wheel is missing or broken."""
    program = only_dot_on_path / "dot"
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        'print("node a 1 2 3\\nnode b 1 2 4", sys.argv[1:], len(sys.stdin.read()) > 9)\n'
    )
    program.chmod(0o755)
    (path,) = write_diagram(PROGRAM, [tmp_path / "x.png"], "my_program")
    assert "['-Tpng'] True" in path.read_text()


def test_without_graphviz_the_dot_text_is_written_and_the_error_says_what_to_install(tmp_path, only_dot_on_path):
    """No Graphviz: the graph is still written, as DOT, and the message names that file and the way to pictures."""
    with pytest.raises(UserError, match=r"wrote .*x\.dot only.*pip install pygraphviz.*`dot`"):
        write_diagram(PROGRAM, [tmp_path / "x.svg", tmp_path / "x.png"], "my_program")
    assert (tmp_path / "x.dot").read_text().startswith("digraph")
    assert not (tmp_path / "x.svg").exists()


def test_a_failing_graphviz_leaves_the_old_picture(tmp_path, only_dot_on_path):
    """When drawing fails the error has Graphviz's last words and the picture of before stays as it was."""
    program = only_dot_on_path / "dot"
    program.write_text(
        "#!/bin/sh\ncase $1 in -Tplain) echo node a 1 2 3; echo node b 1 2 4;; *) echo out of ink >&2; exit 3;; esac\n"
    )
    program.chmod(0o755)
    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    with pytest.raises(UserError, match="out of ink"):
        write_diagram(PROGRAM, [path], "my_program")
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(sys.platform != "linux", reason="fontconfig finds the fonts on Linux only")
def test_letters_are_drawn_where_no_font_is_installed(tmp_path, monkeypatch):
    """On a bare machine letters are letters, not boxes: an i is narrower than a W."""
    config = tmp_path / "fonts.conf"
    config.write_text('<fontconfig><dir prefix="xdg">fonts</dir></fontconfig>')
    monkeypatch.setenv("FONTCONFIG_FILE", str(config))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    engine = find_engine()
    assert engine is not None
    plain = engine.draw("graph { node [shape=plain] i [label=iiii] W [label=WWWW] }", ".plain").decode()
    widths = {line.split()[1]: float(line.split()[4]) for line in plain.splitlines() if line.startswith("node")}
    assert widths["W"] > 2 * widths["i"]


def test_the_largest_picture_of_jobs_is_drawn_in_seconds(tmp_path):
    """A graph at the limit, with an arrow crossing at each layer, is a picture within ten seconds."""
    nodes = [
        node(
            f"f{layer}-{i}",
            f"f{layer}",
            JobState.DONE,
            *({f"f{layer - 1}-{i * 7 % 30}", f"f{layer - 1}-{i}"} if layer else ()),
        )
        for layer in range(MAX_JOBS_DRAWN // 30)
        for i in range(30)
    ]
    started = time.monotonic()
    assert len(groups(draw_svg(tmp_path, nodes), "node")) == MAX_JOBS_DRAWN
    assert time.monotonic() - started < 10


def test_the_same_jobs_give_the_same_text():
    """A diagram kept under version control changes only when the graph or its states do."""
    assert dot_text(PROGRAM, "my_program") == dot_text(list(PROGRAM), "my_program")
