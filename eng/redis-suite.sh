#!/usr/bin/env bash
# Runs the Tcl tests of the Redis 7.0 source package against a server and counts them, test by test.
#
#     eng/redis-suite.sh [--host HOST --port PORT | --server COMMAND] [--part all|ci | --files "unit/type/string unit/sort ..."]
#                        [--timeout SECONDS] [--test-timeout SECONDS] [--seed NUMBER] [--mode external|own-servers]
#                        [--out FILE] [--document FILE] [--record FILE] [--check FILE]
#
#   --host, --port   a server that runs already. Its data are flushed and its configuration is changed.
#   --server         the command that starts one, with {port} and {dir} for a free port and an empty folder. Each file gets a fresh one.
#                    Default: ours, as `dotnet build -c Release` leaves it. Redis itself: --server 'redis-server --port {port} --save ""
#                    --enable-debug-command yes --enable-protected-configs yes --enable-module-command yes'
#   --part ci        the families that a change to the library may break, in less than ten minutes
#   --timeout        how long one file may take, 600 by default; --test-timeout: one test, 120 by default
#   --seed           of the tests' random choices, 1 by default, so that two runs ask the same questions
#   --mode           external, the default: one server, started from here, as with the suite's own --host and --port. own-servers: the suite starts
#                    `COMMAND <configuration file>` itself for every block of tests, as it does with redis-server.
#   --out            writes the table as Markdown, below it each failed test with the first line of its error, and why tests were skipped
#   --document       puts the table into a Markdown file, between the lines '<!-- suite -->' and '<!-- end of suite -->'
#   --record         writes 'file passed' lines; --check compares with such a file and exits with 1 if a file passed fewer than it says, not counting failures
#                    of the tests in eng/redis-suite/order-dependent.txt. Without
#                    --check a failed test is no failure of the run, as long as any test passed. eng/redis-suite/redis-server-7.0.15.txt has what
#                    Redis itself passes.
#
# How it counts. Stock, the suite ends a file at the first unexpected error reply, and in external mode it leaves out all that is tagged
# external:skip. So eng/redis-suite/driver.tcl takes the place of the suite's main loop:
#   - every `test` is passed, failed or skipped. An error or a wait without an end fails that test, and the next one goes on with a client
#     that is in step; a server that ended is started again;
#   - an error between two tests counts as a failed test by the name of "outside a test";
#   - the settings that a block starts its server with are made by CONFIG SET, and all is put back after the block;
#   - external:skip does not skip by itself. Skipped are tests that need a server process of their own (a configuration file, a setting that only
#     the start can make, a restart, a second server as replica or cluster node), and those that the suite leaves out by default (large-memory);
#   - a file that doesn't end in its time counts one failed test, the one that ran then; the tests after it are not counted at all.
# The tests are the unmodified files of Debian's source package, unpacked into artifacts/redis-suite and never committed.
set -uo pipefail
export LC_ALL=C

# ---- Which files. The first list is --part ci (six minutes with redis-server on two shared cores); --part all takes the second too. ----
ci_files="unit/type/string unit/type/incr unit/type/hash unit/type/list unit/type/list-2 unit/type/list-3 unit/type/set unit/type/zset
  unit/type/stream unit/type/stream-cgroups unit/keyspace unit/expire unit/scan unit/sort unit/bitops unit/bitfield unit/hyperloglog unit/geo unit/client-eviction"
other_files="unit/protocol unit/quit unit/pubsub unit/pubsubshard unit/multi unit/dump unit/scripting unit/functions unit/tracking unit/auth unit/acl
  unit/acl-v2 unit/introspection unit/introspection-2 unit/info unit/info-command unit/maxmemory unit/slowlog unit/latency-monitor unit/lazyfree
  unit/pause unit/querybuf unit/limits unit/obuf-limits unit/other unit/violations unit/replybufsize
  integration/redis-cli integration/redis-benchmark"

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 2
suite="$repository/artifacts/redis-suite"
driver="$repository/eng/redis-suite/driver.tcl"
our_server="$repository/src/ElastiCache.Embedded.Server/bin/Release/net10.0/ElastiCache.Embedded.Server"

fail() {
  printf '%s\n' "$*" >&2
  exit 2
}

# 3: what the tests need can't be had here, which is no judgement of the server.
unavailable() {
  printf '%s\n' "$*" >&2
  exit 3
}

