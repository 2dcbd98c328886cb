#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks the .proto files with buf (rules: buf.yaml). Exit status 77 means skipped.
#   tests/support/buf.sh install    npm ci, if what is installed is not what package-lock.json says
#   tests/support/buf.sh lint       style and comments
#   tests/support/buf.sh breaking   compatibility with the last tag
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

skipped=77
buf=node_modules/.bin/buf
# buf has nothing to download here, but insists on a place for it.
export BUF_CACHE_DIR=${BUF_CACHE_DIR:-$PWD/build/buf-cache}

has_protos() { [[ -n $(find api -name '*.proto' -print -quit 2>/dev/null) ]]; }

case ${1:-} in
  install)
    # npm notes in node_modules what it has installed.
    if [[ -x $buf && ! package-lock.json -nt node_modules/.package-lock.json ]]; then
      echo "installed: buf $("$buf" --version 2>&1)"
      exit 0
    fi
    command -v npm >/dev/null || {
      echo "npm is not installed" >&2
      exit 1
    }
    npm ci --ignore-scripts --no-audit --no-fund </dev/null
    "$buf" --version
    ;;
  lint)
    has_protos || {
      echo "skipped: no .proto files yet"
      exit "$skipped"
    }
    "$buf" lint
    echo "buf lint found nothing"
    ;;
  breaking)
    tag=$(git describe --tags --abbrev=0 2>/dev/null) || {
      echo "skipped: no tag yet"
      exit "$skipped"
    }
    before=$(mktemp -d)
    trap 'rm -rf "$before"' EXIT
    git archive "$tag" -- api buf.yaml | tar -x -C "$before"
    "$buf" breaking --against "$before"
    echo "nothing breaks for clients of $tag"
    ;;
  *)
    echo "usage: $0 install|lint|breaking" >&2
    exit 2
    ;;
esac
