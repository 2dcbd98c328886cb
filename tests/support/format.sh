#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fails if a .cc or .h file that git tracks is not formatted as .clang-format says. Mend it with:
#   git ls-files '*.cc' '*.h' | xargs clang-format -i
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Releases of clang-format differ in details; 14 is the one that decides.
formatter=$(command -v clang-format-14 || command -v clang-format) || {
  echo "clang-format is not installed" >&2
  exit 1
}
version=$("$formatter" --version)

# Files that are deleted but not yet committed are no longer there to check.
mapfile -d '' files < <(git ls-files -z -- '*.cc' '*.h' | while IFS= read -r -d '' file; do
  [[ ! -e $file ]] || printf '%s\0' "$file"
done)
if ((${#files[@]} == 0)); then
  echo "no files to check"
  exit 0
fi
if ! printf '%s\0' "${files[@]}" | xargs -0 "$formatter" --dry-run --Werror; then
  echo "not formatted (checked with: $version); mend it with: clang-format -i FILE" >&2
  [[ $version == *" 14."* ]] || echo "note: version 14 decides, and this is another one" >&2
  exit 1
fi
echo "${#files[@]} files are formatted"
