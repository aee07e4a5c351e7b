#!/usr/bin/env bash
# Writes PublicAPI.Unshipped.txt anew from the code: all that is public and not yet in PublicAPI.Shipped.txt.
# Read the diff before you commit it: each line is a promise. At a release, move the lines to the Shipped file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for project in src/*/; do
  printf '#nullable enable\n' >"$project/PublicAPI.Unshipped.txt"
  # As an environment variable the property reaches the build that `dotnet format` does inside.
  EnforcePublicApi=true dotnet format analyzers "$project" --diagnostics RS0016 --severity warn
  LC_ALL=C sort -u -o "$project/PublicAPI.Unshipped.txt" "$project/PublicAPI.Unshipped.txt"
  echo "$project: $(grep -vc '^#' "$project/PublicAPI.Unshipped.txt" || true) entries"
done
