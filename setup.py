"""Which folders are installed as which packages; all else is in pyproject.toml.

`models` and `assets` become studio.models and studio.assets, so that they collide with nobody's packages.
In a checkout two links in studio/ say the same; what is built does not depend on them, since Git for Windows may have
written them as small text files.
"""

from pathlib import Path

from setuptools import find_namespace_packages, setup

LINKED = {"studio.models": "models", "studio.assets": "assets"}
CACHE = ["*__pycache__*"]
# recipes train weights for this project; nobody who installs it needs them
own = find_namespace_packages(
    include=["studio", "studio.*"], exclude=["studio.recipes*", *(f"{name}*" for name in LINKED), *CACHE]
)
linked = [
    ".".join(filter(None, (name, part)))
    for name, path in LINKED.items()
    for part in ("", *find_namespace_packages(path, exclude=CACHE))
]

assert all(Path(path, "__init__.py").is_file() for path in LINKED.values())
setup(
    packages=[*own, *linked],
    package_dir=LINKED,
    package_data={"studio.assets": ["**/*"], "studio.models": ["weights/*"]},
)