# ---- Arguments ----
host='' port='' server='' mode=external files="$ci_files $other_files" file_limit=600 test_limit=120 seed=1 out='' document='' record='' check=''
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || fail "'$1' is not an option of redis-suite.sh, or lacks its value. See the top of ${BASH_SOURCE[0]}."
  case $1 in
    --host) host=$2 ;;
    --port) port=$2 ;;
    --server) server=$2 ;;
    --mode) mode=$2 ;;
    --files) files=$2 ;;
    --part)
      case $2 in
        ci) files=$ci_files ;;
        all) files="$ci_files $other_files" ;;
        *) fail "--part is 'ci' or 'all', not '$2'." ;;
      esac
      ;;
    --timeout) file_limit=$2 ;;
    --test-timeout) test_limit=$2 ;;
    --seed) seed=$2 ;;
    --out) out=$2 ;;
    --document) document=$2 ;;
    --record) record=$2 ;;
    --check) check=$2 ;;
    *) fail "'$1' is not an option of redis-suite.sh. See the top of ${BASH_SOURCE[0]}." ;;
  esac
  shift 2
done
case $mode in external | own-servers) ;; *) fail "--mode is 'external' or 'own-servers', not '$mode'." ;; esac
if [ -n "$host$port" ]; then
  [ "$mode$server" = external ] || fail "A server that runs already (--host, --port) goes with neither --server nor --mode own-servers."
  host=${host:-127.0.0.1} port=${port:-6379}
fi
[ -z "$document" ] || grep -q '^<!-- end of suite -->$' "$document" || fail "--document '$document': there is no line '<!-- end of suite -->' in it."
[ -z "$check" ] || [ -r "$check" ] || fail "--check '$check': there is no such file to read."
if [ -z "$host$server" ]; then
  [ -x "$our_server" ] || fail "'$our_server' is missing: run 'dotnet build -c Release', or name another server by --server or --host."
  server="'$our_server' serve"
  [ "$mode" = own-servers ] || server+=" --port {port} --databases 16 --enable-debug-command yes"
fi
# The server is started in another folder, so a path to it must not depend on this one.
case ${server%% *} in
  /* | "'"* | '"'*) ;;
  */*) server="$PWD/$server" ;;
esac

# ---- Everything that a run leaves behind ----
work=$(mktemp -d) || exit 2
server_pid='' driver_pid=''

