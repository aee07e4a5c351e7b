#!/usr/bin/env bash
# Compares the replies of random commands with redis-server's: eng/fuzz.sh [commands, 20000000 by default] [seed] [one of the test's families]
# A difference prints its seed, the command and those before it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export ELASTICACHE_FUZZ_COMMANDS="${1:-20000000}" ELASTICACHE_FUZZ_SEED="${2:-1000}" ELASTICACHE_FUZZ_FAMILIES="${3:-}" ELASTICACHE_REQUIRE_PEERS=1
dotnet build -c Release tests/ElastiCache.Embedded.Tests -v quiet -nologo
exec dotnet tests/ElastiCache.Embedded.Tests/bin/Release/net10.0/ElastiCache.Embedded.Tests.dll -class '*DifferentialTests' -showLiveOutput
