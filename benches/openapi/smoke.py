"""Descriptor sets of APIs that others publish in packages: one file each, for the smoke of documents.

    smoke.py WORK

etcd, ChirpStack and Temporal come as `.proto` files in crates, Cerbos and Authzed as Python modules,
without comments. WORK is a folder for what is fetched and made.
"""

import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# Annotations that the crates leave out.
PROTO = HERE.parent.parent / "proto"

# Crates, and the roots of their `.proto` files.
CRATES = {
    "etcd": ("etcd-client", "0.21.1", ["proto"]),
    "chirpstack": ("chirpstack_api", "4.20.0", ["proto/chirpstack", "proto/google"]),
    "temporal": ("temporalio-protos", "0.10.2", ["protos/api_upstream", "protos/api_cloud_upstream"]),
}

# Python packages.
MODULES = ["authzed", "cerbos"]

# Writes a descriptor set of all modules of a package, with all that they import.
DUMP = """
import importlib, pathlib, sys
from google.protobuf import descriptor_pb2
name, out = sys.argv[1:]
files = {}
def add(file):
    if file.name not in files:
        for needed in file.dependencies:
            add(needed)
        files[file.name] = file.serialized_pb
# Its folders have no `__init__.py`, so that they are found as files.
root = pathlib.Path(next(iter(importlib.import_module(name).__path__)))
for path in sorted(root.rglob("*_pb2.py")):
    module = ".".join(path.relative_to(root.parent).with_suffix("").parts)
    add(importlib.import_module(module).DESCRIPTOR)
descriptors = descriptor_pb2.FileDescriptorSet()
for raw in files.values():
    descriptors.file.add().MergeFromString(raw)
pathlib.Path(out).write_bytes(descriptors.SerializeToString())
"""


def sh(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def sources(work):
    """Folders of the crates, as cargo unpacks them."""
    folder = work / "crates"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = "".join(f'{crate} = "={version}"\n' for crate, version, _ in CRATES.values())
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "corpus"\nversion = "0.0.0"\nedition = "2024"\n[lib]\npath = "lib.rs"\n[workspace]\n[dependencies]\n{wanted}'
    )
    (folder / "lib.rs").touch()
    told = sh("cargo", "metadata", "--format-version", "1", cwd=folder, capture_output=True).stdout
    found = {package["name"]: pathlib.Path(package["manifest_path"]).parent for package in json.loads(told)["packages"]}
    return {name: [found[crate] / root for root in roots] for name, (crate, _, roots) in CRATES.items()}


def main():
    work = pathlib.Path(sys.argv[1]).resolve()
    python = work / "venv/bin/python"
    stamp = work / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != (HERE / "requirements.txt").read_text():
        sh(sys.executable, "-m", "venv", work / "venv")
        sh(python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt")
        shutil.copy(HERE / "requirements.txt", stamp)
    for name, roots in sources(work).items():
        files = [str(path.relative_to(root)) for root in roots for path in sorted(root.rglob("*.proto"))]
        files = [file for file in files if not file.startswith("google/protobuf/")]
        sh(
            python, "-m", "grpc_tools.protoc", *(f"-I{root}" for root in [*roots, PROTO]), "--include_imports",
            "--include_source_info", f"--descriptor_set_out={work / name}.binpb", *dict.fromkeys(files),
        )
    for name in MODULES:
        sh(python, "-c", DUMP, name, work / f"{name}.binpb")


main()