# A test may have stopped the server with a signal; a stopped process does not see that it should end.
end_server() {
  [ -n "$server_pid" ] || return 0
  kill "$server_pid" 2>/dev/null
  kill -CONT "$server_pid" 2>/dev/null
  for _ in $(seq 50); do
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$server_pid" 2>/dev/null
  wait "$server_pid" 2>/dev/null
  server_pid=''
}
trap '[ -z "$driver_pid" ] || kill "$driver_pid"; end_server; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# ---- The suite ----
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_tools() {
  local missing=()
  command -v tclsh >/dev/null || missing+=(tcl)
  [ -d "$suite" ] || command -v dpkg-source >/dev/null || missing+=(dpkg-dev)
  [ ${#missing[@]} -gt 0 ] || return 0
  as_root apt-get update -q >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

# Where packages come from is known to the machine, though mostly for binary packages only. The same places are asked for sources, by a list of
# our own in a temporary folder, so that the machine's settings stay as they are.
unpack_suite() {
  local apt="$work/apt" source unpacked
  mkdir -p "$apt/parts" "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/source"
  for source in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$source" ] && sed -nE 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$source" >"$apt/parts/$(basename "$source" .list).list"
  done
  for source in /etc/apt/sources.list.d/*.sources; do
    [ -r "$source" ] && sed -E 's/^Types:.*/Types: deb-src/' "$source" >"$apt/parts/$(basename "$source")"
  done
  local options=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$apt/parts" -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache"
    -o "APT::Sandbox::User=$(id -un)")
  # One place without sources must not stop the others, so only the result counts.
  apt-get "${options[@]}" -q update >&2
  (cd "$apt/source" && apt-get "${options[@]}" -q source redis >&2)
  unpacked=$(find "$apt/source" -mindepth 1 -maxdepth 1 -type d -name 'redis-7.0.*' | head -n 1)
  [ -n "$unpacked" ] || unavailable "apt-get brought no source package of Redis 7.0 (Debian 12 has one). Unpack one as '$suite' to go on."
  mkdir -p "$(dirname "$suite")"
  mv "$unpacked" "$suite"
}

install_tools
command -v tclsh >/dev/null || unavailable "tclsh is missing: install the package 'tcl'."
[ -d "$suite" ] || unpack_suite
for file in $files; do
  [ -r "$suite/tests/$file.tcl" ] || fail "'$file' is not a test file: there is no '$suite/tests/$file.tcl'."
done

# ---- One file ----
free_port() {
  echo 'puts [lindex [fconfigure [socket -server {} -myaddr 127.0.0.1 0] -sockname] 2]' | tclsh
}

answers_ping() {
  local reply=''
  { exec 3<>"/dev/tcp/$1/$2"; } 2>/dev/null || return 1
  printf 'PING\r\n' >&3
  read -r -t 2 reply <&3
  exec 3<&-
  [[ $reply == +PONG* ]]
}

# Starts the server on the port that is in 'port'.
start_server() {
  local folder=$1 command
  command=${server//'{port}'/$port}
  command=${command//'{dir}'/$folder/data}
  (cd "$folder/data" && exec bash -c "exec $command") >>"$folder/log" 2>&1 &
  server_pid=$!
  echo "$server_pid" >"$folder/pid"
  for _ in $(seq 300); do
    answers_ping 127.0.0.1 "$port" && return 0
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.1
  done
  echo "The server did not answer PING. It was started as: $command" >&2
  tail -n 5 "$folder/log" >&2
  return 1
}

# The suite writes into tests/tmp and runs what it finds in src, so each file gets a folder where these two are its own.
lay_out_folder() {
  local folder=$1 tool
  mkdir -p "$folder/tests/tmp" "$folder/src" "$folder/data"
  for tool in "$suite"/tests/*; do
    [ "$(basename "$tool")" = tmp ] || ln -s "$tool" "$folder/tests/"
  done
  for tool in redis-cli redis-benchmark; do
    ! command -v "$tool" >/dev/null || ln -s "$(command -v "$tool")" "$folder/src/$tool"
  done
  if [ "$mode" = own-servers ]; then
    # shellcheck disable=SC2016 # "$@" belongs to the script that is written here
    printf '#!/usr/bin/env bash\nexec %s "$@"\n' "$server" >"$folder/src/redis-server"
    chmod +x "$folder/src/redis-server"
  fi
}

# Leaves results of the form 'status TAB test or count TAB milliseconds TAB message'.
run_file() {
  local file=$1 results=$2 folder="$work/run" arguments status
  rm -rf "$folder"
  lay_out_folder "$folder"
  if [ "$mode" = own-servers ]; then
    arguments=(own-servers "$((20000 + RANDOM % 8000))")
  elif [ -n "$host" ]; then
    arguments=(external "$host" "$port")
  else
    port=$(free_port)
    if ! start_server "$folder"; then
      printf 'failed\tstart of the server\t0\tit did not answer PING\n' >"$results"
      end_server
      return
    fi
    arguments=(external 127.0.0.1 "$port" pid "$folder/pid" stdout "$folder/log" stderr "$folder/log")
  fi

  (cd "$folder" && exec timeout -k 10 "$file_limit" tclsh "$driver" "$file" "$results" "$test_limit" "$seed" "${arguments[@]}") \
    >"$work/driver.log" 2>&1 </dev/null &
  driver_pid=$!
  # A few tests end the server on purpose, and a server may also crash; either way the tests that come later find a running one.
  while kill -0 "$driver_pid" 2>/dev/null; do
    if [ -n "$server_pid" ] && ! kill -0 "$server_pid" 2>/dev/null; then
      printf '%s: the server process ended: %s\n' "$file" "$(tail -n 1 "$folder/log" | cut -c 1-200)" >>"$work/ends"
      start_server "$folder" || break
    fi
    sleep 0.2
  done
  wait "$driver_pid"
  status=$?
  driver_pid=''
  if [ "$status" -ne 0 ]; then
    local last reason
    last=$(awk -F '\t' '$1 == "running" { name = $2 } END { print name }' "$results" 2>/dev/null)
    reason="the test process ended with exit code $status: $(head -n 1 "$work/driver.log" | cut -c 1-200)"
    [ "$status" -ne 124 ] && [ "$status" -ne 137 ] || reason="not at its end after the $file_limit s of a file; what comes after it did not run"
    printf 'failed\t%s\t0\t%s\n' "${last:-before the first test}" "$reason" >>"$results"
  fi
  end_server
}

# ---- All files ----
mkdir "$work/results"
totals="$work/totals"
printf '%-28s %7s %7s %7s %8s\n' file passed failed skipped seconds
for file in $files; do
  results="$work/results/${file//\//.}"
  began=$SECONDS
  run_file "$file" "$results"
  awk -F '\t' -v file="$file" -v seconds="$((SECONDS - began))" '
    $1 == "passed"  { passed++ }
    $1 == "failed"  { failed++ }
    $1 == "skipped" { skipped += $2 }
    END             { printf "%s %d %d %d %d\n", file, passed, failed, skipped, seconds }' "$results" | tee -a "$totals" |
    awk '{ printf "%-28s %7d %7d %7d %8d\n", $1, $2, $3, $4, $5 }'
done
awk '{ p += $2; f += $3; s += $4; t += $5 } END { printf "%-28s %7d %7d %7d %8d\n", "total", p, f, s, t }' "$totals"

write_table() {
  printf '| file | passed | failed | skipped |\n|---|---:|---:|---:|\n'
  awk '{ printf "| %s | %d | %d | %d |\n", $1, $2, $3, $4; p += $2; f += $3; s += $4 }
       END { printf "| **total** | **%d** | **%d** | **%d** |\n", p, f, s }' "$totals"
}

write_markdown() {
  write_table
  printf '\n### Failed tests\n\n'
  for file in $files; do
    awk -F '\t' -v file="$file" '
      function code(text) { gsub(/`/, "\047", text); return "`" text "`" }
      $1 == "failed" { if (!titled++) printf "**%s**\n\n", file; printf "- %s: %s\n", code($2), code($4 == "" ? "no message" : $4) }
      END            { if (titled) print "" }' "$work/results/${file//\//.}"
  done
  printf '### Skipped tests\n\n'
  for file in $files; do
    awk -F '\t' -v file="$file" '
      $1 == "skipped" { gsub(/`/, "\047", $4); why[$4] += $2; any = 1 }
      END             { for (reason in why) if (why[reason]) printf "- %s: %d, `%s`\n", file, why[reason], reason }' \
      "$work/results/${file//\//.}" | sort
  done
  if [ -s "$work/ends" ]; then
    printf '\n### Ends of the server process\n\n'
    sed 's/^/- /' "$work/ends"
  fi
}
[ -z "$out" ] || write_markdown >"$out"
if [ -n "$document" ]; then
  write_table >"$work/table"
  awk -v table="$work/table" '
    /^<!-- end of suite -->$/ { inside = 0 }
    !inside                   { print }
    /^<!-- suite -->$/        { inside = 1; while ((getline line < table) > 0) print line }' "$document" >"$work/document" && cp "$work/document" "$document"
fi
[ -z "$record" ] || awk '{ print $1, $2 }' "$totals" >"$record"

if [ -n "$check" ]; then
  # Failures that are no news count as passed.
  : >"$work/excused"
  while read -r file pattern; do
    case $file in unit/*) ;; *) continue ;; esac
    [ -r "$work/results/${file//\//.}" ] || continue
    awk -F '\t' -v file="$file" -v pattern="$pattern" '$1 == "failed" && $2 ~ pattern { printf "%s\t%s\n", file, $2 }' "$work/results/${file//\//.}" >>"$work/excused"
  done <"$repository/eng/redis-suite/order-dependent.txt"
  sort -u "$work/excused" | awk -F '\t' '{ printf "not counted: %s, %s\n", $1, $2 }'
  sort -u "$work/excused" | cut -f 1 | awk '{ print $1, 1 }' >"$work/excuses"
  awk 'FILENAME == ARGV[1] { if ($1 !~ /^#/) recorded[$1] = $2; next }
       FILENAME == ARGV[2] { excused[$1] += $2; next }
       ($1 in recorded) && $2 + excused[$1] < recorded[$1] { printf "WORSE: %s passed %d, and %d before\n", $1, $2, recorded[$1]; worse = 1 }
       END { exit worse }' "$check" "$work/excuses" "$totals" || exit 1
fi

[ -n "$(awk '$2 > 0' "$totals")" ] || fail "Not one test passed."
