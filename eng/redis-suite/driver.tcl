# Runs one file of the Redis test suite and writes down how each of its tests ended. Called by ../redis-suite.sh, which says how it counts.
#
#     tclsh driver.tcl FILE RESULTS LIMIT SEED external HOST PORT [PROPERTY VALUE]...
#     tclsh driver.tcl FILE RESULTS LIMIT SEED own-servers FIRST_PORT
#
# It runs in a folder laid out like the suite's source (tests/, src/). The suite's own procedures are loaded unchanged; this file then puts its
# own in the place of the few that decide what happens after a failure. RESULTS gets a line for each test, fields separated by tabs:
#
#     status  name  milliseconds  message        status: running, passed, failed, skipped (the "name" is then a count of tests)
#
# LIMIT is the number of seconds that one test may take. PROPERTY VALUE are facts on the server that some tests ask for: stdout, stderr, and pid
# as the name of a file, because a server that a test ended is started again.

# The suite's own names are all global, so ours live in a namespace.
namespace eval run {
    variable file results limitSeconds seed serverFacts
    variable deadline 0
    variable originalConfiguration ""
    variable patienceSeconds 20
    variable twoServers {(?i)\m(replicaof|slaveof)\s+["$\[]|\s-[1-9]\s}
    variable main
    lassign $argv file results limitSeconds seed
    set serverFacts [lrange $argv 7 end]
    set results [open $results w]
    fconfigure $results -buffering line
}
if {[lindex $argv 4] eq "external"} {
    set argv [list --host [lindex $argv 5] --port [lindex $argv 6] --durable --single $run::file]
} else {
    set argv [list --baseport [lindex $argv 5] --portcount 500 --durable --single $run::file]
}

proc run::text_of {path} {
    set channel [open $path]
    set text [read $channel]
    close $channel
    return $text
}
# The last statement of the suite's main script starts the work, as one of several processes that talk to each other. We want all but that one.
set run::main [run::text_of tests/test_helper.tcl]
eval [string range $run::main 0 [string last "\nif {\$::client} \{" $run::main]]
set ::test_server_fd ""
expr {srand($run::seed)}

# ---- Results ----

proc run::first_line {text} {
    string range [string map {\t " " \r " "} [lindex [split [string trim $text] \n] 0]] 0 300
}

proc run::note {status name {milliseconds 0} {message ""}} {
    puts $run::results [join [list $status [run::first_line $name] $milliseconds [run::first_line $message]] \t]
}

# A block that can't run is counted by the tests that its text has; a test inside a loop counts once.
proc run::skip_block {code why} {
    run::note skipped [regexp -all -line {^\s*test[ \t]+["\{]} $code] 0 $why
}

# The suite's procedures report to a coordinating process; here there is none. What they report on tests of their own is a failure.
proc send_data_packet {fd status data {elapsed 0}} {
    if {$status eq "err"} { run::note failed "outside a test" $elapsed $data }
}

# ---- A limit for every wait ----

# The tests read replies with blocking reads, so a reply that never comes would hold up the whole file. These two wait for no longer than the
# test has left. They also end a test that polls forever.
proc run::allow {seconds} {
    set run::deadline [expr {[clock milliseconds] + $seconds * 1000}]
}

proc run::await {channel} {
    set left [expr {$run::deadline - [clock milliseconds]}]
    if {$left <= 0} { error "assertion:no reply in the time that one test may take" }
    set timer [after $left {set run::awaited timeout}]
    fileevent $channel readable {set run::awaited readable}
    vwait run::awaited
    fileevent $channel readable {}
    after cancel $timer
}

proc run::check_deadline {} {
    if {[clock milliseconds] > $run::deadline} { error "assertion:not at its end in the time that one test may take" }
}

rename gets gets_without_limit
rename read read_without_limit

proc gets {channel args} {
    run::check_deadline
    if {![fconfigure $channel -blocking]} { return [uplevel 1 [list gets_without_limit $channel {*}$args]] }
    fconfigure $channel -blocking 0
    try {
        while {[set count [gets_without_limit $channel line]] < 0 && ![eof $channel]} { run::await $channel }
    } finally {
        fconfigure $channel -blocking 1
    }
    if {[llength $args] == 0} { return $line }
    upvar 1 [lindex $args 0] variable
    set variable $line
    return $count
}

proc read {channel args} {
    run::check_deadline
    if {$channel eq "-nonewline" || ![fconfigure $channel -blocking]} { return [read_without_limit $channel {*}$args] }
    set wanted [expr {[llength $args] ? [lindex $args 0] : -1}]
    set data ""
    fconfigure $channel -blocking 0
    try {
        while 1 {
            if {$wanted < 0} {
                append data [read_without_limit $channel]
            } else {
                append data [read_without_limit $channel [expr {$wanted - [string length $data]}]]
            }
            if {[string length $data] == $wanted || [eof $channel]} { break }
            run::await $channel
        }
    } finally {
        fconfigure $channel -blocking 1
    }
    return $data
}

# ---- One test, one statement ----

rename tags_acceptable suite_tags_acceptable
proc tags_acceptable {tags whyName} {
    upvar 1 $whyName why
    suite_tags_acceptable [lsearch -all -inline -not -exact $tags external:skip] why
}

# Seen in the test's text and not as it runs, so that nothing is half done.
proc run::why_a_test_needs_its_own_server {code notMeantForOneServer} {
    if {[string match "*exec src/redis-server*" $code]} { return "starts the server program itself" }
    if {[string match "*restart_server*" $code]} { return "restarts the server" }
    if {$notMeantForOneServer && [string match "*start_server*" $code] && [regexp $run::twoServers $code]} { return "a second server" }
    return ""
}

# What a test throws when the server that it was given can't do what it asks for all the same; it then counts as skipped.
proc run::needs_its_own_server {why} {
    error "needs its own server: $why"
}

proc test {name code {okpattern undefined} {tags {}}} {
    if {![tags_acceptable [concat $::tags $tags] why]} {
        run::note skipped 1 0 $why
        return
    }
    set why [run::why_a_test_needs_its_own_server $code [expr {"external:skip" in [concat $::tags $tags]}]]
    if {$::external && $why ne ""} {
        run::note skipped 1 0 $why
        return
    }

    set outer [list $::tags $::cur_test]
    lappend ::tags {*}$tags
    set ::cur_test $name
    set connections [array names ::redis::fd]
    run::note running $name
    run::allow $run::limitSeconds
    set start [clock milliseconds]
    set failed [catch {uplevel 1 $code} outcome]
    set elapsed [expr {[clock milliseconds] - $start}]
    run::allow $run::limitSeconds
    lassign $outer ::tags ::cur_test

    if {!$failed && ($okpattern in [list undefined $outcome] || [string match $okpattern $outcome])} {
        run::note passed $name $elapsed
        return
    }
    if {$failed && [string match "needs its own server: *" $outcome]} {
        run::note skipped 1 $elapsed $outcome
    } elseif {$failed} {
        run::note failed $name $elapsed [regsub {^assertion:} $outcome ""]
    } else {
        run::note failed $name $elapsed "Expected '$okpattern' to equal or match '$outcome'"
    }
    run::clean_up_after_failure $connections
}

# Runs a block's text one statement after the other, so that an error between two tests does not take the later ones with it. In a block that a
# test opened, the error is that test's.
proc run::statements {code} {
    set statement ""
    foreach line [split $code \n] {
        append statement $line \n
        if {![info complete $statement]} { continue }
        set connections [array names ::redis::fd]
        run::allow $run::limitSeconds
        set status [catch {uplevel 1 $statement} outcome options]
        if {$status == 1 && $::cur_test ne ""} {
            return -options $options $outcome
        } elseif {$status == 1} {
            if {[string match "needs its own server: *" $outcome]} {
                run::skip_block $statement $outcome
            } else {
                run::note failed "outside a test: [string trim $statement]" 0 [regsub {^assertion:} $outcome ""]
            }
            run::clean_up_after_failure $connections
        } elseif {$status != 0} {
            return -code $status $outcome
        }
        set statement ""
    }
}

# A failed test may have left connections that wait in the server, and its main client in the middle of a conversation.
proc run::clean_up_after_failure {connections} {
    run::close_connections_except $connections
    for {set level 0} {$level > -[llength $::servers]} {incr level -1} {
        if {![run::client_is_in_step [srv $level client]]} {
            if {$::external} { run::wait_for_server }
            catch { reconnect $level }
        }
    }
    run::allow $run::limitSeconds
}

proc run::close_connections_except {connections} {
    foreach server $::servers {
        if {[dict exists $server client]} { lappend connections [string map {::redis::redisHandle ""} [dict get $server client]] }
    }
    foreach id [array names ::redis::fd] {
        if {$id in $connections} { continue }
        catch { ::redis::redisHandle$id close }
        # A file that closes its connections itself, behind the test, must not fall over the one that is closed.
        proc ::redis::redisHandle$id {method args} {
            if {$method ne "close"} { error "I/O error: the connection was closed after a failed test" }
        }
    }
}

# In step: a question gets its own answer, outside of any transaction. A client that may not ask is in step too.
proc run::client_is_in_step {client} {
    run::allow 2
    catch { $client hello 2 }
    if {!$::singledb} { catch { $client select 9 } }
    set nonce "nonce[clock microseconds]"
    expr {[catch { $client echo $nonce } reply] ? [string match "NO*" $reply] : $reply eq $nonce}
}

# A server that ended is started again from outside. Where nobody does that, we wait for it only once.
proc run::wait_for_server {} {
    set giveUp [expr {[clock seconds] + $run::patienceSeconds}]
    while {[catch {close [socket $::host $::port]}]} {
        if {[clock seconds] >= $giveUp} {
            set run::patienceSeconds 0
            return
        }
        after 100
    }
}

# ---- Blocks ----

rename tags suite_tags
proc tags {tags code} {
    if {![tags_acceptable [concat $::tags [string map {\" ""} $tags]] why]} {
        run::skip_block $code $why
        return
    }
    uplevel 1 [list suite_tags $tags [list run::statements $code]]
}

rename start_server suite_start_server
proc start_server {options {code undefined}} {
    set tags [expr {[dict exists $options tags] ? [string map {\" ""} [dict get $options tags]] : ""}]
    if {![tags_acceptable [concat $::tags $tags] why]} {
        run::skip_block $code $why
        return
    }
    if {$::external} {
        set why [run::why_a_block_needs_its_own_server $options $code [expr {"external:skip" in [concat $::tags $tags]}]]
        if {$why ne "" && $::cur_test ne ""} { run::needs_its_own_server $why }
        if {$why ne ""} {
            run::skip_block $code $why
            return
        }
    }

    set outer [list $::tags $::servers]
    if {$code ne "undefined"} { set code [list run::statements $code] }
    set status [catch {uplevel 1 [list suite_start_server $options $code]} outcome outcomeOptions]
    if {$status == 1} { lassign $outer ::tags ::servers }
    if {$status == 1 && $::cur_test eq ""} {
        # The block may be one of a loop's.
        run::note failed "outside a test: start_server $options" 0 $outcome
        return
    }
    return -options $outcomeOptions $outcome
}

# One server stands in for every block's own. That can't be when a block reads its configuration from a file or an argument, or when it talks to
# two servers at once.
proc run::why_a_block_needs_its_own_server {options code notMeantForOneServer} {
    if {$code eq "undefined"} { return "a server that outlives its block" }
    foreach {option value} $options {
        if {$option in {args omit config_lines}} { return "start option '$option'" }
        if {$option eq "config" && $value ne "default.conf"} { return "a configuration file" }
    }
    if {$notMeantForOneServer && [llength $::servers] > 0 && [regexp $run::twoServers $code]} {
        return "a second server"
    }
    return ""
}

if {$::external} {
    rename srv suite_srv
    proc srv {args} {
        if {[catch {suite_srv {*}$args} value]} {
            if {[string match "*not known in dictionary*" $value]} { run::needs_its_own_server "asks for the server's [lindex $args end]" }
            error $value
        }
        return $value
    }

    proc restart_server {args} { run::needs_its_own_server "restarts it" }
}

proc run::server_facts {} {
    set facts $run::serverFacts
    if {[dict exists $facts pid]} { dict set facts pid [string trim [run::text_of [dict get $facts pid]]] }
    return $facts
}

proc run_external_server_test {code overrides} {
    set outermost [expr {[llength $::servers] == 0}]
    run::allow $run::limitSeconds
    run::wait_for_server
    set client [redis $::host $::port 0 $::tls]
    if {!$::singledb} { $client select 9 }
    lappend ::servers [dict create host $::host port $::port client $client config [dict create port $::port] {*}[run::server_facts]]
    if {$outermost && $run::originalConfiguration eq ""} { catch { set run::originalConfiguration [r config get *] } }
    catch { r flushall }
    catch { r function flush }

    set before [dict create]
    set refused ""
    foreach {parameter value} $overrides {
        if {[catch {
            set old [lindex [r config get $parameter] 1]
            if {$parameter eq "user"} {
                r acl setuser [lindex $value 0] reset {*}[lrange $value 1 end]
            } elseif {$old ne $value} {
                r config set $parameter $value
                dict set before $parameter $old
                if {$parameter eq "appendonly" && $value eq "yes"} { waitForBgrewriteaof r }
            }
        } why]} {
            lappend refused "CONFIG SET $parameter: [run::first_line $why]"
        }
    }

    if {$refused ne "" && "external:skip" in $::tags} {
        run::skip_block $code [join $refused ", "]
    } else {
        if {[dict size $before] > 0} {
            # The tests may count on a client that came after the change, as with a password.
            lset ::servers end [dict replace [lindex $::servers end] config [dict merge [dict create port $::port] $overrides]]
            reconnect
        }
        uplevel 2 $code
    }

    run::restore_server [expr {$outermost ? $run::originalConfiguration : ""}] $before
    [dict get [lindex $::servers end] client] close
    set ::servers [lrange $::servers 0 end-1]
    if {$outermost} { run::close_connections_except {} }
}

# Gives the next block a server that looks unused. Each step may be refused: a server need not know all of these commands.
proc run::restore_server {configuration overrides} {
    run::allow 30
    set client [run::client_with_all_rights]
    dict for {parameter value} $overrides { catch { $client config set $parameter $value } }
    if {$configuration ne ""} {
        catch {
            set current [$client config get *]
            dict for {parameter value} $configuration {
                if {[dict exists $current $parameter] && [dict get $current $parameter] ne $value} { catch { $client config set $parameter $value } }
            }
        }
        foreach command {
            {replicaof no one} {client unpause} {debug set-active-expire 1} flushall {function flush} {script flush}
            {config resetstat} {slowlog reset} {latency reset} {acl log reset}
        } {
            catch { $client {*}$command }
        }
    }
    if {$client ne [srv client]} { $client close }
}

proc run::client_with_all_rights {} {
    run::wait_for_server
    set client [redis $::host $::port 0 $::tls]
    if {![catch { $client config get port }]} {
        run::restore_users $client
        return $client
    }
    # A block that set a password left us one client that gave it.
    $client close
    run::restore_users [srv client]
    return [srv client]
}

proc run::restore_users {client} {
    catch { $client acl setuser default on nopass ~* &* +@all }
    catch {
        foreach user [$client acl users] {
            if {$user ne "default"} { $client acl deluser $user }
        }
    }
}

# ---- The file ----

run::allow $run::limitSeconds
set ::curfile "tests/$run::file.tcl"
run::statements [run::text_of $::curfile]
run::note running ""
close $run::results
