"""Modules for tests: the repository's fixtures, and small ones that are put together here."""

from pathlib import Path

ROOT = Path(__file__).parents[3]

HOOK = "cmf.tool_pre_invoke"


def fixture(name: str) -> Path:
    """Returns the path of a built fixture."""
    return ROOT / "fixtures" / f"{name}.wasm"


def unsigned(number: int) -> bytes:
    """Encodes a number as LEB128, which is postcard's too."""
    out = bytearray()
    while True:
        low, number = number & 0x7F, number >> 7
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def signed(number: int) -> bytes:
    """Encodes a signed number as LEB128."""
    out = bytearray()
    while True:
        low, number = number & 0x7F, number >> 7
        done = (number == 0 and not low & 0x40) or (number == -1 and low & 0x40)
        out.append(low if done else low | 0x80)
        if done:
            return bytes(out)


def text(value: str | bytes) -> bytes:
    """Encodes a text, or bytes, after their length."""
    encoded = value.encode() if isinstance(value, str) else value
    return unsigned(len(encoded)) + encoded


def _list(values: list[bytes]) -> bytes:
    return unsigned(len(values)) + b"".join(values)


def const(number: int) -> bytes:
    """`i32.const`."""
    return b"\x41" + signed(number)


def call(function: int) -> bytes:
    """`call`. The imports come first, then `cpex_invoke`."""
    return b"\x10" + unsigned(function)


DROP = b"\x1a"
ALLOW = const(0)
SPIN = b"\x03\x40\x0c\x00\x0b" + ALLOW
TRAP = b"\x00"


def module(
    body: bytes,
    *,
    imports: tuple[tuple[str, int], ...] = (),
    capabilities: tuple[str, ...] = (),
    access: tuple[str, ...] = (),
    hooks: tuple[str, ...] = (HOOK,),
    data: bytes = b"",
    pages: int = 1,
) -> bytes:
    """Assembles a module. `body` is the code of `cpex_invoke`; an import is a name and its number of `i32`s."""
    numbers = sorted({1, *(count for _, count in imports)})
    types = [b"\x60" + _list([b"\x7f"] * count) + _list([b"\x7f"]) for count in numbers]
    imported = [
        text("cpex") + text(name) + b"\x00" + unsigned(numbers.index(count))
        for name, count in imports
    ]
    exports = [
        text("memory") + b"\x02\x00",
        text("cpex_invoke") + b"\x00" + unsigned(len(imports)),
    ]
    # One local beside the parameter, to keep a result in.
    code = _list([unsigned(1) + b"\x7f"]) + body + b"\x0b"
    manifest = b"".join(
        (
            unsigned(1) + unsigned(1),
            text("guest") + text("1.0.0") + text(""),
            *(_list([text(value) for value in values]) for values in (hooks, capabilities, access)),
            b"\x00\x00",
        )
    )
    sections = (
        (1, _list(types)),
        (2, _list(imported)),
        (3, _list([unsigned(numbers.index(1))])),
        (5, _list([b"\x00" + unsigned(pages)])),
        (7, _list(exports)),
        (10, _list([text(code)])),
        (11, _list([b"\x00" + const(0) + b"\x0b" + text(data)])),
        (0, text("cpex.manifest") + manifest),
    )
    return b"\x00asm\x01\x00\x00\x00" + b"".join(
        bytes([kind]) + text(content) for kind, content in sections
    )


def calling(name: str, argument: str, *, function: str = "call_json") -> bytes:
    """Assembles a module that calls a function, and denies with its answer as the reason."""
    data = name.encode() + argument.encode()
    return module(
        const(0)
        + const(len(name))
        + const(len(name))
        + const(len(argument))
        + const(4096)
        + const(1024)
        + call(0)
        + b"\x22\x01"  # local.tee 1
        + const(0)
        + b"\x48"  # i32.lt_s
        + b"\x04\x40\x20\x01\x0f\x0b"  # if: return the status
        + const(0)
        + const(len(name))
        + const(4096)
        + b"\x20\x01"
        + call(1),
        imports=((function, 6), ("deny_text", 4)),
        access=(f"function:{name}",),
        data=data,
    )
