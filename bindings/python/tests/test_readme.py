"""The programs of the README, and the examples."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from modules import ROOT

PACKAGE = ROOT / "bindings" / "python"


def programs() -> list[str]:
    text = (PACKAGE / "README.md").read_text()
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def run(*arguments: str | Path) -> str:
    command = [sys.executable, *map(str, arguments)]
    ended = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("program", programs())
def test_the_readmes_programs_run(program: str) -> None:
    run("-c", program)


def test_the_examples_print_what_they_should() -> None:
    assert run("examples/first.py").splitlines() == [
        "engineer: denied, pii_access: only hr_admin may pass personal data to a tool",
        "hr_admin: allowed",
    ]
    assert run("examples/gateway/main.py").splitlines() == [
        "engineer: denied by pii-guard, pii_access",
        "hr_admin: allowed, with {'ssn': '***-**-****'}",
    ]


def test_the_benchmark_runs() -> None:
    assert "| a guard |" in run("bench.py", "--calls", "2")


def test_without_the_framework_an_error_says_what_to_install() -> None:
    program = """
import sys
sys.modules["cpex"] = None
import cpex_wasmi
try:
    import cpex_wasmi.gateway
except ModuleNotFoundError as error:
    print(error)
"""
    assert "install `cpex>=0.1.4,<0.2`" in run("-c", program)
