"""The tests that failed in a run are named so that pytest takes the names."""

import json

from scripts.failed_tests import failed_tests


def test_the_name_of_a_group_is_left_out() -> None:
    """Tests of a group end in its name; what a parameter holds stays."""
    names = {
        "tests/faults/test_x.py::test_a@test_x": "tests/faults/test_x.py::test_a",
        "tests/faults/test_x.py::test_b[me@example.org]@test_x": "tests/faults/test_x.py::test_b[me@example.org]",
        "tests/api/test_y.py::test_c[me@example.org]": "tests/api/test_y.py::test_c[me@example.org]",
        "tests/api/test_y.py::test_d": "tests/api/test_y.py::test_d",
        "tests/api/test_broken.py": "tests/api/test_broken.py",
    }
    assert failed_tests(json.dumps(dict.fromkeys(names, True))) == list(names.values())
