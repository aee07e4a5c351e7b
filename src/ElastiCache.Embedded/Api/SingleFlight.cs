using ElastiCache.Embedded.Errors;

namespace ElastiCache.Embedded.Api;

/// <summary>Runs one factory a key, however many callers ask for the key at the same time; all of them get its outcome.</summary>
/// <remarks>
/// <code>
///   caller 1  ──miss──▶ run starts ───────────────▶ value stored, run removed ──▶ value
///   caller 2      ──miss──▶ joins ─────────────────────────────────────────────▶ value
///   caller 3          ──miss──▶ joins ──cancelled──▶ leaves, the run goes on
///   caller 4  ──miss, then slow ────────────────────────▶ a run of its own, which looks again first
/// </code>
/// Rules:
/// <list type="number">
/// <item>A run belongs to its callers, not to the one that started it. Its token is cancelled when the last of them has left, and a
/// caller that comes after that starts afresh and does not join the dying run.</item>
/// <item>An exception goes to everyone who waits and is then forgotten: the next caller tries again.</item>
/// <item>A run is removed before its outcome is published, so an outcome is never handed to a caller who came after it. Whoever missed
/// the cache before a run ended and joins after it (caller 4) starts a second run; therefore a run must begin by looking into the
/// cache again, and must store its value before it returns.</item>
/// <item>A factory may ask for other keys. If it asks for its own it would wait for itself for ever; that is detected along the flow of
/// <c>await</c>s and refused. Two factories that ask for each other's keys from separate flows are not detected.</item>
/// </list>
/// </remarks>
internal sealed class SingleFlight
{
    // Whom the code that is running now works for. Flows into the factory and whatever it starts.
    private static readonly AsyncLocal<Flight?> Current = new();

    private readonly Lock _gate = new();
    private readonly Dictionary<FlightKey, Flight> _flights = [];

    /// <summary>Runs that have not ended.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _flights.Count;
            }
        }
    }

    /// <summary>Joins the run for the key, or starts it on this thread.</summary>
    /// <param name="database">With <paramref name="key"/> and <typeparamref name="T"/>, what callers must agree on to share a run.</param>
    /// <param name="key">The key.</param>
    /// <param name="state">Passed to <paramref name="run"/>, so that it needs no closure.</param>
    /// <param name="run">Looks into the cache, calls the factory and stores the value. Its token is the run's, not the caller's.</param>
    /// <param name="cancellationToken">Ends this caller's wait.</param>
    /// <exception cref="InvalidOperationException">The caller is the run's own factory.</exception>
    public ValueTask<T> RunAsync<TState, T>(
        int database,
        ReadOnlySpan<byte> key,
        TState state,
        Func<TState, CancellationToken, ValueTask<T>> run,
        CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        var flightKey = new FlightKey(database, key.ToArray(), typeof(T));
        Flight<T> flight;
        bool isFirst;
        lock (_gate)
        {
            isFirst = !_flights.TryGetValue(flightKey, out Flight? running);
            flight = isFirst ? new Flight<T>(flightKey, Flight.NearestRunning(Current.Value)) : (Flight<T>)running!;
            if (isFirst)
            {
                _flights.Add(flightKey, flight);
            }
            else if (flight.IsWorkingFor(Current.Value))
            {
                throw new InvalidOperationException(
                    $"The factory of key '{KeyText.Of(key)}' asked for the same key, and would wait for itself. " +
                    "Let it compute the value without the cache, or use another key.");
            }

            flight.Callers++;
        }

        if (isFirst)
        {
            _ = FlyAsync(flight, state, run);
        }

        return WaitAsync(flight, cancellationToken);
    }

    private async Task FlyAsync<TState, T>(Flight<T> flight, TState state, Func<TState, CancellationToken, ValueTask<T>> run)
    {
        // Set inside an async method, so the caller's own flow doesn't see it.
        Current.Value = flight;
        try
        {
            T value = await run(state, flight.Cancellation.Token).ConfigureAwait(false);
            Remove(flight);
            flight.Outcome.SetResult(value);
        }
        catch (Exception e)
        {
            // Not swallowed: everyone who waits gets it.
            Remove(flight);
            flight.Outcome.SetException(e);

            // When nobody waits any more nobody will look either, and that is no unobserved error: they all left.
            _ = flight.Outcome.Task.Exception;
        }
    }

    private async ValueTask<T> WaitAsync<T>(Flight<T> flight, CancellationToken cancellationToken)
    {
        try
        {
            return await flight.Outcome.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Leave(flight);
        }
    }

    private void Leave(Flight flight)
    {
        lock (_gate)
        {
            flight.Callers--;
            if (flight.Callers > 0 || flight.HasEnded)
            {
                return;
            }

            flight.HasEnded = true;
            _flights.Remove(flight.Key);
        }

        // On another thread: the factory registered what runs here, and a caller who leaves must not wait for it.
        _ = flight.Cancellation.CancelAsync();
    }

    private void Remove(Flight flight)
    {
        lock (_gate)
        {
            // If its callers abandoned it, the key may already be another run's.
            if (!flight.HasEnded)
            {
                flight.HasEnded = true;
                _flights.Remove(flight.Key);
            }
        }
    }

    /// <summary>One run. The counters are guarded by the gate.</summary>
    private abstract class Flight(FlightKey key, Flight? startedFrom)
    {
        public FlightKey Key { get; } = key;

        public CancellationTokenSource Cancellation { get; } = new();

        public int Callers { get; set; }

        public bool HasEnded { get; set; }

        /// <summary>Whether <paramref name="flight"/> is this one or was started, directly or not, by its factory.</summary>
        public bool IsWorkingFor(Flight? flight)
        {
            for (; flight is not null; flight = flight.StartedFrom)
            {
                if (ReferenceEquals(flight, this))
                {
                    return true;
                }
            }

            return false;
        }

        /// <summary>The flight or the closest one it was started from that still runs.</summary>
        /// <remarks>Work that a factory leaves behind may start the next run, and so on for ever: runs that ended must not stay linked.</remarks>
        public static Flight? NearestRunning(Flight? flight)
        {
            while (flight is { HasEnded: true })
            {
                flight = flight.StartedFrom;
            }

            return flight;
        }

        private Flight? StartedFrom { get; } = startedFrom;
    }

    private sealed class Flight<T>(FlightKey key, Flight? startedFrom) : Flight(key, startedFrom)
    {
        // Continuations are the callers' code: it must not run inside the factory's thread before the others are told.
        public TaskCompletionSource<T> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private readonly struct FlightKey(int database, byte[] key, Type type) : IEquatable<FlightKey>
    {
        private readonly int _database = database;
        private readonly byte[] _key = key;
        private readonly Type _type = type;

        public bool Equals(FlightKey other) =>
            _database == other._database && _type == other._type && _key.AsSpan().SequenceEqual(other._key);

        public override bool Equals(object? obj) => obj is FlightKey other && Equals(other);

        public override int GetHashCode()
        {
            // HashCode is seeded at random for each process, so chosen keys can't be made to collide.
            var hash = default(HashCode);
            hash.Add(_database);
            hash.Add(_type);
            hash.AddBytes(_key);
            return hash.ToHashCode();
        }
    }
}
