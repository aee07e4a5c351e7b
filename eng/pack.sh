#!/usr/bin/env bash
# Packs what ships into artifacts/packages: the library, the server as a library, and the server as a tool. Options go to dotnet pack.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for project in ElastiCache.Embedded ElastiCache.Embedded.Server ElastiCache.Embedded.Tool; do
  dotnet pack -c Release "src/$project" "$@"
done
