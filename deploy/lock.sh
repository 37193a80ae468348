#!/bin/sh
# Makes both lock files of the image again, after a change of the dependencies in pyproject.toml. Needs uv.
set -eu
cd "$(dirname "$0")/.."
lock() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
        --custom-compile-command deploy/lock.sh "$@"
}
# With the exporter for traces: somebody who only has the image could not add it.
lock --extra otlp --output-file deploy/requirements.lock pyproject.toml
lock --output-file deploy/build.lock deploy/build.in
